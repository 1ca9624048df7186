//! Attention of each bin to those before it, with what passes by it.
use candle_core::{D, Device, Result, Tensor};

use super::dense::Dense;
use super::dropout::{dropped, masks, times};
use super::{Layer, LayerNorm, MapShape, Pass, Reach};
use crate::models::ops::attention::AttentionDims;
use crate::models::ops::draws::{Dropout, Mask};
use crate::models::ops::residual::{BEHIND, Residual, WITHIN};
use crate::models::ops::self_attention::SelfAttention as Part;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{Scope, Start, fan_in};

/// `y = norm( s + drop( O attention(s) ) )`: from units `(B, D, 1, T)` to the same shape.
///
/// Queries, keys and values are `W_in s + b_in`, a third each, in heads of `D/heads` units; weights
/// are the softmax of `q·k/√(D/heads)` over the bins that a bin sees: itself and those before it,
/// `window` bins in all, or all of the past. In training weights are dropped too.
///
/// Source: Vaswani et al. (2017), doi:10.48550/arXiv.1706.03762.
pub struct SelfAttention {
    inward: Dense,
    outward: Dense,
    norm: LayerNorm,
    dims: AttentionDims,
    dropout: Option<Dropout>,
}

impl SelfAttention {
    /// Takes `self_attn.in_proj_weight (3D, D)`, `self_attn.in_proj_bias (3D)`, `self_attn.out_proj.*`
    /// and `norm1.*` from `scope`.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(dims: AttentionDims, dropout: Option<Dropout>, scope: &Scope) -> Result<Self> {
        let units = dims.units;
        // As Xavier uniform: fan in D, fan out 3D.
        let bound = (6.0 / (4 * units) as f64).sqrt();
        let starts = [
            ("in_proj_weight", Start::Uniform(-bound, bound)),
            ("in_proj_bias", Start::Constant(0.0)),
        ];
        let attention = scope.scope("self_attn");
        let inward = Dense::new((3 * units, units), starts, &attention)?;
        let starts = [("weight", fan_in(units)), ("bias", Start::Constant(0.0))];
        let outward = Dense::new((units, units), starts, &attention.scope("out_proj"))?;
        let norm = LayerNorm::bare(units, &scope.scope("norm1"))?;
        Ok(Self { inward, outward, norm, dims, dropout })
    }

    /// Keys and values `(B, 2D, 1, S)` that bins of this piece may see, those of the piece before
    /// first.
    fn seen(&self, own: &Tensor, pass: &Pass) -> Result<Tensor> {
        let all = match pass.carried() {
            Some(before) => Tensor::cat(&[&before, own], 3)?,
            None => own.clone(),
        };
        let bins = all.dim(3)?;
        let kept = self.dims.window.map_or(bins, |window| window - 1).min(bins);
        if kept > 0 {
            pass.carry(&all.narrow(3, bins - kept, kept)?);
        }
        Ok(all)
    }

    /// What each bin sees, `(B, D, 1, T)`, out of queries `(B, D, 1, T)` and keys and values.
    fn attended(&self, queries: &Tensor, seen: &Tensor, pass: &Pass) -> Result<Tensor> {
        let AttentionDims { units, heads, window } = self.dims;
        let (b, _units, _one, bins) = queries.dims4()?;
        let (keys, width) = (seen.dim(3)?, units / heads);
        let in_heads = |x: Tensor, bins: usize| x.reshape((b, heads, width, bins));
        let queries = (in_heads(queries.clone(), bins)? * (width as f64).sqrt().recip())?;
        let values = in_heads(seen.narrow(1, units, units)?, keys)?;
        let seen = in_heads(seen.narrow(1, 0, units)?, keys)?;
        let scores = queries.transpose(2, 3)?.contiguous()?.matmul(&seen)?; // (B, heads, T, S)
        let scores = scores.broadcast_add(&hidden(bins, keys, window, &scores)?)?;
        let weights = softmax(&scores)?;
        let weights = match masks(self.dropout, WITHIN, b, pass) {
            Some(masks) => times(&weights, factors(&masks, heads, bins))?,
            None => weights,
        };
        let context = values.matmul(&weights.transpose(2, 3)?.contiguous()?)?;
        context.reshape((b, units, 1, bins))
    }
}

/// What weights `(B, heads, T, T)` are multiplied by.
fn factors(masks: &[Mask], heads: usize, bins: usize) -> Vec<f64> {
    let mut all = Vec::with_capacity(masks.len() * heads * bins * bins);
    for (mask, head) in masks.iter().flat_map(|mask| (0..heads).map(move |head| (mask, head))) {
        // Rows of a mask are keys, each over all queries.
        let rows = (0..bins).map(|key| mask.factors(key * heads + head, bins));
        let rows: Vec<Vec<f64>> = rows.collect();
        all.extend((0..bins).flat_map(|query| rows.iter().map(move |row| row[query])));
    }
    all
}

/// −∞ at keys that a query does not see, else 0, `(1, 1, T, S)`; the last query is at the last key.
fn hidden(bins: usize, keys: usize, window: Option<usize>, like: &Tensor) -> Result<Tensor> {
    let before = keys - bins;
    let sees = |query: usize, key: usize| {
        let query = query + before;
        key <= query && window.is_none_or(|window| query - key < window)
    };
    let value = |query, key| if sees(query, key) { 0f32 } else { f32::NEG_INFINITY };
    let values = (0..bins).flat_map(|query| (0..keys).map(move |key| value(query, key)));
    let values = Tensor::from_vec(values.collect::<Vec<_>>(), (1, 1, bins, keys), &Device::Cpu)?;
    values.to_dtype(like.dtype())?.to_device(like.device())
}

/// Over the last axis.
fn softmax(scores: &Tensor) -> Result<Tensor> {
    let most = scores.detach().max_keepdim(D::Minus1)?;
    let powers = scores.broadcast_sub(&most)?.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)
}

impl Layer for SelfAttention {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor> {
        let (clips, units) = (input.dim(0)?, self.dims.units);
        let all = self.inward.forward(input)?;
        let seen = self.seen(&all.narrow(1, units, 2 * units)?, pass)?;
        let context = self.attended(&all.narrow(1, 0, units)?, &seen, pass)?;
        let own = self.outward.forward(&context)?;
        let own = dropped(&own, masks(self.dropout, BEHIND, clips, pass).as_deref())?;
        self.norm.forward(&(input + own)?)
    }

    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        let mut parameters = Vec::new();
        parameters.extend(self.inward.weight_and_bias());
        parameters.extend(self.outward.weight_and_bias());
        parameters.extend(self.norm.weight_and_bias());
        let stage = Residual(Part { dims: self.dims, dropout: self.dropout });
        Ok(Some(StageWithParameters::new(stage, parameters)))
    }

    fn reach(&self) -> Reach {
        self.dims.window.map_or(Reach::Fading, Reach::Bins)
    }

    fn goes_on(&self) -> bool {
        self.dims.window.is_some()
    }
}
