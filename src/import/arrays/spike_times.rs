//! Spike times where responses in bins are expected: what tells them.
use ndarray::{ArrayD, ArrayView1, Axis as NdAxis};

use super::axes::{Axes, NamedAxis};
use super::value::ArrayValue;

/// The chance that numbers in any order rise, below which they are no responses.
const CHANCE: f64 = 0.01;
/// The same of arrays, of which any axis may be the one of the times.
const CHANCE_OF_ARRAYS: f64 = 0.001;
/// Of numbers that rise, one in so many steps may be none: two spikes in one millisecond.
const STEPS_A_TIE: usize = 4;

/// Numbers that rise along each vector, as times do and responses do not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rising {
    /// The least of them.
    pub from: f32,
    /// The largest.
    pub to: f32,
    /// The shortest step between two of them.
    shortest: f32,
    /// The longest.
    longest: f32,
    /// Logarithm of the chance that this happens to numbers in any order.
    chance: f64,
}

/// Whether the value looks like spike times: in all vectors the numbers rise, in steps of different
/// sizes, and there are not as many as a clip has bins. Zeros and NaN at the end fill up.
pub fn rising(value: &ArrayValue, sounds: &ArrayValue, given: Option<&Axes>) -> Option<Rising> {
    let (leaves, bins) = (leaves(value), bins(sounds, given));
    let is_clip = |length: &usize| bins.contains(length);
    if leaves.iter().all(|leaf| is_vector(leaf)) {
        let as_clips = leaves.iter().all(|leaf| is_clip(&leaf.len()));
        let lanes = leaves.iter().filter_map(|leaf| along(leaf, longest_axis(leaf)).next());
        return Rising::of(lanes, CHANCE).filter(|_| !as_clips);
    }
    if leaves.iter().any(|leaf| leaf.shape().iter().any(is_clip)) {
        return None;
    }
    let axes = leaves.iter().map(|leaf| leaf.ndim()).max().unwrap_or(0);
    (0..axes).find_map(|axis| {
        let lanes = leaves.iter().flat_map(|leaf| along(leaf, axis.min(leaf.ndim() - 1)));
        Rising::of(lanes, CHANCE_OF_ARRAYS)
    })
}

/// Whether the value holds lists of numbers that rise in each.
pub fn rises(value: &ArrayValue) -> bool {
    let leaves = leaves(value);
    let lanes = leaves.iter().filter_map(|leaf| along(leaf, longest_axis(leaf)).next());
    leaves.iter().all(|leaf| is_vector(leaf)) && Rising::of(lanes, CHANCE).is_some()
}

impl Rising {
    /// What all vectors have in common, if numbers rise in each.
    fn of<'a>(lanes: impl Iterator<Item = ArrayView1<'a, f32>>, chance: f64) -> Option<Self> {
        let nothing = Self {
            from: f32::INFINITY,
            to: f32::NEG_INFINITY,
            shortest: f32::INFINITY,
            longest: 0.0,
            chance: 0.0,
        };
        let all = lanes.into_iter().try_fold(nothing, |all, lane| all.with(lane))?;
        let uneven = all.longest > all.shortest * 1.001;
        (uneven && all.chance < chance.ln()).then_some(all)
    }

    fn with(self, lane: ArrayView1<f32>) -> Option<Self> {
        let filled = |number: &&f32| number.is_nan() || **number == 0.0;
        let length = lane.len() - lane.iter().rev().take_while(filled).count();
        let lane: Vec<f32> = lane.iter().take(length).copied().collect();
        let steps: Vec<f32> = lane.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let rising: Vec<f32> = steps.iter().copied().filter(|step| *step > 0.0).collect();
        let ties = steps.iter().filter(|step| **step == 0.0).count();
        let all_rise = rising.len() + ties == steps.len() && ties * STEPS_A_TIE <= steps.len();
        let finite = lane.iter().all(|number| number.is_finite());
        // Numbers in any order rise all the way in one of so many orders.
        let orders: f64 = (1..=rising.len() + 1).map(|number| (number as f64).ln()).sum();
        (all_rise && finite).then(|| Self {
            from: lane.iter().copied().fold(self.from, f32::min),
            to: lane.iter().copied().fold(self.to, f32::max),
            shortest: rising.iter().copied().fold(self.shortest, f32::min),
            longest: rising.iter().copied().fold(self.longest, f32::max),
            chance: self.chance - orders,
        })
    }
}

type Leaf<'a> = &'a ArrayD<f32>;

/// The arrays in cells, without empty ones.
fn leaves(value: &ArrayValue) -> Vec<Leaf<'_>> {
    match value {
        ArrayValue::Numbers(array) if array.is_empty() => Vec::new(),
        ArrayValue::Numbers(array) => vec![array],
        ArrayValue::Cells(_, cells) => cells.iter().flat_map(leaves).collect(),
    }
}

fn is_vector(leaf: Leaf) -> bool {
    leaf.shape().iter().filter(|length| **length != 1).count() <= 1
}

fn longest_axis(leaf: Leaf) -> usize {
    leaf.shape().iter().position(|length| *length != 1).unwrap_or(0)
}

/// The vectors of an array along an axis.
fn along(leaf: Leaf<'_>, axis: usize) -> impl Iterator<Item = ArrayView1<'_, f32>> {
    // An array of no axes has no vectors.
    (0..leaf.ndim()).filter(move |known| *known == axis).flat_map(|axis| leaf.lanes(NdAxis(axis)))
}

/// How many bins a clip may have: the length of time where it is known, else of the last axis, and
/// of the one before it where that is longer, as where time comes first.
fn bins(sounds: &ArrayValue, given: Option<&Axes>) -> Vec<usize> {
    let from_the_end =
        given.and_then(|axes| axes.0.iter().rev().position(|axis| *axis == NamedAxis::Time));
    let of = |leaf: Leaf| -> Vec<usize> {
        let mut dims = leaf.shape().iter().rev().copied();
        if let Some(place) = from_the_end {
            return dims.nth(place).into_iter().collect();
        }
        let (last, before) = (dims.next().unwrap_or(0), dims.next().unwrap_or(0));
        if before > last { vec![last, before] } else { vec![last] }
    };
    leaves(sounds).into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::IxDyn;

    fn array(dims: &[usize], numbers: &[f32]) -> ArrayValue {
        ArrayValue::Numbers(ArrayD::from_shape_vec(IxDyn(dims), numbers.to_vec()).unwrap())
    }

    fn cells(lists: &[&[f32]]) -> ArrayValue {
        let cells: Vec<ArrayValue> =
            lists.iter().map(|list| array(&[list.len().min(1), list.len()], list)).collect();
        ArrayValue::Cells(vec![cells.len(), 1], cells)
    }

    /// What is found next to two clips of 5 bands and 9 bins.
    fn found(value: &ArrayValue) -> Option<(f32, f32)> {
        let clip = || array(&[5, 9], &[0.5; 45]);
        let sounds = ArrayValue::Cells(vec![2, 1], vec![clip(), clip()]);
        rising(value, &sounds, None).map(|rising| (rising.from, rising.to))
    }

    #[test]
    fn cells_of_rising_numbers_are_spike_times() {
        let times = cells(&[&[-20.5, 3.25, 17.0, 80.125], &[], &[4.0, 9.5, 9.5, 30.0, 31.0]]);
        assert_eq!(found(&times), Some((-20.5, 80.125)));
        // In samples, which are whole numbers.
        assert_eq!(found(&cells(&[&[12.0, 700.0, 1800.0, 2500.0, 2510.0]])), Some((12.0, 2510.0)));
        assert_eq!(found(&array(&[6], &[0.1, 0.2, 0.5, 0.6, 0.8, 1.0])), Some((0.1, 1.0)));
    }

    #[test]
    fn rows_that_are_filled_up_are_spike_times_too() {
        let nan = f32::NAN;
        let rows = [
            [3.0, 9.0, 11.0, 20.0],
            [5.0, 6.0, 8.0, nan],
            [2.0, 7.0, 0.0, 0.0],
            [1.0, 4.0, 15.0, 16.0],
        ];
        assert_eq!(found(&array(&[4, 4], rows.as_flattened())), Some((1.0, 20.0)));
        let columns = ArrayD::from_shape_vec(IxDyn(&[4, 4]), rows.concat()).unwrap();
        assert_eq!(found(&ArrayValue::Numbers(columns.reversed_axes())), Some((1.0, 20.0)));
        // Two rows are too few to tell.
        assert_eq!(found(&array(&[1, 2, 4], rows[..2].as_flattened())), None);
    }

    #[test]
    fn responses_are_no_spike_times() {
        // Counts, also where few of them seem to rise.
        assert_eq!(found(&cells(&[&[0.0, 1.0, 0.0, 2.0, 0.0, 0.0], &[1.0, 2.0]])), None);
        assert_eq!(found(&cells(&[&[0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 3.0, 3.0]])), None);
        // As many as there are bins.
        let ramp: Vec<f32> = (0..9).map(|bin| (bin * bin) as f32).collect();
        assert_eq!(found(&cells(&[&ramp, &ramp])), None);
        assert_eq!(found(&array(&[2, 9], &[ramp.clone(), ramp].concat())), None);
        // Steps of one size, as of an index.
        assert_eq!(found(&cells(&[&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]])), None);
        // Too few numbers to tell.
        assert_eq!(found(&cells(&[&[1.0, 4.0, 9.0], &[2.0, 3.0]])), None);
        assert_eq!(found(&cells(&[])), None);
        assert_eq!(found(&array(&[], &[1.0])), None);
    }
}
