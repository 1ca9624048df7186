//! Receptive fields of models without kernels: the gradient of each neuron's output with respect
//! to its last bins of sound, averaged over bins and clips.
use candle_core::{DType, Device, Tensor};
use ndarray::{Array3, Array4, ArrayView3, ArrayViewMut3, Axis};

use crate::base::error::{Error, Result};
use crate::models::Network;
use crate::models::batch::Sample;
use crate::models::ops::chain::ResponseSum;

/// Bins of a clip at which a model that keeps all of the past is made linear: each takes a backward
/// pass of its own.
pub(super) const FEW: usize = 8;
/// Below which share of its largest size a mean gradient has faded.
const FADED: f64 = 0.01;

/// `(N, C, F, lags)`: mean of `∂y(n,t) / ∂x(c,f,t−k)` over bins `t` with a whole past, where `x` is
/// what the model sees behind its prefilter: over all such bins, or over a few of each clip where the
/// model keeps all of the past. Without `lags` over as many as the model looks back, or until gradients
/// have faded.
///
/// # Errors
/// No clip is as long as the model looks back.
pub fn mean_gradients(
    network: &Network,
    samples: &[Sample],
    lags: Option<usize>,
) -> Result<Array4<f32>> {
    match (network.memory_of_model(), lags) {
        (Some(_), lags) => whole_past(network, samples, lags.unwrap_or(network.lags())),
        (None, Some(lags)) => at_few_bins(network, samples, lags),
        (None, None) => {
            let longest = samples.iter().map(Sample::bins).max().unwrap_or(0);
            let all = at_few_bins(network, samples, longest.div_ceil(2).max(1))?;
            let lags = until_faded(&all);
            Ok(all.slice_move(ndarray::s![.., .., .., ..lags]))
        }
    }
}

/// How far back in what the model sees its receptive fields are shown where nobody says how far: as
/// far as its kernels or layers look; where it keeps all of the past, until gradients have faded.
///
/// # Errors
/// A tensor operation fails.
pub fn default_lags(network: &Network, samples: &[Sample]) -> Result<usize> {
    match network.memory_of_model() {
        None if network.strfs()?.is_none() => {
            Ok(mean_gradients(network, samples, None)?.len_of(Axis(3)))
        }
        _ => Ok(network.lags()),
    }
}

/// Lags before those at which no gradient is more than [`FADED`] of the largest, over neurons,
/// channels and bands.
fn until_faded(gradients: &Array4<f32>) -> usize {
    let size = |lag: ArrayView3<f32>| {
        lag.iter().map(|weight| f64::from(*weight).powi(2)).sum::<f64>().sqrt()
    };
    let sizes: Vec<f64> = gradients.axis_iter(Axis(3)).map(size).collect();
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    1 + sizes.iter().rposition(|size| *size > FADED * largest).unwrap_or(0)
}

/// The mean over a few bins of each clip, each with a backward pass of its own.
fn at_few_bins(network: &Network, samples: &[Sample], lags: usize) -> Result<Array4<f32>> {
    let (mut sum, mut bins): (Option<Array4<f64>>, usize) = (None, 0);
    for sample in samples.iter().filter(|sample| sample.bins() >= lags) {
        let every = (sample.bins() + 1 - lags).div_ceil(FEW);
        let chosen: Vec<Vec<usize>> =
            (lags - 1..sample.bins()).step_by(every).map(|bin| vec![bin]).collect();
        bins += chosen.len();
        let gradients = sums_of_gradients(network, &sample.member.sound, &chosen, lags)?;
        sum = Some(match sum {
            Some(sum) => sum + gradients,
            None => gradients,
        });
    }
    mean_of(sum, bins, (lags, samples.len()))
}

/// The mean over all bins with a whole past.
fn whole_past(network: &Network, samples: &[Sample], lags: usize) -> Result<Array4<f32>> {
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
    let mean = mean_of(sum, bins, (reach, samples.len()))?;
    Ok(mean.slice_move(ndarray::s![.., .., .., ..lags]))
}

/// The mean of so many bins, of models that look back `reach` bins at so many clips.
fn mean_of(
    sum: Option<Array4<f64>>,
    bins: usize,
    (reach, clips): (usize, usize),
) -> Result<Array4<f32>> {
    let Some(sum) = sum else {
        return Err(Error::Refused(format!(
            "gradients need a clip of at least {reach} bins, as far as the model looks back; none \
             of the {clips} clips is so long"
        )));
    };
    #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
    let mean = sum.mapv(|gradient| (gradient / bins as f64) as f32);
    Ok(mean)
}

/// Sums over the bins of one clip.
///
/// Outputs `reach` bins apart share no input, so one backward pass serves all of them.
fn summed_gradients(network: &Network, sound: &Tensor, reach: usize) -> Result<Array4<f64>> {
    let bins = sound.dim(3)?;
    let groups: Vec<Vec<usize>> = (reach - 1..(2 * reach - 1).min(bins))
        .map(|first| (first..bins).step_by(reach).collect())
        .collect();
    sums_of_gradients(network, sound, &groups, reach)
}

/// Sums over groups of bins of one clip, one backward pass for each group and neuron.
fn sums_of_gradients(
    network: &Network,
    sound: &Tensor,
    groups: &[Vec<usize>],
    lags: usize,
) -> Result<Array4<f64>> {
    let seen = network.filtered(sound)?.detach();
    let (_one, channels, bands, _bins) = seen.dims4()?;
    let mut sums = Array4::zeros((network.neurons(), channels, bands, lags));
    for (neuron, mut sum) in sums.outer_iter_mut().enumerate() {
        for groups in groups.chunks(AT_ONCE) {
            let gradients =
                network.gradients_by_filtered(sound, &seen, &sums_at(neuron, groups))?;
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
