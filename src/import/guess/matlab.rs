//! What MATLAB files may be: arrays, spike times in cells or structs, files that belong together.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::seen::{Candidate, Seen};
use crate::import::arrays::mat::{StructFile, depth_inside, names_inside};
use crate::import::sessions::column_names::speaks_of_onsets;

/// So many files of a folder are looked into.
const LOOKED_INTO: usize = 6;
/// Usual names of the samples of sounds, in small letters.
const WAVEFORMS: [&str; 10] = [
    "sound",
    "sounds",
    "waveform",
    "waveforms",
    "wav",
    "wave",
    "audio",
    "stimulus",
    "stim",
    "stimuli",
];
/// Usual names of their rate.
const RATES: [&str; 9] =
    ["fs", "soundf", "rate_hz", "rate", "sf", "sr", "srate", "stimfs", "samplerate"];
/// Usual names of lists of files.
const FILES: [&str; 6] = ["path", "paths", "file", "files", "filename", "filenames"];
/// Usual names of times, where nothing says of what.
const TIMES: [&str; 3] = ["times", "t", "timestamps"];
/// The usual order of the levels of cells.
const USUAL: &str = "stimulus,repeat";
/// Orders of the levels of cells; nothing for the usual one.
const AXES: [Option<&str>; 5] = [
    None,
    Some("neuron,stimulus,repeat"),
    Some("stimulus,neuron,repeat"),
    Some("stimulus"),
    Some("repeat"),
];

/// A MATLAB file and what it holds, in words.
struct MatNames {
    path: PathBuf,
    names: Vec<(String, String)>,
}

impl MatNames {
    /// Nothing where it cannot be read.
    fn of(path: &Path) -> Option<Self> {
        Some(Self { path: path.into(), names: names_inside(path).ok()? })
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|(known, _)| known == name)
    }

    /// Names whose last part fits, and that hold something of this kind.
    fn called<'a>(
        &'a self,
        kinds: &'a [&'a str],
        fits: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a str> {
        let is_kind = move |holds: &str| kinds.iter().any(|kind| holds.starts_with(kind));
        let found = self.names.iter().filter(move |(_, holds)| is_kind(holds));
        found.map(|(name, _)| name.as_str()).filter(move |name| fits(&last(name)))
    }

    fn spike_times(&self) -> Vec<&str> {
        let surely = |name: &str| name.contains("spike") || name.contains("spk");
        let kinds = &["cells", "numbers"];
        let mut found: Vec<&str> = self.called(kinds, surely).collect();
        found.extend(self.called(kinds, |name| TIMES.contains(&name)));
        found
    }

    /// Options for samples of sounds and their rate, where the file has them.
    fn waveforms(&self) -> Option<Vec<(&'static str, String)>> {
        let kinds = &["cells", "numbers"];
        let name = self.called(kinds, |name| WAVEFORMS.contains(&name)).next()?;
        let outer = name.rsplit_once('.').map_or("", |(outer, _)| outer);
        let is_beside = |other: &&str| other.rsplit_once('.').map_or("", |(a, _)| a) == outer;
        let mut rates: Vec<&str> = self.called(&["numbers"], |n| RATES.contains(&n)).collect();
        rates.sort_by_key(|rate| !is_beside(rate));
        let mut options = vec![("--waveforms", name.to_owned())];
        options.push(("--rate-hz", (*rates.first()?).to_owned()));
        let beside = |option: &'static str, kind: &'static [&'static str], called: &'static str| {
            let found = self.called(kind, move |name| name == called).find(is_beside);
            found.filter(|_| !outer.is_empty()).map(|name| (option, name.to_owned()))
        };
        options.extend(beside("--cut-s", &["numbers"], "befaft"));
        options.extend(beside("--stimulus-ids", &["text"], "name"));
        Some(options)
    }
}

/// The last part of a name in small letters.
fn last(name: &str) -> String {
    name.rsplit(['.', '/']).next().unwrap_or_default().to_lowercase()
}

fn is_mat(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("mat"))
}

/// Whether a path is a MATLAB file.
fn is_file(seen: &Seen) -> bool {
    !seen.is_folder() && (is_mat(&seen.path) || seen.has(0, b"MATLAB "))
}

/// The first MATLAB files of each folder.
fn files_of_folders(files: &[PathBuf]) -> BTreeMap<&Path, Vec<MatNames>> {
    let mut found: BTreeMap<&Path, Vec<MatNames>> = BTreeMap::new();
    for path in files.iter().filter(|path| is_mat(path)) {
        let of_folder = found.entry(path.parent().unwrap_or(Path::new(""))).or_default();
        if of_folder.len() < LOOKED_INTO {
            of_folder.extend(MatNames::of(path));
        }
    }
    found
}

/// Arrays in one file, or sound in one and responses in another.
pub fn arrays(seen: &Seen) -> Vec<Candidate> {
    if !is_file(seen) {
        return Vec::new();
    }
    let mut candidates = vec![Candidate::new("mat", &seen.path, "a MATLAB file")];
    let Some(own) = MatNames::of(&seen.path) else { return candidates };
    let others = seen.around().into_iter().filter(|path| is_mat(path)).take(LOOKED_INTO);
    for other in others.filter_map(|path| MatNames::of(&path)) {
        candidates.extend(event_data(&own, &other).or_else(|| event_data(&other, &own)));
        let pair = Candidate::new("mat", &own.path, "MATLAB files side by side");
        candidates.push(pair.and(&other.path));
    }
    candidates
}

/// The files of the Continuous-event Neural Data format: sound in one, responses in the other.
fn event_data(sound: &MatNames, responses: &MatNames) -> Option<Candidate> {
    const SOUND: &str = "stim.data";
    const RESPONSES: &str = "eeg.data";
    if !sound.has(SOUND) || !responses.has(RESPONSES) {
        return None;
    }
    let rate = |mat: &MatNames, name: &str| {
        let rate_hz = StructFile::open(&mat.path).ok()?.number(name).ok()?;
        (rate_hz > 0.0).then_some(1000.0 / rate_hz)
    };
    let dt_ms = rate(sound, "stim.fs").or_else(|| rate(responses, "eeg.fs"))?;
    let why = "files of the Continuous-event Neural Data format; the first feature";
    let candidate = Candidate::new("mat", &sound.path, why).and(&responses.path);
    let candidate = candidate.with("--cochleagrams", "stim.data[0]").with("--responses", RESPONSES);
    let candidate = candidate.with("--axes", "stimulus,time,neuron");
    let candidate = candidate.with("--sound-axes", "stimulus,time,frequency");
    Some(candidate.with("--dt-ms", &dt_ms.to_string()))
}

/// Spike times in cells or structs: in one file, in one file a neuron, or on the clock of a session.
pub fn spike_times(seen: &Seen) -> Vec<Candidate> {
    if is_file(seen) {
        let Some(own) = MatNames::of(&seen.path) else { return Vec::new() };
        let mut candidates = of_list(&own);
        candidates.extend(of_one_file(&own, seen));
        return candidates;
    }
    let folders = files_of_folders(&seen.files);
    let mut candidates: Vec<Candidate> = folders.values().flatten().flat_map(of_list).collect();
    if candidates.is_empty() {
        candidates =
            folders.iter().flat_map(|(folder, own)| of_folder(folder, own, seen)).collect();
    }
    candidates
}

fn of_one_file(own: &MatNames, seen: &Seen) -> Vec<Candidate> {
    let sounds = seen.sound_folders();
    let waveforms = own.waveforms();
    let mut candidates = Vec::new();
    for name in own.spike_times() {
        let depth = depth_inside(&own.path, name).unwrap_or(0);
        let fits = |axes: Option<&str>| axes.unwrap_or(USUAL).split(',').count() == depth;
        let mut orders = AXES;
        orders.sort_by_key(|axes| !fits(*axes));
        for (place, axes) in orders.into_iter().enumerate() {
            let candidate = || {
                let why = format!("a MATLAB file; {name} may be spike times");
                let candidate = Candidate::new("mat", &own.path, why).with("--spike-times", name);
                candidate.with_some("--axes", axes)
            };
            let from = candidates.len();
            candidates.push(candidate());
            for folder in &sounds {
                let mut ordered = candidate().with_sounds(std::slice::from_ref(folder));
                ordered.why.push_str("; sounds in their order");
                candidates.push(ordered.with_flag("--sounds-in-order"));
            }
            if !sounds.is_empty() {
                candidates.push(candidate().with_sounds(&sounds));
            }
            candidates.extend(waveforms.iter().map(|options| candidate().with_all(options)));
            candidates[from..].reverse();
            let telling = from + usize::from(waveforms.is_none() && !sounds.is_empty());
            candidates[telling].is_telling = place == 0 && fits(axes);
        }
    }
    candidates
}

/// A name, and the same with the first of each array of structs on the way.
fn with_places(own: &MatNames, name: &str) -> Vec<String> {
    let mut all = vec![name.to_owned()];
    for (at, _) in name.match_indices('.') {
        let outer = &name[..at];
        let is_array = own.names.iter().any(|(known, holds)| {
            known == outer && holds.starts_with("structs") && holds != "structs (1, 1)"
        });
        if is_array {
            all.push(format!("{outer}[0]{}", &name[at..]));
        }
    }
    all
}

/// A file that lists those of neurons.
fn of_list(own: &MatNames) -> Vec<Candidate> {
    let lists: Vec<&str> = own.called(&["text"], |name| FILES.contains(&name)).collect();
    let folder = own.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let (false, Ok(below)) = (lists.is_empty(), Seen::at(folder.unwrap_or(Path::new(".")))) else {
        return Vec::new();
    };
    let others: Vec<PathBuf> =
        below.files.iter().filter(|path| **path != own.path).cloned().collect();
    let mut candidates = Vec::new();
    for neuron in files_of_folders(&others).into_values().flatten() {
        for list in &lists {
            let outer = list.rsplit_once('.').map_or("", |(outer, _)| outer);
            let ids = Some(format!("{outer}.name")).filter(|ids| own.has(ids));
            let candidate = || {
                let why = format!("{list} may list the files of neurons; sounds in their order");
                let candidate = Candidate::new("mat", &own.path, why).with("--neuron-files", list);
                candidate.with_some("--neuron-ids", ids.as_deref())
            };
            candidates.extend(one_a_file(&neuron, &below.sound_folders(), candidate));
        }
    }
    candidates
}

/// Spike times of a file like those of other neurons, with the sounds of a folder in their order.
fn one_a_file(
    neuron: &MatNames,
    sounds: &[PathBuf],
    candidate: impl Fn() -> Candidate,
) -> Vec<Candidate> {
    let names = neuron.spike_times().into_iter().flat_map(|name| with_places(neuron, name));
    let of_name = |name: String| -> Vec<Candidate> {
        let of_sounds = |folder: &PathBuf| {
            let all = candidate().with("--spike-times", &name);
            all.with_sounds(std::slice::from_ref(folder)).with_flag("--sounds-in-order")
        };
        sounds.iter().map(of_sounds).collect()
    };
    names.flat_map(of_name).collect()
}

/// A folder of one file a neuron.
fn of_folder(folder: &Path, own: &[MatNames], seen: &Seen) -> Vec<Candidate> {
    let Some(first) = own.first() else { return Vec::new() };
    let onsets: Vec<&str> = first.called(&["numbers"], speaks_of_onsets).collect();
    let codes: Vec<&str> = first.called(&["numbers"], |name| name.contains("code")).collect();
    if onsets.is_empty() || codes.is_empty() {
        let alike = own.iter().filter(|other| other.spike_times() == first.spike_times()).count();
        if alike < 2 {
            return Vec::new();
        }
        let why = "MATLAB files of one neuron each; sounds in their order";
        return one_a_file(first, &seen.sounds_near(), || Candidate::new("mat", folder, why));
    }
    let apart = |path: &PathBuf| is_mat(path) && path.parent() != Some(folder);
    let mut others: Vec<PathBuf> = seen.files.iter().filter(|path| apart(path)).cloned().collect();
    if others.is_empty() {
        let near = seen.beside().map(|beside| beside.files).unwrap_or_default();
        others.extend(near.into_iter().filter(apart));
    }
    let mut candidates = Vec::new();
    for sounds in files_of_folders(&others).into_values().flatten() {
        let Some(options) = sounds.waveforms() else { continue };
        for code in codes.iter().filter(|code| codes.len() == 1 || is_of(code, &sounds.path)) {
            for (name, onset) in first.spike_times().iter().zip(onsets.iter().cycle()) {
                let why =
                    format!("one file a channel with onsets, sounds in {}", sounds.path.display());
                let candidate = Candidate::new("mat", folder, why).and(&sounds.path);
                let candidate = candidate.with("--spike-times", name).with("--onsets", onset);
                candidates.push(candidate.with("--codes", code).with_all(&options));
            }
        }
    }
    candidates
}

/// Whether codes and a file of sounds are called alike: `timitStimcode`, `out_timit.mat`.
fn is_of(code: &str, sounds: &Path) -> bool {
    let code = last(code);
    let word = ["stimcode", "code"].iter().find_map(|end| code.strip_suffix(end));
    let file = sounds.file_name().map(|name| name.to_string_lossy().to_lowercase());
    word.zip(file).is_some_and(|(word, file)| !word.is_empty() && file.contains(word))
}

/// Folders of traces with triggers, and of their sounds.
pub fn traces(seen: &Seen) -> Vec<Candidate> {
    if !seen.is_folder() {
        return Vec::new();
    }
    let with = |base: &Path, files: &[PathBuf], name: &str| -> Option<PathBuf> {
        let folders = files_of_folders(files);
        let found = folders.values().flatten().find(|own| own.has(name))?;
        let inner = found.path.strip_prefix(base).ok()?;
        let mut parts = inner.components();
        let first = parts.next()?;
        Some(if parts.next().is_some() { base.join(first) } else { base.to_path_buf() })
    };
    let Some(cells) = with(&seen.path, &seen.files, "response.trace") else { return Vec::new() };
    let own = with(&seen.path, &seen.files, "stimulus.samples");
    let source = if own.is_some() { cells } else { seen.path.clone() };
    let near = || {
        let beside = seen.beside()?;
        with(&beside.path, &beside.files, "stimulus.samples")
    };
    let sounds: Vec<PathBuf> = own.or_else(near).into_iter().collect();
    let candidate = Candidate::new("traces", &source, "MATLAB files of traces with triggers");
    vec![candidate.with_sounds(&sounds)]
}
