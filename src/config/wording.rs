//! Lists of words and the nearest word, for messages.

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
    fn lists_end_with_their_link() {
        assert_eq!(one_of(&["a", "b", "c"]), r#""a", "b" or "c""#);
        assert_eq!(one_of(&["a"]), r#""a""#);
        assert_eq!(joined::<&str>(&[], "and"), "");
    }
}
