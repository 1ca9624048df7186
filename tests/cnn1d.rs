//! The 1D-CNN and Gaussian weights over bands: sizes, presets, start values, what is refused.
use std::path::Path;

use candle_core::{DType, Device, Result};
use strf::models::Network;
use strf::models::dims::Dims;
use strf::models::params::Params;
use strf::run_file::RunConfig;

use crate::support::combinations::build;
use crate::support::compare::flat;

fn dims() -> Dims {
    let hz = (0..18).map(|band| 200.0 * 1.3_f64.powi(band)).collect();
    Dims { dt_ms: 10.0, bands: 18, neurons: 4, frequencies_hz: Some(hz) }
}

fn shapes(keys: &str) -> Vec<(String, Vec<usize>)> {
    let text = format!("[model]\ntype = \"cnn1d\"\n{keys}\noutput = \"identity\"\n");
    let (_network, params) = build(&text, DType::F32, &dims());
    let all = params.all().into_iter();
    all.map(|(name, param)| (name, param.var.dims().to_vec())).collect()
}

#[test]
fn presets_have_the_sizes_of_the_paper_at_bins_of_ten_milliseconds() {
    let named = |expected: &[(&str, &[usize])]| -> Vec<(String, Vec<usize>)> {
        expected.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect()
    };
    let expected: &[(&str, &[usize])] = &[
        ("core.0.raw_mu", &[100, 1]),
        ("core.0.raw_sigma", &[100, 1]),
        ("core.1.bias", &[100]),
        ("core.1.weight", &[100, 25]),
        ("core.2.bias", &[120]),
        ("core.2.weight", &[120, 100]),
        ("readout.fc.bias", &[4]),
        ("readout.fc.weight", &[4, 120]),
    ];
    assert_eq!(shapes(""), named(expected));
    let expected: &[(&str, &[usize])] = &[
        ("core.0.raw_mu", &[70, 1]),
        ("core.0.raw_sigma", &[70, 1]),
        ("core.1.bias", &[70]),
        ("core.1.weight", &[70, 15]),
        ("core.2.bias", &[80]),
        ("core.2.weight", &[80, 70]),
        ("core.3.bias", &[80]),
        ("core.3.weight", &[80, 10]),
        ("core.4.bias", &[100]),
        ("core.4.weight", &[100, 80]),
        ("readout.fc.bias", &[4]),
        ("readout.fc.weight", &[4, 100]),
    ];
    assert_eq!(shapes("preset = \"1dx2\""), named(expected));
    let expected: &[(&str, &[usize])] = &[
        ("core.0.weight", &[60, 1, 18]),
        ("core.1.bias", &[60]),
        ("core.1.weight", &[60, 25]),
        ("readout.fc.bias", &[4]),
        ("readout.fc.weight", &[4, 60]),
    ];
    let keys = "preset = \"pop_ln\"\nchannels = 60\nchannel_weights = \"free\"";
    assert_eq!(shapes(keys), named(expected));
}

#[test]
fn kernels_over_time_start_as_a_rise_and_a_fall() -> Result<()> {
    let text = "[model]\ntype = \"cnn1d\"\nchannels = 400\n";
    let (_network, params) = build(text, DType::F64, &dims());
    let kernels = params.values()?["core.1.weight"].clone();
    let mean = flat(&kernels.mean(0)?);
    for (place, mean) in mean.into_iter().enumerate() {
        let want = match 24 - place {
            1 => 2.0 / 25.0,
            2 => -1.0 / 25.0,
            _ => 0.0,
        };
        // Five deviations of the mean of 400.
        assert!((mean - want).abs() < 5.0 * 0.04 / 20.0, "{place}: {mean}, {want}");
    }
    Ok(())
}

#[test]
fn gaussians_learn_centres_in_hertz_and_widths_in_octaves() -> Result<()> {
    for (text, axes) in [
        ("[model]\ntype = \"cnn1d\"\nchannels = 5\n", 2),
        ("[model]\ntype = \"nrf\"\nhidden = 5\n[parameterization]\ntype = \"gaussian\"\n", 3),
    ] {
        let (network, _params) = build(text, DType::F64, &dims());
        let learnt = network.learnt()?;
        let of = |name: &str| {
            let found = learnt.iter().find(|quantity| quantity.name == name);
            found.unwrap_or_else(|| panic!("no {name}"))
        };
        let (centres, widths) = (of("band_centres_hz"), of("band_widths_octaves"));
        assert_eq!((centres.axes.len(), centres.unit, widths.unit), (axes, "Hz", "octaves"));
        let (low, high) = (200.0, 200.0 * 1.3_f64.powi(17));
        assert!(flat(&centres.values).iter().all(|hz| (low..=high).contains(hz)));
        let span = 17.0 * 1.3_f64.log2();
        assert!(flat(&widths.values).iter().all(|width| (width - 0.2 * span).abs() < 1e-9));
    }
    Ok(())
}

#[test]
fn what_stands_behind_a_dense_layer_is_refused_without_one() {
    let text = "[model]\ntype = \"cnn1d\"\ndense = 0\nsecond_lag_ms = 50.0\n";
    let architecture = RunConfig::architecture(text, Path::new("run.toml")).unwrap();
    let params = Params::new(0, DType::F32, &Device::Cpu);
    let message = match Network::build(&architecture, &dims(), &params) {
        Ok(_) => panic!("it was built"),
        Err(error) => error.to_string(),
    };
    let expected = "model.second_lag_ms: found 50, expected 0 with model.dense = 0: it stands behind \
                    the first dense layer; set model.dense or leave it out";
    assert_eq!(message, expected);
}
