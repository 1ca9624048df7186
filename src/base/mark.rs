//! Where something stands in a text file, and how that is shown: its line with a mark under it.
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::wording::commands_terminal;

/// Columns of a line that are shown at most.
const SHOWN: usize = 90;
/// Columns that stay before the mark where the start of a line is left out.
const BEFORE: usize = 30;
/// Stands for what is left out of a line.
const LEFT_OUT: &str = "...";

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMark {
    /// From 1.
    pub line: usize,
    /// Of the first character, from 1, counted in characters.
    pub column: usize,
    /// What is shown of the line before the piece, the piece, and behind it; none where the text is not at
    /// hand.
    pieces: Option<[String; 3]>,
}

impl TextMark {
    /// A place whose text is not shown.
    pub fn bare(line: usize, column: usize) -> Self {
        Self { line, column, pieces: None }
    }

    /// The bytes `span` of `text`, as far as they stand on one line.
    pub fn new(text: &str, span: Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[begin..].lines().next().unwrap_or_default();
        let start = (before.len() - begin).min(line.len());
        let end = span.end.saturating_sub(begin).clamp(start, line.len());
        Self {
            line: before.matches('\n').count() + 1,
            column: before[begin..].chars().count() + 1,
            pieces: Some(cut([&line[..start], &line[start..end], &line[end..]])),
        }
    }

    /// The line behind its number, and below it the mark; nothing where the text is not at hand.
    pub fn shown(&self) -> Vec<String> {
        let Some([before, piece, after]) = &self.pieces else { return Vec::new() };
        let number = self.line.to_string();
        let (indent, blank) = (" ".repeat(columns(before)), " ".repeat(number.len()));
        let carets = "^".repeat(columns(piece).max(1));
        vec![format!("{number} | {before}{piece}{after}"), format!("{blank} | {indent}{carets}")]
    }
}

/// Columns of a terminal that a printable text takes.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// A line in three pieces, cut to what is shown: at its start where the mark would lie far to the
/// right, and at its end.
fn cut([before, piece, after]: [&str; 3]) -> [String; 3] {
    let all = [before, piece, after].map(|text| text.chars().map(printable));
    let [before, piece, after] = all;
    let ahead: usize = before.clone().map(width).sum();
    let whole = ahead + piece.clone().chain(after.clone()).take(SHOWN).map(width).sum::<usize>();
    let before: String = if whole <= SHOWN || ahead <= BEFORE {
        before.collect()
    } else {
        let last: Vec<char> = before.rev().take(BEFORE).collect();
        LEFT_OUT.chars().chain(last.into_iter().rev()).collect()
    };
    let mut room = SHOWN.saturating_sub(columns(&before));
    let piece = first(piece, &mut room);
    let after = first(after, &mut room);
    [before, piece, after]
}

/// As much of a text as there is room for.
fn first(mut letters: impl Iterator<Item = char>, room: &mut usize) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next().filter(|_| *room > 0) {
        *room = room.saturating_sub(width(letter).max(1));
        text.push(letter);
    }
    if *room == 0 && !text.is_empty() && letters.next().is_some() {
        text.push_str(LEFT_OUT);
    }
    text
}

/// What is shown for a letter: nothing that moves the cursor or changes the terminal.
fn printable(letter: char) -> char {
    match letter {
        '\t' => ' ',
        letter if commands_terminal(letter) => char::REPLACEMENT_CHARACTER,
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of the place of `piece` in `text`.
    fn shown(text: &str, piece: &str) -> String {
        let start = text.find(piece).expect("a piece of the text");
        TextMark::new(text, start..start + piece.len()).shown().join("\n")
    }

    #[test]
    fn a_piece_is_underlined_in_its_line() {
        let text = "[train]\nlr = nan # fast\r\nseed = 1\n";
        assert_eq!(shown(text, "nan"), "2 | lr = nan # fast\n  |      ^^^");
        assert_eq!(shown(text, "[train]"), "1 | [train]\n  | ^^^^^^^");
        let mark = TextMark::new(text, 13..16);
        assert_eq!((mark.line, mark.column), (2, 6));
    }

    #[test]
    fn the_end_of_a_file_and_of_a_line_have_a_mark_of_one_column() {
        let text = "a = ";
        assert_eq!(TextMark::new(text, 4..4).shown().join("\n"), "1 | a = \n  |     ^");
        assert_eq!(TextMark::new("", 0..0).shown().join("\n"), "1 | \n  | ^");
        assert_eq!(TextMark::new("a = \nb = 1", 4..4).shown().join("\n"), "1 | a = \n  |     ^");
        assert_eq!(TextMark::new("a\n", 2..2).shown().join("\n"), "2 | \n  | ^");
    }

    #[test]
    fn what_goes_over_several_lines_is_marked_on_its_first() {
        assert_eq!(shown("x = [\n1,\n2]\n", "[\n1,\n2]"), "1 | x = [\n  |     ^");
    }

    #[test]
    fn the_mark_stands_under_wide_letters_and_behind_tabs() {
        assert_eq!(
            shown("name = \"聴覚\", x", "x"),
            "1 | name = \"聴覚\", x\n  |                ^"
        );
        assert_eq!(shown("\tlr = 7", "7"), "1 |  lr = 7\n  |       ^");
    }

    #[test]
    fn what_would_change_the_terminal_is_replaced() {
        assert_eq!(shown("a = \u{1b}[2J 7", "7"), "1 | a = \u{fffd}[2J 7\n  |          ^");
        assert_eq!(shown("a = \u{202e} 7", "7"), "1 | a = \u{fffd} 7\n  |       ^");
    }

    #[test]
    fn of_a_long_line_a_part_is_shown() {
        let line = format!("{}HERE{}", "a".repeat(1000), "b".repeat(1000));
        let text = shown(&line, "HERE");
        let mut lines = text.lines();
        let first = lines.next().expect("the line");
        assert!(first.len() < 110 && first.starts_with("1 | ...aaa"), "{first}");
        assert!(first.contains("aHEREb") && first.ends_with("b..."), "{first}");
        let mark = lines.next().expect("the mark");
        assert_eq!(first.find("HERE"), mark.find("^^^^"));
        let long = shown(&format!("a = \"{}\"", "c".repeat(1000)), "a");
        assert_eq!(long.lines().next().map(str::len), Some(4 + 90 + 3));
    }
}
