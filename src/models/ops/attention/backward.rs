//! The way back: the weights of each block are worked out anew, and the gradients of its keys and
//! values summed in rows of time, so that every product runs along whole vectors.
use std::ops::Range;

use super::blocks::{AttentionDims, BLOCK, Block, QueryRange, Third, gather, scatter};
use crate::models::ops::draws::{Mask, first_place};
use crate::models::ops::rows::Rows;
use crate::simd::parallel::map;
use crate::simd::product::Product;
use crate::simd::real::{Real, vectorized};

/// What the way forward left.
#[derive(Clone, Copy)]
pub struct Passed<'a, R> {
    /// Queries, keys and values.
    pub all: &'a Rows<R>,
    /// What every bin saw.
    pub context: &'a Rows<R>,
    /// What its weights were divided by.
    pub log_sums: &'a Rows<R>,
    /// What was dropped.
    pub mask: Option<Mask>,
}

/// The gradients of some blocks: of queries `(d, Q)` block by block, and of keys and values
/// `(bins, d)` from the first key on.
struct Gradients<R> {
    queries: Vec<R>,
    keys: Vec<R>,
    values: Vec<R>,
    first: usize,
}

/// Room for a block, and what its queries bring along.
struct Space<R> {
    dims: AttentionDims,
    /// Queries `(d, Q)`, divided by √d.
    query: Vec<R>,
    /// The gradient of what they saw `(d, Q)`.
    grad: Vec<R>,
    /// Both turned: `(Q, d)`, in whole vectors.
    query_turned: Vec<R>,
    grad_turned: Vec<R>,
    /// Weights `(keys, Q)`.
    weights: Vec<R>,
    /// Gradients of weights, then of scores `(keys, Q)`.
    by_scores: Vec<R>,
    of_queries: OfQueries<R>,
}

/// Of each query of a block.
struct OfQueries<R> {
    /// What its weights were divided by.
    log_sums: Vec<R>,
    /// What the gradients of its weights have in common.
    common: Vec<R>,
}

impl AttentionDims {
    /// Fills `by_all` with the gradient of queries, keys and values, out of that of what was seen.
    pub fn backward<R: Real>(self, passed: Passed<R>, grad: &Rows<R>, by_all: &mut Rows<R>) {
        let bins = passed.all.layout().bins;
        let done = map(self.ranges(bins), 4 * self.work(bins), |range| {
            (self.differentiate(passed, grad, &range), range)
        });
        for row in by_all.rows_mut().skip(self.units) {
            row.fill(R::constant(0.0));
        }
        for (gradients, range) in done {
            self.put(&gradients, &range, by_all);
        }
    }

    /// Units of a head, in whole vectors.
    fn deep<R: Real>(self) -> usize {
        self.width().next_multiple_of(R::MOST_LANES)
    }

    fn differentiate<R: Real>(
        self,
        passed: Passed<R>,
        grad: &Rows<R>,
        range: &QueryRange,
    ) -> Gradients<R> {
        let (size, deep) = (self.width() * self.columns(), self.deep::<R>());
        let first = self.seen(&range.queries).start;
        let zeros = |count: usize| vec![R::constant(0.0); count];
        let of_keys = (range.queries.end - first) * deep;
        let mut queries = zeros(self.queries(range).count() * size);
        let (mut keys, mut values) = (zeros(of_keys), zeros(of_keys));
        let mut space = Space::new(self);
        for (own, by_query) in self.queries(range).zip(queries.chunks_exact_mut(size)) {
            space.start(passed, grad, range.head, &own);
            for (nth, block) in self.blocks(range.head, &own).enumerate() {
                space.differentiate(passed, &block);
                let from = (block.keys.start - first) * deep;
                space.add_keys(&block, &mut keys[from..], &mut values[from..]);
                let out = (&mut *by_query, nth > 0);
                self.weigh(passed.all, Third::Keys, &block, &space.by_scores, out);
            }
            self.divide(by_query);
        }
        Gradients { queries, keys, values, first }
    }

    /// Puts the gradients of queries where they belong, and adds those of keys and values.
    fn put<R: Real>(self, gradients: &Gradients<R>, range: &QueryRange, by_all: &mut Rows<R>) {
        let (width, columns, deep) = (self.width(), self.columns(), self.deep::<R>());
        let first = self.first_row(Third::Queries, range.head);
        let blocks = gradients.queries.chunks_exact(width * columns);
        for (queries, block) in self.queries(range).zip(blocks) {
            scatter(by_all, first, &queries, (block, columns));
        }
        for (third, sums) in [(Third::Keys, &gradients.keys), (Third::Values, &gradients.values)] {
            let rows = by_all.rows_mut().skip(self.first_row(third, range.head)).take(width);
            for (d, row) in rows.enumerate() {
                let own = sums[d..].iter().step_by(deep);
                row[gradients.first..].iter_mut().zip(own).for_each(|(to, own)| *to += *own);
            }
        }
    }
}

impl<R: Real> Space<R> {
    fn new(dims: AttentionDims) -> Self {
        let columns = dims.columns();
        let zeros = |count: usize| vec![R::constant(0.0); count];
        let (block, turned) = (dims.width() * columns, dims.deep::<R>() * columns);
        Self {
            dims,
            query: zeros(block),
            grad: zeros(block),
            query_turned: zeros(turned),
            grad_turned: zeros(turned),
            weights: zeros(BLOCK),
            by_scores: zeros(BLOCK),
            of_queries: OfQueries { log_sums: zeros(columns), common: zeros(columns) },
        }
    }

    /// Takes up a block of queries.
    fn start(&mut self, passed: Passed<R>, grad: &Rows<R>, head: usize, queries: &Range<usize>) {
        let (dims, columns, deep) = (self.dims, self.dims.columns(), self.dims.deep::<R>());
        let first = dims.first_row(Third::Queries, head);
        let OfQueries { log_sums, common } = &mut self.of_queries;
        dims.gather_queries(passed.all, head, queries, &mut self.query);
        gather(grad, first, queries, (&mut self.grad, columns));
        gather(passed.log_sums, head, queries, (log_sums, columns));
        turn(&self.query, columns, deep, &mut self.query_turned);
        turn(&self.grad, columns, deep, &mut self.grad_turned);
        common.fill(R::constant(0.0));
        for (d, grad) in self.grad.chunks_exact(columns).enumerate() {
            let seen = &passed.context.row(first + d)[queries.clone()];
            let columns = common.iter_mut().zip(grad).zip(seen);
            columns.for_each(|((common, grad), seen)| *common += *grad * *seen);
        }
    }

    /// The weights of a block as they acted, and the gradients of its scores.
    fn differentiate(&mut self, passed: Passed<R>, block: &Block) {
        let (dims, columns) = (self.dims, self.dims.columns());
        let Self { query, grad, weights, by_scores, of_queries, .. } = self;
        dims.score(passed.all, block, query, weights);
        dims.cross(passed.all, Third::Values, block, grad, by_scores);
        let first = first_place(block.queries.start);
        let rows = weights.chunks_exact_mut(columns).zip(by_scores.chunks_exact_mut(columns));
        for (key, (weights, grads)) in block.keys.clone().zip(rows) {
            let row = passed.mask.map(|mask| mask.row(dims.row_of_mask(key, block.head)));
            match row {
                Some(row) => vectorized(
                    #[inline(always)]
                    || of_queries.through(weights, grads, |at| row.at(first.wrapping_add(at))),
                ),
                None => vectorized(
                    #[inline(always)]
                    || of_queries.through(weights, grads, |_| R::constant(1.0)),
                ),
            }
        }
    }

    /// Adds the gradients `(keys, d)` of the keys and values of a block.
    fn add_keys(&self, block: &Block, of_keys: &mut [R], of_values: &mut [R]) {
        let (columns, deep) = (self.dims.columns(), self.dims.deep::<R>());
        let parts = [
            (&self.by_scores, &self.query_turned, of_keys),
            (&self.weights, &self.grad_turned, of_values),
        ];
        for (left, right, out) in parts {
            Product {
                left,
                row_step: columns,
                step: 1,
                right,
                right_stride: deep,
                terms: columns,
                rows: block.keys.len(),
                columns: deep,
                out,
                out_stride: deep,
                add: true,
            }
            .run();
        }
    }
}

impl<R: Real> OfQueries<R> {
    /// Of one key: scores to weights as they acted, gradients of those to gradients of scores. `factor`
    /// says what dropout multiplied the weight of a column by.
    #[inline(always)]
    fn through(&self, weights: &mut [R], grads: &mut [R], factor: impl Fn(u32) -> R) {
        let own = self.log_sums.iter().zip(&self.common);
        let mut at = 0_u32;
        for ((weight, grad), (log_sum, common)) in weights.iter_mut().zip(grads).zip(own) {
            let (share, factor) = ((*weight - *log_sum).exp(), factor(at));
            *weight = share * factor;
            *grad = share * (*grad * factor - *common);
            at = at.wrapping_add(1);
        }
    }
}

/// `(rows, columns)` as `(columns, deep)`.
fn turn<R: Real>(from: &[R], columns: usize, deep: usize, to: &mut [R]) {
    for (row, from) in from.chunks_exact(columns).enumerate() {
        to[row..].iter_mut().step_by(deep).zip(from).for_each(|(to, from)| *to = *from);
    }
}
