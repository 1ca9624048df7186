//! Exports as `NetCDF`: variables over dimensions with coordinates.
use hdf5::types::{FixedAscii, VarLenArray, VarLenUnicode};
use hdf5::{ObjectReference1, ReferencedObject};
use ndarray::{ArrayD, Ix4};
use strf::models::dims::Axis;
use strf::strf::export::ExportFormat;
use strf::strf::strf_export::{Extra, StrfExport};

use super::{attribute, of_hidden_units, of_neurons, texts, written};

/// The names of the dimensions of a variable, as its references give them.
fn dimensions(file: &hdf5::File, variable: &str) -> Vec<String> {
    let list = file.dataset(variable).unwrap().attr("DIMENSION_LIST").unwrap();
    let list = list.read_1d::<VarLenArray<ObjectReference1>>().unwrap();
    let name = |scales: &VarLenArray<ObjectReference1>| match file.dereference(&scales[0]).unwrap()
    {
        ReferencedObject::Dataset(scale) => scale.name().trim_start_matches('/').to_owned(),
        other => panic!("{other:?}"),
    };
    list.iter().map(name).collect()
}

#[test]
fn netcdf_holds_every_array_over_dimensions_with_coordinates() {
    let dump = of_neurons();
    let (_folder, path) = written(&dump, ExportFormat::Netcdf);
    let file = hdf5::File::open(path).unwrap();
    let read = |name| file.dataset(name).unwrap();
    assert_eq!(attribute(&file, "Conventions"), "CF-1.10");
    assert_eq!(attribute(&file, "title"), dump.title);

    assert_eq!(read("strfs").read::<f32, Ix4>().unwrap(), dump.strfs);
    assert_eq!(dimensions(&file, "strfs"), ["neuron", "channel", "frequency", "lag"]);
    assert_eq!(read("strfs_effective").read::<f32, Ix4>().unwrap(), dump.effective);
    assert_eq!(attribute(&read("strfs_effective"), "units"), "drive per unit of cochleagram");
    assert_eq!(dimensions(&file, "a_on"), ["frequency"]);
    assert_eq!(dimensions(&file, "modulation_temporal"), ["neuron", "temporal_rate"]);
    assert_eq!(read("config").read_scalar::<VarLenUnicode>().unwrap().as_str(), dump.config);

    assert_eq!(texts(&file, "neuron"), ["a/1", "unit, \"b\"", "Ω3"]);
    assert_eq!(texts(&file, "channel"), ["ON", "OFF"]);
    assert_eq!(Some(read("frequency").read_raw::<f64>().unwrap()), dump.frequencies_hz);
    assert_eq!(attribute(&read("frequency"), "units"), "Hz");
    assert_eq!(read("lag").read_raw::<f64>().unwrap(), dump.lags_ms);
    for (id, name) in (0..).zip(["neuron", "channel", "frequency", "lag"]) {
        let scale = read(name);
        let class = scale.attr("CLASS").unwrap().read_scalar::<FixedAscii<16>>().unwrap();
        assert_eq!(class.as_str(), "DIMENSION_SCALE");
        let own = scale.attr("_Netcdf4Dimid").unwrap().read_scalar::<i32>().unwrap();
        assert_eq!(own, id);
        assert!(scale.attr("REFERENCE_LIST").unwrap().size() > 1, "{name}");
    }
}

#[test]
fn netcdf_counts_what_has_no_coordinates_and_keeps_two_lengths_of_an_axis_apart() {
    let two = |name: &str, length: usize| Extra {
        name: name.into(),
        axes: vec![Axis::Component],
        unit: "1".into(),
        values: ArrayD::zeros(vec![length]),
    };
    let dump = StrfExport {
        frequencies_hz: None,
        extras: vec![two("shares", 3), two("widths", 2)],
        ..of_hidden_units()
    };
    let (_folder, path) = written(&dump, ExportFormat::Netcdf);
    let file = hdf5::File::open(path).unwrap();
    assert_eq!(dimensions(&file, "strfs"), ["hidden", "channel", "band", "lag"]);
    assert_eq!(dimensions(&file, "shares"), ["component"]);
    assert_eq!(dimensions(&file, "widths"), ["component_of_2"]);
    assert_eq!(file.dataset("band").unwrap().read_raw::<u32>().unwrap(), [0, 1, 2, 3]);
    assert_eq!(file.dataset("hidden").unwrap().read_raw::<u32>().unwrap(), [0, 1, 2]);
    assert_eq!(texts(&file, "neuron"), ["x", "y"]);
}
