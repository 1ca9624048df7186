//! Scores of ranks, single repeats, likelihood and coherence, by hand and against references.
use std::error::Error;
use std::path::Path;

use ndarray::{Array1, Array2, Array4, array, s};
use rand::Rng;
use rand_distr::StandardNormal;
use safetensors::SafeTensors;
use strf::base::rng;

use crate::support::scored::{Clip, NAN, Outcome, assert_near, score};

/// PSTH 2, 4, 6, 1, 2 over two clips; prediction 1, 2, 3, 4, 5.
fn two_clips() -> [Clip; 2] {
    [
        (array![1.0, 2.0, 3.0], array![[1.0, 4.0, 5.0], [3.0, 4.0, 7.0]]),
        (array![4.0, 5.0], array![[0.0, 2.0], [2.0, 2.0]]),
    ]
}

#[test]
fn ranks_share_their_mean_place_where_values_are_equal() -> Outcome {
    // Ranks 0 1 2 3 4 and 1.5 3 4 0 1.5; deviations -2 -1 0 1 2 and -.5 1 2 -2 -.5.
    let want = (1.0 - 1.0 - 2.0 - 1.0) / (10.0_f64 * 9.5).sqrt();
    assert_near("spearman", score("spearman", &two_clips())?, want, 1e-12);
    let bent = two_clips().map(|(p, r)| (p.mapv(|p: f32| p.powi(3) - 40.0), r));
    assert_near("of a bent prediction", score("spearman", &bent)?, want, 1e-12);
    assert!(score("spearman", &[(array![1.0, 1.0], array![[0.0, 2.0]])])?.is_nan());
    assert!(score("spearman", &[(array![1.0, NAN], array![[0.0, 2.0]])])?.is_nan());
    Ok(())
}

#[test]
fn single_repeats_are_correlated_over_the_bins_that_they_have() -> Outcome {
    // Clip 1: deviations of the prediction -1 0 1; repeats 1 4 5 (sum of products 4, of squares
    // 26/3) and 3 4 7. Clip 2: repeat 0 2 rises as the prediction does, 2 2 does not vary.
    let first = 4.0 / (2.0_f64 * 26.0 / 3.0).sqrt();
    let single = (3.0 * first + 2.0 * 1.0) / 5.0;
    assert_near("mean", score("single_trial_cc", &two_clips())?, single, 1e-12);
    let ttrc = 11.0 / 13.0; // of the first clip; the second has no pair
    let corrected = score("cc_norm_trials", &two_clips())?;
    assert_near("corrected", corrected, first / f64::sqrt(ttrc), 1e-12);

    // Bins 0 1 3 for the first repeat, 0 2 for the second.
    let gaps = array![[1.0, 3.0, NAN, 2.0], [5.0, NAN, 1.0, NAN]];
    let prediction = array![1.0, 2.0, 6.0, 3.0];
    let got = score("single_trial_cc", &[(prediction, gaps)])?;
    assert_near("with gaps", got, (0.5 - 1.0) / 2.0, 1e-12);
    Ok(())
}

#[test]
fn the_signal_power_explained_is_that_of_its_definition() -> Outcome {
    // Variances: PSTH 16/4; of PSTH - prediction (1 2 3 -3 -3, mean 0) 32/4; noise 0.6.
    let want = (4.0 - 8.0) / (4.0 - 0.6);
    assert_near("spe", score("spe", &two_clips())?, want, 1e-12);
    let shifted = two_clips().map(|(p, r)| (p + 7.0, r));
    assert_near("of another level", score("spe", &shifted)?, want, 1e-12);
    Ok(())
}

#[test]
fn deviance_and_bits_per_spike_are_those_of_their_definitions() -> Outcome {
    let pairs: [(f64, f64); 5] = [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0), (4.0, 1.0), (5.0, 2.0)];
    let deviance: f64 = pairs.iter().map(|(l, y)| 2.0 * (y * (y / l).ln() - (y - l))).sum();
    assert_near("deviance", score("deviance", &two_clips())?, deviance / 5.0, 1e-12);
    // Mean rates of both are 3: the differences of rates cancel.
    let gain: f64 = pairs.iter().map(|(l, y)| y * (l / 3.0).log2()).sum();
    assert_near("bits", score("bits_per_spike", &two_clips())?, gain / 15.0, 1e-12);

    let silent_bin = [(array![0.5, 2.0], array![[0.0, 2.0]])];
    assert_near("a silent bin", score("deviance", &silent_bin)?, (2.0 * 0.5) / 2.0, 1e-12);
    for (prediction, response) in [(-1.0, 2.0), (1.0, -2.0), (NAN, 2.0)] {
        let clip = [(array![1.0, prediction], array![[0.0, response]])];
        assert!(score("deviance", &clip)?.is_nan() && score("bits_per_spike", &clip)?.is_nan());
    }
    assert!(score("bits_per_spike", &[(array![1.0, 2.0], array![[0.0, 0.0]])])?.is_nan());
    Ok(())
}

fn golden(name: &str) -> Result<Array4<f32>, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/metrics/io.safetensors");
    let bytes = std::fs::read(path)?;
    let file = SafeTensors::deserialize(&bytes)?;
    let view = file.tensor(name)?;
    let values = view.data().chunks_exact(4).map(|b| Ok(f32::from_le_bytes(b.try_into()?)));
    let values = values.collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let mut shape = view.shape().to_vec();
    shape.resize(4, 1);
    Ok(Array4::from_shape_vec((shape[0], shape[1], shape[2], shape[3]), values)?)
}

#[test]
fn the_coherence_of_each_clip_is_that_of_scipy() -> Outcome {
    let (prediction, psth) = (golden("long_prediction")?, golden("long_psth")?);
    let wanted = golden("coherence_long")?;
    for n in 0..3 {
        let of_clip = |clip: usize| {
            let psth = psth.slice(s![clip, n, 0..1, ..]).to_owned();
            score("coherence", &[(prediction.slice(s![clip, n, 0, ..]).to_owned(), psth)])
        };
        let mean = f64::midpoint(of_clip(0)?, of_clip(1)?);
        assert_near(&format!("neuron {n}"), mean, f64::from(wanted[(n, 0, 0, 0)]), 1e-6);
    }
    Ok(())
}

/// White signal of variance 1, six repeats with white noise of variance 3, every fifth bin of a
/// clip missing from three of them where `gaps`; `clips` of 500 bins.
fn noisy(clips: usize, gaps: bool) -> Vec<Clip> {
    let mut rng = rng::generator(7, "noisy clips");
    let mut clip = || {
        let signal: Array1<f32> = (0..500).map(|_| rng.sample::<f32, _>(StandardNormal)).collect();
        let responses = Array2::from_shape_fn((6, 500), |(r, t)| {
            let noise = rng.sample::<f32, _>(StandardNormal);
            let missing = gaps && (t % 5 == 0 && r < 3 || (t % 50) < 4);
            if missing { NAN } else { signal[t] + 3_f32.sqrt() * noise }
        });
        (signal, responses)
    };
    (0..clips).map(|_| clip()).collect()
}

#[test]
fn the_coherence_ceiling_is_the_share_of_signal_in_the_psth() -> Outcome {
    // 1 / (1 + 3/6); 600 segments leave a standard error of about 0.005 to the mean of 129 lines.
    let complete = noisy(200, false);
    assert_near("ceiling", score("coherence_max", &complete)?, 2.0 / 3.0, 0.02);
    assert_near("of the truth", score("coherence", &complete)?, 2.0 / 3.0, 0.02);
    // Four bins of five have six repeats, one has three: mean noise 0.8 · 3/6 + 0.2 · 3/3 = 0.6.
    let gaps = noisy(200, true);
    assert_near("with gaps", score("coherence_max", &gaps)?, 1.0 / 1.6, 0.02);
    assert_near("truth with gaps", score("coherence", &gaps)?, 1.0 / 1.6, 0.02);
    assert!(score("coherence_max", &noisy(1, false)[..1])?.is_finite());
    Ok(())
}

#[test]
fn coherence_takes_two_segments_and_its_ceiling_repeats() -> Outcome {
    let clip = |bins: usize| {
        (
            Array1::from_iter((0..bins).map(|t| (t * t % 7) as f32)),
            Array2::from_shape_fn((1, bins), |(_, t)| (t * t % 5) as f32),
        )
    };
    assert!(score("coherence", &[clip(100)])?.is_nan());
    assert!(score("coherence", &[clip(100), clip(90)])?.is_finite());
    assert!(score("coherence_max", &[clip(100), clip(90)])?.is_nan());
    Ok(())
}
