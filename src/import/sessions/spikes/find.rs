//! Where spike files and their sounds lie.
use std::path::{Path, PathBuf};

use super::Spikes;
use super::identity::same_bytes;
use super::library::Library;
use super::names::{Pattern, called, is_sound, path_parts};
use super::walk::{self, LeftOut};
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::wording::{counted, joined};
use crate::dataset::Entity;
use crate::import::encoding;
use crate::import::report::{ImportReport, listed};

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

/// Looks for spike files and their sounds in folders and below.
pub struct Search<'a> {
    spikes: Pattern,
    stimuli: Pattern,
    levels: &'a [String],
    sounds: Library,
    left_out: LeftOut,
    /// Spike files whose sound is nowhere, and why.
    without_sound: Vec<(String, Problem)>,
    /// The sounds of each folder that texts name by a path, with the first such text.
    texts: Vec<((Option<PathBuf>, PathBuf), String)>,
    /// Files that contradict each other.
    problems: Problems,
}

impl<'a> Search<'a> {
    /// As the options say.
    ///
    /// # Errors
    /// Patterns without `{}`, or a folder of sounds that cannot be read.
    pub fn new(options: &'a Spikes) -> Result<Self> {
        let mut left_out = LeftOut::default();
        Ok(Self {
            spikes: Pattern::new("--spike-files", options.spike_files())?,
            stimuli: Pattern::new("--stimulus-files", &options.stimulus_files)?,
            levels: &options.levels,
            sounds: Library::of(&options.sounds, &mut left_out)?,
            left_out,
            without_sound: Vec::new(),
            texts: Vec::new(),
            problems: Problems::default(),
        })
    }

    /// The recordings in a folder and below.
    ///
    /// # Errors
    /// A folder that cannot be read, or folders that do not fit the levels.
    pub fn recordings(&mut self, folder: &Path, report: &mut ImportReport) -> Result<Vec<Found>> {
        if !folder.is_dir() {
            let what =
                if folder.exists() { "this is no folder" } else { "there is no such folder" };
            return Err(Error::Refused(format!(
                "{}: {what}, expected the folder of the spike files; check the path",
                folder.display()
            )));
        }
        let mut found = Vec::new();
        for inner in walk::folders(folder, &mut self.left_out)? {
            let (heard, unheard) = self.pairs(&inner)?;
            if !unheard.is_empty() && !heard.is_empty() {
                let count = counted(unheard.len(), "stimulus file");
                let count = count.replace("1 stimulus file", "the stimulus");
                let (names, at) = (listed(&unheard), inner.display());
                report.dropped(format!("{count} without spikes in {at}: {names}"));
            }
            if !heard.is_empty() {
                let (neuron, kind) = entity(folder, &inner, self.levels)?;
                found.push(Found { neuron, kind, heard });
            }
        }
        Ok(found)
    }

    /// Says what was left out, where anything was found.
    ///
    /// # Errors
    /// Files contradict each other, or no spike file has a sound.
    pub fn finish(self, folder: &Path, found: &[Found], report: &mut ImportReport) -> Result<()> {
        let mut problems = self.problems;
        let (names, missing): (Vec<String>, Vec<Problem>) = self.without_sound.into_iter().unzip();
        if found.is_empty() {
            for problem in missing {
                problems.push(problem);
            }
        } else if !names.is_empty() {
            let count = counted(names.len(), "spike file");
            let names = listed(&names);
            report.dropped(format!("{count} without a sound (--sounds adds a folder): {names}"));
        }
        self.left_out.tell(report);
        problems.into_result(folder, ())
    }

    /// Spike files with their sounds, and stimulus files without spikes.
    fn pairs(&mut self, folder: &Path) -> Result<(Vec<SpikeFile>, Vec<String>)> {
        let names = walk::files(folder, &mut self.left_out)?;
        let mut by_key: Vec<(&str, Vec<&str>)> = Vec::new();
        for name in names.iter().filter(|name| !is_sound(name)) {
            let Some(key) = self.spikes.key(name) else { continue };
            match by_key.iter_mut().find(|(known, _)| *known == key) {
                Some((_, same)) => same.push(name),
                None => by_key.push((key, vec![name])),
            }
        }
        let mut heard = Vec::new();
        for (key, same) in &by_key {
            let spikes = folder.join(same[0]);
            let stimuli = names.iter().filter(|name| self.stimuli.key(name) == Some(key));
            let stimuli: Vec<PathBuf> = stimuli.map(|name| folder.join(name)).collect();
            match self.sound(key, &spikes, &stimuli)? {
                Ok(sound) => {
                    self.problems.extend(self.twice(&folder.join(key), same));
                    heard.push(SpikeFile { spikes, sound });
                }
                Err(problem) => {
                    let paths = same.iter().map(|name| folder.join(name).display().to_string());
                    self.without_sound.extend(paths.map(|path| (path, problem.clone())));
                }
            }
        }
        let heard_of = |key: &str| by_key.iter().any(|(known, _)| *known == key);
        let unheard =
            names.iter().filter(|name| self.stimuli.key(name).is_some_and(|key| !heard_of(key)));
        Ok((heard, unheard.cloned().collect()))
    }

    /// Several spike files are of one stimulus: most likely copies, whose repeats would count twice.
    fn twice(&self, at: &Path, names: &[&str]) -> Problems {
        let mut problems = Problems::default();
        if names.len() < 2 {
            return problems;
        }
        let found = format!("{} for one stimulus", joined(names, "and"));
        let expected = "one file of spikes, since its lines are the repeats";
        let problem = Problem::new(at.display().to_string(), found, expected);
        let ended = names.iter().rev().find_map(|name| Path::new(name).extension());
        let ending = ended.map_or_else(String::new, |ending| format!(".{}", ending.display()));
        let pattern = self.spikes.name("{}");
        problems.push(problem.hint(format!(
            "remove the copy, or say the ending of the right ones, as in --spike-files \
             {pattern}{ending}"
        )));
        problems
    }

    /// The sound of a spike file: its stimulus file or what that names, or else a file of --sounds
    /// that is called as the spike file.
    fn sound(
        &mut self,
        key: &str,
        spikes: &Path,
        stimuli: &[PathBuf],
    ) -> Result<Result<PathBuf, Problem>> {
        if stimuli.is_empty() {
            let name = self.stimuli.name(key);
            let expected = format!("a file {name}, or a sound {key} in --sounds");
            let none = || Problem::new(spikes.display().to_string(), "no stimulus file", expected);
            return Ok(self.sounds.find(key)?.map(Path::to_path_buf).ok_or_else(none));
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for stimulus in stimuli {
            match sound_of(stimulus, &self.sounds)? {
                Ok((sound, text)) => {
                    self.require_one_text(stimulus, &sound, &text);
                    found.push(sound);
                }
                Err(problem) => missing.push(problem),
            }
        }
        let Some(first) = found.first() else {
            let none = || Problem::new(spikes.display().to_string(), "no sound", "one");
            return Ok(Err(missing.into_iter().next().unwrap_or_else(none)));
        };
        for other in &found[1..] {
            if !same_bytes(first, other)? {
                let both = format!("two sounds, {} and {}", first.display(), other.display());
                let problem =
                    Problem::new(spikes.display().to_string(), both, "one that was played");
                self.problems.push(problem.hint("remove the other one"));
            }
        }
        Ok(Ok(first.clone()))
    }

    /// Paths in one folder that differ in theirs name different sounds, though only one of that
    /// name is there.
    fn require_one_text(&mut self, stimulus: &Path, sound: &Path, text: &str) {
        let is_path = called(text)[1] != text;
        let place = (stimulus.parent().map(Path::to_path_buf), sound.to_path_buf());
        match self.texts.iter().find(|(known, _)| *known == place) {
            Some((_, other)) if is_path && *other != text => {
                let found = format!("{text:?}, and {other:?} in another file");
                let expected = format!("two sounds, but there is only {}", sound.display());
                let problem = Problem::new(stimulus.display().to_string(), found, expected);
                self.problems.push(problem.hint("give the folder of the other one with --sounds"));
            }
            None if is_path => self.texts.push((place, text.to_owned())),
            _ => {}
        }
    }
}

/// The sound file that a stimulus file is or names, and the name.
fn sound_of(stimulus: &Path, sounds: &Library) -> Result<Result<(PathBuf, String), Problem>> {
    // Whatever is no text that names a sound: decoding it says what is wrong with it.
    let as_it_is = || Ok(Ok((stimulus.to_path_buf(), String::new())));
    let short = stimulus.metadata().is_ok_and(|found| found.len() <= LONGEST_NAME);
    if is_sound(&stimulus.to_string_lossy()) || !short {
        return as_it_is();
    }
    let Some(text) = encoding::read(stimulus)? else { return as_it_is() };
    let named = text.trim().trim_matches('"');
    let parts = path_parts(named);
    let folder = stimulus.parent().unwrap_or(Path::new(""));
    let last: &[&str] = parts.split_last().map_or(&[], |(last, _)| std::slice::from_ref(last));
    let beside = [folder.join(named), below(folder, &parts), below(folder, last)];
    if let Some(found) = beside.into_iter().find(|path| path.is_file() && path != stimulus) {
        return Ok(Ok((found, named.to_owned())));
    }
    let found = sounds.find(named)?;
    Ok(found.map(|path| (path.to_path_buf(), named.to_owned())).ok_or_else(|| {
        let shown: String = text.trim().chars().take(60).collect();
        let at = stimulus.display().to_string();
        let problem = Problem::new(at, format!("the name {shown:?}"), "the name of a sound file");
        problem.hint("give the folder that it lies in with --sounds")
    }))
}

/// A path below a folder.
fn below(folder: &Path, parts: &[&str]) -> PathBuf {
    parts.iter().fold(folder.to_path_buf(), |path, part| path.join(part))
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
