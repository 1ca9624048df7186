//! Lists, counts, paths and the nearest word, for messages.
use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// `"a", "b" or "c"`.
pub fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    joined(&quoted, "or")
}

/// `a, b and c` with `and` as the last link.
pub fn joined<S: AsRef<str>>(words: &[S], link: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [word] => (*word).into(),
        [first @ .., last] => format!("{} {link} {last}", first.join(", ")),
    }
}

/// `a, b, c`, or the first `most` of them `and 4 more`.
pub fn first<S: AsRef<str>>(words: &[S], most: usize) -> String {
    let shown: Vec<&str> = words.iter().take(most).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match words.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A path as it is typed in a shell: in quotes where it has blanks or other letters that mean
/// something there.
pub fn in_shell(path: &Path) -> String {
    let text = path.display().to_string();
    shlex::try_quote(&text).map_or_else(|_nul| text.clone(), Into::into)
}

/// `1 spike`, `2 spikes`
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `0.4 s`, `12 s`, `7 min`, `3.5 h`: a time to wait for.
pub fn lasting(seconds: f64) -> String {
    match seconds {
        _ if seconds < 10.0 => format!("{seconds:.1} s"),
        _ if seconds < 120.0 => format!("{seconds:.0} s"),
        _ if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// `1 spike lies`, `2 spikes lie`
pub fn counted_that(count: usize, what: &str, [one, more]: [&str; 2]) -> String {
    format!("{} {}", counted(count, what), if count == 1 { one } else { more })
}

/// `1 stimulus`, `2 stimuli`
pub fn stimuli_counted(count: usize) -> String {
    if count == 1 { "1 stimulus".into() } else { format!("{count} stimuli") }
}

/// A text as a terminal may be sent it: names that files hold can carry letters that command it, which are
/// written as `\u001b`, as JSON does. Newlines and tabs stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(commands_terminal) { escaped(text, commands_terminal) } else { text.into() }
}

/// The same without newlines and tabs.
pub fn one_line(text: &str) -> String {
    escaped(text, |letter| letter.is_control() || commands_terminal(letter)).into_owned()
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_escaped(letter) {
            // A text can always be written to.
            let _written = write!(plain, "\\u{:04x}", u32::from(letter));
        } else {
            plain.push(letter);
        }
    }
    plain.into()
}

/// Whether a letter means something to a terminal: control characters but newlines and tabs, and those that turn
/// the direction of what follows.
pub fn commands_terminal(letter: char) -> bool {
    let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (letter.is_control() && !matches!(letter, '\n' | '\t'))
}

/// `10`, or `8 to 10`.
pub fn range(least: usize, most: usize) -> String {
    if least == most { most.to_string() } else { format!("{least} to {most}") }
}

/// The known word that was probably meant, if any looks like it.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let close = |known: &&str| strsim::jaro_winkler(word, known);
    known
        .into_iter()
        .filter(|known| close(known) > 0.8)
        .max_by(|a, b| close(a).total_cmp(&close(b)))
}

/// `did you mean lr?`, or nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|known| format!("did you mean {known}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let known = ["epochs", "patience", "lr"];
        assert_eq!(nearest("epoch", known), Some("epochs"));
        assert_eq!(nearest("patiense", known), Some("patience"));
        assert_eq!(nearest("window_ms", known), None);
    }

    #[test]
    fn a_terminal_is_commanded_by_no_name() {
        let name = "a\u{1b}]0;b\u{7}\u{9b}31m\r\u{202e}c\td\ne\u{301}";
        let plain = "a\\u001b]0;b\\u0007\\u009b31m\\u000d\\u202ec\td\ne\u{301}";
        assert_eq!(printable(name), plain);
        assert_eq!(one_line("a\nb\tc"), "a\\u000ab\\u0009c");
        assert!(matches!(printable("n001 – 5 µV\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let names: Vec<String> = (0..10).map(|n: usize| n.to_string()).collect();
        assert_eq!(first(&names, 8), "0, 1, 2, 3, 4, 5, 6, 7 and 2 more");
        assert_eq!(first(&names[..2], 8), "0, 1");
    }

    #[test]
    fn words_agree_with_their_number() {
        let said = [1, 2].map(|count| counted_that(count, "row", ["ends", "end"]));
        assert_eq!(said, ["1 row ends", "2 rows end"]);
    }

    #[test]
    fn lists_end_with_their_link() {
        assert_eq!(one_of(&["a", "b", "c"]), r#""a", "b" or "c""#);
        assert_eq!(one_of(&["a"]), r#""a""#);
        assert_eq!(joined::<&str>(&[], "and"), "");
    }
}
