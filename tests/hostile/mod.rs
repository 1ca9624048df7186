//! Files of strangers: whatever they declare, compress, link to or are called, the program takes no memory
//! without bound, writes nothing outside of its output, and runs nothing.
//!
//! Each file is made by its test. Programs are run with as much memory as they are allowed to take, and an
//! address space that is not much larger: one that takes what a file asks for is ended by the system.
use std::path::Path;
use std::process::Command;

use crate::support::runs::{Ran, Workplace};

mod archives;
mod datasets;
mod folders;
mod matlab;
mod names;
mod sounds;
mod texts;
mod weights;

/// What programs may take.
const ALLOWED: &str = "500MB";
/// Their address space in KiB: twice that, and what threads reserve.
const ADDRESS_SPACE_KIB: u64 = 2 << 20;
/// What they say where a file asks for more.
const TOO_LARGE: &str = "of memory, expected at most 90 % of the 500 MB that --max-memory allows";

/// Runs the program with little memory. Two threads: each reserves some of the address space.
fn confined(place: &Workplace, words: &str) -> Ran {
    let limit = format!("ulimit -v {ADDRESS_SPACE_KIB}; exec \"$0\" \"$@\"");
    let limit = if cfg!(target_os = "linux") { limit.as_str() } else { "exec \"$0\" \"$@\"" };
    let mut command = Command::new("sh");
    command.args(["-c", limit]).arg(assert_cmd::cargo::cargo_bin("strf"));
    command.args(words.split_whitespace()).args(["--max-memory", ALLOWED]);
    command.env("RAYON_NUM_THREADS", "2").current_dir(place.path("."));
    Ran::of(&mut command)
}

/// Fails unless the program refuses a file in words that hold these.
#[track_caller]
fn refused(place: &Workplace, words: &str, said: &[&str]) {
    let ran = confined(place, words);
    assert_eq!(ran.status, Some(2), "{words}: {}", ran.stderr);
    for said in said {
        assert!(ran.stderr.contains(said), "{words}: found {}, expected {said}", ran.stderr);
    }
}

/// Fails unless the program refuses a file for its size.
#[track_caller]
fn too_large(place: &Workplace, words: &str) {
    refused(place, words, &[TOO_LARGE]);
}

/// Fails where a file is larger than so many bytes: what is tested is what it declares.
#[track_caller]
fn is_small(path: &Path, most: u64) {
    let bytes = std::fs::metadata(path).unwrap().len();
    assert!(bytes < most, "{}: {bytes} bytes", path.display());
}
