//! Groups of neurons that are fitted one after the other, where all at once take more memory than there is.
use super::prepare::{Taken, dims};
use super::reduce::{kept, warnings};
use super::{Doubtful, FitMemory, PsthSurvey, Treatment};
use crate::base::error::Result;
use crate::dataset::{Recording, ResponseFile, ResponseLocation};
use crate::run_file::{RunConfig, Split};

/// The neurons of a fit that can be fitted, in groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeuronGroups {
    /// Ids, group by group, in the order of the selection.
    pub groups: Vec<Vec<String>>,
    /// Why there are groups; none where they were settled before.
    pub reason: Option<String>,
    /// What the user should look into.
    pub warnings: Vec<String>,
}

impl NeuronGroups {
    /// Groups for a run file and its dataset, or none where all neurons are fitted at once: they fit into
    /// memory, or what they come to would not be the same. With `settled` groups there are as many of them
    /// and as large, whatever memory there is.
    ///
    /// # Errors
    /// Run file and dataset do not go together, or the responses cannot be read.
    pub fn of(
        recording: Recording<ResponseLocation>,
        config: &RunConfig,
        settled: Option<&[Vec<String>]>,
    ) -> Result<Option<Self>> {
        let split = config.data.split.clone().unwrap_or(Split::UNSAID);
        let Taken { recording, sets, .. } = Taken::new(recording, config, &split)?;
        let (size, reason) = match settled {
            Some(settled) => (settled.first().map_or(1, Vec::len), None),
            None => match FitMemory::of((&recording, &dims(&recording)), &sets, config).in_groups()
            {
                Some((size, reason)) => (size, Some(reason)),
                None => return Ok(None),
            },
        };
        let treatment = Treatment::of(recording.dt_ms, &config.data);
        let unrecorded = unrecorded(&recording, &sets.train, &treatment)?;
        let doubtful = Doubtful { unrecorded, ..Doubtful::default() };
        let ids: Vec<String> = kept(&recording, &doubtful)?
            .into_iter()
            .map(|neuron| recording.neurons[neuron].id.clone())
            .collect();
        let warnings = warnings(&recording, &doubtful, &Doubtful::default());
        let groups = ids.chunks(size.max(1)).map(<[String]>::to_vec).collect();
        Ok(Some(Self { groups, reason, warnings }))
    }
}

/// The neurons that were not recorded in training.
fn unrecorded(
    recording: &Recording<ResponseLocation>,
    train: &[usize],
    treatment: &Treatment,
) -> Result<Vec<usize>> {
    let mut file = ResponseFile::open(&recording.file)?;
    let mut survey = PsthSurvey::new(recording.neurons.len(), treatment.skipped_bins());
    for clip in train {
        survey.scan(file.read(&recording.clips[*clip].responses)?.view());
    }
    Ok(survey.finish().unrecorded)
}
