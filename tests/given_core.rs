//! Fits that start from the core of another run.
use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};

use crate::support::runs::{Workplace, change_data, run_file};

const CORES: [&str; 4] = [
    "type = \"nrf\"\nwindow_ms = 20.0\nhidden = 4",
    "type = \"dnet\"\nwindow_ms = 20.0\nhidden = 4",
    "type = \"cnn2d\"\nkernel_ms = 15.0\nchannels = 3\nhidden = 4",
    "type = \"statenet\"\nkernel_bands = 3\nchannels = 2",
];

fn weights(path: &Path) -> BTreeMap<String, Tensor> {
    let file = path.join("model/model.safetensors");
    candle_core::safetensors::load(file, &Device::Cpu).unwrap().into_iter().collect()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// With a run of two epochs in `runs/run`, fitted to two of the three neurons.
fn with_source(model: &str, prefilter: &str) -> Workplace {
    let place = Workplace::new();
    let text = run_file(&format!("[model]\n{model}\n{prefilter}"), "epochs = 2\nstarts = 1");
    place.write("run.toml", &text);
    place.strf("train run.toml --set data.neurons=[\"a1\",\"b2\"] --quiet").done();
    place
}

#[test]
fn a_frozen_core_stays_the_same_bit_for_bit_and_readouts_are_fitted_to_other_neurons() {
    for (model, prefilter) in CORES.map(|model| (model, "")).into_iter().chain([
        (CORES[0], "[prefilter]\ntype = \"adaptrans\""),
        (CORES[3], "[prefilter]\ntype = \"willmore\""),
    ]) {
        let place = with_source(model, prefilter);
        let model = format!("{model}\ninit = \"runs/run\"");
        let text = run_file(&format!("[model]\n{model}\n{prefilter}"), "epochs = 5");
        place.write("new.toml", &text);
        place.strf("train new.toml --out runs/new --quiet").done();
        let (old, new) = (weights(&place.path("runs/run")), weights(&place.path("runs/new")));
        let mut kept = 0;
        for (name, tensor) in &new {
            if name.starts_with("readout.") || name.starts_with("output_decay.") {
                assert_ne!(tensor.dims().first(), old[name].dims().first().filter(|n| **n == 2));
                continue;
            }
            let bits = |tensor| values(tensor).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(tensor), bits(&old[name]), "{name} of {model}");
            kept += 1;
        }
        assert!(kept > 2, "{model}");
        let metadata = place.read("runs/new/model/metadata.json");
        assert!(metadata.contains("\"run\": \"../run\""), "{metadata}");
        assert!(metadata.contains("\"freeze\": \"core\""), "{metadata}");
        // What a run holds does not depend on the one it came from.
        std::fs::rename(place.path("runs/run"), place.path("runs/moved")).unwrap();
        place.strf("eval runs/new").done();
    }
}

#[test]
fn a_core_that_is_not_frozen_is_fitted_further() {
    let place = with_source(CORES[0], "");
    let model = format!("[model]\n{}\ninit = \"runs/run\"\nfreeze = \"none\"", CORES[0]);
    place.write("new.toml", &run_file(&model, "epochs = 0\nstarts = 1"));
    place.strf("train new.toml --out runs/new --quiet").done();
    let name = "core.0.kernel.weight";
    let old = weights(&place.path("runs/run"));
    assert_eq!(values(&weights(&place.path("runs/new"))[name]), values(&old[name]));
    place.strf("train new.toml --out runs/more --set train.epochs=2 --quiet").done();
    assert_ne!(values(&weights(&place.path("runs/more"))[name]), values(&old[name]));
}

#[test]
fn smoothing_and_standardization_are_those_of_the_run() {
    let place = with_source(CORES[0], "");
    let model = format!("[model]\n{}\ninit = \"runs/run\"", CORES[0]);
    place.write("new.toml", &run_file(&model, "epochs = 1"));
    let out = "--out runs/new --set data.smooth_ms=35 --set data.standardize=\"none\"";
    let ran = place.strf(&format!("train new.toml {out}")).done();
    let said = "data.smooth_ms: 11 as runs/run was fitted with, not 35";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let of = |run: &str| -> serde_json::Value {
        serde_json::from_str(&place.read(&format!("runs/{run}/model/metadata.json"))).unwrap()
    };
    for key in ["mean", "scale", "smooth_ms"] {
        assert_eq!(of("new")[key], of("run")[key], "{key}");
    }
}

#[test]
fn runs_whose_core_does_not_fit_are_refused() {
    let place = with_source(CORES[0], "");
    let new = |model: &str, train: &str| {
        place.write("new.toml", &run_file(&format!("[model]\n{model}"), train));
        let ran = place.strf("train new.toml --out runs/new");
        assert_eq!(ran.status, Some(2), "{model}: {}", ran.stderr);
        assert!(!place.path("runs/new/model").exists());
        ran.stderr
    };
    let given = |model: &str| format!("{model}\ninit = \"runs/run\"");
    let other = new(&given(&CORES[0].replace("hidden = 4", "hidden = 5")), "");
    assert!(other.contains("found hidden = 5, expected hidden = 4 as in runs/run"), "{other}");
    let other = new(&given(CORES[1]), "");
    assert!(other.contains("found type = \"dnet\"") && other.contains("type = \"nrf\""), "{other}");
    let prefilter = format!("{}\n[prefilter]\ntype = \"willmore\"", given(CORES[0]));
    assert!(new(&prefilter, "").contains("type = \"willmore\""));
    let penalized = new(&given(CORES[0]), "smooth = 0.1");
    assert!(penalized.contains("train.smooth: found 0.1, expected 0"), "{penalized}");
    let ridge = new(&given(CORES[0]), "start = \"ridge\"");
    assert!(ridge.contains("train.start"), "{ridge}");
    let none = new(&format!("{}\nfreeze = \"core\"", CORES[0]), "");
    assert!(none.contains("model.freeze: found \"core\", expected a run in model.init"), "{none}");
    let missing = new(&format!("{}\ninit = \"runs/nowhere\"", CORES[0]), "");
    assert!(missing.contains("runs/nowhere"), "{missing}");
    let linear = new("type = \"ln\"\ninit = \"runs/run\"", "");
    assert!(linear.contains("init belongs to [model] with type nrf, dnet, cnn2d"), "{linear}");
    change_data(&place.path("data.h5"), |file| file.attr("dt_ms")?.write_scalar(&4.0));
    let bins = new(&given(CORES[0]), "");
    assert!(bins.contains("found bins of 4 ms, expected bins of 5 ms"), "{bins}");
}

#[test]
fn constants_of_an_output_gain_follow_from_the_sound_that_the_readouts_are_fitted_to() {
    let gain = "output = \"double_exponential\"\n[output_gain]\ntype = \"contrast\"";
    let place = Workplace::new();
    let level = "--set data.level=\"amplitude\" --quiet";
    for (file, origin) in [("run", ""), ("new", "init = \"runs/run\"\n"), ("alone", "")] {
        let model = format!("[model]\n{}\n{origin}{gain}", CORES[0]);
        place.write(&format!("{file}.toml"), &run_file(&model, "epochs = 1\nstarts = 1"));
        place.strf(&format!("train {file}.toml {level}")).done();
    }
    let [new, alone] = ["new", "alone"].map(|run| weights(&place.path(&format!("runs/{run}"))));
    for name in ["output_gain.loudest", "output_gain.largest"] {
        assert_eq!(values(&new[name]), values(&alone[name]), "{name}");
        assert_ne!(values(&new[name]), [1.0], "{name}");
    }
}
