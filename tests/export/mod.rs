//! Exported STRFs: every file format holds every number with its axes, and the picture shows them.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use hdf5::types::VarLenUnicode;
use ndarray::{Array4, ArrayD, Ix1, Ix4, array};
use serde_json::Value;
use strf::base::files::Existing::{Keep, Replace};
use strf::models::dims::Axis;
use strf::strf::export::ExportFormat;
use strf::strf::export::export;
use strf::strf::plot::{ColourScale, plot};
use strf::strf::strf_export::{Effect, Extra, Method, StrfExport, StrfRows, Which};
use tempfile::TempDir;

use crate::support::npz::Npz;
use crate::support::runs::{LN, Workplace, run_file};

mod netcdf;

const FORMATS: [ExportFormat; 4] =
    [ExportFormat::Hdf5, ExportFormat::Npz, ExportFormat::Netcdf, ExportFormat::Csv];

/// `(3, 2, 4, 5)`: three neurons, ON and OFF, four bands, five lags.
fn of_neurons() -> StrfExport {
    let strfs = Array4::from_shape_fn((3, 2, 4, 5), |(n, c, f, k)| {
        (1000 * n + 100 * c + 10 * f + k) as f32 / 8192.0 - 0.1
    });
    StrfExport {
        title: "ln + adaptrans, birds.h5".into(),
        effective: strfs.mapv(|w| w * -3.0),
        strfs,
        lags_ms: vec![0.0, 2.5, 5.0, 7.5, 10.0],
        frequencies_hz: Some(vec![500.0, 1000.5, 2000.0, 4000.0]),
        channels: vec!["ON".into(), "OFF".into()],
        rows: StrfRows::Neurons(vec!["a/1".into(), "unit, \"b\"".into(), "Ω3".into()]),
        extras: vec![Extra {
            name: "a_on".into(),
            axes: vec![Axis::Frequency],
            unit: "1".into(),
            values: array![0.5_f32, 0.25, 0.125, 0.1].into_dyn(),
        }],
        config: "[model]\ntype = \"ln\" # µ\n".into(),
        version: "0.1.0".into(),
        method: Method::Kernel,
        effect: Effect::Drive,
        significance: None,
    }
}

/// The same STRFs as those of three hidden units, read by the two neurons `x` and `y`.
fn of_hidden_units() -> StrfExport {
    let weights = array![[0.5_f32, -1.5, 2.0], [4.0, 0.0, f32::NAN]].into_dyn();
    StrfExport {
        rows: StrfRows::Hidden { count: 3, neurons: vec!["x".into(), "y".into()] },
        extras: vec![Extra {
            name: "readout_weights".into(),
            axes: vec![Axis::Neuron, Axis::Hidden],
            unit: "response per unit of activity".into(),
            values: weights,
        }],
        ..of_neurons()
    }
}

fn written(dump: &StrfExport, format: ExportFormat) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strfs");
    export(dump, format, &path, Keep).unwrap();
    (folder, path)
}

fn texts(file: &hdf5::File, name: &str) -> Vec<String> {
    let texts = file.dataset(name).unwrap().read_1d::<VarLenUnicode>().unwrap();
    texts.iter().map(ToString::to_string).collect()
}

fn attribute(at: &hdf5::Location, name: &str) -> String {
    at.attr(name).unwrap().read_scalar::<VarLenUnicode>().unwrap().to_string()
}

#[test]
fn hdf5_holds_every_array_with_its_axes_and_unit() {
    let dump = of_neurons();
    let (_folder, path) = written(&dump, ExportFormat::Hdf5);
    let file = hdf5::File::open(path).unwrap();
    let read = |name| file.dataset(name).unwrap();

    let strfs = read("strfs");
    assert_eq!(strfs.read::<f32, ndarray::Ix4>().unwrap(), dump.strfs);
    assert_eq!(attribute(&strfs, "axes"), "neuron,channel,frequency,lag");
    assert_eq!(attribute(&strfs, "unit"), "drive per unit of model input");
    let effective = read("strfs_effective");
    assert_eq!(effective.read::<f32, ndarray::Ix4>().unwrap(), dump.effective);
    assert_eq!(attribute(&effective, "unit"), "drive per unit of cochleagram");
    assert_eq!(read("lags_ms").read_raw::<f64>().unwrap(), dump.lags_ms);
    assert_eq!(attribute(&read("lags_ms"), "unit"), "ms");
    assert_eq!(read("frequencies").read_raw::<f64>().unwrap(), [500.0, 1000.5, 2000.0, 4000.0]);
    assert_eq!(texts(&file, "channels"), ["ON", "OFF"]);
    assert_eq!(texts(&file, "neurons/id"), ["a/1", "unit, \"b\"", "Ω3"]);
    assert_eq!(read("a_on").read_raw::<f32>().unwrap(), [0.5, 0.25, 0.125, 0.1]);
    assert_eq!(attribute(&read("a_on"), "axes"), "frequency");
    assert_eq!(attribute(&read("a_on"), "unit"), "1");
    assert_eq!(read("config").read_scalar::<VarLenUnicode>().unwrap().as_str(), dump.config);

    assert_eq!(attribute(&file, "format"), "strf-strfs");
    assert_eq!(file.attr("version").unwrap().read_scalar::<u32>().unwrap(), 1);
    assert_eq!(attribute(&file, "program_version"), "0.1.0");
    assert_eq!(attribute(&file, "method"), "kernel");
}

#[test]
fn strfs_of_hidden_units_come_with_their_neurons() {
    let dump = of_hidden_units();
    let (_folder, path) = written(&dump, ExportFormat::Hdf5);
    let file = hdf5::File::open(path).unwrap();
    assert_eq!(attribute(&file.dataset("strfs").unwrap(), "axes"), "hidden,channel,frequency,lag");
    assert_eq!(texts(&file, "neurons/id"), ["x", "y"]);
    let weights = file.dataset("readout_weights").unwrap();
    assert_eq!(attribute(&weights, "axes"), "neuron,hidden");
    let read = weights.read_2d::<f32>().unwrap();
    assert_eq!(read.shape(), [2, 3]);
    assert!(read.iter().zip(&dump.extras[0].values).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn bands_without_frequencies_are_called_bands() {
    let dump = StrfExport { frequencies_hz: None, ..of_neurons() };
    let (_folder, path) = written(&dump, ExportFormat::Hdf5);
    let file = hdf5::File::open(path).unwrap();
    assert!(!file.link_exists("frequencies"));
    assert_eq!(attribute(&file.dataset("strfs").unwrap(), "axes"), "neuron,channel,band,lag");
    let (_folder, path) = written(&dump, ExportFormat::Csv);
    let table = rows(&path.join("a_on.csv"));
    assert_eq!(table[0], ["band", "a_on"]);
    assert_eq!(table[4], ["3", "0.1"]);
}

fn npy(npz: &mut Npz, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    npz.0.by_name(&format!("{name}.npy")).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The header of a NumPy array of texts, and the texts.
fn unicode(npz: &mut Npz, name: &str) -> (String, Vec<String>) {
    let bytes = npy(npz, name);
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((start % 64, bytes[start - 1]), (0, b'\n'));
    let header = String::from_utf8(bytes[10..start].to_vec()).unwrap();
    let width = header.split("'<U").nth(1).unwrap().split('\'').next().unwrap();
    let codes = bytes[start..].chunks(4).map(|b| u32::from_le_bytes(b.try_into().unwrap()));
    let letters: Vec<char> = codes.map(|code| char::from_u32(code).unwrap()).collect();
    let texts = letters.chunks(width.parse().unwrap());
    let texts = texts.map(|t| t.iter().collect::<String>().trim_end_matches('\0').to_owned());
    (header.trim_end().to_owned(), texts.collect())
}

#[test]
fn npz_holds_the_same_arrays_under_the_same_names() {
    let dump = of_neurons();
    let (_folder, path) = written(&dump, ExportFormat::Npz);
    let npz = &mut Npz::open(&path);
    assert_eq!(npz.array::<f32, Ix4>("strfs"), dump.strfs);
    assert_eq!(npz.array::<f32, Ix4>("strfs_effective"), dump.effective);
    assert_eq!(npz.array::<f64, Ix1>("lags_ms").to_vec(), dump.lags_ms);
    assert_eq!(Some(npz.array::<f64, Ix1>("frequencies").to_vec()), dump.frequencies_hz);
    assert_eq!(npz.array::<f32, Ix1>("a_on"), array![0.5, 0.25, 0.125, 0.1]);

    let (header, channels) = unicode(npz, "channels");
    assert_eq!(header, "{'descr': '<U3', 'fortran_order': False, 'shape': (2, ), }");
    assert_eq!(channels, ["ON", "OFF"]);
    assert_eq!(unicode(npz, "neurons/id").1, ["a/1", "unit, \"b\"", "Ω3"]);
    let (header, config) = unicode(npz, "config");
    assert_eq!(header, "{'descr': '<U24', 'fortran_order': False, 'shape': (), }");
    assert_eq!(config, [dump.config]);

    let about = &unicode(npz, "about").1[0];
    let about: serde_json::Value = serde_json::from_str(about).unwrap();
    assert_eq!(about["format"], "strf-strfs");
    assert_eq!(about["version"], 1);
    assert_eq!(about["arrays"]["strfs"]["axes"], "neuron,channel,frequency,lag");
    assert_eq!(about["arrays"]["lags_ms"]["unit"], "ms");
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn csv_has_one_row_for_each_weight_with_its_coordinates() {
    let dump = of_neurons();
    let (_folder, path) = written(&dump, ExportFormat::Csv);
    let table = rows(&path.join("strfs.csv"));
    let header = ["neuron", "channel", "frequency_hz", "lag_ms", "weight", "effective"];
    assert_eq!(table[0], header);
    assert_eq!(table.len(), 1 + 3 * 2 * 4 * 5);
    for ((n, c, f, k), weight) in dump.strfs.indexed_iter() {
        let row = &table[1 + ((n * 2 + c) * 4 + f) * 5 + k];
        let id = ["a/1", "unit, \"b\"", "Ω3"][n];
        let channel = ["ON", "OFF"][c];
        let centre = ["500", "1000.5", "2000", "4000"][f];
        let lag = ["0", "2.5", "5", "7.5", "10"][k];
        assert_eq!(row[..4], [id, channel, centre, lag]);
        assert_eq!(row[4].parse::<f32>().unwrap().to_bits(), weight.to_bits());
        let effective = dump.effective[[n, c, f, k]];
        assert_eq!(row[5].parse::<f32>().unwrap().to_bits(), effective.to_bits());
    }
    assert_eq!(fs::read_to_string(path.join("config.toml")).unwrap(), dump.config);
    let about = fs::read_to_string(path.join("about.json")).unwrap();
    assert!(about.contains("\"program_version\": \"0.1.0\""), "{about}");
}

#[test]
fn csv_tables_of_hidden_units_count_them_from_zero() {
    let (_folder, path) = written(&of_hidden_units(), ExportFormat::Csv);
    let weights = rows(&path.join("readout_weights.csv"));
    assert_eq!(weights[0], ["neuron", "hidden", "readout_weights"]);
    assert_eq!(weights[2], ["x", "1", "-1.5"]);
    assert_eq!(weights[6], ["y", "2", "NaN"]);
    assert_eq!(rows(&path.join("strfs.csv"))[0][0], "hidden");
}

/// What lies at `path`, or in it, by name.
fn bytes(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    if path.is_file() {
        return vec![(PathBuf::new(), fs::read(path).unwrap())];
    }
    let mut files: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|file| (file.strip_prefix(path).unwrap().to_owned(), fs::read(&file).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn the_same_strfs_give_the_same_bytes_at_any_time() {
    let first = FORMATS.map(|format| written(&of_neurons(), format));
    // Longer than the two seconds in which zip archives count.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    for (format, (_folder, path)) in FORMATS.into_iter().zip(&first) {
        let (_later, later) = written(&of_neurons(), format);
        assert!(bytes(path) == bytes(&later), "{format:?}");
    }
}

#[test]
fn what_lies_there_is_kept_unless_told_otherwise() {
    let (first, second) = (of_neurons(), of_hidden_units());
    for format in FORMATS {
        let (folder, path) = written(&first, format);
        let before = bytes(&path);
        let message = export(&second, format, &path, Keep).unwrap_err().to_string();
        let expected = format!("{}: exists already, expected nothing there", path.display());
        assert!(message.starts_with(&expected), "{message}");
        assert!(bytes(&path) == before, "{format:?}");
        export(&second, format, &path, Replace).unwrap();
        let (_other, fresh) = written(&second, format);
        assert!(bytes(&path) == bytes(&fresh), "{format:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    }
}

#[test]
fn a_folder_that_holds_anything_else_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "years").unwrap();
    let error = export(&of_neurons(), ExportFormat::Csv, folder.path(), Replace).unwrap_err();
    assert!(
        error.to_string().contains("holds thesis.tex, expected only exported tables"),
        "{error}"
    );
    assert_eq!(error.exit_status(), 2);
    let file = export(&of_neurons(), ExportFormat::Npz, folder.path(), Replace).unwrap_err();
    assert!(file.to_string().contains("is a folder, expected a file"), "{file}");
    assert_eq!(fs::read_to_string(folder.path().join("thesis.tex")).unwrap(), "years");
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere");
    let error = export(&of_neurons(), ExportFormat::Hdf5, &missing.join("a.h5"), Keep).unwrap_err();
    let expected = format!("{}: is not a folder", missing.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn arrays_that_do_not_fit_their_axes_are_all_named() {
    let mut dump = of_neurons();
    dump.lags_ms.pop();
    dump.extras[0].values = ArrayD::zeros(vec![3]);
    let folder = tempfile::tempdir().unwrap();
    let error = export(&dump, ExportFormat::Npz, &folder.path().join("a.npz"), Keep).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    for name in ["strfs: shape [3, 2, 4, 5]", "strfs_effective:", "a_on: shape [3], but frequency"]
    {
        assert!(cause.contains(name), "{cause}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn drawn(dump: &StrfExport, scale: ColourScale) -> (png::OutputInfo, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strfs.png");
    plot(dump, Which::Effective, scale, &path, Keep).unwrap();
    let mut png = png::Decoder::new(fs::File::open(path).unwrap()).read_info().unwrap();
    let mut pixels = vec![0; png.output_buffer_size()];
    let info = png.next_frame(&mut pixels).unwrap();
    (info, pixels)
}

#[test]
fn pictures_are_png_files_that_are_the_same_every_time() {
    let (info, pixels) = drawn(&of_hidden_units(), ColourScale::EachPanel);
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    assert!(info.width > 1000 && info.height > 500, "{info:?}");
    assert!(pixels[..300].iter().all(|byte| *byte == 255), "the margin is white");
    assert!(pixels == drawn(&of_hidden_units(), ColourScale::EachPanel).1);
    assert!(pixels != drawn(&of_hidden_units(), ColourScale::Common).1);
}

#[test]
fn pictures_show_at_most_sixty_strfs() {
    let of = |count: usize| StrfExport {
        strfs: Array4::ones((count, 2, 4, 5)),
        effective: Array4::ones((count, 2, 4, 5)),
        rows: StrfRows::Neurons((0..count).map(|n| n.to_string()).collect()),
        ..of_neurons()
    };
    let (sixty, more) =
        (drawn(&of(60), ColourScale::EachPanel), drawn(&of(119), ColourScale::EachPanel));
    assert_eq!((sixty.0.width, sixty.0.height), (more.0.width, more.0.height));
    // What differs says how many are shown, in the head.
    let width = usize::try_from(sixty.0.width).unwrap() * 3;
    let differing = (0..sixty.1.len()).filter(|i| sixty.1[*i] != more.1[*i]);
    let lines: Vec<usize> = differing.map(|i| i / width).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| *line < 110), "{lines:?}");
}

#[test]
fn pictures_are_not_overwritten_and_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strfs.png");
    fs::write(&path, "mine").unwrap();
    let error = plot(&of_neurons(), Which::Raw, ColourScale::Common, &path, Keep).unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");

    let nobody = Array4::zeros((0, 2, 4, 5));
    let rows = StrfRows::Neurons(Vec::new());
    let dump = StrfExport { strfs: nobody.clone(), effective: nobody, rows, ..of_neurons() };
    let error = plot(&dump, Which::Raw, ColourScale::Common, &path, Replace).unwrap_err();
    assert!(error.to_string().contains("[0, 2, 4, 5], expected at least one"), "{error}");
}

#[test]
fn effective_fields_are_drive_wherever_a_nonlinearity_follows() {
    let place = Workplace::new();
    let unit = |name: &str, model: &str, command: &str| {
        place.write("run.toml", &run_file(model, "epochs = 1"));
        place.strf(&format!("train run.toml --out runs/{name}")).done();
        let options = format!("--out {name}.h5 --plot {name}.svg");
        let said = place.strf(&format!("{command} runs/{name} {options}")).done();
        let file = hdf5::File::open(place.path(&format!("{name}.h5"))).unwrap();
        let unit = attribute(&file.dataset("strfs_effective").unwrap(), "unit");
        assert!(place.read(&format!("{name}.svg")).contains(&unit), "{name}");
        (unit, said.stderr)
    };
    let drive = "drive per unit of cochleagram";
    let response = "response per unit of cochleagram";
    let linear = "[model]\ntype = \"linear\"\nwindow_ms = 20.0";
    let identity = format!("{LN}\noutput = \"identity\"");
    let nrf = "[model]\ntype = \"nrf\"\nwindow_ms = 20.0\nhidden = 3";
    assert_eq!(unit("linear", linear, "export-strfs").0, response);
    assert_eq!(unit("ln", LN, "export-strfs").0, drive);
    assert_eq!(unit("identity", &identity, "export-strfs").0, response);
    assert_eq!(unit("nrf", nrf, "export-strfs").0, drive);
    assert_eq!(unit("dstrf", LN, "dstrf").0, response);

    place.strf("export-strfs runs/ln --format csv --out table").done();
    let about: Value = serde_json::from_str(&place.read("table/about.json")).unwrap();
    assert_eq!(about["arrays"]["strfs_effective"]["unit"], drive);
}

#[test]
fn exports_of_smoothed_fits_say_what_smoothing_does() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 1"));
    for (smooth_ms, smoothed) in [(11.0, true), (4.0, false), (0.0, false)] {
        let out = format!("runs/{smooth_ms}");
        place.strf(&format!("train run.toml --out {out} --set data.smooth_ms={smooth_ms}")).done();
        let said = place.strf(&format!("export-strfs {out}")).done();
        let note = format!("the responses were smoothed over {smooth_ms} ms before the fit");
        assert_eq!(said.stderr.contains(&note), smoothed, "{}", said.stderr);
    }
}
