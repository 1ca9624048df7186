//! One fit of a sweep: from its place in the plan to a run folder with scores.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::claim::Claim;
use super::folder::{JobRecord, SweepFolder};
use super::plan::{FEW_VALID, Job, Plan, content_of};
use super::rounds::with_next_round;
use super::table::{VALID_CC, VALID_CC_NORM, collect};
use super::team::Together;
use crate::base::error::{Error, Result};
use crate::base::interrupt;
use crate::base::memory;
use crate::dataset::{
    Clip, ReadRecording, Recording, ResponseLocation, keep_responses, read_sound,
};
use crate::runs::experiment::Experiment;
use crate::runs::folder::{OldRun, RunFolder};
use crate::stats::moments::mean_of_defined;
use crate::training::checkpoint::Checkpoint;
use crate::training::history::{EpochRow, History};
use crate::training::{self, End, Observer};

/// How often a fit that takes long is written down, so that it can go on from there.
const BETWEEN_STATES: Duration = Duration::from_secs(20);

/// What all fits of a sweep share: the plan, and the dataset, read once.
pub struct Workshop {
    /// Where results go.
    pub folder: SweepFolder,
    /// What is fitted.
    pub plan: Plan,
    recording: ReadRecording<ResponseLocation>,
}

/// Whether a search goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextRound {
    /// There are more fits to make.
    Begins,
    /// There are none, or others still work on the last ones.
    IsNotDue,
}

/// How working on a fit came to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is done.
    Done(JobRecord),
    /// It cannot be done, for the reason that is given.
    Failed(String),
    /// It was asked to stop, and can go on from where it is.
    Stopped,
}

impl Workshop {
    /// Reads the dataset of a sweep.
    ///
    /// # Errors
    /// It cannot be read, or is not what it was when the sweep was planned.
    pub fn open(folder: SweepFolder, plan: Plan) -> Result<Self> {
        let file = plan.base(folder.path(), 0)?.data.file;
        let recording = read_sound(&file)?;
        let known = &recording.recording;
        if content_of(known) != plan.content || known.neuron_ids() != plan.neurons {
            return Err(Error::Refused(format!(
                "{}: found other stimuli or neurons than when the sweep in {} was planned, expected what \
                 it held then; put that dataset back, or make another sweep",
                file.display(),
                folder.path().display()
            )));
        }
        Self::with(folder, plan, recording)
    }

    /// The same with the dataset that the plan was made of.
    ///
    /// # Errors
    /// Its responses cannot be read.
    pub fn with(
        folder: SweepFolder,
        plan: Plan,
        mut recording: ReadRecording<ResponseLocation>,
    ) -> Result<Self> {
        if plan.len() > 1 && fits_into_memory(&recording.recording) {
            keep_responses(&mut recording.recording)?;
        }
        Ok(Self { folder, plan, recording })
    }

    /// The dataset.
    pub fn dataset(&self) -> &ReadRecording<ResponseLocation> {
        &self.recording
    }

    /// Goes on to the next round of a search, if all fits of those before are done or have failed, whoever
    /// has done them.
    ///
    /// # Errors
    /// The folder of the sweep cannot be read or written.
    pub fn next_round(&mut self) -> Result<NextRound> {
        if !self.plan.goes_on {
            return Ok(NextRound::IsNotDue);
        }
        // Another process may have gone on already.
        let known = self.folder.plan()?;
        if known.rounds.len() > self.plan.rounds.len() {
            self.plan = known;
            return Ok(NextRound::Begins);
        }
        let progress = self.folder.progress()?;
        if progress.done.len() + progress.failed.len() < self.plan.len() {
            return Ok(NextRound::IsNotDue);
        }
        let collected = collect(&self.folder, &self.plan, &progress)?;
        let next = with_next_round(&self.plan, self.folder.path(), &collected)?;
        let Some(next) = next else { return Ok(NextRound::IsNotDue) };
        self.folder.replan(&next)?;
        self.plan = next;
        Ok(NextRound::Begins)
    }

    /// Works on a fit that was claimed, or on those of several neurons by themselves, side by side;
    /// `is_stopped` is asked before every step, and `tell` hears how each came to its end.
    ///
    /// # Errors
    /// The folder of the sweep cannot be written.
    pub fn work(
        &self,
        team: &[(Job, Claim)],
        is_stopped: &(dyn Fn() -> bool + Sync),
        mut tell: impl FnMut(Job, Outcome),
    ) -> Result<()> {
        let place = |(job, claim): &(Job, Claim)| self.folder.workplace(job.number, claim);
        let places = team.iter().map(place).collect::<Result<Vec<_>>>()?;
        // What has been begun alone goes on alone.
        let anew = team.iter().zip(&places).filter(|(_, (_, is_begun))| !is_begun);
        let anew: Vec<Job> = anew.map(|((job, _), _)| *job).collect();
        let fit = || Together::fit((&self.folder, &self.plan), &self.recording, &anew, is_stopped);
        let fitted =
            if anew.len() > 1 { catch_unwind(AssertUnwindSafe(fit)) } else { Ok(Ok(None)) };
        // Where they cannot be fitted together, it shows which of them is to blame.
        let together = fitted.ok().and_then(Result::ok).flatten();
        for ((job, claim), place) in team.iter().zip(places) {
            let is_begun = place.1;
            if together.is_none() && !is_begun && (interrupt::pressed() || is_stopped()) {
                claim.withdraw(&self.folder.claim_file(job.number))?;
                tell(*job, Outcome::Stopped);
                continue;
            }
            let head_start = together.as_ref().filter(|_| anew.contains(job));
            tell(*job, self.work_at((*job, claim), place, head_start, is_stopped)?);
        }
        Ok(())
    }

    /// Works on a fit in its place, from a head start where there is one.
    fn work_at(
        &self,
        (job, claim): (Job, &Claim),
        (path, is_begun): (PathBuf, bool),
        together: Option<&Together>,
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Outcome> {
        let begun = Instant::now();
        let before = together.map_or(0.0, |together| together.seconds);
        let fit = || self.fit(job, &path, (is_begun, together), is_stopped);
        let fitted = match catch_unwind(AssertUnwindSafe(fit)) {
            Ok(fitted) => fitted,
            Err(_panic) => Err(Error::Stopped("the program came upon a fault of its own".into())),
        };
        match fitted {
            Ok(None) => {
                claim.withdraw(&self.folder.claim_file(job.number))?;
                Ok(Outcome::Stopped)
            }
            Ok(Some((cc, warnings))) => {
                let seconds = before + begun.elapsed().as_secs_f64();
                let host = claim.process.host.clone();
                let record = JobRecord { seconds, cc, host, warnings };
                self.folder.finish(job.number, claim, &record)?;
                Ok(Outcome::Done(record))
            }
            Err(error) => {
                let error = with_causes(&error);
                self.folder.fail(job.number, claim, &error)?;
                Ok(Outcome::Failed(error))
            }
        }
    }

    /// Fits into `path`, going on with what lies there where it can be gone on with; the mean correlation and
    /// what the user should know, or none where it was asked to stop.
    fn fit(
        &self,
        job: Job,
        path: &Path,
        (is_begun, together): (bool, Option<&Together>),
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<(Option<f64>, Vec<String>)>> {
        let fit = |old| {
            let config = self.plan.config(self.folder.path(), job, path)?;
            let recording = &self.recording;
            let experiment = Experiment::of(config, old, |_| Ok(recording.clone()))?;
            let head_start = together.map(|together| together.of_neuron(&experiment));
            let (checkpoint, history) = match head_start.transpose()?.flatten() {
                Some((checkpoint, history)) => {
                    experiment.begin_with(&checkpoint)?;
                    (checkpoint, history)
                }
                None => experiment.begin(old)?,
            };
            Ok((experiment, checkpoint, history))
        };
        // What an earlier attempt has left may be damaged: then the fit begins anew.
        let resumed: Option<Result<_>> = is_begun.then(|| fit(OldRun::Resume));
        let (experiment, mut checkpoint, history) = match resumed {
            Some(Ok(resumed)) => resumed,
            _ => fit(OldRun::Replace)?,
        };
        let mut keeper = Keeper::new(&experiment.folder, history, is_stopped);
        let end = training::fit(&experiment.task(), &mut checkpoint, &mut keeper)?;
        let Keeper { notes, .. } = keeper.finish(&checkpoint, end)?;
        if end == End::Interrupted {
            return Ok(None);
        }
        let scores = experiment.final_scores(&checkpoint)?;
        let validation = experiment.validation()?;
        let scores = scores
            .with_column(VALID_CC, validation.cc)
            .with_column(VALID_CC_NORM, validation.cc_norm);
        experiment.keep_scores(&scores, &checkpoint)?;
        experiment.folder.remove_state()?;
        let cc = scores.column("cc").map(|column| mean_of_defined(column.iter().copied()));
        let few = experiment.prepared.valid.len() < FEW_VALID
            && experiment.config.train.folds > 1
            && self.plan.parts(job).train.len() > 1;
        let few = few.then(|| {
            format!("fewer than {FEW_VALID} validation stimuli: penalties chosen by folds of the training stimuli")
        });
        let warnings = experiment.prepared.warnings.iter().cloned().chain(notes).chain(few);
        Ok(Some((cc.filter(|cc| cc.is_finite()), warnings.collect())))
    }
}

/// The share of free memory that responses may take to be read once instead of by each fit.
const KEPT: usize = 8;

/// Whether the responses of a recording can stay in memory.
fn fits_into_memory(recording: &Recording<ResponseLocation>) -> bool {
    let numbers = |clip: &Clip<ResponseLocation>| {
        let (neurons, repeats, bins) = clip.responses.dim();
        neurons * repeats * bins
    };
    let needed = size_of::<f32>() * recording.clips.iter().map(numbers).sum::<usize>();
    memory::room().is_some_and(|free| needed < free / KEPT)
}

/// An error with its causes, on one line.
fn with_causes(error: &Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        parts.push(error.to_string());
        cause = error.source();
    }
    parts.join(", because ")
}

/// Writes a fit that takes long down from time to time.
struct Keeper<'a> {
    folder: &'a RunFolder,
    history: History,
    /// The last state between two epochs, and when it was written.
    last: Option<Checkpoint>,
    written: Instant,
    notes: Vec<String>,
    is_stopped: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Keeper<'a> {
    fn new(
        folder: &'a RunFolder,
        history: History,
        is_stopped: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self { folder, history, last: None, written: Instant::now(), notes: Vec::new(), is_stopped }
    }

    fn write(&self, checkpoint: &Checkpoint) -> Result<()> {
        self.folder.write_history(self.history.text())?;
        self.folder.write_best(checkpoint)?;
        self.folder.write_state(checkpoint)
    }

    /// Writes down how far the fit came.
    fn finish(self, checkpoint: &Checkpoint, end: End) -> Result<Self> {
        if end != End::Interrupted {
            self.folder.write_history(self.history.text())?;
            self.folder.write_best(checkpoint)?;
        } else if let Some(last) = &self.last {
            self.write(last)?;
        }
        Ok(self)
    }
}

impl Observer for Keeper<'_> {
    fn batch(&mut self, _epoch: usize) {}

    fn epoch(&mut self, row: &EpochRow, checkpoint: &Checkpoint, _improved: bool) -> Result<()> {
        self.history.push(row);
        if !checkpoint.is_whole {
            return Ok(());
        }
        if self.written.elapsed() >= BETWEEN_STATES {
            self.write(checkpoint)?;
            self.written = Instant::now();
        }
        self.last = Some(checkpoint.clone());
        Ok(())
    }

    fn finished(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.last = Some(checkpoint.clone());
        Ok(())
    }

    fn interrupted(&self) -> bool {
        interrupt::pressed() || (self.is_stopped)()
    }

    fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }
}
