//! What the README promises.
use std::path::PathBuf;

use clap::Parser;
use strf::cli::Cli;
use strf::config::part::Row;
use strf::models;

use crate::support::runs::Workplace;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

#[test]
fn every_command_in_the_readme_can_be_typed() {
    let text = readme();
    let commands = text.lines().map(str::trim).filter(|line| line.starts_with("strf "));
    let commands: Vec<&str> = commands.map(|line| line.split('#').next().unwrap()).collect();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let parsed = Cli::try_parse_from(command.split_whitespace());
        assert!(parsed.is_ok(), "{command}: {}", parsed.unwrap_err());
    }
}

#[test]
fn the_table_of_models_is_that_of_the_program() {
    let text = readme();
    for row in models::TABLE {
        let line = format!("| `{}` | {} |", row.part().name, row.part().summary);
        assert!(text.contains(&line), "{line}");
    }
}

#[test]
fn the_run_files_of_the_zebra_finch_train_and_score_where_the_recording_is_there() {
    let recording = root().join("../shared/data/zebra_finch.h5");
    if !recording.exists() {
        return;
    }
    let place = Workplace::new();
    for entry in std::fs::read_dir(root().join("configs/zebra_finch")).unwrap() {
        let file = entry.unwrap().path();
        let run = file.file_stem().unwrap().to_str().unwrap();
        let (file, data) = (file.display(), recording.display());
        let changed = format!("--set data.file={data} --set train.epochs=2 --out {run}");
        place.strf(&format!("train {file} {changed}")).done();
        let cc = place.column(&format!("{run}/scores.csv"), "cc");
        assert!(cc.len() == 1 && cc[0].abs() <= 1.0, "{run}: {cc:?}");
    }
}
