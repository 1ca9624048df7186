//! A layer of gated units on the fused path.
use std::marker::PhantomData;

use super::gates::Gates;
use crate::models::ops::bins::Bins;
use crate::models::ops::mixing::{RowSet, add_products, add_totals, mix, pack};
use crate::models::ops::rows::{Layout, Rows};
use crate::models::ops::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::panels::{Panels, padded};
use crate::simd::real::{Real, vectorized};

/// `units` gated units of a kind behind `inputs` rows. Before the clip they are at 0.
///
/// Parameters: weights of the input `(S · units, inputs)`, of the units `(S · units, units)`, and what
/// is added to each, `(S · units)` twice; `S` sums of each unit.
pub struct GatedUnits<G> {
    /// Rows of the input.
    pub inputs: usize,
    /// Units.
    pub units: usize,
    kind: PhantomData<G>,
}

/// The parameters in the order of the loops.
pub struct Prepared<R> {
    /// Of the input, packed for [`mix`], and turned for the way back.
    of_input: Vec<R>,
    turned: Vec<R>,
    offsets_of_input: Vec<R>,
    /// Of the units, and turned for the way back.
    of_units: Panels<R>,
    back: Panels<R>,
    offsets_of_units: Vec<R>,
}

/// What the way forward leaves, blocks of units padded to whole vectors.
#[derive(Default)]
pub struct State<R> {
    /// Sums from the input as rows.
    sums: Rows<R>,
    /// The same, bin after bin.
    sums_of_bins: Bins<R>,
    /// What each bin carries on; zeros before the first one.
    carried: Bins<R>,
    kept: Bins<R>,
    /// What units gave, with a zero before, and the gradients of sums.
    given: Rows<R>,
    grads: Rows<R>,
    grads_of_bins: Bins<R>,
    /// The gradient of the output, bin after bin.
    by_output: Bins<R>,
}

impl<G: Gates> GatedUnits<G> {
    /// So many units behind so many rows.
    pub fn new(inputs: usize, units: usize) -> Self {
        Self { inputs, units, kind: PhantomData }
    }

    /// Number of weighted sums from the input, or from the units.
    fn sums(&self) -> usize {
        G::SUMS * self.units
    }

    /// Where a sum lies among blocks padded to whole vectors.
    fn place<R: Real>(&self, sum: usize) -> usize {
        sum / self.units * padded::<R>(self.units) + sum % self.units
    }

    /// The sum that lies at a place; none in the padding.
    fn sum_at<R: Real>(&self, place: usize) -> Option<usize> {
        let (block, unit) = (place / padded::<R>(self.units), place % padded::<R>(self.units));
        (unit < self.units).then_some(block * self.units + unit)
    }

    /// Rows of some blocks of gradients.
    fn rows_of(&self, blocks: &[usize]) -> Vec<usize> {
        blocks.iter().flat_map(|b| b * self.units..(b + 1) * self.units).collect()
    }

    /// From the sums of all bins to what units carry, bin after bin.
    fn forward_bins<R: Real>(&self, prepared: &Prepared<R>, state: &mut State<R>, bins: usize) {
        let (units, width) = (self.units, padded::<R>(self.units));
        state.carried.arrange(bins + 1, G::CARRIED * width);
        state.kept.arrange(bins, G::KEPT * width);
        state.carried.at_mut(0).fill(R::constant(0.0));
        let mut sums = vec![R::constant(0.0); G::SUMS * width];
        for t in 0..bins {
            let (before, after) = state.carried.at_and_next(t);
            sums.copy_from_slice(&prepared.offsets_of_units);
            prepared.of_units.add_product(&before[..units], &mut sums);
            let (input, kept) = (state.sums_of_bins.at(t), state.kept.at_mut(t));
            vectorized(
                #[inline(always)]
                || G::step([input, &sums], before, after, kept),
            );
        }
    }

    /// From the gradients of what units gave to those of their sums, bin after bin.
    fn backward_bins<R: Real>(&self, prepared: &Prepared<R>, state: &mut State<R>, bins: usize) {
        let width = padded::<R>(self.units);
        let mut carried = vec![R::constant(0.0); G::CARRIED * width];
        let mut of_units = vec![R::constant(0.0); G::OF_UNITS.len() * width];
        state.grads_of_bins.arrange(bins, G::GRADS * width);
        for t in (0..bins).rev() {
            let by_output = state.by_output.at(t);
            carried.iter_mut().zip(by_output).for_each(|(sum, own)| *sum += *own);
            let (kept, before) = (state.kept.at(t), state.carried.at(t));
            let grads = state.grads_of_bins.at_mut(t);
            vectorized(
                #[inline(always)]
                || G::back(kept, before, &mut carried, grads),
            );
            for (to, block) in of_units.chunks_exact_mut(width).zip(G::OF_UNITS) {
                to.copy_from_slice(&grads[block * width..(block + 1) * width]);
            }
            prepared.back.add_product(&of_units, &mut carried[..width]);
        }
    }
}

impl<R: Real, G: Gates + 'static> Stage<R> for GatedUnits<G> {
    type Prepared = Prepared<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        self.sums() * (self.inputs + self.units + 2)
    }

    fn output(&self, input: Layout) -> Layout {
        Layout::of_units(self.units, input.bins, 0)
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared<R> {
        let (sums, units, inputs) = (self.sums(), self.units, self.inputs);
        let (of_input, rest) = parameters.split_at(sums * inputs);
        let (of_units, offsets) = rest.split_at(sums * units);
        let (width, zero) = (padded::<R>(units), R::constant(0.0));
        let weight = |sum: Option<usize>, unit: usize| match sum {
            Some(sum) if unit < units => of_units[sum * units + unit],
            _ => zero,
        };
        let at = |place: usize| self.sum_at::<R>(place);
        let turned = |unit: usize, place: usize| weight(at(place), unit);
        let back = match mode {
            GradientMode::None => Panels::default(),
            _ => Panels::new(width, G::SUMS * width, turned),
        };
        let offset = |place: usize| at(place).map_or(zero, |sum| offsets[sums + sum]);
        Prepared {
            of_input: pack(sums, inputs, |sum, i| of_input[sum * inputs + i]),
            turned: if mode.of_input() {
                pack(inputs, sums, |i, sum| of_input[sum * inputs + i])
            } else {
                Vec::new()
            },
            offsets_of_input: offsets[..sums].to_vec(),
            of_units: Panels::new(G::SUMS * width, units, |place, unit| weight(at(place), unit)),
            back,
            offsets_of_units: (0..G::SUMS * width).map(offset).collect(),
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut State<R>,
    ) {
        let (bins, width) = (input.layout().bins, padded::<R>(self.units));
        state.sums.arrange(Layout::of_units(self.sums(), bins, 0));
        let offsets = Some(&prepared.offsets_of_input[..]);
        mix(&prepared.of_input, offsets, &RowSet::all(input), &mut state.sums);
        state.sums_of_bins.arrange(bins, G::SUMS * width);
        state.sums_of_bins.take(0, &state.sums, |sum| self.place::<R>(sum));
        self.forward_bins(prepared, state, bins);
        state.carried.give(1, output, |unit| unit);
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, input_grad, by_parameters } = pass;
        let (bins, width) = (input.layout().bins, padded::<R>(self.units));
        state.by_output.arrange(bins, width);
        state.by_output.take(0, grad, |unit| unit);
        self.backward_bins(prepared, state, bins);
        state.grads.arrange(Layout::of_units(G::GRADS * self.units, bins, 0));
        state.grads_of_bins.give(0, &mut state.grads, |row| self.place::<R>(row));
        let blocks = |blocks| RowSet::listed(&state.grads, self.rows_of(blocks));
        let (of_input, of_units) = (blocks(G::OF_INPUT), blocks(G::OF_UNITS));
        if let Some(by_parameters) = by_parameters {
            let sums = self.sums();
            let (by_input, rest) = by_parameters.split_at_mut(sums * self.inputs);
            let (by_units, by_offsets) = rest.split_at_mut(sums * self.units);
            add_products(&of_input, &RowSet::all(input), by_input);
            state.given.arrange(Layout::of_units(self.units, bins, 1));
            state.given.rows_mut().zip(output.rows()).for_each(|(to, row)| to.copy_from_slice(row));
            add_products(&of_units, &RowSet::all(&state.given).a_bin_before(), by_units);
            add_totals(&of_input, &mut by_offsets[..sums]);
            add_totals(&of_units, &mut by_offsets[sums..]);
        }
        if let Some(input_grad) = input_grad {
            mix(&prepared.turned, None, &of_input, input_grad);
        }
    }
}
