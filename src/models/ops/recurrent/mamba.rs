//! A selective state space block on the fused path: rows of bins, but for the scan, which goes
//! through the bins of one channel after the other, all of its states beside each other.
use super::scan::{STATES, Scan, ScanGrads};
use crate::models::ops::activation::Activation;
use crate::models::ops::bins::Bins;
use crate::models::ops::mixing::{RowSet, add_products, add_totals, mix, pack};
use crate::models::ops::parts::{parts, parts_mut};
use crate::models::ops::rows::{Layout, Rows};
use crate::models::ops::stage::{BackwardPass, GradientMode, Stage};
use crate::models::ops::temporal::{self, Temporal};
use crate::simd::real::{Real, vectorized};

/// Taps of the causal convolution of each channel.
pub const TAPS: usize = 4;

/// `[x; z] = W_in s`; `x = silu(conv(x) + b)`; `[δ, B, C] = W_x x`; `Δ = softplus(W_dt δ + b_dt)`;
/// `q' = exp(Δ A) q + Δ B x`, `o = C·q' + D x`; `h = W_out (o silu(z))`; before the clip `q` is 0.
///
/// Parameters, `I` inner channels and `r` steps: `W_in (2I, inputs)`, convolution `(I, 4)` and `(I)`,
/// `W_x (r + 32, I)`, `W_dt (I, r)`, `b_dt (I)`, `A (I, 16)`, `D (I)`, `W_out (units, I)`.
///
/// Source: Gu & Dao (2023), doi:10.48550/arXiv.2312.00752.
#[derive(Debug, Clone, Copy)]
pub struct SelectiveUnits {
    /// Rows of the input.
    pub inputs: usize,
    /// Rows of the output.
    pub units: usize,
    /// `I`.
    pub inner: usize,
    /// `r`.
    pub steps: usize,
}

/// A matrix for [`mix`], and turned for the way back.
struct Matrix<R> {
    packed: Vec<R>,
    turned: Vec<R>,
}

/// The parameters in the order of the loops.
pub struct Prepared<R> {
    /// `W_in`: the half that gives `x`, the other one, and all of it for the way back.
    enter_x: Vec<R>,
    enter_z: Vec<R>,
    enter_turned: Vec<R>,
    taps: temporal::Prepared<R>,
    select: Matrix<R>,
    step: Matrix<R>,
    step_bias: Vec<R>,
    decay: Vec<R>,
    skip: Vec<R>,
    leave: Matrix<R>,
}

/// What the way forward leaves, rows each.
#[derive(Default)]
pub struct State<R> {
    /// `x` before the convolution.
    entered: Rows<R>,
    z: Rows<R>,
    /// Behind the convolution, and behind its nonlinearity.
    convolved: Rows<R>,
    x: Rows<R>,
    /// `δ`, `B`, `C`.
    selected: Rows<R>,
    /// The same, bin after bin.
    selected_of_bins: Bins<R>,
    /// `Δ`.
    step: Rows<R>,
    /// `o`, and what leaves.
    scanned: Rows<R>,
    gated: Rows<R>,
    grads: Grads<R>,
}

/// Gradients on the way back, rows each.
#[derive(Default)]
struct Grads<R> {
    gated: Rows<R>,
    scanned: Rows<R>,
    step: Rows<R>,
    steps: Rows<R>,
    selected: Rows<R>,
    selected_of_bins: Bins<R>,
    x: Rows<R>,
    /// What comes to `x` through the selection.
    beside: Rows<R>,
    /// Of `x` before the convolution, and of that and `z`.
    before: Rows<R>,
    entered: Rows<R>,
}

/// The matrix `(O, P)` in the order of [`mix`].
fn packed<R: Real>(values: &[R], inputs: usize) -> Vec<R> {
    pack(values.len() / inputs, inputs, |o, i| values[o * inputs + i])
}

/// The same turned, where that is asked for.
fn turned<R: Real>(values: &[R], inputs: usize, wanted: bool) -> Vec<R> {
    if !wanted {
        return Vec::new();
    }
    pack(inputs, values.len() / inputs, |i, o| values[o * inputs + i])
}

impl SelectiveUnits {
    /// How many parameters each part has, in their order.
    fn sizes(&self) -> [usize; 8] {
        let Self { inputs, units, inner, steps } = *self;
        let select = self.selected() * inner;
        let taps = self.taps().weights() + inner;
        [
            2 * inner * inputs,
            taps,
            select,
            inner * steps,
            inner,
            STATES * inner,
            inner,
            units * inner,
        ]
    }

    /// Rows that selection gives.
    fn selected(&self) -> usize {
        self.steps + 2 * STATES
    }

    /// The convolution.
    fn taps(&self) -> Temporal {
        Temporal { units: self.inner, lags: TAPS, activation: Activation::Identity }
    }

    fn rows(rows: usize, bins: usize) -> Layout {
        Layout::of_units(rows, bins, 0)
    }
}

impl<R: Real> State<R> {
    fn arrange(&mut self, sizes: SelectiveUnits, bins: usize) {
        let inner = SelectiveUnits::rows(sizes.inner, bins);
        self.entered.arrange(Layout { left: TAPS - 1, ..inner });
        self.z.arrange(inner);
        for rows in [&mut self.convolved, &mut self.x, &mut self.step] {
            rows.arrange(inner);
        }
        for rows in [&mut self.scanned, &mut self.gated] {
            rows.arrange(inner);
        }
        self.selected.arrange(SelectiveUnits::rows(sizes.selected(), bins));
        self.selected_of_bins.arrange(bins, sizes.selected());
    }
}

impl<R: Real> Grads<R> {
    fn arrange(&mut self, sizes: SelectiveUnits, bins: usize) {
        let inner = SelectiveUnits::rows(sizes.inner, bins);
        for rows in [&mut self.gated, &mut self.scanned, &mut self.step, &mut self.beside] {
            rows.arrange(inner);
        }
        self.before.arrange(inner);
        self.x.arrange(Layout { right: TAPS - 1, ..inner });
        self.steps.arrange(SelectiveUnits::rows(sizes.steps, bins));
        self.entered.arrange(SelectiveUnits::rows(2 * sizes.inner, bins));
        self.selected.arrange(SelectiveUnits::rows(sizes.selected(), bins));
        self.selected_of_bins.arrange(bins, sizes.selected());
    }
}

#[inline(always)]
fn silu<R: Real>(from: &[R], to: &mut [R]) {
    for (to, x) in to.iter_mut().zip(from) {
        *to = *x * x.sigmoid();
    }
}

/// The slope of `x σ(x)`.
#[inline(always)]
fn slope_of_silu<R: Real>(x: R, share: R) -> R {
    share * (R::constant(1.0) + x * (R::constant(1.0) - share))
}

#[inline(always)]
fn through_silu<R: Real>(grad: &mut [R], beside: &[R], at: &[R]) {
    for ((grad, beside), x) in grad.iter_mut().zip(beside).zip(at) {
        *grad = (*grad + *beside) * slope_of_silu(*x, x.sigmoid());
    }
}

/// `o silu(z)`.
#[inline(always)]
fn gate<R: Real>(o: &[R], z: &[R], to: &mut [R]) {
    for ((to, o), z) in to.iter_mut().zip(o).zip(z) {
        *to = *o * *z * z.sigmoid();
    }
}

#[inline(always)]
fn gate_back<R: Real>([o, z, grad]: [&[R]; 3], by_o: &mut [R], by_z: &mut [R]) {
    let count = by_o.len().min(by_z.len());
    let (o, z, grad, by_z) = (&o[..count], &z[..count], &grad[..count], &mut by_z[..count]);
    for t in 0..count {
        let share = z[t].sigmoid();
        by_o[t] = grad[t] * z[t] * share;
        by_z[t] = grad[t] * o[t] * slope_of_silu(z[t], share);
    }
}

/// Gradients of what a softplus gave, to those of what it was given: its slope is `1 − e⁻ʸ`.
#[inline(always)]
fn through_softplus<R: Real>(grad: &mut [R], values: &[R]) {
    for (grad, y) in grad.iter_mut().zip(values) {
        *grad *= R::constant(1.0) - (-*y).exp();
    }
}

impl<R: Real> Stage<R> for SelectiveUnits {
    type Prepared = Prepared<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        self.sizes().iter().sum()
    }

    fn output(&self, input: Layout) -> Layout {
        Self::rows(self.units, input.bins)
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared<R> {
        let Self { inputs, inner, steps, .. } = *self;
        let back = mode != GradientMode::None;
        let [enter, taps, select, step, step_bias, decay, skip, leave] =
            parts(parameters, self.sizes());
        let (enter_x, enter_z) = enter.split_at(inner * inputs);
        let matrix = |values: &[R], inputs: usize| Matrix {
            packed: packed(values, inputs),
            turned: turned(values, inputs, back),
        };
        Prepared {
            enter_x: packed(enter_x, inputs),
            enter_z: packed(enter_z, inputs),
            enter_turned: turned(enter, inputs, mode.of_input()),
            taps: self.taps().prepare(taps, mode),
            select: matrix(select, inner),
            step: matrix(step, steps),
            step_bias: step_bias.to_vec(),
            decay: decay.to_vec(),
            skip: skip.to_vec(),
            leave: matrix(leave, inner),
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut State<R>,
    ) {
        state.arrange(*self, input.layout().bins);
        let State { entered, z, convolved, x, selected, step, scanned, gated, .. } = state;
        mix(&prepared.enter_x, None, &RowSet::all(input), entered);
        mix(&prepared.enter_z, None, &RowSet::all(input), z);
        self.taps().forward(&prepared.taps, entered, convolved, &mut ());
        for (x, from) in x.rows_mut().zip(convolved.rows()) {
            vectorized(
                #[inline(always)]
                || silu(from, x),
            );
        }
        mix(&prepared.select.packed, None, &RowSet::all(x), selected);
        let steps = RowSet::range(selected, 0..self.steps);
        mix(&prepared.step.packed, Some(&prepared.step_bias), &steps, step);
        for row in step.rows_mut() {
            vectorized(
                #[inline(always)]
                || row.iter_mut().for_each(|step| *step = step.softplus()),
            );
        }
        state.selected_of_bins.take(0, selected, |row| row);
        let scan = Scan { decay: &prepared.decay, skip: &prepared.skip, steps: self.steps };
        scan.forward([&*step, &*x], &state.selected_of_bins, scanned);
        for (to, (o, z)) in gated.rows_mut().zip(scanned.rows().zip(z.rows())) {
            vectorized(
                #[inline(always)]
                || gate(o, z, to),
            );
        }
        mix(&prepared.leave.packed, None, &RowSet::all(gated), output);
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let (inner, steps) = (self.inner, self.steps);
        let State { grads, .. } = state;
        grads.arrange(*self, input.layout().bins);
        mix(&prepared.leave.turned, None, &RowSet::all(grad), &mut grads.gated);
        let to = grads.scanned.rows_mut().zip(grads.entered.rows_mut().skip(inner));
        let from = state.scanned.rows().zip(state.z.rows()).zip(grads.gated.rows());
        for ((by_o, by_z), ((o, z), grad)) in to.zip(from) {
            vectorized(
                #[inline(always)]
                || gate_back([o, z, grad], by_o, by_z),
            );
        }
        let scan = Scan { decay: &prepared.decay, skip: &prepared.skip, steps };
        let (step, x, selected) = (&mut grads.step, &mut grads.x, &mut grads.selected_of_bins);
        let rows = [&state.step, &state.x, &grads.scanned];
        let sums = scan.backward(rows, &state.selected_of_bins, ScanGrads { step, x, selected });
        for (grad, step) in grads.step.rows_mut().zip(state.step.rows()) {
            vectorized(
                #[inline(always)]
                || through_softplus(grad, step),
            );
        }
        grads.selected_of_bins.give(0, &mut grads.selected, |row| row);
        mix(&prepared.step.turned, None, &RowSet::all(&grads.step), &mut grads.steps);
        copy_rows(&grads.steps, &mut grads.selected);
        mix(&prepared.select.turned, None, &RowSet::all(&grads.selected), &mut grads.beside);
        let from = state.convolved.rows().zip(grads.beside.rows());
        for (grad, (convolved, beside)) in grads.x.rows_mut().zip(from) {
            vectorized(
                #[inline(always)]
                || through_silu(grad, beside, convolved),
            );
        }
        let mut own = by_parameters.map(|all| parts_mut(all, self.sizes()));
        let through = BackwardPass {
            input: &state.entered,
            output: &state.convolved,
            grad: &mut grads.x,
            input_grad: Some(&mut grads.before),
            by_parameters: own.as_mut().map(|own| std::mem::take(&mut own[1])),
        };
        self.taps().backward(&prepared.taps, &mut (), through);
        copy_rows(&grads.before, &mut grads.entered);
        if let Some([enter, _taps, select, step, step_bias, decay, skip, leave]) = own {
            let by_step = RowSet::all(&grads.step);
            add_products(&RowSet::all(grad), &RowSet::all(&state.gated), leave);
            add_products(&by_step, &RowSet::range(&state.selected, 0..steps), step);
            add_totals(&by_step, step_bias);
            add_products(&RowSet::all(&grads.selected), &RowSet::all(&state.x), select);
            add_products(&RowSet::all(&grads.entered), &RowSet::all(input), enter);
            decay.iter_mut().zip(sums.decay).for_each(|(to, sum)| *to += sum);
            skip.iter_mut().zip(sums.skip).for_each(|(to, sum)| *to += sum);
        }
        if let Some(input_grad) = input_grad {
            mix(&prepared.enter_turned, None, &RowSet::all(&grads.entered), input_grad);
        }
    }
}

/// Rows into the first rows of another map.
fn copy_rows<R: Real>(from: &Rows<R>, to: &mut Rows<R>) {
    to.rows_mut().zip(from.rows()).for_each(|(to, row)| to.copy_from_slice(row));
}
