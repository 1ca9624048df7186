//! The table: what the seeds of a fit gave together.
use strf::stats::moments::{mean, median};

use crate::fits::Fit;
use crate::measurement::Measurement;
use crate::recordings::Recording;

/// The columns.
pub const HEADER: [&str; 13] = [
    "recording",
    "fit",
    "seeds",
    "CC",
    "worst CC",
    "CC_norm",
    "FVE",
    "bits/spike",
    "slope",
    "constant",
    "validation",
    "seconds",
    "processor s",
];
const UNDEFINED: &str = "–";

/// A fit of a recording, with all its seeds.
pub struct Row {
    /// What was fitted to.
    pub recording: &'static Recording,
    /// What was fitted.
    pub fit: &'static Fit,
    /// What the seeds gave that did not fail.
    pub seeds: Vec<Measurement>,
    /// How many seeds failed.
    pub failed: usize,
}

impl Row {
    /// A figure of every seed.
    pub fn each(&self, figure: impl Fn(&Measurement) -> f64) -> Vec<f64> {
        self.seeds.iter().map(figure).collect()
    }

    /// Its mean over seeds; none unless all seeds have it.
    pub fn mean(&self, figure: impl Fn(&Measurement) -> Option<f64>) -> Option<f64> {
        let values: Vec<f64> = self.seeds.iter().map(figure).collect::<Option<_>>()?;
        (!values.is_empty()).then(|| mean(&values))
    }

    /// Standard deviation of CC over seeds; none of one seed.
    pub fn cc_deviation(&self) -> Option<f64> {
        let ccs = self.each(|seed| seed.cc);
        let (middle, freedom) = (mean(&ccs), ccs.len().checked_sub(1)?);
        let squares: f64 = ccs.iter().map(|cc| (cc - middle).powi(2)).sum();
        (freedom > 0).then(|| (squares / freedom as f64).sqrt())
    }

    /// Seconds of `strf train`, the median over seeds; none where all failed.
    pub fn seconds(&self) -> Option<f64> {
        (!self.seeds.is_empty()).then(|| median(&self.each(|seed| seed.seconds)))
    }

    /// The same of all processors together.
    pub fn processor_seconds(&self) -> Option<f64> {
        (!self.seeds.is_empty()).then(|| median(&self.each(|seed| seed.processor_seconds)))
    }

    /// As a row of the table.
    pub fn cells(&self) -> Vec<String> {
        let (done, failed) = (self.seeds.len(), self.failed);
        let seeds =
            if failed == 0 { done.to_string() } else { format!("{done} of {}", done + failed) };
        let cc = shown(self.mean(|seed| Some(seed.cc)), 3);
        let deviation = self.cc_deviation().map(|deviation| format!(" ± {deviation:.3}"));
        let worst = self.each(|seed| seed.cc).into_iter().reduce(f64::min);
        let constant = self.mean(|seed| Some(100.0 * seed.constant));
        let percent = constant.map_or(UNDEFINED.to_owned(), |share| format!("{share:.0} %"));
        vec![
            self.recording.name.to_owned(),
            self.fit.name.to_owned(),
            seeds,
            cc + &deviation.unwrap_or_default(),
            shown(worst, 3),
            shown(self.mean(|seed| seed.cc_norm), 3),
            shown(self.mean(|seed| Some(seed.fve)), 3),
            shown(self.mean(|seed| seed.bits_per_spike), 3),
            shown(self.mean(|seed| seed.slope), 2),
            percent,
            shown(self.mean(|seed| seed.best_score), 4),
            shown(self.seconds(), 1),
            shown(self.processor_seconds(), 1),
        ]
    }
}

/// A number with so many decimals.
pub fn shown(value: Option<f64>, decimals: usize) -> String {
    value.map_or(UNDEFINED.to_owned(), |value| format!("{value:.decimals$}"))
}
