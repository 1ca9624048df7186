//! The transformer: blocks of attention against the plain path at every window, dropout, pieces of a
//! recording, what is refused.
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};
use rand::Rng;
use strf::base::rng;
use strf::models::batch::{Batch, Member, Padded, Sample};
use strf::models::dims::Dims;
use strf::models::head::Head;
use strf::models::layers::{
    Carry, FeedForward, Layer, Linear, MapShape, Mode, Pass, PatchDims, Patches, Positions, Reach,
    SelfAttention,
};
use strf::models::loss::{self, Criterion};
use strf::models::ops::attention::AttentionDims;
use strf::models::ops::draws::{Dropout, Step};
use strf::models::outputs;
use strf::models::params::Params;
use strf::models::{Model, Network};
use strf::run_file::RunConfig;

use crate::support::at_every_level;
use crate::support::combinations::build;
use crate::support::compare::{Tolerance, assert_close, flat, largest, slope};

const BANDS: usize = 6;
const NEURONS: usize = 2;

fn dims() -> Dims {
    Dims { dt_ms: 5.0, bands: BANDS, neurons: NEURONS, frequencies_hz: None }
}

fn noise(name: &str, shape: &[usize]) -> Result<Tensor> {
    let mut rng = rng::generator(5, name);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| rng.random_range(-1.0..2.0)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn member(name: &str, bins: usize) -> Result<Member> {
    let sound = noise(&format!("sound {name}"), &[1, 1, BANDS, bins])?;
    Member::new(sound, noise(&format!("psth {name}"), &[1, NEURONS, bins])?)
}

/// The same with an id, which random numbers follow from.
fn named(name: &str, bins: usize) -> Result<Member> {
    let array = ndarray::Array2::zeros;
    let sample = Sample::new(name, array((BANDS, bins)), array((NEURONS, bins)), &Device::Cpu)?;
    let Member { sound, psth, .. } = member(name, bins)?;
    let mut named = sample.member.with_sound(sound);
    named.psth = psth;
    Ok(named)
}

/// A layer that has no fused path, so that its model runs as a graph.
struct AsGraph(Box<dyn Layer>);

impl Layer for AsGraph {
    fn output(&self, input: MapShape) -> MapShape {
        self.0.output(input)
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        self.0.forward(input, pass)
    }

    fn reach(&self) -> Reach {
        self.0.reach()
    }
}

/// A transformer of two layers with dropout, on the fused path or as a graph.
fn with_dropout(window: Option<usize>, graph: bool) -> Result<(Network, Params)> {
    let params = Params::new(3, DType::F64, &Device::Cpu);
    let scope = params.scope("");
    let dropout = Dropout::new(0.3);
    let (embedding, channels, height, width, count) = (4, 1, 3, 2, 2);
    let patches = PatchDims { embedding, channels, height, width, count };
    let attention = AttentionDims { units: 8, heads: 2, window };
    let mut layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Patches::new(patches, &scope.scope("patchify"))?),
        Box::new(Positions::new(8, &scope.scope("pos_encoding"))?),
    ];
    for place in 0..2 {
        let scope = scope.scope(&format!("layers.{place}"));
        layers.push(Box::new(SelfAttention::new(attention, dropout, &scope)?));
        layers.push(Box::new(FeedForward::new((8, 32), dropout, &scope)?));
    }
    let readout: Box<dyn Layer> = Box::new(Linear::new(8, NEURONS, &scope.scope("readout"))?);
    layers.push(if graph { Box::new(AsGraph(readout)) } else { readout });
    let row = outputs::TABLE.iter().find(|row| row.part.name == "softplus").unwrap();
    let head = Head::new(NEURONS, (row.build)(NEURONS, &scope.scope("readout.activation"))?);
    Ok((Network::new(Vec::new(), Model::new(layers, head)), params))
}

fn loss_at(network: &Network, clips: &[Member], number: u64) -> Result<Tensor> {
    let criterion = Criterion::plain(&loss::TABLE[0]);
    network.loss_at(&Batch::of(clips.to_vec()), &criterion, Step { seed: 2, number })
}

#[test]
fn blocks_of_attention_give_what_the_whole_matrix_does_at_every_window() -> Result<()> {
    // Fewer bins than a block, remainders of blocks, and enough for several groups of blocks; the plain
    // path takes the square of the bins.
    let windows: &[usize] = &[0, 1, 5, 33, 41, 97, 128, 650];
    let sizes =
        [(7, 4, 1, windows), (65, 6, 3, windows), (131, 6, 1, windows), (700, 20, 2, &[0, 5, 128])];
    let text = |units: usize, heads: usize, window: usize| {
        format!(
            "[model]\ntype = \"transformer\"\nembedding_dim = {units}\nheads = {heads}\n\
             context_window = {window}\ndropout = 0.0\n"
        )
    };
    at_every_level(|| {
        for (bins, units, heads, windows) in sizes {
            windows.iter().try_for_each(|window| agree(&text(units, heads, *window), bins))?;
        }
        Ok(())
    })
}

/// Fails unless loss and gradients are those of the plain path.
fn agree(text: &str, bins: usize) -> Result<()> {
    let (network, params) = build(text, DType::F64, &dims());
    let batch = Batch::of(vec![member("one", bins)?]);
    let got = network.loss(&batch, &loss::TABLE[0])?;
    let Padded { sound, target, .. } = batch.padded()?;
    let y = network.forward(&sound, None, Mode::Train)?;
    let want = loss::mean(&(loss::TABLE[0].per_neuron)(&y, &target)?, &target)?;
    let tolerance = Tolerance { relative: 1e-9, absolute: 1e-9 };
    assert_close(&format!("loss over {bins} of\n{text}"), &got, &want, tolerance);
    let (got, want) = (got.backward()?, want.backward()?);
    for (name, param) in params.trained() {
        let (got, want) = (got.get(&param.var).unwrap(), want.get(&param.var).unwrap());
        let tolerance = Tolerance { relative: 1e-8, absolute: 1e-9 + 1e-8 * largest(want) };
        assert_close(&format!("{name} over {bins} of\n{text}"), got, want, tolerance);
    }
    Ok(())
}

#[test]
fn both_paths_drop_the_same_values() -> Result<()> {
    let clips = [named("a", 90)?, named("b", 70)?, named("c", 11)?];
    for window in [None, Some(7)] {
        let (fused, fused_params) = with_dropout(window, false)?;
        let (graph, graph_params) = with_dropout(window, true)?;
        let (got, want) = (loss_at(&fused, &clips, 4)?, loss_at(&graph, &clips, 4)?);
        let tolerance = Tolerance { relative: 1e-10, absolute: 1e-10 };
        assert_close("loss", &got, &want, tolerance);
        let (got, want) = (got.backward()?, want.backward()?);
        for ((name, own), (_, other)) in fused_params.trained().iter().zip(graph_params.trained()) {
            let (got, want) = (got.get(&own.var).unwrap(), want.get(&other.var).unwrap());
            let tolerance = Tolerance { relative: 1e-8, absolute: 1e-10 + 1e-8 * largest(want) };
            assert_close(name, got, want, tolerance);
        }
    }
    Ok(())
}

#[test]
fn gradients_with_dropout_are_those_of_finite_differences() -> Result<()> {
    let clips = [named("a", 33)?, named("b", 9)?];
    let (network, params) = with_dropout(Some(7), false)?;
    let start = params.values()?;
    let value = || loss_at(&network, &clips, 1);
    let grads = value()?.backward()?;
    for (name, param) in params.trained() {
        let got = flat(grads.get(&param.var).unwrap());
        for i in [0, got.len() / 2, got.len() - 1] {
            let want = slope(&value, (&param.var, &start[&name]), i, 1e-6)?;
            let close = (got[i] - want).abs() < 1e-6 * (1.0 + want.abs());
            assert!(close, "{name}[{i}]: {}, {want}", got[i]);
        }
    }
    Ok(())
}

#[test]
fn dropout_follows_step_and_clip_and_neither_order_nor_threads() -> Result<()> {
    let [a, b] = [named("a", 40)?, named("b", 60)?];
    let (network, _params) = with_dropout(None, false)?;
    let loss = |clips: &[Member], step| {
        Ok::<_, candle_core::Error>(flat(&loss_at(&network, clips, step)?)[0])
    };
    let both = loss(&[a.clone(), b.clone()], 3)?;
    let close = |x: f64, y: f64| (x - y).abs() < 1e-12 * x.abs();
    assert!(close(both, loss(&[b.clone(), a.clone()], 3)?), "the order of a batch");
    let own = [loss(std::slice::from_ref(&a), 3)?, loss(std::slice::from_ref(&b), 3)?];
    let weighted = (40.0 * own[0] + 60.0 * own[1]) / 100.0;
    assert!(close(both, weighted), "a batch is its clips: {both}, {weighted}");
    assert!(!close(both, loss(&[a.clone(), b.clone()], 4)?), "another step");
    let renamed = named("c", 40)?;
    let mut renamed = renamed.with_sound(a.sound.clone());
    renamed.psth = a.psth.clone();
    assert!(!close(own[0], loss(&[renamed], 3)?), "another clip");

    let bits = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (network, params) = with_dropout(None, false).unwrap();
            let loss = loss_at(&network, &[a.clone(), b.clone()], 3).unwrap();
            let grads = loss.backward().unwrap();
            let all = params.trained().into_iter();
            let all = all.flat_map(|(_, own)| flat(grads.get(&own.var).unwrap()));
            all.map(f64::to_bits).collect::<Vec<_>>()
        })
    };
    assert_eq!(bits(1), bits(3));
    Ok(())
}

#[test]
fn nothing_is_dropped_in_evaluation() -> Result<()> {
    let (network, _params) = with_dropout(Some(5), false)?;
    let (graph, _params) = with_dropout(Some(5), true)?;
    let clip = named("a", 50)?;
    let batch = Batch::of(vec![clip.clone()]);
    // A step of training before must leave nothing behind.
    loss_at(&network, std::slice::from_ref(&clip), 1)?;
    let first = network.responses(&batch)?.remove(0);
    let plain = graph.forward(&clip.sound, None, Mode::Eval)?.squeeze(0)?;
    assert_close("responses", &first, &plain, Tolerance { relative: 1e-10, absolute: 1e-10 });
    Ok(())
}

#[test]
fn pieces_of_a_recording_give_what_the_whole_does_with_a_window_and_are_refused_without()
-> Result<()> {
    let text = |window: usize| {
        format!(
            "[model]\ntype = \"transformer\"\nembedding_dim = 4\nfreq_patch = 3\ntime_patch = 3\n\
             context_window = {window}\nlayers = 2\nheads = 2\n"
        )
    };
    let sound = noise("recording", &[2, 1, BANDS, 60])?;
    for window in [1, 2, 9, 80] {
        let (network, _params) = build(&text(window), DType::F64, &dims());
        let whole = network.forward(&sound, None, Mode::Eval)?;
        let carry = Carry::default();
        let pieces = [(0, 1), (1, 5), (6, 30), (36, 24)]
            .map(|(from, bins)| network.forward_piece(&sound.narrow(3, from, bins)?, &carry));
        let pieces = Tensor::cat(&pieces.into_iter().collect::<Result<Vec<_>>>()?, 2)?;
        let tolerance = Tolerance { relative: 1e-10, absolute: 1e-10 };
        assert_close(&format!("a window of {window}"), &pieces, &whole, tolerance);
    }
    let (network, _params) = build(&text(0), DType::F64, &dims());
    let message = network.forward_piece(&sound, &Carry::default()).unwrap_err().to_string();
    assert!(message.contains("takes clips as wholes"), "{message}");
    Ok(())
}

#[test]
fn a_window_given_in_milliseconds_or_bins_is_how_far_back_each_layer_looks() {
    let memory = |keys: &str| {
        let text = format!("[model]\ntype = \"transformer\"\nembedding_dim = 4\n{keys}\n");
        build(&text, DType::F64, &dims()).0.memory()
    };
    // Patches of 45 ms are nine bins.
    assert_eq!(memory(""), Some(41 + 8));
    assert_eq!(memory("context_ms = 60.0\ntime_patch = 1"), Some(12));
    assert_eq!(memory("context_window = 12\nlayers = 3\ntime_patch = 4"), Some(3 * 11 + 4));
    assert_eq!(memory("context_ms = 0.0"), None);
    assert_eq!(memory("context_window = 0"), None);
}

#[test]
fn layers_of_the_encoder_start_apart_as_each_tensor_should() -> Result<()> {
    let text = "[model]\ntype = \"transformer\"\nembedding_dim = 8\nlayers = 2\n";
    let (_network, params) = build(text, DType::F64, &dims());
    let values = params.values()?;
    let of = |layer: usize, name: &str| flat(&values[&format!("tsfm.layers.{layer}.{name}")]);
    let matrices = ["self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1.weight"];
    for name in matrices {
        assert_ne!(of(0, name), of(1, name), "{name}");
    }
    // Xavier: √(6 / (8 + 24)); fan in: 1/√8, 1/√32.
    for (name, bound) in [
        ("self_attn.in_proj_weight", (6.0_f64 / 32.0).sqrt()),
        ("self_attn.out_proj.weight", 8.0_f64.sqrt().recip()),
        ("linear1.weight", 8.0_f64.sqrt().recip()),
        ("linear1.bias", 8.0_f64.sqrt().recip()),
        ("linear2.weight", 32.0_f64.sqrt().recip()),
    ] {
        let most = of(1, name).into_iter().map(f64::abs).fold(0.0, f64::max);
        assert!(most <= bound && most > 0.7 * bound, "{name}: {most}, {bound}");
    }
    for name in ["self_attn.in_proj_bias", "self_attn.out_proj.bias", "norm1.bias"] {
        assert!(of(0, name).iter().all(|value| *value == 0.0), "{name}");
    }
    Ok(())
}

/// What building a model of these keys says.
fn refusal(keys: &str) -> String {
    let text = format!("[model]\ntype = \"transformer\"\n{keys}\n");
    let architecture = RunConfig::architecture(&text, Path::new("run.toml")).unwrap();
    let params = Params::new(0, DType::F32, &Device::Cpu);
    match Network::build(&architecture, &dims(), &params) {
        Ok(_) => panic!("{keys} was built"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn sizes_that_do_not_fit_are_refused_with_what_would() {
    let expected = "model.freq_patch: found 4, expected 0 (all bands) or a number that divides the 6 \
                    bands of the recording: 1, 2, 3, 6";
    assert_eq!(refusal("freq_patch = 4"), expected);
    assert!(refusal("freq_patch = 12").contains("found 12"), "{}", refusal("freq_patch = 12"));
    let expected = "model.heads: found 5, expected a number that divides the 96 units (embedding_dim \
                    = 48, times 2, the patches over the bands)";
    assert_eq!(refusal("freq_patch = 3\nheads = 5"), expected);
    let expected = "model.embedding_dim: found 7, expected an even number: times 1, the patches \
                    over the bands, it makes 7 units, of which positions take pairs";
    assert_eq!(refusal("embedding_dim = 7"), expected);
    let expected = "model.context_ms: found 3, expected 0 (all of the past) or at least one bin of the \
                    recording (5 ms): a bin attends to itself at least";
    assert_eq!(refusal("context_ms = 3.0"), expected);
    let both = "[model]\ntype = \"transformer\"\ncontext_ms = 60.0\ncontext_window = 12\n";
    let message = RunConfig::architecture(both, Path::new("run.toml")).unwrap_err().to_string();
    assert!(message.contains("this or context_window = 12, not both"), "{message}");
}
