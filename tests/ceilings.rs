//! Noise ceilings: that they are ceilings of the scores beside them, over the same bins.
use std::error::Error;
use std::slice::from_ref;

use ndarray::{Array1, Array2, Array3, Axis, array, s};
use rand::Rng;
use rand_distr::StandardNormal;
use strf::base::rng;
use strf::scores::evaluation::{Over, Scores, Scoring};
use strf::scores::quality::QualitySurvey;

use crate::support::scored::{Clip, NAN, Outcome, assert_near, score};

/// How clips differ from each other.
#[derive(Clone, Copy)]
struct Differ {
    /// Standard deviation of the mean responses of clips.
    means: f32,
    /// What the signal and its noise are multiplied by, clip by clip.
    gains: &'static [f32],
    /// Repeats, clip by clip.
    repeats: &'static [usize],
    /// Whether repeats from the third on are broken off at different times.
    gaps: bool,
}

const ALIKE: Differ = Differ { means: 0.0, gains: &[1.0], repeats: &[3], gaps: false };

/// Neurons that answer to 20 clips of 200 bins with a signal of variance 1/5 and noise of variance
/// 1, and what a perfect model predicts: the signal.
fn perfect(neurons: usize, differ: Differ, seed: u64) -> Vec<(Array2<f32>, Array3<f32>)> {
    let mut rng = rng::generator(seed, "perfect");
    let mut normal = move || rng.sample::<f32, _>(StandardNormal);
    let clip = |place: usize| {
        let gain = differ.gains[place % differ.gains.len()];
        let repeats = differ.repeats[place % differ.repeats.len()];
        let levels: Vec<f32> = (0..neurons).map(|_| differ.means * normal()).collect();
        let signal = Array2::from_shape_fn((neurons, 200), |(n, _)| {
            gain * (levels[n] + 0.2_f32.sqrt() * normal())
        });
        let responses = Array3::from_shape_fn((neurons, repeats, 200), |(n, r, t)| {
            let noise = gain.sqrt() * normal();
            let broken_off = differ.gaps && r >= 2 && t >= 200 - 40 * (r % 4);
            if broken_off { NAN } else { signal[(n, t)] + noise }
        });
        (signal, responses)
    };
    (0..20).map(clip).collect()
}

fn scored(clips: &[(Array2<f32>, Array3<f32>)], over: Over) -> Result<Scores, Box<dyn Error>> {
    let ids: Vec<String> = (0..clips[0].0.nrows()).map(|n| n.to_string()).collect();
    let mut scoring = Scoring::new(&ids, over);
    for (prediction, responses) in clips {
        scoring.add((prediction.view(), responses.view()))?;
    }
    Ok(scoring.finish())
}

fn mean(scores: &Scores, name: &str) -> f64 {
    scores.summary().iter().find(|summary| summary.score == name).map_or(f64::NAN, |s| s.mean)
}

// ---- a perfect model reaches its ceiling -------------------------------------------------------

#[test]
fn the_ceiling_is_what_a_perfect_model_reaches() -> Outcome {
    // Signal 0.2 over signal and noise in the mean over repeats.
    let known: [(&'static [usize], f64); 3] = [(&[3], 0.612), (&[5], 0.707), (&[4], 0.667)];
    for (repeats, want) in known {
        let differ = Differ { repeats, ..ALIKE };
        let scores = scored(&perfect(100, differ, 1), Over::AllClips)?;
        assert_near("cc", mean(&scores, "cc"), want, 0.005);
        assert_near("cc_max", mean(&scores, "cc_max"), want, 0.005);
        for name in ["cc_norm", "cc_norm_hsu", "spe"] {
            assert_near(name, mean(&scores, name), 1.0, 0.02);
        }
    }
    Ok(())
}

#[test]
fn the_ceiling_holds_for_clips_of_different_means_gains_and_repeats() -> Outcome {
    let gains = &[0.2, 1.0, 2.0, 3.0];
    let repeats = &[2, 3, 5, 8];
    let kinds = [
        ("means", Differ { means: 0.5, ..ALIKE }),
        ("gains", Differ { gains, ..ALIKE }),
        ("repeats", Differ { repeats, ..ALIKE }),
        ("gaps", Differ { repeats, gaps: true, ..ALIKE }),
        ("all", Differ { means: 0.5, gains, repeats: &[8, 2, 3], gaps: true }),
    ];
    for (name, differ) in kinds {
        let scores = scored(&perfect(100, differ, 2), Over::AllClips)?;
        let cc = mean(&scores, "cc");
        assert_near(name, mean(&scores, "cc_max"), cc, 0.01);
        assert_near(name, mean(&scores, "cc_norm"), 1.0, 0.02);
        assert_near(name, mean(&scores, "cc_norm_hsu"), 1.0, 0.02);
    }
    Ok(())
}

#[test]
fn halves_of_the_repeats_give_nearly_the_ceiling_of_each_neuron() -> Outcome {
    let kinds: [&'static [usize]; 7] = [&[2], &[3], &[4], &[5], &[7], &[20], &[2, 3, 5, 8]];
    for repeats in kinds {
        for gaps in [false, true] {
            let scores =
                scored(&perfect(20, Differ { repeats, gaps, ..ALIKE }, 3), Over::AllClips)?;
            let column = |name: &str| scores.column(name).ok_or("no such score");
            let (cc, cc_max, hsu) = (column("cc")?, column("cc_max")?, column("cc_norm_hsu")?);
            let off = |n: usize| cc[n] / hsu[n] - cc_max[n];
            let all = (0..20).map(off).sum::<f64>() / 20.0;
            assert!(all.abs() < 0.01, "{repeats:?}, gaps {gaps}: {all}");
            // With gaps each division takes the bins that both of its halves have.
            let most = if gaps { 0.03 } else { 0.01 };
            assert!((0..20).all(|n| off(n).abs() < most), "{repeats:?}, gaps {gaps}");
        }
    }
    Ok(())
}

#[test]
fn a_correlation_over_its_ceiling_is_the_normalized_correlation() -> Outcome {
    let differ = Differ { means: 0.3, repeats: &[2, 3, 5, 8], ..ALIKE };
    let scores = scored(&perfect(10, differ, 4), Over::AllClips)?;
    let column = |name: &str| scores.column(name).ok_or("no such score");
    let (cc, cc_max, cc_norm) = (column("cc")?, column("cc_max")?, column("cc_norm")?);
    let squared = column("cc_max_squared")?;
    for n in 0..10 {
        assert_near("cc_norm", cc[n] / cc_max[n], cc_norm[n], 1e-12);
        assert_near("squared", cc_max[n].powi(2), squared[n], 1e-12);
    }
    Ok(())
}

// ---- noise -------------------------------------------------------------------------------------

#[test]
fn noise_has_no_ceiling_on_average() -> Outcome {
    let kinds: [&'static [usize]; 3] = [&[3], &[5], &[2, 4]];
    for repeats in kinds {
        let mut clips = perfect(200, Differ { repeats, ..ALIKE }, 5);
        for (signal, responses) in &mut clips {
            let signal = signal.clone().insert_axis(Axis(1));
            *responses -= &signal;
        }
        let scores = scored(&clips, Over::AllClips)?;
        let squared = mean(&scores, "cc_max_squared");
        assert_near(&format!("{repeats:?}"), squared, 0.0, 0.005);
        assert_near("mean", mean(&scores, "cc_max"), squared.max(0.0).sqrt(), 1e-12);
        let below = scores.column("cc_max").ok_or("none")?;
        let zeros = below.iter().filter(|ceiling| **ceiling <= 0.0).count();
        assert!((80..=120).contains(&zeros), "{zeros} of 200 below 0");
        let norm = scores.column("cc_norm").ok_or("none")?;
        let undefined = norm.iter().filter(|score| score.is_nan()).count();
        assert_eq!(undefined, zeros, "no ceiling, nothing normalized");
        // Clip by clip the mean is of the squares. A ratio over the variance of 200 bins falls
        // short by 2 / 197: the mean of one over chi-squared with 199 degrees of freedom.
        let each = scored(&clips, Over::EachClip)?;
        assert_near("each clip", mean(&each, "cc_max_squared"), -2.0 / 197.0, 0.005);
        let root =
            each.column("cc_max_squared").ok_or("none")?.mapv(|squared| squared.max(0.0).sqrt());
        assert_eq!(each.column("cc_max").ok_or("none")?, root);
    }
    Ok(())
}

#[test]
fn qualities_have_the_ceiling_of_the_scores() -> Outcome {
    let clips = perfect(5, Differ { repeats: &[2, 1, 3], gaps: true, ..ALIKE }, 6);
    let mut survey = QualitySurvey::new(5);
    for (_, responses) in &clips {
        survey.add(responses.view());
    }
    let scores = scored(&clips, Over::AllClips)?;
    let squared = scores.column("cc_max_squared").ok_or("none")?;
    for (quality, squared) in survey.finish(5.0).iter().zip(squared) {
        assert_eq!(quality.cc_max_squared.to_bits(), squared.to_bits());
        assert_near("root", quality.cc_max.powi(2), *squared, 1e-12);
    }
    Ok(())
}

// ---- by hand -----------------------------------------------------------------------------------

#[test]
fn three_repeats_are_divided_in_one_and_two_without_leaving_one_out() -> Outcome {
    // Repeats a, b, c; halves a|bc, b|ac, c|ab.
    let responses = array![[1.0, 4.0, 2.0, 5.0], [2.0, 3.0, 1.0, 7.0], [0.0, 4.0, 3.0, 4.0]];
    let prediction = array![1.0, 3.0, 2.0, 6.0];
    let pearson = |x: &[f64], y: &[f64]| {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (p, q) = (mean(x), mean(y));
        let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
            x.iter().zip(y).map(|(x, y)| f(x - p, y - q)).sum()
        };
        sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
    };
    let pairs = [
        ([1.0, 4.0, 2.0, 5.0], [1.0, 3.5, 2.0, 5.5]),
        ([2.0, 3.0, 1.0, 7.0], [0.5, 4.0, 2.5, 4.5]),
        ([0.0, 4.0, 3.0, 4.0], [1.5, 3.5, 1.5, 6.0]),
    ];
    let rho = pairs.iter().map(|(x, y)| pearson(x, y)).sum::<f64>() / 3.0;
    // One repeat has 3 times the noise of the mean over three, two have 3/2 of it.
    let squared = 1.0 / (1.0 + root_of(3.0, 1.5, rho));
    let psth = [1.0, 11.0 / 3.0, 2.0, 16.0 / 3.0];
    let cc = pearson(&[1.0, 3.0, 2.0, 6.0], &psth);
    let got = score("cc_norm_hsu", &[(prediction, responses)])?;
    assert_near("cc_norm_hsu", got, cc / squared.sqrt(), 1e-6);
    Ok(())
}

/// The `x` above 0 at which `(1 + ax)(1 + bx) = 1 / rho²`, by halving.
fn root_of(a: f64, b: f64, rho: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        let above = (1.0 + a * middle) * (1.0 + b * middle) > rho.powi(-2);
        if above { high = middle } else { low = middle }
    }
    low
}

#[test]
fn halves_with_gaps_are_compared_where_both_have_a_repeat() -> Outcome {
    // The bin that the second repeat lacks enters the correlation but neither ceiling.
    let gaps = (array![1.0, 2.0, 9.0, 4.0], array![[1.0, 3.0, 8.0, 4.0], [2.0, 2.0, NAN, 6.0]]);
    let whole = (array![1.0, 2.0, 4.0], array![[1.0, 3.0, 4.0], [2.0, 2.0, 6.0]]);
    let names = [
        "cc_norm",
        "cc_norm_hsu",
        "cc_norm_hsu_perclip",
        "cc_norm_perclip",
        "cc_norm_trials",
        "cc_max",
        "cc_max_squared",
        "spe",
    ];
    for name in names {
        let [got, want] = [score(name, from_ref(&gaps))?, score(name, from_ref(&whole))?];
        assert!(want.is_finite(), "{name}");
        assert_near(name, got, want, 1e-12);
    }
    Ok(())
}

// ---- the same bins -----------------------------------------------------------------------------

#[test]
fn what_is_normalized_takes_only_bins_that_say_something_of_noise() -> Outcome {
    // A clip with repeats, and one with a single one, predicted far worse.
    let mut rng = rng::generator(8, "some repeat");
    let mut normal = || rng.sample::<f32, _>(StandardNormal);
    let signal: Array1<f32> = (0..600).map(|_| normal()).collect();
    let noisy = |repeats: usize, normal: &mut dyn FnMut() -> f32| {
        Array2::from_shape_fn((repeats, 600), |(_, t)| signal[t] + 2.0 * normal())
    };
    let repeated = (signal.mapv(|s| s + 0.5 * normal()), noisy(10, &mut normal));
    let single = (signal.mapv(|s| s * 0.2 + normal()), noisy(1, &mut normal));
    let names = [
        "cc_norm",
        "cc_norm_hsu",
        "cc_norm_hsu_perclip",
        "cc_norm_perclip",
        "cc_norm_trials",
        "cc_max",
        "cc_max_squared",
        "cc_max_perclip",
        "spe",
        "snr",
        "signal_power",
        "noise_power",
        "ttrc",
        "coherence_max",
    ];
    for name in names {
        let alone = score(name, from_ref(&repeated))?;
        for both in [[&repeated, &single], [&single, &repeated]] {
            let got = score(name, &both.map(Clone::clone))?;
            assert_near(name, got, alone, 1e-12 * alone.abs());
        }
    }
    for name in ["cc", "single_trial_cc", "spearman", "mse", "coherence"] {
        let alone = score(name, from_ref(&repeated))?;
        let both = score(name, &[repeated.clone(), single.clone()])?;
        assert!((both - alone).abs() > 0.01, "{name}: {both}, {alone}");
    }
    let hsu = score("cc_norm_hsu", &[repeated.clone(), single.clone()])?;
    let norm = score("cc_norm", &[repeated, single])?;
    assert_near("hsu", hsu, norm, 0.005);
    Ok(())
}

#[test]
fn a_summary_counts_the_clips_that_enter_each_score() -> Outcome {
    let differ = Differ { repeats: &[3, 1, 1, 1], ..ALIKE };
    let scores = scored(&perfect(3, differ, 9), Over::AllClips)?;
    let clips = |name: &str| {
        let summary = scores.summary();
        summary.iter().find(|summary| summary.score == name).map(|summary| summary.clips)
    };
    assert_eq!((clips("cc"), clips("mse")), (Some((20, 20)), Some((20, 20))));
    for name in ["cc_norm", "cc_max", "cc_norm_hsu", "snr", "ttrc", "coherence_max"] {
        assert_eq!(clips(name), Some((5, 5)), "{name}");
    }
    Ok(())
}

#[test]
fn the_order_of_clips_changes_no_ceiling() -> Outcome {
    let differ = Differ { repeats: &[2, 3, 12, 8, 7], gaps: false, ..ALIKE };
    let clips = perfect(1, differ, 10);
    let of = |clips: Vec<&(Array2<f32>, Array3<f32>)>| -> Vec<Clip> {
        let clip = |(p, r): &(Array2<f32>, Array3<f32>)| {
            (p.row(0).to_owned(), r.slice(s![0, .., ..]).to_owned())
        };
        clips.into_iter().map(clip).collect()
    };
    let (forward, backward) = (of(clips.iter().collect()), of(clips.iter().rev().collect()));
    for name in ["cc_norm_hsu", "cc_max", "cc_norm", "cc_max_perclip"] {
        assert_near(name, score(name, &forward)?, score(name, &backward)?, 1e-12);
    }
    Ok(())
}
