//! Neurons that are each fitted by itself, side by side: one pass over the clips serves all of them, and what
//! each comes to is the same bits as alone.
use std::collections::{BTreeMap, BTreeSet};

use super::folder::SweepFolder;
use super::plan::{Job, Plan};
use crate::base::error::Result;
use crate::base::interrupt;
use crate::dataset::{ReadRecording, ResponseLocation};
use crate::runs::experiment::Experiment;
use crate::runs::folder::OldRun;
use crate::training::checkpoint::{Checkpoint, Phase};
use crate::training::history::{EpochRow, History};
use crate::training::{self, End, Observer};

/// Most neurons side by side: enough to fill the cores' registers, few enough to lose little where a process
/// is killed.
const MOST: usize = 64;

/// What a fit of several neurons came to, before what each does by itself at its end.
pub struct Together {
    neurons: Vec<String>,
    checkpoint: Checkpoint,
    histories: Vec<History>,
    /// The share of each in the seconds that it took.
    pub seconds: f64,
}

/// Fits in teams of those that differ in their neuron alone, of the combinations at these places; every other
/// fit is a team of its own. There are teams for all workers, if there are fits for them.
pub fn teams(jobs: Vec<Job>, workers: usize, side_by_side: &BTreeSet<usize>) -> Vec<Vec<Job>> {
    let mut groups: Vec<Vec<Job>> = Vec::new();
    let mut known = BTreeMap::new();
    for job in jobs {
        if job.neuron.is_none() || !side_by_side.contains(&job.combination) {
            groups.push(vec![job]);
            continue;
        }
        let alike = (job.combination, job.fold, job.inner, job.seed);
        let place = *known.entry(alike).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(job);
    }
    let each = workers.div_ceil(groups.len().max(1));
    let parts = |group: Vec<Job>| {
        let parts = group.len().div_ceil(MOST).max(each).max(1);
        let size = group.len().div_ceil(parts).max(1);
        group.chunks(size).map(<[Job]>::to_vec).collect::<Vec<_>>()
    };
    groups.into_iter().flat_map(parts).collect()
}

/// What is fitted to what for some jobs that differ in their neuron alone; nothing is written.
///
/// # Errors
/// The dataset and the run file do not go together.
pub fn experiment(
    (folder, plan): (&SweepFolder, &Plan),
    recording: &ReadRecording<ResponseLocation>,
    jobs: &[Job],
) -> Result<Experiment> {
    let number = jobs.first().map_or(0, |job| job.number);
    let config = plan.config_of_team(folder.path(), jobs, &folder.job(number))?;
    Experiment::of(config, OldRun::Replace, |_| Ok(recording.clone()))
}

impl Together {
    /// Fits the neurons of some jobs up to where each goes on by itself; none where it was asked to stop.
    ///
    /// # Errors
    /// As for the fit of one: then each is better tried alone.
    pub fn fit(
        (folder, plan): (&SweepFolder, &Plan),
        recording: &ReadRecording<ResponseLocation>,
        jobs: &[Job],
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Self>> {
        let begun = std::time::Instant::now();
        let experiment = experiment((folder, plan), recording, jobs)?;
        let task = experiment.task();
        let mut checkpoint = training::start(&task, String::new())?;
        let neurons = experiment.prepared.neurons.clone();
        let histories = vec![History::default(); neurons.len()];
        let mut watcher = Watcher { histories, is_stopped };
        let end = training::fit_until(&task, &mut checkpoint, &mut watcher, Phase::Finish)?;
        if end == End::Interrupted {
            return Ok(None);
        }
        let seconds = begun.elapsed().as_secs_f64() / neurons.len().max(1) as f64;
        Ok(Some(Self { neurons, checkpoint, histories: watcher.histories, seconds }))
    }

    /// Where the fit of a neuron by itself goes on, for its own experiment; none for one that took no part.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn of_neuron(&self, experiment: &Experiment) -> Result<Option<(Checkpoint, History)>> {
        let Some(id) = experiment.prepared.neurons.first() else { return Ok(None) };
        let Some(place) = self.neurons.iter().position(|known| known == id) else {
            return Ok(None);
        };
        let run = experiment.identity()?;
        let checkpoint = self.checkpoint.of_neuron(place, &experiment.params, run)?;
        Ok(Some((checkpoint, self.histories[place].clone())))
    }
}

/// Keeps the history of each neuron.
struct Watcher<'a> {
    histories: Vec<History>,
    is_stopped: &'a (dyn Fn() -> bool + Sync),
}

impl Observer for Watcher<'_> {
    fn batch(&mut self, _epoch: usize) {}

    fn epoch(&mut self, _row: &EpochRow, _checkpoint: &Checkpoint, _improved: bool) -> Result<()> {
        Ok(())
    }

    fn neurons(&mut self, rows: Vec<(usize, EpochRow)>) {
        for (neuron, row) in rows {
            self.histories[neuron].push(&row);
        }
    }

    fn interrupted(&self) -> bool {
        interrupt::pressed() || (self.is_stopped)()
    }

    // What there is to say of a neuron is said at its own end.
    fn note(&mut self, _note: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(number: usize, combination: usize, neuron: Option<usize>) -> Job {
        Job { number, combination, fold: 0, inner: None, neuron, seed: 0 }
    }

    #[test]
    fn teams_are_of_neurons_alone_and_there_are_enough_for_all_workers() {
        let jobs: Vec<Job> = (0..140)
            .flat_map(|neuron| (0..2).map(move |own| job(2 * neuron + own, own, Some(neuron))))
            .collect();
        let sizes = |workers: usize| -> Vec<usize> {
            let found = teams(jobs.clone(), workers, &BTreeSet::from([0]));
            assert_eq!(found.iter().flatten().count(), jobs.len());
            found.iter().filter(|team| team[0].combination == 0).map(Vec::len).collect()
        };
        assert_eq!(sizes(2), [47, 47, 46]);
        let alone = teams(jobs.clone(), 2, &BTreeSet::new());
        assert!(alone.iter().all(|team| team.len() == 1));
        let one: Vec<Job> = (0..10).map(|neuron| job(neuron, 0, Some(neuron))).collect();
        let sizes: Vec<usize> = teams(one, 4, &BTreeSet::from([0])).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 3, 1]);
        let population = teams(vec![job(0, 0, None), job(1, 0, None)], 1, &BTreeSet::from([0]));
        assert_eq!(population.len(), 2);
    }
}
