//! Peaks and widths of a curve that is known at a few places.

/// The place of the largest value, the first of equals; none where no value is a number.
pub fn largest(values: &[f64]) -> Option<usize> {
    let numbers = values.iter().enumerate().filter(|(_, value)| !value.is_nan());
    numbers.fold(None, |best: Option<usize>, (place, value)| match best {
        Some(best) if values[best] >= *value => Some(best),
        _ => Some(place),
    })
}

/// Where the parabola through the value at `at` and its two neighbours is largest; the place
/// itself at an end of the curve or where the values are no peak.
///
/// `places` ascend and need not be equally far apart.
pub fn vertex(places: &[f64], values: &[f64], at: usize) -> f64 {
    let Some(before) = at.checked_sub(1).filter(|_| at + 1 < places.len()) else {
        return places[at];
    };
    let (left, right) = (places[at] - places[before], places[at + 1] - places[at]);
    let (fall_left, fall_right) = (values[at] - values[before], values[at] - values[at + 1]);
    let curvature = fall_left * right + fall_right * left;
    if fall_left < 0.0 || fall_right < 0.0 || curvature <= 0.0 {
        return places[at];
    }
    let shift = (fall_left * right * right - fall_right * left * left) / (2.0 * curvature);
    places[at] + shift
}

/// Where a curve first falls to half of its value at `at`, below and above; a side is none where
/// it stays above half up to the end. Values between places lie on straight lines.
pub fn half_maximum(places: &[f64], values: &[f64], at: usize) -> (Option<f64>, Option<f64>) {
    let half = values[at] / 2.0;
    let crossing = |inner: usize, outer: usize| {
        let share = (values[inner] - half) / (values[inner] - values[outer]);
        places[inner] + share * (places[outer] - places[inner])
    };
    let below = (0..at).rev().find(|place| values[*place] <= half);
    let above = (at + 1..values.len()).find(|place| values[*place] <= half);
    (below.map(|outer| crossing(outer + 1, outer)), above.map(|outer| crossing(outer - 1, outer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_at_unequal_places_has_its_vertex_found() {
        let places = [0.0, 1.0, 1.5, 4.0];
        let values = places.map(|x| 7.0 - 2.0 * (x - 1.3f64).powi(2));
        assert!((vertex(&places, &values, 2) - 1.3).abs() < 1e-12);
        let itself = |values: &[f64], at: usize| (vertex(&places, values, at) - places[at]).abs();
        assert!(itself(&values, 1) < 1e-12, "its right neighbour is larger");
        assert!(itself(&values, 0) < 1e-12 && itself(&[1.0; 4], 2) < 1e-12);
    }

    #[test]
    fn half_of_a_triangle_lies_half_way_down() {
        let (places, values) = ([0.0, 2.0, 3.0, 7.0], [0.0, 2.0, 4.0, 0.0]);
        assert_eq!(half_maximum(&places, &values, 2), (Some(2.0), Some(5.0)));
        assert_eq!(half_maximum(&places, &[3.0, 4.0, 3.0, 1.0], 1), (None, Some(5.0)));
    }

    #[test]
    fn the_largest_value_is_the_first_of_equals_and_never_nan() {
        assert_eq!(largest(&[f64::NAN, 2.0, 5.0, 5.0]), Some(2));
        assert_eq!(largest(&[f64::NAN]), None);
    }
}
