//! NumPy archives: `numpy.savez` and `numpy.savez_compressed`.
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use clap::Args;
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use npyz::{NpyFile, NpyHeader, Order, TypeChar};
use zip::ZipArchive;

use super::axes::LastAxes;
use super::options::{ArrayOptions, refused};
use super::recording;
use super::value::{ArrayValue, Arrays, FromF64};
use crate::base::error::{Cause, Error, Problem, Result, fault};
use crate::base::files;
use crate::base::memory::{self, count};
use crate::dataset::schema::shape;
use crate::import::format::{Format, Imported};
use crate::import::npy::{self, is_list, is_number, lengths, type_of};
use crate::import::report::ImportReport;

/// `strf import npz`.
#[derive(Debug, Clone, Args)]
pub struct Npz {
    /// Which arrays hold what.
    #[command(flatten)]
    pub arrays: ArrayOptions,
}

impl Format for Npz {
    fn name(&self) -> &'static str {
        "npz"
    }

    fn sources(&self) -> Vec<&Path> {
        vec![&self.arrays.source]
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let mut archive = Archive::open(&self.arrays.source)?;
        recording(&mut archive, &self.arrays, report).map(Imported::without_sound)
    }
}

/// Bytes of the text in front of an array at most: it names its type and its shape.
const LONGEST_HEADER: u64 = 1 << 16;
/// Bytes that a text takes beside its letters.
const OF_TEXT: usize = 40;

/// An open archive, and what its arrays are.
struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<BufReader<File>>,
    /// Names without `.npy`, shapes and types.
    headers: Vec<(String, NpyHeader)>,
}

impl<'a> Archive<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let reading =
            |source: io::Error| Error::file(format!("opening {}", path.display()), source);
        let file = files::open(path, "NumPy archive")?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|source| {
            let what =
                "this is no NumPy archive, or it is truncated (write it again with numpy.savez)";
            Error::file(format!("opening {}: {what}", path.display()), source)
        })?;
        let mut headers = Vec::new();
        for index in 0..zip.len() {
            let member = zip.by_index(index).map_err(|e| reading(e.into()))?;
            let name = member.name().map_err(|e| reading(e.into()))?.into_owned();
            let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else { continue };
            let header = header(member).map_err(|source| {
                let what = format!("reading {}: {name}", path.display());
                Error::file(what, source)
            })?;
            headers.push((name, header));
        }
        Ok(Self { path, zip, headers })
    }

    fn header(&self, name: &str) -> Option<&NpyHeader> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, header)| header)
    }

    /// What `read` makes of an array.
    fn with<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(NpyFile<&mut dyn Read>) -> io::Result<T>,
    ) -> Result<T> {
        let failed = |source: io::Error| {
            let damaged = "it is truncated or damaged (write it again with numpy.savez)";
            let what = fault(&source, damaged);
            Error::file(format!("reading {}: {name}: {what}", self.path.display()), source)
        };
        let member = self.zip.by_name(&format!("{name}.npy"));
        let mut member = member.map_err(|source| failed(source.into()))?;
        NpyFile::new(&mut member as &mut dyn Read).and_then(read).map_err(failed)
    }
}

/// What stands in front of an array.
fn header(member: impl Read) -> Result<NpyHeader, Cause> {
    let mut head = member.take(LONGEST_HEADER);
    match NpyHeader::from_reader(&mut head) {
        Err(_cut_off) if head.limit() == 0 => {
            Err(format!("its header is longer than {LONGEST_HEADER} bytes").into())
        }
        read => Ok(read?),
    }
}

impl Arrays for Archive<'_> {
    fn contents(&self) -> Vec<(String, String)> {
        self.headers.iter().map(|(name, header)| (name.clone(), described(header))).collect()
    }

    fn value(&mut self, name: &str) -> Result<ArrayValue> {
        let Some(header) = self.header(name).filter(|header| is_number(header)) else {
            let found = self.header(name).map_or("nothing".into(), described);
            let problem = Problem::new(name, found, "an array of numbers");
            let hint = "save each array of a list under a name of its own, or as one array of \
                        numbers filled up with NaN";
            return Err(refused(self.path, problem.hint(hint)));
        };
        if name == "data" && self.header("indptr").is_some() {
            let problem = Problem::new(name, "the values of a sparse array", "an array of numbers");
            return Err(refused(self.path, problem.hint("save the full array, x.toarray()")));
        }
        let dims: Vec<usize> = lengths(header);
        let fortran = header.order() == Order::Fortran;
        let failed = |source| Error::failed(format!("reading {name}"), source);
        if ArrayValue::is_large(&dims) && !fortran {
            let size = dims[1..].iter().product();
            let parts = self.with(name, |npy| numbers::<f32>(npy, size))?.into_iter();
            let part = |part| ArrayD::from_shape_vec(IxDyn(&dims[1..]), part).map_err(failed);
            let cells = parts.map(|values| part(values).map(ArrayValue::Numbers));
            return Ok(ArrayValue::Cells(vec![dims[0]], cells.collect::<Result<_>>()?));
        }
        let values = self.with(name, all::<f32>)?;
        let array = ArrayD::from_shape_vec(IxDyn(&dims).set_f(fortran), values);
        array.map(ArrayValue::Numbers).map_err(failed)
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        match self.header(name) {
            Some(header) if is_number(header) && is_list(header) => {
                self.with(name, all::<f64>).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        match self.header(name) {
            Some(header) if is_list(header) && is_text(header) => self.with(name, texts).map(Some),
            _ => {
                let numbers = self.numbers(name)?;
                Ok(numbers.map(|list| list.iter().map(ToString::to_string).collect()))
            }
        }
    }

    fn last_axes(&self) -> LastAxes {
        LastAxes::Kept
    }
}

fn is_text(header: &NpyHeader) -> bool {
    matches!(type_of(header), Some(TypeChar::UnicodeStr | TypeChar::ByteStr))
}

fn described(header: &NpyHeader) -> String {
    let holds = if is_number(header) {
        "numbers"
    } else if is_text(header) {
        "texts"
    } else if header.uses_pickled_array() {
        "Python objects"
    } else {
        "records"
    };
    format!("{holds} {}", shape(&lengths(header)))
}

fn texts(npy: NpyFile<&mut dyn Read>) -> io::Result<Vec<String>> {
    let of_one = npy.dtype().num_bytes().unwrap_or(usize::MAX).saturating_add(OF_TEXT);
    memory::take(places(&npy).saturating_mul(of_one))?;
    npy.into_vec()
}

/// All numbers of an array, in the order in which they lie there.
fn all<T: FromF64>(npy: NpyFile<&mut dyn Read>) -> io::Result<Vec<T>> {
    let count = places(&npy);
    Ok(numbers(npy, count)?.pop().unwrap_or_default())
}

/// How many values an array says that it has.
fn places(npy: &NpyFile<&mut dyn Read>) -> usize {
    count(&lengths(npy.header()))
}

/// The numbers of an array, of whatever type, in parts of so many, if there is memory for them and a copy.
fn numbers<T: FromF64>(npy: NpyFile<&mut dyn Read>, size: usize) -> io::Result<Vec<Vec<T>>> {
    memory::take_values::<[T; 2]>(places(&npy))?;
    parts(npy::numbers(npy)?.map(|value| value.map(T::from_f64)), size)
}

fn parts<T>(values: impl Iterator<Item = io::Result<T>>, size: usize) -> io::Result<Vec<Vec<T>>> {
    let mut parts: Vec<Vec<T>> = Vec::new();
    for value in values {
        match parts.last_mut() {
            Some(part) if part.len() < size => part.push(value?),
            _ => parts.push(std::iter::once(value?).collect()),
        }
    }
    for part in &mut parts {
        part.shrink_to_fit();
    }
    Ok(parts)
}
