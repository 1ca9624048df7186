//! A fit under way: what all phases share, and their order.
use candle_core::{DType, Tensor};

use super::checkpoint::{Checkpoint, Phase, Tensors};
use super::linear::{LinearProblem, RidgePenalty};
use super::penalties::{deviation, mean_slopes};
use super::relative::{Divisible, Relative};
use super::validation::{Validation, ValidationScores};
use super::{Observer, Task, draw};
use crate::base::error::{Error, Result};
use crate::base::rng;
use crate::models::batch::{Batch, Member};
use crate::models::outputs::ResponseRange;
use crate::run_file::{Best as BestOf, Monitor, Optimizer, StartFrom};

/// The penalty on squares of the linear solutions that hidden units start from, in units of the
/// variance that a kernel sees in all.
const HIDDEN_START: f64 = 1e-3;

/// Slopes of outputs below it count as it is: a penalty on what hardly acts would do nothing.
const LEAST_SLOPE: f64 = 0.05;

/// What all phases of a fit share.
pub struct Fitting<'a> {
    /// What is fitted to what.
    pub task: &'a Task<'a>,
    /// In what units.
    pub relative: Relative,
    /// The training clips as the network takes them, with responses in the units of the fit.
    pub train: Vec<Member>,
}

/// What decides which epoch is best, with the validation clips.
pub struct Judge<'a> {
    /// The validation clips.
    pub validation: Validation<'a>,
    /// What of their scores is monitored.
    pub monitor: Monitor,
}

impl<'a> Fitting<'a> {
    /// Puts together what does not change.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn new(task: &'a Task<'a>) -> Result<Self> {
        let Task { network, train, settings, .. } = task;
        let loss = (settings.loss, settings.loss_scale);
        let divisible =
            Divisible { can_rescale: network.can_rescale(), is_apart: task.fits_apart() };
        let relative = Relative::new(train, loss, divisible)?;
        let given = |member: &Member| relative.member(network.given(member)?);
        let train = train.iter().map(|sample| given(&sample.member));
        let train = train.collect::<candle_core::Result<_>>()?;
        Ok(Self { task, relative, train })
    }

    /// All training clips at once.
    pub fn whole(&self) -> Batch {
        Batch::of(self.train.clone())
    }

    /// Draws the weights of a start.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn draw(&self, seed: u64) -> Result<()> {
        let network = self.task.network;
        self.draw_layers(seed)?;
        if self.task.settings.start() == StartFrom::Ridge && !network.is_single_layer() {
            self.start_hidden()?;
        }
        draw::start_outputs(network, &self.whole(), &self.relative)?;
        Ok(())
    }

    /// Draws weights; layers then start from the training clips.
    fn draw_layers(&self, seed: u64) -> Result<()> {
        let Task { network, params, train, .. } = self.task;
        if self.task.fits_apart() {
            params.redraw_alike(seed)?;
        } else {
            params.redraw(seed)?;
        }
        Ok(network.start(train.iter().map(|sample| &sample.member))?)
    }

    /// Lets hidden units start from the leading fields of the neurons' linear solutions; those beyond
    /// their rank stay random.
    fn start_hidden(&self) -> Result<()> {
        let network = self.task.network;
        let linear = LinearProblem::new(network, &self.seen()?)?;
        let l2 = HIDDEN_START * linear.weights() as f64;
        let solution = linear.solve(&RidgePenalty::of_squares(l2))?;
        let kernels = network.penalized()?.flip(&[3])?.detach();
        let random = kernels.flatten_from(1)?.to_dtype(DType::F64)?.to_vec2::<f64>()?;
        let fields = linear.leading(&solution, &self.relative.ranges);
        let mut rows = Vec::new();
        for (place, row) in random.into_iter().enumerate() {
            let size = row.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
            match fields.get(place) {
                Some(field) => rows.extend(field.iter().map(|weight| weight * size)),
                None => rows.extend(row),
            }
        }
        let weights = Tensor::from_vec(rows, kernels.shape(), kernels.device())?;
        let weights = weights.to_dtype(kernels.dtype())?;
        let none = Tensor::zeros(kernels.dim(0)?, kernels.dtype(), kernels.device())?;
        network.take_kernels(&weights, &none)?;
        Ok(())
    }

    /// The seed of one of several starts or attempts: the first has that of the run file.
    pub fn seed(&self, nth: usize) -> u64 {
        let seed = self.task.settings.seed;
        if nth == 0 { seed } else { rng::derived(seed, &format!("start {nth}")) }
    }

    /// What the first layer of the model sees of the training clips; behind a prefilter that learns,
    /// as it does at the start.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn seen(&self) -> Result<Vec<Member>> {
        let Task { network, params, train, settings, .. } = self.task;
        let own = params.values()?;
        if network.prefilters_learn() {
            self.draw_layers(settings.seed)?;
        }
        let clips = train.iter().zip(&self.train);
        let seen = clips.map(|(raw, member)| {
            Ok(member.with_sound(network.filtered(&raw.member.sound)?.detach()))
        });
        let seen = seen.collect::<candle_core::Result<_>>()?;
        params.load(&own)?;
        Ok(seen)
    }

    /// What each neuron's kernel is multiplied by to be its effective STRF: the mean slope of the
    /// output over training bins, per standard deviation of the response, times that of what the
    /// kernel sees.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn neuron_gains(&self, seen: &[Member]) -> Result<Vec<f64>> {
        let scale = deviation(seen)?;
        let slopes = mean_slopes(self.task.network, &self.whole())?;
        let ranges = slopes.into_iter().zip(&self.relative.ranges);
        let gain = |(slope, range): (f64, &ResponseRange)| {
            slope.abs().max(LEAST_SLOPE) * scale / range.deviation
        };
        Ok(ranges.map(gain).collect())
    }

    /// Which phase comes first.
    pub fn first_phase(&self) -> Phase {
        let settings = self.task.settings;
        match settings.optimizer {
            _ if settings.epochs() == 0 => Phase::Done,
            Optimizer::AdamW | Optimizer::Lbfgs
                if settings.starts() > 1 && settings.start() == StartFrom::Random =>
            {
                Phase::Starts { nth: 0 }
            }
            _ => Phase::Fit,
        }
    }

    /// The present weights in the units of the recording; the present ones stay.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn in_units_of_recording(&self) -> Result<Tensors> {
        let Task { network, params, .. } = self.task;
        if !self.relative.divides() {
            return Ok(params.values()?);
        }
        let own = params.values()?;
        let units = Tensor::new(self.relative.units.as_slice(), params.device())?;
        let units = units.to_dtype(params.dtype())?;
        network.rescale(&units)?;
        let scaled = params.values()?;
        params.load(&own)?;
        Ok(scaled)
    }

    /// Names the neurons whose prediction never changes.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn give_up(
        &self,
        judge: &Judge,
        checkpoint: &mut Checkpoint,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        if self.task.settings.epochs() == 0 {
            return Ok(());
        }
        self.task.params.load(&checkpoint.model)?;
        let silent = judge.validation.scores_of_recording(self.task.network)?.silent;
        if !silent.is_empty() {
            observer.note(&format!(
                "the prediction for {} never changes: nothing was found that beats the mean response; \
                 it counts as a correlation of 0",
                self.names(&silent)
            ));
        }
        checkpoint.progress.given_up = silent;
        Ok(())
    }

    /// Says where responses lie outside of what the output can give.
    pub fn warn_of_bounds(&self, observer: &mut dyn Observer) {
        let Some((low, high)) = self.task.network.bounds() else { return };
        let outside = self
            .relative
            .ranges
            .iter()
            .enumerate()
            .filter(|(_, range)| range.low < low || range.high > high);
        let outside: Vec<usize> = outside.map(|(neuron, _)| neuron).collect();
        if !outside.is_empty() {
            observer.note(&format!(
                "the output gives responses between {low} and {high}, and those of {} lie outside; \
                 choose another model.output, such as \"parametric_sigmoid\"",
                self.names(&outside)
            ));
        }
    }

    /// What decides which epoch is best.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn judge(&'a self, observer: &mut dyn Observer) -> Result<Judge<'a>> {
        let Task { network, valid, ceiling, settings, .. } = self.task;
        let validation = Validation::new(network, (valid, ceiling), &self.relative)?;
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
        Ok(Judge { validation, monitor })
    }

    /// Puts the present weights into the checkpoint, and into its best ones where they score better;
    /// whether they do so.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn keep(
        &self,
        checkpoint: &mut Checkpoint,
        judge: &Judge,
        scores: &ValidationScores,
    ) -> Result<bool> {
        let epochs = vec![checkpoint.progress.epoch; self.task.network.neurons()];
        self.keep_of(checkpoint, judge, (scores, &epochs))
    }

    /// The same with an epoch of each neuron.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn keep_of(
        &self,
        checkpoint: &mut Checkpoint,
        judge: &Judge,
        (scores, epochs): (&ValidationScores, &[usize]),
    ) -> Result<bool> {
        checkpoint.weights = self.task.params.values()?;
        let epoch = checkpoint.progress.epoch;
        let best = &mut checkpoint.progress.best;
        let improved = best.observe(judge.monitor, epoch, scores.mean(judge.monitor));
        match self.task.settings.best() {
            BestOf::Mean if improved => {
                checkpoint.best_weights.clone_from(&checkpoint.weights);
                checkpoint.model = self.in_units_of_recording()?;
                Ok(true)
            }
            BestOf::Mean => Ok(false),
            BestOf::PerNeuron => {
                let of_neurons = scores.of_neurons(judge.monitor);
                let better = best.observe_neurons(judge.monitor, epochs, of_neurons);
                self.take_neurons(checkpoint, &better)?;
                Ok(!better.is_empty())
            }
        }
    }

    /// Copies the present weights of some neurons into the best weights.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn take_neurons(&self, checkpoint: &mut Checkpoint, neurons: &[usize]) -> Result<()> {
        if neurons.is_empty() {
            return Ok(());
        }
        let model = self.in_units_of_recording()?;
        checkpoint.best_weights =
            self.mixed(&checkpoint.best_weights, &checkpoint.weights, neurons)?;
        checkpoint.model = self.mixed(&checkpoint.model, &model, neurons)?;
        Ok(())
    }

    /// Weights with those of some neurons taken from others.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn mixed(&self, weights: &Tensors, new: &Tensors, neurons: &[usize]) -> Result<Tensors> {
        let mut mixed = weights.clone();
        for (name, param) in self.task.params.all() {
            if let (Some(new), Some(old)) = (new.get(&name), weights.get(&name)) {
                let rows = with_rows(old, new, param.owner_axis, neurons)?;
                mixed.insert(name, rows);
            }
        }
        Ok(mixed)
    }

    /// Takes the best weights as the present ones.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn back_to_best(&self, checkpoint: &mut Checkpoint) -> Result<()> {
        checkpoint.weights.clone_from(&checkpoint.best_weights);
        self.task.params.load(&checkpoint.weights)?;
        Ok(())
    }

    /// Takes the best weights of some neurons as the present ones.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn neurons_back_to_best(
        &self,
        checkpoint: &mut Checkpoint,
        neurons: &[usize],
    ) -> Result<()> {
        checkpoint.weights = self.mixed(&checkpoint.weights, &checkpoint.best_weights, neurons)?;
        self.task.params.load(&checkpoint.weights)?;
        Ok(())
    }

    /// The tensor that holds the kernels as they are, where every weight of them is free.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn full_kernel(&self) -> Result<Option<String>> {
        let dims = self.task.network.penalized()?.dims().to_vec();
        let mut all = self.task.params.trained().into_iter();
        let full =
            all.find(|(name, param)| name.ends_with("kernel.weight") && param.var.dims() == dims);
        Ok(full.map(|(name, _)| name))
    }

    /// Lets batch normalization take the statistics of all training bins, and responses stay what
    /// they are in evaluation mode.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn settle_norm(&self) -> Result<()> {
        let network = self.task.network;
        match network.norm() {
            Some(norm) => Ok(norm.settle(&draw::moments(&network.drives(&self.whole())?)?)?),
            None => Ok(()),
        }
    }

    /// The names of neurons, for messages.
    pub fn names(&self, neurons: &[usize]) -> String {
        const SHOWN: usize = 8;
        let names = neurons.iter().take(SHOWN).map(|neuron| self.task.neurons[*neuron].as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        if neurons.len() > SHOWN {
            format!("{names} and {} more", neurons.len() - SHOWN)
        } else {
            names
        }
    }
}

/// Stops a run whose loss is no number.
///
/// # Errors
/// It is none.
pub fn require_finite(loss: f64, of: &str, place: &str) -> Result<()> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(Error::Stopped(format!(
        "{place}: found a {of} loss of {loss}, expected a finite number; lower train.lr, or limit \
         gradients with train.clip_norm"
    )))
}

/// `old` with the given places along an axis taken from `new`.
fn with_rows(
    old: &Tensor,
    new: &Tensor,
    axis: usize,
    rows: &[usize],
) -> candle_core::Result<Tensor> {
    let is_new: Vec<bool> = (0..old.dim(axis)?).map(|row| rows.contains(&row)).collect();
    let mut first = 0;
    let runs = is_new.chunk_by(|a, b| a == b).map(|run| {
        let place = first;
        first += run.len();
        if run[0] { new } else { old }.narrow(axis, place, run.len())
    });
    Tensor::cat(&runs.collect::<candle_core::Result<Vec<_>>>()?, axis)?.contiguous()
}
