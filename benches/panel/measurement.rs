//! One fit: what came out, and where it is kept so that it is not repeated.
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use strf::stats::moments::{mean, mean_of_defined};

use crate::Result;
use crate::program::{Program, answer, timed};
use crate::slope::Psths;

/// What a fit gave on the test stimuli: means over neurons, those with a constant prediction
/// counted with 0 where a score stands for what is explained.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measurement {
    /// The run file.
    pub run_file: String,
    /// The seed in it.
    pub seed: u64,
    /// Pearson's correlation of prediction and PSTH.
    pub cc: f64,
    /// The same relative to what the noise allows; none where that is not defined.
    pub cc_norm: Option<f64>,
    /// Fraction of variance explained.
    pub fve: f64,
    /// Log likelihood in bits per spike; none where a neuron's is not defined.
    pub bits_per_spike: Option<f64>,
    /// Slope of the PSTH on the prediction.
    pub slope: Option<f64>,
    /// Share of neurons whose prediction is constant.
    pub constant: f64,
    /// The best validation score.
    pub best_score: Option<f64>,
    /// Epochs of training.
    pub epochs: u64,
    /// Seconds of `strf train`.
    pub seconds: f64,
    /// The same of all processors together.
    pub processor_seconds: f64,
}

/// What the panel reads of a neuron in `scores.csv`; NaN where undefined.
#[derive(Debug, Deserialize)]
struct Neuron {
    cc: f64,
    cc_norm: f64,
    fve: f64,
    bits_per_spike: f64,
}

impl Measurement {
    /// One that is kept in a file; none where there is none, or it cannot be read.
    pub fn kept(file: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(file).ok()?).ok()
    }

    /// Keeps it, whole or not at all.
    pub fn keep(&self, file: &Path) -> Result<()> {
        let unfinished = file.with_extension("unfinished");
        fs::write(&unfinished, serde_json::to_string(self)? + "\n")?;
        Ok(fs::rename(unfinished, file)?)
    }

    /// Trains, scores and predicts in a folder of its own below `folder`, which holds the dataset.
    pub fn make(
        program: &Program,
        folder: &Path,
        (run_file, seed): (String, u64),
        psths: &Psths,
    ) -> Result<Self> {
        let (file, run) = (folder.join("run.toml"), folder.join("run"));
        fs::write(&file, &run_file)?;
        let mut train = program.command("train");
        train.arg(&file).arg("--out").arg(&run).args(["--force", "--json", "--quiet"]);
        let trained = timed(&mut train)?;
        let summary: Json = serde_json::from_str(&trained.text)?;
        let scores = Self::of_scores(&run)?;
        let predictions = folder.join("predictions.h5");
        let mut predict = program.command("predict");
        predict.arg(&run).args(["--split", "test", "--force", "--quiet", "--out"]);
        answer(predict.arg(&predictions))?;
        let run = &summary["run"];
        Ok(Self {
            run_file,
            seed,
            slope: psths.slope(&predictions)?,
            best_score: run["best_score"].as_f64(),
            epochs: run["epochs"].as_u64().ok_or("strf train: its summary has no epochs")?,
            seconds: trained.seconds,
            processor_seconds: trained.processor_seconds,
            ..scores
        })
    }

    /// The scores of a run alone.
    pub fn of_scores(run: &Path) -> Result<Self> {
        let mut reader = csv::Reader::from_path(run.join("scores.csv"))?;
        Self::of_neurons(&reader.deserialize().collect::<std::result::Result<Vec<_>, _>>()?)
    }

    /// The scores alone. A neuron whose PSTH is constant has none.
    fn of_neurons(neurons: &[Neuron]) -> Result<Self> {
        let scored = || neurons.iter().filter(|neuron| !neuron.fve.is_nan());
        let over = |score: fn(&Neuron) -> f64| scored().map(score).collect::<Vec<f64>>();
        let constant = over(|neuron| f64::from(u8::from(neuron.is_constant())));
        if constant.is_empty() {
            return Err("no neuron has a score: the PSTHs of the test stimuli are constant".into());
        }
        let or_zero = |score: fn(&Neuron) -> f64| {
            scored().map(move |neuron| if neuron.is_constant() { 0.0 } else { score(neuron) })
        };
        let defined = |value: f64| value.is_finite().then_some(value);
        Ok(Self {
            run_file: String::new(),
            seed: 0,
            cc: mean(&or_zero(|neuron| neuron.cc).collect::<Vec<_>>()),
            cc_norm: defined(mean_of_defined(or_zero(|neuron| neuron.cc_norm))),
            fve: mean(&or_zero(|neuron| neuron.fve).collect::<Vec<_>>()),
            bits_per_spike: defined(mean(&over(|neuron| neuron.bits_per_spike))),
            slope: None,
            constant: mean(&constant),
            best_score: None,
            epochs: 0,
            seconds: 0.0,
            processor_seconds: 0.0,
        })
    }
}

impl Neuron {
    /// The PSTH changes, but no correlation with the prediction is defined.
    fn is_constant(&self) -> bool {
        self.cc.is_nan()
    }
}
