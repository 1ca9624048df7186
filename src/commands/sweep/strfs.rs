//! `strf export-strfs SWEEP`: the mean receptive fields of the folds of a sweep, and which of their weights
//! stand out of what differs between folds.
use std::path::{Path, PathBuf};

use crate::base::error::{Error, Result};
use crate::base::wording::{did_you_mean, one_of};
use crate::runs::trained::Trained;
use crate::strf::significance::others::{FitRelation, OtherFits};
use crate::strf::strf_export::StrfExport;
use crate::sweeps::folder::SweepFolder;
use crate::sweeps::plan::{Job, Plan};

/// The export of one model of a sweep; `export_of` gives that of a fit.
///
/// # Errors
/// An unknown model, fits that are not done or too few, or receptive fields of hidden units.
pub fn of_sweep(
    path: &Path,
    (model, alpha): (Option<&str>, f64),
    export_of: impl Fn(&Trained) -> Result<StrfExport>,
) -> Result<StrfExport> {
    let folder = SweepFolder::open(path)?;
    let plan = folder.plan()?;
    let place = combination(&plan, model)?;
    let is_own = |job: &&Job| job.combination == place && job.inner.is_none();
    let jobs: Vec<Job> = plan.jobs().iter().filter(is_own).copied().collect();
    let neurons: Vec<Option<usize>> = match &plan.alone {
        Some(alone) => (0..alone.len()).map(Some).collect(),
        None => vec![None],
    };
    let mut exports = Vec::new();
    for neuron in neurons {
        let own = jobs.iter().filter(|job| job.neuron == neuron);
        // Seeds of the same fold say nothing of what the data let differ.
        let own = own.filter(|job| plan.fold_count() == 1 || job.seed == 0);
        let runs: Vec<PathBuf> =
            own.map(|job| folder.job(job.number)).filter(|run| run.is_dir()).collect();
        match runs.split_first() {
            None if neuron.is_some() => {} // it could not be fitted
            None => return Err(unfinished(path)),
            Some((first, others)) => exports.push(mean(first, others, alpha, &export_of)?),
        }
    }
    if exports.is_empty() {
        return Err(unfinished(path));
    }
    StrfExport::beside(exports)
}

/// The mean over some fits.
fn mean(
    first: &Path,
    others: &[PathBuf],
    alpha: f64,
    export_of: impl Fn(&Trained) -> Result<StrfExport>,
) -> Result<StrfExport> {
    let fit = Trained::open(first)?;
    let known = OtherFits::open(FitRelation::Repeat, others, alpha, &fit)?;
    let mut exported = export_of(&fit)?;
    let (others, _note) = known.tell(&fit, &mut exported, &export_of)?;
    exported.mean_with(&others.iter().map(|other| other.strfs.view()).collect::<Vec<_>>())
}

/// The place of the combination that is asked for.
fn combination(plan: &Plan, model: Option<&str>) -> Result<usize> {
    let names: Vec<&str> = plan.combinations.iter().map(|one| one.name.as_str()).collect();
    let found = match model {
        None if names.len() == 1 => return Ok(0),
        None => "nothing".to_owned(),
        Some(name) => match names.iter().position(|known| *known == name) {
            Some(place) => return Ok(place),
            None => format!("{name:?}"),
        },
    };
    let hint = did_you_mean(model.unwrap_or_default(), names.iter().copied());
    let gap = if hint.is_empty() { "" } else { "; " };
    Err(Error::Refused(format!("--model: found {found}, expected {}{gap}{hint}", one_of(&names))))
}

fn unfinished(path: &Path) -> Error {
    Error::Refused(format!(
        "{0}: found no fit of this model that is done, expected all of its folds; go on with strf sweep \
         resume {0}",
        path.display()
    ))
}
