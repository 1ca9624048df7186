//! Adaptation filters over rows: differences between each band and the exponential average of its
//! past, in one pass forward and one back.
//!
//! With `m(t) = C Σ_{k=1}^{L} a^{k−1} x(t−k)`, the first value lying before the clip.
use super::recursion::{Fading, geometric};
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::{each, map};
use crate::simd::real::{Real, pick};

/// Which differences are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filters {
    /// AdapTrans: `on = x − w m` with `a_on`, `off = m − w x` with `a_off`. Parameters `a_on (F)`,
    /// `a_off (F)` and `w (F)`.
    OnOff,
    /// Willmore: `x − m`. Parameter `a (F)`.
    Above,
}

/// The filters of every band.
#[derive(Debug, Clone, Copy)]
pub struct Adaptation {
    /// Bands.
    pub bands: usize,
    /// Bins that the average reaches back.
    pub length: usize,
    /// What is made of a band.
    pub filters: Filters,
    /// Whether what they give is rectified.
    pub rectify: bool,
}

/// Steps of the two recursions of a band cost as much as so many multiplications.
const STEP: usize = 128;

/// The averages of the past of one band for `N` channels, and their derivatives by the decays;
/// relative to the first value, which lies before the clip.
struct Averages<const N: usize> {
    fading: Fading<N>,
    /// One over the sum of the weights, and the derivative of that sum by the decay.
    inverse_mass: [f64; N],
    mass_slope: [f64; N],
}

impl<const N: usize> Averages<N> {
    fn new(decays: [f64; N], length: usize) -> Self {
        let masses = decays.map(|decay| geometric(decay, length));
        Self {
            fading: Fading::new(decays, length),
            inverse_mass: masses.map(|(mass, _)| 1.0 / mass),
            mass_slope: masses.map(|(_, slope)| slope),
        }
    }

    /// What leaves the windows when bin `t` comes in.
    #[inline(always)]
    fn leaving<R: Real>(&self, x: &[R], t: usize, first: f64) -> Option<[f64; N]> {
        self.fading.leaving(t).map(|then| [x[then].to_f64() - first; N])
    }

    #[inline(always)]
    fn values(&self) -> [f64; N] {
        std::array::from_fn(|i| self.fading.sum[i] * self.inverse_mass[i])
    }

    #[inline(always)]
    fn slopes(&self, values: [f64; N]) -> [f64; N] {
        let slope = |i: usize| self.fading.slope[i] - values[i] * self.mass_slope[i];
        std::array::from_fn(|i| slope(i) * self.inverse_mass[i])
    }

    /// Adds to the gradient of a band what comes through its averages, whose gradients are given bin
    /// by bin.
    fn add_to_input<R: Real>(mut self, by_average: &[[f64; N]], grads: &mut [R]) {
        let bins = by_average.len();
        let (mut given, mut taken) = (0.0, 0.0);
        for t in (0..bins).rev() {
            let through: f64 = self.values().iter().sum();
            grads[t] = R::from_f64(grads[t].to_f64() + through);
            given += by_average[t].iter().sum::<f64>();
            taken += through;
            // Backwards in time a window reaches into what came later.
            let old = self.fading.leaving(bins - 1 - t).map(|then| by_average[bins - 1 - then]);
            self.fading.step(by_average[t], old);
        }
        // An average passes a constant: what no bin of the clip takes lies before it.
        if let Some(first) = grads.first_mut() {
            *first = R::from_f64(first.to_f64() + given - taken);
        }
    }
}

impl Adaptation {
    /// Channels that come out.
    fn channels(&self) -> usize {
        match self.filters {
            Filters::OnOff => 2,
            Filters::Above => 1,
        }
    }

    /// Parameters of a band.
    fn per_band(&self) -> usize {
        match self.filters {
            Filters::OnOff => 3,
            Filters::Above => 1,
        }
    }

    /// The parameter of this kind of a band.
    fn parameter<R: Real>(&self, parameters: &[R], kind: usize, band: usize) -> f64 {
        parameters[kind * self.bands + band].to_f64()
    }

    fn on_off<R: Real>(&self, parameters: &[R], band: usize) -> [f64; 3] {
        [0, 1, 2].map(|kind| self.parameter(parameters, kind, band))
    }

    fn least(&self) -> f64 {
        if self.rectify { 0.0 } else { f64::NEG_INFINITY }
    }

    fn forward_on_off<R: Real>(
        &self,
        [a_on, a_off, w]: [f64; 3],
        x: &[R],
        on_off: &mut [&mut [R]],
    ) {
        let [on, off] = on_off else { return };
        let (first, least) = (first_of(x), self.least());
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

    fn forward_above<R: Real>(&self, a: f64, x: &[R], above: &mut [R]) {
        let (first, least) = (first_of(x), self.least());
        let mut averages = Averages::new([a], self.length);
        for (t, now) in x.iter().enumerate() {
            let now = now.to_f64();
            let [value] = averages.values();
            above[t] = R::from_f64(rectified(now - (first + value), least));
            let old = averages.leaving(x, t, first);
            averages.fading.step([now - first], old);
        }
    }

    /// Fills the rows that come out of one band.
    fn forward_band<R: Real>(&self, parameters: &[R], band: usize, x: &[R], rows: &mut [&mut [R]]) {
        match (self.filters, rows) {
            (Filters::OnOff, rows) => {
                self.forward_on_off(self.on_off(parameters, band), x, rows);
            }
            (Filters::Above, [above]) => {
                self.forward_above(self.parameter(parameters, 0, band), x, above);
            }
            (Filters::Above, _) => {}
        }
    }

    /// The gradient of what comes out where rectification lets it pass.
    #[inline(always)]
    fn passing<R: Real>(&self, value: R, grad: R) -> f64 {
        pick(!self.rectify || value > R::constant(0.0), grad.to_f64(), 0.0)
    }

    /// Gradients of `a_on`, `a_off` and `w` of one band.
    fn parameters_of_on_off<R: Real>(
        &self,
        [a_on, a_off, w]: [f64; 3],
        x: &[R],
        [on, off]: [&[R]; 2],
        [on_grad, off_grad]: [&[R]; 2],
    ) -> Vec<f64> {
        let first = first_of(x);
        let mut averages = Averages::new([a_on, a_off], self.length);
        let (mut by_on, mut by_off, mut by_w) = (0.0, 0.0, 0.0);
        for (t, now) in x.iter().enumerate() {
            let (g_on, g_off) =
                (self.passing(on[t], on_grad[t]), self.passing(off[t], off_grad[t]));
            let values = averages.values();
            let slopes = averages.slopes(values);
            by_w -= g_on * (first + values[0]) + g_off * now.to_f64();
            by_on -= w * g_on * slopes[0];
            by_off += g_off * slopes[1];
            let old = averages.leaving(x, t, first);
            averages.fading.step_with_slope([now.to_f64() - first; 2], old);
        }
        vec![by_on, by_off, by_w]
    }

    /// The gradient of `a` of one band.
    fn parameter_of_above<R: Real>(&self, a: f64, x: &[R], above: &[R], grad: &[R]) -> Vec<f64> {
        let first = first_of(x);
        let mut averages = Averages::new([a], self.length);
        let mut by_a = 0.0;
        for (t, now) in x.iter().enumerate() {
            let values = averages.values();
            by_a -= self.passing(above[t], grad[t]) * averages.slopes(values)[0];
            let old = averages.leaving(x, t, first);
            averages.fading.step_with_slope([now.to_f64() - first], old);
        }
        vec![by_a]
    }

    /// Gradients of the parameters of one band.
    fn by_parameters<R: Real>(
        &self,
        parameters: &[R],
        band: usize,
        (input, output, grad): (&Rows<R>, &Rows<R>, &Rows<R>),
    ) -> Vec<f64> {
        let x = input.row(band);
        match self.filters {
            Filters::OnOff => {
                let rows = [2 * band, 2 * band + 1];
                let (values, grads) =
                    (rows.map(|row| output.row(row)), rows.map(|row| grad.row(row)));
                self.parameters_of_on_off(self.on_off(parameters, band), x, values, grads)
            }
            Filters::Above => {
                let a = self.parameter(parameters, 0, band);
                self.parameter_of_above(a, x, output.row(band), grad.row(band))
            }
        }
    }

    /// Fills the gradient of one band of the input.
    fn input_of_band<R: Real>(
        &self,
        parameters: &[R],
        band: usize,
        (output, grad): (&Rows<R>, &Rows<R>),
        to: &mut [R],
    ) {
        match self.filters {
            Filters::OnOff => {
                let [a_on, a_off, w] = self.on_off(parameters, band);
                let (on, off) = (2 * band, 2 * band + 1);
                let passing = |row: usize| {
                    let values = output.row(row).iter().zip(grad.row(row));
                    values.map(|(value, grad)| self.passing(*value, *grad))
                };
                let both: Vec<(f64, f64)> = passing(on).zip(passing(off)).collect();
                for (to, (g_on, g_off)) in to.iter_mut().zip(&both) {
                    *to = R::from_f64(g_on - w * g_off);
                }
                let by_average: Vec<[f64; 2]> =
                    both.into_iter().map(|(g_on, g_off)| [-w * g_on, g_off]).collect();
                Averages::new([a_on, a_off], self.length).add_to_input(&by_average, to);
            }
            Filters::Above => {
                let a = self.parameter(parameters, 0, band);
                let values = output.row(band).iter().zip(grad.row(band));
                let grads: Vec<f64> =
                    values.map(|(value, grad)| self.passing(*value, *grad)).collect();
                to.iter_mut().zip(&grads).for_each(|(to, grad)| *to = R::from_f64(*grad));
                let by_average: Vec<[f64; 1]> = grads.into_iter().map(|grad| [-grad]).collect();
                Averages::new([a], self.length).add_to_input(&by_average, to);
            }
        }
    }
}

fn first_of<R: Real>(x: &[R]) -> f64 {
    x.first().map_or(0.0, |first| first.to_f64())
}

#[inline(always)]
fn rectified(value: f64, least: f64) -> f64 {
    if value < least { least } else { value } // NaN stays
}

impl<R: Real> Stage<R> for Adaptation {
    type Prepared = Vec<R>;
    type State = ();

    fn parameters(&self) -> usize {
        self.per_band() * self.bands
    }

    fn output(&self, input: Layout) -> Layout {
        Layout { channels: self.channels(), ..input.bare() }
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Vec<R> {
        parameters.to_vec()
    }

    fn forward(&self, parameters: &Vec<R>, input: &Rows<R>, output: &mut Rows<R>, _state: &mut ()) {
        let work = STEP * self.bands * input.layout().bins;
        let tasks = output.bands_mut().into_iter().enumerate().collect();
        each(tasks, work, |(band, mut rows): (usize, Vec<&mut [R]>)| {
            self.forward_band(parameters, band, input.row(band), &mut rows);
        });
    }

    fn backward(&self, parameters: &Vec<R>, _state: &mut (), pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, input_grad, by_parameters } = pass;
        let grad = &*grad;
        let work = STEP * self.bands * input.layout().bins;
        if let Some(by_parameters) = by_parameters {
            let sums = map((0..self.bands).collect(), work, |band| {
                self.by_parameters(parameters, band, (input, output, grad))
            });
            let sums = sums.into_iter().enumerate();
            for (band, (kind, sum)) in sums
                .flat_map(|(band, sums)| sums.into_iter().enumerate().map(move |sum| (band, sum)))
            {
                by_parameters[kind * self.bands + band] += R::from_f64(sum);
            }
        }
        if let Some(input_grad) = input_grad {
            let tasks = input_grad.rows_mut().enumerate().collect();
            each(tasks, work, |(band, to): (usize, &mut [R])| {
                self.input_of_band(parameters, band, (output, grad), to);
            });
        }
    }
}
