//! Elements of MATLAB files of version 5 to 7: a type, a length, and so many bytes.
//!
//! They are read from a stream, so that compressed ones need not be held, and those that nobody
//! asks for are passed over.
use std::io::{self, Read};

use super::letters;
use super::storage::{ByteOrder, Storage};
use crate::base::memory;
use crate::import::arrays::value::FromF64;

/// Type of an element that is an array.
pub(super) const ARRAY: u32 = 14;
/// Type of an element that is another one, compressed.
pub(super) const COMPRESSED: u32 = 15;
/// The largest type.
pub(super) const LAST_TYPE: u32 = 18;
/// Arrays in cells and structs in one another are read to this depth.
pub(super) const DEEPEST: usize = 32;
/// Elements begin at multiples of so many bytes.
const ALIGNED: u64 = 8;

/// Elements one after the other.
pub(super) struct Elements<'a> {
    reader: &'a mut dyn Read,
    order: ByteOrder,
    /// How many arrays these lie in.
    depth: usize,
}

/// What stands before the bytes of an element.
struct Tag {
    kind: u32,
    length: u64,
    /// The bytes themselves, where they are four at most.
    small: Option<[u8; 4]>,
}

impl<'a> Elements<'a> {
    pub(super) fn new(reader: &'a mut dyn Read, order: ByteOrder) -> Self {
        Self { reader, order, depth: 0 }
    }

    fn tag(&mut self) -> io::Result<Tag> {
        let mut bytes = [[0; 4]; 2];
        self.reader.read_exact(bytes.as_flattened_mut())?;
        let first = self.order.u32(bytes[0]);
        // A length in the upper half of the first word: the bytes follow at once.
        let small_length = first >> 16;
        if small_length == 0 {
            let length = u64::from(self.order.u32(bytes[1]));
            return Ok(Tag { kind: first, length, small: None });
        }
        if small_length > 4 {
            return Err(io::Error::other(format!("a small element of {small_length} bytes")));
        }
        let length = u64::from(small_length);
        Ok(Tag { kind: first & 0xffff, length, small: Some(bytes[1]) })
    }

    /// Passes over what fills an element up, which may be missing behind the last one.
    fn pass_padding(&mut self, tag: &Tag) -> io::Result<()> {
        let rest = tag.length % ALIGNED;
        if tag.small.is_none() && rest > 0 {
            self.pass(ALIGNED - rest)?;
        }
        Ok(())
    }

    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        io::copy(&mut Read::take(&mut *self.reader, bytes), &mut io::sink()).map(drop)
    }

    /// What `read` makes of the bytes of the next element, given its type and their number.
    fn with<T>(
        &mut self,
        read: impl FnOnce(u32, u64, &mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        let tag = self.tag()?;
        let value = match &tag.small {
            Some(bytes) => {
                let mut bytes = Read::take(&bytes[..], tag.length);
                read(tag.kind, tag.length, &mut bytes)?
            }
            None => read(tag.kind, tag.length, &mut *self.reader)?,
        };
        self.pass_padding(&tag)?;
        Ok(value)
    }

    /// The next element's numbers.
    pub(super) fn numbers<T: FromF64>(&mut self) -> io::Result<Vec<T>> {
        let order = self.order;
        self.with(|kind, length, reader| storage(kind)?.read(order, length, reader))
    }

    /// The next element's bytes, whatever its type.
    pub(super) fn bytes(&mut self) -> io::Result<Vec<u8>> {
        self.with(|_, length, reader| whole(length, reader))
    }

    /// The next element's letters, of an array with so many places, as UTF-16.
    pub(super) fn letters(&mut self, places: usize) -> io::Result<Vec<u16>> {
        let order = self.order;
        self.with(|kind, length, reader| {
            let bytes = whole(length, reader)?;
            Ok(match kind {
                1 | 2 => letters::of_bytes(&bytes, places),
                16 => letters::of_utf8(&bytes),
                3 | 4 | 17 => letters::of_utf16(&bytes, order),
                5 | 6 | 18 => letters::of_utf32(&bytes, order),
                other => return Err(io::Error::other(format!("letters of type {other}"))),
            })
        })
    }

    /// What `read` makes of the elements of the next array; nothing where it has none, as a cell
    /// to which nothing was assigned.
    pub(super) fn array<T>(
        &mut self,
        read: impl FnOnce(&mut Elements) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let tag = self.tag()?;
        if tag.kind != ARRAY {
            return Err(io::Error::other(format!("an element of type {} for an array", tag.kind)));
        }
        if tag.length == 0 || tag.small.is_some() {
            return Ok(None);
        }
        if self.depth == DEEPEST {
            return Err(io::Error::other(format!("arrays in arrays, more than {DEEPEST} deep")));
        }
        let mut inside = Read::take(&mut *self.reader, tag.length);
        let order = self.order;
        let value = read(&mut Elements { reader: &mut inside, order, depth: self.depth + 1 })?;
        let left = inside.limit();
        self.pass(left)?;
        Ok(Some(value))
    }

    /// Passes over the next array.
    pub(super) fn pass_array(&mut self) -> io::Result<()> {
        self.array(|_| Ok(())).map(drop)
    }
}

/// So many bytes of a stream.
fn whole(length: u64, reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    memory::take(usize::try_from(length).unwrap_or(usize::MAX))?;
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        return Ok(bytes);
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// How numbers of a type are stored.
fn storage(kind: u32) -> io::Result<Storage> {
    Ok(match kind {
        1 => Storage::I8,
        2 => Storage::U8,
        3 => Storage::I16,
        4 => Storage::U16,
        5 => Storage::I32,
        6 => Storage::U32,
        7 => Storage::F32,
        9 => Storage::F64,
        12 => Storage::I64,
        13 => Storage::U64,
        other => return Err(io::Error::other(format!("numbers of type {other}"))),
    })
}
