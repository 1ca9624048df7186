//! The fused path of every combination of parts, under every level of vector instructions: equal to the graph of candle's operations, to
//! finite differences, causal bit for bit, and independent of what else is in a batch.
use candle_core::{DType, Device, Result, Tensor, Var};
use strf::base::rng;
use strf::models::Network;
use strf::models::batch::{Batch, Member, Padded};
use strf::models::dims::Dims;
use strf::models::layers::Mode;
use strf::models::loss::{self, LossRow};
use strf::models::ops::chain::ResponseSum;

use crate::support::at_every_level;
use crate::support::cancelling::CancellingBias;
use crate::support::combinations::{all, build, dims};
use crate::support::compare::{Tolerance, assert_close, flat, largest, slope};

/// Numbers of a range, drawn for the name.
fn noise(name: &str, shape: &[usize], (low, high): (f64, f64)) -> Result<Tensor> {
    use rand::Rng;
    let mut rng = rng::generator(11, name);
    let count = shape.iter().product();
    let values: Vec<f64> = (0..count).map(|_| rng.random_range(low..high)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// A clip of responses between 0 and 2, some of them missing.
fn clip(network: &Network, bins: usize, dims: &Dims, dtype: DType) -> Result<Member> {
    let sound = noise(&format!("sound of {bins}"), &[1, 1, dims.bands, bins], (-1.0, 3.0))?;
    let sound = if network.divides_by().is_some() { sound.abs()? } else { sound };
    let shape = [1, dims.neurons, bins];
    let psth = noise(&format!("psth of {bins}"), &shape, (0.0, 2.0))?;
    let missing = noise(&format!("gaps of {bins}"), &shape, (0.0, 1.0))?.lt(0.1)?;
    let nan = Tensor::full(f64::NAN, &shape, &Device::Cpu)?;
    let psth = missing.where_cond(&nan, &psth)?;
    Member::new(sound.to_dtype(dtype)?, psth.to_dtype(dtype)?)
}

fn batch(network: &Network, bins: &[usize], dims: &Dims, dtype: DType) -> Result<[Batch; 2]> {
    let clips =
        bins.iter().map(|bins| clip(network, *bins, dims, dtype)).collect::<Result<Vec<_>>>()?;
    let given = clips.iter().map(|clip| network.given(clip)).collect::<Result<Vec<_>>>()?;
    Ok([Batch::of(clips), Batch::of(given)])
}

/// The loss of a batch out of candle's operations.
fn plain_loss(network: &Network, batch: &Batch, row: &LossRow) -> Result<Tensor> {
    let Padded { sound, unpadded, target } = batch.padded()?;
    let y = network.forward(&sound, unpadded.as_ref(), Mode::Train)?;
    loss::mean(&(row.per_neuron)(&y, &target)?, &target)
}

/// The parameter of a model whose gradient is 0, where it has one.
fn cancelling(
    text: &str,
    dims: &Dims,
    bins: &[usize],
    row: &LossRow,
) -> Result<Option<CancellingBias>> {
    let (network, params) = build(text, DType::F64, dims);
    let [clips, _] = batch(&network, bins, dims, DType::F64)?;
    CancellingBias::of(&network, &params, &clips.padded()?, row)
}

/// Fails unless loss, all gradients and running statistics are those of the plain path.
fn assert_losses_agree(
    text: &str,
    dims: &Dims,
    bins: &[usize],
    dtype: DType,
    relative: f64,
) -> Result<()> {
    for row in loss::TABLE {
        // A signed output is no rate.
        if row.needs_rate && (text.contains("identity") || text.contains("\"linear\"")) {
            continue;
        }
        let what = format!("{} over {bins:?} of\n{text}", row.part.name);
        let (network, params) = build(text, dtype, dims);
        let (reference, reference_params) = build(text, dtype, dims);
        let [clips, given] = batch(&network, bins, dims, dtype)?;
        let got = network.loss(&given, row)?;
        let want = plain_loss(&reference, &clips, row)?;
        let tolerance = Tolerance { relative, absolute: relative };
        assert_close(&format!("loss {what}"), &got, &want, tolerance);
        let (got, want) = (got.backward()?, want.backward()?);
        let references = reference_params.trained();
        let sizes = references.iter().filter_map(|(_, param)| want.get(&param.var)).map(largest);
        let size = sizes.fold(1e-3, f64::max);
        let cancelling = match dtype {
            DType::F32 => cancelling(text, dims, bins, row)?,
            _ => None,
        };
        for ((name, param), (_, reference)) in params.trained().into_iter().zip(&references) {
            let zeros = param.var.zeros_like()?;
            let got = got.get(&param.var).unwrap_or(&zeros);
            let want = want.get(&reference.var).unwrap_or(&zeros);
            let named = format!("gradient of {name}, {what}");
            match &cancelling {
                Some(bias) if name == CancellingBias::NAME => {
                    bias.assert_zero(&named, got);
                    bias.assert_zero(&format!("plain {named}"), want);
                }
                _ => {
                    let absolute = relative * (largest(want) + 0.01 * size);
                    assert_close(&named, got, want, Tolerance { relative, absolute });
                }
            }
        }
        for ((name, own), (_, want)) in params.all().into_iter().zip(reference_params.all()) {
            assert_close(&format!("{name} after {what}"), &own.var, &want.var, tolerance);
        }
    }
    Ok(())
}

#[test]
fn loss_and_gradients_equal_the_plain_path() -> Result<()> {
    at_every_level(|| {
        for text in all() {
            assert_losses_agree(&text, &dims(), &[19, 7, 12], DType::F64, 1e-8)?;
        }
        Ok(())
    })
}

#[test]
fn loss_and_gradients_equal_the_plain_path_in_single_precision() -> Result<()> {
    at_every_level(|| {
        for text in all() {
            assert_losses_agree(&text, &dims(), &[19, 7], DType::F32, 2e-3)?;
        }
        Ok(())
    })
}

/// One of each model, prefilter and parameterization, for sizes that take more time.
fn few() -> Vec<String> {
    let output = "output = \"parametric_softplus\"";
    let texts = all().into_iter();
    texts.filter(|text| text.contains("\"linear\"") || text.contains(output)).collect()
}

#[test]
fn odd_sizes_equal_the_plain_path() -> Result<()> {
    at_every_level(|| {
        let made = |bands, neurons| Dims { dt_ms: 5.0, bands, neurons, frequencies_hz: None };
        for text in few() {
            // More rows than a block has, and every remainder of a vector.
            assert_losses_agree(&text, &made(8, 23), &[16, 17, 33, 40, 9], DType::F64, 1e-8)?;
            // A single clip, a single neuron, single bins.
            assert_losses_agree(&text, &made(7, 1), &[31], DType::F64, 1e-8)?;
            assert_losses_agree(&text, &made(7, 2), &[1, 2, 1], DType::F64, 1e-7)?;
            if !text.contains("kernel_bands") && !text.contains("cnn2d") {
                assert_losses_agree(&text, &made(1, 2), &[5, 6], DType::F64, 1e-8)?;
            }
        }
        Ok(())
    })
}

/// Fails unless the responses are those of the plain path.
fn assert_responses_agree(text: &str, dtype: DType, tolerance: Tolerance) -> Result<()> {
    let (network, _params) = build(text, dtype, &dims());
    let [clips, given] = batch(&network, &[19, 7, 33], &dims(), dtype)?;
    // Running statistics that are no longer those of the start.
    network.loss(&given, &loss::TABLE[0])?;
    for (clip, got) in clips.clips().iter().zip(network.responses(&given)?) {
        let want = network.forward(&clip.sound, None, Mode::Eval)?.squeeze(0)?;
        assert_close(text, &got, &want, tolerance);
    }
    Ok(())
}

#[test]
fn responses_equal_the_plain_path() -> Result<()> {
    at_every_level(|| {
        // Normalization over two channels magnifies what single precision rounds.
        for (dtype, within) in [(DType::F64, 1e-9), (DType::F32, 1e-3)] {
            let tolerance = Tolerance { relative: within, absolute: within };
            all().iter().try_for_each(|text| assert_responses_agree(text, dtype, tolerance))?;
        }
        Ok(())
    })
}

fn bits(tensor: &Tensor) -> Vec<u64> {
    flat(tensor).into_iter().map(f64::to_bits).collect()
}

#[test]
fn responses_depend_on_the_past_only_bit_for_bit() -> Result<()> {
    at_every_level(|| {
        let bins = 23;
        for text in all() {
            let (network, _params) = build(&text, DType::F32, &dims());
            let respond = |sound: Tensor| {
                let psth = Tensor::zeros((1, dims().neurons, bins), DType::F32, &Device::Cpu)?;
                let clip = network.given(&Member::new(sound, psth)?)?;
                Ok::<_, candle_core::Error>(network.responses(&Batch::of(vec![clip]))?.remove(0))
            };
            let before = clip(&network, bins, &dims(), DType::F32)?.sound;
            let whole = respond(before.clone())?;
            for t in [0, 7, 21] {
                let future = clip(&network, bins - t - 1, &dims(), DType::F32)?.sound;
                let after = Tensor::cat(&[before.narrow(3, 0, t + 1)?, future], 3)?.contiguous()?;
                let changed = respond(after)?;
                let past =
                    |y: &Tensor| Ok::<_, candle_core::Error>(bits(&y.narrow(1, 0, t + 1)?));
                assert_eq!(past(&whole)?, past(&changed)?, "bin {t} of\n{text}");
            }
        }
        Ok(())
    })
}

#[test]
fn a_clip_responds_the_same_whatever_else_is_in_its_batch() -> Result<()> {
    at_every_level(|| {
        for text in few() {
            let (network, _params) = build(&text, DType::F32, &dims());
            let [_, together] = batch(&network, &[19, 7, 33], &dims(), DType::F32)?;
            for (clip, beside) in together.clips().iter().zip(network.responses(&together)?) {
                let alone = network.responses(&Batch::of(vec![clip.clone()]))?.remove(0);
                assert_eq!(bits(&beside), bits(&alone), "{text}");
            }
        }
        Ok(())
    })
}

/// Fails unless gradients are those of finite differences.
fn assert_slopes(text: &str) -> Result<()> {
    let (network, params) = build(text, DType::F64, &dims());
    let [_, clips] = batch(&network, &[19, 7], &dims(), DType::F64)?;
    let start = params.values()?;
    let value = || network.loss(&clips, &loss::TABLE[0]);
    let grads = value()?.backward()?;
    for (name, param) in params.trained() {
        let zeros = vec![0.0; param.var.elem_count()];
        let got = grads.get(&param.var).map_or(zeros, flat);
        for i in [0, got.len() / 2] {
            let slope = slope(&value, (&param.var, &start[&name]), i, 1e-7)?;
            let far = (got[i] - slope).abs();
            let close = far < 1e-5 * (1.0 + slope.abs());
            assert!(close, "{name}[{i}] {} {slope} of\n{text}", got[i]);
        }
    }
    Ok(())
}

#[test]
fn gradients_are_those_of_finite_differences() -> Result<()> {
    at_every_level(|| few().iter().try_for_each(|text| assert_slopes(text)))
}

/// Fails unless gradients by the sound are those of the plain path.
fn assert_gradients_by_sound_agree(text: &str, dtype: DType, within: f64) -> Result<()> {
    let bins = 23;
    let (network, _params) = build(text, dtype, &dims());
    let [clips, given] = batch(&network, &[bins, 9], &dims(), dtype)?;
    // Running statistics that are no longer those of the start.
    network.loss(&given, &loss::TABLE[0])?;
    let sound = Var::from_tensor(&clips.clips()[0].sound)?;
    let responses = network.forward(&sound, None, Mode::Eval)?.squeeze(0)?;
    let chosen: [(usize, &[usize]); 2] = [(0, &[bins - 1]), (2, &[0, 7, 13])];
    let sums = chosen.map(|(neuron, bins)| ResponseSum { neuron, bins });
    for (sum, got) in sums.iter().zip(network.gradients_by_sound(&sound, &sums)?) {
        let values = sum.bins.iter().map(|bin| responses.get(sum.neuron)?.get(*bin));
        let value = Tensor::stack(&values.collect::<Result<Vec<_>>>()?, 0)?.sum_all()?;
        let want = match value.backward()?.get(&sound) {
            Some(want) => want.squeeze(0)?,
            None => got.zeros_like()?,
        };
        let absolute = within * (1e-3 + largest(&want));
        let tolerance = Tolerance { relative: within, absolute };
        assert_close(&format!("{sum:?} of\n{text}"), &got, &want, tolerance);
    }
    Ok(())
}

#[test]
fn gradients_by_the_sound_equal_the_plain_path() -> Result<()> {
    at_every_level(|| {
        for (dtype, within) in [(DType::F64, 1e-8), (DType::F32, 2e-3)] {
            all().iter().try_for_each(|t| assert_gradients_by_sound_agree(t, dtype, within))?;
        }
        Ok(())
    })
}
