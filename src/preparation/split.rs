//! Divides the clips of a recording into training, validation and test.
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::rng;
use crate::dataset::schema::SPLIT_PARTS;
use crate::dataset::{Recording, Splits, ids};
use crate::run_file::Split;

/// Indices of the clips of each part; no clip is in two, none of the parts is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipSets {
    /// Weights are fitted to these.
    pub train: Vec<usize>,
    /// The best epoch is chosen on these.
    pub valid: Vec<usize>,
    /// The reported scores are of these.
    pub test: Vec<usize>,
}

/// Divides the clips: lists keep their order, fractions the file's.
///
/// Fails for unknown stimuli, stimuli in two parts, an empty part, and `"file"` where the file has
/// no splits.
pub fn divide<R>(recording: &Recording<R>, split: &Split) -> Result<ClipSets> {
    let stimuli = recording.stimulus_ids();
    let sets = match split {
        Split::Fractions { parts, seed } => draw(stimuli.len(), *parts, *seed),
        Split::File => {
            by_id(recording, &stimuli, recording.splits.as_ref().ok_or_else(|| none(recording))?)?
        }
        Split::Ids([train, valid, test]) => {
            let lists = Splits { train: train.clone(), valid: valid.clone(), test: test.clone() };
            by_id(recording, &stimuli, &lists)?
        }
    };
    let mut problems = Problems::default();
    for (part, indices) in SPLIT_PARTS.iter().zip([&sets.train, &sets.valid, &sets.test]) {
        problems.require(!indices.is_empty(), || empty(part, stimuli.len(), split));
    }
    problems.into_result(&recording.file, sets)
}

fn none<R>(recording: &Recording<R>) -> Error {
    let hint = "give fractions in the run file, split = { train = 0.7, valid = 0.15, test = 0.15, \
                seed = 0 }, or lists of ids";
    let problem = Problem::new("data.split", "\"file\"", "a dataset file with /splits").hint(hint);
    Error::Input { file: recording.file.clone(), problems: vec![problem] }
}

fn empty(part: &str, stimuli: usize, split: &Split) -> Problem {
    let hint = match split {
        Split::File => format!("add ids to /splits/{part} of the file, or give data.split"),
        Split::Ids(_) => "move an id into this list".to_owned(),
        Split::Fractions { .. } => {
            format!("{stimuli} stimuli are too few for this fraction: enlarge it, or give lists")
        }
    };
    Problem::new(format!("data.split.{part}"), "no stimulus", "1 stimulus or more").hint(hint)
}

fn by_id<R>(recording: &Recording<R>, stimuli: &[String], splits: &Splits) -> Result<ClipSets> {
    let mut problems = Problems::default();
    for problem in ids::split_problems(splits, stimuli, |part| format!("data.split.{part}")) {
        problems.push(problem);
    }
    let index = |id: &String| stimuli.iter().position(|stimulus| stimulus == id);
    let [train, valid, test] =
        splits.parts().map(|(_, ids)| ids.iter().filter_map(index).collect());
    problems.into_result(&recording.file, ClipSets { train, valid, test })
}

/// Whole numbers of clips by largest remainder, drawn without replacement.
fn draw(clips: usize, fractions: [f64; 3], seed: u64) -> ClipSets {
    let [train, valid, _test] = largest_remainder(clips, fractions);
    let order = rng::permutation(seed, "split", clips);
    let sorted = |part: &[usize]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part
    };
    let (train, rest) = order.split_at(train);
    let (valid, test) = rest.split_at(valid);
    ClipSets { train: sorted(train), valid: sorted(valid), test: sorted(test) }
}

/// Counts that sum to `total` and lie nearest to the fractions; ties go to the earlier part.
fn largest_remainder(total: usize, fractions: [f64; 3]) -> [usize; 3] {
    let sum: f64 = fractions.iter().sum();
    // A millionth keeps 0.15 · 20 from falling just short of 3.
    let exact = fractions.map(|fraction| total as f64 * fraction / sum + 1e-6);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let mut counts = exact.map(|share| share as usize);
    let mut parts = [0, 1, 2];
    parts.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    let left = total.saturating_sub(counts.iter().sum());
    parts.into_iter().take(left).for_each(|part| counts[part] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_become_counts_by_largest_remainder() {
        assert_eq!(largest_remainder(20, [0.7, 0.15, 0.15]), [14, 3, 3]);
        assert_eq!(largest_remainder(10, [0.7, 0.15, 0.15]), [7, 2, 1]);
        assert_eq!(largest_remainder(7, [0.5, 0.3, 0.2]), [4, 2, 1]);
        assert_eq!(largest_remainder(3, [0.8, 0.1, 0.1]), [3, 0, 0]);
        for total in 0..200 {
            let counts = largest_remainder(total, [0.6, 0.1, 0.3]);
            assert_eq!(counts.iter().sum::<usize>(), total);
        }
    }
}
