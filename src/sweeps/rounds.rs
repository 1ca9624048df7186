//! The next round of a search, which follows from what the fits of those before came to: any process that sees
//! them makes the same of it.
use std::path::Path;

use super::plan::Plan;
use super::search::Draw;
use super::sweep_file::SweepFile;
use super::table::OfCombination;
use crate::base::error::Result;
use crate::stats::moments::mean_of_defined;

/// The plan with one more round, where the search goes on.
///
/// # Errors
/// The plan is damaged.
pub fn with_next_round(
    plan: &Plan,
    folder: &Path,
    collected: &[OfCombination],
) -> Result<Option<Plan>> {
    if !plan.goes_on {
        return Ok(None);
    }
    let sweep = SweepFile::parse(plan.text.clone(), &folder.join(&plan.file), &plan.set)?;
    let mut plan = plan.clone();
    loop {
        let scored: Vec<(Draw, f64)> = plan
            .draws
            .iter()
            .enumerate()
            .map(|(draw, values)| (values.clone(), score(&plan, draw, collected)))
            .collect();
        let last = plan.rounds.last().map_or(0, |(draws, _)| *draws);
        let later = sweep.search.later(&scored, (plan.rounds.len(), last));
        if later.is_empty() {
            return Ok(None);
        }
        let first = plan.draws.len();
        let is_new = |own: &super::Combination| {
            !plan.combinations.iter().any(|known| known.values == own.values)
        };
        let mut new: Vec<_> = sweep.with_draws(&later)?.into_iter().filter(is_new).collect();
        for own in &mut new {
            own.draw += first;
        }
        plan.rounds.push((later.len(), new.len()));
        plan.draws.extend(later);
        plan.goes_on = !sweep.search.ends_behind(plan.rounds.len(), plan.draws.len());
        let is_something = !new.is_empty();
        plan.combinations.extend(new);
        // Draws that all have been made before come to nothing new.
        if is_something {
            return Ok(Some(plan));
        }
    }
}

/// What a draw came to: that of the best combination with it, over all folds and seeds; -infinity where it
/// came to nothing.
fn score(plan: &Plan, draw: usize, collected: &[OfCombination]) -> f64 {
    let of_combination = |own: &OfCombination| {
        let seeds = 0..plan.seeds.len();
        let folds = seeds.flat_map(|seed| (0..plan.fold_count()).map(move |fold| (seed, fold)));
        mean_of_defined(folds.map(|(seed, fold)| own.grounds(seed, fold)))
    };
    let pairs = plan.combinations.iter().zip(collected);
    let own = pairs.filter(|(combination, _)| combination.draw == draw);
    let scores = own.map(|(_, own)| of_combination(own)).filter(|score| score.is_finite());
    scores.fold(f64::NEG_INFINITY, f64::max)
}
