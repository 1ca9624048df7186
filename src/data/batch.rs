//! Clips as a model meets them: tensors on a device, put together to batches.
use candle_core::{DType, Device, Result, Tensor};
use ndarray::Array2;
use rayon::prelude::*;

use crate::loss::Target;
use crate::metrics::statistics::beyond_rounding;

/// One clip, ready for training and scoring.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The stimulus.
    pub id: String,
    /// Number of bins `T`.
    pub bins: usize,
    /// Standardized cochleagram `(1, 1, F, T)`.
    pub sound: Tensor,
    /// PSTH `(1, N, T)`, 0 where nothing counts.
    psth: Tensor,
    /// `(1, N, T)`: 1 where the PSTH counts, 0 elsewhere.
    mask: Tensor,
}

impl Sample {
    /// From a standardized cochleagram `(F, T)` and a PSTH `(N, T)`, NaN where nothing counts.
    pub fn new(id: &str, sound: Array2<f32>, psth: Array2<f32>, device: &Device) -> Result<Self> {
        let ((f, t), n) = (sound.dim(), psth.nrows());
        let mask = mask(&psth, device)?;
        let known = psth.mapv_into(|y| if y.is_nan() { 0.0 } else { y });
        Ok(Self {
            id: id.to_owned(),
            bins: t,
            sound: tensor(sound, &[1, 1, f, t], device)?,
            psth: tensor(known, &[1, n, t], device)?,
            mask,
        })
    }

    /// From a standardized cochleagram `(F, T)` to which nothing counts of `neurons` neurons.
    pub fn sound(id: &str, sound: Array2<f32>, neurons: usize, device: &Device) -> Result<Self> {
        let (f, t) = sound.dim();
        let nothing =
            Tensor::zeros((1, 1, 1), DType::F32, device)?.broadcast_as((1, neurons, t))?;
        let sound = tensor(sound, &[1, 1, f, t], device)?;
        Ok(Self { id: id.to_owned(), bins: t, sound, psth: nothing.clone(), mask: nothing })
    }
}

/// Takes over the memory of an array in standard layout.
fn tensor(values: Array2<f32>, shape: &[usize], device: &Device) -> Result<Tensor> {
    let values = if values.is_standard_layout() {
        values.into_raw_vec_and_offset().0
    } else {
        values.iter().copied().collect()
    };
    Tensor::from_vec(values, shape, device)
}

/// `(1, N, T)`: 1 where a PSTH counts, 0 elsewhere; a single row where all neurons have the same,
/// so that it takes no room beside the PSTH.
fn mask(psth: &Array2<f32>, device: &Device) -> Result<Tensor> {
    let (n, t) = psth.dim();
    let counts = |y: &f32| if y.is_nan() { 0f32 } else { 1.0 };
    let first: Vec<f32> = psth.rows().into_iter().take(1).flatten().map(counts).collect();
    if psth.rows().into_iter().all(|row| row.iter().map(counts).eq(first.iter().copied())) {
        return Tensor::from_vec(first, (1, 1, t), device)?.broadcast_as((1, n, t));
    }
    Tensor::from_vec(psth.iter().map(counts).collect::<Vec<f32>>(), (1, n, t), device)
}

/// Clips of a batch, padded with zeros to the longest.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Cochleagrams `(B, 1, F, T)`.
    pub sound: Tensor,
    /// `(B, 1, T)`: 1 at bins of a clip, 0 at padding; none where nothing is padded.
    pub unpadded: Option<Tensor>,
    /// What predictions are compared with.
    pub target: Target,
    /// Bins of each clip.
    pub bins: Vec<usize>,
}

impl Batch {
    /// Puts clips together.
    pub fn new(samples: &[&Sample]) -> Result<Self> {
        let bins: Vec<usize> = samples.iter().map(|sample| sample.bins).collect();
        let longest = bins.iter().copied().max().unwrap_or(0);
        let join = |pick: fn(&Sample) -> &Tensor| {
            let padded = samples.iter().map(|sample| padded(pick(sample), longest));
            Tensor::cat(&padded.collect::<Result<Vec<_>>>()?, 0)
        };
        let sound = join(|sample| &sample.sound)?;
        let unpadded = if bins.iter().all(|bins| *bins == longest) {
            None
        } else {
            Some(unpadded(&bins, longest, &sound)?)
        };
        let target = Target::new(join(|sample| &sample.psth)?, &join(|sample| &sample.mask)?)?;
        Ok(Self { sound, unpadded, target, bins })
    }
}

/// Zeros after the last bin, up to `bins` of them.
fn padded(x: &Tensor, bins: usize) -> Result<Tensor> {
    let last = x.rank() - 1;
    let missing = bins - x.dim(last)?;
    if missing == 0 { Ok(x.clone()) } else { x.pad_with_zeros(last, 0, missing) }
}

fn unpadded(bins: &[usize], longest: usize, like: &Tensor) -> Result<Tensor> {
    let row = |bins: usize| (0..longest).map(move |t| if t < bins { 1f32 } else { 0.0 });
    let values: Vec<f32> = bins.iter().flat_map(|bins| row(*bins)).collect();
    let mask = Tensor::from_vec(values, (bins.len(), 1, longest), like.device())?;
    mask.to_dtype(like.dtype())
}

/// Standard deviation of each neuron's PSTH over `samples`; 1 where it never changes.
pub fn response_deviations(samples: &[Sample]) -> Result<Vec<f32>> {
    let bins = sums_over_bins(samples, |_neuron, _value| 1.0)?;
    let sums = sums_over_bins(samples, |_neuron, value| value)?;
    let means: Vec<f64> = sums.iter().zip(&bins).map(|(sum, bins)| sum / bins).collect();
    let squares = sums_over_bins(samples, |neuron, value| (value - means[neuron]).powi(2))?;
    #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
    let deviation = |((squares, bins), mean): ((&f64, &f64), &f64)| {
        let deviation = beyond_rounding(squares / (bins - 1.0), *mean).sqrt();
        if deviation > 0.0 { deviation as f32 } else { 1.0 }
    };
    Ok(squares.iter().zip(&bins).zip(&means).map(deviation).collect())
}

/// Sums of a term of each neuron's PSTH over all bins that count, clip by clip.
fn sums_over_bins(samples: &[Sample], term: impl Fn(usize, f64) -> f64 + Sync) -> Result<Vec<f64>> {
    let neurons = samples.first().map_or(Ok(0), |sample| sample.psth.dim(1))?;
    let mut sums = vec![0.0; neurons];
    for sample in samples {
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let (psth, mask) = (values(&sample.psth)?, values(&sample.mask)?);
        let rows = psth.par_chunks(sample.bins).zip(mask.par_chunks(sample.bins));
        sums.par_iter_mut().zip(rows).enumerate().for_each(|(neuron, (sum, (psth, mask)))| {
            let counted = psth.iter().zip(mask).filter(|(_, counts)| **counts > 0.0);
            counted.for_each(|(value, _)| *sum += term(neuron, f64::from(*value)));
        });
    }
    Ok(sums)
}
