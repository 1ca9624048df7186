//! Where in its clip a bin lies.
use candle_core::{Device, Result, Tensor};

use super::{Layer, MapShape, Pass};
use crate::models::ops::positions as ops;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, Start};

/// Adds sines and cosines of the time since the start of the clip to units `(B, D, 1, T)`.
///
/// `div_term (D/2)`, the angles from a bin to the next, is a buffer for other programs: here they
/// follow from `D`.
///
/// Source: Vaswani et al. (2017), doi:10.48550/arXiv.1706.03762.
pub struct Positions {
    stage: ops::Positions,
}

impl Positions {
    /// Of so many units; the buffer goes to `scope`.
    ///
    /// # Errors
    /// The device has no room for it.
    pub fn new(units: usize, scope: &Scope) -> Result<Self> {
        let stage = ops::Positions { units };
        let angles = stage.angles();
        scope.get("div_term", angles.len(), ParamSpec::buffer(Start::Values(angles)))?;
        Ok(Self { stage })
    }
}

impl Layer for Positions {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let (_b, units, _one, bins) = input.dims4()?;
        let before = match pass.carried() {
            Some(before) => before.to_scalar::<u32>()?,
            None => 0,
        };
        let first = usize::try_from(before).map_err(candle_core::Error::wrap)?;
        let after = u32::try_from(first + bins)?;
        pass.carry(&Tensor::new(after, &Device::Cpu)?);
        let rows = (0..units).flat_map(|unit| self.stage.row(unit, first, bins));
        let rows = Tensor::from_vec(rows.collect::<Vec<_>>(), (1, units, 1, bins), &Device::Cpu)?;
        input.broadcast_add(&rows.to_dtype(input.dtype())?.to_device(input.device())?)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        Ok(Some(StageWithParameters::new(self.stage, Vec::new())))
    }

    fn goes_on(&self) -> bool {
        true
    }
}
