//! The fits of a sweep on one machine: as many at once as it has cores, with one copy of the dataset.
use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;

use rayon::ThreadPoolBuilder;

use super::folder::JobRecord;
use super::job::{Outcome, Workshop};
use super::plan::Job;
use super::team::teams;
use crate::base::device::DeviceName;
use crate::base::error::{Error, Result};
use crate::base::interrupt;
use crate::base::memory;
use crate::dataset::Clip;

/// Who is told of each fit.
pub trait Audience: Sync {
    /// Work on it begins.
    fn begun(&self, job: Job);

    /// It is done.
    fn done(&self, job: Job, record: &JobRecord);

    /// It cannot be done.
    fn failed(&self, job: Job, error: &str);
}

/// Works through fits; those that other processes take meanwhile are left to them. Whether it was asked to
/// stop before the end.
///
/// # Errors
/// The folder of the sweep cannot be written.
pub fn work_through(
    workshop: &Workshop,
    jobs: Vec<Job>,
    at_once: usize,
    audience: &dyn Audience,
) -> Result<bool> {
    let threads = rayon::current_num_threads();
    let workers = at_once.clamp(1, jobs.len().max(1));
    let teams = teams(jobs, workers, &side_by_side(workshop)?);
    let queue = Mutex::new(VecDeque::from(teams));
    let stopped = AtomicBool::new(false);
    let shift = Shift { workshop, queue: &queue, stopped: &stopped, audience };
    let shares = (0..workers).map(|worker| share(threads, workers, worker));
    std::thread::scope(|scope| {
        let spawned: Vec<_> =
            shares.map(|threads| scope.spawn(move || shift.work(threads))).collect();
        let joined: Vec<_> = spawned.into_iter().map(ScopedJoinHandle::join).collect();
        joined.into_iter().try_for_each(|worker| worker.unwrap_or_else(|_panic| Err(fault())))
    })?;
    Ok(shift.is_stopped())
}

/// The places of the combinations whose neurons are fitted side by side.
fn side_by_side(workshop: &Workshop) -> Result<BTreeSet<usize>> {
    let plan = &workshop.plan;
    if plan.alone.is_none() {
        return Ok(BTreeSet::new());
    }
    let mut places = BTreeSet::new();
    for place in 0..plan.combinations.len() {
        let base = plan.base(workshop.folder.path(), place)?;
        places.extend(base.fits_side_by_side().then_some(place));
    }
    Ok(places)
}

/// The cores of one of several workers.
fn share(threads: usize, workers: usize, worker: usize) -> usize {
    (threads / workers + usize::from(worker < threads % workers)).max(1)
}

fn fault() -> Error {
    Error::Stopped("a worker came upon a fault of its own; go on with strf sweep resume".into())
}

/// What workers share.
#[derive(Clone, Copy)]
struct Shift<'a> {
    workshop: &'a Workshop,
    queue: &'a Mutex<VecDeque<Vec<Job>>>,
    stopped: &'a AtomicBool,
    audience: &'a dyn Audience,
}

impl Shift<'_> {
    /// Works through what is left, on so many cores.
    fn work(&self, threads: usize) -> Result<()> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|source| Error::failed("starting threads", source))?;
        while let Some(team) = self.next() {
            pool.install(|| self.team(team)).inspect_err(|_error| {
                // Where the folder cannot be written, others need not find out.
                self.stopped.store(true, Ordering::Relaxed);
            })?;
        }
        Ok(())
    }

    fn tell(&self, job: Job, outcome: &Outcome) {
        match outcome {
            Outcome::Done(record) => self.audience.done(job, record),
            Outcome::Failed(error) => self.audience.failed(job, error),
            Outcome::Stopped => self.stopped.store(true, Ordering::Relaxed),
        }
    }

    fn next(&self) -> Option<Vec<Job>> {
        if self.is_stopped() {
            return None;
        }
        self.queue.lock().ok()?.pop_front()
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || interrupt::pressed()
    }

    /// The fits of a team, but for those that other processes have.
    fn team(&self, team: Vec<Job>) -> Result<()> {
        if self.workshop.folder.is_cancelled() {
            self.stopped.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let mut own = Vec::new();
        for job in team {
            if let Some(claim) = self.workshop.folder.take(job.number)? {
                self.audience.begun(job);
                own.push((job, claim));
            }
        }
        let is_stopped = || self.stopped.load(Ordering::Relaxed);
        self.workshop.work(&own, &is_stopped, |job, outcome| self.tell(job, &outcome))
    }
}

/// How many fits run at once where nothing is said: one a core, unless memory does not last.
///
/// # Errors
/// The plan is damaged.
pub fn fits_at_once(workshop: &Workshop) -> Result<usize> {
    let base = workshop.plan.base(workshop.folder.path(), 0)?;
    if base.train.device != DeviceName::Cpu {
        return Ok(1);
    }
    let recording = &workshop.dataset().recording;
    let bins: usize = recording.clips.iter().map(Clip::bins).sum();
    let rows = recording.neurons.len() * PER_NEURON + recording.bands() * PER_BAND;
    let needed = (bins * rows * size_of::<f32>()).max(1);
    let room = memory::room().map_or(usize::MAX, |bytes| bytes / 2 / needed);
    Ok(rayon::current_num_threads().min(room).max(1))
}

/// Copies of responses, drives, predictions and gradients of a fit.
const PER_NEURON: usize = 12;
/// Copies of the sound, standardized, filtered and laid out by lag.
const PER_BAND: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_the_cores_and_none_is_left_over() {
        for (threads, workers) in [(16, 3), (2, 2), (7, 4), (8, 1)] {
            let shares = (0..workers).map(|worker| share(threads, workers, worker));
            assert_eq!(shares.sum::<usize>(), threads);
        }
        assert_eq!(share(2, 5, 4), 1);
        assert!(memory::room().is_some_and(|bytes| bytes > 1 << 20));
    }
}
