//! The scores of all fits as one tidy table, and their means.
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::folder::{JobRecord, SCORES, SUMMARY_CSV, SweepFolder, SweepProgress};
use super::plan::{Job, Plan};
use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::base::table;
use crate::runs::folder::RunFolder;
use crate::scores;
use crate::stats::moments::{mean, mean_of_defined, median, variance};

/// Column of the table of scores: correlation over the validation stimuli.
pub const VALID_CC: &str = "valid_cc";
/// Column of the table of scores: that relative to the best that noise allows.
pub const VALID_CC_NORM: &str = "valid_cc_norm";
/// Scores that are averaged over fits.
pub const AVERAGED: [&str; 5] = ["cc", "cc_norm", VALID_CC, VALID_CC_NORM, CEILING];
/// The largest correlation that the noise of the recording allows.
pub const CEILING: &str = "cc_max";
/// A column that only calibrated models have.
const CALIBRATED: &str = "calibrated";

/// What came of the fits of one combination that are done; those within the rest of a fold are left out.
#[derive(Debug, Clone, Default)]
pub struct OfCombination {
    /// How many are done.
    pub done: usize,
    /// Of each neuron and each score of [`AVERAGED`], by seed: the sum over folds and how many have it.
    neurons: BTreeMap<String, Vec<[(f64, usize); AVERAGED.len()]>>,
    /// What the user should know, and in how many fits.
    pub warnings: BTreeMap<String, usize>,
    /// Seconds that each took.
    seconds: Vec<f64>,
    /// By seed and fold, what a combination is chosen by: the mean correlation over neurons, over validation
    /// stimuli or over what fits within the rest leave out.
    grounds: BTreeMap<(usize, usize), Vec<f64>>,
}

impl OfCombination {
    /// The mean over neurons of each neuron's mean over folds and seeds; NaN where no neuron has one.
    pub fn mean(&self, score: usize) -> f64 {
        mean(&self.of_neurons(score).into_iter().map(|(_, value)| value).collect::<Vec<_>>())
    }

    /// Each neuron's mean over folds and seeds, of those that have one.
    pub fn of_neurons(&self, score: usize) -> Vec<(&str, f64)> {
        let of_neuron = |(id, seeds): (&'_ String, &Vec<[(f64, usize); AVERAGED.len()]>)| {
            let entries = seeds.iter().map(|scores| scores[score]);
            let (sum, count) = entries.fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            (count > 0).then(|| (id.clone(), sum / count as f64))
        };
        let all = self.neurons.iter().filter_map(of_neuron);
        let known: BTreeMap<String, f64> = all.collect();
        self.neurons.keys().filter_map(|id| Some((id.as_str(), *known.get(id)?))).collect()
    }

    /// The standard deviation over seeds of the mean over neurons; NaN with fewer than two.
    pub fn deviation(&self, score: usize) -> f64 {
        let seeds = self.neurons.values().map(Vec::len).max().unwrap_or(0);
        let of_seed = |seed: usize| {
            let entries = self.neurons.values().filter_map(|own| own.get(seed).map(|s| s[score]));
            let values = entries.filter(|(_, count)| *count > 0);
            mean(&values.map(|(sum, count)| sum / count as f64).collect::<Vec<_>>())
        };
        let means: Vec<f64> = (0..seeds).map(of_seed).filter(|mean| mean.is_finite()).collect();
        let count = means.len() as f64;
        if count < 2.0 { f64::NAN } else { (variance(&means) * count / (count - 1.0)).sqrt() }
    }

    /// The median of the seconds of a fit.
    pub fn seconds(&self) -> f64 {
        median(&self.seconds)
    }

    /// What a combination is chosen by in a fold of a seed; NaN where there is nothing.
    pub fn grounds(&self, seed: usize, fold: usize) -> f64 {
        mean_of_defined(self.grounds.get(&(seed, fold)).into_iter().flatten().copied())
    }

    /// Takes the scores of a fit.
    fn take(&mut self, plan: &Plan, job: Job, of_job: &OfJob) {
        let nested = !plan.folds_of(job.seed)[job.fold].inner.is_empty();
        if nested == job.inner.is_some() {
            let score = if nested { "cc" } else { VALID_CC };
            let values = (0..of_job.rows.len()).map(|row| of_job.number(row, score));
            let own = self.grounds.entry((job.seed, job.fold)).or_default();
            own.push(mean_of_defined(values));
        }
        if job.inner.is_some() {
            return;
        }
        self.done += 1;
        for row in 0..of_job.rows.len() {
            let values = AVERAGED.map(|score| of_job.number(row, score));
            self.add(job, plan.seeds.len(), of_job.text(row, "neuron"), values);
        }
    }

    fn add(&mut self, job: Job, seeds: usize, neuron: &str, values: [f64; AVERAGED.len()]) {
        let own = self.neurons.entry(neuron.to_owned());
        let own = own.or_insert_with(|| vec![[(0.0, 0); AVERAGED.len()]; seeds]);
        for ((sum, count), value) in own[job.seed].iter_mut().zip(values) {
            if value.is_finite() {
                *sum += value;
                *count += 1;
            }
        }
    }
}

/// Writes `scores.csv` and `summary.csv` of all fits that are done; what came of each combination.
///
/// # Errors
/// A fit that is done has no scores, or the folder cannot be written.
pub fn collect(
    folder: &SweepFolder,
    plan: &Plan,
    progress: &SweepProgress,
) -> Result<Vec<OfCombination>> {
    let mut all = vec![OfCombination::default(); plan.combinations.len()];
    files::file(&folder.path().join(SCORES), Existing::Replace, |beside| {
        let doing = || format!("writing {}", folder.path().join(SCORES).display());
        let file = std::fs::File::create(beside).map_err(|e| Error::file(doing(), e))?;
        let mut tidy = Tidy::begin(plan, std::io::BufWriter::new(file))?;
        for job in plan.jobs().into_iter().filter(|job| progress.done.contains(&job.number)) {
            let of_job = OfJob::read(&folder.job(job.number))?;
            tidy.write(job, &of_job)?;
            let own = &mut all[job.combination];
            own.take(plan, job, &of_job);
            let JobRecord { seconds, warnings, .. } = folder.record(job.number)?;
            own.seconds.push(seconds);
            for warning in warnings {
                *own.warnings.entry(warning).or_default() += 1;
            }
        }
        tidy.finish().map_err(|source| Error::file(doing(), source))
    })?;
    folder.write(SUMMARY_CSV, summary(plan, &all)?.as_bytes())?;
    Ok(all)
}

/// One row a combination.
fn summary(plan: &Plan, all: &[OfCombination]) -> Result<String> {
    let paths = paths(plan);
    let mut header = vec!["combination".to_owned()];
    header.extend(paths.iter().map(|path| (*path).to_owned()));
    header.extend(["fits", "of", "neurons", "seconds"].map(str::to_owned));
    for score in AVERAGED {
        header.extend([score.to_owned(), format!("{score}_deviation_of_seeds")]);
    }
    let fits = plan.fold_count() * plan.seeds.len() * plan.fits_of_population();
    let row = |(own, of): (&super::Combination, &OfCombination)| {
        let mut row = vec![own.name.clone()];
        row.extend(paths.iter().map(|path| own.plain(path).to_owned()));
        row.extend([of.done.to_string(), fits.to_string(), of.neurons.len().to_string()]);
        row.push(format!("{:?}", of.seconds()));
        for score in 0..AVERAGED.len() {
            row.extend([of.mean(score), of.deviation(score)].map(|value| format!("{value:?}")));
        }
        row
    };
    let header = header.iter().map(String::as_str);
    table::csv("writing the summary of a sweep", header, plan.combinations.iter().zip(all).map(row))
}

/// The keys that combinations differ in, in the order in which they first stand.
pub fn paths(plan: &Plan) -> Vec<&str> {
    let mut paths: Vec<&str> = Vec::new();
    for (path, _) in plan.combinations.iter().flat_map(|one| &one.values) {
        if !paths.contains(&path.as_str()) {
            paths.push(path);
        }
    }
    paths
}

/// The tidy table: one row for each neuron of each fit.
struct Tidy<'a, W: Write> {
    plan: &'a Plan,
    paths: Vec<&'a str>,
    columns: Vec<&'static str>,
    writer: csv::Writer<W>,
}

impl<'a, W: Write> Tidy<'a, W> {
    fn begin(plan: &'a Plan, writer: W) -> Result<Self> {
        let own = ["repeats", "bins"].into_iter().chain(scores::names());
        let columns: Vec<_> = own.chain([CALIBRATED, VALID_CC, VALID_CC_NORM]).collect();
        let mut tidy =
            Self { plan, paths: paths(plan), columns, writer: csv::Writer::from_writer(writer) };
        let header = ["job", "combination"].into_iter().chain(tidy.paths.iter().copied());
        let header = header.chain(["fold", "inner_fold", "seed", "neuron"]);
        let header: Vec<&str> = header.chain(tidy.columns.iter().copied()).collect();
        tidy.record(&header)?;
        Ok(tidy)
    }

    fn record(&mut self, cells: &[&str]) -> Result<()> {
        self.writer.write_record(cells).map_err(|e| Error::file("writing the table of scores", e))
    }

    fn write(&mut self, job: Job, of_job: &OfJob) -> Result<()> {
        let own = &self.plan.combinations[job.combination];
        let (number, fold) = (job.number.to_string(), (job.fold + 1).to_string());
        let inner = job.inner.map_or_else(String::new, |inner| (inner + 1).to_string());
        let seed = self.plan.seeds[job.seed].to_string();
        let values: Vec<&str> = self.paths.iter().map(|path| own.plain(path)).collect();
        for row in 0..of_job.rows.len() {
            let mut cells = vec![number.as_str(), own.name.as_str()];
            cells.extend(values.iter().copied());
            cells.extend([fold.as_str(), &inner, &seed, of_job.text(row, "neuron")]);
            cells.extend(self.columns.iter().map(|column| match of_job.text(row, column) {
                "" => "NaN",
                text => text,
            }));
            self.record(&cells)?;
        }
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

/// `scores.csv` of one fit.
struct OfJob {
    header: BTreeMap<String, usize>,
    rows: Vec<csv::StringRecord>,
}

impl OfJob {
    fn read(path: &Path) -> Result<Self> {
        let file = RunFolder::open(path)?.scores_file();
        let reading = |source: csv::Error| {
            let again = "delete this folder and go on with strf sweep resume";
            Error::file(format!("reading {} ({again})", file.display()), source)
        };
        let bytes = files::bytes(&file).map_err(|source| reading(source.into()))?;
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let header = reader.headers().map_err(reading)?.iter().map(str::to_owned);
        let header = header.enumerate().map(|(place, name)| (name, place)).collect();
        let rows = reader.into_records().collect::<Result<_, _>>().map_err(reading)?;
        Ok(Self { header, rows })
    }

    fn text(&self, row: usize, column: &str) -> &str {
        let place = self.header.get(column);
        place.and_then(|place| self.rows[row].get(*place)).unwrap_or_default()
    }

    fn number(&self, row: usize, column: &str) -> f64 {
        self.text(row, column).parse().unwrap_or(f64::NAN)
    }
}
