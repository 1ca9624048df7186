//! What somebody sees first: `strf` alone, and `strf demo`.
use std::fs;
use std::os::unix::fs::symlink;

use crate::support::runs::{Workplace, wait_until};

#[test]
fn the_program_alone_says_in_six_lines_what_to_do_first() {
    let ran = Workplace::empty().strf("").done();
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (6, ""));
    for command in ["strf demo", "strf import guess", "strf init", "strf train", "strf report"] {
        assert!(ran.stdout.contains(command), "{command}");
    }
}

#[test]
fn the_demo_is_made_anywhere_and_only_its_own_folder_is_replaced() {
    let place = Workplace::empty();
    let ran = place.strf("demo").done();
    assert!(ran.stderr.contains("strf train strf-demo/configs/ln.toml"), "{}", ran.stderr);
    let demo = place.path("strf-demo");
    for name in ["runs/ln/report.html", "runs/ln/strfs.png", "runs/ln/scores.csv", "data/demo.h5"] {
        assert!(ran.stdout.contains(name) || name == "data/demo.h5", "{name}\n{}", ran.stdout);
        assert!(demo.join(name).metadata().unwrap().len() > 100, "{name}");
    }

    place.strf("demo").refused(
        "strf-demo: holds a demo already; look at runs/ln/report.html in it, make it anew with --force, or name \
         another folder with --out",
    );

    // A demo that was stopped half way, before which another stood.
    let marker = demo.join(".strf-demo");
    let whole = fs::read_to_string(&marker).unwrap();
    let half = whole.strip_suffix("finished\n").unwrap();
    fs::rename(&demo, place.path("strf-demo.previous")).unwrap();
    fs::create_dir(&demo).unwrap();
    fs::write(&marker, half).unwrap();
    place.strf("demo").refused(
        "strf-demo: holds a demo that did not come to its end; make it anew with --force, or name another \
         folder with --out",
    );
    place.strf("demo --force").done();
    assert_eq!(fs::read_to_string(&marker).unwrap(), whole);
    assert!(!place.path("strf-demo.previous").exists());

    // One that is interrupted while it fits leaves the one before, and no hint at the fit that is gone.
    let before = place.contents("strf-demo");
    let mut running = place.start("demo --force");
    let history = place.path("strf-demo/runs/ln/history.csv");
    wait_until(|| place.path("strf-demo.previous").exists() && history.exists());
    assert!(running.signal("-INT"));
    let ran = running.end();
    assert_eq!(ran.status, Some(130), "{}", ran.stderr);
    let said = "strf: interrupted; strf-demo is the demo that was there before\n";
    assert!(ran.stderr.ends_with(said), "{}", ran.stderr);
    assert!(!ran.stderr.contains("--resume"), "{}", ran.stderr);
    assert!(place.contents("strf-demo") == before);
    assert!(!place.path("strf-demo.previous").exists());
}

#[test]
fn what_the_demo_did_not_make_is_left_alone_even_with_force() {
    const OTHER: &str = "strf demo did not make what lies there, and leaves it alone; name another folder with --out";
    let place = Workplace::empty();
    let own = place.path("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("thesis.txt"), "years of work").unwrap();
    let refused = |out: &str| {
        place.strf(&format!("demo --out {out} --force")).refused(&format!("{out}: {OTHER}"));
    };
    refused("own");
    // A marker that says something else, a link to a marker, and a link to a folder.
    fs::write(own.join(".strf-demo"), "mine").unwrap();
    refused("own");
    fs::create_dir(place.path("half")).unwrap();
    let made_here = "This folder was made by strf demo; strf demo --force replaces it.\n";
    fs::write(place.path("half/.strf-demo"), made_here).unwrap();
    symlink("half", place.path("link")).unwrap();
    refused("link");
    fs::remove_file(own.join(".strf-demo")).unwrap();
    symlink("../half/.strf-demo", own.join(".strf-demo")).unwrap();
    refused("own");
    assert_eq!(fs::read_to_string(own.join("thesis.txt")).unwrap(), "years of work");
    assert!(place.path("half/.strf-demo").exists());
}
