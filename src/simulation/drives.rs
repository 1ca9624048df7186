//! What receptive fields make of sounds, before any output nonlinearity.
use candle_core::{DType, Device, Result, Tensor};
use ndarray::{Array2, Array4, s};

use super::calibration::{Setting, column, moments};
use crate::base::error::{self, Error};
use crate::models::ops::correlation::Correlation;
use crate::models::ops::rows::{Layout, Rows};
use crate::models::outputs::OutputNonlinearity;

/// Calibration looks at no more bins than this: more would cost time and change little.
const FEW: usize = 5000;

/// The drives of all neurons in all stimuli, of mean 0 and variance 1.
pub(super) struct Drives {
    /// `(1, N, ΣT)`, one stimulus after the other.
    all: Tensor,
    /// Bins of each stimulus.
    bins: Vec<usize>,
    /// `N` means that were taken off.
    means: Vec<f64>,
    /// `N` standard deviations that were divided by then; 1 for a drive that never changes.
    deviations: Vec<f64>,
}

/// What packed kernels make of a sound `(1, C, F, T)`, `(1, N, T)`.
fn convolved(correlation: &Correlation, packed: &[f64], sound: &Tensor) -> Result<Tensor> {
    let bins = sound.dim(3)?;
    let Correlation { bands, channels, outputs, left, .. } = *correlation;
    let (mut input, mut output) = (Rows::default(), Rows::default());
    input.arrange(Layout { bands, channels, bins, left, right: 0 });
    input.copy_channels(&sound.flatten_all()?.to_vec1::<f64>()?);
    output.arrange(correlation.output(bins));
    correlation.forward(packed, &vec![0.0; outputs], &input, &mut output);
    let mut drives = Vec::with_capacity(outputs * bins);
    output.append_channels(&mut drives);
    Tensor::from_vec(drives, (1, outputs, bins), &Device::Cpu)
}

impl Drives {
    /// Convolves sounds `(1, C, F, T)` with receptive fields `(N, C, F, K)` in lag order.
    pub(super) fn new(sounds: &[Tensor], fields: &Array4<f64>) -> Result<Self> {
        let (n, c, f, k) = fields.dim();
        // An operation of the models: the last index is the present bin, bands are channels.
        let oldest_first = fields.slice(s![.., .., .., ..;-1]);
        let kernels = oldest_first.iter().copied().collect::<Vec<f64>>();
        let (channels, left) = (c * f, k - 1);
        let correlation = Correlation { bands: 1, channels, outputs: n, height: 1, width: k, left };
        let packed = correlation.pack(&kernels);
        let convolved = sounds.iter().map(|sound| convolved(&correlation, &packed, sound));
        let all = Tensor::cat(&convolved.collect::<Result<Vec<_>>>()?, 2)?;
        let bins = sounds.iter().map(|sound| sound.dim(3)).collect::<Result<_>>()?;

        let (means, deviations) = moments(&all)?;
        let deviations: Vec<f64> =
            deviations.into_iter().map(|sd| if sd > 0.0 { sd } else { 1.0 }).collect();
        let all = all.broadcast_sub(&column(&means)?)?.broadcast_div(&column(&deviations)?)?;
        Ok(Self { all, bins, means, deviations })
    }

    /// Every so many bins, `(1, N, T)`.
    pub(super) fn few(&self) -> Result<Tensor> {
        let bins = self.all.dim(2)?;
        let (end, step) = (u32::try_from(bins)?, u32::try_from(bins.div_ceil(FEW))?);
        self.all.index_select(&Tensor::arange_step(0, end, step, &Device::Cpu)?, 2)
    }

    /// `gain · output(scale · v + bias)` in all stimuli, `(1, N, ΣT)`.
    pub(super) fn rates(
        &self,
        output: &dyn OutputNonlinearity,
        settings: &[Setting],
    ) -> Result<Tensor> {
        let of_all =
            |value: fn(&Setting) -> f64| column(&settings.iter().map(value).collect::<Vec<_>>());
        let drives = self.all.broadcast_mul(&of_all(|s| s.scale)?)?;
        let rates = output.forward(&drives.broadcast_add(&of_all(|s| s.bias)?)?)?;
        rates.broadcast_mul(&of_all(|s| s.gain)?)
    }

    /// What `(1, N, ΣT)` holds for each stimulus, `(N, T)`.
    pub(super) fn by_clip(&self, all: &Tensor) -> error::Result<Vec<Array2<f32>>> {
        let mut from = 0;
        let mut clips = Vec::with_capacity(self.bins.len());
        for &t in &self.bins {
            let clip = all.narrow(2, from, t)?.to_dtype(DType::F32)?;
            let values = clip.flatten_all()?.to_vec1::<f32>()?;
            let clip = Array2::from_shape_vec((self.means.len(), t), values);
            clips.push(clip.map_err(|source| Error::failed("cutting rates into stimuli", source))?);
            from += t;
        }
        Ok(clips)
    }

    /// For each neuron, by how much its receptive field is multiplied, and the bias behind it,
    /// such that the drives come out as the settings want them.
    pub(super) fn of_fields(&self, settings: &[Setting]) -> (Vec<f64>, Vec<f64>) {
        let rows = settings.iter().zip(self.means.iter().zip(&self.deviations));
        rows.map(|(setting, (mean, deviation))| {
            let factor = setting.scale / deviation;
            (factor, setting.bias - factor * mean)
        })
        .unzip()
    }
}
