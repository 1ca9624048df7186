//! Steps of AdamW along gradients of batches: an epoch is one pass over the training clips.
use std::time::Instant;

use candle_core::{DType, Tensor};

use super::adamw::AdamW;
use super::checkpoint::{Checkpoint, Phase, Tensors};
use super::fitting::{Fitting, Judge, require_finite};
use super::history::EpochRow;
use super::penalties::{Penalties, Strengths};
use super::validation::ValidationScores;
use super::{End, Observer, Task, schedule};
use crate::base::error::Result;
use crate::base::rng;
use crate::models::Step;
use crate::models::batch::Batch;
use crate::run_file::Schedule;

/// Epochs of each of several random starts.
pub const SHORT: usize = 8;
/// How often a fit is begun anew where an output has gone silent.
const MOST_RESTARTS: u32 = 3;
/// By how much steps are smaller then.
const SMALLER: f64 = 0.3;
/// Steps over which the learning rate rises at the beginning.
const WARM_UP: u32 = 20;
/// The share of the epochs, the last ones, whose weights are averaged where steps do not fall by
/// plateaus.
const AVERAGED: f64 = 0.25;

/// What is left of a fit by steps, up to the end of its present phase; how it ended.
///
/// # Errors
/// A tensor operation fails, the observer fails, or no restart keeps the loss finite.
pub fn run(
    fitting: &Fitting,
    judge: &Judge,
    checkpoint: &mut Checkpoint,
    observer: &mut dyn Observer,
) -> Result<Option<End>> {
    let mut steps = Steps::resume(fitting, judge, checkpoint)?;
    loop {
        let done = match checkpoint.progress.phase {
            Phase::Starts { nth } => steps.start(nth, checkpoint, observer)?,
            _ => steps.epoch(checkpoint, observer)?,
        };
        match done {
            Done::Epoch => {}
            Done::Phase(end) => return Ok(end),
        }
    }
}

enum Done {
    Epoch,
    Phase(Option<End>),
}

struct Steps<'a> {
    fitting: &'a Fitting<'a>,
    judge: &'a Judge<'a>,
    optimizer: AdamW,
    penalties: Option<Penalties>,
}

impl<'a> Steps<'a> {
    fn resume(
        fitting: &'a Fitting<'a>,
        judge: &'a Judge<'a>,
        checkpoint: &mut Checkpoint,
    ) -> Result<Self> {
        let Task { params, settings, .. } = fitting.task;
        let mut optimizer = AdamW::new(params, settings.weight_decay, settings.clip_norm)?;
        optimizer.restore(checkpoint.progress.steps_of_leg(), &checkpoint.memory)?;
        let penalties = penalties(fitting)?;
        Ok(Self { fitting, judge, optimizer, penalties })
    }

    /// An epoch of one of several random starts.
    fn start(
        &mut self,
        nth: usize,
        checkpoint: &mut Checkpoint,
        observer: &mut dyn Observer,
    ) -> Result<Done> {
        let Task { params, settings, .. } = self.fitting.task;
        if checkpoint.progress.leg == 0 {
            self.fitting.draw(self.fitting.seed(nth))?;
            self.anew(checkpoint)?;
        }
        let phase = format!("start {} of {}", nth + 1, settings.starts());
        let Some(scores) = self.pass_and_score(checkpoint, observer, settings.lr(), &phase)? else {
            return Ok(Done::Phase(Some(End::Interrupted)));
        };
        let (row, scores) = scores;
        checkpoint.weights = params.values()?;
        checkpoint.memory = self.optimizer.memory()?;
        let loss = if scores.silent.is_empty() { scores.loss } else { f64::INFINITY };
        let best = checkpoint.progress.starts.iter().copied().fold(f64::INFINITY, f64::min);
        let mut improved = false;
        if checkpoint.progress.leg >= SHORT {
            if nth == 0 || loss < best {
                checkpoint.best_weights.clone_from(&checkpoint.weights);
                checkpoint.model = self.fitting.in_units_of_recording()?;
                improved = true;
            }
            checkpoint.progress.starts.push(if loss.is_finite() { loss } else { f64::MAX });
            checkpoint.progress.leg = 0;
            checkpoint.progress.phase = if nth + 1 < settings.starts() {
                Phase::Starts { nth: nth + 1 }
            } else {
                self.fitting.back_to_best(checkpoint)?;
                self.anew(checkpoint)?;
                Phase::Fit
            };
        }
        observer.epoch(&row, checkpoint, improved)?;
        Ok(Done::Epoch)
    }

    /// Forgets what steps before have left.
    fn anew(&mut self, checkpoint: &mut Checkpoint) -> Result<()> {
        let Task { params, settings, .. } = self.fitting.task;
        self.optimizer = AdamW::new(params, settings.weight_decay, settings.clip_norm)?;
        checkpoint.progress.leg_start = checkpoint.progress.steps;
        checkpoint.memory = Tensors::new();
        checkpoint.sums = Tensors::new();
        checkpoint.progress.summed = 0;
        Ok(())
    }

    /// The learning rate of the present epoch.
    fn lr(&self, checkpoint: &Checkpoint) -> f64 {
        let Task { settings, .. } = self.fitting.task;
        let progress = &checkpoint.progress;
        let lr = settings.lr() * SMALLER.powi(progress.restarts.try_into().unwrap_or(i32::MAX));
        let epochs = [progress.leg + 1, settings.epochs()];
        schedule::lr(settings.schedule, lr, epochs, progress.best.halvings)
    }

    fn epoch(&mut self, checkpoint: &mut Checkpoint, observer: &mut dyn Observer) -> Result<Done> {
        let Task { settings, .. } = self.fitting.task;
        let lr = self.lr(checkpoint);
        let phase = match checkpoint.progress.restarts {
            0 => "fit".to_owned(),
            restarts => format!("restart {restarts}"),
        };
        let found = match self.pass_and_score(checkpoint, observer, lr, &phase) {
            Ok(Some(found)) => Some(found),
            Ok(None) => return Ok(Done::Phase(Some(End::Interrupted))),
            Err(error) if checkpoint.progress.restarts >= MOST_RESTARTS => return Err(error),
            Err(crate::base::error::Error::Stopped(_)) => None,
            Err(error) => return Err(error),
        };
        let silent = found.as_ref().is_none_or(|(_, scores)| !scores.silent.is_empty());
        if silent && checkpoint.progress.restarts < MOST_RESTARTS {
            let silent = found.as_ref().map(|(_, scores)| scores.silent.as_slice());
            self.restart(checkpoint, observer, silent)?;
            if let Some((row, _)) = found {
                observer.epoch(&row, checkpoint, false)?;
            } else {
                // The epoch that came to no loss is not counted.
                checkpoint.progress.epoch -= 1;
            }
            return Ok(Done::Epoch);
        }
        let Some((row, scores)) = found else { return Ok(Done::Phase(None)) };
        let mut improved = self.fitting.keep(checkpoint, self.judge, &scores)?;
        self.sum_up(checkpoint)?;
        checkpoint.memory = self.optimizer.memory()?;
        let progress = &mut checkpoint.progress;
        let ends = match () {
            () if progress.leg >= settings.epochs() => Some(End::Epochs),
            () if progress.best.exhausted(progress.epoch, settings.patience) => Some(End::Patience),
            () => None,
        };
        let falls = settings.schedule == Schedule::Plateau
            && progress.best.halve_on_plateau(progress.epoch, settings.patience);
        if falls {
            improved |= self.try_mean(checkpoint)?;
            self.fitting.back_to_best(checkpoint)?;
            self.anew(checkpoint)?;
        }
        if ends.is_some() {
            checkpoint.progress.phase = Phase::Finish;
        }
        observer.epoch(&row, checkpoint, improved)?;
        Ok(ends.map_or(Done::Epoch, |end| Done::Phase(Some(end))))
    }

    /// Begins the fit anew from other random weights, with smaller steps.
    fn restart(
        &mut self,
        checkpoint: &mut Checkpoint,
        observer: &mut dyn Observer,
        silent: Option<&[usize]>,
    ) -> Result<()> {
        let restarts = checkpoint.progress.restarts + 1;
        let why = match silent {
            Some(silent) => {
                format!("the prediction for {} no longer changes", self.fitting.names(silent))
            }
            None => "the loss is no longer a number".to_owned(),
        };
        observer.note(&format!(
            "epoch {}: {why}; the fit begins anew with steps {SMALLER} times as long",
            checkpoint.progress.epoch
        ));
        checkpoint.progress.restarts = restarts;
        checkpoint.progress.leg = 0;
        checkpoint.progress.best.halvings = 0;
        checkpoint.progress.best.halved_at = checkpoint.progress.epoch;
        checkpoint.progress.best.anew_at = checkpoint.progress.epoch;
        self.fitting.draw(self.fitting.seed(restarts as usize))?;
        checkpoint.weights = self.fitting.task.params.values()?;
        self.anew(checkpoint)
    }

    /// Adds the present weights to those whose mean is tried.
    fn sum_up(&self, checkpoint: &mut Checkpoint) -> Result<()> {
        let Task { settings, .. } = self.fitting.task;
        let late = match settings.schedule {
            Schedule::Plateau => true,
            _ => checkpoint.progress.leg as f64 > (1.0 - AVERAGED) * settings.epochs() as f64,
        };
        if !settings.average || !late {
            return Ok(());
        }
        checkpoint.progress.summed += 1;
        for (name, weights) in &checkpoint.weights {
            let weights = weights.to_dtype(DType::F64)?;
            let sum = match checkpoint.sums.get(name) {
                Some(sum) => (sum + weights)?,
                None => weights,
            };
            checkpoint.sums.insert(name.clone(), sum);
        }
        Ok(())
    }

    /// Keeps the mean of late weights where it does better; whether it does.
    fn try_mean(&self, checkpoint: &mut Checkpoint) -> Result<bool> {
        let Some(means) = checkpoint.means()? else { return Ok(false) };
        let own = checkpoint.weights.clone();
        let params = self.fitting.task.params;
        params.load(&means)?;
        let scores = self.judge.validation.scores(self.fitting.task.network)?;
        let improved =
            scores.loss.is_finite() && self.fitting.keep(checkpoint, self.judge, &scores)?;
        checkpoint.weights = own;
        params.load(&checkpoint.weights)?;
        Ok(improved)
    }

    /// One pass over the training clips, counted, and what it reached; none where the observer
    /// interrupted it.
    fn pass_and_score(
        &mut self,
        checkpoint: &mut Checkpoint,
        observer: &mut dyn Observer,
        lr: f64,
        phase: &str,
    ) -> Result<Option<(EpochRow, ValidationScores)>> {
        let epoch = checkpoint.progress.epoch + 1;
        let begin = Instant::now();
        let Some(train_loss) = self.pass(checkpoint, lr, observer)? else { return Ok(None) };
        let seconds_train = begin.elapsed().as_secs_f64();
        checkpoint.progress.epoch = epoch;
        checkpoint.progress.leg += 1;
        require_finite(train_loss, "training", &format!("epoch {epoch}"))?;
        let begin = Instant::now();
        let scores = self.judge.validation.scores(self.fitting.task.network)?;
        require_finite(scores.loss, "validation", &format!("epoch {epoch}"))?;
        let seconds_valid = begin.elapsed().as_secs_f64();
        let row = EpochRow {
            epoch,
            seconds_train,
            seconds_valid,
            lr,
            train_loss,
            phase: phase.to_owned(),
            ..scores.row()
        };
        Ok(Some((row, scores)))
    }

    /// Over all training clips in the epoch's order; the mean loss over clips.
    fn pass(
        &mut self,
        checkpoint: &mut Checkpoint,
        lr: f64,
        observer: &mut dyn Observer,
    ) -> Result<Option<f64>> {
        let (settings, train) = (self.fitting.task.settings, &self.fitting.train);
        let epoch = checkpoint.progress.epoch + 1;
        let order =
            rng::permutation(settings.seed, &format!("order of epoch {epoch}"), train.len());
        let batches = order.chunks(settings.batch);
        let mut losses = Vec::with_capacity(batches.len());
        let before = checkpoint.progress.steps;
        for members in batches {
            if observer.interrupted() {
                checkpoint.progress.steps = before;
                return Ok(None);
            }
            let batch = Batch::of(members.iter().map(|&clip| train[clip].clone()).collect());
            let number = checkpoint.progress.steps;
            losses.push((self.step(&batch, lr, number)?, members.len()));
            checkpoint.progress.steps += 1;
            observer.batch(epoch);
        }
        let loss = mean_loss(&losses)?;
        Ok(Some(loss - self.fitting.relative.floor()))
    }

    /// One optimizer step; the loss stays on its device.
    fn step(&mut self, batch: &Batch, lr: f64, number: u32) -> Result<Tensor> {
        let Task { network, settings, .. } = self.fitting.task;
        let step = Step { seed: settings.seed, number: u64::from(number) };
        let data_loss = network.loss_at(batch, &self.fitting.relative.criterion(), step)?;
        let total = match &self.penalties {
            Some(penalties) => (&data_loss + penalties.of_network(network)?.sum_all()?)?,
            None => data_loss.clone(),
        };
        let taken = self.optimizer.steps();
        let warm = f64::from((taken + 1).min(WARM_UP)) / f64::from(WARM_UP);
        self.optimizer.step(&total.backward()?, lr * warm)?;
        Ok(data_loss.detach())
    }
}

/// Those that the run file gives, if any, with slopes of outputs as they are at the start.
fn penalties(fitting: &Fitting) -> Result<Option<Penalties>> {
    let Task { network, params, settings, .. } = fitting.task;
    let strengths = Strengths::of_numbers(settings);
    if strengths.are_none() || network.penalized().is_err() {
        return Ok(None);
    }
    let (own, seen) = (params.values()?, fitting.seen()?);
    fitting.draw(settings.seed)?;
    let gains = fitting.neuron_gains(&seen)?;
    params.load(&own)?;
    Penalties::of_all(strengths, gains, (network, &seen)).map(Some)
}

/// The mean over clips of the losses of batches with their numbers of clips, read from the device
/// once.
fn mean_loss(losses: &[(Tensor, usize)]) -> Result<f64> {
    let tensors: Vec<&Tensor> = losses.iter().map(|(loss, _)| loss).collect();
    let values = Tensor::stack(&tensors, 0)?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    let clips: usize = losses.iter().map(|(_, clips)| clips).sum();
    let total: f64 = values.iter().zip(losses).map(|(loss, (_, clips))| loss * *clips as f64).sum();
    Ok(total / clips as f64)
}
