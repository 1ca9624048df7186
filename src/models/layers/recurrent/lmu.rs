//! Legendre memory units: units beside a linear memory that holds a sliding window of what they
//! write, as coefficients of Legendre polynomials.
//!
//! `u = e_x·s + e_h·h + e_m·m`, `m' = A m + B u`, `h' = tanh(W_x s + W_h h + W_m m')`.
//!
//! Source: Voelker, Kajić & Eliasmith (2019), `NeurIPS` 32.
use std::sync::{Arc, LazyLock};

use candle_core::{DType, Result, Tensor, Var};

use super::{CellDims, CellRow, as_map, at, by_bin, in_row_order};
use crate::models::layers::{Layer, MapShape, Pass, Reach};
use crate::models::ops::recurrent::lmu::LegendreUnits;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Role, Scope, Start};
use crate::stats::matrix_exponential;

/// The row of `lmu`.
pub const ROW: CellRow = CellRow { name: "lmu", reference: "LMU", build };

/// Coefficients of the memory.
const MEMORY: usize = 128;
/// Bins of the window that it holds.
const WINDOW: f64 = 99.0;

/// Parameters `e_x (1, inputs)`, `e_h (1, H)`, `e_m (1, 128)`, `W_x (H, inputs)`, `W_h (H, H)`,
/// `W_m (H, 128)`; buffers `A (128, 128)`, `B (128, 1)`.
struct Legendre {
    input: MapShape,
    units: usize,
    /// `W_x`, `e_x`, `W_h`, `e_h`, `W_m`, `e_m`.
    weights: [Var; 6],
    transition: Tensor,
    entry: Tensor,
}

fn build(input: MapShape, dims: CellDims, scope: &Scope) -> Result<Box<dyn Layer>> {
    let (scope, units) = (dims.scope(scope).scope("cell"), dims.units);
    let inputs = input.channels * input.bands;
    let encoder = |seen: usize| {
        let bound = (3.0 / seen as f64).sqrt();
        ParamSpec::decayed(Start::Uniform(-bound, bound))
    };
    let xavier =
        |seen: usize| ParamSpec::decayed(Start::Normal((2.0 / (seen + units) as f64).sqrt()));
    let (transition, entry) = HELD.clone();
    let buffer = |values| ParamSpec::new(Role::Buffer, Start::Values(values));
    Ok(Box::new(Legendre {
        input,
        units,
        weights: [
            scope.get("W_x", (units, inputs), xavier(inputs))?,
            scope.get("e_x", (1, inputs), encoder(inputs))?,
            scope.get("W_h", (units, units), xavier(units))?,
            scope.get("e_h", (1, units), encoder(units))?,
            scope.get("W_m", (units, MEMORY), xavier(MEMORY))?,
            scope.get("e_m", (1, MEMORY), ParamSpec::decayed(Start::Constant(0.0)))?,
        ],
        transition: scope.get("A", (MEMORY, MEMORY), buffer(transition))?.as_tensor().clone(),
        entry: scope.get("B", (MEMORY, 1), buffer(entry))?.as_tensor().clone(),
    }))
}

/// `A (M, M)` and `B (M)` of a window, held over a bin: the same for all layers.
static HELD: LazyLock<(Vec<f64>, Vec<f64>)> = LazyLock::new(|| {
    // The exponential of [[A, B], [0, 0]] holds both.
    let size = MEMORY + 1;
    let rate = |i: usize| (2 * i + 1) as f64 / WINDOW;
    let sign = |power: usize| if power.is_multiple_of(2) { 1.0 } else { -1.0 };
    let continuous = |i: usize, j: usize| match (i, j) {
        (MEMORY, _) => 0.0,
        (_, MEMORY) => rate(i) * sign(i),
        _ if i < j => -rate(i),
        _ => rate(i) * sign(i - j + 1),
    };
    let held = matrix_exponential(size, continuous);
    let transition = (0..MEMORY).flat_map(|i| (0..MEMORY).map(move |j| (i, j)));
    (
        transition.map(|(i, j)| held[i * size + j]).collect(),
        (0..MEMORY).map(|i| held[i * size + MEMORY]).collect(),
    )
});

impl Layer for Legendre {
    fn output(&self, _input: MapShape) -> MapShape {
        MapShape { channels: self.units, bands: 1 }
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let [w_x, e_x, w_h, e_h, w_m, e_m] = &self.weights;
        let (x, b, t) = (by_bin(input)?, input.dim(0)?, input.dim(3)?);
        let (sums, written) = (x.broadcast_matmul(&w_x.t()?)?, x.broadcast_matmul(&e_x.t()?)?);
        let turned = |weight: &Tensor| weight.t()?.contiguous();
        let (w_h, e_h, w_m, e_m) = (turned(w_h)?, turned(e_h)?, turned(w_m)?, turned(e_m)?);
        let (transition, entry) = (turned(&self.transition)?, turned(&self.entry)?);
        let kept = match pass.carried() {
            Some(kept) => kept,
            None => Tensor::zeros((b, self.units + MEMORY), input.dtype(), input.device())?,
        };
        let mut h = kept.narrow(1, 0, self.units)?.contiguous()?;
        let mut m = kept.narrow(1, self.units, MEMORY)?.contiguous()?;
        let mut given = Vec::with_capacity(t);
        for bin in 0..t {
            let u = ((at(&written, bin)? + h.matmul(&e_h)?)? + m.matmul(&e_m)?)?;
            m = (m.matmul(&transition)? + u.matmul(&entry)?)?;
            h = ((at(&sums, bin)? + h.matmul(&w_h)?)? + m.matmul(&w_m)?)?.tanh()?;
            given.push(h.clone());
        }
        pass.carry(&Tensor::cat(&[h, m], 1)?);
        as_map(&given)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        let numbers = |values: &Tensor| {
            let values = values.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
            Result::Ok(Arc::new(values))
        };
        let stage = LegendreUnits {
            inputs: self.input.channels * self.input.bands,
            units: self.units,
            transition: numbers(&self.transition)?,
            entry: numbers(&self.entry)?,
        };
        let mut parameters: Vec<Tensor> =
            self.weights.iter().map(|weight| weight.as_tensor().clone()).collect();
        for of_input in &mut parameters[..2] {
            *of_input = in_row_order(of_input, self.input)?;
        }
        Ok(Some(StageWithParameters::new(stage, parameters)))
    }

    fn reach(&self) -> Reach {
        Reach::Fading
    }

    fn goes_on(&self) -> bool {
        true
    }
}
