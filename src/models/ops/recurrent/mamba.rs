//! A selective state space block on the fused path: rows of bins, but for the scan, which goes
//! through the bins of one channel after the other, all of its states beside each other.
use super::scan::{STATES, Scan, ScanGrads};
use crate::models::ops::bins::Bins;
use crate::models::ops::mixing::{RowSet, add_products, add_totals, mix, pack};
use crate::models::ops::rows::{Layout, Rows};
use crate::models::ops::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::real::{Real, vectorized};
use crate::simd::sums::dot;

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
    enter: Matrix<R>,
    taps: Vec<R>,
    taps_bias: Vec<R>,
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
    /// `x` before the convolution, then `z`.
    entered: Rows<R>,
    /// Behind the convolution, and behind its nonlinearity.
    convolved: Rows<R>,
    x: Rows<R>,
    /// `δ`, `B`, `C`.
    selected: Rows<R>,
    /// `B` and `C`, bin after bin.
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
    selected: Rows<R>,
    selected_of_bins: Bins<R>,
    x: Rows<R>,
    /// What comes to `x` through the selection.
    beside: Rows<R>,
    entered: Rows<R>,
}

fn layout(channels: usize, bins: usize, left: usize, right: usize) -> Layout {
    Layout { bands: 1, channels, bins, left, right }
}

/// The matrix `(O, P)` in both orders.
fn matrix<R: Real>(values: &[R], (outputs, inputs): (usize, usize), turned: bool) -> Matrix<R> {
    Matrix {
        packed: pack(outputs, inputs, |o, i| values[o * inputs + i]),
        turned: if turned {
            pack(inputs, outputs, |i, o| values[o * inputs + i])
        } else {
            Vec::new()
        },
    }
}

fn chosen<'a, R: Real>(rows: &'a Rows<R>, places: &'a [usize]) -> RowSet<'a, R> {
    RowSet { rows, places, delay: 0 }
}

impl SelectiveUnits {
    /// How many parameters each part has, in their order.
    fn sizes(&self) -> [usize; 9] {
        let Self { inputs, units, inner, steps } = *self;
        let select = (steps + 2 * STATES) * inner;
        [
            2 * inner * inputs,
            TAPS * inner,
            inner,
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

    fn places(&self) -> Vec<usize> {
        let most = (2 * self.inner).max(self.inputs).max(self.units).max(self.selected());
        (0..most).collect()
    }

    /// The way back through the convolution; adds the gradients of its parameters.
    fn convolve_back<R: Real>(
        &self,
        own: &Prepared<R>,
        state: &mut State<R>,
        by_parameters: Option<(&mut [R], &mut [R])>,
    ) {
        let State { entered, convolved, grads, .. } = state;
        let Grads { x, beside, entered: by_entered, .. } = grads;
        let from = convolved.rows().zip(beside.rows());
        for (grad, (convolved, beside)) in x.rows_mut().zip(from) {
            vectorized(
                #[inline(always)]
                || through_silu(grad, beside, convolved),
            );
        }
        if let Some((by_taps, by_bias)) = by_parameters {
            let sums = x.rows().map(|grad| R::from_f64(crate::simd::sums::total(grad)));
            by_bias.iter_mut().zip(sums).for_each(|(by_bias, sum)| *by_bias += sum);
            let (left, stride) = (entered.layout().left, entered.stride());
            for (place, by_tap) in by_taps.iter_mut().enumerate() {
                let (channel, tap) = (place / TAPS, place % TAPS);
                let (grad, start) = (x.row(channel), channel * stride + left + 1 + tap - TAPS);
                *by_tap += R::from_f64(dot(grad, &entered.values()[start..start + grad.len()]));
            }
        }
        let (left, stride) = (x.layout().left, x.stride());
        for (channel, to) in by_entered.rows_mut().take(self.inner).enumerate() {
            let start = channel * stride + left;
            let grad = &x.values()[start..start + to.len() + TAPS - 1];
            let taps = &own.taps[channel * TAPS..(channel + 1) * TAPS];
            vectorized(
                #[inline(always)]
                || convolve_back(grad, taps, to),
            );
        }
    }

    /// `o silu(z)`.
    fn gate<R: Real>(&self, state: &mut State<R>) {
        let State { entered, scanned, gated, .. } = state;
        let pairs = scanned.rows().zip(entered.rows().skip(self.inner));
        for (to, (o, z)) in gated.rows_mut().zip(pairs) {
            vectorized(
                #[inline(always)]
                || gate(o, z, to),
            );
        }
    }

    fn gate_back<R: Real>(&self, state: &mut State<R>) {
        let State { entered, scanned, grads, .. } = state;
        let Grads { gated, scanned: by_scanned, entered: by_entered, .. } = grads;
        let values = scanned.rows().zip(entered.rows().skip(self.inner)).zip(gated.rows());
        let to = by_scanned.rows_mut().zip(by_entered.rows_mut().skip(self.inner));
        for ((by_o, by_z), ((o, z), grad)) in to.zip(values) {
            vectorized(
                #[inline(always)]
                || gate_back([o, z, grad], by_o, by_z),
            );
        }
    }
}

/// The causal convolution of every channel, and the nonlinearity behind it.
fn convolve_all<R: Real>(own: &Prepared<R>, state: &mut State<R>) {
    let State { entered, convolved, x, .. } = state;
    let (left, stride) = (entered.layout().left, entered.stride());
    let rows = convolved.rows_mut().zip(x.rows_mut()).enumerate();
    for (channel, (to, x)) in rows {
        let start = channel * stride + left + 1 - TAPS;
        let from = &entered.values()[start..start + to.len() + TAPS - 1];
        let taps = &own.taps[channel * TAPS..(channel + 1) * TAPS];
        let bias = own.taps_bias[channel];
        vectorized(
            #[inline(always)]
            || convolve(from, taps, bias, to, x),
        );
    }
}

#[inline(always)]
fn convolve<R: Real>(from: &[R], taps: &[R], bias: R, to: &mut [R], x: &mut [R]) {
    let (count, from) = (to.len().min(x.len()), from);
    let shifted: [&[R]; TAPS] = std::array::from_fn(|tap| &from[tap..tap + count]);
    let taps: [R; TAPS] = std::array::from_fn(|tap| taps[tap]);
    for t in 0..count {
        let mut sum = bias;
        for tap in 0..TAPS {
            sum += taps[tap] * shifted[tap][t];
        }
        to[t] = sum;
        x[t] = sum * sum.sigmoid();
    }
}

#[inline(always)]
fn convolve_back<R: Real>(grad: &[R], taps: &[R], to: &mut [R]) {
    let count = to.len();
    let shifted: [&[R]; TAPS] = std::array::from_fn(|ahead| &grad[ahead..ahead + count]);
    let taps: [R; TAPS] = std::array::from_fn(|ahead| taps[TAPS - 1 - ahead]);
    for (t, to) in to.iter_mut().enumerate() {
        *to = R::constant(0.0);
        for ahead in 0..TAPS {
            *to += taps[ahead] * shifted[ahead][t];
        }
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

impl<R: Real> Stage<R> for SelectiveUnits {
    type Prepared = Prepared<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        self.sizes().iter().sum()
    }

    fn output(&self, input: Layout) -> Layout {
        layout(self.units, input.bins, 0, 0)
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared<R> {
        let Self { inputs, units, inner, steps } = *self;
        let back = mode != GradientMode::None;
        let mut rest = parameters;
        let parts = self.sizes().map(|size| {
            let (own, others) = rest.split_at(size);
            rest = others;
            own
        });
        let [enter, taps, taps_bias, select, step, step_bias, decay, skip, leave] = parts;
        Prepared {
            enter: matrix(enter, (2 * inner, inputs), mode.of_input()),
            taps: taps.to_vec(),
            taps_bias: taps_bias.to_vec(),
            select: matrix(select, (self.selected(), inner), back),
            step: matrix(step, (inner, steps), back),
            step_bias: step_bias.to_vec(),
            decay: decay.to_vec(),
            skip: skip.to_vec(),
            leave: matrix(leave, (units, inner), back),
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut State<R>,
    ) {
        let (bins, places) = (input.layout().bins, self.places());
        let Self { inputs, inner, steps, units } = *self;
        let zeros = vec![R::constant(0.0); 2 * inner + self.selected() + units];
        state.entered.arrange(layout(2 * inner, bins, TAPS - 1, 0));
        for rows in [&mut state.convolved, &mut state.x, &mut state.step] {
            rows.arrange(layout(inner, bins, 0, 0));
        }
        for rows in [&mut state.scanned, &mut state.gated] {
            rows.arrange(layout(inner, bins, 0, 0));
        }
        state.selected.arrange(layout(self.selected(), bins, 0, 0));
        let source = chosen(input, &places[..inputs]);
        mix(&prepared.enter.packed, &zeros[..2 * inner], source, &mut state.entered);
        convolve_all(prepared, state);
        let source = chosen(&state.x, &places[..inner]);
        mix(&prepared.select.packed, &zeros[..self.selected()], source, &mut state.selected);
        let source = chosen(&state.selected, &places[..steps]);
        mix(&prepared.step.packed, &prepared.step_bias, source, &mut state.step);
        for row in state.step.rows_mut() {
            vectorized(
                #[inline(always)]
                || row.iter_mut().for_each(|step| *step = step.softplus()),
            );
        }
        state.selected_of_bins.arrange(bins, steps + 2 * STATES);
        state.selected_of_bins.take(0, &state.selected, |row| row);
        let scan = Scan { decay: &prepared.decay, skip: &prepared.skip, steps };
        scan.forward([&state.step, &state.x], &state.selected_of_bins, &mut state.scanned);
        self.gate(state);
        let source = chosen(&state.gated, &places[..inner]);
        mix(&prepared.leave.packed, &zeros[..units], source, output);
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let (bins, places) = (input.layout().bins, self.places());
        let Self { inputs, inner, steps, .. } = *self;
        let zeros = vec![R::constant(0.0); 2 * inner + inputs];
        state.grads.arrange(*self, bins);
        let of_output = chosen(grad, &places[..self.units]);
        mix(&prepared.leave.turned, &zeros[..inner], of_output, &mut state.grads.gated);
        self.gate_back(state);
        let scan = Scan { decay: &prepared.decay, skip: &prepared.skip, steps };
        let Grads { scanned, step, x, selected_of_bins, .. } = &mut state.grads;
        let sums = scan.backward(
            [&state.step, &state.x, scanned],
            &state.selected_of_bins,
            ScanGrads { step, x, selected: selected_of_bins },
        );
        let grads = &mut state.grads;
        for (grad, step) in grads.step.rows_mut().zip(state.step.rows()) {
            vectorized(
                #[inline(always)]
                || through_softplus(grad, step),
            );
        }
        grads.selected_of_bins.give(0, &mut grads.selected, |row| row);
        let source = chosen(&grads.step, &places[..inner]);
        let mut by_steps = Rows::default();
        by_steps.arrange(layout(steps, bins, 0, 0));
        mix(&prepared.step.turned, &zeros[..steps], source, &mut by_steps);
        let pairs = grads.selected.rows_mut().zip(by_steps.rows());
        pairs.for_each(|(to, row)| to.copy_from_slice(row));
        let source = chosen(&grads.selected, &places[..self.selected()]);
        mix(&prepared.select.turned, &zeros[..inner], source, &mut grads.beside);
        let parts = by_parameters.map(|all| {
            let mut rest = all;
            self.sizes().map(|size| {
                let (own, others) = std::mem::take(&mut rest).split_at_mut(size);
                rest = others;
                own
            })
        });
        let Some([enter, taps, taps_bias, select, step, step_bias, decay, skip, leave]) = parts
        else {
            self.convolve_back(prepared, state, None);
            return self.give_back(prepared, state, input_grad);
        };
        self.convolve_back(prepared, state, Some((taps, taps_bias)));
        let grads = &state.grads;
        let all = |rows| chosen(rows, &places[..inner]);
        add_products(of_output, all(&state.gated), leave);
        add_products(all(&grads.step), chosen(&state.selected, &places[..steps]), step);
        add_totals(all(&grads.step), step_bias);
        add_products(chosen(&grads.selected, &places[..self.selected()]), all(&state.x), select);
        let entered = chosen(&grads.entered, &places[..2 * inner]);
        add_products(entered, chosen(input, &places[..inputs]), enter);
        decay.iter_mut().zip(sums.decay).for_each(|(to, sum)| *to += sum);
        skip.iter_mut().zip(sums.skip).for_each(|(to, sum)| *to += sum);
        self.give_back(prepared, state, input_grad);
    }
}

impl SelectiveUnits {
    fn give_back<R: Real>(
        &self,
        prepared: &Prepared<R>,
        state: &State<R>,
        input_grad: Option<&mut Rows<R>>,
    ) {
        if let Some(input_grad) = input_grad {
            let (places, zeros) = (self.places(), vec![R::constant(0.0); self.inputs]);
            let source = chosen(&state.grads.entered, &places[..2 * self.inner]);
            mix(&prepared.enter.turned, &zeros, source, input_grad);
        }
    }
}

impl<R: Real> Grads<R> {
    fn arrange(&mut self, sizes: SelectiveUnits, bins: usize) {
        for rows in [&mut self.gated, &mut self.scanned, &mut self.step, &mut self.beside] {
            rows.arrange(layout(sizes.inner, bins, 0, 0));
        }
        self.x.arrange(layout(sizes.inner, bins, 0, TAPS - 1));
        self.entered.arrange(layout(2 * sizes.inner, bins, 0, 0));
        self.selected.arrange(layout(sizes.selected(), bins, 0, 0));
        self.selected_of_bins.arrange(bins, sizes.selected());
    }
}

/// Gradients of what a softplus gave, to those of what it was given: its slope is `1 − e⁻ʸ`.
#[inline(always)]
fn through_softplus<R: Real>(grad: &mut [R], values: &[R]) {
    for (grad, y) in grad.iter_mut().zip(values) {
        *grad *= R::constant(1.0) - (-*y).exp();
    }
}
