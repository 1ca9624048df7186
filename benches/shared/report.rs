//! What a benchmark says: on the terminal as it goes, and as Markdown in a file.
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::Result;

/// The line that ends the part of a file which takes the report.
const END: &str = "<!-- end of figures -->";

/// A text that is shown as it grows.
#[derive(Default)]
pub struct Report(String);

impl Report {
    /// Adds a paragraph, a list, or the text of a file.
    pub fn add(&mut self, text: &str) -> Result<()> {
        writeln!(io::stdout(), "{text}\n")?;
        self.0 = format!("{}{text}\n\n", self.0);
        Ok(())
    }

    /// Adds a table.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<String>]) -> Result<()> {
        self.add(&markdown(header, rows))
    }

    /// Writes the report to a file, or between the marks of a file that has those of
    /// `make TARGET`.
    pub fn write(&self, file: &Path, target: &str) -> Result<()> {
        let begin = format!("<!-- figures of `make {target}` -->");
        let old = if file.exists() { fs::read_to_string(file)? } else { String::new() };
        let text = match (old.split_once(&begin), old.split_once(END)) {
            (Some((before, _)), Some((_, after))) => {
                format!("{before}{begin}\n\n{}{END}{after}", self.0)
            }
            _ => self.0.clone(),
        };
        Ok(fs::write(file, text)?)
    }
}

/// A table whose columns are as wide as what stands in them, words to the left and numbers to the
/// right.
fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let first: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
    let longest = |column: usize| {
        let cells = rows.iter().chain([&first]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(longest).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    let rule = widths.iter().enumerate().map(|(column, &width)| {
        if column == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width - 1)) }
    });
    let rule = format!("| {} |", rule.collect::<Vec<_>>().join(" | "));
    let mut lines = vec![line(&first), rule];
    lines.extend(rows.iter().map(line));
    lines.join("\n")
}

/// Says on stderr what is being measured.
pub fn progress(what: &str) -> Result<()> {
    Ok(writeln!(io::stderr(), "  {what}")?)
}
