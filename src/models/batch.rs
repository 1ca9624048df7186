//! Clips as a model meets them: tensors on a device, put together to batches.
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use ndarray::Array2;

use super::loss::{OverNeurons, Target};

/// One clip, ready for training and scoring.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The stimulus.
    pub id: String,
    /// What a model is given and compared with.
    pub member: Member,
}

/// One clip of a batch.
#[derive(Debug, Clone)]
pub struct Member {
    /// Number of bins `T`.
    pub bins: usize,
    /// Standardized cochleagram `(1, 1, F, T)`, or what a prefilter that learns nothing makes of
    /// it, `(1, C, F, T)`.
    pub sound: Tensor,
    /// PSTH `(1, N, T)`, NaN where nothing counts.
    pub psth: Tensor,
    /// How many bins of each neuron count, `(N)`.
    counts: Arc<[u32]>,
    /// Of its stimulus; empty where that is not known.
    id: Arc<str>,
}

impl Sample {
    /// From a standardized cochleagram `(F, T)` and a PSTH `(N, T)`, NaN where nothing counts.
    pub fn new(id: &str, sound: Array2<f32>, psth: Array2<f32>, device: &Device) -> Result<Self> {
        let ((f, t), n) = (sound.dim(), psth.nrows());
        let counts = psth.rows().into_iter().map(|row| known_bins(row.iter())).collect();
        let (sound, psth) =
            (tensor(sound, &[1, 1, f, t], device)?, tensor(psth, &[1, n, t], device)?);
        Ok(Self {
            id: id.to_owned(),
            member: Member { bins: t, sound, psth, counts, id: id.into() },
        })
    }

    /// Number of bins `T`.
    pub fn bins(&self) -> usize {
        self.member.bins
    }

    /// From a standardized cochleagram `(F, T)` to which nothing counts of `neurons` neurons.
    pub fn sound(id: &str, sound: Array2<f32>, neurons: usize, device: &Device) -> Result<Self> {
        let (f, t) = sound.dim();
        let nothing = Tensor::full(f32::NAN, (1, 1, 1), device)?.broadcast_as((1, neurons, t))?;
        let (sound, counts) = (tensor(sound, &[1, 1, f, t], device)?, vec![0; neurons].into());
        Ok(Self {
            id: id.to_owned(),
            member: Member { bins: t, sound, psth: nothing, counts, id: id.into() },
        })
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

impl Member {
    /// From a sound `(1, C, F, T)` and a PSTH `(1, N, T)`, NaN where nothing counts.
    pub fn new(sound: Tensor, psth: Tensor) -> Result<Self> {
        let (_one, _c, _f, bins) = sound.dims4()?;
        let values = psth.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.squeeze(0)?;
        let counts = values.to_vec2()?.iter().map(|row| known_bins(row.iter())).collect();
        Ok(Self { bins, sound, psth, counts, id: "".into() })
    }

    /// A sound `(1, C, F, T)` to which nothing was recorded.
    pub fn sound_alone(sound: &Tensor) -> Result<Self> {
        let (_one, _c, _f, bins) = sound.dims4()?;
        let psth = Tensor::zeros((1, 0, bins), sound.dtype(), sound.device())?;
        let (sound, counts, id) = (sound.detach().contiguous()?, Arc::default(), "".into());
        Ok(Self { bins, sound, psth, counts, id })
    }

    /// The id of its stimulus; empty where that is not known.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same clip with another sound of as many bins.
    #[must_use]
    pub fn with_sound(&self, sound: Tensor) -> Self {
        Self { sound, ..self.clone() }
    }
}

/// How many bins are not NaN.
fn known_bins<'a>(row: impl Iterator<Item = &'a f32>) -> u32 {
    row.map(|value| u32::from(!value.is_nan())).sum()
}

/// 1 where a value is not NaN, else 0.
fn counted(psth: &Tensor) -> Result<Tensor> {
    psth.eq(psth)?.to_dtype(DType::U32)
}

/// Clips whose loss is one number.
#[derive(Debug, Clone)]
pub struct Batch {
    clips: Vec<Member>,
}

/// The clips of a batch as one tensor, padded with zeros to the longest.
#[derive(Debug, Clone)]
pub struct Padded {
    /// Sounds `(B, C, F, T)`.
    pub sound: Tensor,
    /// `(B, 1, T)`: 1 at bins of a clip, 0 at padding; none where nothing is padded.
    pub unpadded: Option<Tensor>,
    /// What predictions are compared with.
    pub target: Target,
}

impl Batch {
    /// Of these clips.
    pub fn of(clips: Vec<Member>) -> Self {
        Self { clips }
    }

    /// Its clips.
    pub fn clips(&self) -> &[Member] {
        &self.clips
    }

    /// Bins of all clips together.
    pub fn bins(&self) -> usize {
        self.clips.iter().map(|clip| clip.bins).sum()
    }

    /// By how much the loss at each bin of each neuron enters the loss, `(N)`: the loss is the
    /// mean over bins that count, then the mean or sum over neurons that have such.
    pub fn weights(&self, over: OverNeurons) -> Vec<f64> {
        let mut counts = vec![0.0; self.clips.first().map_or(0, |clip| clip.counts.len())];
        for clip in &self.clips {
            counts
                .iter_mut()
                .zip(clip.counts.iter())
                .for_each(|(sum, own)| *sum += f64::from(*own));
        }
        let neurons = match over {
            OverNeurons::Mean => counts.iter().filter(|count| **count > 0.0).count().max(1) as f64,
            OverNeurons::Sum => 1.0,
        };
        counts
            .iter()
            .map(|count| if *count > 0.0 { 1.0 / (count * neurons) } else { 0.0 })
            .collect()
    }

    /// The clips as one tensor.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn padded(&self) -> Result<Padded> {
        let bins: Vec<usize> = self.clips.iter().map(|clip| clip.bins).collect();
        let longest = bins.iter().copied().max().unwrap_or(0);
        let join = |pick: &dyn Fn(&Member) -> Result<Tensor>| {
            let clips = self.clips.iter().map(|clip| padded(pick(clip)?, longest - clip.bins));
            Tensor::cat(&clips.collect::<Result<Vec<_>>>()?, 0)
        };
        let sound = join(&|clip| Ok(clip.sound.clone()))?;
        let psth = join(&|clip| known(&clip.psth))?;
        let mask = join(&|clip| counted(&clip.psth)?.to_dtype(psth.dtype()))?;
        let unpadded = if bins.iter().all(|bins| *bins == longest) {
            None
        } else {
            Some(unpadded(&bins, longest, &sound)?)
        };
        Ok(Padded { sound, unpadded, target: Target::new(psth, &mask)? })
    }
}

/// So many zeros behind the last bin.
fn padded(x: Tensor, missing: usize) -> Result<Tensor> {
    let last = x.rank() - 1;
    if missing == 0 { Ok(x) } else { x.pad_with_zeros(last, 0, missing) }
}

/// 0 in place of NaN.
fn known(psth: &Tensor) -> Result<Tensor> {
    psth.eq(psth)?.where_cond(psth, &psth.zeros_like()?)
}

fn unpadded(bins: &[usize], longest: usize, like: &Tensor) -> Result<Tensor> {
    let row = |bins: usize| (0..longest).map(move |t| if t < bins { 1f32 } else { 0.0 });
    let values: Vec<f32> = bins.iter().flat_map(|bins| row(*bins)).collect();
    let mask = Tensor::from_vec(values, (bins.len(), 1, longest), like.device())?;
    mask.to_dtype(like.dtype())
}
