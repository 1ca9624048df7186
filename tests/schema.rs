//! The JSON Schema of run files and sweep files says of every section, part and key what the tables say.
use serde_json::{Value as Json, json};
use strf::config::keys::{Default, Key, Kind};
use strf::config::part::{Part, parts};
use strf::models::{self, output_gains, parameterizations, prefilters};
use strf::run_file::Train;
use strf::sweeps::sections::{self, Fit, Launch};

use crate::support::runs::Workplace;

fn schema() -> Json {
    sections::schema().unwrap()
}

/// Whether a key of the schema is that of the table.
#[track_caller]
fn assert_key(key: &Key, schema: &Json) {
    let own = &schema["properties"][key.name];
    match key.kind {
        Kind::Number(range) => {
            let lowest = if range.from_included { "minimum" } else { "exclusiveMinimum" };
            assert_eq!((&own[lowest], &own["maximum"]), (&json!(range.from), &json!(range.to)));
            assert_eq!(own["type"], "number", "{}", key.name);
        }
        Kind::Integer(from, to) => {
            assert_eq!((&own["minimum"], &own["maximum"]), (&json!(from), &json!(to)));
            assert_eq!(own["type"], "integer", "{}", key.name);
        }
        Kind::Flag => assert_eq!(own["type"], "boolean", "{}", key.name),
        Kind::Choice(words) => assert_eq!(own["enum"], json!(words), "{}", key.name),
        Kind::Part(names) => assert_eq!(own["enum"], json!(names()), "{}", key.name),
        Kind::Path | Kind::Device | Kind::Text => assert_eq!(own["type"], "string", "{}", key.name),
        Kind::Texts => assert_eq!(own["items"]["type"], "string", "{}", key.name),
        Kind::Declared(_) => assert!(own["anyOf"].is_array(), "{}", key.name),
    }
    assert!(own["description"].as_str().unwrap().starts_with(key.doc), "{}", key.name);
    let required = schema["required"].as_array().unwrap();
    let is_required = matches!(key.default, Default::Required(_));
    assert_eq!(required.contains(&json!(key.name)), is_required, "{}", key.name);
    match key.default {
        Default::Is(text) => {
            let table: toml::Table = format!("value = {text}").parse().unwrap();
            assert_eq!(own["default"], json!(table["value"]), "{}", key.name);
        }
        _ => assert!(own.get("default").is_none(), "{}", key.name),
    }
}

#[track_caller]
fn assert_parts(parts: &[&Part], section: &Json, absent: Option<&str>) {
    let tables = section["oneOf"].as_array().unwrap();
    assert_eq!(tables.len(), parts.len() + usize::from(absent.is_some()));
    for (part, table) in parts.iter().zip(tables) {
        assert_eq!(table["properties"]["type"]["enum"], json!([part.name]));
        assert_eq!(table["additionalProperties"], false);
        let names = table["properties"].as_object().unwrap().len();
        assert_eq!(names, part.keys.len() + 1, "{}", part.name);
        part.keys.iter().for_each(|key| assert_key(key, table));
    }
    if let Some(absent) = absent {
        assert_eq!(tables[parts.len()]["properties"], json!({ "type": { "enum": [absent] } }));
    }
}

#[test]
fn the_schema_has_every_section_part_and_key_with_its_range_and_default() {
    let schema = schema();
    assert_eq!(schema["required"], json!(["data", "model"]));
    let sections = schema["properties"].as_object().unwrap();
    let names: Vec<&String> = sections.keys().collect();
    let of_run =
        ["data", "model", "prefilter", "parameterization", "output_gain", "train", "output"];
    assert_eq!(names, [&of_run[..], &["fit", "grid", "search", "launch"]].concat());
    assert_parts(&parts(models::TABLE), &sections["model"], None);
    assert_parts(&parts(parameterizations::TABLE), &sections["parameterization"], None);
    let gains = parts(output_gains::TABLE);
    assert_parts(&gains, &sections["output_gain"], Some("none"));
    let forms = sections["prefilter"]["anyOf"].as_array().unwrap();
    assert_parts(&parts(prefilters::TABLE), &forms[0], Some("none"));
    assert_eq!((&forms[1]["type"], &forms[1]["items"]), (&json!("array"), &forms[0]));
    for key in Train::KEYS {
        assert_key(key, &sections["train"]);
    }
    for key in Fit::KEYS {
        assert_key(key, &sections["fit"]);
    }
    for key in Launch::KEYS {
        assert_key(key, &sections["launch"]);
    }
    assert_eq!(sections["grid"]["additionalProperties"]["anyOf"][0]["type"], "array");
    for name in ["data", "train", "output", "fit", "launch"] {
        assert_eq!(sections[name]["additionalProperties"], false, "{name}");
    }
}

#[test]
fn strf_schema_prints_it() {
    let printed = Workplace::empty().strf("schema").done().stdout;
    assert_eq!(serde_json::from_str::<Json>(&printed).unwrap(), schema());
}
