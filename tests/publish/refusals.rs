//! What is not published, not replaced and not adopted.
use std::fs;
use std::path::Path;

use strf::dataset::{LevelKind, Recording, SoundLevel};

use super::{card, loud, with_ln, with_run};
use crate::support::runs::{LN, Workplace, run_file, wait_until};

/// Fails unless a command is refused with these words.
#[track_caller]
fn require_refused(place: &Workplace, words: &str, said: &str) {
    let ran = place.strf(words);
    assert!(ran.status == Some(2) && ran.stderr.contains(said), "{words}\n{said}\n{}", ran.stderr);
}

#[test]
fn what_cannot_be_published_is_refused_and_nothing_is_written() {
    let place = with_ln();
    let refused = |words: &str, said: &str| {
        require_refused(&place, words, said);
        let names =
            || fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = names().filter(|n| n.to_string_lossy().starts_with(".strf-")).collect();
        assert!(!place.path("out").exists() && left.is_empty(), "{words}: {left:?}");
    };
    refused("publish nowhere out", "nowhere: there is no such folder");
    refused("publish data.h5 out", "data.h5: found a file, expected a run folder");
    refused("publish runs/run no/out", "no: is not a folder, expected one to write into");
    refused("publish runs/run runs/run/out", "this lies in the run folder runs/run");
    refused("publish runs/run runs/run/model/out", "this lies in the run folder runs/run");
    refused("publish runs/run out --licence CC-BY-4", "did you mean CC-BY-4.0?");
    refused("publish runs/run run.toml", "run.toml: exists already");
    refused(
        "publish runs/run run.toml --force",
        "found something else than what strf publish wrote",
    );
    refused("publish runs/run runs --force", "found something else than what strf publish wrote");

    fs::rename(place.path("data.h5"), place.path("moved.h5")).unwrap();
    refused("publish runs/run out", "expected the dataset of runs/run");
    let mut other = loud();
    other.clips[8].responses[[1, 0, 3]] += 1.0;
    place.write_data("other.h5", &other);
    refused(
        "publish runs/run out --data other.h5",
        "found other responses to the test stimuli of b2",
    );
    place.strf("publish runs/run elsewhere --data moved.h5 --licence MIT").done();
    assert!(place.read("elsewhere/README.md").contains("- dataset: data.h5"));
    fs::rename(place.path("moved.h5"), place.path("data.h5")).unwrap();

    let scores = place.read("runs/run/scores.json");
    fs::remove_file(place.path("runs/run/scores.json")).unwrap();
    refused(
        "publish runs/run out",
        "runs/run: found no scores, expected a finished run; go on with it with --resume",
    );
    place.write("runs/run/scores.json", "{");
    refused("publish runs/run out", "scores.json: it is damaged");
    place.write("runs/run/scores.json", &scores);
    let config = place.read("runs/run/config.toml");
    place.write("runs/run/config.toml", &config.replace("[train]", "[train"));
    refused("publish runs/run out", "config.toml");
    place.write("runs/run/config.toml", &config);
    let weights = fs::read(place.path("runs/run/model/model.safetensors")).unwrap();
    fs::write(place.path("runs/run/model/model.safetensors"), &weights[..weights.len() - 9])
        .unwrap();
    refused("publish runs/run out", "model.safetensors");
}

#[test]
fn a_sweep_is_refused_and_its_fits_are_not() {
    let place = Workplace::new();
    place.write("sweep.toml", &(run_file(LN, "epochs = 1") + "[fit]\nfolds = 2\n"));
    place.strf("sweep sweep.toml --out all --quiet").done();
    place.strf("publish all out").refused(
        "all: found the folder of a sweep, expected that of one run; publish one of its fits, \
         all/jobs/NUMBER",
    );
    let first = fs::read_dir(place.path("all/jobs")).unwrap().next().unwrap().unwrap();
    let name = first.file_name().into_string().unwrap();
    place.strf(&format!("publish all/jobs/{name} out --licence MIT")).done();
    card(&place, "out");
}

#[test]
fn only_a_folder_that_was_published_is_replaced() {
    let place = with_ln();
    let ran = place.strf("publish runs/run out").done();
    assert!(ran.stderr.contains("no licence"), "{}", ran.stderr);
    assert!(place.read("out/README.md").contains("license: unknown\n"));
    place.strf("publish runs/run out").refused(
        "out: exists already, expected nothing there; give another name, or replace it with --force",
    );
    place.strf("publish runs/run out --licence MIT --force").done();
    assert!(place.read("out/README.md").contains("license: mit\n"));
    place.strf("train run.toml --out out --force --quiet").refused(
        "out holds a model by itself, as strf publish writes it, expected a run folder, an empty one or none; \
         choose another with --out",
    );

    let refusal = "found something else than what strf publish wrote, expected a folder that it wrote or \
                   nothing; name another folder";
    place.write("out/notes.txt", "mine");
    place.strf("publish runs/run out --force").refused(&format!("out: {refusal}"));
    assert_eq!(place.read("out/notes.txt"), "mine");
    // What deepSTRF saved has names of the same kind.
    place.copy("runs/run/model", "saved");
    place.strf("publish runs/run saved --force").refused(&format!("saved: {refusal}"));
    fs::create_dir(place.path("empty")).unwrap();
    place.strf("publish runs/run empty --licence MIT --force").done();
}

#[test]
fn a_kill_leaves_no_half_folder_under_the_name() {
    let place = with_ln();
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.into_string().unwrap()).collect()
    };
    place.strf("publish runs/run whole --licence MIT").done();
    let whole = names(&place.path("whole")).len();
    let mut caught = 0;
    for number in 0..20 {
        let out = format!("out{number}");
        let begun = |name: &String| name.starts_with(".strf-");
        let before = names(&place.path("")).iter().filter(|name| begun(name)).count();
        let mut running = place.start(&format!("publish runs/run {out} --licence MIT"));
        let now = || names(&place.path("")).iter().filter(|name| begun(name)).count();
        wait_until(|| now() > before || place.path(&out).exists());
        running.signal("-KILL");
        running.end();
        if place.path(&out).exists() {
            assert_eq!(names(&place.path(&out)).len(), whole);
        } else {
            caught += 1;
        }
    }
    assert!(caught > 0, "no publication was killed on its way");
}

/// With a model of shared units, published in `out`.
fn with_published() -> Workplace {
    let place = with_run("[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 4", "", "");
    place.strf("publish runs/run out --licence MIT").done();
    place
}

#[test]
fn what_does_not_fit_a_published_model_is_refused() {
    let place = with_published();
    let refused = |words: &str, said: &str| {
        require_refused(&place, words, said);
        assert!(!place.path("new").exists(), "{words}");
    };
    let with = |name: &str, change: &dyn Fn(&mut Recording)| {
        let mut other = loud();
        change(&mut other);
        place.write_data(name, &other);
    };
    with("wide.h5", &|other| other.dt_ms = 10.0);
    refused("adopt out --data wide.h5 --out new", "dt_ms: found 10, expected 5, as in training");
    with("others.h5", &|other| other.neurons[1].id = "d4".into());
    refused(
        "adopt out --data others.h5 --out new",
        "found no neuron b2, expected every neuron of the model",
    );
    with("hz.h5", &|other| other.frequencies_hz.as_mut().unwrap()[6] += 1.0);
    refused(
        "adopt out --data hz.h5 --out new",
        "found other centres of bands than out was fitted with",
    );
    with("db.h5", &|other| other.level = Some(SoundLevel::of(LevelKind::Db)));
    refused(
        "adopt out --data db.h5 --out new",
        "level: found db, expected amplitude, as in training",
    );
    with("renamed.h5", &|other| {
        other.clips[7].stimulus.id = "other".into();
        other.splits = None;
    });
    refused("adopt out --data renamed.h5 --out new", "data.split.test");
    place.write_data("few.h5", &{
        let mut few = loud();
        for clip in &mut few.clips {
            clip.cochleagram = clip.cochleagram.slice(ndarray::s![..5, ..]).to_owned();
        }
        Recording { frequencies_hz: None, ..few }
    });
    refused("adopt out --data few.h5 --out new", "found 5 bands, expected 7, as in training");
    refused("adopt out --data data.h5 --out new --dt-ms 2", "--dt-ms: found 2, expected 5");
    refused(
        "adopt out --data data.h5 --out new --set model.output=relu",
        "--set: found it beside out",
    );
    refused(
        "adopt out --data data.h5 --out new --prefilter none",
        "--prefilter: found it beside out",
    );

    // Other responses are scored, and said to be others.
    with("louder.h5", &|other| other.clips[8].responses[[1, 0, 3]] += 1.0);
    let ran = place.strf("adopt out --data louder.h5 --out louder").done();
    assert!(ran.stderr.contains("other responses to the test stimuli of b2"), "{}", ran.stderr);
}

#[test]
fn a_published_model_that_was_edited_is_refused() {
    let place = with_published();
    let metadata = place.read("out/metadata.json");
    let edits = [
        ("\"hidden\": 4", "\"hidden\": 5", "found shape"),
        ("\"bands\": 7", "\"bands\": 8", "bands = 8, and 7 numbers in mean"),
        ("\"nrf\"", "\"ln\"", "model."),
        ("\"dt_ms\": 5.0", "\"dt_ms\": \"5\"", "it is damaged or describes no model"),
        ("\"monitor\": \"valid_loss\"", "\"monitor\": \"luck\"", "train.monitor: found \"luck\""),
    ];
    for (was, is, said) in edits {
        assert!(metadata.contains(was), "{was} in {metadata}");
        place.write("out/metadata.json", &metadata.replacen(was, is, 1));
        let ran = place.strf("adopt out --data data.h5 --out new");
        assert!(ran.status == Some(2) && ran.stderr.contains(said), "{said}\n{}", ran.stderr);
        assert!(!place.path("new").exists(), "{said}");
    }
}
