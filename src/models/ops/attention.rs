//! Attention over rows, in blocks that stay in the cache: for some queries at a time, weights of the
//! keys that they see, some keys at a time. Keys are rows of a block and queries its columns, so that
//! a softmax runs over rows side by side. What a block holds is worked out anew on the way back.
use std::ops::Range;

use super::draws::Mask;
use super::rows::{Layout, Rows};
use crate::simd::parallel::map;
use crate::simd::product::Product;
use crate::simd::real::{Real, vectorized};

/// Sizes of attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionDims {
    /// `D` units.
    pub units: usize,
    /// Heads, which divide them.
    pub heads: usize,
    /// Bins that a bin sees, itself among them; none: all of the past.
    pub window: Option<usize>,
}

/// Values of a block of weights, which take half of a first-level cache.
const BLOCK: usize = 4096;
/// Queries of a block where all of the past is seen.
const QUERIES: usize = 64;
/// Windows up to which fewer queries are taken together, since a block covers keys that only some of
/// its queries see.
const SHORT: usize = 96;
/// Groups of blocks of one head that are computed side by side: fixed, so that sums do not depend on
/// the number of threads.
const GROUPS: usize = 4;
/// Multiplications of a group below which it is not divided further.
const LEAST: usize = 1 << 20;
/// A score of a key that is not seen; its power is 0 next to any other.
const UNSEEN: f64 = -1e30;

/// Some blocks of queries of one head.
struct QueryRange {
    head: usize,
    queries: Range<usize>,
}

/// What attention keeps of its way forward: of each head, the logarithm of the sum that its weights
/// were divided by.
pub type LogSums<R> = Rows<R>;

/// Room for a block.
struct Space<R> {
    /// Queries `(d, Q)`, divided by √d.
    query: Vec<R>,
    /// Scores, then weights `(keys, Q)`.
    weights: Vec<R>,
    /// Of each query: the largest score, the sum of powers, by how much both have changed.
    most: Vec<R>,
    sum: Vec<R>,
    change: Vec<R>,
}

/// What a task of the way forward gives: context `(d, queries)` block by block, and log sums.
struct Attended<R> {
    context: Vec<R>,
    log_sums: Vec<R>,
}

/// The gradients that a task gives: of queries `(d, Q)` block by block, and of keys and values
/// `(bins, d)` from the first key on.
struct Gradients<R> {
    queries: Vec<R>,
    keys: Vec<R>,
    values: Vec<R>,
    first: usize,
}

impl AttentionDims {
    /// Units of a head.
    fn width(self) -> usize {
        self.units / self.heads
    }

    /// Queries of a block.
    fn columns(self) -> usize {
        if self.window.is_some_and(|window| window <= SHORT) { QUERIES / 2 } else { QUERIES }
    }

    /// Keys of a block.
    fn most_keys(self) -> usize {
        BLOCK / self.columns()
    }

    /// The bins that some of these queries see.
    fn seen(self, queries: &Range<usize>) -> Range<usize> {
        let window = self.window.unwrap_or(queries.end);
        (queries.start + 1).saturating_sub(window)..queries.end
    }

    /// The same in as many keys as a block has.
    fn key_blocks(self, queries: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let seen = self.seen(queries);
        let most = self.most_keys();
        seen.clone().step_by(most).map(move |from| from..(from + most).min(seen.end))
    }

    /// Multiplications of one of the products for so many bins.
    pub fn work(self, bins: usize) -> usize {
        let pairs = self.window.map_or(bins * (bins + 1) / 2, |window| bins * window.min(bins));
        pairs * self.units
    }

    /// What is computed side by side.
    fn tasks(self, bins: usize) -> Vec<QueryRange> {
        let blocks = bins.div_ceil(self.columns());
        let count = (self.work(bins) / self.heads / LEAST).clamp(1, GROUPS.min(blocks).max(1));
        // Blocks see the more the later they come, where all of the past is seen.
        let bound = |group: usize| match self.window {
            None => (blocks as f64 * (group as f64 / count as f64).sqrt()).round(),
            Some(_) => (blocks * group / count) as f64,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most the number of blocks"
        )]
        let bound = |group| bound(group) as usize * self.columns();
        let groups = (0..count).map(|group| bound(group)..bound(group + 1).min(bins));
        let groups: Vec<Range<usize>> = groups.filter(|queries| !queries.is_empty()).collect();
        let heads = 0..self.heads;
        heads
            .flat_map(|head| {
                groups.iter().map(move |queries| QueryRange { head, queries: queries.clone() })
            })
            .collect()
    }

    fn query_blocks(self, task: &QueryRange) -> impl Iterator<Item = Range<usize>> {
        let (columns, end) = (self.columns(), task.queries.end);
        task.queries.clone().step_by(columns).map(move |from| from..(from + columns).min(end))
    }

    fn space<R: Real>(self) -> Space<R> {
        let (columns, zero) = (self.columns(), R::constant(0.0));
        let row = || vec![zero; columns];
        Space {
            query: vec![zero; self.width() * columns],
            weights: vec![zero; BLOCK],
            most: row(),
            sum: row(),
            change: row(),
        }
    }

    /// Fills `context (D rows)` with what every bin sees of `all (3D rows)`, queries, keys and values,
    /// and keeps what the way back needs.
    pub fn forward<R: Real>(
        self,
        all: &Rows<R>,
        mask: Option<Mask>,
        context: &mut Rows<R>,
        log_sums: &mut LogSums<R>,
    ) {
        let bins = all.layout().bins;
        let done =
            map(self.tasks(bins), self.work(bins), |task| (self.attend(all, mask, &task), task));
        log_sums.arrange(Layout { channels: self.heads, ..all.layout().bare() });
        let (width, columns) = (self.width(), self.columns());
        for (attended, task) in done {
            let blocks = attended.context.chunks_exact(width * columns);
            for (queries, block) in self.query_blocks(&task).zip(blocks) {
                scatter(context, task.head * width, &queries, block, columns);
            }
            let row = log_sums.rows_mut().nth(task.head);
            row.into_iter()
                .for_each(|row| row[task.queries.clone()].copy_from_slice(&attended.log_sums));
        }
    }

    fn attend<R: Real>(self, all: &Rows<R>, mask: Option<Mask>, task: &QueryRange) -> Attended<R> {
        let (width, columns) = (self.width(), self.columns());
        let mut space = self.space();
        let blocks = self.query_blocks(task).count();
        let mut context = vec![R::constant(0.0); blocks * width * columns];
        let mut log_sums = Vec::with_capacity(task.queries.len());
        let parts = context.chunks_exact_mut(width * columns);
        for (queries, context) in self.query_blocks(task).zip(parts) {
            self.gather_query(all, task.head, &queries, &mut space.query);
            space.most.fill(R::constant(UNSEEN));
            space.sum.fill(R::constant(0.0));
            for (nth, keys) in self.key_blocks(&queries).enumerate() {
                self.score(all, (task.head, &queries, &keys), &space.query, &mut space.weights);
                let Space { weights, most, sum, change, .. } = &mut space;
                let rows = &mut weights[..keys.len() * columns];
                vectorized(
                    #[inline(always)]
                    || soften(rows, most, sum, change),
                );
                if let Some(mask) = mask {
                    self.drop(mask, task.head, (&queries, &keys), rows);
                }
                if nth > 0 {
                    vectorized(
                        #[inline(always)]
                        || scale_rows(context, change),
                    );
                }
                self.weigh(
                    all,
                    (2 * self.units + task.head * width, &keys),
                    rows,
                    (context, nth > 0),
                );
            }
            let Space { most, sum, change, .. } = &mut space;
            vectorized(
                #[inline(always)]
                || finish(context, most, sum, change),
            );
            log_sums.extend_from_slice(&most[..queries.len()]);
        }
        Attended { context, log_sums }
    }

    /// Queries of a block, divided by √d; 0 behind the last one.
    fn gather_query<R: Real>(
        self,
        all: &Rows<R>,
        head: usize,
        queries: &Range<usize>,
        to: &mut [R],
    ) {
        gather(all, head * self.width(), queries, to, self.columns());
        let factor = R::from_f64((self.width() as f64).sqrt().recip());
        to.iter_mut().for_each(|value| *value *= factor);
    }

    /// Scores `(keys, Q)` of a block, those of keys that are not seen far below all others.
    fn score<R: Real>(
        self,
        all: &Rows<R>,
        (head, queries, keys): (usize, &Range<usize>, &Range<usize>),
        query: &[R],
        scores: &mut [R],
    ) {
        let width = self.width();
        self.cross(all, (self.units + head * width, keys), query, scores);
        let (columns, window) = (self.columns(), self.window.unwrap_or(usize::MAX));
        let seen_by_all =
            keys.end <= queries.start + 1 && queries.end - 1 < keys.start.saturating_add(window);
        if seen_by_all {
            return;
        }
        for (key, row) in keys.clone().zip(scores.chunks_exact_mut(columns)) {
            let first = key.saturating_sub(queries.start).min(columns);
            let end = key.saturating_add(window).saturating_sub(queries.start).min(columns);
            row[..first].fill(R::constant(UNSEEN));
            row[end.max(first)..].fill(R::constant(UNSEEN));
        }
    }

    /// `out(j,i) = Σ_d rows(first + d, j) · block(d,i)`.
    fn cross<R: Real>(
        self,
        all: &Rows<R>,
        (first, keys): (usize, &Range<usize>),
        block: &[R],
        out: &mut [R],
    ) {
        let (stride, columns) = (all.stride(), self.columns());
        Product {
            left: &all.values()[first * stride + all.layout().left + keys.start..],
            row_step: 1,
            step: stride,
            right: block,
            right_stride: columns,
            terms: self.width(),
            rows: keys.len(),
            columns,
            out,
            out_stride: columns,
            add: false,
        }
        .run();
    }

    /// `out(d,i) = Σ_j rows(first + d, j) · block(j,i)`, added where that is asked for.
    fn weigh<R: Real>(
        self,
        all: &Rows<R>,
        (first, keys): (usize, &Range<usize>),
        block: &[R],
        (out, add): (&mut [R], bool),
    ) {
        let (stride, columns) = (all.stride(), self.columns());
        Product {
            left: &all.values()[first * stride + all.layout().left + keys.start..],
            row_step: stride,
            step: 1,
            right: block,
            right_stride: columns,
            terms: keys.len(),
            rows: self.width(),
            columns,
            out,
            out_stride: columns,
            add,
        }
        .run();
    }

    /// Drops weights of a block.
    fn drop<R: Real>(
        self,
        mask: Mask,
        head: usize,
        (queries, keys): (&Range<usize>, &Range<usize>),
        weights: &mut [R],
    ) {
        for (key, row) in keys.clone().zip(weights.chunks_exact_mut(self.columns())) {
            mask.apply(self.row_of_mask(key, head), queries.start, row);
        }
    }

    /// The row of a mask that holds the weights of a key.
    fn row_of_mask(self, key: usize, head: usize) -> usize {
        key * self.heads + head
    }

    /// Fills the gradient of `all` out of that of the context.
    pub fn backward<R: Real>(
        self,
        (all, context, log_sums): (&Rows<R>, &Rows<R>, &LogSums<R>),
        mask: Option<Mask>,
        grad: &Rows<R>,
        by_all: &mut Rows<R>,
    ) {
        let bins = all.layout().bins;
        let done = map(self.tasks(bins), 4 * self.work(bins), |task| {
            (self.differentiate((all, context, log_sums), mask, grad, &task), task)
        });
        let (width, columns, units) = (self.width(), self.columns(), self.units);
        let deep = self.deep::<R>();
        for row in by_all.rows_mut().skip(units) {
            row.fill(R::constant(0.0));
        }
        for (gradients, task) in done {
            let blocks = gradients.queries.chunks_exact(width * columns);
            for (queries, block) in self.query_blocks(&task).zip(blocks) {
                scatter(by_all, task.head * width, &queries, block, columns);
            }
            let parts = [(units, &gradients.keys), (2 * units, &gradients.values)];
            for (start, sums) in parts {
                let rows = by_all.rows_mut().skip(start + task.head * width).take(width);
                for (d, row) in rows.enumerate() {
                    let row = row[gradients.first..].iter_mut();
                    row.zip(sums[d..].iter().step_by(deep)).for_each(|(to, own)| *to += *own);
                }
            }
        }
    }

    /// Units of a head, in whole vectors.
    fn deep<R: Real>(self) -> usize {
        self.width().next_multiple_of(R::MOST_LANES)
    }

    fn differentiate<R: Real>(
        self,
        (all, context, log_sums): (&Rows<R>, &Rows<R>, &LogSums<R>),
        mask: Option<Mask>,
        grad: &Rows<R>,
        task: &QueryRange,
    ) -> Gradients<R> {
        let (width, columns, deep) = (self.width(), self.columns(), self.deep::<R>());
        let zero = R::constant(0.0);
        let first = self.seen(&task.queries).start;
        let of_keys = || vec![zero; (task.queries.end - first) * deep];
        let blocks = self.query_blocks(task).count();
        let queries = vec![zero; blocks * width * columns];
        let mut all_gradients = Gradients { queries, keys: of_keys(), values: of_keys(), first };
        let mut back = Back::new(self);
        for (nth, queries) in self.query_blocks(task).enumerate() {
            back.start((all, context, log_sums), grad, task.head, &queries);
            for (part, keys) in self.key_blocks(&queries).enumerate() {
                back.block(all, mask, (task.head, &queries, &keys));
                let from = (keys.start - first) * deep;
                back.add_keys(
                    &keys,
                    &mut all_gradients.values[from..],
                    &mut all_gradients.keys[from..],
                );
                let to = &mut all_gradients.queries[nth * width * columns..][..width * columns];
                let rows = self.units + task.head * width;
                self.weigh(all, (rows, &keys), &back.by_scores, (to, part > 0));
            }
        }
        let factor = R::from_f64((width as f64).sqrt().recip());
        all_gradients.queries.iter_mut().for_each(|value| *value *= factor);
        all_gradients
    }
}

/// Room for the way back through a block, and what its queries bring along.
struct Back<R> {
    dims: AttentionDims,
    space: Space<R>,
    /// The gradient of the context `(d, Q)`.
    grad: Vec<R>,
    /// Queries and gradients of the context, turned: `(Q, d)`, in whole vectors.
    query_turned: Vec<R>,
    grad_turned: Vec<R>,
    /// Gradients of weights, then of scores `(keys, Q)`.
    by_scores: Vec<R>,
    /// Of each query, what its weights' gradients have in common.
    common: Vec<R>,
    log_sums: Vec<R>,
}

impl<R: Real> Back<R> {
    fn new(dims: AttentionDims) -> Self {
        let (columns, zero) = (dims.columns(), R::constant(0.0));
        let turned = || vec![zero; columns * dims.deep::<R>()];
        Self {
            dims,
            space: dims.space(),
            grad: vec![zero; dims.width() * columns],
            query_turned: turned(),
            grad_turned: turned(),
            by_scores: vec![zero; BLOCK],
            common: vec![zero; columns],
            log_sums: vec![zero; columns],
        }
    }

    /// Takes up a block of queries.
    fn start(
        &mut self,
        (all, context, log_sums): (&Rows<R>, &Rows<R>, &LogSums<R>),
        grad: &Rows<R>,
        head: usize,
        queries: &Range<usize>,
    ) {
        let dims = self.dims;
        let (columns, width, deep) = (dims.columns(), dims.width(), dims.deep::<R>());
        dims.gather_query(all, head, queries, &mut self.space.query);
        gather(grad, head * width, queries, &mut self.grad, columns);
        gather(log_sums, head, queries, &mut self.log_sums, columns);
        turn(&self.space.query, columns, deep, &mut self.query_turned);
        turn(&self.grad, columns, deep, &mut self.grad_turned);
        self.common.fill(R::constant(0.0));
        for (d, grad) in self.grad.chunks_exact(columns).enumerate() {
            let context = &context.row(head * width + d)[queries.clone()];
            let columns = self.common.iter_mut().zip(grad).zip(context);
            columns.for_each(|((common, grad), context)| *common += *grad * *context);
        }
    }

    /// The weights of a block as they acted, and the gradients of its scores.
    fn block(
        &mut self,
        all: &Rows<R>,
        mask: Option<Mask>,
        (head, queries, keys): (usize, &Range<usize>, &Range<usize>),
    ) {
        let (dims, columns) = (self.dims, self.dims.columns());
        let weights = &mut self.space.weights;
        dims.score(all, (head, queries, keys), &self.space.query, weights);
        let values = 2 * dims.units + head * dims.width();
        dims.cross(all, (values, keys), &self.grad, &mut self.by_scores);
        let rows = weights.chunks_exact_mut(columns).zip(self.by_scores.chunks_exact_mut(columns));
        let (log_sums, common) = (&self.log_sums, &self.common);
        for (key, (weights, by_scores)) in keys.clone().zip(rows) {
            match mask.map(|mask| mask.row(dims.row_of_mask(key, head))) {
                Some(row) => {
                    let first = super::draws::first_place(queries.start);
                    vectorized(
                        #[inline(always)]
                        || {
                            through(weights, by_scores, log_sums, common, |at| {
                                row.at(first.wrapping_add(at))
                            });
                        },
                    );
                }
                None => vectorized(
                    #[inline(always)]
                    || through(weights, by_scores, log_sums, common, |_| R::constant(1.0)),
                ),
            }
        }
    }

    /// Adds the gradients of values and keys of a block `(keys, d)`.
    fn add_keys(&self, keys: &Range<usize>, values: &mut [R], of_keys: &mut [R]) {
        let (columns, deep) = (self.dims.columns(), self.dims.deep::<R>());
        let parts = [
            (&self.space.weights, &self.grad_turned, values),
            (&self.by_scores, &self.query_turned, of_keys),
        ];
        for (left, right, out) in parts {
            Product {
                left,
                row_step: columns,
                step: 1,
                right,
                right_stride: deep,
                terms: columns,
                rows: keys.len(),
                columns: deep,
                out,
                out_stride: deep,
                add: true,
            }
            .run();
        }
    }
}

/// Scores of a block to powers, next to the largest score so far of each query; sums follow, and
/// `change` says by what earlier powers are multiplied.
#[inline(always)]
fn soften<R: Real>(rows: &mut [R], most: &mut [R], sum: &mut [R], change: &mut [R]) {
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

/// Multiplies each column by its factor.
#[inline(always)]
fn scale_rows<R: Real>(rows: &mut [R], factors: &[R]) {
    for row in rows.chunks_exact_mut(factors.len()) {
        row.iter_mut().zip(factors).for_each(|(value, factor)| *value *= *factor);
    }
}

/// Divides what was seen by the sum of its weights; `most` becomes the logarithm of the whole sum.
#[inline(always)]
fn finish<R: Real>(context: &mut [R], most: &mut [R], sum: &[R], share: &mut [R]) {
    for ((share, sum), most) in share.iter_mut().zip(sum).zip(most) {
        *share = R::constant(1.0) / *sum;
        *most += sum.ln();
    }
    scale_rows(context, share);
}

/// Of one key: scores to weights as they acted, gradients of those to gradients of scores. `factor`
/// says what dropout multiplied the weight of a column by.
#[inline(always)]
fn through<R: Real>(
    weights: &mut [R],
    grads: &mut [R],
    log_sums: &[R],
    common: &[R],
    factor: impl Fn(u32) -> R,
) {
    let columns = weights.iter_mut().zip(grads).zip(log_sums.iter().zip(common));
    let mut at = 0_u32;
    for ((weight, grad), (log_sum, common)) in columns {
        let (share, factor) = ((*weight - *log_sum).exp(), factor(at));
        *weight = share * factor;
        *grad = share * (*grad * factor - *common);
        at = at.wrapping_add(1);
    }
}

/// Rows of a head at some bins as `(rows, columns)`, 0 behind the last bin.
fn gather<R: Real>(
    rows: &Rows<R>,
    first: usize,
    bins: &Range<usize>,
    to: &mut [R],
    columns: usize,
) {
    for (place, to) in to.chunks_exact_mut(columns).enumerate() {
        let (own, behind) = to.split_at_mut(bins.len());
        own.copy_from_slice(&rows.row(first + place)[bins.clone()]);
        behind.fill(R::constant(0.0));
    }
}

/// The way back of [`gather`].
fn scatter<R: Real>(
    rows: &mut Rows<R>,
    first: usize,
    bins: &Range<usize>,
    from: &[R],
    columns: usize,
) {
    for (row, from) in rows.rows_mut().skip(first).zip(from.chunks_exact(columns)) {
        row[bins.clone()].copy_from_slice(&from[..bins.len()]);
    }
}

/// `(rows, columns)` as `(columns, deep)`.
fn turn<R: Real>(from: &[R], columns: usize, deep: usize, to: &mut [R]) {
    for (row, from) in from.chunks_exact(columns).enumerate() {
        to[row..].iter_mut().step_by(deep).zip(from).for_each(|(to, from)| *to = *from);
    }
}
