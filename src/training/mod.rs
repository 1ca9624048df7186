//! Fitting: epochs of batches, the best of them kept, every one of them resumable.
pub mod adamw;
pub mod best;
pub mod checkpoint;
pub mod history;
pub mod schedule;
mod validation;

use std::time::Instant;

use candle_core::Tensor;

use crate::base::error::{Error, Result};
use crate::base::rng;
use crate::models::batch::{Batch, Member, Sample};
use crate::models::params::Params;
use crate::models::{Network, Step};
use crate::run_file::Train;
use crate::run_file::{Best as BestOf, Monitor, Schedule};
use crate::scores::Ceiling;
use adamw::AdamW;
use checkpoint::{Checkpoint, Progress};
use history::EpochRow;
use validation::{Validation, ValidationScores};

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
    /// `[train]`.
    pub settings: &'a Train,
}

/// Who looks on while a model is fitted, and keeps what it reaches.
pub trait Observer {
    /// A batch of an epoch is done.
    fn batch(&mut self, epoch: usize);

    /// An epoch is done; what `checkpoint` holds must be safe when this returns.
    fn epoch(&mut self, row: &EpochRow, checkpoint: &Checkpoint, improved: bool) -> Result<()>;

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
    /// The observer asked for it.
    Interrupted,
}

/// The state of a run before its first epoch.
pub fn start(params: &Params, run: String) -> Result<Checkpoint> {
    let weights = params.values()?;
    let moments = AdamW::new(params, 0.0, 0.0)?.moments()?;
    let progress = Progress { run, ..Progress::default() };
    Ok(Checkpoint { progress, best_weights: weights.clone(), weights, moments })
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
///             [train]\nepochs = 3\n";
/// let config = RunConfig::parse(text, "run.toml".as_ref(), &[])?;
/// let Experiment { network, params, prepared, config, .. } =
///     Experiment::open(config, OldRun::Refuse)?;
/// let task = Task {
///     network: &network,
///     params: &params,
///     train: &prepared.train,
///     valid: &prepared.valid,
///     ceiling: &prepared.ceiling,
///     settings: &config.train,
/// };
/// let mut losses = Losses(Vec::new());
/// let end = fit(&task, &mut start(&params, String::new())?, &mut losses)?;
/// assert_eq!((end, losses.0.len()), (End::Epochs, 3));
/// # Ok::<(), strf::base::error::Error>(())
/// ```
pub fn fit(task: &Task, checkpoint: &mut Checkpoint, observer: &mut dyn Observer) -> Result<End> {
    let mut fitting = Fitting::resume(task, checkpoint, observer)?;
    let settings = task.settings;
    let end = loop {
        let Progress { epoch, best, .. } = &checkpoint.progress;
        if *epoch >= settings.epochs {
            break End::Epochs;
        }
        if *epoch > 0 && best.exhausted(*epoch, settings.patience) {
            break End::Patience;
        }
        let kept = best.epoch;
        let done = fitting.epoch(checkpoint, observer).map_err(|error| with_kept(error, kept))?;
        let Some((row, improved)) = done else { break End::Interrupted };
        observer.epoch(&row, checkpoint, improved)?;
    };
    task.params.load(&checkpoint.best_weights)?;
    Ok(end)
}

/// A fit under way.
struct Fitting<'a> {
    task: &'a Task<'a>,
    train: Vec<Member>,
    optimizer: AdamW,
    validation: Validation<'a>,
    monitor: Monitor,
}

impl<'a> Fitting<'a> {
    fn resume(
        task: &'a Task<'a>,
        checkpoint: &Checkpoint,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let settings = task.settings;
        task.params.load(&checkpoint.weights)?;
        let mut optimizer = AdamW::new(task.params, settings.weight_decay, settings.clip_norm)?;
        let moments = checkpoint.to_device(task.params.device())?.moments;
        optimizer.restore(checkpoint.progress.steps, &moments)?;
        let validation = Validation::new(task.network, (task.valid, task.ceiling), settings)?;
        let monitor = match settings.monitor {
            Monitor::ValidCcNorm if !validation.has_ceiling() => {
                observer.note(
                    "valid_cc_norm is undefined for every neuron (it needs repeats with a signal \
                     in common); valid_cc decides which epoch is the best",
                );
                Monitor::ValidCc
            }
            other => other,
        };
        let train = task.train.iter().map(|sample| task.network.given(&sample.member));
        let train = train.collect::<candle_core::Result<_>>()?;
        Ok(Self { task, train, optimizer, validation, monitor })
    }

    /// One epoch and what it reached; none where the observer interrupted it.
    fn epoch(
        &mut self,
        checkpoint: &mut Checkpoint,
        observer: &mut dyn Observer,
    ) -> Result<Option<(EpochRow, bool)>> {
        let settings = self.task.settings;
        let epoch = checkpoint.progress.epoch + 1;
        let halvings = checkpoint.progress.best.halvings;
        let lr = schedule::lr(settings.schedule, settings.lr, [epoch, settings.epochs], halvings);
        let begin = Instant::now();
        let Some(train_loss) = self.pass(epoch, lr, observer)? else { return Ok(None) };
        let seconds_train = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let scores = self.validation.scores(self.task.network)?;
        require_finite(scores.loss, "validation", &format!("epoch {epoch}"))?;
        let improved = self.keep(checkpoint, epoch, &scores)?;
        let seconds_valid = begin.elapsed().as_secs_f64();
        Ok(Some((scores.row(epoch, [seconds_train, seconds_valid], lr, train_loss), improved)))
    }

    /// Over all training clips in the epoch's order; the mean loss over clips.
    fn pass(&mut self, epoch: usize, lr: f64, observer: &mut dyn Observer) -> Result<Option<f64>> {
        let settings = self.task.settings;
        let name = format!("order of epoch {epoch}");
        let order = rng::permutation(settings.seed, &name, self.train.len());
        let batches = order.chunks(settings.batch);
        let mut losses = Vec::with_capacity(batches.len());
        for members in batches {
            if observer.interrupted() {
                return Ok(None);
            }
            let batch = Batch::of(members.iter().map(|&clip| self.train[clip].clone()).collect());
            losses.push((self.step(&batch, lr)?, members.len()));
            observer.batch(epoch);
        }
        mean_loss(&losses, epoch).map(Some)
    }

    /// One optimizer step; the loss stays on its device.
    fn step(&mut self, batch: &Batch, lr: f64) -> Result<Tensor> {
        let Task { network, settings, .. } = self.task;
        let step = Step { seed: settings.seed, number: u64::from(self.optimizer.steps()) };
        let data_loss = network.loss_at(batch, settings.loss, step)?;
        let total = if settings.l1 > 0.0 {
            (&data_loss + (network.l1()? * settings.l1)?)?
        } else {
            data_loss.clone()
        };
        self.optimizer.step(&total.backward()?, lr)?;
        Ok(data_loss.detach())
    }

    /// Puts the epoch into the checkpoint; true where the best weights changed.
    fn keep(
        &self,
        checkpoint: &mut Checkpoint,
        epoch: usize,
        scores: &ValidationScores,
    ) -> Result<bool> {
        let settings = self.task.settings;
        checkpoint.weights = self.task.params.values()?;
        checkpoint.moments = self.optimizer.moments()?;
        checkpoint.progress.epoch = epoch;
        checkpoint.progress.steps = self.optimizer.steps();
        let best = &mut checkpoint.progress.best;
        let improved = best.observe(self.monitor, epoch, scores.mean(self.monitor));
        if settings.schedule == Schedule::Plateau {
            best.halve_on_plateau(epoch, settings.patience);
        }
        match settings.best {
            BestOf::Mean if improved => checkpoint.best_weights.clone_from(&checkpoint.weights),
            BestOf::Mean => {}
            BestOf::PerNeuron => {
                let better = best.observe_neurons(self.monitor, scores.of_neurons(self.monitor));
                self.take_neurons(checkpoint, &better)?;
                return Ok(!better.is_empty());
            }
        }
        Ok(improved)
    }

    /// Copies the weights of some neurons into the best weights.
    fn take_neurons(&self, checkpoint: &mut Checkpoint, neurons: &[usize]) -> Result<()> {
        for (name, param) in self.task.params.all() {
            let Some(new) = checkpoint.weights.get(&name) else { continue };
            let Some(best) = checkpoint.best_weights.get_mut(&name) else { continue };
            *best = with_rows(best, new, param.owner_axis, neurons)?;
        }
        Ok(())
    }
}

/// `old` with the given places along an axis taken from `new`.
fn with_rows(
    old: &Tensor,
    new: &Tensor,
    axis: usize,
    rows: &[usize],
) -> candle_core::Result<Tensor> {
    let taken = |row: usize| if rows.contains(&row) { new } else { old };
    let rows = (0..old.dim(axis)?).map(|row| taken(row).narrow(axis, row, 1));
    Tensor::cat(&rows.collect::<candle_core::Result<Vec<_>>>()?, axis)?.contiguous()
}

/// Losses of batches with their numbers of clips, read from the device once.
fn mean_loss(losses: &[(Tensor, usize)], epoch: usize) -> Result<f64> {
    let tensors: Vec<&Tensor> = losses.iter().map(|(loss, _)| loss).collect();
    let values = Tensor::stack(&tensors, 0)?.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>()?;
    for (batch, loss) in values.iter().enumerate() {
        let place = format!("epoch {epoch}, batch {} of {}", batch + 1, losses.len());
        require_finite(*loss, "training", &place)?;
    }
    let clips: usize = losses.iter().map(|(_, clips)| clips).sum();
    let total: f64 = values.iter().zip(losses).map(|(loss, (_, clips))| loss * *clips as f64).sum();
    Ok(total / clips as f64)
}

fn require_finite(loss: f64, of: &str, place: &str) -> Result<()> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(Error::Stopped(format!(
        "{place}: found a {of} loss of {loss}, expected a finite number; lower train.lr, or limit \
         gradients with train.clip_norm"
    )))
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
