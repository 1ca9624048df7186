//! Run files that are right: defaults, overrides, what follows from the dataset, and the way back
//! to text.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::path::{Path, PathBuf};

use strf::base::device::DeviceName;
use strf::config::part::{Chosen, Row, find};
use strf::dataset::{Recording, Splits};
use strf::models::output_gains;
use strf::models::parameterizations::{self, ParameterizationRow};
use strf::models::prefilters::{self, PrefilterRow};
use strf::models::{self, HasStrfs, ModelRow};
use strf::run_file::{
    Best, LossScale, Monitor, Optimizer, Others, RunConfig, Schedule, Standardize,
};
use strf::run_file::{Selection, Split, StartFrom, Strength, Template};

const LEAST: &str = "[data]\nfile = \"../data/x.h5\"\n[model]\ntype = \"ln\"\n";

fn parse(text: &str, overrides: &[&str]) -> RunConfig {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).into()).collect();
    RunConfig::parse(text, Path::new("configs/mine.toml"), &overrides).unwrap()
}

fn recording(frequencies_hz: Option<Vec<f64>>, splits: Option<Splits>) -> Recording {
    let file = PathBuf::from("x.h5");
    Recording {
        file,
        dt_ms: 5.0,
        level: None,
        frequencies_hz,
        neurons: vec![],
        clips: vec![],
        splits,
    }
}

/// Every combination of parts that makes sense.
fn combinations()
-> Vec<(&'static ModelRow, Option<&'static PrefilterRow>, &'static ParameterizationRow)> {
    let prefilters = || std::iter::once(None).chain(prefilters::TABLE.iter().map(Some));
    let mut all = Vec::new();
    for model in models::TABLE {
        for prefilter in prefilters() {
            let parameterizations = match model.strfs {
                HasStrfs::Yes => parameterizations::TABLE,
                HasStrfs::No(_) => &parameterizations::TABLE[..1],
            };
            all.extend(parameterizations.iter().map(|row| (model, prefilter, row)));
        }
    }
    all
}

#[test]
fn keys_that_are_left_out_take_the_documented_defaults() {
    let config = parse(LEAST, &[]);
    let (data, train) = (&config.data, &config.train);
    assert_eq!(data.file, Path::new("configs/../data/x.h5"));
    assert_eq!((&data.neurons, &data.stimuli), (&Selection::All, &Selection::All));
    assert_eq!((data.smooth_ms, data.skip_ms), (21.0, 0.0));
    assert_eq!((data.standardize, &data.split), (Standardize::Global, &None));
    assert_eq!(train.loss.part.name, "mse");
    assert_eq!((train.epochs(), train.batch, train.patience), (500, 1, 30));
    assert_eq!((train.lr(), train.weight_decay, train.clip_norm), (0.01, 0.0, 1.0));
    assert_eq!((train.optimizer, train.loss_scale), (Optimizer::Lbfgs, LossScale::Variance));
    let penalties = (train.l2(), train.smooth(), train.l1);
    assert_eq!(penalties, (Strength::Auto, Strength::Is(0.0), Strength::Is(0.0)));
    assert_eq!((train.start(), train.starts()), (StartFrom::Ridge, 1));
    assert_eq!((train.average, train.calibrate, train.folds), (true, true, 0));
    assert_eq!((train.monitor, train.best()), (Monitor::ValidLoss, Best::PerNeuron));
    assert_eq!((train.schedule, train.seed), (Schedule::Plateau, 0));
    assert_eq!(train.device, DeviceName::Cpu);
    assert_eq!(config.output.folder, Path::new("configs/runs/mine"));
    assert!(config.architecture.prefilters.is_empty());
    assert_eq!(config.architecture.parameterization.row.part.name, "full");
}

#[test]
fn cochleagrams_are_scaled_with_a_prefilter_unless_the_file_says_otherwise() {
    let filtered = format!("{LEAST}[prefilter]\ntype = \"willmore\"\n");
    assert_eq!(parse(&filtered, &[]).data.standardize, Standardize::Scale);
    let said = parse(&filtered, &["data.standardize=global"]);
    assert_eq!(said.data.standardize, Standardize::Global);
}

#[test]
fn overrides_replace_and_add_keys_with_or_without_quotes() {
    let config = parse(
        &format!("{LEAST}[train]\nlr = 0.5\n"),
        &[
            "train.lr=0.01",
            "model.type=\"dnet\"",
            "model.output_decay = false",
            "train.device=cuda:1",
            "data.neurons=[\"b\", \"a\"]",
            "data.split={ train = 0.5, valid = 0.25, test = 0.25 }",
        ],
    );
    assert_eq!(config.train.lr().to_bits(), 0.01f64.to_bits());
    assert_eq!(config.train.device, DeviceName::Cuda(1));
    assert_eq!(config.architecture.model.row.part.name, "dnet");
    assert!(!config.architecture.model.values.flag("output_decay").unwrap());
    assert_eq!(config.data.neurons, Selection::Ids(vec!["b".into(), "a".into()]));
    let parts = [0.5, 0.25, 0.25];
    assert_eq!(config.data.split, Some(Split::Fractions { parts, seed: 0 }));
}

#[test]
fn the_types_none_and_full_leave_their_sections_out() {
    let text = format!(
        "{LEAST}[prefilter]\ntype = \"adaptrans\"\ninit_w = 0.5\n[parameterization]\ntype = \"dcls\"\ngaussians = 3\n"
    );
    let config = parse(&text, &["prefilter.type=none", "parameterization.type=full"]);
    assert!(config.architecture.prefilters.is_empty());
    assert_eq!(config.architecture.parameterization.row.part.name, "full");
    let config = parse(&format!("{LEAST}[prefilter]\ntype = \"none\"\n"), &[]);
    assert!(config.architecture.prefilters.is_empty());
}

const STACK: &str = "\
[[prefilter]]
type = \"willmore\"
scale = \"mel\"
[[prefilter]]
type = \"adaptrans\"
init_w = 0.5
";

#[test]
fn prefilters_stand_in_a_row_and_are_written_back_as_they_were_given() {
    let config = parse(&format!("{LEAST}{STACK}"), &[]);
    assert_eq!(config.architecture.title(), "ln + willmore + adaptrans");
    assert_eq!(config.data.standardize, Standardize::Scale);
    let written = config.architecture.to_toml().unwrap();
    assert_eq!(written.matches("[[prefilter]]\n").count(), 2, "{written}");

    let single = STACK.split("[[prefilter]]").nth(1).unwrap();
    for heading in ["[prefilter]\n", "[[prefilter]]\n"] {
        let config = parse(&format!("{LEAST}{}{single}", heading.trim_end()), &[]);
        let written = config.architecture.to_toml().unwrap();
        assert_eq!(written.lines().filter(|line| line.contains("[prefilter]")).count(), 1);
        assert!(written.contains(&format!("\n{heading}")), "{written}");
    }
    let none = parse(&format!("prefilter = []\n{LEAST}"), &[]);
    assert!(none.architecture.prefilters.is_empty());
}

#[test]
fn overrides_reach_each_prefilter_and_add_the_next_one() {
    let scales = |text: &str, overrides: &[&str]| -> Vec<String> {
        let config = parse(&format!("{LEAST}{text}"), overrides);
        let part = |chosen: &Chosen<PrefilterRow>| {
            let scale = chosen.values.text("scale").unwrap_or("-");
            format!("{} {scale}", chosen.row.part.name)
        };
        config.architecture.prefilters.iter().map(part).collect()
    };
    assert_eq!(scales(STACK, &["prefilter.scale=erb"]), ["willmore erb", "adaptrans -"]);
    assert_eq!(scales(STACK, &["prefilter[2].scale=erb"]), ["willmore mel", "adaptrans erb"]);
    assert_eq!(scales(STACK, &["prefilter.type=none"]), ["adaptrans -"]);
    assert_eq!(scales(STACK, &["prefilter[2].type=none"]), ["willmore mel"]);
    let single = "[prefilter]\ntype = \"willmore\"\n";
    assert_eq!(scales(single, &["prefilter[1].scale=log"]), ["willmore log"]);
    assert_eq!(
        scales(single, &["prefilter[2].type=willmore", "prefilter[2].scale=log"]),
        ["willmore -", "willmore log"]
    );
    assert_eq!(scales("", &["prefilter[1].type=adaptrans"]), ["adaptrans -"]);
}

#[test]
fn the_scale_of_each_prefilter_follows_from_the_dataset() {
    let mut config = parse(&format!("{LEAST}{STACK}"), &[]);
    let error = config.clone().resolve(&recording(None, None)).unwrap_err().to_string();
    assert!(error.contains("\n  prefilter[2].scale: found nothing"), "{error}");
    assert!(error.contains("give prefilter[2].scale, prefilter[2].min_freq_hz and"), "{error}");
    config.resolve(&recording(Some(vec![500.0, 700.0]), None)).unwrap();
    let scales = config.architecture.prefilters.iter().map(|chosen| chosen.values.text("scale"));
    assert_eq!(scales.map(Result::unwrap).collect::<Vec<_>>(), ["mel", "file"]);
}

#[test]
fn sections_may_be_written_as_inline_tables_and_dotted_keys() {
    let text = "data.file = \"x.h5\"\nmodel = { type = \"nrf\", hidden = 7 }\ntrain.lr = 1\n";
    let config = parse(text, &[]);
    assert_eq!(config.architecture.model.values.count("hidden").unwrap(), 7);
    assert_eq!(config.train.lr().to_bits(), 1.0f64.to_bits());
}

#[test]
fn the_architecture_is_read_from_its_sections_alone() {
    let text = "\
# an architecture
[model]
type = \"nrf\"
window_ms = 40.0
hidden = 5
output = \"parametric_softplus\"

[prefilter]
type = \"adaptrans\"
min_freq_hz = 500.0
max_freq_hz = 20000.0
scale = \"mel\"
kernel_bins = 651

[parameterization]
type = \"dcls\"
gaussians = 3
";
    let file = Path::new("case.toml");
    let architecture = RunConfig::architecture(text, file).unwrap();
    assert_eq!(architecture.model.values.count("hidden").unwrap(), 5);
    let prefilter = &architecture.prefilters[0];
    assert_eq!(prefilter.values.count("kernel_bins").unwrap(), 651);
    assert_eq!(architecture.parameterization.values.count("gaussians").unwrap(), 3);
    let written = architecture.to_toml().unwrap();
    let again = RunConfig::architecture(&written, file).unwrap();
    assert_eq!(format!("{architecture:?}"), format!("{again:?}"));

    let error = RunConfig::architecture(&format!("{text}[train]\n"), file).unwrap_err();
    assert!(error.to_string().contains("train: found an unknown section"), "{error}");
}

#[test]
fn what_the_dataset_says_is_filled_in() {
    let text = format!("{LEAST}[prefilter]\ntype = \"adaptrans\"\n");
    let mut config = parse(&text, &[]);
    config.resolve(&recording(Some(vec![500.0, 700.0]), Some(Splits::default()))).unwrap();
    assert_eq!(config.data.split, Some(Split::File));
    let prefilter = &config.architecture.prefilters[0];
    assert_eq!(prefilter.values.text("scale").unwrap(), "file");

    let mut config = parse(&text, &["prefilter.scale=mel"]);
    config.resolve(&recording(None, None)).unwrap();
    assert_eq!(config.data.split, Some(Split::UNSAID));
    let prefilter = &config.architecture.prefilters[0];
    assert_eq!(prefilter.values.text("scale").unwrap(), "mel");
}

#[test]
fn what_the_dataset_would_have_to_say_is_asked_for() {
    let text = format!("{LEAST}[prefilter]\ntype = \"willmore\"\n");
    let mut config = parse(&text, &["data.split=file"]);
    let error = config.resolve(&recording(None, None)).unwrap_err();
    assert_eq!(error.exit_status(), 2);
    assert_eq!(
        error.to_string(),
        "configs/mine.toml: 2 problems\n  \
         data.split: found \"file\", expected fractions or lists of stimulus ids (x.h5 has no \
         /splits)\n  \
         prefilter.scale: found nothing, expected a scale, with min_freq_hz and max_freq_hz \
         (x.h5 has no /frequencies: give prefilter.scale, prefilter.min_freq_hz and \
         prefilter.max_freq_hz, or add /frequencies to the file)"
    );
    let mut config = parse(&text, &["prefilter.scale=file"]);
    let error = config.resolve(&recording(None, Some(Splits::default()))).unwrap_err();
    assert!(error.to_string().contains("prefilter.scale: found \"file\""), "{error}");
}

/// The template of every combination, with values other than the defaults in `[data]`, `[train]`.
fn varied(overrides: &mut Vec<String>) -> Vec<String> {
    *overrides = [
        "data.neurons={ area = \"A1\", \"odd key\" = 3, reliability = \">= 1e-7\" }",
        "data.stimuli=[\"a \\\"quoted\\\" id\", \"größe\"]",
        "data.split={ train = [\"s 1\"], valid = [\"s2\"], test = [\"s3\", \"s4\"] }",
        "data.smooth_ms=0.1",
        "train.lr=1e-7",
        "train.l1=0.30000000000000004",
        "train.seed=9223372036854775807",
        "train.schedule=cosine",
        "train.monitor=valid_loss",
        "train.device=cuda:2",
        "output.folder=../runs/a b",
    ]
    .map(String::from)
    .into();
    let stack = || ["willmore", "adaptrans"].map(|name| find(prefilters::TABLE, name).unwrap());
    let stacked = Template {
        model: find(models::TABLE, "dnet").unwrap(),
        prefilters: stack().into(),
        parameterization: find(parameterizations::TABLE, "dcls").unwrap(),
        data: "../data/x.h5",
        others: Others::Commented,
        like: &[],
    };
    let texts = combinations().into_iter().map(|(model, prefilter, parameterization)| {
        let (data, others) = ("../data/x.h5", Others::LeftOut);
        let prefilters = prefilter.into_iter().collect();
        Template { model, prefilters, parameterization, data, others, like: &[] }.text()
    });
    texts.chain([stacked.text()]).collect()
}

#[test]
fn a_written_run_file_reads_back_as_the_same_from_any_folder() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap();
    let (file, folder) = (root.join("configs/run.toml"), root.join("runs/deep/nrf"));
    let mut overrides = Vec::new();
    let texts = varied(&mut overrides);
    assert!(texts.len() > 30);
    for text in texts {
        for overrides in [&overrides[..], &[]] {
            let config = RunConfig::parse(&text, &file, overrides).unwrap();
            let written = config.to_toml(&folder).unwrap();
            let mut again = RunConfig::parse(&written, &folder.join("config.toml"), &[]).unwrap();
            assert_eq!(again.to_toml(&folder).unwrap(), written);
            assert!(written.contains("file = \"../../../data/x.h5\""), "{written}");

            assert_eq!(again.data.file, folder.join("../../../data/x.h5"));
            again.file.clone_from(&config.file);
            again.data.file.clone_from(&config.data.file);
            again.output.folder.clone_from(&config.output.folder);
            assert_eq!(format!("{again:?}"), format!("{config:?}"));
        }
    }
}

#[test]
fn a_run_file_in_its_own_run_folder_names_the_folder_it_lies_in() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap();
    let config = RunConfig::parse(LEAST, &root.join("configs/mine.toml"), &[]).unwrap();
    let written = config.to_toml(&config.output.folder).unwrap();
    assert!(written.contains("folder = \".\""), "{written}");
}

#[test]
fn the_reference_file_shows_every_key_as_the_tables_have_it() {
    let template = Template {
        model: models::TABLE.iter().find(|row| row.part().name == "ln").unwrap(),
        prefilters: vec![],
        parameterization: &parameterizations::TABLE[0],
        data: "data.h5",
        others: Others::Commented,
        like: &[],
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/reference.toml");
    let written = std::fs::read_to_string(file).unwrap();
    assert_eq!(
        written,
        template.text(),
        "write it anew: strf init --all-keys > configs/reference.toml"
    );

    let parts = parts_with_keys();
    assert!(parts.len() > 8);
    for (part, keys) in parts {
        assert!(written.contains(&format!("type = \"{part}\"\n")), "{part}");
        for key in keys {
            assert!(written.contains(&format!("{key} = ")), "{part}: {key}");
        }
    }
}

fn parts_with_keys() -> Vec<(&'static str, Vec<&'static str>)> {
    let models = models::TABLE.iter().map(Row::part);
    let prefilters = prefilters::TABLE.iter().map(Row::part);
    let parameterizations = parameterizations::TABLE.iter().map(Row::part);
    let gains = output_gains::TABLE.iter().map(Row::part);
    let parts = models.chain(prefilters).chain(parameterizations).chain(gains);
    parts.map(|part| (part.name, part.keys.iter().map(|key| key.name).collect())).collect()
}

#[test]
fn every_file_in_configs_is_a_sound_run_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|end| end == "toml")).collect();
    for file in &files {
        RunConfig::load(file, &[]).unwrap();
    }
    for model in models::names() {
        let name = format!("{model}.toml");
        let file = files.iter().find(|file| file.ends_with(&name)).expect(&name);
        let config = RunConfig::load(file, &[]).unwrap();
        assert_eq!(config.architecture.model.row.part.name, model);
        assert!(config.output.folder.ends_with(format!("runs/{model}")), "{name}");
    }
}
