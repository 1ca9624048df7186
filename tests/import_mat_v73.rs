//! MATLAB 7.3: sparse arrays, objects and empty cells in HDF5 files.
use std::path::Path;

use hdf5::types::FixedAscii;
use ndarray::{Array2, Array3};
use strf::dataset::read;

use crate::import_mat::{F, N, T, levels};
use crate::support::runs::{Workplace, unlocked};

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
