//! Exact linear solutions: those of scikit-learn, their penalties, and what they say of a recording.
use candle_core::DType;
use ndarray::{Array2, Array3};
use strf::config::keys::Value;
use strf::dataset::{Clip, Entity, Recording, Splits};
use strf::run_file::RunConfig;

use crate::support::golden::tensors;
use crate::support::runs::{MODELS, Workplace, recording, run_file};

#[expect(clippy::cast_possible_truncation, reason = "recordings are f32")]
fn single(value: f64) -> f32 {
    value as f32
}

/// The recording of `tests/fixtures/make_ridge.py`, with copies of clips for validation and test.
fn of_ridge() -> Recording {
    let (bands, neurons, bins) = (4, 2, 60);
    let sound = |c: usize, f: usize, t: usize| {
        let wave = (1.3 * f as f64 + 0.37 * t as f64 * (c as f64 + 1.0)).sin();
        single(wave + ((f * 7 + t * 13 + c * 5) % 11) as f64 / 11.0)
    };
    let response = |c: usize, n: usize, t: usize| {
        let wave = (0.2 * t as f64 * (n as f64 + 1.0)).sin();
        single(((n * 3 + t * 7 + c * 2) % 13) as f64 / 13.0 + wave)
    };
    let clip = |place: usize| {
        let c = place % 6;
        Clip {
            stimulus: Entity { id: format!("s{place}"), ..Entity::default() },
            cochleagram: Array2::from_shape_fn((bands, bins), |(f, t)| sound(c, f, t)),
            responses: Array3::from_shape_fn((neurons, 1, bins), |(n, _, t)| response(c, n, t)),
        }
    };
    let ids = |from: usize, to: usize| (from..to).map(|place| format!("s{place}")).collect();
    let neurons = ["a", "b"].map(|id| Entity { id: id.into(), ..Entity::default() });
    Recording {
        neurons: neurons.into(),
        clips: (0..8).map(clip).collect(),
        splits: Some(Splits { train: ids(0, 6), valid: ids(6, 7), test: ids(7, 8) }),
        frequencies_hz: None,
        ..recording()
    }
}

#[test]
fn the_linear_solution_is_that_of_scikit_learn() {
    for norm in ["none", "batch"] {
        let place = Workplace::holding(&of_ridge());
        let model = format!("[model]\ntype = \"linear\"\nwindow_ms = 25.0\nnorm = \"{norm}\"");
        let text = run_file(&model, "l2 = 0.3\ncalibrate = false");
        let data = "smooth_ms = 0.0\nstandardize = \"none\"";
        place.write("run.toml", &text.replace("smooth_ms = 11.0", data));
        place.strf("train run.toml").done();
        let weights = tensors(&place.path("runs/run/model/model.safetensors"));
        let get = |name: &str| {
            let tensor = weights[name].to_dtype(DType::F64).unwrap().flatten_all().unwrap();
            tensor.to_vec1::<f64>().unwrap()
        };
        let mut kernels = get("readout.strf.kernel.weight");
        let mut offsets = get("readout.strf.kernel.bias");
        if norm == "batch" {
            let [w, b, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
                .map(|name| get(&format!("readout.bn.{name}")));
            for n in 0..2 {
                let gain = w[n] / (variance[n] + 1e-5).sqrt();
                kernels[n * 20..(n + 1) * 20].iter_mut().for_each(|weight| *weight *= gain);
                offsets[n] = (offsets[n] - mean[n]) * gain + b[n];
            }
        }
        let reference = include_str!("fixtures/ridge.csv").lines().skip(1);
        for line in reference {
            let fields: Vec<&str> = line.split(',').collect();
            let (neuron, value): (usize, f64) =
                (fields[0].parse().unwrap(), fields[2].parse().unwrap());
            let got = match fields[1].parse::<usize>() {
                Ok(place) => kernels[neuron * 20 + place],
                Err(_) => offsets[neuron],
            };
            assert!((got - value).abs() < 1e-6, "{norm}: {line}, got {got}");
        }
    }
}

#[test]
fn folds_choose_strengths_of_penalties_too() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(MODELS[0].1, "folds = 3"));
    place.strf("train run.toml").done();
    let penalties = place.csv("runs/run/penalties.csv");
    let chosen = penalties["chosen"].iter().filter(|flag| *flag == "true").count();
    assert_eq!(chosen, 3, "{penalties:?}");
    assert!(place.column("runs/run/scores.csv", "cc").iter().all(|cc| *cc > 0.8));
}

#[test]
fn groups_of_weights_have_strengths_of_their_own_where_that_predicts_better() {
    let place = Workplace::holding(&of_ridge());
    let text = run_file(
        "[model]\ntype = \"linear\"\nwindow_ms = 25.0",
        "banded = \"lags\"\nfolds = 3\ncalibrate = false",
    );
    place.write("run.toml", &text);
    place.strf("train run.toml").done();
    let table = std::fs::read_to_string(place.path("runs/run/penalties.csv")).unwrap();
    let rows: Vec<Vec<&str>> =
        table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    // Nineteen ratios at thirteen strengths for two neurons.
    assert_eq!(rows.len(), 19 * 13 * 2);
    for neuron in ["a", "b"] {
        let own: Vec<&Vec<&str>> = rows.iter().filter(|row| row[3] == neuron).collect();
        let least = |ratio: Option<&str>| {
            let some = own.iter().filter(|row| ratio.is_none_or(|ratio| row[0].ends_with(ratio)));
            some.map(|row| row[4].parse::<f64>().unwrap()).fold(f64::INFINITY, f64::min)
        };
        let chosen: Vec<f64> =
            own.iter().filter(|row| row[5] == "true").map(|row| row[4].parse().unwrap()).collect();
        assert!(chosen.iter().all(|loss| loss.to_bits() == least(None).to_bits()), "{chosen:?}");
        assert!(least(None) < least(Some("ratio 1:1:1")), "{neuron}");
    }
    let said = place.strf("train run.toml --force --set train.banded=channels");
    assert_eq!(said.status, Some(2));
    let message =
        "train.banded: found \"channels\" with a kernel of one channel, expected \"none\"";
    assert!(said.stderr.contains(message), "{}", said.stderr);
}

#[test]
fn a_first_run_file_takes_window_and_smoothing_from_the_recording() {
    let place = Workplace::new();
    let first = |made: &str| {
        let said = place.strf("init made.toml --data made.h5 --force").done().stderr;
        let config = RunConfig::load(&place.path("made.toml"), &[]).unwrap();
        let model = &config.architecture.model.values;
        let window = model.number("window_ms").unwrap();
        assert!(said.contains(&format!("window_ms = {window}: ")), "{made}: {said}");
        (
            window,
            config.data.smooth_ms,
            matches!(model.get("output"), Some(Value::Text(word)) if word == "identity"),
        )
    };
    for (made, window, signed) in [
        ("--window-ms 40", 45.0, false),
        ("--window-ms 120", 100.0, false),
        ("--window-ms 40 --output identity --noise gaussian --repeats 1", 45.0, true),
    ] {
        let made = format!("simulate made.h5 --neurons 4 --stimuli 20 --bands 12 --force {made}");
        place.strf(&made).done();
        assert_eq!(first(&made), (window, 21.0, signed), "{made}");
    }

    // Signals that follow the sound slowly: neighbouring bins are nearly the same.
    let mut slow = of_ridge();
    for clip in &mut slow.clips {
        for (n, mut response) in clip.responses.outer_iter_mut().enumerate() {
            let mut level = 0.0;
            for (t, y) in response.iter_mut().enumerate() {
                level += 0.03 * (clip.cochleagram[(n, t)] - level);
                *y = 0.7 + level;
            }
        }
    }
    std::fs::remove_file(place.path("made.h5")).unwrap();
    place.write_data("made.h5", &slow);
    let (_, smooth_ms, signed) = first("slow");
    assert_eq!((smooth_ms.to_bits(), signed), (0.0f64.to_bits(), false));
}
