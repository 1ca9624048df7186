//! Intervals and p-values against known truths, with fixed seeds.
use std::error::Error;

use ndarray::{Array2, Array3, Axis, s};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use strf::base::rng;
use strf::scores::evaluation::{Over, Scores, Scoring};
use strf::scores::uncertainty::Resampling;
use strf::stats::moments::median;

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

/// A line that is taken from each clip leaves both series closer to 0 at its ends than elsewhere,
/// which is all that makes p not quite uniform: by two hundredths at most.
fn assert_nearly_uniform(what: &str, p: &[f64]) {
    let count = p.len() as f64;
    for at in [0.05_f64, 0.1, 0.25, 0.5, 0.75] {
        let share = p.iter().filter(|p| **p <= at).count() as f64 / count;
        let error = (at * (1.0 - at) / count).sqrt();
        assert!((share - at).abs() < 3.0 * error + 0.02, "{what}: {share} of p up to {at}");
    }
}

#[test]
fn p_values_are_nearly_uniform_where_there_is_nothing_to_find() -> Outcome {
    let resampling = Resampling { permutations: 199, ..Resampling::default() };
    for (clips, bins) in [(6, 320), (7, 60), (1, 400)] {
        let scores = scored(&unrelated(clips, bins, 3), &resampling)?;
        assert_eq!(scores.uncertainty.summary["permutations"]["circular_shifts"], 400);
        assert_nearly_uniform(&format!("{clips} clips"), column(&scores, "p"));
        let found = column(&scores, "q").iter().filter(|q| **q < 0.05).count();
        assert!(found <= 4, "{clips} clips: {found} false discoveries");
    }
    Ok(())
}

/// A made-up series of so many bins.
type Series = fn(usize, &mut ChaCha8Rng) -> Vec<f32>;

fn white(bins: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..bins).map(|_| normal(rng)).collect()
}

/// Each bin depends on the one before it so that noise lasts for `bins` bins; begun long before.
fn lasting<const LAST: u16>(bins: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let keep = (-1.0 / f32::from(LAST)).exp();
    let mut level = normal(rng) / (1.0 - keep * keep).sqrt();
    let mut step = |_| {
        level = keep * level + normal(rng);
        level
    };
    (0..bins).map(&mut step).collect()
}

fn walk(bins: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let steps = white(bins, rng);
    steps
        .iter()
        .scan(0.0, |level, step| {
            *level += step;
            Some(*level)
        })
        .collect()
}

/// A trend of any slope with noise.
fn trend(bins: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let slope = 5.0 * normal(rng) / bins as f32;
    white(bins, rng).iter().enumerate().map(|(t, noise)| slope * t as f32 + noise).collect()
}

/// Both drift upward: by 3 standard deviations of their noise.
fn upward(bins: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let slope = 3.0 / bins as f32;
    white(bins, rng).iter().enumerate().map(|(t, noise)| slope * t as f32 + noise).collect()
}

/// Predictions and responses of 400 neurons, made in the same way and unrelated.
fn made(series: Series, lengths: &[usize], seed: u64) -> Vec<Clip> {
    let mut rng = rng::generator(seed, "made for nothing");
    let mut rows = |bins: usize| {
        let rows = (0..400).flat_map(|_| series(bins, &mut rng)).collect();
        Array2::from_shape_vec((400, bins), rows).unwrap()
    };
    lengths.iter().map(|bins| (rows(*bins), rows(*bins).insert_axis(Axis(1)))).collect()
}

#[test]
fn noise_of_any_course_is_beyond_chance_as_often_as_it_may_be() -> Outcome {
    let series: [(&str, Series); 6] = [
        ("white", white),
        ("lasting 50 bins", lasting::<50>),
        ("lasting 500 bins", lasting::<500>),
        ("a walk", walk),
        ("a trend", trend),
        ("upward", upward),
    ];
    let lengths: [&[usize]; 3] = [&[3000], &[500; 6], &[120, 700, 333, 1500, 57]];
    let resampling = Resampling { permutations: 199, ..Resampling::default() };
    for (place, (name, series)) in series.into_iter().enumerate() {
        for lengths in lengths {
            let scores = scored(&made(series, lengths, place as u64), &resampling)?;
            let p = column(&scores, "p");
            let share = p.iter().filter(|p| **p <= 0.05).count() as f64 / p.len() as f64;
            assert!((0.02..=0.08).contains(&share), "{name}, {lengths:?}: {share}");
        }
    }
    Ok(())
}

/// One clip of `bins` bins: smooth rates, and responses with so much noise for each of them.
fn driven(neurons: usize, bins: usize, noise: f32) -> Vec<Clip> {
    let mut rng = rng::generator(16, "driven");
    let rate = smooth(neurons, bins, &mut rng);
    let responses = rate.mapv(|rate| rate + noise * 10_f32.sqrt() * normal(&mut rng));
    vec![(rate, responses.insert_axis(Axis(1)))]
}

#[test]
fn driven_neurons_are_found_in_one_clip_of_thirty_seconds() -> Outcome {
    // Bins of 10 ms. A correlation of 1 / sqrt(1 + 1.98²) = 0.45.
    let clips = driven(50, 3000, 1.98);
    let scores = scored(&clips, &Resampling { permutations: 1000, ..Resampling::default() })?;
    let cc = scores.column("cc").unwrap().mean().unwrap();
    assert!((cc - 0.45).abs() < 0.01, "{cc}");
    assert!(median(column(&scores, "p")) <= 0.005);
    let found = column(&scores, "q").iter().filter(|q| **q < 0.05).count();
    assert!(found >= 48, "{found} of 50");
    Ok(())
}

#[test]
fn what_follows_the_responses_is_beyond_chance() -> Outcome {
    let clips = recorded(&signals(6, 5, 300, 4), 5);
    let resampling = Resampling { permutations: 99, ..Resampling::default() };
    let scores = scored(&clips, &resampling)?;
    // No drawn arrangement is the recorded one: p is the smallest that there is.
    for (p, q) in column(&scores, "p").iter().zip(column(&scores, "q")) {
        assert!((p - 0.01).abs() < 1e-12 && (q - 0.01).abs() < 1e-12, "{p} {q}");
    }
    Ok(())
}

#[test]
fn few_arrangements_are_all_gone_through() -> Outcome {
    let clip = |y: Vec<f32>| {
        let bins = y.len();
        (
            Array2::from_shape_vec((1, bins), y.clone()).unwrap(),
            Array3::from_shape_vec((1, 1, bins), y).unwrap(),
        )
    };
    // Zeros at both ends, so that no line is taken away; one shift in 25 brings the peak back.
    let peak = clip((0..25).map(|t| if t == 9 { 1.0 } else { 0.0 }).collect());
    let resampling = Resampling { permutations: 24, ..Resampling::default() };
    let scores = scored(&[peak], &resampling)?;
    assert!((column(&scores, "p")[0] - 1.0 / 25.0).abs() < 1e-12);
    assert_eq!(scores.uncertainty.summary["permutations"]["enumerated"], 1);
    // Five shifts in 25 bring five peaks back onto each other.
    let peaks = clip((0..25).map(|t| if t % 5 == 2 { 1.0 } else { 0.0 }).collect());
    let scores = scored(std::slice::from_ref(&peaks), &resampling)?;
    assert!((column(&scores, "p")[0] - 5.0 / 25.0).abs() < 1e-12);
    // Fewer permutations than shifts: 23 of the 24 that move something, the recorded one counted.
    let resampling = Resampling { permutations: 23, ..Resampling::default() };
    let scores = scored(&[peaks], &resampling)?;
    let reached = column(&scores, "p")[0] * 24.0;
    assert!((reached - 4.0).abs() < 1e-9 || (reached - 5.0).abs() < 1e-9, "{reached}");
    assert_eq!(scores.uncertainty.summary["permutations"]["enumerated"], 0);
    Ok(())
}

#[test]
fn responses_that_can_be_shifted_in_few_ways_have_no_p_values() -> Outcome {
    // Two clips of four bins: 16 arrangements, so that no p could be 0.05.
    let clips = recorded(&signals(2, 4, 4, 6), 7);
    let resampling = Resampling { permutations: 99, ..Resampling::default() };
    let uncertainty = scored(&clips, &resampling)?.uncertainty;
    assert!(uncertainty.impossible);
    assert!(uncertainty.columns.iter().all(|(_, column)| column.iter().all(|p| p.is_nan())));
    assert_eq!(
        uncertainty.notes,
        ["4 of 4 neurons have no p: their responses can be shifted in fewer than 20 ways"]
    );
    Ok(())
}

#[test]
fn intervals_over_few_clips_are_warned_of() -> Outcome {
    let resampling = Resampling { bootstrap: 50, ..Resampling::default() };
    let few = scored(&recorded(&signals(5, 3, 100, 14), 15), &resampling)?.uncertainty;
    let warning = "the intervals of 3 of 3 neurons are over 5 clips, fewer than 10, and too \
                   narrow: over 3 clips a 95 % interval holds the truth 71 times in 100, over 5 \
                   clips 84 times; take more stimuli";
    assert_eq!(few.warnings, [warning]);
    assert_eq!(few.summary["bootstrap"]["warning"], warning);
    assert_eq!(few.summary["bootstrap"]["neurons_with_few_clips"], 3);
    let enough = scored(&recorded(&signals(10, 3, 100, 14), 15), &resampling)?.uncertainty;
    assert!(enough.warnings.is_empty() && enough.summary["bootstrap"]["warning"].is_null());
    // Ten clips of which four have repeats: the interval of cc_norm is over four.
    let mut some = recorded(&signals(10, 3, 100, 14), 15);
    for (_, responses) in &mut some[4..] {
        responses.slice_mut(s![.., 1.., ..]).fill(f32::NAN);
    }
    let some = scored(&some, &resampling)?;
    assert!(column(&some, "cc_norm_low").iter().all(|low| low.is_finite()));
    assert!(some.uncertainty.warnings[0].contains(" 4 clips"), "{:?}", some.uncertainty.warnings);
    Ok(())
}

#[test]
fn constant_predictions_and_silent_neurons_have_no_intervals_and_no_p_values() -> Outcome {
    let mut clips = recorded(&signals(5, 3, 300, 8), 9);
    for (prediction, responses) in &mut clips {
        prediction.row_mut(0).fill(2.0);
        responses.index_axis_mut(Axis(0), 1).fill(0.0);
    }
    let resampling = Resampling { bootstrap: 99, permutations: 99, seed: 0 };
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
        let resampling = Resampling { bootstrap: 50, permutations: 50, seed };
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
