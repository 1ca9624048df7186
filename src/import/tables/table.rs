//! A table that is read row by row, with messages that name file, line and column.
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};
use ndarray::Array2;

use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::wording::counted;
use crate::import::cells::{is_missing, separator};

/// A table of which the first row has been looked at.
pub struct Table {
    path: PathBuf,
    /// What to call it in messages.
    pub file: String,
    separator: u8,
    /// How many cells each row has.
    pub width: usize,
    /// The names of the columns; none where the first row holds numbers.
    pub header: Option<Vec<String>>,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub struct TableRow<'a> {
    table: &'a Table,
    record: &'a StringRecord,
    line: u64,
}

impl Table {
    /// Looks at the first row.
    ///
    /// # Errors
    /// It is no text, empty or cannot be read.
    pub fn open(path: &Path, file: impl Into<String>) -> Result<Self> {
        let file = file.into();
        let reading = |source| Error::file(format!("reading {file}"), source);
        let mut opened = BufReader::new(files::open(path, "table")?);
        let mut first = Vec::new();
        opened.read_until(b'\n', &mut first).map_err(reading)?;
        opened.rewind().map_err(reading)?;
        let mut table =
            Self { path: path.into(), file, separator: separator(&first), width: 0, header: None };
        let mut record = StringRecord::new();
        let mut reader = table.reader(opened);
        if !reader.read_record(&mut record).map_err(|source| table.failed(source))? {
            return Err(Error::Refused(format!("{}: found no row, expected a table", table.file)));
        }
        let names = record.iter().any(|cell| number::<f64>(cell).is_none());
        table.header = names.then(|| record.iter().map(str::to_owned).collect());
        table.width = record.len();
        Ok(table)
    }

    fn reader(&self, file: BufReader<File>) -> Reader<BufReader<File>> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).trim(Trim::All).delimiter(self.separator);
        builder.from_reader(file)
    }

    fn failed(&self, source: csv::Error) -> Error {
        if let ErrorKind::Utf8 { pos, .. } = source.kind() {
            let line = pos.as_ref().map_or(1, csv::Position::line);
            return Error::Refused(format!(
                "{}: line {line}: found bytes that are no text, expected a table in UTF-8; save it \
                 as CSV UTF-8",
                self.file
            ));
        }
        Error::file(format!("reading {}", self.file), source)
    }

    /// Takes row by row, those behind the header.
    ///
    /// # Errors
    /// The table cannot be read, a row has more or fewer cells than the first, or is not taken.
    pub fn each_row(&self, mut take: impl FnMut(TableRow) -> Result<()>) -> Result<()> {
        let reading = |source| Error::file(format!("reading {}", self.file), source);
        let mut reader = self.reader(BufReader::new(File::open(&self.path).map_err(reading)?));
        let mut record = StringRecord::new();
        let mut skip = self.header.is_some();
        while reader.read_record(&mut record).map_err(|source| self.failed(source))? {
            if std::mem::take(&mut skip) {
                continue;
            }
            let line = record.position().map_or(0, csv::Position::line);
            let row = TableRow { table: self, record: &record, line };
            if record.len() != self.width {
                let found = counted(record.len(), "cell");
                return Err(row.refused(&format!(
                    "found {found}, expected {} as in the first line",
                    self.width
                )));
            }
            take(row)?;
        }
        Ok(())
    }

    /// Where the first column of one of these names stands, in any case.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        let header = self.header.as_ref()?;
        let place = |name: &&str| header.iter().position(|known| known.eq_ignore_ascii_case(name));
        names.iter().find_map(place)
    }
}

impl<'a> TableRow<'a> {
    /// The line of the file, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A cell as it is written, without blanks around it.
    pub fn text(&self, column: usize) -> &'a str {
        self.record.get(column).unwrap_or_default()
    }

    /// A cell as a number, NaN where it is missing.
    ///
    /// # Errors
    /// It is something else.
    pub fn number<T: Number>(&self, column: usize) -> Result<T> {
        let text = self.text(column);
        number(text).ok_or_else(|| {
            let name = self.table.header.as_ref().and_then(|header| header.get(column));
            let column = name.map_or_else(
                || format!("column {}", column + 1),
                |name| format!("column {name:?}"),
            );
            let comma = text.contains(',');
            let hint = if comma { "; write decimal points" } else { "" };
            self.refused(&format!("{column}: found {text:?}, expected a number{hint}"))
        })
    }

    /// What is wrong with the row.
    pub fn refused(&self, what: &str) -> Error {
        Error::Refused(format!("{}: line {}: {what}", self.table.file, self.line))
    }
}

/// A float that text can stand for.
pub trait Number: FromStr {
    /// What stands for no number.
    const MISSING: Self;
}

impl Number for f32 {
    const MISSING: Self = Self::NAN;
}

impl Number for f64 {
    const MISSING: Self = Self::NAN;
}

/// The number that a cell holds, NaN for a missing one; none where it is something else.
pub fn number<T: Number>(cell: &str) -> Option<T> {
    let missing = || is_missing(cell).then_some(T::MISSING);
    cell.parse().ok().or_else(missing)
}

/// All rows of a table that has no header, each as long as the first.
///
/// # Errors
/// It cannot be read, or holds something else than numbers.
pub fn number_rows(path: &Path, file: &str) -> Result<Array2<f32>> {
    let table = Table::open(path, file)?;
    let mut values = Vec::new();
    let mut rows = 0;
    if let Some(header) = &table.header {
        let odd = header.iter().find(|cell| number::<f32>(cell).is_none());
        let odd = odd.map_or("", String::as_str);
        return Err(Error::Refused(format!(
            "{file}: line 1: found {odd:?}, expected numbers; remove the header"
        )));
    }
    table.each_row(|row| {
        rows += 1;
        (0..table.width).try_for_each(|column| {
            values.push(row.number(column)?);
            Ok(())
        })
    })?;
    Array2::from_shape_vec((rows, table.width), values)
        .map_err(|source| Error::failed(format!("reading {file}"), source))
}
