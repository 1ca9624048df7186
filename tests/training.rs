//! What training does with a model.
use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Device, Result, Tensor};
use ndarray::{Array3, Axis, concatenate, s};
use serde_json::Value as Json;
use strf::dataset::Recording;
use strf::models::layers::Mode;
use strf::training::adamw::AdamW;
use strf::training::checkpoint::Checkpoint;

use crate::support::combinations::{all, build, dims};
use crate::support::compare::{Tolerance, assert_close, flat};
use crate::support::golden::tensors;
use crate::support::runs::{LN, MODELS, NEURONS, Workplace, by_steps, recording, run_file};

/// Means over neurons of the scores that `strf eval` gives.
fn means(place: &Workplace, words: &str) -> Json {
    let json = place.strf(&format!("eval {words} --json")).done().stdout;
    serde_json::from_str::<Json>(&json).unwrap()["scores"].clone()
}

#[test]
fn no_epochs_give_the_untrained_model_with_its_scores() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 0"));
    let said = place.strf("train run.toml").done();
    assert!(said.stderr.ends_with("0 epochs done; the model is untrained\n"), "{said:?}");
    let header = "epoch,seconds_train,seconds_valid,lr,evaluations,train_loss,valid_loss,valid_cc,\
                  valid_cc_norm,neurons_cc,neurons_cc_norm,phase\n";
    assert_eq!(place.read("runs/run/history.csv"), header);
    assert_eq!(place.csv("runs/run/scores.csv")["neuron"], ["a1", "b2", "c3"]);
    let state = Checkpoint::read(&place.path("runs/run/state/state.safetensors")).unwrap();
    let weights = tensors(&place.path("runs/run/model/model.safetensors"));
    assert_eq!((state.progress.epoch, state.progress.steps), (0, 0));
    assert!((0..NEURONS).all(|neuron| rows_of(&weights, neuron) == rows_of(&state.model, neuron)));
    let run: Json = serde_json::from_str(&place.read("runs/run/scores.json")).unwrap();
    assert_eq!((&run["run"]["epochs"], &run["run"]["best_epoch"]), (&0.into(), &0.into()));
}

#[test]
fn a_clip_of_a_single_bin_is_no_trouble() {
    let mut short = recording();
    for clip in [1, 6, 8] {
        let clip = &mut short.clips[clip];
        clip.cochleagram = clip.cochleagram.slice(s![.., ..1]).to_owned();
        clip.responses = clip.responses.slice(s![.., .., ..1]).to_owned();
    }
    for (name, model) in MODELS {
        let place = Workplace::holding(&short);
        place.write("run.toml", &by_steps(model, "epochs = 2\nbatch = 1"));
        place.strf("train run.toml").done();
        let losses = place.column("runs/run/history.csv", "train_loss");
        assert!(losses.iter().all(|loss| loss.is_finite()), "{name}: {losses:?}");
        place.strf("predict runs/run --split all").done();
    }
}

#[test]
fn the_history_has_a_row_for_each_epoch() {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(LN, "epochs = 5\nschedule = \"cosine\"\nlr = 0.01"));
    place.strf("train run.toml").done();
    let column = |name: &str| place.column("runs/run/history.csv", name);
    assert_eq!(column("epoch"), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(column("neurons_cc"), [3.0; 5]);
    assert_eq!(column("neurons_cc_norm"), [3.0; 5]);
    assert!(column("lr").windows(2).all(|pair| pair[0] > pair[1]));
    for name in ["seconds_train", "seconds_valid", "train_loss", "valid_loss", "valid_cc"] {
        assert!(column(name).iter().all(|value| value.is_finite()), "{name}");
    }
}

#[test]
fn training_stops_when_patience_is_exhausted_and_keeps_the_best_epoch() {
    for (monitor, column, score) in [
        ("valid_cc_norm", "valid_cc_norm", "cc_norm"),
        ("valid_cc", "valid_cc", "cc"),
        ("valid_loss", "valid_loss", "mse"),
    ] {
        let place = Workplace::new();
        let train = format!(
            "epochs = 300\npatience = 4\nlr = 0.03\nmonitor = \"{monitor}\"\nloss_scale = \"none\""
        );
        place.write("run.toml", &by_steps(MODELS[2].1, &train));
        let said = place.strf("train run.toml").done();
        let scores = place.column("runs/run/history.csv", column);
        let sign = if monitor == "valid_loss" { -1.0 } else { 1.0 };
        let better = |a: &usize, b: &usize| (sign * scores[*a]).total_cmp(&(sign * scores[*b]));
        // Of equal scores the first is the best.
        let best = (0..scores.len()).rev().max_by(better).unwrap();
        assert_eq!(scores.len(), best + 1 + 4, "{scores:?}");
        let message = format!(
            "stopped after epoch {}: nothing better for 4 epochs; best epoch {} ({:.4})\n",
            scores.len(),
            best + 1,
            scores[best]
        );
        assert!(said.stderr.ends_with(&message), "{said:?}");
        let kept = means(&place, "runs/run --split valid")[score]["mean"].as_f64().unwrap();
        assert!((kept - scores[best]).abs() < 1e-6, "{score}: {kept}, in history {}", scores[best]);
    }
}

/// `SIG` of `core.0.kernel.SIG`.
fn last_word(name: &str) -> &str {
    name.rsplit('.').next().unwrap()
}

/// Row `neuron` of every tensor, flat, without the reference's counter of batches.
fn rows_of(weights: &BTreeMap<String, Tensor>, neuron: usize) -> Vec<Vec<f64>> {
    let own = weights.iter().filter(|(name, _)| !name.ends_with("num_batches_tracked"));
    own.map(|(name, tensor)| {
        // The positions and widths of dcls have the neurons on their second axis.
        let axis = usize::from(["P", "SIG"].contains(&last_word(name)));
        flat(&tensor.narrow(axis, neuron, 1).unwrap())
    })
    .collect()
}

#[test]
fn each_neuron_keeps_the_weights_of_its_own_best_epoch() {
    let place = Workplace::new();
    let dcls = "\n[parameterization]\ntype = \"dcls\"\ngaussians = 2";
    let train = "best = \"per_neuron\"\nmonitor = \"valid_loss\"\nlr = 0.3\nbatch = 1\nseed = 3\nschedule = \"constant\"\n\
                 loss_scale = \"none\"";
    place.write("run.toml", &by_steps(&format!("{LN}{dcls}"), train));
    let epochs: Vec<Checkpoint> = (1..=12)
        .map(|epochs| {
            place.strf(&format!("train run.toml --resume --set train.epochs={epochs}")).done();
            Checkpoint::read(&place.path("runs/run/state/state.safetensors")).unwrap()
        })
        .collect();
    let kept = tensors(&place.path("runs/run/model/model.safetensors"));
    let last = &epochs[11].progress.best.neurons;
    let own_best = |neuron: usize| {
        epochs.iter().position(|epoch| epoch.progress.best.neurons[neuron] == last[neuron]).unwrap()
    };
    for neuron in 0..NEURONS {
        let weights = &epochs[own_best(neuron)].weights;
        assert!(rows_of(&kept, neuron) == rows_of(weights, neuron), "neuron {neuron}");
    }
    let different: BTreeSet<usize> = (0..NEURONS).map(own_best).collect();
    assert!(different.len() > 1, "all neurons had their best epoch at once: {different:?}");
    place.strf("eval runs/run --split valid --out valid").done();
    let losses = place.column("valid/scores.csv", "mse");
    for (neuron, (loss, best)) in losses.iter().zip(last).enumerate() {
        assert!((loss - best.unwrap()).abs() < 1e-6, "neuron {neuron}: {loss}, in state {best:?}");
    }
}

/// The sum of magnitudes of exported STRFs after training with these settings.
fn strength(place: &Workplace, name: &str, train: &str) -> f64 {
    place.write("run.toml", &run_file(name, train));
    place.strf("train run.toml --force").done();
    place.strf("export-strfs runs/run --format csv --out strfs --force").done();
    place.column("strfs/strfs.csv", "effective").iter().map(|weight| weight.abs()).sum()
}

#[test]
fn an_l1_penalty_shrinks_the_strfs_as_they_act() {
    let place = Workplace::new();
    let separable = format!("{LN}\n[parameterization]\ntype = \"separable\"");
    let dcls = format!("{LN}\n[parameterization]\ntype = \"dcls\"\ngaussians = 2");
    for model in [LN, &separable, &dcls] {
        for optimizer in ["lbfgs\"\nl2 = 0.0", "adamw\"\nstarts = 1\nlr = 0.01\nepochs = 40"] {
            let train = |l1: &&str| {
                format!("optimizer = \"{optimizer}\nl1 = {l1}\npatience = 40\ncalibrate = false")
            };
            let l1 = ["0.0", "0.02", "1.0"].iter();
            let strengths: Vec<f64> = l1.map(|l1| strength(&place, model, &train(l1))).collect();
            let shrinks = strengths.windows(2).all(|pair| pair[1] < pair[0]);
            assert!(shrinks, "{model}, {optimizer}: {strengths:?}");
        }
    }
}

#[test]
fn weight_decay_spares_positions_widths_time_constants_and_norms() -> Result<()> {
    const NAMES: [&str; 4] = ["P", "SIG", "raw_mu", "raw_sigma"];
    const WHOLE: [&str; 3] = ["core.3.d", "output_decay.d", "output_gain.weights"];
    const PARTS: [&str; 8] =
        [".ln.", ".bn.", ".norm1.", ".norm2.", "prefiltering", ".A_log", "dt_proj.bias", ".D"];
    let spared = |name: &str| {
        NAMES.contains(&last_word(name))
            || WHOLE.contains(&name)
            || PARTS.iter().any(|part| name.contains(part))
    };
    let mut seen = BTreeSet::new();
    for text in all() {
        let (network, params) = build(&text, DType::F32, &dims());
        let before = params.values()?;
        let sound = Tensor::ones((1, 1, dims().bands, 20), DType::F32, &Device::Cpu)?;
        // So little that the optimizer itself moves nothing, and not nothing, which has no gradient.
        let little = (network.forward(&sound, None, Mode::Eval)?.sum_all()? * 1e-30)?;
        AdamW::new(&params, 0.5, 0.0)?.step(&little.backward()?, 0.1)?;
        for (name, param) in params.trained() {
            let (old, new) = (flat(&before[&name]), flat(param.var.as_tensor()));
            let decayed = old
                .iter()
                .zip(&new)
                .any(|(old, new)| old.abs() > 0.0 && new.total_cmp(old).is_ne());
            let can_decay = old.iter().any(|old| old.abs() > 0.0);
            assert_eq!(decayed, can_decay && !spared(&name), "{name} of\n{text}");
            seen.insert(name);
        }
    }
    for name in ["core.0.kernel.SIG", "prefiltering.d_on", "core.3.d", "readout.bn.weight"] {
        assert!(seen.contains(name), "{name}");
    }
    Ok(())
}

#[test]
fn what_is_skipped_or_missing_changes_nothing() {
    let plain = recording();
    let mut skipped = plain.clone();
    let mut padded = plain.clone();
    for clip in &mut skipped.clips {
        clip.responses.slice_mut(s![.., .., ..4]).mapv_inplace(|y| 100.0 - 7.0 * y);
    }
    for clip in &mut padded.clips {
        let (neurons, _, bins) = clip.responses.dim();
        let missing = Array3::from_elem((neurons, 2, bins), f32::NAN);
        clip.responses = concatenate(Axis(1), &[missing.view(), clip.responses.view()]).unwrap();
    }
    let text = by_steps(LN, "epochs = 3\nbatch = 2\nlr = 0.01");
    let text = text.replace("smooth_ms = 11.0", "smooth_ms = 0.0\nskip_ms = 20.0");
    let run = |recording: &Recording| {
        let place = Workplace::holding(recording);
        place.write("run.toml", &text);
        place.strf("train run.toml").done();
        let mut files = place.contents("runs/run");
        // They name the values of the dataset.
        files.retain(|name, _| !name.ends_with("metadata.json") && !name.ends_with("scores.json"));
        files
    };
    let want = run(&plain);
    assert!(run(&skipped) == want);
    assert!(run(&padded) == want);
    for clip in &mut skipped.clips {
        clip.responses.slice_mut(s![.., .., 4..5]).mapv_inplace(|y| 100.0 - 7.0 * y);
    }
    assert!(run(&skipped) != want, "the first bin that counts");
}

#[test]
fn without_repeats_the_plain_correlation_decides_and_is_said_to() {
    let mut single = recording();
    for clip in &mut single.clips {
        clip.responses = clip.responses.slice(s![.., ..1, ..]).to_owned();
    }
    let place = Workplace::holding(&single);
    place.write(
        "run.toml",
        &by_steps(LN, "epochs = 6\nlr = 0.05\nbest = \"mean\"\nmonitor = \"valid_cc_norm\""),
    );
    let said = place.strf("train run.toml").done().stderr;
    let note = "valid_cc_norm is undefined for every neuron (it needs repeats with a signal in \
                common); valid_cc decides which epoch is the best\n";
    assert_eq!(said.matches(note).count(), 1, "{said}");
    assert!(place.column("runs/run/history.csv", "valid_cc_norm").iter().all(|cc| cc.is_nan()));
    assert_eq!(place.column("runs/run/history.csv", "neurons_cc_norm"), [0.0; 6]);
    let cc = place.column("runs/run/history.csv", "valid_cc");
    let best = (0..6).rev().max_by(|a, b| cc[*a].total_cmp(&cc[*b])).unwrap();
    assert!(said.contains(&format!("best epoch {} ({:.4})", best + 1, cc[best])), "{said}");
}

#[test]
fn each_loss_falls_where_it_is_trained() {
    let place = Workplace::new();
    for loss in ["mse", "poisson"] {
        let train = format!("epochs = 30\nlr = 0.01\nloss = \"{loss}\"\npatience = 30");
        place.write("run.toml", &by_steps(LN, &train));
        place.strf("train run.toml --force").done();
        let losses = place.column("runs/run/history.csv", "train_loss");
        assert!(losses[29] < losses[0] - 0.05, "{loss}: {losses:?}");
    }
}

/// AdapTrans on `x (T)`, lag by lag as it is defined; the first value lies before the clip.
fn adaptrans_by_hand(x: &[f64], tau_ms: f64, dt_ms: f64, bins: usize) -> [Vec<f64>; 2] {
    let (a, w) = ((-dt_ms / tau_ms).exp(), 0.75);
    let powers: Vec<f64> = (0..bins - 1).map(|k| a.powi(i32::try_from(k).unwrap())).collect();
    let mass: f64 = powers.iter().sum();
    let past = |t: usize| {
        let lags = powers.iter().zip(1..);
        lags.map(|(power, k)| power / mass * x[t.saturating_sub(k)]).sum::<f64>()
    };
    let on = (0..x.len()).map(|t| x[t] - w * past(t)).collect();
    let off = (0..x.len()).map(|t| past(t) - w * x[t]).collect();
    [on, off]
}

#[test]
fn the_on_and_off_kernels_of_adaptrans_have_their_closed_form() -> Result<()> {
    let (dt_ms, bins) = (5.0, 150);
    let centres = vec![500.0, 4000.0, 20_000.0];
    let taus: Vec<f64> = centres.iter().map(|hz: &f64| 500.0 - 105.0 * hz.log10()).collect();
    assert!(taus[0] > 216.0 && taus[2] < 49.0, "{taus:?}");
    let dims =
        strf::models::dims::Dims { dt_ms, bands: 3, neurons: 2, frequencies_hz: Some(centres) };
    let sounds: [(&str, Vec<f64>); 3] = [
        (
            "an impulse on a constant level",
            (0..bins).map(|t| if t == 9 { 5.0 } else { 3.0 }).collect(),
        ),
        (
            "an impulse in the first bin",
            (0..bins).map(|t| if t == 0 { 5.0 } else { 3.0 }).collect(),
        ),
        ("a constant level", vec![3.0; bins]),
    ];
    for (keys, length) in [("", None), ("kernel_bins = 40\n", Some(40))] {
        let text = format!(
            "[model]\ntype = \"linear\"\nwindow_ms = 20.0\n[prefilter]\ntype = \"adaptrans\"\n\
             scale = \"file\"\nrectify = false\n{keys}"
        );
        // Three of the longest time constants, and one.
        let length = length.unwrap_or(130 + 1);
        let (network, _params) = build(&text, DType::F64, &dims);
        for (what, sound) in &sounds {
            let x = Tensor::from_vec(sound.repeat(3), (1, 1, 3, bins), &Device::Cpu)?;
            let got = network.filtered(&x)?; // (1, 2, 3, T)
            let by_hand = taus.iter().map(|tau| adaptrans_by_hand(sound, *tau, dt_ms, length));
            let by_hand: Vec<[Vec<f64>; 2]> = by_hand.collect();
            let channels = [0, 1].map(|channel| {
                by_hand.iter().flat_map(|band| band[channel].clone()).collect::<Vec<f64>>()
            });
            let want = Tensor::from_vec(channels.concat(), (1, 2, 3, bins), &Device::Cpu)?;
            let tolerance = Tolerance { relative: 1e-12, absolute: 1e-12 };
            assert_close(&format!("{what}, {length} bins"), &got, &want, tolerance);
        }
    }
    Ok(())
}

#[test]
fn a_time_constant_that_is_raised_to_one_bin_is_said() {
    let mut coarse = recording();
    coarse.dt_ms = 150.0;
    let place = Workplace::holding(&coarse);
    let model = "[model]\ntype = \"ln\"\nwindow_ms = 450.0\n[prefilter]\ntype = \"adaptrans\"";
    place.write("run.toml", &run_file(model, "epochs = 1"));
    let said = place.strf("train run.toml").done().stderr;
    let bands = coarse.frequencies_hz.unwrap();
    let raised = bands.iter().filter(|hz| 500.0 - 105.0 * hz.log10() < 150.0).count();
    assert!(raised > 0 && raised < bands.len());
    let note = format!(
        "prefilter: the time constant 500 − 105 log10(f) ms is below one bin (150 ms) in {raised} \
         of 7 bands; one bin is used there\n"
    );
    assert!(said.contains(&note), "{said}");
    place.strf("export-strfs runs/run --format csv --out strfs").done();
    assert!(place.column("strfs/adaptrans_tau_on_ms.csv", "adaptrans_tau_on_ms").len() == 7);
}
