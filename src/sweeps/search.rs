//! `[search]`: values drawn from ranges, for keys whose good values nobody knows: at random, in rounds that
//! follow what earlier ones came to, or at random with more epochs for the better ones.
use rand::Rng;
use serde_json::{Value as Json, json};

use super::search_range::SearchRange;
use super::tpe::{self, Shares, Trial};
use crate::base::error::Problem;
use crate::base::rng;
use crate::config::document::{Document, Entry};
use crate::config::keyed::choices;
use crate::config::keys::{Default, Key, Kind, Value};
use crate::config::value::{self, shown};

/// The name of the section.
pub const SEARCH: &str = "search";

/// How often values are drawn, how, and from where.
#[derive(Debug, Clone)]
pub struct Search {
    trials: u64,
    seed: u64,
    method: SearchMethod,
    keep_one_in: u64,
    epochs: u64,
    ranges: Vec<(String, SearchRange)>,
}

/// Keys as `section.key`, and their values as written in TOML.
pub type Draw = Vec<(String, String)>;

choices! {
    /// How values are drawn.
    SearchMethod {
        /// All at random.
        Random = "random",
        /// In rounds, near the better ones of those before.
        Tpe = "tpe",
        /// All at random with few epochs; the better ones anew with more.
        Halving = "halving",
    }
}

/// Fewest trials of which something can be learned.
const FEWEST: usize = 10;
/// Rounds behind the first one.
const LATER: usize = 10;

const TRIALS: Key = Key {
    name: "trials",
    kind: Kind::Integer(1, 100_000),
    default: Default::Required("20"),
    doc: "how often values are drawn",
};
const DRAW_SEED: Key = Key {
    name: "seed",
    kind: Kind::Integer(0, i64::MAX.unsigned_abs()),
    default: Default::Is("0"),
    doc: "what the draws follow from",
};

const METHOD: Key = Key {
    name: "method",
    kind: Kind::Choice(SearchMethod::WORDS),
    default: Default::Is("\"random\""),
    doc: "random: all at once; tpe: in rounds, near the better ones of those before (tree-structured Parzen \
          estimator); halving: all with few epochs, then the better ones anew with more",
};
const KEEP_ONE_IN: Key = Key {
    name: "keep_one_in",
    kind: Kind::Integer(2, 10),
    default: Default::Is("3"),
    doc: "halving: of each round one in so many is fitted anew with so many times the epochs",
};
const EPOCHS: Key = Key {
    name: "epochs",
    kind: Kind::Integer(1, 1_000_000),
    default: Default::Follows("what halving needs"),
    doc: "halving: train.epochs of the last round",
};

/// What a value of the section may be.
pub fn schema() -> Json {
    let pair = |of: &str| json!({ "type": "array", "items": { "type": of }, "minItems": 2, "maxItems": 2 });
    let table = |name: &str, of: &str| {
        json!({
            "type": "object", "properties": { name: pair(of) }, "required": [name],
            "additionalProperties": false,
        })
    };
    json!({ "anyOf": [
        table("linear", "number"), table("log", "number"), table("integer", "integer"),
        { "type": "array", "minItems": 1 }, { "type": "integer", "minimum": 0 },
        { "enum": SearchMethod::WORDS },
    ] })
}

impl Search {
    /// Nothing is searched.
    pub const fn none() -> Self {
        let method = SearchMethod::Random;
        Self { trials: 0, seed: 0, method, keep_one_in: 3, epochs: 0, ranges: Vec::new() }
    }

    /// Reads the section; problems go to `problems`.
    pub fn read(document: &Document, problems: &mut Vec<Problem>) -> Self {
        let mut search = Self::none();
        let Some(section) = document.section(SEARCH) else { return search };
        for entry in &section.entries {
            if entry.name == METHOD.name {
                match method(entry) {
                    Ok(method) => search.method = method,
                    Err(problem) => problems.push(*problem),
                }
                continue;
            }
            let own = [
                (&TRIALS, &mut search.trials),
                (&DRAW_SEED, &mut search.seed),
                (&KEEP_ONE_IN, &mut search.keep_one_in),
                (&EPOCHS, &mut search.epochs),
            ];
            let read = match own.into_iter().find(|(key, _)| key.name == entry.name) {
                Some((key, place)) => whole(key, entry).map(|count| *place = count),
                None => SearchRange::read(SEARCH, entry)
                    .map(|range| search.ranges.push((entry.name.to_string(), range))),
            };
            problems.extend(read.err().map(|problem| *problem));
        }
        let nothing = |at: &str, expected: &str| {
            section.place.problem(&format!("{SEARCH}.{at}"), "nothing", expected)
        };
        if section.entry(TRIALS.name).is_none() {
            problems.push(nothing(TRIALS.name, &TRIALS.kind.expected()));
        }
        if search.method == SearchMethod::Halving && search.epochs == 0 {
            problems.push(nothing(EPOCHS.name, &EPOCHS.kind.expected()));
        }
        let given = section.entries.iter().any(|entry| entry.name.contains('.'));
        if !given {
            problems.push(nothing(
                "section.key",
                "ranges, such as \"train.lr\" = { log = [1e-4, 1e-1] }",
            ));
        }
        search
    }

    /// The values of each draw of the first round; one draw of nothing where nothing is searched.
    pub fn draws(&self) -> Vec<Draw> {
        if self.ranges.is_empty() {
            return vec![Vec::new()];
        }
        let trials = self.trials();
        match self.method {
            SearchMethod::Random => (0..trials).map(|trial| self.at_random(trial)).collect(),
            SearchMethod::Tpe => (0..self.first()).map(|trial| self.at_random(trial)).collect(),
            SearchMethod::Halving => {
                let draws = (0..trials).map(|trial| self.at_random(trial));
                draws.map(|draw| self.with_epochs(draw, 0)).collect()
            }
        }
    }

    /// The values of each draw of a later round, of all draws so far with their scores, the higher the better;
    /// none where the search is over. Of rounds before it, there were `rounds`, of `last` draws the latest.
    pub fn later(&self, scored: &[(Draw, f64)], (rounds, last): (usize, usize)) -> Vec<Draw> {
        match self.method {
            SearchMethod::Random => Vec::new(),
            SearchMethod::Tpe => {
                let left = self.trials().saturating_sub(scored.len());
                let count = (self.trials() - self.first()).div_ceil(LATER).min(left);
                self.proposals(scored, count, rounds)
            }
            SearchMethod::Halving => self.promoted(&scored[scored.len() - last..], rounds),
        }
    }

    /// Whether no round follows so many, with so many draws in all.
    pub fn ends_behind(&self, rounds: usize, draws: usize) -> bool {
        match self.method {
            _ if self.ranges.is_empty() => true,
            SearchMethod::Random => true,
            SearchMethod::Tpe => draws >= self.trials(),
            SearchMethod::Halving => rounds >= self.rounds(),
        }
    }

    fn trials(&self) -> usize {
        usize::try_from(self.trials).unwrap_or(usize::MAX)
    }

    /// Trials of the first round of a search by what trials come to.
    fn first(&self) -> usize {
        self.trials().min(FEWEST.max(self.trials() / 4))
    }

    fn at_random(&self, trial: usize) -> Draw {
        let value = |(path, range): &(String, SearchRange)| {
            let mut generator = rng::generator(self.seed, &format!("{path} of trial {trial}"));
            (path.clone(), range.draw(generator.random_range(0.0..1.0)))
        };
        self.ranges.iter().map(value).collect()
    }

    fn proposals(&self, scored: &[(Draw, f64)], count: usize, round: usize) -> Vec<Draw> {
        let share = |draw: &Draw, (path, range): &(String, SearchRange)| {
            let (_, text) = draw.iter().find(|(known, _)| known == path)?;
            range.share(text)
        };
        let trial = |(draw, score): &(Draw, f64)| Trial {
            shares: self.ranges.iter().map(|range| share(draw, range)).collect(),
            score: *score,
        };
        let trials: Vec<Trial> = scored.iter().map(trial).collect();
        let keys: Vec<Shares> = self.ranges.iter().map(|(_, range)| range.shares()).collect();
        let mut generator = rng::generator(self.seed, &format!("round {round}"));
        let mut under_way: Vec<Vec<f64>> = Vec::new();
        for _ in 0..count {
            let own = tpe::proposal(&keys, &trials, &under_way, &mut generator);
            under_way.push(own);
        }
        let value = |((path, range), share): (&(String, SearchRange), &f64)| {
            (path.clone(), range.draw(*share))
        };
        let draw = |shares: &Vec<f64>| self.ranges.iter().zip(shares).map(value).collect();
        under_way.iter().map(draw).collect()
    }

    /// The better ones of the latest round, with more epochs.
    fn promoted(&self, scored: &[(Draw, f64)], round: usize) -> Vec<Draw> {
        if round >= self.rounds() {
            return Vec::new();
        }
        let mut order: Vec<&(Draw, f64)> =
            scored.iter().filter(|(_, score)| score.is_finite()).collect();
        // The first of equals goes on.
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        let divisor = usize::try_from(self.keep_one_in).unwrap_or(usize::MAX).max(2);
        let kept = order.into_iter().take(scored.len().div_ceil(divisor));
        kept.map(|(draw, _)| self.with_epochs(draw.clone(), round)).collect()
    }

    /// Rounds of halving.
    fn rounds(&self) -> usize {
        let (mut left, mut rounds) = (self.trials, 1);
        while left > 1 && self.keep_one_in > 1 {
            left = left.div_ceil(self.keep_one_in);
            rounds += 1;
        }
        rounds
    }

    fn with_epochs(&self, mut draw: Draw, round: usize) -> Draw {
        let later = u32::try_from(self.rounds() - 1 - round).unwrap_or(u32::MAX);
        let epochs = (self.epochs / self.keep_one_in.saturating_pow(later)).max(1);
        draw.retain(|(path, _)| path != TRAIN_EPOCHS);
        draw.push((TRAIN_EPOCHS.to_owned(), epochs.to_string()));
        draw
    }
}

/// The key that halving sets.
const TRAIN_EPOCHS: &str = "train.epochs";

fn method(entry: &Entry) -> Result<SearchMethod, Box<Problem>> {
    let read = value::read(&METHOD, &entry.value);
    let word = read.ok().and_then(|value| match value {
        Value::Text(word) => SearchMethod::from_word(&word),
        _ => None,
    });
    word.ok_or_else(|| Box::new(misfit(&METHOD, entry)))
}

fn whole(key: &Key, entry: &Entry) -> Result<u64, Box<Problem>> {
    if let Ok(Value::Integer(count)) = value::read(key, &entry.value) {
        return Ok(count);
    }
    Err(Box::new(misfit(key, entry)))
}

fn misfit(key: &Key, entry: &Entry) -> Problem {
    let at = format!("{SEARCH}.{}", entry.name);
    let found = shown(&entry.value);
    entry.value_place.problem(&at, found, key.kind.expected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweeps::sections::SECTIONS;

    fn read(lines: &str) -> (Search, Vec<String>) {
        let mut problems = Vec::new();
        let text = format!("[search]\n{lines}\n");
        let document = Document::parse(&text, &SECTIONS, &mut problems).unwrap();
        let search = Search::read(&document, &mut problems);
        (search, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn draws_stay_within_their_ranges_and_follow_the_seed() {
        let lines = "trials = 200\n\"train.lr\" = { log = [1e-4, 1e-1] }\n\
                     model.hidden = { integer = [2, 5] }\ntrain.loss = ['mse', 'poisson']\n\
                     data.smooth_ms = { linear = [0, 30] }";
        let (search, problems) = read(lines);
        assert_eq!(problems, [""; 0]);
        let draws = search.draws();
        assert_eq!(draws.len(), 200);
        let column = |place: usize| draws.iter().map(move |draw| draw[place].1.clone());
        let rates: Vec<f64> = column(0).map(|text| text.parse().unwrap()).collect();
        assert!(rates.iter().all(|rate| (1e-4..=1e-1).contains(rate)));
        let small = rates.iter().filter(|rate| **rate < 1e-3).count();
        assert!((50..90).contains(&small), "{small} of 200 in the lowest of three decades");
        for hidden in ["2", "3", "4", "5"] {
            assert!(column(1).filter(|own| own == hidden).count() > 25, "{hidden}");
        }
        assert!(column(2).any(|loss| loss == "\"mse\"") && column(2).any(|loss| loss != "\"mse\""));
        assert!(column(3).all(|text| (0.0..=30.0).contains(&text.parse::<f64>().unwrap())));
        assert_eq!(draws, read(lines).0.draws());
        assert_ne!(draws, read(&format!("seed = 1\n{lines}")).0.draws());
        assert_eq!(Search::none().draws(), [Vec::new()]);
    }

    #[test]
    fn halving_gives_the_better_ones_of_each_round_more_epochs() {
        let lines =
            "method = 'halving'\ntrials = 9\nepochs = 90\n\"train.lr\" = { log = [1e-4, 1e-1] }";
        let (search, problems) = read(lines);
        assert_eq!(problems, [""; 0]);
        let epochs =
            |draw: &Draw| draw.iter().find(|(path, _)| path == TRAIN_EPOCHS).unwrap().1.clone();
        let first = search.draws();
        assert!(first.len() == 9 && first.iter().all(|draw| epochs(draw) == "10"));
        let mut scored: Vec<(Draw, f64)> = first
            .iter()
            .cloned()
            .zip([0.0, 3.0, 1.0, f64::NEG_INFINITY, 5.0, 2.0, 4.0, 0.5, 0.1])
            .collect();
        let second = search.later(&scored, (1, 9));
        let rates = |draws: &[Draw]| draws.iter().map(|draw| draw[0].1.clone()).collect::<Vec<_>>();
        assert_eq!(rates(&second), [4, 6, 1].map(|place: usize| first[place][0].1.clone()));
        assert!(second.iter().all(|draw| epochs(draw) == "30"));
        scored.extend(second.into_iter().zip([1.0, 2.0, 0.0]));
        let third = search.later(&scored, (2, 3));
        assert_eq!((rates(&third), epochs(&third[0])), (vec![first[6][0].1.clone()], "90".into()));
        scored.push((third[0].clone(), 1.0));
        assert!(search.later(&scored, (3, 1)).is_empty() && search.ends_behind(3, 13));
    }

    #[test]
    fn proposals_come_in_rounds_until_all_trials_are_made() {
        let lines = "method = 'tpe'\ntrials = 45\nmodel.hidden = { integer = [2, 90] }\n\
                     train.loss = ['mse', 'poisson']";
        let (search, _) = read(lines);
        let score = |draw: &Draw| -(draw[0].1.parse::<f64>().unwrap() - 40.0).abs();
        let scored = |draws: Vec<Draw>| draws.into_iter().map(|draw| (draw.clone(), score(&draw)));
        let mut all: Vec<(Draw, f64)> = scored(search.draws()).collect();
        assert_eq!(all.len(), 11);
        for round in 1.. {
            let later = search.later(&all, (round, 4));
            assert_eq!(later, search.later(&all, (round, 4)), "the same for every process");
            if later.is_empty() {
                break;
            }
            all.extend(scored(later));
        }
        assert_eq!(all.len(), 45);
        let mean =
            |some: &[(Draw, f64)]| some.iter().map(|own| own.1).sum::<f64>() / some.len() as f64;
        assert!(mean(&all[30..]) > mean(&all[..11]), "{all:?}");
    }

    #[test]
    fn ranges_that_are_none_are_refused_with_their_place() {
        for (lines, said) in [
            ("trials = 5", "1:2 search.section.key: found nothing, expected ranges"),
            ("\"train.lr\" = { log = [1e-4, 1e-1] }", "1:2 search.trials: found nothing"),
            ("trials = 0", "search.trials: found 0, expected a whole number from 1"),
            (
                "method = 'TPE'",
                "search.method: found \"TPE\", expected \"random\", \"tpe\" or \"halving\"",
            ),
            (
                "method = 'halving'\ntrials = 5",
                "search.epochs: found nothing, expected a whole number",
            ),
            ("trials = 5\n\"train.lr\" = 1", "3:14 search.train.lr: found 1, expected a range"),
            ("trials = 5\ntrain.lr = { log = [0, 1] }", "found 0 and 1, expected ends above 0"),
            (
                "trials = 5\ntrain.lr = { linear = [1, 1] }",
                "found 1 and 1, expected an empty range",
            ),
            (
                "trials = 5\ntrain.lr = { lin = [0, 1] }",
                "found lin, expected linear, log or integer",
            ),
            ("trials = 5\ntrain.lr = { log = [1] }", "found [1], expected two numbers"),
            ("trials = 5\nmodel.hidden = { integer = [1, 2.5] }", "expected whole numbers"),
            ("trials = 5\ntrain.rl = { log = [1, 2] }", "search.train.rl: found an unknown key"),
            ("trials = 5\ntrain.seed = { integer = [1, 2] }", "a key that is the same for all"),
        ] {
            let problems = read(lines).1.join("\n");
            assert!(problems.contains(said), "{lines}: {problems}");
        }
    }
}
