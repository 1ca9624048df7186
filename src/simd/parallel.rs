//! Whether work is spread over the cores.
use rayon::prelude::*;

/// Multiplications below which waking another core costs more than it saves.
const WORTH: usize = 1 << 18;

/// Runs tasks that together take about `work` multiplications, on all cores where that pays.
pub fn each<T: Send>(tasks: Vec<T>, work: usize, run: impl Fn(T) + Sync + Send) {
    if work < WORTH || tasks.len() < 2 {
        tasks.into_iter().for_each(run);
    } else {
        tasks.into_par_iter().with_max_len(1).for_each(run);
    }
}

/// What tasks that together take about `work` multiplications give, in their order.
pub fn map<T: Send, U: Send>(
    tasks: Vec<T>,
    work: usize,
    run: impl Fn(T) -> U + Sync + Send,
) -> Vec<U> {
    if work < WORTH || tasks.len() < 2 {
        tasks.into_iter().map(run).collect()
    } else {
        tasks.into_par_iter().with_max_len(1).map(run).collect()
    }
}

/// Parts of a slice of the given sizes, one after the other.
pub fn split<T>(mut slice: &mut [T], sizes: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let mut parts = Vec::new();
    for size in sizes {
        let (part, rest) = slice.split_at_mut(size);
        parts.push(part);
        slice = rest;
    }
    parts
}
