//! Known receptive fields, found again by the whole program in simulated recordings: in shape and
//! in scale.
use std::path::Path;

use assert_cmd::Command;
use ndarray::{Array4, ArrayView1, Axis};

const RUN: &str = r#"
[data]
file = "data.h5"
smooth_ms = 0.0
[model]
type = "ln"
output = "softplus"
window_ms = 30.0
[output]
folder = "run"
"#;

fn strf(folder: &Path, arguments: &str) {
    let arguments = arguments.split_whitespace();
    let output = Command::cargo_bin("strf").unwrap().current_dir(folder).args(arguments).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// True and found receptive fields of four neurons.
fn simulate_and_fit(simulation: &str, training: &str) -> [Array4<f32>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("run.toml"), RUN).unwrap();
    let sizes = "--bins 800 --bands 12 --neurons 4 --repeats 20 --window-ms 30";
    strf(at, &format!("simulate data.h5 {sizes} {simulation}"));
    strf(at, &format!("train run.toml --quiet {training}"));
    strf(at, "export-strfs run --out found.h5");
    [("data.h5", "truth/strfs"), ("found.h5", "strfs_effective")].map(|(file, name)| {
        let file = hdf5::File::open(at.join(file)).unwrap();
        file.dataset(name).unwrap().read::<f32, ndarray::Ix4>().unwrap()
    })
}

/// Pearson's correlation, and the slope of what was found over what is true.
fn likeness(truth: ArrayView1<f32>, found: ArrayView1<f32>) -> (f64, f64) {
    let centred = |x: ArrayView1<f32>| {
        let x = x.mapv(f64::from);
        let mean = x.mean().unwrap();
        x - mean
    };
    let (truth, found) = (centred(truth), centred(found));
    let slope = truth.dot(&found) / truth.dot(&truth);
    (slope * (truth.dot(&truth) / found.dot(&found)).sqrt(), slope)
}

fn assert_recovered([truth, found]: [Array4<f32>; 2]) {
    assert_eq!(truth.dim(), found.dim());
    for (neuron, (truth, found)) in
        truth.axis_iter(Axis(0)).zip(found.axis_iter(Axis(0))).enumerate()
    {
        let flat =
            |x: ndarray::ArrayView3<f32>| x.iter().copied().collect::<ndarray::Array1<f32>>();
        let (correlation, slope) = likeness(flat(truth).view(), flat(found).view());
        assert!(correlation > 0.95, "neuron {neuron}: correlation {correlation}");
        assert!((slope - 1.0).abs() < 0.05, "neuron {neuron}: slope {slope}");
    }
}

#[test]
fn a_linear_model_finds_the_strfs_of_linear_neurons_with_gaussian_noise() {
    let linear = "--set model.type=linear --set model.output=identity";
    assert_recovered(simulate_and_fit("--stimuli 20 --output identity --noise gaussian", linear));
}

#[test]
fn an_ln_model_finds_the_strfs_of_softplus_neurons_with_poisson_spikes() {
    assert_recovered(simulate_and_fit("--stimuli 20 --output softplus --noise poisson", ""));
}

#[test]
fn without_normalization_it_finds_them_too() {
    assert_recovered(simulate_and_fit("--stimuli 20 --output softplus", "--set model.norm=none"));
}

#[test]
fn a_separable_model_finds_separable_strfs() {
    let separable = "--set parameterization.type=separable";
    assert_recovered(simulate_and_fit("--stimuli 20 --shape separable", separable));
}

#[test]
fn a_mixture_of_gaussians_finds_mixtures_of_gaussians() {
    let dcls = "--set parameterization.type=dcls";
    assert_recovered(simulate_and_fit("--stimuli 20 --shape dcls", dcls));
}

#[test]
fn on_and_off_strfs_are_found_behind_adaptrans() {
    let adaptrans = "--set prefilter.type=adaptrans --set prefilter.learnable=false";
    assert_recovered(simulate_and_fit("--stimuli 40 --prefilter adaptrans", adaptrans));
}

#[test]
fn gaussians_along_the_bands_are_found_with_their_course() {
    let gaussian = "--set parameterization.type=gaussian";
    assert_recovered(simulate_and_fit("--stimuli 40 --shape gaussian", gaussian));
}
