//! Training of more neurons than there is memory for at once: groups of them one after the other, which come
//! to the same.
use std::time::Instant;

use super::{Fitted, announce, fit, tell_of_data};
use crate::base::error::{Error, Result};
use crate::base::progress::Console;
use crate::base::wording::{counted, lasting};
use crate::dataset::{ReadRecording, ResponseLocation, read_sound};
use crate::preparation::NeuronGroups;
use crate::run_file::{RunConfig, Selection};
use crate::runs::experiment::Experiment;
use crate::runs::folder::{OldRun, RunFolder};
use crate::runs::whole::PartOfRun;
use crate::scores::evaluation::Scores;
use crate::training::checkpoint::Checkpoint;
use crate::training::history::History;

/// A run whose neurons are fitted in groups.
pub(super) struct Grouped {
    pub(super) folder: RunFolder,
    /// With what follows from the dataset filled in.
    config: RunConfig,
    recording: ReadRecording<ResponseLocation>,
    groups: NeuronGroups,
}

/// How the neurons of a run are fitted.
pub(super) enum Way {
    /// All at once, with the dataset where it has been read.
    AtOnce(Option<Box<ReadRecording<ResponseLocation>>>),
    /// Groups of them one after the other.
    InGroups(Box<Grouped>),
}

impl Way {
    /// That of a run: by what lies in its folder if it is gone on with, else by what memory there is.
    ///
    /// # Errors
    /// The dataset, the run file and the run folder do not go together.
    pub(super) fn of(config: &RunConfig, old: OldRun) -> Result<Self> {
        let folder = RunFolder::claim(&config.output.folder, old)?;
        let settled = if old == OldRun::Resume { folder.groups()? } else { None };
        let is_whole = old == OldRun::Resume && settled.is_none() && folder.state_file().exists();
        if !config.fits_side_by_side() && settled.is_some() {
            return Err(Error::Refused(format!(
                "{}: found a run whose neurons are fitted in groups, which the settings of {} do not allow; \
                 choose another folder with --out, or replace the run with --force",
                folder.path().display(),
                config.file.display()
            )));
        }
        if is_whole || !config.fits_side_by_side() {
            return Ok(Self::AtOnce(None));
        }
        let mut config = config.clone();
        let recording = read_sound(&config.data.file)?;
        config.resolve(&recording.recording)?;
        let groups = NeuronGroups::of(recording.recording.clone(), &config, settled.as_deref())?;
        let Some(groups) = groups else { return Ok(Self::AtOnce(Some(Box::new(recording)))) };
        if settled.as_ref().is_some_and(|settled| *settled != groups.groups) {
            return Err(Error::Refused(format!(
                "{}: found groups of other neurons than {} has now, expected the same; put the dataset \
                 and data.neurons back, or begin anew with --force",
                folder.path().display(),
                config.data.file.display()
            )));
        }
        Ok(Self::InGroups(Box::new(Grouped { folder, config, recording, groups })))
    }
}

impl Grouped {
    /// Fits group after group, going on with what is there, and puts them together.
    ///
    /// # Errors
    /// A fit fails or is stopped, or the folder cannot be written.
    pub(super) fn fit(&self, old: OldRun, console: &Console) -> Result<(Experiment, Fitted)> {
        self.begin(old)?;
        self.tell(console);
        let begun = Instant::now();
        let groups = &self.groups.groups;
        let (mut parts, mut last) = (Vec::with_capacity(groups.len()), None);
        for (nth, neurons) in groups.iter().enumerate() {
            let [done, left] = [&groups[..nth], &groups[nth..]].map(neurons_of);
            let wait = begun.elapsed().as_secs_f64() * left as f64 / done.max(1) as f64;
            let wait = (done > 0).then(|| format!("; about {} left", lasting(wait)));
            let of = groups.len();
            console.note(&format!("group {} of {of}{}", nth + 1, wait.unwrap_or_default()));
            let config = self.of_group(nth, neurons)?;
            let read = |_: &RunConfig| Ok(self.recording.clone());
            let experiment = console
                .during("reading the dataset", || Experiment::of(config, OldRun::Resume, read))?;
            tell_of_data(&experiment, console);
            announce(&experiment, console);
            let run_file = self.folder.config_file();
            let fitted = fit(&experiment, OldRun::Resume, &run_file, console)?;
            parts.push((PartOfRun::of(&experiment), fitted));
            last = Some(experiment);
        }
        let Some(last) = last else { return Err(Error::Stopped("there is no neuron".into())) };
        self.join(last, parts)
    }

    /// Begins the run folder, or goes on with it.
    fn begin(&self, old: OldRun) -> Result<()> {
        if old == OldRun::Resume && self.folder.groups()?.is_some() {
            self.folder.remove_scores()?;
            return self.folder.make();
        }
        self.folder.make()?;
        self.folder.clear()?;
        self.folder.write_config(&self.config.to_toml(self.folder.path())?)?;
        self.folder.write_groups(&self.groups.groups)
    }

    /// Says what will be done, and why.
    fn tell(&self, console: &Console) {
        let NeuronGroups { groups, reason, warnings } = &self.groups;
        for note in &self.recording.notes {
            console.note(note);
        }
        for warning in warnings {
            console.warn(warning);
        }
        let reason = reason.as_ref().map_or_else(String::new, |reason| format!("{reason}; "));
        console.note(&format!(
            "{reason}{} are fitted in {} of up to {}, one after the other, which comes to the same",
            counted(neurons_of(groups), "neuron"),
            counted(groups.len(), "group"),
            groups.iter().map(Vec::len).max().unwrap_or_default(),
        ));
    }

    /// The run file of a group.
    fn of_group(&self, nth: usize, neurons: &[String]) -> Result<RunConfig> {
        let mut config = self.config.clone();
        config.data.neurons = Selection::Ids(neurons.to_vec());
        config.output.folder = self.folder.group(nth)?;
        Ok(config)
    }

    /// Writes what all groups have come to together.
    fn join(
        &self,
        last: Experiment,
        parts: Vec<(PartOfRun, Fitted)>,
    ) -> Result<(Experiment, Fitted)> {
        let (own, fitted): (Vec<PartOfRun>, Vec<Fitted>) = parts.into_iter().unzip();
        let sizes: Vec<usize> = own.iter().map(|part| part.neurons.len()).collect();
        let data = self.config.data.neurons.clone();
        let experiment = last.of_all(data, self.folder.clone(), own)?;
        let parts = || fitted.iter().zip(sizes.iter().copied());
        let checkpoints: Vec<_> = parts().map(|(part, own)| (&part.checkpoint, own)).collect();
        let checkpoint = Checkpoint::joined(&checkpoints, &experiment.params)?;
        let histories: Vec<_> = parts().map(|(part, own)| (&part.history, own)).collect();
        let history = History::joined(&histories);
        let scores = Scores::joined(fitted.into_iter().map(|part| part.scores))?;
        experiment.write_results(&checkpoint, &history)?;
        Ok((experiment, Fitted { checkpoint, history, scores }))
    }
}

/// How many neurons there are in groups.
fn neurons_of(groups: &[Vec<String>]) -> usize {
    groups.iter().map(Vec::len).sum()
}
