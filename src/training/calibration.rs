//! Scale and offset of each neuron's drive and its output nonlinearity, fitted to the end on the
//! training clips with all else as it is.
use candle_core::{DType, Device, Tensor, Var};

use super::draw::moments;
use super::fitting::Fitting;
use super::lbfgs::{At, Blocks, Lbfgs};
use crate::base::error::Result;
use crate::models::batch::Batch;
use crate::models::layers::Affine;

/// Names of the tensors of output nonlinearities begin so.
const OUTPUTS: &str = "readout.activation.";
/// Steps of the fit at most.
const MOST_STEPS: usize = 200;

/// The loss as a function of scale and offset of each neuron's drive and its output nonlinearity.
struct Outputs<'a> {
    fitting: &'a Fitting<'a>,
    /// Clips whose sound is the drive of each neuron, `(1, N, 1, T)`, of mean 0 and variance 1.
    drives: Batch,
    layer: Affine,
    scale: Var,
    offset: Var,
    parameters: Vec<Var>,
}

impl Outputs<'_> {
    fn variables(&self) -> impl Iterator<Item = &Var> {
        [&self.scale, &self.offset].into_iter().chain(&self.parameters)
    }

    fn points(&self) -> Result<Vec<Vec<f64>>> {
        let rows = self.variables().map(|var| values(var.as_tensor()));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let neurons = rows.first().map_or(0, Vec::len);
        Ok((0..neurons).map(|n| rows.iter().map(|row| row[n]).collect()).collect())
    }

    fn set(&self, points: &[Vec<f64>]) -> Result<()> {
        for (place, var) in self.variables().enumerate() {
            let values: Vec<f64> = points.iter().map(|point| point[place]).collect();
            let values = Tensor::from_vec(values, var.shape(), &Device::Cpu)?;
            var.set(&values.to_dtype(var.dtype())?.to_device(var.device())?)?;
        }
        Ok(())
    }
}

impl Blocks for Outputs<'_> {
    fn evaluate(&mut self, points: &mut [Vec<f64>]) -> Result<Vec<At>> {
        self.set(points)?;
        points.clone_from_slice(&self.points()?);
        let network = self.fitting.task.network;
        let criterion = self.fitting.relative.criterion();
        let (total, shares) = network.loss_behind(&self.layer, &self.drives, &criterion)?;
        let grads = total.backward()?;
        let gradients = self.variables().map(|var| match grads.get(var) {
            Some(grad) => values(grad),
            None => Ok(vec![0.0; network.neurons()]),
        });
        let gradients = gradients.collect::<Result<Vec<_>>>()?;
        let at = |(n, value): (usize, f64)| At {
            value,
            gradient: gradients.iter().map(|row| row[n]).collect(),
        };
        Ok(shares.into_iter().enumerate().map(at).collect())
    }
}

fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.to_vec1()?)
}

/// Fits outputs and puts them into the network; false where it was stopped before.
///
/// # Errors
/// A tensor operation fails.
pub fn fit(fitting: &Fitting, is_stopped: &dyn Fn() -> bool) -> Result<bool> {
    let (network, params) = (fitting.task.network, fitting.task.params);
    let batch = fitting.whole();
    network.fold_norm()?;
    let drives = network.drives(&batch)?;
    let folded = moments(&drives)?;
    let row = |values: Vec<f64>| -> candle_core::Result<Tensor> {
        Tensor::new(values, params.device())?.to_dtype(params.dtype())
    };
    let deviation = |variance: f64| if variance > 0.0 { variance.sqrt() } else { 1.0 };
    let scales = row(folded.iter().map(|(_, variance)| deviation(*variance)).collect())?;
    let means = row(folded.iter().map(|(mean, _)| *mean).collect())?;
    let neurons = network.neurons();
    let column = |values: &Tensor| values.reshape((1, neurons, 1));
    let standard = drives.into_iter().zip(batch.clips()).map(|(drive, clip)| {
        let drive = drive.unsqueeze(0)?.broadcast_sub(&column(&means)?)?;
        let drive = drive.broadcast_div(&column(&scales)?)?.unsqueeze(2)?;
        Ok(clip.with_sound(drive.contiguous()?))
    });
    let standard = Batch::of(standard.collect::<candle_core::Result<Vec<_>>>()?);
    let (scale, offset) = (Var::from_tensor(&scales)?, Var::from_tensor(&means)?);
    let own = params.trained().into_iter().filter(|(name, _)| name.starts_with(OUTPUTS));
    let mut objective = Outputs {
        fitting,
        drives: standard,
        layer: Affine::new(scale.clone(), offset.clone()),
        scale,
        offset,
        parameters: own.map(|(_, param)| param.var).collect(),
    };
    let idle: Vec<bool> = (0..neurons).map(|neuron| !fitting.relative.varies(neuron)).collect();
    let points = objective.points()?;
    let mut lbfgs = Lbfgs::start(points, &idle);
    for _ in 0..MOST_STEPS {
        if lbfgs.done() {
            break;
        }
        if is_stopped() {
            return Ok(false);
        }
        lbfgs.round(&mut objective)?;
    }
    let points: Vec<Vec<f64>> = lbfgs.blocks.iter().map(|block| block.point.clone()).collect();
    objective.set(&points)?;
    let factors = objective.scale.as_tensor().detach().div(&scales)?;
    let shift = (objective.offset.as_tensor().detach() - means.mul(&factors)?)?;
    network.adjust(&factors, &shift)?;
    fitting.settle_norm()?;
    Ok(true)
}
