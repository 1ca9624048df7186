//! Datasets as files of other programs, the way back from `import`: what each format holds is read
//! by `strf import` as it was.
//!
//! A format is one file and one row: what it cannot hold, and how it is written. What it cannot hold
//! is refused, unless it is named among what is to be left out.
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::files::Existing;
use crate::base::wording::{did_you_mean, first, in_shell};
use crate::dataset::Recording;

mod csv;
mod lists;
mod mat;
mod mat5;
mod nems;
mod npz;
mod parts;

use parts::DroppedPart;

/// File format of exported datasets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// One NumPy archive
    Npz,
    /// One MATLAB file of version 7, as MATLAB and scipy read it
    Mat,
    /// A folder of tables
    Csv,
    /// A recording of NEMS: a .tgz archive, or a folder where the name does not end so
    Nems,
}

/// A row of the table of formats.
struct DataFormatRow {
    /// What the format cannot hold of a recording.
    unheld: fn(&Recording) -> Vec<Unheld>,
    write: fn(&Recording, &Path, Existing) -> Result<()>,
    /// What reads it again.
    import: &'static str,
}

/// What a format cannot hold.
struct Unheld {
    /// What `--drop` calls it; none where nothing can be left out.
    part: Option<DroppedPart>,
    problem: Problem,
}

fn row(format: DataFormat) -> &'static DataFormatRow {
    match format {
        DataFormat::Npz => &npz::ROW,
        DataFormat::Mat => &mat::ROW,
        DataFormat::Csv => &csv::ROW,
        DataFormat::Nems => &nems::ROW,
    }
}

/// Where a dataset is written, and what is left out of it.
#[derive(Debug)]
pub struct DataExport<'a> {
    /// File format.
    pub format: DataFormat,
    /// File or folder.
    pub out: &'a Path,
    /// What to do where there is one.
    pub existing: Existing,
    /// Parts of the dataset that are left out, such as `splits` or `neurons/area`.
    pub drop: &'a [String],
}

impl DataExport<'_> {
    /// Writes a recording.
    ///
    /// # Errors
    /// The format cannot hold something that is not to be left out, all of it at once; a part to be
    /// left out that the recording has not; or the file cannot be written.
    pub fn write(&self, mut recording: Recording) -> Result<()> {
        let row = row(self.format);
        let mut problems = Problems::default();
        for name in self.drop {
            let known = parts::of(&recording);
            match known.iter().find(|part| part.to_string() == *name) {
                Some(part) => part.leave_out(&mut recording),
                None => problems.push(unknown(name, &known)),
            }
        }
        let none_left = recording.clips.is_empty();
        let unheld = parts::without_repeats(&recording).into_iter().chain((row.unheld)(&recording));
        for Unheld { part, problem } in unheld {
            problems.push(match part {
                Some(part) if !none_left => {
                    let option = in_shell(Path::new(&part.to_string()));
                    problem.hint(format!("--drop {option} leaves it out"))
                }
                _ => problem,
            });
        }
        problems.into_result(&recording.file, ())?;
        (row.write)(&recording, self.out, self.existing)
    }

    /// The command that reads the file again.
    pub fn command(&self) -> String {
        format!("strf import {} {} --out DATA.h5", row(self.format).import, in_shell(self.out))
    }
}

fn unknown(name: &str, known: &[DroppedPart]) -> Problem {
    const SHOWN: usize = 12;
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    let expected = if known.is_empty() {
        "nothing, as there is nothing that may be left out".into()
    } else {
        format!("a part of the dataset: {}", first(&known, SHOWN))
    };
    let hint = did_you_mean(name, known.iter().map(String::as_str));
    Problem::new("--drop", format!("{name:?}"), expected).hint(hint)
}

/// A failure to put a file together in memory.
fn failed(path: &Path, cause: crate::base::error::Cause) -> Error {
    Error::failed(format!("putting together {}", path.display()), cause)
}

/// The name of a file without its ending and folders.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(PathBuf::from).unwrap_or_default();
    let name = name.to_string_lossy();
    let endings = [".tar.gz", ".tgz", ".tar"];
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    stem.to_owned()
}
