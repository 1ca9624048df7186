//! Gated recurrent layers as PyTorch keeps them: `weight_ih_l0 (S · H, inputs)`,
//! `weight_hh_l0 (S · H, H)`, `bias_ih_l0`, `bias_hh_l0 (S · H)`, `S` sums of each of `H` units.
use candle_core::{Result, Tensor, Var};

use super::{CellDims, as_map, at, by_bin, in_row_order};
use crate::models::layers::{Layer, MapShape, Pass, Reach};
use crate::models::ops::recurrent::gated::GatedUnits;
use crate::models::ops::recurrent::{Gates, Gru, Lstm, Rnn};
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, fan_in};

/// A kind of gated unit.
#[derive(Clone, Copy)]
pub struct GatedKind {
    /// Sums of each unit.
    pub sums: usize,
    /// Blocks that pass from bin to bin, the first one being what units give.
    pub carried: usize,
    /// From the sums `(B, S · H)` from the input and from the units, and what was carried `(B, H)`
    /// each, to what is carried on.
    pub step: fn([&Tensor; 2], &[Tensor]) -> Result<Vec<Tensor>>,
    /// The fused path: so many units behind so many rows.
    pub stage: fn(usize, usize, Vec<Tensor>) -> StageWithParameters,
}

/// Units of a kind.
pub struct Gated {
    input: MapShape,
    units: usize,
    of_input: [Var; 2],
    of_units: [Var; 2],
    kind: GatedKind,
}

/// A kind by what its units make of one bin, on both paths.
const fn kind<G: Gates + 'static>(
    step: fn([&Tensor; 2], &[Tensor]) -> Result<Vec<Tensor>>,
) -> GatedKind {
    GatedKind { sums: G::SUMS, carried: G::CARRIED, step, stage: stage::<G> }
}

/// The fused path of a kind of unit.
fn stage<G: Gates + 'static>(
    inputs: usize,
    units: usize,
    parameters: Vec<Tensor>,
) -> StageWithParameters {
    StageWithParameters::new(GatedUnits::<G>::new(inputs, units), parameters)
}

/// Takes the parameters of a layer of this kind from `scope`.
///
/// # Errors
/// The device has no room for them.
pub fn build(
    input: MapShape,
    dims: CellDims,
    scope: &Scope,
    kind: GatedKind,
) -> Result<Box<dyn Layer>> {
    let CellDims { units, place } = dims;
    let (scope, sums) = (scope.scope("rnn"), kind.sums * units);
    let spec = || ParamSpec::decayed(fan_in(units));
    let get = |name: &str, of: &str, shape: &[usize]| {
        scope.get(&format!("{name}_{of}_l{place}"), shape, spec())
    };
    let inputs = input.channels * input.bands;
    let of_input = [get("weight", "ih", &[sums, inputs])?, get("bias", "ih", &[sums])?];
    let of_units = [get("weight", "hh", &[sums, units])?, get("bias", "hh", &[sums])?];
    Ok(Box::new(Gated { input, units, of_input, of_units, kind }))
}

impl Layer for Gated {
    fn output(&self, _input: MapShape) -> MapShape {
        MapShape { channels: self.units, bands: 1 }
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let ([weight, bias], [back, back_bias]) = (&self.of_input, &self.of_units);
        let sums = by_bin(input)?.broadcast_matmul(&weight.t()?)?.broadcast_add(bias)?;
        let (b, t) = (input.dim(0)?, input.dim(3)?);
        let mut carried = if let Some(kept) = pass.carried() {
            kept.chunk(self.kind.carried, 1)?
        } else {
            let zeros = Tensor::zeros((b, self.units), input.dtype(), input.device())?;
            vec![zeros; self.kind.carried]
        };
        let (back, mut given) = (back.t()?.contiguous()?, Vec::with_capacity(t));
        for bin in 0..t {
            let of_units = carried[0].contiguous()?.matmul(&back)?.broadcast_add(back_bias)?;
            carried = (self.kind.step)([&at(&sums, bin)?, &of_units], &carried)?;
            given.push(carried[0].clone());
        }
        pass.carry(&Tensor::cat(&carried, 1)?);
        as_map(&given)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        let ([weight, bias], [back, back_bias]) = (&self.of_input, &self.of_units);
        let weight = in_row_order(weight, self.input)?;
        let others = [back, bias, back_bias].map(|var| var.as_tensor().clone());
        let parameters = std::iter::once(weight).chain(others).collect();
        let inputs = self.input.channels * self.input.bands;
        Ok(Some((self.kind.stage)(inputs, self.units, parameters)))
    }

    fn reach(&self) -> Reach {
        Reach::Fading
    }

    fn goes_on(&self) -> bool {
        true
    }
}

/// Gated recurrent units.
pub const GRU: GatedKind = kind::<Gru>(gru);
/// Long short-term memory.
pub const LSTM: GatedKind = kind::<Lstm>(lstm);
/// Simple recurrent units.
pub const RNN: GatedKind = kind::<Rnn>(rnn);

fn gru([input, units]: [&Tensor; 2], carried: &[Tensor]) -> Result<Vec<Tensor>> {
    let ([a, k], h) = ([input.chunk(3, 1)?, units.chunk(3, 1)?], &carried[0]);
    let reset = candle_nn::ops::sigmoid(&(&a[0] + &k[0])?)?;
    let keep = candle_nn::ops::sigmoid(&(&a[1] + &k[1])?)?;
    let new = (&a[2] + (reset * &k[2])?)?.tanh()?;
    Ok(vec![(&new + (keep * (h - &new)?)?)?])
}

fn lstm([input, units]: [&Tensor; 2], carried: &[Tensor]) -> Result<Vec<Tensor>> {
    let sums = (input + units)?.chunk(4, 1)?;
    let enter = candle_nn::ops::sigmoid(&sums[0])?;
    let forget = candle_nn::ops::sigmoid(&sums[1])?;
    let leave = candle_nn::ops::sigmoid(&sums[3])?;
    let cell = ((forget * &carried[1])? + (enter * sums[2].tanh()?)?)?;
    Ok(vec![(leave * cell.tanh()?)?, cell])
}

fn rnn([input, units]: [&Tensor; 2], _carried: &[Tensor]) -> Result<Vec<Tensor>> {
    Ok(vec![(input + units)?.tanh()?])
}
