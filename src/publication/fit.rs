//! How a published model was fitted, as its run file and scores say: nothing is filled in, for an earlier
//! version of the program had other defaults.
use serde_json::{Map, Value as Json};
use toml::{Table, Value};

use super::markdown::Text;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::config::part::{Row, find};
use crate::models::loss;
use crate::run_file::last_name;
use crate::runs::folder::RunFolder;
use crate::runs::metadata::Metadata;

/// What is kept of the summary of a run.
const KEPT: [&str; 4] = ["epochs", "best_epoch", "best_score", "constant_neurons"];
/// Where a run file has paths, each with what stands for it where it has no name.
const PATHS: [(&str, &str, &str); 3] =
    [("data", "file", "data.h5"), ("model", "init", "run"), ("output", "folder", "run")];
/// Weights of penalties.
const PENALTIES: [&str; 4] = ["l1", "l2", "smooth", "weight_decay"];

/// The run file of a finished run without places, and what came of it.
pub struct FitRecord {
    file: Table,
    /// What the summary of scores says of the fit.
    pub summary: Map<String, Json>,
}

impl FitRecord {
    /// Of a run, whose scores say `summary`.
    ///
    /// # Errors
    /// Its run file cannot be read.
    pub fn read(folder: &RunFolder, summary: &Json) -> Result<Self> {
        let doing = || {
            let file = folder.config_file();
            format!("{}: it is damaged or no run file; copy it again or train anew", file.display())
        };
        let mut file: Table =
            folder.config()?.parse().map_err(|source| Error::file(doing(), source))?;
        for (section, key, unnamed) in PATHS {
            let value = file.get_mut(section).and_then(|section| section.get_mut(key));
            if let Some(Value::String(path)) = value {
                *path = last_name(path.as_ref()).unwrap_or_else(|| unnamed.to_owned());
            }
        }
        let kept = |key: &str| Some((key.to_owned(), summary["run"].get(key)?.clone()));
        Ok(Self { file, summary: KEPT.into_iter().filter_map(kept).collect() })
    }

    /// The run file.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn text(&self) -> Result<String> {
        let text = toml::to_string(&self.file);
        let text = text.map_err(|source| Error::failed("writing the run file", source))?;
        Ok(format!("# Run file of strf, as it was used.\n\n{text}"))
    }

    /// Whether the run was fitted at all: one that was adopted took its weights from elsewhere.
    pub fn was_fitted(&self) -> bool {
        self.train("epochs").and_then(Value::as_integer) != Some(0)
    }

    /// What a card says of it, a line each.
    pub fn lines(&self, metadata: &Metadata) -> Vec<String> {
        if !self.was_fitted() {
            let none = "no fit: the run took its weights from elsewhere, or left them as drawn";
            return vec![none.into()];
        }
        let mut said = vec![format!("program: {}", Text::of(&metadata.program))];
        let word = |key: &str| self.train(key).and_then(Value::as_str);
        said.extend(word("optimizer").map(|name| format!("optimizer: {}", Text::of(name))));
        said.extend(word("loss").map(|name| {
            let known = find(loss::TABLE, name).map(|row| format!(" ({})", row.part().summary));
            format!("loss: {}{}", Text::of(name), known.unwrap_or_default())
        }));
        said.push(format!("penalties: {}", self.penalties()));
        let count = |key: &str| self.summary.get(key).and_then(Json::as_u64);
        said.extend(count("epochs").map(|epochs| {
            let by =
                word("monitor").map_or_else(String::new, |by| format!(", by {}", Text::of(by)));
            let best = count("best_epoch").map(|best| format!("; the best is {best}{by}"));
            format!("epochs: {epochs}{}", best.unwrap_or_default())
        }));
        let seed = self.train("seed").and_then(Value::as_integer);
        said.extend(seed.map(|seed| format!("seed: {seed}")));
        said.extend(metadata.source.iter().map(|source| {
            let what = if source.freeze == "core" { "as they were" } else { "to start from" };
            let run = Text::of(&source.run);
            format!(
                "prefilters and core come from another run ({run}), {what}; what that was fitted to is not \
                 known here"
            )
        }));
        let constant = self.summary.get("constant_neurons").and_then(Json::as_array);
        said.extend(constant.map(Vec::len).filter(|count| *count > 0).map(|count| {
            format!("a constant prediction was best for {}", counted(count, "neuron"))
        }));
        said
    }

    fn train(&self, key: &str) -> Option<&Value> {
        self.file.get("train")?.get(key)
    }

    /// Which weights were kept small, and how strongly.
    fn penalties(&self) -> String {
        let shown = |name: &&str| {
            let how = match self.train(name)? {
                Value::String(_auto) => "strength chosen on the validation stimuli".to_owned(),
                Value::Float(0.0) | Value::Integer(0) => return None,
                number => number.to_string(),
            };
            Some(format!("`{name}` ({how})"))
        };
        let all: Vec<String> = PENALTIES.iter().filter_map(shown).collect();
        if all.is_empty() { "none".into() } else { all.join(", ") }
    }
}
