//! The part of a report that shows one run.
use std::fmt::Write as _;

use serde_json::Value;

use super::columns::Column;
use super::html::{Cell, escaped, figure, table, terms};
use super::run::RunPage;
use crate::base::error::Result;
use crate::base::table::Notation;
use crate::base::wording::{counted, range, stimuli_counted};
use crate::config::part::{Row as _, find};
use crate::scores;

/// Scores that stand on top, with their names.
const CARDS: [(&str, &str); 3] =
    [("cc", "CC"), ("cc_norm", "CC norm"), ("cc_max", "noise ceiling (CC max)")];

/// The section of the run at a place among others; a run among several is headed by its name.
///
/// # Errors
/// The run file cannot be read.
pub fn of_run(page: &RunPage, (place, name): (usize, Option<&str>)) -> Result<String> {
    let trained = page.trained;
    let mut html = format!("<section class=\"run\" id=\"run-{place}\">\n");
    if let Some(name) = name {
        let title = escaped(&trained.title());
        let _written =
            writeln!(html, "<h2>{title} <span class=\"quiet\">{}</span></h2>", escaped(name));
    }
    html += &cards(&page.summary);
    html += &facts(page);
    let config = escaped(&trained.folder.config()?);
    let _written =
        write!(html, "<details>\n<summary>settings</summary>\n<pre>{config}</pre>\n</details>\n");
    html += &neurons(page, place);
    html += &hidden(page);
    html += "<h3>Scores over neurons</h3>\n";
    html += &scores(&page.summary);
    html += &page.figures.iter().map(|(name, drawn)| figure(name, drawn)).collect::<String>();
    Ok(html + "</section>\n")
}

/// The scores that say most.
fn cards(summary: &Value) -> String {
    let all = summary["neurons"].as_u64().unwrap_or(0);
    let card = |(score, name): &(&str, &str)| {
        let found = &summary["scores"][*score];
        let count = found["neurons"].as_u64().unwrap_or(0);
        let (value, below) = match found["mean"].as_f64() {
            Some(mean) if count > 0 => {
                let median = found["median"].as_f64().unwrap_or(f64::NAN);
                let below = format!("mean over {count} of {all} neurons; median {median:.3}");
                (format!("{mean:.3}"), below)
            }
            _ if *score == "cc" => ("–".into(), "not defined for any neuron".into()),
            _ => (
                "–".into(),
                "not defined: no neuron has two repeats with a signal in common".into(),
            ),
        };
        format!(
            "<div class=\"card\"><span>{}</span><b>{}</b><span>{}</span></div>\n",
            escaped(name),
            escaped(&value.replace('-', "−")),
            escaped(&below)
        )
    };
    format!("<div class=\"cards\">\n{}</div>\n", CARDS.iter().map(card).collect::<String>())
}

/// What was fitted to what.
fn facts(page: &RunPage) -> String {
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
    let chance = &page.summary["uncertainty"]["permutations"];
    if let (Some(found), Some(tested)) =
        (chance["discoveries_at_5_percent"].as_u64(), chance["neurons"].as_u64())
    {
        let text = format!("{found} of {tested} neurons at a false-discovery rate of 5 %");
        list.push(("CC beyond chance", text));
    }
    list.push(("fitted by", metadata.program.clone()));
    terms(&list)
}

/// Every score over neurons.
fn scores(summary: &Value) -> String {
    let all = summary["neurons"].as_u64().unwrap_or(0);
    let row = |(name, found): (&String, &Value)| {
        let [mean, median] = ["mean", "median"].map(|key| found[key].as_f64());
        let write = |value: Option<f64>| match value {
            Some(value) => {
                let notation = Notation::of(ndarray::ArrayView1::from(&[value]));
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
    let rows: Vec<Vec<Cell>> =
        summary["scores"].as_object().into_iter().flatten().map(row).collect();
    let header = ["score", "mean", "median", "neurons", "clips", "meaning"];
    format!(
        "<details open>\n<summary>{} scores</summary>\n{}</details>\n",
        rows.len(),
        table(&header, &rows)
    )
}

/// The table of neurons, which the script sorts and searches.
fn neurons(page: &RunPage, place: usize) -> String {
    let ids = &page.trained.metadata.neurons;
    let shown: Vec<&Column> = page.columns.iter().filter(|column| column.in_table).collect();
    let has_fields = !page.with_field.is_empty();
    let mut head = sortable("neuron", "id of the neuron", "");
    if has_fields {
        head += "<th>STRF</th>";
    }
    head += &shown
        .iter()
        .map(|column| sortable(&column.name, column.meaning, column.unit))
        .collect::<String>();
    let mut fields = page.with_field.iter().enumerate().peekable();
    let mut rows = String::new();
    for (n, id) in ids.iter().enumerate() {
        let id = escaped(id);
        let _written =
            write!(rows, "<tr data-n=\"{n}\"><td title=\"{id}\"><a href=\"#\">{id}</a></td>");
        let field = fields.next_if(|(_, neuron)| **neuron == n);
        match field {
            Some((row, _)) => {
                let _written =
                    write!(rows, "<td><canvas class=\"thumb\" data-row=\"{row}\"></canvas></td>");
            }
            None if has_fields => rows += "<td></td>",
            None => {}
        }
        for column in &shown {
            let _written = write!(rows, "<td>{}</td>", escaped(&column.cell(n)));
        }
        rows += "</tr>\n";
    }
    format!(
        "<h3>Neurons</h3>\n<div class=\"tools\">\n<label for=\"search-{place}\">search</label>\n\
         <input id=\"search-{place}\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"part of a name, or cc&gt;0.3\">\n\
         <span class=\"count quiet\" aria-live=\"polite\">{count} of {count}</span>\n</div>\n\
         <noscript><p>Sorting, searching and receptive fields need JavaScript.</p></noscript>\n\
         <div class=\"neurons\">\n<table class=\"sortable\">\n<thead><tr>{head}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n\
         <p class=\"quiet\">A click on a neuron shows its receptive field, its prediction and all \
         its numbers; a click on a name sorts.</p>\n",
        count = ids.len()
    )
}

/// The head of a column that sorts the table.
fn sortable(name: &str, meaning: &str, unit: &str) -> String {
    let title = if unit.is_empty() { meaning.to_owned() } else { format!("{meaning} ({unit})") };
    let (name, title) = (escaped(name), escaped(&title));
    format!(
        "<th data-column=\"{name}\"><button type=\"button\" title=\"{title}\">{name}</button></th>"
    )
}

/// The receptive fields of hidden units.
fn hidden(page: &RunPage) -> String {
    if page.hidden_units == 0 {
        return String::new();
    }
    let unit = |row: usize| {
        format!(
            "<figure><canvas class=\"hidden-unit\" data-row=\"{row}\"></canvas>\
             <figcaption>hidden {row}</figcaption></figure>\n"
        )
    };
    format!(
        "<h3>Receptive fields of hidden units</h3>\n<p class=\"quiet\">Time before now to the left, \
         frequency upward, red positive and blue negative, each to its own largest weight.</p>\n\
         <div class=\"gallery\">\n{}</div>\n",
        (0..page.hidden_units).map(unit).collect::<String>()
    )
}
