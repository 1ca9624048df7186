//! Every part against deepSTRF 0.1.0: predictions, losses, gradients, receptive fields, jacobians.
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use strf::models::batch::{Batch, Member, Padded};
use strf::models::layers::Mode;
use strf::models::loss::{self, Target};
use strf::models::ops::chain::ResponseSum;
use strf::models::params::Params;

use crate::support::at_every_level;
use crate::support::cancelling::CancellingBias;
use crate::support::compare::{Tolerance, assert_close, largest};
use crate::support::golden::Golden;

const CLOSE: Tolerance = Tolerance { relative: 1e-4, absolute: 1e-5 };

macro_rules! cases {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() -> Result<()> {
            the_case_matches(stringify!($name))
        }
    )*};
}

cases! {
    linear ln ln_sigmoid ln_parametric_sigmoid ln_double_exponential ln_separable ln_dcls
    ln_adaptrans ln_willmore nrf nrf_dcls_adaptrans dnet dnet_adaptrans dnet_output_decay
    cnn2d cnn2d_adaptrans transformer transformer_adaptrans transformer_windowed
    statenet_gru statenet_gru_adaptrans statenet_lstm statenet_rnn statenet_lmu statenet_mamba
}

fn the_case_matches(case: &str) -> Result<()> {
    predictions_losses_and_gradients(case, Mode::Eval, ["prediction", "grad_eval"])?;
    let training = training_values(&Golden::open(case));
    predictions_losses_and_gradients(case, Mode::Train, training)?;
    at_every_level(|| {
        fused_path(case)?;
        jacobians_of_the_fused_path(case)
    })?;
    receptive_fields(case)?;
    jacobians(case)
}

/// Names of what the reference has of training: that of evaluation for a model with dropout, which
/// the cases leave out, so that training is no different.
fn training_values(golden: &Golden) -> [&'static str; 2] {
    if golden.io.contains_key("prediction_train") {
        ["prediction_train", "grad_train"]
    } else {
        ["prediction", "grad_eval"]
    }
}

/// Predictions, loss and gradients of the fused path.
fn fused_path(case: &str) -> Result<()> {
    let golden = Golden::open(case);
    let (network, params) = golden.build(DType::F32);
    let target = Target::from_responses(&golden.io["responses"])?;
    let nan = Tensor::full(f32::NAN, target.psth.shape(), &Device::Cpu)?;
    let psth = target.weight.gt(0.0)?.where_cond(&target.psth, &nan)?;
    let stimulus = &golden.io["stimulus"];
    let clips = (0..stimulus.dim(0)?).map(|clip| {
        let part = |x: &Tensor| x.narrow(0, clip, 1)?.contiguous();
        network.given(&Member::new(part(stimulus)?, part(&psth)?)?)
    });
    let batch = Batch::of(clips.collect::<Result<Vec<_>>>()?);
    let responses = Tensor::stack(&network.responses(&batch)?, 0)?;
    assert_close(case, &responses, &golden.io["prediction"].squeeze(2)?, CLOSE);
    let grads = network.loss(&batch, &loss::TABLE[0])?.backward()?;
    let [_, kind] = training_values(&golden);
    assert_gradients(case, kind, &golden, &params, &grads);
    Ok(())
}

fn predictions_losses_and_gradients(case: &str, mode: Mode, names: [&str; 2]) -> Result<()> {
    let golden = Golden::open(case);
    let (network, params) = golden.build(DType::F32);
    let prediction = network.forward(&golden.io["stimulus"], None, mode)?;
    assert_close(names[0], &prediction, &golden.io[names[0]].squeeze(2)?, CLOSE);

    let target = Target::from_responses(&golden.io["responses"])?;
    if mode == Mode::Eval {
        for row in loss::TABLE {
            let got = (row.per_neuron)(&prediction, &target)?;
            assert_close(row.part.name, &got, &golden.io[row.part.name], CLOSE);
        }
    }

    let grads =
        loss::mean(&(loss::TABLE[0].per_neuron)(&prediction, &target)?, &target)?.backward()?;
    assert_gradients(case, names[1], &golden, &params, &grads);
    Ok(())
}

fn assert_gradients(case: &str, kind: &str, golden: &Golden, params: &Params, grads: &GradStore) {
    let trained = params.trained();
    let want = |name: &str| &golden.io[&format!("{kind}.{name}")];
    let cancelling = cancelling(golden).unwrap().filter(|_| kind == "grad_train");
    let floor = 1e-6 * trained.iter().map(|(name, _)| largest(want(name))).fold(0.0, f64::max);
    for (name, param) in &trained {
        let got = grads.get(&param.var).expect("every parameter has a gradient");
        let name_here = format!("{case}: {kind}.{name}");
        match &cancelling {
            Some(bias) if name == CancellingBias::NAME => {
                bias.assert_zero(&name_here, got);
                bias.assert_zero(&format!("the reference's {name_here}"), want(name));
            }
            _ => {
                let absolute = floor + 1e-3 * largest(want(name));
                assert_close(&name_here, got, want(name), Tolerance { relative: 0.0, absolute });
            }
        }
    }
    let wanted = golden.io.keys().filter(|key| key.starts_with(kind)).count();
    assert_eq!(trained.len(), wanted, "{case}: as many gradients as the reference");
}

/// The parameter of the case whose gradient is 0 in training mode, where it has one.
fn cancelling(golden: &Golden) -> Result<Option<CancellingBias>> {
    let (network, params) = golden.build(DType::F64);
    let target = Target::from_responses(&golden.io["responses"].to_dtype(DType::F64)?)?;
    let sound = golden.io["stimulus"].to_dtype(DType::F64)?;
    let clips = Padded { sound, unpadded: None, target };
    CancellingBias::of(&network, &params, &clips, &loss::TABLE[0])
}

fn receptive_fields(case: &str) -> Result<()> {
    let golden = Golden::open(case);
    let (network, _params) = golden.build(DType::F32);
    match (network.strfs()?, golden.io.get("strf")) {
        (Some(strfs), Some(want)) => assert_close("strf", &strfs.kernels, &want.flip(&[3])?, CLOSE),
        (strfs, want) => assert_eq!(strfs.is_some(), want.is_some(), "{case}: has kernels"),
    }
    Ok(())
}

/// Of each neuron's output at the last bin of the first 24, by the input.
fn jacobians(case: &str) -> Result<()> {
    let golden = Golden::open(case);
    let (network, _params) = golden.build(DType::F32);
    let want = &golden.io["jacobian"];
    let bins = want.dim(3)?;
    let stimulus = golden.io["stimulus"].narrow(0, 0, 1)?.narrow(3, 0, bins)?;
    let stimulus = Var::from_tensor(&stimulus.contiguous()?)?;
    let prediction = network.forward(&stimulus, None, Mode::Eval)?;
    let rows = (0..golden.dims.neurons).map(|neuron| {
        let last = prediction.get(0)?.get(neuron)?.get(bins - 1)?;
        let grads = last.backward()?;
        let zeros = Tensor::zeros(stimulus.shape(), DType::F32, &Device::Cpu)?;
        Ok(grads.get(&stimulus).cloned().unwrap_or(zeros))
    });
    let got = Tensor::cat(&rows.collect::<Result<Vec<_>>>()?, 0)?;
    assert_close(&format!("{case}: jacobian"), &got, want, CLOSE);
    Ok(())
}

/// The same by the fused path.
fn jacobians_of_the_fused_path(case: &str) -> Result<()> {
    let golden = Golden::open(case);
    let (network, _params) = golden.build(DType::F32);
    let want = &golden.io["jacobian"];
    let bins = want.dim(3)?;
    let stimulus = golden.io["stimulus"].narrow(0, 0, 1)?.narrow(3, 0, bins)?.contiguous()?;
    let last = [bins - 1];
    let sums: Vec<ResponseSum> =
        (0..golden.dims.neurons).map(|neuron| ResponseSum { neuron, bins: &last }).collect();
    let got = Tensor::stack(&network.gradients_by_sound(&stimulus, &sums)?, 0)?;
    assert_close(&format!("{case}: jacobian of the fused path"), &got, want, CLOSE);
    Ok(())
}
