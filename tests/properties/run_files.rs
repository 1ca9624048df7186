//! Run files drawn from the tables of keys: TOML → run file → TOML.
use std::path::Path;

use proptest::prelude::*;
use strf::config::keys::{Default, Key, Kind, Range};
use strf::config::part::{Part, Row, find};
use strf::config::sections::{Holds, Section, Times};
use strf::models::output_gains;
use strf::models::outputs::{self, Sign};
use strf::models::prefilters::{self, Channels, NeededLevel, PrefilterRow};
use strf::models::{self, HasStrfs, ModelRow, Sharing, loss, parameterizations};
use strf::run_file::{RunConfig, SECTIONS};
use toml::{Table, Value};

use super::{cases, names, text};

/// A key and what is written behind it.
type Written = (&'static str, Value);

/// The `type` of a section where it has one, and its keys.
type WrittenPart = (Option<&'static str>, Vec<Written>);

/// A section that stands once, or in a list.
#[derive(Debug, Clone)]
struct WrittenSection {
    name: &'static str,
    list: bool,
    parts: Vec<WrittenPart>,
}

/// A number in a range: an end of it, or between on an even or a logarithmic scale.
fn number(range: Range) -> BoxedStrategy<Value> {
    let Range { from, to, .. } = range;
    let least = if from > 0.0 { from } else { 1e-9 };
    let between = prop_oneof![
        Just(from),
        Just(to),
        (0.0..=1.0).prop_map(move |share: f64| from + share * (to - from)),
        (0.0..=1.0).prop_map(move |share: f64| least * (to / least).powf(share)),
    ];
    let inside = between.prop_filter("in the range", move |number| range.contains(*number));
    inside.prop_map(Value::from).boxed()
}

fn texts_of(words: &[&'static str]) -> BoxedStrategy<Value> {
    prop::sample::select(words.to_vec()).prop_map(Value::from).boxed()
}

/// A number.
fn strength() -> BoxedStrategy<Value> {
    (0.0..9.0).prop_map(Value::from).boxed()
}

/// Which neurons or stimuli: all, some ids, or conditions.
fn selection() -> BoxedStrategy<Value> {
    let asked = prop_oneof![
        text().prop_filter("text", |text| !text.starts_with(['<', '>'])).prop_map(Value::from),
        (prop::sample::select(&[">", ">=", "<", "<=", ">= "][..]), -1e9..1e9)
            .prop_map(|(sign, limit)| Value::from(format!("{sign}{limit}"))),
        (-1e9..1e9).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    prop_oneof![
        Just(Value::from("all")),
        (1..4usize).prop_flat_map(names).prop_map(Value::from),
        prop::collection::btree_map(text(), asked, 1..4)
            .prop_map(|table| Value::Table(table.into_iter().collect())),
    ]
    .boxed()
}

/// By the file, by fractions, or by ids.
fn split() -> BoxedStrategy<Value> {
    let table =
        |parts: [Value; 3]| ["train", "valid", "test"].map(String::from).into_iter().zip(parts);
    let fractions = (0.01..0.7, 0.01..0.29, prop::option::of(0..=i64::MAX));
    prop_oneof![
        Just(Value::from("file")),
        fractions.prop_map(move |(train, valid, seed)| {
            let parts = [train, valid, 1.0 - train - valid].map(Value::from);
            let seed = seed.map(|seed| ("seed".to_owned(), Value::from(seed)));
            Value::Table(table(parts).chain(seed).collect())
        }),
        names(6).prop_map(move |ids| {
            let parts = [&ids[..3], &ids[3..5], &ids[5..]].map(|ids| Value::from(ids.to_vec()));
            Value::Table(table(parts).collect())
        }),
    ]
    .boxed()
}

/// What may stand behind a key.
fn value(key: &Key) -> BoxedStrategy<Value> {
    match key.kind {
        Kind::Number(range) => number(range),
        Kind::Integer(from, to) => {
            let to = i64::try_from(to).unwrap_or(i64::MAX);
            (i64::try_from(from).unwrap()..=to).prop_map(Value::from).boxed()
        }
        Kind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Choice(words) => texts_of(words),
        Kind::Part(names) => texts_of(&names()),
        Kind::Path => {
            "[a-z][a-z0-9 ü'\"#=-]{0,8}(/[a-z][a-z0-9_.]{0,5}){0,2}".prop_map(Value::from).boxed()
        }
        Kind::Device => texts_of(&["cpu", "cuda", "cuda:1", "cuda:12"]),
        Kind::Text | Kind::Texts => panic!("{}: no key of run files is such", key.name),
        Kind::Declared(_) if key.name == "split" => split(),
        Kind::Declared(_) if ["l1", "l2", "smooth"].contains(&key.name) => strength(),
        Kind::Declared(_) => selection(),
    }
}

/// Some of the keys, and those that must be there.
fn keys(keys: &'static [Key]) -> BoxedStrategy<Vec<Written>> {
    let one = |key: &'static Key| {
        let written = value(key).prop_map(|value| Some((key.name, value)));
        match key.default {
            Default::Required(_) => written.boxed(),
            _ => prop_oneof![Just(None), written].boxed(),
        }
    };
    let all: Vec<BoxedStrategy<Option<Written>>> = keys.iter().map(one).collect();
    all.prop_map(|keys| keys.into_iter().flatten().collect()).boxed()
}

fn part(part: &'static Part) -> BoxedStrategy<WrittenPart> {
    keys(part.keys).prop_map(|keys| (Some(part.name), keys)).boxed()
}

/// A section, or none where it may be left out; a list of tables where it may stand several times.
fn section(section: &'static Section) -> BoxedStrategy<Option<WrittenSection>> {
    let once = |part| Some(WrittenSection { name: section.name, list: false, parts: vec![part] });
    match section.holds {
        Holds::Keys(own) => keys(own).prop_map(move |keys| once((None, keys))).boxed(),
        Holds::Part { table, absent, times } => {
            let parts: Vec<_> = table().into_iter().map(part).collect();
            let parts = prop::strategy::Union::new(parts);
            let single = parts.clone().prop_map(once);
            let chosen = match times {
                Times::Once => single.boxed(),
                Times::Several => {
                    let list = prop::collection::vec(parts, 1..4).prop_map(|parts| {
                        Some(WrittenSection { name: section.name, list: true, parts })
                    });
                    prop_oneof![single, list].boxed()
                }
            };
            if absent.is_some() { prop_oneof![Just(None), chosen].boxed() } else { chosen }
        }
        Holds::Paths(_) => panic!("{}: no section of run files is such", section.name),
    }
}

/// The sections of a run file whose keys go together.
fn run_file() -> impl Strategy<Value = Vec<WrittenSection>> {
    let sections: Vec<_> = SECTIONS.iter().map(section).collect();
    sections.prop_map(|sections| fitting(sections.into_iter().flatten().collect()))
}

/// Leaves out what does not go with the rest.
fn fitting(mut sections: Vec<WrittenSection>) -> Vec<WrittenSection> {
    let of = |name: &str| sections.iter().find(|section| section.name == name);
    let (model, model_keys) = &of("model").unwrap().parts[0];
    let model: &ModelRow = find(models::TABLE, model.unwrap()).unwrap();
    let default = if model.part().name == "linear" { "identity" } else { "parametric_softplus" };
    let output = model_keys.iter().find(|(key, _)| *key == "output");
    let output = output.map_or(default, |(_, value)| value.as_str().unwrap()).to_owned();
    let signed = find(outputs::TABLE, &output).unwrap().sign == Sign::Either;
    let shares = model.sharing == Sharing::Hidden || of("prefilter").is_some();
    let of_model = |name: &str| model_keys.iter().find(|(key, _)| *key == name);
    let given = of_model("init").is_some();
    let left = of_model("freeze").is_some_and(|(_, value)| value.as_str() == Some("none"));
    let freezes = given && !left;
    // Output gains belong to one output nonlinearity.
    let gained = |section: &WrittenSection| {
        let gain = section.parts[0].0.and_then(|name| find(output_gains::TABLE, name));
        gain.is_none_or(|row| row.output == output)
    };
    let changed = of("output_gain").is_some_and(&gained);
    let shares = shares || changed;
    let has_strfs = matches!(model.strfs, HasStrfs::Yes);
    let plain = parameterizations::TABLE[0].part.name;
    sections.retain(|section| {
        section.name != "parameterization" || has_strfs || section.parts[0].0 == Some(plain)
    });
    sections.retain(|section| section.name != "output_gain" || gained(section));
    for section in &mut sections {
        if section.name == "prefilter" {
            keep_a_chain(&mut section.parts);
        }
        for (_, keys) in &mut section.parts {
            let end = |name: &str| keys.iter().find(|(key, _)| *key == name)?.1.as_float();
            let in_bins = keys.iter().any(|(key, _)| *key == "context_window");
            let ascending = end("min_freq_hz").zip(end("max_freq_hz")).is_some_and(|(a, b)| a < b);
            keys.retain(|(key, value)| match *key {
                "min_freq_hz" | "max_freq_hz" => ascending,
                "context_ms" => !in_bins,
                "loss" => {
                    !(signed && find(loss::TABLE, value.as_str().unwrap()).unwrap().needs_rate)
                }
                "best" => !shares,
                "freeze" => given,
                "l1" | "l2" | "smooth" => !freezes,
                "optimizer" | "start" => value.as_str() != Some("ridge"),
                // Both are penalties on squares.
                "weight_decay" => false,
                "banded" => value.as_str() == Some("none"),
                _ => true,
            });
        }
    }
    sections
}

/// Leaves out prefilters that take one channel where those before them give several, and those that
/// need a level where there is none.
fn keep_a_chain(parts: &mut Vec<WrittenPart>) {
    let (mut given, mut keeps_level, mut negative) = (1, true, false);
    parts.retain(|(name, keys)| {
        let row: &PrefilterRow = find(prefilters::TABLE, name.unwrap()).unwrap();
        let levelled = match row.level {
            NeededLevel::Any => true,
            NeededLevel::NotNegative => !negative,
            NeededLevel::Linear => keeps_level,
        };
        let fits = levelled && (given == 1 || row.takes != Channels::One);
        if fits {
            given = row.gives;
            keeps_level &= row.level == NeededLevel::NotNegative;
            negative =
                keys.iter().any(|(key, value)| *key == "rectify" && value.as_bool() == Some(false));
        }
        fits
    });
}

fn table(sections: &[WrittenSection]) -> Table {
    let part = |(part, keys): &WrittenPart| -> Table {
        let part = part.map(|part| ("type".to_owned(), Value::from(part)));
        let keys = keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        part.into_iter().chain(keys).collect()
    };
    let section = |section: &WrittenSection| {
        let parts: Vec<Table> = section.parts.iter().map(part).collect();
        let value = if section.list { parts.into() } else { parts[0].clone().into() };
        (section.name.to_owned(), value)
    };
    sections.iter().map(section).collect()
}

/// The tables of a section.
fn tables(section: &Value) -> Vec<&Table> {
    match section {
        Value::Array(tables) => tables.iter().filter_map(Value::as_table).collect(),
        section => section.as_table().into_iter().collect(),
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_run_file_says_the_same_after_it_is_read_and_written(sections in run_file()) {
        let (file, folder) = (Path::new("configs/mine.toml"), Path::new("configs"));
        let written = table(&sections);
        let read = |text: &str| {
            RunConfig::parse(text, file, &[]).map_err(|e| TestCaseError::fail(e.to_string()))
        };
        let config = read(&toml::to_string(&written).unwrap())?;
        let text = config.to_toml(folder).unwrap();
        let again = read(&text)?;
        prop_assert_eq!(&again.to_toml(folder).unwrap(), &text);
        let (a, b) = (&config.data, &again.data);
        prop_assert_eq!((&a.neurons, &a.stimuli, &a.split), (&b.neurons, &b.stimuli, &b.split));

        let filled: Table = text.parse().unwrap();
        for (name, section) in &written {
            let found = &filled[name];
            prop_assert_eq!(found.is_array(), section.is_array(), "{}", name);
            prop_assert_eq!(tables(found).len(), tables(section).len(), "{}", name);
            for (found, written) in tables(found).into_iter().zip(tables(section)) {
                for (key, value) in written {
                    let declared = ["neurons", "stimuli", "split"].contains(&key.as_str())
                        || value.as_str() == Some("auto");
                    let found = found.get(key);
                    let same = declared || found == Some(value);
                    prop_assert!(same, "{}.{}: {:?} became {:?}", name, key, value, found);
                }
            }
        }
    }
}
