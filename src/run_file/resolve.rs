//! What a run file leaves to the dataset.
use super::RunConfig;
use super::Split;
use crate::base::error::{Problem, Problems, Result};
use crate::config::keys::Value;
use crate::dataset::Recording;

const SCALE: &str = "scale";

impl RunConfig {
    /// Fills in what follows from the dataset: the split and the scale of a prefilter.
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
        self.resolve_scale(recording, &mut problems);
        problems.into_result(&self.file, ())
    }

    fn resolve_scale<R>(&mut self, recording: &Recording<R>, problems: &mut Problems) {
        let Some(prefilter) = &mut self.architecture.prefilter else { return };
        if !prefilter.row.part.keys.iter().any(|key| key.name == SCALE) {
            return;
        }
        const FROM_FILE: &str = "file";
        let given = prefilter.values.get(SCALE);
        let found = given.map_or("nothing", |_| r#""file""#);
        let needed =
            given.is_none_or(|scale| matches!(scale, Value::Text(word) if word == FROM_FILE));
        problems.require(!needed || recording.frequencies_hz.is_some(), || {
            let expected = "a scale, with min_freq_hz and max_freq_hz";
            let file = recording.file.display();
            let hint = format!(
                "{file} has no /frequencies: give prefilter.scale, prefilter.min_freq_hz and \
                 prefilter.max_freq_hz, or add /frequencies to the file"
            );
            Problem::new("prefilter.scale", found, expected).hint(hint)
        });
        if needed {
            prefilter.values.set(SCALE, Value::Text(FROM_FILE.into()));
        }
    }
}
