//! A hidden layer at every bin, with what passes by it, over rows:
//! `y = norm( s + drop( W2 drop( relu( W1 s + b1 ) ) + b2 ) )`.
use super::draws::{Dropout, Mask};
use super::residual::{Between, Passed};
use super::rows::Rows;
use crate::simd::real::{Real, pick, vectorized};

/// Between the two maps of a layer.
#[derive(Debug, Clone, Copy)]
pub struct FeedForward {
    /// `D` units.
    pub units: usize,
    /// `I` units in between.
    pub inner: usize,
    /// What is dropped in training.
    pub dropout: Option<Dropout>,
}

impl Between for FeedForward {
    type Kept<R: Real> = ();

    fn units(self) -> usize {
        self.units
    }

    fn takes(self) -> usize {
        self.inner
    }

    fn gives(self) -> usize {
        self.inner
    }

    fn dropout(self) -> Option<Dropout> {
        self.dropout
    }

    /// Units in between as they act: 0 where they are silent or dropped.
    fn forward<R: Real>(
        self,
        mask: Option<Mask>,
        taken: &Rows<R>,
        given: &mut Rows<R>,
        _kept: &mut (),
    ) {
        for (unit, (to, from)) in given.rows_mut().zip(taken.rows()).enumerate() {
            vectorized(
                #[inline(always)]
                || rectify(from, to),
            );
            if let Some(mask) = mask {
                mask.apply(unit, 0, to);
            }
        }
    }

    fn backward<R: Real>(self, passed: Passed<R, ()>, by_taken: &mut Rows<R>) {
        let Passed { mask, given, by_given, .. } = passed;
        let factor = R::from_f64(mask.and(self.dropout).map_or(1.0, Dropout::factor));
        let rows = by_given.rows().zip(given.rows());
        for (to, (grad, values)) in by_taken.rows_mut().zip(rows) {
            vectorized(
                #[inline(always)]
                || through_rectified([grad, values], factor, to),
            );
        }
    }
}

#[inline(always)]
fn rectify<R: Real>(from: &[R], to: &mut [R]) {
    for (to, value) in to.iter_mut().zip(from) {
        *to = value.at_least(R::constant(0.0));
    }
}

/// Units that are silent or dropped pass nothing back, the others what dropout made of them.
#[inline(always)]
fn through_rectified<R: Real>([grad, values]: [&[R]; 2], factor: R, to: &mut [R]) {
    let zero = R::constant(0.0);
    for ((to, grad), value) in to.iter_mut().zip(grad).zip(values) {
        *to = *grad * pick(*value > zero, factor, zero);
    }
}
