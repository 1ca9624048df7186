//! How attention is divided into blocks, and what the ways forward and back do with one.
use std::ops::Range;

use crate::models::ops::rows::Rows;
use crate::simd::product::Product;
use crate::simd::real::Real;

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
pub const BLOCK: usize = 4096;
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
pub const UNSEEN: f64 = -1e30;

/// Some queries of one head, whole blocks of them.
pub struct QueryRange {
    /// The head.
    pub head: usize,
    /// The bins.
    pub queries: Range<usize>,
}

/// Keys and queries of one head that are computed together, as rows and columns.
pub struct Block {
    /// The head.
    pub head: usize,
    /// The bins of its columns.
    pub queries: Range<usize>,
    /// The bins of its rows.
    pub keys: Range<usize>,
}

/// Which third of the rows.
#[derive(Debug, Clone, Copy)]
pub enum Third {
    /// Queries.
    Queries,
    /// Keys.
    Keys,
    /// Values.
    Values,
}

impl AttentionDims {
    /// Units of a head.
    pub fn width(self) -> usize {
        self.units / self.heads
    }

    /// The first row of a head.
    pub fn first_row(self, third: Third, head: usize) -> usize {
        let place = match third {
            Third::Queries => 0,
            Third::Keys => 1,
            Third::Values => 2,
        };
        place * self.units + head * self.width()
    }

    /// The row of a mask that holds the weights of a key.
    pub fn row_of_mask(self, key: usize, head: usize) -> usize {
        key * self.heads + head
    }

    /// Columns of a block.
    pub fn columns(self) -> usize {
        if self.window.is_some_and(|window| window <= SHORT) { QUERIES / 2 } else { QUERIES }
    }

    /// Multiplications of one of the products for so many bins.
    pub fn work(self, bins: usize) -> usize {
        let pairs = self.window.map_or(bins * (bins + 1) / 2, |window| bins * window.min(bins));
        pairs * self.units
    }

    /// What is computed side by side.
    pub fn ranges(self, bins: usize) -> Vec<QueryRange> {
        let blocks = bins.div_ceil(self.columns());
        let count = (self.work(bins) / self.heads / LEAST).clamp(1, GROUPS.min(blocks).max(1));
        // Blocks see the more the later they come, where all of the past is seen.
        let bound = |group: usize| match self.window {
            None => (blocks * blocks * group / count).isqrt(),
            Some(_) => blocks * group / count,
        };
        let bound = |group| bound(group) * self.columns();
        let groups = (0..count).map(|group| bound(group)..bound(group + 1).min(bins));
        let groups: Vec<Range<usize>> = groups.filter(|queries| !queries.is_empty()).collect();
        let all = (0..self.heads).flat_map(|head| groups.iter().map(move |own| (head, own)));
        all.map(|(head, own)| QueryRange { head, queries: own.clone() }).collect()
    }

    /// The queries of each block.
    pub fn queries(self, range: &QueryRange) -> impl Iterator<Item = Range<usize>> + use<> {
        let (columns, end) = (self.columns(), range.queries.end);
        range.queries.clone().step_by(columns).map(move |from| from..(from + columns).min(end))
    }

    /// The bins that some of these queries see.
    pub fn seen(self, queries: &Range<usize>) -> Range<usize> {
        let window = self.window.unwrap_or(queries.end);
        (queries.start + 1).saturating_sub(window)..queries.end
    }

    /// The blocks of keys that some of these queries see.
    pub fn blocks(
        self,
        head: usize,
        queries: &Range<usize>,
    ) -> impl Iterator<Item = Block> + use<> {
        let (seen, queries) = (self.seen(queries), queries.clone());
        let most = BLOCK / self.columns();
        seen.clone().step_by(most).map(move |from| {
            let keys = from..(from + most).min(seen.end);
            Block { head, queries: queries.clone(), keys }
        })
    }

    /// Queries of a block as `(d, Q)`, divided by √d; 0 behind the last one.
    pub fn gather_queries<R: Real>(
        self,
        all: &Rows<R>,
        head: usize,
        queries: &Range<usize>,
        to: &mut [R],
    ) {
        gather(all, self.first_row(Third::Queries, head), queries, (to, self.columns()));
        self.divide(to);
    }

    /// Divides values by √d.
    pub fn divide<R: Real>(self, values: &mut [R]) {
        let factor = R::from_f64((self.width() as f64).sqrt().recip());
        for value in values {
            *value *= factor;
        }
    }

    /// Scores `(keys, Q)` of a block, those of keys that are not seen far below all others.
    pub fn score<R: Real>(self, all: &Rows<R>, block: &Block, query: &[R], scores: &mut [R]) {
        let Block { queries, keys, .. } = block;
        self.cross(all, Third::Keys, block, query, scores);
        let (columns, window) = (self.columns(), self.window.unwrap_or(usize::MAX));
        let seen_by_all =
            keys.end <= queries.start + 1 && queries.end <= keys.start.saturating_add(window);
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

    /// `out(j,i) = Σ_d rows(d,j) · columns(d,i)` over the keys of a block.
    pub fn cross<R: Real>(
        self,
        all: &Rows<R>,
        third: Third,
        block: &Block,
        by_query: &[R],
        out: &mut [R],
    ) {
        let (stride, columns) = (all.stride(), self.columns());
        let first = self.first_row(third, block.head);
        Product {
            left: &all.values()[first * stride + all.layout().left + block.keys.start..],
            row_step: 1,
            step: stride,
            right: by_query,
            right_stride: columns,
            terms: self.width(),
            rows: block.keys.len(),
            columns,
            out,
            out_stride: columns,
            add: false,
        }
        .run();
    }

    /// `out(d,i) = Σ_j rows(d,j) · weights(j,i)` over the keys of a block, added to what lies in `out`
    /// where that is asked for.
    pub fn weigh<R: Real>(
        self,
        all: &Rows<R>,
        third: Third,
        block: &Block,
        weights: &[R],
        (out, add): (&mut [R], bool),
    ) {
        let (stride, columns) = (all.stride(), self.columns());
        let first = self.first_row(third, block.head);
        Product {
            left: &all.values()[first * stride + all.layout().left + block.keys.start..],
            row_step: stride,
            step: 1,
            right: weights,
            right_stride: columns,
            terms: block.keys.len(),
            rows: self.width(),
            columns,
            out,
            out_stride: columns,
            add,
        }
        .run();
    }
}

/// Rows from `first` on at some bins as `(rows, columns)`, 0 behind the last bin.
pub fn gather<R: Real>(
    rows: &Rows<R>,
    first: usize,
    bins: &Range<usize>,
    (to, columns): (&mut [R], usize),
) {
    for (place, to) in to.chunks_exact_mut(columns).enumerate() {
        let (own, behind) = to.split_at_mut(bins.len());
        own.copy_from_slice(&rows.row(first + place)[bins.clone()]);
        behind.fill(R::constant(0.0));
    }
}

/// The way back of [`gather`].
pub fn scatter<R: Real>(
    rows: &mut Rows<R>,
    first: usize,
    bins: &Range<usize>,
    (from, columns): (&[R], usize),
) {
    for (row, from) in rows.rows_mut().skip(first).zip(from.chunks_exact(columns)) {
        row[bins.clone()].copy_from_slice(&from[..bins.len()]);
    }
}
