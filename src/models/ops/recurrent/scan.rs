//! The recurrence of a selective state space: `q' = exp(Δ A) q + Δ B x`, `o = C·q' + D x`, for each
//! channel on its own, the states of a channel side by side in a register.
use crate::models::ops::bins::Bins;
use crate::models::ops::rows::{Layout, Rows};
use crate::simd::parallel::map;
use crate::simd::real::{Real, vectorized};

/// States of a channel.
pub const STATES: usize = 16;
/// Channels that are gone through one after the other: fixed, so that sums do not depend on threads.
const GROUP: usize = 32;
/// A step of a channel costs as much as so many multiplications.
const STEP: usize = 16 * STATES;

/// The constants of a scan over `I` channels.
#[derive(Clone, Copy)]
pub struct Scan<'a, R> {
    /// `A (I, 16)`.
    pub decay: &'a [R],
    /// `D (I)`.
    pub skip: &'a [R],
    /// Values of a bin before `B` and `C`.
    pub steps: usize,
}

/// Where the gradients of rows and bins go.
pub struct ScanGrads<'a, R> {
    /// Of `Δ`.
    pub step: &'a mut Rows<R>,
    /// Of `x`.
    pub x: &'a mut Rows<R>,
    /// Of `B` and `C`, behind values that are left alone.
    pub selected: &'a mut Bins<R>,
}

/// The gradients of the constants.
#[derive(Default)]
pub struct ScanSums<R> {
    /// Of `A`.
    pub decay: Vec<R>,
    /// Of `D`.
    pub skip: Vec<R>,
}

/// All states of a channel.
type States<R> = [R; STATES];

#[inline(always)]
fn states<R: Real>(values: &[R], from: usize) -> States<R> {
    std::array::from_fn(|s| values[from + s])
}

/// The sum over states, in halves, so that it can be worked out side by side.
#[inline(always)]
fn sum<R: Real>(mut values: States<R>) -> R {
    let mut half = STATES / 2;
    while half > 0 {
        for s in 0..half {
            values[s] += values[s + half];
        }
        half /= 2;
    }
    values[0]
}

/// By how much the states of a channel fade at each bin, `exp(Δ A)`: products first, then their
/// exponentials in one long loop.
#[inline(always)]
fn decays<R: Real>(deltas: &[R], a: &States<R>, out: &mut [R]) {
    for (out, delta) in out.chunks_exact_mut(STATES).zip(deltas) {
        for s in 0..STATES {
            out[s] = *delta * a[s];
        }
    }
    for value in out.iter_mut() {
        *value = value.exp();
    }
}

impl<R: Real> Scan<'_, R> {
    /// From `[Δ, x]` and what is selected at each bin to `o`.
    pub fn forward(&self, [step, x]: [&Rows<R>; 2], selected: &Bins<R>, out: &mut Rows<R>) {
        let Layout { bins, .. } = x.layout();
        let work = STEP * x.layout().rows() * bins;
        let mut rows: Vec<&mut [R]> = out.rows_mut().collect();
        let groups: Vec<_> = rows.chunks_mut(GROUP).enumerate().collect();
        map(groups, work, |(group, rows)| {
            let mut fading = vec![R::constant(0.0); bins * STATES];
            for (i, out) in rows.iter_mut().enumerate() {
                let channel = group * GROUP + i;
                let rows = [step.row(channel), x.row(channel)];
                vectorized(
                    #[inline(always)]
                    || self.channel(channel, rows, selected, [out, &mut fading]),
                );
            }
        });
    }

    #[inline(always)]
    fn channel(
        &self,
        channel: usize,
        [deltas, xs]: [&[R]; 2],
        selected: &Bins<R>,
        [out, fading]: [&mut [R]; 2],
    ) {
        let (a, skip) = (states(self.decay, channel * STATES), self.skip[channel]);
        decays(deltas, &a, fading);
        let mut q = [R::constant(0.0); STATES];
        let mut shares = q;
        for (t, out) in out.iter_mut().enumerate() {
            let own = &selected.at(t)[self.steps..self.steps + 2 * STATES];
            let (b, c) = own.split_at(STATES);
            let fading = &fading[t * STATES..(t + 1) * STATES];
            let enter = deltas[t] * xs[t];
            for s in 0..STATES {
                q[s] = fading[s] * q[s] + enter * b[s];
                shares[s] = c[s] * q[s];
            }
            *out = sum(shares) + skip * xs[t];
        }
    }

    /// From the gradient of `o`, the last of `[Δ, x, by o]`, to the gradients of all else; those of
    /// `B` and `C` are sums over channels.
    pub fn backward(
        &self,
        [step, x, by_out]: [&Rows<R>; 3],
        selected: &Bins<R>,
        grads: ScanGrads<R>,
    ) -> ScanSums<R> {
        let (bins, zero) = (x.layout().bins, R::constant(0.0));
        let mut by_step: Vec<&mut [R]> = grads.step.rows_mut().collect();
        let mut by_x: Vec<&mut [R]> = grads.x.rows_mut().collect();
        let groups = by_step.chunks_mut(GROUP).zip(by_x.chunks_mut(GROUP)).enumerate().collect();
        let work = 3 * STEP * x.layout().rows() * bins;
        let parts = map(groups, work, |(group, (by_step, by_x))| {
            let mut part = Partial::new(bins);
            for (i, (by_step, by_x)) in by_step.iter_mut().zip(by_x).enumerate() {
                let channel = group * GROUP + i;
                let rows = [step.row(channel), x.row(channel), by_out.row(channel)];
                vectorized(
                    #[inline(always)]
                    || self.channel_back(channel, rows, selected, &mut part, [by_step, by_x]),
                );
            }
            part
        });
        let mut sums = ScanSums::default();
        for t in 0..bins {
            let to = &mut grads.selected.at_mut(t)[self.steps..];
            to.fill(zero);
            for part in &parts {
                let own = &part.by_selected[t * 2 * STATES..(t + 1) * 2 * STATES];
                to.iter_mut().zip(own).for_each(|(sum, own)| *sum += *own);
            }
        }
        for part in parts {
            sums.decay.extend(part.by_decay);
            sums.skip.extend(part.by_skip);
        }
        sums
    }

    #[inline(always)]
    fn channel_back(
        &self,
        channel: usize,
        [deltas, xs, grads]: [&[R]; 3],
        selected: &Bins<R>,
        part: &mut Partial<R>,
        [by_step, by_x]: [&mut [R]; 2],
    ) {
        let (a, skip) = (states(self.decay, channel * STATES), self.skip[channel]);
        let zero = R::constant(0.0);
        decays(deltas, &a, &mut part.decays);
        for t in 0..xs.len() {
            let b = &selected.at(t)[self.steps..self.steps + STATES];
            let fading = &part.decays[t * STATES..(t + 1) * STATES];
            let (before, after) = part.states[t * STATES..(t + 2) * STATES].split_at_mut(STATES);
            let enter = deltas[t] * xs[t];
            for s in 0..STATES {
                after[s] = fading[s] * before[s] + enter * b[s];
            }
        }
        let (mut by_q, mut by_a, mut by_skip) = ([zero; STATES], [zero; STATES], zero);
        let (mut by_delta, mut entered) = ([zero; STATES], [zero; STATES]);
        for t in (0..xs.len()).rev() {
            let own = &selected.at(t)[self.steps..self.steps + 2 * STATES];
            let (b, c) = own.split_at(STATES);
            let fading = &part.decays[t * STATES..(t + 1) * STATES];
            let (before, after) = part.states[t * STATES..(t + 2) * STATES].split_at(STATES);
            let (delta, x, grad) = (deltas[t], xs[t], grads[t]);
            let enter = delta * x;
            let by_selected = &mut part.by_selected[t * 2 * STATES..(t + 1) * 2 * STATES];
            let (by_b, by_c) = by_selected.split_at_mut(STATES);
            for s in 0..STATES {
                let by_state = by_q[s] + c[s] * grad;
                by_b[s] += by_state * enter;
                by_c[s] += after[s] * grad;
                let through = by_state * before[s] * fading[s];
                by_delta[s] = through * a[s];
                by_a[s] += through * delta;
                entered[s] = by_state * b[s];
                by_q[s] = by_state * fading[s];
            }
            let entered = sum(entered);
            by_step[t] = sum(by_delta) + entered * x;
            by_x[t] = entered * delta + skip * grad;
            by_skip += grad * x;
        }
        part.by_decay.extend(by_a);
        part.by_skip.push(by_skip);
    }
}

/// What some channels come to, and room for the states of one of them.
struct Partial<R> {
    decays: Vec<R>,
    /// Zeros first, which nothing writes over.
    states: Vec<R>,
    by_selected: Vec<R>,
    by_decay: Vec<R>,
    by_skip: Vec<R>,
}

impl<R: Real> Partial<R> {
    fn new(bins: usize) -> Self {
        let zeros = |count| vec![R::constant(0.0); count];
        Self {
            decays: zeros(bins * STATES),
            states: zeros((bins + 1) * STATES),
            by_selected: zeros(2 * bins * STATES),
            by_decay: Vec::new(),
            by_skip: Vec::new(),
        }
    }
}
