//! What receptive fields make of sounds, before any output nonlinearity: of some neurons at a time, for
//! the drives of all of them in all stimuli may be more than memory holds.
use std::ops::Range;

use candle_core::{Device, Result, Tensor};
use ndarray::{Array4, s};

use super::calibration::{column, moments};
use crate::models::ops::correlation::Correlation;
use crate::models::ops::rows::{Layout, Rows};

/// Calibration looks at no more bins than this: more would cost time and change little.
const FEW: usize = 5000;
/// Drives that are held at once, at least those of a neuron: what the caches of a core hold.
const AT_ONCE: usize = 1 << 18;
/// Neurons of a group, unless their drives are too many: whole blocks of the convolution.
const MOST_NEURONS: usize = 48;

/// The drives of neurons in groups.
#[derive(Debug, Clone)]
pub(super) struct Drives {
    /// The sounds `(1, C·F, T)`.
    sounds: Vec<Rows<f64>>,
    /// Groups of neurons that follow each other.
    groups: Vec<Group>,
    /// Of one neuron.
    kernel: Correlation,
}

/// Neurons whose drives are worked out together.
#[derive(Debug, Clone)]
struct Group {
    neurons: Range<usize>,
    /// Their receptive fields, as the convolution takes them.
    packed: Vec<f64>,
}

/// By how much drives must be shifted and divided to be of mean 0 and variance 1.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    /// Means.
    pub(super) means: Vec<f64>,
    /// Standard deviations; 1 for a drive that never changes.
    pub(super) deviations: Vec<f64>,
}

impl Spread {
    /// Of drives `(1, N, T)`.
    pub(super) fn of(drives: &Tensor) -> Result<Self> {
        let (means, deviations) = moments(drives)?;
        let above_zero = |sd| if sd > 0.0 { sd } else { 1.0 };
        Ok(Self { means, deviations: deviations.into_iter().map(above_zero).collect() })
    }

    /// Drives `(1, N, T)` of mean 0 and variance 1.
    pub(super) fn standardized(&self, drives: &Tensor) -> Result<Tensor> {
        drives.broadcast_sub(&column(&self.means)?)?.broadcast_div(&column(&self.deviations)?)
    }
}

impl Drives {
    /// Sounds `(1, C, F, T)` in front of receptive fields `(N, C, F, K)` in lag order.
    pub(super) fn new(sounds: &[Tensor], fields: &Array4<f64>) -> Result<Self> {
        let (neurons, c, f, k) = fields.dim();
        // An operation of the models: the last index is the present bin, bands are channels.
        let (channels, left) = (c * f, k - 1);
        let kernel = Correlation { bands: 1, channels, outputs: 1, height: 1, width: k, left };
        let sounds: Vec<Rows<f64>> =
            sounds.iter().map(|sound| rows(&kernel, sound)).collect::<Result<_>>()?;
        let bins: usize = sounds.iter().map(|sound| sound.layout().bins).sum();
        let size = (AT_ONCE / bins.max(1)).clamp(1, MOST_NEURONS);
        let starts = (0..neurons).step_by(size);
        let group = |from: usize| {
            let neurons = from..neurons.min(from + size);
            let oldest_first = fields.slice(s![neurons.clone(), .., .., ..;-1]);
            let kernels: Vec<f64> = oldest_first.iter().copied().collect();
            let packed = Correlation { outputs: neurons.len(), ..kernel }.pack(&kernels);
            Group { neurons, packed }
        };
        Ok(Self { groups: starts.map(group).collect(), sounds, kernel })
    }

    /// Bins of a stimulus.
    pub(super) fn bins(&self, clip: usize) -> usize {
        self.sounds[clip].layout().bins
    }

    /// Neurons that are worked on together, group by group.
    pub(super) fn groups(&self) -> impl Iterator<Item = Range<usize>> {
        self.groups.iter().map(|group| group.neurons.clone())
    }

    /// The drives of a group in all stimuli, one after the other, `(1, N, ΣT)`.
    pub(super) fn in_all(&self, group: usize) -> Result<Tensor> {
        let bins: usize = (0..self.sounds.len()).map(|clip| self.bins(clip)).sum();
        let neurons = self.groups[group].neurons.len();
        let mut all = vec![0.0; neurons * bins];
        let mut from = 0;
        for clip in 0..self.sounds.len() {
            let drives = self.convolved(group, clip);
            for (all, drives) in all.chunks_exact_mut(bins).zip(drives.rows()) {
                all[from..from + drives.len()].copy_from_slice(drives);
            }
            from += self.bins(clip);
        }
        Tensor::from_vec(all, (1, neurons, bins), &Device::Cpu)
    }

    /// The drives of a group in one stimulus, `(1, N, T)`.
    pub(super) fn in_one(&self, group: usize, clip: usize) -> Result<Tensor> {
        let (neurons, bins) = (self.groups[group].neurons.len(), self.bins(clip));
        let mut drives = Vec::with_capacity(neurons * bins);
        self.convolved(group, clip).append_channels(&mut drives);
        Tensor::from_vec(drives, (1, neurons, bins), &Device::Cpu)
    }

    fn convolved(&self, group: usize, clip: usize) -> Rows<f64> {
        let (Group { neurons, packed }, sound) = (&self.groups[group], &self.sounds[clip]);
        let correlation = Correlation { outputs: neurons.len(), ..self.kernel };
        let mut drives = Rows::default();
        drives.arrange(correlation.output(self.bins(clip)));
        let (layout, offsets) = (drives.layout(), correlation.offsets(sound.stride()));
        // Groups are worked on side by side, so that one of them needs no threads of its own.
        let (bias, sound) = (vec![0.0; neurons.len()], (sound, offsets.as_slice()));
        correlation.forward_band((packed, &bias), sound, (layout, 0), drives.padded_mut());
        drives
    }
}

/// A sound `(1, C, F, T)` as the convolution takes it.
fn rows(kernel: &Correlation, sound: &Tensor) -> Result<Rows<f64>> {
    let Correlation { bands, channels, left, .. } = *kernel;
    let mut rows = Rows::default();
    rows.arrange(Layout { bands, channels, bins: sound.dim(3)?, left, right: 0 });
    rows.copy_channels(&sound.flatten_all()?.to_vec1::<f64>()?);
    Ok(rows)
}

/// Every so many of the bins of `(1, N, T)`.
pub(super) fn few(all: &Tensor) -> Result<Tensor> {
    let bins = all.dim(2)?;
    let (end, step) = (u32::try_from(bins)?, u32::try_from(bins.div_ceil(FEW))?);
    all.index_select(&Tensor::arange_step(0, end, step, &Device::Cpu)?, 2)
}
