//! Penalties on the effective STRF: the kernel as it acts, in standard deviations of the response per
//! standard deviation of what the kernel sees.
//!
//! For the STRFs of neurons the mean slope of the output nonlinearity is folded in, and batch
//! normalization where there is one; for those of hidden units the layer normalization behind them,
//! as the root mean square over units and bins of the drives' deviations. So whatever a later part
//! undoes leaves the penalty as it is.
use candle_core::{DType, Device, Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::draw::moments;
use super::lagged::{LaggedDesign, LaggedSums};
use crate::base::error;
use crate::models::Network;
use crate::models::batch::{Batch, Member};
use crate::models::layers::Mode;
use crate::models::loss::OverNeurons;
use crate::run_file::{Strength, Train};

/// Width of the kink of absolute values that is rounded off, in units of the effective STRF.
const KINK: f64 = 1e-3;

/// The strengths of the penalties of one neuron, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Strengths {
    /// Of squares.
    pub l2: f64,
    /// Of squared differences of neighbours along lag and along frequency.
    pub smooth: f64,
    /// Of absolute values.
    pub l1: f64,
}

impl Strengths {
    /// Those that the run file gives as numbers.
    pub fn of_numbers(settings: &Train) -> Self {
        let number = |strength: Strength| match strength {
            Strength::Is(number) => number,
            Strength::Auto => 0.0,
        };
        Self {
            l2: number(settings.l2()),
            smooth: number(settings.smooth()),
            l1: number(settings.l1),
        }
    }

    /// Whether there is no penalty.
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// From kernels to effective STRFs.
#[derive(Debug, Clone)]
enum Gain {
    /// Each kernel is multiplied by a constant.
    Constant(Vec<f64>),
    /// The same, times the weight of its batch normalization over the standard deviation of its drive.
    OwnDrive(Vec<f64>, Tensor),
    /// All kernels are divided by the root mean square of what their drives differ by.
    CommonDrive(f64, Tensor),
}

/// Penalties on the kernels of a network.
#[derive(Debug, Clone)]
pub struct Penalties {
    strengths: Vec<Strengths>,
    gain: Gain,
    share: f64,
}

impl Penalties {
    /// Of these strengths on all kernels of a network, for fits by steps; `gains` are those of
    /// neurons' kernels apart from the normalization of their drives.
    ///
    /// # Errors
    /// A tensor operation fails, or the model has no weights that penalties could lie on.
    pub fn of_all(
        strengths: Strengths,
        gains: Vec<f64>,
        (network, seen): (&Network, &[Member]),
    ) -> error::Result<Self> {
        if !network.is_single_layer() {
            return Self::of_hidden(strengths, (network, seen));
        }
        let kernels = network.penalized()?;
        let gain = if network.norm().is_some() {
            Gain::OwnDrive(gains, covariance(&kernels, seen)?)
        } else {
            Gain::Constant(gains)
        };
        Ok(Self::new(vec![strengths; kernels.dim(0)?], gain, network))
    }

    /// On the kernels of each neuron, multiplied by constants; the penalties of all add up as their
    /// losses do.
    pub fn of_neurons(strengths: Vec<Strengths>, gains: Vec<f64>, over: OverNeurons) -> Self {
        let share = match over {
            OverNeurons::Mean => 1.0 / gains.len().max(1) as f64,
            OverNeurons::Sum => 1.0,
        };
        Self { strengths, gain: Gain::Constant(gains), share }
    }

    /// On the kernels of hidden units.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn of_hidden(
        strengths: Strengths,
        (network, seen): (&Network, &[Member]),
    ) -> error::Result<Self> {
        let kernels = network.penalized()?;
        let gain = Gain::CommonDrive(deviation(seen)?, covariance(&kernels, seen)?);
        Ok(Self::new(vec![strengths; kernels.dim(0)?], gain, network))
    }

    fn new(strengths: Vec<Strengths>, gain: Gain, network: &Network) -> Self {
        // As the loss is a mean over neurons, so is the penalty of their kernels.
        let share = match gain {
            Gain::CommonDrive(..) => 1.0,
            _ => 1.0 / network.neurons().max(1) as f64,
        };
        Self { strengths, gain, share }
    }

    /// The penalty of each kernel `(O)`.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn of_network(&self, network: &Network) -> Result<Tensor> {
        let kernels = &network.penalized()?;
        let effective = self.effective(kernels, network)?;
        let column = |of: fn(&Strengths) -> f64| {
            let values: Vec<f64> =
                self.strengths.iter().map(|strengths| self.share * of(strengths)).collect();
            Tensor::new(values, kernels.device())?.to_dtype(kernels.dtype())
        };
        let any = |of: fn(&Strengths) -> f64| self.strengths.iter().any(|own| of(own) > 0.0);
        let sum = |x: Tensor| x.flatten_from(1)?.sum(1);
        let mut total = Tensor::zeros(kernels.dim(0)?, kernels.dtype(), kernels.device())?;
        if any(|own| own.l2) {
            total = (total + (sum(effective.sqr()?)? * column(|own| own.l2)?)?)?;
        }
        if any(|own| own.smooth) {
            let changes = (differences(&effective, 2)? + differences(&effective, 3)?)?;
            total = (total + (changes * column(|own| own.smooth)?)?)?;
        }
        if any(|own| own.l1) {
            let absolute = ((effective.sqr()? + KINK * KINK)?.sqrt()? - KINK)?;
            total = (total + (sum(absolute)? * column(|own| own.l1)?)?)?;
        }
        Ok(total)
    }

    fn effective(&self, kernels: &Tensor, network: &Network) -> Result<Tensor> {
        let rows = kernels.dim(0)?;
        let column = |values: &[f64]| {
            Tensor::new(values, kernels.device())?
                .to_dtype(kernels.dtype())?
                .reshape((rows, 1, 1, 1))
        };
        match &self.gain {
            Gain::Constant(gains) => kernels.broadcast_mul(&column(gains)?),
            Gain::OwnDrive(gains, covariance) => {
                let variance = quadratic(&kernels.flatten_from(1)?, covariance)?.sum_keepdim(1)?;
                let mut scaled = kernels.broadcast_mul(&column(gains)?)?;
                if let Some(norm) = network.norm() {
                    let [weight, _bias] = norm.weight_and_bias();
                    scaled = scaled.broadcast_mul(&weight.abs()?.reshape((rows, 1, 1, 1))?)?;
                }
                scaled.broadcast_div(&(variance + 1e-12)?.sqrt()?.reshape((rows, 1, 1, 1))?)
            }
            Gain::CommonDrive(scale, covariance) => {
                let flat = kernels.flatten_from(1)?;
                let centred = flat.broadcast_sub(&flat.mean_keepdim(0)?)?;
                let centred = if rows == 1 { flat } else { centred };
                let square = (quadratic(&centred, covariance)?.sum_all()? / rows as f64)?;
                (kernels * *scale)?.broadcast_div(&(square + 1e-12)?.sqrt()?)
            }
        }
    }
}

/// The sum over each kernel of squared differences of neighbours along an axis.
fn differences(kernels: &Tensor, axis: usize) -> Result<Tensor> {
    let places = kernels.dim(axis)?;
    if places < 2 {
        return Tensor::zeros(kernels.dim(0)?, kernels.dtype(), kernels.device());
    }
    let next = kernels.narrow(axis, 1, places - 1)?;
    let change = (next - kernels.narrow(axis, 0, places - 1)?)?;
    change.sqr()?.flatten_from(1)?.sum(1)
}

/// `x ∘ (x M)` for rows `x`.
fn quadratic(rows: &Tensor, matrix: &Tensor) -> Result<Tensor> {
    rows.mul(&rows.matmul(matrix)?)
}

/// The mean slope of each neuron's output nonlinearity over training bins.
///
/// # Errors
/// A tensor operation fails.
pub fn mean_slopes(network: &Network, batch: &Batch) -> Result<Vec<f64>> {
    let (mut sums, mut bins) = (vec![0.0; network.neurons()], 0);
    // Clip by clip: the way back through the output holds many copies of what it is given.
    for drives in network.drives(batch)? {
        let drives = drives.unsqueeze(0)?;
        let drives = match network.norm() {
            Some(norm) => norm.forward(&drives, None, Mode::Eval)?.detach(),
            None => drives,
        };
        bins += drives.dim(2)?;
        let drives = Var::from_tensor(&drives)?;
        let grads = network.output(&drives)?.sum_all()?.backward()?;
        let Some(slopes) = grads.get(&drives) else { return Ok(vec![1.0; network.neurons()]) };
        let slopes = slopes.squeeze(0)?.to_dtype(DType::F64)?.sum(1)?.to_vec1::<f64>()?;
        sums.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope);
    }
    Ok(sums.into_iter().map(|sum| sum / bins.max(1) as f64).collect())
}

/// The standard deviation of what a kernel sees, over all channels, bands and bins.
///
/// # Errors
/// A tensor operation fails.
pub fn deviation(seen: &[Member]) -> Result<f64> {
    let flat: Vec<Tensor> =
        seen.iter().map(|clip| clip.sound.flatten_all()?.unsqueeze(0)).collect::<Result<_>>()?;
    let (_, variance) = moments(&flat)?.first().copied().unwrap_or((0.0, 1.0));
    Ok(if variance > 0.0 { variance.sqrt() } else { 1.0 })
}

/// The covariance `(I, I)` of what kernels `(O, C, F, K)` see, in the order of their weights.
fn covariance(kernels: &Tensor, seen: &[Member]) -> error::Result<Tensor> {
    let (_o, c, f, k) = kernels.dims4()?;
    let weights = c * f * k;
    let design = LaggedDesign::new(weights, k, vec![0])?;
    let mut sums = LaggedSums::new(&design);
    for clip in seen {
        // Sound alone: every bin counts.
        let all = Tensor::zeros((1, 1, clip.bins), DType::F32, &Device::Cpu)?;
        for lowest in 0..=clip.sound.dim(2)?.saturating_sub(f) {
            let bands = clip.sound.narrow(2, lowest, f)?.contiguous()?;
            sums.add(&Member::new(bands, all.clone())?, &design)?;
        }
    }
    let covariance = sums.moments().covariance;
    // Weights of kernels in lag order run the other way along time.
    let place = |i: usize| (i / k) * k + (k - 1 - i % k);
    let values: Vec<f64> = (0..weights)
        .flat_map(|i| (0..weights).map(move |j| (i, j)))
        .map(|(i, j)| covariance[(place(i), place(j))])
        .collect();
    let covariance = Tensor::from_vec(values, (weights, weights), kernels.device())?;
    Ok(covariance.to_dtype(kernels.dtype())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::dims::Dims;
    use crate::models::params::Params;
    use crate::run_file::RunConfig;

    /// A network of a text, its tensors, and what its first layer sees of a clip.
    fn built(text: &str) -> (Network, Params, Vec<Member>) {
        let architecture = RunConfig::architecture(text, "run.toml".as_ref()).unwrap();
        let dims = Dims { dt_ms: 5.0, bands: 4, neurons: 3, frequencies_hz: None };
        let params = Params::new(0, DType::F64, &Device::Cpu);
        let network = Network::build(&architecture, &dims, &params).unwrap();
        let sound: Vec<f64> = (0..200).map(|i| f64::from(i * i % 17) / 9.0).collect();
        let sound = Tensor::from_vec(sound, (1, 1, 4, 50), &Device::Cpu).unwrap();
        let psth = Tensor::zeros((1, 3, 50), DType::F64, &Device::Cpu).unwrap();
        (network, params, vec![Member::new(sound, psth).unwrap()])
    }

    fn total(penalties: &Penalties, network: &Network) -> f64 {
        penalties.of_network(network).unwrap().sum_all().unwrap().to_scalar().unwrap()
    }

    fn scale(params: &Params, name: &str, factor: f64) {
        let (_, param) = params.all().into_iter().find(|(own, _)| own == name).unwrap();
        param.var.set(&(param.var.detach() * factor).unwrap()).unwrap();
    }

    const STRENGTHS: Strengths = Strengths { l2: 0.1, smooth: 0.2, l1: 0.3 };

    #[test]
    fn what_a_later_part_undoes_leaves_the_penalty_as_it_is() {
        let window = "window_ms = 15.0";
        for (text, kernel) in [
            (format!("[model]\ntype = \"ln\"\n{window}\n"), "readout.strf.kernel.weight"),
            (format!("[model]\ntype = \"nrf\"\nhidden = 3\n{window}\n"), "core.0.kernel.weight"),
            (
                "[model]\ntype = \"cnn2d\"\nkernel_bands = 1\nkernel_ms = 15.0\n".to_owned(),
                "core.1.weight",
            ),
        ] {
            let (network, params, seen) = built(&text);
            let gains = vec![0.7; 3];
            let penalties = Penalties::of_all(STRENGTHS, gains, (&network, &seen)).unwrap();
            let before = total(&penalties, &network);
            scale(&params, kernel, 5.0);
            let after = total(&penalties, &network);
            assert!(
                before > 0.0 && (after / before - 1.0).abs() < 1e-9,
                "{text}: {before}, {after}"
            );
        }
    }

    #[test]
    fn slopes_of_outputs_are_part_of_the_kernel() {
        // A kernel half as large before an output of twice the slope acts as it did.
        let (network, params, _) =
            built("[model]\ntype = \"ln\"\nnorm = \"none\"\nwindow_ms = 15.0\n");
        let of = |gain: f64| {
            let penalties =
                Penalties::of_neurons(vec![STRENGTHS; 3], vec![gain; 3], OverNeurons::Sum);
            total(&penalties, &network)
        };
        let before = of(1.0);
        scale(&params, "readout.strf.kernel.weight", 0.5);
        let after = of(2.0);
        assert!((after / before - 1.0).abs() < 1e-9, "{before}, {after}");
    }
}
