//! `[train]`: a row for each key.
use super::choices::{Best, Monitor, Schedule};
use super::setting::{Setting, choice, section};
use crate::base::device::DeviceName;
use crate::base::error::Result;
use crate::config::keys::{Default, Key, Kind, Range, Value, Values};
use crate::config::part::{Row, find};
use crate::models::loss::{self, LossRow};

section! {
    /// `[train]`: how the model is fitted.
    #[expect(clippy::doc_markdown, reason = "these texts stand in run files, which have no markup")]
    Train {
        /// what training makes small; poisson needs an output that is never negative
        loss: &'static LossRow = Kind::Part(loss::names), Default::Is("\"mse\"");
        /// most passes over the training stimuli; 0 = the untrained model
        epochs: usize = Kind::Integer(0, 1_000_000), Default::Is("500");
        /// clips per step
        batch: usize = Kind::Integer(1, 65_536), Default::Is("8");
        /// learning rate of AdamW
        lr: f64 = Kind::Number(Range::above(0.0, 1.0)), Default::Is("0.001");
        /// weight decay of AdamW; spares positions, widths, time constants and norms
        weight_decay: f64 = Kind::Number(Range::closed(0.0, 1.0)), Default::Is("0.0001");
        /// epochs without a better monitored score after which training stops
        patience: usize = Kind::Integer(1, 1_000_000), Default::Is("50");
        /// score that decides which epoch is best; valid_cc stands in for a valid_cc_norm that is
        /// undefined, as with single repeats
        monitor: Monitor = Kind::Choice(Monitor::WORDS), Default::Is("\"valid_cc_norm\"");
        /// one best epoch for all neurons, or each neuron's own (linear and ln)
        best: Best = Kind::Choice(Best::WORDS), Default::Is("\"mean\"");
        /// weight of the L1 penalty on the STRF as it acts, not on its factors
        l1: f64 = Kind::Number(Range::closed(0.0, 1e6)), Default::Is("0.0");
        /// largest norm of a step's gradient; 0 = no clipping
        clip_norm: f64 = Kind::Number(Range::closed(0.0, 1e9)), Default::Is("0.0");
        /// how the learning rate changes over training
        schedule: Schedule = Kind::Choice(Schedule::WORDS), Default::Is("\"constant\"");
        /// every random number of training follows from it
        seed: u64 = Kind::Integer(0, i64::MAX.unsigned_abs()), Default::Is("0");
        /// where to compute; cuda needs a program built with --features cuda
        device: DeviceName = Kind::Device, Default::Is("\"cpu\"");
    }
}

impl Setting for &'static LossRow {
    fn read(values: &Values, key: &str) -> Result<Self> {
        choice(values, key, |word| find(loss::TABLE, word))
    }

    fn value(&self) -> Value {
        Value::Text(self.part().name.into())
    }
}
