//! AdapTrans: ON and OFF channels, differences between a band and an exponential average of its
//! past.
//!
//! With `a = 1/(1+d²)`, `w = 1/(1+p²)` and the average `m(t) = C Σ_{k=1}^{L−1} a^{k−1} x(t−k)`:
//! `on(t) = x(t) − w m(t)` with `d_on`, `off(t) = m(t) − w x(t)` with `d_off`, both rectified.
//!
//! Differs from deepSTRF 0.1.0: there `L` counts milliseconds as bins.
use candle_core::{Result, Tensor};
use ndarray::{Array2, Array3};

use super::{
    Adaptation as Filters, AdaptationKernels, KERNEL_BINS, MAX_FREQ, MIN_FREQ, Prefilter, RECTIFY,
    SCALE, average_weights, behind_past, learnt_or_not, numbers, past_average,
    past_average_of_piece,
};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Range, Values};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::dims::{Axis, Dims, Quantity};
use crate::models::layers::{Layer, MapShape, Pass, Reach, relu};
use crate::models::ops::adaptation::{Adaptation, Filters as Differences};
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{Scope, Start};

/// The row of `adaptrans`.
pub const PART: Part = Part {
    name: "adaptrans",
    summary: "ON and OFF channels: differences between a band and an exponential average of its past",
    source: "Rançon, Masquelier & Cottereau (2024), PLoS Comput. Biol. 20(8):e1012288, doi:10.1371/journal.pcbi.1012288",
    keys: KEYS,
};

/// The same in deepSTRF.
pub const REFERENCE: Counterpart = Counterpart {
    object: Some(
        "deepSTRF.models.prefiltering.AdapTrans(torch.full(({F},), 0.5), torch.full(({F},), 0.5), kernel_size={kernel_bins})",
    ),
    form: &[],
    silent: &[("rectify", "true")],
};

const KEYS: &[Key] = &[
    SCALE,
    MIN_FREQ,
    MAX_FREQ,
    Key {
        name: "init_w",
        kind: Kind::Number(Range::above(0.0, 1.0)),
        default: Default::Is("0.75"),
        doc: "weight of the past against the present before training",
    },
    Key {
        name: "learnable",
        kind: Kind::Flag,
        default: Default::Is("true"),
        doc: "whether time constants and weights are trained",
    },
    RECTIFY,
    KERNEL_BINS,
];

/// Parameters (buffers unless learnable) `d_on`, `d_off` and `p`, `(F)` each.
struct AdapTrans {
    d_on: Tensor,
    d_off: Tensor,
    p: Tensor,
    rectify: bool,
    learns: bool,
    dt_ms: f64,
    before: Filters,
    first_w: f64,
}

/// Takes the parameters from `scope`.
pub fn build(values: &Values, dims: &Dims, scope: &Scope) -> error::Result<Box<dyn Prefilter>> {
    let adaptation = Filters::new(values, dims)?;
    let learns = values.flag("learnable")?;
    let get = |name, start| learnt_or_not(scope, learns, (name, dims.bands), start);
    let root = |share: f64| (1.0 / share - 1.0).sqrt();
    let d = Start::Values(adaptation.decays(dims.dt_ms).into_iter().map(root).collect());
    let first_w = values.number("init_w")?;
    let p = Start::Constant(root(first_w));
    Ok(Box::new(AdapTrans {
        d_on: get("d_on", d.clone())?,
        d_off: get("d_off", d)?,
        p: get("p", p)?,
        rectify: values.flag("rectify")?,
        learns,
        dt_ms: dims.dt_ms,
        before: adaptation,
        first_w,
    }))
}

/// `1/(1+v²)`: any real number gives a share between 0 and 1.
fn share(v: &Tensor) -> Result<Tensor> {
    (v.sqr()? + 1.0)?.recip()
}

impl AdapTrans {
    fn tau_ms(&self, decay: &Tensor) -> Result<Tensor> {
        decay.log()?.recip()? * -self.dt_ms
    }
}

impl Layer for AdapTrans {
    fn output(&self, input: MapShape) -> MapShape {
        MapShape { channels: self.channels().len(), ..input }
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let (_b, _one, f, _t) = input.dims4()?;
        let x = input.squeeze(1)?;
        let w = share(&self.p)?.reshape((1, f, 1))?;
        let bins = self.before.bins;
        let all = if pass.carries() { Some(behind_past(&x, bins, pass)?) } else { None };
        let average = |d: &Tensor| match &all {
            Some(all) => past_average_of_piece(all, &share(d)?, bins),
            None => past_average(&x, &share(d)?, bins),
        };
        let on = (&x - average(&self.d_on)?.broadcast_mul(&w)?)?;
        let off = (average(&self.d_off)? - x.broadcast_mul(&w)?)?;
        let both = Tensor::stack(&[on, off], 1)?; // (B, 2, F, T)
        if self.rectify { relu(&both) } else { Ok(both) }
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let (bands, length, rectify) = (input.bands, self.before.bins - 1, self.rectify);
        let parameters = vec![share(&self.d_on)?, share(&self.d_off)?, share(&self.p)?];
        let filters = Differences::OnOff;
        let stage = Adaptation { bands, length, filters, rectify };
        Ok(Some(StageWithParameters::new(stage, parameters)))
    }

    fn reach(&self) -> Reach {
        Reach::Bins(self.before.bins)
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn learnt(&self) -> Result<Vec<Quantity>> {
        let (a_on, a_off, w) = (share(&self.d_on)?, share(&self.d_off)?, share(&self.p)?);
        let (tau_on, tau_off) = (self.tau_ms(&a_on)?, self.tau_ms(&a_off)?);
        let quantity =
            |name, unit, values| Quantity { name, unit, axes: &[Axis::Frequency], values };
        Ok(vec![
            quantity("adaptrans_a_on", "1", a_on),
            quantity("adaptrans_a_off", "1", a_off),
            quantity("adaptrans_w", "1", w),
            quantity("adaptrans_tau_on_ms", "ms", tau_on),
            quantity("adaptrans_tau_off_ms", "ms", tau_off),
        ])
    }
}

impl Prefilter for AdapTrans {
    fn learns(&self) -> bool {
        self.learns
    }

    fn channels(&self) -> &'static [&'static str] {
        &["ON", "OFF"]
    }

    fn adaptation(&self) -> Result<Option<AdaptationKernels>> {
        let Filters { centres_hz, tau_ms, bins, .. } = &self.before;
        let (a, w) = ([share(&self.d_on)?, share(&self.d_off)?], numbers(&share(&self.p)?)?);
        let tau = [numbers(&self.tau_ms(&a[0])?)?, numbers(&self.tau_ms(&a[1])?)?];
        let mut averages = Vec::new();
        for a in &a {
            let of_bands = numbers(a)?.into_iter().map(|a| average_weights(a, *bins));
            averages.push(of_bands.collect::<Vec<_>>());
        }
        let weight = |(channel, f, k): (usize, usize, usize)| match (channel, k) {
            (0, 0) => 1.0,
            (0, k) => -w[f] * averages[0][f][k],
            (_, 0) => -w[f],
            (_, k) => averages[1][f][k],
        };
        Ok(Some(AdaptationKernels {
            weights: Array3::from_shape_fn((2, w.len(), *bins), weight),
            tau_ms: Array2::from_shape_fn((2, w.len()), |(channel, f)| tau[channel][f]),
            past: Some(w),
            first_tau_ms: tau_ms.clone(),
            first_past: self.first_w,
            centres_hz: centres_hz.clone(),
            learns: self.learns,
        }))
    }

    fn notes(&self) -> &[String] {
        &self.before.notes
    }
}
