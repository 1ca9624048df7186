//! Run files held against each other, line by line.

/// The lines of a run file that another does not have.
pub fn lines_without(text: &str, other: &str) -> String {
    let lines: Vec<&str> =
        text.lines().filter(|line| !other.lines().any(|other| other == *line)).collect();
    if lines.is_empty() { "no such lines".to_owned() } else { lines.join(", ") }
}
