//! The exact solution of `linear` for each strength of its penalties, the best of which stays for each
//! neuron: by the validation clips, or by folds of the training clips.
use std::time::Instant;

use super::bands;
use super::checkpoint::{Checkpoint, Phase};
use super::fitting::{Fitting, Judge, require_finite};
use super::folds::Folds;
use super::history::EpochRow;
use super::linear::{LinearProblem, RidgePenalty};
use super::path::{Point, strengths};
use super::validation::ValidationScores;
use super::{End, Observer};
use crate::base::error::{Error, Result};
use crate::models::batch::Member;
use crate::run_file::Strength;

/// Penalties that the run file asks for: all that are to be tried, in their order.
fn tried(fitting: &Fitting, problem: &LinearProblem) -> Vec<RidgePenalty> {
    let settings = fitting.task.settings;
    let values = |strength: Strength| match strength {
        Strength::Is(number) => vec![number],
        Strength::Auto => strengths(problem.weights()),
    };
    let (l2, smooth) = (values(settings.l2()), values(settings.smooth()));
    let mut all = Vec::new();
    for ratio in problem.bands.ratios() {
        for smooth in smooth.iter().copied() {
            let penalty = |l2: &f64| RidgePenalty { l2: *l2, smooth, ratio: ratio.clone() };
            all.extend(l2.iter().map(penalty));
        }
    }
    all
}

/// The exact solution for each strength, the best of which stays for each neuron.
///
/// # Errors
/// A kernel has too many weights, a covariance is not positive, or the observer fails.
pub fn run(
    fitting: &Fitting,
    judge: &Judge,
    checkpoint: &mut Checkpoint,
    observer: &mut dyn Observer,
) -> Result<Option<End>> {
    let network = fitting.task.network;
    let clips = fitting.seen()?;
    if let Some(norm) = network.norm() {
        norm.let_pass()?;
    }
    let banded = fitting.task.settings.banded;
    let problem = LinearProblem::new(network, &clips)?.with_bands(banded)?;
    let all = tried(fitting, &problem);
    let chosen = if fitting.task.settings.folds > 1 && all.len() > 1 {
        checkpoint.progress.path.clear();
        Some(by_folds(fitting, &clips, &problem, &all, checkpoint)?)
    } else {
        None
    };
    while let Some(own) = all.get(checkpoint.progress.leg) {
        if observer.interrupted() {
            return Ok(Some(End::Interrupted));
        }
        let (mut row, losses) = solve(fitting, &problem, own)?;
        let begin = Instant::now();
        let scores = judge.validation.scores(network)?;
        let place = checkpoint.progress.leg;
        checkpoint.progress.epoch += 1;
        checkpoint.progress.leg += 1;
        require_finite(scores.loss, "validation", &format!("epoch {}", checkpoint.progress.epoch))?;
        let improved = if let Some(chosen) = &chosen {
            take_chosen(fitting, checkpoint, (chosen, place), &scores)?
        } else {
            if all.len() > 1 {
                checkpoint.progress.path.push(point(fitting, (place, own), &scores.losses));
            }
            fitting.keep(checkpoint, judge, &scores)?
        };
        let seconds_valid = begin.elapsed().as_secs_f64();
        let of_training = (row.seconds_train, row.train_loss, row.phase);
        row = EpochRow { epoch: checkpoint.progress.epoch, seconds_valid, ..scores.row() };
        (row.seconds_train, row.train_loss, row.phase) = of_training;
        if place + 1 == all.len() {
            checkpoint.progress.phase = Phase::Finish;
        }
        observer.neurons(of_neurons(fitting, &row, (&losses, &scores)));
        observer.epoch(&row, checkpoint, improved)?;
    }
    checkpoint.progress.phase = Phase::Finish;
    Ok(Some(End::Converged))
}

/// Puts the solution for some strengths into the network; what the history says of it, and the loss of each
/// neuron.
fn solve(
    fitting: &Fitting,
    problem: &LinearProblem,
    own: &RidgePenalty,
) -> Result<(EpochRow, Vec<f64>)> {
    let (network, begin) = (fitting.task.network, Instant::now());
    if !problem.set((network, fitting.task.params), &problem.solve(own)?)? {
        return Err(Error::failed("setting kernels", "they are not free"));
    }
    let criterion = fitting.relative.criterion();
    let (_, losses) = network.loss_as_it_is(&fitting.whole(), &criterion)?;
    let train_loss = fitting.relative.mean_loss(losses.iter().sum()) - fitting.relative.floor();
    let seconds_train = begin.elapsed().as_secs_f64();
    let phase = format!("l2 {:.3e}", own.l2);
    Ok((EpochRow { seconds_train, train_loss, phase, ..EpochRow::default() }, losses))
}

/// The row of the history of each neuron by itself.
fn of_neurons(
    fitting: &Fitting,
    row: &EpochRow,
    (losses, scores): (&[f64], &ValidationScores),
) -> Vec<(usize, EpochRow)> {
    let of_neuron = |(neuron, loss): (usize, &f64)| {
        let train_loss = loss - fitting.relative.floor_of(neuron);
        let EpochRow { epoch, seconds_train, seconds_valid, .. } = *row;
        let phase = row.phase.clone();
        let times = EpochRow { epoch, seconds_train, seconds_valid, ..scores.row_of(neuron) };
        (neuron, EpochRow { train_loss, phase, ..times })
    };
    losses.iter().enumerate().map(of_neuron).collect()
}

/// A point of the path.
fn point(fitting: &Fitting, (nth, own): (usize, &RidgePenalty), losses: &[f64]) -> Point {
    let mut beside = Vec::new();
    if fitting.task.settings.smooth() == Strength::Auto {
        beside.push(format!("smooth {:e}", own.smooth));
    }
    if own.ratio.len() > 1 {
        beside.push(format!("ratio {}", bands::described(&own.ratio)));
    }
    let penalty = if beside.is_empty() {
        "l2".to_owned()
    } else {
        format!("l2 with {}", beside.join(" and "))
    };
    let losses = losses.iter().map(|loss| Some(*loss).filter(|loss| loss.is_finite()));
    Point { penalty, round: 1, strength: own.l2, at: (0, nth), losses: losses.collect() }
}

/// Keeps the present solution for the neurons for which it was chosen; whether there are such.
fn take_chosen(
    fitting: &Fitting,
    checkpoint: &mut Checkpoint,
    (chosen, place): (&[usize], usize),
    scores: &ValidationScores,
) -> Result<bool> {
    checkpoint.weights = fitting.task.params.values()?;
    let own = chosen.iter().enumerate().filter(|(_, chosen)| **chosen == place);
    let own: Vec<usize> = own.map(|(neuron, _)| neuron).collect();
    fitting.take_neurons(checkpoint, &own)?;
    let (best, epoch) = (&mut checkpoint.progress.best, checkpoint.progress.epoch);
    best.neurons.resize(chosen.len(), None);
    best.epochs.resize(chosen.len(), 0);
    for neuron in &own {
        (best.neurons[*neuron], best.epochs[*neuron]) = (Some(scores.losses[*neuron]), epoch);
        (best.epoch, best.score) = (epoch, Some(scores.loss));
    }
    Ok(!own.is_empty())
}

/// For each neuron which of the penalties does best on folds of the training clips that the others
/// were fitted to.
///
/// # Errors
/// There are fewer than two clips, or a covariance is not positive.
pub fn by_folds(
    fitting: &Fitting,
    clips: &[Member],
    problem: &LinearProblem,
    all: &[RidgePenalty],
    checkpoint: &mut Checkpoint,
) -> Result<Vec<usize>> {
    let settings = fitting.task.settings;
    let folds = settings.folds.min(clips.len());
    if folds < 2 {
        return Err(Error::Refused(format!(
            "train.folds: found {} training stimulus, expected at least 2 to divide into folds; set \
             train.folds = 0, which chooses by the validation stimuli",
            clips.len()
        )));
    }
    let folds = Folds { count: folds, seed: settings.seed };
    let losses = folds.losses(clips, problem, all, &fitting.relative.ranges)?;
    for (penalty, losses) in all.iter().enumerate().zip(&losses) {
        checkpoint.progress.path.push(point(fitting, penalty, losses));
    }
    let least = |neuron: usize| {
        let by_loss = |a: &usize, b: &usize| losses[*a][neuron].total_cmp(&losses[*b][neuron]);
        (0..all.len()).min_by(by_loss).unwrap_or(0)
    };
    Ok((0..problem.neurons).map(least).collect())
}
