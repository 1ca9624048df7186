//! `strf train`: run file → recording → model → training → scores, all of it in the run folder.
mod groups;
mod keeper;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::base::error::{Error, Result};
use crate::base::interrupt;
use crate::base::progress::Console;
use crate::base::wording::{counted, in_shell};
use crate::config::part::Row;
use crate::dataset::{Splits, read_sound};
use crate::models::HasStrfs;
use crate::run_file::{Best, RunConfig};
use crate::runs::experiment::Experiment;
use crate::runs::folder::OldRun;
use crate::runs::lock::{Foreign, RunLock};
use crate::scores::evaluation::Scores;
use crate::training::checkpoint::{Checkpoint, Phase};
use crate::training::history::History;
use crate::training::{self, End};
use groups::Way;
use keeper::Keeper;

/// `strf train`.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Run file, e.g. configs/ln.toml
    pub config: PathBuf,
    /// Go on with the run that lies in the run folder
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Replace a run that lies in the run folder
    #[arg(long)]
    pub force: bool,
    /// Write into a run folder that a process of another machine has locked; only if you know that it
    /// has ended
    #[arg(long)]
    pub take_over: bool,
    /// Change one key of the run file, e.g. train.lr=0.01; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where to compute: cpu, cuda or cuda:N; the same as --set train.device=...
    #[arg(long)]
    pub device: Option<String>,
    /// Run folder; the same as --set output.folder=..., but relative to where you are
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the scores as JSON
    #[arg(long)]
    pub json: bool,
}

/// Trains, keeps every epoch, and scores the best one on the test stimuli.
pub fn run(args: &TrainArgs, console: &Console) -> Result<()> {
    let old = match (args.resume, args.force) {
        (true, _) => OldRun::Resume,
        (_, true) => OldRun::Replace,
        _ => OldRun::Refuse,
    };
    let foreign = if args.take_over { Foreign::TakenOver } else { Foreign::Respected };
    let config = load(args)?;
    RunLock::require_free(&config.output.folder, foreign)?;
    let reading = console.stage("reading the dataset")?;
    let recording = match Way::of(&config, old)? {
        Way::AtOnce(recording) => recording,
        Way::InGroups(grouped) => {
            drop(reading);
            interrupt::listen()?;
            let _lock = grouped.folder.lock(old, foreign)?;
            let (experiment, fitted) = grouped.fit(old, console)?;
            return finish(&experiment, &fitted, args.json, console);
        }
    };
    let read = |config: &RunConfig| match recording {
        Some(recording) => Ok(*recording),
        None => read_sound(&config.data.file),
    };
    let experiment = Experiment::of(config, old, read)?;
    drop(reading);
    tell_of_data(&experiment, console);
    announce(&experiment, console);
    interrupt::listen()?;

    let _lock = experiment.folder.lock(old, foreign)?;
    let fitted = fit(&experiment, old, &experiment.folder.config_file(), console)?;
    finish(&experiment, &fitted, args.json, console)
}

/// What a fit came to.
struct Fitted {
    checkpoint: Checkpoint,
    history: History,
    scores: Scores,
}

/// Fits, and scores what came of it; where it is stopped, `run_file` is what to go on with.
fn fit(experiment: &Experiment, old: OldRun, run_file: &Path, console: &Console) -> Result<Fitted> {
    let (mut checkpoint, history) =
        console.during("setting start values", || experiment.begin(old))?;
    if checkpoint.progress.epoch > 0 {
        console.note(&format!("going on after epoch {}", checkpoint.progress.epoch));
    }
    let task = experiment.task();
    let mut keeper = Keeper::new(experiment, history, &checkpoint, console)?;
    let end = training::fit(&task, &mut checkpoint, &mut keeper)?;
    let history = keeper.into_history();
    tell(end, experiment, (&checkpoint, run_file), console)?;
    let scores = console.during("scoring", || experiment.final_scores(&checkpoint));
    let scores = scores.map_err(|source| unscored(run_file, source))?;
    Ok(Fitted { checkpoint, history, scores })
}

/// Keeps the scores, which makes the run a finished one, and shows them.
fn finish(
    experiment: &Experiment,
    Fitted { checkpoint, scores, .. }: &Fitted,
    as_json: bool,
    console: &Console,
) -> Result<()> {
    let summary = experiment.keep_scores(scores, checkpoint)?;
    let shown = if as_json { format!("{summary:#}") } else { experiment.shown(scores) };
    console.result(&shown)
}

/// The run file with what the command line changes.
fn load(args: &TrainArgs) -> Result<RunConfig> {
    let mut overrides = args.set.clone();
    overrides.extend(args.device.iter().map(|device| format!("train.device={device}")));
    let mut config = RunConfig::load(&args.config, &overrides)?;
    if let Some(out) = &args.out {
        config.output.folder.clone_from(out);
    }
    Ok(config)
}

/// Says what there is to know of dataset and model.
fn tell_of_data(experiment: &Experiment, console: &Console) {
    for note in &experiment.notes {
        console.note(note);
    }
    for warning in &experiment.prepared.warnings {
        console.warn(warning);
    }
}

/// Says what is fitted to what.
fn announce(experiment: &Experiment, console: &Console) {
    let Experiment { config, prepared, params, .. } = experiment;
    let architecture = &config.architecture;
    let mut parts = vec![architecture.model.row.part().name];
    parts.extend(architecture.prefilter_names());
    if architecture.model.row.strfs == HasStrfs::Yes {
        parts.push(architecture.parameterization.row.part().name);
    }
    let Splits { train, valid, test } = &prepared.splits;
    console.note(&format!(
        "{}: {}, {}, {}; {} training, {} validation, {} test stimuli",
        parts.join(" + "),
        counted(prepared.dims.neurons, "neuron"),
        counted(prepared.dims.bands, "band"),
        counted(params.count(), "parameter"),
        train.len(),
        valid.len(),
        test.len(),
    ));
}

/// Says how training ended; an interrupted run ends the program.
fn tell(
    end: End,
    experiment: &Experiment,
    (checkpoint, run_file): (&Checkpoint, &Path),
    console: &Console,
) -> Result<()> {
    let (progress, settings) = (&checkpoint.progress, &experiment.config.train);
    let epoch = progress.epoch;
    let reached = match (settings.best(), progress.best.score) {
        _ if epoch == 0 => "the model is untrained".to_owned(),
        (Best::PerNeuron, _) => "each neuron keeps its own best epoch".to_owned(),
        (_, Some(score)) => format!("best epoch {} ({score:.4})", progress.best.epoch),
        (_, None) if matches!(progress.phase, Phase::Starts { .. }) => {
            "the best random start so far is kept".to_owned()
        }
        (_, None) => "no epoch has a defined validation score".to_owned(),
    };
    match end {
        End::Epochs => console.note(&format!("{epoch} epochs done; {reached}")),
        End::Converged => console.note(&format!("converged after {epoch} epochs; {reached}")),
        End::Patience => console.note(&format!(
            "stopped after epoch {epoch}: nothing better for {} epochs; {reached}",
            settings.patience
        )),
        End::Interrupted => {
            return Err(Error::Interrupted(format!(
                "interrupted after epoch {epoch}; {reached}; go on with: strf train {} --resume",
                in_shell(run_file)
            )));
        }
    }
    Ok(())
}

/// Says how to go on where the model could not be scored.
fn unscored(run_file: &Path, source: Error) -> Error {
    let doing = format!(
        "scoring the trained model, which is kept; go on with: strf train {} --resume",
        in_shell(run_file)
    );
    Error::file(doing, source)
}
