//! `strf adopt`: a model that deepSTRF saved → a run folder that scores, predicts, exports.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::{Error, Result};
use crate::base::progress::Console;
use crate::config::part::Row;
use crate::dataset::read_sound;
use crate::preparation::dims;
use crate::runs::adoption::{SavedModel, Told};
use crate::runs::experiment::Experiment;
use crate::runs::folder::OldRun;
use crate::runs::lock::{Foreign, RunLock};

/// `strf adopt`.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// Folder with config.json and model.safetensors, as deepSTRF's `save_pretrained` writes it
    pub folder: PathBuf,
    /// Dataset of the model's neurons, in the order of its outputs
    #[arg(long)]
    pub data: PathBuf,
    /// Run folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Width of the model's bins in milliseconds, to be held against the dataset's
    #[arg(long, value_name = "MS")]
    pub dt_ms: Option<f64>,
    /// Prefilter of the model, or none [default: as the names of its weights tell]
    #[arg(long, value_name = "NAME")]
    pub prefilter: Option<String>,
    /// What the weights do not tell, as a key of a run file, e.g. model.output=sigmoid,
    /// prefilter.scale=mel or data.standardize=band; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Replace a run that lies in the run folder
    #[arg(long)]
    pub force: bool,
}

/// Writes the run and scores it on the test stimuli.
pub fn run(args: &AdoptArgs, console: &Console) -> Result<()> {
    let saved = SavedModel::read(&args.folder)?;
    let read = read_sound(&args.data)?;
    let dims = dims(&read.recording);
    if let Some(dt_ms) = args.dt_ms.filter(|ms| (ms - dims.dt_ms).abs() > 1e-9 * ms.abs()) {
        return Err(Error::Refused(format!(
            "--dt-ms: found {dt_ms}, expected {}, the width of the bins of {}",
            dims.dt_ms,
            args.data.display()
        )));
    }
    let told = Told {
        data: &args.data,
        dims: &dims,
        prefilter: args.prefilter.as_deref(),
        out: &args.out,
        overrides: &args.set,
    };
    let config = saved.run_config(&told)?;
    let old = if args.force { OldRun::Replace } else { OldRun::Refuse };
    RunLock::require_free(&args.out, Foreign::Respected)?;
    let experiment = Experiment::of(config, old, |_| Ok(read))?;
    for note in &experiment.notes {
        console.note(note);
    }
    console.note(&taken_for(&experiment));
    let checkpoint = experiment.with_weights(&saved.weights, &saved.file)?;
    let _lock = experiment.folder.lock(old, Foreign::Respected)?;
    experiment.begin_with(&checkpoint)?;
    let scores = experiment.scores()?;
    experiment.keep_scores(&scores, &checkpoint)?;
    console.result(&experiment.shown(&scores))
}

/// Says what the folder was taken for.
fn taken_for(experiment: &Experiment) -> String {
    let architecture = &experiment.config.architecture;
    let output = architecture.model.values.text("output").unwrap_or("identity");
    let kernels = architecture.parameterization.row.part().name;
    format!(
        "taken for {} with output {output} and {kernels} receptive fields; the sound is {} before \
         it, the PSTH smoothed over {} ms for the scores (--set data.standardize, data.smooth_ms)",
        architecture.title(),
        match experiment.config.data.standardize.word() {
            "none" => "not standardized".to_owned(),
            word => format!("standardized ({word})"),
        },
        experiment.config.data.smooth_ms
    )
}
