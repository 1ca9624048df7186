//! Layers: one that is made up here and has no fused path shows what a layer may do; prefilters in a
//! row; what is refused on the way back.
use candle_core::{DType, Device, Result, Tensor, Var};
use rand::Rng;
use strf::base::rng;
use strf::models::batch::{Batch, Member};
use strf::models::head::Head;
use strf::models::layers::{Carry, Layer, Linear, MapShape, Mode, Pass, Reach, StepDraws};
use strf::models::loss;
use strf::models::ops::chain::ResponseSum;
use strf::models::ops::leaky::{Leak, LeakyUnits};
use strf::models::ops::rows::{Layout, Rows};
use strf::models::ops::stage::{AnyStage, BackwardPass, GradientMode, StageState};
use strf::models::ops::{self, Length};
use strf::models::outputs;
use strf::models::params::{ParamSpec, Params, Scope, Start};
use strf::models::{Model, Network};

use crate::support::combinations::{build, dims};
use crate::support::compare::{Tolerance, assert_close, flat, slope};

const BANDS: usize = 3;
const NEURONS: usize = 2;

/// `y(t) = gain Σ_{s≤t} (x(s) − level) · kept(s)` with a level and a gain taken from the training
/// clips; in training some bins are dropped.
struct Total {
    gain: Var,  // (F)
    level: Var, // (F)
}

impl Total {
    fn new(scope: &Scope) -> Result<Self> {
        let gain = scope.get("gain", BANDS, ParamSpec::not_decayed(Start::Constant(1.0)))?;
        let level = scope.get("level", BANDS, ParamSpec::buffer(Start::Constant(0.0)))?;
        Ok(Self { gain, level })
    }

    /// 0 at bins that are dropped, 1 elsewhere, `(B, 1, 1, T)`.
    fn kept(like: &Tensor, pass: &Pass) -> Result<Option<Tensor>> {
        let (b, _c, _f, t) = like.dims4()?;
        let clips = (0..b).map(|clip| {
            let mut draw = pass.draw(clip, "dropout")?;
            Some(
                (0..t).map(|_| f64::from(u8::from(draw.random::<f64>() < 0.8))).collect::<Vec<_>>(),
            )
        });
        let Some(kept) = clips.collect::<Option<Vec<_>>>() else { return Ok(None) };
        let kept = Tensor::from_vec(kept.concat(), (b, 1, 1, t), like.device())?;
        kept.to_dtype(like.dtype()).map(Some)
    }
}

impl Layer for Total {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let t = input.dim(3)?;
        let column = |values: &Var| values.reshape((1, 1, BANDS, 1));
        let above = input.broadcast_sub(&column(&self.level)?)?;
        let kept = match Self::kept(&above, pass)? {
            Some(kept) => above.broadcast_mul(&kept)?,
            None => above,
        };
        let own = kept.broadcast_mul(&column(&self.gain)?)?.cumsum(3)?;
        let total = match pass.carried() {
            Some(before) => own.broadcast_add(&before)?,
            None => own,
        };
        pass.carry(&total.narrow(3, t - 1, 1)?);
        Ok(total)
    }

    fn reach(&self) -> Reach {
        Reach::Fading
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn starts_from_data(&self) -> bool {
        true
    }

    fn start(&self, inputs: &[Tensor]) -> Result<()> {
        let all = Tensor::cat(inputs, 3)?;
        let level = all.mean(3)?.flatten_all()?;
        let above = all.broadcast_sub(&level.reshape((1, 1, BANDS, 1))?)?;
        self.level.set(&level)?;
        self.gain.set(&above.abs()?.mean(3)?.flatten_all()?.recip()?)
    }
}

fn network(dtype: DType) -> Result<(Network, Params)> {
    let params = Params::new(3, dtype, &Device::Cpu);
    let scope = params.scope("");
    let row = outputs::TABLE.iter().find(|row| row.part.name == "softplus").unwrap();
    let head = Head::new(NEURONS, (row.build)(NEURONS, &scope.scope("readout.activation"))?);
    let readout = Linear::new(BANDS, NEURONS, &scope.scope("readout.fc"))?;
    let model =
        Model::new(vec![Box::new(Total::new(&scope.scope("core.0"))?), Box::new(readout)], head);
    Ok((Network::new(Vec::new(), model), params))
}

fn noise(name: &str, shape: &[usize], dtype: DType) -> Result<Tensor> {
    let mut rng = rng::generator(5, name);
    let values: Vec<f64> =
        (0..shape.iter().product()).map(|_| rng.random_range(0.0..1.0)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)
}

fn clip(name: &str, bins: usize, dtype: DType) -> Result<Member> {
    let sound = noise(&format!("sound {name}"), &[1, 1, BANDS, bins], dtype)?;
    Member::new(sound, noise(&format!("psth {name}"), &[1, NEURONS, bins], dtype)?)
}

#[test]
fn a_layer_without_a_fused_path_is_fitted_on_the_cpu_as_a_graph() -> Result<()> {
    let (network, params) = network(DType::F64)?;
    let batch = Batch::of(vec![clip("a", 17, DType::F64)?, clip("b", 9, DType::F64)?]);
    let start = params.values()?;
    let value = || network.loss(&batch, &loss::TABLE[0]);
    let grads = value()?.backward()?;
    assert_eq!(params.trained().len(), 3);
    for (name, param) in params.trained() {
        let got = flat(grads.get(&param.var).unwrap());
        let want = slope(&value, (&param.var, &start[&name]), 1, 1e-6)?;
        assert!((got[1] - want).abs() < 1e-6 * (1.0 + want.abs()), "{name}: {}, {want}", got[1]);
    }
    for (clip, response) in batch.clips().iter().zip(network.responses(&batch)?) {
        let want = network.forward(&clip.sound, None, Mode::Eval)?.squeeze(0)?;
        assert_close("padded", &response, &want, Tolerance { relative: 1e-12, absolute: 1e-12 });
    }
    assert_eq!((network.lags(), network.memory()), (1, None));
    Ok(())
}

#[test]
fn a_layer_goes_on_where_the_piece_before_ended() -> Result<()> {
    let (network, _params) = network(DType::F64)?;
    let sound = noise("pieces", &[2, 1, BANDS, 20], DType::F64)?;
    let whole = network.forward(&sound, None, Mode::Eval)?;
    let carry = Carry::default();
    let pieces = [(0, 7), (7, 1), (8, 12)]
        .map(|(from, bins)| network.forward_piece(&sound.narrow(3, from, bins)?, &carry));
    let pieces = pieces.into_iter().collect::<Result<Vec<_>>>()?;
    let tolerance = Tolerance { relative: 1e-12, absolute: 1e-12 };
    assert_close("pieces", &Tensor::cat(&pieces, 2)?, &whole, tolerance);
    Ok(())
}

#[test]
fn draws_follow_step_clip_and_layer_whatever_the_order_of_a_batch() -> Result<()> {
    let params = Params::new(3, DType::F64, &Device::Cpu);
    let layer = Total::new(&params.scope(""))?;
    let [a, b] = [clip("a", 15, DType::F64)?.sound, clip("b", 15, DType::F64)?.sound];
    let run = |clips: [(&str, &Tensor); 2], step: u64, place: usize| {
        let x = Tensor::cat(&clips.map(|(_, sound)| sound.clone()), 0)?;
        let clips = clips.map(|(id, _)| id.to_owned()).to_vec();
        let draws = StepDraws { seed: 1, step, clips };
        let pass = Pass::new(Mode::Train, None).with_draws(Some(&draws)).in_layer(place);
        layer.forward(&x, &pass)
    };
    let first = run([("a", &a), ("b", &b)], 4, 0)?;
    let turned = run([("b", &b), ("a", &a)], 4, 0)?;
    assert_eq!(flat(&first.get(0)?), flat(&turned.get(1)?));
    assert_eq!(flat(&first.get(1)?), flat(&turned.get(0)?));
    assert_ne!(flat(&first), flat(&run([("a", &a), ("b", &b)], 5, 0)?), "another step");
    assert_ne!(flat(&first), flat(&run([("a", &a), ("b", &b)], 4, 1)?), "another layer");
    assert_ne!(flat(&first), flat(&run([("c", &a), ("b", &b)], 4, 0)?), "another clip");
    let used = layer.forward(&a, &Pass::eval())?;
    assert_eq!(flat(&used), flat(&layer.forward(&a, &Pass::new(Mode::Train, None))?));
    Ok(())
}

#[test]
fn start_values_and_constants_come_from_the_training_clips() -> Result<()> {
    let (network, params) = network(DType::F64)?;
    let clips = [clip("a", 17, DType::F64)?, clip("b", 9, DType::F64)?];
    network.start(clips.iter())?;
    let all = Tensor::cat(&[&clips[0].sound, &clips[1].sound], 3)?.squeeze(0)?.squeeze(0)?;
    let values = params.values()?;
    let tolerance = Tolerance { relative: 1e-12, absolute: 1e-12 };
    assert_close("level", &values["core.0.level"], &all.mean(1)?, tolerance);
    let deviation = all.broadcast_sub(&all.mean_keepdim(1)?)?.abs()?.mean(1)?;
    assert_close("gain", &values["core.0.gain"], &deviation.recip()?, tolerance);
    Ok(())
}

#[test]
fn a_graph_gives_the_gradient_by_the_sound() -> Result<()> {
    let (network, _params) = network(DType::F64)?;
    let sound = Var::from_tensor(&noise("gradient", &[1, 1, BANDS, 8], DType::F64)?)?;
    let sums = [ResponseSum { neuron: 1, bins: &[2, 6] }, ResponseSum { neuron: 0, bins: &[7] }];
    let start = sound.as_tensor().copy()?;
    let gradients = network.gradients_by_sound(&sound, &sums)?;
    for (sum, gradient) in sums.iter().zip(gradients) {
        assert_eq!(gradient.dims(), [1, BANDS, 8]);
        let value = || {
            let y = network.forward(&sound, None, Mode::Eval)?.get(0)?.get(sum.neuron)?;
            let bins = sum.bins.iter().map(|bin| y.get(*bin)).collect::<Result<Vec<_>>>()?;
            Tensor::stack(&bins, 0)?.sum_all()
        };
        for (place, got) in flat(&gradient).into_iter().enumerate() {
            let want = slope(&value, (&sound, &start), place, 1e-6)?;
            assert!((got - want).abs() < 1e-7, "{place}: {got}, {want}");
        }
    }
    Ok(())
}

#[test]
fn a_second_way_back_is_an_error() -> Result<()> {
    let text = "[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 4\n";
    let (network, _params) = build(text, DType::F32, &dims());
    let sound = noise("sound", &[1, 1, dims().bands, 12], DType::F32)?;
    let psth = noise("psth", &[1, dims().neurons, 12], DType::F32)?;
    let loss = network.loss(&Batch::of(vec![Member::new(sound, psth)?]), &loss::TABLE[0])?;
    loss.backward()?;
    let message = loss.backward().unwrap_err().to_string();
    assert!(message.contains("kept for one pass back"), "{message}");
    Ok(())
}

/// A stage, what it prepared, and maps of one clip for it.
struct Passed {
    stage: LeakyUnits,
    prepared: ops::stage::Prepared,
    input: Rows<f64>,
    output: Rows<f64>,
}

impl Passed {
    fn new() -> Self {
        let leak = Leak { memory: Length::Unlimited, scaled: true };
        let stage = LeakyUnits { units: 2, leak };
        let prepared = AnyStage::<f64>::prepare(&stage, &[3.0, 5.0], GradientMode::Both);
        let layout = Layout { bands: 1, channels: 2, bins: 6, left: 0, right: 0 };
        let (mut input, mut output) = (Rows::default(), Rows::default());
        input.arrange(layout);
        output.arrange(layout);
        Self { stage, prepared, input, output }
    }

    fn forward(&mut self, state: &mut StageState) -> Result<()> {
        let Self { stage, prepared, input, output } = self;
        AnyStage::forward(stage, prepared, input, output, state)
    }

    fn backward(&self, state: &mut StageState) -> Result<()> {
        let (mut grad, mut by_parameters) = (self.output.clone(), [0.0; 2]);
        let pass = BackwardPass {
            input: &self.input,
            output: &self.output,
            grad: &mut grad,
            input_grad: None,
            by_parameters: Some(&mut by_parameters),
        };
        AnyStage::backward(&self.stage, &self.prepared, state, pass)
    }
}

#[test]
fn a_stage_goes_back_once_for_each_way_forward() -> Result<()> {
    let (mut passed, mut state) = (Passed::new(), StageState::default());
    assert!(passed.backward(&mut state).is_err(), "without a way forward");
    for _ in 0..2 {
        passed.forward(&mut state)?;
        passed.backward(&mut state)?;
        let message = passed.backward(&mut state).unwrap_err().to_string();
        assert!(message.contains("without a pass forward"), "{message}");
    }
    Ok(())
}

#[test]
fn a_stage_refuses_what_another_kind_prepared() {
    let passed = Passed::new();
    let correlation = ops::correlation::Correlation {
        bands: 1,
        channels: 2,
        outputs: 2,
        height: 1,
        width: 1,
        left: 0,
    };
    let other = ops::convolution::Convolution::linear(correlation);
    let Passed { prepared, input, mut output, .. } = passed;
    let mut state = StageState::default();
    assert!(AnyStage::forward(&other, &prepared, &input, &mut output, &mut state).is_err());
}

#[test]
fn prefilters_in_a_row_have_tensors_of_their_own() -> Result<()> {
    let text = |scale: &str| {
        let section = |name| format!("[[prefilter]]\ntype = \"{name}\"\nscale = \"{scale}\"\n");
        let both = ["willmore", "adaptrans"].map(section).concat();
        format!("[model]\ntype = \"linear\"\nwindow_ms = 20.0\n{both}")
    };
    let (network, params) = build(&text("mel"), DType::F32, &dims());
    let names: Vec<String> = params.all().into_iter().map(|(name, _)| name).collect();
    let expected =
        ["prefiltering.a", "prefiltering_2.d_off", "prefiltering_2.d_on", "prefiltering_2.p"];
    assert_eq!(names[..4], expected);
    assert_eq!(network.channels(), ["ON", "OFF"]);
    let lengths = network.adaptations()?.into_iter().map(|(_, kernels)| kernels.weights.dim().2);
    let reaches: usize = lengths.map(|bins| bins - 1).sum();
    assert_eq!(network.memory(), Some(network.lags() + reaches));

    // Behind the one that learns nothing, batches hold what it gives.
    let sound = noise("row", &[1, 1, dims().bands, 30], DType::F32)?;
    let psth = noise("psth", &[1, dims().neurons, 30], DType::F32)?;
    let given = network.given(&Member::new(sound.clone(), psth)?)?;
    let alone = "[model]\ntype = \"linear\"\nwindow_ms = 20.0\n[prefilter]\ntype = \"willmore\"\nscale = \"mel\"\n";
    let (alone, _params) = build(alone, DType::F32, &dims());
    assert_eq!(flat(&given.sound), flat(&alone.filtered(&sound)?));
    Ok(())
}
