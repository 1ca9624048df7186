//! What L-BFGS remembers, as tensors of a checkpoint.
use std::collections::VecDeque;

use candle_core::{Device, Tensor};

use super::checkpoint::Tensors;
use super::lbfgs::{At, Block, Move};
use super::line_search::LineSearch;
use crate::base::error::Result;

/// Tensors of blocks: of each its counters, its gradient, its pairs, and the step that it is about to take.
///
/// # Errors
/// A tensor operation fails.
pub fn tensors(blocks: &[Block]) -> Result<Tensors> {
    let mut tensors = Tensors::new();
    let mut put = |name: String, values: Vec<f64>| -> candle_core::Result<()> {
        let length = values.len();
        tensors.insert(name, Tensor::from_vec(values, length, &Device::Cpu)?);
        Ok(())
    };
    let flag = |is_so: bool| f64::from(u8::from(is_so));
    for (place, block) in blocks.iter().enumerate() {
        let Block { at, pairs, values, step, again, done, .. } = block;
        let mut counters = vec![flag(*done), flag(*again)];
        counters.extend(values);
        put(format!("{place:06}/counters"), counters)?;
        if let Some(At { value, gradient }) = at {
            put(format!("{place:06}/value"), vec![*value])?;
            put(format!("{place:06}/gradient"), gradient.clone())?;
        }
        let (steps, changes): (Vec<_>, Vec<_>) = pairs.iter().cloned().unzip();
        if !steps.is_empty() {
            put(format!("{place:06}/steps"), steps.concat())?;
            put(format!("{place:06}/changes"), changes.concat())?;
        }
        if let Some(Move { direction, search, length, steepest }) = step {
            let numbers = [vec![*length, flag(*steepest)], search.numbers()].concat();
            put(format!("{place:06}/search"), numbers)?;
            put(format!("{place:06}/direction"), direction.clone())?;
        }
    }
    Ok(tensors)
}

/// The blocks that were remembered, at these points.
///
/// # Errors
/// A tensor operation fails.
pub fn blocks(memory: &Tensors, points: Vec<Vec<f64>>) -> Result<Vec<Block>> {
    let get = |place: usize, name: &str| -> Result<Option<Vec<f64>>> {
        Ok(memory.get(&format!("{place:06}/{name}")).map(Tensor::to_vec1).transpose()?)
    };
    let block = |(place, point): (usize, Vec<f64>)| {
        let counters = get(place, "counters")?.unwrap_or_default();
        let is_set = |nth: usize| counters.get(nth).is_some_and(|flag| *flag > 0.0);
        let length = point.len().max(1);
        let steps = get(place, "steps")?.unwrap_or_default();
        let changes = get(place, "changes")?.unwrap_or_default();
        let pairs = steps.chunks(length).zip(changes.chunks(length));
        let at = get(place, "value")?.and_then(|value| value.first().copied());
        let at = match (at, get(place, "gradient")?) {
            (Some(value), Some(gradient)) => Some(At { value, gradient }),
            _ => None,
        };
        let search = get(place, "search")?.unwrap_or_default();
        let step = match (search.split_at_checked(2), get(place, "direction")?) {
            (Some((own, search)), Some(direction)) => LineSearch::of_numbers(search)
                .map(|search| Move { direction, search, length: own[0], steepest: own[1] > 0.0 }),
            _ => None,
        };
        Ok(Block {
            pairs: pairs.map(|(s, y)| (s.to_vec(), y.to_vec())).collect(),
            at,
            values: counters.iter().skip(2).copied().collect::<VecDeque<f64>>(),
            step,
            again: is_set(1),
            done: is_set(0),
            point,
        })
    };
    points.into_iter().enumerate().map(block).collect()
}
