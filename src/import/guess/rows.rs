//! Which formats there are, and by what each is known.
use std::path::{Path, PathBuf};

use super::matlab;
use super::seen::{Candidate, Seen};
use crate::base::wording::counted;
use crate::dataset::hdf5_io;
use crate::dataset::hdf5_values::attributes;
use crate::dataset::schema::{FORMAT, FORMAT_VALUE};
use crate::import::sessions::spikes::is_sound;

/// What somebody has, what they type, and whether a path looks like it.
pub struct GuessRow {
    /// Name of the format.
    pub format: &'static str,
    /// What it reads, as somebody who has it would call it.
    pub have: &'static str,
    /// What to type.
    pub example: &'static str,
    /// What is read in the line of the help that tells of this format and those of `with`.
    pub together: &'static str,
    /// Formats that have no line of their own there.
    pub with: &'static [&'static str],
    /// Commands that may read what was seen, the best first; none where it looks otherwise.
    pub look: fn(&Seen) -> Vec<Candidate>,
}

/// One row a format; where several may read a path, the one that stands before the others is
/// preferred.
pub const TABLE: &[GuessRow] = &[
    GuessRow {
        format: "nwb",
        have: "an NWB file",
        example: "strf import nwb session.nwb",
        together: "an NWB file, or a NEMS recording",
        with: &["nems"],
        look: |seen| hdf5_with(seen, "nwb", "nwb_version", "an HDF5 file with nwb_version"),
    },
    GuessRow {
        format: "nems",
        have: "a NEMS recording, .tgz or folder",
        example: "strf import nems site.tgz",
        together: "",
        with: &[],
        look: nems,
    },
    GuessRow {
        format: "phy",
        have: "Kilosort or phy, and events",
        example: "strf import phy sorted/ --events events.csv --sounds sounds/",
        together: "Kilosort or phy, and events",
        with: &[],
        look: phy,
    },
    GuessRow {
        format: "units",
        have: "one HDF5 file a unit (CRCNS aa-4)",
        example: "strf import units bird/",
        together: "one file a unit: HDF5, or pprox",
        with: &["pprox"],
        look: units,
    },
    GuessRow {
        format: "pprox",
        have: "pprox files, one a unit",
        example: "strf import pprox responses/ --sounds stimuli/",
        together: "",
        with: &[],
        look: pprox,
    },
    GuessRow {
        format: "spikes",
        have: "sounds, and spike times in text",
        example: "strf import spikes cell1/",
        together: "sounds, and spike times in text",
        with: &[],
        look: spikes,
    },
    GuessRow {
        format: "csv",
        have: "binned responses in tables",
        example: "strf import csv responses.csv --cochleagrams specs.csv",
        together: "binned responses in tables",
        with: &[],
        look: csv,
    },
    GuessRow {
        format: "traces",
        have: "membrane potentials in MATLAB",
        example: "strf import traces cells/ --sounds stimuli/",
        together: "membrane potentials in MATLAB",
        with: &[],
        look: matlab::traces,
    },
    GuessRow {
        format: "mat",
        have: "arrays or cells in MATLAB",
        example: "strf import mat data.mat --dt-ms 5",
        together: "arrays in MATLAB, NumPy or HDF5",
        with: &["npz", "hdf5"],
        look: matlab::arrays,
    },
    GuessRow {
        format: "mat",
        have: "spike times in MATLAB cells or structs",
        example: "strf import mat data.mat --spike-times spikes --sounds sounds/",
        together: "spike times in MATLAB",
        with: &[],
        look: matlab::spike_times,
    },
    GuessRow {
        format: "npz",
        have: "arrays in NumPy",
        example: "strf import npz data.npz --dt-ms 5",
        together: "",
        with: &[],
        look: |seen| {
            let is_zip = seen.has(0, b"PK\x03\x04");
            let candidate = || Candidate::new("npz", &seen.path, "a NumPy archive");
            is_zip.then(candidate).into_iter().collect()
        },
    },
    GuessRow {
        format: "hdf5",
        have: "arrays in any HDF5 file",
        example: "strf import hdf5 data.h5 --dt-ms 5",
        together: "",
        with: &[],
        look: hdf5,
    },
    GuessRow {
        format: "merge",
        have: "several dataset files",
        example: "strf import merge mon.h5 tue.h5",
        together: "several dataset files",
        with: &[],
        look: merge,
    },
];

/// Whether an HDF5 file has an attribute of this name.
fn attribute(path: &Path, name: &str) -> bool {
    hdf5_io::open(path).is_ok_and(|file| file.attr(name).is_ok())
}

/// Whether a file is a dataset already.
pub fn is_dataset(path: &Path) -> bool {
    let text = |file: &hdf5::File| {
        let texts = attributes(file, &[FORMAT.to_owned()]);
        texts.is_ok_and(|texts| texts.get(FORMAT).is_some_and(|format| format == FORMAT_VALUE))
    };
    hdf5_io::open(path).is_ok_and(|file| file.attr(FORMAT).is_ok() && text(&file))
}

fn hdf5_with(seen: &Seen, format: &str, name: &str, why: &str) -> Vec<Candidate> {
    let fits = seen.is_hdf5() && attribute(&seen.path, name);
    fits.then(|| Candidate::new(format, &seen.path, why)).into_iter().collect()
}

fn nems(seen: &Seen) -> Vec<Candidate> {
    let packed = seen.has(0, &[0x1f, 0x8b]) || seen.has(257, b"ustar");
    let folder = seen.has_ending(".epoch.csv") && seen.has_ending("resp.json");
    let why = if packed { "an archive (.tgz or .tar)" } else { "signals with epochs" };
    let fits = packed || folder;
    fits.then(|| Candidate::new("nems", &seen.path, why)).into_iter().collect()
}

/// Folders of Kilosort and phy need a table of events, which lies in them or beside them.
fn phy(seen: &Seen) -> Vec<Candidate> {
    const SPIKES: &str = "spike_times.npy";
    let Some(times) = seen.files.iter().find(|path| path.ends_with(SPIKES)) else {
        return Vec::new();
    };
    let Some(folder) = times.parent().filter(|folder| folder.join("spike_clusters.npy").exists())
    else {
        return Vec::new();
    };
    let sounds = seen.sounds_near();
    let is_event_table = |path: &&PathBuf| {
        let of_clusters = |name: &str| name.starts_with("cluster");
        is_table(path) && !path.file_name().is_some_and(|name| of_clusters(&name.to_string_lossy()))
    };
    let mut tables: Vec<PathBuf> = seen.files.iter().filter(is_event_table).cloned().collect();
    if tables.is_empty() {
        let beside = seen.beside();
        let files = beside.iter().flat_map(Seen::files_at_the_top);
        tables = files.filter(is_event_table).cloned().collect();
    }
    let candidate = |table: &PathBuf| {
        let why = format!("{SPIKES} with clusters, and a table beside it");
        let candidate = Candidate::new("phy", folder, why);
        candidate.with("--events", &table.to_string_lossy()).with_sounds(&sounds)
    };
    tables.iter().map(candidate).collect()
}

fn units(seen: &Seen) -> Vec<Candidate> {
    let mut files = seen.files.iter().chain(Some(&seen.path));
    let is_unit = |path: &PathBuf| {
        let ending = path.extension().is_some_and(|ending| ending == "h5" || ending == "hdf5");
        ending && ["sortType", "sortid"].iter().any(|name| attribute(path, name))
    };
    let why = "HDF5 files that say how a unit was sorted";
    let found = files.any(is_unit).then(|| Candidate::new("units", &seen.path, why));
    found.into_iter().collect()
}

fn pprox(seen: &Seen) -> Vec<Candidate> {
    let own = seen.path.extension().is_some_and(|ending| ending == "pprox");
    let fits = own || seen.has_ending(".pprox");
    let candidate = || Candidate::new("pprox", &seen.path, "files that end in .pprox");
    fits.then(|| candidate().with_sounds(&seen.sounds_near())).into_iter().collect()
}

fn hdf5(seen: &Seen) -> Vec<Candidate> {
    let known = matlab::arrays(seen).len() + hdf5_with(seen, "nwb", "nwb_version", "").len();
    let fits = seen.is_hdf5() && known == 0 && !is_dataset(&seen.path);
    fits.then(|| Candidate::new("hdf5", &seen.path, "an HDF5 file")).into_iter().collect()
}

fn spikes(seen: &Seen) -> Vec<Candidate> {
    let sounds = seen.sound_folders();
    if !seen.is_folder() || sounds.is_empty() {
        return Vec::new();
    }
    let count = |what: &str| seen.names().filter(|name| name.starts_with(what)).count();
    let mut candidates = Vec::new();
    if count("spike") > 0 {
        let why = format!("{} beside sounds", counted(count("spike"), "file spike*"));
        let candidate = || Candidate::new("spikes", &seen.path, why.clone());
        candidates.push(candidate());
        candidates.push(candidate().with_sounds(&sounds));
    }
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let heard = |name: &str| is_sound(name);
    let names =
        || seen.files.iter().filter_map(|path| Some((path, path.file_name()?.to_string_lossy())));
    let stems: Vec<String> =
        names().filter(|(_, name)| heard(name)).filter_map(|(path, _)| stem(path)).collect();
    let texts = names().filter(|(path, name)| {
        !heard(name) && stem(path).is_some_and(|stem| stems.contains(&stem))
    });
    let texts = texts.count();
    if count("spike") == 0 && texts > 0 {
        let why = format!("{} called as sounds", counted(texts, "file"));
        let candidate = Candidate::new("spikes", &seen.path, why).with("--spike-files", "{}");
        candidates.push(candidate.with("--sounds", &seen.path.to_string_lossy()));
    }
    candidates
}

/// Names of tables of cochleagrams, without endings.
const COCHLEAGRAMS: [&str; 8] = [
    "cochleagrams",
    "cochleagram",
    "spectrograms",
    "spectrogram",
    "specs",
    "spec",
    "stimuli",
    "stim",
];

/// Whether a file ends as tables do.
fn is_table(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ["csv", "tsv"].contains(&ending.as_str()))
}

fn csv(seen: &Seen) -> Vec<Candidate> {
    let table = if seen.is_folder() { seen.has_ending(".csv") } else { is_table(&seen.path) };
    if !table || seen.has_ending(".epoch.csv") {
        return Vec::new();
    }
    let why = if seen.is_folder() { "a folder of tables" } else { "a table" };
    let candidate = || Candidate::new("csv", &seen.path, why);
    let mut candidates = vec![candidate()];
    let around = seen.around();
    for name in COCHLEAGRAMS {
        let called = |path: &&PathBuf| {
            is_table(path) && path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(name))
        };
        let found = around.iter().find(called);
        candidates
            .extend(found.map(|path| candidate().with("--cochleagrams", &path.to_string_lossy())));
    }
    let sounds = seen.sound_folders();
    if !sounds.is_empty() {
        candidates.push(candidate().with_sounds(&sounds));
    }
    candidates
}

fn merge(seen: &Seen) -> Vec<Candidate> {
    let is_hdf5 = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "h5");
    let datasets: Vec<&PathBuf> =
        seen.files.iter().filter(is_hdf5).filter(|path| is_dataset(path)).collect();
    let [first, others @ ..] = &datasets[..] else { return Vec::new() };
    if others.is_empty() {
        return Vec::new();
    }
    let mut candidate = Candidate::new("merge", first, counted(datasets.len(), "dataset file"));
    candidate.words.extend(others.iter().map(|path| path.display().to_string()));
    vec![candidate]
}
