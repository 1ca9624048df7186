//! Models that are published, what their folders say, and what reads them again.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use strf::base::process::ProcessIdentity;
use strf::dataset::{LevelKind, Recording, SoundLevel};

use crate::support::runs::{LN, MODELS, Ran, Workplace, recording, run_file, same_bytes};

mod refusals;

/// What beside a model must not be lost on the way: sections, keys of `[data]`, keys of `[train]`.
const TREATMENTS: [(&str, &str, &str); 5] = [
    ("[model]\ntype = \"ln\"\nwindow_ms = 20.0", "standardize = \"band\"\nskip_ms = 20.0", ""),
    (
        "[model]\ntype = \"ln\"\nwindow_ms = 20.0",
        "neurons = [\"c3\", \"a1\"]\nstandardize = \"none\"\n\
         split = { train = 0.6, valid = 0.2, test = 0.2, seed = 3 }",
        "loss = \"poisson\"",
    ),
    (
        "[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 4\n[prefilter]\ntype = \"adaptrans\"\n\
         scale = \"mel\"\nmin_freq_hz = 500.0\nmax_freq_hz = 9000.0",
        "standardize = \"scale\"",
        "batch = 2",
    ),
    (
        "[model]\ntype = \"ln\"\nwindow_ms = 20.0\n[[prefilter]]\ntype = \"log\"\n[[prefilter]]\n\
         type = \"stp\"",
        "standardize = \"band\"",
        "",
    ),
    (
        "[model]\ntype = \"ln\"\nwindow_ms = 20.0\noutput = \"double_exponential\"\n[output_gain]\n\
         type = \"contrast\"",
        "",
        "",
    ),
];

/// The recording of tests, of amplitudes, as other models need them.
fn loud() -> Recording {
    Recording { level: Some(SoundLevel::of(LevelKind::Amplitude)), ..recording() }
}

/// With a fit of few epochs in `runs/run`.
fn with_run(model: &str, data: &str, train: &str) -> Workplace {
    let place = Workplace::holding(&loud());
    place.write(
        "run.toml",
        &format!(
            "[data]\nfile = \"data.h5\"\nsmooth_ms = 11.0\n{data}\n{model}\n[train]\nepochs = 2\nstarts = 1\n{train}\n"
        ),
    );
    place.strf("train run.toml --quiet").done();
    place
}

fn with_ln() -> Workplace {
    with_run(LN, "", "")
}

/// Every prediction of a file by stimulus, as bits.
fn predictions(file: &Path) -> BTreeMap<String, Vec<u32>> {
    let file = hdf5::File::open(file).unwrap();
    let stimuli = file.group("stimuli").unwrap();
    let of = |name: &String| {
        let values = stimuli.dataset(&format!("{name}/prediction")).unwrap();
        values.read_raw::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
    };
    stimuli.member_names().unwrap().iter().map(|name| (name.clone(), of(name))).collect()
}

fn json(place: &Workplace, name: &str) -> Json {
    serde_json::from_str(&place.read(name)).unwrap()
}

/// Fails unless the folder `out` and what `strf adopt` makes of it do what `runs/run` does, to the last bit.
#[track_caller]
fn assert_goes_round(place: &Workplace, name: &str) {
    place.strf("publish runs/run out --licence CC-BY-4.0").done();
    place.strf("adopt out --data data.h5 --out again").done();
    for (folder, file) in [("runs/run", "a.h5"), ("out", "b.h5"), ("again", "c.h5")] {
        place.strf(&format!("predict {folder} --data data.h5 --out {file}")).done();
    }
    let [of_run, published, adopted] =
        ["a.h5", "b.h5", "c.h5"].map(|f| predictions(&place.path(f)));
    assert_eq!(of_run.len(), 9, "{name}");
    assert!(of_run == published && of_run == adopted, "{name}: other predictions");

    let [of_run, published, adopted] =
        ["runs/run", "out", "again"].map(|folder| place.csv(&format!("{folder}/scores.csv")));
    for (column, values) in of_run.iter().filter(|(column, _)| *column != "calibrated") {
        assert_eq!(values, &published[column], "{name}: {column} of what was published");
        assert_eq!(values, &adopted[column], "{name}: {column} of what was adopted");
    }
    let [run, out] = ["runs/run/model", "out"].map(|folder| place.path(folder));
    assert!(same_bytes(&run.join("model.safetensors"), &out.join("model.safetensors")), "{name}");
    assert!(same_bytes(&run.join("config.json"), &out.join("config.json")), "{name}");
    let [before, after] = ["runs/run/model", "again/model"]
        .map(|folder| json(place, &format!("{folder}/metadata.json")));
    for (key, value) in before.as_object().unwrap().iter().filter(|(key, _)| *key != "settings") {
        assert_eq!(value, &after[key], "{name}: {key}");
    }
}

/// The card, in which nothing may tell where it was written.
#[track_caller]
fn card(place: &Workplace, folder: &str) -> String {
    let host = ProcessIdentity::own().host;
    let here = place.path("");
    let here = here.to_str().unwrap().trim_end_matches('/');
    let user = std::env::var("HOME").unwrap_or_default();
    for (name, bytes) in place.contents(folder) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let said = [here, "../", host.as_str(), user.as_str()].into_iter();
        let said = said.filter(|word| word.len() > 3 || *word == "../");
        for word in said {
            assert!(!text.contains(word), "{}: {word} in\n{text}", name.display());
        }
    }
    place.read(&format!("{folder}/README.md"))
}

/// Where the links of a page lead.
fn links(page: &str) -> Vec<&str> {
    page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

#[test]
fn every_model_predicts_and_scores_the_same_bits_when_it_is_published_and_adopted() {
    for (name, model) in MODELS {
        let place = with_run(model, "", "");
        assert_goes_round(&place, name);
        let page = card(&place, "out");
        let metadata = json(&place, "out/metadata.json");
        let lacking = metadata["deepstrf"]["no_part_for"].as_array().unwrap();
        assert_eq!(page.contains("In deepSTRF 0.1.0:"), lacking.is_empty(), "{name}: {page}");
        for part in lacking {
            assert!(page.contains(part.as_str().unwrap()), "{name}: {part} in {page}");
        }
        for object in metadata["deepstrf"]["extra_kwargs"].as_object().unwrap().values() {
            let shown = page.contains(object.as_str().unwrap());
            assert_eq!(shown, lacking.is_empty(), "{name}: {object}");
        }
        let without = ["cnn2d", "cnn2d_adaptrans", "statenet", "transformer", "cnn1d"];
        let caption = match name {
            name if without.contains(&name) => {
                "Mean linear response to the test stimuli of 3 neurons"
            }
            "linear" | "ln" | "separable" => "Spectro-temporal receptive fields of 3 neurons",
            _ => "Spectro-temporal receptive fields of 4 hidden units",
        };
        assert!(page.contains(&format!("![{caption}: ")), "{name}: {page}");
        assert!(fs::metadata(place.path("out/strfs.png")).unwrap().len() > 5000, "{name}");
    }
}

#[test]
fn ways_to_treat_sound_and_responses_go_round_too() {
    for (model, data, train) in TREATMENTS {
        assert_goes_round(&with_run(model, data, train), &format!("{model} {data} {train}"));
    }
}

#[test]
fn the_card_says_what_it_is_and_its_links_lead_somewhere() {
    let place = with_ln();
    let mut publish = place.command("publish runs/run out --licence cc-by-4.0 --author");
    publish.args(["A. Author", "--author", "B. <b>Bold</b>", "--title", "Neurons | of *field L*"]);
    publish.args(["--citation", "Author (2026), J. Test 1:2, doi:10.1000/1"]);
    let ran = Ran::of(&mut publish).done();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("out\n", ""));
    let page = card(&place, "out");
    let head = "---\nlicense: cc-by-4.0\nlibrary_name: strf\ntags:\n  - neuroscience\n  - auditory\n  \
                - receptive-field\n  - ln\n  - deepstrf\n---\n\n# Neurons \\| of \\*field L\\*\n\n\
                By A. Author, B. \\<b\\>Bold\\</b\\>\n\n";
    assert!(page.starts_with(head), "{page}");
    let content = json(&place, "out/metadata.json")["content"].clone();
    for said in [
        "A model `ln` that predicts from a cochleagram (7 bands from 500 to 5695 Hz, bins of 5 ms) the responses of \
         3 neurons, bin by bin",
        "- dataset: data.h5",
        "- 3 neurons: area A1 (3)",
        "- 9 stimuli: type song (5), noise (4)",
        "| training | 5 | 1.1 |",
        content["train"]["sound"].as_str().unwrap(),
        content["test"]["sound"].as_str().unwrap(),
        "- cochleagrams: amplitudes",
        "smoothed with a Hanning window of 11 ms",
        "is subtracted from all bands, which are then divided by",
        "- optimizer: lbfgs",
        "| a1 | 3 | 125 |",
        "deepSTRF.models.audio.LinearNonlinear.from_pretrained(",
        "\"output_activation\": deepSTRF.models.activations.ParametricSoftplus(3),",
        "Creative Commons Attribution 4.0 International (CC-BY-4.0)",
        "- Author (2026), J. Test 1:2, doi:10.1000/1",
        "`ln`: Chichilnisky (2001)",
        "[doi:10.1080/713663221](https://doi.org/10.1080/713663221)",
        concat!("version ", env!("CARGO_PKG_VERSION"), "."),
        "strf adopt FOLDER --data DATA.h5 --out RUN",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    let scores = json(&place, "runs/run/scores.json")["scores"]["cc"].clone();
    let mean = format!("| `cc` | {:.3} | ", scores["mean"].as_f64().unwrap());
    assert!(page.contains(&mean), "{mean}\n{page}");
    let links = links(&page);
    assert!(links.len() > 8, "{links:?}");
    for link in links {
        let there = match link.strip_prefix('#') {
            Some(heading) => page.to_lowercase().contains(&format!("\n## {heading}\n")),
            None => {
                link.starts_with("https://doi.org/10.") || place.path("out").join(link).is_file()
            }
        };
        assert!(there, "{link}");
    }
    let files: Vec<PathBuf> = place.contents("out").into_keys().collect();
    for file in files.iter().filter(|file| *file != Path::new("README.md")) {
        assert!(page.contains(&format!("({})", file.display())), "{}", file.display());
    }
    for table in page.split("\n\n").filter(|block| block.starts_with('|')) {
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let first = cells(table.lines().next().unwrap());
        assert!(table.lines().all(|line| cells(line) == first), "{table}");
    }
}

#[test]
fn the_commands_that_read_runs_read_what_was_published() {
    let place = with_ln();
    place.strf("publish runs/run out --licence MIT").done();
    let own = place.strf("eval runs/run --split test").done();
    assert_eq!(place.strf("eval out --data data.h5 --split test").done().stdout, own.stdout);
    place.strf("export-strfs out --out strfs.npz --format npz").done();
    place.strf("compare runs/run out").done();
    let nrf = "[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 4";
    let place = with_run(nrf, "", "");
    place.strf("publish runs/run out --licence MIT").done();
    place.write("new.toml", &run_file(&format!("{nrf}\ninit = \"out\""), "epochs = 1"));
    place.strf("train new.toml --out runs/new").done();
    assert!(place.read("runs/new/model/metadata.json").contains("\"run\": \"../../out\""));
    // A core from elsewhere is named, not where it lay.
    place.strf("publish runs/new new --licence MIT").done();
    assert!(card(&place, "new").contains("come from another run (out), as they were; what"));
    // What lies in `model/` of a run is adopted by the same way.
    place.strf("adopt runs/run/model --data data.h5 --out again").done();
    let scores = ["runs/run", "again"].map(|run| place.column(&format!("{run}/scores.csv"), "cc"));
    assert_eq!(scores[0], scores[1]);
}

#[test]
fn the_card_of_an_adopted_model_does_not_say_that_it_was_fitted_here() {
    let place = with_ln();
    place.strf("publish runs/run out --licence MIT").done();
    let page = card(&place, "out");
    assert!(
        page.contains("to the recording data.h5") && page.contains("which the fit has not seen")
    );
    place.strf("adopt out --data data.h5 --out runs/again").done();
    place.strf("publish runs/again second --licence MIT").done();
    let page = card(&place, "second");
    for said in [
        "Its weights come from elsewhere; scored with strf",
        "of which nobody knows here whether the model was fitted to them",
        "- no fit: the run took its weights from elsewhere",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert!(!page.contains("Fitted with") && !page.contains("has not seen"), "{page}");
    let scores =
        ["out", "second"].map(|folder| place.column(&format!("{folder}/scores.csv"), "cc"));
    assert_eq!(scores[0], scores[1]);
}

#[test]
fn the_run_file_of_a_published_model_fits_it_again_where_the_dataset_lies_beside_it() {
    let place = with_ln();
    place.strf("publish runs/run out --licence MIT").done();
    place.copy("out", "beside");
    fs::copy(place.path("data.h5"), place.path("beside/data.h5")).unwrap();
    place.strf("train beside/config.toml --out again --quiet").done();
    let weights = ["out", "again/model"].map(|folder| place.path(folder).join("model.safetensors"));
    assert!(same_bytes(&weights[0], &weights[1]));
}

#[test]
fn of_a_run_of_an_earlier_version_the_card_says_what_that_wrote_down() {
    let place = Workplace::empty();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs_0.1.0");
    fs::create_dir_all(place.path("runs/run/model")).unwrap();
    fs::copy(fixture.join("data.h5"), place.path("runs/data.h5")).unwrap();
    let files = [
        "config.toml",
        "scores.csv",
        "scores.json",
        "model/metadata.json",
        "model/model.safetensors",
    ];
    for name in files {
        fs::copy(fixture.join("linear").join(name), place.path("runs/run").join(name)).unwrap();
    }
    place.strf("publish runs/run out --licence MIT").done();
    let page = card(&place, "out");
    for said in ["Fitted with strf 0.1.0", "strf 0.1.0 wrote down no hashes of it", "- loss: mse"] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    // It had a single optimizer, and no name for it.
    assert!(!page.contains("optimizer"), "{page}");
    assert!(!place.read("out/config.toml").contains("optimizer"));
    place.strf("adopt out --data runs/data.h5 --out again").done();
    let scores = ["out", "again"].map(|run| place.column(&format!("{run}/scores.csv"), "cc"));
    assert_eq!(scores[0], scores[1]);
}

#[test]
fn ids_and_names_of_files_do_not_become_markup() {
    let mut evil = loud();
    evil.neurons[0].id = "a|1 <script>alert(1)</script>".into();
    evil.neurons[1].attributes.insert("area".into(), "[click](http://x) `x`".into());
    let place = Workplace::empty();
    let name = "da|ta_[x](y).h5";
    place.write_data(name, &evil);
    place.write(
        "run.toml",
        &format!("[data]\nfile = \"{name}\"\n{LN}\n[train]\nepochs = 1\nstarts = 1\n"),
    );
    place.strf("train run.toml --quiet").done();
    place.strf("publish runs/run out --licence MIT").done();
    let page = card(&place, "out");
    for said in [
        "- dataset: da\\|ta\\_\\[x\\](y).h5",
        "| a\\|1 \\<script\\>alert(1)\\</script\\> | ",
        "area A1 (2), \\[click\\](http://x) \\`x\\` (1)",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
}
