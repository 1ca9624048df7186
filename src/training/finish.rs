//! The end of a fit: the mean of late weights where it does better on the validation clips, and
//! calibrated outputs where the validation loss does not suffer. Neither changes what a fit that is
//! given more epochs goes on from.
use super::best::better;
use super::checkpoint::{Checkpoint, Phase, Tensors};
use super::fitting::{Fitting, Judge};
use super::{End, Observer, calibration};
use crate::base::error::Result;
use crate::run_file::Best as BestOf;

/// Makes the model of the best weights; how it ended, where it was stopped.
///
/// # Errors
/// A tensor operation fails, or the observer fails.
pub fn run(
    fitting: &Fitting,
    judge: &Judge,
    checkpoint: &mut Checkpoint,
    observer: &mut dyn Observer,
) -> Result<Option<End>> {
    let params = fitting.task.params;
    let mut weights = checkpoint.best_weights.clone();
    if let Some(means) = checkpoint.means()? {
        weights = averaged(fitting, judge, weights, &means)?;
    }
    params.load(&weights)?;
    checkpoint.progress.calibrated = Vec::new();
    // What an output becomes that changes with the sound does not follow from drives alone.
    if fitting.task.settings.calibrate && !fitting.task.network.changes_output() {
        let kept = calibrate(fitting, judge, &mut weights, &|| observer.interrupted())?;
        let Some(kept) = kept else { return Ok(Some(End::Interrupted)) };
        let neurons = 0..fitting.task.network.neurons();
        checkpoint.progress.calibrated = neurons.map(|neuron| kept.contains(&neuron)).collect();
        params.load(&weights)?;
    }
    checkpoint.model = fitting.in_units_of_recording()?;
    checkpoint.progress.phase = Phase::Done;
    fitting.give_up(judge, checkpoint, observer)?;
    observer.finished(checkpoint)?;
    Ok(None)
}

/// The better of weights and the mean of late ones.
fn averaged(
    fitting: &Fitting,
    judge: &Judge,
    weights: Tensors,
    means: &Tensors,
) -> Result<Tensors> {
    let (network, params) = (fitting.task.network, fitting.task.params);
    params.load(&weights)?;
    let before = judge.validation.scores(network)?;
    params.load(means)?;
    let after = judge.validation.scores(network)?;
    let better = |new: f64, old: f64| better(judge.monitor, new, Some(old));
    match fitting.task.settings.best() {
        BestOf::Mean if better(after.mean(judge.monitor), before.mean(judge.monitor)) => {
            Ok(means.clone())
        }
        BestOf::Mean => Ok(weights),
        BestOf::PerNeuron => {
            let pairs =
                after.of_neurons(judge.monitor).iter().zip(before.of_neurons(judge.monitor));
            let improved = pairs.enumerate().filter(|(_, (new, old))| better(**new, **old));
            let improved: Vec<usize> = improved.map(|(neuron, _)| neuron).collect();
            fitting.mixed(&weights, means, &improved)
        }
    }
}

/// Takes calibrated outputs into weights; of which neurons, or none where it was stopped.
fn calibrate(
    fitting: &Fitting,
    judge: &Judge,
    weights: &mut Tensors,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<Vec<usize>>> {
    let (network, params) = (fitting.task.network, fitting.task.params);
    fitting.settle_norm()?;
    *weights = params.values()?;
    let before = judge.validation.scores(network)?;
    if !calibration::fit(fitting, is_stopped)? {
        return Ok(None);
    }
    let after = judge.validation.scores(network)?;
    let suits = |neuron: &usize| {
        let (old, new) = (before.losses[*neuron], after.losses[*neuron]);
        let went_silent = after.silent.contains(neuron) && !before.silent.contains(neuron);
        new.is_finite() && (new <= old || old.is_nan()) && !went_silent
    };
    let kept: Vec<usize> = (0..network.neurons()).filter(suits).collect();
    *weights = fitting.mixed(weights, &params.values()?, &kept)?;
    Ok(Some(kept))
}
