//! What a fit comes to with defaults, and what it makes of recordings that are hard to fit.
use candle_core::{DType, Device, Tensor, Var};
use ndarray::{Array1, s};
use strf::base::error::Result;
use strf::dataset::Recording;
use strf::models::batch::{Batch, Member};
use strf::models::layers::Affine;
use strf::models::loss::{self, Criterion};
use strf::run_file::RunConfig;
use strf::runs::experiment::Experiment;
use strf::runs::folder::OldRun;
use strf::training::checkpoint::{Checkpoint, Phase};
use strf::training::history::EpochRow;
use strf::training::{End, Observer, fit, start};

use crate::support::combinations::{build, dims};
use crate::support::golden::tensors;
use crate::support::runs::{LN, MODELS, Workplace, recording, run_file};

/// Mean correlation after a fit of responses that are so many times as large.
fn correlation_at_scale(model: &str, scale: f32) -> f64 {
    let mut scaled = recording();
    scaled.clips.iter_mut().for_each(|clip| clip.responses *= scale);
    let place = Workplace::holding(&scaled);
    place.write("run.toml", &run_file(model, "epochs = 20"));
    place.strf("train run.toml").done();
    let cc = place.column("runs/run/scores.csv", "cc");
    cc.iter().sum::<f64>() / cc.len() as f64
}

#[test]
fn a_fit_goes_the_same_way_whatever_the_unit_of_the_responses() {
    for (name, model) in [MODELS[0], MODELS[1], MODELS[2], MODELS[3]] {
        let own = correlation_at_scale(model, 1.0);
        for scale in [1e-6, 1e6] {
            let other = correlation_at_scale(model, scale);
            assert!((own - other).abs() < 0.002, "{name}: {own}, {other} at {scale}");
        }
    }
}

struct Silent;

impl Observer for Silent {
    fn batch(&mut self, _epoch: usize) {}

    fn epoch(&mut self, _row: &EpochRow, _state: &Checkpoint, _improved: bool) -> Result<()> {
        Ok(())
    }

    fn interrupted(&self) -> bool {
        false
    }

    fn note(&mut self, _note: &str) {}
}

/// Asks to stop once a fit has come to its end but for the calibration of outputs.
#[derive(Default)]
struct StopsBeforeCalibration(bool);

impl Observer for StopsBeforeCalibration {
    fn batch(&mut self, _epoch: usize) {}

    fn epoch(&mut self, _row: &EpochRow, state: &Checkpoint, _improved: bool) -> Result<()> {
        self.0 = state.progress.phase == Phase::Finish;
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.0
    }

    fn note(&mut self, _note: &str) {}
}

#[test]
fn a_fit_that_is_stopped_while_outputs_are_calibrated_goes_on_from_there() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 20"));
    let config = RunConfig::load(&place.path("run.toml"), &[]).unwrap();
    let experiment = Experiment::open(config, OldRun::Refuse).unwrap();
    let task = experiment.task();
    let begin = || start(&task, String::new()).unwrap();
    let (mut whole, mut stopped) = (begin(), begin());
    fit(&task, &mut whole, &mut Silent).unwrap();
    let end = fit(&task, &mut stopped, &mut StopsBeforeCalibration::default()).unwrap();
    assert_eq!((end, stopped.progress.phase), (End::Interrupted, Phase::Finish));
    fit(&task, &mut stopped, &mut Silent).unwrap();
    let values = |state: &Checkpoint| -> Vec<Vec<f64>> {
        let flat = |tensor: &Tensor| {
            tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
        };
        state.model.values().map(flat).collect()
    };
    assert_eq!(values(&whole), values(&stopped));
}

/// For each neuron the predictions of the training clips and the PSTH, and whether it was calibrated.
fn fitted(model: &str, train: &str) -> Vec<(Array1<f64>, Array1<f64>, bool)> {
    let place = Workplace::new();
    place.write("run.toml", &run_file(model, train));
    let config = RunConfig::load(&place.path("run.toml"), &[]).unwrap();
    let experiment = Experiment::open(config, OldRun::Refuse).unwrap();
    let task = experiment.task();
    let mut checkpoint = start(&task, String::new()).unwrap();
    fit(&task, &mut checkpoint, &mut Silent).unwrap();
    let clips = experiment.prepared.train.iter();
    let clips = clips.map(|sample| experiment.network.given(&sample.member).unwrap());
    let batch = Batch::of(clips.collect());
    let rows = |tensors: Vec<Tensor>| {
        let all = Tensor::cat(&tensors, 1).unwrap().to_dtype(DType::F64).unwrap();
        all.to_vec2::<f64>().unwrap()
    };
    let responses = rows(experiment.network.responses(&batch).unwrap());
    let psths = batch.clips().iter().map(|clip| clip.psth.squeeze(0).unwrap()).collect();
    let pairs = responses.into_iter().zip(rows(psths)).zip(checkpoint.progress.calibrated);
    pairs.map(|((y, psth), kept)| (y.into(), psth.into(), kept)).collect()
}

#[test]
fn calibrated_outputs_have_the_scale_and_the_mean_of_the_responses() {
    for (model, train) in [
        (MODELS[0].1, ""),
        (LN, ""),
        (LN, "optimizer = \"adamw\"\nstarts = 1\nepochs = 10"),
        (MODELS[2].1, "epochs = 5\nstarts = 1"),
        (MODELS[3].1, "epochs = 5\nstarts = 1"),
    ] {
        let neurons = fitted(model, train);
        let mut calibrated = 0;
        for (prediction, psth, kept) in neurons.into_iter().filter(|(_, _, kept)| *kept) {
            let count = psth.len() as f64;
            let (mean, target) = (prediction.sum() / count, psth.sum() / count);
            let deviation = (&psth - target).mapv(|y| y * y).sum() / count;
            assert!((mean - target).abs() < 0.01 * deviation.sqrt(), "{model}: {mean}, {target}");
            let centred = prediction - mean;
            let slope = centred.dot(&(psth - target)) / centred.dot(&centred);
            assert!((slope - 1.0).abs() < 0.02, "{model}, {train}: slope {slope}");
            calibrated += usize::from(kept);
        }
        assert!(calibrated > 0, "{model}, {train}: no neuron was calibrated");
    }
}

#[test]
fn batch_normalization_has_the_statistics_of_all_training_bins() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, ""));
    let config = RunConfig::load(&place.path("run.toml"), &[]).unwrap();
    let experiment = Experiment::open(config, OldRun::Refuse).unwrap();
    let task = experiment.task();
    fit(&task, &mut start(&task, String::new()).unwrap(), &mut Silent).unwrap();
    let network = &experiment.network;
    let clips =
        experiment.prepared.train.iter().map(|sample| network.given(&sample.member).unwrap());
    let batch = Batch::of(clips.collect());
    let drives = Tensor::cat(&network.drives(&batch).unwrap(), 1).unwrap();
    let drives = drives.to_dtype(DType::F64).unwrap().to_vec2::<f64>().unwrap();
    let statistics = network.norm().unwrap().statistics().unwrap();
    for (row, (mean, variance)) in drives.into_iter().zip(statistics) {
        let row = Array1::from(row);
        let own = row.mean().unwrap();
        let spread = row.mapv(|x| (x - own) * (x - own)).mean().unwrap();
        assert!((own - mean).abs() < 1e-6 * (1.0 + own.abs()), "{own}, {mean}");
        assert!((spread / variance - 1.0).abs() < 1e-5, "{spread}, {variance}");
    }
}

/// A recording that is trained on with these models comes to finite scores of all its neurons.
fn fits_well(changed: &Recording, models: &[&str]) {
    for model in models {
        let place = Workplace::holding(changed);
        place.write("run.toml", &run_file(model, "epochs = 5"));
        place.strf("train run.toml").done();
        let mse = place.column("runs/run/scores.csv", "mse");
        assert!(mse.iter().all(|mse| mse.is_finite()), "{model}: {mse:?}");
    }
}

const PLAIN: [&str; 4] = [MODELS[0].1, MODELS[1].1, MODELS[2].1, MODELS[4].1];

#[test]
fn bands_without_variance_and_equal_bands_are_no_trouble() {
    let mut changed = recording();
    for clip in &mut changed.clips {
        clip.cochleagram.row_mut(3).fill(40.0);
        let copy = clip.cochleagram.row(1).to_owned();
        clip.cochleagram.row_mut(2).assign(&copy);
    }
    fits_well(&changed, &PLAIN);
    let place = Workplace::holding(&changed);
    place.write("run.toml", &run_file(MODELS[0].1, "l2 = 0.0"));
    place.strf("train run.toml").done();
    assert!(place.column("runs/run/scores.csv", "mse").iter().all(|mse| mse.is_finite()));
}

#[test]
fn neurons_that_never_fire_or_fire_once_are_no_trouble() {
    let mut changed = recording();
    for clip in &mut changed.clips {
        clip.responses.slice_mut(s![0..2, .., ..]).fill(0.0);
    }
    changed.clips[0].responses[(1, 0, 10)] = 1.0;
    fits_well(&changed, &PLAIN);
}

#[test]
fn fewer_bins_than_weights_are_no_trouble() {
    let mut short = recording();
    for clip in &mut short.clips {
        clip.cochleagram = clip.cochleagram.slice(s![.., ..9]).to_owned();
        clip.responses = clip.responses.slice(s![.., .., ..9]).to_owned();
    }
    fits_well(&short, &PLAIN);
}

#[test]
fn a_single_training_clip_is_enough_unless_it_is_to_be_divided() {
    let mut single = recording();
    let splits = single.splits.as_mut().unwrap();
    splits.train.truncate(1);
    fits_well(&single, &PLAIN);
    let place = Workplace::holding(&single);
    place.write("run.toml", &run_file(MODELS[0].1, "folds = 5"));
    place.strf("train run.toml --quiet").refused(
        "train.folds: found 1 training stimulus, expected at least 2 to divide into folds; set \
         train.folds = 0, which chooses by the validation stimuli",
    );
}

#[test]
fn hidden_units_start_from_leading_fields() {
    let place = Workplace::new();
    place.write("linear.toml", &run_file(MODELS[0].1, ""));
    place.write("nrf.toml", &run_file(MODELS[2].1, "epochs = 0"));
    place.strf("train linear.toml").done();
    for start in ["ridge", "random"] {
        let option = format!("--set train.start={start} --out runs/{start}");
        place.strf(&format!("train nrf.toml {option}")).done();
    }
    let kernels = |run: &str, name: &str| -> Vec<Array1<f64>> {
        let weights = tensors(&place.path(&format!("runs/{run}/model/model.safetensors")));
        let weights = weights[name].flatten_from(1).unwrap().to_dtype(DType::F64).unwrap();
        weights.to_vec2::<f64>().unwrap().into_iter().map(Array1::from).collect()
    };
    let linear = kernels("linear", "readout.strf.kernel.weight");
    // How much of each neuron's linear STRF lies in what the first three hidden units see.
    let explained = |run: &str| -> f64 {
        let mut basis: Vec<Array1<f64>> = Vec::new();
        for row in kernels(run, "core.0.kernel.weight").into_iter().take(3) {
            let rest = basis.iter().fold(row.clone(), |rest, own| &rest - &(own * own.dot(&row)));
            let length = rest.dot(&rest).sqrt();
            basis.push(rest / length);
        }
        let share = |own: &Array1<f64>| {
            basis.iter().map(|row| row.dot(own).powi(2)).sum::<f64>() / own.dot(own)
        };
        linear.iter().map(share).fold(1.0, f64::min)
    };
    let (ridge, random) = (explained("ridge"), explained("random"));
    assert!(ridge > 0.8 && random < 0.5, "{ridge}, {random}");
}

#[test]
fn settings_of_another_program_are_those_of_a_fit_by_plain_steps() {
    let place = Workplace::new();
    place.strf("init run.toml --like deepstrf --data data.h5").done();
    let config = RunConfig::load(&place.path("run.toml"), &[]).unwrap();
    assert_eq!(
        (config.train.lr(), config.train.starts(), config.train.calibrate),
        (0.001, 1, false)
    );
    place.strf("train run.toml --set train.epochs=2 --set model.window_ms=20").done();
    assert_eq!(place.column("runs/run/history.csv", "epoch"), [1.0, 2.0]);
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let cases = [
        (
            LN,
            "l2 = 0.1\nweight_decay = 0.1",
            "train.l2: found 0.1, expected 0 with train.weight_decay above 0, or \
             train.weight_decay = 0 (both are penalties on squares of weights; l2 acts on the STRF as \
             it acts)",
        ),
        (
            MODELS[2].1,
            "smooth = \"auto\"",
            "train.smooth: found \"auto\", expected a number with adamw, or train.optimizer = \
             \"lbfgs\" (a strength is chosen among fits that have converged)",
        ),
        (
            LN,
            "optimizer = \"ridge\"",
            "train.optimizer: found \"ridge\", expected \"auto\" (ln is not linear)",
        ),
        (
            LN,
            "banded = \"lags\"",
            "train.banded: found \"lags\", expected \"none\" (it is for ridge, and ln is not linear)",
        ),
        (
            MODELS[4].1,
            "start = \"ridge\"",
            "train.start: found \"ridge\", expected \"random\" (its kernels are small filters, \
             not STRFs)",
        ),
    ];
    for (model, train, message) in cases {
        let place = Workplace::new();
        place.write("run.toml", &run_file(model, train));
        let said = place.strf("train run.toml");
        assert_eq!(said.status, Some(2));
        assert!(said.stderr.contains(message), "{}", said.stderr);
    }
}

#[test]
fn the_loss_behind_scale_and_offset_has_the_gradient_of_its_differences() {
    let text = "[model]\ntype = \"dnet\"\nwindow_ms = 15.0\nhidden = 3\n";
    let (network, params) = build(text, DType::F64, &dims());
    let (neurons, bins) = (network.neurons(), 40);
    let values = |count: usize, step: f64| -> Vec<f64> {
        (0..count).map(|i| (step * i as f64).sin()).collect()
    };
    let tensor =
        |values: Vec<f64>, shape: &[usize]| Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
    let drives = tensor(values(neurons * bins, 0.7), &[1, neurons, 1, bins]);
    let psth = tensor(values(neurons * bins, 0.3), &[1, neurons, bins]);
    let batch = Batch::of(vec![Member::new(drives, psth).unwrap()]);
    let var = |of: Vec<f64>| Var::from_vec(of, neurons, &Device::Cpu).unwrap();
    let factors = var(values(neurons, 1.1).into_iter().map(|x| 1.0 + 0.3 * x).collect());
    let shifts = var(values(neurons, 0.9));
    let layer = Affine::new(factors.clone(), shifts.clone());
    let criterion = Criterion::plain(&loss::TABLE[0]);
    let value = || network.loss_behind(&layer, &batch, &criterion).unwrap();
    let grads = value().0.backward().unwrap();
    let shares: f64 = value().1.iter().sum();
    assert!((shares - value().0.to_scalar::<f64>().unwrap()).abs() < 1e-12);
    let others = params.trained().into_iter().filter(|(name, _)| {
        name.starts_with("readout.activation") || name.starts_with("output_decay")
    });
    let others = others.map(|(_, param)| param.var);
    for var in [factors, shifts].into_iter().chain(others) {
        let grad = grads.get(&var).unwrap().to_vec1::<f64>().unwrap();
        let own = var.to_vec1::<f64>().unwrap();
        for (i, grad) in grad.into_iter().enumerate() {
            let at = |step: f64| {
                let mut moved = own.clone();
                moved[i] += step;
                var.set(&Tensor::new(moved, &Device::Cpu).unwrap()).unwrap();
                value().0.to_scalar::<f64>().unwrap()
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            at(0.0);
            assert!((grad - difference).abs() < 1e-7, "{i}: {grad}, {difference}");
        }
    }
}

#[test]
fn an_output_that_cannot_reach_the_responses_is_said_to() {
    let mut large = recording();
    large.clips.iter_mut().for_each(|clip| clip.responses *= 9.0);
    let place = Workplace::holding(&large);
    let model = LN.replace("[model]", "[model]\noutput = \"sigmoid\"");
    place.write("run.toml", &run_file(&model, "epochs = 3"));
    let said = place.strf("train run.toml").done().stderr;
    let message = "the output gives responses between 0 and 1, and those of a1, b2, c3 lie outside";
    assert!(said.contains(message), "{said}");
}
