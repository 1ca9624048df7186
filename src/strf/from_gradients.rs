//! Receptive fields of models without kernels: the gradient of each neuron's output with respect
//! to its last bins of sound, averaged over bins and clips.
use candle_core::{DType, Device, Tensor, Var};
use ndarray::{Array3, Array4, Axis};

use crate::base::error::{Error, Result};
use crate::models::Network;
use crate::models::batch::Sample;

/// `(N, C, F, lags)`: mean of `∂y(n,t) / ∂x(c,f,t−k)` over all bins `t` with a whole past, where
/// `x` is what the model sees behind its prefilter.
///
/// # Errors
/// No clip is as long as the model looks back.
pub fn mean_gradients(network: &Network, samples: &[Sample], lags: usize) -> Result<Array4<f32>> {
    let reach = network.lags().max(lags);
    let mut sum: Option<Array4<f64>> = None;
    let mut bins = 0;
    for sample in samples.iter().filter(|sample| sample.bins() >= reach) {
        let gradients = summed_gradients(network, &sample.member.sound, reach)?;
        bins += sample.bins() + 1 - reach;
        sum = Some(match sum {
            Some(sum) => sum + gradients,
            None => gradients,
        });
    }
    let Some(sum) = sum else {
        return Err(Error::Refused(format!(
            "gradients need a clip of at least {reach} bins, as far as the model looks back; none \
             of the {} clips is so long",
            samples.len()
        )));
    };
    #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
    let mean = sum.mapv(|gradient| (gradient / bins as f64) as f32);
    Ok(mean.slice_move(ndarray::s![.., .., .., ..lags]))
}

/// Sums over the bins of one clip.
///
/// Outputs `reach` bins apart share no input, so one backward pass serves all of them.
fn summed_gradients(network: &Network, sound: &Tensor, reach: usize) -> Result<Array4<f64>> {
    let seen = Var::from_tensor(&network.filtered(sound)?.detach())?;
    let (_one, channels, bands, bins) = seen.dims4()?;
    let outputs = network.respond(&seen)?;
    let neurons = outputs.dim(1)?;
    let mut sums = Array4::zeros((neurons, channels, bands, reach));
    for neuron in 0..neurons {
        let output = outputs.get(0)?.get(neuron)?;
        for first in reach - 1..(2 * reach - 1).min(bins) {
            let chosen: Vec<usize> = (first..bins).step_by(reach).collect();
            let gradient = gradient_at(&output, &chosen, &seen)?;
            let mut sum = sums.index_axis_mut(Axis(0), neuron);
            for (t, lag) in chosen.iter().flat_map(|t| (0..reach).map(move |lag| (*t, lag))) {
                let mut column = sum.index_axis_mut(Axis(2), lag);
                column += &gradient.index_axis(Axis(2), t - lag);
            }
        }
    }
    Ok(sums)
}

/// Gradient `(C, F, T)` of the sum of some bins of `output (T)`.
pub(super) fn gradient_at(output: &Tensor, bins: &[usize], seen: &Var) -> Result<Array3<f64>> {
    let t = output.dim(0)?;
    let chosen: Vec<f32> = (0..t).map(|bin| if bins.contains(&bin) { 1.0 } else { 0.0 }).collect();
    let chosen = Tensor::from_vec(chosen, t, output.device())?.to_dtype(output.dtype())?;
    let grads = (output * chosen)?.sum_all()?.backward()?;
    let shape = (seen.dim(1)?, seen.dim(2)?, seen.dim(3)?);
    let Some(gradient) = grads.get(seen) else { return Ok(Array3::zeros(shape)) };
    let values = gradient.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?;
    Array3::from_shape_vec(shape, values.to_vec1()?)
        .map_err(|source| Error::failed("reading gradients", source))
}
