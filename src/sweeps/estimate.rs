//! How long a sweep takes, from a short fit of each of its combinations.
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;

use super::job::Workshop;
use super::plan::Job;
use super::team::{experiment, teams};
use super::workers::fits_at_once;
use crate::base::error::{Error, Result};
use crate::base::interrupt;
use crate::run_file::Optimizer;
use crate::training::checkpoint::Checkpoint;
use crate::training::history::EpochRow;
use crate::training::{self, End, Observer};

/// How long a fit is looked at.
const LOOK: Duration = Duration::from_secs(4);
/// Combinations that are looked at; others are taken to last as long as these on average.
const LOOKED_AT: usize = 12;

/// How long the fits of a combination take.
#[derive(Debug, Clone, Copy)]
pub struct FitTime {
    /// The place of the combination.
    pub combination: usize,
    /// Seconds of a fit on one core.
    pub seconds: f64,
    /// What is known of them.
    pub bound: Bound,
}

/// What is known of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// It was measured.
    About,
    /// All epochs were counted, of which patience may save some.
    AtMost,
    /// The fit had no end yet.
    MoreThan,
}

impl Bound {
    /// `about`, `at most`, `more than`.
    pub fn word(self) -> &'static str {
        match self {
            Self::About => "about",
            Self::AtMost => "at most",
            Self::MoreThan => "more than",
        }
    }
}

/// How long all fits take.
#[derive(Debug, Clone)]
pub struct SweepTime {
    /// Of the combinations that were looked at.
    pub fits: Vec<FitTime>,
    /// Fits at once.
    pub at_once: usize,
    /// Seconds of all of them.
    pub seconds: f64,
    /// What is known of that.
    pub bound: Bound,
}

/// Fits each combination for a moment; nothing is written.
///
/// # Errors
/// A fit cannot be begun.
pub fn sweep_time(workshop: &Workshop, at_once: Option<usize>) -> Result<SweepTime> {
    let plan = &workshop.plan;
    let at_once = at_once.map_or_else(|| fits_at_once(workshop), Ok)?.min(plan.len().max(1));
    let count = plan.combinations.len();
    let looked_at = count.min(LOOKED_AT);
    let pool = ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|source| Error::failed("starting threads", source))?;
    let mut fits = Vec::new();
    for nth in 0..looked_at {
        let combination = nth * count / looked_at;
        fits.push(pool.install(|| fit_time(workshop, combination))?);
    }
    let mean = fits.iter().map(|fit| fit.seconds).sum::<f64>() / fits.len().max(1) as f64;
    let seconds = mean * plan.len() as f64 / at_once as f64;
    let bound = fits.iter().map(|fit| fit.bound).max().unwrap_or(Bound::About);
    Ok(SweepTime { fits, at_once, seconds, bound })
}

/// The time of a fit of a combination: the first one, or as many as are fitted side by side.
fn fit_time(workshop: &Workshop, combination: usize) -> Result<FitTime> {
    let (folder, plan) = (workshop.folder.path(), &workshop.plan);
    let base = plan.base(folder, combination)?;
    let is_own = |job: &&Job| job.combination == combination;
    let own: Vec<Job> = plan.jobs().iter().filter(is_own).copied().collect();
    let side_by_side = base.fits_side_by_side().then_some(combination).into_iter().collect();
    let team = teams(own, 1, &side_by_side).into_iter().next().unwrap_or_default();
    let begun = Instant::now();
    let experiment = experiment((&workshop.folder, plan), workshop.dataset(), &team)?;
    let task = experiment.task();
    let mut checkpoint = training::start(&task, String::new())?;
    let set_up = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let mut clock = Clock { until: begun + LOOK, epochs: 0 };
    let end = training::fit(&task, &mut checkpoint, &mut clock)?;
    let fitted = begun.elapsed().as_secs_f64();
    if interrupt::pressed() {
        return Err(Error::Stopped("stopped while the time of fits was estimated".into()));
    }
    let settings = &experiment.config.train;
    let all = settings.epochs() + training::epochs_of_starts(settings);
    let (seconds, bound) = match end {
        End::Interrupted if settings.optimizer == Optimizer::AdamW => {
            (fitted * all as f64 / clock.epochs.max(1) as f64, Bound::AtMost)
        }
        End::Interrupted => (fitted, Bound::MoreThan),
        _ => (fitted, Bound::About),
    };
    let begun = Instant::now();
    experiment.scores()?;
    let seconds = set_up + seconds + begun.elapsed().as_secs_f64();
    Ok(FitTime { combination, seconds: seconds / team.len().max(1) as f64, bound })
}

/// Ends a fit after a while.
struct Clock {
    until: Instant,
    epochs: usize,
}

impl Observer for Clock {
    fn batch(&mut self, _epoch: usize) {}

    fn epoch(&mut self, _row: &EpochRow, _checkpoint: &Checkpoint, _improved: bool) -> Result<()> {
        self.epochs += 1;
        Ok(())
    }

    fn interrupted(&self) -> bool {
        interrupt::pressed() || self.epochs > 0 && Instant::now() >= self.until
    }

    fn note(&mut self, _note: &str) {}
}
