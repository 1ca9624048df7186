//! Long clips cut into blocks, so that batches and splits by time can be made of them.
use clap::Args;
use ndarray::{Array3, s};

use super::report::ImportReport;
use crate::base::error::{Error, Result};
use crate::base::units;
use crate::base::wording::counted;
use crate::dataset::{Clip, Entity, Recording, Splits};

/// How long clips are cut.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Long recordings")]
pub struct BlockOptions {
    /// Cut clips that are longer into blocks of so many seconds
    #[arg(long, global = true, value_name = "S", allow_negative_numbers = true)]
    pub block_s: Option<f64>,
    /// Sound before each block that goes with it, without responses, so that models see its past
    #[arg(
        long,
        global = true,
        value_name = "MS",
        default_value_t = 500.0,
        requires = "block_s",
        allow_negative_numbers = true
    )]
    pub history_ms: f64,
    /// Responses left out between training, validation and test
    #[arg(
        long,
        global = true,
        value_name = "S",
        default_value_t = 1.0,
        requires = "block_s",
        allow_negative_numbers = true
    )]
    pub guard_s: f64,
    /// Shares of the time for training, validation and test, in this order
    #[arg(
        long,
        global = true,
        value_name = "SHARES",
        value_delimiter = ',',
        default_values_t = [0.7, 0.15, 0.15],
        requires = "block_s"
    )]
    pub split: Vec<f64>,
}

/// [`BlockOptions`] in bins.
struct Lengths {
    block: usize,
    history: usize,
    guard: usize,
}

/// The recording with its long clips cut; the blocks of each clip are divided by time where there
/// are enough of them.
///
/// # Errors
/// The options are out of range.
pub fn cut(
    recording: Recording,
    options: &BlockOptions,
    report: &mut ImportReport,
) -> Result<Recording> {
    let Some(block_s) = options.block_s else { return Ok(recording) };
    check(options, block_s)?;
    let dt_ms = recording.dt_ms;
    let lengths = Lengths {
        block: units::bins(1000.0 * block_s, dt_ms, 1),
        history: units::bins(options.history_ms, dt_ms, 0),
        guard: units::bins(1000.0 * options.guard_s, dt_ms, 0),
    };
    let mut splits = Splits::default();
    let mut clips = Vec::new();
    let (mut whole, mut guarded) = (0, 0);
    for clip in recording.clips {
        let starts = starts(clip.bins(), lengths.block);
        if starts.len() < 2 {
            whole += 1;
            clips.push(clip);
            continue;
        }
        let parts = parts(starts.len(), &options.split);
        let mut blocks = blocks(&clip, &starts, &lengths, dt_ms);
        if let Some(parts) = parts {
            for first in [parts[0], parts[0] + parts[1]] {
                guarded += guard(&mut blocks[first].responses, lengths.guard);
            }
            divide(&blocks, parts, &mut splits);
        }
        clips.extend(blocks);
    }
    let cut = !splits.train.is_empty() && whole == 0;
    tell(report, options, &lengths, (whole, guarded, cut));
    let splits = if cut { Some(splits) } else { recording.splits };
    Ok(Recording { clips, splits, ..recording })
}

fn check(options: &BlockOptions, block_s: f64) -> Result<()> {
    let refuse = |text: String| Err(Error::Refused(text));
    if !(block_s.is_finite() && block_s > 0.0) {
        return refuse(format!("--block-s: found {block_s}, expected seconds above 0"));
    }
    for (name, value) in [("--history-ms", options.history_ms), ("--guard-s", options.guard_s)] {
        if !(value.is_finite() && value >= 0.0) {
            return refuse(format!("{name}: found {value}, expected 0 or more"));
        }
    }
    let sum: f64 = options.split.iter().sum();
    let fit = options.split.len() == 3 && options.split.iter().all(|share| *share > 0.0);
    if !(fit && (sum - 1.0).abs() < 1e-6) {
        let found: Vec<String> = options.split.iter().map(ToString::to_string).collect();
        return refuse(format!(
            "--split: found {}, expected three shares above 0 that sum to 1, as in 0.7,0.15,0.15",
            found.join(",")
        ));
    }
    Ok(())
}

/// Where blocks start; the last is at least half as long as the others, or part of the one before.
fn starts(bins: usize, block: usize) -> Vec<usize> {
    let last = |start: &usize| *start == 0 || bins - start >= block.div_ceil(2);
    (0..bins).step_by(block).filter(last).collect()
}

/// How many blocks are for training, validation and test, at least one each; none where there are
/// fewer than three.
fn parts(blocks: usize, shares: &[f64]) -> Option<[usize; 3]> {
    let share = |part: usize| {
        let count = (blocks as f64 * shares[part]).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below blocks")]
        let count = count as usize;
        count.max(1)
    };
    let held_out = share(1) + share(2);
    (blocks > held_out).then(|| [blocks - held_out, share(1), share(2)])
}

fn blocks(clip: &Clip, starts: &[usize], lengths: &Lengths, dt_ms: f64) -> Vec<Clip> {
    let digits = starts.len().to_string().len();
    let ends = starts.iter().skip(1).copied().chain([clip.bins()]);
    let block = |(number, (start, end)): (usize, (usize, usize))| {
        let from = start.saturating_sub(lengths.history);
        let mut responses = clip.responses.slice(s![.., .., from..end]).to_owned();
        responses.slice_mut(s![.., .., ..start - from]).fill(f32::NAN);
        let Entity { id, mut attributes } = clip.stimulus.clone();
        let start_s = start as f64 * dt_ms / 1000.0;
        attributes.insert("clip".into(), id.clone());
        attributes.insert("start_s".into(), start_s.to_string());
        let id = format!("{id}_{:0digits$}", number + 1);
        let cochleagram = clip.cochleagram.slice(s![.., from..end]).to_owned();
        Clip { stimulus: Entity { id, attributes }, cochleagram, responses }
    };
    starts.iter().copied().zip(ends).enumerate().map(block).collect()
}

/// Takes out the first responses of a block, and says how many bins that were.
fn guard(responses: &mut Array3<f32>, bins: usize) -> usize {
    let history = |bin: &usize| responses.slice(s![.., .., *bin]).iter().all(|y| y.is_nan());
    let first = (0..responses.dim().2).take_while(history).count();
    let end = (first + bins).min(responses.dim().2);
    responses.slice_mut(s![.., .., first..end]).fill(f32::NAN);
    end - first
}

fn divide(blocks: &[Clip], parts: [usize; 3], splits: &mut Splits) {
    let mut ids = blocks.iter().map(|block| block.stimulus.id.clone());
    splits.train.extend(ids.by_ref().take(parts[0]));
    splits.valid.extend(ids.by_ref().take(parts[1]));
    splits.test.extend(ids);
}

fn tell(
    report: &mut ImportReport,
    options: &BlockOptions,
    lengths: &Lengths,
    (whole, guarded, cut): (usize, usize, bool),
) {
    let Lengths { block, history, .. } = lengths;
    report.inferred(format!(
        "blocks of {block} bins, each after up to {history} bins of sound without responses"
    ));
    if whole > 0 {
        report.inferred(format!("{} of one block left whole", counted(whole, "clip")));
    }
    let shares: Vec<String> = options.split.iter().map(ToString::to_string).collect();
    report.inferred(if cut {
        format!("/splits by time: {} for training, validation and test", shares.join(", "))
    } else {
        "no /splits by time: that takes three blocks or more of every clip".into()
    });
    if guarded > 0 {
        let bins = counted(guarded, "bin");
        report.dropped(format!("responses in {bins} between training, validation and test"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_rest_belongs_to_the_block_before() {
        assert_eq!(starts(100, 30), [0, 30, 60]);
        assert_eq!(starts(105, 30), [0, 30, 60, 90]);
        assert_eq!(starts(29, 30), [0]);
        assert_eq!(starts(44, 30), [0]);
    }

    #[test]
    fn every_part_has_a_block() {
        assert_eq!(parts(10, &[0.7, 0.15, 0.15]), Some([6, 2, 2]));
        assert_eq!(parts(3, &[0.9, 0.05, 0.05]), Some([1, 1, 1]));
        assert_eq!(parts(2, &[0.9, 0.05, 0.05]), None);
    }
}
