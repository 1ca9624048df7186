//! Speed of single operations, forward and backward: `cargo bench --bench operations`.
use candle_core::{Device, Result, Tensor, Var};
use criterion::{Criterion, criterion_group, criterion_main};
use strf::loss::{self, Target};

/// Clips, neurons and bins of a batch of a small study.
const SHAPE: (usize, usize, usize) = (14, 119, 999);

/// Values between 0 and 1 that have no pattern.
fn made(shape: (usize, usize, usize)) -> Result<Tensor> {
    let (b, n, t) = shape;
    let values: Vec<f32> = (0..b * n * t).map(|i| (i as f32 * 0.618_034).fract()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// Every loss of the table with its gradient.
fn losses(criterion: &mut Criterion) {
    let prepared = || -> Result<(Var, Target)> {
        let target = Target::new(made(SHAPE)?, &made(SHAPE)?.ones_like()?)?;
        Ok((Var::from_tensor(&made(SHAPE)?)?, target))
    };
    let mut group = criterion.benchmark_group("loss");
    for row in loss::TABLE {
        let backward = |prediction: &Var, target: &Target| {
            loss::mean(&(row.per_neuron)(prediction, target)?, target)?.backward()
        };
        let Ok((prediction, target)) = prepared() else { continue };
        group.bench_function(row.part.name, |bencher| {
            bencher.iter(|| backward(&prediction, &target));
        });
    }
    group.finish();
}

criterion_group!(benches, losses);
criterion_main!(benches);
