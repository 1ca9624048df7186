//! MATLAB files of the sounds, by their descriptions.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::cells::mat_files;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::import::arrays::mat::{FieldValue, StructFile};
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::hearing::{OpenSound, Opened};
use crate::import::sessions::spikes::LeftOut;
use crate::sound::{Mixer, Sound};

const DESCRIPTION: &str = "stimulus.param.description";
const SAMPLES: &str = "stimulus.samples";
const RATE: &str = "stimulus.param.sf";

/// The files of folders, by the descriptions in them.
pub struct StimulusFiles(BTreeMap<String, Vec<PathBuf>>);

impl StimulusFiles {
    /// Looks into all MATLAB files of folders; those without a description are counted.
    ///
    /// # Errors
    /// A folder or file cannot be read, or there is no sound.
    pub fn of(
        folders: &[PathBuf],
        left_out: &mut LeftOut,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let (mut files, mut others) = (BTreeMap::<String, Vec<PathBuf>>::new(), Vec::new());
        let mut paths = Vec::new();
        for folder in folders {
            paths.extend(mat_files(folder, left_out)?);
        }
        for path in paths {
            match description(&path)? {
                Some(text) => files.entry(text).or_default().push(path),
                None => others.push(path.display().to_string()),
            }
        }
        if files.is_empty() {
            let shown: Vec<String> = folders.iter().map(|one| one.display().to_string()).collect();
            return Err(Error::Refused(format!(
                "{}: found no MATLAB file with {DESCRIPTION}, expected one for each sound; check \
                 --sounds",
                listed(&shown)
            )));
        }
        if !others.is_empty() {
            let count = counted(others.len(), "MATLAB file");
            report.dropped(format!("{count} without {DESCRIPTION}: {}", listed(&others)));
        }
        Ok(Self(files))
    }

    /// The descriptions of all sounds.
    pub fn descriptions(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The file of a description; of several with one sound, the first.
    ///
    /// # Errors
    /// Several hold different sounds, or cannot be read.
    pub fn find(&mut self, description: &str) -> Result<Option<PathBuf>> {
        let Some(files) = self.0.get_mut(description) else { return Ok(None) };
        let [first, others @ ..] = &files[..] else { return Ok(None) };
        for other in others {
            if samples(first)? != samples(other)? {
                return Err(Error::Refused(format!(
                    "{} and {}: found two sounds described as {description:?}, expected one; remove \
                     the other, or give the folder of the right ones alone with --sounds",
                    first.display(),
                    other.display()
                )));
            }
        }
        // They are compared once.
        files.truncate(1);
        Ok(files.first().cloned())
    }
}

/// The description in a file, if there is one.
fn description(path: &Path) -> Result<Option<String>> {
    let found = StructFile::open(path)?.each::<f32>(DESCRIPTION)?;
    Ok(match &found[..] {
        [FieldValue::Text(text)] => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    })
}

/// Samples and their rate.
fn samples(path: &Path) -> Result<(Vec<f32>, f64)> {
    let mut file = StructFile::open(path)?;
    let rate_hz = file.number(RATE)?;
    if rate_hz <= 0.0 {
        return Err(file.refused(RATE, &rate_hz.to_string(), "samples a second, above 0"));
    }
    let samples: Vec<f32> = file.numbers(SAMPLES)?;
    match samples.iter().find(|sample| !sample.is_finite()) {
        Some(bad) => Err(file.refused(SAMPLES, &bad.to_string(), "finite numbers")),
        None => Ok((samples, rate_hz)),
    }
}

/// The sound in a file, to be read when its turn comes.
pub fn open(path: PathBuf) -> OpenSound {
    Box::new(move |channel| {
        let mixer = Mixer::new(channel, 1, &path.display().to_string())?;
        let (samples, rate_hz) = samples(&path)?;
        let sound = Sound { rate_hz, pieces: Box::new(std::iter::once(Ok(samples))) };
        Ok(Opened { sound, mixer, notes: Vec::new() })
    })
}
