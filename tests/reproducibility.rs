//! The same run file and seed give the same bytes: on any number of threads, and however often a
//! run was stopped on the way.
use std::time::Duration;

use ndarray::{Array2, Array3};
use rand::Rng;
use strf::base::rng;
use strf::dataset::{Clip, Recording};

use crate::support::runs::{
    LN, MODELS, Workplace, by_steps, recording, run_file, same_bytes, wait_until,
};

#[test]
fn every_model_gives_the_same_bytes_on_one_thread_and_on_two() {
    let place = Workplace::new();
    for (name, model) in MODELS {
        place.write("run.toml", &run_file(model, "epochs = 3\nbatch = 2"));
        place.strf_on(1, &format!("train run.toml --out runs/{name}1")).done();
        place.strf_on(2, &format!("train run.toml --out runs/{name}2")).done();
        place.assert_same(&format!("runs/{name}1"), &format!("runs/{name}2"));
    }
}

/// As many bins, bands and neurons as make every operation spread over threads.
fn large() -> Recording {
    let small = recording();
    let grown = |clip: &Clip| {
        let mut rng = rng::generator(8, &clip.stimulus.id);
        let cochleagram = Array2::from_shape_simple_fn((34, 400), || rng.random_range(0.0..9.0));
        let responses = Array3::from_shape_simple_fn((40, 2, 400), || rng.random_range(0.0..3.0));
        Clip { stimulus: clip.stimulus.clone(), cochleagram, responses }
    };
    let neuron = |n: usize| strf::dataset::Entity { id: format!("n{n}"), ..Default::default() };
    Recording {
        frequencies_hz: Some((1..=34).map(|f| 200.0 * f64::from(f)).collect()),
        neurons: (0..40).map(neuron).collect(),
        clips: small.clips.iter().map(grown).collect(),
        ..small
    }
}

#[test]
fn work_that_is_spread_over_threads_gives_the_same_bytes() {
    let place = Workplace::holding(&large());
    let models = [
        "[model]\ntype = \"ln\"\nwindow_ms = 75.0\n[prefilter]\ntype = \"adaptrans\"",
        "[model]\ntype = \"dnet\"\nwindow_ms = 75.0",
        "[model]\ntype = \"cnn2d\"\nchannels = 4",
        "[model]\ntype = \"transformer\"",
        "[model]\ntype = \"cnn1d\"",
    ];
    for (i, model) in models.into_iter().enumerate() {
        place.write("run.toml", &run_file(model, "epochs = 1\nbatch = 3\nclip_norm = 0.5"));
        for threads in [1, 2, 5] {
            place.strf_on(threads, &format!("train run.toml --out runs/{i}on{threads}")).done();
        }
        place.assert_same(&format!("runs/{i}on1"), &format!("runs/{i}on2"));
        place.assert_same(&format!("runs/{i}on1"), &format!("runs/{i}on5"));
    }
}

#[test]
fn another_seed_gives_another_model() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 2"));
    place.strf("train run.toml --out runs/a").done();
    place.strf("train run.toml --out runs/b --set train.seed=1").done();
    for name in ["model/model.safetensors", "state/state.safetensors", "scores.csv"] {
        let (a, b) = (place.path("runs/a").join(name), place.path("runs/b").join(name));
        assert!(!same_bytes(&a, &b), "{name}");
    }
}

#[test]
fn the_run_file_in_a_run_folder_trains_the_same_model_elsewhere() {
    let place = Workplace::new();
    std::fs::create_dir(place.path("configs")).unwrap();
    let text = run_file(MODELS[6].1, "epochs = 3\nseed = 5").replace("data.h5", "../data.h5");
    place.write("configs/run.toml", &text);
    place.strf("train configs/run.toml --set train.lr=0.02").done();
    place.strf("train configs/runs/run/config.toml --out elsewhere").done();
    for name in ["config.json", "model.safetensors"] {
        let (first, again) = (place.path("configs/runs/run/model"), place.path("elsewhere/model"));
        assert!(same_bytes(&first.join(name), &again.join(name)), "{name}");
    }
    // The path of the dataset holds from each run folder; nothing else differs.
    let metadata = |run: &str| {
        let text = place.read(&format!("{run}/model/metadata.json"));
        let mut metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
        let data = metadata["settings"]["data"].take();
        let file = place.path(run).join(data.as_str().unwrap()).canonicalize().unwrap();
        (metadata, file)
    };
    assert_eq!(metadata("configs/runs/run"), metadata("elsewhere"));
    assert_eq!(place.read("configs/runs/run/scores.csv"), place.read("elsewhere/scores.csv"));
}

/// Settings that carry something from epoch to epoch, each in its own way.
const SETTINGS: [(&str, &str, &str); 5] = [
    ("plateau", MODELS[2].1, "schedule = \"plateau\"\npatience = 4\nlr = 0.5\nbatch = 2"),
    ("per_neuron", MODELS[5].1, "best = \"per_neuron\"\nmonitor = \"valid_loss\"\nlr = 0.02"),
    ("norm", LN, "batch = 3\nl1 = 0.01\nlr = 0.01"),
    ("clipped", MODELS[7].1, "clip_norm = 0.05\nbatch = 3"),
    ("poisson", MODELS[8].1, "loss = \"poisson\"\nmonitor = \"valid_cc\"\nbatch = 1"),
];

#[test]
fn a_run_in_several_sittings_ends_as_one_that_was_never_stopped() {
    let place = Workplace::new();
    for (name, model, train) in SETTINGS {
        place.write("run.toml", &by_steps(model, train));
        let train = |folder: &str, more: &str| {
            place.strf(&format!("train run.toml --out runs/{folder} {more}")).done()
        };
        train(&format!("{name}_whole"), "--set train.epochs=7");
        let parts = format!("{name}_parts");
        train(&parts, "--set train.epochs=0");
        for epochs in [1, 4, 7] {
            let said = train(&parts, &format!("--resume --set train.epochs={epochs}"));
            assert_eq!(said.stderr.contains("going on after epoch"), epochs > 1, "{said:?}");
        }
        place.assert_same(&format!("runs/{name}_whole"), &format!("runs/{name}_parts"));
    }
}

#[test]
fn a_plateau_has_halved_the_learning_rate_in_the_sittings_above() {
    let place = Workplace::new();
    let (_, model, train) = SETTINGS[0];
    place.write("run.toml", &by_steps(model, train));
    place.strf("train run.toml --set train.epochs=7").done();
    let rates = place.column("runs/run/history.csv", "lr");
    assert!(rates.windows(2).any(|pair| pair[1].total_cmp(&(pair[0] * 0.3)).is_eq()), "{rates:?}");
}

/// A run of many epochs that a signal reaches in the middle.
const LONG: &str = "schedule = \"cosine\"\nepochs = 60\npatience = 60\nbatch = 2\nlr = 0.02";

/// Kills a run at one moment after another until it gets through, and compares it with a whole one.
fn survives_kills(model: &str, train: &str) {
    let place = Workplace::new();
    place.write("run.toml", &run_file(model, train));
    place.strf("train run.toml --out runs/whole").done();
    let mut kills = 0;
    for moment in 0.. {
        let mut child = place.start("train run.toml --out runs/killed --resume");
        // Moments that meet every step of an epoch, and leave more and more time to go on.
        std::thread::sleep(Duration::from_millis(7 + 13 * moment));
        let killed = child.signal("-KILL");
        let said = child.end();
        if !killed {
            said.done();
            break;
        }
        kills += 1;
        let state = place.path("runs/killed/state/state.safetensors");
        if state.exists() && !place.path("runs/copy").exists() {
            place.copy("runs/killed", "runs/copy");
        }
    }
    assert!(kills > 0, "{kills} kills");
    place.assert_same("runs/whole", "runs/killed");
    place.strf("train runs/copy/config.toml --resume").done();
    place.assert_same("runs/whole", "runs/copy");
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_one_that_was_never_stopped() {
    survives_kills(MODELS[6].1, LONG);
}

#[test]
fn a_path_of_penalties_that_is_killed_ends_as_one_that_was_never_stopped() {
    survives_kills(LN, "smooth = \"auto\"");
    survives_kills(MODELS[5].1, "");
}

#[test]
fn descents_and_exact_solutions_that_are_killed_end_as_ones_that_were_never_stopped() {
    survives_kills(
        MODELS[3].1,
        "optimizer = \"lbfgs\"\nl2 = 0.01\nstarts = 3\npatience = 200\nepochs = 200",
    );
    survives_kills(MODELS[0].1, "folds = 4");
}

#[test]
fn ctrl_c_keeps_what_was_reached_and_says_how_to_go_on() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(MODELS[4].1, LONG));
    place.strf("train run.toml --set train.lr=0.01 --out runs/whole").done();
    let mut child = place.start("train run.toml --set train.lr=0.01 --out runs/parts");
    let history = place.path("runs/parts/history.csv");
    let epochs = || std::fs::read_to_string(&history).map_or(0, |text| text.lines().count());
    wait_until(|| epochs() > 3);
    assert!(child.signal("-INT"));
    let said = child.end();
    assert_eq!(said.status, Some(130), "{said:?}");
    let reached = place.csv("runs/parts/history.csv")["epoch"].last().unwrap().clone();
    let first = format!("strf: interrupted after epoch {reached}; best epoch ");
    let last = "; go on with: strf train runs/parts/config.toml --resume\n";
    assert!(said.stderr.contains(&first) && said.stderr.ends_with(last), "{said:?}");
    assert!(!place.path("runs/parts/scores.json").exists());

    place.strf("eval runs/parts").done();
    place.strf("train runs/parts/config.toml --resume").done();
    place.assert_same("runs/whole", "runs/parts");
}

#[test]
fn leftovers_of_a_kill_do_not_stop_resuming_and_are_cleared_away() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 4\nbatch = 2"));
    place.strf("train run.toml --out runs/whole").done();
    place.strf("train run.toml --out runs/parts --set train.epochs=2").done();
    let history = place.read("runs/parts/history.csv");
    place.write("runs/parts/history.csv", &(history + "3,0.01,0.00"));
    for name in [".strf-a1B2c3", "model/.strf-x", "state/.strf-y"] {
        place.write(&format!("runs/parts/{name}"), "half a fi");
    }
    place.strf("train run.toml --out runs/parts --resume").done();
    place.assert_same("runs/whole", "runs/parts");
}

#[test]
fn a_run_that_was_stopped_before_its_first_state_starts_anew() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 2"));
    place.strf("train run.toml --out runs/whole").done();
    place.strf("train run.toml --out runs/stateless").done();
    std::fs::remove_file(place.path("runs/stateless/state/state.safetensors")).unwrap();
    for folder in ["runs/bare", "runs/folders"] {
        std::fs::create_dir_all(place.path(folder).join("model")).unwrap();
        std::fs::create_dir_all(place.path(folder).join("state")).unwrap();
    }
    place.write("runs/folders/.strf-x1y2z3", "[da");
    for folder in ["stateless", "bare", "folders"] {
        place.strf(&format!("train run.toml --out runs/{folder} --resume")).done();
        place.assert_same("runs/whole", &format!("runs/{folder}"));
    }
    std::fs::create_dir_all(place.path("runs/again/model")).unwrap();
    place.strf("train run.toml --out runs/again").done();
    place.assert_same("runs/whole", "runs/again");
}

#[test]
fn a_finished_run_can_be_resumed_for_more_epochs_and_is_unfinished_until_then() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(MODELS[3].1, "epochs = 100000\npatience = 100000"));
    place.strf("train run.toml --set train.epochs=1").done();
    assert!(place.path("runs/run/scores.json").exists());
    let mut child = place.start("train run.toml --resume");
    wait_until(|| !place.path("runs/run/scores.json").exists());
    assert!(child.signal("-INT"));
    assert_eq!(child.end().status, Some(130));
    place.strf("train run.toml").refused(
        "runs/run holds a run that was stopped; go on with it with --resume, or replace it with \
         --force",
    );
}
