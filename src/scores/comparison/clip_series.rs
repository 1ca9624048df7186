//! A comparison taken apart again into its clips.
use super::Comparison;
use super::sums::CorrelationSums;
use crate::stats::moments::mean;

/// One clip from its first to its last used bin; both series less their mean over all clips.
#[derive(Debug, Clone)]
pub struct ClipSeries {
    /// 0 where no response is used.
    pub prediction: Vec<f64>,
    /// 0 where none is used.
    pub psth: Vec<f64>,
    /// Whether a bin is used.
    pub used: Vec<bool>,
}

impl Comparison {
    /// The clips that have used bins.
    pub(in crate::scores) fn clip_series(&self) -> Vec<ClipSeries> {
        let prediction: Vec<f64> = self.prediction.iter().map(|p| f64::from(*p)).collect();
        let levels = (mean(&prediction), mean(self.target.psth()));
        let mut bins = prediction.iter().zip(self.target.psth());
        let mut series_of = |used: Vec<bool>| {
            let first = used.iter().position(|used| *used)?;
            let last = used.iter().rposition(|used| *used)?;
            let used = used[first..=last].to_vec();
            let value = |used: &bool| match if *used { bins.next() } else { None } {
                Some((p, y)) => (p - levels.0, y - levels.1),
                None => (0.0, 0.0),
            };
            let (prediction, psth) = used.iter().map(value).unzip();
            Some(ClipSeries { prediction, psth, used })
        };
        self.target.clips().filter_map(|(used, _)| series_of(used)).collect()
    }

    /// Sums over the used bins of each clip that has any, and over the bins with two repeats or
    /// more of each clip that has any.
    pub(in crate::scores) fn sums_of_clips(&self) -> (Vec<CorrelationSums>, Vec<CorrelationSums>) {
        let prediction: Vec<f64> = self.prediction.iter().map(|p| f64::from(*p)).collect();
        let levels = (mean(&prediction), mean(self.target.psth()));
        let mut bins = prediction.iter().zip(self.target.psth()).zip(self.target.repeated());
        let (mut used, mut repeated) = (Vec::new(), Vec::new());
        for (places, noise) in self.target.clips() {
            let (mut all, mut some) = (CorrelationSums::default(), CorrelationSums::default());
            let count = places.iter().filter(|used| **used).count();
            for ((p, y), has_repeats) in bins.by_ref().take(count) {
                let bin = CorrelationSums::bin(p - levels.0, y - levels.1);
                all = all + bin;
                some = some + bin * f64::from(u8::from(has_repeats));
            }
            used.extend((all.n > 0.0).then_some(all));
            repeated.extend((some.n > 0.0).then_some(CorrelationSums { noise, ..some }));
        }
        (used, repeated)
    }
}
