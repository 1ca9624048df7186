//! What a run folder says of its run, and folders that version 0.1.0 wrote.
use std::path::Path;

use serde_json::Value as Json;

use crate::support::runs::{
    LN, MODELS, Workplace, by_steps, change_data, recording, replace, run_file, same_bytes,
    wait_until, without_last,
};

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
    let reason = "deepSTRF 0.1.0 has no part for 2 prefilters in a row";
    assert_eq!(reference["no_such_model"], reason);
}

#[test]
fn one_process_at_a_time_writes_into_a_run_folder() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(MODELS[3].1, "epochs = 100000\npatience = 100000"));
    let mut first = place.start("train run.toml");
    wait_until(|| {
        place.path("runs/run/scores.json").exists() || place.path("runs/run/history.csv").exists()
    });
    let before = place.read("runs/run/config.toml");
    for options in ["", "--force", "--resume", "--force --take-over"] {
        let said = place.strf(&format!("train run.toml --set train.seed=7 {options}"));
        assert_eq!(said.status, Some(2), "{options}: {said:?}");
        assert!(said.stderr.contains("runs/run: process "), "{options}: {said:?}");
        assert!(said.stderr.contains(" is writing into it, expected a folder that no other"));
    }
    assert_eq!(place.read("runs/run/config.toml"), before);
    assert!(first.signal("-KILL"));
    first.end();
    // What it left names a process that is no more.
    assert!(place.path("runs/run/lock.json").exists());
    place.strf("train run.toml --force --set train.epochs=1").done();
    assert!(!place.path("runs/run/lock.json").exists());
}

#[test]
fn a_run_folder_that_another_machine_has_locked_is_left_alone_until_it_is_taken_over() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 2"));
    place.strf("train run.toml --set train.epochs=1").done();
    let other = r#"{"host": "node7", "process": 12, "started": 3, "boot": "b"}"#;
    place.write("runs/run/lock.json", other);
    let said = place.strf("train run.toml --resume");
    assert_eq!(said.status, Some(2), "{said:?}");
    for words in ["process 12 of node7", "seconds ago, expected", "--take-over"] {
        assert!(said.stderr.contains(words), "{said:?}");
    }
    assert_eq!(place.read("runs/run/lock.json"), other);
    place.strf("train run.toml --resume --take-over").done();
    assert!(!place.path("runs/run/lock.json").exists());
}

#[test]
fn fewer_epochs_than_a_run_has_done_are_refused() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 4"));
    place.strf("train run.toml").done();
    let weights = std::fs::read(place.path("runs/run/model/model.safetensors")).unwrap();
    let said = place.strf("train run.toml --resume --set train.epochs=3");
    let message = "strf: runs/run: found a run that has done 4 epochs, expected at most \
                   train.epochs = 3 of them; resume with train.epochs = 4 or more, or begin anew in \
                   another folder with --out\n";
    assert!(said.status == Some(2) && said.stderr.ends_with(message), "{said:?}");
    assert_eq!(std::fs::read(place.path("runs/run/model/model.safetensors")).unwrap(), weights);
    assert!(place.path("runs/run/scores.json").exists());
    place.strf("train run.toml --resume --set train.epochs=5").done();
}

#[test]
fn a_dataset_is_known_by_its_values_whatever_its_name_and_how_they_are_stored() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 3"));
    place.strf("train run.toml --out runs/whole").done();
    place.strf("train run.toml --set train.epochs=1").done();
    // The same values in double precision and compressed, under another name.
    std::fs::copy(place.path("data.h5"), place.path("moved.h5")).unwrap();
    let sound = recording().clips[0].cochleagram.mapv(f64::from);
    change_data(&place.path("moved.h5"), |file| {
        let at = "stimuli/clip0/cochleagram";
        file.unlink(at)?;
        let builder = file.new_dataset_builder().chunk((2, 7)).deflate(3);
        builder.with_data(&sound).create(at)?;
        Ok(())
    });
    std::fs::remove_file(place.path("data.h5")).unwrap();
    place.strf("train run.toml --resume --set data.file=moved.h5").done();
    for name in ["model/model.safetensors", "scores.csv"] {
        let [whole, run] = ["whole", "run"].map(|run| place.path(&format!("runs/{run}/{name}")));
        assert!(same_bytes(&whole, &run), "{name}");
    }
    place.strf("eval runs/run").done();
}

#[test]
fn a_dataset_that_holds_other_values_than_in_training_is_refused() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 1"));
    place.strf("train run.toml").done();
    let as_it_was = std::fs::read(place.path("data.h5")).unwrap();
    let all = recording();
    // The last clip is a test stimulus, the first one is trained on.
    let mut responses = all.clips[8].responses.clone();
    responses[(1, 0, 20)] += 1.0;
    let mut sound = all.clips[0].cochleagram.clone();
    sound[(0, 20)] += 1.0;
    let refused = |words: &str, found: &str, then: &str| {
        let message = format!(
            "data.h5: found {found} than when runs/run {then}, expected what it held then; "
        );
        let said = place.strf(words);
        assert_eq!(said.status, Some(2), "{words}: {said:?}");
        assert!(said.stderr.contains(&message), "{words}: {said:?}");
    };
    let more = "train run.toml --resume --set train.epochs=2";

    change_data(&place.path("data.h5"), |file| {
        replace(file, "stimuli/clip8/responses", responses.view())
    });
    refused("eval runs/run", "other responses to the test stimuli of b2", "was trained");
    refused("plot runs/run prediction", "other responses to the test stimuli of b2", "was trained");
    refused(more, "other responses to the test stimuli of b2", "began");
    place.strf("eval runs/run --split train").done();
    place.strf("eval runs/run --data data.h5 --split test").done();

    std::fs::write(place.path("data.h5"), as_it_was).unwrap();
    change_data(&place.path("data.h5"), |file| {
        replace(file, "stimuli/clip0/cochleagram", sound.view())
    });
    let found = "other training stimuli, or other sound of them";
    refused("eval runs/run --split train", found, "was trained");
    refused("predict runs/run --split all --out all.h5", found, "was trained");
    refused(more, found, "began");
    place.strf("eval runs/run").done();
}

#[test]
fn a_run_that_does_not_say_what_its_dataset_held_is_taken_with_a_note() {
    let said = old().strf("eval linear").done();
    let note = "linear does not say what its dataset held (strf 0.1.0 did not write it down)";
    assert!(said.stderr.contains(note), "{said:?}");
}

#[test]
fn runs_are_compared_where_their_datasets_hold_the_same_whatever_their_names() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 2"));
    for name in ["moved", "other"] {
        std::fs::copy(place.path("data.h5"), place.path(&format!("{name}.h5"))).unwrap();
    }
    let mut responses = recording().clips[8].responses.clone();
    responses[(1, 0, 20)] += 1.0;
    change_data(&place.path("other.h5"), |file| {
        replace(file, "stimuli/clip8/responses", responses.view())
    });
    for name in ["data", "moved", "other"] {
        place.strf(&format!("train run.toml --set data.file={name}.h5 --out runs/{name}")).done();
    }
    place.strf("compare runs/data runs/moved").done();
    place.strf("report runs/data runs/moved --out both.html").done();
    let said = place.strf("compare runs/data runs/other");
    assert_eq!(said.status, Some(2), "{said:?}");
    let message = "runs/other: found responses with the hashes a1: ";
    assert!(said.stderr.contains(message), "{said:?}");
    place.strf("eval runs/moved --out runs/moved --force").done();
    place.strf("compare runs/data runs/moved").done();
}

#[test]
fn windows_that_come_to_a_single_bin_are_said() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 1"));
    let said = place.strf("train run.toml").done().stderr;
    assert!(!said.contains("comes to one bin"), "{said}");
    // Bins are 5 ms wide.
    let set = "--set model.window_ms=2 --set data.smooth_ms=9";
    let said = place.strf(&format!("train run.toml --force {set}")).done().stderr;
    for words in [
        "model.window_ms = 2 comes to one bin of 5 ms: receptive fields see the present bin alone",
        "data.smooth_ms = 9 comes to one bin of 5 ms: responses are not smoothed",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn dropout_that_leaves_out_nothing_is_said() {
    let place = Workplace::new();
    let model = "[model]\ntype = \"transformer\"\nembedding_dim = 4\ntime_patch = 2";
    place.write("run.toml", &run_file(model, "epochs = 1\noptimizer = \"lbfgs\""));
    let words = "model.dropout = 0.1 leaves out nothing: lbfgs fits without it, adamw with it";
    let said = |options: &str| place.strf(&format!("train run.toml {options}")).done().stderr;
    assert!(said("").contains(words));
    for set in ["train.optimizer=adamw", "model.dropout=0.0"] {
        assert!(!said(&format!("--force --set {set}")).contains("leaves out nothing"), "{set}");
    }
}
