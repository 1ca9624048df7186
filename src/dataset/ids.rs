//! Lists of ids: what is repeated, what is unknown, and which one may have been meant.
use std::collections::BTreeSet;

use super::Splits;
use crate::base::error::Problem;

/// Ids shorter than this many are listed in messages in full.
const LISTED: usize = 8;
/// Similarity (1 = equal) from which an id is offered as what may have been meant.
const SIMILAR: f64 = 0.75;

/// The ids that occur more than once, each once, in order.
pub(crate) fn repeated(ids: &[String]) -> Vec<&String> {
    let (mut seen, mut again) = (BTreeSet::new(), BTreeSet::new());
    ids.iter().filter(|id| !seen.insert(*id) && again.insert(*id)).collect()
}

/// What to do about an unknown word: the most similar known one, or all that are known.
pub(crate) fn hint<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let similarity = |id: &str| strsim::normalized_damerau_levenshtein(word, id);
    let nearest = known.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match nearest {
        Some(id) if similarity(id) >= SIMILAR => format!("did you mean {id:?}?"),
        _ => format!("there are: {}", listed(&known)),
    }
}

/// `"a", "b", ... (20 in all)`
pub(crate) fn listed(ids: &[&str]) -> String {
    let shown: Vec<String> = ids.iter().take(LISTED).map(|id| format!("{id:?}")).collect();
    let more =
        if ids.len() > LISTED { format!(", ... ({} in all)", ids.len()) } else { String::new() };
    if ids.is_empty() { "none".to_owned() } else { shown.join(", ") + &more }
}

/// Problems of a split: ids that no stimulus has, repeated ids, ids in two parts.
///
/// `at` makes the place of a problem out of the name of its part.
pub(crate) fn split_problems(
    splits: &Splits,
    known: &[String],
    at: impl Fn(&str) -> String,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, (part, ids)) in splits.parts().into_iter().enumerate() {
        for id in ids.iter().filter(|id| !known.contains(id)) {
            let problem = Problem::new(at(part), format!("{id:?}"), "the id of a stimulus");
            problems.push(problem.hint(hint(id, known.iter().map(String::as_str))));
        }
        for id in repeated(ids) {
            problems.push(Problem::new(at(part), format!("{id:?} twice"), "every id once"));
        }
        for (other, earlier) in splits.parts().into_iter().take(index) {
            let shared = ids.iter().filter(|id| earlier.contains(id)).map(String::as_str);
            let shared: Vec<&str> = shared.collect();
            if !shared.is_empty() {
                let found = format!("{}, which {other} has too", listed(&shared));
                let problem = Problem::new(at(part), found, "parts that share no stimulus");
                problems.push(problem.hint("leave each stimulus in one part"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_id_is_answered_with_the_nearest_and_another_with_the_list() {
        let known = ["song01", "song02", "noise"];
        assert_eq!(hint("noize", known.into_iter()), "did you mean \"noise\"?");
        let list = "there are: \"song01\", \"song02\", \"noise\"";
        assert_eq!(hint("x", known.into_iter()), list);
        assert_eq!(hint("x", [].into_iter()), "there are: none");
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let ids = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        assert!(listed(&ids).ends_with("\"h\", ... (9 in all)"), "{}", listed(&ids));
    }

    #[test]
    fn an_id_that_occurs_three_times_is_named_once() {
        let ids = ["a", "b", "a", "a"].map(String::from);
        assert_eq!(repeated(&ids), ["a"]);
    }
}
