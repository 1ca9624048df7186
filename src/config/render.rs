//! The run file as text, from checked values.
use std::collections::BTreeMap;
use std::path::Path;

use super::keys::{Key, Selection, Split, Value, Values};
use super::part::{Chosen, Row};
use super::{Architecture, RunConfig, paths, sections};
use crate::error::{Error, Result};

impl RunConfig {
    /// A run file with every key that has a value, which says the same from the folder
    /// `relative_to`.
    ///
    /// # Errors
    /// A path that has no name in UTF-8, or cannot be found from the working directory.
    pub fn to_toml(&self, relative_to: &Path) -> Result<String> {
        let write_path = |path: &Path| paths::relative(path, relative_to);
        let data = section("data", None, sections::DATA, &self.data.values(write_path)?)?;
        let parts = self.architecture.to_toml()?;
        let train = section("train", None, sections::TRAIN, &self.train.values())?;
        let output = section("output", None, sections::OUTPUT, &self.output.values(write_path)?)?;
        let heading = "# Run file of strf with every key filled in.\n";
        Ok([heading, &data, &parts, &train, &output].join("\n"))
    }
}

impl Architecture {
    /// `[model]`, `[prefilter]` where there is one, and `[parameterization]`.
    ///
    /// # Errors
    /// A value that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String> {
        let model = part("model", &self.model)?;
        let prefilter = self.prefilter.as_ref().map(|chosen| part("prefilter", chosen));
        let parameterization = part("parameterization", &self.parameterization)?;
        let sections = [Some(model), prefilter.transpose()?, Some(parameterization)];
        Ok(sections.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }
}

/// A section that names a part, with every key that has a value.
pub(super) fn part<R: Row>(name: &str, chosen: &Chosen<R>) -> Result<String> {
    let part = chosen.row.part();
    section(name, Some(part.name), part.keys, &chosen.values)
}

fn section(name: &str, part: Option<&str>, keys: &[Key], values: &Values) -> Result<String> {
    let part = part.map(|part| Ok(format!("type = {}\n", quoted(part))));
    let written = keys.iter().filter_map(|key| values.get(key.name).map(|value| (key, value)));
    let lines = written.map(|(key, value)| Ok(format!("{} = {}\n", key.name, toml_value(value)?)));
    let lines: String = part.into_iter().chain(lines).collect::<Result<_>>()?;
    Ok(format!("[{name}]\n{lines}"))
}

/// Text as a string of TOML.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn toml_value(value: &Value) -> Result<toml::Value> {
    Ok(match value {
        Value::Number(number) => (*number).into(),
        Value::Integer(number) => integer(*number)?,
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Selection(Selection::All) => "all".into(),
        Value::Selection(Selection::Ids(ids)) => ids.clone().into(),
        Value::Selection(Selection::Attributes(conditions)) => {
            let texts = conditions.iter().map(|(name, condition)| (name.clone(), condition.text()));
            texts.collect::<BTreeMap<String, String>>().into()
        }
        Value::Split(Split::File) => "file".into(),
        Value::Split(Split::Ids(lists)) => split(lists.clone()).into(),
        Value::Split(Split::Fractions { parts, seed }) => {
            let mut table = split(*parts);
            table.insert("seed".into(), integer(*seed)?);
            table.into()
        }
    })
}

fn integer(number: u64) -> Result<toml::Value> {
    let number = i64::try_from(number);
    number.map(Into::into).map_err(|source| Error::failed("writing a whole number", source))
}

fn split<T: Into<toml::Value>>(parts: [T; 3]) -> toml::Table {
    let names = ["train", "valid", "test"].map(String::from);
    names.into_iter().zip(parts.map(Into::into)).collect()
}
