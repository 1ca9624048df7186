//! `[train]`: a row for each key.
use super::choices::{Banded, Best, LossScale, Monitor, Optimizer, Schedule, StartFrom};
use super::penalty::{self, Strength};
use crate::base::device::DeviceName;
use crate::base::error::Result;
use crate::config::keyed::{KeyedValue, choice, section};
use crate::config::keys::{Default, Key, Kind, Range, Value, Values};
use crate::config::part::{Row, find};
use crate::models::loss::{self, LossRow};

section! {
    /// `[train]`: how the model is fitted.
    #[expect(clippy::doc_markdown, reason = "these texts stand in run files, which have no markup")]
    Train {
        /// how the model is fitted: auto is ridge for linear, lbfgs for ln, and adamw for models
        /// whose neurons share weights
        optimizer: Optimizer = Kind::Choice(Optimizer::WORDS), Default::Is("\"auto\"");
        /// what training makes small; poisson needs an output that is never negative
        loss: &'static LossRow = Kind::Part(loss::names), Default::Is("\"mse\"");
        /// what the loss of each neuron is divided by: the loss of its mean response, or nothing
        loss_scale: LossScale = Kind::Choice(LossScale::WORDS), Default::Is("\"variance\"");
        /// weight of the squares of the effective STRF, in standard deviations of the response per
        /// standard deviation of what the kernel sees; auto: chosen on the validation stimuli
        l2: Option<Strength> = Kind::Declared(&penalty::KIND),
            Default::Follows("\"auto\" with lbfgs and ridge, 0 with adamw");
        /// weight of the squared differences of neighbours in the effective STRF, along lag and along
        /// frequency
        smooth: Option<Strength> = Kind::Declared(&penalty::KIND),
            Default::Follows(
                "0.003 with adamw and for factorized kernels, else 0; 0 without STRFs",
            );
        /// weight of the absolute values of the effective STRF
        l1: Strength = Kind::Declared(&penalty::KIND), Default::Is("0.0");
        /// most passes over the training stimuli, with lbfgs most steps at each strength of a
        /// penalty; 0 = the untrained model
        epochs: Option<usize> = Kind::Integer(0, 1_000_000),
            Default::Follows("500 with lbfgs, 100 with adamw, not counting the random starts");
        /// clips per step of adamw
        batch: usize = Kind::Integer(1, 65_536), Default::Is("1");
        /// learning rate of adamw
        lr: Option<f64> = Kind::Number(Range::above(0.0, 1.0)),
            Default::Follows("0.003 for statenet, else 0.01");
        /// weight decay of adamw; spares positions, widths, time constants and norms
        weight_decay: f64 = Kind::Number(Range::closed(0.0, 1.0)), Default::Is("0.0");
        /// epochs without a better monitored score after which training stops
        patience: usize = Kind::Integer(1, 1_000_000), Default::Is("30");
        /// score that decides which epoch is best; valid_cc stands in for a valid_cc_norm that is
        /// undefined, as with single repeats
        monitor: Monitor = Kind::Choice(Monitor::WORDS), Default::Is("\"valid_loss\"");
        /// one best epoch for all neurons, or each neuron's own (linear and ln)
        best: Option<Best> = Kind::Choice(Best::WORDS),
            Default::Follows("\"per_neuron\" where no weight serves two neurons, else \"mean\"");
        /// largest norm of the gradient of a step of adamw; 0 = no clipping
        clip_norm: f64 = Kind::Number(Range::closed(0.0, 1e9)), Default::Is("1.0");
        /// how the learning rate of adamw changes over training
        schedule: Schedule = Kind::Choice(Schedule::WORDS), Default::Is("\"plateau\"");
        /// what weights start from; ridge: the linear solution of each neuron
        start: Option<StartFrom> = Kind::Choice(StartFrom::WORDS),
            Default::Follows("\"ridge\" for ln without a prefilter that learns, else \"random\"");
        /// random starts, of which the best on the validation stimuli goes on
        starts: Option<usize> = Kind::Integer(1, 1_000),
            Default::Follows("5 with adamw, else 1");
        /// whether the mean of the weights over late epochs of adamw is kept where it does better on
        /// the validation stimuli
        average: bool = Kind::Flag, Default::Is("true");
        /// whether scale and offset of each neuron's drive and its output nonlinearity are fitted to
        /// the end on the training stimuli, and kept where the validation loss does not suffer
        calibrate: bool = Kind::Flag, Default::Is("true");
        /// folds of the training stimuli that strengths of ridge are chosen by, and l2 of lbfgs where it
        /// starts from linear solutions; 0 = the validation stimuli
        folds: usize = Kind::Integer(0, 10_000), Default::Is("0");
        /// groups of weights for which ridge chooses strengths of squares apart: the channels of the
        /// prefilter, or the latest quarter of the window, the next, and its older half
        banded: Banded = Kind::Choice(Banded::WORDS), Default::Is("\"none\"");
        /// every random number of training follows from it
        seed: u64 = Kind::Integer(0, i64::MAX.unsigned_abs()), Default::Is("0");
        /// where to compute; cuda needs a program built with --features cuda
        device: DeviceName = Kind::Device, Default::Is("\"cpu\"");
    }
}

impl KeyedValue for &'static LossRow {
    fn read(values: &Values, key: &str) -> Result<Self> {
        choice(values, key, |word| find(loss::TABLE, word))
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Text(self.part().name.into()))
    }
}

/// What `[train]` leaves to the model.
#[expect(clippy::struct_excessive_bools, reason = "each is a trait of its own")]
#[derive(Debug, Clone, Copy)]
pub struct Traits {
    /// Whether the model is `linear`.
    pub is_linear: bool,
    /// Whether the kernels are full.
    pub is_full: bool,
    /// Whether the model's first weights are STRFs.
    pub has_strfs: bool,
    /// Whether readouts alone are fitted.
    pub is_frozen: bool,
    /// Whether no weight serves two neurons.
    pub nothing_shared: bool,
    /// The learning rate that suits the model.
    pub lr: f64,
}

impl Train {
    /// Fills in what follows from the model.
    pub(super) fn resolve(&mut self, traits: Traits) {
        if self.optimizer == Optimizer::Auto {
            let Traits { is_linear, is_full, nothing_shared, .. } = traits;
            let squares = self.loss.part().name == "mse";
            // Readouts of given units are fitted in a few steps over all clips.
            let alone = nothing_shared || traits.is_frozen;
            self.optimizer = match (alone, is_linear && is_full && squares) {
                (true, true) if self.l1.is_none() => Optimizer::Ridge,
                (true, _) => Optimizer::Lbfgs,
                (false, _) => Optimizer::AdamW,
            };
        }
        let by_steps = self.optimizer == Optimizer::AdamW;
        let penalized = !by_steps && !traits.is_frozen;
        self.l2.get_or_insert(if penalized { Strength::Auto } else { Strength::Is(0.0) });
        let smoothed = traits.has_strfs && !traits.is_frozen && (by_steps || !traits.is_full);
        self.smooth.get_or_insert(Strength::Is(if smoothed { 0.003 } else { 0.0 }));
        self.starts.get_or_insert(if by_steps { 5 } else { 1 });
        self.epochs.get_or_insert(if by_steps { 100 } else { 500 });
        let best = if traits.nothing_shared { Best::PerNeuron } else { Best::Mean };
        self.best.get_or_insert(best);
        self.lr.get_or_insert(traits.lr);
        let start =
            if traits.nothing_shared && !by_steps { StartFrom::Ridge } else { StartFrom::Random };
        self.start.get_or_insert(start);
    }

    /// Most epochs.
    pub fn epochs(&self) -> usize {
        self.epochs.unwrap_or_default()
    }

    /// The learning rate.
    pub fn lr(&self) -> f64 {
        self.lr.unwrap_or_default()
    }

    /// Random starts.
    pub fn starts(&self) -> usize {
        self.starts.unwrap_or(1)
    }

    /// Whose best epoch is kept.
    pub fn best(&self) -> Best {
        self.best.unwrap_or(Best::Mean)
    }

    /// What weights start from.
    pub fn start(&self) -> StartFrom {
        self.start.unwrap_or(StartFrom::Random)
    }

    /// The strength of the penalty on differences of neighbours.
    pub fn smooth(&self) -> Strength {
        self.smooth.unwrap_or(Strength::Is(0.0))
    }

    /// The strength of the squares' penalty.
    pub fn l2(&self) -> Strength {
        self.l2.unwrap_or(Strength::Is(0.0))
    }
}
