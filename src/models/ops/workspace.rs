//! Room that the clips of a batch are computed in, kept for the next ones.
use std::sync::{Mutex, PoisonError};

use super::rows::Rows;
use super::stage::StageState;
use crate::simd::real::Real;

/// What a clip needs on its way through a chain.
#[derive(Default)]
pub struct Workspace<R> {
    /// The sound.
    pub input: Rows<R>,
    /// What each stage made of it.
    pub outputs: Vec<Rows<R>>,
    /// The gradient of the input of each stage.
    pub grads: Vec<Rows<R>>,
    /// What each stage keeps for the way back.
    pub states: Vec<StageState>,
    /// How far the output nonlinearity changes, a row, where it does.
    pub modulation: Rows<R>,
    /// Its gradient.
    pub by_modulation: Rows<R>,
    /// What the stage that makes it keeps.
    pub gain: StageState,
}

/// Workspaces that nobody uses at the moment.
#[derive(Default)]
pub struct Pools {
    single: Mutex<Vec<Workspace<f32>>>,
    double: Mutex<Vec<Workspace<f64>>>,
}

/// A float that has a pool.
pub trait Pooled: Real {
    /// Its workspaces.
    fn pool(pools: &Pools) -> &Mutex<Vec<Workspace<Self>>>;
}

impl Pooled for f32 {
    fn pool(pools: &Pools) -> &Mutex<Vec<Workspace<Self>>> {
        &pools.single
    }
}

impl Pooled for f64 {
    fn pool(pools: &Pools) -> &Mutex<Vec<Workspace<Self>>> {
        &pools.double
    }
}

impl Pools {
    /// A workspace that is free, or a new one.
    pub fn take<R: Pooled>(&self) -> Workspace<R> {
        let mut pool = R::pool(self).lock().unwrap_or_else(PoisonError::into_inner);
        pool.pop().unwrap_or_default()
    }

    /// Gives a workspace back.
    pub fn give<R: Pooled>(&self, workspace: Workspace<R>) {
        R::pool(self).lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
    }
}
