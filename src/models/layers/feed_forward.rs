//! A hidden layer at every bin, with what passes by it.
use candle_core::{Result, Tensor};

use super::dense::Dense;
use super::dropout::{dropped, masks};
use super::{Layer, LayerNorm, MapShape, Pass, relu};
use crate::models::ops::draws::Dropout;
use crate::models::ops::feed_forward::FeedForward as Part;
use crate::models::ops::residual::{BEHIND, Residual, WITHIN};
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{Scope, fan_in};

/// `y = norm( s + drop( W2 drop( relu( W1 s + b1 ) ) + b2 ) )`: from units `(B, D, 1, T)` to the same
/// shape, `inner` units in between.
///
/// Source: Vaswani et al. (2017), doi:10.48550/arXiv.1706.03762.
pub struct FeedForward {
    first: Dense,
    second: Dense,
    norm: LayerNorm,
    part: Part,
}

impl FeedForward {
    /// Takes `linear1.*`, `linear2.*` and `norm2.*` from `scope`.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(
        (units, inner): (usize, usize),
        dropout: Option<Dropout>,
        scope: &Scope,
    ) -> Result<Self> {
        let dense = |outputs, inputs, name| {
            let starts = ["weight", "bias"].map(|name| (name, fan_in(inputs)));
            Dense::new((outputs, inputs), starts, &scope.scope(name))
        };
        let (first, second) = (dense(inner, units, "linear1")?, dense(units, inner, "linear2")?);
        let norm = LayerNorm::bare(units, &scope.scope("norm2"))?;
        Ok(Self { first, second, norm, part: Part { units, inner, dropout } })
    }
}

impl Layer for FeedForward {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let clips = input.dim(0)?;
        let masks = |place| masks(self.part.dropout, place, clips, pass);
        let inner = relu(&self.first.forward(input)?)?;
        let inner = dropped(&inner, masks(WITHIN).as_deref())?;
        let own = dropped(&self.second.forward(&inner)?, masks(BEHIND).as_deref())?;
        self.norm.forward(&(input + own)?)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        let mut parameters = Vec::new();
        parameters.extend(self.first.weight_and_bias());
        parameters.extend(self.second.weight_and_bias());
        parameters.extend(self.norm.weight_and_bias());
        Ok(Some(StageWithParameters::new(Residual(self.part), parameters)))
    }
}
