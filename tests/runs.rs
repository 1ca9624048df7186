//! Trained models in use: scored, asked for predictions, exported.
use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use hdf5::types::VarLenUnicode;
use ndarray::{Array1, Array2, Array3, Array4, s};
use serde_json::{Value as Json, json};
use strf::dataset::{Clip, Entity, Recording};
use strf::preparation::{keep_neurons, psth, smooth};

use crate::support::compare::{Tolerance, assert_close};
use crate::support::golden;
use crate::support::npz::Npz;
use crate::support::runs::{
    BANDS, LN, MODELS, NEURONS, Workplace, change_data, recording, run_file, without_last,
};

/// A run of a model after a few epochs, in `runs/run`.
fn trained(model: &str) -> Workplace {
    let place = Workplace::new();
    place.write("run.toml", &run_file(model, "epochs = 3\nlr = 0.01\nbatch = 2"));
    place.strf("train run.toml").done();
    place
}

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn eval_gives_the_scores_of_training() {
    for (name, model) in MODELS {
        let place = trained(model);
        let said = place.strf("eval runs/run --out again --json").done();
        assert_eq!(
            place.read("again/scores.csv"),
            without_last(&place.read("runs/run/scores.csv"), "calibrated"),
            "{name}"
        );
        let (printed, kept) = (parsed(&said.stdout), parsed(&place.read("runs/run/scores.json")));
        assert_eq!(printed, parsed(&place.read("again/scores.json")), "{name}");
        assert_eq!(printed["scores"], kept["scores"], "{name}");
        assert_eq!(printed["run"]["stimuli"], kept["run"]["stimuli"], "{name}");
    }
}

#[test]
fn training_prints_its_scores_as_a_table_or_as_json() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 1"));
    let json = place.strf("train run.toml --json --out runs/a").done().stdout;
    assert_eq!(parsed(&json), parsed(&place.read("runs/a/scores.json")));
    let table = place.strf("train run.toml --out runs/b").done().stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("neuron  repeats  bins"), "{table}");
    assert!(lines[1].starts_with("a1 ") && lines[3].starts_with("c3 "), "{table}");
}

#[test]
fn eval_scores_the_stimuli_of_the_split_that_is_asked_for() {
    let place = trained(LN);
    let splits = recording().splits.unwrap();
    let all: Vec<String> = recording().clips.into_iter().map(|clip| clip.stimulus.id).collect();
    let want =
        [("train", splits.train), ("valid", splits.valid), ("test", splits.test), ("all", all)];
    let mut scores = Vec::new();
    for (split, stimuli) in want {
        let json = parsed(&place.strf(&format!("eval runs/run --json --split {split}")).stdout);
        assert_eq!(json["run"]["split"], split);
        assert_eq!(json["run"]["stimuli"], json!(stimuli));
        scores.push(json["scores"]["cc"]["mean"].to_string());
    }
    scores.dedup();
    assert_eq!(scores.len(), 4, "{scores:?}");
}

#[test]
fn eval_keeps_scores_that_lie_there_unless_told_otherwise() {
    let place = trained(LN);
    place.strf("eval runs/run --out scores --split valid").done();
    let before = place.contents("scores");
    place.strf("eval runs/run --out scores").refused(
        "scores/scores.csv: exists already, expected nothing there; give another name, or replace \
         it with --force",
    );
    assert!(place.contents("scores") == before);
    place.strf("eval runs/run --out scores --force").done();
    assert_eq!(
        place.read("scores/scores.csv"),
        without_last(&place.read("runs/run/scores.csv"), "calibrated")
    );
}

#[test]
fn another_dataset_is_scored_whatever_the_order_of_its_neurons() {
    let place = trained(MODELS[3].1);
    place.write_data("turned.h5", &keep_neurons(recording(), &[2, 0, 1]));
    place.strf("eval runs/run --split all --out here").done();
    place.strf("eval runs/run --data turned.h5 --out there").done();
    assert_eq!(place.read("here/scores.csv"), place.read("there/scores.csv"));
    assert_eq!(parsed(&place.read("there/scores.json"))["run"]["split"], "all");
    place.strf("eval runs/run --data turned.h5 --split test --out test").done();
    assert_eq!(
        place.read("test/scores.csv"),
        without_last(&place.read("runs/run/scores.csv"), "calibrated")
    );
}

#[test]
fn another_dataset_that_does_not_fit_the_model_is_refused() {
    let place = trained(LN);
    place.write_data("fewer.h5", &keep_neurons(recording(), &[1]));
    let mut coarse = recording();
    coarse.dt_ms = 10.0;
    coarse.frequencies_hz = None;
    for clip in &mut coarse.clips {
        clip.cochleagram = clip.cochleagram.slice(s![..5, ..]).to_owned();
    }
    place.write_data("coarse.h5", &coarse);
    let missing = "fewer.h5: 2 problems\n  \
                   /neurons/id: found no neuron a1, expected every neuron of the model\n  \
                   /neurons/id: found no neuron c3, expected every neuron of the model";
    place.strf("eval runs/run --data fewer.h5").refused(missing);
    let other = "coarse.h5: 2 problems\n  \
                 dt_ms: found 10, expected 5, as in training\n  \
                 /stimuli/*/cochleagram: found 5 bands, expected 7, as in training";
    place.strf("eval runs/run --data coarse.h5").refused(other);
    place.strf("predict runs/run --data coarse.h5 --out p.h5").refused(other);

    let mut renamed = recording();
    renamed.clips.truncate(8);
    renamed.splits = None;
    place.write_data("renamed.h5", &renamed);
    let gone = "renamed.h5: 1 problem\n  /stimuli: found no stimulus clip8, expected every stimulus \
                of the split (--split all takes whatever stimuli the file has)";
    place.strf("eval runs/run --data renamed.h5 --split test").refused(gone);
    std::fs::remove_file(place.path("data.h5")).unwrap();
    let message = "runs/run/../../data.h5: there is no such file; check the path";
    place.strf("eval runs/run").refused(message);
}

fn correlation(a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    let centred = |x: &Array1<f64>| x - x.mean().unwrap();
    let (a, b) = (centred(a), centred(b));
    (&a * &b).sum() / ((&a * &a).sum() * (&b * &b).sum()).sqrt()
}

/// The predictions in a file by stimulus.
fn predictions(path: &Path) -> BTreeMap<String, Array2<f32>> {
    let file = hdf5::File::open(path).unwrap();
    let stimuli = file.group("stimuli").unwrap();
    let read = |id: String| {
        let prediction = stimuli.dataset(&format!("{id}/prediction")).unwrap();
        (id, prediction.read_2d::<f32>().unwrap())
    };
    stimuli.member_names().unwrap().into_iter().map(read).collect()
}

fn text(place: &hdf5::Location, name: &str) -> String {
    place.attr(name).unwrap().read_scalar::<VarLenUnicode>().unwrap().to_string()
}

#[test]
fn predictions_correlate_with_the_responses_as_eval_says() {
    for (name, model) in [MODELS[1], MODELS[4], MODELS[7]] {
        let place = trained(model);
        let said = place.strf("predict runs/run").done();
        assert_eq!(said.stdout, "runs/run/predictions.h5\n");
        assert!(said.stderr.ends_with("2 stimuli predicted\n"), "{said:?}");
        let predicted = predictions(&place.path("runs/run/predictions.h5"));
        assert_eq!(predicted.keys().collect::<Vec<_>>(), ["clip7", "clip8"]);

        let recording = recording();
        let cc = place.column("runs/run/scores.csv", "cc");
        for (neuron, cc) in cc.iter().enumerate() {
            let mut pairs: [Vec<f64>; 2] = Default::default();
            for clip in &recording.clips[7..] {
                let psth = psth(&smooth(&clip.responses, 11.0, 5.0));
                let prediction = &predicted[&clip.stimulus.id];
                assert_eq!(prediction.dim(), (NEURONS, clip.bins()));
                pairs[0].extend(prediction.row(neuron).iter().map(|y| f64::from(*y)));
                pairs[1].extend(psth.row(neuron).iter().map(|y| f64::from(*y)));
            }
            let [a, b] = pairs.map(Array1::from_vec);
            let by_hand = correlation(&a, &b);
            assert!((by_hand - cc).abs() < 1e-6, "{name} {neuron}: {by_hand}, {cc}");
        }
    }
}

#[test]
fn predictions_lie_in_a_file_with_the_attributes_of_the_dataset() {
    let place = trained(LN);
    place.strf("predict runs/run --split valid --out p.h5").done();
    let file = hdf5::File::open(place.path("p.h5")).unwrap();
    assert_eq!(text(&file, "format"), "strf-predictions");
    assert!((file.attr("dt_ms").unwrap().read_scalar::<f64>().unwrap() - 5.0).abs() < 1e-12);
    assert_eq!(text(&file.group("stimuli/clip5").unwrap(), "type"), "noise");
    assert_eq!(text(&file.group("stimuli/clip6").unwrap(), "type"), "song");
    let ids = file.dataset("neurons/id").unwrap().read_raw::<VarLenUnicode>().unwrap();
    assert_eq!(ids.iter().map(VarLenUnicode::as_str).collect::<Vec<_>>(), ["a1", "b2", "c3"]);
    let bands = file.dataset("frequencies").unwrap().read_raw::<f64>().unwrap();
    assert_eq!(Some(bands), recording().frequencies_hz);

    let before = place.contents("");
    place.strf("predict runs/run --out p.h5").refused(
        "p.h5: exists already, expected nothing there; give another name, or replace it with \
         --force",
    );
    assert!(place.contents("") == before);
    place.strf("predict runs/run --out p.h5 --force").done();
    assert_eq!(predictions(&place.path("p.h5")).len(), 2);
}

#[test]
fn sound_without_responses_is_predicted_and_not_scored() {
    let place = trained(MODELS[8].1);
    std::fs::copy(place.path("data.h5"), place.path("sound.h5")).unwrap();
    change_data(&place.path("sound.h5"), |file| {
        ["neurons", "splits"].iter().try_for_each(|name| file.unlink(name))?;
        (0..9).try_for_each(|clip| file.unlink(&format!("stimuli/clip{clip}/responses")))
    });
    place.strf("predict runs/run --data sound.h5 --out sound_only.h5").done();
    place.strf("predict runs/run --split all --out all.h5").done();
    let of_sound = predictions(&place.path("sound_only.h5"));
    assert_eq!(of_sound.len(), 9);
    assert!(of_sound == predictions(&place.path("all.h5")));
    let said = place.strf("eval runs/run --data sound.h5");
    assert_eq!(said.status, Some(2), "{said:?}");
    let first = "strf: sound.h5: 10 problems\n  \
                 /neurons/id: found nothing, expected a list (N) of neuron ids\n  \
                 /stimuli/clip0/responses: found nothing, expected numbers (N, R, T)\n";
    assert!(said.stderr.starts_with(first), "{said:?}");
}

/// Replaces the weights of the run in `runs/run`.
fn set_weights(place: &Workplace, change: impl Fn(&mut BTreeMap<String, Tensor>)) {
    let file = place.path("runs/run/model/model.safetensors");
    let mut weights = golden::tensors(&file);
    change(&mut weights);
    std::fs::write(file, strf::base::tensor_file::bytes(&weights, None).unwrap()).unwrap();
}

fn exported(place: &Workplace, options: &str) -> (Array4<f32>, Array4<f32>) {
    place.strf(&format!("export-strfs runs/run --out strfs.h5 --force {options}")).done();
    let file = hdf5::File::open(place.path("strfs.h5")).unwrap();
    let read = |name: &str| file.dataset(name).unwrap().read::<f32, ndarray::Ix4>().unwrap();
    (read("strfs"), read("strfs_effective"))
}

/// Sound of one clip each, without responses that mean anything.
fn sounds(clips: impl Iterator<Item = (String, Array2<f32>)>) -> Recording {
    let clip = |(id, cochleagram): (String, Array2<f32>)| Clip {
        responses: Array3::zeros((NEURONS, 1, cochleagram.ncols())),
        stimulus: Entity { id, ..Entity::default() },
        cochleagram,
    };
    Recording { clips: clips.map(clip).collect(), splits: None, ..recording() }
}

const BINS: usize = 12;

/// A clip, and the same with `size` added in one place.
fn with_impulses(level: impl Fn(usize, usize) -> f32, size: f32) -> Recording {
    let plain = Array2::from_shape_fn((BANDS, BINS), |(f, t)| level(f, t));
    let places = (0..BANDS).flat_map(|f| (0..BINS).map(move |t| (f, t)));
    let changed = places.map(|(f, t)| {
        let mut sound = plain.clone();
        sound[[f, t]] += size;
        (format!("{f}_{t}"), sound)
    });
    sounds(std::iter::once(("plain".to_owned(), plain.clone())).chain(changed))
}

/// `(N, F, T of the impulse, T)`: the change of predictions for each unit of an impulse.
fn measured(place: &Workplace, level: impl Fn(usize, usize) -> f32, size: f32) -> Array4<f64> {
    place.write_data("up.h5", &with_impulses(&level, size));
    place.write_data("down.h5", &with_impulses(&level, -size));
    let [up, down] = ["up", "down"].map(|name| {
        place.strf(&format!("predict runs/run --data {name}.h5 --out {name}_p.h5 --force")).done();
        predictions(&place.path(&format!("{name}_p.h5")))
    });
    Array4::from_shape_fn((NEURONS, BANDS, BINS, BINS), |(n, f, at, t)| {
        let id = format!("{f}_{at}");
        f64::from(up[&id][[n, t]] - down[&id][[n, t]]) / f64::from(2.0 * size)
    })
}

const LAGS: usize = 4;

fn weight_by_hand(n: usize, f: usize, lag: usize) -> f32 {
    ((5 * n + 2 * f + 3 * lag) % 11) as f32 / 4.0 - 1.0
}

/// A trained linear model whose kernels are then replaced by [`weight_by_hand`].
fn linear_by_hand(norm: &str, standardize: &str) -> Workplace {
    let place = Workplace::new();
    let model = format!("[model]\ntype = \"linear\"\nwindow_ms = 20.0\nnorm = \"{norm}\"");
    let standardize = format!("[data]\nstandardize = \"{standardize}\"");
    let text = run_file(&model, "epochs = 2\nlr = 0.01").replace("[data]", &standardize);
    place.write("run.toml", &text);
    place.strf("train run.toml").done();
    // The last index of the reference's time axis is the present bin.
    let values = Array3::from_shape_fn((NEURONS, BANDS, LAGS), |(n, f, oldest)| {
        weight_by_hand(n, f, LAGS - 1 - oldest)
    });
    let kernel = values.into_raw_vec_and_offset().0;
    let kernel = Tensor::from_vec(kernel, (NEURONS, 1, BANDS, LAGS), &Device::Cpu).unwrap();
    set_weights(&place, |weights| {
        weights.insert("readout.strf.kernel.weight".into(), kernel.clone());
    });
    place
}

fn an_impulse_evokes_the_effective_strf(norm: &str, standardize: &str) {
    let place = linear_by_hand(norm, standardize);
    let (raw, effective) = exported(&place, "");
    for ((n, _, f, lag), weight) in raw.indexed_iter() {
        let want = weight_by_hand(n, f, lag);
        assert_eq!(weight.to_bits(), want.to_bits(), "neuron {n}, band {f}, lag {lag}");
    }
    let response = measured(&place, |f, t| ((f * t) % 5) as f32, 0.5);
    for ((n, f, at, t), got) in response.indexed_iter() {
        let lag = t.checked_sub(at).filter(|lag| *lag < LAGS);
        let want = lag.map_or(0.0, |lag| f64::from(effective[[n, 0, f, lag]]));
        let close = (got - want).abs() < 1e-4 * want.abs().max(0.1);
        let place = format!("{norm}, {standardize}: neuron {n}, band {f}, impulse {at}, bin {t}");
        assert!(close, "{place}: {got}, exported {want}");
    }
}

#[test]
fn lag_0_is_now_and_effective_strfs_are_what_an_impulse_in_the_file_evokes() {
    for norm in ["batch", "none"] {
        for standardize in ["band", "global", "scale"] {
            an_impulse_evokes_the_effective_strf(norm, standardize);
        }
    }
}

#[test]
fn the_gradient_of_a_network_without_kernels_is_that_of_its_predictions() {
    let place = trained(&format!("{}\noutput = \"identity\"", MODELS[4].1));
    let level = |f: usize, t: usize| ((7 * f + 5 * t + f * t) % 9) as f32;
    let plain = Array2::from_shape_fn((BANDS, BINS), |(f, t)| level(f, t));
    let (reach, lags) = (7, 5);
    // The export averages over the run's own dataset, so one clip takes its place, and the run forgets
    // what it was.
    let metadata = place.read("runs/run/model/metadata.json");
    let mut metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    metadata["content"] = serde_json::Value::Null;
    place.write("runs/run/model/metadata.json", &metadata.to_string());
    let clips = recording().clips.into_iter().map(|clip| (clip.stimulus.id, plain.clone()));
    place.write_data("data.h5", &sounds(clips));
    let (raw, effective) = exported(&place, "--at all --window-ms 25");
    assert!(raw == effective);
    assert_eq!(effective.dim(), (NEURONS, 1, BANDS, lags));

    let response = measured(&place, level, 0.005);
    let largest = effective.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
    for ((n, _, f, lag), weight) in effective.indexed_iter() {
        let bins = reach - 1..BINS;
        let count = bins.len() as f64;
        let mean = bins.map(|t| response[[n, f, t - lag, t]]).sum::<f64>() / count;
        let close = (mean - f64::from(*weight)).abs() < 0.01 * f64::from(largest);
        assert!(close, "neuron {n}, band {f}, lag {lag}: {weight}, finite difference {mean}");
    }
}

/// What an export of each model holds beside `strfs`, `lags_ms` and so on.
fn extras(name: &str) -> Vec<&'static str> {
    let hidden = ["readout_weights"];
    let leaky = ["readout_weights", "hidden_tau_ms", "output_tau_ms"];
    let filters = [
        "adaptrans_a_on",
        "adaptrans_a_off",
        "adaptrans_w",
        "adaptrans_tau_on_ms",
        "adaptrans_tau_off_ms",
    ];
    match name {
        "nrf" => hidden.to_vec(),
        "dnet" => leaky.to_vec(),
        "dcls" => [&hidden[..], &filters].concat(),
        "adaptrans" => [&leaky[..], &filters].concat(),
        "cnn2d_adaptrans" => filters.to_vec(),
        "cnn1d" => vec!["band_centres_hz", "band_widths_octaves"],
        "gaussian" => vec!["readout_weights", "band_centres_hz", "band_widths_octaves"],
        _ => Vec::new(),
    }
}

#[test]
fn every_model_is_exported_with_names_units_and_axes_in_every_format() {
    for (name, model) in MODELS {
        let place = trained(model);
        for (format, out) in [("hdf5", "strfs.h5"), ("npz", "strfs.npz"), ("csv", "strfs")] {
            let said =
                place.strf(&format!("export-strfs runs/run --format {format} --plot")).done();
            assert_eq!(said.stdout, format!("runs/run/{out}\nruns/run/strfs.png\n"), "{name}");
            let picture = place.path("runs/run/strfs.png");
            assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG\r\n"), "{name}");
            std::fs::remove_file(picture).unwrap();
        }
        let file = hdf5::File::open(place.path("runs/run/strfs.h5")).unwrap();
        let of_hidden = ["nrf", "dnet", "dcls", "adaptrans", "gaussian"].contains(&name);
        let (first, rows) = if of_hidden { ("hidden", 4) } else { ("neuron", NEURONS) };
        let adaptrans = ["dcls", "adaptrans", "cnn2d_adaptrans"].contains(&name);
        let channels: &[&str] = if adaptrans { &["ON", "OFF"] } else { &["sound"] };
        // Until its gradients have faded.
        let faded = name == "statenet";
        let shown = file.dataset("strfs").unwrap().shape()[3];
        let lags = match faded {
            true => shown.max(4),
            false if name.starts_with("cnn2d") => 7,
            false => 4,
        };
        for array in ["strfs", "strfs_effective"] {
            let dataset = file.dataset(array).unwrap();
            assert_eq!(dataset.shape(), [rows, channels.len(), BANDS, lags], "{name}");
            assert_eq!(text(&dataset, "axes"), format!("{first},channel,frequency,lag"), "{name}");
            assert!(text(&dataset, "unit").contains(" per unit of "), "{name}");
        }
        let ms = file.dataset("lags_ms").unwrap();
        assert_eq!(ms.read_raw::<f64>().unwrap()[..4], [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(text(&ms, "unit"), "ms");
        let names = |at: &str| -> Vec<String> {
            let texts = file.dataset(at).unwrap().read_raw::<VarLenUnicode>().unwrap();
            texts.iter().map(ToString::to_string).collect()
        };
        assert_eq!(names("channels"), channels, "{name}");
        assert_eq!(names("neurons/id"), ["a1", "b2", "c3"], "{name}");
        assert_eq!(names("config"), [place.read("runs/run/config.toml")], "{name}");
        for extra in extras(name) {
            assert!(!text(&file.dataset(extra).unwrap(), "unit").is_empty(), "{name}: {extra}");
            assert!(place.path(&format!("runs/run/strfs/{extra}.csv")).exists(), "{name}: {extra}");
        }
    }
}

#[test]
fn the_three_formats_hold_the_same_strfs() {
    let place = trained(MODELS[7].1);
    let (raw, effective) = exported(&place, "");
    place.strf("export-strfs runs/run --format npz --out strfs.npz").done();
    place.strf("export-strfs runs/run --format csv --out strfs").done();
    let mut npz = Npz::open(&place.path("strfs.npz"));
    assert_eq!(npz.array::<f32, ndarray::Ix4>("strfs"), raw);
    for (column, want) in [("weight", raw), ("effective", effective)] {
        let got = place.csv("strfs/strfs.csv")[column].clone();
        let got: Vec<u32> = got.iter().map(|w| w.parse::<f32>().unwrap().to_bits()).collect();
        assert_eq!(got, want.iter().map(|w| w.to_bits()).collect::<Vec<_>>(), "{column}");
    }
}

#[test]
fn an_export_is_not_overwritten_unless_told_so() {
    let place = trained(LN);
    place.strf("export-strfs runs/run --plot picture.png").done();
    let before = place.contents("");
    let exists = "exists already, expected nothing there; give another name, or replace it with \
                  --force";
    place.strf("export-strfs runs/run").refused(&format!("runs/run/strfs.h5: {exists}"));
    let said = place.strf("export-strfs runs/run --out other.h5 --plot picture.png");
    assert_eq!((said.status, said.stderr), (Some(2), format!("strf: picture.png: {exists}\n")));
    assert!(place.contents("") == before, "nothing is written where a part cannot be");
    place.strf("export-strfs runs/run --plot picture.png --force").done();
}

/// `model/config.json` as deepSTRF's loader passes it on: the arguments of its constructors.
#[test]
fn the_arguments_for_the_reference_are_those_of_its_constructors() {
    let strfs = |class: &str, more: Json| {
        let mut arguments = json!({
            "_model_class": class,
            "n_frequency_bands": 7,
            "out_neurons": 3,
            "temporal_window_size": 4,
        });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let want = [
        strfs("Linear", json!({})),
        strfs("LinearNonlinear", json!({})),
        strfs("NetworkReceptiveField", json!({ "n_hidden": 4 })),
        strfs("DNet", json!({ "n_hidden": 4, "init_tau": 2.0, "decay_input": true })),
        json!({
            "_model_class": "ConvNet2D",
            "n_frequency_bands": 7,
            "out_neurons": 3,
            "kernel_size": [3, 3],
            "c_hidden": 3,
            "n_hidden": 4,
        }),
    ];
    for ((name, model), want) in MODELS.into_iter().zip(want) {
        let place = Workplace::new();
        place.write("run.toml", &run_file(model, "epochs = 0"));
        place.strf("train run.toml").done();
        assert_eq!(parsed(&place.read("runs/run/model/config.json")), want, "{name}");
    }
}

/// Sound and responses of the size that the reference's cases have.
fn of_golden_size() -> Recording {
    let mut recording = recording();
    recording.frequencies_hz = None;
    for clip in &mut recording.clips {
        let bins = clip.bins();
        clip.cochleagram = Array2::from_shape_fn((16, bins), |(f, t)| ((3 * f + t) % 7) as f32);
    }
    recording
}

#[test]
fn saved_weights_have_the_names_and_shapes_of_the_reference() {
    let mut counters = 0;
    for entry in std::fs::read_dir(golden::folder("")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(case) = std::fs::read_to_string(folder.join("case.toml")) else { continue };
        let Some(start) = case.find("[model]") else { continue };
        let place = Workplace::holding(&of_golden_size());
        place.write("run.toml", &run_file(&case[start..], "epochs = 1"));
        place.strf("train run.toml").done();
        let mut got = golden::tensors(&place.path("runs/run/model/model.safetensors"));
        if let Some(counter) = got.remove("readout.bn.num_batches_tracked") {
            assert_eq!((counter.dtype(), counter.dims()), (DType::I64, &[][..]));
            assert!(counter.to_scalar::<i64>().unwrap() > 0);
            counters += 1;
        }
        let want = golden::tensors(&folder.join("weights.safetensors"));
        let shapes = |tensors: BTreeMap<String, Tensor>| -> Vec<_> {
            let shape = |(name, t): (String, Tensor)| (name, t.dtype(), t.dims().to_vec());
            tensors.into_iter().map(shape).collect()
        };
        assert_eq!(shapes(got), shapes(want), "{}", folder.display());
    }
    assert!(counters > 5, "{counters} models with batch normalization");
}

#[test]
fn weights_of_the_reference_predict_what_it_predicted() {
    let case = golden::Golden::open("nrf");
    let (sound, want) = (&case.io["stimulus"], case.io["prediction"].squeeze(2).unwrap());
    let clips = sound.dim(0).unwrap();
    let sound = |clip: usize| {
        let sound = sound.get(clip).unwrap().get(0).unwrap();
        let values = sound.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        (format!("clip{clip}"), Array2::from_shape_vec(sound.dims2().unwrap(), values).unwrap())
    };
    let place = Workplace::holding(&of_golden_size());
    let text = std::fs::read_to_string(golden::folder("nrf").join("case.toml")).unwrap();
    let model = &text[text.find("[model]").unwrap()..];
    let run = run_file(model, "epochs = 0").replace("[data]", "[data]\nstandardize = \"none\"");
    place.write("run.toml", &run);
    place.strf("train run.toml").done();
    let weights = golden::folder("nrf").join("weights.safetensors");
    std::fs::copy(weights, place.path("runs/run/model/model.safetensors")).unwrap();
    let mut given = sounds((0..clips).map(sound));
    given.frequencies_hz = None;
    place.write_data("golden.h5", &given);
    place.strf("predict runs/run --data golden.h5 --out p.h5").done();
    let predicted = predictions(&place.path("p.h5"));
    for clip in 0..clips {
        let got = &predicted[&format!("clip{clip}")];
        let got = Tensor::from_vec(got.iter().copied().collect(), got.dim(), &Device::Cpu).unwrap();
        let tolerance = Tolerance { relative: 1e-4, absolute: 1e-5 };
        assert_close(&format!("clip {clip}"), &got, &want.get(clip).unwrap(), tolerance);
    }
}

#[test]
fn predictions_in_blocks_are_those_of_whole_stimuli() {
    for (name, model) in MODELS {
        let place = trained(model);
        place.strf("predict runs/run --out whole.h5").done();
        place.strf("predict runs/run --block-s 0.035 --out blocks.h5").done();
        let [whole, blocks] = ["whole.h5", "blocks.h5"].map(|file| {
            let file = hdf5::File::open(place.path(file)).unwrap();
            let stimuli = file.group("stimuli").unwrap();
            let names = stimuli.member_names().unwrap().into_iter();
            let of = |name: String| {
                stimuli.dataset(&format!("{name}/prediction")).unwrap().read_raw::<f32>().unwrap()
            };
            names.flat_map(of).collect::<Vec<f32>>()
        });
        assert_eq!(whole.len(), blocks.len(), "{name}");
        for (y, block) in whole.iter().zip(&blocks) {
            // Blocks take the plain path, whose roundings in f32 a normalization over three channels
            // makes larger; in f64 `tests/parts.rs` holds pieces of all parts to 1e-9.
            assert!((y - block).abs() <= 1e-4 * (1.0 + y.abs()), "{name}: {y}, {block}");
        }
    }
    let place = trained(MODELS[0].1);
    place
        .strf("predict runs/run --block-s 0.001")
        .refused("--block-s: found 0.001, expected at least one bin of the model (0.005 s)");
    place.write(
        "whole.toml",
        &run_file("[model]\ntype = \"transformer\"\ncontext_ms = 0.0", "epochs = 0"),
    );
    place.strf("train whole.toml --out runs/whole --quiet").done();
    let ran = place.strf("predict runs/whole --block-s 1");
    assert!(
        ran.status == Some(2) && ran.stderr.contains("takes stimuli as wholes"),
        "{}",
        ran.stderr
    );
}
