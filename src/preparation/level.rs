//! Sound as stages and output gains take it that need a level.
use crate::base::error::{Problem, Problems, Result};
use crate::config::part::Row;
use crate::dataset::schema::{COCHLEAGRAM, escape};
use crate::dataset::{Inverse, LevelKind, Recording, SoundLevel};
use crate::models::Architecture;
use crate::models::amplitude::{AmplitudeLaw, ToAmplitude};

/// Clips that a message names at most.
const NAMED: usize = 5;

/// Fails where sound goes below 0 in front of what needs its level: the clips with these indices are
/// used.
///
/// # Errors
/// As said.
pub fn require_level<R>(
    recording: &Recording<R>,
    clips: impl Iterator<Item = usize>,
    (architecture, level): (&Architecture, Option<LevelKind>),
) -> Result<()> {
    let Some(name) = takes_none_below_0(architecture, level) else { return Ok(()) };
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
        let expected = format!("no number below 0 in front of {name}");
        problems.push(Problem::new(at, found, expected));
    }
    if negative > 0 {
        let found = format!("{negative} of {all} clips go below 0");
        let hint = format!("shift or import the sound such that silence is 0, or leave out {name}");
        problems.push(Problem::new("/stimuli", found, "silence at 0").hint(hint));
    }
    problems.into_result(&recording.file, ())
}

/// What takes no sound below 0, if anything does: the first prefilter, or an output gain that takes the
/// root of the sound.
fn takes_none_below_0(architecture: &Architecture, level: Option<LevelKind>) -> Option<String> {
    let first = architecture.prefilters.first().filter(|chosen| chosen.row.needs_level());
    if let Some(first) = first {
        return Some(format!("the prefilter {}", first.row.part().name));
    }
    let gain = architecture.output_gain.as_ref()?;
    let logarithm = matches!(level, Some(LevelKind::Db | LevelKind::Log));
    (!logarithm).then(|| format!("output_gain {}", gain.row.part().name))
}

/// How the sound of a level becomes amplitude again once it is divided by a constant; none where the
/// file does not say enough.
pub fn to_amplitude(level: SoundLevel, constant: f32) -> Option<ToAmplitude> {
    let factor = f64::from(constant);
    let law = match level.kind {
        LevelKind::Amplitude | LevelKind::Power => AmplitudeLaw::Linear { factor },
        LevelKind::CubeRoot => AmplitudeLaw::Cube { factor },
        LevelKind::Db | LevelKind::Log => {
            let Inverse { base, offset, scale } = level.inverse?;
            AmplitudeLaw::Exponential { rate: factor * base.ln(), offset, scale }
        }
    };
    Some(ToAmplitude { law, of_power: level.of_power || level.kind == LevelKind::Power })
}
