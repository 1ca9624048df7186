//! Where in its clip a bin lies, added to every unit: sines and cosines of many wavelengths.
//!
//! `y(2i,t) = x(2i,t) + sin(t w_i)`, `y(2i+1,t) = x(2i+1,t) + cos(t w_i)`, `w_i = exp(−2i ln(10⁴)/D)`.
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::real::{Real, vectorized};

/// Of so many units `D`, channels of one band; no parameters.
#[derive(Debug, Clone, Copy)]
pub struct Positions {
    /// `D`.
    pub units: usize,
}

/// The rows of [`Positions::row`] for the longest clip so far.
#[derive(Default)]
pub struct Table<R> {
    rows: Vec<Vec<R>>,
    bins: usize,
}

impl Positions {
    /// The angles `w_i` by which pairs of units turn from a bin to the next.
    pub fn angles(self) -> Vec<f64> {
        (0..self.units.div_ceil(2)).map(|pair| self.angle(pair)).collect()
    }

    fn angle(self, pair: usize) -> f64 {
        (-2.0 * pair as f64 * 1e4_f64.ln() / self.units as f64).exp()
    }

    /// What is added to a unit from bin `first` on.
    pub fn row(self, unit: usize, first: usize, bins: usize) -> Vec<f64> {
        let angle = self.angle(unit / 2);
        let turn = if unit.is_multiple_of(2) { f64::sin } else { f64::cos };
        (first..first + bins).map(|bin| turn(bin as f64 * angle)).collect()
    }
}

impl<R: Real> Stage<R> for Positions {
    type Prepared = ();
    type State = Table<R>;

    fn parameters(&self) -> usize {
        0
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn prepare(&self, _parameters: &[R], _mode: GradientMode) {}

    fn forward(&self, _own: &(), input: &Rows<R>, output: &mut Rows<R>, table: &mut Table<R>) {
        let bins = input.layout().bins;
        if table.bins < bins || table.rows.len() != self.units {
            let row = |unit| self.row(unit, 0, bins).into_iter().map(R::from_f64).collect();
            *table = Table { rows: (0..self.units).map(row).collect(), bins };
        }
        for ((to, from), positions) in output.rows_mut().zip(input.rows()).zip(&table.rows) {
            vectorized(
                #[inline(always)]
                || sum(to, from, positions),
            );
        }
    }

    fn backward(&self, _own: &(), _table: &mut Table<R>, pass: BackwardPass<R>) {
        if let Some(input_grad) = pass.input_grad {
            for (to, from) in input_grad.rows_mut().zip(pass.grad.rows()) {
                to.copy_from_slice(from);
            }
        }
    }
}

#[inline(always)]
fn sum<R: Real>(to: &mut [R], one: &[R], other: &[R]) {
    for ((to, one), other) in to.iter_mut().zip(one).zip(other) {
        *to = *one + *other;
    }
}
