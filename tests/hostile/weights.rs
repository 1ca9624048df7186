//! Files of tensors whose headers lie.
use std::path::Path;

use serde_json::{Value as Json, json};

use super::{confined, refused};
use crate::support::runs::{LN, Workplace, by_steps};

/// A file of tensors: its length as it says it, its header, its numbers.
struct Tensors {
    header: Json,
    numbers: Vec<u8>,
}

impl Tensors {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let length = u64::from_le_bytes(*bytes.first_chunk().unwrap());
        let (header, numbers) = bytes[8..].split_at(usize::try_from(length).unwrap());
        Self { header: serde_json::from_slice(header).unwrap(), numbers: numbers.to_vec() }
    }

    /// The name of a tensor.
    fn name(&self) -> String {
        let mut names = self.header.as_object().unwrap().keys();
        names.rfind(|name| *name != "__metadata__").unwrap().clone()
    }

    fn bytes(&self, header: &[u8], length: u64) -> Vec<u8> {
        [&length.to_le_bytes()[..], header, &self.numbers].concat()
    }

    /// Files with a header that lies in one way each.
    fn lies(&self) -> Vec<Vec<u8>> {
        let name = self.name();
        let changed = |key: &str, value: Json| {
            let mut header = self.header.clone();
            header[&name][key] = value;
            header
        };
        let mut twice = self.header.clone();
        twice["another"] = twice[&name].clone();
        let headers = [
            changed("data_offsets", json!([0, 1_000_000_000_000u64])),
            changed("data_offsets", json!([100, 0])),
            changed("shape", json!([1u64 << 40, 1u64 << 40])),
            changed("shape", json!([1u64 << 62, 4, 0])),
            changed("shape", json!([-1])),
            changed("dtype", json!("F64")),
            changed("dtype", json!("F1")),
            twice,
        ];
        let mut files: Vec<Vec<u8>> = headers
            .iter()
            .map(|header| {
                let header = header.to_string().into_bytes();
                self.bytes(&header, header.len() as u64)
            })
            .collect();
        let header = self.header.to_string().into_bytes();
        for length in [1 << 63, u64::MAX, 1 << 32, 0, header.len() as u64 / 2] {
            files.push(self.bytes(&header, length));
        }
        let deep = format!("{{\"a\": {}", "[".repeat(100_000)).into_bytes();
        files.push(self.bytes(&deep, deep.len() as u64));
        files
    }
}

#[test]
fn tensors_whose_headers_lie_are_refused_in_runs_states_and_folders_of_others() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 2"));
    place.strf("train run.toml --out run").done();
    place.copy("run/model", "saved");
    let model = Tensors::read(&place.path("run/model/model.safetensors"));
    for bytes in model.lies() {
        std::fs::write(place.path("run/model/model.safetensors"), &bytes).unwrap();
        std::fs::write(place.path("saved/model.safetensors"), &bytes).unwrap();
        refused(&place, "eval run", &["run/model/model.safetensors"]);
        refused(&place, "adopt saved --data data.h5 --out adopted", &["saved/model.safetensors"]);
    }
    assert!(!place.path("adopted").exists());
    place.strf("train run.toml --out run --force").done();
    std::fs::remove_file(place.path("run/scores.json")).unwrap();
    place.write("run.toml", &by_steps(LN, "epochs = 3"));
    let state = Tensors::read(&place.path("run/state/state.safetensors"));
    for bytes in state.lies() {
        std::fs::write(place.path("run/state/state.safetensors"), &bytes).unwrap();
        let ran = confined(&place, "train run.toml --out run --resume");
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains("run/state/state.safetensors"), "{}", ran.stderr);
    }
}
