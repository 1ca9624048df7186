//! `strf adopt`: a model that deepSTRF saved, or that was published → a run folder that scores, predicts,
//! exports.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::{Error, Result};
use crate::base::progress::Console;
use crate::config::part::Row;
use crate::dataset::read_sound;
use crate::preparation::dims;
use crate::runs::adoption::{SavedModel, Told};
use crate::runs::experiment::Experiment;
use crate::runs::folder::{OldRun, RunFolder};
use crate::runs::lock::{Foreign, RunLock};
use crate::runs::model_place::ModelPlace;
use crate::runs::own_model::OwnModel;
use crate::training::checkpoint::Checkpoint;

/// `strf adopt`.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// Folder with metadata.json and model.safetensors, as `strf publish` writes it, or with config.json and
    /// model.safetensors, as deepSTRF's `save_pretrained` does
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
    if RunFolder::holds_model_alone(&args.folder) {
        return own_model(args, console);
    }
    let saved = SavedModel::read(&args.folder)?;
    let read = read_sound(&args.data)?;
    let dims = dims(&read.recording);
    require_width(args, dims.dt_ms)?;
    let told = Told {
        data: &args.data,
        dims: &dims,
        prefilter: args.prefilter.as_deref(),
        out: &args.out,
        overrides: &args.set,
    };
    let config = saved.run_config(&told)?;
    let old = old(args);
    RunLock::require_free(&args.out, Foreign::Respected)?;
    let experiment = Experiment::of(config, old, |_| Ok(read))?;
    for note in &experiment.notes {
        console.note(note);
    }
    console.note(&taken_for(&experiment));
    let checkpoint = experiment.with_weights(&saved.weights, &saved.file)?;
    begin_and_score(&experiment, &checkpoint, old, console)
}

/// The same of a model whose metadata say what the run file is.
fn own_model(args: &AdoptArgs, console: &Console) -> Result<()> {
    require_nothing_said(args)?;
    let own = OwnModel::open(&args.folder)?;
    let read = own.recording(&args.data)?;
    require_width(args, read.recording.dt_ms)?;
    let config = own.run_config(&args.data, &args.out)?;
    let old = old(args);
    RunLock::require_free(&args.out, Foreign::Respected)?;
    let given = Some(own.standardization());
    let experiment = Experiment::standardized(config, old, given, |_| Ok(read))?;
    own.require_same(&experiment)?;
    for note in &experiment.notes {
        console.note(note);
    }
    if let Some(difference) = own.changed_content(&experiment) {
        console.warn(&format!(
            "{} holds {difference} than what {} was fitted to: the scores are of what it holds",
            args.data.display(),
            args.folder.display()
        ));
    }
    let checkpoint = experiment.with_weights(&own.weights, &own.file())?;
    begin_and_score(&experiment, &checkpoint, old, console)
}

fn old(args: &AdoptArgs) -> OldRun {
    if args.force { OldRun::Replace } else { OldRun::Refuse }
}

fn begin_and_score(
    experiment: &Experiment,
    checkpoint: &Checkpoint,
    old: OldRun,
    console: &Console,
) -> Result<()> {
    let _lock = experiment.folder.lock(old, Foreign::Respected)?;
    experiment.begin_with(checkpoint)?;
    let scores = experiment.scores()?;
    experiment.keep_scores(&scores, checkpoint)?;
    console.result(&experiment.shown(&scores))
}

/// Fails where bins are not as wide as `--dt-ms` says.
fn require_width(args: &AdoptArgs, dt_ms: f64) -> Result<()> {
    match args.dt_ms.filter(|ms| (ms - dt_ms).abs() > 1e-9 * ms.abs()) {
        None => Ok(()),
        Some(said) => Err(Error::Refused(format!(
            "--dt-ms: found {said}, expected {dt_ms}, the width of the bins of {}",
            args.data.display()
        ))),
    }
}

/// Fails where the command line says of a model what its metadata say.
fn require_nothing_said(args: &AdoptArgs) -> Result<()> {
    let option = match (args.set.first(), &args.prefilter) {
        (Some(_), _) => "--set",
        (None, Some(_)) => "--prefilter",
        (None, None) => return Ok(()),
    };
    Err(Error::Refused(format!(
        "{option}: found it beside {}, whose {} says all of the model, expected a folder without that file; \
         leave {option} out",
        args.folder.display(),
        ModelPlace::Alone.metadata()
    )))
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
