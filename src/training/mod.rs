//! Fitting: from start values to the best weights on the validation clips, resumable at every epoch.
//!
//! A fit goes through phases: random starts where several are asked for, the fit itself by one of the
//! optimizers, the mean of late weights, and calibration of the outputs.
pub mod adamw;
pub mod best;
pub mod checkpoint;
pub mod history;
pub mod schedule;

mod bands;
mod block_path;
mod calibration;
mod descent;
mod draw;
mod factorize;
mod finish;
mod fitting;
mod folds;
pub mod known_fit;
mod lagged;
pub mod lbfgs;
mod lbfgs_memory;
mod line_search;
mod linear;
mod objective;
pub mod path;
mod penalties;
mod relative;
mod ridge;
mod steps;
mod validation;
pub mod window;

use crate::base::error::{Error, Result};
use crate::models::Network;
use crate::models::batch::Sample;
use crate::models::params::Params;
use crate::run_file::{Optimizer, Train};
use crate::scores::Ceiling;
use checkpoint::{Checkpoint, Phase, Progress};
use fitting::Fitting;
use history::EpochRow;

/// What is fitted to what, and how.
pub struct Task<'a> {
    /// The model.
    pub network: &'a Network,
    /// Its tensors.
    pub params: &'a Params,
    /// Clips that weights are fitted to.
    pub train: &'a [Sample],
    /// The sound of the clips that the best epoch is chosen on.
    pub valid: &'a [Sample],
    /// What scores need of the responses to them.
    pub ceiling: &'a Ceiling,
    /// Ids of the neurons, for messages.
    pub neurons: &'a [String],
    /// `[train]`.
    pub settings: &'a Train,
}

impl Task<'_> {
    /// Whether each neuron is fitted by itself, all side by side: nothing of what it comes to depends on
    /// the others.
    pub fn fits_apart(&self) -> bool {
        self.network.shares_nothing() && self.settings.optimizer != Optimizer::AdamW
    }
}

/// Who looks on while a model is fitted, and keeps what it reaches.
pub trait Observer {
    /// A batch of an epoch is done.
    fn batch(&mut self, epoch: usize);

    /// An epoch is done; what `checkpoint` holds must be safe when this returns, if it is whole.
    fn epoch(&mut self, row: &EpochRow, checkpoint: &Checkpoint, improved: bool) -> Result<()>;

    /// Some neurons that are each fitted by itself have come to the end of an epoch of their own: the rows of
    /// their histories, by the places of the neurons.
    fn neurons(&mut self, _rows: Vec<(usize, EpochRow)>) {}

    /// A phase without epochs is done; what `checkpoint` holds must be safe when this returns.
    fn finished(&mut self, _checkpoint: &Checkpoint) -> Result<()> {
        Ok(())
    }

    /// Whether to stop before the next batch.
    fn interrupted(&self) -> bool;

    /// Something that the user should know.
    fn note(&mut self, note: &str);
}

/// How fitting came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All epochs are done.
    Epochs,
    /// Nothing better came for as many epochs as patience allows.
    Patience,
    /// The objective stopped to fall, or the solution is exact.
    Converged,
    /// The observer asked for it.
    Interrupted,
}

/// The state of a run before its first epoch; `params` hold the model in the units of the recording
/// when it returns.
///
/// # Errors
/// A tensor operation fails.
pub fn start(task: &Task, run: String) -> Result<Checkpoint> {
    let fitting = Fitting::new(task)?;
    fitting.draw(task.settings.seed)?;
    let weights = task.params.values()?;
    let model = fitting.in_units_of_recording()?;
    task.params.load(&model)?;
    let progress = Progress { run, phase: fitting.first_phase(), ..Progress::default() };
    Ok(Checkpoint {
        progress,
        best_weights: weights.clone(),
        weights,
        model,
        memory: checkpoint::Tensors::new(),
        sums: checkpoint::Tensors::new(),
        is_whole: true,
    })
}

/// Fits from `checkpoint` on; `params` hold the best weights when it returns.
///
/// ```
/// use strf::base::error::Result;
/// use strf::run_file::RunConfig;
/// use strf::runs::experiment::Experiment;
/// use strf::runs::folder::OldRun;
/// use strf::training::{End, Observer, Task, checkpoint::Checkpoint, fit, history::EpochRow, start};
///
/// /// Keeps the loss of every epoch.
/// struct Losses(Vec<f64>);
///
/// impl Observer for Losses {
///     fn batch(&mut self, _epoch: usize) {}
///     fn epoch(&mut self, row: &EpochRow, _state: &Checkpoint, _improved: bool) -> Result<()> {
///         self.0.push(row.train_loss);
///         Ok(())
///     }
///     fn interrupted(&self) -> bool {
///         false
///     }
///     fn note(&mut self, _note: &str) {}
/// }
///
/// let text = "[data]\nfile = \"tests/fixtures/runs_0.1.0/data.h5\"\n[model]\ntype = \"ln\"\n\
///             [train]\noptimizer = \"adamw\"\nstarts = 1\nepochs = 3\n";
/// let config = RunConfig::parse(text, "run.toml".as_ref(), &[])?;
/// let Experiment { network, params, prepared, config, .. } =
///     Experiment::open(config, OldRun::Refuse)?;
/// let task = Task {
///     network: &network,
///     params: &params,
///     train: &prepared.train,
///     valid: &prepared.valid,
///     ceiling: &prepared.ceiling,
///     neurons: &prepared.neurons,
///     settings: &config.train,
/// };
/// let mut losses = Losses(Vec::new());
/// let end = fit(&task, &mut start(&task, String::new())?, &mut losses)?;
/// assert_eq!((end, losses.0.len()), (End::Epochs, 3));
/// # Ok::<(), strf::base::error::Error>(())
/// ```
pub fn fit(task: &Task, checkpoint: &mut Checkpoint, observer: &mut dyn Observer) -> Result<End> {
    fit_until(task, checkpoint, observer, Phase::Done)
}

/// Fits from `checkpoint` on, up to a phase.
///
/// # Errors
/// As [`fit`].
pub fn fit_until(
    task: &Task,
    checkpoint: &mut Checkpoint,
    observer: &mut dyn Observer,
    until: Phase,
) -> Result<End> {
    let fitting = Fitting::new(task)?;
    let judge = fitting.judge(observer)?;
    fitting.warn_of_bounds(observer);
    let by_steps = task.settings.optimizer == Optimizer::AdamW;
    if by_steps && checkpoint.progress.phase == Phase::Done && goes_on(task, checkpoint) {
        let begun = checkpoint.progress.epoch > 0;
        checkpoint.progress.phase = if begun { Phase::Fit } else { fitting.first_phase() };
    }
    let mut end = End::Epochs;
    loop {
        task.params.load(&checkpoint.weights)?;
        let kept = checkpoint.progress.best.epoch;
        let reached = match (checkpoint.progress.phase, task.settings.optimizer) {
            (phase, _) if phase == until || phase == Phase::Done => break,
            (Phase::Finish, _) => finish::run(&fitting, &judge, checkpoint, observer),
            (_, Optimizer::AdamW) => steps::run(&fitting, &judge, checkpoint, observer),
            (_, Optimizer::Ridge) => ridge::run(&fitting, &judge, checkpoint, observer),
            (_, _) => descent::run(&fitting, &judge, checkpoint, observer),
        };
        match reached.map_err(|error| with_kept(error, kept)) {
            Ok(Some(End::Interrupted)) => {
                end = End::Interrupted;
                break;
            }
            Ok(Some(reached)) => end = reached,
            Ok(None) => {}
            Err(error) => {
                task.params.load(&checkpoint.model)?;
                return Err(error);
            }
        }
    }
    task.params.load(&checkpoint.model)?;
    Ok(end)
}

/// Epochs of the random starts of a fit by steps, which come before its own.
pub fn epochs_of_starts(settings: &Train) -> usize {
    if settings.optimizer == Optimizer::AdamW && settings.starts() > 1 {
        settings.starts() * steps::SHORT
    } else {
        0
    }
}

/// Whether a finished fit by steps has epochs and patience left, as when it is given more.
fn goes_on(task: &Task, checkpoint: &Checkpoint) -> bool {
    let (settings, progress) = (task.settings, &checkpoint.progress);
    let exhausted =
        progress.epoch > 0 && progress.best.exhausted(progress.epoch, settings.patience);
    progress.leg < settings.epochs() && !exhausted
}

/// Says of an error that stops training which epoch's weights are kept.
fn with_kept(error: Error, epoch: usize) -> Error {
    match error {
        Error::Stopped(why) if epoch == 0 => {
            Error::Stopped(format!("{why}; the untrained model is kept"))
        }
        Error::Stopped(why) => {
            Error::Stopped(format!("{why}; the best model so far, of epoch {epoch}, is kept"))
        }
        other => other,
    }
}
