//! What run files, sweep files and import files take.
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use strf::config::part::parts;
use strf::frontends::{self, ImportConfig};
use strf::models::{self, parameterizations, prefilters};
use strf::run_file::RunConfig;
use strf::sweeps::sections;
use strf::sweeps::sweep_file::SweepFile;

const DATA: &str = "[data]\nfile = \"recording.h5\"\n";
const MODEL: &str = "[model]\ntype = \"nrf\"\n";
/// Sections that a run file has not.
const OF_SWEEPS: [&str; 4] = ["fit", "grid", "search", "launch"];

/// Keys of `[search]` beside the ranges, which its schema does not name.
pub const OF_SEARCH: [&str; 5] = ["trials", "method", "seed", "keep_one_in", "epochs"];

/// The names of the keys of each section.
pub fn keys() -> BTreeMap<String, Vec<String>> {
    let schema = sections::schema().unwrap();
    let sections = schema["properties"].as_object().unwrap();
    let of_section = |(name, section): (&String, &Json)| (name.clone(), keys_below(section));
    let mut keys: BTreeMap<String, Vec<String>> = sections.iter().map(of_section).collect();
    keys.insert("search".to_owned(), OF_SEARCH.map(str::to_owned).to_vec());
    let of_front_ends = parts(frontends::TABLE).into_iter().flat_map(|part| part.keys);
    let names = of_front_ends.map(|key| key.name.to_owned());
    keys.insert("frontend".to_owned(), names.chain(["type".to_owned()]).collect());
    keys
}

fn keys_below(section: &Json) -> Vec<String> {
    let own = section["properties"].as_object().into_iter().flat_map(|keys| keys.keys().cloned());
    let ways = ["oneOf", "anyOf"].into_iter().filter_map(|way| section[way].as_array());
    own.chain(ways.flatten().flat_map(keys_below)).collect()
}

/// Why a file is refused, whatever kind it is of its sections; a part of one stands in a whole one.
pub fn refusal(written: &str, set: &[String]) -> Option<String> {
    let table: toml::Table = match written.parse() {
        Ok(table) => table,
        Err(error) => return Some(error.to_string()),
    };
    let path = Path::new("configs/snippet.toml");
    if table.contains_key("frontend") {
        return ImportConfig::parse(written, path, set).err().map(|error| error.to_string());
    }
    let missing = [("data", DATA), ("model", MODEL)];
    let missing = missing.into_iter().filter(|(name, _)| !table.contains_key(*name));
    let text = missing.map(|(_, text)| text).collect::<String>() + written;
    let refused = if OF_SWEEPS.iter().any(|name| table.contains_key(*name)) {
        SweepFile::parse(text, path, set).err()
    } else {
        RunConfig::parse(&text, path, set).err()
    };
    refused.map(|error| error.to_string())
}

/// Why no file takes `section.key = value`: what the first of those says that are tried.
pub fn setting_refused(section: &str, key: &str, value: &str) -> Option<String> {
    let set = [format!("{section}.{key}={value}")];
    let files = files_with(section);
    let mut refusals = files.iter().map(|file| refusal(file, &set));
    let first = refusals.next().unwrap()?;
    if refusals.any(|refusal| refusal.is_none()) { None } else { Some(first) }
}

/// Files in which keys of a section may make sense: every model, by itself and with every other part.
fn files_with(section: &str) -> Vec<String> {
    if section == "frontend" {
        let parts = parts(frontends::TABLE).into_iter();
        return parts.map(|part| format!("[frontend]\ntype = \"{}\"\n", part.name)).collect();
    }
    if OF_SWEEPS.contains(&section) {
        let search = "[search]\ntrials = 9\n\"train.lr\" = { log = [1e-4, 1e-1] }\n".to_owned();
        let halving = search.clone() + "method = \"halving\"\nepochs = 90\n";
        return vec!["[fit]\nfolds = 5\n".to_owned(), search, halving];
    }
    let of = |section: &str, name: &str| format!("[{section}]\ntype = \"{name}\"\n");
    let prefilters = parts(prefilters::TABLE).into_iter().map(|part| of("prefilter", part.name));
    let kernels = parts(parameterizations::TABLE).into_iter();
    let kernels = kernels.map(|part| of("parameterization", part.name));
    let beside = [String::new(), "init = \"runs/first\"\n".to_owned()].into_iter();
    let beside = beside.chain(prefilters).chain(kernels).chain([
        "output = \"double_exponential\"\n[output_gain]\ntype = \"contrast\"\n".to_owned(),
    ]);
    let beside: Vec<String> = beside.collect();
    let models = parts(models::TABLE).into_iter().map(|part| of("model", part.name));
    models.flat_map(|model| beside.iter().map(move |beside| model.clone() + beside)).collect()
}
