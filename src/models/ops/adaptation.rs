//! AdapTrans over rows: ON and OFF channels out of each band and the exponential average of its
//! past, in one pass forward and one back.
use super::recursion::{Fading, geometric};
use super::rows::{Layout, Rows};
use super::stage::{Passing, Stage, Ways};
use crate::simd::parallel::{each, map};
use crate::simd::real::{Real, pick};

/// With `m(t) = C Σ_{k=1}^{L} a^{k−1} x(t−k)`: `on = x − w m` with `a_on`, `off = m − w x` with
/// `a_off`. Parameters `a_on (F)`, `a_off (F)` and `w (F)`. The sound is data: nothing asks for
/// its gradient.
#[derive(Debug, Clone, Copy)]
pub struct Adaptation {
    /// Bands.
    pub bands: usize,
    /// Bins that the average reaches back.
    pub length: usize,
    /// Whether both channels are rectified.
    pub rectify: bool,
}

/// Steps of the two recursions of a band cost as much as so many multiplications.
const STEP: usize = 128;

/// The averages of the past of one band for both channels, and their derivatives by the decays;
/// relative to the first value, which lies before the clip.
struct Averages {
    fading: Fading<2>,
    /// One over the sum of the weights, and the derivative of that sum by the decay.
    inverse_mass: [f64; 2],
    mass_slope: [f64; 2],
}

impl Averages {
    fn new(decays: [f64; 2], length: usize) -> Self {
        let masses = decays.map(|decay| geometric(decay, length));
        Self {
            fading: Fading::new(decays, length),
            inverse_mass: masses.map(|(mass, _)| 1.0 / mass),
            mass_slope: masses.map(|(_, slope)| slope),
        }
    }

    /// What leaves both windows when bin `t` comes in.
    #[inline(always)]
    fn leaving<R: Real>(&self, x: &[R], t: usize, first: f64) -> Option<[f64; 2]> {
        self.fading.leaving(t).map(|then| [x[then].to_f64() - first; 2])
    }

    #[inline(always)]
    fn values(&self) -> [f64; 2] {
        [0, 1].map(|i| self.fading.sum[i] * self.inverse_mass[i])
    }

    #[inline(always)]
    fn slopes(&self, values: [f64; 2]) -> [f64; 2] {
        let slope = |i: usize| self.fading.slope[i] - values[i] * self.mass_slope[i];
        [0, 1].map(|i| slope(i) * self.inverse_mass[i])
    }
}

impl Adaptation {
    /// The parameters of a band.
    fn of_band<R: Real>(&self, parameters: &[R], band: usize) -> [f64; 3] {
        [0, 1, 2].map(|kind| parameters[kind * self.bands + band].to_f64())
    }

    fn forward_band<R: Real>(&self, [a_on, a_off, w]: [f64; 3], x: &[R], on_off: &mut [&mut [R]]) {
        let [on, off] = on_off else { return };
        let first = x.first().map_or(0.0, |first| first.to_f64());
        let least = if self.rectify { 0.0 } else { f64::NEG_INFINITY };
        let mut averages = Averages::new([a_on, a_off], self.length);
        for (t, now) in x.iter().enumerate() {
            let now = now.to_f64();
            let [m_on, m_off] = averages.values().map(|value| first + value);
            on[t] = R::from_f64(rectified(now - w * m_on, least));
            off[t] = R::from_f64(rectified(m_off - w * now, least));
            let old = averages.leaving(x, t, first);
            averages.fading.step([now - first; 2], old);
        }
    }

    /// Gradients of `a_on`, `a_off` and `w` of one band.
    fn backward_band<R: Real>(
        &self,
        [a_on, a_off, w]: [f64; 3],
        x: &[R],
        [on, off]: [&[R]; 2],
        [on_grad, off_grad]: [&[R]; 2],
    ) -> [f64; 3] {
        let first = x.first().map_or(0.0, |first| first.to_f64());
        let mut averages = Averages::new([a_on, a_off], self.length);
        let (mut by_on, mut by_off, mut by_w) = (0.0, 0.0, 0.0);
        for (t, now) in x.iter().enumerate() {
            let passes = |value: R, grad: R| {
                pick(!self.rectify || value > R::constant(0.0), grad.to_f64(), 0.0)
            };
            let (g_on, g_off) = (passes(on[t], on_grad[t]), passes(off[t], off_grad[t]));
            let values = averages.values();
            let slopes = averages.slopes(values);
            by_w -= g_on * (first + values[0]) + g_off * now.to_f64();
            by_on -= w * g_on * slopes[0];
            by_off += g_off * slopes[1];
            let old = averages.leaving(x, t, first);
            averages.fading.step_with_slope([now.to_f64() - first; 2], old);
        }
        [by_on, by_off, by_w]
    }
}

#[inline(always)]
fn rectified(value: f64, least: f64) -> f64 {
    if value < least { least } else { value } // NaN stays
}

impl<R: Real> Stage<R> for Adaptation {
    fn parameters(&self) -> usize {
        3 * self.bands
    }

    fn output(&self, input: Layout) -> Layout {
        Layout { channels: 2, ..input.bare() }
    }

    fn prepare(&self, parameters: &[R], _ways: Ways) -> Vec<Vec<R>> {
        vec![parameters.to_vec()]
    }

    fn forward(
        &self,
        prepared: &[Vec<R>],
        input: &Rows<R>,
        output: &mut Rows<R>,
        _kept: &mut Vec<Rows<R>>,
    ) {
        let work = STEP * self.bands * input.layout().bins;
        let tasks = output.bands_mut().into_iter().enumerate().collect();
        each(tasks, work, |(band, mut on_off): (usize, Vec<&mut [R]>)| {
            let parameters = self.of_band(&prepared[0], band);
            self.forward_band(parameters, input.row(band), &mut on_off);
        });
    }

    fn backward(&self, prepared: &[Vec<R>], passing: Passing<R>, by_parameters: &mut [R]) {
        let Passing { input, output, grad, .. } = passing;
        let grad = &*grad;
        let work = STEP * self.bands * input.layout().bins;
        let sums = map((0..self.bands).collect(), work, |band| {
            let (on, off) = (2 * band, 2 * band + 1);
            self.backward_band(
                self.of_band(&prepared[0], band),
                input.row(band),
                [output.row(on), output.row(off)],
                [grad.row(on), grad.row(off)],
            )
        });
        for (band, sums) in sums.into_iter().enumerate() {
            for (kind, sum) in sums.into_iter().enumerate() {
                by_parameters[kind * self.bands + band] += R::from_f64(sum);
            }
        }
    }
}
