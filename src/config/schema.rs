//! A JSON Schema (draft 07) of a file with sections, from which editors complete and check it.
use serde_json::{Map, Value as Json, json};

use super::keys::{Default, Key, Kind};
use super::part::{Part, TYPE};
use super::sections::{Holds, Section, Times};
use crate::base::error::{Error, Result};

/// The schema of a file that may have these sections.
///
/// # Errors
/// A default of the table of keys is no TOML.
pub fn schema(title: &str, sections: &[Section]) -> Result<Json> {
    let properties = sections.iter().map(|section| Ok((section.name.to_owned(), of(section)?)));
    let required = sections.iter().filter(|section| is_required(section));
    Ok(json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "type": "object",
        "properties": properties.collect::<Result<Map<String, Json>>>()?,
        "required": required.map(|section| section.name).collect::<Vec<_>>(),
        "additionalProperties": false,
    }))
}

/// Whether a file must have the section.
fn is_required(section: &Section) -> bool {
    match section.holds {
        Holds::Keys(keys) => !required(keys).is_empty(),
        Holds::Part { absent, .. } => absent.is_none(),
        Holds::Paths(_) => false,
    }
}

fn of(section: &Section) -> Result<Json> {
    let mut schema = match section.holds {
        Holds::Keys(keys) => table(properties(keys)?, &required(keys)),
        Holds::Part { table, absent, times } => {
            let part = one_of_parts(&table(), absent)?;
            match times {
                Times::Once => part,
                Times::Several => json!({ "anyOf": [part, { "type": "array", "items": part }] }),
            }
        }
        Holds::Paths(value) => {
            let values = json!({ "type": "object", "additionalProperties": value() });
            json!({ "type": "object", "additionalProperties": { "anyOf": [value(), values] } })
        }
    };
    schema["description"] = section.doc.into();
    Ok(schema)
}

/// A table whose other keys follow from its type.
fn one_of_parts(parts: &[&Part], absent: Option<&str>) -> Result<Json> {
    let mut tables = parts.iter().map(|part| of_part(part)).collect::<Result<Vec<Json>>>()?;
    let unnamed = absent.filter(|absent| parts.iter().all(|part| part.name != *absent));
    tables.extend(unnamed.map(|absent| {
        let keys = Map::from_iter([(TYPE.to_owned(), json!({ "enum": [absent] }))]);
        table(keys, &[TYPE])
    }));
    Ok(json!({ "oneOf": tables }))
}

fn of_part(part: &Part) -> Result<Json> {
    let Part { name, summary, keys, .. } = part;
    let named = json!({ "enum": [name], "description": summary });
    let mut all = Map::from_iter([(TYPE.to_owned(), named)]);
    all.extend(properties(keys)?);
    let mut schema = table(all, &[vec![TYPE], required(keys)].concat());
    schema["title"] = (*name).into();
    schema["description"] = (*summary).into();
    Ok(schema)
}

fn table(properties: Map<String, Json>, required: &[&str]) -> Json {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn properties(keys: &[Key]) -> Result<Map<String, Json>> {
    keys.iter().map(|key| Ok((key.name.to_owned(), property(key)?))).collect()
}

fn required(keys: &[Key]) -> Vec<&'static str> {
    let required = keys.iter().filter(|key| matches!(key.default, Default::Required(_)));
    required.map(|key| key.name).collect()
}

fn property(key: &Key) -> Result<Json> {
    let mut schema = of_kind(&key.kind);
    let default = match key.default {
        Default::Is(text) => {
            schema["default"] = parsed(text)?;
            format!("default {text}")
        }
        Default::Follows(how) => format!("default: {how}"),
        Default::Required(_) => "required".to_owned(),
    };
    let expected = key.kind.expected();
    schema["description"] = format!("{}; {expected}; {default}", key.doc).into();
    Ok(schema)
}

fn of_kind(kind: &Kind) -> Json {
    match kind {
        Kind::Number(range) => {
            let lowest = if range.from_included { "minimum" } else { "exclusiveMinimum" };
            json!({ "type": "number", lowest: range.from, "maximum": range.to })
        }
        Kind::Integer(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Part(names) => json!({ "enum": names() }),
        Kind::Device => json!({ "type": "string", "pattern": "^(cpu|cuda(:[0-9]+)?)$" }),
        Kind::Path | Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string", "minLength": 1 } }),
        Kind::Declared(kind) => (kind.schema)(),
    }
}

/// A value written as in TOML.
fn parsed(text: &str) -> Result<Json> {
    let broken = |source: toml::de::Error| Error::failed(format!("reading {text}"), source);
    let table: toml::Table = format!("value = {text}").parse().map_err(broken)?;
    serde_json::to_value(&table["value"])
        .map_err(|source| Error::failed(format!("writing {text} as JSON"), source))
}
