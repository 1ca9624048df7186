//! Cells of tables in text: what divides them, and what stands for nothing.

/// What may stand between cells, the surest first.
const SEPARATORS: [u8; 3] = *b"\t;,";
/// What stands for a value that is not there, in small letters.
const MISSING: [&str; 6] = ["", "nan", "na", "n/a", "none", "null"];

/// What divides the cells of a line: the surest that stands in it, or commas.
pub fn separator(line: &[u8]) -> u8 {
    SEPARATORS.into_iter().find(|one| line.contains(one)).unwrap_or(b',')
}

/// Whether a cell says that it holds nothing.
pub fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell.to_lowercase().as_str())
}
