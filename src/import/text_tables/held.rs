//! A table with names of columns that is held in memory, in any encoding and with decimal points or
//! commas.
use std::path::{Path, PathBuf};

use super::cells::is_missing;
use super::table::Table;
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::mark::TextMark;
use crate::base::wording::{did_you_mean, joined};
use crate::import::encoding;

/// Problems that are told: a table of another kind has thousands.
pub const MOST_PROBLEMS: usize = 5;

/// A table, and where its rows stand.
pub struct TextTable {
    /// The file.
    pub path: PathBuf,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<HeldRow>,
    delimiter: u8,
}

/// A row that is held.
pub struct HeldRow {
    /// Line of the file, from 1.
    pub line: usize,
    cells: Vec<String>,
}

impl HeldRow {
    /// What stands in a column, without blanks around it; nothing where the row is shorter.
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

impl TextTable {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no text, has no names of columns, or rows that are longer than these.
    pub fn read(path: &Path) -> Result<Self> {
        let refused = |what: &str| Err(Error::Refused(format!("{}: {what}", path.display())));
        if !path.is_file() {
            let what = if path.exists() { "this is a folder" } else { "there is no such file" };
            return refused(&format!("{what}, expected a table in text; check the path"));
        }
        let Some(text) = encoding::read(path)? else {
            return refused(
                "found bytes that are no text, expected a table in text; save it as CSV",
            );
        };
        let head = text.lines().find(|line| !line.trim().is_empty()).map(str::to_owned);
        let no_names = |found: &str| {
            refused(&format!(
                "found {found} in the first line, expected the names of columns, such as onset and \
                 stimulus; write a line of names above the table"
            ))
        };
        let Some(head) = head else { return no_names("nothing") };
        let table = Table::of_text(text, path.display().to_string())?;
        let is_name = |name: &String| !name.is_empty() && name.parse::<f64>().is_err();
        match &table.header {
            Some(columns) if columns.iter().any(is_name) => {}
            _ => return no_names(&format!("{head:?}")),
        }
        Self::held(path, &table)
    }

    fn held(path: &Path, table: &Table) -> Result<Self> {
        let columns = table.header.clone().unwrap_or_default();
        let (rows, delimiter) = (Vec::new(), table.separator());
        let mut held = Self { path: path.into(), columns, rows, delimiter };
        let mut problems = Problems::default();
        table.each_row_of_any_length(|row| {
            let line = usize::try_from(row.line()).unwrap_or(usize::MAX);
            let cells: Vec<String> = (0..row.len()).map(|cell| row.text(cell).to_owned()).collect();
            let (found, expected) = (cells.len(), held.columns.len());
            let more = cells.iter().skip(expected).any(|cell| !cell.is_empty());
            problems.require(!more, || {
                let problem = Problem::new("row", format!("{found} cells"), "as many as columns");
                let hint = format!("{expected} here; put texts with a {} in quotes", held.sign());
                problem.hint(hint).placed(TextMark::bare(line, 1))
            });
            if cells.iter().any(|cell| !cell.is_empty()) {
                held.rows.push(HeldRow { line, cells });
            }
            Ok(())
        })?;
        problems.first(MOST_PROBLEMS).into_result(path, held)
    }

    fn sign(&self) -> &'static str {
        match self.delimiter {
            b'\t' => "tab",
            b';' => "semicolon",
            _ => "comma",
        }
    }

    /// The column of a name that an option gives.
    ///
    /// # Errors
    /// There is none, or two.
    pub fn column(&self, option: &str, name: &str) -> Result<usize> {
        let mut found = (0..self.columns.len()).filter(|column| self.columns[*column] == name);
        let Some(column) = found.next() else {
            let known = self.columns.iter().map(String::as_str);
            let hint = did_you_mean(name, known);
            let gap = if hint.is_empty() { "" } else { "; " };
            return Err(self.refused(&format!(
                "found no column {name}, expected one of {} in {option}{gap}{hint}",
                joined(&self.columns, "and")
            )));
        };
        match found.next() {
            None => Ok(column),
            Some(_) => Err(self.refused(&format!(
                "found two columns called {name}, expected one; rename the other"
            ))),
        }
    }

    /// What is wrong with the table.
    pub fn refused(&self, what: &str) -> Error {
        Error::Refused(format!("{}: {what}", self.path.display()))
    }

    /// Whether all cells of a column that hold something hold numbers, and there are any.
    pub fn is_number(&self, column: usize) -> bool {
        let comma = self.decimal_comma(column).unwrap_or(false);
        let mut filled =
            self.rows.iter().map(|row| row.cell(column)).filter(|cell| !is_missing(cell));
        let number = |cell: &str| number(cell, comma).is_some();
        filled.clone().next().is_some() && filled.all(number)
    }

    /// The numbers of a column, none where a cell is empty or says that it has none.
    ///
    /// # Errors
    /// Cells that hold something else, all of them at once.
    pub fn numbers(&self, column: usize) -> Result<Vec<Option<f64>>> {
        let comma = self.decimal_comma(column)?;
        let mut problems = Problems::default();
        let mut numbers = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let cell = row.cell(column);
            let value = number(cell, comma).filter(|value| value.is_finite());
            problems.require(value.is_some() || is_missing(cell), || {
                let name = self.columns[column].clone();
                let problem = Problem::new(name, format!("{cell:?}"), "a number, or nothing");
                problem.placed(TextMark::bare(row.line, column + 1))
            });
            numbers.push(value.filter(|_| !is_missing(cell)));
        }
        problems.first(MOST_PROBLEMS).into_result(&self.path, numbers)
    }

    /// Whether commas in a column stand before decimals; none where there are none.
    ///
    /// # Errors
    /// They may divide thousands.
    fn decimal_comma(&self, column: usize) -> Result<bool> {
        let cells = || self.rows.iter().map(move |row| (row.line, row.cell(column)));
        let split = |cell: &str| cell.split_once(',').map(|(a, b)| (a.to_owned(), b.to_owned()));
        let mut doubtful = None;
        for (line, cell) in cells() {
            let Some((whole, decimals)) = split(cell) else { continue };
            let whole = whole.trim_start_matches(['-', '+']).to_owned();
            let sure = decimals.len() != 3 || whole.len() > 3 || whole == "0";
            if self.delimiter == b';' || sure {
                return Ok(true);
            }
            doubtful.get_or_insert((line, cell.to_owned()));
        }
        let Some((line, cell)) = doubtful else { return Ok(false) };
        let expected = "a number with a decimal point";
        let problem = Problem::new(&self.columns[column], format!("{cell:?}"), expected);
        let hint = "its comma may stand before decimals or divide thousands";
        let problem = problem.hint(hint).placed(TextMark::bare(line, column + 1));
        Err(Error::Input { file: self.path.clone(), problems: vec![problem] })
    }
}

fn number(cell: &str, decimal_comma: bool) -> Option<f64> {
    if decimal_comma && cell.contains(',') {
        let decimals = !cell.contains('.') && cell.matches(',').count() == 1;
        return decimals.then(|| cell.replace(',', ".").parse().ok()).flatten();
    }
    cell.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<TextTable> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        TextTable::read(&path)
    }

    #[test]
    fn cells_are_divided_by_what_divides_the_names() {
        for text in [
            "onset,name\n1.5,\"a, b\"\n\nNaN,c\n",
            "onset\tname\r\n1.5\ta, b\r\n\r\nn/a\tc\r\n",
            "\u{feff}onset;name\n1,5;a, b\n\n;c\n",
        ] {
            let table = table(text).unwrap();
            assert_eq!(table.columns, ["onset", "name"], "{text:?}");
            assert_eq!(table.numbers(0).unwrap(), [Some(1.5), None], "{text:?}");
            let names: Vec<(usize, &str)> =
                table.rows.iter().map(|row| (row.line, row.cell(1))).collect();
            assert_eq!(names, [(2, "a, b"), (4, "c")], "{text:?}");
            assert!(table.is_number(0) && !table.is_number(1));
        }
    }

    #[test]
    fn a_comma_that_may_divide_thousands_is_refused() {
        let doubtful = table("onset\tname\n1,500\ta\n2,250\tb\n").unwrap().numbers(0);
        let message = doubtful.unwrap_err().to_string();
        let want = "2:1 onset: found \"1,500\", expected a number with a decimal point (its comma \
                    may stand before decimals or divide thousands)";
        assert!(message.ends_with(want), "{message}");
        let sure = table("onset\tname\n0,500\ta\n2,250\tb\n").unwrap();
        assert_eq!(sure.numbers(0).unwrap(), [Some(0.5), Some(2.25)]);
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_place() {
        let message = |text: &str| match table(text) {
            Ok(table) => table.numbers(0).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        let problem = message("onset,name\n1,a\nx,b\n");
        assert!(problem.ends_with("3:1 onset: found \"x\", expected a number, or nothing"));
        let problem = message("onset,name\n1,a,b\n");
        let want = "2:1 row: found 3 cells, expected as many as columns (2 here; put texts with a \
                    comma in quotes)";
        assert!(problem.ends_with(want), "{problem}");
        let problem = message("0.5,1\n1.5,2\n");
        assert!(problem.contains("found \"0.5,1\" in the first line"), "{problem}");
        assert!(message("").contains("found nothing in the first line"));
    }
}
