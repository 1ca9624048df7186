//! The tutorial, run from its own text.
use crate::support::pages::{Page, root};
use crate::support::runs::Workplace;
use crate::support::shared;
use crate::support::songs::write_songs;

/// Commands that stand together, and the lines that the page shows of what they print.
struct Step {
    commands: Vec<Vec<String>>,
    shown: Vec<String>,
}

/// The steps of the page; the simulation that stands in for a recording is no step.
fn steps(page: &Page) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in &page.blocks {
        let lines = block.text.lines();
        if block.language == "sh" {
            let commands = lines.map(|line| line.split_whitespace().map(str::to_owned).collect());
            steps.push(Step { commands: commands.collect(), shown: Vec::new() });
        } else {
            let shown = lines.filter(|line| !line.is_empty()).map(str::to_owned);
            steps.last_mut().unwrap().shown.extend(shown);
        }
    }
    steps.retain(|step| step.commands.iter().all(|words| words[1] != "simulate"));
    steps
}

/// Runs all of it, and holds what is printed against what the page shows, word for word where `agree`.
fn run(place: &Workplace, page: &Page, agree: fn(&str, &str) -> bool) {
    for step in steps(page) {
        let mut told = String::new();
        for words in &step.commands {
            let ran = place.strf(&words[1..].join(" ")).done();
            told += &(ran.stderr + &ran.stdout);
        }
        let mut lines = told.lines();
        for shown in &step.shown {
            let found = lines.any(|line| lines_agree(shown, line, agree));
            assert!(found, "{:?} does not print\n{shown}\nbut\n{told}", step.commands);
        }
    }
    assert_files_are_there(place, page);
}

fn lines_agree(shown: &str, told: &str, agree: fn(&str, &str) -> bool) -> bool {
    let [shown, told] = [shown, told].map(|line| line.split_whitespace().collect::<Vec<_>>());
    // A count of epochs follows from the last bits of sums.
    let counts = |word: usize| shown.get(word + 1).is_some_and(|next| next.starts_with("epochs"));
    let agrees = |word: usize| {
        agree(shown[word], told[word]) || counts(word) && number(told[word]).is_some()
    };
    shown.len() == told.len() && (0..shown.len()).all(agrees)
}

fn number(word: &str) -> Option<f64> {
    word.trim_matches(['(', ')', ',', ';', ':', '%']).parse().ok()
}

/// Every file that a sentence names is among what was made, what it began with, or in the repository.
fn assert_files_are_there(place: &Workplace, page: &Page) {
    let made = place.contents(".");
    let ends = [".h5", ".toml", ".png", ".svg", ".csv", ".html", ".wav"];
    let is_file = |span: &&String| {
        !span.contains(' ') && (span.contains('/') || ends.iter().any(|end| span.ends_with(end)))
    };
    let named: Vec<&String> = page.spans.iter().filter(is_file).collect();
    assert!(named.len() >= 10, "{named:?}");
    for name in named {
        let is_made = made.keys().any(|path| path.ends_with(name)) || place.path(name).exists();
        assert!(is_made || root().join(name).exists(), "{name} is not there");
    }
}

/// How well a model predicts the songs that its fits did not see.
fn cc_of(place: &Workplace, model: &str) -> f64 {
    let table = place.csv("zoo/held_out.csv");
    let is_row = |row: &usize| table["model"][*row] == model && table["score"][*row] == "cc";
    let row = (0..table["model"].len()).find(is_row).unwrap();
    table["single"][row].parse().unwrap()
}

#[test]
fn the_tutorial_runs_from_its_own_text() {
    let (place, page) = (Workplace::empty(), Page::read("docs/tutorial.md"));
    write_songs(&place.path("zebra_finch"), 20, 10);
    run(&place, &page, |shown, told| shown == told || number(shown).and(number(told)).is_some());
    let cc = place.column("runs/ln/scores.csv", "cc")[0];
    assert!(cc > 0.6, "{cc}");
    let [linear, ln, nrf] = ["linear", "ln", "nrf"].map(|model| cc_of(&place, model));
    assert!(linear > 0.5 && ln > 0.5 && nrf > 0.5, "{linear} {ln} {nrf}");
}

#[test]
fn the_recording_that_stands_in_for_one_in_the_tutorial_can_be_gone_on_with() {
    let (place, page) = (Workplace::empty(), Page::read("docs/tutorial.md"));
    let commands = page.commands();
    let simulation = commands.iter().find(|words| words[1] == "simulate").unwrap();
    place.strf(&simulation[1..].join(" ")).done();
    let steps = steps(&page);
    let second = steps.iter().position(|step| step.commands[0][1] == "inspect").unwrap();
    for words in steps[second..second + 2].iter().flat_map(|step| &step.commands) {
        place.strf(&words[1..].join(" ")).done();
    }
    let cc = place.column("runs/ln/scores.csv", "cc")[0];
    assert!(cc > 0.5, "{cc}");
}

/// Fits on other processors come out within .02 of each other.
const APART: f64 = 0.03;

#[test]
#[ignore = "needs ../shared"]
fn the_tutorial_shows_what_comes_out_of_the_real_recording() {
    let place = Workplace::empty();
    place.bring(&shared().join("zebra_finch"), "zebra_finch");
    assert!(place.path("zebra_finch/stim20.wav").exists());
    run(&place, &Page::read("docs/tutorial.md"), |shown, told| {
        let numbers = number(shown).zip(number(told));
        let is_near =
            numbers.is_some_and(|(a, b)| (a - b).abs() < APART || (a.is_nan() && b.is_nan()));
        shown == told || is_near
    });
}
