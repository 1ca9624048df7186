//! Where drives and output nonlinearities start: what follows from the training clips.
use candle_core::{DType, Result, Tensor};

use super::relative::Relative;
use crate::models::Network;
use crate::models::batch::Batch;

/// Bins of training clips that the outputs are looked at on.
const BINS: usize = 4_000;
/// Rows that are put together at once.
const ROWS: usize = 64;
/// Halvings of the range in which the offset of a drive is looked for.
const HALVINGS: usize = 40;
/// How far that range goes, in standard deviations of the drive and of the response.
const REACH: f64 = 6.0;

/// Lets drives and output nonlinearities start where the responses are: the standard deviation of
/// each neuron's drive as its output wants it, and the mean of the output that of the responses.
///
/// # Errors
/// A tensor operation fails.
pub fn start_outputs(network: &Network, train: &Batch, relative: &Relative) -> Result<()> {
    let wanted = network.start_output(&relative.ranges)?;
    let drives = network.drives(train)?;
    let statistics = moments(&drives)?;
    if let Some(norm) = network.norm() {
        norm.let_pass()?;
        norm.settle(&statistics)?;
    }
    let factor = |((_, variance), wanted): (&(f64, f64), &f64)| {
        if *variance > 0.0 { wanted / variance.sqrt() } else { 1.0 }
    };
    let factors: Vec<f64> = statistics.iter().zip(&wanted).map(factor).collect();
    let means = statistics.iter().zip(&factors).map(|((mean, _), factor)| -mean * factor);
    let means: Vec<f64> = means.collect();
    let like = &drives[0];
    let column = |values: &[f64]| {
        Tensor::new(values, like.device())?.to_dtype(like.dtype())?.reshape((values.len(), 1))
    };
    let some = some_bins(&drives)?;
    let centred = some.broadcast_mul(&column(&factors)?)?.broadcast_add(&column(&means)?)?;
    let falls: Vec<bool> = network.slopes()?.iter().map(|slope| *slope < 0.0).collect();
    let reach = wanted.iter().zip(&relative.ranges);
    let reach = reach.map(|(wanted, range)| REACH * (wanted + range.deviation + range.mean.abs()));
    let mut brackets: Vec<[f64; 2]> = reach.map(|reach| [-reach, reach]).collect();
    let middle = |brackets: &[[f64; 2]]| -> Vec<f64> {
        brackets.iter().map(|[low, high]| 0.5 * (low + high)).collect()
    };
    for _ in 0..HALVINGS {
        let offsets = middle(&brackets);
        let outputs = network.output(&centred.broadcast_add(&column(&offsets)?)?.unsqueeze(0)?)?;
        let means = outputs.squeeze(0)?.mean(1)?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        for (neuron, mean) in means.into_iter().enumerate() {
            let above = (mean > relative.ranges[neuron].mean) != falls[neuron];
            brackets[neuron][usize::from(above)] = offsets[neuron];
        }
    }
    let shifts: Vec<f64> =
        middle(&brackets).iter().zip(&means).map(|(offset, mean)| offset + mean).collect();
    let row = |values: &[f64]| Tensor::new(values, like.device())?.to_dtype(like.dtype());
    network.adjust(&row(&factors)?, &row(&shifts)?)
}

/// Every so many bins of all clips.
fn some_bins(clips: &[Tensor]) -> Result<Tensor> {
    let some = by_rows(clips, |rows| {
        let bins = rows.dim(1)?;
        let step = bins.div_ceil(BINS).max(1);
        let places: Vec<u32> =
            (0..bins).step_by(step).filter_map(|bin| u32::try_from(bin).ok()).collect();
        rows.index_select(&Tensor::new(places, rows.device())?, 1)
    });
    Tensor::cat(&some?, 0)
}

/// Mean and biased variance of each row over all clips.
///
/// # Errors
/// A tensor operation fails.
pub fn moments(clips: &[Tensor]) -> Result<Vec<(f64, f64)>> {
    let moments = by_rows(clips, |rows| {
        let rows = rows.to_dtype(DType::F64)?;
        let bins = rows.dim(1)?.max(1) as f64;
        let means = rows.mean_keepdim(1)?;
        let squares = rows.broadcast_sub(&means)?.sqr()?.sum(1)?.to_vec1::<f64>()?;
        let means = means.squeeze(1)?.to_vec1::<f64>()?;
        let rows = means.into_iter().zip(squares);
        Ok(rows.map(|(mean, sum)| (mean, sum / bins)).collect::<Vec<_>>())
    });
    Ok(moments?.into_iter().flatten().collect())
}

/// What is worked out of some rows of all clips in a row, and of the next: all at once would be several
/// times what the clips take.
fn by_rows<T>(clips: &[Tensor], mut of: impl FnMut(Tensor) -> Result<T>) -> Result<Vec<T>> {
    let rows = clips.first().map_or(Ok(0), |clip| clip.dim(0))?;
    let groups = (0..rows).step_by(ROWS).map(|from| {
        let own = clips.iter().map(|clip| clip.narrow(0, from, ROWS.min(rows - from)));
        of(Tensor::cat(&own.collect::<Result<Vec<_>>>()?, 1)?)
    });
    groups.collect()
}
