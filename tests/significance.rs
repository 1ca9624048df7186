//! Which weights are called significant: few where there is nothing, those that were planted, and
//! what the commands write and refuse.
#![expect(clippy::cast_possible_truncation, reason = "weights are f32")]
use ndarray::{Array3, Array4, ArrayView4, Axis, concatenate, s};
use rand::Rng;
use rand_distr::StandardNormal;
use strf::base::rng;
use strf::dataset::{Clip, Recording};
use strf::strf::significance::Significance;
use strf::strf::significance::repeats::{Differ, of_repeats};
use strf::strf::significance::shuffles::of_shuffles;

use crate::support::drawn::assert_legible;
use crate::support::runs::{LN, MODELS, NEURONS, Workplace, by_steps, recording};

const ALPHA: f64 = 0.05;
const NEURONS_DRAWN: usize = 240;
const CHANNELS: usize = 2;
const BANDS: usize = 6;
const LAGS: usize = 5;

/// `(N, C, F, K)` of chance: wider in some bands, smooth over lags.
fn chance(name: &str) -> Array4<f32> {
    let mut rng = rng::generator(29, name);
    let mut weights = Array4::zeros((NEURONS_DRAWN, CHANNELS, BANDS, LAGS));
    for mut band in weights.lanes_mut(Axis(3)) {
        let mut before = 0.0;
        for weight in &mut band {
            let fresh: f64 = rng.sample(StandardNormal);
            before = 0.6 * before + 0.8 * fresh;
            *weight = before as f32;
        }
    }
    for (f, mut band) in weights.axis_iter_mut(Axis(2)).enumerate() {
        band *= 0.1 * 3f32.powi(i32::try_from(f).unwrap());
    }
    weights
}

/// The lags of one band of each neuron, six times as large as chance.
fn plant(weights: &mut Array4<f32>) {
    for (n, mut strf) in weights.axis_iter_mut(Axis(0)).enumerate() {
        let (channel, band) = (n % CHANNELS, n % BANDS);
        let size = 0.1 * 3f32.powi(i32::try_from(band).unwrap());
        strf.slice_mut(s![channel, band, 1..4]).mapv_inplace(|weight| weight + 6.0 * size);
    }
}

/// Whether a weight was planted.
fn planted((n, c, f, k): (usize, usize, usize, usize)) -> bool {
    c == n % CHANNELS && f == n % BANDS && (1..4).contains(&k)
}

/// Fails unless p is uniform and no more neurons than allowed have any significant weight.
fn assert_calibrated(name: &str, found: &Significance) {
    let share = |at_most: f64| {
        found.p.iter().filter(|p| **p <= at_most).count() as f64 / found.p.len() as f64
    };
    for at_most in [0.01, 0.05, 0.2, 0.5, 0.8] {
        let spread = 4.0 * (at_most * (1.0 - at_most) / found.p.len() as f64).sqrt();
        let off = (share(at_most) - at_most).abs();
        // Weights of a band are not independent: twice the spread of as many independent ones.
        assert!(off < 2.0 * spread, "{name}: {} of p below {at_most}", share(at_most));
    }
    let any = found.mask.axis_iter(Axis(0)).filter(|mask| mask.iter().any(|mark| *mark == 1));
    let any = any.count() as f64 / NEURONS_DRAWN as f64;
    let spread = (ALPHA * (1.0 - ALPHA) / NEURONS_DRAWN as f64).sqrt();
    assert!(any < ALPHA + 3.0 * spread, "{name}: {any} of neurons without a field have one");
}

/// Fails unless most planted weights are found, and few others.
fn assert_found(name: &str, found: &Significance) {
    let marks = || found.mask.indexed_iter().map(|(at, mark)| (planted(at), *mark == 1));
    let (all, hits) = (NEURONS_DRAWN * 3, marks().filter(|mark| *mark == (true, true)).count());
    let others = marks().filter(|mark| *mark == (false, true)).count();
    assert!(hits * 10 > all * 9, "{name}: {hits} of {all} planted weights");
    let rate = others as f64 / (others + hits) as f64;
    assert!(rate < ALPHA + 0.02, "{name}: {rate} of what is called significant is chance");
}

fn views(fits: &[Array4<f32>]) -> Vec<ArrayView4<'_, f32>> {
    fits.iter().map(|fit| fit.view()).collect()
}

fn several(name: &str, count: usize) -> Vec<Array4<f32>> {
    (0..count).map(|place| chance(&format!("{name} {place}"))).collect()
}

#[test]
fn shuffled_fits_leave_few_weights_of_chance_and_all_large_ones() {
    let nulls = several("null", 16);
    let mut fit = chance("fit");
    assert_calibrated("shuffles", &of_shuffles(fit.view(), &views(&nulls), ALPHA));
    plant(&mut fit);
    assert_found("shuffles", &of_shuffles(fit.view(), &views(&nulls), ALPHA));
}

#[test]
fn a_band_that_no_fit_uses_is_not_significant() {
    let mut fits = several("silent band", 6);
    for fit in &mut fits {
        fit.slice_mut(s![.., .., 3, ..]).fill(0.0);
    }
    let found = of_shuffles(fits[0].view(), &views(&fits[1..]), ALPHA);
    assert!(found.p.slice(s![.., .., 3, ..]).iter().all(|p| (*p - 1.0).abs() < 1e-12));
    let found = of_repeats(&views(&fits), Differ::Seed, ALPHA);
    assert!(found.p.slice(s![.., .., 3, ..]).iter().all(|p| (*p - 1.0).abs() < 1e-12));
}

#[test]
fn repeated_fits_leave_few_weights_of_chance_and_all_that_stay() {
    let mut fits = several("repeat", 7);
    assert_calibrated("seeds", &of_repeats(&views(&fits), Differ::Seed, ALPHA));
    fits.iter_mut().for_each(plant);
    let found = of_repeats(&views(&fits), Differ::Seed, ALPHA);
    assert_found("seeds", &found);
    let moments = found.moments.unwrap();
    let at = (0, 0, 0, 2);
    let values: Vec<f64> = fits.iter().map(|fit| f64::from(fit[at])).collect();
    let mean = values.iter().sum::<f64>() / 7.0;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 6.0).sqrt();
    assert!((f64::from(moments.mean[at]) - mean).abs() < 1e-6);
    assert!((f64::from(moments.deviation[at]) - deviation).abs() < 1e-6);
}

#[test]
fn folds_count_as_the_parts_of_the_data_that_they_leave_out() {
    let parts = several("part", 6);
    let whole = parts.iter().fold(Array4::zeros(parts[0].raw_dim()), |sum, part| sum + part);
    // A fit that is a mean over clips, each fold without one part of them.
    let fits: Vec<Array4<f32>> = parts.iter().map(|part| (&whole - part) / 5.0).collect();
    let ids = ["a", "b", "c", "d", "e", "f"].map(str::to_owned);
    let kept = |fold: usize| {
        let kept = ids.iter().enumerate().filter(|(place, _)| *place != fold);
        kept.map(|(_, id)| id.clone()).collect::<Vec<String>>()
    };
    let clips: Vec<Vec<String>> = (0..6).map(kept).collect();
    let clips: Vec<&[String]> = clips.iter().map(Vec::as_slice).collect();
    assert_calibrated("folds", &of_repeats(&views(&fits), Differ::of(&clips), ALPHA));
    // Taken for independent fits they would seem far surer than they are.
    let wrong = of_repeats(&views(&fits), Differ::Seed, ALPHA);
    let below = wrong.p.iter().filter(|p| **p < 0.05).count();
    assert!(below * 3 > wrong.p.len(), "{below} of {}", wrong.p.len());
}

/// Responses that begin so many bins later, their end put in front.
fn shifted(recording: &Recording, bins: usize) -> Recording {
    let shift = |clip: &Clip| {
        let cut = clip.responses.dim().2 - bins;
        let parts =
            [clip.responses.slice(s![.., .., cut..]), clip.responses.slice(s![.., .., ..cut])];
        let responses: Array3<f32> = concatenate(Axis(2), &parts).unwrap();
        Clip { responses, ..clip.clone() }
    };
    Recording { clips: recording.clips.iter().map(shift).collect(), ..recording.clone() }
}

/// `runs/fit` and `runs/seed1`, `runs/seed2`, ...
fn fits(model: &str, seeds: usize) -> Workplace {
    let place = Workplace::new();
    place.write("run.toml", &by_steps(model, "epochs = 40\nlr = 0.02"));
    place.strf("train run.toml --out runs/fit").done();
    for seed in 1..=seeds {
        place.strf(&format!("train run.toml --out runs/seed{seed} --set train.seed={seed}")).done();
    }
    place
}

fn effective(place: &Workplace, file: &str) -> Array4<f32> {
    let file = hdf5::File::open(place.path(file)).unwrap();
    file.dataset("strfs_effective").unwrap().read().unwrap()
}

#[test]
fn repeats_of_other_clips_are_written_in_every_format_and_outlined_in_the_picture() {
    let place = fits(LN, 0);
    for seed in 1..=3 {
        let split = format!("data.split={{train=0.6,valid=0.2,test=0.2,seed={seed}}}");
        place.strf(&format!("train run.toml --out runs/seed{seed} --set {split}")).done();
    }
    let others = "--repeats runs/seed1 runs/seed2 runs/seed3 --alpha 0.2";
    place.strf(&format!("export-strfs runs/fit {others} --out strfs.h5 --plot strfs.svg")).done();
    let file = hdf5::File::open(place.path("strfs.h5")).unwrap();
    let read = |name: &str| -> Array4<f64> {
        file.dataset(&format!("significance/{name}")).unwrap().read().unwrap()
    };
    let all = ["fit", "seed1", "seed2", "seed3"].map(|run| {
        place.strf(&format!("export-strfs runs/{run} --out {run}.h5")).done();
        effective(&place, &format!("{run}.h5")).mapv(f64::from)
    });
    assert_eq!(all[0], effective(&place, "strfs.h5").mapv(f64::from), "the fit itself");
    let mean = (&all[0] + &all[1] + &all[2] + &all[3]) / 4.0;
    assert!((read("mean") - &mean).iter().all(|off| off.abs() < 1e-6));
    let (mask, q) = (read("mask"), read("q"));
    assert_eq!(mask, q.mapv(|q| if q <= 0.2 { 1.0 } else { 0.0 }));
    assert!(mask.iter().any(|mark| *mark > 0.0), "{q}");
    let told = "q ≤ 0.2 against 4 fits to other clips";
    let svg = place.read("strfs.svg");
    assert!(svg.contains(&format!("outlined: {told}")), "{svg}");
    assert_legible("significance", &svg);

    place.strf(&format!("export-strfs runs/fit {others} --format csv --out table")).done();
    let in_table = place.column("table/significance.csv", "mask");
    assert_eq!(in_table, mask.iter().copied().collect::<Vec<_>>());
    let p = place.column("table/significance.csv", "p");
    assert!(read("p").iter().zip(&p).all(|(a, b)| (a - b).abs() < 1e-12));
    assert_eq!(place.csv("table/significance.csv").len(), 4 + 5, "axes, then arrays");
    let about: serde_json::Value = serde_json::from_str(&place.read("table/about.json")).unwrap();
    assert_eq!(about["significance"], told);
    place.strf(&format!("export-strfs runs/fit {others} --format npz --out strfs.npz")).done();
    let npz = std::fs::read(place.path("strfs.npz")).unwrap();
    let names = ["significance/mask.npy", "significance/deviation.npy"];
    assert!(names.iter().all(|name| npz.windows(name.len()).any(|at| at == name.as_bytes())));
}

#[test]
fn repeats_of_other_seeds_tell_what_is_stable_and_nothing_of_significance() {
    let place = fits(LN, 2);
    let others = "--repeats runs/seed1 runs/seed2 --alpha 0.2";
    let said =
        place.strf(&format!("export-strfs runs/fit {others} --out a.h5 --plot a.svg")).done();
    assert!(
        said.stderr.contains("what they agree on is called stable, not significant"),
        "{said:?}"
    );
    let file = hdf5::File::open(place.path("a.h5")).unwrap();
    assert!(file.dataset("significance/mask").is_err());
    let read = |name: &str| -> Array4<f64> { file.dataset(name).unwrap().read().unwrap() };
    let (stable, q) = (read("significance/stable"), read("significance/q"));
    assert_eq!(stable, q.mapv(|q| if q <= 0.2 { 1.0 } else { 0.0 }));
    assert!(stable.iter().any(|mark| *mark > 0.0), "{q}");
    assert!(file.attr("significance").is_err() && file.attr("stability").is_ok());

    let svg = place.read("a.svg");
    let share = format!("no significance: {:.0} % of weights", 100.0 * stable.mean().unwrap());
    assert!(svg.contains("stable over seeds") && svg.contains(&share), "{svg}");
    let told = file.attr("stability").unwrap().read_scalar::<hdf5::types::VarLenUnicode>();
    let want = "q ≤ 0.2 against 3 fits of other seeds; no test of significance";
    assert_eq!(told.unwrap().as_str(), want);
    place.strf("export-strfs runs/fit --out b.h5 --plot b.svg").done();
    let shapes = |svg: &str| svg.matches("<path").count() + svg.matches("<rect").count();
    assert_eq!(shapes(&svg), shapes(&place.read("b.svg")), "nothing is outlined");

    place.strf(&format!("export-strfs runs/fit {others} --format csv --out table")).done();
    assert_eq!(
        place.column("table/significance.csv", "stable"),
        stable.iter().copied().collect::<Vec<_>>()
    );
    assert!(!place.csv("table/significance.csv").contains_key("mask"));
}

#[test]
fn fits_to_shuffled_responses_are_taken_and_those_to_the_same_refused() {
    let place = fits(LN, 5);
    for shuffle in 1..=5 {
        place.write_data(&format!("shuffled{shuffle}.h5"), &shifted(&recording(), 5 * shuffle + 3));
        let file = format!("--set data.file=\"shuffled{shuffle}.h5\"");
        place.strf(&format!("train run.toml --out runs/null{shuffle} {file}")).done();
    }
    let nulls = (1..=5).map(|place| format!("runs/null{place}")).collect::<Vec<_>>().join(" ");
    place.strf(&format!("export-strfs runs/fit --shuffles {nulls} --out strfs.h5")).done();
    let file = hdf5::File::open(place.path("strfs.h5")).unwrap();
    let p: Array4<f64> = file.dataset("significance/p").unwrap().read().unwrap();
    let least = 1.0 / (1 + 5 * p.len() / NEURONS) as f64;
    assert!(p.iter().all(|p| *p >= least - 1e-12 && *p <= 1.0), "{p}");
    assert!(file.dataset("significance/mean").is_err());

    let seeds = (1..=5).map(|place| format!("runs/seed{place}")).collect::<Vec<_>>().join(" ");
    let said = place.strf(&format!("export-strfs runs/fit --shuffles {seeds} --out no.h5"));
    assert_eq!(said.status, Some(2));
    assert!(said.stderr.contains("expected another file, with shuffled responses"), "{said:?}");
    let said = place.strf("export-strfs runs/fit --repeats runs/null1 runs/seed1 --out no.h5");
    assert!(said.stderr.contains("strf: runs/null1: found data "), "{said:?}");
}

#[test]
fn fits_that_cannot_be_held_against_each_other_are_refused() {
    let place = fits(LN, 2);
    let refused = |others: &str, message: &str| {
        place.strf(&format!("export-strfs runs/fit --out no.h5 {others}")).refused(message);
    };
    refused(
        "--repeats runs/seed1",
        "--repeats: found 1 other runs, expected 2 or more, of which a spread can be taken",
    );
    refused(
        "--repeats runs/seed1 runs/seed1",
        "runs/seed1: found the receptive fields of runs/seed1, expected another fit: with another \
         train.seed, other training stimuli or other responses",
    );
    refused(
        "--repeats runs/seed1 runs/seed2 --alpha 1",
        "--alpha: found 1, expected a rate above 0, below 1",
    );
    place.strf("train run.toml --out runs/wide --set model.window_ms=30").done();
    let said = place.strf("export-strfs runs/fit --out no.h5 --repeats runs/wide runs/seed1");
    assert_eq!(said.status, Some(2));
    assert!(said.stderr.starts_with("strf: runs/wide: found architecture "), "{said:?}");
    place.strf("train run.toml --out runs/some --set data.neurons=[\"a1\",\"b2\"]").done();
    refused(
        "--repeats runs/some runs/seed1",
        "runs/some: found neurons a1, b2, expected a1, b2, c3 as in runs/fit",
    );
    let both = "export-strfs runs/fit --repeats runs/seed1 --shuffles runs/seed2";
    assert_eq!(place.strf(both).status, Some(2));
    assert!(!place.path("no.h5").exists());
}

#[test]
fn hidden_units_are_refused_and_effective_fields_of_their_neurons_taken() {
    let place = fits(MODELS[2].1, 2);
    place.strf("export-strfs runs/fit --repeats runs/seed1 runs/seed2").refused(
        "runs/fit: found receptive fields of hidden units, expected those of neurons: the hidden \
         units of one fit are not those of another; strf dstrf runs/fit --repeats ... compares \
         what each neuron listens to",
    );
    let others = "--repeats runs/seed1 runs/seed2 --every-ms 20 --neurons b2,a1";
    place.strf(&format!("dstrf runs/fit {others} --out dstrfs.h5 --plot dstrfs.svg")).done();
    let file = hdf5::File::open(place.path("dstrfs.h5")).unwrap();
    let (mask, mean) = (file.dataset("significance/stable"), file.dataset("significance/mean"));
    assert_eq!(mask.unwrap().shape(), file.dataset("strfs").unwrap().shape());
    let mean: Array4<f32> = mean.unwrap().read().unwrap();
    let own = ["seed1", "seed2"].map(|run| {
        let options = "--every-ms 20 --neurons b2,a1";
        place.strf(&format!("dstrf runs/{run} {options} --out {run}.h5")).done();
        effective(&place, &format!("{run}.h5"))
    });
    let want = (effective(&place, "dstrfs.h5") + &own[0] + &own[1]) / 3.0;
    let peak = want.iter().fold(0.0f32, |peak, weight| peak.max(weight.abs()));
    assert!((mean - want).iter().all(|off| off.abs() < 1e-5 * peak));
    assert!(place.read("dstrfs.svg").contains("stable over seeds, no significance"));
    assert!(!place.read("dstrfs.svg").contains("outlined"));
}
