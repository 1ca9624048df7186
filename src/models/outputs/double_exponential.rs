//! Double exponential: a exp(-exp(k x - s)) + b, per neuron.
use candle_core::{Result, Tensor, Var, bail};

use super::{
    Drive, OutputNonlinearity, ResponseRange, per_neuron, rescale_softplus, set, set_softplus,
    signs,
};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::layers::softplus;
use crate::models::ops::curve::{AnyCurve, Formula, Point, Pointwise};
use crate::models::params::{ParamSpec, Scope, Start};
use crate::simd::real::{Real, pick};

/// The row of `double_exponential`.
pub const PART: Part = Part {
    name: "double_exponential",
    summary: "a exp(-exp(k x - s)) + b, per neuron",
    source: "Thorson, Liénard & David (2015), PLoS Comput. Biol. 11(12):e1004628, doi:10.1371/journal.pcbi.1004628",
    keys: &[],
};

/// The same in deepSTRF.
pub const REFERENCE: Counterpart = Counterpart {
    object: Some("deepSTRF.models.activations.ParametricDoubleExponential({N})"),
    form: &[],
    silent: &[],
};

/// Parameters `_raw_a`, `_raw_b` (through a softplus), `k` and `s`, `(N)` each.
struct DoubleExponential {
    raw_a: Var,
    raw_b: Var,
    k: Var,
    s: Var,
}

/// Takes its parameters from `scope`.
pub fn build(neurons: usize, scope: &Scope) -> Result<Box<dyn OutputNonlinearity>> {
    let get =
        |name, low, high| scope.get(name, neurons, ParamSpec::decayed(Start::Uniform(low, high)));
    Ok(Box::new(DoubleExponential {
        raw_a: get("_raw_a", -0.43, 1.40)?,
        raw_b: get("_raw_b", -1.43, 0.43)?,
        k: get("k", -0.5, 0.5)?,
        s: get("s", 0.5, 1.5)?,
    }))
}

impl OutputNonlinearity for DoubleExponential {
    fn forward(&self, drive: &Tensor) -> Result<Tensor> {
        let amplitude = per_neuron(&softplus(&self.raw_a)?)?;
        let baseline = per_neuron(&softplus(&self.raw_b)?)?;
        let (k, s) = (per_neuron(&self.k)?, per_neuron(&self.s)?);
        let inner = drive.broadcast_mul(&k)?.broadcast_sub(&s)?.minimum(FLOOR)?.exp()?;
        inner.neg()?.exp()?.broadcast_mul(&amplitude)?.broadcast_add(&baseline)
    }

    fn at(&self, drive: &Tensor, parameters: &[Tensor]) -> Result<Tensor> {
        let [amplitude, baseline, k, s] = parameters else {
            bail!("a double exponential has four parameters, not {}", parameters.len())
        };
        let inner = ((drive * k)? - s)?.minimum(FLOOR)?.exp()?;
        // Rates are never negative, however far their parameters go.
        (inner.neg()?.exp()? * amplitude.maximum(0.0)?)? + baseline.maximum(0.0)?
    }

    fn curve(&self) -> &'static dyn AnyCurve {
        &Pointwise(Gompertz)
    }

    fn parameters(&self) -> Result<Vec<Tensor>> {
        Ok(vec![
            softplus(&self.raw_a)?,
            softplus(&self.raw_b)?,
            self.k.as_tensor().clone(),
            self.s.as_tensor().clone(),
        ])
    }

    fn slope(&self, _neurons: usize) -> Result<Vec<f32>> {
        signs(&self.k.neg()?)
    }

    fn start(&self, responses: &[ResponseRange]) -> Result<Vec<f64>> {
        set_softplus(&self.raw_a, responses.iter().map(ResponseRange::amplitude))?;
        set_softplus(&self.raw_b, responses.iter().map(ResponseRange::baseline))?;
        set(&self.k, responses.iter().map(|_| -2.0))?;
        set(&self.s, responses.iter().map(|_| 0.0))?;
        Ok(vec![0.5; responses.len()])
    }

    fn rescale(&self, factors: &Tensor) -> Result<Drive> {
        rescale_softplus(&self.raw_a, factors)?;
        rescale_softplus(&self.raw_b, factors)?;
        Ok(Drive::Same)
    }
}

/// Beyond it the curve is at its floor, and its slope would be ∞ · 0.
const FLOOR: f64 = 80.0;

/// `y = a exp(−e^{kx − s}) + b`; parameters `a`, `b`, `k` and `s`.
struct Gompertz;

impl Formula<4> for Gompertz {
    #[inline(always)]
    fn forward<R: Real>(drive: R, [a, b, k, s]: [R; 4]) -> (R, R) {
        let inner = (k * drive - s).at_most(R::constant(FLOOR)).exp();
        let share = (-inner).exp();
        (a * share + b, -a * share * inner) // and the derivative by the exponent
    }

    #[inline(always)]
    fn slopes<R: Real>(point: Point<R>, [a, b, k, _]: [R; 4]) -> (R, [R; 4]) {
        let Point { drive, value, kept: by_exponent } = point;
        let share = (value - b) / a;
        (by_exponent * k, [share, R::constant(1.0), by_exponent * drive, -by_exponent])
    }

    #[inline(always)]
    fn value_within<R: Real>(drive: R, [a, b, k, s]: [R; 4]) -> R {
        let zero = R::constant(0.0);
        Self::forward(drive, [a.at_least(zero), b.at_least(zero), k, s]).0
    }

    #[inline(always)]
    fn slopes_within<R: Real>(drive: R, [a, b, k, s]: [R; 4]) -> (R, [R; 4]) {
        let (zero, one) = (R::constant(0.0), R::constant(1.0));
        let inner = (k * drive - s).at_most(R::constant(FLOOR)).exp();
        let share = (-inner).exp();
        let by_exponent = -a.at_least(zero) * share * inner;
        let by_amplitude = pick(a > zero, share, zero);
        let by_baseline = pick(b > zero, one, zero);
        (by_exponent * k, [by_amplitude, by_baseline, by_exponent * drive, -by_exponent])
    }
}
