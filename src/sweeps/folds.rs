//! Stimuli cut into folds, each of which is left out once.
use std::collections::BTreeMap;

use super::sections::{Fit, FoldCount};
use crate::base::error::{Error, Result};
use crate::base::rng;
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{Entity, Splits};

/// The stimuli that are cut, and how.
#[derive(Debug, Clone, Copy)]
pub struct Folds<'a> {
    /// The stimuli, without those that stay out of all fits.
    pub stimuli: &'a [Entity],
    /// `[fit]`.
    pub fit: &'a Fit,
    /// What the division follows from.
    pub seed: u64,
}

impl Folds<'_> {
    /// How many there are.
    ///
    /// # Errors
    /// Fewer stimuli than folds, or too few to leave any for training and validation.
    pub fn count(&self) -> Result<usize> {
        let stimuli = self.stimuli.len();
        let count = match self.fit.folds {
            FoldCount::Of(count) => count,
            FoldCount::LeaveOneOut => stimuli,
        };
        if count > stimuli || stimuli < 3 {
            return Err(Error::Refused(format!(
                "fit.folds: found {} of {}, expected at most one fold a stimulus and 3 stimuli or more; \
                 lower fit.folds, or let fit.all_clips = true take the dataset's test stimuli in",
                counted(count, "fold"),
                stimuli_counted(stimuli)
            )));
        }
        Ok(count)
    }

    /// The parts of each fold: what is left out is its test.
    ///
    /// # Errors
    /// As [`Folds::count`], a fold that leaves no stimulus for training, or an attribute that no stimulus
    /// has.
    pub fn cut(&self) -> Result<Vec<Splits>> {
        let count = self.count()?;
        let order = self.order()?;
        (0..count).map(|fold| self.parts(&order, |place| place % count == fold)).collect()
    }

    /// The folds within the rest of one, two or more: each leaves out one more, and that alone is its test.
    ///
    /// # Errors
    /// As [`Folds::cut`].
    pub fn inner(&self, outer: usize) -> Result<Vec<Splits>> {
        let count = self.count()?;
        let order = self.order()?;
        let rest: Vec<usize> = order
            .iter()
            .enumerate()
            .filter(|(place, _)| place % count != outer)
            .map(|(_, stimulus)| *stimulus)
            .collect();
        let inner = (count - 1).max(2);
        (0..inner).map(|fold| self.parts(&rest, |place| place % inner == fold)).collect()
    }

    /// The stimuli in an order drawn for the seed, those of one value of the attribute next to each other,
    /// so that every n-th place has its share of each.
    fn order(&self) -> Result<Vec<usize>> {
        let drawn = rng::permutation(self.seed, "folds of the sweep", self.stimuli.len());
        let Some(attribute) = &self.fit.stratify else { return Ok(drawn) };
        let value = |stimulus: &usize| self.stimuli[*stimulus].attributes.get(attribute);
        if drawn.iter().all(|stimulus| value(stimulus).is_none()) {
            return Err(self.no_attribute(attribute));
        }
        let mut groups: BTreeMap<Option<&String>, Vec<usize>> = BTreeMap::new();
        for stimulus in &drawn {
            groups.entry(value(stimulus)).or_default().push(*stimulus);
        }
        Ok(groups.into_values().flatten().collect())
    }

    fn no_attribute(&self, attribute: &str) -> Error {
        let known = self.stimuli.iter().flat_map(|stimulus| stimulus.attributes.keys());
        let mut known: Vec<&str> = known.map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Error::Refused(format!(
            "fit.stratify: found {attribute:?}, expected an attribute of the stimuli; they have {known}"
        ))
    }

    /// One fold: of the rest every so-many-th is for validation.
    fn parts(&self, order: &[usize], is_left_out: impl Fn(usize) -> bool) -> Result<Splits> {
        let all = order.iter().enumerate();
        let (test, rest): (Vec<_>, Vec<_>) = all.partition(|(place, _)| is_left_out(*place));
        let valid = valid_places(rest.len(), self.fit.valid);
        let mut sets = [Vec::new(), Vec::new(), Vec::new()];
        for (place, (_, stimulus)) in rest.iter().enumerate() {
            sets[usize::from(valid.contains(&place))].push(**stimulus);
        }
        sets[2] = test.into_iter().map(|(_, stimulus)| *stimulus).collect();
        if sets[0].is_empty() {
            return Err(Error::Refused(format!(
                "fit.folds: found a fold that leaves {} for training and validation, expected one of each; \
                 lower fit.folds",
                stimuli_counted(rest.len())
            )));
        }
        let [train, valid, test] = sets.map(|mut places| {
            // As they stand in the file, whatever the order in which they were drawn.
            places.sort_unstable();
            places.into_iter().map(|place| self.stimuli[place].id.clone()).collect()
        });
        Ok(Splits { train, valid, test })
    }
}

/// The places of the validation stimuli among so many, spread evenly: one at least, and not all.
fn valid_places(stimuli: usize, share: f64) -> Vec<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of them")]
    let wanted = (stimuli as f64 * share).round() as usize;
    let count = wanted.clamp(1, stimuli.saturating_sub(1).max(1));
    (0..count).map(|nth| (2 * nth + 1) * stimuli / (2 * count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweeps::sections::Each;

    fn stimuli(count: usize) -> Vec<Entity> {
        let stimulus = |n: usize| {
            let class = if n.is_multiple_of(3) { "song" } else { "noise" };
            let attributes = [("class".to_owned(), class.to_owned())].into_iter().collect();
            Entity { id: format!("s{n:02}"), attributes }
        };
        (0..count).map(stimulus).collect()
    }

    fn fit(folds: FoldCount) -> Fit {
        Fit {
            folds,
            stratify: None,
            valid: 0.2,
            test: None,
            all_clips: false,
            each: Each::Population,
            seed: 0,
            seeds: 1,
            redraw: false,
            against: None,
            nested: false,
        }
    }

    fn cut(count: usize, fit: &Fit, seed: u64) -> Result<Vec<Splits>> {
        Folds { stimuli: &stimuli(count), fit, seed }.cut()
    }

    #[test]
    fn every_stimulus_is_left_out_once_and_serves_one_end_at_a_time() {
        for (count, folds) in [(20, 5), (7, 3), (3, 3), (11, 2), (4, 4)] {
            let cut = cut(count, &fit(FoldCount::Of(folds)), 3).unwrap();
            let mut left_out: Vec<String> = cut.iter().flat_map(|fold| fold.test.clone()).collect();
            left_out.sort();
            assert_eq!(left_out, stimuli(count).into_iter().map(|s| s.id).collect::<Vec<_>>());
            for fold in &cut {
                let mut all = [&fold.train[..], &fold.valid, &fold.test].concat();
                all.sort();
                all.dedup();
                assert_eq!(all.len(), count, "{fold:?}");
                assert!(!fold.train.is_empty() && !fold.valid.is_empty(), "{fold:?}");
                assert!(fold.test.len().abs_diff(count / folds) <= 1, "{fold:?}");
            }
        }
    }

    #[test]
    fn a_fifth_of_the_rest_is_for_validation_and_draws_follow_the_seed() {
        let of = |seed| cut(20, &fit(FoldCount::Of(5)), seed).unwrap();
        assert_eq!(of(0).iter().map(|fold| fold.valid.len()).collect::<Vec<_>>(), [3; 5]);
        assert_eq!(of(4), of(4));
        assert_ne!(of(4), of(5));
        assert_eq!(valid_places(16, 0.2), [2, 8, 13]);
        assert_eq!(valid_places(2, 0.9), [1]);
        assert_eq!(valid_places(3, 0.9), [0, 2]);
    }

    #[test]
    fn strata_are_spread_over_folds_and_leaving_one_out_has_a_fold_for_each() {
        let stratified = Fit { stratify: Some("class".into()), ..fit(FoldCount::Of(3)) };
        for fold in cut(18, &stratified, 1).unwrap() {
            let songs = fold.test.iter().filter(|id| id[1..].parse::<usize>().unwrap() % 3 == 0);
            assert_eq!(songs.count(), 2, "{fold:?}");
        }
        let alone = cut(5, &fit(FoldCount::LeaveOneOut), 0).unwrap();
        assert_eq!(alone.iter().map(|fold| fold.test.len()).collect::<Vec<_>>(), [1; 5]);
    }

    #[test]
    fn inner_folds_never_meet_the_outer_one() {
        let (fit, stimuli) = (fit(FoldCount::Of(4)), stimuli(13));
        let folds = Folds { stimuli: &stimuli, fit: &fit, seed: 2 };
        for (outer, whole) in folds.cut().unwrap().into_iter().enumerate() {
            let inner = folds.inner(outer).unwrap();
            assert_eq!(inner.len(), 3);
            let mut tested: Vec<String> = inner.iter().flat_map(|fold| fold.test.clone()).collect();
            tested.sort();
            let mut rest = [whole.train, whole.valid].concat();
            rest.sort();
            assert_eq!(tested, rest);
        }
    }

    #[test]
    fn what_cannot_be_cut_is_refused_with_what_to_do() {
        let message = |count, fit: &Fit| cut(count, fit, 0).unwrap_err().to_string();
        assert!(message(4, &fit(FoldCount::Of(5))).contains("5 folds of 4 stimuli"));
        assert!(message(2, &fit(FoldCount::Of(2))).contains("3 stimuli or more"));
        let unknown = Fit { stratify: Some("klass".into()), ..fit(FoldCount::Of(2)) };
        assert!(message(6, &unknown).contains("they have class"));
    }
}
