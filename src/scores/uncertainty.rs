//! How sure scores are: intervals over clips, and how likely they come out by chance.
use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::chance::{Arrangements, FEWEST_ARRANGEMENTS, Permutations};
use super::comparison::{Comparison, CorrelationSums};
use crate::base::wording::range;
use crate::stats::bootstrap::{Draws, FEW, Interval};
use crate::stats::false_discovery::false_discovery_rates;

/// Rate of false discoveries below which neurons are counted.
const DISCOVERY: f64 = 0.05;

/// How often clips are drawn and responses permuted; 0 = not at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Resampling {
    /// Bootstraps over clips.
    pub bootstrap: usize,
    /// Permutations of the responses.
    pub permutations: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

/// Columns beside the scores, one value a neuron, and their summary.
#[derive(Debug, Clone, Default)]
pub struct Uncertainty {
    /// Name and values of each column, in their order.
    pub columns: Vec<(&'static str, Vec<f64>)>,
    /// What was done and how many neurons it was possible for; null where nothing was asked for.
    pub summary: Value,
    /// What was done, for a reader, one sentence each.
    pub notes: Vec<String>,
    /// Why what came of it is not to be trusted, one sentence each.
    pub warnings: Vec<String>,
    /// Whether p-values were asked for and no neuron can have one.
    pub impossible: bool,
}

impl Uncertainty {
    /// Intervals and p-values of each neuron; the same to the last digit on any number of threads.
    pub fn new(ids: &[String], comparisons: &[Comparison], resampling: &Resampling) -> Self {
        let mut uncertainty = Self::default();
        if resampling.bootstrap + resampling.permutations > 0 {
            uncertainty.summary = json!({ "seed": resampling.seed });
        }
        if resampling.bootstrap > 0 {
            uncertainty.add_intervals(comparisons, resampling);
        }
        if resampling.permutations > 0 {
            uncertainty.add_significance(ids, comparisons, resampling);
        }
        uncertainty
    }

    fn add_intervals(&mut self, comparisons: &[Comparison], resampling: &Resampling) {
        let Resampling { bootstrap, seed, .. } = *resampling;
        let mut draws: BTreeMap<usize, Draws> = BTreeMap::new();
        let clips = comparisons.iter().flat_map(|of| [of.clips(), of.repeated_clips()]);
        for clips in clips {
            draws.entry(clips).or_insert_with(|| Draws::new(bootstrap, clips, seed));
        }
        let pairs: Vec<[Interval; 2]> =
            comparisons.par_iter().map(|comparison| intervals(comparison, &draws)).collect();
        let column = |end: fn(&[Interval; 2]) -> f64| pairs.iter().map(end).collect::<Vec<f64>>();
        let columns = [
            ("cc_low", column(|pair| pair[0].low)),
            ("cc_high", column(|pair| pair[0].high)),
            ("cc_norm_low", column(|pair| pair[1].low)),
            ("cc_norm_high", column(|pair| pair[1].high)),
        ];
        let defined = |place: usize| columns[place].1.iter().filter(|end| !end.is_nan()).count();
        let (of_cc, of_cc_norm, all) = (defined(0), defined(2), comparisons.len());
        self.notes.push(format!(
            "95 % intervals over clips, {bootstrap} bootstraps: cc of {of_cc} of {all} neurons, \
             cc_norm of {of_cc_norm}; a neuron needs 3 clips, and scores defined in every draw"
        ));
        self.summary["bootstrap"] = json!({
            "draws": bootstrap, "level": 0.95, "neurons": { "cc": of_cc, "cc_norm": of_cc_norm },
        });
        let clips = |pair: &[Interval; 2], of: &Comparison| {
            let counts = [of.clips(), of.repeated_clips()];
            (0..2).filter(|place| !pair[*place].low.is_nan()).map(move |place| counts[place]).min()
        };
        self.warn_of_few_clips(pairs.iter().zip(comparisons).filter_map(|(a, b)| clips(a, b)));
        self.columns.extend(columns);
    }

    /// Says so where intervals are over so few clips that they are too narrow; `clips` of each neuron
    /// that has one.
    fn warn_of_few_clips(&mut self, clips: impl Iterator<Item = usize>) {
        let clips: Vec<usize> = clips.collect();
        let few: Vec<usize> = clips.iter().copied().filter(|clips| *clips < FEW).collect();
        self.summary["bootstrap"]["neurons_with_few_clips"] = few.len().into();
        let (Some(fewest), Some(most)) = (few.iter().min(), few.iter().max()) else { return };
        let warning = format!(
            "the intervals of {} of {} neurons are over {} clips, fewer than {FEW}, and too \
             narrow: over 3 clips a 95 % interval holds the truth 71 times in 100, over 5 clips 84 \
             times; take more stimuli",
            few.len(),
            clips.len(),
            range(*fewest, *most),
        );
        self.summary["bootstrap"]["warning"] = warning.as_str().into();
        self.warnings.push(warning);
    }

    fn add_significance(
        &mut self,
        ids: &[String],
        comparisons: &[Comparison],
        resampling: &Resampling,
    ) {
        let Resampling { permutations, seed, .. } = *resampling;
        let permuted = Permutations { count: permutations, seed };
        let (p, arrangements): (Vec<f64>, Vec<Arrangements>) =
            ids.par_iter().zip(comparisons).map(|(id, neuron)| permuted.p(id, neuron)).unzip();
        let q = false_discovery_rates(&p);
        let of = |these: Arrangements| arrangements.iter().filter(|a| **a == these).count();
        let tested = p.iter().filter(|p| !p.is_nan()).count();
        let found = q.iter().filter(|q| **q < DISCOVERY).count();
        let (enumerated, too_few) = (of(Arrangements::All), of(Arrangements::TooFew));
        self.impossible = too_few == arrangements.len();
        let tested_note = format!(
            "cc beyond chance, {permutations} permutations: {found} of {tested} neurons at a \
             false-discovery rate of 5 %; responses to each clip were shifted in a circle, after \
             prediction and PSTH had lost the line through their ends, for this test alone"
        );
        self.notes.extend((!self.impossible).then_some(tested_note));
        if enumerated > 0 {
            self.notes.push(format!(
                "of {enumerated} neurons there are no more arrangements than that, and p is over \
                 all of them"
            ));
        }
        if too_few > 0 {
            self.notes.push(format!(
                "{too_few} of {} neurons have no p: their responses can be shifted in fewer than \
                 {FEWEST_ARRANGEMENTS} ways",
                p.len(),
            ));
        }
        self.summary["permutations"] = json!({
            "count": permutations, "neurons": tested, "discoveries_at_5_percent": found,
            "circular_shifts": p.len() - too_few, "enumerated": enumerated,
            "too_few_shifts": too_few, "without_line_through_ends": true,
        });
        self.columns.extend([("p", p), ("q", q)]);
    }
}

/// Intervals of `cc` and `cc_norm` of one neuron, each over the clips that enter it.
fn intervals(comparison: &Comparison, draws: &BTreeMap<usize, Draws>) -> [Interval; 2] {
    let (used, repeated) = comparison.sums_of_clips();
    let none = Interval { low: f64::NAN, high: f64::NAN };
    let interval = |clips: &[CorrelationSums], score: fn(&CorrelationSums) -> f64| {
        draws.get(&clips.len()).map_or(none, |draws| draws.interval(clips, score))
    };
    [interval(&used, CorrelationSums::cc), interval(&repeated, CorrelationSums::cc_norm)]
}
