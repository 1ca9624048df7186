//! The program as users start it.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::Command;
use serde_json::Value as Json;
use strf::base::wording::one_of;
use strf::run_file::RunConfig;
use strf::simd::level::Level;

fn strf(folder: &Path, arguments: &[&str]) -> Output {
    Command::cargo_bin("strf").unwrap().current_dir(folder).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn wrong_arguments_exit_with_2() {
    let here = Path::new(".");
    assert_eq!(strf(here, &["trian"]).status.code(), Some(2));
    assert_eq!(strf(here, &["train"]).status.code(), Some(2));
    assert_eq!(strf(here, &["--version"]).status.code(), Some(0));
}

#[test]
fn the_level_of_vector_instructions_can_be_chosen_among_those_of_the_machine() {
    let run = |level: &str| {
        let mut command = Command::cargo_bin("strf").unwrap();
        command.env("STRF_SIMD", level).args(["list", "models"]).output().unwrap()
    };
    for level in Level::available() {
        assert_eq!(run(level.name()).status.code(), Some(0), "{level}");
    }
    assert_eq!(run("").status.code(), Some(0), "not chosen");
    let missing = Level::ALL.into_iter().find(|level| !level.is_available()).unwrap();
    for (level, found) in [("sse9", "\"sse9\", expected"), (missing.name(), missing.name())] {
        let output = run(level);
        assert_eq!(output.status.code(), Some(2), "{level}");
        let expected = format!("STRF_SIMD: found {found}");
        assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
    }
}

#[test]
fn init_writes_a_run_file_that_holds_from_where_it_lies() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir(temp.path().join("configs")).unwrap();
    let arguments = [
        "init",
        "configs/mine.toml",
        "--model",
        "nrf",
        "--prefilter",
        "adaptrans",
        "--parameterization",
        "dcls",
        "--data",
        "data/x.h5",
    ];
    let output = strf(temp.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(stderr(&output), "wrote configs/mine.toml; next: strf train configs/mine.toml\n");

    let file = temp.path().join("configs/mine.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\nfile = \"../data/x.h5\"\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let architecture = RunConfig::load(&file, &[]).unwrap().architecture;
    assert_eq!(architecture.model.row.part.name, "nrf");
    assert_eq!(architecture.prefilters[0].row.part.name, "adaptrans");
    assert_eq!(architecture.parameterization.row.part.name, "dcls");

    let output = strf(temp.path(), &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "strf: configs/mine.toml: exists already, expected nothing there; give another name, or \
         replace it with --force\n"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let left = std::fs::read_dir(temp.path().join("configs")).unwrap().count();
    assert_eq!(left, 1, "nothing else is left behind");
}

#[test]
fn quiet_leaves_notes_out() {
    let temp = tempfile::tempdir().unwrap();
    let output = strf(temp.path(), &["init", "mine.toml", "--quiet"]);
    assert_eq!((output.status.code(), stdout(&output), stderr(&output)), (Some(0), "", ""));
    assert!(temp.path().join("mine.toml").exists());
}

#[test]
fn commands_that_are_to_be_typed_next_hold_with_blanks_in_names() {
    let temp = tempfile::tempdir().unwrap();
    let output = strf(temp.path(), &["init", "my first run.toml"]);
    let want = "wrote my first run.toml; next: strf train 'my first run.toml'\n";
    assert_eq!(stderr(&output), want);
}

#[test]
fn init_says_why_a_file_cannot_be_written() {
    let temp = tempfile::tempdir().unwrap();
    let output = strf(temp.path(), &["init", "no/such/folder/mine.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let want = "strf: no/such/folder: is not a folder, expected one to write into; create it\n";
    assert_eq!(stderr(&output), want);
}

#[test]
fn init_prints_the_run_file_where_no_file_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let output = strf(temp.path(), &["init", "--model", "cnn2d"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    RunConfig::parse(stdout(&output), Path::new("x.toml"), &[]).unwrap();
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn init_prints_the_reference_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = strf(root, &["init", "--all-keys"]);
    assert_eq!(
        stdout(&output),
        std::fs::read_to_string(root.join("configs/reference.toml")).unwrap()
    );
}

#[test]
fn init_refuses_parts_that_are_unknown_or_do_not_go_together() {
    let here = Path::new(".");
    let output = strf(here, &["init", "--model", "lnn"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        format!(
            "strf: --model: found \"lnn\", expected {} (did you mean ln?)\n",
            one_of(&strf::models::names())
        )
    );
    let output = strf(here, &["init", "--model", "cnn2d", "--parameterization", "dcls"]);
    assert_eq!(output.status.code(), Some(2));
    let reason = "its kernels are small filters, not STRFs";
    assert!(stderr(&output).contains(reason), "{output:?}");
    assert_eq!(stdout(&output), "");
}

#[test]
fn list_shows_every_table_as_text_and_as_json() {
    let here = Path::new(".");
    let text = strf(here, &["list"]);
    let json = strf(here, &["list", "--json"]);
    assert_eq!((text.status.code(), json.status.code()), (Some(0), Some(0)));
    let tables: Json = serde_json::from_str(stdout(&json)).unwrap();
    for (table, parts) in tables.as_object().unwrap() {
        assert!(stdout(&text).contains(&format!("{table}\n")), "{table}");
        for part in parts.as_array().unwrap() {
            let heading = format!("{}: ", part["name"].as_str().unwrap());
            assert!(stdout(&text).contains(&heading), "{table}: {heading}");
        }
    }
    assert_eq!(tables["models"][2]["name"], "nrf");
    assert_eq!(tables["parameterizations"][1]["keys"][0]["default"], "1");

    let one = strf(here, &["list", "losses"]);
    assert!(stdout(&one).starts_with("losses\n  mse: squared error\n"), "{one:?}");
    assert!(!stdout(&one).contains("models"), "{one:?}");
}

#[test]
fn list_refuses_an_unknown_table() {
    let output = strf(Path::new("."), &["list", "model"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("strf: table: found \"model\", expected models, "));
    assert!(stderr(&output).ends_with("(did you mean models?)\n"), "{output:?}");
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = strf(Path::new("."), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(stdout(&output).contains("export-strfs"), "{shell}");
    }
}

#[test]
fn manual_pages_are_written_for_each_command() {
    let place = tempfile::tempdir().unwrap();
    let output = strf(place.path(), &["man", "share/man1"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), "share/man1\n"), "{output:?}");
    let folder = place.path().join("share/man1");
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    for name in ["strf", "strf-train", "strf-sweep-status", "strf-export-strfs"] {
        let words = name.replace('-', "\\-");
        assert!(page(&format!("{name}.1")).contains(&words), "{name}");
    }
    assert!(page("strf-train.1").contains("Go on with the run that lies in the run folder"));
    assert!(!folder.join("strf-sweep-work.1").exists(), "a hidden command");

    std::fs::write(place.path().join("file"), "").unwrap();
    let output = strf(place.path(), &["man", "file"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("file"), "{output:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("strf"))
        .args(["init", "--all-keys"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}
