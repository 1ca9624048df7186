//! What a run folder says of its run, and folders that version 0.1.0 wrote.
use std::path::Path;

use serde_json::Value as Json;

use crate::support::runs::{LN, MODELS, Workplace, recording, run_file, without_last};

/// Runs of `strf 0.1.0`: between them each model, prefilter and parameterization.
const OLD: [&str; 5] = ["linear", "ln_willmore", "nrf_dcls", "dnet_adaptrans", "cnn2d"];

/// A copy of the runs of 0.1.0 with their dataset.
fn old() -> Workplace {
    let place = Workplace::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs_0.1.0");
    place.copy(root.to_str().unwrap(), ".");
    place
}

fn json(place: &Workplace, name: &str) -> Json {
    serde_json::from_str(&place.read(name)).unwrap()
}

/// The file as written, its numbers and words as JSON has them.
fn toml(place: &Workplace, name: &str) -> Json {
    let table: toml::Table = place.read(name).parse().unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn every_command_reads_a_run_folder_of_version_0_1_0() {
    for run in OLD {
        let place = old();
        let kept = place.column(&format!("{run}/scores.csv"), "cc");
        place.strf(&format!("eval {run} --out again")).done();
        for (again, kept) in place.column("again/scores.csv", "cc").into_iter().zip(kept) {
            assert!((again - kept).abs() < 1e-4, "{run}: {again} and {kept}");
        }
        for words in [
            "predict RUN",
            "export-strfs RUN --plot",
            "export-strfs RUN --format npz",
            "export-strfs RUN --format csv",
            "dstrf RUN",
            "plot RUN",
            "report RUN",
            "compare RUN linear",
        ] {
            place.strf(&words.replace("RUN", run)).done();
        }
        let title = place.read(&format!("{run}/report.html"));
        assert!(title.contains("data.h5"), "{run}");
    }
}

#[test]
fn a_run_of_version_0_1_0_is_not_gone_on_with() {
    for run in OLD {
        let place = old();
        let refused = place.strf(&format!("train {run}/config.toml --resume"));
        refused.refused(&format!(
            "{run}/./state/state.safetensors: found the state of a run of strf 0.1.0, expected one \
             of strf {}, which alone goes on as if it had not been stopped; go on with strf 0.1.0, \
             or start the run anew with --force",
            env!("CARGO_PKG_VERSION")
        ));
        place.strf(&format!("train {run}/config.toml --force --set train.epochs=1")).done();
    }
}

#[test]
fn run_file_and_metadata_of_a_fresh_run_say_the_same() {
    for (name, model) in MODELS {
        let place = Workplace::new();
        let train = "epochs = 1\nbatch = 3\nseed = 9\nmonitor = \"valid_loss\"";
        place.write("run.toml", &run_file(model, train));
        place.strf("train run.toml").done();
        let asked = toml(&place, "runs/run/config.toml");
        let found = json(&place, "runs/run/model/metadata.json");
        for part in ["model", "prefilter", "parameterization"] {
            assert_eq!(asked.get(part), found["architecture"].get(part), "{name}: {part}");
        }
        for key in ["smooth_ms", "skip_ms"] {
            assert_eq!(asked["data"][key], found[key], "{name}: {key}");
        }
        let settings = found["settings"].as_object().unwrap();
        assert_eq!(asked["data"]["file"], settings["data"], "{name}");
        let train = asked["train"].as_object().unwrap();
        let others: Vec<&String> = settings.keys().filter(|key| *key != "data").collect();
        assert_eq!(others, ["loss", "monitor", "batch", "seed", "device"]);
        for key in others {
            assert_eq!(train[key], settings[key], "{name}: {key}");
        }
    }
}

#[test]
fn what_a_trained_model_is_used_for_follows_its_metadata_not_its_run_file() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 2\nbatch = 2"));
    place.strf("train run.toml").done();
    place.write("runs/run/config.toml", "damaged");
    place.strf("eval runs/run --out again").done();
    assert_eq!(
        place.read("again/scores.csv"),
        without_last(&place.read("runs/run/scores.csv"), "calibrated")
    );
    for words in ["predict", "plot", "report", "export-strfs", "dstrf", "compare runs/run"] {
        place.strf(&format!("{words} runs/run")).done();
    }
    assert_eq!(recording().neurons.len(), place.column("again/scores.csv", "cc").len());
}

#[test]
fn a_row_of_prefilters_stands_in_the_metadata_alone() {
    let place = Workplace::new();
    let stack = "[[prefilter]]\ntype = \"willmore\"\n[[prefilter]]\ntype = \"adaptrans\"";
    place.write("run.toml", &run_file(&format!("{LN}\n{stack}"), "epochs = 1"));
    place.strf("train run.toml").done();
    let kept = without_last(&place.read("runs/run/scores.csv"), "calibrated");
    place.strf("eval runs/run --out again").done();
    assert_eq!(place.read("again/scores.csv"), kept);
    let metadata = json(&place, "runs/run/model/metadata.json");
    let asked = toml(&place, "runs/run/config.toml");
    assert_eq!(asked["prefilter"].as_array().unwrap().len(), 2);
    assert_eq!(asked["prefilter"], metadata["architecture"]["prefilter"]);
    let reference = json(&place, "runs/run/model/config.json");
    assert!(reference["_model_class"].is_null());
    let reason = "deepSTRF 0.1.0 has no model with several prefilters";
    assert_eq!(reference["no_such_model"], reason);
}
