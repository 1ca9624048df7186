//! Scores against the reference, against hand computation, and against a known truth.
use std::error::Error;
use std::path::Path;

use ndarray::{Array1, Array2, Array3, Array4, ArrayView1, ArrayView2, ArrayView3, Axis, array, s};
use rand::Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};
use safetensors::SafeTensors;
use serde_json::{Map, Value};
use strf::base::rng;
use strf::scores::evaluation::{Over, ScoredClip, Scores, Scoring, score};
use strf::scores::powers::signal_and_noise_power;
use strf::scores::{self, Ceiling, Comparison};

type Outcome = Result<(), Box<dyn Error>>;
const NAN: f32 = f32::NAN;

// ---- helpers -----------------------------------------------------------------------------------

/// All scores of one neuron by name.
struct Row(Vec<(&'static str, f64)>);

impl Row {
    fn get(&self, name: &str) -> f64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(f64::INFINITY, |(_, value)| *value)
    }
}

fn scores_of(clips: &[(Array1<f32>, Array2<f32>)]) -> strf::base::error::Result<Row> {
    let predictions: Vec<ArrayView1<f32>> = clips.iter().map(|(p, _)| p.view()).collect();
    let responses: Vec<ArrayView2<f32>> = clips.iter().map(|(_, r)| r.view()).collect();
    let comparison = Comparison::new(&predictions, &responses)?;
    Ok(Row(scores::TABLE.iter().map(|m| (m.part.name, (m.compute)(&comparison))).collect()))
}

/// NaN equals NaN; numbers are compared relative to the wanted one.
fn assert_close(what: &str, got: f64, want: f64, relative: f64) {
    let near = (got - want).abs() <= relative * want.abs();
    assert!(near || (got.is_nan() && want.is_nan()), "{what}: got {got}, want {want}");
}

fn assert_scores(row: &Row, wanted: &[(&str, f64)]) {
    for (name, want) in wanted {
        assert_close(name, row.get(name), *want, 1e-12);
    }
}

fn assert_undefined(row: &Row, names: &[&str]) {
    for name in names {
        assert!(row.get(name).is_nan(), "{name}: got {}, want NaN", row.get(name));
    }
}

const OF_REPEATS: [&str; 13] = [
    "cc_norm",
    "cc_norm_perclip",
    "cc_norm_hsu",
    "cc_norm_hsu_perclip",
    "cc_max",
    "cc_max_squared",
    "cc_max_perclip",
    "cc_norm_trials",
    "spe",
    "signal_power",
    "noise_power",
    "snr",
    "ttrc",
];

struct Golden(Vec<u8>);

impl Golden {
    fn open() -> Result<Self, Box<dyn Error>> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/metrics/io.safetensors");
        Ok(Self(std::fs::read(path)?))
    }

    fn tensor(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), Box<dyn Error>> {
        let file = SafeTensors::deserialize(&self.0)?;
        let view = file.tensor(name)?;
        let bytes = view.data().chunks_exact(4);
        let values = bytes.map(|b| Ok(f32::from_le_bytes(b.try_into()?)));
        Ok((view.shape().to_vec(), values.collect::<Result<_, Box<dyn Error>>>()?))
    }

    fn array4(&self, name: &str) -> Result<Array4<f32>, Box<dyn Error>> {
        let (shape, values) = self.tensor(name)?;
        Ok(Array4::from_shape_vec((shape[0], shape[1], shape[2], shape[3]), values)?)
    }
}

/// Predictions `(N, T)` and responses `(N, R, T)` of clips with gaps, unequal repeats and lengths.
fn made_up(seed: u64) -> Vec<(Array2<f32>, Array3<f32>)> {
    let mut rng = rng::generator(seed, "made up clips");
    let mut clip = |repeats: usize, bins: usize| {
        let rate = Array2::from_shape_fn((6, bins), |(n, t)| {
            1.5 + (t as f32 * 0.3 + n as f32).sin() + 0.3 * (t as f32 * 0.11).cos()
        });
        let responses = Array3::from_shape_fn((6, repeats, bins), |(n, _, t)| {
            let noise: f32 = rng.sample(StandardNormal);
            if rng.random_bool(0.2) { NAN } else { rate[(n, t)] + noise }
        });
        let prediction = rate.mapv(|r| r + 0.5 * rng.sample::<f32, _>(StandardNormal));
        (prediction, responses)
    };
    let mut clips = vec![clip(5, 70), clip(3, 90), clip(4, 50)];
    clips[0].1.slice_mut(s![2, .., ..]).fill(NAN);
    clips[1].1.slice_mut(s![.., .., 80..]).fill(NAN);
    clips[2].1.slice_mut(s![4, 1.., ..]).fill(NAN);
    clips
}

fn views(clips: &[(Array2<f32>, Array3<f32>)]) -> Vec<ScoredClip<'_>> {
    clips.iter().map(|(p, r)| (p.view(), r.view())).collect()
}

fn ids(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("cell, {i}")).collect()
}

// ---- against the reference ---------------------------------------------------------------------

#[test]
fn every_score_matches_the_reference() -> Outcome {
    let golden = Golden::open()?;
    let (predictions, responses) = (golden.array4("prediction")?, golden.array4("responses")?);
    let clips: Vec<ScoredClip> = predictions
        .outer_iter()
        .zip(responses.outer_iter())
        .map(|(p, r)| (p.index_axis_move(Axis(1), 0), r))
        .collect();
    let scores = score(&ids(6), &clips)?;

    let names = [
        ("corrcoef", "cc"),
        ("ccnorm_schoppe", "cc_norm_perclip"),
        ("ccnorm_hsu", "cc_norm_hsu_perclip"),
        ("ccmax", "cc_max_perclip"),
        ("signal_power", "signal_power"),
        ("noise_power", "noise_power"),
        ("snr", "snr"),
        ("fve", "fve"),
        ("mse", "mse"),
        ("poisson", "poisson"),
    ];
    for (theirs, ours) in names {
        let got = scores.column(ours).ok_or(ours)?;
        compare(theirs, got, &golden.tensor(theirs)?.1);
    }

    let first = score(&ids(6), &clips[..1])?;
    for (theirs, ours) in [("ttrc_stimulus0", "ttrc"), ("ccmax_stimulus0", "cc_max_perclip")] {
        let got = first.column(ours).ok_or(ours)?;
        compare(theirs, got, &golden.tensor(theirs)?.1);
    }
    Ok(())
}

/// Neuron 4 has a single repeat and neuron 5 is silent: the reference makes numbers of three
/// scores there that have none.
fn compare(name: &str, got: ArrayView1<f64>, want: &[f32]) {
    let undefined = [("ttrc_stimulus0", 4), ("ccmax_stimulus0", 4), ("snr", 5)];
    for (n, want) in want.iter().enumerate() {
        let want = if undefined.contains(&(name, n)) {
            assert!(!want.is_nan(), "{name} of neuron {n} is an exception no more");
            f64::NAN
        } else {
            f64::from(*want)
        };
        assert_close(&format!("{name} of neuron {n}"), got[n], want, 1e-4);
    }
}

// ---- by hand -----------------------------------------------------------------------------------

/// PSTH 2, 4, 6, 1, 2 (mean 3) over two clips; prediction 1, 2, 3, 4, 5 (mean 3).
fn two_clips() -> [(Array1<f32>, Array2<f32>); 2] {
    [
        (array![1.0, 2.0, 3.0], array![[1.0, 4.0, 5.0], [3.0, 4.0, 7.0]]),
        (array![4.0, 5.0], array![[0.0, 2.0], [2.0, 2.0]]),
    ]
}

#[test]
fn scores_of_two_small_clips_are_those_worked_out_by_hand() -> Outcome {
    let row = scores_of(&two_clips())?;
    // Deviations: prediction -2 -1 0 1 2, PSTH -1 1 3 -2 -1: products sum to -3, squares to 10, 16.
    // Variances over two repeats: 2 0 2 2 0, so those of their mean are 1 0 1 1 0, mean 0.6.
    let signal: f64 = 16.0 / 4.0 - 0.6;
    // Clip 1: repeats 1 4 5 and 3 4 7: covariance ((-7/3)(-5/3) + (2/3)(-2/3) + (5/3)(7/3)) / 2,
    // variances 13/3 and 13/3. Clip 2: repeats 0 2 and 2 2: covariance 0, variances 2 and 0.
    let shared = (35.0 - 4.0 + 35.0) / 9.0 / 2.0;
    let (power, noise) = (3.0 * shared / 5.0, (3.0 * (13.0 / 3.0 - shared) + 2.0 * 1.0) / 5.0);
    let rho: f64 = shared / (13.0 / 3.0);
    // All bins in a row: one half 1 4 5 0 2, the other 3 4 7 2 2: products sum to 14.8, squares of
    // both to 17.2.
    let all: f64 = 14.8 / 17.2;
    let cc = -3.0 / 160_f64.sqrt();
    assert_scores(
        &row,
        &[
            ("cc", cc),
            ("cc_norm", -0.75 / (2.5 * signal).sqrt()),
            ("cc_norm_perclip", -0.75 / (2.5 * power).sqrt()),
            ("cc_max", (signal / 4.0).sqrt()),
            ("cc_max_squared", signal / 4.0),
            ("cc_norm_hsu", cc / (2.0 * all / (1.0 + all)).sqrt()),
            ("cc_max_perclip", (2.0 * rho / (1.0 + rho)).sqrt()),
            ("cc_norm_hsu_perclip", cc / (2.0 * rho / (1.0 + rho)).sqrt()),
            ("signal_power", power),
            ("noise_power", noise),
            ("snr", power / noise),
            ("ttrc", rho),
            ("mse", (1.0 + 4.0 + 9.0 + 9.0 + 9.0) / 5.0),
            ("fve", 1.0 - 32.0 / 16.0),
        ],
    );
    let likelihood: f64 = [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0), (4.0, 1.0), (5.0, 2.0)]
        .iter()
        .map(|(rate, y): &(f64, f64)| rate - y * (rate + 1e-8).ln())
        .sum();
    assert_scores(&row, &[("poisson", likelihood / 5.0)]);
    Ok(())
}

#[test]
fn bins_without_repeats_and_clips_without_bins_change_nothing() -> Outcome {
    let [(p1, r1), (p2, r2)] = two_clips();
    let gaps = array![[1.0, NAN, 4.0, 5.0, NAN], [3.0, NAN, 4.0, 7.0, NAN]];
    let with_gaps = [
        (array![1.0, 90.0, 2.0, 3.0, -7.0], gaps),
        (array![5.0, 6.0, 7.0], Array2::from_elem((4, 3), NAN)),
        (p2.clone(), r2.clone()),
    ];
    let (without, with) = (scores_of(&[(p1, r1), (p2, r2)])?, scores_of(&with_gaps)?);
    // Coherence depends on when bins are.
    for (name, want) in without.0.into_iter().filter(|(name, _)| !name.starts_with("coherence")) {
        assert_close(name, with.get(name), want, 1e-12);
    }
    Ok(())
}

#[test]
fn a_bin_with_one_repeat_enters_the_correlation_but_not_its_noise_correction() -> Outcome {
    // Repeats per bin 3, 2, 1, 2; PSTH 2, 5, 9, 1.
    let responses = array![[1.0, 4.0, 9.0, NAN], [2.0, NAN, NAN, 0.0], [3.0, 6.0, NAN, 2.0]];
    let row = scores_of(&[(array![1.0, 2.0, 6.0, 0.0], responses)])?;
    // All bins: prediction -1.25 -.25 3.75 -2.25, PSTH -2.25 .75 4.75 -3.25.
    let cc = 27.75 / (20.75_f64 * 38.75).sqrt();
    // Without the third: prediction 0 1 -1, PSTH -2/3 7/3 -5/3; variances of the mean 1/3 1 1.
    let signal: f64 = (4.0 + 49.0 + 25.0) / 9.0 / 2.0 - (1.0 / 3.0 + 2.0) / 3.0;
    assert_scores(&row, &[("cc", cc), ("cc_norm", 2.0 / (1.0 * signal).sqrt())]);
    Ok(())
}

#[test]
fn powers_and_trial_correlation_take_the_bins_that_both_repeats_have() -> Outcome {
    // Common bins of pairs: (0,1) bins 0 1 2, (0,2) bins 0 1, (1,2) bins 0 1 4.
    let responses: Array2<f32> =
        array![[1.0, 3.0, 5.0, 4.0, NAN], [2.0, 6.0, 4.0, NAN, 1.0], [0.0, 2.0, NAN, NAN, 4.0]];
    // Deviations (0,1): -2 0 2 and -2 2 0; (0,2): -1 1 and -1 1; (1,2): -1 3 -2 and -2 0 2.
    let covariances = [2.0, 2.0, -1.0];
    let variances = [(4.0, 4.0), (2.0, 2.0), (7.0, 4.0)];
    let noise: f64 = (0..3)
        .map(|pair| f64::midpoint(variances[pair].0, variances[pair].1) - covariances[pair])
        .sum();
    let powers = signal_and_noise_power(&[responses.view()]);
    assert_close("signal", powers.signal, 1.0, 1e-12);
    assert_close("noise", powers.noise, noise / 3.0, 1e-12);

    let row = scores_of(&[(array![1.0, 2.0, 3.0, 4.0, 5.0], responses)])?;
    let ttrc = (0.5 + 1.0 - 1.0 / 28_f64.sqrt()) / 3.0;
    assert_scores(&row, &[("signal_power", 1.0), ("noise_power", noise / 3.0), ("ttrc", ttrc)]);
    Ok(())
}

#[test]
fn the_last_of_an_odd_number_of_repeats_is_left_out_of_the_halves_of_a_clip() -> Outcome {
    let prediction = array![1.0, 2.0, 0.0, 3.0];
    let pair = array![[1.0, 2.0, 0.0, 5.0], [2.0, 2.0, 1.0, 3.0]];
    let three = array![[1.0, 2.0, 0.0, 5.0], [2.0, 2.0, 1.0, 3.0], [7.0, 0.0, 7.0, 0.0]];
    let (pair, three) =
        (scores_of(&[(prediction.clone(), pair)])?, scores_of(&[(prediction, three)])?);
    let of_pair = pair.get("cc_max_perclip");
    assert!(of_pair < 1.0, "{of_pair}");
    assert_close("cc_max_perclip", three.get("cc_max_perclip"), of_pair, 1e-12);
    assert!(three.get("ttrc") < pair.get("ttrc"));
    Ok(())
}

// ---- undefined ---------------------------------------------------------------------------------

#[test]
fn a_single_repeat_has_no_noise_ceiling() -> Outcome {
    let row = scores_of(&[(array![1.0, 2.0, 4.0], array![[1.0, 2.0, 3.0]])])?;
    assert_undefined(&row, &OF_REPEATS);
    for name in ["cc", "mse", "fve", "poisson"] {
        assert!(row.get(name).is_finite(), "{name}");
    }
    Ok(())
}

#[test]
fn a_constant_prediction_has_no_correlation() -> Outcome {
    let responses = array![[1.0, 2.0, 0.0, 5.0], [2.0, 2.0, 1.0, 3.0]];
    let row = scores_of(&[(Array1::from_elem(4, 0.1), responses)])?;
    assert_undefined(&row, &["cc", "cc_norm", "cc_norm_perclip", "cc_norm_hsu"]);
    assert!(row.get("fve") < 0.0 && row.get("cc_max") > 0.0);
    Ok(())
}

#[test]
fn a_silent_neuron_has_no_signal() -> Outcome {
    let row = scores_of(&[(array![1.0, 2.0, 0.0, 5.0], Array2::zeros((3, 4)))])?;
    assert_undefined(&row, &["cc", "cc_norm", "cc_norm_perclip", "cc_norm_hsu", "cc_max", "snr"]);
    assert_undefined(&row, &["fve", "ttrc"]);
    assert_eq!((row.get("signal_power"), row.get("noise_power")), (0.0, 0.0));
    Ok(())
}

#[test]
fn fewer_than_two_bins_have_errors_but_no_variances() -> Outcome {
    let one = scores_of(&[(array![1.0, 9.0], array![[3.0, NAN], [5.0, NAN], [4.0, NAN]])])?;
    assert_undefined(&one, &OF_REPEATS);
    assert_undefined(&one, &["cc", "fve"]);
    assert_scores(&one, &[("mse", 9.0)]);

    let none = scores_of(&[])?;
    assert_undefined(&none, &scores::names());
    Ok(())
}

#[test]
fn identical_repeats_have_no_ratio_of_signal_to_noise() -> Outcome {
    let responses = Array2::from_shape_fn((3, 5), |(_, t)| (t * t) as f32 / 3.0);
    let row = scores_of(&[(array![1.0, 2.0, 0.0, 5.0, 6.0], responses)])?;
    assert_undefined(&row, &["snr"]);
    assert_close("cc_max", row.get("cc_max"), 1.0, 1e-12);
    assert_close("cc_norm", row.get("cc_norm"), row.get("cc"), 1e-12);
    Ok(())
}

#[test]
fn noise_without_signal_is_not_corrected_for() -> Outcome {
    // The PSTH varies less than the repeats at each bin account for.
    let responses = array![[0.0, 4.0, 0.0], [4.0, 1.0, 4.0]];
    let row = scores_of(&[(array![1.0, 2.0, 4.0], responses)])?;
    // PSTH 2 2.5 2: variance 1/12; variances over repeats 8 4.5 8, of which a half is in the mean.
    let squared = (1.0 / 12.0 - 41.0 / 12.0) * 12.0;
    assert!(row.get("signal_power") < 0.0);
    assert_scores(&row, &[("cc_max", 0.0), ("cc_max_squared", squared)]);
    let corrected = ["cc_norm", "cc_norm_perclip", "cc_norm_hsu", "cc_norm_hsu_perclip"];
    assert_undefined(&row, &corrected);
    assert_undefined(&row, &["cc_max_perclip"]);
    Ok(())
}

#[test]
fn a_negative_or_missing_prediction_is_no_rate() -> Outcome {
    let responses = array![[1.0, 0.0, 3.0], [2.0, 0.0, 2.0]];
    let negative = scores_of(&[(array![1.0, -1e-6, 2.0], responses.clone())])?;
    assert_undefined(&negative, &["poisson"]);
    assert!(negative.get("mse").is_finite());

    let missing = scores_of(&[(array![1.0, NAN, 2.0], responses)])?;
    assert_undefined(&missing, &["poisson", "mse", "fve", "cc", "cc_norm"]);
    Ok(())
}

#[test]
fn predictions_of_another_shape_are_refused() -> Outcome {
    let clips = made_up(1);
    let views = views(&clips);
    let short: Vec<ScoredClip> =
        views.iter().map(|(p, r)| (p.slice_move(s![.., 1..]), *r)).collect();
    assert!(score(&ids(6), &short).is_err());
    assert!(score(&ids(5), &views).is_err());

    let responses: Vec<ArrayView3<f32>> = views.iter().map(|(_, r)| *r).collect();
    let predictions: Vec<ArrayView2<f32>> = views.iter().map(|(p, _)| *p).collect();
    let ceiling = Ceiling::new(&responses)?;
    assert!(ceiling.correlations(&predictions).is_ok());
    assert!(ceiling.correlations(&predictions[..2]).is_err());
    Ok(())
}

// ---- against a plain computation ---------------------------------------------------------------

/// `cc` and `cc_norm` of neuron `n` written down as their definitions say.
fn plain_correlations(n: usize, clips: &[(Array2<f32>, Array3<f32>)]) -> (f64, f64) {
    let mut bins = Vec::new(); // prediction, PSTH, variance of the PSTH's error
    for (prediction, responses) in clips {
        for t in 0..prediction.ncols() {
            let repeats = responses.slice(s![n, .., t]);
            let y: Vec<f64> =
                repeats.iter().filter(|y| !y.is_nan()).map(|y| f64::from(*y)).collect();
            let count = y.len() as f64;
            let mean = y.iter().sum::<f64>() / count;
            let squares: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
            let error = squares / (count - 1.0) / count;
            bins.push((f64::from(prediction[(n, t)]), mean, error, y.len()));
        }
    }
    let moments = |least: usize| {
        let bins: Vec<_> = bins.iter().filter(|bin| bin.3 >= least).collect();
        let count = bins.len() as f64;
        let mean_p = bins.iter().map(|bin| bin.0).sum::<f64>() / count;
        let mean_y = bins.iter().map(|bin| bin.1).sum::<f64>() / count;
        let sum = |f: &dyn Fn(f64, f64) -> f64| {
            bins.iter().map(|bin| f(bin.0 - mean_p, bin.1 - mean_y)).sum::<f64>() / (count - 1.0)
        };
        let noise = bins.iter().map(|bin| bin.2).sum::<f64>() / count;
        (sum(&|p, y| p * y), sum(&|p, _| p * p), sum(&|_, y| y * y), noise)
    };
    let (covariance, of_prediction, of_psth, _) = moments(1);
    let cc = covariance / (of_prediction * of_psth).sqrt();
    let (covariance, of_prediction, of_psth, noise) = moments(2);
    (cc, covariance / (of_prediction * (of_psth - noise)).sqrt())
}

#[test]
fn correlations_prepared_once_equal_the_definitions_and_the_table_of_scores() -> Outcome {
    let clips = made_up(2);
    let views = views(&clips);
    let scores = score(&ids(6), &views)?;
    let responses: Vec<ArrayView3<f32>> = views.iter().map(|(_, r)| *r).collect();
    let predictions: Vec<ArrayView2<f32>> = views.iter().map(|(p, _)| *p).collect();
    let fast = Ceiling::new(&responses)?.correlations(&predictions)?;
    for n in 0..6 {
        let (cc, cc_norm) = plain_correlations(n, &clips);
        assert!(cc_norm > cc && cc > 0.3, "neuron {n}: {cc}, {cc_norm}");
        assert_close(&format!("cc of neuron {n}"), fast.cc[n], cc, 1e-12);
        assert_close(&format!("cc_norm of neuron {n}"), fast.cc_norm[n], cc_norm, 1e-12);
        let row = scores.values.row(n);
        assert_eq!(
            (row[0].to_bits(), row[1].to_bits()),
            (fast.cc[n].to_bits(), fast.cc_norm[n].to_bits())
        );
    }
    Ok(())
}

#[test]
fn scores_are_the_same_on_any_number_of_threads() -> Outcome {
    let clips = made_up(3);
    let on = |threads: usize| -> Result<Vec<u64>, Box<dyn Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let scores = pool.install(|| score(&ids(6), &views(&clips)))?;
        Ok(scores.values.iter().map(|value| value.to_bits()).collect())
    };
    assert_eq!(on(1)?, on(3)?);
    Ok(())
}

#[test]
fn clips_taken_at_once_score_as_one_after_the_other() -> Outcome {
    let (clips, ids) = (made_up(3), ids(6));
    let views = views(&clips);
    for over in [Over::AllClips, Over::EachClip] {
        let mut at_once = Scoring::new(&ids, over);
        at_once.add_all(&views)?;
        let mut one_by_one = Scoring::new(&ids, over);
        views.iter().try_for_each(|clip| one_by_one.add(*clip))?;
        let bits = |scores: Scores| scores.values.mapv(f64::to_bits);
        assert_eq!(bits(at_once.finish()), bits(one_by_one.finish()), "{over:?}");
    }
    Ok(())
}

// ---- against a known truth ---------------------------------------------------------------------

/// A rate that wanders slowly, `bins` long, above 0.
fn rate(bins: usize) -> Array1<f32> {
    (0..bins).map(|t| 1.5 + (t as f32 * 0.05).sin() * (t as f32 * 0.013).cos()).collect()
}

#[test]
fn corrected_correlations_recover_that_with_the_true_rate() -> Outcome {
    const BINS: usize = 30_000;
    let rate = rate(BINS);
    let mut rng = rng::generator(4, "spikes");
    let prediction = rate.mapv(|r| r + 0.4 * rng.sample::<f32, _>(StandardNormal));
    // Two to six repeats a bin.
    let mut responses = Array2::from_elem((6, BINS), NAN);
    for t in 0..BINS {
        for r in 0..2 + t % 5 {
            responses[(r, t)] = Poisson::new(rate[t])?.sample(&mut rng);
        }
    }
    let truth = rate.insert_axis(Axis(0));
    let wanted = scores_of(&[(prediction.clone(), truth)])?.get("cc");
    let row = scores_of(&[(prediction, responses)])?;
    assert!(row.get("cc") < wanted - 0.1, "noise alone lowers {} to {}", wanted, row.get("cc"));
    // Standard error of a correlation of 0.8 over 30000 bins with this noise: about 0.004.
    assert!((row.get("cc_norm") - wanted).abs() < 0.015, "{} {wanted}", row.get("cc_norm"));
    Ok(())
}

#[test]
fn powers_recover_the_variance_of_the_rate_and_of_the_spikes_about_it() -> Outcome {
    const BINS: usize = 30_000;
    let rate = rate(BINS);
    let mean = rate.iter().map(|r| f64::from(*r)).sum::<f64>() / BINS as f64;
    let variance = rate.iter().map(|r| (f64::from(*r) - mean).powi(2)).sum::<f64>() / BINS as f64;
    let mut rng = rng::generator(5, "spikes");
    let mut responses = Array2::zeros((5, BINS));
    for ((_, t), y) in responses.indexed_iter_mut() {
        *y = Poisson::new(rate[t])?.sample(&mut rng);
    }
    let powers = signal_and_noise_power(&[responses.view()]);
    assert!((powers.signal - variance).abs() < 0.03 * variance, "{} {variance}", powers.signal);
    assert!((powers.noise - mean).abs() < 0.03 * mean, "{} {mean}", powers.noise);
    Ok(())
}

// ---- tables ------------------------------------------------------------------------------------

fn some_scores(neurons: usize) -> Result<Scores, Box<dyn Error>> {
    let prediction = Array2::from_shape_fn((neurons, 4), |(n, t)| (n + t * t) as f32);
    let mut responses =
        Array3::from_shape_fn((neurons, 2, 4), |(n, r, t)| ((n + t * t + r * t) % 7) as f32);
    responses.slice_mut(s![1, .., ..]).fill(NAN);
    Ok(score(&ids(neurons), &[(prediction.view(), responses.view())])?)
}

#[test]
fn the_csv_gives_every_score_back_to_the_last_digit() -> Outcome {
    let scores = some_scores(5)?;
    let text = scores.csv()?;
    assert_eq!(
        text.lines().next(),
        Some(
            "neuron,repeats,bins,cc,cc_norm,cc_norm_perclip,cc_norm_hsu,cc_norm_hsu_perclip,cc_max,\
             cc_max_squared,cc_max_perclip,signal_power,noise_power,snr,fve,ttrc,mse,poisson,spearman,single_trial_cc,cc_norm_trials,spe,\
             deviance,bits_per_spike,coherence,coherence_max"
        )
    );
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for (n, record) in reader.records().enumerate() {
        let record = record?;
        assert_eq!(record[0], scores.neurons[n]);
        assert_eq!(record[1].parse::<usize>()?, scores.repeats[n]);
        assert_eq!(record[2].parse::<usize>()?, scores.bins[n]);
        for (column, value) in scores.values.row(n).iter().enumerate() {
            let read: f64 = record[column + 3].parse()?;
            assert!(read.to_bits() == value.to_bits() || read.is_nan() && value.is_nan());
        }
    }
    assert_eq!((scores.repeats[0], scores.bins[0]), (2, 4));
    assert_eq!((scores.repeats[1], scores.bins[1]), (0, 0));
    assert!(text.lines().nth(2).is_some_and(|line| line.ends_with(",NaN,NaN")), "{text}");
    Ok(())
}

#[test]
fn a_summary_says_how_many_neurons_enter_it() -> Outcome {
    let mut scores = some_scores(4)?;
    scores.values.column_mut(0).assign(&array![0.5, f64::NAN, 0.1, 0.9]);
    scores.values.column_mut(1).fill(f64::NAN);
    let summary = scores.summary();
    assert_eq!((summary[0].score, summary[0].neurons), ("cc", 3));
    assert_close("mean", summary[0].mean, 0.5, 1e-12);
    assert_close("median", summary[0].median, 0.5, 1e-12);
    assert_eq!(summary[1].neurons, 0);
    assert!(summary[1].mean.is_nan() && summary[1].median.is_nan());

    let run = Map::from_iter([("split".to_owned(), Value::from("test"))]);
    let json = scores.json(run);
    assert_eq!(json["run"]["split"], "test");
    assert_eq!(json["neurons"], 4);
    assert_eq!(json["scores"]["cc"]["neurons"], 3);
    assert_eq!(json["scores"]["cc"]["mean"], 0.5);
    assert!(json["scores"]["cc_norm"]["mean"].is_null());
    Ok(())
}

#[test]
fn the_terminal_shows_twenty_neurons_and_where_the_others_are() -> Outcome {
    let text = some_scores(23)?.table("see scores.csv");
    assert_eq!(text.lines().filter(|line| line.starts_with("cell, ")).count(), 20);
    assert!(text.contains("\n... and 3 more: see scores.csv\n\nscore"), "{text}");
    assert!(text.contains("22 of 23      1\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let few = some_scores(20)?.table("see scores.csv");
    assert!(!few.contains("more"), "{few}");
    Ok(())
}

#[test]
fn a_column_of_small_or_large_numbers_is_written_in_powers_of_ten() -> Outcome {
    let mut scores = some_scores(3)?;
    scores.values.column_mut(0).assign(&array![0.123_456, f64::NAN, 0.000_04]);
    scores.values.column_mut(13).assign(&array![0.000_012_34, 0.0, 0.001]);
    let text = scores.table("");
    let cells = |from_right: usize| -> Vec<&str> {
        let lines = text.lines().skip(1).take(3);
        lines.filter_map(|line| line.split_whitespace().rev().nth(from_right)).collect()
    };
    assert_eq!(cells(5), ["0.123", "NaN", "0.000"], "{text}");
    assert_eq!(cells(0), ["1.23e-5", "0.00e0", "1.00e-3"], "{text}");
    Ok(())
}
