//! What a sweep fits: a file, the combinations that it comes to, the folds of its dataset, seeds.
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::combinations::{self, Combination, Combinations};
use super::folds::Folds;
use super::search::Search;
use super::sections::{Each, FIT, Fit, FoldCount, LAUNCH, Launch, SECTIONS};
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::wording::{counted, did_you_mean, one_of, stimuli_counted};
use crate::config::check::{Check, refused};
use crate::dataset::content;
use crate::dataset::{Recording, ResponseLocation, Splits};
use crate::preparation::{divide, keep_stimuli, select};
use crate::run_file::{RunConfig, Selection, Split};
use crate::runs::metadata::PROGRAM;

/// A sweep file whose values are in range.
#[derive(Debug, Clone)]
pub struct SweepFile {
    /// As it was written.
    pub text: String,
    /// Where it was read from.
    pub file: PathBuf,
    /// What the command line changes, each as `section.key=value`.
    pub set: Vec<String>,
    /// `[fit]`.
    pub fit: Fit,
    /// `[launch]`.
    pub launch: Launch,
    /// Of `[grid]`.
    pub combinations: Vec<Combination>,
    /// The run file of the first of them.
    pub base: RunConfig,
    /// What was left out.
    pub notes: Vec<String>,
}

impl SweepFile {
    /// Reads a sweep file; each of `set` is a `section.key=value` that replaces what the file says.
    ///
    /// # Errors
    /// Everything that does not fit, at once.
    pub fn load(file: &Path, set: &[String]) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| Error::file(format!("reading {}", file.display()), source))?;
        Self::parse(text, file, set)
    }

    /// The sweep file `text`, whose paths are relative to the folder of `file`.
    ///
    /// # Errors
    /// As [`SweepFile::load`].
    pub fn parse(text: String, file: &Path, set: &[String]) -> Result<Self> {
        let mut check = Check::open(&text, &SECTIONS, file, set)?;
        check.sections(&SECTIONS.iter().map(|section| section.name).collect::<Vec<_>>());
        let (fit, launch) = (check.values(FIT, Fit::KEYS), check.values(LAUNCH, Launch::KEYS));
        let axes = combinations::axes(&check.document, &mut check.problems);
        let search = Search::read(&check.document, &mut check.problems);
        let split = check.document.section("data").and_then(|data| data.entry("split"));
        if split.is_some() && !check.problems.iter().any(|problem| problem.at.starts_with(FIT)) {
            let fit = Fit::new(&fit)?;
            if fit.folds != FoldCount::Of(1) {
                let problem =
                    check.document.problem(("data", "split"), "a split", "none beside folds");
                check.problems.push(problem.hint("leave it out, or set fit.folds = 1"));
            }
        }
        if !check.problems.is_empty() {
            return Err(refused(check.problems, file));
        }
        let title = |combination: &Combination| {
            config(&text, file, set, combination).map(|config| config.architecture.title())
        };
        let Combinations { sound, notes } =
            combinations::combine(&check.document, (&axes, &search), title)?;
        let (fit, launch) = (Fit::new(&fit)?, Launch::new(&launch)?);
        let first = sound.first().cloned().unwrap_or_default();
        let base = config(&text, file, set, &first)?;
        let file = file.to_owned();
        Ok(Self { text, file, set: set.to_vec(), fit, launch, combinations: sound, base, notes })
    }
}

impl SweepFile {
    /// The place of the combination that the others are compared with.
    fn against(&self) -> Result<usize> {
        let Some(name) = &self.fit.against else { return Ok(0) };
        let names = || self.combinations.iter().map(|one| one.name.as_str());
        names().position(|known| known == name).ok_or_else(|| {
            let expected = one_of(&names().collect::<Vec<_>>());
            let problem = Problem::new("fit.against", format!("{name:?}"), expected);
            let problems = vec![problem.hint(did_you_mean(name, names()))];
            Error::Input { file: self.file.clone(), problems }
        })
    }
}

/// The run file of a combination.
fn config(text: &str, file: &Path, set: &[String], own: &Combination) -> Result<RunConfig> {
    let overrides: Vec<String> = set.iter().cloned().chain(own.overrides()).collect();
    RunConfig::parse_among(text, &SECTIONS, file, &overrides)
}

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
        Ok(Self {
            program: PROGRAM.to_owned(),
            text: sweep.text.clone(),
            file,
            set: sweep.set.clone(),
            content,
            neurons,
            combinations: sweep.combinations.clone(),
            against: sweep.against()?,
            seeds: seeds.collect(),
            folds,
            alone,
            test,
        })
    }

    /// Fits of one seed.
    fn jobs_of_seed(&self) -> usize {
        let fits: usize = self
            .folds
            .first()
            .map_or(0, |folds| folds.iter().map(|fold| 1 + fold.inner.len()).sum());
        fits * self.combinations.len() * self.fits_of_population()
    }

    /// Fits of which each has its own neurons: as many as neurons, or one.
    pub fn fits_of_population(&self) -> usize {
        self.alone.as_ref().map_or(1, Vec::len)
    }

    /// How many fits there are.
    pub fn len(&self) -> usize {
        self.jobs_of_seed() * self.seeds.len()
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

    /// All fits: seed by seed, fold by fold, so that combinations can be compared early.
    pub fn jobs(&self) -> Vec<Job> {
        let folds = |seed: usize| self.folds_of(seed).iter().enumerate().map(move |of| (seed, of));
        let fits = (0..self.seeds.len()).flat_map(folds).flat_map(|(seed, (fold, parts))| {
            let inner = std::iter::once(None).chain((0..parts.inner.len()).map(Some));
            inner.map(move |inner| (seed, fold, inner))
        });
        let neurons = |of| {
            let alone = self.alone.as_ref();
            (0..self.fits_of_population()).map(move |neuron| (of, alone.map(|_| neuron)))
        };
        let all = fits.flat_map(neurons);
        let all = all.flat_map(|of| (0..self.combinations.len()).map(move |own| (of, own)));
        let job = |(number, (((seed, fold, inner), neuron), combination))| Job {
            number,
            combination,
            fold,
            inner,
            neuron,
            seed,
        };
        all.enumerate().map(job).collect()
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
        let mut config = self.base(folder, job.combination)?;
        let Splits { train, valid, test } = self.parts(job);
        config.data.split = Some(Split::Ids([train, valid, test]));
        if let (Some(neuron), Some(alone)) = (job.neuron, &self.alone) {
            config.data.neurons = Selection::Ids(vec![alone[neuron].clone()]);
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
        format!("{}: {}", counted(self.len(), "fit"), parts.join(" x "))
    }
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
