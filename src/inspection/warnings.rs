//! What the user of a recording should scan into.
use std::collections::BTreeMap;

use super::scan::Scan;
use crate::base::wording;
use crate::dataset::Recording;
use crate::preparation::{RecordedResponses, Standardization};
use crate::run_file::Standardize;

/// Names listed in full.
const LISTED: usize = 8;

/// One sentence each.
pub(super) fn of<R: RecordedResponses>(recording: &Recording<R>, scan: &Scan) -> Vec<String> {
    let mut warnings = Vec::new();
    neurons(recording, scan, &mut warnings);
    sounds(recording, scan, &mut warnings);
    splits(recording, &mut warnings);
    let stimuli = recording.stimulus_ids();
    for (what, ids) in [("neurons", recording.neuron_ids()), ("stimuli", stimuli)] {
        let alike = alike(&ids);
        if !alike.is_empty() {
            let names = listed(&alike);
            warnings.push(format!("{what} whose ids differ in case or blanks only: {names}"));
        }
    }
    warnings
}

fn neurons<R: RecordedResponses>(
    recording: &Recording<R>,
    scan: &Scan,
    warnings: &mut Vec<String>,
) {
    let ids = recording.neuron_ids();
    let pick = |indices: &[usize]| indices.iter().map(|n| ids[*n].clone()).collect::<Vec<String>>();
    let doubtful = &scan.doubtful;
    if !doubtful.unrecorded.is_empty() {
        let names = listed(&pick(&doubtful.unrecorded));
        warnings.push(format!("nothing was recorded of {names}: training leaves them out"));
    }
    if !doubtful.constant.is_empty() {
        let names = listed(&pick(&doubtful.constant));
        warnings.push(format!("the mean response never changes: {names}; nothing can be fitted"));
    }
    if recording.clips.iter().all(|clip| clip.responses.shape().1 < 2) {
        let warning = "no stimulus has 2 repeats: signal power, noise power and normalized scores \
                       are not defined";
        warnings.push(warning.into());
    }
}

fn sounds<R>(recording: &Recording<R>, scan: &Scan, warnings: &mut Vec<String>) {
    let sounds: Vec<_> = recording.clips.iter().map(|clip| &clip.cochleagram).collect();
    let flat = Standardization::fit(&sounds, Standardize::Band).flat_bands;
    if !flat.is_empty() {
        let name = |band: &usize| match &recording.frequencies_hz {
            Some(hz) => format!("{band} ({} Hz)", hz[*band]),
            None => band.to_string(),
        };
        let names = listed(&flat.iter().map(name).collect::<Vec<_>>());
        warnings.push(format!("the level never changes in bands (counted from 0) {names}"));
    }
    let name = |clip: &usize| recording.clips[*clip].stimulus.id.clone();
    let silent: Vec<String> = scan.silent.iter().map(name).collect();
    if !silent.is_empty() {
        warnings.push(format!("no response was recorded to {}", listed(&silent)));
    }
}

fn splits<R>(recording: &Recording<R>, warnings: &mut Vec<String>) {
    let Some(splits) = &recording.splits else { return };
    let parts = [("train", &splits.train), ("valid", &splits.valid), ("test", &splits.test)];
    for (part, _) in parts.iter().filter(|(_, ids)| ids.is_empty()) {
        warnings.push(format!("/splits/{part} is empty: split = \"file\" will be refused"));
    }
    let unused: Vec<String> = recording
        .clips
        .iter()
        .map(|clip| clip.stimulus.id.clone())
        .filter(|id| !parts.iter().any(|(_, ids)| ids.contains(id)))
        .collect();
    if !unused.is_empty() {
        warnings.push(format!("in no part of /splits: {}", listed(&unused)));
    }
}

/// The ids that another id differs from in case or surrounding blanks only.
fn alike(ids: &[String]) -> Vec<String> {
    let key = |id: &String| id.trim().to_lowercase();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for id in ids {
        *counts.entry(key(id)).or_default() += 1;
    }
    ids.iter().filter(|id| counts[&key(id)] > 1).cloned().collect()
}

fn listed(names: &[String]) -> String {
    wording::first(names, LISTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_alike_where_only_case_or_blanks_differ() {
        let ids = ["a1", "b", " A1", "c"].map(String::from);
        assert_eq!(alike(&ids), ["a1", " A1"]);
    }
}
