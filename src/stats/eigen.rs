//! Eigenvalues and eigenvectors of symmetric matrices.
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rand::Rng;

use crate::base::rng;

/// A symmetric matrix of at most so many rows is decomposed as a whole.
const WHOLE: usize = 48;
/// Vectors that are iterated beside those that are asked for: they make the iteration converge.
const SPARE: usize = 10;
/// Steps after which an iteration ends at the latest.
const MOST_STEPS: usize = 300;
/// Relative change of the eigenvalues at which an iteration ends.
const TOLERANCE: f64 = 1e-12;
/// Sweeps after which the rotations end at the latest; they converge in about 8.
const MOST_SWEEPS: usize = 60;

/// Eigenvalues, largest first, and the eigenvectors that belong to them.
#[derive(Debug, Clone)]
pub struct Eigen {
    /// The eigenvalues in descending order.
    pub values: Vec<f64>,
    /// The eigenvector of each eigenvalue, one unit vector a row.
    pub vectors: Array2<f64>,
}

/// The `count` largest eigenvalues (fewer where the matrix is smaller) of a symmetric, positive
/// semidefinite matrix.
///
/// Small matrices by cyclic Jacobi rotations, others by subspace iteration with a Rayleigh-Ritz
/// step from a fixed start.
///
/// Sources: Golub & Van Loan (2013), Matrix Computations, 4th ed., 8.5; Halko, Martinsson & Tropp
/// (2011), SIAM Rev. 53(2):217-288, doi:10.1137/090771806.
pub fn largest(matrix: ArrayView2<f64>, count: usize) -> Eigen {
    let rows = matrix.nrows();
    let kept = (count + SPARE).min(rows);
    let whole =
        if rows <= WHOLE.max(kept) { jacobi(matrix.to_owned()) } else { iterated(matrix, kept) };
    let count = count.min(rows);
    Eigen {
        values: whole.values[..count].to_vec(),
        vectors: whole.vectors.slice(s![..count, ..]).to_owned(),
    }
}

fn iterated(matrix: ArrayView2<f64>, kept: usize) -> Eigen {
    let mut rng = rng::generator(0, "subspace iteration");
    let start =
        Array2::from_shape_simple_fn((kept, matrix.nrows()), || rng.random_range(-1.0..1.0));
    let mut found = Eigen { values: vec![0.0; kept], vectors: orthonormal(start) };
    for _ in 0..MOST_STEPS {
        let basis = orthonormal(found.vectors.dot(&matrix));
        let ritz = jacobi(basis.dot(&matrix).dot(&basis.t()));
        let largest = ritz.values[0].abs();
        let changes = ritz.values.iter().zip(&found.values).take(kept - SPARE.min(kept - 1));
        let change = changes.map(|(new, old)| (new - old).abs()).fold(0.0, f64::max);
        found = Eigen { vectors: ritz.vectors.dot(&basis), values: ritz.values };
        if change <= TOLERANCE * largest {
            break;
        }
    }
    found
}

/// The rows made orthonormal one after the other, twice against rounding; a row that depends on
/// earlier ones becomes 0.
fn orthonormal(mut rows: Array2<f64>) -> Array2<f64> {
    for at in 0..rows.nrows() {
        let (before, mut from) = rows.view_mut().split_at(Axis(0), at);
        let mut row = from.row_mut(0);
        let length = row.dot(&row).sqrt();
        for _ in 0..2 {
            let shares = before.dot(&row);
            row -= &shares.dot(&before);
        }
        let left = row.dot(&row).sqrt();
        let dependent = left <= 1e-13 * length;
        row.mapv_inplace(|value| if dependent { 0.0 } else { value / left });
    }
    rows
}

/// All eigenvalues and eigenvectors by cyclic Jacobi rotations.
fn jacobi(mut a: Array2<f64>) -> Eigen {
    let n = a.nrows();
    let mut vectors = Array2::eye(n);
    let size = a.iter().map(|value| value * value).sum::<f64>();
    for _ in 0..MOST_SWEEPS {
        let off: f64 = a.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, v)| v * v).sum();
        if off <= 1e-30 * size {
            break;
        }
        for (p, q) in (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q))) {
            rotate(&mut a, &mut vectors, p, q);
        }
    }
    sorted(&a.diag().to_owned(), &vectors)
}

/// Makes `a(p, q)` zero; the rows of `vectors` turn with it.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    if a[[p, q]] == 0.0 {
        return;
    }
    let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cos = 1.0 / t.hypot(1.0);
    let turn = (cos, t * cos);
    for k in 0..a.nrows() {
        turn_pair(a, [k, p], [k, q], turn);
    }
    for k in 0..a.nrows() {
        turn_pair(a, [p, k], [q, k], turn);
        turn_pair(vectors, [p, k], [q, k], turn);
    }
}

fn turn_pair(of: &mut Array2<f64>, p: [usize; 2], q: [usize; 2], (cos, sin): (f64, f64)) {
    let (left, right) = (of[p], of[q]);
    of[p] = cos * left - sin * right;
    of[q] = sin * left + cos * right;
}

fn sorted(values: &Array1<f64>, vectors: &Array2<f64>) -> Eigen {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| values[*right].total_cmp(&values[*left]));
    Eigen {
        values: order.iter().map(|at| values[*at]).collect(),
        vectors: vectors.select(Axis(0), &order),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Σ_i λ_i v_i v_iᵀ` of known eigenvalues and orthonormal vectors.
    fn made(values: &[f64], rows: usize) -> (Array2<f64>, Array2<f64>) {
        let mut rng = rng::generator(3, "eigenvectors");
        let start =
            Array2::from_shape_simple_fn((values.len(), rows), || rng.random_range(-1.0..1.0));
        let vectors = orthonormal(start);
        let scaled = &vectors * &Array2::from_shape_fn((values.len(), 1), |(i, _)| values[i]);
        (vectors.t().dot(&scaled), vectors)
    }

    #[test]
    fn known_eigenvalues_and_vectors_come_back_from_small_and_large_matrices() {
        let values: Vec<f64> = (0..30).map(|i| 9.0 * 0.7f64.powi(i)).collect();
        for rows in [31, 170] {
            let (matrix, vectors) = made(&values, rows);
            let found = largest(matrix.view(), 5);
            assert_eq!(found.vectors.dim(), (5, rows));
            for (i, value) in values.iter().enumerate().take(5) {
                assert!((found.values[i] - value).abs() < 1e-9, "{rows}: {:?}", found.values);
                let cosine = found.vectors.row(i).dot(&vectors.row(i)).abs();
                assert!((cosine - 1.0).abs() < 1e-9, "{rows}, vector {i}: {cosine}");
            }
        }
    }

    #[test]
    fn a_matrix_of_rank_one_has_one_eigenvalue_and_no_nan() {
        let (matrix, _) = made(&[4.0], 90);
        let found = largest(matrix.view(), 3);
        assert!((found.values[0] - 4.0).abs() < 1e-12, "{:?}", found.values);
        assert!(found.values[1..].iter().all(|value| value.abs() < 1e-12), "{:?}", found.values);
    }
}
