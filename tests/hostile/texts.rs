//! JSON, TOML and tables: brackets without end, numbers of a million digits, lines without end.
use super::{confined, is_small, refused, too_large};
use crate::support::runs::{LN, Workplace, run_file};

/// So many brackets in one another.
const DEEP: usize = 100_000;

/// A finished run in `run`.
fn run() -> Workplace {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 1"));
    place.strf("train run.toml --out run").done();
    place
}

/// JSON of an object whose first value is another one.
fn with_value(text: &str, key: &str, value: &str) -> String {
    let place = text.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("no {key} in {text}"));
    let from = place + key.len() + 3;
    format!("{} {value}, \"rest\":{}", &text[..from], &text[from..])
}

#[test]
fn json_without_end_is_refused_where_it_is_read() {
    let digits = "1".repeat(1_000_000);
    let deep = ["[".repeat(DEEP), "{\"a\":".repeat(DEEP), digits];
    let place = run();
    for (file, key, words) in [
        ("run/model/metadata.json", "architecture", "eval run"),
        ("run/model/metadata.json", "bands", "eval run"),
        ("run/scores.json", "metrics", "report run --out report.html"),
    ] {
        let sound = place.read(file);
        let key = if sound.contains(&format!("\"{key}\":")) { key } else { "neurons" };
        for value in &deep {
            place.write(file, &with_value(&sound, key, value));
            refused(&place, words, &[file]);
        }
        place.write(file, &sound);
    }
    let config = place.read("run/model/config.json");
    std::fs::create_dir(place.path("saved")).unwrap();
    std::fs::copy(place.path("run/model/model.safetensors"), place.path("saved/model.safetensors"))
        .unwrap();
    for value in &deep {
        place.write("saved/config.json", &with_value(&config, "_model_class", value));
        refused(&place, "adopt saved --data data.h5 --out adopted", &["saved/config.json"]);
    }
    assert!(!place.path("adopted").exists());
}

#[test]
fn toml_without_end_is_refused_where_it_is_read() {
    let place = Workplace::new();
    let sound = run_file(LN, "epochs = 1");
    for value in [
        "[".repeat(DEEP),
        "{ a = ".repeat(DEEP),
        format!("1\na{} = 1", ".a".repeat(DEEP)),
        "1".repeat(1_000_000),
    ] {
        place.write("run.toml", &sound.replace("epochs = 1", &format!("epochs = {value}")));
        for words in ["train run.toml", "sweep run.toml --out sweep"] {
            refused(&place, words, &["run.toml"]);
        }
    }
    assert!(!place.path("sweep").exists());
}

#[test]
fn a_model_that_is_too_large_is_not_built() {
    let place = run();
    let sound = place.read("run/model/metadata.json");
    for (key, value) in [("window_ms", "1e12"), ("bands", "900000000000")] {
        let at = sound.find(&format!("\"{key}\":")).unwrap() + key.len() + 3;
        let end = at + sound[at..].find([',', '\n']).unwrap();
        place.write(
            "run/model/metadata.json",
            &format!("{} {value}{}", &sound[..at], &sound[end..]),
        );
        let ran = confined(&place, "export-strfs run --out strfs.h5");
        assert_eq!(ran.status, Some(2), "{key}: {}", ran.stderr);
    }
    place.write(
        "run.toml",
        &run_file("[model]\ntype = \"nrf\"\nhidden = 65536\nwindow_ms = 10000.0", "epochs = 1"),
    );
    too_large(&place, "train run.toml --out other");
}

/// A sound with one file of spike times.
fn cell(spikes: &str) -> Workplace {
    let place = Workplace::empty();
    std::fs::create_dir(place.path("cell")).unwrap();
    let sound = crate::import::fixture("zebra_finch/stim1.wav");
    std::fs::copy(sound, place.path("cell/stim1.wav")).unwrap();
    place.write("cell/spike1", spikes);
    place
}

/// What is typed.
const SPIKES: &str = "import spikes cell --unit ms --set frontend.min_freq_hz=100 \
                      --set frontend.max_freq_hz=900 --set frontend.bands=5 --out out.h5";

#[test]
fn spike_times_that_take_more_memory_than_their_text_are_counted() {
    too_large(&cell(&"1 ".repeat(120_000_000)), SPIKES);
    too_large(&cell(&"\n".repeat(50_000_000)), SPIKES);
    assert_eq!(confined(&cell("1 2\n3\n"), SPIKES).done().stderr, "");
}

#[test]
fn a_file_that_is_long_and_holds_nothing_is_refused_by_its_length() {
    let place = run();
    let file =
        std::fs::File::options().write(true).open(place.path("run/model/metadata.json")).unwrap();
    file.set_len(1 << 40).unwrap();
    too_large(&place, "eval run");
    let place = cell("");
    let file = std::fs::File::options().write(true).open(place.path("cell/spike1")).unwrap();
    file.set_len(1 << 40).unwrap();
    too_large(&place, SPIKES);
}

#[test]
fn a_table_whose_first_line_has_no_end_is_refused() {
    let place = Workplace::empty();
    place.write("sound.csv", "0,1,2\n3,4,5\n");
    std::fs::File::create(place.path("responses.csv")).unwrap().set_len(1 << 40).unwrap();
    let ran = confined(
        &place,
        "import csv responses.csv --cochleagrams sound.csv --dt-ms 5 --out out.h5",
    );
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("a line of more than"), "{}", ran.stderr);
    is_small(&place.path("sound.csv"), 100);
}
