//! MATLAB files of version 4: variables one after the other, each a matrix with a name.
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::array::Singles;
use super::by_name::Variables;
use super::sparse::{index, zeros};
use super::storage::{ByteOrder, Storage};
use super::variable::{NoNumbers, Variable};
use super::{described, letters};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::import::arrays::value::FromF64;

/// Bytes of the numbers before a name.
const HEADER: usize = 20;
/// Names have fewer letters.
const LONGEST_NAME: u32 = 1 << 10;

/// What a matrix is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MatrixKind {
    Full,
    Text,
    Sparse,
}

/// What stands before the numbers of a matrix.
#[derive(Debug, Clone)]
struct Header {
    order: ByteOrder,
    storage: Storage,
    kind: MatrixKind,
    dims: [usize; 2],
    complex: bool,
    name_bytes: u32,
}

impl Header {
    /// The header that these bytes are, if they can be one.
    fn read(bytes: &[u8]) -> Option<Self> {
        [ByteOrder::Little, ByteOrder::Big].into_iter().find_map(|order| Self::of(bytes, order))
    }

    fn of(bytes: &[u8], order: ByteOrder) -> Option<Self> {
        let (words, _) = bytes.get(..HEADER)?.as_chunks();
        let words: Vec<u32> = words.iter().map(|word| order.u32(*word)).collect();
        let &[kind, rows, columns, complex, name_bytes] = words.as_slice() else { return None };
        // Four digits: order of bytes, nothing, type of the numbers, what they are.
        let machine = match order {
            ByteOrder::Little => 0,
            ByteOrder::Big => 1,
        };
        let storage = match kind / 10 % 10 {
            0 => Storage::F64,
            1 => Storage::F32,
            2 => Storage::I32,
            3 => Storage::I16,
            4 => Storage::U16,
            5 => Storage::U8,
            _ => return None,
        };
        let what = match kind % 10 {
            0 => MatrixKind::Full,
            1 => MatrixKind::Text,
            2 => MatrixKind::Sparse,
            _ => return None,
        };
        let can_be = kind / 100 == machine * 10 && complex <= 1;
        let named = (1..=LONGEST_NAME).contains(&name_bytes);
        let lengths = [rows, columns].map(|length| i32::try_from(length).ok());
        let [Some(rows), Some(columns)] = lengths else { return None };
        let dims = [rows, columns].map(i32::unsigned_abs).map(|length| length as usize);
        let complex = complex == 1;
        let header = Self { order, storage, kind: what, dims, complex, name_bytes };
        (can_be && named).then_some(header)
    }

    /// Bytes of the real parts.
    fn bytes(&self) -> u64 {
        let lengths = self.dims.into_iter().map(|length| length as u64);
        lengths.fold(self.storage.width() as u64, u64::saturating_mul)
    }

    /// Bytes of real and imaginary parts.
    fn all_bytes(&self) -> u64 {
        self.bytes().saturating_mul(if self.complex { 2 } else { 1 })
    }
}

/// Whether a file can begin so.
pub(super) fn begins(head: &[u8]) -> bool {
    let Some(header) = Header::read(head) else { return false };
    let name = head.get(HEADER..).unwrap_or_default();
    let name = name.get(..header.name_bytes as usize).unwrap_or(name);
    let name = name.strip_suffix(&[0]).unwrap_or(name);
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|letter| letter.is_ascii_alphanumeric() || *letter == b'_')
}

/// A matrix in the file.
struct Stored {
    name: String,
    header: Header,
    /// Where its numbers begin.
    from: u64,
}

/// An open file.
pub(super) struct V4 {
    file: File,
    variables: Vec<Stored>,
    contents: Vec<(String, String)>,
}

impl V4 {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = files::open(path, "MATLAB file")?;
        let reading = |source| Error::file(format!("reading {}", path.display()), source);
        let end = file.metadata().map_err(reading)?.len();
        let variables = list(&mut file, end).map_err(reading)?.map_err(|found| {
            Error::Refused(format!("{}: {found}; copy or save it again", path.display()))
        })?;
        let mut opened = Self { file, variables, contents: Vec::new() };
        for at in 0..opened.variables.len() {
            let holds = opened.described(at).map_err(reading)?;
            opened.contents.push((opened.variables[at].name.clone(), holds));
        }
        Ok(opened)
    }

    fn described(&mut self, at: usize) -> io::Result<String> {
        let Stored { header, from, .. } = &self.variables[at];
        Ok(match header.kind {
            MatrixKind::Text => "text".into(),
            MatrixKind::Full => described("numbers", &header.dims),
            MatrixKind::Sparse => match sparse_dims(&mut self.file, header, *from)? {
                Some(dims) => described("sparse numbers", &dims),
                None => "something that is damaged".into(),
            },
        })
    }
}

/// The matrices of a file; in words what is wrong where it is not whole.
fn list(file: &mut File, end: u64) -> io::Result<Result<Vec<Stored>, String>> {
    let mut variables = Vec::new();
    let mut reader = BufReader::new(file);
    let mut at = 0;
    while at < end {
        let mut bytes = Vec::new();
        reader.seek(SeekFrom::Start(at))?;
        Read::by_ref(&mut reader).take(HEADER as u64).read_to_end(&mut bytes)?;
        let header = Header::read(&bytes);
        if bytes.len() == HEADER && header.is_none() {
            return Ok(Err(format!("found no variable at byte {at}, where one should begin")));
        }
        let next = header.as_ref().and_then(|header| {
            let before = HEADER as u64 + u64::from(header.name_bytes);
            at.checked_add(before)?.checked_add(header.all_bytes())
        });
        let (Some(header), Some(next)) = (header, next.filter(|next| *next <= end)) else {
            let found = format!("the file ends in the middle of a variable, after {end} bytes");
            return Ok(Err(found));
        };
        let mut name = vec![0; header.name_bytes as usize];
        reader.read_exact(&mut name)?;
        let name = String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned();
        variables.push(Stored { name, from: next - header.all_bytes(), header });
        at = next;
    }
    Ok(Ok(variables))
}

/// Rows and columns of a sparse matrix, which its last row holds: each row is the row and column
/// of a value and the value itself.
fn sparse_dims(file: &mut File, header: &Header, from: u64) -> io::Result<Option<[usize; 2]>> {
    let &Header { dims: [rows, columns], storage, order, .. } = header;
    let mut dims = [None; 2];
    if rows == 0 || !(3..=4).contains(&columns) {
        return Ok(None);
    }
    let width = storage.width() as u64;
    for (dim, column) in dims.iter_mut().zip(0..) {
        let at = (column * rows as u64 + rows as u64 - 1) * width;
        file.seek(SeekFrom::Start(from + at))?;
        *dim = storage.read(order, width, file)?.first().copied().and_then(index);
    }
    let [rows, columns] = dims;
    Ok(rows.zip(columns).map(|(rows, columns)| [rows, columns]))
}

impl Variables for V4 {
    fn contents(&self) -> &[(String, String)] {
        &self.contents
    }

    fn unreadable(&self) -> Vec<String> {
        Vec::new()
    }

    fn variable<T: FromF64>(
        &mut self,
        name: &str,
        _no_structs: Singles,
    ) -> io::Result<Option<Variable<T>>> {
        let stored = self.variables.iter().rev().find(|stored| stored.name == name);
        let Some(Stored { header, from, .. }) = stored else { return Ok(None) };
        self.file.seek(SeekFrom::Start(*from))?;
        let mut reader = BufReader::new(&self.file);
        let dims = header.dims;
        Ok(Some(match header.kind {
            MatrixKind::Full if header.complex => Variable::Other(NoNumbers::complex()),
            MatrixKind::Full => {
                let numbers = header.storage.read(header.order, header.bytes(), &mut reader)?;
                Variable::Numbers(dims.to_vec(), numbers)
            }
            MatrixKind::Text => {
                let codes =
                    header.storage.read::<f64>(header.order, header.bytes(), &mut reader)?;
                let codes = codes.into_iter().map(|code| index(code).unwrap_or(usize::MAX));
                let codes = codes.map(|code| u32::try_from(code).unwrap_or(u32::MAX));
                Variable::Text(letters::rows(&dims, &letters::of_codes(codes)))
            }
            MatrixKind::Sparse => {
                let Some(dims) = sparse_dims(&mut self.file, header, *from)? else {
                    return Err(io::Error::other("a sparse matrix without its size"));
                };
                self.file.seek(SeekFrom::Start(*from))?;
                sparse(&mut self.file, header, dims)?
            }
        }))
    }
}

fn sparse<T: FromF64>(
    file: &mut File,
    header: &Header,
    dims: [usize; 2],
) -> io::Result<Variable<T>> {
    let [entries, columns] = header.dims;
    if columns == 4 || header.complex {
        return Ok(Variable::Other(NoNumbers::complex()));
    }
    let mut reader = BufReader::new(file);
    let table = header.storage.read::<f64>(header.order, header.bytes(), &mut reader)?;
    let mut full = zeros(dims, entries - 1).map_err(io::Error::other)?;
    for entry in 0..entries - 1 {
        let place = |column: usize| {
            let number = index(table[column * entries + entry])?.checked_sub(1)?;
            (number < dims[column]).then_some(number)
        };
        let (Some(row), Some(column)) = (place(0), place(1)) else {
            return Err(io::Error::other("a sparse matrix with a value outside of it"));
        };
        full[column * dims[0] + row] = T::from_f64(table[2 * entries + entry]);
    }
    Ok(Variable::Numbers(dims.to_vec(), full))
}
