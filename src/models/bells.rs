//! Weights over bands that are Gaussians, whose centres and widths are trained.
use candle_core::{D, Device, Result, Tensor, Var};

use super::dims::{Axis, Quantity};
use super::params::{ParamSpec, Scope, Start};

/// `g(f) ∝ exp(−½ ((p(f) − μ)/σ)²)` with sum 1, where `p` is the band's place in the logarithm of
/// frequency, scaled to 0 to 1 over the bands; in steps of equal size where frequencies are not known.
///
/// Parameters `raw_mu` and `raw_sigma` of any shape: `μ = −0.1 + 1.2 / (1 + exp(−raw_mu))`,
/// `σ = 0.05 + exp(raw_sigma)`, so that neither leaves its range.
#[derive(Debug)]
pub struct Bells {
    raw_mu: Var,
    raw_sigma: Var,
    places: Vec<f64>,
    /// The logarithms to base 10 of the lowest and the highest frequency in Hz.
    span: Option<(f64, f64)>,
}

/// Where centres may lie.
const CENTRES: (f64, f64) = (-0.1, 1.1);
/// The narrowest width.
const LEAST_WIDTH: f64 = 0.05;
/// The width before training.
const FIRST_WIDTH: f64 = 0.2;
/// Octaves of a decade.
const OCTAVES: f64 = std::f64::consts::LOG2_10;

impl Bells {
    /// As many as `shape` has places, whose centres start spread over the bands along the first axis,
    /// each within its share. Neurons or hidden units lie along axis `owner_axis`.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(
        shape: &[usize],
        (bands, frequencies_hz): (usize, Option<&[f64]>),
        owner_axis: usize,
        scope: &Scope,
    ) -> Result<Self> {
        let count = shape.first().copied().unwrap_or(1).max(1);
        let raw = |centre: f64| {
            let share = (centre - CENTRES.0) / (CENTRES.1 - CENTRES.0);
            (share / (1.0 - share)).ln()
        };
        let place = |nth: usize| raw(nth as f64 / count as f64);
        let spread = Start::UniformBlocks((0..count).map(|i| (place(i), place(i + 1))).collect());
        let width = Start::Constant((FIRST_WIDTH - LEAST_WIDTH).ln());
        let spec = |start| ParamSpec::not_decayed(start).owned_along(owner_axis);
        let span = frequencies_hz.and_then(|hz| Some((hz.first()?.log10(), hz.last()?.log10())));
        let span = span.filter(|(low, high)| high > low);
        let equal = |band: usize| band as f64 / bands.saturating_sub(1).max(1) as f64;
        let places = match (frequencies_hz, span) {
            (Some(hz), Some((low, high))) => {
                hz.iter().map(|hz| (hz.log10() - low) / (high - low)).collect()
            }
            _ => (0..bands).map(equal).collect(),
        };
        Ok(Self {
            raw_mu: scope.get("raw_mu", shape, spec(spread))?,
            raw_sigma: scope.get("raw_sigma", shape, spec(width))?,
            places,
            span,
        })
    }

    /// The mean of the squares of a Gaussian's weights before training, where bands lie close.
    pub fn first_power(bands: usize) -> f64 {
        let over = bands.saturating_sub(1) as f64 * FIRST_WIDTH;
        (2.0 * over * std::f64::consts::PI.sqrt()).max(1.0).recip()
    }

    /// The centres, as places over the bands.
    fn centres(&self) -> Result<Tensor> {
        let (low, high) = CENTRES;
        candle_nn::ops::sigmoid(&self.raw_mu)?.affine(high - low, low)
    }

    /// The widths, in the same unit.
    fn widths(&self) -> Result<Tensor> {
        self.raw_sigma.exp()? + LEAST_WIDTH
    }

    /// The weights, bands along a last axis.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn weights(&self) -> Result<Tensor> {
        let places = Tensor::new(self.places.as_slice(), &Device::Cpu)?;
        let places = places.to_dtype(self.raw_mu.dtype())?.to_device(self.raw_mu.device())?;
        let column = |values: Tensor| values.unsqueeze(D::Minus1);
        let centres = column(self.centres()?)?;
        let shape: Vec<usize> = centres.dims().iter().map(|_| 1).collect();
        let places = places.reshape([&shape[1..], &[self.places.len()]].concat())?;
        let off = places.broadcast_sub(&centres)?.broadcast_div(&column(self.widths()?)?)?;
        let powers = (off.sqr()? * -0.5)?;
        // Next to the largest one, so that a bell far outside of all bands has a sum.
        let powers = powers.broadcast_sub(&powers.detach().max_keepdim(D::Minus1)?)?.exp()?;
        powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)
    }

    /// Centres and widths as exports show them, `arranged` bringing them in the order of the axes.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn learnt(
        &self,
        axes: &'static [Axis],
        arranged: impl Fn(Tensor) -> Result<Tensor>,
    ) -> Result<Vec<Quantity>> {
        let (centres, widths) = (arranged(self.centres()?)?, arranged(self.widths()?)?);
        let quantity = |name, unit, values| Quantity { name, unit, axes, values };
        Ok(match self.span {
            Some((low, high)) => vec![
                quantity("band_centres_hz", "Hz", power_of_ten(&centres.affine(high - low, low)?)?),
                quantity("band_widths_octaves", "octaves", (widths * ((high - low) * OCTAVES))?),
            ],
            None => {
                vec![quantity("band_centres", "1", centres), quantity("band_widths", "1", widths)]
            }
        })
    }
}

fn power_of_ten(exponents: &Tensor) -> Result<Tensor> {
    (exponents * std::f64::consts::LN_10)?.exp()
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;
    use crate::models::params::Params;

    fn bells(bands: usize, hz: Option<&[f64]>, mu: f64, sigma: f64) -> Bells {
        let scope = Params::new(0, DType::F64, &Device::Cpu).scope("");
        let bells = Bells::new(&[1], (bands, hz), 0, &scope).unwrap();
        let share = (mu + 0.1) / 1.2_f64;
        let set = |var: &Var, value: f64| var.set(&Tensor::new(&[value], &Device::Cpu).unwrap());
        set(&bells.raw_mu, (share / (1.0 - share)).ln()).unwrap();
        set(&bells.raw_sigma, (sigma - 0.05_f64).ln()).unwrap();
        bells
    }

    #[test]
    fn a_bell_is_the_gaussian_of_its_formula_with_sum_one() {
        // Places 0, 0.5, 1 of 100, 1000 and 10 000 Hz; centre 0.25, width 0.5: exponents −1/8, −1/8, −9/8.
        let bells = bells(3, Some(&[100.0, 1000.0, 10_000.0]), 0.25, 0.5);
        let parts = [(-0.125_f64).exp(), (-0.125_f64).exp(), (-1.125_f64).exp()];
        let sum: f64 = parts.iter().sum();
        let got = bells.weights().unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for (got, part) in got.iter().zip(parts) {
            assert!((got - part / sum).abs() < 1e-12, "{got}");
        }
        let learnt = bells.learnt(&[Axis::Hidden], Ok).unwrap();
        let value =
            |at: usize| learnt[at].values.flatten_all().unwrap().to_vec1::<f64>().unwrap()[0];
        assert_eq!((learnt[0].name, learnt[1].name), ("band_centres_hz", "band_widths_octaves"));
        assert!((value(0) - 10_f64.powf(2.5)).abs() < 1e-6, "{}", value(0));
        // Half of two decades.
        assert!((value(1) - 10_f64.log2()).abs() < 1e-9, "{}", value(1));
    }

    #[test]
    fn a_narrow_bell_outside_of_all_bands_has_finite_weights() {
        for (bands, mu) in [(1, 1.0999), (2, 1.0999), (2, -0.0999), (40, 1.0999)] {
            let weights = bells(bands, None, mu, 0.050_000_1).weights().unwrap();
            let weights = weights.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            let sum: f64 = weights.iter().sum();
            assert!((sum - 1.0).abs() < 1e-12, "{bands} {mu}: {weights:?}");
        }
    }

    #[test]
    fn centres_start_each_in_its_share_of_the_bands() {
        let scope = Params::new(4, DType::F64, &Device::Cpu).scope("");
        let bells = Bells::new(&[5, 2], (30, None), 0, &scope).unwrap();
        let centres = bells.centres().unwrap().to_vec2::<f64>().unwrap();
        for (i, row) in centres.iter().enumerate() {
            let share = i as f64 / 5.0..=(i + 1) as f64 / 5.0;
            assert!(row.iter().all(|centre| share.contains(centre)), "{i}: {row:?}");
        }
        let widths = bells.widths().unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        assert!(widths.iter().all(|width| (width - 0.2).abs() < 1e-12), "{widths:?}");
    }
}
