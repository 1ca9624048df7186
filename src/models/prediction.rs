//! What a model predicts for clips.
use candle_core::{DType, Device, Result, Tensor};
use ndarray::Array2;

use super::batch::{Batch, Member, Sample};
use super::layers::Carry;
use crate::models::Network;

/// Batches of `samples` in their order.
pub fn batches(network: &Network, samples: &[Sample], size: usize) -> Result<Vec<Batch>> {
    let members = samples.iter().map(|sample| network.given(&sample.member));
    let members: Vec<Member> = members.collect::<Result<_>>()?;
    Ok(members.chunks(size.max(1)).map(|clips| Batch::of(clips.to_vec())).collect())
}

/// Predictions of each clip in evaluation mode, `(N, T)` each.
pub fn predict(network: &Network, batches: &[Batch]) -> Result<Vec<Array2<f32>>> {
    let clips = batches.iter().map(|batch| predict_batch(network, batch));
    Ok(clips.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn predict_batch(network: &Network, batch: &Batch) -> Result<Vec<Array2<f32>>> {
    let on_cpu = |y: &Tensor| array(&y.to_device(&Device::Cpu)?.to_dtype(DType::F32)?);
    network.responses(batch)?.iter().map(on_cpu).collect()
}

/// Predictions for each of `samples` in evaluation mode, `(N, T)` each, `size` of them at a time.
pub fn of(network: &Network, samples: &[Sample], size: usize) -> Result<Vec<Array2<f32>>> {
    of_each(network, samples, size, || {})
}

/// The same; `step` is told after each clip.
pub fn of_each(
    network: &Network,
    samples: &[Sample],
    size: usize,
    mut step: impl FnMut(),
) -> Result<Vec<Array2<f32>>> {
    let mut all = Vec::with_capacity(samples.len());
    for batch in batches(network, samples, size)? {
        let predicted = predict_batch(network, &batch)?;
        for _clip in &predicted {
            step();
        }
        all.extend(predicted);
    }
    Ok(all)
}

/// Predictions for each of `samples` in evaluation mode, `(N, T)` each, so many bins at a time: what
/// layers make on the way takes as much memory as one piece needs. `step` is told after each sample.
///
/// # Errors
/// A layer of the model cannot go on where a piece ended, or a tensor operation fails.
pub fn in_pieces(
    network: &Network,
    samples: &[Sample],
    bins: usize,
    mut step: impl FnMut(),
) -> Result<Vec<Array2<f32>>> {
    let of_one = |sample| of_pieces(network, sample, bins.max(1)).inspect(|_| step());
    samples.iter().map(of_one).collect()
}

fn of_pieces(network: &Network, sample: &Sample, bins: usize) -> Result<Array2<f32>> {
    let (carry, all) = (Carry::default(), sample.bins());
    let piece = |from: usize| {
        let sound = sample.member.sound.narrow(3, from, bins.min(all - from))?.contiguous()?;
        let y = network.forward_piece(&sound, &carry)?.squeeze(0)?.detach();
        y.to_device(&Device::Cpu)?.to_dtype(DType::F32)
    };
    let pieces: Vec<Tensor> = (0..all).step_by(bins).map(piece).collect::<Result<_>>()?;
    array(&Tensor::cat(&pieces, 1)?)
}

/// A matrix on the CPU as an array.
fn array(matrix: &Tensor) -> Result<Array2<f32>> {
    let (rows, columns) = matrix.dims2()?;
    let values = matrix.flatten_all()?.to_vec1::<f32>()?;
    Array2::from_shape_vec((rows, columns), values).map_err(candle_core::Error::wrap)
}
