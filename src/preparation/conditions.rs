//! Neurons and stimuli that meet conditions on their attributes and qualities.
use std::collections::{BTreeMap, BTreeSet};

use crate::base::error::{Problem, Problems};
use crate::base::wording::{did_you_mean, joined};
use crate::dataset::{Entity, ids};
use crate::run_file::{Condition, Selection};
use crate::scores::quality::{self, Quality};

/// What is selected from.
pub(super) struct Among<'a> {
    /// The key of the run file.
    pub(super) at: &'static str,
    /// One of them.
    pub(super) what: &'static str,
    /// Several of them.
    several: &'static str,
    pub(super) known: &'a [Entity],
    /// Names of what can be measured of them.
    measures: Vec<&'static str>,
    /// Those measures of each, once they are known.
    pub(super) qualities: Option<&'a [Quality]>,
}

/// Conditions by the name of what they are asked of.
type Wanted = BTreeMap<String, Condition>;

/// What each of those selected from has under a name.
enum KnownValues<'a> {
    Texts(Vec<Option<&'a str>>),
    /// Not defined = NaN.
    Numbers(Vec<f64>),
}

impl<'a> Among<'a> {
    pub(super) fn neurons(known: &'a [Entity]) -> Self {
        let (at, what, several) = ("data.neurons", "neuron", "neurons");
        Self { at, what, several, known, measures: quality::names(), qualities: None }
    }

    pub(super) fn stimuli(known: &'a [Entity]) -> Self {
        let (at, what, several) = ("data.stimuli", "stimulus", "stimuli");
        Self { at, what, several, known, measures: Vec::new(), qualities: None }
    }

    /// Whether a condition asks for what has to be measured first, and no name is unknown.
    pub(super) fn wants_qualities(&self, selection: &Selection) -> bool {
        match selection {
            Selection::All | Selection::Ids(_) => false,
            Selection::Attributes(wanted) => {
                wanted.keys().all(|name| self.is_known(name))
                    && wanted.keys().any(|name| self.is_measure(name))
            }
        }
    }

    fn is_attribute(&self, name: &str) -> bool {
        self.known.iter().any(|entity| entity.attributes.contains_key(name))
    }

    fn is_known(&self, name: &str) -> bool {
        self.is_attribute(name) || self.measures.contains(&name)
    }

    /// An attribute goes before a measure of the same name.
    fn is_measure(&self, name: &str) -> bool {
        self.measures.contains(&name) && !self.is_attribute(name)
    }

    /// What is compared: numbers for a comparison and for a measure, else texts.
    fn values(&self, name: &str, condition: &Condition) -> Result<KnownValues<'a>, Problem> {
        if !self.is_known(name) {
            return Err(self.unknown(name));
        }
        let measure = quality::measure(name).filter(|_| self.is_measure(name));
        if let Some(measure) = measure {
            let numbers = self.qualities.into_iter().flatten().map(measure.of).collect();
            return match condition {
                Condition::Is(text) if text.parse::<f64>().is_err() => {
                    let expected = format!("a comparison such as {name} = \">0.1\"");
                    Err(Problem::new(self.at, format!("{name} = {text:?}"), expected))
                }
                _ => Ok(KnownValues::Numbers(numbers)),
            };
        }
        let texts = self.known.iter().map(|entity| entity.attributes.get(name).map(String::as_str));
        match condition {
            Condition::Is(_) => Ok(KnownValues::Texts(texts.collect())),
            Condition::Compares(..) => {
                let numbers = texts.map(|text| text.map_or(Ok(f64::NAN), str::parse));
                let numbers: Result<Vec<f64>, _> = numbers.collect();
                match numbers {
                    Ok(numbers) => Ok(KnownValues::Numbers(numbers)),
                    Err(_) => Err(self.not_numbers(name, condition)),
                }
            }
        }
    }

    fn unknown(&self, name: &str) -> Problem {
        let attributes = self.known.iter().flat_map(|entity| entity.attributes.keys());
        let attributes: BTreeSet<&str> = attributes.map(String::as_str).collect();
        let (found, what) = (format!("{name:?}"), self.what);
        let expected = format!("an attribute that a {what} has");
        let attributes: Vec<&str> = attributes.into_iter().collect();
        if self.measures.is_empty() {
            let hint = ids::hint(name, attributes.into_iter());
            return Problem::new(self.at, found, expected).hint(hint);
        }
        let meant = did_you_mean(name, attributes.iter().chain(&self.measures).copied());
        let gap = if meant.is_empty() { "" } else { " " };
        let listed = ids::listed(&attributes);
        let measures = joined(&self.measures, "and");
        let hint = format!("{meant}{gap}attributes: {listed}; qualities: {measures}");
        Problem::new(self.at, found, expected + ", or a quality").hint(hint)
    }

    fn not_numbers(&self, name: &str, condition: &Condition) -> Problem {
        let found = format!("{name} = {:?}, but {name} is no number", condition.text());
        let expected = format!("a text of {name} without < or >");
        Problem::new(self.at, found, expected).hint(values_of(name, self.known))
    }
}

/// Indices of those that meet all conditions; notes how many if numbers were compared.
pub(super) fn by_conditions(
    among: &Among,
    wanted: &Wanted,
    problems: &mut Problems,
    notes: &mut Vec<String>,
) -> Vec<usize> {
    let mut asked: Vec<(&str, &Condition, KnownValues)> = Vec::new();
    let mut sound = true;
    for (name, condition) in wanted {
        let values = among.values(name, condition);
        sound &= values.is_ok();
        match values {
            Ok(values) => asked.push((name, condition, values)),
            Err(problem) => problems.push(problem),
        }
    }
    let unmeasured = among.qualities.is_none() && wanted.keys().any(|name| among.is_measure(name));
    if !sound || unmeasured {
        return Vec::new();
    }
    let fits =
        |index: &usize| asked.iter().all(|(_, condition, values)| values.meet(*index, condition));
    let indices: Vec<usize> = (0..among.known.len()).filter(fits).collect();
    if indices.is_empty() {
        problems.push(nothing(among, &asked));
    } else if asked.iter().any(|(_, _, values)| matches!(values, KnownValues::Numbers(_))) {
        notes.push(kept(among, &asked, indices.len()));
    }
    indices
}

impl KnownValues<'_> {
    fn meet(&self, index: usize, condition: &Condition) -> bool {
        match (self, condition) {
            (Self::Texts(texts), Condition::Is(text)) => texts[index] == Some(text.as_str()),
            (Self::Numbers(numbers), Condition::Compares(relation, limit)) => {
                relation.holds(numbers[index], *limit)
            }
            (Self::Numbers(numbers), Condition::Is(text)) => {
                text.parse::<f64>().is_ok_and(|number| (numbers[index] - number).abs() <= 0.0)
            }
            (Self::Texts(_), Condition::Compares(..)) => false,
        }
    }

    fn undefined(&self) -> usize {
        match self {
            Self::Texts(_) => 0,
            Self::Numbers(numbers) => numbers.iter().filter(|number| number.is_nan()).count(),
        }
    }
}

type Asked<'a> = (&'a str, &'a Condition, KnownValues<'a>);

/// `reliability > 0.1 and area = "A1"`
fn conditions(asked: &[Asked]) -> String {
    let texts: Vec<String> =
        asked.iter().map(|(name, condition, _)| format!("{name} {condition}")).collect();
    joined(&texts, "and")
}

/// `7 of 12 neurons have reliability > 0.1; 5 are left out, 2 of them ...`
fn kept(among: &Among, asked: &[Asked], kept: usize) -> String {
    let (all, several) = (among.known.len(), among.several);
    let undefined = asked.iter().filter(|(_, _, values)| values.undefined() > 0);
    let undefined = undefined
        .map(|(name, _, values)| format!("{name} is undefined for {}", values.undefined()));
    let undefined: Vec<String> = undefined.collect();
    let why =
        if undefined.is_empty() { String::new() } else { format!(" ({})", undefined.join(", ")) };
    let verb = if kept == 1 { "has" } else { "have" };
    let left = all - kept;
    format!("{kept} of {all} {several} {verb} {}; {left} left out{why}", conditions(asked))
}

/// Nobody fits; names the values that there are.
fn nothing(among: &Among, asked: &[Asked]) -> Problem {
    let texts: Vec<String> =
        asked.iter().map(|(name, condition, _)| format!("{name} {condition}")).collect();
    let found = format!("no {} with {}", among.what, texts.join(", "));
    let values = asked.iter().map(|(name, _, values)| match values {
        KnownValues::Texts(_) => values_of(name, among.known),
        KnownValues::Numbers(numbers) => range_of(name, numbers),
    });
    let hint = values.collect::<Vec<_>>().join("; ");
    Problem::new(among.at, found, format!("1 {} or more", among.what)).hint(hint)
}

/// `area is one of "A1", "PEG"`
fn values_of(name: &str, known: &[Entity]) -> String {
    let values = known.iter().filter_map(|entity| entity.attributes.get(name));
    let values: BTreeSet<&str> = values.map(String::as_str).collect();
    let values: Vec<&str> = values.into_iter().collect();
    format!("{name} is one of {}", ids::listed(&values))
}

/// `reliability goes from 0.01 to 0.45, undefined for 3`
fn range_of(name: &str, numbers: &[f64]) -> String {
    let defined = || numbers.iter().copied().filter(|number| !number.is_nan());
    let undefined = numbers.len() - defined().count();
    if undefined == numbers.len() {
        return format!("{name} is undefined for all {undefined}");
    }
    let (low, high) = (defined().fold(f64::NAN, f64::min), defined().fold(f64::NAN, f64::max));
    let rest = if undefined > 0 { format!(", undefined for {undefined}") } else { String::new() };
    format!("{name} goes from {} to {}{rest}", short(low), short(high))
}

/// A number with at most four significant digits.
fn short(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}
