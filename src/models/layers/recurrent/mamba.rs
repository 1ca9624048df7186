//! A selective state space block: what enters and leaves its states, and how fast they fade, follows
//! from the input. One block, without normalization and without a path around it.
//!
//! `[x; z] = W_in s`; `x = silu(conv(x) + b)`; `[δ, B, C] = W_x x`; `Δ = softplus(W_dt δ + b_dt)`;
//! `q' = exp(Δ A) q + Δ B x`, `o = C·q' + D x`; `h = W_out (o silu(z))`.
//!
//! Source: Gu & Dao (2023), doi:10.48550/arXiv.2312.00752.
use candle_core::{D, Result, Tensor, Var};

use super::{CellDims, CellRow, at, by_bin, in_row_order};
use crate::models::layers::{Layer, MapShape, Pass, Reach, softplus};
use crate::models::ops::recurrent::STATES;
use crate::models::ops::recurrent::mamba::{SelectiveUnits, TAPS};
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, Start, fan_in};

/// The row of `mamba`.
pub const ROW: CellRow = CellRow { name: "mamba", reference: "Mamba", build };

/// Inner channels for each unit.
const EXPANSION: usize = 2;
/// Units for each step.
const UNITS_A_STEP: usize = 16;
/// Between which numbers `Δ` lies at the start.
const FIRST_STEPS: (f64, f64) = (0.001, 0.1);

/// Parameters `in_proj.weight (2I, inputs)`, `conv1d.weight (I, 1, 4)`, `conv1d.bias (I)`,
/// `x_proj.weight (r + 32, I)`, `dt_proj.weight (I, r)`, `dt_proj.bias (I)`, `A_log (I, 16)`, `D (I)`,
/// `out_proj.weight (H, I)`; `I = 2H`, `r = ⌈H/16⌉`.
struct Selective {
    input: MapShape,
    units: usize,
    enter: Var,
    taps: [Var; 2],
    select: Var,
    step: [Var; 2],
    log_decay: Var,
    skip: Var,
    leave: Var,
}

fn build(input: MapShape, dims: CellDims, scope: &Scope) -> Result<Box<dyn Layer>> {
    let (scope, units) = (dims.scope(scope), dims.units);
    let (inner, steps) = (EXPANSION * units, units.div_ceil(UNITS_A_STEP));
    let inputs = input.channels * input.bands;
    let linear = |seen: usize| ParamSpec::decayed(fan_in(seen));
    let decays = (0..inner).flat_map(|_| (1..=STATES).map(|state| (state as f64).ln()));
    let decays = ParamSpec::not_decayed(Start::Values(decays.collect()));
    let steps_start = ParamSpec::not_decayed(Start::SoftplusInverse(FIRST_STEPS.0, FIRST_STEPS.1));
    Ok(Box::new(Selective {
        input,
        units,
        enter: scope.get("in_proj.weight", (2 * inner, inputs), linear(inputs))?,
        taps: [
            scope.get("conv1d.weight", (inner, 1, TAPS), linear(TAPS))?,
            scope.get("conv1d.bias", inner, linear(TAPS))?,
        ],
        select: scope.get("x_proj.weight", (steps + 2 * STATES, inner), linear(inner))?,
        step: [
            scope.get("dt_proj.weight", (inner, steps), linear(steps))?,
            scope.get("dt_proj.bias", inner, steps_start)?,
        ],
        log_decay: scope.get("A_log", (inner, STATES), decays)?,
        skip: scope.get("D", inner, ParamSpec::not_decayed(Start::Constant(1.0)))?,
        leave: scope.get("out_proj.weight", (units, inner), linear(inner))?,
    }))
}

impl Selective {
    fn inner(&self) -> usize {
        EXPANSION * self.units
    }

    fn steps(&self) -> Result<usize> {
        self.step[0].dim(1)
    }

    /// `A`.
    fn decay(&self) -> Result<Tensor> {
        self.log_decay.exp()?.neg()
    }

    /// The convolution of `(B, T, I)` behind the bins `(B, 3, I)` before it.
    fn convolved(&self, x: &Tensor, before: &Tensor) -> Result<Tensor> {
        let [taps, bias] = &self.taps;
        let (whole, bins) = (Tensor::cat(&[before, x], 1)?, x.dim(1)?);
        let tap = |k: usize| {
            let weight = taps.narrow(2, k, 1)?.reshape((1, 1, ()))?;
            whole.narrow(1, k, bins)?.broadcast_mul(&weight)
        };
        let mut sum = tap(0)?;
        for k in 1..TAPS {
            sum = (sum + tap(k)?)?;
        }
        sum.broadcast_add(bias)
    }

    /// `o` of every bin from `Δ` and `x (B, T, I)`, and what is selected `(B, T, r + 32)`; `q` is what
    /// the states `(B, I, 16)` were before, and then what they are behind the last bin.
    fn scanned(&self, [step, x, selected]: [&Tensor; 3], q: &mut Tensor) -> Result<Tensor> {
        let (first, decay) = (self.steps()?, self.decay()?.unsqueeze(0)?);
        let entering = (step * x)?;
        let mut outputs = Vec::new();
        for bin in 0..x.dim(1)? {
            let own = at(selected, bin)?;
            let b = own.narrow(1, first, STATES)?.unsqueeze(1)?;
            let c = own.narrow(1, first + STATES, STATES)?.unsqueeze(1)?;
            let fading = at(step, bin)?.unsqueeze(2)?.broadcast_mul(&decay)?.exp()?;
            let enters = at(&entering, bin)?.unsqueeze(2)?.broadcast_mul(&b)?;
            *q = ((fading * &*q)? + enters)?;
            outputs.push(q.broadcast_mul(&c)?.sum(D::Minus1)?);
        }
        Tensor::stack(&outputs, 1)? + x.broadcast_mul(&self.skip)?
    }
}

impl Layer for Selective {
    fn output(&self, _input: MapShape) -> MapShape {
        MapShape { channels: self.units, bands: 1 }
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let (b, inner, steps) = (input.dim(0)?, self.inner(), self.steps()?);
        let entered = by_bin(input)?.broadcast_matmul(&self.enter.t()?)?;
        let (x, z) = (entered.narrow(2, 0, inner)?, entered.narrow(2, inner, inner)?);
        // What is kept: the last bins of `x`, then the states.
        let kept = if let Some(kept) = pass.carried() {
            kept
        } else {
            let shape = (b, inner, TAPS - 1 + STATES);
            Tensor::zeros(shape, input.dtype(), input.device())?
        };
        let before = kept.narrow(2, 0, TAPS - 1)?.transpose(1, 2)?.contiguous()?;
        let mut q = kept.narrow(2, TAPS - 1, STATES)?.contiguous()?;
        let seen = Tensor::cat(&[&before, &x.contiguous()?], 1)?;
        let x = self.convolved(&x, &before)?.silu()?;
        let selected = x.broadcast_matmul(&self.select.t()?)?;
        let [weight, bias] = &self.step;
        let delta = selected.narrow(2, 0, steps)?.contiguous()?.broadcast_matmul(&weight.t()?)?;
        let delta = softplus(&delta.broadcast_add(bias)?)?;
        let o = self.scanned([&delta, &x, &selected], &mut q)?;
        let last = seen.narrow(1, seen.dim(1)? + 1 - TAPS, TAPS - 1)?.transpose(1, 2)?;
        pass.carry(&Tensor::cat(&[&last.contiguous()?, &q], 2)?);
        let y = (o * z.silu()?)?.broadcast_matmul(&self.leave.t()?)?;
        y.transpose(1, 2)?.contiguous()?.unsqueeze(2)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        let stage = SelectiveUnits {
            inputs: self.input.channels * self.input.bands,
            units: self.units,
            inner: self.inner(),
            steps: self.steps()?,
        };
        let [taps, taps_bias] = &self.taps;
        let [step, step_bias] = &self.step;
        let own = |var: &Var| var.as_tensor().clone();
        let parameters = vec![
            in_row_order(&self.enter, self.input)?,
            own(taps),
            own(taps_bias),
            own(&self.select),
            own(step),
            own(step_bias),
            self.decay()?,
            own(&self.skip),
            own(&self.leave),
        ];
        Ok(Some(StageWithParameters::new(stage, parameters)))
    }

    fn reach(&self) -> Reach {
        Reach::Fading
    }

    fn goes_on(&self) -> bool {
        true
    }
}
