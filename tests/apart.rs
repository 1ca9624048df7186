//! Neurons that share no weight are each fitted by itself: the same bits whichever neurons stand beside.
use std::collections::BTreeMap;

use candle_core::{DType, Tensor};

use crate::support::golden::tensors;
use crate::support::runs::Workplace;

/// The neurons of a recording; more than fill a tile, and a remainder.
const NEURONS: usize = 11;

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Fails unless what `alone` holds is what `all` holds of a neuron, bit for bit.
fn require_same(
    name: &str,
    all: &BTreeMap<String, Tensor>,
    alone: &BTreeMap<String, Tensor>,
    neuron: usize,
) {
    assert_eq!(all.keys().collect::<Vec<_>>(), alone.keys().collect::<Vec<_>>());
    for (tensor, alone) in alone {
        let whole = &all[tensor];
        let axis = (0..whole.rank()).find(|axis| whole.dims()[*axis] != alone.dims()[*axis]);
        let own = match axis {
            Some(axis) => whole.narrow(axis, neuron, 1).unwrap(),
            None => whole.clone(),
        };
        let bits = |tensor: &Tensor| -> Vec<u64> {
            values(tensor).into_iter().map(f64::to_bits).collect()
        };
        let (got, want) = (values(&own), values(alone));
        assert_eq!(bits(&own), bits(alone), "{name}: {tensor} of {neuron}: {got:?} and {want:?}");
    }
}

#[test]
fn a_neuron_comes_to_the_same_bits_whichever_neurons_stand_beside_it() {
    let place = Workplace::empty();
    let size = "--stimuli 9 --bins 211 --bands 9 --repeats 3";
    place.strf(&format!("simulate data.h5 {size} --neurons {NEURONS}")).done();
    let cases = [
        ("[model]\ntype = \"linear\"", "optimizer = \"ridge\""),
        ("[model]\ntype = \"linear\"", "optimizer = \"ridge\"\nfolds = 3\nsmooth = \"auto\""),
        ("[model]\ntype = \"linear\"", ""),
        ("[model]\ntype = \"ln\"", ""),
        (
            "[model]\ntype = \"ln\"\noutput = \"double_exponential\"",
            "l1 = \"auto\"\nloss = \"poisson\"",
        ),
        ("[model]\ntype = \"ln\"\nnorm = \"none\"", "smooth = \"auto\"\nstart = \"random\""),
        ("[model]\ntype = \"ln\"\n[parameterization]\ntype = \"separable\"", ""),
        ("[model]\ntype = \"ln\"\n[parameterization]\ntype = \"dcls\"", "epochs = 40"),
        ("[model]\ntype = \"ln\"\n[prefilter]\ntype = \"willmore\"", "l2 = 0.2\npatience = 3"),
    ];
    for (nth, (model, train)) in cases.into_iter().enumerate() {
        let text = |neurons: &str| {
            format!("[data]\nfile = \"data.h5\"\n{neurons}\n{model}\n[train]\n{train}\n")
        };
        place.write("all.toml", &text(""));
        place.strf(&format!("train all.toml --out all{nth}")).done();
        let all = tensors(&place.path(&format!("all{nth}/model/model.safetensors")));
        for neuron in [0, 7, NEURONS - 1] {
            place.write("own.toml", &text(&format!("neurons = [\"{}\"]", id(&place, neuron))));
            place.strf(&format!("train own.toml --out own{nth}_{neuron}")).done();
            let file = place.path(&format!("own{nth}_{neuron}/model/model.safetensors"));
            require_same(&format!("{model} {train}"), &all, &tensors(&file), neuron);
        }
    }
}

/// The id of a neuron of the recording.
fn id(place: &Workplace, neuron: usize) -> String {
    let recording = strf::dataset::read(&place.path("data.h5")).unwrap();
    recording.recording.neuron_ids()[neuron].clone()
}
