//! Filters between the cochleagram and the model.
use candle_core::{DType, Device, Result, Tensor};
use ndarray::{Array2, Array3};
use rand::RngCore;

use super::counterpart::Counterpart;
use super::dims::Dims;
use super::layers::{Layer, Pass, Standardized, exponential_window, geometric_sum};
use super::ops::Length;
use super::params::{ParamSpec, Role, Scope, Start};
use crate::base::error::{self, Error};
use crate::base::units::{self, Scale};
use crate::config::keys::{Default, Key, Kind, Range, Value, Values};
use crate::config::part::{self, KeyProblem, Part, Row, ascending};

pub mod adaptrans;
pub mod log;
pub mod pcen;
pub mod stp;
pub mod willmore;

/// A causal filter of the cochleagram: a layer from `(B, C, F, T)` to `(B, C', F, T)`.
pub trait Prefilter: Layer {
    /// Whether training changes it; where it does not, one pass serves a whole run.
    fn learns(&self) -> bool;

    /// Names of the channels that it gives.
    fn channels(&self) -> &'static [&'static str] {
        &["sound"]
    }

    /// How it adapts, as numbers; none where it is no difference between now and the past.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn adaptation(&self) -> Result<Option<AdaptationKernels>> {
        Ok(None)
    }

    /// Whether what it gives is in the unit of what it takes.
    fn keeps_unit(&self) -> bool {
        true
    }

    /// What it divides each band by `(F)`, where it standardizes what stages in front of it give.
    fn divides_by(&self) -> Option<Tensor> {
        None
    }

    /// Takes values as neurons may have them in place of start values, for simulations; start values
    /// are such where this does nothing.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn vary(&self, _rng: &mut dyn RngCore) -> Result<()> {
        Ok(())
    }

    /// What the user should know of how it was set up.
    fn notes(&self) -> &[String] {
        &[]
    }
}

/// Standardization behind the stages that need a level stands among the prefilters.
impl Prefilter for Standardized {
    fn learns(&self) -> bool {
        false
    }

    fn divides_by(&self) -> Option<Tensor> {
        Some(self.scale())
    }
}

/// How a prefilter adapts to the past, band by band.
#[derive(Debug, Clone)]
pub struct AdaptationKernels {
    /// `(C, F, L)`: weights of the present bin (lag 0) and of the past, before rectification.
    pub weights: Array3<f64>,
    /// A time constant in ms for each of `(C, F)`.
    pub tau_ms: Array2<f64>,
    /// The weight `(F)` of the average of the past against the present, where it is not 1.
    pub past: Option<Vec<f64>>,
    /// The time constants in ms `(F)` before training.
    pub first_tau_ms: Vec<f64>,
    /// The weight of the average of the past before training.
    pub first_past: f64,
    /// Centres of the bands in Hz, as the prefilter takes them, ascending.
    pub centres_hz: Vec<f64>,
    /// Whether it is trained.
    pub learns: bool,
}

/// Builds a prefilter of the given values for a recording, its parameters in a scope.
pub type Build = fn(&Values, &Dims, &Scope) -> error::Result<Box<dyn Prefilter>>;

/// A row of the table of prefilters.
#[derive(Debug)]
pub struct PrefilterRow {
    /// What it says of itself.
    pub part: Part,
    /// How many channels it takes.
    pub takes: Channels,
    /// How many channels it gives.
    pub gives: usize,
    /// What the numbers that it takes must be.
    pub level: NeededLevel,
    /// The flag that says whether it is trained; none where nothing of it ever is.
    pub learnable: Option<&'static str>,
    /// Builds it.
    pub build: Build,
    /// The same in deepSTRF 0.1.0; none where that has no such prefilter.
    pub reference: Option<Counterpart>,
}

/// How many channels a prefilter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// A single one.
    One,
    /// As many as there are.
    Any,
}

/// What the numbers of a sound must be for a prefilter to mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeededLevel {
    /// Any numbers: it is standardized first.
    Any,
    /// None below 0, where silence is 0.
    NotNegative,
    /// Amplitude or power as it is: none below 0, and not compressed yet.
    Linear,
}

impl PrefilterRow {
    /// Whether it needs a level: it takes the sound divided by one constant, and standardization
    /// comes behind it.
    pub fn needs_level(&self) -> bool {
        self.level != NeededLevel::Any
    }

    /// Whether what it gives with these values can be negative.
    pub fn gives_negative(&self, values: &Values) -> bool {
        matches!(values.get(RECTIFY.name), Some(Value::Flag(false)))
    }

    /// Whether it is trained with these values.
    pub fn learns(&self, values: &Values) -> bool {
        let flag = self.learnable.and_then(|key| values.get(key));
        matches!(flag, Some(Value::Flag(true)))
    }
}

impl Row for PrefilterRow {
    fn part(&self) -> &Part {
        &self.part
    }

    fn check(&self, values: &Values) -> Vec<KeyProblem> {
        ascending(values)
    }
}

/// The prefilters: adding one is one file and one row.
pub static TABLE: &[PrefilterRow] = &[
    PrefilterRow {
        part: adaptrans::PART,
        takes: Channels::One,
        gives: 2,
        level: NeededLevel::Any,
        learnable: Some("learnable"),
        build: adaptrans::build,
        reference: Some(adaptrans::REFERENCE),
    },
    PrefilterRow {
        part: willmore::PART,
        takes: Channels::One,
        gives: 1,
        level: NeededLevel::Any,
        learnable: None,
        build: willmore::build,
        reference: Some(willmore::REFERENCE),
    },
    PrefilterRow {
        part: stp::PART,
        takes: Channels::One,
        gives: 1,
        level: NeededLevel::NotNegative,
        learnable: Some(LEARNABLE.name),
        build: stp::build,
        reference: None,
    },
    PrefilterRow {
        part: log::PART,
        takes: Channels::One,
        gives: 1,
        level: NeededLevel::Linear,
        learnable: Some(LEARNABLE.name),
        build: log::build,
        reference: None,
    },
    PrefilterRow {
        part: pcen::PART,
        takes: Channels::One,
        gives: 1,
        level: NeededLevel::Linear,
        learnable: Some(LEARNABLE.name),
        build: pcen::build,
        reference: None,
    },
];

/// Their names, in the table's order.
pub fn names() -> Vec<&'static str> {
    part::names(TABLE)
}

const SCALE: Key = Key {
    name: "scale",
    kind: Kind::Choice(&["file", "mel", "greenwood", "erb", "log"]),
    default: Default::Follows("file where the dataset has /frequencies; else it must be given"),
    doc: "where the bands lie: /frequencies of the dataset, or equal steps of a scale",
};
const MIN_FREQ: Key = Key {
    name: "min_freq_hz",
    kind: Kind::Number(Range::above(0.0, 1e6)),
    default: Default::Is("500.0"),
    doc: "centre of the lowest band in hertz, for a scale other than file",
};
const MAX_FREQ: Key = Key {
    name: "max_freq_hz",
    kind: Kind::Number(Range::above(0.0, 1e6)),
    default: Default::Is("20000.0"),
    doc: "centre of the highest band in hertz, for a scale other than file",
};
const RECTIFY: Key = Key {
    name: "rectify",
    kind: Kind::Flag,
    default: Default::Is("true"),
    doc: "half-wave rectification of the filters' output",
};
const KERNEL_BINS: Key = Key {
    name: "kernel_bins",
    kind: Kind::Integer(0, 1_000_000),
    default: Default::Is("0"),
    doc: "length of the filters in bins, 2 or more; 0 = three of the longest time constants, and one",
};

const LEARNABLE: Key = Key {
    name: "learnable",
    kind: Kind::Flag,
    default: Default::Is("true"),
    doc: "whether it is trained",
};

/// What training does with the tensors of a prefilter.
fn role(learns: bool) -> Role {
    if learns { Role::NoWeightDecay } else { Role::Buffer }
}

/// A tensor of a prefilter that is trained without decay, or left as it is.
fn learnt_or_not(
    scope: &Scope,
    learns: bool,
    (name, values): (&str, usize),
    start: Start,
) -> Result<Tensor> {
    let var = scope.get(name, values, ParamSpec::new(role(learns), start))?;
    Ok(if learns { var.as_tensor().clone() } else { var.detach() })
}

/// Adaptation filters before training: one time constant a band, and their length.
struct Adaptation {
    centres_hz: Vec<f64>,
    tau_ms: Vec<f64>,
    bins: usize,
    notes: Vec<String>,
}

/// The longest time constant in ms of an adaptation filter before training.
///
/// # Errors
/// Where its bands lie is not said.
pub fn longest_tau_ms(values: &Values, dims: &Dims) -> error::Result<f64> {
    Ok(Adaptation::new(values, dims)?.tau_ms.into_iter().fold(0.0, f64::max))
}

/// Length of the filters of a prefilter that adapts, in bins, the present one among them.
///
/// # Errors
/// Where its bands lie is not said.
pub fn filter_bins(values: &Values, dims: &Dims) -> error::Result<usize> {
    Ok(Adaptation::new(values, dims)?.bins)
}

impl Adaptation {
    /// `τ(f) = 500 − 105 log10(f)` ms, at least one bin.
    ///
    /// Source: Willmore et al. (2016), J. Neurosci. 36(2):280-289,
    /// doi:10.1523/JNEUROSCI.2441-15.2016.
    fn new(values: &Values, dims: &Dims) -> error::Result<Self> {
        let centres_hz = centres_hz(values, dims)?;
        let law = |hz: &f64| 500.0 - 105.0 * hz.log10();
        let raised = centres_hz.iter().filter(|hz| law(hz) < dims.dt_ms).count();
        let tau_ms: Vec<f64> = centres_hz.iter().map(|hz| law(hz).max(dims.dt_ms)).collect();
        let longest = tau_ms.iter().copied().fold(0.0, f64::max);
        let bins = match values.count("kernel_bins")? {
            0 => units::bins(3.0 * longest, dims.dt_ms, 1) + 1,
            1 => return Err(Error::Refused(TOO_SHORT.into())),
            bins => bins,
        };
        let note = format!(
            "prefilter: the time constant 500 − 105 log10(f) ms is below one bin ({} ms) in \
             {raised} of {} bands; one bin is used there",
            dims.dt_ms, dims.bands
        );
        let notes = if raised > 0 { vec![note] } else { Vec::new() };
        Ok(Self { centres_hz, tau_ms, bins, notes })
    }

    /// `a = exp(−dt/τ)` of every band.
    fn decays(&self, dt_ms: f64) -> Vec<f64> {
        self.tau_ms.iter().map(|tau| (-dt_ms / tau).exp()).collect()
    }
}

/// The weights `C a^{k−1}` of lags 1 to `bins − 1` in an exponential average of the past, behind 0
/// for the present; they sum to 1.
fn average_weights(a: f64, bins: usize) -> Vec<f64> {
    let powers: Vec<f64> =
        std::iter::successors(Some(1.0), |power| Some(power * a)).take(bins - 1).collect();
    let mass: f64 = powers.iter().sum();
    std::iter::once(0.0).chain(powers.into_iter().map(|power| power / mass)).collect()
}

/// A tensor of one axis as numbers.
fn numbers(values: &Tensor) -> Result<Vec<f64>> {
    values.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.to_vec1()
}

const TOO_SHORT: &str = "prefilter.kernel_bins: found 1, expected 0 or at least 2: a filter of one \
                         bin has no past to adapt to";

fn centres_hz(values: &Values, dims: &Dims) -> error::Result<Vec<f64>> {
    let scale = match values.get("scale") {
        Some(Value::Text(scale)) => scale.as_str(),
        _ => "file",
    };
    let scale = match scale {
        "mel" => Scale::Mel,
        "greenwood" => Scale::Greenwood,
        "erb" => Scale::Erb,
        "log" => Scale::Log,
        _ => return dims.frequencies_hz.clone().ok_or_else(|| Error::Refused(NO_BANDS.into())),
    };
    let (low, high) = (values.number("min_freq_hz")?, values.number("max_freq_hz")?);
    Ok(scale.centres_hz(low, high, dims.bands))
}

const NO_BANDS: &str = "prefilter.scale: \"file\" needs /frequencies, which the dataset does not \
                        have; write it there, or give scale, min_freq_hz and max_freq_hz";

/// `x (B, F, T)` behind the `bins − 1` bins that came before it, where pieces are given one after the
/// other: what the piece before left, or the first value over and over. Keeps the same for the next.
fn behind_past(x: &Tensor, bins: usize, pass: &Pass) -> Result<Tensor> {
    let (b, f, _t) = x.dims3()?;
    let before = match pass.carried() {
        Some(before) => before,
        None => x.narrow(2, 0, 1)?.broadcast_as((b, f, bins - 1))?.contiguous()?,
    };
    let all = Tensor::cat(&[&before, x], 2)?;
    pass.carry(&all.narrow(2, all.dim(2)? + 1 - bins, bins - 1)?);
    Ok(all)
}

/// [`past_average`] of the next piece of a clip; `all` is that piece behind what came before.
fn past_average_of_piece(all: &Tensor, a: &Tensor, bins: usize) -> Result<Tensor> {
    past_average(all, a, bins)?.narrow(2, bins - 1, all.dim(2)? + 1 - bins)
}

/// Exponential average of the past of each band: `C Σ_{k=1}^{L−1} a^{k−1} x(t−k)` with
/// `C = 1/Σ_{k=0}^{L−2} a^k`, the first value lying before the clip. `x` is `(B, F, T)`, `a` `(F)`.
fn past_average(x: &Tensor, a: &Tensor, bins: usize) -> Result<Tensor> {
    let (_b, f, t) = x.dims3()?;
    let first = x.narrow(2, 0, 1)?;
    // Averages pass a constant, so the difference from the first value can be averaged instead.
    let moving = exponential_window(&x.broadcast_sub(&first)?, a, Length::Bins(bins - 1))?;
    let before = moving.narrow(2, 0, t - 1)?.pad_with_zeros(2, 1, 0)?;
    let mass = geometric_sum(a, bins - 1)?.reshape((1, f, 1))?;
    before.broadcast_div(&mass)?.broadcast_add(&first)
}
