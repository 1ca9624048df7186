//! `strf report`: one HTML file that shows runs.
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strf::dataset::{Clip, Recording};

use crate::support::runs::{LN, MODELS, Ran, Workplace, recording, run_file};

/// A run of two epochs of a model.
fn trained(recording: &Recording, model: &str) -> Workplace {
    let place = Workplace::holding(recording);
    place.write("run.toml", &run_file(model, "epochs = 2"));
    place.strf("train run.toml --out run").done();
    place
}

/// The numbers that a page holds for its script.
fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn column<'a>(run: &'a Value, name: &str) -> &'a [Value] {
    let columns = run["columns"].as_array().unwrap();
    let column = columns.iter().find(|column| column["name"] == name);
    column.unwrap_or_else(|| panic!("no column {name}"))["values"].as_array().unwrap()
}

/// Nothing in a page may point out of it.
fn assert_self_contained(html: &str) {
    for link in ["http://", "https://", "src=", "@import", "url(", "<link"] {
        let found: Vec<&str> = html.matches(link).collect();
        let own = html.matches("http://www.w3.org/").count();
        let allowed = if link == "http://" { own } else { 0 };
        assert_eq!(found.len(), allowed, "{link}");
    }
}

#[test]
fn a_report_holds_scores_neurons_fields_predictions_and_pictures_of_every_model() {
    for (name, model) in MODELS {
        let place = trained(&recording(), model);
        assert_eq!(place.strf("report run").done().stdout, "run/report.html\n", "{name}");
        let html = place.read("run/report.html");
        assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"), "{name}");
        assert_self_contained(&html);
        let data = data(&html);
        let run = &data[0];
        assert_eq!(run["neurons"].as_array().unwrap().len(), 3, "{name}");
        for score in ["cc", "cc_norm", "cc_max", "mse", "spearman"] {
            let wanted = place.column("run/scores.csv", score);
            for (got, want) in column(run, score).iter().zip(wanted) {
                let got = got.as_f64().unwrap_or(f64::NAN);
                let close = (got - want).abs() <= 5e-6 * want.abs();
                assert!(close || got.is_nan() && want.is_nan(), "{name} {score}: {got}, {want}");
            }
        }
        let fields = &run["fields"];
        assert_eq!(fields["of"], json!([0, 1, 2]), "{name}");
        let size =
            ["bands", "lags"].map(|key| usize::try_from(fields[key].as_u64().unwrap()).unwrap());
        let channels = fields["channels"].as_array().unwrap().len();
        let weights = STANDARD.decode(fields["data"].as_str().unwrap()).unwrap();
        assert_eq!(weights.len(), 3 * channels * size[0] * size[1], "{name}");
        // Of each neuron, the largest weight is written as ±127.
        for field in weights.chunks(channels * size[0] * size[1]) {
            let largest = field.iter().map(|byte| byte.cast_signed().unsigned_abs()).max();
            assert_eq!(largest, Some(127), "{name}");
        }
        let hidden = run["hidden"]["peaks"].as_array().map_or(0, Vec::len);
        assert_eq!(hidden > 0, model.contains("nrf") || model.contains("dnet"), "{name}");
        let bins = usize::try_from(run["traces"]["bins"].as_u64().unwrap()).unwrap();
        for series in ["psth", "prediction"] {
            let bytes = STANDARD.decode(run["traces"][series].as_str().unwrap()).unwrap();
            assert_eq!(bytes.len(), 3 * bins, "{name} {series}");
        }
        assert_eq!(html.matches("<svg ").count(), html.matches("</svg>").count());
        assert!(html.matches("<svg ").count() >= 3, "{name}");
    }
}

#[test]
fn what_lies_there_is_kept_unless_force_is_given() {
    let place = trained(&recording(), LN);
    place.strf("report run --out r.html").done();
    let first = place.read("r.html");
    place.strf("report run --out r.html").refused(
        "r.html: exists already, expected nothing there; give another name, or replace it with \
         --force",
    );
    place.strf("report run --out r.html --force").done();
    assert_eq!(place.read("r.html"), first);
}

#[test]
fn ids_and_paths_are_text_and_never_markup() {
    let mut recording = recording();
    let evil = "<script>alert(1)</script>";
    recording.neurons[1].id = evil.into();
    recording.neurons[2].id = "\" onclick=\"alert(2)".into();
    let known = std::mem::replace(&mut recording.clips[0].stimulus.id, "<b>".into());
    let splits = recording.splits.as_mut().unwrap();
    for id in [&mut splits.train, &mut splits.valid, &mut splits.test].into_iter().flatten() {
        *id = if *id == known { "<b>".into() } else { id.clone() };
    }
    let place = trained(&recording, LN);
    place.strf("report run").done();
    let html = place.read("run/report.html");
    let (page, _numbers) = html.split_once("id=\"data\"").unwrap();
    assert!(!html.contains(evil) && !page.contains("\" onclick"), "markup in the page");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_eq!(data(&html)[0]["neurons"][1], evil);
}

#[test]
fn without_repeats_the_ceiling_is_said_to_be_undefined_and_cc_is_given() {
    let single = |clip: Clip| Clip {
        responses: clip.responses.slice_move(ndarray::s![.., ..1, ..]),
        ..clip
    };
    let mut recording = recording();
    recording.clips = recording.clips.into_iter().map(single).collect();
    let place = trained(&recording, LN);
    place.strf("report run").done();
    let html = place.read("run/report.html");
    let undefined = "not defined: no neuron has two repeats with a signal in common";
    assert_eq!(html.matches(undefined).count(), 2);
    assert!(html.contains("mean over 3 of 3 neurons"), "CC is defined");
    assert!(html.contains("Not drawn: no neuron has a noise ceiling"));
    assert!(column(&data(&html)[0], "cc_norm").iter().all(Value::is_null));
}

#[test]
fn several_runs_are_compared_if_they_were_scored_on_the_same_responses() {
    let place = trained(&recording(), LN);
    place.write("other.toml", &run_file(MODELS[0].1, "epochs = 2"));
    place.strf("train other.toml --out other").done();
    assert_eq!(place.strf("report run other").done().stdout, "comparison.html\n");
    let html = place.read("comparison.html");
    assert_self_contained(&html);
    assert!(html.contains("run → other") && html.contains("id=\"run-1\""));
    assert_eq!(data(&html).as_array().unwrap().len(), 2);

    place.strf("train run.toml --out third --set data.skip_ms=10.0").done();
    place.strf("report run third --out x.html").refused(
        "third: found skip_ms 10, expected 0 as in run; compare runs that were scored on the same \
         responses",
    );
    assert!(!place.path("x.html").exists());
    place
        .strf("report run nowhere --out x.html")
        .refused("nowhere: there is no such folder; check the path");
}

#[test]
fn as_many_fields_are_taken_from_gradients_as_asked_those_of_the_best_neurons() {
    let place = trained(&recording(), MODELS[2].1);
    let cc = place.column("run/scores.csv", "cc");
    let best = (0..3).max_by(|a, b| cc[*a].total_cmp(&cc[*b])).unwrap();
    place.strf("report run --fields 1 --out one.html").done();
    let one = data(&place.read("one.html"));
    assert_eq!(one[0]["fields"]["of"], json!([best]));
    assert_eq!(
        one[0]["noField"],
        "The receptive fields of this model are gradients, taken of the 1 neuron with the best CC; \
         --fields 3 takes all."
    );
    assert_eq!(place.read("one.html").matches("class=\"thumb\"").count(), 1);
    place.strf("report run --fields 0 --out none.html").done();
    assert_eq!(data(&place.read("none.html"))[0]["fields"]["of"], json!([]));
    assert!(!place.read("none.html").contains("class=\"thumb\""));
}

#[test]
fn a_run_whose_dataset_is_gone_is_shown_without_what_needs_it() {
    let place = trained(&recording(), LN);
    std::fs::remove_file(place.path("data.h5")).unwrap();
    place.strf("report run").done();
    let html = place.read("run/report.html");
    let run = &data(&html)[0];
    assert!(run["traces"].is_null());
    let why = run["noTraces"].as_str().unwrap();
    assert!(why.starts_with("No prediction: ") && why.contains("data.h5: there is no such file"));
    assert!(html.contains("data.h5: there is no such file"), "why there is no picture");
}

#[test]
fn a_report_on_a_thousand_neurons_is_smaller_than_five_megabytes() {
    let place = Workplace::empty();
    place
        .strf("simulate data.h5 --stimuli 4 --bins 400 --neurons 1000 --repeats 3 --bands 34")
        .done();
    place.write("run.toml", &run_file("[model]\ntype = \"ln\"\nwindow_ms = 75.0", "epochs = 1"));
    place.strf("train run.toml --out run").done();
    place.strf("report run").done();
    let bytes = std::fs::metadata(place.path("run/report.html")).unwrap().len();
    assert!(bytes < 5_000_000, "{bytes} bytes");
}

/// Where Chromium lies: `CHROMIUM`, or under a usual name.
fn chromium() -> PathBuf {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return path.into();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut paths = std::env::split_paths(&folders).flat_map(|f| names.map(|name| f.join(name)));
    paths.find(|path| path.is_file()).expect("Chromium: name it with CHROMIUM=...")
}

/// Opens a page in Chromium with a script at its end, and gives what the script left in `#result`.
fn in_browser(page: &Path, script: &str) -> Value {
    let watch = "<script>window.wrong = [];\
        addEventListener('error', (event) => wrong.push(event.message));\
        addEventListener('securitypolicyviolation', (event) => wrong.push(event.violatedDirective));\
        console.error = console.warn = (...words) => wrong.push(words.join(' '));</script>";
    let last = format!(
        "<script>const result = {{}}; try {{ {script} }} catch (error) {{ wrong.push(String(error)); }}\
         result.wrong = wrong; const pre = document.createElement('pre'); pre.id = 'result';\
         pre.textContent = JSON.stringify(result); document.body.append(pre);</script>"
    );
    let html = std::fs::read_to_string(page).unwrap();
    let html = html.replacen("<title>", &format!("{watch}<title>"), 1);
    let html = html.replace("</body>", &format!("{last}</body>"));
    let tested = page.with_extension("tested.html");
    std::fs::write(&tested, html).unwrap();
    let profile = tempfile::tempdir().unwrap();
    let ran = Ran::of(
        Command::new(chromium())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"])
            .args(["--enable-logging=stderr", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("file://{}", tested.display())),
    );
    assert!(!ran.stderr.contains(":CONSOLE"), "{}", ran.stderr);
    let (_, rest) = ran.stdout.split_once("<pre id=\"result\">").expect("the script's result");
    let text = rest.split_once("</pre>").unwrap().0.replace("&lt;", "<").replace("&gt;", ">");
    serde_json::from_str(&text.replace("&amp;", "&")).unwrap()
}

const SCRIPT: &str = r#"
    const section = document.querySelector("section.run"), table = section.querySelector("table.sortable");
    const ids = () => Array.from(table.tBodies[0].rows).filter((row) => !row.hidden)
        .map((row) => row.querySelector("a").textContent);
    const head = (name) => table.querySelector(`th[data-column="${name}"]`);
    const type = (text) => {
        const input = section.querySelector("input");
        input.value = text;
        input.dispatchEvent(new Event("input"));
    };
    result.ready = document.documentElement.dataset.ready;
    result.first = ids();
    head("cc").querySelector("button").click();
    result.descending = ids();
    result.sorted = head("cc").getAttribute("aria-sort");
    head("cc").querySelector("button").click();
    result.ascending = ids();
    head("neuron").querySelector("button").click();
    result.byName = ids();
    type("B2");
    result.found = ids();
    result.count = section.querySelector(".count").textContent;
    type("cc>=CUT");
    result.above = ids();
    type("");
    const canvas = table.querySelector("canvas.thumb");
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    result.opaque = Array.from(pixels).filter((byte, i) => i % 4 === 3 && byte === 255).length;
    result.size = [canvas.width, canvas.height];
    table.tBodies[0].rows[0].click();
    const dialog = document.querySelector("dialog");
    result.open = dialog.open;
    result.shown = dialog.querySelector("h3").textContent;
    result.canvases = dialog.querySelectorAll("canvas").length;
    result.numbers = dialog.querySelectorAll("tbody tr").length;
    document.getElementById("next").click();
    result.next = dialog.querySelector("h3").textContent;
    document.getElementById("close").click();
    result.closed = !dialog.open;
    document.getElementById("theme").click();
    const first = getComputedStyle(document.body).backgroundColor;
    document.getElementById("theme").click();
    result.themes = [first, getComputedStyle(document.body).backgroundColor];
"#;

#[test]
#[ignore = "needs Chromium: make test-browser"]
fn a_browser_opens_a_report_without_errors_sorts_searches_and_shows_neurons() {
    for (name, model) in MODELS {
        let place = trained(&recording(), model);
        place.strf("report run").done();
        let scores = place.csv("run/scores.csv");
        let ids: Vec<String> = scores["neuron"].clone();
        let cc = place.column("run/scores.csv", "cc");
        let mut order: Vec<usize> = (0..3).collect();
        order.sort_by(|a, b| cc[*b].total_cmp(&cc[*a]));
        let sorted: Vec<&String> = order.iter().map(|n| &ids[*n]).collect();
        let backwards: Vec<&String> = sorted.iter().rev().copied().collect();
        // The second best, as the page has it.
        let html = place.read("run/report.html");
        let cut = column(&data(&html)[0], "cc")[order[1]].to_string();
        let script = SCRIPT.replace("CUT", &cut);
        let got = in_browser(&place.path("run/report.html"), &script);

        assert_eq!(got["wrong"], json!([]), "{name}");
        assert_eq!((&got["ready"], &got["sorted"]), (&json!("true"), &json!("descending")));
        assert_eq!(got["first"], json!(ids), "{name}");
        assert_eq!(got["descending"], json!(sorted), "{name}");
        assert_eq!(got["ascending"], json!(backwards), "{name}");
        let mut by_name = ids.clone();
        by_name.sort();
        assert_eq!(got["byName"], json!(by_name));
        assert_eq!((&got["found"], &got["count"]), (&json!(["b2"]), &json!("1 of 3")));
        let mut above = vec![sorted[0], sorted[1]];
        above.sort();
        assert_eq!(got["above"], json!(above), "{name}");
        let pixels = got["size"][0].as_u64().unwrap() * got["size"][1].as_u64().unwrap();
        assert_eq!(got["opaque"].as_u64(), Some(pixels), "{name}");
        assert_eq!((&got["open"], &got["closed"]), (&json!(true), &json!(true)));
        assert_eq!((&got["shown"], &got["next"]), (&json!(by_name[0]), &json!(by_name[1])));
        assert_eq!(got["canvases"], json!(2), "field and prediction");
        assert!(got["numbers"].as_u64().unwrap() > scores.len() as u64, "scores and measures");
        assert_ne!(got["themes"][0], got["themes"][1]);
    }
}
