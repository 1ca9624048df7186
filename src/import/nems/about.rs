//! What a recording of NEMS has no place for, as `strf export-data` writes it into `meta.json`.
use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::members::{FileContent, Members};
use super::signal::from_python;
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::files;
use crate::dataset::{Recording, SoundLevel, Splits, ids};

/// What a recording of NEMS has no place for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Width of a bin in milliseconds, of which `fs` may lack the last digit.
    pub dt_ms: f64,
    /// Centres of the bands in Hz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequencies_hz: Option<Vec<f64>>,
    /// What the numbers of cochleagrams are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<SoundLevel>,
    /// Attributes of the neurons, in their order.
    #[serde(default)]
    pub neurons: Vec<BTreeMap<String, String>>,
    /// The stimuli by the names of their epochs.
    #[serde(default)]
    pub stimuli: BTreeMap<String, StimulusAbout>,
    /// Stimuli for training, validation and test by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splits: Option<Splits>,
}

/// Id and attributes of a stimulus.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StimulusAbout {
    /// Its id in the dataset.
    pub id: String,
    /// Anything else known of it.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// `meta.json` of a recording.
#[derive(Debug, Deserialize)]
struct Meta {
    /// Under [`About::KEY`].
    #[serde(default)]
    strf: Option<About>,
}

impl About {
    /// The key of `meta.json`.
    pub const KEY: &'static str = "strf";

    /// What `meta.json` says, where it was written by `strf export-data`.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn read(files: &Members) -> Result<Option<Self>> {
        let Some((path, file)) = files.file("", FileContent::Meta) else { return Ok(None) };
        let reading = |source| Error::file(format!("reading {file}"), source);
        let bytes = files::bytes(path).map_err(reading)?;
        // Nothing else of it is used, whatever it is.
        if !String::from_utf8_lossy(&bytes).contains(&format!("{:?}", Self::KEY)) {
            return Ok(None);
        }
        let meta: Meta =
            from_python(&bytes).map_err(|source| Error::file(format!("reading {file}"), source))?;
        Ok(meta.strf)
    }

    /// Adds it to a recording whose stimuli are called as their epochs.
    ///
    /// # Errors
    /// It does not fit the recording.
    pub(super) fn complete(&self, recording: &mut Recording, source: &Path) -> Result<()> {
        let mut problems = Problems::default();
        let mut require = |ok: bool, what: &str, found: String, expected: String| {
            problems.require(ok, || {
                let hint = "export the dataset again, or remove strf from meta.json";
                Problem::new(format!("strf.{what} of meta.json"), found, expected).hint(hint)
            });
        };
        let apart = (self.dt_ms - recording.dt_ms).abs();
        let expected = format!("{}, as fs says", recording.dt_ms);
        require(apart <= 1e-9 * recording.dt_ms, "dt_ms", self.dt_ms.to_string(), expected);
        let (given, neurons) = (self.neurons.len(), recording.neurons.len());
        require(given == neurons, "neurons", given.to_string(), format!("{neurons}, as resp has"));
        for clip in &mut recording.clips {
            let known = self.stimuli.get(&clip.stimulus.id);
            require(known.is_some(), "stimuli", "nothing".into(), clip.stimulus.id.clone());
            if let Some(StimulusAbout { id, attributes }) = known {
                clip.stimulus.id.clone_from(id);
                clip.stimulus.attributes.clone_from(attributes);
            }
        }
        for (neuron, attributes) in recording.neurons.iter_mut().zip(&self.neurons) {
            neuron.attributes.clone_from(attributes);
        }
        let stimuli = recording.stimulus_ids();
        if let Some(splits) = &self.splits {
            for problem in
                ids::split_problems(splits, &stimuli, |part| format!("strf.splits.{part}"))
            {
                problems.push(problem);
            }
        }
        recording.dt_ms = self.dt_ms;
        recording.level = self.level;
        recording.frequencies_hz.clone_from(&self.frequencies_hz);
        recording.splits.clone_from(&self.splits);
        problems.into_result(source, ())
    }
}
