//! Folders that deepSTRF saved, as runs.
use std::path::Path;

use candle_core::{DType, Tensor};
use ndarray::{Array2, Array3};
use serde_json::{Map, Value as Json};
use strf::dataset::{Clip, Entity, Recording, Splits};

use crate::support::golden::{Golden, folder};
use crate::support::runs::{Ran, Workplace};

/// What the command line says of a case that its folder does not.
const MEL: &str = "--set prefilter.scale=mel";
const CASES: [(&str, &str); 22] = [
    ("linear", ""),
    ("ln", ""),
    ("ln_sigmoid", "--set model.output=sigmoid"),
    ("ln_parametric_sigmoid", ""),
    ("ln_double_exponential", ""),
    ("ln_separable", ""),
    ("ln_dcls", ""),
    ("ln_adaptrans", MEL),
    ("ln_willmore", MEL),
    ("nrf", ""),
    ("nrf_dcls_adaptrans", MEL),
    ("dnet", ""),
    ("dnet_adaptrans", MEL),
    ("cnn2d", ""),
    ("cnn2d_adaptrans", MEL),
    ("statenet_gru", ""),
    ("statenet_gru_adaptrans", MEL),
    ("statenet_lstm", ""),
    ("statenet_mamba", ""),
    ("transformer", ""),
    ("transformer_adaptrans", MEL),
    ("transformer_windowed", ""),
];

/// The arguments of the class as deepSTRF writes them: numbers, and nothing where there is none.
fn arguments(golden: &Golden) -> Map<String, Json> {
    let (network, _params) = golden.build(DType::F32);
    let reference = network.reference().unwrap();
    let mut arguments = reference.arguments.clone();
    arguments.insert("_model_class".into(), reference.class.name.into());
    let unsaid = !golden.weights.keys().any(|name| name.starts_with("readout.activation."));
    if unsaid {
        arguments.insert("output_activation".into(), Json::Null);
    }
    for (part, prefix) in [("prefiltering", "prefiltering."), ("wav2spec", "wav2spec.")] {
        if !golden.weights.keys().any(|name| name.starts_with(prefix)) {
            arguments.insert(part.into(), Json::Null);
        }
    }
    arguments
}

fn array(tensor: &Tensor) -> Vec<f32> {
    tensor.contiguous().unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The stimuli and responses of a case as a dataset, the last stimulus for the test.
fn recording(golden: &Golden) -> Recording {
    let (sound, responses) = (&golden.io["stimulus"], &golden.io["responses"]);
    let (clips, _one, f, t) = sound.dims4().unwrap();
    let (_b, n, r, _t) = responses.dims4().unwrap();
    let named = |name: String| Entity { id: name, ..Entity::default() };
    let clip = |place: usize| Clip {
        stimulus: named(format!("s{place}")),
        cochleagram: Array2::from_shape_vec((f, t), array(&sound.get(place).unwrap())).unwrap(),
        responses: Array3::from_shape_vec((n, r, t), array(&responses.get(place).unwrap()))
            .unwrap(),
    };
    let id = |place: usize| vec![format!("s{place}")];
    Recording {
        file: "data.h5".into(),
        dt_ms: golden.dims.dt_ms,
        level: None,
        frequencies_hz: None,
        neurons: (0..n).map(|place| named(format!("n{place}"))).collect(),
        clips: (0..clips).map(clip).collect(),
        splits: Some(Splits {
            train: id(0),
            valid: id(1),
            test: (2..clips).flat_map(id).collect(),
        }),
    }
}

/// With the folder `saved` of a case, and its dataset.
fn with_case(case: &str, change: impl FnOnce(&mut Map<String, Json>)) -> Workplace {
    let (place, golden) = (Workplace::empty(), Golden::open(case));
    place.write_data("data.h5", &recording(&golden));
    std::fs::create_dir(place.path("saved")).unwrap();
    let weights = folder(case).join("weights.safetensors");
    std::fs::copy(weights, place.path("saved/model.safetensors")).unwrap();
    let mut arguments = arguments(&golden);
    change(&mut arguments);
    place.write("saved/config.json", &Json::from(arguments).to_string());
    place
}

fn adopt(place: &Workplace, options: &str) -> Ran {
    place.strf(&format!("adopt saved --data data.h5 --out run {options}"))
}

fn predictions(file: &Path, clips: usize) -> Vec<f32> {
    let file = hdf5::File::open(file).unwrap();
    let of = |clip: usize| {
        file.dataset(&format!("stimuli/s{clip}/prediction")).unwrap().read_raw::<f32>().unwrap()
    };
    (0..clips).flat_map(of).collect()
}

#[test]
fn every_model_prefilter_and_kernel_predicts_what_it_predicted_there() {
    for (case, options) in CASES {
        let place = with_case(case, |_| {});
        let ran = adopt(&place, options).done();
        assert!(ran.stdout.contains("cc_norm"), "{case}: {}", ran.stdout);
        place.strf("predict run --split all --out all.h5").done();
        let want = &Golden::open(case).io["prediction"];
        let found = predictions(&place.path("all.h5"), want.dim(0).unwrap());
        let largest = array(want).iter().fold(0.0_f32, |most, y| most.max(y.abs()));
        assert_eq!(found.len(), want.elem_count(), "{case}");
        for (y, want) in found.iter().zip(array(want)) {
            assert!((y - want).abs() <= 1e-5 + 1e-4 * largest, "{case}: {y}, {want}");
        }
        place.strf("eval run").done();
        place.strf("export-strfs run --window-ms 20").done();
    }
}

#[test]
fn folders_that_cannot_be_told_are_refused_and_nothing_is_written() {
    let refused = |place: &Workplace, options: &str, said: &str| {
        let ran = adopt(place, options);
        assert!(ran.status == Some(2) && ran.stderr.contains(said), "{said}: {}", ran.stderr);
        assert!(!place.path("run").exists());
    };
    let place = with_case("statenet_gru", |config| {
        config.insert("rnn_type".into(), "S4".into());
    });
    refused(&place, "", "model.rnn: found \"s4\", expected \"gru\", \"lstm\"");
    let place = with_case("nrf", |config| {
        config.insert("_model_class".into(), "ICNet".into());
    });
    refused(&place, "", "_model_class: found \"ICNet\", expected \"Linear\"");
    let place = with_case("nrf", |config| {
        config.insert("n_hidden".into(), 3.into());
    });
    refused(&place, "", "core.0.kernel.weight: found shape");
    let place = with_case("nrf", |config| {
        config.insert("sharpness".into(), 3.into());
    });
    refused(&place, "", "sharpness: found 3, expected an argument of NetworkReceptiveField");
    for case in ["linear", "ln_sigmoid"] {
        let place = with_case(case, |config| {
            config.remove("output_activation");
        });
        refused(&place, "", "expected an output nonlinearity named by --set model.output=NAME");
    }
    let place = with_case("ln_adaptrans", |_| {});
    refused(&place, "", "prefilter.scale");
    refused(&place, "--prefilter none", "prefiltering.");
    refused(&place, "--prefilter adaptive", "--prefilter: found \"adaptive\"");
    refused(&place, "--dt-ms 2", "--dt-ms: found 2, expected 5");
    std::fs::remove_file(place.path("saved/config.json")).unwrap();
    refused(&place, "", "config.json: found no such file");
}
