//! Contrast gain: the output nonlinearity follows the contrast of the sound.
//!
//! With the amplitude of each band over the last bins, `c(f,t) = sd/(mean + 0.01 M)`, and
//! `K(t) = Σ_f w_f c(f,t)/C`: `M`, the largest mean of a band, and `C`, the largest contrast, are
//! constants of the training stimuli. Before a clip lies its first value.
//!
//! Differs from the papers, which take `M` and `C` from the whole sound, and with it from what is yet
//! to come.
use candle_core::{DType, Result, Tensor, Var};

use super::{OutputGain, OutputGainRow};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;
use crate::models::amplitude::ToAmplitude;
use crate::models::dims::{Axis, Dims, Quantity};
use crate::models::layers::Pass;
use crate::models::ops::contrast;
use crate::models::ops::stage::StageWithParameters;
use crate::models::outputs::double_exponential;
use crate::models::params::{ParamSpec, Scope, Start};

/// The row of `contrast`.
pub const ROW: OutputGainRow = OutputGainRow {
    part: Part {
        name: "contrast",
        summary: "the parameters of the output nonlinearity follow the contrast of the last bins",
        source: "Rabinowitz, Willmore, Schnupp & King (2011), Neuron 70(6):1178-1191, doi:10.1016/j.neuron.2011.04.030; Pennington & David (2020), J. Neurosci. 40(28):5338-5354, doi:10.1523/JNEUROSCI.2652-19.2020",
        keys: &[CONTRAST_MS],
    },
    output: double_exponential::PART.name,
    build,
};

const CONTRAST_MS: Key = Key {
    name: "contrast_ms",
    kind: Kind::Number(Range::above(0.0, 1000.0)),
    default: Default::Is("30.0"),
    doc: "how much of the past the contrast is taken of, in milliseconds; at least three bins",
};

/// Fewer have no contrast to speak of.
const FEWEST_BINS: usize = 3;
/// Share of the loudest band's mean that is added to means.
const OF_LOUDEST: f64 = 0.01;
/// Deviations below this share of the loudest band's mean are none: a root has no slope at 0.
const LEAST_DEVIATION: f64 = 1e-6;

/// Weights `(F)` and the buffers `loudest (1)` and `largest (1)`.
struct Contrast {
    to_amplitude: ToAmplitude,
    bins: usize,
    weights: Var,
    loudest: Var,
    largest: Var,
}

fn build(
    values: &Values,
    dims: &Dims,
    to_amplitude: ToAmplitude,
    scope: &Scope,
) -> error::Result<Box<dyn OutputGain>> {
    let bins = dims.bins(values.number("contrast_ms")?).max(FEWEST_BINS);
    let even = Start::Constant(1.0 / dims.bands as f64);
    let one = || ParamSpec::buffer(Start::Constant(1.0));
    Ok(Box::new(Contrast {
        to_amplitude,
        bins,
        weights: scope.get("weights", dims.bands, ParamSpec::not_decayed(even))?,
        loudest: scope.get("loudest", 1, one())?,
        largest: scope.get("largest", 1, one())?,
    }))
}

impl Contrast {
    /// Amplitudes `(B, F, T)` of sounds `(B, 1, F, T)`.
    fn amplitudes(&self, sound: &Tensor) -> Result<Tensor> {
        self.to_amplitude.apply(&sound.squeeze(1)?)
    }

    /// The contrast `(B, F, T)` of amplitudes; `before (B, F, bins − 1)` is what came before.
    fn of(&self, amplitudes: &Tensor, before: &Tensor) -> Result<Tensor> {
        let t = amplitudes.dim(2)?;
        let all = Tensor::cat(&[before, amplitudes], 2)?;
        let windows = (0..self.bins).map(|lag| all.narrow(2, lag, t));
        let windows = Tensor::stack(&windows.collect::<Result<Vec<_>>>()?, 0)?; // (L, B, F, T)
        let means = windows.mean_keepdim(0)?;
        let variances = windows.broadcast_sub(&means)?.sqr()?.mean(0)?;
        let loudest = self.loudest.detach().reshape((1, 1, 1))?;
        let least = (&loudest * LEAST_DEVIATION)?.sqr()?.broadcast_as(variances.shape())?;
        let varies = variances.gt(&least)?.to_dtype(variances.dtype())?;
        let deviations = (variances.maximum(&least)?.sqrt()? * varies)?;
        deviations.div(&means.squeeze(0)?.broadcast_add(&(loudest * OF_LOUDEST)?)?)
    }

    /// The first bin, as often as a window lacks bins.
    fn held(&self, amplitudes: &Tensor) -> Result<Tensor> {
        let (b, f, _t) = amplitudes.dims3()?;
        amplitudes.narrow(2, 0, 1)?.broadcast_as((b, f, self.bins - 1))?.contiguous()
    }
}

impl OutputGain for Contrast {
    fn modulation(&self, sound: &Tensor, pass: &Pass) -> Result<Tensor> {
        let amplitudes = self.amplitudes(sound)?;
        let before = match pass.carried() {
            Some(before) => before,
            None => self.held(&amplitudes)?,
        };
        if pass.carries() {
            let all = Tensor::cat(&[&before, &amplitudes], 2)?;
            let kept = self.bins - 1;
            pass.carry(&all.narrow(2, all.dim(2)? - kept, kept)?);
        }
        let contrast = self.of(&amplitudes, &before)?;
        let weights = self.weights.broadcast_div(&self.largest.detach())?;
        let bands = weights.elem_count();
        contrast.broadcast_mul(&weights.reshape((1, bands, 1))?)?.sum_keepdim(1)
    }

    fn stage(&self) -> Result<StageWithParameters> {
        let number = |buffer: &Var| buffer.to_dtype(DType::F64)?.get(0)?.to_scalar::<f64>();
        let loudest = number(&self.loudest)?;
        let stage = contrast::Contrast {
            to_amplitude: self.to_amplitude,
            bands: self.weights.elem_count(),
            window: self.bins,
            floor: loudest * OF_LOUDEST,
            least: loudest * LEAST_DEVIATION,
            largest: number(&self.largest)?,
        };
        Ok(StageWithParameters::new(stage, vec![self.weights.as_tensor().clone()]))
    }

    fn start(&self, sounds: &[Tensor]) -> Result<()> {
        let all = sounds.iter().map(|sound| self.amplitudes(sound)).collect::<Result<Vec<_>>>()?;
        let largest = |values: Tensor| -> Result<Tensor> {
            let most = values.flatten_all()?.max(0)?;
            // Of silence.
            let one = most.ones_like()?;
            most.gt(0.0)?.where_cond(&most, &one)?.reshape(1)
        };
        self.loudest.set(&largest(Tensor::cat(&all, 2)?.mean(2)?)?)?;
        let contrasts = all.iter().map(|own| self.of(own, &self.held(own)?)?.flatten_all());
        let contrasts = contrasts.collect::<Result<Vec<_>>>()?;
        self.largest.set(&largest(Tensor::cat(&contrasts, 0)?)?)
    }

    fn bins(&self) -> usize {
        self.bins
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let values = self.weights.as_tensor().clone();
        Ok(vec![Quantity { name: "contrast_weights", unit: "1", axes: &[Axis::Frequency], values }])
    }
}
