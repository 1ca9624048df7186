//! `strf train`: run file → recording → model → training → scores, all of it in the run folder.
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::base::error::{Error, Result};
use crate::base::interrupt;
use crate::base::progress::{Bar, Console};
use crate::base::wording::{counted, in_shell};
use crate::config::part::Row;
use crate::dataset::Splits;
use crate::models::HasStrfs;
use crate::run_file::{Best, Optimizer, RunConfig};
use crate::runs::experiment::Experiment;
use crate::runs::folder::{OldRun, RunFolder};
use crate::runs::lock::{Foreign, RunLock};
use crate::tensorboard::Board;
use crate::training::checkpoint::{Checkpoint, Phase};
use crate::training::history::{EpochRow, History};
use crate::training::{self, End, Observer, path};

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
    let experiment = Experiment::open(config, old)?;
    announce(&experiment, console);
    interrupt::listen()?;

    let _lock = experiment.folder.lock(old, foreign)?;
    let (mut checkpoint, history) = experiment.begin(old)?;
    if checkpoint.progress.epoch > 0 {
        console.note(&format!("going on after epoch {}", checkpoint.progress.epoch));
    }
    let task = experiment.task();
    let end = {
        let mut keeper = Keeper::new(&experiment, history, &checkpoint, console)?;
        training::fit(&task, &mut checkpoint, &mut keeper)?
    };
    tell(end, &experiment, &checkpoint, console)?;

    let scores = experiment.final_scores(&checkpoint);
    let scores = scores.map_err(|source| unscored(&experiment, source))?;
    let summary = experiment.keep_scores(&scores, &checkpoint)?;
    let shown = if args.json { format!("{summary:#}") } else { experiment.shown(&scores) };
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

/// Says what is fitted to what.
fn announce(experiment: &Experiment, console: &Console) {
    let Experiment { config, prepared, params, .. } = experiment;
    for note in &experiment.notes {
        console.note(note);
    }
    for warning in &prepared.warnings {
        console.warn(warning);
    }
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
    checkpoint: &Checkpoint,
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
                in_shell(&experiment.folder.config_file())
            )));
        }
    }
    Ok(())
}

/// Says how to go on where the model could not be scored.
fn unscored(experiment: &Experiment, source: Error) -> Error {
    let doing = format!(
        "scoring the trained model, which is kept; go on with: strf train {} --resume",
        in_shell(&experiment.folder.config_file())
    );
    Error::file(doing, source)
}

/// How often a line is printed where no progress bar can be drawn.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Writes every epoch into the run folder and shows it.
struct Keeper<'a> {
    folder: &'a RunFolder,
    neurons: &'a [String],
    history: History,
    /// Points of `penalties.csv`.
    points: usize,
    board: Option<Board<'a>>,
    console: &'a Console,
    bar: Bar,
    /// Behind the number of an epoch: how many there are at most, where that is known.
    epochs: String,
    message: String,
    last_line: Instant,
}

impl<'a> Keeper<'a> {
    fn new(
        experiment: &'a Experiment,
        history: History,
        checkpoint: &Checkpoint,
        console: &'a Console,
    ) -> Result<Self> {
        let settings = &experiment.config.train;
        let by_steps = settings.optimizer == Optimizer::AdamW;
        let batches =
            if by_steps { experiment.prepared.train.len().div_ceil(settings.batch) } else { 1 };
        let most = settings.epochs() + training::epochs_of_starts(settings);
        let bar = console.bar("training", most * batches)?;
        bar.start_at(checkpoint.progress.epoch * batches);
        let (folder, epochs) =
            (&experiment.folder, if by_steps { format!("/{most}") } else { String::new() });
        let board = Board::open(experiment, checkpoint.progress.epoch)?;
        for note in board.iter().filter_map(Board::note) {
            console.note(note);
        }
        let (message, last_line) = (String::new(), Instant::now());
        let (neurons, points) = (experiment.prepared.neurons.as_slice(), 0);
        Ok(Self {
            folder,
            neurons,
            history,
            points,
            board,
            console,
            bar,
            epochs,
            message,
            last_line,
        })
    }
}

impl Observer for Keeper<'_> {
    fn batch(&mut self, epoch: usize) {
        self.bar.step(format!("epoch {epoch}{}{}", self.epochs, self.message));
    }

    /// The state comes last: whatever of the rest a kill leaves out, resuming writes again.
    fn epoch(&mut self, row: &EpochRow, checkpoint: &Checkpoint, improved: bool) -> Result<()> {
        self.history.push(row);
        self.folder.write_history(self.history.text())?;
        if let Some(board) = &mut self.board {
            board.epoch(row)?;
        }
        if improved {
            self.folder.write_best(checkpoint)?;
        }
        let path = &checkpoint.progress.path;
        if !path.is_empty() && (improved || path.len() != self.points) {
            self.folder.write_penalties(&path::table(path, self.neurons))?;
            self.points = path.len();
        }
        if checkpoint.is_whole {
            self.folder.write_state(checkpoint)?;
        }
        let EpochRow { epoch, train_loss, valid_loss, valid_cc, phase, .. } = row;
        self.message = format!(
            "  {phase}  best {}  loss {train_loss:.4}, validation {valid_loss:.4}, cc {valid_cc:.3}",
            checkpoint.progress.best.epoch
        );
        if !self.bar.is_drawn() && self.last_line.elapsed() >= BETWEEN_LINES {
            self.console.note(&format!("epoch {epoch}{}{}", self.epochs, self.message));
            self.last_line = Instant::now();
        }
        Ok(())
    }

    fn finished(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let path = &checkpoint.progress.path;
        if !path.is_empty() {
            self.folder.write_penalties(&path::table(path, self.neurons))?;
        }
        self.folder.write_best(checkpoint)?;
        self.folder.write_state(checkpoint)
    }

    fn interrupted(&self) -> bool {
        interrupt::pressed()
    }

    fn note(&mut self, note: &str) {
        self.console.note(note);
    }
}
