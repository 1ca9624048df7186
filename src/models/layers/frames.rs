//! Every bin on its own, through kernels over frequency at several places, normalized over channels.
use candle_core::{D, Result, Tensor, Var};

use super::{Layer, LayerNorm, MapShape, Pass, activated};
use crate::models::ops::activation::Activation;
use crate::models::ops::finish::{Finish, Norm};
use crate::models::ops::places::Places;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, fan_in};

/// `y(o,l,t) = σ( norm( bias + Σ_c Σ_i w · x(c, l·stride + i, t) ) )`: from `(B, C, F, T)` to
/// `(B, O, L, T)`, where `L = ⌊(F − I) / stride⌋ + 1`; the normalization is over the channels `O` at
/// each place and bin.
///
/// Source: Rançon et al. (2025), Commun. Biol. 8:1456.
pub struct Frames {
    weight: Var,
    bias: Var,
    norm: LayerNorm,
    dims: FramesDims,
    connectivity: Connectivity,
}

/// Which weights serve which bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// Each place has kernels of its own.
    Local,
    /// The same kernels at every place.
    Shared,
    /// Every output sees all bands.
    Full,
}

/// Sizes of [`Frames`].
#[derive(Debug, Clone, Copy)]
pub struct FramesDims {
    /// `C` channels that it takes.
    pub inputs: usize,
    /// `F` bands that it takes.
    pub bands: usize,
    /// `O` channels that it gives.
    pub outputs: usize,
    /// `I` bands of a kernel.
    pub height: usize,
    /// Bands from one place to the next.
    pub stride: usize,
}

impl FramesDims {
    /// `L`.
    pub fn places(&self) -> usize {
        (self.bands - self.height) / self.stride + 1
    }

    /// Bands behind the last place, which no kernel sees.
    pub fn left_out(&self) -> usize {
        self.bands - ((self.places() - 1) * self.stride + self.height)
    }
}

impl Frames {
    /// Takes its parameters from `scope`, under the names that the reference has for each kind.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(dims: FramesDims, connectivity: Connectivity, scope: &Scope) -> Result<Self> {
        let FramesDims { inputs, bands, outputs, height, .. } = dims;
        let places = dims.places();
        let spec = |seen: usize| ParamSpec::decayed(fan_in(seen));
        let patch = inputs * height;
        let (weight, bias, norm) = match connectivity {
            Connectivity::Local => {
                let (own, spec) = (scope.scope("0"), || spec(patch).owned_along(0));
                let weight = own.get("weights", (outputs, patch, places), spec())?;
                (weight, own.get("biases", (outputs, places), spec())?, "1")
            }
            Connectivity::Shared => {
                let (own, spec) = (scope.scope("0"), || spec(patch));
                let weight = own.get("weight", (outputs, inputs, height), spec())?;
                (weight, own.get("bias", outputs, spec())?, "1")
            }
            Connectivity::Full => {
                let (own, spec) = (scope.scope("1"), || spec(inputs * bands));
                let weight = own.get("weight", (outputs * places, inputs * bands), spec())?;
                (weight, own.get("bias", outputs * places, spec())?, "3")
            }
        };
        let norm = LayerNorm::new(outputs, &scope.scope(norm))?;
        Ok(Self { weight, bias, norm, dims, connectivity })
    }

    /// Weights `(L, O, I, C)` and biases `(L, O)` of every place.
    fn of_places(&self) -> Result<[Tensor; 2]> {
        let FramesDims { inputs, bands, outputs, height, .. } = self.dims;
        let (places, weight, bias) = (self.dims.places(), &self.weight, &self.bias);
        let (weight, bias) = match self.connectivity {
            Connectivity::Local => {
                let weight = weight.reshape((outputs, inputs, height, places))?;
                (weight.permute((3, 0, 2, 1))?, bias.t()?)
            }
            Connectivity::Shared => {
                let weight = weight.permute((0, 2, 1))?.unsqueeze(0)?;
                let weight = weight.broadcast_as((places, outputs, height, inputs))?;
                (weight, bias.unsqueeze(0)?.broadcast_as((places, outputs))?)
            }
            Connectivity::Full => {
                let weight = weight.reshape((outputs, places, inputs, bands))?;
                (weight.permute((1, 0, 3, 2))?, bias.reshape((outputs, places))?.t()?)
            }
        };
        Ok([weight.contiguous()?, bias.contiguous()?])
    }

    /// Bands under a kernel, and from one place to the next.
    fn reached(&self) -> (usize, usize) {
        match self.connectivity {
            Connectivity::Full => (self.dims.bands, 0),
            _ => (self.dims.height, self.dims.stride),
        }
    }
}

impl Layer for Frames {
    fn output(&self, _input: MapShape) -> MapShape {
        MapShape { channels: self.dims.outputs, bands: self.dims.places() }
    }

    fn forward(&self, input: &Tensor, _pass: &Pass) -> Result<Tensor> {
        let [weight, bias] = self.of_places()?;
        let (height, stride) = self.reached();
        let (b, c, _f, t) = input.dims4()?;
        let by_band = input.transpose(1, 2)?.contiguous()?; // (B, F, C, T)
        let drive = |place: usize| {
            let seen = by_band.narrow(1, place * stride, height)?.reshape((b, height * c, t))?;
            let own = weight.get(place)?.reshape((1, (), height * c))?;
            let offset = bias.get(place)?.reshape((1, (), 1))?;
            own.broadcast_matmul(&seen)?.broadcast_add(&offset)
        };
        let drives: Vec<Tensor> = (0..self.dims.places()).map(drive).collect::<Result<_>>()?;
        let drives = Tensor::stack(&drives, 2)?; // (B, O, L, T)
        activated(&self.norm.forward(&drives)?, Activation::Sigmoid)
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        let [weight, bias] = self.of_places()?;
        let (height, stride) = self.reached();
        let stage = Places {
            places: self.dims.places(),
            stride,
            height,
            channels: input.channels,
            bands: input.bands,
            outputs: self.dims.outputs,
            finish: Finish { norm: Norm::Channels, activation: Activation::Sigmoid },
        };
        let mut parameters = vec![weight, bias];
        parameters.extend(self.norm.weight_and_bias());
        Ok(Some(StageWithParameters::new(stage, parameters)))
    }

    fn weights_on_sound(&self) -> Result<Option<Tensor>> {
        // (L, O, I, C) as (L · O, C, I, 1).
        let [weight, _bias] = self.of_places()?;
        let weight = weight.flatten(0, 1)?.transpose(1, 2)?;
        weight.unsqueeze(D::Minus1)?.contiguous().map(Some)
    }
}
