//! A safe face of the matrix product of the crate `gemm`.
use candle_core::WithDType;
use gemm::Parallelism;

/// A view of a matrix inside a slice: element `(i, j)` lies at `i · row_stride + j · column_stride`.
#[derive(Clone, Copy)]
pub struct View {
    pub rows: usize,
    pub columns: usize,
    pub row_stride: usize,
    pub column_stride: usize,
}

impl View {
    /// Rows one after the other.
    pub fn row_major(rows: usize, columns: usize) -> Self {
        Self { rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same elements with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// Number of elements a slice must have to hold the matrix.
    fn extent(self) -> usize {
        match (self.rows, self.columns) {
            (0, _) | (_, 0) => 0,
            (rows, columns) => {
                (rows - 1) * self.row_stride + (columns - 1) * self.column_stride + 1
            }
        }
    }
}

/// `out += left · right` on one thread, `out` being row-major.
pub fn add_product<T: WithDType>(
    out: &mut [T],
    (left, left_view): (&[T], View),
    (right, right_view): (&[T], View),
) {
    let (m, n, k) = (left_view.rows, right_view.columns, left_view.columns);
    assert_eq!(k, right_view.rows, "inner sizes of a matrix product");
    assert_eq!(out.len(), m * n, "size of a matrix product");
    assert!(left.len() >= left_view.extent(), "left factor is too short");
    assert!(right.len() >= right_view.extent(), "right factor is too short");
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    // Slices are never longer than isize::MAX bytes, so strides inside them fit.
    #[expect(clippy::cast_possible_wrap, reason = "strides lie within a slice")]
    let signed = |stride: usize| stride as isize;
    #[expect(unsafe_code, reason = "gemm takes pointers; the sizes were checked just above")]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            signed(n),
            true,
            left.as_ptr(),
            signed(left_view.column_stride),
            signed(left_view.row_stride),
            right.as_ptr(),
            signed(right_view.column_stride),
            signed(right_view.row_stride),
            T::from_f64(1.0),
            T::from_f64(1.0),
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
