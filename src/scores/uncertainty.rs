//! How sure scores are: intervals over clips, and how likely they come out by chance.
use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::chance::{LEAST_SHIFT_MS, Null, Permutations};
use super::comparison::{Comparison, CorrelationSums};
use crate::stats::bootstrap::{Draws, Interval};
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
    /// Width of a bin in milliseconds.
    pub dt_ms: f64,
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
        for clips in comparisons.iter().map(Comparison::clips) {
            draws.entry(clips).or_insert_with(|| Draws::new(bootstrap, clips, seed));
        }
        let of_neuron = |comparison: &Comparison| {
            draws.get(&comparison.clips()).map(|draws| intervals(comparison, draws))
        };
        let pairs: Vec<[Interval; 2]> = comparisons.par_iter().filter_map(of_neuron).collect();
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
        self.columns.extend(columns);
    }

    fn add_significance(
        &mut self,
        ids: &[String],
        comparisons: &[Comparison],
        resampling: &Resampling,
    ) {
        let Resampling { permutations, seed, dt_ms, .. } = *resampling;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some bins")]
        let least_step = (LEAST_SHIFT_MS / dt_ms).ceil().max(1.0) as usize;
        let permuted = Permutations { count: permutations, seed, least_step };
        let (p, nulls): (Vec<f64>, Vec<Null>) =
            ids.par_iter().zip(comparisons).map(|(id, neuron)| permuted.p(id, neuron)).unzip();
        let q = false_discovery_rates(&p);
        let of = |null: Null| nulls.iter().filter(|found| **found == null).count();
        let tested = p.iter().filter(|p| !p.is_nan()).count();
        let found = q.iter().filter(|q| **q < DISCOVERY).count();
        self.notes.push(format!(
            "cc beyond chance, {permutations} permutations: {found} of {tested} neurons at a \
             false-discovery rate of 5 % ({} by circular shifts in steps of a second or more, {} by \
             exchanged clips)",
            of(Null::Shifts),
            of(Null::Exchanges),
        ));
        self.impossible = of(Null::None) == nulls.len();
        if of(Null::None) > 0 {
            self.notes.push(format!(
                "{} of {} neurons have no p: it takes clips of two seconds or more to shift \
                 responses in, or four clips of the same length to exchange them between",
                of(Null::None),
                p.len(),
            ));
        }
        self.summary["permutations"] = json!({
            "count": permutations, "neurons": tested, "discoveries_at_5_percent": found,
            "circular_shifts": of(Null::Shifts), "exchanged_clips": of(Null::Exchanges),
            "neither": of(Null::None),
        });
        self.columns.extend([("p", p), ("q", q)]);
    }
}

/// Intervals of `cc` and `cc_norm` of one neuron.
fn intervals(comparison: &Comparison, draws: &Draws) -> [Interval; 2] {
    let (used, repeated) = comparison.sums_of_clips();
    [
        draws.interval(&used, CorrelationSums::cc),
        draws.interval(&repeated, CorrelationSums::cc_norm),
    ]
}
