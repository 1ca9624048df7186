//! MATLAB files of version 5 to 7.
use std::panic::{self, UnwindSafe};
use std::path::Path;

use matrw::{MatFile, MatVariable, MatlabType, load_matfile_from_u8};

use super::{bytes, column_major, described, inside, row_major};
use crate::base::error::{Error, Problem, Result};
use crate::base::files;
use crate::dataset::schema::shape;
use crate::import::arrays::axes::LastAxes;
use crate::import::arrays::options::refused;
use crate::import::arrays::value::{ArrayValue, Arrays};

/// Bytes before the first variable.
const HEADER: usize = 128;
/// How the library wants the text at the start; other programs than MATLAB write no comma.
const TEXT: &[u8] = b"MATLAB 5.0 MAT-file, ";
/// Where two bytes tell the order of the bytes of numbers.
const ENDIAN: usize = 126;

/// The variables of a file.
pub(super) struct Variables<'a> {
    path: &'a Path,
    file: MatFile,
}

impl<'a> Variables<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self> {
        let mut bytes = bytes(&mut files::open(path, "MATLAB file")?, path)?;
        require_whole(path, &bytes)?;
        bytes[..TEXT.len()].copy_from_slice(TEXT);
        let damaged = "it is damaged, or holds something that cannot be read (save the arrays alone \
                       with save -v7)";
        let failed = || format!("reading {}: {damaged}", path.display());
        match quietly(|| load_matfile_from_u8(&bytes)) {
            Ok(Ok(file)) => Ok(Self { path, file }),
            Ok(Err(source)) => Err(Error::file(failed(), source.to_string())),
            Err(_panicked) => Err(Error::Refused(failed())),
        }
    }

    fn find(&self, name: &str) -> Option<MatVariable> {
        let mut parts = name.split('.');
        let first = parts.next()?;
        let variable = self.file.iter().find(|(known, _)| *known == first)?.1;
        parts.try_fold(plain(variable).clone(), |variable, part| field(&variable, part))
    }
}

/// What `read` gives, or that it panicked, of which nothing is printed: the library panics on
/// variables that it does not know, such as function handles, and on damaged ones.
fn quietly<T>(read: impl FnOnce() -> T + UnwindSafe) -> std::thread::Result<T> {
    let printing = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(read);
    panic::set_hook(printing);
    result
}

/// Every variable is complete, so that none is lost unseen at the end of a truncated file.
fn require_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let order = bytes.get(ENDIAN..HEADER);
    if order == Some(b"MI") {
        return Err(Error::Refused(format!(
            "{}: found numbers in big-endian order, expected little-endian ones; save the file \
             again on a newer machine",
            path.display()
        )));
    }
    let mut at = HEADER;
    while at < bytes.len() {
        let word = |from: usize| {
            let word = bytes.get(from..from + 4).and_then(|word| word.try_into().ok());
            word.map(|word| u32::from_le_bytes(word) as usize)
        };
        let end = word(at + 4).map(|length| at + 8 + length);
        if order.is_none() || end.is_none_or(|end| end > bytes.len()) {
            break;
        }
        at = end.unwrap_or(bytes.len());
    }
    if at == bytes.len() && order.is_some() {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{}: the file ends in the middle of a variable, after {} bytes; copy or save it again",
        path.display(),
        bytes.len()
    )))
}

/// A variable without its compression.
fn plain(variable: &MatVariable) -> &MatVariable {
    match variable {
        MatVariable::Compressed(inner) => plain(&inner.value),
        other => other,
    }
}

/// A field of a struct; of an array of structs, cells with that field of each.
fn field(variable: &MatVariable, name: &str) -> Option<MatVariable> {
    match plain(variable) {
        MatVariable::Structure(structure) => structure.get(name).map(|inner| plain(inner).clone()),
        MatVariable::StructureArray(array) => {
            let fields = array.value.iter().map(|one| field(one, name));
            let fields = fields.collect::<Option<Vec<MatVariable>>>()?;
            matrw::CellArray::new(array.dim.clone(), fields).ok().map(MatVariable::CellArray)
        }
        _ => None,
    }
}

impl Arrays for Variables<'_> {
    fn contents(&self) -> Vec<(String, String)> {
        let mut contents = Vec::new();
        self.file.iter().for_each(|(name, variable)| list(name, plain(variable), &mut contents));
        contents
    }

    fn value(&mut self, name: &str) -> Result<ArrayValue> {
        let variable = self.find(name).unwrap_or(MatVariable::Null);
        value(&variable).map_err(|found| {
            let problem = Problem::new(name, found, "numbers, or cells of numbers");
            refused(self.path, problem)
        })
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        Ok(self.find(name).and_then(|variable| match &variable {
            MatVariable::NumericArray(array) if is_list(&array.dim) => numbers(&array.value),
            _ => None,
        }))
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let variable = self.find(name);
        let texts = variable.as_ref().and_then(|variable| match variable {
            MatVariable::CellArray(cells) => cells.value.iter().map(text).collect(),
            variable => text(variable).map(|text| vec![text]),
        });
        if texts.is_some() {
            return Ok(texts);
        }
        let numbers = self.numbers(name)?;
        Ok(numbers.map(|list| list.iter().map(ToString::to_string).collect()))
    }

    fn last_axes(&self) -> LastAxes {
        LastAxes::Dropped
    }
}

fn is_list(dims: &[usize]) -> bool {
    dims.iter().filter(|length| **length != 1).count() <= 1
}

fn list(name: &str, variable: &MatVariable, contents: &mut Vec<(String, String)>) {
    let holds = match variable {
        MatVariable::NumericArray(_) if text(variable).is_some() => "text".into(),
        MatVariable::NumericArray(array) => described("numbers", &array.dim),
        MatVariable::CellArray(cells) => described("cells", &cells.dim),
        MatVariable::Structure(_) | MatVariable::StructureArray(_) => {
            for part in variable.fieldnames().unwrap_or_default() {
                if let Some(inner) = field(variable, &part) {
                    list(&inside(name, &part), &inner, contents);
                }
            }
            return;
        }
        _ => "something else".into(),
    };
    contents.push((name.to_owned(), holds));
}

fn value(variable: &MatVariable) -> Result<ArrayValue, String> {
    match plain(variable) {
        MatVariable::NumericArray(array) => {
            if array.value_cmp.is_some() {
                return Err(format!("complex numbers {}", shape(&array.dim)));
            }
            let numbers = numbers(&array.value).ok_or("text")?;
            #[expect(clippy::cast_possible_truncation, reason = "responses and levels are f32")]
            let numbers = numbers.into_iter().map(|number| number as f32).collect();
            let array = column_major(&array.dim, numbers);
            array.map(ArrayValue::Numbers).map_err(|error| error.to_string())
        }
        MatVariable::CellArray(cells) => {
            let values = row_major(&cells.dim, cells.value.iter().collect());
            let values =
                values.into_iter().map(value).collect::<Result<Vec<ArrayValue>, String>>()?;
            Ok(ArrayValue::Cells(cells.dim.clone(), values))
        }
        MatVariable::Null => Err("nothing".into()),
        _ => Err("something else".into()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "whole numbers of this size are ids, not data")]
fn numbers(values: &MatlabType) -> Option<Vec<f64>> {
    use MatlabType::{BOOL, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64, UTF8, UTF16};
    Some(match values {
        F64(values) => values.clone(),
        F32(values) => values.iter().map(|v| f64::from(*v)).collect(),
        U8(values) => values.iter().map(|v| f64::from(*v)).collect(),
        I8(values) => values.iter().map(|v| f64::from(*v)).collect(),
        U16(values) => values.iter().map(|v| f64::from(*v)).collect(),
        I16(values) => values.iter().map(|v| f64::from(*v)).collect(),
        U32(values) => values.iter().map(|v| f64::from(*v)).collect(),
        I32(values) => values.iter().map(|v| f64::from(*v)).collect(),
        U64(values) => values.iter().map(|v| *v as f64).collect(),
        I64(values) => values.iter().map(|v| *v as f64).collect(),
        BOOL(values) => values.iter().map(|v| f64::from(u8::from(*v))).collect(),
        UTF8(_) | UTF16(_) => return None,
    })
}

/// Characters in one row.
fn text(variable: &MatVariable) -> Option<String> {
    match plain(variable) {
        MatVariable::NumericArray(array) if is_list(&array.dim) => match &array.value {
            MatlabType::UTF8(text) | MatlabType::UTF16(text) => Some(text.iter().collect()),
            _ => None,
        },
        _ => None,
    }
}
