//! MATLAB files of version 4 and 5, written by tests in either order of bytes.
#![expect(clippy::unwrap_used, reason = "test support")]
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The least significant.
    Little,
    /// The most significant.
    Big,
}

impl Order {
    /// A number, given in both orders, in this one.
    fn of<const N: usize>(self, little: [u8; N], big: [u8; N]) -> [u8; N] {
        if self == Self::Little { little } else { big }
    }

    /// A word of four bytes.
    pub fn word(self, value: u32) -> [u8; 4] {
        self.of(value.to_le_bytes(), value.to_be_bytes())
    }

    /// Whole numbers of four bytes.
    pub fn words(self, values: &[usize]) -> Vec<u8> {
        values.iter().flat_map(|value| self.word(u32::try_from(*value).unwrap())).collect()
    }

    /// Floats of eight bytes.
    pub fn doubles(self, values: &[f64]) -> Vec<u8> {
        let bytes = |value: &f64| self.of(value.to_le_bytes(), value.to_be_bytes());
        values.iter().flat_map(bytes).collect()
    }

    /// Small whole numbers as this type of the format, which is that of the storage.
    pub fn stored(self, kind: u32, values: &[u8]) -> Vec<u8> {
        macro_rules! bytes {
            ($stored:ty) => {
                values
                    .iter()
                    .flat_map(|value| {
                        let value = <$stored>::try_from(*value).unwrap();
                        self.of(value.to_le_bytes(), value.to_be_bytes())
                    })
                    .collect()
            };
        }
        match kind {
            1 => bytes!(i8),
            2 => bytes!(u8),
            3 => bytes!(i16),
            4 => bytes!(u16),
            5 => bytes!(i32),
            6 => bytes!(u32),
            7 => bytes!(f32),
            9 => bytes!(f64),
            12 => bytes!(i64),
            13 => bytes!(u64),
            other => unreachable!("type {other}"),
        }
    }
}

/// Class of arrays of floats.
pub const DOUBLE: u32 = 6;
/// Class of cells.
pub const CELLS: u32 = 1;
/// Class of structs.
pub const STRUCT: u32 = 2;
/// Class of objects of older kinds.
pub const OBJECT: u32 = 3;
/// Class of letters.
pub const LETTERS: u32 = 4;
/// Class of sparse arrays.
pub const SPARSE: u32 = 5;
/// Class of functions.
pub const FUNCTION: u32 = 16;
/// Class of objects such as tables.
pub const OPAQUE: u32 = 17;
/// Flag of logical arrays.
pub const LOGICAL: u32 = 0x0200;
/// Flag of complex arrays.
pub const COMPLEX: u32 = 0x0800;

/// Writes elements of version 5.
#[derive(Debug, Clone, Copy)]
pub struct Mat5(pub Order);

impl Mat5 {
    /// An element, filled up to a multiple of eight bytes.
    pub fn element(self, kind: u32, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap();
        let mut element = [self.0.word(kind), self.0.word(length)].concat();
        element.extend(bytes);
        element.resize(element.len().next_multiple_of(8), 0);
        element
    }

    /// An element of four bytes at most, in its short form.
    pub fn small(self, kind: u32, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap();
        let mut element = self.0.word(length << 16 | kind).to_vec();
        element.extend(bytes);
        element.resize(8, 0);
        element
    }

    /// An array with a class and flags, and what follows its name.
    pub fn array(self, class: u32, dims: &[usize], name: &str, values: &[Vec<u8>]) -> Vec<u8> {
        let flags = [self.0.word(class), self.0.word(0)].concat();
        let name = match name.len() {
            1..=4 => self.small(1, name.as_bytes()),
            _ => self.element(1, name.as_bytes()),
        };
        let dims = self.element(5, &self.0.words(dims));
        let parts = [self.element(6, &flags), dims, name, values.concat()];
        self.element(14, &parts.concat())
    }

    /// An array of floats.
    pub fn doubles(self, name: &str, dims: &[usize], values: &[f64]) -> Vec<u8> {
        self.array(DOUBLE, dims, name, &[self.element(9, &self.0.doubles(values))])
    }

    /// Cells of arrays, which have no names.
    pub fn cells(self, name: &str, dims: &[usize], cells: &[Vec<u8>]) -> Vec<u8> {
        self.array(CELLS, dims, name, cells)
    }

    /// A cell to which nothing was assigned.
    pub fn unassigned(self) -> Vec<u8> {
        self.element(14, &[])
    }

    /// Structs with these fields; the values of each struct follow one another.
    pub fn structs(
        self,
        name: &str,
        dims: &[usize],
        fields: &[&str],
        values: &[Vec<u8>],
    ) -> Vec<u8> {
        let longest = fields.iter().map(|field| field.len()).max().unwrap_or(0) + 1;
        let mut names = Vec::new();
        for field in fields {
            names.extend(field.bytes());
            names.resize(names.len().next_multiple_of(longest), 0);
        }
        let length = self.small(5, &self.0.word(u32::try_from(longest).unwrap()));
        self.array(STRUCT, dims, name, &[length, self.element(1, &names), values.concat()])
    }

    /// A text of one row, stored as a type of the format.
    pub fn text(self, name: &str, kind: u32, text: &str) -> Vec<u8> {
        let order = self.0;
        let bytes: Vec<u8> = match kind {
            2 => text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect(),
            16 => text.bytes().collect(),
            4 | 17 => text
                .encode_utf16()
                .flat_map(|unit| order.of(unit.to_le_bytes(), unit.to_be_bytes()))
                .collect(),
            18 => text.chars().flat_map(|letter| order.word(u32::from(letter))).collect(),
            other => unreachable!("type {other}"),
        };
        let length = text.chars().count();
        self.array(LETTERS, &[1, length], name, &[self.element(kind, &bytes)])
    }

    /// A sparse array of floats: rows of values, and where each column begins among them.
    pub fn sparse(
        self,
        name: &str,
        dims: &[usize],
        rows: &[usize],
        starts: &[usize],
        values: &[f64],
    ) -> Vec<u8> {
        let rows = self.element(5, &self.0.words(rows));
        let starts = self.element(5, &self.0.words(starts));
        let values = self.element(9, &self.0.doubles(values));
        self.array(SPARSE, dims, name, &[rows, starts, values])
    }

    /// An object of a class.
    pub fn object(self, name: &str, class: &str) -> Vec<u8> {
        let text = |text: &str| self.element(1, text.as_bytes());
        let flags = [self.0.word(OPAQUE), self.0.word(0)].concat();
        let hidden = self.doubles("", &[1, 2], &[3.7e9, 2.0]);
        let parts = [self.element(6, &flags), text(name), text("MCOS"), text(class), hidden];
        self.element(14, &parts.concat())
    }

    /// The same array, compressed.
    pub fn compressed(self, array: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(array).unwrap();
        let bytes = encoder.finish().unwrap();
        let length = u32::try_from(bytes.len()).unwrap();
        // These alone are not filled up.
        [self.0.word(15).to_vec(), self.0.word(length).to_vec(), bytes].concat()
    }

    /// A file of arrays.
    pub fn file(self, arrays: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"MATLAB 5.0 MAT-file, written by a test".to_vec();
        bytes.resize(124, b' ');
        let (little, big) = (*b"\x00\x01IM", *b"\x01\x00MI");
        bytes.extend(self.0.of(little, big));
        bytes.extend(arrays.concat());
        bytes
    }
}

/// A matrix of version 4: the two digits say the type of its numbers and what it is.
pub fn mat4(order: Order, digits: u32, dims: [usize; 2], name: &str, numbers: &[u8]) -> Vec<u8> {
    let machine = if order == Order::Big { 1000 } else { 0 };
    let mut bytes = order.word(machine + digits).to_vec();
    bytes.extend(order.words(&[dims[0], dims[1], 0, name.len() + 1]));
    bytes.extend(name.bytes());
    bytes.push(0);
    bytes.extend(numbers);
    bytes
}
