//! Sound and responses that were read apart, as clips.
use ndarray::{Array2, Array3, Axis, s};

use super::options::{ArrayOptions, refused};
use crate::base::error::{Problem, Problems, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{Clip, Entity};
use crate::import::report::ImportReport;

/// Sound and responses of each stimulus, of one length; where no neuron was recorded, the responses
/// are NaN.
///
/// # Errors
/// More of one than of the other, in stimuli or in bins, for all stimuli at once.
pub fn clips(
    stimuli: Vec<Entity>,
    sounds: Vec<Array2<f32>>,
    responses: Vec<Option<Array3<f32>>>,
    options: &ArrayOptions,
    report: &mut ImportReport,
) -> Result<Vec<Clip>> {
    if sounds.len() != responses.len() {
        let expected = format!("{}, as there are cochleagrams", sounds.len());
        let problem = Problem::new("responses", stimuli_counted(responses.len()), expected);
        return Err(refused(&options.source, problem.hint("check --axes and --sound-axes")));
    }
    let Some(neurons) = responses.iter().flatten().map(|known| known.dim().0).next() else {
        let problem = Problem::new("responses", "empty cells only", "responses of a neuron");
        return Err(refused(&options.source, problem));
    };
    let mut problems = Problems::default();
    let (mut silent, mut cut) = (0, Cut::default());
    let mut clips = Vec::with_capacity(sounds.len());
    for ((stimulus, sound), responses) in stimuli.into_iter().zip(sounds).zip(responses) {
        let (sound, padding) = without_padding(sound);
        silent += padding;
        let heard = sound.ncols();
        let missing = || Array3::from_elem((neurons, 1, heard), f32::NAN);
        let responses = responses.unwrap_or_else(missing);
        let answered = responses.dim().2;
        let both = heard.min(answered);
        if heard != answered && heard + padding != answered {
            cut.note(both, heard.max(answered));
            let hint = hint(&sound, &responses, options);
            problems.require(hint.is_none(), || {
                let found = format!("{heard} bins of sound, {answered} of responses");
                let at = format!("stimulus {}", stimulus.id);
                let problem = Problem::new(at, found, "as many of one as of the other");
                problem.hint(hint.unwrap_or_default())
            });
        }
        let cochleagram = sound.slice_move(s![.., ..both]);
        let responses = responses.slice_move(s![.., .., ..both]);
        clips.push(Clip { stimulus, cochleagram, responses });
    }
    problems.into_result(&options.source, ())?;
    if silent > 0 {
        let bins = counted(silent, "bin");
        report.dropped(format!("{bins} at the end of clips, where the sound is NaN"));
    }
    cut.say(report);
    Ok(clips)
}

/// What was cut off where sound and responses differ in length.
#[derive(Default)]
struct Cut {
    bins: usize,
    clips: usize,
    /// Clips of which more was cut off than is left.
    deep: usize,
}

impl Cut {
    fn note(&mut self, left: usize, before: usize) {
        self.bins += before - left;
        self.clips += 1;
        self.deep += usize::from(left * 2 < before);
    }

    fn say(&self, report: &mut ImportReport) {
        let Self { bins, clips, deep } = *self;
        if clips == 0 {
            return;
        }
        let (bins, clips) = (counted(bins, "bin"), counted(clips, "clip"));
        report.dropped(format!(
            "{bins} at the end of {clips} whose sound and responses differ in length"
        ));
        if deep > 0 {
            report.warn(format!(
                "--trim cut off more than half of the sound or the responses of {}; check that \
                 both have bins of the same width and begin at the same time",
                counted(deep, "clip")
            ));
        }
    }
}

/// Of clips that differ in length, what is left where `--trim` is meant: one part in so many.
const LEAST_LEFT: usize = 10;

/// What to do about sound and responses of different lengths; nothing where `--trim` says it and
/// nothing speaks against it.
fn hint(sound: &Array2<f32>, responses: &Array3<f32>, options: &ArrayOptions) -> Option<String> {
    let (heard, answered) = (sound.ncols(), responses.dim().2);
    let (shorter, longer) = (heard.min(answered), heard.max(answered));
    let turned = sound.nrows() == answered || responses.shape()[..2].contains(&heard);
    let axes_given = options.axes.is_some() && options.sound_axes.is_some();
    let look = "check that the axes are those of --axes and --sound-axes, and that both have bins \
                of the same width";
    if turned && !(options.trim && axes_given) {
        return Some("the axes look swapped: give --axes and --sound-axes".into());
    }
    match options.trim {
        true if shorter * LEAST_LEFT >= longer => None,
        true => Some(format!("--trim would leave {shorter} of {longer} bins; {look}")),
        // Ends that differ, not bins that do.
        false if shorter * 4 >= longer * 3 => Some("--trim cuts both to the shorter".into()),
        false => Some(look.into()),
    }
}

/// The sound up to the last bin that has any, and how many bins were cut off: arrays are filled up
/// with NaN to the length of the longest clip.
fn without_padding(sound: Array2<f32>) -> (Array2<f32>, usize) {
    let empty = sound.axis_iter(Axis(1)).rev();
    let empty = empty.take_while(|bin| bin.iter().all(|level| level.is_nan())).count();
    let bins = sound.ncols() - empty;
    (sound.slice_move(s![.., ..bins]), empty)
}
