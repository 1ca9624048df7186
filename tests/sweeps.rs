//! Sweeps: every fit is the run that `strf train` makes of it, nothing that is done is lost, and what is said
//! of all of them follows from what they predict.
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use ndarray::{Array2, Array3, s};
use serde_json::Value as Json;
use strf::dataset::read;
use strf::preparation::Treatment;
use strf::run_file::{RunConfig, Split};
use strf::scores::evaluation::score;

use crate::support::runs::{Workplace, recording, unlocked, wait_until};

/// Two models, two folds, two seeds of the seven stimuli that are not for the test.
const SWEEP: &str = "[data]\nfile = \"data.h5\"\nsmooth_ms = 11.0\n\
    [model]\ntype = \"nrf\"\nwindow_ms = 20.0\n[train]\nepochs = 4\nstarts = 1\n\
    [fit]\nfolds = 2\nseeds = 2\n[grid]\nmodel.type = [\"linear\", \"nrf\"]\nmodel.hidden = [3, 4]\n";

fn place() -> Workplace {
    let place = Workplace::new();
    place.write("sweep.toml", SWEEP);
    place
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_fit_is_the_run_that_train_makes_of_its_file() {
    let place = place();
    let said = place.strf("sweep sweep.toml --out sweep").done();
    let said_first = "12 fits: 3 combinations x 2 folds x 2 seeds, into sweep\n";
    assert!(said.stderr.starts_with(said_first), "{}", said.stderr);
    for name in ["linear", "nrf, hidden = 3", "nrf, hidden = 4", "chosen in each fold"] {
        assert!(said.stdout.contains(name), "{name}: {}", said.stdout);
    }
    let rows: Vec<String> = place.read("sweep/scores.csv").lines().map(str::to_owned).collect();
    assert_eq!(rows.len(), 1 + 12 * 3, "a row for each neuron of each fit");
    for number in [0, 4, 11] {
        let job = format!("sweep/jobs/{number:05}");
        place.strf(&format!("train {job}/config.toml --out alone --force")).done();
        let (own, alone) = (place.contents(&job), place.contents("alone"));
        for name in ["model/model.safetensors", "model/metadata.json", "scores.json"] {
            let [own, alone] = [&own, &alone].map(|files| {
                let path = files.keys().find(|path| path.ends_with(name));
                String::from_utf8_lossy(&files[path.unwrap()]).into_owned()
            });
            // Paths to the dataset differ with the depth of the folder.
            let plain = |text: &str| text.replace("../../../data.h5", "../data.h5");
            assert!(plain(&own) == plain(&alone), "{job}: {name}");
        }
    }
    let config = place.read("sweep/jobs/00004/config.toml");
    let config = RunConfig::parse(&config, "config.toml".as_ref(), &[]).unwrap();
    let Some(Split::Ids([train, valid, test])) = config.data.split else { panic!("ids") };
    let all: BTreeSet<&String> = train.iter().chain(&valid).chain(&test).collect();
    assert_eq!((all.len(), train.len() + valid.len() + test.len()), (7, 7));
    assert_eq!(config.train.seed, 0);
}

#[test]
fn what_is_said_of_stimuli_that_fits_did_not_see_is_what_their_predictions_score() {
    let place = place();
    place.strf("sweep sweep.toml --out sweep --set fit.seeds=1").done();
    place.strf("sweep collect sweep --predictions").done();
    let file = unlocked().open(place.path("sweep/predictions/00-linear.h5")).unwrap();
    let whole = read(&place.path("data.h5")).unwrap().recording;
    let treatment = Treatment { dt_ms: whole.dt_ms, smooth_ms: 11.0, skip_ms: 0.0 };
    let mut clips: Vec<(Array2<f32>, Array3<f32>)> = Vec::new();
    for clip in &whole.clips {
        let Ok(group) = file.group(&format!("stimuli/{}", clip.stimulus.id)) else { continue };
        let prediction = group.dataset("prediction").unwrap().read_2d().unwrap();
        clips.push((prediction, treatment.repeats(clip.responses.clone())));
    }
    assert_eq!(clips.len(), 7, "every stimulus of the folds, and none of the test");
    let views: Vec<_> = clips.iter().map(|(p, y)| (p.view(), y.view())).collect();
    let scores = score(&whole.neuron_ids(), &views).unwrap();
    let summary = json(&place.read("sweep/summary.json"));
    let models = summary["held_out"]["models"].as_array().unwrap();
    for (place, name) in ["cc", "cc_norm"].into_iter().enumerate() {
        let got = models[0]["scores"][place]["single"]["mean"].as_f64().unwrap();
        let column = scores.column(name).unwrap();
        let defined: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
        let want = defined.iter().sum::<f64>() / defined.len() as f64;
        assert!((got - want).abs() < 1e-9, "{name}: {got}, want {want}");
    }
    let of = |stimuli: &str| models.iter().filter(|model| model["stimuli"] == stimuli).count();
    assert_eq!((of("folds"), of("test")), (4, 3), "three models and the choice, three models");
    let test = models.iter().find(|model| model["stimuli"] == "test").unwrap();
    assert_eq!((&test["clips"], &test["fits_of_a_stimulus"]), (&Json::from(2), &Json::from(2)));
    // Three neurons and seven stimuli are no sample.
    assert!(models[1]["scores"][0]["difference"]["p"].is_null());
    assert!(place.read("sweep/held_out.csv").lines().count() == 1 + 2 * 7);
}

#[test]
fn killed_again_and_again_a_sweep_comes_to_the_same_end() {
    let place = place();
    place.strf("sweep sweep.toml --out whole").done();
    let mut running = place.start("sweep sweep.toml --out killed");
    wait_until(|| place.path("killed/plan.json").exists());
    let mut kills = 0;
    for nth in 0..20 {
        std::thread::sleep(Duration::from_millis(40 + 13 * nth));
        kills += usize::from(running.signal("-KILL"));
        running.end();
        let status = json(&place.strf("sweep status killed --json").done().stdout);
        assert_eq!(status["running"], Json::Array(Vec::new()), "{status}");
        running = place.start("sweep resume killed");
    }
    running.end().done();
    assert!(kills > 0, "the sweep was over before the first kill");
    let status = json(&place.strf("sweep status killed --json").done().stdout);
    assert_eq!((&status["done"], &status["open"]), (&Json::from(12), &Json::from(0)), "{status}");
    assert!(place.read("killed/scores.csv") == place.read("whole/scores.csv"));
    assert!(place.read("killed/held_out.csv") == place.read("whole/held_out.csv"));
    for number in 0..12 {
        let model = format!("jobs/{number:05}/model");
        place.assert_same(&format!("killed/{model}"), &format!("whole/{model}"));
    }
    for folder in ["claims", "work", "failed"] {
        let left = fs::read_dir(place.path(&format!("killed/{folder}"))).unwrap();
        let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<String> = left.filter(|name| !name.starts_with(".strf-")).collect();
        assert_eq!(left, [""; 0], "{folder}");
    }
}

#[test]
fn two_at_once_share_the_fits_and_the_number_of_workers_changes_nothing() {
    let place = place();
    place.strf("sweep sweep.toml --out whole --set launch.at_once=1").done();
    let first = place.start("sweep sweep.toml --out shared");
    wait_until(|| place.path("shared/plan.json").exists());
    let second = place.start("sweep resume shared");
    let (first, second) = (first.end(), second.end());
    assert_eq!(
        (first.status, second.status),
        (Some(0), Some(0)),
        "{} {}",
        first.stderr,
        second.stderr
    );
    place.strf("sweep resume shared").done();
    assert!(place.read("shared/scores.csv") == place.read("whole/scores.csv"));
}

#[test]
fn what_was_deleted_is_fitted_again_and_a_fit_that_fails_is_said() {
    let place = place();
    place.strf("sweep sweep.toml --out sweep").done();
    let before = place.read("sweep/scores.csv");
    fs::remove_dir_all(place.path("sweep/jobs/00003")).unwrap();
    place.strf("sweep resume sweep").done();
    assert!(place.read("sweep/scores.csv") == before);

    // A learning rate that leads nowhere fails in every fit of its own, and in no other.
    let grid =
        "[grid]\ntrain.lr = [0.01, 1.0]\ntrain.clip_norm = [0.0]\ntrain.loss = [\"poisson\"]\n";
    let text = SWEEP.split("[grid]").next().unwrap().to_owned() + grid;
    place.write("fails.toml", &text.replace("epochs = 4", "epochs = 4\noptimizer = \"adamw\""));
    let said = place.strf("sweep fails.toml --out fails");
    let status = json(&place.strf("sweep status fails --json").done().stdout);
    let failed = status["failed"].as_object().unwrap();
    assert_eq!(failed.len() + usize::try_from(status["done"].as_u64().unwrap()).unwrap(), 8);
    for failure in failed.values() {
        assert!(failure["error"].as_str().unwrap().contains("loss of"), "{failure}");
    }
    assert_eq!(said.stderr.contains("failed:"), !failed.is_empty(), "{}", said.stderr);
}

#[test]
fn a_sweep_stops_when_asked_to_and_goes_on() {
    let place = place();
    let long = SWEEP.replace("epochs = 4", "epochs = 200000\npatience = 100000");
    place.write("long.toml", &long.replace("\"linear\", ", ""));
    let mut running = place.start("sweep long.toml --out long");
    wait_until(|| fs::read_dir(place.path("long/claims")).is_ok_and(|all| all.count() > 0));
    std::thread::sleep(Duration::from_millis(300));
    assert!(running.signal("-INT"));
    let said = running.end();
    assert_eq!(said.status, Some(130), "{}", said.stderr);
    assert!(said.stderr.contains("go on with: strf sweep resume long"), "{}", said.stderr);
    let status = json(&place.strf("sweep status long --json").done().stdout);
    assert_eq!((&status["done"], &status["running"]), (&Json::from(0), &Json::Array(Vec::new())));
    let states = fs::read_dir(place.path("long/work")).unwrap();
    let states =
        states.filter(|job| job.as_ref().unwrap().path().join("state/state.safetensors").exists());
    assert!(states.count() > 0, "what was reached is kept");
    place.strf("sweep cancel long").done();
    assert!(place.strf("sweep status long").done().stdout.starts_with("8 fits: 0 done"));
}

#[test]
fn sweeps_that_make_no_sense_are_refused_and_nothing_is_written() {
    let place = place();
    for (change, said) in [
        ("--set fit.folds=8", "fit.folds: found 8 folds of 7 stimuli"),
        ("--set fit.folds=0", "fit.folds=0: found 0, expected a whole number from 1 to 10000"),
        ("--set fit.fold=3", "fit.fold=3: found an unknown key"),
        ("--set data.split=file", "data.split=file: found a split, expected none beside folds"),
        ("--set fit.against=ln", "fit.against: found \"ln\", expected \"linear\", \"nrf"),
        ("--set fit.test=[\"nothing\"]", "fit.test: found \"nothing\""),
        ("--set fit.stratify=area", "fit.stratify: found \"area\""),
        ("--set grid.model.hidden=[]", "grid.model.hidden=[]: found an empty list"),
        ("--set grid.model.hidden=[-1]", "model.hidden=-1: found -1"),
    ] {
        let mut command = place.command("sweep sweep.toml --out sweep");
        let output = command.args(change.split(' ')).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{change}: {stderr}");
        assert!(stderr.contains(said), "{change}: {stderr}");
        assert!(!place.path("sweep").exists(), "{change}");
    }
    let said = place.strf("train sweep.toml");
    assert_eq!(said.status, Some(2));
    assert!(said.stderr.contains("10:2 fit: found an unknown section"), "{}", said.stderr);
    let said = place.strf("sweep status nowhere");
    assert!(said.stderr.contains("nowhere: there is no such folder"), "{}", said.stderr);
    place.strf("sweep sweep.toml --out sweep --set fit.seeds=1").done();
    let said = place.strf("sweep sweep.toml --out sweep");
    assert!(said.stderr.contains("sweep holds a sweep; go on with it with"), "{}", said.stderr);
    fs::create_dir(place.path("other")).unwrap();
    place.write("other/notes.txt", "mine");
    let said = place.strf("sweep sweep.toml --out other");
    assert!(said.stderr.contains("other holds notes.txt, expected a sweep"), "{}", said.stderr);
    place.strf("sweep sweep.toml --out sweep --force --set fit.seeds=1").done();

    let mut changed = recording();
    changed.clips[0].cochleagram[(0, 0)] += 1.0;
    place.write_data("data.h5", &changed);
    let said = place.strf("sweep resume sweep");
    assert_eq!(said.status, Some(2));
    let changed =
        "data.h5: found other stimuli or neurons than when the sweep in sweep was planned";
    assert!(said.stderr.contains(changed), "{}", said.stderr);
}

#[test]
fn a_plan_says_what_would_be_fitted_and_writes_nothing() {
    let place = place();
    let said = place
        .strf("sweep sweep.toml --plan --set fit.nested=true --set fit.folds=3 --out sweep")
        .done();
    let lines: Vec<&str> = said.stdout.lines().collect();
    let first = "54 fits: 3 combinations x 3 folds x (1 + 2) for the choice in each fold x 2 seeds";
    assert_eq!(lines[0], first);
    assert_eq!(lines[1..4], ["  linear", "  nrf, hidden = 3", "  nrf, hidden = 4"]);
    assert!(lines[5].starts_with("2 stimuli stay out of all fits"), "{lines:?}");
    assert!(lines[6].starts_with("time: ") && lines[6].ends_with(" at once"), "{lines:?}");
    assert!(
        lines[7].starts_with("  linear: about ") && lines[7].ends_with(" s a fit"),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 10, "a line for each combination: {lines:?}");
    assert!(!place.path("sweep").exists());
    let said = place
        .strf("sweep sweep.toml --set fit.nested=true --set fit.folds=3 --out sweep --json")
        .done();
    let events: Vec<Json> = said.stdout.lines().take(108).map(json).collect();
    assert!(events.iter().all(|event| event["event"] == "begun" || event["event"] == "done"));
    assert_eq!(place.read("sweep/scores.csv").lines().count(), 1 + 54 * 3);
}

#[test]
fn lines_of_a_list_are_worked_through_anywhere_and_where_no_slurm_is_that_is_said() {
    let place = place();
    let said = place
        .strf("sweep sweep.toml --out listed --set launch.on=list --set launch.max_running=2")
        .done();
    assert!(said.stderr.contains("run 2 lines in listed/commands.txt"), "{}", said.stderr);
    let lines: Vec<String> = place.read("listed/commands.txt").lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2);
    let workers: Vec<_> = lines
        .iter()
        .map(|line| std::process::Command::new("sh").args(["-c", line]).spawn().unwrap())
        .collect();
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    let said = place.strf("sweep collect listed").done();
    assert!(said.stdout.contains("nrf, hidden = 4"), "{}", said.stdout);
    place.strf("sweep sweep.toml --out whole").done();
    assert!(place.read("listed/scores.csv") == place.read("whole/scores.csv"));
    let said = place.strf("sweep resume listed").done();
    assert!(said.stdout.contains("chosen in each fold"), "{}", said.stdout);

    let mut command = place.command("sweep sweep.toml --out slurm --set launch.on=slurm");
    let output = command.env("PATH", "/nowhere").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("launch.on: found no sbatch on this machine"), "{stderr}");
    assert!(!place.path("slurm").exists());

    place.write("changed.toml", &SWEEP.replace("folds = 2", "folds = 3"));
    let said = place.strf("sweep resume listed --file changed.toml");
    assert!(said.stderr.contains("found \"folds = 3\", expected \"folds = 2\""), "{}", said.stderr);
    place.strf("sweep resume listed --file sweep.toml").done();
}

#[test]
fn neurons_on_their_own_are_fitted_as_if_there_were_no_others() {
    let place = place();
    let change = "--set fit.each=neuron --set fit.seeds=1 --set grid.model.hidden=[3]";
    let said = place.strf(&format!("sweep sweep.toml --out alone {change}")).done();
    assert!(
        said.stderr.starts_with("12 fits: 3 neurons x 2 combinations x 2 folds x 1 seed"),
        "{}",
        said.stderr
    );
    let held_out = place.read("alone/held_out.csv");
    let of_linear = |table: &str| -> BTreeSet<String> {
        let lines = table.lines().filter(|line| line.starts_with("linear,"));
        lines.map(|line| line.split(',').nth(5).unwrap().to_owned()).collect()
    };
    assert_eq!(of_linear(&held_out), BTreeSet::from(["3".to_owned()]), "{held_out}");
    assert_eq!(place.read("alone/scores.csv").lines().count(), 1 + 12);

    let only = format!("--set data.neurons=[\"b2\"] {change}");
    place.strf(&format!("sweep sweep.toml --out one {only}")).done();
    let whole = place.path("alone/jobs");
    for (one, among) in [("00000", "00002"), ("00001", "00003"), ("00003", "00009")] {
        let model = "model/model.safetensors";
        let (own, other) = (place.path("one/jobs").join(one), whole.join(among));
        assert!(
            fs::read(own.join(model)).unwrap() == fs::read(other.join(model)).unwrap(),
            "{one}"
        );
    }

    // A neuron that was not recorded fails alone.
    let mut silent = recording();
    silent.clips.iter_mut().for_each(|clip| clip.responses.slice_mut(s![1, .., ..]).fill(f32::NAN));
    place.write_data("data.h5", &silent);
    let said = place.strf(&format!("sweep sweep.toml --out silent {change}")).done();
    assert!(said.stderr.contains("no neuron has a recorded bin"), "{}", said.stderr);
    assert!(said.stderr.contains("4 of 12 fits are not done"), "{}", said.stderr);
    let neurons = place.read("silent/held_out.csv");
    assert_eq!(of_linear(&neurons), BTreeSet::from(["2".to_owned()]), "{neurons}");
    place.strf("report silent --out page.html").done();
    assert!(place.read("page.html").contains("Which model, how good, how sure"));
}

#[test]
fn neurons_side_by_side_leave_the_run_folders_that_train_leaves_of_each() {
    let place = place();
    let change = "--set fit.each=neuron --set fit.seeds=1 --set model.type=ln \
                  --set grid.model.type=[\"ln\",\"linear\"] --set train.epochs=60";
    place.write(
        "sweep.toml",
        &SWEEP.replace("starts = 1\n", "").replace("model.hidden = [3, 4]\n", ""),
    );
    place.strf(&format!("sweep sweep.toml --out sweep {change}")).done();
    // Of both combinations and of every neuron.
    for number in [0, 1, 3, 5, 8] {
        let job = format!("sweep/jobs/{number:05}");
        place.strf(&format!("train {job}/config.toml --out alone --force")).done();
        for name in ["model/model.safetensors", "model/metadata.json"] {
            let [own, alone] = [&job[..], "alone"]
                .map(|run| fs::read(place.path(&format!("{run}/{name}"))).unwrap());
            let plain = |bytes: &[u8]| {
                String::from_utf8_lossy(bytes).replace("../../../data.h5", "../data.h5")
            };
            assert!(plain(&own) == plain(&alone), "{job}: {name}");
        }
        let [own, alone] = [&job[..], "alone"].map(|run| place.read(&format!("{run}/scores.json")));
        assert_eq!(own.replace("../../../data.h5", "../data.h5"), alone, "{job}");
        let timeless = |run: &str| -> Vec<Vec<String>> {
            let rows = place.read(&format!("{run}/history.csv"));
            let row = |line: &str| -> Vec<String> {
                let fields = line.split(',').enumerate();
                let kept = fields.filter(|(place, _)| ![1, 2].contains(place));
                kept.map(|(_, field)| field.to_owned()).collect()
            };
            rows.lines().map(row).collect()
        };
        assert_eq!(timeless(&job), timeless("alone"), "{job}");
    }
}

#[test]
fn a_search_goes_on_in_rounds_that_follow_from_what_earlier_ones_came_to() {
    let place = place();
    let search = |lines: &str| {
        let text = SWEEP.split("[grid]").next().unwrap();
        let range = "\"train.lr\" = { log = [1e-4, 1e-1] }";
        place.write("sweep.toml", &format!("{text}[search]\n{lines}\n{range}\n"));
    };
    search("method = \"halving\"\ntrials = 4\nkeep_one_in = 2\nepochs = 12");
    let small = "--set fit.seeds=1 --set model.hidden=3";
    let said = place.strf(&format!("sweep sweep.toml --out sweep {small}")).done();
    for line in [
        "8 fits: 4 combinations x 2 folds x 1 seed, and another round follows",
        "12 fits: 6 combinations x 2 folds x 1 seed, and another round follows\n",
        "14 fits: 7 combinations x 2 folds x 1 seed\n",
    ] {
        assert!(said.stderr.contains(line), "{line}: {}", said.stderr);
    }
    let table = place.csv("sweep/summary.csv");
    let number = |column: &str| -> Vec<f64> {
        table[column].iter().map(|text| text.parse().unwrap()).collect()
    };
    let (epochs, rates, scores) = (number("train.epochs"), number("train.lr"), number("valid_cc"));
    assert_eq!(epochs, [3.0, 3.0, 3.0, 3.0, 6.0, 6.0, 12.0]);
    let best =
        |of: std::ops::Range<usize>| of.max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
    assert_eq!(rates[best(0..4)].to_bits(), rates[4].to_bits(), "{rates:?} {scores:?}");
    assert_eq!(rates[best(4..6)].to_bits(), rates[6].to_bits(), "{rates:?} {scores:?}");

    // Stopped on the way, and gone on by others, it comes to the same.
    let mut running = place.start(&format!("sweep sweep.toml --out killed {small}"));
    wait_until(|| place.path("killed/jobs/00001").exists());
    running.signal("-KILL");
    drop(running.end());
    place.strf("sweep resume killed").done();
    let timeless = |sweep: &str| {
        let rows = place.read(&format!("{sweep}/held_out.csv"));
        (rows, place.read(&format!("{sweep}/plan.json")))
    };
    assert!(timeless("sweep") == timeless("killed"));

    search("method = \"tpe\"\ntrials = 13");
    place.strf(&format!("sweep sweep.toml --out tpe --set fit.folds=1 {small}")).done();
    assert_eq!(place.csv("tpe/summary.csv")["train.lr"].len(), 13);
}

#[test]
fn sweeps_are_compared_on_what_none_of_their_fits_has_seen() {
    let place = place();
    let small = "--set fit.seeds=1 --set grid.model.hidden=[3]";
    place.strf(&format!("sweep sweep.toml --out a {small}")).done();
    place.write(
        "ln.toml",
        &SWEEP.replace("\"nrf\"", "\"ln\"").replace("\nmodel.hidden = [3, 4]", ""),
    );
    let ln = "--set fit.seeds=1 --set grid.model.type=[\"ln\"]";
    place.strf(&format!("sweep ln.toml --out b {ln} --set fit.folds=3")).done();
    let found = json(&place.strf("compare a b --json").done().stdout);
    let models = found["models"].as_array().unwrap();
    let names: Vec<&str> = models.iter().map(|own| own["model"].as_str().unwrap()).collect();
    assert_eq!(names, ["a: linear", "a: nrf, hidden = 3", "a: chosen in each fold", "b: ln"]);
    assert_eq!(found["against"], "a: chosen in each fold");
    let summary =
        |sweep: &str| json(&place.read(&format!("{sweep}/summary.json")))["held_out"].clone();
    let (a, b) = (summary("a"), summary("b"));
    let cc = |model: &Json| model["scores"][0]["single"].clone();
    assert_eq!(cc(&models[3]), cc(&b["models"][0]));
    assert_eq!(cc(&models[2]), cc(&a["models"][2]));
    let difference = &models[3]["scores"][0]["difference"]["estimate"]["mean"];
    let of = |model: &Json| cc(model)["mean"].as_f64().unwrap();
    assert!((difference.as_f64().unwrap() - (of(&models[3]) - of(&models[2]))).abs() < 1e-12);

    place.strf(&format!("sweep ln.toml --out c {ln} --set data.smooth_ms=25.0")).done();
    place.strf("compare a c").refused(
        "c: found other responses, or responses smoothed otherwise, expected those of a; compare sweeps \
         of the same responses to the same stimuli",
    );
    place.strf("compare a b/jobs/00000").refused(
        "found runs beside sweeps, expected folders of one kind; a fit of a sweep is the run folder \
         jobs/NUMBER in it",
    );
}

#[test]
fn receptive_fields_of_a_sweep_are_the_mean_over_its_folds() {
    let place = place();
    let small = "--set fit.seeds=1 --set fit.folds=3 --set grid.model.hidden=[3]";
    place.strf(&format!("sweep sweep.toml --out sweep {small}")).done();
    place
        .strf("export-strfs sweep")
        .refused("--model: found nothing, expected \"linear\" or \"nrf, hidden = 3\"");
    place.strf("export-strfs sweep --model linear").done();
    let read = |file: &str, name: &str| {
        let file = unlocked().open(place.path(file)).unwrap();
        file.dataset(name).unwrap().read_raw::<f32>().unwrap()
    };
    // Both combinations of a fold stand beside each other.
    let folds = [0, 2, 4].map(|job| {
        let run = format!("sweep/jobs/{job:05}");
        place.strf(&format!("export-strfs {run} --out fold{job}.h5")).done();
        format!("fold{job}.h5")
    });
    for name in ["strfs", "strfs_effective"] {
        let parts = folds.each_ref().map(|file| read(file, name));
        for (place, mean) in read("sweep/strfs.h5", name).into_iter().enumerate() {
            let want = parts.iter().map(|part| part[place]).sum::<f32>() / 3.0;
            assert!((mean - want).abs() < 1e-6 * want.abs().max(1e-3), "{name} {place}");
        }
    }
    assert!(
        read("sweep/strfs.h5", "significance/mean") == read("sweep/strfs.h5", "strfs_effective")
    );

    let alone = "--set fit.each=neuron --set grid.model.type=[\"linear\"]";
    place.strf(&format!("sweep sweep.toml --out alone {small} {alone}")).done();
    place.strf("export-strfs alone").done();
    assert_eq!(read("alone/strfs.h5", "strfs").len(), read("sweep/strfs.h5", "strfs").len());
}

#[test]
fn values_that_are_drawn_are_fitted_with_every_combination() {
    let place = place();
    let search = "\n[search]\ntrials = 3\n\"train.lr\" = { log = [1e-3, 1e-1] }\n";
    place.write("search.toml", &(SWEEP.to_owned() + search));
    let said = place.strf("sweep search.toml --plan").done();
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines[0], "36 fits: 9 combinations x 2 folds x 2 seeds");
    assert!(lines[1].starts_with("  linear, lr = 0."), "{lines:?}");
    place.strf("sweep search.toml --out found --set fit.seeds=1 --set search.trials=2").done();
    let header = place.read("found/scores.csv").lines().next().unwrap().to_owned();
    assert!(
        header.starts_with("job,combination,model.type,train.lr,model.hidden,fold"),
        "{header}"
    );
}
