//! Times from the onset of the sound, a list for each stimulus and repeat.
use std::collections::BTreeMap;
use std::path::Path;

use super::options::Asked;
use crate::base::error::{Problem, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::import::arrays::axes::NamedAxis;
use crate::import::arrays::mat::levels::{Leaf, leaves};
use crate::import::arrays::options::refused;
use crate::import::arrays::value::ArrayValue;
use crate::import::report::ImportReport;
use crate::import::sessions::counts::Presentation;
use crate::import::sessions::times::SpikeTimes;
use crate::import::sessions::unit::TimeStep;

/// The lists of all neurons.
#[derive(Default)]
pub struct Lists {
    /// How many neurons there are.
    pub neurons: usize,
    /// How many stimuli the neuron has that heard most.
    pub stimuli: usize,
    /// Repeats by stimulus and neuron, in the unit of the files.
    heard: BTreeMap<(usize, usize), Vec<Vec<f64>>>,
    /// How many stimuli each neuron of a file of its own has.
    stimuli_of_files: Vec<usize>,
}

impl Lists {
    /// Takes the lists of a file, which are those of further neurons.
    ///
    /// # Errors
    /// They do not fit the axes, or are no lists of times.
    pub fn add(&mut self, value: &ArrayValue<f64>, asked: &Asked, file: &Path) -> Result<()> {
        let axes = asked.axes()?;
        let mut found = lists(value, &axes, asked, file)?;
        let along = |leaf: &Leaf, axis: NamedAxis| {
            axes.iter().position(|known| *known == axis).map_or(0, |at| leaf.place[at])
        };
        let count = |axis: NamedAxis| found.iter().map(|leaf| along(leaf, axis) + 1).max();
        let (neurons, stimuli) = (count(NamedAxis::Neuron), count(NamedAxis::Stimulus));
        let (Some(neurons), Some(stimuli)) = (neurons, stimuli) else {
            let problem = Problem::new(asked.name, "no list of times", "at least one");
            return Err(refused(file, problem));
        };
        found.sort_by_key(|leaf| along(leaf, NamedAxis::Repeat));
        for leaf in found {
            let neuron = self.neurons + along(&leaf, NamedAxis::Neuron);
            let place = (along(&leaf, NamedAxis::Stimulus), neuron);
            self.heard.entry(place).or_default().push(leaf.times);
        }
        self.neurons += neurons;
        self.stimuli = self.stimuli.max(stimuli);
        self.stimuli_of_files.push(stimuli);
        Ok(())
    }

    /// Says how the lists were read.
    ///
    /// # Errors
    /// As of [`Asked::axes`].
    pub fn tell(&self, asked: &Asked, report: &mut ImportReport) -> Result<()> {
        if asked.arrays.axes.is_none() {
            let axes = asked.axes()?;
            let words: Vec<&str> = axes.iter().map(|axis| axis.word()).collect();
            let words = words.join(",");
            report.inferred(format!("axes of the cells of {} are {words}", asked.name));
        }
        let fewer = self.stimuli_of_files.iter().filter(|stimuli| **stimuli < self.stimuli);
        let fewer = fewer.count();
        if fewer > 0 {
            let (files, all) = (counted(fewer, "file"), self.stimuli);
            report.inferred(format!("{files} with fewer than {all} stimuli: the first of them"));
        }
        Ok(())
    }

    /// Refuses more sounds than stimuli, unless options say what cells are: stimuli may have been taken
    /// for repeats.
    ///
    /// # Errors
    /// There are more, and no option names axes.
    pub fn require_all(
        &self,
        sounds: usize,
        asked: &Asked,
        report: &mut ImportReport,
    ) -> Result<()> {
        let more = sounds.saturating_sub(self.stimuli);
        if more == 0 {
            return Ok(());
        }
        let found = stimuli_counted(self.stimuli);
        if asked.arrays.axes.is_none() {
            let expected = format!("{sounds}, as there are sounds");
            let hint = "give --axes, as in --axes stimulus where each cell is a stimulus";
            let problem = Problem::new(asked.name, found, expected).hint(hint);
            return Err(refused(&asked.arrays.source, problem));
        }
        report.inferred(format!(
            "{found} of {}, and {sounds} sounds: the last {more} not recorded",
            asked.name
        ));
        Ok(())
    }

    /// The presentations of a stimulus to each neuron.
    pub fn presentations(&mut self, stimulus: usize, step: TimeStep) -> Vec<Vec<Presentation>> {
        let presentation = |times: Vec<f64>| {
            let times = times.iter().map(|time| time * step.ms()).collect::<Vec<_>>();
            Presentation { times_ms: SpikeTimes::from(times), recorded_ms: Vec::new() }
        };
        let repeats = (0..self.neurons).map(|neuron| {
            let repeats = self.heard.remove(&(stimulus, neuron)).unwrap_or_default();
            repeats.into_iter().map(presentation).collect()
        });
        repeats.collect()
    }
}

/// The lists in cells along these axes.
///
/// # Errors
/// They do not fit.
pub fn lists(
    value: &ArrayValue<f64>,
    axes: &[NamedAxis],
    asked: &Asked,
    file: &Path,
) -> Result<Vec<Leaf>> {
    leaves(value, axes).map_err(|found| {
        let (expected, hint) = match asked.options.onsets {
            Some(_) => (
                "one list of times, on the clock of the onsets",
                "give --axes neuron where cells hold one for each neuron",
            ),
            None => (
                "lists of times in cells or structs along the axes of --axes",
                "give for instance --axes stimulus,repeat or neuron,stimulus,repeat",
            ),
        };
        refused(file, Problem::new(asked.name, found, expected).hint(hint))
    })
}
