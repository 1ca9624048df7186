//! A matrix times one vector after the other, as recurrences need it: each product waits for the one
//! before, so that rows are computed side by side and the matrix stays in the cache.
use pulp::Simd;

use super::level::dispatch;
use super::real::Real;

/// Most vectors of the longest registers side by side in a panel.
const MOST_UNITS: usize = 4;

/// A matrix in panels of neighbouring rows, column after column in each.
#[derive(Debug, Clone, Default)]
pub struct Panels<R> {
    rows: usize,
    columns: usize,
    values: Vec<R>,
}

/// `count` as a multiple of the lanes of the longest registers.
pub fn padded<R: Real>(count: usize) -> usize {
    count.next_multiple_of(R::MOST_LANES)
}

impl<R: Real> Panels<R> {
    /// The matrix `(rows, columns)` that a function gives, `rows` a multiple of the lanes of the
    /// longest registers.
    pub fn new(rows: usize, columns: usize, at: impl Fn(usize, usize) -> R) -> Self {
        let mut values = Vec::with_capacity(rows * columns);
        for (first, width) in panels::<R>(rows) {
            for column in 0..columns {
                values.extend((first..first + width).map(|row| at(row, column)));
            }
        }
        Self { rows, columns, values }
    }

    /// `out(m) += Σ_j weight(m, j) · x(j)`.
    ///
    /// # Panics
    /// Sizes do not fit each other, which is a mistake of the caller.
    pub fn add_product(&self, x: &[R], out: &mut [R]) {
        assert_eq!((x.len(), out.len()), (self.columns, self.rows), "a matrix and its vectors");
        assert_eq!(self.values.len(), self.rows * self.columns, "panels of a matrix");
        dispatch(PanelProduct { matrix: self, x, out });
    }
}

/// First row and number of rows of each panel: as equal as units of the longest registers allow.
fn panels<R: Real>(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let units = rows / R::MOST_LANES;
    let count = units.div_ceil(MOST_UNITS);
    let start = move |panel: usize| units * panel / count.max(1) * R::MOST_LANES;
    (0..count).map(move |panel| (start(panel), start(panel + 1) - start(panel)))
}

struct PanelProduct<'a, R> {
    matrix: &'a Panels<R>,
    x: &'a [R],
    out: &'a mut [R],
}

impl<R: Real> pulp::WithSimd for PanelProduct<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, x, out } = self;
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        for (first, width) in panels::<R>(matrix.rows) {
            let panel = &matrix.values[first * matrix.columns..(first + width) * matrix.columns];
            let units = width / R::MOST_LANES;
            // A panel is as many registers wide as it has units, once or several times.
            for at in (0..width).step_by(units * lanes) {
                let out = &mut out[first + at..first + at + units * lanes];
                match units {
                    1 => strip::<R, S, 1, 8>(simd, &panel[at..], width, x, out),
                    2 => strip::<R, S, 2, 4>(simd, &panel[at..], width, x, out),
                    3 => strip::<R, S, 3, 3>(simd, &panel[at..], width, x, out),
                    _ => strip::<R, S, 4, 2>(simd, &panel[at..], width, x, out),
                }
            }
        }
    }
}

/// `V` vectors of rows, `I` columns side by side, so that no sum waits for the one before.
#[inline(always)]
fn strip<R: Real, S: Simd, const V: usize, const I: usize>(
    simd: S,
    panel: &[R],
    width: usize,
    x: &[R],
    out: &mut [R],
) {
    let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
    let reached = x.len().checked_sub(1).map_or(0, |last| last * width + V * lanes);
    assert!(reached <= panel.len() && out.len() == V * lanes, "a strip lies inside its panel");
    let mut sums = [[R::splat(simd, R::constant(0.0)); V]; I];
    #[expect(unsafe_code, reason = "all reads and writes lie inside, as asserted above")]
    unsafe {
        let (panel, out) = (panel.as_ptr(), out.as_mut_ptr());
        let whole = x.len() / I * I;
        let place = |column: usize, v: usize| panel.add(column * width + v * lanes);
        for j in (0..whole).step_by(I) {
            for (i, sums) in sums.iter_mut().enumerate() {
                let factor = R::splat(simd, *x.get_unchecked(j + i));
                for (v, sum) in sums.iter_mut().enumerate() {
                    let weight = place(j + i, v).cast::<R::Vector<S>>().read_unaligned();
                    *sum = R::mul_add(simd, factor, weight, *sum);
                }
            }
        }
        for j in whole..x.len() {
            let factor = R::splat(simd, *x.get_unchecked(j));
            for (v, sum) in sums[j - whole].iter_mut().enumerate() {
                let weight = place(j, v).cast::<R::Vector<S>>().read_unaligned();
                *sum = R::mul_add(simd, factor, weight, *sum);
            }
        }
        for v in 0..V {
            let at = out.add(v * lanes).cast::<R::Vector<S>>();
            let mut sum = at.read_unaligned();
            for sums in &sums {
                sum = R::add_lanes(simd, sum, sums[v]);
            }
            at.write_unaligned(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::level::Level;

    /// Fails unless a product is that of the formula.
    fn check(units: usize, columns: usize, level: Level) {
        let value = |i: usize| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0;
        let rows = units * <f64 as Real>::MOST_LANES;
        let matrix = Panels::new(rows, columns, |m, j| value(m * columns + j));
        let x: Vec<f64> = (0..columns).map(|j| value(3 * j)).collect();
        let mut out: Vec<f64> = (0..rows).map(value).collect();
        level.run(|| matrix.add_product(&x, &mut out)).unwrap();
        for (m, found) in out.iter().enumerate() {
            let want = value(m) + (0..columns).map(|j| value(m * columns + j) * x[j]).sum::<f64>();
            assert!((found - want).abs() < 1e-12, "{units} {columns} {m} {level}");
        }
    }

    #[test]
    fn products_are_those_of_the_formula_for_every_size_and_level() {
        for level in Level::available() {
            for (units, columns) in (1..=9).flat_map(|units| [1, 2, 7, 16, 70].map(|c| (units, c)))
            {
                check(units, columns, level);
            }
        }
    }
}
