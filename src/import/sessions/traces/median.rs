//! Running medians, which follow drifts and not what neurons do.

/// What lies around each sample, the middle of as many before as after it: so many samples on each
/// side, fewer at both ends. The mean of two where the middle lies between them.
pub fn running(values: &[f64], side: usize) -> Vec<f64> {
    let mut sorted: Vec<usize> = (0..values.len()).collect();
    sorted.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut rank = vec![0; values.len()];
    for (place, index) in sorted.iter().enumerate() {
        rank[*index] = place;
    }
    let mut window = InWindow::new(values.len());
    let (mut from, mut to) = (0, 0);
    let mut medians = Vec::with_capacity(values.len());
    for index in 0..values.len() {
        while to < values.len() && to <= index.saturating_add(side) {
            window.change(rank[to], true);
            to += 1;
        }
        while from + side < index {
            window.change(rank[from], false);
            from += 1;
        }
        let count = to - from;
        let value = |place: usize| values[sorted[window.nth(place)]];
        medians.push(f64::midpoint(value((count - 1) / 2), value(count / 2)));
    }
    medians
}

/// Which of so many ranks are in a window, as sums over blocks (Fenwick 1994,
/// doi:10.1002/spe.4380240306).
struct InWindow(Vec<usize>);

impl InWindow {
    fn new(ranks: usize) -> Self {
        Self(vec![0; ranks + 1])
    }

    /// Puts a rank in, or takes it out.
    fn change(&mut self, rank: usize, enters: bool) {
        let mut at = rank + 1;
        while let Some(sum) = self.0.get_mut(at) {
            *sum = if enters { *sum + 1 } else { *sum - 1 };
            at += at & at.wrapping_neg();
        }
    }

    /// The rank of which so many in the window are lower.
    fn nth(&self, lower: usize) -> usize {
        let (mut at, mut left) = (0, lower);
        let mut step = self.0.len().next_power_of_two();
        while step > 0 {
            if let Some(sum) = self.0.get(at + step).filter(|sum| **sum <= left) {
                at += step;
                left -= sum;
            }
            step /= 2;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::moments::median;

    #[test]
    fn the_median_of_each_window_is_that_of_its_values() {
        let values: Vec<f64> = (0..97).map(|n| f64::from(n * n * 31 % 53) / 4.0).collect();
        for side in [0, 1, 5, 40, 500] {
            let got = running(&values, side);
            for (index, got) in got.iter().enumerate() {
                let window = index.saturating_sub(side)..(index + side + 1).min(values.len());
                let want = median(&values[window]);
                assert!((got - want).abs() < 1e-12, "{side} {index}: {got} {want}");
            }
        }
        assert!(running(&[], 3).is_empty());
    }
}
