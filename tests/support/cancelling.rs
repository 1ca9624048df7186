//! Gradients that are 0 because all that is summed up in them cancels.
use candle_core::{DType, Result, Tensor, Var};
use strf::models::Network;
use strf::models::batch::Padded;
use strf::models::loss::{self, LossRow};
use strf::models::params::Params;

use super::compare::flat;

/// The bias of a convolution in front of a batch normalization, in training mode.
///
/// The normalization takes the mean over the bins out of each neuron's drive, and with it whatever
/// is the same in all bins: the bias changes no prediction, so its gradient is 0. A program adds up
/// the gradients by the drive of each bin, which cancel, and is left with rounding errors that
/// depend on the order of its additions and so on the length of the processor's vectors.
pub struct CancellingBias {
    /// How far each neuron's sum may be from 0.
    floors: Vec<f64>,
}

impl CancellingBias {
    /// Its parameter.
    pub const NAME: &str = "readout.strf.kernel.bias";

    /// Of a model in double precision that has one, for clips in double precision. Rounding errors
    /// of a sum of `n` numbers of single precision add up like a random walk, to `√n ε Σ|terms|`
    /// times a small number (Higham & Mary 2019, doi:10.1137/18M1226312); 8 leaves room for those
    /// of the terms themselves. The terms are worked out here without the layers of the program.
    pub fn of(
        network: &Network,
        params: &Params,
        clips: &Padded,
        row: &LossRow,
    ) -> Result<Option<Self>> {
        let values = params.values()?;
        let (Some(weight), Some(bias)) =
            (values.get("readout.bn.weight"), values.get("readout.bn.bias"))
        else {
            return Ok(None);
        };
        let Padded { sound, unpadded, target } = clips;
        let sound = network.filtered(sound)?;
        let kernels = network.strfs()?.unwrap().kernels.flip(&[3])?.contiguous()?; // the last lag is now
        let lags = kernels.dim(3)?;
        let drive = sound.pad_with_zeros(3, lags - 1, 0)?.conv2d(&kernels, 0, 1, 1, 1)?;
        let drive = Var::from_tensor(&drive.squeeze(2)?.detach())?; // (B, N, T)
        let (clips, neurons, bins) = drive.dims3()?;

        let whole = Tensor::ones((clips, 1, bins), DType::F64, drive.device())?;
        let counted = unpadded.as_ref().unwrap_or(&whole);
        let count = counted.sum_all()?.to_scalar::<f64>()?;
        let mean =
            |x: &Tensor| x.broadcast_mul(counted)?.sum_keepdim(2)?.sum_keepdim(0)? * (1.0 / count);
        let centred = drive.broadcast_sub(&mean(&drive)?)?;
        let scaled = centred.broadcast_div(&(mean(&centred.sqr()?)? + 1e-5)?.sqrt()?)?;
        let column = |values: &Tensor| values.reshape((1, neurons, 1));
        let normalized = scaled.broadcast_mul(&column(weight)?)?.broadcast_add(&column(bias)?)?;
        let losses = (row.per_neuron)(&network.output(&normalized)?, target)?;
        let grads = loss::mean(&losses, target)?.backward()?;

        let terms = grads.get(&drive).expect("the loss depends on the drives");
        let sizes = terms.abs()?.sum(2)?.sum(0)?.to_vec1::<f64>()?;
        let roundings = 8.0 * f64::from(f32::EPSILON) * ((clips * bins) as f64).sqrt();
        Ok(Some(Self { floors: sizes.into_iter().map(|size| roundings * size).collect() }))
    }

    /// Fails unless a gradient in single precision is 0 but for rounding.
    pub fn assert_zero(&self, name: &str, got: &Tensor) {
        let got = flat(got);
        assert_eq!(got.len(), self.floors.len(), "{name}: neurons");
        for (neuron, (got, floor)) in got.iter().zip(&self.floors).enumerate() {
            assert!(got.abs() <= *floor, "{name}[{neuron}]: got {got:e}, want 0 within {floor:e}");
        }
    }
}
