//! The product of two small matrices that lie where they were made: the left one with any steps
//! between its values, the right one and the result in rows. Where [`tile`](super::tile) walks
//! along whole rows of a map, this serves blocks of it that stay in the cache.
use pulp::Simd;

use super::level::dispatch;
use super::real::Real;

/// `out(m,t) = Σ_p left(m,p) · right(p,t)`, added to what lies there where that is asked for.
pub struct Product<'a, R> {
    /// The left factor: value `(m,p)` lies at `m · row_step + p · step`.
    pub left: &'a [R],
    /// From one row of the left factor to the next.
    pub row_step: usize,
    /// From one value of such a row to the next.
    pub step: usize,
    /// The right factor: row `p` begins at `p · right_stride`.
    pub right: &'a [R],
    /// From one row of the right factor to the next.
    pub right_stride: usize,
    /// Summands `p`.
    pub terms: usize,
    /// Rows `m` of the result.
    pub rows: usize,
    /// Columns `t`; rows of `right` and `out` have room for whole vectors of them.
    pub columns: usize,
    /// The result: row `m` begins at `m · out_stride`.
    pub out: &'a mut [R],
    /// From one row of the result to the next.
    pub out_stride: usize,
    /// Whether sums are added to what lies in `out`.
    pub add: bool,
}

impl<R: Real> Product<'_, R> {
    /// Computes it with the best instructions of this machine.
    ///
    /// # Panics
    /// Sizes do not fit each other, which is a mistake of the caller.
    pub fn run(self) {
        if self.rows > 0 && self.columns > 0 {
            dispatch(self);
        }
    }

    /// Blocks of `M` rows, `V` vectors of each at a time.
    #[inline(always)]
    fn blocks<S: Simd, const M: usize, const V: usize>(mut self, simd: S) {
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let covered = self.columns.div_ceil(lanes) * lanes;
        let last = |count: usize, stride: usize| count.saturating_sub(1) * stride;
        let furthest = last(self.rows, self.row_step) + last(self.terms, self.step);
        assert!(self.terms == 0 || furthest < self.left.len(), "a product reads behind its left");
        assert!(
            self.terms == 0 || last(self.terms, self.right_stride) + covered <= self.right.len(),
            "a product reads behind its right"
        );
        assert!(
            last(self.rows, self.out_stride) + covered <= self.out.len(),
            "a product writes behind its rows"
        );
        let mut m = 0;
        while m + M <= self.rows {
            self.block::<S, M, V>(simd, m, covered);
            m += M;
        }
        match self.rows - m {
            5 => self.block::<S, 5, V>(simd, m, covered),
            4 => self.block::<S, 4, V>(simd, m, covered),
            3 => self.block::<S, 3, V>(simd, m, covered),
            2 => self.block::<S, 2, V>(simd, m, covered),
            1 => self.block::<S, 1, V>(simd, m, covered),
            _ => {}
        }
    }

    /// `M` rows from row `m` on.
    #[inline(always)]
    fn block<S: Simd, const M: usize, const V: usize>(
        &mut self,
        simd: S,
        m: usize,
        covered: usize,
    ) {
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let mut t = 0;
        while t + V * lanes <= covered {
            self.strip::<S, M, V>(simd, m, t);
            t += V * lanes;
        }
        while t < covered {
            self.strip::<S, M, 1>(simd, m, t);
            t += lanes;
        }
    }

    /// `V` vectors of each of `M` rows.
    #[inline(always)]
    fn strip<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, m: usize, t: usize) {
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let mut sums = [[R::splat(simd, R::constant(0.0)); V]; M];
        #[expect(unsafe_code, reason = "`blocks` checked that all reads and writes lie inside")]
        unsafe {
            let out = self.out.as_mut_ptr().add(m * self.out_stride + t);
            if self.add {
                for (row, sums) in sums.iter_mut().enumerate() {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        let place = out.add(row * self.out_stride + v * lanes);
                        *sum = place.cast::<R::Vector<S>>().read_unaligned();
                    }
                }
            }
            for p in 0..self.terms {
                let left = self.left.as_ptr().add(m * self.row_step + p * self.step);
                let right = self.right.as_ptr().add(p * self.right_stride + t);
                let mut xs = [R::splat(simd, R::constant(0.0)); V];
                for (v, x) in xs.iter_mut().enumerate() {
                    *x = right.add(v * lanes).cast::<R::Vector<S>>().read_unaligned();
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let weight = R::splat(simd, *left.add(row * self.row_step));
                    for (sum, x) in sums.iter_mut().zip(xs) {
                        *sum = R::mul_add(simd, weight, x, *sum);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    let place = out.add(row * self.out_stride + v * lanes);
                    place.cast::<R::Vector<S>>().write_unaligned(*sum);
                }
            }
        }
    }
}

impl<R: Real> pulp::WithSimd for Product<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let vectors = self.columns.div_ceil(lanes);
        // Twelve sums fit into sixteen registers, and keep two multipliers busy.
        if !vectors.is_multiple_of(2) && vectors.is_multiple_of(3) {
            self.blocks::<S, 4, 3>(simd);
        } else {
            self.blocks::<S, 6, 2>(simd);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f64> {
        (0..count).map(|i| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    /// Sizes `(rows, columns, terms)`: fewer than a block has, and remainders.
    fn sizes() -> Vec<(usize, usize, usize)> {
        let counts = [1, 2, 3, 5, 6, 7, 13];
        let pairs = counts.iter().flat_map(|rows| counts.iter().map(move |n| (*rows, 4 * n - 3)));
        pairs.flat_map(|(rows, columns)| [0, 1, 9].map(|terms| (rows, columns, terms))).collect()
    }

    /// Fails unless the product is that of the formula.
    fn check((rows, columns, terms): (usize, usize, usize), steps: (usize, usize), add: bool) {
        let (row_step, step) = steps;
        let stride = columns.next_multiple_of(8);
        let (left, right) = (numbers(400), numbers((terms + 1) * stride));
        let mut found = numbers(rows * stride);
        let before = found.clone();
        Product {
            left: &left,
            row_step,
            step,
            right: &right,
            right_stride: stride,
            terms,
            rows,
            columns,
            out: &mut found,
            out_stride: stride,
            add,
        }
        .run();
        for (m, t) in (0..rows).flat_map(|m| (0..columns).map(move |t| (m, t))) {
            let term = |p: usize| left[m * row_step + p * step] * right[p * stride + t];
            let start = if add { before[m * stride + t] } else { 0.0 };
            let want = start + (0..terms).map(term).sum::<f64>();
            let found = found[m * stride + t];
            assert!((found - want).abs() < 1e-12, "{rows} {columns} {terms}: {m} {t}");
        }
    }

    #[test]
    fn products_of_blocks_are_those_of_the_formula_for_every_size() {
        for (rows, columns, terms) in sizes() {
            // Rows of the left factor beside each other, and behind each other.
            for steps in [(1, rows + 2), (terms + 1, 1)] {
                check((rows, columns, terms), steps, false);
                check((rows, columns, terms), steps, true);
            }
        }
    }
}
