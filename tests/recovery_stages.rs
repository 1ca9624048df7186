//! Known systems with a stage in front or an output that follows contrast, found again by the whole
//! program with its defaults: 20 clips of 1000 bins, 10 repeats, a signal-to-noise ratio of 1.
#![expect(clippy::cast_possible_truncation, reason = "responses are f32")]
use candle_core::{DType, Device, Tensor, Var};
use ndarray::{Array2, Array3};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use strf::base::rng;
use strf::dataset::{Clip, Entity, LevelKind, Recording, SoundLevel, Splits};
use strf::models::Network;
use strf::models::batch::Member;
use strf::models::dims::Dims;
use strf::models::layers::Mode;
use strf::models::params::Params;

use crate::support::combinations::architecture;
use crate::support::compare::flat;
use crate::support::runs::{Workplace, unlocked};

const CLIPS: usize = 20;
const BINS: usize = 1000;
const REPEATS: usize = 10;
const BANDS: usize = 8;
const NEURONS: usize = 4;
/// The last clips, which test.
const TEST: usize = 3;

/// A recording of known neurons, and their rates `(N, T)`.
struct Known {
    recording: Recording,
    rates: Vec<Array2<f64>>,
}

/// Lets a network answer to sounds, with normal noise as large as the signal.
fn recorded(network: &Network, sounds: Vec<Array2<f32>>, seed: &str) -> Known {
    let tensor = |sound: &Array2<f32>| {
        let values: Vec<f64> = sound.iter().copied().map(f64::from).collect();
        Tensor::from_vec(values, (1, 1, BANDS, BINS), &Device::Cpu).unwrap()
    };
    let rate = |sound: &Array2<f32>| {
        let rate = network.forward(&tensor(sound), None, Mode::Eval).unwrap();
        Array2::from_shape_vec((NEURONS, BINS), flat(&rate)).unwrap()
    };
    let rates: Vec<Array2<f64>> = sounds.iter().map(rate).collect();
    let deviations: Vec<f64> = (0..NEURONS)
        .map(|n| {
            let all: Vec<f64> = rates.iter().flat_map(|rate| rate.row(n).to_vec()).collect();
            strf::stats::moments::variance(&all).sqrt()
        })
        .collect();
    let mut noise = rng::generator(9, seed);
    let clips: Vec<Clip> = sounds
        .into_iter()
        .zip(&rates)
        .enumerate()
        .map(|(place, (cochleagram, rate))| {
            let responses = Array3::from_shape_fn((NEURONS, REPEATS, BINS), |(n, _, t)| {
                let own: f64 = StandardNormal.sample(&mut noise);
                (rate[[n, t]] + deviations[n] * own) as f32
            });
            let stimulus = Entity { id: format!("s{place:02}"), ..Entity::default() };
            Clip { stimulus, cochleagram, responses }
        })
        .collect();
    let ids: Vec<String> = clips.iter().map(|clip| clip.stimulus.id.clone()).collect();
    let neurons = (0..NEURONS).map(|n| Entity { id: format!("n{n}"), ..Entity::default() });
    let (train, rest) = ids.split_at(CLIPS - 2 * TEST);
    let (valid, test) = rest.split_at(TEST);
    let parts = [train, valid, test].map(<[String]>::to_vec);
    let [train, valid, test] = parts;
    let recording = Recording {
        file: "known.h5".into(),
        dt_ms: 5.0,
        level: Some(SoundLevel::of(LevelKind::Amplitude)),
        frequencies_hz: None,
        neurons: neurons.collect(),
        clips,
        splits: Some(Splits { train, valid, test }),
    };
    Known { recording, rates }
}

/// A network for the sizes of this file.
fn network(text: &str) -> (Network, Params) {
    let params = Params::new(3, DType::F64, &Device::Cpu);
    let dims = Dims { dt_ms: 5.0, bands: BANDS, neurons: NEURONS, frequencies_hz: None };
    (Network::build(&architecture(text), &dims, &params).unwrap(), params)
}

fn variable(params: &Params, name: &str) -> Var {
    params.all().into_iter().find(|(own, _)| own == name).unwrap().1.var
}

fn set(params: &Params, name: &str, values: Vec<f64>) {
    let var = variable(params, name);
    var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
}

/// Random weights on the lowest bands whose drives have these means and deviations.
fn set_drives(
    network: &Network,
    params: &Params,
    sounds: &[Array2<f32>],
    (bands, wanted): (usize, (f64, f64)),
) {
    let kernel = "readout.strf.kernel.weight";
    let mut rng = rng::generator(5, "kernels");
    let shape = variable(params, kernel).dims().to_vec();
    let lags = shape[3];
    let weight = |place: usize| {
        let own: f64 = StandardNormal.sample(&mut rng);
        if place / lags % BANDS < bands { own } else { 0.0 }
    };
    set(params, kernel, (0..shape.iter().product()).map(weight).collect());
    set(params, "readout.strf.kernel.bias", vec![0.0; NEURONS]);
    let drives = sounds.iter().map(|sound| {
        let values: Vec<f64> = sound.iter().copied().map(f64::from).collect();
        let sound = Tensor::from_vec(values, (1, 1, BANDS, BINS), &Device::Cpu).unwrap();
        network.drive(&sound).unwrap().squeeze(0).unwrap()
    });
    let drives = Tensor::cat(&drives.collect::<Vec<_>>(), 1).unwrap().to_vec2::<f64>().unwrap();
    let moments = drives
        .iter()
        .map(|own| (strf::stats::moments::mean(own), strf::stats::moments::variance(own).sqrt()));
    let factors: Vec<(f64, f64)> = moments
        .map(|(mean, deviation)| {
            let factor = wanted.1 / deviation;
            (factor, wanted.0 - factor * mean)
        })
        .collect();
    let like = |values: Vec<f64>| Tensor::from_vec(values, NEURONS, &Device::Cpu).unwrap();
    let (gains, shifts): (Vec<f64>, Vec<f64>) = factors.into_iter().unzip();
    network.adjust(&like(gains), &like(shifts)).unwrap();
}

/// Bursts with silence between them, in each band by itself.
fn bursts(name: &str) -> Array2<f32> {
    let mut rng = rng::generator(2, name);
    let mut sound = Array2::zeros((BANDS, BINS));
    for mut band in sound.rows_mut() {
        let (mut sounds, mut level) = (false, 0.0f32);
        for value in &mut band {
            // Bursts of 20 bins and pauses of 40 on average.
            if rng.random::<f64>() < if sounds { 0.05 } else { 0.025 } {
                sounds = !sounds;
                level = -(rng.random::<f32>() * rng.random::<f32>()).max(1e-6).ln();
            }
            *value = if sounds { level } else { 0.0 };
        }
    }
    sound
}

/// Bands of which the upper half changes its contrast every few hundred milliseconds, and not its mean.
fn contrasts(name: &str) -> Array2<f32> {
    let mut rng = rng::generator(2, name);
    let mut sound = Array2::zeros((BANDS, BINS));
    let mut t = 0;
    while t < BINS {
        let to = BINS.min(t + rng.random_range(30..100));
        let changing = if rng.random::<bool>() { 0.9 } else { 0.05 };
        for (f, mut band) in sound.rows_mut().into_iter().enumerate() {
            let spread = if f < BANDS / 2 { 0.5f32 } else { changing };
            for value in band.iter_mut().take(to).skip(t) {
                *value = 1.0 + spread * rng.random_range(-1.0..1.0);
            }
        }
        t = to;
    }
    sound
}

/// The mean correlation of predictions of a run with the true rates on the test clips.
fn agreement(place: &Workplace, run: &str, known: &Known) -> f64 {
    place.strf(&format!("predict {run} --force")).done();
    let file = unlocked().open(place.path(&format!("{run}/predictions.h5"))).unwrap();
    let mut both = vec![(Vec::new(), Vec::new()); NEURONS];
    for clip in CLIPS - TEST..CLIPS {
        let dataset = file.dataset(&format!("stimuli/s{clip:02}/prediction")).unwrap();
        let predicted = dataset.read::<f32, ndarray::Ix2>().unwrap();
        for (n, (predictions, rates)) in both.iter_mut().enumerate() {
            predictions.extend(predicted.row(n).iter().copied().map(f64::from));
            rates.extend(known.rates[clip].row(n));
        }
    }
    let each = both.iter().map(|(p, r)| strf::stats::moments::correlation(p, r));
    each.sum::<f64>() / NEURONS as f64
}

/// Fits the recording by two models with defaults, the second with the right stage, and fails unless
/// that recovers half of the gap to the true rate; leaves the run of the right one.
fn assert_half_of_the_gap(known: &Known, model: &str, stage: &str) -> Workplace {
    let place = Workplace::holding(&known.recording);
    let head = "[data]\nfile = \"data.h5\"\nsmooth_ms = 0.0\n";
    place.write("without.toml", &format!("{head}{model}"));
    place.write("with.toml", &format!("{head}{model}{stage}"));
    let agreements = ["without", "with"].map(|name| {
        place.strf(&format!("train {name}.toml --quiet")).done();
        agreement(&place, &format!("runs/{name}"), known)
    });
    let [without, with] = agreements;
    assert!(without < 0.95, "there is a gap: {without}");
    assert!(with - without >= 0.5 * (1.0 - without), "{without} without, {with} with the stage");
    place
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    0.5 * (values[half] + values[values.len() - 1 - half])
}

#[test]
fn time_constants_of_short_term_plasticity_are_found() {
    let model = "[model]\ntype = \"ln\"\noutput = \"softplus\"\nwindow_ms = 30.0\n";
    let stage = "[prefilter]\ntype = \"stp\"\n";
    let sounds: Vec<Array2<f32>> = (0..CLIPS).map(|s| bursts(&format!("clip {s}"))).collect();
    let (network, params) = network(&format!("{model}norm = \"none\"\n{stage}"));
    let members = sounds.iter().map(|sound| {
        let values: Vec<f64> = sound.iter().copied().map(f64::from).collect();
        let sound = Tensor::from_vec(values, (1, 1, BANDS, BINS), &Device::Cpu).unwrap();
        Member::sound_alone(&sound).unwrap()
    });
    network.start(members.collect::<Vec<_>>().iter()).unwrap();
    let mut rng = rng::generator(4, "synapses");
    let taus: Vec<f64> = (0..BANDS).map(|_| 50.0 * 5f64.powf(rng.random::<f64>())).collect();
    set(&params, "prefiltering.log_tau", taus.iter().map(|tau| (tau - 10.0).ln()).collect());
    set(&params, "prefiltering.usage", (0..BANDS).map(|_| rng.random_range(0.1..0.3)).collect());
    set_drives(&network, &params, &sounds, (BANDS, (-0.5, 1.5)));
    let known = recorded(&network, sounds, "plasticity");

    let place = assert_half_of_the_gap(&known, model, stage);
    place.strf("export-strfs runs/with --out strfs.h5").done();
    let file = unlocked().open(place.path("strfs.h5")).unwrap();
    let found = file.dataset("stp_tau_ms").unwrap().read_raw::<f32>().unwrap();
    let ratios = found.iter().zip(&taus).map(|(found, tau)| f64::from(*found) / tau).collect();
    let ratio = median(ratios);
    assert!((ratio - 1.0).abs() < 0.15, "{ratio}: found {found:?}, true {taus:?}");
}

#[test]
fn an_output_that_follows_contrast_is_found() {
    let model = "[model]\ntype = \"ln\"\noutput = \"double_exponential\"\nwindow_ms = 30.0\n";
    let gain = "[output_gain]\ntype = \"contrast\"\n";
    let sounds: Vec<Array2<f32>> = (0..CLIPS).map(|s| contrasts(&format!("clip {s}"))).collect();
    let (network, params) = network(&format!("{model}norm = \"none\"\n{gain}"));
    let members = sounds.iter().map(|sound| {
        let values: Vec<f64> = sound.iter().copied().map(f64::from).collect();
        let sound = Tensor::from_vec(values, (1, 1, BANDS, BINS), &Device::Cpu).unwrap();
        Member::sound_alone(&sound).unwrap()
    });
    network.start(members.collect::<Vec<_>>().iter()).unwrap();
    // What drives and what changes the output lie in bands of their own.
    set_drives(&network, &params, &sounds, (BANDS / 2, (0.0, 1.0)));
    let upper = |f: usize| if f < BANDS / 2 { 0.0 } else { 6.0 / BANDS as f64 };
    set(&params, "output_gain.weights", (0..BANDS).map(upper).collect());
    for (scope, raw_a, raw_b, k, s) in [
        ("readout.activation", 3.0, -4.0, -2.0, 0.0),
        ("output_gain.activation", 0.0, -1.0, -0.5, 1.0),
    ] {
        for (name, value) in [("_raw_a", raw_a), ("_raw_b", raw_b), ("k", k), ("s", s)] {
            set(&params, &format!("{scope}.{name}"), vec![value; NEURONS]);
        }
    }
    let known = recorded(&network, sounds, "contrast");
    assert_half_of_the_gap(&known, model, gain);
}
