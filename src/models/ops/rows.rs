//! What operations pass to each other: one clip of a map as rows of bins, zeros around each row.
use crate::simd::real::Real;

/// Numbers of rows, bins, and zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Frequency bands.
    pub bands: usize,
    /// Rows of each band: channels, hidden units or neurons.
    pub channels: usize,
    /// Bins of a row.
    pub bins: usize,
    /// Zeros before each row.
    pub left: usize,
    /// Zeros after each row, at least.
    pub right: usize,
}

impl Layout {
    /// Rows of units, in one band, behind so many zeros each.
    pub fn of_units(channels: usize, bins: usize, left: usize) -> Self {
        Self { bands: 1, channels, bins, left, right: 0 }
    }

    /// All rows.
    pub fn rows(self) -> usize {
        self.bands * self.channels
    }

    /// The same rows without zeros asked for.
    #[must_use]
    pub fn bare(self) -> Self {
        Self { left: 0, right: 0, ..self }
    }
}

/// A map of one clip: row `(band, channel)` lies at `band · channels + channel`.
///
/// Behind each row lies at least one vector of zeros, so that loops over whole vectors stay inside.
#[derive(Debug, Clone, Default)]
pub struct Rows<R> {
    layout: Layout,
    stride: usize,
    values: Vec<R>,
}

/// Values of a cache line of f32. Rows an odd number of lines apart spread over all of a cache.
const LINE: usize = 16;

impl<R: Real> Rows<R> {
    /// Takes on a layout; the values are then all zero, unless it is the layout that it had.
    pub fn arrange(&mut self, layout: Layout) {
        if self.layout == layout && !self.values.is_empty() {
            return;
        }
        let Layout { bins, left, right, .. } = layout;
        let lines = (left + bins + right.max(R::MOST_LANES)).div_ceil(LINE);
        self.layout = layout;
        self.stride = (lines | 1) * LINE;
        self.values.clear();
        self.values.resize(layout.rows() * self.stride + R::MOST_LANES, R::constant(0.0));
    }

    /// Numbers of rows, bins and zeros.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// From the start of one row to that of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Everything, zeros included; a row's first bin lies `left` behind a multiple of the stride.
    pub fn values(&self) -> &[R] {
        &self.values
    }

    /// The rows with the zeros around them, one after the other.
    pub fn padded_mut(&mut self) -> &mut [R] {
        let whole = self.layout.rows() * self.stride;
        &mut self.values[..whole]
    }

    /// The bins of a row.
    pub fn row(&self, row: usize) -> &[R] {
        let at = row * self.stride + self.layout.left;
        &self.values[at..at + self.layout.bins]
    }

    /// The bins of every row.
    pub fn rows(&self) -> impl Iterator<Item = &[R]> {
        (0..self.layout.rows()).map(|row| self.row(row))
    }

    /// The bins of every row.
    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [R]> {
        let Layout { bins, left, .. } = self.layout;
        let stride = self.stride.max(1);
        self.padded_mut().chunks_exact_mut(stride).map(move |row| &mut row[left..left + bins])
    }

    /// The bins of the rows of each band, in which an operation computes on its own.
    pub fn bands_mut(&mut self) -> Vec<Vec<&mut [R]>> {
        let Layout { bands, channels, .. } = self.layout;
        let mut rows = self.rows_mut();
        (0..bands).map(|_| rows.by_ref().take(channels).collect()).collect()
    }

    /// Takes the bins from a contiguous map `(C, F, T)`.
    pub fn copy_channels(&mut self, values: &[R]) {
        let Layout { bands, channels, bins, .. } = self.layout;
        for (at, row) in self.rows_mut().enumerate() {
            let from = ((at % channels) * bands + at / channels) * bins;
            row.copy_from_slice(&values[from..from + bins]);
        }
    }

    /// Appends the bins as a contiguous map `(C, F, T)`.
    pub fn append_channels(&self, values: &mut Vec<R>) {
        let Layout { bands, channels, .. } = self.layout;
        for channel in 0..channels {
            for band in 0..bands {
                values.extend_from_slice(self.row(band * channels + channel));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_their_zeros_around_them_and_do_not_share_cache_sets() {
        let layout = Layout { bands: 3, channels: 2, bins: 1000, left: 8, right: 24 };
        let mut rows = Rows::<f32>::default();
        rows.arrange(layout);
        rows.rows_mut().enumerate().for_each(|(i, row)| row.fill(1.0 + i as f32));
        let stride = rows.stride();
        assert!(stride >= 8 + 1000 + 24 && (stride / LINE) % 2 == 1);
        for row in 0..6 {
            let whole = &rows.values()[row * stride..(row + 1) * stride];
            let (left, rest) = whole.split_at(8);
            let (bins, right) = rest.split_at(1000);
            assert!(left.iter().chain(right).all(|x| *x == 0.0));
            assert!(bins == [1.0 + row as f32; 1000] && bins == rows.row(row));
        }
        rows.arrange(Layout { bins: 10, ..layout });
        assert!(rows.rows().all(|row| row == [0.0; 10]));
    }
}
