//! How long all scores of a large recording take: 800 neurons, 600 clips of 100 bins, 20 repeats,
//! in memory (3.8 GB).
//!
//! `cargo bench --bench scores`; `CLIPS=60 cargo bench --bench scores` for a tenth of it.
#![expect(clippy::expect_used, reason = "a bench stops where it cannot go on")]
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Array3};
use rand::RngCore;
use strf::base::rng;
use strf::scores::evaluation::{Over, Scoring};
use strf::scores::quality::QualitySurvey;

const NEURONS: usize = 800;
const REPEATS: usize = 20;
const BINS: usize = 100;

/// A prediction and counts that follow it.
fn clip(index: usize) -> (Array2<f32>, Array3<f32>) {
    let mut rng = rng::generator(index as u64, "clip");
    let prediction = Array2::from_shape_fn((NEURONS, BINS), |(n, t)| {
        1.0 + ((n + index) as f32 * 0.3 + t as f32 * 0.2).sin()
    });
    let responses = Array3::from_shape_fn((NEURONS, REPEATS, BINS), |(n, _, t)| {
        let uniform = (rng.next_u32() >> 8) as f32 / 16_777_216.0;
        (prediction[(n, t)] * 1.5 * uniform).round()
    });
    (prediction, responses)
}

fn scores(criterion: &mut Criterion) {
    let clips = std::env::var("CLIPS").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    let clips: Vec<(Array2<f32>, Array3<f32>)> = (0..clips).map(clip).collect();
    let ids: Vec<String> = (0..NEURONS).map(|n| n.to_string()).collect();
    let mut group = criterion.benchmark_group(format!("{} clips", clips.len()));
    group.sample_size(10);
    group.bench_function("all scores", |bencher| {
        bencher.iter(|| {
            let mut scoring = Scoring::new(&ids, Over::AllClips);
            let views: Vec<_> = clips.iter().map(|(p, y)| (p.view(), y.view())).collect();
            scoring.add_all(&views).expect("clips that fit");
            black_box(scoring.finish())
        });
    });
    group.bench_function("how good the recording is", |bencher| {
        bencher.iter(|| {
            let mut survey = QualitySurvey::new(NEURONS);
            for (_, responses) in &clips {
                survey.add(responses.view());
            }
            black_box(survey.finish(5.0))
        });
    });
}

criterion_group!(benches, scores);
criterion_main!(benches);
