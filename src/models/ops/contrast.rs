//! The contrast of the last bins of a sound, weighted over bands.
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::models::amplitude::ToAmplitude;
use crate::simd::real::{Real, pick, vectorized};
use crate::simd::sums::dot;

/// `K(t) = Σ_f w_f c(f,t)/C`, `c = sd/(mean + floor)` of the amplitudes of a window; parameters: the
/// weights `w (F)`. Before a clip lies its first value. Gives no gradient of the sound.
#[derive(Debug, Clone, Copy)]
pub struct Contrast {
    /// From the numbers of the sound to amplitudes.
    pub to_amplitude: ToAmplitude,
    /// Bands of the sound.
    pub bands: usize,
    /// Bins of the window, the present one the last.
    pub window: usize,
    /// What is added to means.
    pub floor: f64,
    /// Deviations that are not above it are none.
    pub least: f64,
    /// `C`.
    pub largest: f64,
}

/// The contrasts of a clip, `(F, T)`, and room to work in.
#[derive(Default)]
pub struct State<R> {
    contrasts: Rows<R>,
    /// Amplitudes of a band, as many times the first one before them as a window lacks.
    amplitudes: Vec<R>,
    means: Vec<R>,
}

impl Contrast {
    /// Replaces `out` by the contrast of the windows that end at each bin.
    fn of_band<R: Real>(&self, amplitudes: &[R], means: &mut [R], out: &mut [R]) {
        let bins = out.len();
        let share = R::constant(1.0 / self.window as f64);
        let (floor, least) = (R::constant(self.floor), R::constant(self.least * self.least));
        let zero = R::constant(0.0);
        means.fill(zero);
        out.fill(zero);
        for lag in 0..self.window {
            for (mean, x) in means.iter_mut().zip(&amplitudes[lag..lag + bins]) {
                *mean += *x;
            }
        }
        for mean in means.iter_mut() {
            *mean *= share;
        }
        for lag in 0..self.window {
            let values = amplitudes[lag..lag + bins].iter().zip(means.iter());
            for (sum, (x, mean)) in out.iter_mut().zip(values) {
                *sum += (*x - *mean) * (*x - *mean);
            }
        }
        for (out, mean) in out.iter_mut().zip(means.iter()) {
            let variance = *out * share;
            let deviation = pick(variance > least, variance.at_least(least).sqrt(), zero);
            *out = deviation / (*mean + floor);
        }
    }
}

impl<R: Real> Stage<R> for Contrast {
    /// `w_f / C`.
    type Prepared = Vec<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        self.bands
    }

    fn output(&self, input: Layout) -> Layout {
        Layout::of_units(1, input.bins, 0)
    }

    fn prepare(&self, parameters: &[R], _mode: GradientMode) -> Vec<R> {
        let share = R::constant(1.0 / self.largest);
        parameters.iter().map(|weight| *weight * share).collect()
    }

    fn forward(
        &self,
        weights: &Vec<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut State<R>,
    ) {
        let State { contrasts, amplitudes, means } = state;
        let (bins, zero) = (input.layout().bins, R::constant(0.0));
        contrasts.arrange(Layout::of_units(self.bands, bins, 0));
        amplitudes.resize(bins + self.window - 1, zero);
        means.resize(bins, zero);
        for (row, out) in input.rows().zip(contrasts.rows_mut()) {
            let (held, own) = amplitudes.split_at_mut(self.window - 1);
            vectorized(
                #[inline(always)]
                || self.to_amplitude.of_row(row, own),
            );
            held.fill(own.first().copied().unwrap_or(zero));
            vectorized(
                #[inline(always)]
                || self.of_band(amplitudes, means, out),
            );
        }
        for sum in output.rows_mut() {
            sum.fill(zero);
            for (weight, row) in weights.iter().zip(contrasts.rows()) {
                vectorized(
                    #[inline(always)]
                    || add(sum, *weight, row),
                );
            }
        }
    }

    fn backward(&self, _weights: &Vec<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { grad, by_parameters, .. } = pass;
        let Some(by_weights) = by_parameters else { return };
        for (by_weight, row) in by_weights.iter_mut().zip(state.contrasts.rows()) {
            *by_weight += R::from_f64(dot(grad.row(0), row) / self.largest);
        }
    }
}

#[inline(always)]
fn add<R: Real>(sum: &mut [R], weight: R, row: &[R]) {
    for (sum, x) in sum.iter_mut().zip(row) {
        *sum += weight * *x;
    }
}
