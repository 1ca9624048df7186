//! The sections of a sweep file: those of a run file, and how many fits are made of it.
use std::sync::{Arc, LazyLock};

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::search::{self, SEARCH};
use crate::base::error::Result;
use crate::config::keyed::{KeyedValue, choices, section};
use crate::config::keys::{DeclaredKind, DeclaredValue, Default, Key, Kind, Range, Value, Values};
use crate::config::mismatch::Mismatch;
use crate::config::sections::{Holds, Section};
use crate::config::value::{mismatch, whole};
use crate::run_file;

/// The name of the section of cross-validation and seeds.
pub const FIT: &str = "fit";
/// The name of the section of lists of values.
pub const GRID: &str = "grid";
/// The name of the section of where fits run.
pub const LAUNCH: &str = "launch";

/// The sections in the order in which they are written.
pub static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| {
    let own = [
        Section {
            name: FIT,
            doc: "how often each combination of settings is fitted, and to what",
            holds: Holds::Keys(Fit::KEYS),
        },
        Section {
            name: GRID,
            doc: "lists of values for keys of the other sections; every combination is fitted",
            holds: Holds::Paths(list_of_values),
        },
        Section {
            name: SEARCH,
            doc: "ranges that values of keys are drawn from at random, with trials = how often; every draw is \
                  fitted with every combination of the grid",
            holds: Holds::Paths(search::schema),
        },
        Section { name: LAUNCH, doc: "where the fits run", holds: Holds::Keys(Launch::KEYS) },
    ];
    run_file::SECTIONS.iter().copied().chain(own).collect()
});

fn list_of_values() -> Json {
    json!({ "type": "array", "minItems": 1 })
}

/// The JSON Schema of run files and sweep files.
///
/// # Errors
/// A default of the tables of keys is no TOML.
pub fn schema() -> Result<Json> {
    crate::config::schema::schema("Run file or sweep file of strf", &SECTIONS)
}

section! {
    /// `[fit]`: how often each combination of settings is fitted, and to what.
    Fit {
        /// parts that the stimuli are cut into, each of which is left out of a fit of its own and
        /// predicted by it; 1 = one fit, divided as data.split says
        folds: FoldCount = Kind::Declared(&FOLDS), Default::Is("5");
        /// attribute of stimuli of which each fold gets its share
        stratify: Option<String> = Kind::Text, Default::Follows("no attribute");
        /// share of the stimuli outside the fold that choices are made on: epochs, penalties
        valid: f64 = Kind::Number(Range::above(0.0, 0.9)), Default::Is("0.2");
        /// ids of stimuli that stay out of all fits and are predicted last
        test: Option<Vec<String>> = Kind::Texts,
            Default::Follows("the test stimuli of the dataset's own splits, where it has some");
        /// whether the dataset's own test stimuli take part in folds
        all_clips: bool = Kind::Flag, Default::Is("false");
        /// what the folds follow from
        seed: u64 = Kind::Integer(0, i64::MAX.unsigned_abs()), Default::Is("0");
        /// one fit for all neurons together, or one for each neuron alone
        each: Each = Kind::Choice(Each::WORDS), Default::Is("\"population\"");
        /// fits of each fold from other starts, with train.seed, train.seed + 1, ...
        seeds: usize = Kind::Integer(1, 10_000), Default::Is("1");
        /// whether each seed has folds of its own
        redraw: bool = Kind::Flag, Default::Is("false");
        /// the name of the combination that the others are compared with
        against: Option<String> = Kind::Text, Default::Follows("the first combination");
        /// whether the combination of each fold is chosen by fits within the rest, each of which leaves out
        /// one more fold; else by the validation stimuli of the fold
        nested: bool = Kind::Flag, Default::Is("false");
    }
}

choices! {
    /// What a fit is of.
    Each {
        /// All neurons together.
        Population = "population",
        /// One neuron.
        Neuron = "neuron",
    }

    /// Where the fits of a sweep run.
    LaunchOn {
        /// In this process, several at once.
        Local = "local",
        /// In one job array of Slurm.
        Slurm = "slurm",
        /// Wherever the lines of a file are run.
        List = "list",
    }
}

section! {
    /// `[launch]`: where the fits run.
    Launch {
        /// local: in this process; slurm: in one job array; list: lines of commands.txt, for any other
        /// scheduler
        on: LaunchOn = Kind::Choice(LaunchOn::WORDS), Default::Is("\"local\"");
        /// fits at once on one machine
        at_once: Option<usize> = Kind::Integer(1, 4096),
            Default::Follows("as many as cores, as far as memory lasts");
        /// most tasks of the array at once, or lines of commands.txt; each works through what is left
        max_running: usize = Kind::Integer(1, 10_000), Default::Is("16");
        /// partition of slurm
        partition: Option<String> = Kind::Text, Default::Follows("that of the cluster");
        /// account of slurm
        account: Option<String> = Kind::Text, Default::Follows("that of the user");
        /// time limit of a task of slurm, such as 2:00:00
        time: Option<String> = Kind::Text, Default::Follows("that of the partition");
        /// memory of a task of slurm, such as 8G
        memory: Option<String> = Kind::Text, Default::Follows("that of the partition");
        /// cores of a task of slurm
        cpus: usize = Kind::Integer(1, 4096), Default::Is("1");
        /// graphics processors of a task of slurm
        gpus: usize = Kind::Integer(0, 64), Default::Is("0");
        /// further lines of the batch script behind #SBATCH, such as --qos=low
        extra: Vec<String> = Kind::Texts, Default::Is("[]");
        /// lines of the shell before the work begins, such as module load ...
        setup: Vec<String> = Kind::Texts, Default::Is("[]");
    }
}

/// How many folds: a number, or one for each stimulus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoldCount {
    /// So many, 1 = no folds.
    Of(usize),
    /// As many as stimuli.
    LeaveOneOut,
}

const LEAVE_ONE_OUT: &str = "leave-one-out";

static FOLDS: DeclaredKind = DeclaredKind {
    expected: || format!("a whole number from 1 to 10000, or {LEAVE_ONE_OUT:?}"),
    example: "5",
    schema: || {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 10_000 },
            { "enum": [LEAVE_ONE_OUT] },
        ] })
    },
    read: |key, value| Ok(Arc::new(fold_count(key, value)?)),
};

fn fold_count(key: &Key, value: &DeValue) -> std::result::Result<FoldCount, Mismatch> {
    if value.as_str() == Some(LEAVE_ONE_OUT) {
        return Ok(FoldCount::LeaveOneOut);
    }
    let count = value.as_integer().and_then(whole).and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| (1..=10_000).contains(count));
    count.map(FoldCount::Of).ok_or_else(|| mismatch(key, value))
}

impl DeclaredValue for FoldCount {
    fn to_toml(&self) -> Result<toml::Value> {
        Ok(match self {
            Self::Of(count) => crate::config::render::integer(*count as u64)?,
            Self::LeaveOneOut => LEAVE_ONE_OUT.into(),
        })
    }
}

impl KeyedValue for FoldCount {
    fn read(values: &Values, key: &str) -> Result<Self> {
        values.declared::<Self>(key).copied()
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Declared(Arc::new(*self)))
    }
}
