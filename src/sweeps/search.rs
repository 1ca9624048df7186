//! `[search]`: values drawn at random from ranges, for keys whose good values nobody knows.
use rand::Rng;
use serde_json::{Value as Json, json};
use toml::de::{DeTable, DeValue};

use super::paths::require_key;
use crate::base::error::Problem;
use crate::base::rng;
use crate::base::wording::did_you_mean;
use crate::config::document::{Document, Entry};
use crate::config::keys::{Default, Key, Kind, Value};
use crate::config::value::{self, number, shown, written};

/// The name of the section.
pub const SEARCH: &str = "search";

/// How often values are drawn, and from where.
#[derive(Debug, Clone, Default)]
pub struct Search {
    trials: u64,
    seed: u64,
    ranges: Vec<(String, SearchRange)>,
}

/// Where the values of a key are drawn from.
#[derive(Debug, Clone)]
enum SearchRange {
    /// Numbers, evenly.
    Linear(f64, f64),
    /// Numbers whose logarithms lie evenly.
    Log(f64, f64),
    /// Whole numbers, both ends included.
    Integer(i64, i64),
    /// One of these, as written in TOML.
    OneOf(Vec<String>),
}

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
    ] })
}

impl Search {
    /// Reads the section; problems go to `problems`.
    pub fn read(document: &Document, problems: &mut Vec<Problem>) -> Self {
        let Some(section) = document.section(SEARCH) else { return Self::default() };
        let mut search = Self { trials: 0, ..Self::default() };
        for entry in &section.entries {
            let own = [(&TRIALS, &mut search.trials), (&DRAW_SEED, &mut search.seed)];
            let read = match own.into_iter().find(|(key, _)| key.name == entry.name) {
                Some((key, place)) => whole(key, entry).map(|count| *place = count),
                None => {
                    range(entry).map(|range| search.ranges.push((entry.name.to_string(), range)))
                }
            };
            problems.extend(read.err().map(|problem| *problem));
        }
        let nothing = |at: &str, expected: &str| {
            section.place.problem(&format!("{SEARCH}.{at}"), "nothing", expected)
        };
        if section.entry(TRIALS.name).is_none() {
            problems.push(nothing(TRIALS.name, &TRIALS.kind.expected()));
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

    /// The values of each draw; one draw of nothing where nothing is searched.
    pub fn draws(&self) -> Vec<Vec<(String, String)>> {
        if self.ranges.is_empty() {
            return vec![Vec::new()];
        }
        let draw = |trial: u64| {
            let value = |(path, range): &(String, SearchRange)| {
                let mut generator = rng::generator(self.seed, &format!("{path} of trial {trial}"));
                (path.clone(), range.draw(generator.random_range(0.0..1.0)))
            };
            self.ranges.iter().map(value).collect()
        };
        (0..self.trials).map(draw).collect()
    }
}

impl SearchRange {
    /// The value at a share of the range, with three digits where it is no whole number.
    fn draw(&self, share: f64) -> String {
        let between = |from: f64, to: f64| from + share * (to - from);
        match self {
            Self::Linear(from, to) => three_digits(between(*from, *to), (*from, *to)),
            Self::Log(from, to) => three_digits(between(from.ln(), to.ln()).exp(), (*from, *to)),
            Self::Integer(from, to) => {
                let count = (to - from + 1) as f64;
                #[expect(clippy::cast_possible_truncation, reason = "below the count")]
                let step = (share * count).floor() as i64;
                (from + step).min(*to).to_string()
            }
            Self::OneOf(values) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a place"
                )]
                let place = (share * values.len() as f64) as usize;
                values[place.min(values.len() - 1)].clone()
            }
        }
    }
}

/// A number between two ends with few digits, which names stay readable by.
fn three_digits(value: f64, (from, to): (f64, f64)) -> String {
    let short: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    let text = format!("{:?}", short.clamp(from, to));
    if text.contains(['.', 'e', 'n']) { text } else { text + ".0" }
}

fn whole(key: &Key, entry: &Entry) -> Result<u64, Box<Problem>> {
    if let Ok(Value::Integer(count)) = value::read(key, &entry.value) {
        return Ok(count);
    }
    let at = format!("{SEARCH}.{}", entry.name);
    let found = shown(&entry.value);
    Err(Box::new(entry.value_place.problem(&at, found, key.kind.expected())))
}

fn range(entry: &Entry) -> Result<SearchRange, Box<Problem>> {
    require_key(SEARCH, entry)?;
    let at = format!("{SEARCH}.{}", entry.name);
    let refuse = |found: String, expected: &str, hint: String| {
        Err(Box::new(entry.value_place.problem(&at, found, expected).hint(hint)))
    };
    let table: &DeTable = match &entry.value {
        DeValue::Array(list) if !list.is_empty() => {
            return Ok(SearchRange::OneOf(
                list.iter().map(|value| written(value.as_ref())).collect(),
            ));
        }
        DeValue::Table(table) if table.len() == 1 => table,
        other => {
            let expected = "a range, such as { log = [1e-4, 1e-1] }, or a list of values";
            return refuse(shown(other), expected, String::new());
        }
    };
    let Some((kind, ends)) = table.iter().next() else {
        return refuse("a table without a key".to_owned(), "linear, log or integer", String::new());
    };
    let known = ["linear", "log", "integer"];
    let kind = kind.get_ref().as_ref();
    if !known.contains(&kind) {
        return refuse(kind.to_owned(), "linear, log or integer", did_you_mean(kind, known));
    }
    let list = ends.as_ref().as_array().map(|list| list.iter().map(|end| number(end.as_ref())));
    let list: Option<Vec<f64>> = list.and_then(Iterator::collect);
    let Some([from, to]) = list.as_deref().and_then(|list| <[f64; 2]>::try_from(list).ok()) else {
        return refuse(written(ends.as_ref()), "two numbers", String::new());
    };
    let found = || format!("{from} and {to}");
    match kind {
        _ if from >= to => {
            refuse(found(), "an empty range is none: the lower end first", String::new())
        }
        "log" if from <= 0.0 => refuse(found(), "ends above 0", String::new()),
        "log" => Ok(SearchRange::Log(from, to)),
        "integer" if from.fract() != 0.0 || to.fract() != 0.0 => {
            refuse(found(), "whole numbers", String::new())
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers")]
        "integer" => Ok(SearchRange::Integer(from as i64, to as i64)),
        _ => Ok(SearchRange::Linear(from, to)),
    }
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
        assert_eq!(Search::default().draws(), [Vec::new()]);
    }

    #[test]
    fn ranges_that_are_none_are_refused_with_their_place() {
        for (lines, said) in [
            ("trials = 5", "1:2 search.section.key: found nothing, expected ranges"),
            ("\"train.lr\" = { log = [1e-4, 1e-1] }", "1:2 search.trials: found nothing"),
            ("trials = 0", "search.trials: found 0, expected a whole number from 1"),
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
