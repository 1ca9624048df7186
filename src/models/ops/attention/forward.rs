//! The way forward: weights of a block of queries, block of keys by block of keys, each next to the
//! largest score so far.
use super::blocks::{AttentionDims, BLOCK, Block, QueryRange, Third, UNSEEN, scatter};
use crate::models::ops::draws::Mask;
use crate::models::ops::rows::{Layout, Rows};
use crate::simd::parallel::map;
use crate::simd::real::{Real, vectorized};

/// Room for a block.
struct Space<R> {
    /// Queries `(d, Q)`, divided by √d.
    query: Vec<R>,
    /// Scores, then weights `(keys, Q)`.
    weights: Vec<R>,
    softmax: Softmax<R>,
}

/// Of each query of a block: the largest score so far, the sum of powers next to it, and by what both
/// have changed.
struct Softmax<R> {
    most: Vec<R>,
    sum: Vec<R>,
    change: Vec<R>,
}

/// Of some blocks: what is seen `(d, Q)`, and of each query the logarithm of the sum that its weights
/// were divided by.
struct Attended<R> {
    context: Vec<R>,
    log_sums: Vec<R>,
}

impl AttentionDims {
    /// Fills `context (D rows)` with what every bin sees of `all (3D rows)`: queries, keys and values.
    /// `log_sums` keep, a row for each head, what the way back needs.
    pub fn forward<R: Real>(
        self,
        all: &Rows<R>,
        mask: Option<Mask>,
        context: &mut Rows<R>,
        log_sums: &mut Rows<R>,
    ) {
        let bins = all.layout().bins;
        let done = map(self.ranges(bins), self.work(bins), |range| {
            (self.attend(all, mask, &range), range)
        });
        log_sums.arrange(Layout { channels: self.heads, ..all.layout().bare() });
        let (columns, size) = (self.columns(), self.width() * self.columns());
        for (attended, range) in done {
            let first = self.first_row(Third::Queries, range.head);
            for (queries, block) in self.queries(&range).zip(attended.context.chunks_exact(size)) {
                scatter(context, first, &queries, (block, columns));
            }
            if let Some(row) = log_sums.rows_mut().nth(range.head) {
                row[range.queries.clone()].copy_from_slice(&attended.log_sums);
            }
        }
    }

    fn attend<R: Real>(self, all: &Rows<R>, mask: Option<Mask>, range: &QueryRange) -> Attended<R> {
        let (columns, zero) = (self.columns(), R::constant(0.0));
        let size = self.width() * columns;
        let mut space = Space {
            query: vec![zero; size],
            weights: vec![zero; BLOCK],
            softmax: Softmax::new(columns),
        };
        let mut context = vec![zero; self.queries(range).count() * size];
        let mut log_sums = Vec::with_capacity(range.queries.len());
        for (queries, context) in self.queries(range).zip(context.chunks_exact_mut(size)) {
            self.gather_queries(all, range.head, &queries, &mut space.query);
            space.softmax.start();
            for (nth, block) in self.blocks(range.head, &queries).enumerate() {
                self.attend_block((all, mask), &block, &mut space, (context, nth > 0));
            }
            let softmax = &mut space.softmax;
            vectorized(
                #[inline(always)]
                || softmax.finish(context),
            );
            log_sums.extend_from_slice(&softmax.most[..queries.len()]);
        }
        Attended { context, log_sums }
    }

    /// Takes a block of keys into account, behind others where `again`.
    fn attend_block<R: Real>(
        self,
        (all, mask): (&Rows<R>, Option<Mask>),
        block: &Block,
        space: &mut Space<R>,
        (context, again): (&mut [R], bool),
    ) {
        let Space { query, weights, softmax } = space;
        self.score(all, block, query, weights);
        let weights = &mut weights[..block.keys.len() * self.columns()];
        vectorized(
            #[inline(always)]
            || softmax.soften(weights),
        );
        let rows = block.keys.clone().zip(weights.chunks_exact_mut(self.columns()));
        if let Some(mask) = mask {
            for (key, row) in rows {
                mask.apply(self.row_of_mask(key, block.head), block.queries.start, row);
            }
        }
        if again {
            let change = &softmax.change;
            vectorized(
                #[inline(always)]
                || scale_columns(context, change),
            );
        }
        self.weigh(all, Third::Values, block, weights, (context, again));
    }
}

impl<R: Real> Softmax<R> {
    fn new(columns: usize) -> Self {
        let row = || vec![R::constant(0.0); columns];
        Self { most: row(), sum: row(), change: row() }
    }

    fn start(&mut self) {
        self.most.fill(R::constant(UNSEEN));
        self.sum.fill(R::constant(0.0));
    }

    /// Scores of a block to powers; `change` says by what earlier ones are multiplied.
    #[inline(always)]
    fn soften(&mut self, rows: &mut [R]) {
        let Self { most, sum, change } = self;
        let columns = most.len();
        change.copy_from_slice(most);
        for row in rows.chunks_exact(columns) {
            for (most, score) in most.iter_mut().zip(row) {
                *most = most.at_least(*score);
            }
        }
        for ((change, most), sum) in change.iter_mut().zip(most.iter()).zip(sum.iter_mut()) {
            *change = (*change - *most).exp();
            *sum *= *change;
        }
        for row in rows.chunks_exact_mut(columns) {
            for ((score, most), sum) in row.iter_mut().zip(most.iter()).zip(sum.iter_mut()) {
                *score = (*score - *most).exp();
                *sum += *score;
            }
        }
    }

    /// Divides what was seen by the sum of its weights; `most` becomes the logarithm of the whole sum.
    #[inline(always)]
    fn finish(&mut self, context: &mut [R]) {
        let Self { most, sum, change } = self;
        for ((share, sum), most) in change.iter_mut().zip(sum.iter()).zip(most) {
            *share = R::constant(1.0) / *sum;
            *most += sum.ln();
        }
        scale_columns(context, change);
    }
}

/// Multiplies each column by its factor.
#[inline(always)]
fn scale_columns<R: Real>(rows: &mut [R], factors: &[R]) {
    for row in rows.chunks_exact_mut(factors.len()) {
        row.iter_mut().zip(factors).for_each(|(value, factor)| *value *= *factor);
    }
}
