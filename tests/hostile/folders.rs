//! Links in run folders and sweep folders are not followed for writing.
#![cfg(unix)]
use std::os::unix::fs::symlink;

use super::{confined, refused};
use crate::support::runs::{LN, Workplace, by_steps};

/// A finished run in `run`, made by `run.toml`, and something precious outside of it.
fn place() -> Workplace {
    let place = Workplace::new();
    place.write("run.toml", &(by_steps(LN, "epochs = 2") + "[output]\ntensorboard = true\n"));
    place.strf("train run.toml --out run").done();
    std::fs::create_dir(place.path("outside")).unwrap();
    place.write("outside/file", "precious");
    place.write("outside/.strf-unfinished", "somebody's");
    place
}

/// Fails unless nothing was written, changed or removed outside of the folder.
#[track_caller]
fn is_untouched(place: &Workplace) {
    let names: Vec<_> = place.contents("outside").into_keys().collect();
    assert_eq!(names, [".strf-unfinished", "file"].map(std::path::PathBuf::from));
    assert_eq!(place.read("outside/file"), "precious");
}

/// Puts a link in the place of something.
fn link(place: &Workplace, target: &str, at: &str) {
    let path = place.path(at);
    if path.is_dir() {
        std::fs::remove_dir_all(&path).unwrap();
    } else if path.exists() {
        std::fs::remove_file(&path).unwrap();
    }
    symlink(place.path(target), path).unwrap();
}

#[test]
fn folders_of_a_run_that_are_links_are_not_written_into() {
    for folder in ["model", "state", "tensorboard"] {
        let place = place();
        link(&place, "outside", &format!("run/{folder}"));
        refused(
            &place,
            "train run.toml --out run --force",
            &[&format!("run/{folder}: found a link")],
        );
        is_untouched(&place);
    }
    let place = place();
    link(&place, "outside", "run/pictures");
    refused(&place, "plot run", &["run/pictures: found a link"]);
    refused(&place, "plot run --force", &["run/pictures: found a link"]);
    is_untouched(&place);
}

#[test]
fn a_run_that_is_gone_on_with_does_not_write_into_a_linked_folder() {
    let place = place();
    std::fs::remove_file(place.path("run/scores.json")).unwrap();
    let text = place.read("run.toml").replace("epochs = 2", "epochs = 3");
    place.write("run.toml", &text);
    std::fs::rename(place.path("run/state"), place.path("elsewhere")).unwrap();
    link(&place, "elsewhere", "run/state");
    let before = place.contents("elsewhere");
    refused(&place, "train run.toml --out run --resume", &["run/state: found a link"]);
    assert_eq!(place.contents("elsewhere"), before);
}

#[test]
fn a_lock_that_is_a_link_locks_nothing_and_is_not_written_through() {
    for target in ["outside/file", "outside/new"] {
        let place = place();
        link(&place, target, "run/lock.json");
        refused(&place, "train run.toml --out run --force", &["run/lock.json: found a link"]);
        is_untouched(&place);
    }
}

#[test]
fn files_that_are_links_are_replaced_and_what_they_led_to_stays() {
    let place = place();
    for name in ["config.toml", "history.csv", "scores.csv", "scores.json", "model/metadata.json"] {
        link(&place, "outside/file", &format!("run/{name}"));
    }
    link(&place, "outside/file", "run/state/state.safetensors");
    link(&place, "outside/file", "run/tensorboard/events.out.tfevents.strf");
    let ran = confined(&place, "train run.toml --out run --force").done();
    is_untouched(&place);
    assert!(!place.path("run/history.csv").is_symlink(), "{}", ran.stderr);
    for (words, name) in [
        ("predict run --force", "predictions.h5"),
        ("export-strfs run --plot --force", "strfs.h5"),
        ("report run --out run/report.html --force", "report.html"),
    ] {
        for target in ["outside/file", "outside/new"] {
            link(&place, target, &format!("run/{name}"));
            confined(&place, words).done();
            assert!(!place.path("run").join(name).is_symlink(), "{words}");
            is_untouched(&place);
        }
    }
}

#[test]
fn a_folder_that_the_user_gives_may_be_a_link() {
    let place = place();
    std::fs::rename(place.path("run"), place.path("kept")).unwrap();
    symlink("kept", place.path("run")).unwrap();
    confined(&place, "train run.toml --out run --force").done();
    assert!(place.path("kept/scores.json").exists() && place.path("run").is_symlink());
}

#[test]
fn what_is_read_in_a_run_folder_has_an_end() {
    let place = place();
    std::fs::remove_file(place.path("run/state/state.safetensors")).unwrap();
    symlink("/dev/zero", place.path("run/state/state.safetensors")).unwrap();
    let resume = "train run.toml --out run --resume";
    refused(&place, resume, &["run/state/state.safetensors", "it is no ordinary file"]);
    link(&place, "outside/file", "run/model/metadata.json");
    std::fs::remove_file(place.path("run/model/metadata.json")).unwrap();
    symlink("/dev/zero", place.path("run/model/metadata.json")).unwrap();
    refused(&place, "eval run", &["run/model/metadata.json", "it is no ordinary file"]);
}

const SWEEP: &str = "[fit]\nfolds = 2\n[grid]\nmodel.window_ms = [10.0, 20.0]\n";

/// A sweep in `sweep` of which one fit is missing, and something precious.
fn sweep() -> Workplace {
    let place = place();
    let run = by_steps(LN, "epochs = 1");
    place.write("sweep.toml", &format!("{run}\n{SWEEP}"));
    place.strf("sweep sweep.toml --out sweep").done();
    std::fs::remove_dir_all(place.path("sweep/jobs/00001")).unwrap();
    place
}

#[test]
fn folders_of_a_sweep_that_are_links_are_not_written_into() {
    for folder in ["claims", "work", "jobs", "failed"] {
        let place = sweep();
        link(&place, "outside", &format!("sweep/{folder}"));
        refused(&place, "sweep resume sweep", &[&format!("sweep/{folder}: found a link")]);
        is_untouched(&place);
    }
    let place = sweep();
    link(&place, "outside", "sweep/work/00001-1");
    let ran = confined(&place, "sweep resume sweep");
    assert_ne!(ran.status, Some(0), "{}", ran.stderr);
    is_untouched(&place);
}

#[test]
fn a_plan_is_as_long_as_what_it_lists() {
    let place = sweep();
    let plan = place.read("sweep/plan.json");
    let at = plan.find("\"rounds\"").unwrap();
    let (before, rest) = plan.split_at(at);
    let longer = rest.replacen('2', "900000000000000", 1);
    assert_ne!(rest, longer);
    place.write("sweep/plan.json", &format!("{before}{longer}"));
    refused(&place, "sweep resume sweep", &["sweep/plan.json: found rounds of 900000000000000"]);
}

#[test]
fn jobs_of_a_scheduler_are_numbers_and_no_options() {
    let place = sweep();
    place.write("sweep/slurm.json", "[{\"job\": \"--user=somebody\", \"tasks\": 1}]");
    for words in ["sweep cancel sweep", "sweep resume sweep"] {
        refused(&place, words, &["sweep/slurm.json: found the job \"--user=somebody\""]);
    }
}
