//! `strf list`: the tables of parts.
use clap::Args;
use serde_json::{Map, Value as Json, json};

use crate::base::error::{Error, Problem, Result};
use crate::base::progress::Console;
use crate::base::wording::{did_you_mean, joined};
use crate::config::keys::{Default, Key};
use crate::config::part::{Part, parts};
use crate::models::{self, loss, output_gains, outputs, parameterizations, prefilters};
use crate::{frontends, scores};

/// `strf list`.
#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "help has no markup")]
pub struct ListArgs {
    /// One table: models, prefilters, parameterizations, outputs, output_gains, losses or metrics
    pub table: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A name and the parts of the table.
type Table = (&'static str, Vec<&'static Part>);

fn tables() -> Vec<Table> {
    vec![
        ("models", parts(models::TABLE)),
        ("prefilters", parts(prefilters::TABLE)),
        ("parameterizations", parts(parameterizations::TABLE)),
        ("outputs", parts(outputs::TABLE)),
        ("output_gains", parts(output_gains::TABLE)),
        ("losses", parts(loss::TABLE)),
        ("metrics", parts(scores::TABLE)),
        ("frontends", parts(frontends::TABLE)),
    ]
}

/// Prints the parts of one table or of all.
pub fn run(args: &ListArgs, console: &Console) -> Result<()> {
    let tables = chosen(args.table.as_deref())?;
    if args.json {
        let tables = tables.iter().map(|(name, parts)| {
            let parts = parts.iter().map(|part| part_json(part)).collect();
            ((*name).to_owned(), Json::Array(parts))
        });
        return console.result(&format!("{:#}", Json::Object(tables.collect::<Map<_, _>>())));
    }
    let texts: Vec<String> = tables.iter().map(table_text).collect();
    console.result(&texts.join("\n"))
}

fn chosen(name: Option<&str>) -> Result<Vec<Table>> {
    let (all, names): (_, Vec<_>) = (tables(), tables().iter().map(|(name, _)| *name).collect());
    let Some(name) = name else { return Ok(all) };
    if !names.contains(&name) {
        let problem = Problem::new("table", format!("{name:?}"), joined(&names, "or"));
        return Err(Error::Refused(problem.hint(did_you_mean(name, names)).to_string()));
    }
    Ok(all.into_iter().filter(|(table, _)| *table == name).collect())
}

fn table_text((name, parts): &Table) -> String {
    let parts: String = parts.iter().map(|part| part_text(part)).collect();
    format!("{name}\n{parts}")
}

fn part_text(part: &Part) -> String {
    let Part { name, summary, source, keys } = part;
    let source = if source.is_empty() { String::new() } else { format!("      {source}\n") };
    let keys: String = keys.iter().map(key_text).collect();
    format!("  {name}: {summary}\n{source}{keys}")
}

fn key_text(key: &Key) -> String {
    let Key { name, kind, default, doc } = key;
    let default = match default {
        Default::Is(value) => format!("default {value}"),
        Default::Follows(how) => format!("default: {how}"),
        Default::Required(_) => "required".into(),
    };
    format!("      {name}: {doc}; {}; {default}\n", kind.expected())
}

fn part_json(part: &Part) -> Json {
    let Part { name, summary, source, keys } = part;
    let keys: Vec<Json> = keys.iter().map(key_json).collect();
    json!({ "name": name, "summary": summary, "source": source, "keys": keys })
}

fn key_json(key: &Key) -> Json {
    let default = match key.default {
        Default::Is(value) => json!(value),
        Default::Follows(_) | Default::Required(_) => Json::Null,
    };
    json!({ "name": key.name, "doc": key.doc, "expected": key.kind.expected(), "default": default })
}
