//! What a run file leaves to the dataset.
use super::{PREFILTER, RunConfig, Split};
use crate::base::error::{Problem, Problems, Result};
use crate::base::wording::joined;
use crate::config::keys::Value;
use crate::config::part::Chosen;
use crate::dataset::{LevelKind, Recording, SoundLevel};
use crate::models::prefilters::{NeededLevel, PrefilterRow};

const SCALE: &str = "scale";
/// The scale that takes what the dataset says.
const FROM_FILE: &str = "file";

impl RunConfig {
    /// Fills in what follows from the dataset: the level, the split and the scales of prefilters.
    ///
    /// # Errors
    /// What the dataset would have to say and does not.
    pub fn resolve<R>(&mut self, recording: &Recording<R>) -> Result<()> {
        let mut problems = Problems::default();
        let has_splits = recording.splits.is_some();
        let unsaid = if has_splits { Split::File } else { Split::UNSAID };
        let split = self.data.split.get_or_insert(unsaid);
        problems.require(*split != Split::File || has_splits, || {
            Problem::new("data.split", r#""file""#, "fractions or lists of stimulus ids")
                .hint(format!("{} has no /splits", recording.file.display()))
        });
        self.resolve_level(recording, &mut problems);
        self.check_gain(recording, &mut problems);
        self.resolve_scales(recording, &mut problems);
        problems.into_result(&self.file, ())
    }

    /// What cochleagrams are, by the dataset or the run file, as the prefilters need it.
    fn resolve_level<R>(&mut self, recording: &Recording<R>, problems: &mut Problems) {
        let of_file = recording.level.map(|level| level.kind);
        let (asked, file) = (self.data.level, recording.file.display());
        if let (Some(asked), Some(of_file)) = (asked, of_file) {
            problems.require(asked == of_file, || {
                let found = format!("{:?}", asked.word());
                Problem::new("data.level", found, format!("{:?}", of_file.word())).hint(format!(
                    "that is what {file} says; leave data.level out, or correct the file"
                ))
            });
        }
        self.data.level = asked.or(of_file);
        let linear = self.architecture.prefilters.iter();
        let linear = linear.filter(|chosen| chosen.row.level == NeededLevel::Linear);
        for chosen in linear {
            if let Some(problem) = not_linear(chosen.row.part.name, self.data.level, recording) {
                problems.push(problem);
            }
        }
    }

    /// Whether output gains can bring cochleagrams back to amplitude.
    fn check_gain<R>(&self, recording: &Recording<R>, problems: &mut Problems) {
        let Some(gain) = &self.architecture.output_gain else { return };
        let (name, file) = (gain.row.part.name, recording.file.display());
        let Some(kind) = self.data.level else {
            let expected = format!("what cochleagrams are, for output_gain {name}");
            problems.push(Problem::new("data.level", "nothing", expected).hint(format!(
                "{file} has no attribute level: give data.level, or add the attribute"
            )));
            return;
        };
        let level = recording.level.unwrap_or(SoundLevel::of(kind));
        if let Some(missing) = level.missing() {
            let found = format!("a level of {:?} without {}", kind.word(), joined(&missing, "and"));
            let expected = format!("what brings it back to amplitude, for output_gain {name}");
            problems.push(Problem::new(file.to_string(), found, expected).hint(format!(
                "add these attributes: amplitude = level_scale * (level_base^value - level_offset), for \
                 decibels of amplitude level_base = {:.6}, level_offset = 0 and level_scale = 1",
                10f64.powf(0.05)
            )));
        }
    }

    fn resolve_scales<R>(&mut self, recording: &Recording<R>, problems: &mut Problems) {
        let several = self.architecture.prefilters.len() > 1;
        for (nth, prefilter) in self.architecture.prefilters.iter_mut().enumerate() {
            let number = if several { format!("[{}]", nth + 1) } else { String::new() };
            resolve_scale(prefilter, &format!("{PREFILTER}{number}"), recording, problems);
        }
    }
}

/// Fills in where the bands lie; `label` is how messages name the section.
fn resolve_scale<R>(
    prefilter: &mut Chosen<PrefilterRow>,
    label: &str,
    recording: &Recording<R>,
    problems: &mut Problems,
) {
    if !prefilter.row.part.keys.iter().any(|key| key.name == SCALE) {
        return;
    }
    let given = prefilter.values.get(SCALE);
    let found = given.map_or("nothing", |_| r#""file""#);
    let needed = given.is_none_or(|scale| matches!(scale, Value::Text(word) if word == FROM_FILE));
    problems.require(!needed || recording.frequencies_hz.is_some(), || {
        let expected = "a scale, with min_freq_hz and max_freq_hz";
        let file = recording.file.display();
        let hint = format!(
            "{file} has no /frequencies: give {label}.scale, {label}.min_freq_hz and \
             {label}.max_freq_hz, or add /frequencies to the file"
        );
        Problem::new(format!("{label}.scale"), found, expected).hint(hint)
    });
    if needed {
        prefilter.values.set(SCALE, Value::Text(FROM_FILE.into()));
    }
}

/// Why cochleagrams of a level are not what the prefilter `name` takes, if so.
fn not_linear<R>(
    name: &str,
    level: Option<LevelKind>,
    recording: &Recording<R>,
) -> Option<Problem> {
    let file = recording.file.display();
    let expected = format!("\"amplitude\" or \"power\" for the prefilter {name}");
    match level {
        None => Some(Problem::new("data.level", "nothing", expected).hint(format!(
            "{file} has no attribute level, which says what its cochleagrams are: give data.level, or \
             add the attribute"
        ))),
        Some(level) if level.is_compressed() => {
            let found = format!("{:?}", level.word());
            Some(Problem::new("data.level", found, expected).hint(format!(
                "the sound of {file} is compressed already: leave out {name}, or import the sound \
                 with frontend.compression = \"none\""
            )))
        }
        Some(_) => None,
    }
}
