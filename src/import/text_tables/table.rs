//! A table that is read row by row, with messages that name file, line and column.
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord, Trim};
use ndarray::Array2;

use super::cells::{is_missing, separator};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::base::memory;
use crate::base::wording::counted;

/// A table of which the first row has been looked at.
pub struct Table {
    content: Content,
    /// What to call it in messages.
    pub file: String,
    separator: u8,
    /// How many cells each row has.
    pub width: usize,
    /// The names of the columns; none where the first row holds numbers.
    pub header: Option<Vec<String>>,
}

/// Where the rows of a table are.
enum Content {
    /// In a file, which is read row by row.
    File(PathBuf),
    /// In memory.
    Text(String),
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
        opened.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut first).map_err(reading)?;
        Self::of(Content::File(path.into()), file, separator(&first))
    }

    /// The same of a text.
    ///
    /// # Errors
    /// It is empty.
    pub fn of_text(text: String, file: impl Into<String>) -> Result<Self> {
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let separator = separator(first.as_bytes());
        Self::of(Content::Text(text), file.into(), separator)
    }

    fn of(content: Content, file: String, separator: u8) -> Result<Self> {
        let mut table = Self { content, file, separator, width: 0, header: None };
        let mut record = StringRecord::new();
        let mut reader = table.reader()?;
        if !reader.read_record(&mut record).map_err(|source| table.failed(source))? {
            return Err(Error::Refused(format!("{}: found no row, expected a table", table.file)));
        }
        drop(reader);
        let names = record.iter().any(|cell| number::<f64>(cell).is_none());
        table.header = names.then(|| record.iter().map(str::to_owned).collect());
        table.width = record.len();
        Ok(table)
    }

    /// What divides its cells.
    pub fn separator(&self) -> u8 {
        self.separator
    }

    fn reader(&self) -> Result<Reader<Box<dyn Read + '_>>> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).trim(Trim::All).delimiter(self.separator);
        Ok(builder.from_reader(match &self.content {
            Content::Text(text) => Box::new(text.as_bytes()),
            Content::File(path) => {
                let file = File::open(path)
                    .map_err(|source| Error::file(format!("reading {}", self.file), source))?;
                Box::new(BufReader::new(ShortLines { file, since: 0 }))
            }
        }))
    }

    fn failed(&self, source: csv::Error) -> Error {
        if let ErrorKind::Utf8 { pos, .. } = source.kind() {
            let line = pos.as_ref().map_or(1, Position::line);
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
        self.each_row_of_any_length(|row| {
            if row.len() != self.width {
                let found = counted(row.len(), "cell");
                return Err(row.refused(&format!(
                    "found {found}, expected {} as in the first line",
                    self.width
                )));
            }
            take(row)
        })
    }

    /// The same, also where rows have more or fewer cells than the first.
    ///
    /// # Errors
    /// The table cannot be read, or a row is not taken.
    pub fn each_row_of_any_length(
        &self,
        mut take: impl FnMut(TableRow) -> Result<()>,
    ) -> Result<()> {
        let mut reader = self.reader()?;
        let mut record = StringRecord::new();
        let mut skip = self.header.is_some();
        while reader.read_record(&mut record).map_err(|source| self.failed(source))? {
            if std::mem::take(&mut skip) {
                continue;
            }
            let line = record.position().map_or(0, |position| self.line(position));
            // Whether rows are kept is not known here: what is held is looked at on the way.
            memory::take(record.as_slice().len().saturating_mul(2)).map_err(|cause| {
                Error::Refused(format!("{}: up to line {line}: {cause}", self.file))
            })?;
            take(TableRow { table: self, record: &record, line })?;
        }
        Ok(())
    }

    /// The line of a record. Its position is that of the empty lines before it, which are known where the
    /// text is at hand.
    fn line(&self, position: &Position) -> u64 {
        let Content::Text(text) = &self.content else { return position.line() };
        let from = usize::try_from(position.byte()).ok().and_then(|at| text.as_bytes().get(at..));
        let skipped = from.unwrap_or_default().iter().take_while(|byte| b"\r\n".contains(byte));
        position.line() + skipped.filter(|byte| **byte == b'\n').count() as u64
    }

    /// Where the first column of one of these names stands, in any case.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        let header = self.header.as_ref()?;
        let place = |name: &&str| header.iter().position(|known| known.eq_ignore_ascii_case(name));
        names.iter().find_map(place)
    }
}

/// Bytes of a line at most: a row is held as a whole.
const LONGEST_LINE: u64 = 1 << 28;

/// A file of which no line is longer than [`LONGEST_LINE`].
struct ShortLines {
    file: File,
    /// Bytes since the last end of a line.
    since: u64,
}

impl Read for ShortLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let end = buffer[..read].iter().rposition(|byte| *byte == b'\n');
        self.since = match end {
            Some(end) => (read - end) as u64,
            None => self.since + read as u64,
        };
        if self.since > LONGEST_LINE {
            let what = format!("found a line of more than {LONGEST_LINE} bytes, expected rows");
            return Err(io::Error::other(what));
        }
        Ok(read)
    }
}

impl<'a> TableRow<'a> {
    /// The line of the file, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How many cells it has.
    pub fn len(&self) -> usize {
        self.record.len()
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
