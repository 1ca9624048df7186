//! Per-channel energy normalization: each band relative to an average of its past, then a root.
//!
//! `M(t) = (1 − s) M(t−1) + s x(t)` with `M(−1) = x(0)`, and
//! `y = (x/(ε + M)^α + δ)^r − δ^r` with `ε = 1e−6`.
use candle_core::{Result, Tensor};

use super::{LEARNABLE, Prefilter, learnt_or_not};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;
use crate::models::dims::{Axis, Dims, Quantity};
use crate::models::layers::{Layer, MapShape, Pass, Reach, exponential_window};
use crate::models::ops::Length;
use crate::models::ops::energy_normalization::{EnergyNormalization, FLOOR};
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{Scope, Start};

/// The row of `pcen`.
pub const PART: Part = Part {
    name: "pcen",
    summary: "per-channel energy normalization of amplitude or power: relative to the past of each band, then a root",
    source: "Wang, Getreuer, Hughes, Lyon & Saurous (2017), ICASSP, doi:10.1109/ICASSP.2017.7953242",
    keys: &[INIT_ALPHA, INIT_DELTA, INIT_R, INIT_S, LEARNABLE],
};

const INIT_ALPHA: Key = Key {
    name: "init_alpha",
    kind: Kind::Number(Range::above(0.0, 2.0)),
    default: Default::Is("0.96"),
    doc: "how far the past of a band normalizes it before training; 1 = fully",
};
const INIT_DELTA: Key = Key {
    name: "init_delta",
    kind: Kind::Number(Range::above(0.0, 1e6)),
    default: Default::Is("2.0"),
    doc: "what is added in front of the root before training",
};
const INIT_R: Key = Key {
    name: "init_r",
    kind: Kind::Number(Range::above(0.0, 2.0)),
    default: Default::Is("0.5"),
    doc: "exponent of the root before training",
};
const INIT_S: Key = Key {
    name: "init_s",
    kind: Kind::Number(Range::above(0.0, 0.999)),
    default: Default::Is("0.04"),
    doc: "weight of the present bin in the average of the past before training, per bin",
};

/// Parameters (buffers unless learnable) `log_alpha`, `log_delta`, `log_r` and `logit_s`, `(F)` each.
struct Pcen {
    log_alpha: Tensor,
    log_delta: Tensor,
    log_r: Tensor,
    logit_s: Tensor,
    learns: bool,
    dt_ms: f64,
}

/// Takes the parameters from `scope`.
pub fn build(values: &Values, dims: &Dims, scope: &Scope) -> error::Result<Box<dyn Prefilter>> {
    let learns = values.flag("learnable")?;
    let get =
        |name, value: f64| learnt_or_not(scope, learns, (name, dims.bands), Start::Constant(value));
    let s = values.number("init_s")?;
    Ok(Box::new(Pcen {
        log_alpha: get("log_alpha", values.number("init_alpha")?.ln())?,
        log_delta: get("log_delta", values.number("init_delta")?.ln())?,
        log_r: get("log_r", values.number("init_r")?.ln())?,
        logit_s: get("logit_s", (s / (1.0 - s)).ln())?,
        learns,
        dt_ms: dims.dt_ms,
    }))
}

impl Pcen {
    /// `α`, `δ`, `r` and `s`, `(F)` each.
    fn constants(&self) -> Result<[Tensor; 4]> {
        let s = (self.logit_s.neg()?.exp()? + 1.0)?.recip()?;
        Ok([self.log_alpha.exp()?, self.log_delta.exp()?, self.log_r.exp()?, s])
    }

    /// `M (B, F, T)` of inputs `(B, F, T)`; `before (B, F, 1)` is the last one of the piece before.
    fn average(x: &Tensor, s: &Tensor, before: Option<&Tensor>) -> Result<Tensor> {
        let (_b, f, t) = x.dims3()?;
        let first = match before {
            Some(before) => before.clone(),
            None => x.narrow(2, 0, 1)?,
        };
        // An average passes a constant: the difference from what lies before meets zeros there.
        let decay = s.affine(-1.0, 1.0)?;
        let moving = exponential_window(&x.broadcast_sub(&first)?, &decay, Length::Unlimited)?;
        let moving = moving.broadcast_mul(&s.reshape((1, f, 1))?)?.narrow(2, 0, t)?;
        moving.broadcast_add(&first)
    }
}

impl Layer for Pcen {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let x = input.squeeze(1)?;
        let (_b, f, t) = x.dims3()?;
        let [alpha, delta, r, s] = self.constants()?;
        let average = Self::average(&x, &s, pass.carried().as_ref())?;
        if pass.carries() {
            pass.carry(&average.narrow(2, t - 1, 1)?);
        }
        let column = |values: &Tensor| values.reshape((1, f, 1));
        let (delta, r) = (column(&delta)?, column(&r)?);
        let gain = (average + FLOOR)?.log()?.broadcast_mul(&column(&alpha)?)?.neg()?.exp()?;
        let above = (x * gain)?.broadcast_add(&delta)?;
        let root = above.log()?.broadcast_mul(&r)?.exp()?;
        root.broadcast_sub(&(delta.log()? * r)?.exp()?)?.unsqueeze(1)
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let stage = EnergyNormalization { rows: input.bands };
        Ok(Some(StageWithParameters::new(stage, self.constants()?.to_vec())))
    }

    fn reach(&self) -> Reach {
        Reach::Fading
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let quantity =
            |name, unit, values| Quantity { name, unit, axes: &[Axis::Frequency], values };
        let [alpha, delta, r, s] = self.constants()?;
        let tau = (s.affine(-1.0, 1.0)?.log()?.recip()? * -self.dt_ms)?;
        Ok(vec![
            quantity("pcen_alpha", "1", alpha),
            quantity("pcen_delta", "1", delta),
            quantity("pcen_r", "1", r),
            quantity("pcen_tau_ms", "ms", tau),
        ])
    }
}

impl Prefilter for Pcen {
    fn learns(&self) -> bool {
        self.learns
    }

    fn keeps_unit(&self) -> bool {
        false
    }
}
