//! What a model is made of on the fused path: stages, through which the rows of one clip pass.
use std::any::Any;

use candle_core::{Result, Tensor, bail};

use super::rows::{Layout, Rows};
use crate::simd::real::Real;

/// One step from the sound to the drive of neurons, and the way back.
///
/// Its parameters are a part of one vector that holds those of the whole model.
pub trait Stage<R: Real>: Send + Sync {
    /// The parameters in the order in which loops use them, made once for all clips of a batch.
    type Prepared: Send + Sync + 'static;
    /// What the way forward leaves for the way back, and room to work in.
    type State: Default + Send + 'static;

    /// Number of parameters.
    fn parameters(&self) -> usize;

    /// Zeros that it needs before each row of its input.
    fn zeros_before(&self) -> usize {
        0
    }

    /// What it makes of an input, with the zeros that the gradient of its output needs.
    fn output(&self, input: Layout) -> Layout;

    /// Whether it draws random numbers in training.
    fn draws(&self) -> bool {
        false
    }

    /// Takes the key that random numbers of the next clip follow from; none outside of training.
    fn take_key(&self, _key: Option<u64>, _state: &mut Self::State) {}

    /// Brings the parameters into order.
    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Self::Prepared;

    /// Fills the bins of `output`.
    fn forward(
        &self,
        prepared: &Self::Prepared,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut Self::State,
    );

    /// Fills the gradient of the input and adds that of the parameters, where they are asked for.
    fn backward(&self, prepared: &Self::Prepared, state: &mut Self::State, pass: BackwardPass<R>);
}

/// Which gradients will be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GradientMode {
    /// None.
    None,
    /// That of the parameters.
    Parameters,
    /// That of the input.
    Input,
    /// Both.
    Both,
}

impl GradientMode {
    /// Whether the gradient of the input is asked for.
    pub fn of_input(self) -> bool {
        matches!(self, Self::Input | Self::Both)
    }
}

/// What passes through a stage on the way back.
pub struct BackwardPass<'a, R> {
    /// What came in.
    pub input: &'a Rows<R>,
    /// What came out.
    pub output: &'a Rows<R>,
    /// The gradient of what came out, laid out as [`Stage::output`] says; it may be changed.
    pub grad: &'a mut Rows<R>,
    /// Where the gradient of what came in goes.
    pub input_grad: Option<&'a mut Rows<R>>,
    /// What the gradient of the parameters is added to.
    pub by_parameters: Option<&'a mut [R]>,
}

/// A [`Stage`] whose own types are hidden, so that stages of different kinds form a list.
pub trait AnyStage<R: Real>: Send + Sync {
    /// As [`Stage::parameters`].
    fn parameters(&self) -> usize;
    /// As [`Stage::zeros_before`].
    fn zeros_before(&self) -> usize;
    /// As [`Stage::output`].
    fn output(&self, input: Layout) -> Layout;
    /// As [`Stage::draws`].
    fn draws(&self) -> bool;

    /// As [`Stage::take_key`].
    ///
    /// # Errors
    /// The state is another stage's.
    fn take_key(&self, key: Option<u64>, state: &mut StageState) -> Result<()>;

    /// As [`Stage::prepare`].
    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared;

    /// As [`Stage::forward`].
    ///
    /// # Errors
    /// The parameters were prepared by another kind of stage.
    fn forward(
        &self,
        prepared: &Prepared,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut StageState,
    ) -> Result<()>;

    /// As [`Stage::backward`]; the state is used up.
    ///
    /// # Errors
    /// No way forward led here, or it was gone back already.
    fn backward(
        &self,
        prepared: &Prepared,
        state: &mut StageState,
        pass: BackwardPass<R>,
    ) -> Result<()>;
}

/// What [`Stage::prepare`] made, of a type that the stage knows.
pub struct Prepared(Box<dyn Any + Send + Sync>);

/// The state of a stage, of a type that the stage knows. Its memory serves one clip after the other.
#[derive(Default)]
pub struct StageState {
    state: Option<Box<dyn Any + Send>>,
    /// Whether a way forward has filled it, and no way back has used it.
    filled: bool,
}

impl<R: Real, S: Stage<R>> AnyStage<R> for S {
    fn parameters(&self) -> usize {
        Stage::parameters(self)
    }

    fn zeros_before(&self) -> usize {
        Stage::zeros_before(self)
    }

    fn output(&self, input: Layout) -> Layout {
        Stage::output(self, input)
    }

    fn draws(&self) -> bool {
        Stage::draws(self)
    }

    fn take_key(&self, key: Option<u64>, state: &mut StageState) -> Result<()> {
        Stage::take_key(self, key, state.of_type::<S::State>()?);
        Ok(())
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared {
        Prepared(Box::new(Stage::prepare(self, parameters, mode)))
    }

    fn forward(
        &self,
        prepared: &Prepared,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut StageState,
    ) -> Result<()> {
        let own = state.of_type::<S::State>()?;
        Stage::forward(self, prepared.of_type::<S::Prepared>()?, input, output, own);
        state.filled = true;
        Ok(())
    }

    fn backward(
        &self,
        prepared: &Prepared,
        state: &mut StageState,
        pass: BackwardPass<R>,
    ) -> Result<()> {
        if !std::mem::take(&mut state.filled) {
            bail!("a stage was asked for a gradient without a pass forward that it belongs to")
        }
        let own = state.of_type::<S::State>()?;
        Stage::backward(self, prepared.of_type::<S::Prepared>()?, own, pass);
        Ok(())
    }
}

impl Prepared {
    fn of_type<T: 'static>(&self) -> Result<&T> {
        match self.0.downcast_ref() {
            Some(prepared) => Ok(prepared),
            None => bail!("a stage was given what another kind of stage prepared"),
        }
    }
}

impl StageState {
    /// The state, a new one where it was another stage's.
    fn of_type<T: Default + Send + 'static>(&mut self) -> Result<&mut T> {
        if !self.state.as_ref().is_some_and(|state| state.is::<T>()) {
            self.state = Some(Box::<T>::default());
        }
        match self.state.as_mut().and_then(|state| state.downcast_mut()) {
            Some(state) => Ok(state),
            None => bail!("a stage was given the state of another kind of stage"),
        }
    }
}

/// A stage for both types of numbers.
pub trait Operation: AnyStage<f32> + AnyStage<f64> {}

impl<S: AnyStage<f32> + AnyStage<f64>> Operation for S {}

/// A stage and its parameters, one after the other in the stage's own order.
pub struct StageWithParameters {
    /// The stage.
    pub stage: Box<dyn Operation>,
    /// Its parameters.
    pub parameters: Vec<Tensor>,
}

impl StageWithParameters {
    /// Puts a stage and its parameters together.
    pub fn new(stage: impl Operation + 'static, parameters: Vec<Tensor>) -> Self {
        Self { stage: Box::new(stage), parameters }
    }
}
