//! `strf doctor`: what it says, and that the built-in fit comes out right.
use strf::simd::level::Level;

use crate::support::runs::{Ran, Workplace};

const ROWS: [&str; 13] = [
    "strf",
    "HDF5",
    "system",
    "C library",
    "processor",
    "processors",
    "memory",
    "memory limit",
    "vector levels",
    "GPU",
    "variables",
    "temporary folder",
    "terminal",
];

/// What the row of this name says.
fn row<'a>(text: &'a str, name: &str) -> &'a str {
    let of_row = |line: &&str| line.get(..18).is_some_and(|front| front.trim_end() == name);
    let line = text.lines().find(of_row).unwrap_or_else(|| panic!("{name}\n{text}"));
    &line[18..]
}

#[test]
fn the_doctor_says_what_a_report_needs_in_rows_and_the_check_passes() {
    let ran = Workplace::empty().strf("doctor").done();
    assert_eq!(ran.stderr, "");
    for name in ROWS {
        assert!(!row(&ran.stdout, name).is_empty(), "{name}\n{}", ran.stdout);
    }
    assert_eq!(ran.stdout.lines().count(), ROWS.len() + 1 + Level::available().len());
    assert!(row(&ran.stdout, "strf").starts_with(env!("CARGO_PKG_VERSION")), "{}", ran.stdout);
    assert_eq!(row(&ran.stdout, "temporary folder"), "writable");
    for level in Level::available() {
        let said = row(&ran.stdout, &format!("  {level}"));
        assert!(said.starts_with("right, ") && said.ends_with(" off at most"), "{said}");
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    assert!(row(&ran.stdout, "C library").starts_with("glibc 2."), "{}", ran.stdout);
}

#[test]
fn the_check_passes_under_each_level_that_the_program_is_told_to_take() {
    let place = Workplace::empty();
    for level in Level::available() {
        let mut command = place.command("doctor");
        let ran = Ran::of(command.env("STRF_SIMD", level.name())).done();
        let said = row(&ran.stdout, "vector levels");
        assert!(said.ends_with(&format!("; in use: {level}")), "{said}");
        assert!(row(&ran.stdout, "variables").contains(&format!("STRF_SIMD={level}")));
        assert_eq!(ran.stdout.matches("right, ").count(), Level::available().len());
    }
}

#[test]
fn json_has_the_same_and_names_no_person_host_or_path() {
    let place = Workplace::empty();
    let mut command = place.command("doctor --json");
    let command = command
        .env("TMPDIR", place.path("").canonicalize().unwrap())
        .env("USER", "somebody-of-the-lab")
        .env("STRF_FOLDER", "/home/somebody-of-the-lab");
    let ran = Ran::of(command).done();
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["strf"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["variables"]["STRF_FOLDER"], "(set)");
    assert_eq!(json["temporary_folder"], "writable");
    assert!(json["memory"]["free"].as_u64().unwrap() <= json["memory"]["total"].as_u64().unwrap());
    let levels = json["check"]["levels"].as_array().unwrap();
    let names: Vec<&str> = levels.iter().map(|level| level["level"].as_str().unwrap()).collect();
    assert_eq!(names, Level::available().into_iter().map(Level::name).collect::<Vec<_>>());
    for level in levels {
        assert_eq!((&level["passes"], &level["problems"]), (&true.into(), &serde_json::json!([])));
        assert!(level["largest_deviation"].as_f64().unwrap() < 1e-6, "{level}");
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    for (what, name) in
        [("person", "somebody-of-the-lab"), ("host", host.trim()), ("path", "/home")]
    {
        let told = ran.stdout.split(['"', ' ', '=']).any(|word| word == name);
        assert!(name.is_empty() || !told, "{what} {name}\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains(&*place.path("").to_string_lossy()), "{}", ran.stdout);
}

#[test]
fn a_temporary_folder_that_is_not_there_is_told() {
    let place = Workplace::empty();
    let mut command = place.command("doctor");
    let ran = Ran::of(command.env("TMPDIR", place.path("gone"))).done();
    assert_eq!(row(&ran.stdout, "temporary folder"), "cannot be written: entity not found");
    assert_eq!(row(&ran.stdout, "variables").matches("TMPDIR=(set)").count(), 1);
}
