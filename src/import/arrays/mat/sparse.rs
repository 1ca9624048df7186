//! Sparse arrays of MATLAB, filled up with zeros.
use crate::base::memory;
use crate::dataset::schema::shape;
use crate::import::arrays::value::FromF64;

/// Sparse arrays of up to so many places are filled up whatever they hold.
const SMALL: usize = 1 << 24;
/// Larger ones where one of so many places has a value: silent neurons have fewer spikes than one
/// in a minute of milliseconds, a damaged size has none.
const PLACES_A_VALUE: usize = 1 << 16;

/// Values and where they lie, column by column.
pub(super) struct Columns<T> {
    /// Rows and columns.
    pub(super) dims: [usize; 2],
    /// The row of each value, from 0.
    pub(super) rows: Vec<f64>,
    /// For each column, at which value it begins; at the end how many there are.
    pub(super) starts: Vec<f64>,
    /// The values other than 0.
    pub(super) values: Vec<T>,
}

impl<T: FromF64> Columns<T> {
    /// All values, column by column.
    ///
    /// # Errors
    /// In words what does not fit.
    pub(super) fn full(&self) -> Result<Vec<T>, String> {
        let Self { dims: [rows, columns], .. } = *self;
        if self.starts.len() != columns.saturating_add(1) {
            let found = self.starts.len().saturating_sub(1);
            return Err(format!("a sparse array of {columns} columns with values for {found}"));
        }
        let mut full = zeros([rows, columns], self.values.len())?;
        for (column, range) in self.starts.windows(2).enumerate() {
            let (from, to) = (index(range[0]), index(range[1]));
            let places = from.zip(to).and_then(|(from, to)| {
                Some((self.rows.get(from..to)?, self.values.get(from..to)?))
            });
            let (places, values) = places.ok_or("a sparse array with fewer values than places")?;
            for (row, value) in places.iter().zip(values) {
                let row = index(*row).filter(|row| *row < rows);
                let row = row.ok_or("a sparse array with a value outside of it")?;
                full[column * rows + row] = *value;
            }
        }
        Ok(full)
    }
}

/// A place in a list, where it is one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
pub(super) fn index(number: f64) -> Option<usize> {
    const LARGEST: f64 = 9e15;
    (number.fract() == 0.0 && (0.0..LARGEST).contains(&number)).then_some(number as usize)
}

/// Zeros for all places of an array that holds so many values.
///
/// # Errors
/// There are too many places for so few values, or for the memory.
pub(super) fn zeros<T: FromF64>(dims: [usize; 2], values: usize) -> Result<Vec<T>, String> {
    let places = dims[0].checked_mul(dims[1]);
    let most = SMALL.max(values.saturating_mul(PLACES_A_VALUE));
    let mut full = Vec::new();
    let fits = |places: &usize| {
        *places <= most
            && memory::take_values::<T>(*places).is_ok()
            && full.try_reserve_exact(*places).is_ok()
    };
    let places = places.filter(fits).ok_or_else(|| {
        let dims = shape(&dims);
        format!("a sparse array {dims} of {values} values, too large to be filled up")
    })?;
    full.resize(places, T::from_f64(0.0));
    Ok(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(starts: &[f64], rows: &[f64]) -> Columns<f64> {
        Columns {
            dims: [3, 2],
            rows: rows.to_vec(),
            starts: starts.to_vec(),
            values: vec![7.0, 8.0, 9.0],
        }
    }

    #[test]
    fn values_lie_where_rows_and_columns_say() {
        let full = columns(&[0.0, 1.0, 3.0], &[2.0, 0.0, 1.0]).full().unwrap();
        assert_eq!(full, [0.0, 0.0, 7.0, 8.0, 9.0, 0.0]);
        let empty = Columns::<f64> { values: vec![], ..columns(&[0.0, 0.0, 0.0], &[]) };
        assert_eq!(empty.full().unwrap(), [0.0; 6]);
    }

    #[test]
    fn places_and_sizes_that_cannot_be_are_refused() {
        let refused = |columns: Columns<f64>| columns.full().unwrap_err();
        let outside = refused(columns(&[0.0, 1.0, 3.0], &[3.0, 0.0, 1.0]));
        assert_eq!(outside, "a sparse array with a value outside of it");
        let few = "a sparse array with fewer values than places";
        assert_eq!(refused(columns(&[0.0, 1.0, 4.0], &[2.0, 0.0, 1.0, 1.0])), few);
        assert_eq!(refused(columns(&[0.0, 2.0, -1.0], &[2.0, 0.0, 1.0])), few);
        assert_eq!(refused(columns(&[0.0, f64::NAN, 3.0], &[2.0, 0.0, 1.0])), few);
        assert_eq!(
            refused(columns(&[0.0, 3.0], &[2.0, 0.0, 1.0])),
            "a sparse array of 2 columns with values for 1"
        );
        let huge = Columns { dims: [usize::MAX, 2], ..columns(&[0.0, 1.0, 3.0], &[2.0, 0.0, 1.0]) };
        assert!(refused(huge).ends_with("of 3 values, too large to be filled up"));
        let wide = Columns { dims: [1 << 40, 2], ..columns(&[0.0, 1.0, 3.0], &[2.0, 0.0, 1.0]) };
        assert!(refused(wide).ends_with("of 3 values, too large to be filled up"));
    }
}
