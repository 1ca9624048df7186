//! Spike times in text.
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::comma::Comma;
use super::toe_lis;
use crate::base::error::{Error, Problem, Result, TooLarge};
use crate::base::mark::TextMark;
use crate::base::memory;
use crate::import::encoding;

/// What begins a line that holds no repeat.
const COMMENTS: [char; 2] = ['#', '%'];

/// A file of spike times.
pub struct SpikeText {
    /// Path of the file.
    pub path: PathBuf,
    text: String,
    /// Lines at the start that an option leaves out.
    skipped: usize,
    /// The lines of each repeat, where the file is in that format.
    toe_lis: Option<Vec<Range<usize>>>,
}

/// A line of a file.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// From 1.
    pub number: usize,
    /// Its text.
    pub text: &'a str,
}

impl SpikeText {
    /// Reads a file; an option may say how many lines at its start are no repeats. Without one, a
    /// file in the format `toe_lis` is taken for what it is.
    ///
    /// # Errors
    /// The file cannot be read, is no text, is empty, or is `toe_lis` that cannot be read.
    pub fn read(path: &Path, skip_lines: Option<usize>) -> Result<Self> {
        let refused = |what: &str| Err(Error::Refused(format!("{}: {what}", path.display())));
        let Some(text) = encoding::read(path)? else {
            return refused(
                "found bytes that are no text, expected spike times in text, one line a repeat",
            );
        };
        if text.is_empty() {
            return refused(
                "the file is empty, expected one line a repeat, an empty line for a repeat without \
                 spikes; remove the file if the stimulus was not presented",
            );
        }
        require_room(&text)
            .map_err(|cause| Error::Refused(format!("{}: {cause}", path.display())))?;
        let lines = lines(&text);
        let skipped = skip_lines.unwrap_or(0);
        if skipped >= lines.len() {
            let found = format!("--skip-lines leaves out {skipped} of {} lines", lines.len());
            return refused(&format!("{found}, expected at least one that is left; give fewer"));
        }
        let toe_lis = match skip_lines.map_or_else(|| toe_lis::trials(&lines), |_| None) {
            Some(Err(what)) => {
                return refused(&format!(
                    "it begins as a toe_lis file, but {what}; give --skip-lines 0 only if it is \
                     none, and every line is a repeat"
                ));
            }
            Some(Ok(blocks)) => Some(blocks),
            None => None,
        };
        Ok(Self { path: path.to_path_buf(), text, skipped, toe_lis })
    }

    /// Whether the file is in the format `toe_lis`.
    pub fn is_toe_lis(&self) -> bool {
        self.toe_lis.is_some()
    }

    /// The lines that hold times: not those at the start that an option leaves out, nor those that
    /// begin with # or %.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let numbered = (1..).zip(lines(&self.text)).skip(self.skipped);
        let lines = numbered.map(|(number, text)| Line { number, text });
        lines.filter(|line| !line.text.starts_with(COMMENTS))
    }

    /// `cell/spike1, line 3 ("11,093;25,906")`
    pub fn place(&self, line: Line) -> String {
        const SHOWN: usize = 40;
        let mut text: String = line.text.trim().chars().take(SHOWN).collect();
        if text.len() < line.text.trim().len() {
            text.push_str("...");
        }
        format!("{}, line {} ({text:?})", self.path.display(), line.number)
    }

    /// The times of each repeat, one line each, divided by blanks, semicolons or, as is said,
    /// commas; a line without any is a repeat without spikes.
    ///
    /// # Errors
    /// Something is no finite number.
    pub fn repeats(&self, comma: Comma) -> Result<Vec<Vec<f64>>> {
        let mut problems = Vec::new();
        let mut of_line = |line: Line| times(line, comma, &mut problems);
        let repeats: Vec<Vec<f64>> = match &self.toe_lis {
            None => self.lines().map(of_line).collect(),
            Some(blocks) => {
                let lines = lines(&self.text);
                let line = |at: usize| Line { number: at + 1, text: lines[at] };
                let block =
                    |block: &Range<usize>| block.clone().flat_map(|at| of_line(line(at))).collect();
                blocks.iter().map(block).collect()
            }
        };
        if problems.is_empty() {
            return Ok(repeats);
        }
        self.suggest_skipping(&mut problems);
        problems.truncate(MOST_PROBLEMS);
        Err(Error::Input { file: self.path.clone(), problems })
    }

    /// Where all that is no number stands at the start, it may be a header.
    fn suggest_skipping(&self, problems: &mut [Problem]) {
        let places = problems.iter().filter_map(|problem| problem.place.as_ref());
        let last = places.map(|mark| mark.line).max().unwrap_or(0);
        let bad = |line: &Line| {
            problems.iter().any(|p| p.place.as_ref().is_some_and(|mark| mark.line == line.number))
        };
        let at_start = self.lines().take_while(|line| line.number <= last).all(|line| bad(&line));
        let others = self.lines().any(|line| line.number > last);
        if let ([first, ..], true) = (problems, at_start && others) {
            first.hint = format!(
                "if this is a header, --skip-lines {last} leaves out the start of every spike file"
            );
        }
    }
}

/// Fails where there is no memory for what is made of a text: its lines, the words of the longest one, each as
/// it is written and with a decimal point, and a time for each word.
fn require_room(text: &str) -> std::result::Result<(), TooLarge> {
    const OF_LINE: usize = size_of::<(&str, Vec<f64>)>();
    const OF_WORD: usize = 2 * size_of::<(&str, String)>();
    let mut bytes = 0usize;
    for line in text.split(['\n', '\r']) {
        let words = line.split([' ', '\t', ',', ';']).count();
        let word = if words > 1 << 20 { OF_WORD } else { size_of::<f64>() };
        bytes = bytes.saturating_add(OF_LINE + words * word);
    }
    memory::take(bytes)
}

/// Lines as Unix, Windows and old Macs end them.
fn lines(text: &str) -> Vec<&str> {
    if !text.contains('\n') {
        return text.split_terminator('\r').collect();
    }
    let lines = text.split_terminator('\n').map(|line| line.trim_end_matches('\r'));
    lines.flat_map(|line| line.split('\r')).collect()
}

/// A file of another kind has thousands.
const MOST_PROBLEMS: usize = 5;

fn times(line: Line, comma: Comma, problems: &mut Vec<Problem>) -> Vec<f64> {
    let mut times = Vec::new();
    for (word, number) in comma.words(line.text) {
        match number.parse::<f64>() {
            Ok(time) if time.is_finite() => times.push(time),
            _ => {
                let column = word.as_ptr() as usize - line.text.as_ptr() as usize;
                let column = line.text[..column].chars().count() + 1;
                let shown: String = word.chars().take(20).collect();
                let problem = Problem::new("spike time", format!("{shown:?}"), "a number");
                problems.push(problem.placed(TextMark::bare(line.number, column)));
            }
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], skip_lines: Option<usize>) -> Result<SpikeText> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spike1");
        std::fs::write(&path, bytes).unwrap();
        SpikeText::read(&path, skip_lines)
    }

    fn read(bytes: &[u8]) -> Result<Vec<Vec<f64>>> {
        text(bytes, None)?.repeats(Comma::Separator)
    }

    #[test]
    fn a_line_is_a_repeat_however_numbers_are_divided() {
        let found = read(b"# spikes\n1.5 -2\t3e1 \r\n\n4,5;6\n").unwrap();
        assert_eq!(found, [vec![1.5, -2.0, 30.0], vec![], vec![4.0, 5.0, 6.0]]);
    }

    #[test]
    fn lines_end_as_any_system_ends_them() {
        let want = [vec![1.0, 2.0], vec![], vec![3.0]];
        for ended in
            ["1 2\n\n3\n", "1 2\r\n\r\n3\r\n", "1 2\r\r3\r", "1 2\n\n3", "1 2\r\r\n\r\r\n3"]
        {
            assert_eq!(read(ended.as_bytes()).unwrap(), want, "{ended:?}");
        }
        assert_eq!(read(b"1\r\r").unwrap(), [vec![1.0], vec![]]);
    }

    #[test]
    fn lines_at_the_start_are_left_out_as_told() {
        let skipped = |skip| text(b"40000\n10\n1.5 2\n", Some(skip))?.repeats(Comma::Separator);
        assert_eq!(skipped(2).unwrap(), [[1.5, 2.0]]);
        assert_eq!(skipped(0).unwrap().len(), 3);
        let message = skipped(3).unwrap_err().to_string();
        assert!(message.contains("--skip-lines leaves out 3 of 3 lines"), "{message}");
    }

    #[test]
    fn what_is_no_number_is_named_with_its_place() {
        let text = read("1 2\n3 \u{fc} x4\n5 nan\n".as_bytes()).unwrap_err().to_string();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "  2:3 spike time: found \"\u{fc}\", expected a number",
                "  2:5 spike time: found \"x4\", expected a number",
                "  3:3 spike time: found \"nan\", expected a number",
            ]
        );
        assert!(read(b"").unwrap_err().to_string().contains("the file is empty"));
        assert!(read(&[0xff, 0xff]).unwrap_err().to_string().contains("no text"));
    }

    #[test]
    fn words_at_the_start_may_be_a_header() {
        let hint = "(if this is a header, --skip-lines 1 leaves out the start of every spike file)";
        let text = read(b"time [ms]\n1 2\n").unwrap_err().to_string();
        assert!(text.contains(hint), "{text}");
        let text = read(b"1 2\nx\n3\n").unwrap_err().to_string();
        assert!(!text.contains("header"), "{text}");
    }
}
