//! The scores that lie in a run folder, and what they were taken over.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::base::error::{Error, Result};
use crate::base::wording::in_shell;
use crate::dataset::content::ScoredContent;
use crate::runs::earlier;
use crate::runs::folder::RunFolder;
use crate::runs::metadata::Metadata;

/// One finished run.
#[derive(Debug, Clone)]
pub struct Scored {
    /// Where it lies.
    pub folder: PathBuf,
    /// Model and prefilter: `ln + adaptrans`.
    pub model: String,
    /// The dataset that it was scored on.
    pub data: PathBuf,
    /// What it held, where the scores say so: it then need not lie in the same file.
    pub content: Option<ScoredContent>,
    /// What has to agree between runs: what it is and how it is written.
    pub grounds: Vec<(&'static str, String)>,
    /// Each neuron's row, by its id.
    pub rows: BTreeMap<String, NeuronRow>,
    /// Names of the scores.
    pub scores: Vec<String>,
}

/// One neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuronRow {
    /// As in `scores.csv`.
    pub repeats: String,
    /// As in `scores.csv`.
    pub bins: String,
    /// The hash of its responses, where the scores say it.
    pub responses: Option<String>,
    /// One of each score; NaN where undefined.
    pub values: Vec<f64>,
}

impl Scored {
    /// Reads `scores.csv` and `scores.json` of a run.
    ///
    /// # Errors
    /// No finished run lies there, or its scores are damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let folder = RunFolder::open(path)?;
        let (table, summary) = folder.scores()?;
        let metadata = folder.metadata()?;
        let (scores, mut rows) = rows(&table).ok_or_else(|| {
            let (shown, typed) = (path.display(), in_shell(path));
            Error::Refused(format!(
                "{shown}/scores.csv: found a damaged table, expected neuron,repeats,bins and \
                 scores; write it anew with strf eval {typed} --out {typed} --force"
            ))
        })?;
        let data = data(path, &summary["run"]);
        let grounds = grounds(&summary["run"], &metadata);
        let content = ScoredContent::deserialize(&summary["run"]["content"]).ok();
        let responses = content.iter().flat_map(|content| &content.part.responses);
        for (id, responses) in metadata.neurons.iter().zip(responses) {
            if let Some(row) = rows.get_mut(id) {
                row.responses = Some(responses.clone());
            }
        }
        let model = metadata.architecture(&folder.metadata_file())?.title();
        Ok(Self { folder: path.to_owned(), model, data, content, grounds, rows, scores })
    }

    /// A score of each neuron, in the order of their ids; NaN where undefined.
    ///
    /// # Errors
    /// The table lacks it.
    pub fn column(&self, score: &str) -> Result<Vec<f64>> {
        let place = self.place(score)?;
        Ok(self.rows.values().map(|row| row.values[place]).collect())
    }

    /// The run with these neurons alone.
    #[must_use]
    pub fn of(&self, neurons: &BTreeSet<&str>) -> Self {
        let rows = self.rows.iter().filter(|(id, _)| neurons.contains(id.as_str()));
        let rows = rows.map(|(id, row)| (id.clone(), row.clone())).collect();
        Self { rows, ..self.clone() }
    }

    /// The row of a neuron.
    ///
    /// # Errors
    /// The table lacks it.
    pub fn row(&self, id: &str) -> Result<&NeuronRow> {
        self.rows.get(id).ok_or_else(|| {
            let (shown, typed) = (self.folder.display(), in_shell(&self.folder));
            Error::Refused(format!(
                "{shown}/scores.csv: found no neuron {id}, expected every neuron of the model; \
                 write it anew with strf eval {typed} --out {typed} --force"
            ))
        })
    }

    /// The place of a score in each row.
    ///
    /// # Errors
    /// The table lacks it.
    pub fn place(&self, score: &str) -> Result<usize> {
        self.scores.iter().position(|known| known == score).ok_or_else(|| {
            let (shown, typed) = (self.folder.display(), in_shell(&self.folder));
            Error::Refused(format!(
                "{shown}/scores.csv: found no column {score}, expected one; write it anew with \
                 strf eval {typed} --out {typed} --force"
            ))
        })
    }
}

/// The dataset that scores were taken on.
fn data(folder: &Path, run: &Value) -> PathBuf {
    let file = folder.join(run["data"].as_str().unwrap_or_default());
    std::fs::canonicalize(&file).unwrap_or(file)
}

/// What scores were taken over.
fn grounds(run: &Value, metadata: &Metadata) -> Vec<(&'static str, String)> {
    let over = run["over"].as_str().unwrap_or("all clips");
    vec![
        ("bin width", format!("{} ms", metadata.dt_ms)),
        ("smooth_ms", metadata.smooth_ms.to_string()),
        ("skip_ms", metadata.skip_ms.to_string()),
        ("stimuli", stimuli(&run["stimuli"])),
        ("scores over", over.to_owned()),
    ]
}

/// Their ids in alphabetical order.
fn stimuli(ids: &Value) -> String {
    let ids = ids.as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.join(", ")
}

type NeuronRows = BTreeMap<String, NeuronRow>;

fn rows(table: &str) -> Option<(Vec<String>, NeuronRows)> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let mut header: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    earlier::rename_columns(&mut header);
    let scores = header.strip_prefix(&["neuron", "repeats", "bins"].map(str::to_owned))?.to_vec();
    let row = |record: csv::Result<csv::StringRecord>| {
        let record = record.ok()?;
        let values = record.iter().skip(3).map(|value| value.parse().ok());
        let values = values.collect::<Option<Vec<f64>>>()?;
        let (repeats, bins) = (record[1].to_owned(), record[2].to_owned());
        Some((record[0].to_owned(), NeuronRow { repeats, bins, responses: None, values }))
    };
    Some((scores, reader.records().map(row).collect::<Option<NeuronRows>>()?))
}
