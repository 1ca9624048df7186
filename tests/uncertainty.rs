//! Intervals and p-values against known truths, with fixed seeds.
use std::error::Error;

use ndarray::{Array2, Array3, Axis, s};
use rand::Rng;
use rand_distr::StandardNormal;
use strf::base::rng;
use strf::scores::evaluation::{Over, Scores, Scoring};
use strf::scores::uncertainty::Resampling;

type Outcome = Result<(), Box<dyn Error>>;
type Clip = (Array2<f32>, Array3<f32>);

fn scored(clips: &[Clip], resampling: &Resampling) -> Result<Scores, Box<dyn Error>> {
    let ids: Vec<String> = (0..clips[0].0.nrows()).map(|n| format!("cell {n}")).collect();
    let mut scoring = Scoring::new(&ids, Over::AllClips);
    for (prediction, responses) in clips {
        scoring.add((prediction.view(), responses.view()))?;
    }
    Ok(scoring.finish_with(resampling))
}

fn column<'a>(scores: &'a Scores, name: &str) -> &'a [f64] {
    let columns = &scores.uncertainty.columns;
    columns.iter().find(|(known, _)| *known == name).map(|(_, column)| column.as_slice()).unwrap()
}

fn normal(rng: &mut impl Rng) -> f32 {
    rng.sample(StandardNormal)
}

/// `(N, T)` for each clip: white, with a level of its own for each clip of variance 1/4.
fn signals(clips: usize, neurons: usize, bins: usize, seed: u64) -> Vec<Array2<f32>> {
    let mut rng = rng::generator(seed, "signals");
    let mut clip = || {
        let mut signal = Array2::from_shape_simple_fn((neurons, bins), || normal(&mut rng));
        for mut row in signal.rows_mut() {
            row += 0.5 * normal(&mut rng);
        }
        signal
    };
    (0..clips).map(|_| clip()).collect()
}

/// Predictions with an error of variance 1, four repeats with noise of variance 2.
fn recorded(signals: &[Array2<f32>], seed: u64) -> Vec<Clip> {
    let mut rng = rng::generator(seed, "noise");
    let mut clip = |signal: &Array2<f32>| {
        let (neurons, bins) = signal.dim();
        let prediction = signal.mapv(|s| s + normal(&mut rng));
        let responses = Array3::from_shape_fn((neurons, 4, bins), |(n, _, t)| {
            signal[(n, t)] + std::f32::consts::SQRT_2 * normal(&mut rng)
        });
        (prediction, responses)
    };
    signals.iter().map(&mut clip).collect()
}

#[test]
fn intervals_over_thirty_clips_hold_the_truth_as_often_as_they_say() -> Outcome {
    const NEURONS: usize = 500;
    let clips = recorded(&signals(30, NEURONS, 40, 1), 2);
    let scores = scored(&clips, &Resampling { bootstrap: 500, ..Resampling::default() })?;
    // Variances: signal 1.25, prediction 2.25, PSTH 1.25 + 2/4.
    let truths = [
        ("cc_low", "cc_high", 1.25 / (2.25_f64 * 1.75).sqrt()),
        ("cc_norm_low", "cc_norm_high", 1.25 / (2.25_f64 * 1.25).sqrt()),
    ];
    for (low, high, truth) in truths {
        let ends = column(&scores, low).iter().zip(column(&scores, high));
        let holding = ends.filter(|(low, high)| **low <= truth && truth <= **high).count();
        let coverage = holding as f64 / NEURONS as f64;
        assert!((0.90..=0.98).contains(&coverage), "{low}: {coverage}");
    }
    Ok(())
}

/// Smooth noise `(N, T)`, as predictions and rates are.
fn smooth(neurons: usize, bins: usize, rng: &mut impl Rng) -> Array2<f32> {
    let white = Array2::from_shape_simple_fn((neurons, bins + 9), || normal(rng));
    Array2::from_shape_fn((neurons, bins), |(n, t)| white.slice(s![n, t..t + 10]).sum())
}

/// Predictions that have nothing to do with the responses, some of them missing.
fn unrelated(clips: usize, bins: usize, seed: u64) -> Vec<Clip> {
    let mut rng = rng::generator(seed, "unrelated");
    let mut clip = |_| {
        let prediction = smooth(400, bins, &mut rng);
        let mut responses = smooth(400, bins, &mut rng).insert_axis(Axis(1));
        responses.slice_mut(s![..200, .., ..5]).fill(f32::NAN);
        responses.slice_mut(s![..100, .., 20..24]).fill(f32::NAN);
        (prediction, responses)
    };
    (0..clips).map(&mut clip).collect()
}

fn assert_uniform(p: &[f64]) {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = p.len() as f64;
    let farthest = |(i, p): (usize, &f64)| (p - (i as f64 + 0.5) / count).abs();
    let distance = sorted.iter().enumerate().map(farthest).fold(0.0, f64::max);
    // Kolmogorov's distance at 1 %.
    assert!(distance < 1.63 / count.sqrt(), "{distance}");
    let mean = p.iter().sum::<f64>() / count;
    assert!((mean - 0.5).abs() < 3.0 * 0.289 / count.sqrt(), "{mean}");
}

#[test]
fn p_values_are_uniform_where_there_is_nothing_to_find() -> Outcome {
    let resampling = Resampling { permutations: 199, dt_ms: 10.0, ..Resampling::default() };
    for (clips, bins, null) in [(6, 320, "circular_shifts"), (7, 60, "exchanged_clips")] {
        let scores = scored(&unrelated(clips, bins, 3), &resampling)?;
        assert_eq!(scores.uncertainty.summary["permutations"][null], 400, "{null}");
        assert_uniform(column(&scores, "p"));
        let found = column(&scores, "q").iter().filter(|q| **q < 0.05).count();
        assert!(found <= 4, "{null}: {found} false discoveries");
    }
    Ok(())
}

#[test]
fn what_follows_the_responses_is_beyond_chance() -> Outcome {
    let clips = recorded(&signals(6, 5, 300, 4), 5);
    let resampling = Resampling { permutations: 99, dt_ms: 10.0, ..Resampling::default() };
    let scores = scored(&clips, &resampling)?;
    // Three shifts of each of six clips: 729 arrangements, one of them that of the recording.
    for (p, q) in column(&scores, "p").iter().zip(column(&scores, "q")) {
        assert!(*p <= 0.02 && *p >= 0.01 - 1e-12 && *q <= 0.02, "{p} {q}");
    }
    Ok(())
}

#[test]
fn clips_too_short_to_shift_and_too_few_to_exchange_have_no_p_values() -> Outcome {
    let clips = recorded(&signals(3, 4, 50, 6), 7);
    let resampling = Resampling { permutations: 99, dt_ms: 10.0, ..Resampling::default() };
    let uncertainty = scored(&clips, &resampling)?.uncertainty;
    assert!(uncertainty.impossible);
    assert!(uncertainty.columns.iter().all(|(_, column)| column.iter().all(|p| p.is_nan())));
    assert!(uncertainty.notes[1].contains("4 of 4 neurons have no p"), "{:?}", uncertainty.notes);
    Ok(())
}

#[test]
fn constant_predictions_and_silent_neurons_have_no_intervals_and_no_p_values() -> Outcome {
    let mut clips = recorded(&signals(5, 3, 300, 8), 9);
    for (prediction, responses) in &mut clips {
        prediction.row_mut(0).fill(2.0);
        responses.index_axis_mut(Axis(0), 1).fill(0.0);
    }
    let resampling = Resampling { bootstrap: 99, permutations: 99, seed: 0, dt_ms: 10.0 };
    let scores = scored(&clips, &resampling)?;
    for (name, column) in &scores.uncertainty.columns {
        assert!(column[0].is_nan() && column[1].is_nan(), "{name}: {column:?}");
        assert!(column[2].is_finite(), "{name}: {column:?}");
    }
    assert_eq!(
        scores.csv()?.lines().next().map(
            |line| line.ends_with(",coherence_max,cc_low,cc_high,cc_norm_low,cc_norm_high,p,q")
        ),
        Some(true)
    );
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() -> Outcome {
    let clips = recorded(&signals(5, 7, 300, 10), 11);
    let on = |threads: usize, seed: u64| -> Result<String, Box<dyn Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let resampling = Resampling { bootstrap: 50, permutations: 50, seed, dt_ms: 10.0 };
        let scores = pool.install(|| scored(&clips, &resampling).map_err(|e| e.to_string()))?;
        Ok(scores.csv()?)
    };
    assert_eq!(on(1, 0)?, on(3, 0)?);
    assert_ne!(on(1, 0)?, on(1, 1)?);
    Ok(())
}

#[test]
fn scores_of_single_clips_are_averaged_over_those_that_have_them() -> Outcome {
    let mut clips = recorded(&signals(3, 2, 40, 12), 13);
    clips[1].1.slice_mut(s![1, .., ..]).fill(f32::NAN);
    let ids = ["a".to_owned(), "b".to_owned()];
    let over = |clips: &[Clip], over: Over| -> Result<Scores, Box<dyn Error>> {
        let mut scoring = Scoring::new(&ids, over);
        for (prediction, responses) in clips {
            scoring.add((prediction.view(), responses.view()))?;
        }
        Ok(scoring.finish())
    };
    let each = over(&clips, Over::EachClip)?;
    let alone: Vec<f64> = (0..3)
        .map(|clip| Ok(over(&clips[clip..=clip], Over::AllClips)?.values[(0, 0)]))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let mean = alone.iter().sum::<f64>() / 3.0;
    assert!((each.values[(0, 0)] - mean).abs() < 1e-12);
    assert_eq!((each.clips[(0, 0)], each.clips[(1, 0)]), (3, 2));
    assert_eq!((each.bins[0], each.bins[1]), (120, 80));
    assert_eq!(each.summary()[0].clips, (2, 3));
    let all = over(&clips, Over::AllClips)?;
    assert!((all.values[(0, 0)] - mean).abs() > 1e-3, "levels differ between clips");
    assert_eq!(all.summary()[0].clips, (2, 3));
    Ok(())
}
