//! `[grid]`: lists of values for keys, as the combinations that make sense.
use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use super::paths::{place_of, require_key};
use super::search::Draw;
use super::sections::{GRID, SECTIONS};
use crate::base::error::{Error, Problem, Result};
use crate::config::document::{Document, Entry};
use crate::config::part::TYPE;
use crate::config::sections::{Holds, Section, section};
use crate::config::value::{shown, written};
use crate::run_file;

/// Values for some keys, with which everything else of the sweep file is fitted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combination {
    /// What tells it from the others: `nrf, lr = 0.01`.
    pub name: String,
    /// Keys as `section.key`, and their values as written in TOML.
    pub values: Vec<(String, String)>,
    /// The place of the draw of a search that they come from.
    pub draw: usize,
}

/// A key with a list of values, each as written in TOML.
#[derive(Debug, Clone)]
pub struct ValueList {
    path: String,
    values: Vec<String>,
}

/// What became of all combinations.
#[derive(Debug, Default)]
pub struct Combinations {
    /// Those that make sense, each once.
    pub sound: Vec<Combination>,
    /// What was left out and why, one sentence each.
    pub notes: Vec<String>,
}

/// More combinations than this are a mistake.
const MOST: usize = 100_000;

impl Combination {
    /// Each as `section.key=value`, types first: what they do not have is then known.
    pub fn overrides(&self) -> Vec<String> {
        let text = |(path, value): &(String, String)| format!("{path}={value}");
        let (types, others): (Vec<_>, Vec<_>) =
            self.values.iter().partition(|(path, _)| is_type(path));
        types.into_iter().chain(others).map(text).collect()
    }

    /// The value of a key as tables have it: words without quotes, nothing where it stands aside.
    pub fn plain(&self, path: &str) -> &str {
        let own = self.values.iter().find(|(known, _)| known == path);
        own.map_or("", |(_, value)| value.trim_matches('"'))
    }
}

/// The lists of `[grid]`; problems with them go to `problems`.
pub fn axes(document: &Document, problems: &mut Vec<Problem>) -> Vec<ValueList> {
    let written = document.section(GRID);
    if let Some(grid) = written.filter(|grid| grid.entries.is_empty()) {
        let expected = "lists of values, such as model.type = [\"ln\", \"nrf\"]";
        problems.push(grid.place.problem(GRID, "no key", expected));
    }
    let mut axes = Vec::new();
    for entry in written.iter().flat_map(|grid| &grid.entries) {
        match axis(entry) {
            Ok(axis) => axes.push(axis),
            Err(problem) => problems.push(*problem),
        }
    }
    axes
}

fn axis(entry: &Entry) -> Result<ValueList, Box<Problem>> {
    let path = entry.name.as_ref();
    require_key(GRID, entry)?;
    let at = format!("{GRID}.{path}");
    let refuse =
        |found: &str, expected: &str| Err(Box::new(entry.place.problem(&at, found, expected)));
    let DeValue::Array(list) = &entry.value else {
        return refuse(&shown(&entry.value), "a list of values");
    };
    let values: Vec<String> = list.iter().map(|value| written(value.as_ref())).collect();
    if values.is_empty() {
        return refuse("an empty list", "1 value or more");
    }
    match values.iter().enumerate().find(|(nth, value)| values[..*nth].contains(value)) {
        Some((_, twice)) => refuse(&format!("{twice} twice"), "each value once"),
        None => Ok(ValueList { path: path.to_owned(), values }),
    }
}

/// All combinations of the lists with every draw of a search, but for those that make no sense: what is wrong
/// with one, and what a file without lists is called, is up to `title`.
///
/// # Errors
/// A value that makes no sense in any combination, with what is wrong with the first of them.
pub fn combine(
    document: &Document,
    (axes, draws): (&[ValueList], &[Draw]),
    title: impl Fn(&Combination) -> Result<String>,
) -> Result<Combinations> {
    let count = axes.iter().try_fold(draws.len(), |all, axis| all.checked_mul(axis.values.len()));
    if count.is_none_or(|count| count > MOST) {
        return Err(Error::Refused(format!(
            "[{GRID}]: found lists that come to more than {MOST} combinations, expected fewer; shorten \
             them"
        )));
    }
    let mut found = Combinations::default();
    let mut refused: Vec<(Vec<(String, String)>, Error)> = Vec::new();
    let drawn = |listed: Draw| {
        let with = |(place, drawn): (usize, &Draw)| (place, [&listed[..], drawn].concat());
        draws.iter().enumerate().map(with).collect::<Vec<_>>()
    };
    for (draw, all) in product(axes).into_iter().flat_map(drawn) {
        let applies = |(path, _): &(String, String)| applies(document, path, &all);
        let values: Vec<(String, String)> =
            all.iter().filter(|own| applies(own)).cloned().collect();
        if found.sound.iter().any(|known| known.values == values) {
            continue;
        }
        let mut combination = Combination { name: name(&values), values, draw };
        match title(&combination) {
            Ok(title) => {
                if combination.name.is_empty() {
                    combination.name = title;
                }
                found.sound.push(combination);
            }
            Err(error) => refused.push((combination.values, error)),
        }
    }
    let is_used = |own: &(String, String)| found.sound.iter().any(|it| it.values.contains(own));
    let useless = refused.iter().position(|(values, _)| !values.iter().all(is_used));
    if let Some(place) =
        useless.or_else(|| (found.sound.is_empty() && !refused.is_empty()).then_some(0))
    {
        return Err(refused.swap_remove(place).1);
    }
    let told = |(values, error): &(Vec<(String, String)>, Error)| {
        format!("left out: {} ({})", name(values), first_line(error))
    };
    found.notes = refused.iter().map(told).collect();
    tell_apart(&mut found.sound);
    Ok(found)
}

/// Every choice of one value of each list, the last list's changing fastest.
fn product(axes: &[ValueList]) -> Vec<Vec<(String, String)>> {
    axes.iter().fold(vec![Vec::new()], |so_far, axis| {
        let longer = |chosen: &Vec<(String, String)>| {
            let value = |value: &String| {
                let mut chosen = chosen.clone();
                chosen.push((axis.path.clone(), value.clone()));
                chosen
            };
            axis.values.iter().map(value).collect::<Vec<_>>()
        };
        so_far.iter().flat_map(longer).collect()
    })
}

/// Whether a key means anything where these values are chosen: that of a part that is not chosen does
/// not.
fn applies(document: &Document, path: &str, chosen: &[(String, String)]) -> bool {
    let Some((label, key)) = path.split_once('.') else { return true };
    let at = place_of(label);
    let Some(Section { holds: Holds::Part { table, absent, .. }, .. }) =
        section(run_file::SECTIONS, at.name)
    else {
        return true;
    };
    if key == TYPE {
        return true;
    }
    let typed = format!("{label}.{TYPE}");
    let chosen = chosen.iter().find(|(path, _)| *path == typed);
    let chosen = chosen.map(|(_, value)| value.trim_matches('"'));
    let written = || document.section(at)?.entry(TYPE)?.value.as_str();
    let Some(word) = chosen.or_else(written).or(*absent) else { return true };
    match table().iter().find(|part| part.name == word) {
        Some(part) => part.keys.iter().any(|known| known.name == key),
        None => Some(word) != *absent,
    }
}

fn is_type(path: &str) -> bool {
    path.split_once('.').is_some_and(|(_, key)| key == TYPE)
}

/// `nrf, adaptrans, lr = 0.01`: a type by its word, but for one that stands for nothing.
fn name(values: &[(String, String)]) -> String {
    let is_absent = |path: &str, word: &str| {
        let label = path.split_once('.').map_or(path, |(label, _)| label);
        section(&SECTIONS, place_of(label).name).and_then(Section::absent) == Some(word)
    };
    let shown = |(path, value): &(String, String)| {
        let word = value.trim_matches('"');
        match path.split_once('.') {
            Some((_, TYPE)) if is_absent(path, word) => None,
            Some((_, TYPE)) => Some(word.to_owned()),
            Some((_, key)) => Some(format!("{key} = {word}")),
            None => None,
        }
    };
    let shown: Vec<String> = values.iter().filter_map(shown).collect();
    match (shown.is_empty(), values.first()) {
        (true, Some((_, value))) => value.trim_matches('"').to_owned(),
        _ => shown.join(", "),
    }
}

/// Gives combinations of the same name the whole paths of their keys.
fn tell_apart(combinations: &mut [Combination]) {
    let names: Vec<String> = combinations.iter().map(|one| one.name.clone()).collect();
    for one in combinations {
        if names.iter().filter(|name| **name == one.name).count() > 1 {
            let all = one.values.iter().map(|(path, value)| format!("{path} = {value}"));
            one.name = all.collect::<Vec<_>>().join(", ");
        }
    }
}

/// What an error says first.
fn first_line(error: &Error) -> String {
    match error {
        Error::Input { problems, .. } => {
            problems.first().map_or_else(|| error.to_string(), ToString::to_string)
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the combinations of a file in which `bad` pairs of values make no sense.
    fn combined(text: &str, bad: &[[&str; 2]]) -> (Result<Vec<String>>, Vec<String>) {
        let mut problems = Vec::new();
        let document = Document::parse(text, &SECTIONS, &mut problems).unwrap();
        let axes = axes(&document, &mut problems);
        let title = |own: &Combination| {
            let has = |word: &&str| own.values.iter().any(|(_, value)| value.contains(*word));
            match bad.iter().find(|pair| pair.iter().all(has)) {
                Some([first, second]) => Err(Error::Refused(format!("{first} and {second}"))),
                None => Ok("the title".to_owned()),
            }
        };
        let mut told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let names = combine(&document, (&axes, &[Vec::new()]), title).map(|found| {
            told.extend(found.notes);
            found.sound.into_iter().map(|one| one.name).collect()
        });
        (names, told)
    }

    #[test]
    fn every_combination_is_named_and_stands_once() {
        let text =
            "[grid]\nmodel.type = ['ln', 'nrf']\n\"prefilter.type\" = ['none', 'adaptrans']\n";
        let (names, told) = combined(text, &[]);
        assert_eq!(names.unwrap(), ["ln", "ln, adaptrans", "nrf", "nrf, adaptrans"]);
        assert_eq!(told, [""; 0]);
        // ln has no hidden units: it stands once beside both numbers of them.
        let text = "[grid]\nmodel.hidden = [4, 8]\nmodel.type = ['ln', 'nrf']\ntrain.lr = [1e-3]\n";
        let (names, _) = combined(text, &[]);
        let wanted = ["ln, lr = 1e-3", "hidden = 4, nrf, lr = 1e-3", "hidden = 8, nrf, lr = 1e-3"];
        assert_eq!(names.unwrap(), wanted);
        assert_eq!(combined("", &[]).0.unwrap(), ["the title"]);
    }

    #[test]
    fn what_makes_no_sense_is_left_out_and_said_and_refused_where_a_value_never_does() {
        let text = "[grid]\nmodel.type = ['ln', 'nrf']\nparameterization.type = ['full', 'dcls']\n";
        let (names, told) = combined(text, &[["nrf", "dcls"]]);
        assert_eq!(names.unwrap(), ["ln", "ln, dcls", "nrf"]);
        assert_eq!(told, ["left out: nrf, dcls (nrf and dcls)"]);
        let (names, _) = combined(text, &[["nrf", "dcls"], ["ln", "dcls"]]);
        assert_eq!(names.unwrap_err().to_string(), "ln and dcls");
    }

    #[test]
    fn lists_that_are_none_are_refused_with_their_place() {
        let found = |text: &str| combined(text, &[]).1.join("\n");
        for (line, said) in [
            ("train.lr = []", "2:7 grid.train.lr: found an empty list, expected 1 value or more"),
            ("train.lr = 0.1", "2:7 grid.train.lr: found 0.1, expected a list of values"),
            (
                "train.rl = [1]",
                "2:7 grid.train.rl: found an unknown key, expected a key of [train]",
            ),
            ("trian.lr = [1]", "2:7 grid.trian.lr: found an unknown section"),
            ("\"lr\" = [1]", "2:1 grid.lr: found no section, expected SECTION.KEY = ..."),
            ("data.split = ['file']", "2:6 grid.data.split: found a key that is the same for all"),
            ("output.folder = ['a']", "grid.output.folder: found a key that is the same for all"),
            (
                "train.lr = [0.1, 0.1]",
                "2:7 grid.train.lr: found 0.1 twice, expected each value once",
            ),
            ("", "1:2 grid: found no key, expected lists of values"),
        ] {
            let found = found(&format!("[grid]\n{line}\n"));
            assert!(found.contains(said), "{line}: {found}");
        }
    }
}
