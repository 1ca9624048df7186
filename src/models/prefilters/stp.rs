//! Short-term plasticity: what each band passes on uses up what its next bins have left.
//!
//! `d(0) = 1`, `d(t+1) = d(t) + (1 − d(t))/τ − u x(t) d(t)` with `0 ≤ d ≤ 5`, and `y(t) = x(t) d(t)`:
//! `u > 0` depresses, `u < 0` facilitates. It is learnt as the share `u · mean(x)` that the mean level
//! of a band uses up in a bin, so that quiet bands learn as fast as loud ones.
use candle_core::{DType, Result, Tensor, Var};
use rand::{Rng, RngCore};

use super::{LEARNABLE, Prefilter, role};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;
use crate::models::dims::{Axis, Dims, Quantity};
use crate::models::layers::{Layer, MapShape, Pass, Reach, left_after, resources};
use crate::models::ops::plasticity::Plasticity;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Role, Scope, Start};

/// The row of `stp`.
pub const PART: Part = Part {
    name: "stp",
    summary: "short-term plasticity: what a band passes on uses up what its next bins have left",
    source: "López Espejo, Schwartz & David (2019), PLoS Comput. Biol. 15(10):e1007430, doi:10.1371/journal.pcbi.1007430",
    keys: &[INIT_TAU, INIT_U, LEARNABLE],
};

const INIT_TAU: Key = Key {
    name: "init_tau_ms",
    kind: Kind::Number(Range::above(LEAST_TAU_MS, 1e5)),
    default: Default::Is("50.0"),
    doc: "time constant of recovery before training, in milliseconds; above one bin",
};
const INIT_U: Key = Key {
    name: "init_u",
    kind: Kind::Number(Range::closed(-10.0, 10.0)),
    default: Default::Is("0.05"),
    doc: "share that the mean level of a band uses up in a bin before training; negative: facilitation",
};

/// No recovery is faster.
const LEAST_TAU_MS: f64 = 10.0;

/// Time constants of neurons in ms, from depressing synapses of cortex.
const TAUS_MS: (f64, f64) = (50.0, 250.0);
/// What the mean level uses up in a bin, of such synapses.
const USAGES: (f64, f64) = (0.1, 0.3);

/// Parameters (buffers unless learnable) `log_tau` and `usage`, and the buffer `mean`, `(F)` each.
struct Stp {
    /// `ln(τ − least)` in ms.
    log_tau: Var,
    /// `u · mean(x)`.
    usage: Var,
    /// Of the training clips.
    mean: Var,
    /// What τ stays above, in ms: a bin, and 10 ms.
    least_ms: f64,
    learns: bool,
    dt_ms: f64,
    notes: Vec<String>,
}

/// Takes the parameters from `scope`.
pub fn build(values: &Values, dims: &Dims, scope: &Scope) -> error::Result<Box<dyn Prefilter>> {
    let least_ms = LEAST_TAU_MS.max(dims.dt_ms);
    let asked_ms = values.number("init_tau_ms")?;
    let (tau_ms, notes) = if asked_ms > least_ms {
        (asked_ms, Vec::new())
    } else {
        let used_ms = 2.0 * least_ms;
        let note = format!(
            "prefilter: init_tau_ms = {asked_ms} is not above one bin ({} ms); {used_ms} ms is taken",
            dims.dt_ms
        );
        (used_ms, vec![note])
    };
    let learns = values.flag("learnable")?;
    let role = role(learns);
    let get = |name, role, value| {
        scope.get(name, dims.bands, ParamSpec::new(role, Start::Constant(value)))
    };
    Ok(Box::new(Stp {
        log_tau: get("log_tau", role, (tau_ms - least_ms).ln())?,
        usage: get("usage", role, values.number("init_u")?)?,
        mean: get("mean", Role::Buffer, 1.0)?,
        least_ms,
        learns,
        dt_ms: dims.dt_ms,
        notes,
    }))
}

impl Stp {
    /// A tensor with its gradient where it is trained.
    fn value(&self, var: &Var) -> Tensor {
        if self.learns { var.as_tensor().clone() } else { var.detach() }
    }

    fn tau_ms(&self) -> Result<Tensor> {
        self.value(&self.log_tau).exp()? + self.least_ms
    }

    /// The recovery of a bin and what is used up per unit of input, `(F)` each.
    fn constants(&self) -> Result<[Tensor; 2]> {
        let recovery = (self.tau_ms()?.recip()? * self.dt_ms)?;
        Ok([recovery, self.value(&self.usage).div(&self.mean.detach())?])
    }
}

impl Layer for Stp {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let x = input.squeeze(1)?;
        let [recovery, usage] = self.constants()?;
        let left = resources(&x, &recovery, &usage, pass.carried().as_ref())?;
        if pass.carries() {
            pass.carry(&left_after(&x, &left, &recovery, &usage)?);
        }
        (x * left)?.unsqueeze(1)
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let stage = Plasticity { rows: input.bands };
        Ok(Some(StageWithParameters::new(stage, self.constants()?.to_vec())))
    }

    fn reach(&self) -> Reach {
        Reach::Fading
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn starts_from_data(&self) -> bool {
        true
    }

    fn start(&self, inputs: &[Tensor]) -> Result<()> {
        let all = Tensor::cat(inputs, 3)?.to_dtype(DType::F64)?;
        let means = all.mean(3)?.flatten_all()?.to_vec1::<f64>()?;
        // A band that is silent in training has no level of its own.
        let overall = means.iter().sum::<f64>() / means.len().max(1) as f64;
        let instead = if overall > 0.0 { overall } else { 1.0 };
        let means = means.into_iter().map(|mean| if mean > 0.0 { mean } else { instead });
        let means = Tensor::from_iter(means, self.mean.device())?;
        self.mean.set(&means.to_dtype(self.mean.dtype())?)
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let quantity =
            |name, unit, values| Quantity { name, unit, axes: &[Axis::Frequency], values };
        let [_, usage] = self.constants()?;
        Ok(vec![
            quantity("stp_tau_ms", "ms", self.tau_ms()?),
            quantity("stp_u", "1 per unit of the stage's input and bin", usage),
            quantity("stp_u_at_mean_level", "1 per bin", self.value(&self.usage)),
        ])
    }
}

impl Prefilter for Stp {
    fn learns(&self) -> bool {
        self.learns
    }

    fn vary(&self, rng: &mut dyn RngCore) -> Result<()> {
        let bands = self.log_tau.elem_count();
        let set = |var: &Var, values: Vec<f64>| {
            var.set(&Tensor::from_vec(values, bands, var.device())?.to_dtype(var.dtype())?)
        };
        let (slowest, fastest) = (TAUS_MS.1.max(2.0 * self.least_ms), TAUS_MS.0);
        let fastest = fastest.max(1.5 * self.least_ms);
        let mut taus = Vec::with_capacity(bands);
        let mut usages = Vec::with_capacity(bands);
        for _ in 0..bands {
            let tau_ms = fastest * (slowest / fastest).powf(rng.random::<f64>());
            taus.push((tau_ms - self.least_ms).ln());
            usages.push(rng.random_range(USAGES.0..USAGES.1));
        }
        set(&self.log_tau, taus)?;
        set(&self.usage, usages)
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}
