//! What the README promises.
use strf::config::part::Row;
use strf::models;

use crate::support::pages::{Page, root, text};
use crate::support::runs::Workplace;
use crate::support::shared;

#[test]
fn the_files_that_pages_for_developers_name_are_there() {
    let tops = ["src/", "tests/", "configs/", "data/", "docs/"];
    for name in ["docs/architecture.md", "CONTRIBUTING.md"] {
        let page = Page::read(name);
        let words = page.spans.iter().filter(|word| tops.iter().any(|top| word.starts_with(top)));
        let named: Vec<&String> = words.filter(|word| !word.contains("NAME")).collect();
        assert!(named.len() >= 3, "{name}: {named:?}");
        for path in named {
            assert!(root().join(path).exists(), "{name}: {path}");
        }
    }
}

#[test]
fn the_table_of_models_is_that_of_the_program() {
    let text = text("README.md");
    for row in models::TABLE {
        let line = format!("| `{}` | {} |", row.part().name, row.part().summary);
        assert!(text.contains(&line), "{line}");
    }
}

#[test]
#[ignore = "needs ../shared"]
fn three_commands_lead_from_sound_files_to_a_picture_of_the_real_recording() {
    let place = Workplace::empty();
    place.bring(&shared().join("zebra_finch"), "zebra_finch");
    for folder in ["data", "configs/zebra_finch"] {
        std::fs::create_dir_all(place.path(folder)).unwrap();
    }
    let run_file = "configs/zebra_finch/ln_dcls.toml";
    std::fs::copy(root().join(run_file), place.path(run_file)).unwrap();
    let all = Page::read("README.md").commands();
    let is_first =
        |words: &Vec<String>| words.join(" ").starts_with("strf import spikes zebra_finch ");
    let first = all.iter().position(is_first);
    for words in &all[first.unwrap()..][..3] {
        place.strf(&words[1..].join(" ")).done();
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
