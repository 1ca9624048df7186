//! Where spike files and their sounds lie.
use std::fs;
use std::path::{Path, PathBuf};

use super::{Spikes, natural_order};
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::files;
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::import::report::{ImportReport, listed};

/// How deep folders are searched.
const DEPTH: usize = 6;
/// Endings of sound files; a file without one of them may name a sound file.
const SOUND_ENDINGS: [&str; 4] = ["wav", "wave", "flac", "mp3"];
/// A text that names a sound file is shorter.
const LONGEST_NAME: u64 = 4096;
/// What a level of folders tells.
const NEURON: &str = "neuron";
const TYPE: &str = "type";

/// One folder of spike files.
pub struct Found {
    /// Neuron of the folder.
    pub neuron: Entity,
    /// Type of the stimuli, where a folder's name says it.
    pub kind: Option<String>,
    /// Spike files in the order of their names.
    pub heard: Vec<SpikeFile>,
}

/// A spike file and the sound that was played.
pub struct SpikeFile {
    /// Spike file, with one line a repeat.
    pub spikes: PathBuf,
    /// The sound file.
    pub sound: PathBuf,
}

/// The recordings in a folder and below.
///
/// # Errors
/// A folder that cannot be read, patterns without `{}`, and for all files at once: no sound, or a
/// name of a sound that is nowhere.
pub fn recordings(
    folder: &Path,
    options: &Spikes,
    report: &mut ImportReport,
) -> Result<Vec<Found>> {
    let patterns = Patterns::new(options)?;
    if !folder.is_dir() {
        let what = if folder.exists() { "this is no folder" } else { "there is no such folder" };
        return Err(Error::Refused(format!(
            "{}: {what}, expected the folder of the spike files; check the path",
            folder.display()
        )));
    }
    let mut folders = Vec::new();
    walk(folder, DEPTH, &mut |folder| folders.push(folder.to_path_buf()))?;
    let sounds = Library::of(&options.sounds)?;
    let mut found = Vec::new();
    let mut problems = Problems::default();
    for inner in folders {
        let (heard, unheard) = patterns.pairs(&inner, &sounds, &mut problems)?;
        if !unheard.is_empty() && !heard.is_empty() {
            let count =
                counted(unheard.len(), "stimulus file").replace("1 stimulus file", "the stimulus");
            let (names, at) = (listed(&unheard), inner.display());
            report.dropped(format!("{count} without spikes in {at}: {names}"));
        }
        if !heard.is_empty() {
            let (neuron, kind) = entity(folder, &inner, &options.levels)?;
            found.push(Found { neuron, kind, heard });
        }
    }
    problems.into_result(folder, found)
}

/// Visits a folder and those below in natural order.
fn walk(folder: &Path, depth: usize, visit: &mut dyn FnMut(&Path)) -> Result<()> {
    visit(folder);
    if depth == 0 {
        return Ok(());
    }
    let mut names = files::names(folder)?;
    names.sort_by(|a, b| natural_order::compare(a, b));
    for inner in names.iter().map(|name| folder.join(name)).filter(|path| path.is_dir()) {
        walk(&inner, depth - 1, visit)?;
    }
    Ok(())
}

/// What names of files look like.
struct Patterns {
    spikes: (String, String),
    stimuli: (String, String),
}

impl Patterns {
    fn new(options: &Spikes) -> Result<Self> {
        let divided = |option: &str, pattern: &str| {
            let parts = pattern.split_once("{}");
            let parts = parts.map(|(before, after)| (before.to_owned(), after.to_owned()));
            parts.ok_or_else(|| {
                Error::Refused(format!(
                    "{option}: found {pattern:?}, expected a name with {{}} for what tells stimuli \
                     apart, as in spike{{}}"
                ))
            })
        };
        Ok(Self {
            spikes: divided("--spike-files", &options.spike_files)?,
            stimuli: divided("--stimulus-files", &options.stimulus_files)?,
        })
    }

    /// Spike files with their sounds, and stimulus files without spikes.
    fn pairs(
        &self,
        folder: &Path,
        sounds: &Library,
        problems: &mut Problems,
    ) -> Result<(Vec<SpikeFile>, Vec<String>)> {
        let mut names = files::names(folder)?;
        names.sort_by(|a, b| natural_order::compare(a, b));
        names.retain(|name| folder.join(name).is_file());
        let mut heard = Vec::new();
        let mut keys = Vec::new();
        for name in &names {
            let Some(key) = key(name, &self.spikes).filter(|_| !is_sound(name)) else { continue };
            keys.push(key.to_owned());
            let stimulus = names.iter().find(|name| self::key(name, &self.stimuli) == Some(key));
            let spikes = folder.join(name);
            let (before, after) = &self.stimuli;
            let sound = match stimulus {
                Some(name) => sound_of(&folder.join(name), folder, sounds),
                None => sounds.find(key).map(Path::to_path_buf).ok_or_else(|| {
                    let expected =
                        format!("a file {before}{key}{after}, or a sound {key} in --sounds");
                    Problem::new(spikes.display().to_string(), "no stimulus file", expected)
                }),
            };
            match sound {
                Ok(sound) => heard.push(SpikeFile { spikes, sound }),
                Err(problem) => problems.push(problem),
            }
        }
        let unheard = names.iter().filter(|name| {
            key(name, &self.stimuli).is_some_and(|key| !keys.iter().any(|known| known == key))
        });
        let unheard = unheard.cloned().collect();
        Ok((heard, unheard))
    }
}

/// What stands for `{}` in a name, with or without its ending.
fn key<'a>(name: &'a str, (before, after): &(String, String)) -> Option<&'a str> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let inside = |name: &'a str| name.strip_prefix(before.as_str())?.strip_suffix(after.as_str());
    inside(stem).or_else(|| inside(name)).filter(|key| !key.is_empty())
}

fn is_sound(name: &str) -> bool {
    let ending = Path::new(name).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| SOUND_ENDINGS.contains(&ending.as_str()))
}

/// The sound file that a stimulus file is or names.
fn sound_of(stimulus: &Path, folder: &Path, sounds: &Library) -> Result<PathBuf, Problem> {
    if is_sound(&stimulus.to_string_lossy()) {
        return Ok(stimulus.to_path_buf());
    }
    let at = stimulus.display().to_string();
    let short = stimulus.metadata().is_ok_and(|found| found.len() <= LONGEST_NAME);
    let text = if short { fs::read_to_string(stimulus).ok() } else { None };
    let Some(text) = text else {
        // Whatever it is, decoding it says what is wrong with it.
        return Ok(stimulus.to_path_buf());
    };
    let named = Path::new(text.trim());
    let name =
        named.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = [folder.join(named), folder.join(&name)];
    let found = beside.into_iter().find(|path| path.is_file() && *path != stimulus);
    found.or_else(|| sounds.find(&name).map(Path::to_path_buf)).ok_or_else(|| {
        let shown: String = text.trim().chars().take(60).collect();
        let problem = Problem::new(at, format!("the name {shown:?}"), "the name of a sound file");
        problem.hint("give the folder that it lies in with --sounds")
    })
}

/// The files in the folders of sounds, by name.
pub struct Library(Vec<(String, PathBuf)>);

impl Library {
    /// All files in these folders and below.
    pub fn of(folders: &[PathBuf]) -> Result<Self> {
        let mut all = Vec::new();
        for folder in folders {
            if !folder.is_dir() {
                let found = "there is no such folder, expected the folder of the sounds";
                return Err(Error::Refused(format!("{}: {found}", folder.display())));
            }
            let mut inner = Vec::new();
            walk(folder, DEPTH, &mut |folder| inner.push(folder.to_path_buf()))?;
            for folder in inner {
                let files = files::names(&folder)?
                    .into_iter()
                    .map(|name| (name.clone(), folder.join(name)));
                all.extend(files.filter(|(_, path)| path.is_file()));
            }
        }
        Ok(Self(all))
    }

    /// The file of this name, with or without an ending.
    pub fn find(&self, name: &str) -> Option<&Path> {
        let without = |known: &str| known.rsplit_once('.').is_some_and(|(stem, _)| stem == name);
        let exact = self.0.iter().find(|(known, _)| known == name);
        let found =
            exact.or_else(|| self.0.iter().find(|(known, _)| is_sound(known) && without(known)));
        found.map(|(_, path)| path.as_path())
    }
}

/// The neuron of a folder below `root`, and the type of its stimuli.
fn entity(root: &Path, folder: &Path, levels: &[String]) -> Result<(Entity, Option<String>)> {
    let below = folder.strip_prefix(root).unwrap_or(folder);
    let mut names: Vec<String> =
        below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if names.is_empty() {
        names.push(name_of(root));
    }
    let levels: Vec<&str> = match (levels, names.len()) {
        ([], 1) => vec![NEURON],
        ([], 2) => vec![NEURON, TYPE],
        ([], 3) => vec!["area", NEURON, TYPE],
        (levels, _) => levels.iter().map(String::as_str).collect(),
    };
    let fits =
        levels.len() == names.len() && levels.iter().filter(|level| **level == NEURON).count() == 1;
    if !fits {
        return Err(Error::Refused(format!(
            "{}: found {} below {}, expected levels as in --levels neuron,type, with one name for \
             each and neuron among them",
            folder.display(),
            counted(names.len(), "level"),
            root.display()
        )));
    }
    let (mut neuron, mut kind) = (Entity::default(), None);
    for (level, name) in levels.into_iter().zip(names) {
        match level {
            NEURON => neuron.id = name,
            TYPE => kind = Some(name),
            attribute => {
                neuron.attributes.insert(attribute.to_owned(), name);
            }
        }
    }
    Ok((neuron, kind))
}

fn name_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_unknown| folder.to_path_buf());
    folder.file_name().map_or_else(|| "neuron".into(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_out_of_names_with_and_without_endings() {
        let pattern = ("spike".to_owned(), "_a".to_owned());
        assert_eq!(key("spike12_a", &pattern), Some("12"));
        assert_eq!(key("spike12_a.txt", &pattern), Some("12"));
        assert_eq!(key("spike_a", &pattern), None);
        assert_eq!(key("stim12_a", &pattern), None);
    }
}
