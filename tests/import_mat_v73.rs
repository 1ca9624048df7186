//! MATLAB 7.3: sparse arrays, objects and empty cells in HDF5 files.
use std::path::Path;

use hdf5::ObjectReference1;
use hdf5::types::FixedAscii;
use ndarray::{Array2, Array3};
use strf::dataset::read;

use crate::import_mat::{F, N, T, levels};
use crate::support::rigs::ns1;
use crate::support::runs::{Workplace, unlocked};
use crate::support::sessions::{bins, imported};

/// Writes a file of version 7.3 with the sound, whose axes are reversed there, and what `fill` adds.
fn v73(path: &Path, fill: impl FnOnce(&hdf5::File) -> hdf5::Result<()>) {
    let file = unlocked().create(path).unwrap();
    let sound = Array2::from_shape_vec((T, F), levels()).unwrap();
    file.new_dataset_builder().with_data(&sound).create("spec").unwrap();
    fill(&file).unwrap();
}

/// Says what MATLAB says of a variable.
fn class(place: &hdf5::Location, class: &str) -> hdf5::Result<()> {
    let class = FixedAscii::<32>::from_ascii(class.as_bytes()).unwrap();
    place.new_attr::<FixedAscii<32>>().create("MATLAB_class")?.write_scalar(&class)
}

#[test]
fn sparse_arrays_of_version_7_3_are_read_and_their_parts_are_not() {
    let place = Workplace::empty();
    v73(&place.path("data.mat"), |file| {
        let resp = file.create_group("resp")?;
        class(&resp, "double")?;
        resp.new_attr::<u64>().create("MATLAB_sparse")?.write_scalar(&(N as u64))?;
        resp.new_dataset_builder().with_data(&[7.0, 8.0, 9.0]).create("data")?;
        resp.new_dataset_builder().with_data(&[2u64, 0, 1]).create("ir")?;
        resp.new_dataset_builder().with_data(&[0u64, 0, 1, 3, 3, 3]).create("jc")?;
        let silent = file.create_group("silent")?;
        silent.new_attr::<u64>().create("MATLAB_sparse")?.write_scalar(&(N as u64))?;
        silent.new_dataset_builder().with_data(&[0u64; 6]).create("jc").map(drop)
    });
    let mut want = Array3::<f32>::zeros((N, 1, T));
    place.strf("import mat data.mat --dt-ms 5 --out out.h5 --responses silent").done();
    let clips = |name: &str| read(&place.path(name)).unwrap().recording.clips;
    assert_eq!(clips("out.h5")[0].responses, want);
    (want[[2, 0, 1]], want[[0, 0, 2]], want[[1, 0, 2]]) = (7.0, 8.0, 9.0);
    let ran = place.strf("import mat data.mat --dt-ms 5 --out out.h5 --force").done();
    assert!(ran.stdout.contains("inferred: responses are resp\n"), "{}", ran.stdout);
    assert_eq!(clips("out.h5")[0].responses, want);
    let ran = place.strf("import mat data.mat --dt-ms 5 --responses resp.data --trim");
    let said = "--responses: found \"resp.data\", expected the name of an array (the file holds \
                resp: sparse numbers (3, 5), silent: sparse numbers (3, 5), spec: numbers (2, 5))";
    assert!(ran.status == Some(2) && ran.stderr.contains(said), "{}", ran.stderr);
    // The same file as any HDF5 file.
    place
        .strf("import hdf5 data.mat --dt-ms 5 --responses resp/data --sound-axes time,frequency")
        .refused(
            "data.mat: 1 problem\n  resp/data: found a part of the sparse array resp, expected a \
             dataset of numbers (strf import mat reads sparse arrays of MATLAB; otherwise save a \
             full array)",
        );
}

#[test]
fn objects_of_version_7_3_are_named_and_refused() {
    let place = Workplace::empty();
    for (kind, found, save) in [
        ("table", "a MATLAB table", "its columns as arrays, x = table2array(x)"),
        ("datetime", "MATLAB times", "them as numbers, x = seconds(x - x(1)) or x = seconds(x)"),
        ("string", "MATLAB strings", "them as cells, x = cellstr(x)"),
        ("categorical", "MATLAB categories", "them as cells, x = cellstr(x)"),
    ] {
        v73(&place.path("data.mat"), |file| {
            let object = file.new_dataset_builder().with_data(&[3_707_764_736u32, 2, 1, 1, 2]);
            let object = object.create("resp")?;
            class(&object, kind)?;
            object.new_attr::<i32>().create("MATLAB_object_decode")?.write_scalar(&3)
        });
        place.strf("import mat data.mat --dt-ms 5").refused(&format!(
            "data.mat: 1 problem\n  resp: found {found} (an object of class {kind}), expected \
             numbers, or cells of numbers (in MATLAB, save {save})"
        ));
        let ran = place.strf("import hdf5 data.mat --dt-ms 5 --axes time,neuron");
        let said = format!("resp: found an object of MATLAB's class {kind}, expected a dataset");
        assert!(ran.status == Some(2) && ran.stderr.contains(&said), "{}", ran.stderr);
    }
}

#[test]
fn empty_cells_of_version_7_3_are_missing_responses() {
    let place = Workplace::empty();
    v73(&place.path("data.mat"), |file| {
        let cells = file.create_group("#refs#")?;
        let full = Array2::from_shape_vec((T, 1), vec![1.0, 0.0, 2.0, 0.0, 3.0]).unwrap();
        cells.new_dataset_builder().with_data(&full).create("a")?;
        let empty = cells.new_dataset_builder().with_data(&[0u64, 0]).create("b")?;
        class(&empty, "double")?;
        empty.new_attr::<u8>().create("MATLAB_empty")?.write_scalar(&1)?;
        let references: [hdf5::ObjectReference1; 2] =
            [file.reference("#refs#/a")?, file.reference("#refs#/b")?];
        let resp = file.new_dataset::<hdf5::ObjectReference1>().shape((2, 1)).create("resp")?;
        class(&resp, "cell")?;
        resp.write_raw(&references)
    });
    let ran = place.strf("import mat data.mat --dt-ms 5 --axes neuron,time --out out.h5").done();
    let said = "inferred: 1 of 2 cells of resp is empty: not recorded, NaN\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    let responses = read(&place.path("out.h5")).unwrap().recording.clips.remove(0).responses;
    assert_eq!(responses.dim(), (2, 1, T));
    assert_eq!([4, 1].map(|t| responses[[0, 0, t]].to_string()), ["3", "0"]);
    assert!(responses.index_axis(ndarray::Axis(0), 1).iter().all(|value| value.is_nan()));
}

#[test]
fn lists_in_arrays_of_structs_of_version_7_3_name_the_files_of_neurons() {
    let place = Workplace::empty();
    ns1(&place, 2000);
    let file = unlocked().create(place.path("ns1/list.mat")).unwrap();
    let text = |name: &str, text: &str| -> hdf5::Result<()> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let units = Array2::from_shape_vec((units.len(), 1), units).unwrap();
        let dataset = file.new_dataset_builder().with_data(&units).create(name)?;
        class(&dataset, "char")
    };
    text("#refs#/a", "P01.mat").unwrap();
    text("#refs#/b", "P02").unwrap();
    let number =
        |name: &str, values: &[f64]| file.new_dataset_builder().with_data(values).create(name);
    number("#refs#/c", &[310.0]).unwrap();
    {
        let empty = number("#refs#/d", &[0.0, 0.0]).unwrap();
        empty.new_attr::<u8>().create("MATLAB_empty").unwrap().write_scalar(&1).unwrap();
    }
    let references = |name: &str, to: [&str; 2]| {
        let all = to.map(|to| file.reference::<ObjectReference1>(to).unwrap());
        let all = Array2::from_shape_vec((2, 1), all.to_vec()).unwrap();
        file.new_dataset_builder().with_data(&all).create(name).unwrap();
    };
    references("neuron/path", ["#refs#/a", "#refs#/b"]);
    references("neuron/depth", ["#refs#/c", "#refs#/d"]);
    file.close().unwrap();
    let words = "import mat ns1/list.mat --neuron-files neuron.path --spike-times \
                 data.set[0].repeats.t --unit ms --sounds ns1/spikesandwav --sounds-in-order --out \
                 out.h5";
    let (_, recording) = imported(&place, words);
    assert_eq!(recording.neuron_ids(), ["P01", "P02"]);
    let depth = |neuron: usize| recording.neurons[neuron].attributes.get("depth").cloned();
    assert_eq!([depth(0), depth(1)], [Some("310".to_owned()), None]);
    assert_eq!(bins(&recording, 0, 0, 0), [2, 40]);
}
