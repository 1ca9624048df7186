//! Willmore adaptation: each band minus an exponential average of its past, rectified, as the
//! inferior colliculus adapts to the mean level. `y(t) = max(0, x(t) − C Σ_{k=1}^{L−1} a^{k−1} x(t−k))`.
//!
//! Differs from deepSTRF 0.1.0: there `L` counts milliseconds as bins.
use candle_core::{Result, Tensor};
use ndarray::{Array2, Array3};

use super::{
    Adaptation, AdaptationKernels, KERNEL_BINS, MAX_FREQ, MIN_FREQ, Prefilter, RECTIFY, SCALE,
    average_weights, behind_past, numbers, past_average, past_average_of_piece,
};
use crate::base::error;
use crate::config::keys::Values;
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::dims::Dims;
use crate::models::layers::{Layer, MapShape, Pass, Reach, relu};
use crate::models::ops::adaptation::{self as ops, Filters};
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, Start};

/// The row of `willmore`.
pub const PART: Part = Part {
    name: "willmore",
    summary: "each band minus an exponential average of its past, rectified: adaptation to the mean level",
    source: "Willmore, Schoppe, King, Schnupp & Harper (2016), J. Neurosci. 36(2):280-289, doi:10.1523/JNEUROSCI.2441-15.2016",
    keys: &[SCALE, MIN_FREQ, MAX_FREQ, RECTIFY, KERNEL_BINS],
};

/// The same in deepSTRF.
pub const REFERENCE: Counterpart = Counterpart {
    object: Some(
        "deepSTRF.models.prefiltering.ICAdaptation(torch.full(({F},), 0.5), kernel_size={kernel_bins})",
    ),
    form: &[],
    silent: &[("rectify", "true")],
};

/// Buffer `a (F)`; nothing is trained.
struct Willmore {
    a: Tensor,
    rectify: bool,
    before: Adaptation,
}

/// Takes the buffer from `scope`.
pub fn build(values: &Values, dims: &Dims, scope: &Scope) -> error::Result<Box<dyn Prefilter>> {
    let adaptation = Adaptation::new(values, dims)?;
    let decays = Start::Values(adaptation.decays(dims.dt_ms));
    Ok(Box::new(Willmore {
        a: scope.get("a", dims.bands, ParamSpec::buffer(decays))?.detach(),
        rectify: values.flag("rectify")?,
        before: adaptation,
    }))
}

impl Layer for Willmore {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let (x, bins) = (input.squeeze(1)?, self.before.bins);
        let average = if pass.carries() {
            past_average_of_piece(&behind_past(&x, bins, pass)?, &self.a, bins)?
        } else {
            past_average(&x, &self.a, bins)?
        };
        let above = (&x - average)?.unsqueeze(1)?;
        if self.rectify { relu(&above) } else { Ok(above) }
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let (bands, length, rectify) = (input.bands, self.before.bins - 1, self.rectify);
        let stage = ops::Adaptation { bands, length, filters: Filters::Above, rectify };
        Ok(Some(StageWithParameters::new(stage, vec![self.a.clone()])))
    }

    fn reach(&self) -> Reach {
        Reach::Bins(self.before.bins)
    }

    fn goes_on(&self) -> bool {
        true
    }
}

impl Prefilter for Willmore {
    fn learns(&self) -> bool {
        false
    }

    fn adaptation(&self) -> Result<Option<AdaptationKernels>> {
        let Adaptation { centres_hz, tau_ms, bins, .. } = &self.before;
        let averages: Vec<Vec<f64>> =
            numbers(&self.a)?.into_iter().map(|a| average_weights(a, *bins)).collect();
        let weight = |(_channel, f, k): (usize, usize, usize)| match k {
            0 => 1.0,
            k => -averages[f][k],
        };
        Ok(Some(AdaptationKernels {
            weights: Array3::from_shape_fn((1, tau_ms.len(), *bins), weight),
            tau_ms: Array2::from_shape_fn((1, tau_ms.len()), |(_channel, f)| tau_ms[f]),
            past: None,
            first_tau_ms: tau_ms.clone(),
            first_past: 1.0,
            centres_hz: centres_hz.clone(),
            learns: false,
        }))
    }

    fn notes(&self) -> &[String] {
        &self.before.notes
    }
}
