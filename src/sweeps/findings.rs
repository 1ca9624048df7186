//! Which combination, how good, how sure: from predictions of stimuli that fits did not see.
use serde_json::{Value as Json, json};

use super::folder::{HELD_OUT, SweepProgress};
use super::held_out::{Predicted, Stimuli, is_whole, predict, predictions_file};
use super::job::Workshop;
use super::table::OfCombination;
use crate::base::error::Result;
use crate::base::table;
use crate::scores::population::{CorrelationKind, PopulationSums, interval_over_clips};
use crate::stats::bootstrap::{FEW, Interval};
use crate::stats::false_discovery::false_discovery_rates;
use crate::stats::moments::mean_of_defined;
use crate::stats::wilcoxon::signed_rank;

/// Draws of clips.
pub const DRAWS: usize = 1000;
/// Seed of the draws.
const SEED: u64 = 0;
/// Fewer neurons than these are no sample: then models are compared over clips.
const FEWEST_NEURONS: usize = 6;

/// The two scores that models are compared by.
pub const SCORES: [(&str, CorrelationKind); 2] =
    [("cc", CorrelationKind::Cc), ("cc_norm", CorrelationKind::CcNorm)];

/// A number with its 95 % interval over clips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean over neurons.
    pub mean: f64,
    /// Over clips.
    pub interval: Interval,
}

/// How a model differs from the one that others are held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Mean of its score less that of the other.
    pub estimate: Estimate,
    /// Of Wilcoxon's signed-rank test, over neurons, or over clips where neurons are few; NaN where clips
    /// are few too.
    pub p: f64,
    /// The false-discovery rate at which it would count, of all models.
    pub q: f64,
}

/// One model by one score.
#[derive(Debug, Clone)]
pub struct ModelScore {
    /// Name of the score.
    pub score: &'static str,
    /// Of a single fit.
    pub single: Estimate,
    /// Of all fits of a stimulus together, where there are several.
    pub ensemble: Option<Estimate>,
    /// What they gain over a single one.
    pub gain: Option<Estimate>,
    /// To the model that others are held against; none of that one.
    pub difference: Option<Difference>,
    /// Each neuron's, of all fits together or the only one; NaN where undefined.
    pub of_neurons: Vec<f64>,
}

/// One model over some stimuli.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The name of the combination, or what the choice in each fold is called.
    pub name: String,
    /// Whether it is the combination that was chosen in each fold.
    pub is_choice: bool,
    /// `folds`, or `test` for those that stay out of all fits.
    pub stimuli: &'static str,
    /// How many stimuli.
    pub clips: usize,
    /// How many fits predict each of them.
    pub fits: usize,
    /// By each of [`SCORES`].
    pub scores: Vec<ModelScore>,
}

/// All that came out.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Ids of the neurons.
    pub neurons: Vec<String>,
    /// Over the stimuli of folds, then over those that stay out of all fits.
    pub all: Vec<Finding>,
    /// How often each combination was chosen, by name, where there are several.
    pub choices: Vec<(String, usize)>,
    /// The name of the combination that others are held against.
    pub against: String,
    /// What p-values are over: `neurons` or `stimuli`; empty where there are none.
    pub paired_over: &'static str,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// What combinations predict of the stimuli of folds.
#[derive(Debug, Default)]
pub(super) struct HeldOut {
    /// The places of the combinations.
    pub(super) places: Vec<usize>,
    /// Their names and predictions, then those of the choice in each fold where there are several.
    pub(super) models: Vec<(String, Predicted)>,
}

/// What the stimuli of folds are called.
pub const FOLDS: &str = "folds";
/// What the stimuli that stay out of all fits are called.
pub const TEST: &str = "test";
/// What the choice in each fold is called.
pub const CHOICE: &str = "chosen in each fold";

impl Findings {
    /// Predicts what fits did not see, and compares; `against` is the place of the combination that
    /// others are held against.
    ///
    /// # Errors
    /// A fit cannot be opened, or the dataset is not what it was.
    pub fn of(
        workshop: &Workshop,
        progress: &SweepProgress,
        (collected, against): (&[OfCombination], usize),
        write: bool,
    ) -> Result<Self> {
        let plan = &workshop.plan;
        let mut findings =
            Self { against: plan.combinations[against].name.clone(), ..Self::default() };
        let HeldOut { places, models } = findings.held_out(workshop, progress, collected, write)?;
        if places.is_empty() {
            return Ok(findings);
        }
        let reference = places.iter().position(|place| *place == against);
        findings.neurons = models.first().map(|(_, own)| own.neurons.clone()).unwrap_or_default();
        findings.compare(&models, reference, FOLDS);
        if !plan.test.is_empty() {
            let stimuli = Stimuli::of_test(workshop);
            let mut named = Vec::new();
            for place in &places {
                let predicted = predict(workshop, *place, &stimuli, None)?;
                named.push((plan.combinations[*place].name.clone(), predicted));
            }
            findings.compare(&named, reference, TEST);
        }
        Ok(findings)
    }

    /// Predicts the stimuli of folds by every combination whose fits are all done, and by the choice among
    /// several.
    ///
    /// # Errors
    /// As [`Findings::of`].
    pub(super) fn held_out(
        &mut self,
        workshop: &Workshop,
        progress: &SweepProgress,
        collected: &[OfCombination],
        write: bool,
    ) -> Result<HeldOut> {
        let plan = &workshop.plan;
        let whole = |place: &usize| is_whole(workshop, progress, *place);
        let places: Vec<usize> = (0..plan.combinations.len()).filter(whole).collect();
        if places.is_empty() {
            return Ok(HeldOut::default());
        }
        let missing = plan.combinations.len() - places.len();
        if missing > 0 {
            let what = "combinations have fits that are not done, and are left out of comparisons";
            self.warnings.push(format!("{missing} {what}"));
        }
        let stimuli = Stimuli::of_folds(workshop);
        let mut named = Vec::new();
        for place in &places {
            let file = if write { Some(predictions_file(workshop, *place)?) } else { None };
            let predicted = predict(workshop, *place, &stimuli, file.as_deref())?;
            named.push((plan.combinations[*place].name.clone(), predicted));
        }
        if places.len() > 1 {
            let choice = self.choose(workshop, (&places, collected), (&stimuli, &named));
            named.push((CHOICE.to_owned(), choice));
        }
        Ok(HeldOut { places, models: named })
    }

    /// The predictions of the combination that is best in each fold by what does not see its stimuli.
    fn choose(
        &mut self,
        workshop: &Workshop,
        (places, collected): (&[usize], &[OfCombination]),
        (stimuli, named): (&Stimuli, &[(String, Predicted)]),
    ) -> Predicted {
        let plan = &workshop.plan;
        let redrawn = plan.folds.len() > 1;
        let grounds = |place: usize, seed: usize, fold: usize| {
            let seeds = if redrawn { seed..seed + 1 } else { 0..plan.seeds.len() };
            mean_of_defined(seeds.map(|seed| collected[place].grounds(seed, fold)))
        };
        let best = |seed: usize, fold: usize| {
            let scored = places.iter().map(|place| grounds(*place, seed, fold)).enumerate();
            let defined = scored.filter(|(_, score)| score.is_finite());
            // The first of equals, so that the order of the grid decides and nothing else.
            defined.rev().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(nth, _)| nth)
        };
        let choices: Vec<Vec<usize>> = (0..plan.seeds.len())
            .map(|seed| (0..plan.fold_count()).map(|fold| best(seed, fold)).collect())
            .collect();
        let counted = if redrawn { &choices[..] } else { &choices[..1] };
        for (nth, (name, _)) in named.iter().enumerate() {
            let times = counted.iter().flatten().filter(|choice| **choice == nth).count();
            self.choices.push((name.clone(), times));
        }
        let clips = 0..stimuli.places.len();
        let (fits, neurons) = (named[0].1.fits, named[0].1.neurons.clone());
        let mut chosen = Predicted { fits, neurons, is_choice: true, ..Predicted::default() };
        for (seed, folds) in stimuli.folds.iter().enumerate() {
            let mut sums = PopulationSums::default();
            for clip in clips.clone() {
                let nth = choices[seed][folds[clip]];
                sums.add_clip_of(&named[nth].1.single[seed], clip);
            }
            chosen.single.push(sums);
        }
        let ensembles: Option<Vec<_>> =
            named.iter().map(|(_, own)| own.ensemble.as_ref()).collect();
        chosen.ensemble = ensembles.filter(|_| !redrawn).map(|ensembles| {
            let mut sums = PopulationSums::default();
            clips.for_each(|clip| {
                sums.add_clip_of(ensembles[choices[0][stimuli.folds[0][clip]]], clip);
            });
            sums
        });
        chosen
    }

    /// Adds models over some stimuli, compared with the one at `reference`.
    pub(super) fn compare(
        &mut self,
        named: &[(String, Predicted)],
        reference: Option<usize>,
        stimuli: &'static str,
    ) {
        let clips = named.first().and_then(|(_, own)| own.best()).map_or(0, PopulationSums::clips);
        if clips < FEW {
            self.warnings.push(format!(
                "{clips} stimuli of {stimuli}: fewer than {FEW}, so that 95 % intervals over them are too narrow"
            ));
        }
        let first = self.all.len();
        for (nth, (name, own)) in named.iter().enumerate() {
            let other = reference.filter(|place| *place != nth).map(|place| &named[place].1);
            let scores = SCORES.iter().map(|score| self.scored(own, other, *score));
            let scores: Vec<ModelScore> = scores.collect();
            self.all.push(Finding {
                name: name.clone(),
                is_choice: own.is_choice,
                stimuli,
                clips,
                fits: own.fits,
                scores,
            });
        }
        for place in 0..SCORES.len() {
            let p = |finding: &Finding| finding.scores[place].difference.map_or(f64::NAN, |d| d.p);
            let q = false_discovery_rates(&self.all[first..].iter().map(p).collect::<Vec<_>>());
            let differences = self.all[first..].iter_mut().zip(q);
            let differences = differences
                .filter_map(|(own, q)| Some((own.scores[place].difference.as_mut()?, q)));
            differences.for_each(|(difference, q)| difference.q = q);
        }
    }

    /// A model by one score.
    fn scored(
        &mut self,
        own: &Predicted,
        other: Option<&Predicted>,
        (score, kind): (&'static str, CorrelationKind),
    ) -> ModelScore {
        let clips = own.best().map_or(0, PopulationSums::clips);
        let estimate = |statistic: &(dyn Fn(&[u16]) -> f64 + Sync)| Estimate {
            mean: statistic(&vec![1; clips]),
            interval: interval_over_clips(clips, DRAWS, SEED, statistic),
        };
        let single = |of: &Predicted, counts: &[u16]| {
            mean_of_defined(of.single.iter().map(|sums| sums.mean_over(kind, counts)))
        };
        let together = own.ensemble.as_ref();
        let difference = other.map(|other| Difference {
            estimate: estimate(&|counts| single(own, counts) - single(other, counts)),
            p: self.p(own, other, kind),
            q: f64::NAN,
        });
        ModelScore {
            score,
            single: estimate(&|counts| single(own, counts)),
            ensemble: together.map(|sums| estimate(&|counts| sums.mean_over(kind, counts))),
            gain: together
                .map(|sums| estimate(&|counts| sums.mean_over(kind, counts) - single(own, counts))),
            difference,
            of_neurons: own.best().map_or_else(Vec::new, |sums| sums.of_neurons(kind)),
        }
    }

    /// How likely single fits of two models differ so much by chance.
    fn p(&mut self, own: &Predicted, other: &Predicted, kind: CorrelationKind) -> f64 {
        let neurons = |of: &Predicted| mean_of_all(of.single.iter().map(|s| s.of_neurons(kind)));
        let differences = defined_differences(&neurons(own), &neurons(other));
        if differences.len() >= FEWEST_NEURONS {
            self.paired_over = "neurons";
            return signed_rank(&differences);
        }
        let of_clips = |of: &Predicted| {
            let of_fit = |sums: &PopulationSums| {
                (0..sums.clips()).map(|clip| sums.of_clip(kind, clip)).collect::<Vec<_>>()
            };
            mean_of_all(of.single.iter().map(of_fit))
        };
        let differences = defined_differences(&of_clips(own), &of_clips(other));
        if differences.len() >= FEW {
            self.paired_over = "stimuli";
            return signed_rank(&differences);
        }
        let warning = format!(
            "fewer than {FEWEST_NEURONS} neurons and fewer than {FEW} stimuli: no test of differences"
        );
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
        f64::NAN
    }

    /// The table for files: one row for each model, stimuli and score.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn csv(&self) -> Result<String> {
        let header = "model,stimuli,clips,fits_of_a_stimulus,score,neurons,single,single_low,single_high,\
                      ensemble,ensemble_low,ensemble_high,gain,gain_low,gain_high,difference,\
                      difference_low,difference_high,p,q";
        let row = |(finding, scored): (&Finding, &ModelScore)| {
            let neurons = scored.of_neurons.iter().filter(|value| value.is_finite()).count();
            let mut cells = vec![
                finding.name.clone(),
                finding.stimuli.to_owned(),
                finding.clips.to_string(),
                finding.fits.to_string(),
                scored.score.to_owned(),
                neurons.to_string(),
            ];
            let numbers = [
                Some(scored.single),
                scored.ensemble,
                scored.gain,
                scored.difference.map(|difference| difference.estimate),
            ];
            for estimate in numbers {
                let of = estimate.map(|own| [own.mean, own.interval.low, own.interval.high]);
                cells.extend(of.unwrap_or([f64::NAN; 3]).map(|value| format!("{value:?}")));
            }
            let p = scored.difference.map_or([f64::NAN; 2], |own| [own.p, own.q]);
            cells.extend(p.map(|value| format!("{value:?}")));
            cells
        };
        let rows = self.all.iter().flat_map(|own| own.scores.iter().map(move |score| (own, score)));
        table::csv("writing the scores of what fits did not see", header.split(','), rows.map(row))
    }

    /// What came out, for programs; null where undefined.
    pub fn json(&self) -> Json {
        let estimate = |own: Estimate| json!({ "mean": own.mean, "low": own.interval.low, "high": own.interval.high });
        let scored = |own: &ModelScore| {
            json!({
                "score": own.score,
                "single": estimate(own.single),
                "ensemble": own.ensemble.map(estimate),
                "gain": own.gain.map(estimate),
                "difference": own.difference.map(|difference| json!({
                    "estimate": estimate(difference.estimate), "p": difference.p, "q": difference.q,
                })),
            })
        };
        let finding = |own: &Finding| {
            json!({
                "model": own.name, "is_choice": own.is_choice, "stimuli": own.stimuli,
                "clips": own.clips, "fits_of_a_stimulus": own.fits,
                "scores": own.scores.iter().map(scored).collect::<Vec<_>>(),
            })
        };
        json!({
            "against": self.against, "paired_over": self.paired_over, "choices": self.choices,
            "models": self.all.iter().map(finding).collect::<Vec<_>>(), "warnings": self.warnings,
        })
    }

    /// Writes [`Findings::csv`] into the folder of the sweep.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, workshop: &Workshop) -> Result<()> {
        workshop.folder.write(HELD_OUT, self.csv()?.as_bytes())
    }
}

/// Place by place the mean over several lists of the values that are defined.
fn mean_of_all(lists: impl Iterator<Item = Vec<f64>>) -> Vec<f64> {
    let lists: Vec<Vec<f64>> = lists.collect();
    let length = lists.first().map_or(0, Vec::len);
    (0..length).map(|place| mean_of_defined(lists.iter().map(|list| list[place]))).collect()
}

/// `a − b` where both are defined.
fn defined_differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    let pairs = a.iter().zip(b).map(|(a, b)| a - b);
    pairs.filter(|difference| difference.is_finite()).collect()
}
