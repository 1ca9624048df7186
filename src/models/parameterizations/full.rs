//! Full kernel: every weight of the STRF free.
use candle_core::{Result, Tensor, Var};

use super::{Kernel, KernelDims, rescale_rows, shift_entries};
use crate::base::error;
use crate::config::keys::Values;
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::params::{ParamSpec, Scope, fan_in};

/// The row of `full`.
pub const PART: Part =
    Part { name: "full", summary: "every weight of the STRF free", source: "", keys: &[] };

/// The same in deepSTRF.
pub const REFERENCE: Counterpart = Counterpart { object: None, form: &[], silent: &[] };

/// Parameters `weight (O, C, F, K)` and `bias (O)`.
struct Full {
    weight: Var,
    bias: Var,
}

/// Takes the parameters from `scope`.
pub fn build(_values: &Values, dims: KernelDims, scope: &Scope) -> error::Result<Box<dyn Kernel>> {
    let KernelDims { outputs, channels, bands, lags, .. } = dims;
    let start = fan_in(dims.fan_in());
    let shape = (outputs, channels, bands, lags);
    let weight = scope.get("weight", shape, ParamSpec::decayed(start.clone()))?;
    let bias = scope.get("bias", outputs, ParamSpec::decayed(start))?;
    Ok(Box::new(Full { weight, bias }))
}

impl Kernel for Full {
    fn weight(&self) -> Result<Tensor> {
        Ok(self.weight.as_tensor().clone())
    }

    fn bias(&self) -> &Tensor {
        &self.bias
    }

    fn take(&self, weights: &Tensor, bias: &Tensor) -> Result<bool> {
        self.weight.set(weights)?;
        self.bias.set(bias)?;
        Ok(true)
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        rescale_rows(&self.weight, factors)?;
        rescale_rows(&self.bias, factors)
    }

    fn shift(&self, by: &Tensor) -> Result<()> {
        shift_entries(&self.bias, by)
    }
}
