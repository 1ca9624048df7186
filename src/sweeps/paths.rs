//! Keys of run files as `section.key`, which the fits of a sweep may differ in.
use crate::base::error::Problem;
use crate::base::wording::did_you_mean;
use crate::config::document::{Entry, SectionAt};
use crate::config::sections::section;
use crate::run_file;

/// Keys, or whole sections, that fits cannot differ in, and why.
const FIXED: [(&str, &str); 7] = [
    ("data.file", "all fits of a sweep are of one dataset: make a sweep for each"),
    ("data.neurons", "all fits of a sweep are of the same neurons"),
    ("data.stimuli", "all fits of a sweep are of the same stimuli"),
    ("data.split", "[fit] says how stimuli are divided"),
    ("train.seed", "fit.seeds says how many there are"),
    ("train.device", "[launch] says where fits run"),
    ("output", "runs are written into the folder of the sweep"),
];

/// Fails unless an entry of `section` names a key that fits may differ in.
pub fn require_key(section_name: &str, entry: &Entry) -> Result<(), Box<Problem>> {
    let path = entry.name.as_ref();
    let at = format!("{section_name}.{path}");
    let refuse = |found: &str, expected: &str, hint: &str| {
        Err(Box::new(entry.place.problem(&at, found, expected).hint(hint)))
    };
    let Some((label, key)) = path.split_once('.') else {
        return refuse("no section", "SECTION.KEY = ...", "such as train.lr");
    };
    let fixed = FIXED.iter().find(|(fixed, _)| [path, label].contains(fixed));
    if let Some((_, why)) = fixed {
        return refuse("a key that is the same for all", "another key", why);
    }
    let known = run_file::SECTIONS;
    let Some(owner) = section(known, place_of(label).name) else {
        let names = known.iter().map(|section| section.name);
        let hint = did_you_mean(label, names);
        return refuse("an unknown section", "a section of run files", &hint);
    };
    let keys = owner.keys();
    if keys.contains(&key) {
        return Ok(());
    }
    let hint = did_you_mean(key, keys.iter().copied());
    refuse("an unknown key", &format!("a key of [{}]", owner.name), &hint)
}

/// `prefilter[2]`: which section is meant.
pub fn place_of(label: &str) -> SectionAt<'_> {
    let numbered = label.strip_suffix(']').and_then(|label| label.split_once('['));
    let nth = numbered.and_then(|(_, number)| number.parse::<usize>().ok());
    match (numbered, nth.and_then(|number| number.checked_sub(1))) {
        (Some((name, _)), Some(nth)) => SectionAt { name, nth },
        _ => label.into(),
    }
}
