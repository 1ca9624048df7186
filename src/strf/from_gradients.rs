//! Receptive fields of models without kernels: the gradient of each neuron's output with respect
//! to its last bins of sound, averaged over bins and clips.
use candle_core::{DType, Device, Tensor};
use ndarray::{Array3, Array4, ArrayViewMut3, Axis};

use crate::base::error::{Error, Result};
use crate::models::Network;
use crate::models::batch::Sample;
use crate::models::ops::chain::ResponseSum;

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
    let seen = network.filtered(sound)?.detach();
    let (_one, channels, bands, bins) = seen.dims4()?;
    let groups: Vec<Vec<usize>> = (reach - 1..(2 * reach - 1).min(bins))
        .map(|first| (first..bins).step_by(reach).collect())
        .collect();
    let mut sums = Array4::zeros((network.neurons(), channels, bands, reach));
    for (neuron, mut sum) in sums.outer_iter_mut().enumerate() {
        for groups in groups.chunks(AT_ONCE) {
            let gradients = network.gradients_by_filtered(&seen, &sums_at(neuron, groups))?;
            for (chosen, gradient) in groups.iter().zip(gradients) {
                add_at(&mut sum, &array(&gradient)?, chosen);
            }
        }
    }
    Ok(sums)
}

/// Adds to `(C, F, K)` the gradient `(C, F, T)` by the past of each of some bins.
fn add_at(sum: &mut ArrayViewMut3<f64>, gradient: &Array3<f64>, bins: &[usize]) {
    for t in bins {
        for (lag, mut column) in sum.axis_iter_mut(Axis(2)).enumerate() {
            column += &gradient.index_axis(Axis(2), t - lag);
        }
    }
}

/// Backward passes whose gradients are held at once.
pub(super) const AT_ONCE: usize = 16;

/// The responses of a neuron summed over each group of bins.
pub(super) fn sums_at(neuron: usize, groups: &[Vec<usize>]) -> Vec<ResponseSum<'_>> {
    groups.iter().map(|bins| ResponseSum { neuron, bins }).collect()
}

/// A gradient `(C, F, T)` as an array.
pub(super) fn array(gradient: &Tensor) -> Result<Array3<f64>> {
    let shape = gradient.dims3()?;
    let values = gradient.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?;
    Array3::from_shape_vec(shape, values.to_vec1()?)
        .map_err(|source| Error::failed("reading gradients", source))
}
