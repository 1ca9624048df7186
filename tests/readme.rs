//! What the README promises.
use std::path::PathBuf;

use clap::Parser;
use strf::commands::Cli;
use strf::config::part::Row;
use strf::models;

use crate::support::runs::Workplace;
use crate::support::shared;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

fn readme() -> String {
    page("README.md")
}

/// The lines of a page that are commands of the program, without what is said about them.
fn commands(page: &str) -> Vec<&str> {
    let lines = page.lines().map(str::trim).filter(|line| line.starts_with("strf "));
    lines.map(|line| line.split('#').next().unwrap().trim()).collect()
}

#[test]
fn every_command_in_the_pages_can_be_typed() {
    for (name, least) in [
        ("README.md", 11),
        ("docs/tutorial.md", 11),
        ("docs/importing.md", 15),
        ("docs/scores.md", 2),
        ("docs/receptive-fields.md", 6),
        ("docs/publishing.md", 4),
        ("docs/report.md", 2),
        ("docs/sweeps.md", 7),
    ] {
        let page = page(name);
        let commands = commands(&page);
        assert!(commands.len() >= least, "{name}: {commands:?}");
        for command in commands {
            let parsed = Cli::try_parse_from(command.split_whitespace());
            assert!(parsed.is_ok(), "{name}: {command}: {}", parsed.unwrap_err());
        }
    }
}

/// What stands between two signs, again and again.
fn between<'a>(page: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let rest = page.split(open).skip(1);
    rest.filter_map(|rest| rest.split_once(close)).map(|(inside, _)| inside).collect()
}

#[test]
fn the_files_that_pages_for_developers_name_are_there() {
    let tops = ["src/", "tests/", "configs/", "data/", "docs/"];
    for name in ["docs/architecture.md", "CONTRIBUTING.md"] {
        let (text, at) = (page(name), root().join(name));
        let links = between(&text, "](", ")");
        let linked = links.iter().map(|link| at.parent().unwrap().join(link));
        let words: Vec<&str> = text.split('`').collect();
        let words = words.into_iter().filter(|word| tops.iter().any(|top| word.starts_with(top)));
        let named = words.filter(|word| !word.contains("NAME")).map(|word| root().join(word));
        let all: Vec<PathBuf> = linked.chain(named).collect();
        assert!(all.len() >= 4, "{name}: {all:?}");
        for path in all {
            assert!(path.exists(), "{name}: {}", path.display());
        }
    }
}

#[test]
fn the_book_has_a_place_for_every_page() {
    let summary = page("docs/SUMMARY.md");
    let places = between(&summary, "](", ")");
    let pages = std::fs::read_dir(root().join("docs")).unwrap();
    let names = pages.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in names.filter(|name| name.ends_with(".md") && name != "SUMMARY.md") {
        assert!(places.contains(&name.as_str()), "docs/SUMMARY.md: no place for {name}");
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
#[ignore = "needs ../shared"]
fn three_commands_lead_from_sound_files_to_a_picture_of_the_real_recording() {
    let shared = shared();
    let place = Workplace::empty();
    for folder in ["zebra_finch", "data", "configs/zebra_finch"] {
        std::fs::create_dir_all(place.path(folder)).unwrap();
    }
    for entry in std::fs::read_dir(shared.join("zebra_finch")).unwrap() {
        let file = entry.unwrap();
        let name = file.file_name().into_string().unwrap();
        std::fs::copy(file.path(), place.path("zebra_finch").join(name)).unwrap();
    }
    let run_file = "configs/zebra_finch/ln_dcls.toml";
    std::fs::copy(root().join(run_file), place.path(run_file)).unwrap();
    let text = readme();
    let all = commands(&text);
    let first = all.iter().position(|line| line.contains("import spikes zebra_finch ")).unwrap();
    for command in &all[first..first + 3] {
        place.strf(command.strip_prefix("strf ").unwrap()).done();
    }
    assert!(place.path("runs/zebra_finch/ln_dcls/strfs.png").exists());
    let cc = place.column("runs/zebra_finch/ln_dcls/scores.csv", "cc");
    assert!(cc[0] > 0.5, "{cc:?}");
}

#[test]
#[ignore = "needs ../shared"]
fn run_files_train_and_score_models_of_the_real_recording() {
    let recording = shared().join("zebra_finch.h5");
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
