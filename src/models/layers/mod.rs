//! Layers: the steps of a model, each from one map to the next. A map is `(B, C, F, T)`; hidden
//! units and neurons are channels of a map of one band.
use candle_core::{Result, Tensor, bail};

use super::dims::Quantity;
use super::ops::stage::StageWithParameters;

mod activation;
mod affine;
mod band_conv;
mod batch_norm;
mod channel_weights;
mod correlate;
mod dense;
mod dropout;
mod exponential_window;
mod feed_forward;
mod frames;
mod layer_norm;
mod leaky_units;
mod linear;
mod pass;
mod patches;
mod positions;
pub mod recurrent;
mod resources;
mod self_attention;
mod standardized;
mod strf_conv;
mod temporal_conv;

pub use activation::{activated, relu, softplus};
pub use affine::Affine;
pub use band_conv::{BandConv, BandConvDims};
pub use batch_norm::BatchNorm;
pub use channel_weights::ChannelWeights;
pub use correlate::correlate;
pub use exponential_window::exponential_window;
pub use feed_forward::FeedForward;
pub use frames::{Connectivity, Frames, FramesDims};
pub use layer_norm::LayerNorm;
pub use leaky_units::{LeakyConfig, LeakyUnits, geometric_sum};
pub use linear::Linear;
pub use pass::{Carry, Mode, Pass, StepDraws};
pub use patches::{PatchDims, Patches};
pub use positions::Positions;
pub use resources::{left_after, resources};
pub use self_attention::SelfAttention;
pub use standardized::{Standardized, Statistics};
pub use strf_conv::StrfConv;
pub use temporal_conv::TemporalConv;

/// Sizes of a map, clips and bins aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapShape {
    /// `C` channels, hidden units or neurons.
    pub channels: usize,
    /// `F` bands.
    pub bands: usize,
}

/// How far back in its input a bin of a layer's output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// So many bins, the present one among them.
    Bins(usize),
    /// All of the past, fading away.
    Fading,
}

/// One step of a model, from the map of one layer to that of the next.
///
/// [`Layer::forward`] alone makes a layer: a model that holds one without a [`Layer::stage`] runs as
/// a graph of candle's operations, on the CPU too.
pub trait Layer {
    /// The shape that it makes of an input's.
    fn output(&self, input: MapShape) -> MapShape;

    /// On any device, with any gradient.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn forward(&self, input: &Tensor, pass: &Pass) -> Result<Tensor>;

    /// The same for the fused path of the CPU.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn stage(&self, _input: MapShape) -> Result<Option<StageWithParameters>> {
        Ok(None)
    }

    /// How many bins of its input one bin of output needs.
    fn reach(&self) -> Reach {
        Reach::Bins(1)
    }

    /// Whether it goes on where the piece of a clip before ended, by what it keeps in
    /// [`Pass::carry`]; a layer that sees the present bin alone has nothing to keep.
    fn goes_on(&self) -> bool {
        self.reach() == Reach::Bins(1)
    }

    /// Whether [`Layer::start`] has something to do.
    fn starts_from_data(&self) -> bool {
        false
    }

    /// Takes start values and constants from what it is given of the training clips, one map
    /// `(1, C, F, T)` each.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn start(&self, _inputs: &[Tensor]) -> Result<()> {
        Ok(())
    }

    /// Its weights `(O, C, F, K)` in lag order (0 = now), where they are receptive fields.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn strfs(&self) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// The weights on its input as they act, where penalties of weights on sound lie on them.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn weights_on_sound(&self) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// Takes over weights `(O, C, F, K)`, the last index the present bin, and what is added to each
    /// output `(O)`; false where its weights are not free to.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn take(&self, _weights: &Tensor, _bias: &Tensor) -> Result<bool> {
        Ok(false)
    }

    /// Sets what is added to each of its outputs `(O)`.
    ///
    /// # Errors
    /// It has no biases that could do so.
    fn set_offsets(&self, _offsets: &Tensor) -> Result<()> {
        bail!("the first layer of this model has no offsets to set")
    }

    /// Multiplies each of its outputs by a factor `(O)`.
    ///
    /// # Errors
    /// It has no weights that could do so.
    fn rescale(&self, _factors: &Tensor) -> Result<()> {
        bail!("the last layer of this model cannot scale its outputs")
    }

    /// Adds to each of its outputs `(O)`.
    ///
    /// # Errors
    /// It has no biases that could do so.
    fn shift(&self, _by: &Tensor) -> Result<()> {
        bail!("the last layer of this model cannot shift its outputs")
    }

    /// What an export shows of it beside receptive fields.
    ///
    /// # Errors
    /// A tensor operation fails.
    fn learnt(&self) -> Result<Vec<Quantity>> {
        Ok(Vec::new())
    }
}

impl Reach {
    /// So many bins; none where it is all of the past.
    pub fn bins(self) -> Option<usize> {
        match self {
            Self::Bins(bins) => Some(bins),
            Self::Fading => None,
        }
    }

    /// Of a layer behind another.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Bins(first), Self::Bins(next)) => Self::Bins(first + next - 1),
            _ => Self::Fading,
        }
    }
}
