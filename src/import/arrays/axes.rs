//! Axes of arrays by name, and arrays with their axes in another order.
use std::fmt;
use std::str::FromStr;

use ndarray::{ArrayD, Axis as NdAxis};

use crate::base::wording::{did_you_mean, joined};

/// What an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedAxis {
    /// Stimuli `S`.
    Stimulus,
    /// Neurons `N`.
    Neuron,
    /// Repeats `R`.
    Repeat,
    /// Bands `F`.
    Frequency,
    /// Bins `T`.
    Time,
}

impl NamedAxis {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Stimulus, "stimulus"),
        (Self::Neuron, "neuron"),
        (Self::Repeat, "repeat"),
        (Self::Frequency, "frequency"),
        (Self::Time, "time"),
    ];

    /// What `--axes` calls the axis.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(axis, _)| *axis == self).map_or("", |(_, word)| word)
    }
}

/// Names of the axes of an array, in its order, each at most once: `stimulus,neuron,repeat,time`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes(pub Vec<NamedAxis>);

impl FromStr for Axes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut axes: Vec<NamedAxis> = Vec::new();
        for name in text.split(',').map(str::trim) {
            let known = NamedAxis::ALL.iter().find(|(_, word)| *word == name);
            let (axis, _) = known.ok_or_else(|| unknown(name))?;
            if axes.contains(axis) {
                return Err(format!("found {name} twice, expected each axis once"));
            }
            axes.push(*axis);
        }
        Ok(Self(axes))
    }
}

fn unknown(name: &str) -> String {
    let words = NamedAxis::ALL.map(|(_, word)| word);
    let hint = did_you_mean(name, words);
    let hint = if hint.is_empty() { hint } else { format!(" ({hint})") };
    format!("found {name:?}, expected names out of {}{hint}", joined(&words, "and"))
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|axis| axis.word()).collect();
        write!(f, "{}", words.join(","))
    }
}

/// Whether a kind of file keeps axes of length 1 at the end of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastAxes {
    /// As NumPy and HDF5 do.
    Kept,
    /// MATLAB drops them from the third on.
    Dropped,
}

/// The array with as many axes as are named: axes of length 1 are taken out where there are more,
/// put at the end where MATLAB has dropped them; nothing where that is not enough.
pub fn with_rank(array: ArrayD<f32>, axes: &[NamedAxis], last: LastAxes) -> Option<ArrayD<f32>> {
    let mut array = array;
    while array.ndim() > axes.len() {
        let single = array.shape().iter().position(|length| *length == 1)?;
        array = array.remove_axis(NdAxis(single));
    }
    while array.ndim() < axes.len() {
        if last == LastAxes::Kept {
            return None;
        }
        let rank = array.ndim();
        array = array.insert_axis(NdAxis(rank));
    }
    Some(array)
}

/// The array, whose axes are `axes`, with its axes in `order`; those that it lacks have length 1.
/// Every axis of the array is in `order`.
pub fn arranged(array: ArrayD<f32>, axes: &[NamedAxis], order: &[NamedAxis]) -> ArrayD<f32> {
    let (mut array, mut axes) = (array, axes.to_vec());
    for axis in order {
        if !axes.contains(axis) {
            array = array.insert_axis(NdAxis(axes.len()));
            axes.push(*axis);
        }
    }
    let place = |axis: &NamedAxis| axes.iter().position(|known| known == axis).unwrap_or_default();
    array.permuted_axes(order.iter().map(place).collect::<Vec<usize>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::IxDyn;

    #[test]
    fn axes_are_read_and_written() {
        let axes: Axes = "stimulus, neuron,repeat,time".parse().unwrap();
        assert_eq!(axes.to_string(), "stimulus,neuron,repeat,time");
        for (text, message) in [
            (
                "neuron,tme",
                "found \"tme\", expected names out of stimulus, neuron, repeat, frequency and time (did you mean time?)",
            ),
            ("time,time", "found time twice, expected each axis once"),
        ] {
            assert_eq!(text.parse::<Axes>().unwrap_err(), message);
        }
    }

    #[test]
    fn an_array_is_turned_and_gets_the_axes_that_it_lacks() {
        let array = ArrayD::from_shape_fn(IxDyn(&[5, 3]), |at| (10 * at[0] + at[1]) as f32);
        let order = [NamedAxis::Neuron, NamedAxis::Repeat, NamedAxis::Time];
        let turned = arranged(array, &[NamedAxis::Time, NamedAxis::Neuron], &order);
        assert_eq!(turned.shape(), [3, 1, 5]);
        assert!((turned[[2, 0, 4]] - 42.0).abs() < f32::EPSILON);
    }

    #[test]
    fn single_axes_come_and_go_to_fit_the_names() {
        let of = |shape: &[usize]| ArrayD::<f32>::zeros(IxDyn(shape));
        let axes = [NamedAxis::Neuron, NamedAxis::Time];
        let shape = |array, last| with_rank(array, &axes, last).map(|array| array.shape().to_vec());
        assert_eq!(shape(of(&[4, 1, 7]), LastAxes::Kept), Some(vec![4, 7]));
        assert_eq!(shape(of(&[4]), LastAxes::Dropped), Some(vec![4, 1]));
        assert_eq!(shape(of(&[4]), LastAxes::Kept), None);
        assert_eq!(shape(of(&[4, 2, 7]), LastAxes::Kept), None);
    }
}
