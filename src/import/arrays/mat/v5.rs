//! MATLAB files of version 5 to 7: variables one after the other, each compressed or not.
//!
//! What is asked for is read, and nothing else need be readable.
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::ZlibDecoder;

use super::array::{Header, Singles, deep_outline, outline, variable};
use super::by_name::Variables;
use super::element::{ARRAY, COMPRESSED, Elements, LAST_TYPE};
use super::storage::ByteOrder;
use super::variable::Variable;
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::import::arrays::value::FromF64;

/// Bytes before the first variable.
const HEADER: u64 = 128;
/// Bytes of the type and length of a variable.
const TAG: u64 = 8;

/// An open file.
pub(super) struct V5 {
    file: File,
    order: ByteOrder,
    variables: Vec<Stored>,
    contents: Vec<(String, String)>,
    /// Variables that have not even a name.
    nameless: usize,
}

/// Where a variable lies.
struct Stored {
    name: String,
    place: Place,
}

#[derive(Clone, Copy)]
struct Place {
    from: u64,
    length: u64,
    compressed: bool,
}

/// What becomes of the end of a compressed variable, where its checksum stands.
#[derive(PartialEq, Eq)]
enum Rest {
    /// It is not read.
    Left,
    /// It must be right.
    Checked,
}

impl V5 {
    pub(super) fn open(path: &Path, order: ByteOrder) -> Result<Self> {
        let mut file = files::open(path, "MATLAB file")?;
        let reading = |source| Error::file(format!("reading {}", path.display()), source);
        let length = file.metadata().map_err(reading)?.len();
        let places = places(&mut file, order, length).map_err(reading)?.map_err(|found| {
            Error::Refused(format!("{}: {found}; copy or save it again", path.display()))
        })?;
        let (variables, contents) = (Vec::new(), Vec::new());
        let mut opened = Self { file, order, variables, contents, nameless: 0 };
        for place in places {
            opened.note(place);
        }
        Ok(opened)
    }

    /// Notes a variable, and what it and its fields are.
    fn note(&mut self, place: Place) {
        let (mut name, mut contents) = (String::new(), Vec::new());
        let listed = self.with(place, Rest::Left, |elements| {
            let header = Header::read(elements)?;
            name.clone_from(&header.name);
            outline(&header, &header.name, elements, &mut contents)
        });
        if listed.is_err() && contents.is_empty() {
            contents.push((name.clone(), "something that is damaged".into()));
        }
        // What MATLAB keeps for itself has no name either.
        if name.is_empty() {
            self.nameless += usize::from(listed.is_err());
            return;
        }
        self.contents.append(&mut contents);
        self.variables.push(Stored { name, place });
    }

    /// What variables are, and all that structs and the first of arrays of them hold, as far as that can
    /// be read.
    pub(super) fn deep_contents(&mut self) -> Vec<(String, String)> {
        let mut contents = Vec::new();
        for at in 0..self.variables.len() {
            let place = self.variables[at].place;
            let mut found = Vec::new();
            let read = self.with(place, Rest::Left, |elements| {
                let header = Header::read(elements)?;
                deep_outline(&header, &header.name, elements, &mut found)
            });
            contents.extend(found.into_iter().filter(|_| read.is_ok()));
        }
        contents
    }

    /// What `read` makes of the elements of a variable.
    fn with<T>(
        &mut self,
        place: Place,
        rest: Rest,
        read: impl FnOnce(&mut Elements) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        self.file.seek(SeekFrom::Start(place.from))?;
        let stored = Read::take(&mut self.file, place.length);
        if place.compressed {
            let mut inflated = BufReader::new(ZlibDecoder::new(stored));
            let value = Elements::new(&mut inflated, self.order).array(read)?;
            if rest == Rest::Checked {
                io::copy(&mut inflated, &mut io::sink())?;
            }
            return Ok(value);
        }
        let mut stored = BufReader::new(stored);
        Elements::new(&mut stored, self.order).array(read)
    }
}

impl Variables for V5 {
    fn contents(&self) -> &[(String, String)] {
        &self.contents
    }

    fn unreadable(&self) -> Vec<String> {
        match self.nameless {
            0 => Vec::new(),
            1 => vec!["1 variable is damaged: not even its name can be read".into()],
            many => vec![format!("{many} variables are damaged: not even their names can be read")],
        }
    }

    fn variable<T: FromF64>(
        &mut self,
        name: &str,
        singles: Singles,
    ) -> io::Result<Option<Variable<T>>> {
        let mut path = name.split('.');
        let first = path.next().unwrap_or_default();
        let path: Vec<&str> = path.collect();
        // Of two of one name, MATLAB takes the later one.
        let Some(stored) = self.variables.iter().rev().find(|stored| stored.name == first) else {
            return Ok(None);
        };
        let found = self.with(stored.place, Rest::Checked, |elements| {
            let header = Header::read(elements)?;
            variable(header, elements, (&path, singles))
        });
        found.map(Option::flatten)
    }
}

/// Where the variables lie; in words what is wrong where the file is not whole.
fn places(file: &mut File, order: ByteOrder, end: u64) -> io::Result<Result<Vec<Place>, String>> {
    let mut places = Vec::new();
    let mut at = HEADER;
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(HEADER))?;
    while at < end {
        let mut tag = [[0; 4]; 2];
        let cut = at + TAG > end;
        if !cut {
            reader.read_exact(tag.as_flattened_mut())?;
        }
        let [kind, length] = tag.map(|word| order.u32(word));
        let next = at + TAG + u64::from(length);
        if cut || next > end {
            let found = format!("the file ends in the middle of a variable, after {end} bytes");
            return Ok(Err(found));
        }
        match kind {
            // An uncompressed array is read with its tag, as one inside another.
            ARRAY => places.push(Place { from: at, length: next - at, compressed: false }),
            COMPRESSED => {
                places.push(Place { from: at + TAG, length: length.into(), compressed: true });
            }
            1..=LAST_TYPE => {}
            other => {
                let found = format!("found type {other} at byte {at}, expected a variable");
                return Ok(Err(found));
            }
        }
        reader.seek_relative(i64::from(length))?;
        at = next;
    }
    Ok(Ok(places))
}
