//! What holds for every combination of parts.
use candle_core::{DType, Device, Result, Tensor};
use strf::base::rng;
use strf::models::Network;
use strf::models::layers::{Carry, Mode};
use strf::models::loss::{self, Target};

use crate::support::combinations::{all, build, dims};
use crate::support::compare::{Tolerance, assert_close, flat, slope};

/// A sound `(B, 1, F, T)` with levels between −1 and 3.
fn sound(name: &str, clips: usize, bins: usize) -> Result<Tensor> {
    use rand::Rng;
    let mut rng = rng::generator(3, name);
    let bands = dims().bands;
    let values: Vec<f32> = (0..clips * bands * bins).map(|_| rng.random_range(-1.0..3.0)).collect();
    Tensor::from_vec(values, (clips, 1, bands, bins), &Device::Cpu)
}

/// The same without levels below 0 where the first prefilter of a model takes none.
fn sound_for(network: &Network, name: &str, clips: usize, bins: usize) -> Result<Tensor> {
    let sound = sound(name, clips, bins)?;
    if network.divides_by().is_some() { sound.abs() } else { Ok(sound) }
}

fn bits(tensor: &Tensor) -> Vec<u64> {
    flat(tensor).into_iter().map(f64::to_bits).collect()
}

#[test]
fn there_are_enough_combinations() {
    let texts = all();
    assert!(texts.len() > 400, "{}", texts.len());
    assert!(texts.iter().all(|text| texts.iter().filter(|other| *other == text).count() == 1));
}

#[test]
fn a_loss_is_the_mean_over_bins_of_what_it_is_at_each() -> Result<()> {
    let shape = (1, 2, 5);
    let prediction =
        Tensor::new(&[0.5, 0.0, 2.0, 3.0, 0.1, 1.0, 1.5, 1e-9, 0.0, 4.0], &Device::Cpu)?;
    let psth = Tensor::new(&[1.0, 0.0, 2.5, 1.0, 0.0, 0.0, 2.0, 1.0, 3.0, 0.5], &Device::Cpu)?;
    let (prediction, psth) = (prediction.reshape(shape)?, psth.reshape(shape)?);
    let target = Target::new(psth.clone(), &psth.ones_like()?)?;
    for row in loss::TABLE {
        let whole = (row.per_neuron)(&prediction, &target)?.to_vec1::<f64>()?;
        let bins: Vec<(f64, f64)> = flat(&prediction).into_iter().zip(flat(&psth)).collect();
        for (neuron, (whole, bins)) in whole.iter().zip(bins.chunks(5)).enumerate() {
            let mean = bins.iter().map(|(p, y)| row.at_bin(*p, *y)).sum::<f64>() / 5.0;
            let name = row.part.name;
            assert!((whole - mean).abs() < 1e-12, "{name} of neuron {neuron}: {whole}, {mean}");
        }
    }
    Ok(())
}

#[test]
fn every_output_depends_on_the_past_only_bit_for_bit() -> Result<()> {
    let bins = 23;
    for text in all() {
        let (network, _params) = build(&text, DType::F32, &dims());
        let before = sound_for(&network, "causality", 2, bins)?;
        let whole = network.forward(&before, None, Mode::Eval)?;
        for t in [0, 7, 21] {
            let future = sound_for(&network, "another future", 2, bins - t - 1)?;
            let after = Tensor::cat(&[before.narrow(3, 0, t + 1)?, future], 3)?;
            let changed = network.forward(&after, None, Mode::Eval)?;
            let past = |y: &Tensor| Ok::<_, candle_core::Error>(bits(&y.narrow(2, 0, t + 1)?));
            assert_eq!(past(&whole)?, past(&changed)?, "bin {t} of\n{text}");
        }
    }
    Ok(())
}

#[test]
fn a_clip_gets_the_same_output_alone_in_a_batch_and_padded() -> Result<()> {
    let tolerance = Tolerance { relative: 1e-6, absolute: 1e-6 };
    for text in all() {
        let (network, _params) = build(&text, DType::F32, &dims());
        let (short, long) =
            (sound_for(&network, "short", 1, 17)?, sound_for(&network, "long", 1, 29)?);
        let batch = Tensor::cat(&[short.pad_with_zeros(3, 0, 12)?, long.clone()], 0)?;
        let together = network.forward(&batch, None, Mode::Eval)?;
        let alone = network.forward(&short, None, Mode::Eval)?;
        let beside = together.narrow(0, 0, 1)?.narrow(2, 0, 17)?;
        assert_close(&format!("short clip of\n{text}"), &beside, &alone, tolerance);
        let alone = network.forward(&long, None, Mode::Eval)?;
        assert_close(
            &format!("long clip of\n{text}"),
            &together.narrow(0, 1, 1)?,
            &alone,
            tolerance,
        );
    }
    Ok(())
}

#[test]
fn in_training_too_padding_changes_nothing() -> Result<()> {
    let tolerance = Tolerance { relative: 1e-5, absolute: 1e-5 };
    for text in all() {
        let (network, params) = build(&text, DType::F32, &dims());
        let start = params.values()?;
        let clip = sound_for(&network, "short", 2, 17)?;
        let alone = network.forward(&clip, None, Mode::Train)?;
        let alone_after = params.values()?;
        params.load(&start)?;
        let padded = clip.pad_with_zeros(3, 0, 12)?;
        let mask = Tensor::ones((2, 1, 17), DType::F32, &Device::Cpu)?.pad_with_zeros(2, 0, 12)?;
        let beside = network.forward(&padded, Some(&mask), Mode::Train)?.narrow(2, 0, 17)?;
        assert_close(&format!("output of\n{text}"), &beside, &alone, tolerance);
        for (name, after) in params.values()? {
            assert_close(&format!("{name} of\n{text}"), &after, &alone_after[&name], tolerance);
        }
    }
    Ok(())
}

#[test]
fn every_trained_parameter_has_the_gradient_of_finite_differences() -> Result<()> {
    for text in all() {
        let (network, params) = build(&text, DType::F64, &dims());
        let start = params.values()?;
        let x = sound_for(&network, "gradients", 2, 19)?.to_dtype(DType::F64)?;
        let weights = sound("weights", 2, 19)?.to_dtype(DType::F64)?.squeeze(1)?;
        let weights = weights.narrow(1, 0, dims().neurons)?;
        let value = || (network.forward(&x, None, Mode::Train)? * &weights)?.sum_all();
        let grads = value()?.backward()?;
        for (name, param) in params.trained() {
            let zeros = vec![0.0; param.var.elem_count()];
            let got = grads.get(&param.var).map_or(zeros, flat);
            // Two elements of each tensor: the first, and one in the middle.
            for i in [0, got.len() / 2] {
                let slope = slope(&value, (&param.var, &start[&name]), i, 1e-6)?;
                let allowed = 1e-5 * (1.0 + slope.abs());
                let far = (got[i] - slope).abs();
                assert!(far < allowed, "{name}[{i}] {} {slope} of\n{text}", got[i]);
            }
        }
    }
    Ok(())
}

#[test]
fn responses_can_be_multiplied_where_the_output_nonlinearity_has_parameters_for_it() -> Result<()> {
    let tolerance = Tolerance { relative: 1e-10, absolute: 1e-12 };
    let factors = Tensor::new(&[0.013, 1.0, 40.0], &Device::Cpu)?;
    for text in all() {
        let (network, _params) = build(&text, DType::F64, &dims());
        let x = sound_for(&network, "multiplied", 2, 19)?.to_dtype(DType::F64)?;
        let before = network.forward(&x, None, Mode::Eval)?;
        network.rescale(&factors)?;
        let after = network.forward(&x, None, Mode::Eval)?;
        let bound = ["\"sigmoid\"", "\"softplus\""].iter().any(|output| text.contains(output));
        let factors = if bound { factors.ones_like()? } else { factors.clone() };
        let want = before.broadcast_mul(&factors.reshape((1, 3, 1))?)?;
        assert_close(&text, &after, &want, tolerance);
    }
    Ok(())
}

#[test]
fn adaptation_kernels_give_what_the_filters_give() -> Result<()> {
    let (bins, lags) = (23, 6);
    let x = sound("adaptation", 1, bins)?;
    for name in ["adaptrans", "willmore"] {
        let text = format!(
            "[model]\ntype = \"linear\"\nwindow_ms = 20.0\n[prefilter]\ntype = \"{name}\"\n\
             scale = \"mel\"\nrectify = false\nkernel_bins = {lags}\n"
        );
        let (network, _params) = build(&text, DType::F64, &dims());
        let (_names, kernels) = network.adaptations()?.remove(0);
        let (channels, bands, length) = kernels.weights.dim();
        assert_eq!((channels, bands, length), (network.channels().len(), dims().bands, lags));
        let heard = x.to_dtype(DType::F64)?.get(0)?.get(0)?.to_vec2::<f64>()?;
        let filtered = network.filtered(&x.to_dtype(DType::F64)?)?.get(0)?;
        for (channel, band, t) in ndarray::indices((channels, bands, bins)) {
            // Before the clip lies its first value.
            let past = |lag: usize| heard[band][t.saturating_sub(lag)];
            let want: f64 = (0..lags).map(|k| kernels.weights[[channel, band, k]] * past(k)).sum();
            let got = filtered.get(channel)?.get(band)?.get(t)?.to_scalar::<f64>()?;
            assert!((got - want).abs() < 1e-9, "{name} {channel} {band} {t}: {got}, {want}");
        }
        assert!(kernels.centres_hz.windows(2).all(|pair| pair[0] < pair[1]));
        for (channel, band) in ndarray::indices((channels, bands)) {
            let (tau, first) = (kernels.tau_ms[[channel, band]], kernels.first_tau_ms[band]);
            assert!((tau - first).abs() < 1e-3 * first, "{name} {band}: {tau}, {first}");
        }
    }
    Ok(())
}

#[test]
fn responses_are_the_output_nonlinearity_of_the_drive() -> Result<()> {
    for text in all().into_iter().filter(|text| !text.contains("dnet")) {
        let (network, _params) = build(&text, DType::F32, &dims());
        if network.changes_output() {
            continue;
        }
        let x = sound_for(&network, "drives", 2, 19)?;
        let responses = network.output(&network.drive(&x)?)?;
        assert!(!network.output_decays(), "{text}");
        assert_eq!(bits(&responses), bits(&network.forward(&x, None, Mode::Eval)?), "{text}");
    }
    let x = sound("drives", 2, 19)?;
    let leaky = "[model]\ntype = \"dnet\"\nwindow_ms = 20.0\nhidden = 4\noutput_decay = ";
    for (decays, plain) in [(true, false), (false, true)] {
        let (network, _params) = build(&format!("{leaky}{decays}"), DType::F32, &dims());
        let responses = network.output(&network.drive(&x)?)?;
        assert_eq!(network.output_decays(), decays);
        let same = bits(&responses) == bits(&network.forward(&x, None, Mode::Eval)?);
        assert_eq!(same, plain, "output_decay = {decays}");
    }
    Ok(())
}

#[test]
fn pieces_of_clips_give_what_the_whole_does() -> Result<()> {
    let mut wholes = 0;
    for text in all() {
        let (network, _params) = build(&text, DType::F64, &dims());
        if !network.goes_on() {
            // What attends to all of the past has nothing to go on with.
            assert!(text.contains("context_ms = 0.0"), "{text}");
            wholes += 1;
            continue;
        }
        let x = sound_for(&network, "pieces", 2, 19)?.to_dtype(DType::F64)?;
        let whole = network.forward(&x, None, Mode::Eval)?;
        let carry = Carry::default();
        let pieces = [(0, 1), (1, 2), (3, 9), (12, 7)].map(|(from, bins)| {
            network.forward_piece(&x.narrow(3, from, bins)?.contiguous()?, &carry)
        });
        let pieces = Tensor::cat(&pieces.into_iter().collect::<Result<Vec<_>>>()?, 2)?;
        let tolerance = Tolerance { relative: 1e-9, absolute: 1e-9 };
        assert_close(&format!("pieces of\n{text}"), &pieces, &whole, tolerance);
    }
    assert!(wholes > 0);
    Ok(())
}
