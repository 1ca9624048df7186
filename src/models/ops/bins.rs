//! A clip bin after bin, as recurrences go through it: the values of one bin lie beside each other.
use super::rows::Rows;
use crate::simd::real::Real;

/// `(T, W)`.
#[derive(Debug, Clone, Default)]
pub struct Bins<R> {
    width: usize,
    values: Vec<R>,
}

/// Bins that are turned at a time, while their lines lie in the cache.
const BLOCK: usize = 16;

impl<R: Real> Bins<R> {
    /// Takes on sizes; the values are then all zero, unless it had these sizes.
    pub fn arrange(&mut self, bins: usize, width: usize) {
        if self.width == width && self.values.len() == bins * width {
            return;
        }
        self.width = width;
        self.values.clear();
        self.values.resize(bins * width, R::constant(0.0));
    }

    /// The values of a bin.
    pub fn at(&self, bin: usize) -> &[R] {
        &self.values[bin * self.width..(bin + 1) * self.width]
    }

    /// The values of a bin.
    pub fn at_mut(&mut self, bin: usize) -> &mut [R] {
        &mut self.values[bin * self.width..(bin + 1) * self.width]
    }

    /// The values of a bin to read, and those of the next one to write.
    pub fn at_and_next(&mut self, bin: usize) -> (&[R], &mut [R]) {
        let (before, after) = self.values.split_at_mut((bin + 1) * self.width);
        (&before[bin * self.width..], &mut after[..self.width])
    }

    /// Takes over rows from bin `first` on, each at its place among the values of a bin.
    pub fn take(&mut self, first: usize, rows: &Rows<R>, place: impl Fn(usize) -> usize) {
        let width = self.width;
        for from in (0..rows.layout().bins).step_by(BLOCK) {
            for (row, values) in rows.rows().enumerate() {
                let values = values[from..].iter().take(BLOCK);
                let to = self.values[(first + from) * width + place(row)..].iter_mut();
                to.step_by(width).zip(values).for_each(|(to, value)| *to = *value);
            }
        }
    }

    /// Gives bins from `first` on to rows, each from its place among the values of a bin.
    pub fn give(&self, first: usize, rows: &mut Rows<R>, place: impl Fn(usize) -> usize) {
        let (bins, width) = (rows.layout().bins, self.width);
        let mut rows: Vec<&mut [R]> = rows.rows_mut().collect();
        for from in (0..bins).step_by(BLOCK) {
            for (row, values) in rows.iter_mut().enumerate() {
                let values = values[from..].iter_mut().take(BLOCK);
                let own = self.values[(first + from) * width + place(row)..].iter();
                values.zip(own.step_by(width)).for_each(|(value, own)| *value = *own);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::ops::rows::Layout;

    #[test]
    fn rows_come_back_as_they_were() {
        let layout = Layout { bands: 1, channels: 5, bins: 37, left: 3, right: 0 };
        let (mut rows, mut again) = (Rows::<f64>::default(), Rows::<f64>::default());
        rows.arrange(layout);
        again.arrange(layout);
        for (at, row) in rows.rows_mut().enumerate() {
            row.iter_mut().enumerate().for_each(|(t, x)| *x = (100 * at + t) as f64);
        }
        let mut bins = Bins::default();
        bins.arrange(38, 16);
        bins.take(1, &rows, |row| 2 * row);
        assert_eq!(bins.at(3)[..6], [2.0, 0.0, 102.0, 0.0, 202.0, 0.0]);
        bins.give(1, &mut again, |row| 2 * row);
        assert!(rows.rows().eq(again.rows()));
    }
}
