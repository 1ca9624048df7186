//! Arrays of MATLAB files of version 5 to 7: what stands before their values, and the values.
use std::io;

use super::element::Elements;
use super::sparse::{Columns, index};
use super::variable::{NoNumbers, Variable};
use super::{described, inside, letters};
use crate::import::arrays::value::FromF64;

/// What an array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Cells,
    Struct,
    Object,
    Letters,
    Sparse,
    Numbers,
    Function,
    /// Of a class that is defined in MATLAB's language, such as a table.
    Opaque,
}

/// What stands before the values of an array.
pub(super) struct Header {
    class: Class,
    complex: bool,
    dims: Vec<usize>,
    /// Empty where the array lies in another.
    pub(super) name: String,
}

const COMPLEX: u8 = 0x08;

/// What a struct is called in outlines.
pub(super) const STRUCTS: &str = "structs";

/// What a single struct is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Singles {
    /// What it holds.
    Opened,
    /// A cell with what it holds, as of an array of structs.
    Cells,
    /// The same, and structs without the field are empty cells.
    Loose,
}

impl Header {
    pub(super) fn read(elements: &mut Elements) -> io::Result<Self> {
        let flags = elements.numbers::<f64>()?;
        let &[flags, _] = flags.as_slice() else {
            return Err(io::Error::other("an array whose flags are missing"));
        };
        let [class, flags, ..] = index(flags).unwrap_or(0).to_le_bytes();
        let class = match class {
            1 => Class::Cells,
            2 => Class::Struct,
            3 => Class::Object,
            4 => Class::Letters,
            5 => Class::Sparse,
            6..=15 => Class::Numbers,
            16 => Class::Function,
            17 => Class::Opaque,
            other => return Err(io::Error::other(format!("an array of class {other}"))),
        };
        let dims = match class {
            Class::Opaque => Vec::new(),
            _ => dims(&elements.numbers()?)?,
        };
        let name = text(&elements.bytes()?);
        Ok(Self { class, complex: flags & COMPLEX > 0, dims, name })
    }

    fn size(&self) -> usize {
        self.dims.iter().product()
    }
}

/// Lengths of axes, whose product is a number of places.
fn dims(lengths: &[f64]) -> io::Result<Vec<usize>> {
    let dims: Option<Vec<usize>> = lengths.iter().map(|length| index(*length)).collect();
    let size = |dims: &Vec<usize>| {
        let longest = dims.iter().map(|length| *length.max(&1));
        longest.into_iter().try_fold(1, usize::checked_mul).is_some()
    };
    let dims = dims.filter(size).filter(|dims| dims.len() > 1);
    dims.ok_or_else(|| io::Error::other(format!("an array of shape {lengths:?}")))
}

/// A name, without the zeros that fill it up.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Appends what an array is, under its name, and what the fields of a struct are.
pub(super) fn outline(
    header: &Header,
    name: &str,
    elements: &mut Elements,
    contents: &mut Vec<(String, String)>,
) -> io::Result<()> {
    let holds = match header.class {
        Class::Struct => return outline_of_fields(header, name, elements, contents),
        Class::Cells => {
            contents.push((name.to_owned(), described("cells", &header.dims)));
            return outline_of_cells(header, name, elements, contents);
        }
        Class::Numbers => described("numbers", &header.dims),
        Class::Sparse => described("sparse numbers", &header.dims),
        Class::Letters => "text".into(),
        Class::Object | Class::Function | Class::Opaque => match other(header, elements)? {
            Variable::<f32>::Other(other) => other.found,
            _ => String::new(),
        },
    };
    contents.push((name.to_owned(), holds));
    Ok(())
}

/// Cells of structs have the fields of the first.
fn outline_of_cells(
    header: &Header,
    name: &str,
    elements: &mut Elements,
    contents: &mut Vec<(String, String)>,
) -> io::Result<()> {
    if header.size() == 0 {
        return Ok(());
    }
    let fields = elements.array(|elements| {
        let first = Header::read(elements)?;
        if first.class == Class::Struct { field_names(elements) } else { Ok(Vec::new()) }
    })?;
    let holds = described("cells", &header.dims);
    let fields = fields.unwrap_or_default().into_iter();
    contents.extend(fields.map(|field| (inside(name, &field), holds.clone())));
    Ok(())
}

fn outline_of_fields(
    header: &Header,
    name: &str,
    elements: &mut Elements,
    contents: &mut Vec<(String, String)>,
) -> io::Result<()> {
    let fields = field_names(elements)?;
    for field in fields {
        let field = inside(name, &field);
        if header.size() != 1 {
            contents.push((field, described("cells", &header.dims)));
            continue;
        }
        let mut found = Vec::new();
        let listed = elements.array(|elements| {
            let header = Header::read(elements)?;
            outline(&header, &field, elements, &mut found)
        })?;
        contents.extend(found);
        if listed.is_none() {
            contents.push((field, described("numbers", &[0, 0])));
        }
    }
    Ok(())
}

/// The same, with what the first of an array of structs holds.
pub(super) fn deep_outline(
    header: &Header,
    name: &str,
    elements: &mut Elements,
    contents: &mut Vec<(String, String)>,
) -> io::Result<()> {
    if header.class == Class::Cells && header.size() > 0 {
        contents.push((name.to_owned(), described("cells", &header.dims)));
        let first = elements.array(|elements| {
            let first = Header::read(elements)?;
            let is_struct = first.class == Class::Struct;
            if is_struct { deep_outline(&first, name, elements, contents) } else { Ok(()) }
        });
        return first.map(|_| ());
    }
    if header.class != Class::Struct {
        return outline(header, name, elements, contents);
    }
    contents.push((name.to_owned(), described(STRUCTS, &header.dims)));
    let fields = field_names(elements)?;
    for field in fields.iter().filter(|_| header.size() > 0) {
        let mut found = Vec::new();
        elements.array(|elements| {
            let header = Header::read(elements)?;
            deep_outline(&header, &inside(name, field), elements, &mut found)
        })?;
        contents.extend(found);
    }
    Ok(())
}

fn field_names(elements: &mut Elements) -> io::Result<Vec<String>> {
    let length = elements.numbers::<f64>()?;
    let length = length.first().copied().and_then(index).filter(|length| *length > 0);
    let length = length.ok_or_else(|| io::Error::other("a struct whose names have no length"))?;
    Ok(elements.bytes()?.chunks(length).map(text).collect())
}

/// What an array holds; of a struct, what the field that the path leads to does. Of an array of
/// structs, that is one cell for each.
pub(super) fn variable<T: FromF64>(
    header: Header,
    elements: &mut Elements,
    (path, singles): (&[&str], Singles),
) -> io::Result<Option<Variable<T>>> {
    if header.class == Class::Struct {
        return fields(header, elements, (path, singles));
    }
    if header.class == Class::Cells && !path.is_empty() {
        return cells_of_structs(header, elements, (path, singles));
    }
    if !path.is_empty() {
        let nothing = match singles {
            Singles::Opened => false,
            // `[]` in place of an array of structs.
            Singles::Cells => header.size() == 0,
            Singles::Loose => true,
        };
        return Ok(nothing.then(no_cells));
    }
    match header.class {
        Class::Cells => cells(header, elements, singles),
        Class::Letters => {
            let units = elements.letters(header.size())?;
            Ok(Variable::Text(letters::rows(&header.dims, &units)))
        }
        Class::Numbers => numbers(header, elements),
        Class::Sparse => sparse(header, elements),
        _ => other(&header, elements),
    }
    .map(Some)
}

fn fields<T: FromF64>(
    header: Header,
    elements: &mut Elements,
    (path, singles): (&[&str], Singles),
) -> io::Result<Option<Variable<T>>> {
    let names = field_names(elements)?;
    let Some((wanted, path)) = path.split_first() else {
        return Ok(Some(Variable::Other(NoNumbers::fields(&names))));
    };
    let Some(place) = names.iter().position(|name| name == wanted) else {
        return Ok((singles == Singles::Loose).then(no_cells));
    };
    let mut values = Vec::new();
    for _ in 0..header.size() {
        (0..place).try_for_each(|_| elements.pass_array())?;
        let Some(value) = nested(elements, (path, singles))? else { return Ok(None) };
        values.push(value);
        (place + 1..names.len()).try_for_each(|_| elements.pass_array())?;
    }
    if header.size() == 1 && singles == Singles::Opened {
        return Ok(values.pop());
    }
    Ok(Some(Variable::Cells(header.dims, values)))
}

/// What fields of structs in cells hold, which are as an array of structs.
fn cells_of_structs<T: FromF64>(
    header: Header,
    elements: &mut Elements,
    (path, singles): (&[&str], Singles),
) -> io::Result<Option<Variable<T>>> {
    let mut values = Vec::new();
    for _ in 0..header.size() {
        let value = elements.array(|elements| {
            let inner = Header::read(elements)?;
            // The struct is the cell.
            let is_struct = inner.class == Class::Struct && inner.size() == 1;
            Ok(match variable(inner, elements, (path, singles))? {
                Some(Variable::Cells(_, mut cells))
                    if is_struct && singles != Singles::Opened && cells.len() == 1 =>
                {
                    cells.pop()
                }
                value => value,
            })
        })?;
        let Some(value) = value.unwrap_or_else(|| Some(no_cells())) else { return Ok(None) };
        values.push(value);
    }
    if header.size() == 1 && singles == Singles::Opened {
        return Ok(values.pop());
    }
    Ok(Some(Variable::Cells(header.dims, values)))
}

/// What stands for structs where there are none.
fn no_cells<T>() -> Variable<T> {
    Variable::Cells(vec![0, 0], Vec::new())
}

/// An array in another one.
fn nested<T: FromF64>(
    elements: &mut Elements,
    (path, singles): (&[&str], Singles),
) -> io::Result<Option<Variable<T>>> {
    let value = elements.array(|elements| {
        let header = Header::read(elements)?;
        variable(header, elements, (path, singles))
    })?;
    Ok(value.unwrap_or_else(|| Some(Variable::Numbers(vec![0, 0], Vec::new()))))
}

fn cells<T: FromF64>(
    header: Header,
    elements: &mut Elements,
    singles: Singles,
) -> io::Result<Variable<T>> {
    let mut cells = Vec::new();
    for _ in 0..header.size() {
        cells.extend(nested(elements, (&[], singles))?);
    }
    Ok(Variable::Cells(header.dims, cells))
}

fn numbers<T: FromF64>(header: Header, elements: &mut Elements) -> io::Result<Variable<T>> {
    if header.complex {
        return Ok(Variable::Other(NoNumbers::complex()));
    }
    let numbers = elements.numbers::<T>()?;
    if numbers.len() == header.size() {
        return Ok(Variable::Numbers(header.dims, numbers));
    }
    let (found, expected) = (numbers.len(), described("an array", &header.dims));
    Err(io::Error::other(format!("{found} numbers for {expected}")))
}

fn sparse<T: FromF64>(header: Header, elements: &mut Elements) -> io::Result<Variable<T>> {
    let &[rows, columns] = header.dims.as_slice() else {
        return Err(io::Error::other(described("a sparse array", &header.dims)));
    };
    if header.complex {
        return Ok(Variable::Other(NoNumbers::complex()));
    }
    let (places, starts) = (elements.numbers()?, elements.numbers()?);
    let values = elements.numbers()?;
    let full = Columns { dims: [rows, columns], rows: places, starts, values }.full();
    Ok(Variable::Numbers(header.dims, full.map_err(io::Error::other)?))
}

/// What is no array of numbers, with the name of its class.
fn other<T: FromF64>(header: &Header, elements: &mut Elements) -> io::Result<Variable<T>> {
    Ok(Variable::Other(match header.class {
        Class::Function => NoNumbers::function(),
        Class::Opaque => {
            let _kind_of_system = elements.bytes()?;
            NoNumbers::object(&text(&elements.bytes()?))
        }
        _ => NoNumbers::object(&text(&elements.bytes()?)),
    }))
}
