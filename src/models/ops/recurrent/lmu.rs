//! Legendre memory units on the fused path.
use std::sync::Arc;

use crate::models::ops::bins::Bins;
use crate::models::ops::mixing::{RowSet, add_products, mix, pack};
use crate::models::ops::rows::{Layout, Rows};
use crate::models::ops::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::panels::{Panels, padded};
use crate::simd::real::{Real, vectorized};
use crate::simd::sums::dot;

/// `u = e_x·s + e_h·h + e_m·m`, `m' = A m + B u`, `h' = tanh(W_x s + W_h h + W_m m')`; before the
/// clip `h` and `m` are 0.
///
/// Parameters: `W_x (H, inputs)`, `e_x (inputs)`, `W_h (H, H)`, `e_h (H)`, `W_m (H, M)`, `e_m (M)`.
///
/// Source: Voelker, Kajić & Eliasmith (2019), `NeurIPS` 32.
pub struct LegendreUnits {
    /// Rows of the input.
    pub inputs: usize,
    /// `H` units.
    pub units: usize,
    /// `A (M, M)`, which is not trained.
    pub transition: Arc<Vec<f64>>,
    /// `B (M)`, which is not trained.
    pub entry: Arc<Vec<f64>>,
}

/// The parameters in the order of the loops; vectors are units, then memory, each padded.
pub struct Prepared<R> {
    /// `W_x` and `e_x`, packed, and turned for the way back.
    of_input: Vec<R>,
    turned: Vec<R>,
    /// `e_h` and `e_m`.
    written: Vec<R>,
    /// `A` and `B`.
    transition: Panels<R>,
    entry: Vec<R>,
    /// `W_h` and `W_m`.
    of_state: Panels<R>,
    /// The last two, turned.
    transition_back: Panels<R>,
    of_state_back: Panels<R>,
}

/// What the way forward leaves.
#[derive(Default)]
pub struct State<R> {
    /// `W_x s`, then `e_x·s`.
    sums: Rows<R>,
    sums_of_bins: Bins<R>,
    /// Units and memory behind each bin; zeros before the first one.
    carried: Bins<R>,
    /// The same as rows, with a zero before.
    given: Rows<R>,
    /// The gradients of the sums.
    grads: Rows<R>,
    grads_of_bins: Bins<R>,
    by_output: Bins<R>,
}

/// Where units and memory lie in vectors.
#[derive(Clone, Copy)]
struct Widths {
    units: usize,
    memory: usize,
}

impl Widths {
    fn whole(self) -> usize {
        self.units + self.memory
    }
}

impl LegendreUnits {
    fn memory(&self) -> usize {
        self.entry.len()
    }

    fn widths<R: Real>(&self) -> Widths {
        Widths { units: padded::<R>(self.units), memory: padded::<R>(self.memory()) }
    }

    /// The place in a vector, where it is that of a unit or of a memory.
    fn at<R: Real>(&self, place: usize) -> Option<usize> {
        let Widths { units, .. } = self.widths::<R>();
        match place.checked_sub(units) {
            None => (place < self.units).then_some(place),
            Some(memory) => (memory < self.memory()).then_some(self.units + memory),
        }
    }

    /// Where units, then memories, lie in a vector.
    fn place<R: Real>(&self, row: usize) -> usize {
        row.checked_sub(self.units).map_or(row, |memory| self.widths::<R>().units + memory)
    }

    /// Where the rows of the sums lie among the values of a bin: units, then what is written.
    fn place_of_sum<R: Real>(&self, row: usize) -> usize {
        if row < self.units { row } else { self.widths::<R>().units }
    }

    fn forward_bins<R: Real>(&self, own: &Prepared<R>, state: &mut State<R>, bins: usize) {
        let widths = self.widths::<R>();
        state.carried.arrange(bins + 1, widths.whole());
        state.carried.at_mut(0).fill(R::constant(0.0));
        let mut seen = vec![R::constant(0.0); widths.whole()];
        for t in 0..bins {
            let (before, after) = state.carried.at_and_next(t);
            let sums = state.sums_of_bins.at(t);
            let written = sums[widths.units] + R::from_f64(dot(&own.written, before));
            let (units, memory) = after.split_at_mut(widths.units);
            memory.iter_mut().zip(&own.entry).for_each(|(to, entry)| *to = *entry * written);
            own.transition.add_product(&before[widths.units..], memory);
            seen[..widths.units].copy_from_slice(&before[..widths.units]);
            seen[widths.units..].copy_from_slice(memory);
            units.copy_from_slice(&sums[..widths.units]);
            own.of_state.add_product(&seen, units);
            vectorized(
                #[inline(always)]
                || units.iter_mut().for_each(|unit| *unit = unit.tanh()),
            );
        }
    }

    fn backward_bins<R: Real>(&self, own: &Prepared<R>, state: &mut State<R>, bins: usize) {
        let (widths, one) = (self.widths::<R>(), R::constant(1.0));
        state.grads_of_bins.arrange(bins, widths.units + padded::<R>(1));
        let mut carried = vec![R::constant(0.0); widths.whole()];
        for t in (0..bins).rev() {
            let grads = state.grads_of_bins.at_mut(t);
            let (by_sums, by_written) = grads.split_at_mut(widths.units);
            let given = &state.carried.at(t + 1)[..widths.units];
            let by_output = state.by_output.at(t);
            for (i, by_sum) in by_sums.iter_mut().enumerate() {
                *by_sum = (carried[i] + by_output[i]) * (one - given[i] * given[i]);
            }
            carried[..widths.units].fill(R::constant(0.0));
            own.of_state_back.add_product(by_sums, &mut carried);
            let by_memory = carried[widths.units..].to_vec();
            by_written[0] = R::from_f64(dot(&own.entry, &by_memory));
            let pairs = carried[..widths.units].iter_mut().zip(&own.written);
            pairs.for_each(|(to, weight)| *to += *weight * by_written[0]);
            let pairs = carried[widths.units..].iter_mut().zip(&own.written[widths.units..]);
            pairs.for_each(|(to, weight)| *to = *weight * by_written[0]);
            own.transition_back.add_product(&by_memory, &mut carried[widths.units..]);
        }
    }

    /// Adds the gradients of the parameters, in their order.
    fn add_gradients<R: Real>(&self, state: &mut State<R>, input: &Rows<R>, out: &mut [R]) {
        let (units, memory, bins) = (self.units, self.memory(), input.layout().bins);
        state.given.arrange(Layout::of_units(units + memory, bins, 1));
        state.carried.give(1, &mut state.given, |row| self.place::<R>(row));
        let (all, own) = (RowSet::all(&state.grads), RowSet::range(&state.grads, 0..units));
        let written = RowSet::range(&state.grads, units..units + 1);
        let given = |range| RowSet::range(&state.given, range);
        let (by_input, rest) = out.split_at_mut((units + 1) * self.inputs);
        let (by_units, rest) = rest.split_at_mut((units + 1) * units);
        let (by_memory, by_written) = rest.split_at_mut(units * memory);
        add_products(&all, &RowSet::all(input), by_input);
        add_products(&all, &given(0..units).a_bin_before(), by_units);
        add_products(&own, &given(units..units + memory), by_memory);
        add_products(&written, &given(units..units + memory).a_bin_before(), by_written);
    }
}

impl<R: Real> Stage<R> for LegendreUnits {
    type Prepared = Prepared<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        (self.units + 1) * (self.inputs + self.units + self.memory())
    }

    fn output(&self, input: Layout) -> Layout {
        Layout::of_units(self.units, input.bins, 0)
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared<R> {
        let (units, memory, inputs) = (self.units, self.memory(), self.inputs);
        let (of_input, rest) = parameters.split_at((units + 1) * inputs);
        let (of_units, rest) = rest.split_at((units + 1) * units);
        let (of_memory, e_m) = rest.split_at(units * memory);
        let (widths, zero) = (self.widths::<R>(), R::constant(0.0));
        // Of the sum of a unit, or of what is written, and a place of the state.
        let weight = |sum: usize, place: usize| match self.at::<R>(place) {
            Some(at) if at < units => of_units[sum * units + at],
            Some(at) if sum < units => of_memory[sum * memory + at - units],
            Some(at) => e_m[at - units],
            None => zero,
        };
        let of_unit =
            |unit: usize, place: usize| if unit < units { weight(unit, place) } else { zero };
        let transition = |to: usize, from: usize| {
            if to < memory && from < memory {
                R::from_f64(self.transition[to * memory + from])
            } else {
                zero
            }
        };
        let entry = |m: usize| self.entry.get(m).map_or(zero, |entry| R::from_f64(*entry));
        let back = mode != GradientMode::None;
        let panels = |rows, columns, at: &dyn Fn(usize, usize) -> R| {
            if back { Panels::new(rows, columns, at) } else { Panels::default() }
        };
        Prepared {
            of_input: pack(units + 1, inputs, |sum, i| of_input[sum * inputs + i]),
            turned: if mode.of_input() {
                pack(inputs, units + 1, |i, sum| of_input[sum * inputs + i])
            } else {
                Vec::new()
            },
            written: (0..widths.whole()).map(|place| weight(units, place)).collect(),
            transition: Panels::new(widths.memory, widths.memory, transition),
            entry: (0..widths.memory).map(entry).collect(),
            of_state: Panels::new(widths.units, widths.whole(), of_unit),
            transition_back: panels(widths.memory, widths.memory, &|to, from| transition(from, to)),
            of_state_back: panels(widths.whole(), widths.units, &|place, unit| {
                of_unit(unit, place)
            }),
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut State<R>,
    ) {
        let (bins, widths) = (input.layout().bins, self.widths::<R>());
        state.sums.arrange(Layout::of_units(self.units + 1, bins, 0));
        mix(&prepared.of_input, None, &RowSet::all(input), &mut state.sums);
        state.sums_of_bins.arrange(bins, widths.units + padded::<R>(1));
        state.sums_of_bins.take(0, &state.sums, |row| self.place_of_sum::<R>(row));
        self.forward_bins(prepared, state, bins);
        state.carried.give(1, output, |unit| unit);
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, grad, input_grad, by_parameters, .. } = pass;
        let bins = input.layout().bins;
        state.by_output.arrange(bins, self.widths::<R>().units);
        state.by_output.take(0, grad, |unit| unit);
        self.backward_bins(prepared, state, bins);
        state.grads.arrange(Layout::of_units(self.units + 1, bins, 0));
        state.grads_of_bins.give(0, &mut state.grads, |row| self.place_of_sum::<R>(row));
        if let Some(by_parameters) = by_parameters {
            self.add_gradients(state, input, by_parameters);
        }
        if let Some(input_grad) = input_grad {
            mix(&prepared.turned, None, &RowSet::all(&state.grads), input_grad);
        }
    }
}
