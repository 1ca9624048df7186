//! Clips as a model meets them: tensors on a device, put together to batches.
use candle_core::{DType, Device, Result, Tensor};
use ndarray::{Array2, Array3};

use crate::loss::Target;
use crate::metrics::statistics::variance;

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
    /// Smoothed single repeats `(N, R, T)`, NaN where nothing counts.
    pub responses: Array3<f32>,
}

impl Sample {
    /// From a standardized cochleagram `(F, T)`, a PSTH `(N, T)` and single repeats `(N, R, T)`,
    /// NaN where nothing counts.
    pub fn new(
        id: &str,
        sound: &Array2<f32>,
        psth: &Array2<f32>,
        responses: Array3<f32>,
        device: &Device,
    ) -> Result<Self> {
        let ((f, t), n) = (sound.dim(), psth.nrows());
        let known = psth.mapv(|y| if y.is_nan() { 0.0 } else { y });
        let mask = psth.mapv(|y| if y.is_nan() { 0.0 } else { 1.0 });
        let tensor = |values: &Array2<f32>, shape: &[usize]| {
            Tensor::from_vec(values.iter().copied().collect::<Vec<f32>>(), shape, device)
        };
        Ok(Self {
            id: id.to_owned(),
            bins: t,
            sound: tensor(sound, &[1, 1, f, t])?,
            psth: tensor(&known, &[1, n, t])?,
            mask: tensor(&mask, &[1, n, t])?,
            responses,
        })
    }
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
    let rows = |tensor: &Tensor| tensor.get(0)?.to_vec2::<f32>();
    let clips = samples.iter().map(|sample| Ok((rows(&sample.psth)?, rows(&sample.mask)?)));
    let clips = clips.collect::<Result<Vec<_>>>()?;
    let of_neuron = |neuron: usize| {
        let bins = clips.iter().flat_map(|(psth, mask)| psth[neuron].iter().zip(&mask[neuron]));
        let counted = bins.filter(|(_, counts)| **counts > 0.0);
        let values: Vec<f64> = counted.map(|(value, _)| f64::from(*value)).collect();
        let deviation = variance(&values).sqrt();
        if deviation > 0.0 { deviation } else { 1.0 }
    };
    #[expect(clippy::cast_possible_truncation, reason = "responses are f32")]
    let narrowed = |neuron| of_neuron(neuron) as f32;
    let neurons = clips.first().map_or(0, |(psth, _)| psth.len());
    Ok((0..neurons).map(narrowed).collect())
}

/// Everything that counts in `samples`, one after the other: a target `(1, N, ΣT)` in f64 on the
/// CPU for losses over whole parts of a recording.
pub fn concatenated_target(samples: &[Sample]) -> Result<Target> {
    let join = |pick: fn(&Sample) -> &Tensor| {
        let all =
            samples.iter().map(|sample| pick(sample).to_device(&Device::Cpu)?.to_dtype(DType::F64));
        Tensor::cat(&all.collect::<Result<Vec<_>>>()?, 2)
    };
    Target::new(join(|sample| &sample.psth)?, &join(|sample| &sample.mask)?)
}
