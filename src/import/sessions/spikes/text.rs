//! Spike times in text.
use std::fs;
use std::path::Path;

use crate::base::error::{Error, Problem, Result};

/// What begins a line that holds no repeat.
const COMMENTS: [char; 2] = ['#', '%'];

/// The times of each repeat, one line each, divided by blanks, commas or semicolons; a line without
/// any is a repeat without spikes. Lines that begin with # or % are left out.
///
/// # Errors
/// The file cannot be read, is no text, is empty, or holds something that is no finite number.
pub fn repeats(path: &Path) -> Result<Vec<Vec<f64>>> {
    let bytes = fs::read(path)
        .map_err(|source| Error::file(format!("reading {}", path.display()), source))?;
    let text = String::from_utf8(bytes).map_err(|_binary| {
        Error::Refused(format!(
            "{}: found bytes that are no text, expected spike times in text, one line a repeat",
            path.display()
        ))
    })?;
    if text.is_empty() {
        return Err(Error::Refused(format!(
            "{}: the file is empty, expected one line a repeat, an empty line for a repeat without \
             spikes; remove the file if the stimulus was not presented",
            path.display()
        )));
    }
    let mut problems = Vec::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with(COMMENTS));
    let repeats = lines.map(|(number, line)| times(line, number + 1, &mut problems)).collect();
    problems.truncate(MOST_PROBLEMS);
    if problems.is_empty() {
        return Ok(repeats);
    }
    Err(Error::Input { file: path.into(), problems })
}

/// A file of another kind has thousands.
const MOST_PROBLEMS: usize = 5;

fn times(line: &str, number: usize, problems: &mut Vec<Problem>) -> Vec<f64> {
    let divides = |letter: char| letter.is_whitespace() || letter == ',' || letter == ';';
    let mut times = Vec::new();
    for word in line.split(divides).filter(|word| !word.is_empty()) {
        match word.parse::<f64>() {
            Ok(time) if time.is_finite() => times.push(time),
            _ => {
                let column = word.as_ptr() as usize - line.as_ptr() as usize;
                let column = line[..column].chars().count() + 1;
                let shown: String = word.chars().take(20).collect();
                let problem = Problem::new("spike time", format!("{shown:?}"), "a number");
                problems.push(Problem { place: Some((number, column)), ..problem });
            }
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<Vec<f64>>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spike1");
        fs::write(&path, text).unwrap();
        repeats(&path)
    }

    #[test]
    fn a_line_is_a_repeat_however_numbers_are_divided() {
        let found = read(b"# spikes\n1.5 -2\t3e1 \r\n\n4,5;6\n").unwrap();
        assert_eq!(found, [vec![1.5, -2.0, 30.0], vec![], vec![4.0, 5.0, 6.0]]);
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
        assert!(read(&[0xff, 0xfe]).unwrap_err().to_string().contains("no text"));
    }
}
