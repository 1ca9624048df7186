//! The two loops in which nearly all arithmetic happens, over rows of bins that are shifted
//! against each other: weighted sums of rows, and products of rows summed over bins.
//!
//! Both keep a small block of results in vector registers and read rows where they lie, at any
//! shift: nothing is copied into patches.
use pulp::Simd;

use super::level::dispatch;
use super::real::Real;

/// Most rows of a block of weighted sums.
pub const MOST_SUMS: usize = 6;
/// Most rows of a block of products.
pub const MOST_PRODUCTS: usize = 4;

/// `out(m,t) = start(m) + Σ_p weights(p,m) · source(base + offsets(p) + t)` for one block of rows.
pub struct Sums<'a, R> {
    /// `(P, M)`.
    pub weights: &'a [R],
    /// `(M)`: what the sums start from.
    pub start: &'a [R],
    /// What is summed.
    pub source: &'a [R],
    /// `(P)`: where each summand lies.
    pub offsets: &'a [usize],
    /// What is added to all offsets.
    pub base: usize,
    /// Bins of a row.
    pub bins: usize,
    /// `M` rows with the zeros around them.
    pub out: &'a mut [R],
    /// Zeros before each row of `out`.
    pub left: usize,
}

impl<R: Real> Sums<'_, R> {
    /// Computes the block with the best instructions of this machine.
    ///
    /// # Panics
    /// Sizes do not fit each other, which is a mistake of the caller.
    pub fn run(self) {
        let rows = self.start.len();
        assert_eq!(self.weights.len(), self.offsets.len() * rows, "weights of a block of sums");
        dispatch(self);
    }

    /// `M` rows, `V` vectors of each at a time: sums that fit into sixteen registers, and enough of
    /// them to keep two multipliers busy.
    #[inline(always)]
    fn strips<S: Simd, const M: usize, const V: usize>(self, simd: S) {
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let Self { offsets, base, bins, out, left, source, .. } = &self;
        let covered = bins.div_ceil(lanes) * lanes;
        let stride = out.len() / M;
        let furthest = offsets.iter().copied().max().unwrap_or(0);
        assert!(base + furthest + covered <= source.len(), "a sum reads behind its rows");
        assert!(left + covered <= stride, "a sum writes behind its row");
        let (mut t, left, bins) = (0, *left, *bins);
        let mut block = self;
        while t + V * lanes <= covered {
            block.strip::<S, M, V>(simd, t, stride);
            t += V * lanes;
        }
        while t < covered {
            block.strip::<S, M, 1>(simd, t, stride);
            t += lanes;
        }
        for row in block.out.chunks_exact_mut(stride) {
            row[left + bins..left + covered].fill(R::constant(0.0));
        }
    }

    /// `V` vectors of each of `M` rows from bin `t` on.
    #[inline(always)]
    fn strip<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, t: usize, stride: usize) {
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let mut sums = [[R::splat(simd, R::constant(0.0)); V]; M];
        for (row, start) in sums.iter_mut().zip(self.start) {
            *row = [R::splat(simd, *start); V];
        }
        let mut weights = self.weights.as_ptr();
        let source = self.source[self.base + t..].as_ptr();
        #[expect(unsafe_code, reason = "`strips` checked that all reads and writes lie inside")]
        unsafe {
            for offset in self.offsets {
                let summand = source.add(*offset);
                let mut xs = [R::splat(simd, R::constant(0.0)); V];
                for (v, x) in xs.iter_mut().enumerate() {
                    *x = summand.add(v * lanes).cast::<R::Vector<S>>().read_unaligned();
                }
                for (m, row) in sums.iter_mut().enumerate() {
                    let weight = R::splat(simd, *weights.add(m));
                    for (sum, x) in row.iter_mut().zip(xs) {
                        *sum = R::mul_add(simd, weight, x, *sum);
                    }
                }
                weights = weights.add(M);
            }
            let out = self.out.as_mut_ptr().add(self.left + t);
            for (m, row) in sums.iter().enumerate() {
                for (v, sum) in row.iter().enumerate() {
                    let place = out.add(m * stride + v * lanes);
                    place.cast::<R::Vector<S>>().write_unaligned(*sum);
                }
            }
        }
    }
}

impl<R: Real> pulp::WithSimd for Sums<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.start.len() {
            1 => self.strips::<S, 1, 8>(simd),
            2 => self.strips::<S, 2, 4>(simd),
            3 => self.strips::<S, 3, 4>(simd),
            4 => self.strips::<S, 4, 3>(simd),
            5 => self.strips::<S, 5, 2>(simd),
            MOST_SUMS => self.strips::<S, MOST_SUMS, 2>(simd),
            rows => unreachable!("a block of {rows} sums"),
        }
    }
}

/// `out(m,q) += Σ_t rows(row_offsets(m) + t) · source(base + offsets(q) + t)` for one block of
/// rows, behind whose bins lie zeros.
pub struct Products<'a, R> {
    /// What is multiplied.
    pub rows: &'a [R],
    /// `(M)`: where each row begins.
    pub row_offsets: &'a [usize],
    /// What it is multiplied with.
    pub source: &'a [R],
    /// `(Q)`: where each factor lies.
    pub offsets: &'a [usize],
    /// What is added to `offsets`.
    pub base: usize,
    /// Bins of a row.
    pub bins: usize,
    /// `(M, Q)`.
    pub out: &'a mut [R],
}

impl<R: Real> Products<'_, R> {
    /// Computes the block with the best instructions of this machine.
    ///
    /// # Panics
    /// Sizes do not fit each other, which is a mistake of the caller.
    pub fn run(self) {
        let size = self.row_offsets.len() * self.offsets.len();
        assert_eq!(self.out.len(), size, "results of a block of products");
        dispatch(self);
    }

    #[inline(always)]
    fn columns<S: Simd, const M: usize, const Q: usize>(mut self, simd: S) {
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let covered = self.bins.div_ceil(lanes) * lanes;
        let furthest = |offsets: &[usize]| offsets.iter().copied().max().unwrap_or(0) + covered;
        assert!(furthest(self.row_offsets) <= self.rows.len(), "a product reads behind its rows");
        assert!(
            self.base + furthest(self.offsets) <= self.source.len(),
            "a product reads behind its factors"
        );
        let whole = self.offsets.len() / Q * Q;
        for q in (0..whole).step_by(Q) {
            self.column::<S, M, Q>(simd, q, covered);
        }
        for q in whole..self.offsets.len() {
            self.column::<S, M, 1>(simd, q, covered);
        }
    }

    /// `M × Q` results from column `q` on.
    #[inline(always)]
    fn column<S: Simd, const M: usize, const Q: usize>(
        &mut self,
        simd: S,
        q: usize,
        covered: usize,
    ) {
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let zero = R::splat(simd, R::constant(0.0));
        let mut sums = [[zero; Q]; M];
        let (mut rows, mut factors) = ([self.rows.as_ptr(); M], [self.source.as_ptr(); Q]);
        #[expect(unsafe_code, reason = "`columns` checked that all reads lie inside")]
        unsafe {
            for (row, offset) in rows.iter_mut().zip(self.row_offsets) {
                *row = row.add(*offset);
            }
            for (factor, offset) in factors.iter_mut().zip(&self.offsets[q..]) {
                *factor = factor.add(self.base + *offset);
            }
            let load = |at: *const R| at.cast::<R::Vector<S>>().read_unaligned();
            for t in (0..covered).step_by(lanes) {
                // The fewer ones stay in registers, the others pass by.
                if Q <= M {
                    let mut xs = [zero; Q];
                    for (x, factor) in xs.iter_mut().zip(factors) {
                        *x = load(factor.add(t));
                    }
                    for (sums, row) in sums.iter_mut().zip(rows) {
                        let g = load(row.add(t));
                        for (sum, x) in sums.iter_mut().zip(xs) {
                            *sum = R::mul_add(simd, g, x, *sum);
                        }
                    }
                } else {
                    let mut gs = [zero; M];
                    for (g, row) in gs.iter_mut().zip(rows) {
                        *g = load(row.add(t));
                    }
                    for (i, factor) in factors.iter().enumerate() {
                        let x = load(factor.add(t));
                        for (sums, g) in sums.iter_mut().zip(gs) {
                            sums[i] = R::mul_add(simd, g, x, sums[i]);
                        }
                    }
                }
            }
        }
        let width = self.offsets.len();
        for (row, sums) in self.out.chunks_exact_mut(width).zip(sums) {
            for (out, sum) in row[q..].iter_mut().zip(sums) {
                *out += R::sum_lanes(simd, sum);
            }
        }
    }
}

impl<R: Real> pulp::WithSimd for Products<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.row_offsets.len() {
            1 => self.columns::<S, 1, 8>(simd),
            2 => self.columns::<S, 2, 5>(simd),
            3 => self.columns::<S, 3, 4>(simd),
            MOST_PRODUCTS => self.columns::<S, MOST_PRODUCTS, 3>(simd),
            rows => unreachable!("a block of {rows} products"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f64> {
        (0..count).map(|i| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    /// Numbers of bins: fewer than a vector has, and remainders.
    const BINS: [usize; 5] = [1, 2, 9, 31, 64];

    #[test]
    fn sums_of_shifted_rows_are_those_of_the_formula_for_every_block() {
        for (rows, bins) in (1..=MOST_SUMS).flat_map(|rows| BINS.map(|bins| (rows, bins))) {
            let (stride, left, base) = (80, 3, 5);
            let (source, offsets) = (numbers(400), [0, 7, 90, 91, 200]);
            let (weights, start) = (numbers(offsets.len() * rows), numbers(rows));
            let mut out = vec![0.0; rows * stride];
            let sums = Sums {
                weights: &weights,
                start: &start,
                source: &source,
                offsets: &offsets,
                base,
                bins,
                out: &mut out,
                left,
            };
            sums.run();
            let want = |m: usize, t: usize| {
                let at = |p: usize| weights[p * rows + m] * source[base + offsets[p] + t];
                start[m] + (0..offsets.len()).map(at).sum::<f64>()
            };
            let wanted = (0..rows * stride).map(|at| (at / stride, at % stride));
            let wanted = wanted.map(|(m, t)| t.checked_sub(left).map(|t| (m, t)));
            let wanted = wanted.map(|place| place.filter(|(_, t)| *t < bins));
            for (found, place) in out.iter().zip(wanted) {
                let want = place.map_or(0.0, |(m, t)| want(m, t));
                assert!((found - want).abs() < 1e-12, "{rows} {bins} {place:?}");
            }
        }
    }

    #[test]
    fn products_of_shifted_rows_are_those_of_the_formula_for_every_block() {
        for (count, bins) in (1..=MOST_PRODUCTS).flat_map(|rows| BINS.map(|bins| (rows, bins))) {
            let (stride, base) = (90, 5);
            let (source, offsets) = (numbers(400), [0, 7, 8, 9, 90, 91, 92, 93, 94, 200]);
            let mut rows = vec![0.0; count * stride];
            for (m, row) in rows.chunks_exact_mut(stride).enumerate() {
                row[..bins].copy_from_slice(&source[3 + m..3 + m + bins]);
            }
            let row_offsets: Vec<usize> = (0..count).map(|m| m * stride).collect();
            let mut out = vec![1.0; count * offsets.len()];
            let products = Products {
                rows: &rows,
                row_offsets: &row_offsets,
                source: &source,
                offsets: &offsets,
                base,
                bins,
                out: &mut out,
            };
            products.run();
            for (at, found) in out.iter().enumerate() {
                let (m, q) = (at / offsets.len(), at % offsets.len());
                let product = |t| rows[m * stride + t] * source[base + offsets[q] + t];
                let want = 1.0 + (0..bins).map(product).sum::<f64>();
                assert!((found - want).abs() < 1e-12, "{count} {bins} {m} {q}");
            }
        }
    }
}
