//! DCLS: a mixture of Gaussians whose centres, widths and weights are trained.
//!
//! `W(o,c,f,k) = Σ_g weight(o,c,g) · G(f,k) / (Σ_{f,k} G(f,k) + 1e−7)` with
//! `G = exp(−½ ((f − P₀)/σ₀)² − ½ ((k − P₁)/σ₁)²)` and `σ = |SIG| + 0.27`, in bands and bins; the
//! time axis runs from the oldest lag to now.
use candle_core::{Result, Tensor, Var};

use super::{Kernel, KernelDims, rescale_rows, shift_entries};
use crate::base::error;
use crate::config::keys::{Default, Key, Kind, Values};
use crate::config::part::Part;
use crate::models::counterpart::Counterpart;
use crate::models::ops::gaussian_kernels;
use crate::models::params::{ParamSpec, Scope, Start, fan_in};

/// The row of `dcls`.
pub const PART: Part = Part {
    name: "dcls",
    summary: "a mixture of Gaussians whose centres, widths and weights are trained",
    source: "Khalfaoui-Hassani, Pellegrini & Masquelier (2023), ICLR, doi:10.48550/arXiv.2112.03740",
    keys: KEYS,
};

/// The same in deepSTRF.
pub const REFERENCE: Counterpart = Counterpart {
    object: Some(
        "deepSTRF.models.layers.ParametricSTRF({F}, {T}, {C_in}, {C_out}, num_gaussians={gaussians})",
    ),
    form: &[],
    silent: &[],
};

const KEYS: &[Key] = &[Key {
    name: "gaussians",
    kind: Kind::Integer(1, 4_096),
    default: Default::Is("8"),
    doc: "Gaussians per STRF and channel",
}];

/// Parameters `P (2, O, C, G)`, `SIG (2, O, C, G)` (axis 0: band, bin), `weight (O, C, G)` and
/// `bias (O)`.
///
/// Differs from deepSTRF 0.1.0: its Gaussians start with `SIG` 1, so narrow that most of the grid
/// pulls at none of them, and where they end depends on where they were drawn.
struct Dcls {
    positions: Var,
    widths: Var,
    weight: Var,
    bias: Var,
    /// Bands and lags.
    grid: [usize; 2],
}

/// Takes the parameters from `scope`.
pub fn build(values: &Values, dims: KernelDims, scope: &Scope) -> error::Result<Box<dyn Kernel>> {
    let gaussians = values.count("gaussians")?;
    let KernelDims { outputs, channels, bands, lags, .. } = dims;
    let shape = (2, outputs, channels, gaussians);
    let grid = Start::UniformBlocks(vec![(0.0, last(bands)), (0.0, last(lags))]);
    let widths = [bands, lags].map(|points| covering_width(points, gaussians));
    let widths = Start::UniformBlocks(widths.map(|width| (width, width)).to_vec());
    let weights = fan_in(channels * gaussians);
    Ok(Box::new(Dcls {
        positions: scope.get("P", shape, ParamSpec::not_decayed(grid).owned_along(1))?,
        widths: scope.get("SIG", shape, ParamSpec::not_decayed(widths).owned_along(1))?,
        weight: scope.get("weight", (outputs, channels, gaussians), ParamSpec::decayed(weights))?,
        bias: scope.get("bias", outputs, ParamSpec::decayed(Start::Uniform(-1.0, 1.0)))?,
        grid: [bands, lags],
    }))
}

/// Half the distance of Gaussians that lie side by side over an axis of so many points, so that
/// together they start by covering the grid and every point of it pulls at some of them.
fn covering_width(points: usize, gaussians: usize) -> f64 {
    points as f64 / (2.0 * (gaussians as f64).sqrt())
}

fn last(points: usize) -> f64 {
    points.saturating_sub(1) as f64
}

impl Kernel for Dcls {
    fn weight(&self) -> Result<Tensor> {
        gaussian_kernels(&self.positions, &self.widths, &self.weight, self.grid)
    }

    fn bias(&self) -> &Tensor {
        &self.bias
    }

    fn rescale(&self, factors: &Tensor) -> Result<()> {
        rescale_rows(&self.weight, factors)?;
        rescale_rows(&self.bias, factors)
    }

    fn shift(&self, by: &Tensor) -> Result<()> {
        shift_entries(&self.bias, by)
    }
}
