//! What a model is made of on the fast path: stages, through which the rows of one clip pass.
use candle_core::Tensor;

use super::rows::{Layout, Rows};
use crate::simd::real::Real;

/// One step from the sound to the drive of neurons, and the way back.
///
/// Its parameters are a part of one vector that holds those of the whole model.
pub trait Stage<R: Real>: Send + Sync {
    /// Number of parameters.
    fn parameters(&self) -> usize;

    /// Zeros that it needs before each row of its input.
    fn zeros_before(&self) -> usize {
        0
    }

    /// What it makes of an input, with the zeros that the gradient of its output needs.
    fn output(&self, input: Layout) -> Layout;

    /// Brings the parameters into the order in which they are used, once for all clips of a batch.
    fn prepare(&self, parameters: &[R], ways: Ways) -> Vec<Vec<R>>;

    /// Fills the bins of `output`; `kept` is handed to the way back.
    fn forward(
        &self,
        prepared: &[Vec<R>],
        input: &Rows<R>,
        output: &mut Rows<R>,
        kept: &mut Vec<Rows<R>>,
    );

    /// Fills `passing.input_grad`, if it is asked for, and adds the gradient of the parameters to
    /// `by_parameters`. The gradient of the output may be changed.
    fn backward(&self, prepared: &[Vec<R>], passing: Passing<R>, by_parameters: &mut [R]);
}

/// Whether gradients will be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// Outputs only.
    Forward,
    /// The gradient of the parameters too.
    Parameters,
    /// The gradients of parameters and input too.
    Both,
}

/// What passes through a stage on the way back.
pub struct Passing<'a, R> {
    /// What came in.
    pub input: &'a Rows<R>,
    /// What came out.
    pub output: &'a Rows<R>,
    /// What was kept.
    pub kept: &'a mut Vec<Rows<R>>,
    /// The gradient of what came out, laid out as [`Stage::output`] says.
    pub grad: &'a mut Rows<R>,
    /// Where the gradient of what came in goes.
    pub input_grad: Option<&'a mut Rows<R>>,
}

/// A stage for both types of numbers.
pub trait Operation: Stage<f32> + Stage<f64> {}

impl<S: Stage<f32> + Stage<f64>> Operation for S {}

/// A stage and its parameters, one after the other in the stage's own order.
pub type StageWithParameters = (Box<dyn Operation>, Vec<Tensor>);

/// The rows that a stage keeps at a place, made where there are none yet.
pub fn slot<R: Real>(kept: &mut Vec<Rows<R>>, place: usize, layout: Layout) -> &mut Rows<R> {
    if kept.len() <= place {
        kept.resize_with(place + 1, Rows::default);
    }
    kept[place].arrange(layout);
    &mut kept[place]
}
