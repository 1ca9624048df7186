//! Which divisions of repeats in two halves are looked at.
use std::collections::BTreeSet;

use rand::seq::index::sample;

use crate::base::rng;

/// Divisions into halves that are looked at: all of them up to 10 repeats, else so many drawn.
const SPLITS: usize = 126;

/// Largest half of which there are no more divisions than that.
const LARGEST_HALF: usize = 5;

/// The first halves of the divisions of `2 half` repeats that are looked at, in lexicographic order.
pub fn first_halves(half: usize) -> Vec<Vec<usize>> {
    if half <= LARGEST_HALF { all_first_halves(half).collect() } else { drawn_halves(half) }
}

/// All that hold repeat 0.
fn all_first_halves(half: usize) -> impl Iterator<Item = Vec<usize>> {
    let start: Option<Vec<usize>> = (half > 0).then(|| (0..half).collect());
    std::iter::successors(start, move |set| next_combination(set, 2 * half))
        .take_while(|set| set.first() == Some(&0))
}

/// As many different ones as are looked at, the same every time.
fn drawn_halves(half: usize) -> Vec<Vec<usize>> {
    let mut generator = rng::generator(0, &format!("divisions of {} repeats", 2 * half));
    let mut drawn = BTreeSet::new();
    while drawn.len() < SPLITS {
        let others = sample(&mut generator, 2 * half - 1, half - 1).into_iter().map(|r| r + 1);
        let mut first: Vec<usize> = std::iter::once(0).chain(others).collect();
        first.sort_unstable();
        drawn.insert(first);
    }
    drawn.into_iter().collect()
}

/// The combination of as many numbers below `n` that follows in lexicographic order.
fn next_combination(set: &[usize], n: usize) -> Option<Vec<usize>> {
    let size = set.len();
    // The last place that can still grow with all after it fitting below n.
    let place = (0..size).rev().find(|place| set[*place] + size - place < n)?;
    let grown = set[place] + 1..;
    Some(set[..place].iter().copied().chain(grown.take(size - place)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_division_of_six_repeats_comes_once_in_lexicographic_order() {
        let halves: Vec<Vec<usize>> = all_first_halves(3).collect();
        assert_eq!(halves.len(), 10);
        assert!(halves.is_sorted());
        assert_eq!(halves.first(), Some(&vec![0, 1, 2]));
        assert_eq!(halves.last(), Some(&vec![0, 4, 5]));
    }

    #[test]
    fn ten_repeats_are_divided_in_all_ways_and_twenty_in_no_more() {
        for (half, count) in [(0, 0), (3, 10), (5, 126), (6, 126), (10, 126)] {
            let divisions = first_halves(half);
            assert_eq!(divisions.len(), count);
            assert!(divisions.is_sorted_by(|a, b| a < b), "{half}");
            assert!(divisions.iter().all(|first| first.len() == half && first[0] == 0));
        }
        let often = first_halves(10).iter().filter(|first| first.contains(&19)).count();
        // 126 · 9/19 = 60, give or take 6.
        assert!((42..=78).contains(&often), "{often}");
    }
}
