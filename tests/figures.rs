//! Figures that can be read whatever their number of neurons, runs and bands.
use ndarray::Array4;
use strf::base::files::Existing;
use strf::strf::plot::{ColourScale, plot};
use strf::strf::strf_export::{Effect, Method, StrfExport, StrfRows, Which};

use crate::support::drawn::assert_legible;
use crate::support::runs::{LN, MODELS, Workplace, recording, run_file};

const ADAPTING: &str = "[prefilter]\ntype = \"adaptrans\"";

/// Draws a picture of a run and hands out its text.
fn picture(place: &Workplace, run: &str, name: &str) -> String {
    place.strf(&format!("plot {run} {name} --format svg --out drawn --force")).done();
    let svg = place.read(&format!("drawn/{name}.svg"));
    assert_legible(&format!("{name} of {run}"), &svg);
    svg
}

/// Trains a model for two epochs on `data.h5`.
fn train(place: &Workplace, name: &str, model: &str) {
    place.write("run.toml", &run_file(model, "epochs = 2"));
    place.strf(&format!("train run.toml --out {name}")).done();
}

#[test]
fn pictures_of_every_model_are_legible_with_few_neurons() {
    let place = Workplace::new();
    for (name, model) in MODELS {
        train(&place, name, model);
        for kind in ["learning", "ceiling", "prediction", "outputs"] {
            let svg = picture(&place, name, kind);
            if kind == "outputs" {
                let leaky = svg.contains("leaky output units left out");
                assert_eq!(leaky, model.contains("dnet"), "{name}");
                assert!(svg.contains("3 neurons, best CC first"), "{name}");
            }
        }
    }
}

#[test]
fn output_nonlinearities_of_some_of_many_neurons_are_shown_from_best_to_worst() {
    let place = Workplace::empty();
    let size = "--stimuli 8 --bins 150 --bands 6 --neurons 31 --repeats 2";
    place.strf(&format!("simulate data.h5 {size}")).done();
    train(&place, "run", LN);
    let svg = picture(&place, "run", "outputs");
    assert!(svg.contains("12 of 31 neurons, from best CC to worst"), "{svg}");
    assert!(svg.contains(">spikes/s<"), "responses are counts");
    let scores: Vec<f64> = place.column("run/scores.csv", "cc");
    let told = svg.split("   CC ").skip(1).map(|rest| rest.split('<').next().unwrap());
    let told: Vec<f64> = told.map(|cc| cc.replace('−', "-").parse().unwrap()).collect();
    let (best, worst) =
        scores.iter().fold((f64::MIN, f64::MAX), |(b, w), s| (b.max(*s), w.min(*s)));
    assert_eq!(told.len(), 12);
    assert!((told[0] - best).abs() < 0.0051 && (told[11] - worst).abs() < 0.0051, "{told:?}");
    assert!(told.windows(2).all(|pair| pair[0] >= pair[1]), "{told:?}");
    picture(&place, "run", "prediction");
    place.strf("export-strfs run --plot strfs.svg").done();
    assert_legible("31 STRFs", &place.read("strfs.svg"));
}

#[test]
fn adaptation_shows_what_was_fitted_and_what_it_began_with() {
    let place = Workplace::new();
    train(&place, "fitted", &format!("{LN}\n{ADAPTING}"));
    let svg = picture(&place, "fitted", "adaptation");
    for text in [">ON: 1 at lag 0<", ">before training<", ">weight w<", ">time constant (ms)<"] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
    train(&place, "fixed", &format!("{LN}\n{ADAPTING}\nlearnable = false"));
    let svg = picture(&place, "fixed", "adaptation");
    assert!(svg.contains("fixed: nothing of it was trained"), "{svg}");
    assert!(svg.contains(">OFF: −0.75 at lag 0<") && !svg.contains(">before training<"), "{svg}");
    train(&place, "willmore", &format!("{LN}\n[prefilter]\ntype = \"willmore\""));
    let svg = picture(&place, "willmore", "adaptation");
    assert!(svg.contains(">sound: 1 at lag 0<") && !svg.contains(">weight w<"), "{svg}");
}

#[test]
fn comparisons_of_two_three_and_eight_runs_are_legible_and_tell_the_means() {
    let place = Workplace::new();
    train(&place, "runs/a", LN);
    train(&place, "runs/b", MODELS[2].1);
    let draw = |runs: &str| {
        place.strf(&format!("compare {runs} --score mse --plot drawn.svg --force")).done();
        let svg = place.read("drawn.svg");
        assert_legible(runs, &svg);
        svg
    };
    let svg = draw("runs/a runs/b");
    let mean = |run: &str| {
        let values = place.column(&format!("runs/{run}/scores.csv"), "mse");
        values.iter().sum::<f64>() / values.len() as f64
    };
    let difference = format!("mean difference {:+.3}", mean("b") - mean("a")).replace('-', "−");
    assert!(svg.contains(&difference), "{difference}: {svg}");
    assert!(svg.contains(">mse: nrf against ln, data.h5<"), "{svg}");
    let copies = ["c", "d", "e", "f", "g", "a-folder-with-a-name-that-is-long"];
    for copy in copies {
        place.copy("runs/b", &format!("runs/{copy}"));
    }
    let svg = draw("runs/a runs/b runs/c");
    assert!(svg.contains(&format!(">mean {:.3}<", mean("a"))), "{svg}");
    assert_eq!(svg.matches(&format!(">mean {:.3}<", mean("b"))).count(), 2, "{svg}");
    draw(&format!("runs/a runs/b {}", copies.map(|copy| format!("runs/{copy}")).join(" ")));
}

#[test]
fn a_comparison_without_a_common_neuron_says_so() {
    let recording = recording();
    let single = |clip: strf::dataset::Clip| strf::dataset::Clip {
        responses: clip.responses.slice_move(ndarray::s![.., ..1, ..]),
        ..clip
    };
    let clips = recording.clips.into_iter().map(single).collect();
    let place = Workplace::holding(&strf::dataset::Recording { clips, ..recording });
    train(&place, "runs/a", LN);
    let said = place.strf("compare runs/a runs/a --score cc_norm --plot none.png").done();
    assert_eq!(said.stderr, "strf: warning: no picture: no neuron has cc_norm in every run\n");
    assert!(!place.path("none.png").exists());
}

/// STRFs of neurons with long ids, over 13 bands and 9 lags.
fn many(neurons: usize, channels: &[&str]) -> StrfExport {
    let shape = (neurons, channels.len(), 13, 9);
    let strfs = Array4::from_shape_fn(shape, |(n, c, f, k)| {
        ((n + 1) * (c + 2) * (f + 3) * (k + 1)) as f32 % 17.0 / 8192.0 - 1e-3
    });
    let ids = (0..neurons).map(|n| format!("site{n:03}_electrode_17_unit_{n:04}"));
    StrfExport {
        title: "ln + adaptrans, a_recording_with_a_long_name.h5".into(),
        effective: strfs.clone(),
        strfs,
        lags_ms: (0..9).map(|lag| 12.5 * f64::from(lag)).collect(),
        frequencies_hz: Some((0..13).map(|f| 500.0 * 1.4f64.powi(f)).collect()),
        channels: channels.iter().map(|&name| name.to_owned()).collect(),
        rows: StrfRows::Neurons(ids.collect()),
        extras: Vec::new(),
        config: String::new(),
        version: String::new(),
        method: Method::Kernel,
        effect: Effect::Drive,
        significance: None,
    }
}

#[test]
fn grids_of_one_to_three_hundred_receptive_fields_are_legible() {
    let place = Workplace::empty();
    for neurons in [1, 2, 12, 60, 300] {
        for channels in [&["sound"][..], &["ON", "OFF"]] {
            let (path, dump) = (place.path("strfs.svg"), many(neurons, channels));
            plot(&dump, Which::Effective, ColourScale::EachPanel, &path, Existing::Replace)
                .unwrap();
            let svg = place.read("strfs.svg");
            assert_legible(&format!("{neurons} STRFs of {channels:?}"), &svg);
            assert_eq!(svg.contains("60 of 300 neurons shown"), neurons == 300);
        }
    }
}
