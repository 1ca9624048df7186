//! The part of a report that shows one run.
use askama::Template;
use askama::filters::HtmlSafe;
use ndarray::ArrayView1;
use serde_json::Value;

use super::columns::NeuronColumn;
use super::html::{Cell, PictureSection, Table};
use super::run::RunPage;
use crate::base::error::Result;
use crate::base::table::Notation;
use crate::base::wording::{counted, range, stimuli_counted};
use crate::config::part::{Row as _, find};
use crate::scores;

/// Scores that stand on top, with their names.
const CARDS: [(&str, &str); 3] =
    [("cc", "CC"), ("cc_norm", "CC norm"), ("cc_max", "noise ceiling (CC max)")];
/// The names of the columns of the table of scores.
const SCORES: [&str; 6] = ["score", "mean", "median", "neurons", "clips", "meaning"];

/// The section of a run at a place among others.
#[derive(Template)]
#[template(path = "report/run.html")]
pub struct RunSection<'a> {
    /// The place of the run among those of the page.
    pub place: usize,
    /// Model and dataset of the run.
    pub title: String,
    /// The name that heads the section; a run that stands alone has none.
    name: Option<&'a str>,
    cards: Vec<Card>,
    facts: Vec<(&'static str, String)>,
    /// The text of the run file.
    config: String,
    neurons: NeuronTable<'a>,
    /// How many hidden units show a receptive field.
    hidden_units: usize,
    scores: Table,
    figures: &'a [PictureSection],
}

impl HtmlSafe for RunSection<'_> {}

impl<'a> RunSection<'a> {
    /// The section of the run at a place among others; a run among several is headed by its name.
    ///
    /// # Errors
    /// The run file cannot be read.
    pub fn new(page: &'a RunPage, (place, name): (usize, Option<&'a str>)) -> Result<Self> {
        Ok(Self {
            place,
            title: page.trained.title(),
            name,
            cards: CARDS.map(|card| Card::new(&page.summary, card)).into(),
            facts: facts(page),
            config: page.trained.folder.config()?,
            neurons: NeuronTable::new(page, place),
            hidden_units: page.hidden_units,
            scores: scores(&page.summary),
            figures: &page.figures,
        })
    }
}

/// A score that stands on top, for it says much.
struct Card {
    name: &'static str,
    value: String,
    /// What stands below the value.
    below: String,
}

impl Card {
    fn new(summary: &Value, (score, name): (&str, &'static str)) -> Self {
        let all = summary["neurons"].as_u64().unwrap_or(0);
        let found = &summary["scores"][score];
        let count = found["neurons"].as_u64().unwrap_or(0);
        let (value, below) = match found["mean"].as_f64() {
            Some(mean) if count > 0 => {
                let median = found["median"].as_f64().unwrap_or(f64::NAN);
                let below = format!("mean over {count} of {all} neurons; median {median:.3}");
                (format!("{mean:.3}"), below)
            }
            _ if score == "cc" => ("–".into(), "not defined for any neuron".into()),
            _ if found.is_null() => {
                ("–".into(), "not among the scores: score the run anew with strf eval".into())
            }
            _ => (
                "–".into(),
                "not defined: no neuron has two repeats with a signal in common".into(),
            ),
        };
        Self { name, value: value.replace('-', "−"), below }
    }
}

/// What was fitted to what, as terms and what they are.
fn facts(page: &RunPage) -> Vec<(&'static str, String)> {
    let trained = page.trained;
    let metadata = &trained.metadata;
    let architecture = &trained.architecture;
    let prefilters: Vec<&str> = architecture.prefilter_names().collect();
    let run = &page.summary["run"];
    let text = |key: &str| run[key].as_u64().map(|number| number.to_string());
    let stimuli = &metadata.stimuli;
    let dataset = &trained.data;
    let dataset = std::fs::canonicalize(dataset).unwrap_or_else(|_| dataset.clone());
    let mut list = vec![
        ("model", architecture.model.row.part().summary.to_owned()),
        ("prefilter", if prefilters.is_empty() { "none".into() } else { prefilters.join(", ") }),
        ("parameterization", architecture.parameterization.row.part().name.to_owned()),
        ("dataset", dataset.display().to_string()),
        ("sound", format!("{}, bins of {} ms", counted(metadata.bands, "band"), metadata.dt_ms)),
        ("neurons", metadata.neurons.len().to_string()),
        (
            "stimuli",
            format!(
                "{} for training, {} for validation, {} for the test",
                stimuli_counted(stimuli.train.len()),
                stimuli.valid.len(),
                stimuli.test.len()
            ),
        ),
        ("loss", trained.settings.loss.clone()),
    ];
    list.extend(text("parameters").map(|count| ("parameters", count)));
    if let (Some(epochs), Some(best)) = (text("epochs"), text("best_epoch")) {
        list.push(("epochs", format!("{epochs}; the best is {best}")));
    }
    if let Some(scored) = run["split"].as_str() {
        let count = run["stimuli"].as_array().map_or(0, Vec::len);
        let over = run["over"].as_str().unwrap_or("all clips");
        list.push(("scored on", format!("{scored}, {}, {over}", stimuli_counted(count))));
    }
    let intervals = &page.summary["uncertainty"]["bootstrap"];
    if let Some(draws) = intervals["draws"].as_u64() {
        let warning = intervals["warning"].as_str();
        let warning = warning.map_or_else(String::new, |warning| format!("; caution: {warning}"));
        list.push(("intervals", format!("95 %, {draws} bootstraps over clips{warning}")));
    }
    let chance = &page.summary["uncertainty"]["permutations"];
    if let (Some(found), Some(tested)) =
        (chance["discoveries_at_5_percent"].as_u64(), chance["neurons"].as_u64())
    {
        let text = format!("{found} of {tested} neurons at a false-discovery rate of 5 %");
        list.push(("CC beyond chance", text));
    }
    list.push(("fitted by", metadata.program.clone()));
    list
}

/// Every score over neurons.
fn scores(summary: &Value) -> Table {
    let all = summary["neurons"].as_u64().unwrap_or(0);
    let row = |(name, found): (&String, &Value)| {
        let [mean, median] = ["mean", "median"].map(|key| found[key].as_f64());
        let write = |value: Option<f64>| match value {
            Some(value) => {
                let notation = Notation::of(ArrayView1::from(&[value]));
                notation.write(value).replace('-', "−")
            }
            None => "–".to_owned(),
        };
        let [fewest, most] = [0, 1].map(|end| found["clips"][end].as_u64().unwrap_or(0));
        let clips = [fewest, most].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let meaning = find(scores::TABLE, name).map_or("", |row| row.part.summary);
        vec![
            Cell::Plain(name.clone()),
            Cell::Plain(write(mean)),
            Cell::Plain(write(median)),
            Cell::Plain(format!("{} of {all}", found["neurons"])),
            Cell::Plain(range(clips[0], clips[1])),
            Cell::Words(meaning.to_owned()),
        ]
    };
    Table::new(
        SCORES.map(str::to_owned).into(),
        summary["scores"].as_object().into_iter().flatten().map(row).collect(),
    )
}

/// The table of neurons, which the page's script sorts and searches.
#[derive(Template)]
#[template(path = "report/neurons.html")]
struct NeuronTable<'a> {
    /// The place of the run among those of the page.
    place: usize,
    header: Vec<Head<'a>>,
    rows: Vec<NeuronRow<'a>>,
}

impl HtmlSafe for NeuronTable<'_> {}

/// The head of a column of the table of neurons.
enum Head<'a> {
    /// A name that does nothing.
    Plain(&'static str),
    /// A name that sorts the table, and what its numbers mean.
    Sorting { name: &'a str, title: String },
}

/// A neuron in the table of neurons.
struct NeuronRow<'a> {
    id: &'a str,
    field: FieldCell,
    cells: Vec<String>,
}

/// What the table of neurons shows of a receptive field.
enum FieldCell {
    /// No neuron has one, so that they have no column.
    NoColumn,
    /// The neuron has no receptive field, but others have.
    Missing,
    /// The one at a place among those that the page's script draws.
    Drawn(usize),
}

impl<'a> NeuronTable<'a> {
    fn new(page: &'a RunPage, place: usize) -> Self {
        let shown: Vec<&NeuronColumn> =
            page.columns.iter().filter(|column| column.in_table).collect();
        let mut header = vec![Head::Sorting { name: "neuron", title: "id of the neuron".into() }];
        if !page.with_field.is_empty() {
            header.push(Head::Plain("STRF"));
        }
        header.extend(
            shown.iter().map(|column| Head::Sorting { name: &column.name, title: column.title() }),
        );
        let row = |(neuron, id): (usize, &'a String)| {
            let cells = shown.iter().map(|column| column.cell(neuron)).collect();
            NeuronRow { id, field: FieldCell::of(neuron, &page.with_field), cells }
        };
        let ids = &page.trained.metadata.neurons;
        Self { place, header, rows: ids.iter().enumerate().map(row).collect() }
    }
}

impl FieldCell {
    /// That of a neuron, where `with_field` are the places of those that have one, ascending.
    fn of(neuron: usize, with_field: &[usize]) -> Self {
        if with_field.is_empty() {
            return Self::NoColumn;
        }
        with_field.binary_search(&neuron).map_or(Self::Missing, Self::Drawn)
    }
}
