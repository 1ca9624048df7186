//! What deepSTRF's own training, with its settings, comes to on the same recordings.
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::figures::{Row, shown};
use crate::fits::{Fit, SMOOTH_MS};
use crate::measurement::Measurement;
use crate::program::{Program, answer, hash};
use crate::recordings::Recording;
use crate::report::progress;
use crate::{Result, fits};

/// The columns.
pub const HEADER: [&str; 8] = [
    "recording",
    "fit",
    "deepSTRF CC",
    "strf CC",
    "difference",
    "at least -0.01",
    "deepSTRF seconds",
    "strf seconds",
];
/// The recordings that it is trained on.
pub const RECORDINGS: [&str; 2] = ["zebra-finch", "sixty"];
const SEEDS: u64 = 3;
/// Most that a mean CC may lie below that of deepSTRF.
const MOST_BELOW: f64 = 0.01;
const SCRIPT: &str = include_str!("../deepstrf_fit.py");
/// How the sound is standardized for its models.
const STANDARDIZE: &str = "band";

/// deepSTRF beside the program that scores its models.
pub struct Reference<'a> {
    /// A Python that has it.
    pub python: &'a Path,
    /// What scores.
    pub program: &'a Program,
    /// Where datasets and results lie.
    pub folder: &'a Path,
}

impl Reference<'_> {
    /// Rows of the table for those of ours of which it has a model.
    pub fn cells(&self, rows: &[Row]) -> Result<Vec<Vec<String>>> {
        let asked = rows.iter().filter(|row| RECORDINGS.contains(&row.recording.name));
        let known = asked.filter_map(|row| Some((row, row.fit.reference()?)));
        let mut prepared = BTreeMap::new();
        known.map(|(row, arguments)| self.row(row, &arguments, &mut prepared)).collect()
    }

    fn row(
        &self,
        ours: &Row,
        arguments: &[&str],
        prepared: &mut BTreeMap<&'static str, Prepared>,
    ) -> Result<Vec<String>> {
        let (recording, fit) = (ours.recording, ours.fit);
        let fits = (0..SEEDS).map(|seed| self.fit((recording, fit), arguments, seed, prepared));
        let theirs = Row { recording, fit, seeds: fits.collect::<Result<_>>()?, failed: 0 };
        let (own, other) = (ours.mean(|seed| Some(seed.cc)), theirs.mean(|seed| Some(seed.cc)));
        let difference = own.zip(other).map(|(own, other)| own - other);
        let result = match difference {
            None => "not measured",
            Some(difference) if difference >= -MOST_BELOW => "met",
            Some(_) => "missed",
        };
        let deviation = theirs.cc_deviation().unwrap_or_default();
        Ok(vec![
            recording.name.to_owned(),
            fit.name.to_owned(),
            format!("{} ± {deviation:.3}", shown(other, 3)),
            shown(own, 3),
            shown(difference, 3),
            result.to_owned(),
            shown(theirs.seconds(), 1),
            shown(ours.seconds(), 1),
        ])
    }

    /// The result of a fit that was made before, or makes it.
    fn fit(
        &self,
        (recording, fit): (&Recording, &Fit),
        arguments: &[&str],
        seed: u64,
        prepared: &mut BTreeMap<&'static str, Prepared>,
    ) -> Result<Measurement> {
        let key = hash((SCRIPT, recording.identity()?, arguments, seed));
        let name = format!("deepstrf-{}-{}-{seed}-{key:016x}.json", recording.name, fit.name);
        let kept = self.folder.join("results").join(name);
        if let Some(measurement) = Measurement::kept(&kept) {
            return Ok(measurement);
        }
        let Prepared { data, like } = match prepared.entry(recording.name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.prepare(recording)?),
        };
        let (saved, run) = (self.folder.join("saved"), self.folder.join("adopted"));
        let script = self.folder.join("deepstrf_fit.py");
        fs::write(&script, SCRIPT)?;
        let mut train = Command::new(self.python);
        train.args([&script, &*data, &*like]).args(arguments).arg("--out").arg(&saved);
        let (window, smooth) = (recording.window_ms.to_string(), SMOOTH_MS.to_string());
        train.args(["--window-ms", &window, "--smooth-ms", &smooth, "--seed", &seed.to_string()]);
        let told: Json = serde_json::from_str(&answer(&mut train)?)?;

        let mut adopt = self.program.command("adopt");
        adopt.arg(&saved).arg("--data").arg(&*data).arg("--out").arg(&run).arg("--force");
        for setting in fits::data_settings(recording) {
            adopt.arg("--set").arg(format!("data.{setting}"));
        }
        answer(adopt.arg("--set").arg(format!("data.standardize={STANDARDIZE}")))?;
        let number = |key: &str| told[key].as_f64().ok_or("deepstrf_fit.py told no seconds");
        let measurement = Measurement {
            seed,
            seconds: number("seconds")?,
            epochs: told["epochs"].as_u64().ok_or("deepstrf_fit.py told no epochs")?,
            ..Measurement::of_scores(&run)?
        };
        progress(&format!(
            "deepSTRF: {} {} seed {seed}: cc {:.3}, {} epochs, {:.1} s",
            recording.name, fit.name, measurement.cc, measurement.epochs, measurement.seconds
        ))?;
        measurement.keep(&kept)?;
        Ok(measurement)
    }

    /// The recording, and a run that divides stimuli and standardizes sound as its training is to.
    fn prepare(&self, recording: &Recording) -> Result<Prepared> {
        let made = recording.make(self.program, self.folder)?;
        let (file, run) =
            (self.folder.join("like.toml"), self.folder.join(format!("like-{}", recording.name)));
        let data = fits::data_section(recording);
        let text = format!("{data}\nstandardize = {STANDARDIZE:?}\n\n[model]\ntype = \"linear\"\n");
        fs::write(&file, text)?;
        let mut train = self.program.command("train");
        answer(train.arg(&file).arg("--out").arg(&run).args(["--force", "--quiet"]))?;
        Ok(Prepared { data: made, like: run.join("model/metadata.json") })
    }
}

/// What all fits of a recording are given.
struct Prepared {
    /// The dataset.
    data: PathBuf,
    /// Metadata of a run that treats it as they do.
    like: PathBuf,
}
