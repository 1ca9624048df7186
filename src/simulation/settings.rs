//! What can be asked of a simulation, and in which range.
use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;

use crate::base::error::{Error, Problem, Result};
use crate::base::units;
use crate::base::wording::{did_you_mean, one_of};
use crate::config::part::{Chosen, find};
use crate::models::outputs::{self, OutputRow, Sign};
use crate::models::prefilters::{self, NeededLevel, PrefilterRow};
use crate::run_file::RunConfig;
use crate::simulation::fields::{self, FieldRow};

/// Response values of the largest simulation: 40 GB.
const LARGEST: f64 = 1e10;
/// What `--prefilter` says for none.
const NO_PREFILTER: &str = "none";

/// Kinds of synthetic sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StimulusKind {
    /// Dynamic random chords: each band takes a random level that holds for some bins
    Chords,
    /// Sums of moving ripples whose amplitudes fall as one over modulation frequency
    Ripples,
    /// Correlated as natural sounds are: ripples of which slow and broad ones are the strongest,
    /// amplitudes falling as one over modulation frequency from 1 Hz and one cycle over all bands
    Natural,
    /// A level of its own for each band and bin
    White,
}

/// How simulated responses vary from repeat to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// Spike counts
    Poisson,
    /// Normal noise around the rate, independent in every bin and repeat, with the standard
    /// deviation that the neuron's rate has over all stimuli: a signal-to-noise ratio of 1
    Gaussian,
}

/// A simulation as asked for; [`simulate`](super::simulate) says whether it can be had.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// Stimuli.
    pub stimuli: usize,
    /// Bins of each stimulus before any are cut off.
    pub bins: usize,
    /// Each stimulus is shortened by up to this share, in [0, 1).
    pub ragged: f64,
    /// Width of a bin in milliseconds, above 0.
    pub dt_ms: f64,
    /// Frequency bands.
    pub bands: usize,
    /// Neurons.
    pub neurons: usize,
    /// Repeats of each stimulus.
    pub repeats: usize,
    /// A number of repeats is drawn for each stimulus, from this one to `repeats`; none: all have as many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fewest_repeats: Option<usize>,
    /// Share of the repeats of single neurons that are missing, in [0, 1).
    pub missing: f64,
    /// How far back receptive fields look, in milliseconds; at least a bin.
    pub window_ms: f64,
    /// Shape of the receptive fields, one of [`shapes`](super::shapes).
    pub shape: String,
    /// `none`, or a name of [`prefilters::TABLE`].
    pub prefilter: String,
    /// A name of [`outputs::TABLE`].
    pub output: String,
    /// How repeats differ.
    pub noise: Noise,
    /// What is heard.
    pub sound: StimulusKind,
    /// Mean response per bin, above 0.
    pub rate: f64,
    /// Everything random follows from it.
    pub seed: u64,
}

/// Settings in range, with the parts that they name.
#[derive(Debug)]
pub(super) struct Checked<'a> {
    /// As asked for.
    pub(super) settings: &'a Settings,
    /// Lags of a receptive field.
    pub(super) lags: usize,
    pub(super) field: &'static FieldRow,
    pub(super) prefilter: Option<Chosen<PrefilterRow>>,
    pub(super) output: &'static OutputRow,
}

impl Settings {
    /// Compares every setting with its range, and finds the parts.
    pub(super) fn check(&self) -> Result<Checked<'_>> {
        let mut problems = Vec::new();
        self.check_counts(&mut problems);
        self.check_numbers(&mut problems);
        let field = fields::TABLE.iter().find(|row| row.name == self.shape);
        if field.is_none() {
            problems.push(unknown("--shape", &self.shape, fields::names()));
        }
        let output = find(outputs::TABLE, &self.output);
        match output {
            Some(row) => self.check_counts_of(row, &mut problems),
            None => problems.push(unknown("--output", &self.output, outputs::names())),
        }
        let known = [vec![NO_PREFILTER], prefilters::names()].concat();
        if !known.contains(&self.prefilter.as_str()) {
            problems.push(unknown("--prefilter", &self.prefilter, known));
        }
        let compresses = find(prefilters::TABLE, &self.prefilter);
        if compresses.is_some_and(|row| row.level == NeededLevel::Linear) {
            let expected = "a prefilter that takes decibels, which simulated sound is in";
            problems.push(Problem::new("--prefilter", format!("{:?}", self.prefilter), expected));
        }
        match (field, output) {
            (Some(field), Some(output)) if problems.is_empty() => {
                let prefilter = self.find_prefilter()?;
                Ok(Checked { settings: self, lags: self.lags(), field, prefilter, output })
            }
            _ => Err(refused(&problems)),
        }
    }

    fn lags(&self) -> usize {
        units::bins(self.window_ms, self.dt_ms, 1)
    }

    /// Bins of the shortest stimulus that may come out.
    pub(super) fn fewest_bins(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let cut = (self.bins as f64 * self.ragged) as usize;
        self.bins.saturating_sub(cut)
    }

    fn check_counts(&self, problems: &mut Vec<Problem>) {
        let least = [
            ("--stimuli", self.stimuli, 1),
            ("--bins", self.bins, 2),
            ("--bands", self.bands, 1),
            ("--neurons", self.neurons, 1),
            ("--repeats", self.repeats, 1),
        ];
        for (option, found, least) in least {
            if found < least {
                problems.push(Problem::new(option, found.to_string(), format!("{least} or more")));
            }
        }
        if let Some(fewest) = self.fewest_repeats
            && !(1..=self.repeats).contains(&fewest)
        {
            let expected = format!("from 1 to {}, the most of --repeats", self.repeats);
            problems.push(Problem::new("--fewest-repeats", fewest.to_string(), expected));
        }
        let sizes = [self.stimuli, self.neurons, self.repeats, self.bins];
        let values: f64 = sizes.iter().map(|size| *size as f64).product();
        if values > LARGEST {
            let at = "--stimuli x --neurons x --repeats x --bins";
            let expected = format!("at most {LARGEST:e} responses, 40 GB of them");
            problems.push(Problem::new(at, format!("{values:e}"), expected));
        }
    }

    fn check_numbers(&self, problems: &mut Vec<Problem>) {
        for (option, share) in [("--missing", self.missing), ("--ragged", self.ragged)] {
            if !(0.0..1.0).contains(&share) {
                let expected = "a share of at least 0 and less than 1";
                problems.push(Problem::new(option, share.to_string(), expected));
            }
        }
        for (option, found) in [("--dt-ms", self.dt_ms), ("--rate", self.rate)] {
            if !(found > 0.0 && found.is_finite()) {
                problems.push(Problem::new(option, found.to_string(), "a number above 0"));
            }
        }
        if self.dt_ms > 0.0 {
            self.check_window(problems);
        }
    }

    fn check_window(&self, problems: &mut Vec<Problem>) {
        let (lags, fewest) = (self.lags(), self.fewest_bins());
        if !(self.window_ms >= self.dt_ms && self.window_ms.is_finite()) {
            let expected = format!("at least one bin of {} ms", self.dt_ms);
            problems.push(Problem::new("--window-ms", self.window_ms.to_string(), expected));
        } else if lags > fewest {
            let expected = format!("at most {fewest}, the bins of the shortest stimulus");
            let problem = Problem::new("--window-ms", format!("{lags} bins"), expected);
            problems.push(problem.hint("raise --bins, or lower --ragged or --window-ms"));
        }
    }

    /// Spike counts need a rate that is never negative.
    fn check_counts_of(&self, output: &OutputRow, problems: &mut Vec<Problem>) {
        if self.noise == Noise::Poisson && output.sign == Sign::Either {
            let found = format!("{:?} with --noise poisson", self.output);
            let expected = "an output that is never negative, for there are no negative counts";
            let problem = Problem::new("--output", found, expected);
            problems.push(problem.hint("take --noise gaussian, or --output relu or softplus"));
        }
    }

    /// The prefilter with the values that a run file has by default.
    fn find_prefilter(&self) -> Result<Option<Chosen<PrefilterRow>>> {
        let text = format!("[model]\ntype = \"ln\"\n[prefilter]\ntype = {:?}\n", self.prefilter);
        Ok(RunConfig::architecture(&text, Path::new("strf simulate"))?.prefilters.pop())
    }
}

fn unknown(option: &str, found: &str, names: Vec<&'static str>) -> Problem {
    Problem::new(option, format!("{found:?}"), one_of(&names)).hint(did_you_mean(found, names))
}

fn refused(problems: &[Problem]) -> Error {
    let lines = problems.iter().map(|problem| format!("\n  {problem}"));
    Error::Refused(format!("nothing can be simulated like this{}", lines.collect::<String>()))
}
