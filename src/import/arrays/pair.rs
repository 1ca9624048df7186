//! Sound and responses that were read apart, as clips.
use ndarray::{Array2, Array3, Axis, s};

use super::options::{ArrayOptions, refused};
use crate::base::error::{Problem, Problems, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{Clip, Entity};
use crate::import::report::ImportReport;

/// Sound and responses of each stimulus, of one length.
///
/// # Errors
/// More of one than of the other, in stimuli or in bins, for all stimuli at once.
pub fn clips(
    stimuli: Vec<Entity>,
    sounds: Vec<Array2<f32>>,
    responses: Vec<Array3<f32>>,
    options: &ArrayOptions,
    report: &mut ImportReport,
) -> Result<Vec<Clip>> {
    if sounds.len() != responses.len() {
        let expected = format!("{}, as there are cochleagrams", sounds.len());
        let problem = Problem::new("responses", stimuli_counted(responses.len()), expected);
        return Err(refused(&options.source, problem.hint("check --axes and --sound-axes")));
    }
    let mut problems = Problems::default();
    let (mut silent, mut trimmed) = (0, Vec::new());
    let mut clips = Vec::with_capacity(sounds.len());
    for ((stimulus, sound), responses) in stimuli.into_iter().zip(sounds).zip(responses) {
        let (sound, padding) = without_padding(sound);
        silent += padding;
        let (heard, answered) = (sound.ncols(), responses.dim().2);
        let both = heard.min(answered);
        if heard != answered && heard + padding != answered {
            trimmed.push(heard.max(answered) - both);
            problems.require(options.trim, || unequal(&stimulus, &sound, &responses));
        }
        let cochleagram = sound.slice_move(s![.., ..both]);
        clips.push(Clip {
            stimulus,
            cochleagram,
            responses: responses.slice_move(s![.., .., ..both]),
        });
    }
    problems.into_result(&options.source, ())?;
    if silent > 0 {
        let bins = counted(silent, "bin");
        report.dropped(format!("{bins} at the end of clips, where the sound is NaN"));
    }
    if !trimmed.is_empty() {
        let (bins, of) = (counted(trimmed.iter().sum(), "bin"), counted(trimmed.len(), "clip"));
        report.dropped(format!(
            "{bins} at the end of {of} whose sound and responses differ in length"
        ));
    }
    Ok(clips)
}

fn unequal(stimulus: &Entity, sound: &Array2<f32>, responses: &Array3<f32>) -> Problem {
    let (heard, answered) = (sound.ncols(), responses.dim().2);
    let found = format!("{heard} bins of sound, {answered} of responses");
    let at = format!("stimulus {}", stimulus.id);
    let turned = sound.nrows() == answered || responses.shape()[..2].contains(&heard);
    let hint = if turned {
        "the axes look swapped: give --axes and --sound-axes"
    } else {
        "--trim cuts both to the shorter"
    };
    Problem::new(at, found, "as many of one as of the other").hint(hint)
}

/// The sound up to the last bin that has any, and how many bins were cut off: arrays are filled up
/// with NaN to the length of the longest clip.
fn without_padding(sound: Array2<f32>) -> (Array2<f32>, usize) {
    let empty = sound.axis_iter(Axis(1)).rev();
    let empty = empty.take_while(|bin| bin.iter().all(|level| level.is_nan())).count();
    let bins = sound.ncols() - empty;
    (sound.slice_move(s![.., ..bins]), empty)
}
