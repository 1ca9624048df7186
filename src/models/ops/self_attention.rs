//! Attention of each bin to those before it, with what passes by it, over rows:
//! `y = norm( s + drop( O attention(s) ) )`.
use super::attention::{self, AttentionDims};
use super::draws::{Dropout, Mask};
use super::residual::{Between, Passed};
use super::rows::Rows;
use crate::simd::real::Real;

/// Between the two maps of a layer: queries, keys and values come in, what every bin saw goes out.
#[derive(Debug, Clone, Copy)]
pub struct SelfAttention {
    /// Sizes.
    pub dims: AttentionDims,
    /// What is dropped in training.
    pub dropout: Option<Dropout>,
}

impl Between for SelfAttention {
    /// What weights were divided by.
    type Kept<R: Real> = Rows<R>;

    fn units(self) -> usize {
        self.dims.units
    }

    fn takes(self) -> usize {
        3 * self.dims.units
    }

    fn gives(self) -> usize {
        self.dims.units
    }

    fn dropout(self) -> Option<Dropout> {
        self.dropout
    }

    fn forward<R: Real>(
        self,
        mask: Option<Mask>,
        taken: &Rows<R>,
        given: &mut Rows<R>,
        log_sums: &mut Rows<R>,
    ) {
        self.dims.forward(taken, mask, given, log_sums);
    }

    fn backward<R: Real>(self, passed: Passed<R, Rows<R>>, by_taken: &mut Rows<R>) {
        let Passed { mask, taken: all, given: context, kept: log_sums, by_given } = passed;
        let passed = attention::Passed { all, context, log_sums, mask };
        self.dims.backward(passed, by_given, by_taken);
    }
}
