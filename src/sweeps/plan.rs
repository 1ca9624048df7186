//! What a sweep fits: a file, the combinations that it comes to, the folds of its dataset, seeds.
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::combinations::Combination;
use super::folds::Folds;
use super::search::Draw;
use super::sections::{Each, FoldCount};
use super::sweep_file::{SweepFile, config};
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::memory;
use crate::base::wording::{counted, did_you_mean, stimuli_counted};
use crate::dataset::content;
use crate::dataset::{Recording, ResponseLocation, Splits};
use crate::preparation::{divide, keep_stimuli, select};
use crate::run_file::{Optimizer, RunConfig, Selection, Split, StartFrom, Strength, Train};
use crate::runs::metadata::PROGRAM;

/// All fits of a sweep, from which each can be made anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The program that made it.
    pub program: String,
    /// The sweep file as it was written.
    pub text: String,
    /// Where it lay, from the folder of the sweep.
    pub file: String,
    /// What the command line changed.
    pub set: Vec<String>,
    /// What stimuli are and hold; a dataset with others is another one.
    pub content: String,
    /// Ids of the neurons of the dataset.
    pub neurons: Vec<String>,
    /// What fits differ in.
    pub combinations: Vec<Combination>,
    /// Draws of a search.
    pub draws: Vec<Draw>,
    /// How many draws and how many combinations each round of a search has; one round where nothing is
    /// searched.
    pub rounds: Vec<(usize, usize)>,
    /// Whether another round follows from what these come to.
    pub goes_on: bool,
    /// The place of the one that the others are compared with.
    pub against: usize,
    /// Seeds of starts.
    pub seeds: Vec<u64>,
    /// The folds of each seed, or those of all.
    pub folds: Vec<Vec<Fold>>,
    /// Ids of the neurons that each have fits of their own; none where all are fitted together.
    pub alone: Option<Vec<String>>,
    /// Ids of the stimuli that are predicted last.
    pub test: Vec<String>,
}

/// The stimuli of the fits that leave some out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fold {
    /// What is left out is the test.
    pub parts: Splits,
    /// The same within the rest, where combinations are chosen by fits of their own.
    pub inner: Vec<Splits>,
}

/// One fit of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    /// The place in the plan.
    pub number: usize,
    /// The place of the combination.
    pub combination: usize,
    /// The place of the fold.
    pub fold: usize,
    /// The place of the fold within the rest, where it is one of those.
    pub inner: Option<usize>,
    /// The place of the neuron, where each has fits of its own.
    pub neuron: Option<usize>,
    /// The place of the seed.
    pub seed: usize,
}

impl Plan {
    /// The plan of a sweep file for its dataset; `file` is where the sweep file lies, from the folder of
    /// the sweep.
    ///
    /// # Errors
    /// Stimuli that cannot be cut so, or ids of test stimuli that the dataset lacks.
    pub fn new(
        sweep: &SweepFile,
        recording: Recording<ResponseLocation>,
        file: String,
    ) -> Result<Self> {
        let SweepFile { fit, base, .. } = sweep;
        let content = content_of(&recording);
        let neurons = recording.neuron_ids();
        let recording = match fit.each {
            Each::Population => select(recording, &Selection::All, &base.data.stimuli)?.recording,
            Each::Neuron => select(recording, &base.data.neurons, &base.data.stimuli)?.recording,
        };
        let alone = (fit.each == Each::Neuron).then(|| recording.neuron_ids());
        let (folds, test) = if fit.folds == FoldCount::Of(1) {
            (vec![vec![one_fold(sweep, &recording)?]], Vec::new())
        } else {
            folds(sweep, &recording)?
        };
        let seeds = (0..fit.seeds as u64).map(|nth| base.train.seed.saturating_add(nth));
        let draws = sweep.search.draws();
        Ok(Self {
            program: PROGRAM.to_owned(),
            text: sweep.text.clone(),
            file,
            set: sweep.set.clone(),
            content,
            neurons,
            combinations: sweep.combinations.clone(),
            rounds: vec![(draws.len(), sweep.combinations.len())],
            goes_on: !sweep.search.ends_behind(1, draws.len()),
            draws,
            against: sweep.against()?,
            seeds: seeds.collect(),
            folds,
            alone,
            test,
        })
    }

    /// What a plan says that was never written: a list of fits is as long as it says.
    pub fn damage(&self) -> Option<String> {
        let counts = self.rounds.iter().map(|(_draws, count)| *count);
        let all = counts.fold(0, usize::saturating_add);
        let expected = self.combinations.len();
        if all != expected {
            return Some(format!(
                "found rounds of {all} combinations, expected {expected}, as many as there are"
            ));
        }
        memory::take_values::<Job>(self.len())
            .err()
            .map(|cause| format!("its list of fits: {cause}"))
    }

    /// Fits of one seed.
    fn jobs_of_seed(&self) -> usize {
        let fits: usize = self
            .folds
            .first()
            .map_or(0, |folds| folds.iter().map(|fold| 1 + fold.inner.len()).sum());
        fits.saturating_mul(self.combinations.len()).saturating_mul(self.fits_of_population())
    }

    /// Fits of which each has its own neurons: as many as neurons, or one.
    pub fn fits_of_population(&self) -> usize {
        self.alone.as_ref().map_or(1, Vec::len)
    }

    /// How many fits there are.
    pub fn len(&self) -> usize {
        self.jobs_of_seed().saturating_mul(self.seeds.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many folds.
    pub fn fold_count(&self) -> usize {
        self.folds.first().map_or(0, Vec::len)
    }

    /// The folds of a seed.
    pub fn folds_of(&self, seed: usize) -> &[Fold] {
        self.folds.get(seed).or(self.folds.first()).map_or(&[], Vec::as_slice)
    }

    /// All fits: round by round, in each seed by seed and fold by fold, so that combinations can be compared
    /// early.
    pub fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::with_capacity(self.len());
        let mut first = 0;
        for (_draws, count) in &self.rounds {
            self.add_round(first..first + count, &mut jobs);
            first += count;
        }
        jobs
    }

    /// The fits of some combinations.
    fn add_round(&self, combinations: Range<usize>, jobs: &mut Vec<Job>) {
        let folds = |seed: usize| self.folds_of(seed).iter().enumerate().map(move |of| (seed, of));
        let fits = (0..self.seeds.len()).flat_map(folds).flat_map(|(seed, (fold, parts))| {
            let inner = std::iter::once(None).chain((0..parts.inner.len()).map(Some));
            inner.map(move |inner| (seed, fold, inner))
        });
        let neurons = |of| {
            let alone = self.alone.as_ref();
            (0..self.fits_of_population()).map(move |neuron| (of, alone.map(|_| neuron)))
        };
        for ((seed, fold, inner), neuron) in fits.flat_map(neurons) {
            for combination in combinations.clone() {
                let number = jobs.len();
                jobs.push(Job { number, combination, fold, inner, neuron, seed });
            }
        }
    }

    /// The stimuli of a fit.
    pub fn parts(&self, job: Job) -> Splits {
        let fold = &self.folds_of(job.seed)[job.fold];
        job.inner.map_or_else(|| fold.parts.clone(), |inner| fold.inner[inner].clone())
    }

    /// What a fit is called: `nrf, fold 2, seed 0`.
    pub fn name(&self, job: Job) -> String {
        let mut parts = vec![self.combinations[job.combination].name.clone()];
        parts.extend((self.fold_count() > 1).then(|| format!("fold {}", job.fold + 1)));
        parts.extend(job.neuron.and_then(|neuron| Some(self.alone.as_ref()?[neuron].clone())));
        parts.extend(job.inner.map(|inner| format!("inner fold {}", inner + 1)));
        parts.extend((self.seeds.len() > 1).then(|| format!("seed {}", self.seeds[job.seed])));
        parts.join(", ")
    }

    /// The run file of a combination, for the sweep in `folder`.
    ///
    /// # Errors
    /// The plan is damaged.
    pub fn base(&self, folder: &Path, combination: usize) -> Result<RunConfig> {
        let file = folder.join(&self.file);
        config(&self.text, &file, &self.set, &self.combinations[combination])
    }

    /// The run file of a fit of the sweep in `folder`, written into `run`.
    ///
    /// # Errors
    /// The plan is damaged.
    pub fn config(&self, folder: &Path, job: Job, run: &Path) -> Result<RunConfig> {
        self.config_of_team(folder, &[job], run)
    }

    /// The same for the fits of several neurons by themselves that differ in nothing else.
    ///
    /// # Errors
    /// The plan is damaged.
    pub fn config_of_team(&self, folder: &Path, jobs: &[Job], run: &Path) -> Result<RunConfig> {
        let Some(job) = jobs.first().copied() else {
            return Err(Error::failed("planning a fit", "it is of no neuron"));
        };
        let mut config = self.base(folder, job.combination)?;
        let Splits { train, valid, test } = self.parts(job);
        if valid.len() < FEW_VALID && train.len() > 1 && chooses_penalties(&config.train) {
            config.train.folds = FOLDS_INSTEAD.min(train.len());
        }
        config.data.split = Some(Split::Ids([train, valid, test]));
        if let Some(alone) = &self.alone {
            let ids = jobs.iter().filter_map(|job| Some(alone[job.neuron?].clone()));
            config.data.neurons = Selection::Ids(ids.collect());
        }
        config.train.seed = self.seeds[job.seed];
        run.clone_into(&mut config.output.folder);
        config.output.tensorboard = false;
        Ok(config)
    }

    /// All that it comes to, line by line.
    pub fn lines(&self) -> String {
        let mut lines = vec![self.summary()];
        lines.extend(self.combinations.iter().map(|one| format!("  {}", one.name)));
        if let Some(fold) = self.folds_of(0).first() {
            let parts = fold.parts.parts().map(|(name, ids)| format!("{} {name}", ids.len()));
            lines.push(format!("stimuli of the first fold: {}", parts.join(", ")));
        }
        if !self.test.is_empty() {
            lines.push(format!("{} stay out of all fits", stimuli_counted(self.test.len())));
        }
        lines.join("\n")
    }

    /// What it fits, in words: `24 fits: 3 combinations × 4 folds × 2 seeds`.
    pub fn summary(&self) -> String {
        let inner =
            self.folds.first().and_then(|folds| folds.first()).map_or(0, |fold| fold.inner.len());
        let mut parts = vec![
            counted(self.combinations.len(), "combination"),
            counted(self.fold_count(), "fold"),
            counted(self.seeds.len(), "seed"),
        ];
        if let Some(alone) = &self.alone {
            parts.insert(0, counted(alone.len(), "neuron"));
        }
        if inner > 0 {
            parts.insert(parts.len() - 1, format!("(1 + {inner}) for the choice in each fold"));
        }
        let later = if self.goes_on { ", and another round follows" } else { "" };
        format!("{}: {}{later}", counted(self.len(), "fit"), parts.join(" x "))
    }
}

/// Fewer validation stimuli are too few to choose penalties by.
pub const FEW_VALID: usize = 3;
/// Folds of the training stimuli that they are chosen by instead.
const FOLDS_INSTEAD: usize = 5;

/// Whether a fit chooses penalties of linear solutions, which folds of the training stimuli can do too.
pub fn chooses_penalties(train: &Train) -> bool {
    let of_squares = train.l2() == Strength::Auto || train.smooth() == Strength::Auto;
    let starts_linear = train.optimizer == Optimizer::Ridge
        || train.optimizer == Optimizer::Lbfgs && train.start() == StartFrom::Ridge;
    of_squares && starts_linear && train.folds == 0
}

/// The hash of what stimuli are and hold.
pub fn content_of(recording: &Recording<ResponseLocation>) -> String {
    format!("{} {}", content::axes(recording), content::sound(recording.clips.iter()))
}

/// The split of `[data]` as the only fold.
fn one_fold(sweep: &SweepFile, recording: &Recording<ResponseLocation>) -> Result<Fold> {
    let mut config = sweep.base.clone();
    config.resolve(recording)?;
    let sets = divide(recording, &config.data.split.unwrap_or(Split::UNSAID))?;
    let id = |clip: &usize| recording.clips[*clip].stimulus.id.clone();
    let ids = |clips: &[usize]| clips.iter().map(id).collect();
    let parts = Splits { train: ids(&sets.train), valid: ids(&sets.valid), test: ids(&sets.test) };
    Ok(Fold { parts, inner: Vec::new() })
}

/// The folds of each seed, and the stimuli that stay out of them.
fn folds(
    sweep: &SweepFile,
    recording: &Recording<ResponseLocation>,
) -> Result<(Vec<Vec<Fold>>, Vec<String>)> {
    let SweepFile { fit, .. } = sweep;
    let test = test_stimuli(sweep, recording)?;
    let rest: Vec<usize> = (0..recording.clips.len())
        .filter(|clip| !test.contains(&recording.clips[*clip].stimulus.id))
        .collect();
    let rest = keep_stimuli(recording.clone(), &rest);
    let stimuli: Vec<_> = rest.clips.into_iter().map(|clip| clip.stimulus).collect();
    let draws = if fit.redraw { fit.seeds } else { 1 };
    let draw = |nth: usize| {
        let folds = Folds { stimuli: &stimuli, fit, seed: fit.seed.wrapping_add(nth as u64) };
        let fold = |(outer, parts): (usize, Splits)| {
            let inner = if fit.nested { folds.inner(outer)? } else { Vec::new() };
            Ok(Fold { parts, inner })
        };
        folds.cut()?.into_iter().enumerate().map(fold).collect::<Result<Vec<_>>>()
    };
    Ok(((0..draws).map(draw).collect::<Result<_>>()?, test))
}

/// Ids of the stimuli that stay out of all fits.
fn test_stimuli(
    SweepFile { fit, file, .. }: &SweepFile,
    recording: &Recording<ResponseLocation>,
) -> Result<Vec<String>> {
    let of_file =
        || recording.splits.as_ref().map(|splits| splits.test.clone()).unwrap_or_default();
    let Some(asked) = &fit.test else {
        return Ok(if fit.all_clips { Vec::new() } else { of_file() });
    };
    let known = recording.stimulus_ids();
    let mut problems = Problems::default();
    problems.require(!fit.all_clips, || {
        Problem::new("fit.all_clips", "true beside fit.test", "one of the two")
    });
    for id in asked {
        problems.require(known.contains(id), || {
            let hint = did_you_mean(id, known.iter().map(String::as_str));
            Problem::new("fit.test", format!("{id:?}"), "ids of stimuli of the dataset").hint(hint)
        });
    }
    problems.into_result(file, asked.clone())
}
