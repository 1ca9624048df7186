//! Sound as stages take it that need a level: never negative.
use crate::base::error::{Problem, Problems, Result};
use crate::config::part::Row;
use crate::dataset::Recording;
use crate::dataset::schema::{COCHLEAGRAM, escape};
use crate::models::Architecture;

/// Clips that a message names at most.
const NAMED: usize = 5;

/// Fails where sound that reaches a stage that needs a level goes below 0: the clips with these
/// indices are used.
///
/// # Errors
/// As said.
pub fn require_level<R>(
    recording: &Recording<R>,
    clips: impl Iterator<Item = usize>,
    architecture: &Architecture,
) -> Result<()> {
    let first = architecture.prefilters.first().filter(|chosen| chosen.row.needs_level());
    let Some(first) = first else { return Ok(()) };
    let name = first.row.part().name;
    let mut problems = Problems::default();
    let (mut negative, mut all) = (0, 0);
    for clip in clips {
        all += 1;
        let clip = &recording.clips[clip];
        let below = clip.cochleagram.indexed_iter().find(|(_, value)| **value < 0.0);
        let Some(((band, bin), value)) = below else { continue };
        negative += 1;
        if negative > NAMED {
            continue;
        }
        let at = format!("/stimuli/{}/{COCHLEAGRAM}", escape(&clip.stimulus.id));
        let found = format!("{value} at band {band}, bin {bin}");
        let expected = format!("no number below 0 in front of the prefilter {name}");
        problems.push(Problem::new(at, found, expected));
    }
    if negative > 0 {
        let found = format!("{negative} of {all} clips go below 0");
        let hint = format!(
            "shift or import the sound such that silence is 0, or leave out the prefilter {name}"
        );
        problems.push(Problem::new("/stimuli", found, "silence at 0").hint(hint));
    }
    problems.into_result(&recording.file, ())
}
