//! Measures of receptive fields: they find what Gabor functions are made of, and agree with what is
//! computed by hand.
#![expect(clippy::cast_possible_truncation, reason = "weights are f32")]
use std::f64::consts::TAU;

use ndarray::{Array3, Array4, Axis as ArrayAxis, s};
use strf::base::files::Existing::Keep;
use strf::config::part::{Row, find};
use strf::strf::export::ExportFormat;
use strf::strf::export::export;
use strf::strf::measures::{Axes, Field, TABLE};
use strf::strf::strf_export::{Effect, Method, StrfExport, StrfRows};

use crate::support::npz::Npz;

const LOWEST_HZ: f64 = 500.0;

/// A Gabor function over octaves above [`LOWEST_HZ`] and seconds.
#[derive(Clone, Copy)]
struct Gabor {
    octave: f64,
    octaves_wide: f64,
    per_octave: f64,
    latency_ms: f64,
    ms_wide: f64,
    hz: f64,
}

const GABOR: Gabor = Gabor {
    octave: 2.31,
    octaves_wide: 0.5,
    per_octave: 1.2,
    latency_ms: 75.4,
    ms_wide: 20.0,
    hz: 20.0,
};

fn lags_ms() -> Vec<f64> {
    (0..81).map(|lag| 2.0 * f64::from(lag)).collect()
}

fn frequencies_hz() -> Vec<f64> {
    (0..40).map(|band| LOWEST_HZ * (f64::from(band) / 8.0).exp2()).collect()
}

impl Gabor {
    /// `(1, 40, 81)`.
    fn strf(self) -> Array3<f32> {
        let bell = |u: f64, width: f64| (-0.5 * (u / width).powi(2)).exp();
        let (lags, centres) = (lags_ms(), frequencies_hz());
        Array3::from_shape_fn((1, centres.len(), lags.len()), |(_, f, k)| {
            let x = (centres[f] / LOWEST_HZ).log2() - self.octave;
            let ms = lags[k] - self.latency_ms;
            let spectral = bell(x, self.octaves_wide) * (TAU * self.per_octave * x).cos();
            let temporal = bell(ms, self.ms_wide) * (TAU * self.hz * ms / 1000.0).cos();
            (0.03 * spectral * temporal) as f32
        })
    }
}

fn measured(strf: &Array3<f32>, channels: &[&str], name: &str) -> f64 {
    let channels: Vec<String> = channels.iter().map(|&name| name.to_owned()).collect();
    let (lags, centres) = (lags_ms(), frequencies_hz());
    let (_, bands, kept) = strf.dim();
    let axes = Axes {
        lags_ms: &lags[..kept],
        frequencies_hz: Some(&centres[..bands]),
        channels: &channels,
    };
    let row = find(TABLE, name).unwrap();
    (row.compute)(&Field::new(strf.view(), &axes))
}

#[track_caller]
fn found(gabor: Gabor, name: &str, expected: f64, tolerance: f64) {
    let found = measured(&gabor.strf(), &["sound"], name);
    assert!((found - expected).abs() < tolerance, "{name}: {found}, made with {expected}");
}

#[test]
fn the_place_of_a_gabor_strf_is_found_between_bands_and_bins() {
    for (octave, latency_ms) in [(2.31, 75.4), (2.5, 71.0), (2.12, 76.9)] {
        let gabor = Gabor { octave, latency_ms, ..GABOR };
        let hz = LOWEST_HZ * octave.exp2();
        found(gabor, "best_frequency_hz", hz, 0.01 * hz);
        found(gabor, "best_latency_ms", latency_ms, 0.05);
    }
}

#[test]
fn the_modulation_rates_of_a_gabor_strf_are_found() {
    for (per_octave, hz) in [(1.2, 20.0), (2.0, 33.0), (1.57, 47.0)] {
        let gabor = Gabor { per_octave, hz, ..GABOR };
        found(gabor, "best_temporal_rate_hz", hz, 0.3);
        found(gabor, "best_spectral_rate_per_octave", per_octave, 0.02);
    }
    let low_pass = Gabor { per_octave: 0.0, hz: 0.0, ..GABOR };
    found(low_pass, "best_temporal_rate_hz", 0.0, 1e-9);
    found(low_pass, "best_spectral_rate_per_octave", 0.0, 1e-9);
}

#[test]
fn the_widths_and_the_onset_of_a_gaussian_strf_are_those_of_its_bells() {
    let half = (2.0 * 2f64.ln()).sqrt();
    for (octaves_wide, ms_wide) in [(0.5, 20.0), (0.7, 26.0), (0.35, 17.0)] {
        let bell = Gabor { per_octave: 0.0, hz: 0.0, octaves_wide, ms_wide, ..GABOR };
        found(bell, "bandwidth_octaves", 2.0 * half * octaves_wide, 0.015);
        found(bell, "duration_ms", 2.0 * half * ms_wide, 0.3);
        found(bell, "onset_latency_ms", bell.latency_ms - half * ms_wide, 0.2);
    }
}

#[test]
fn a_gabor_strf_is_separable_and_a_ripple_that_moves_is_half_so() {
    found(GABOR, "separability", 1.0, 1e-6);
    let still = GABOR.strf();
    let shifted = Array3::from_shape_fn(still.dim(), |(c, f, k)| {
        // A quarter of a cycle later in both: the bells stay, the waves become sines.
        let x = (frequencies_hz()[f] / LOWEST_HZ).log2() - GABOR.octave;
        let ms = lags_ms()[k] - GABOR.latency_ms;
        let waves = (TAU * GABOR.per_octave * x).sin() * (TAU * GABOR.hz * ms / 1000.0).sin();
        let bells = -0.5 * ((x / GABOR.octaves_wide).powi(2) + (ms / GABOR.ms_wide).powi(2));
        still[[c, f, k]] - (0.03 * waves * bells.exp()) as f32
    });
    let moving = measured(&shifted, &["sound"], "separability");
    assert!((moving - 0.5).abs() < 0.01, "{moving}");
}

/// `(2, 3, 4)` with lags of 0, 2, 4, 6 ms and bands an eighth of an octave apart.
fn by_hand() -> Array3<f32> {
    let mut strf = Array3::zeros((2, 3, 4));
    strf.slice_mut(s![0, 1, ..]).assign(&ndarray::array![0.0, 4.0, 2.0, -2.0]);
    strf.slice_mut(s![1, 2, ..]).assign(&ndarray::array![0.0, 0.0, -2.0, 0.0]);
    strf
}

#[test]
fn measures_agree_with_what_is_computed_by_hand() {
    let of = |name| measured(&by_hand(), &["ON", "OFF"], name);
    // The parabola through (0, 0), (2, 4), (4, 2) has its vertex at 2 + 1/3.
    let latency = 2.0 + 1.0 / 3.0;
    let expected = [
        ("best_latency_ms", latency),
        ("peak_to_peak_ms", 6.0 - latency),
        ("best_frequency_hz", LOWEST_HZ * 0.125f64.exp2()),
        ("bandwidth_octaves", 0.125),
        // e = 0, 4, sqrt(8), 2
        ("onset_latency_ms", 1.0),
        ("duration_ms", 6.0 - 1.0),
        ("ei_ratio", 6.0 / 4.0),
        ("ei_index", 2.0 / 10.0),
        ("on_off_index", (8.0 - 2.0) / 10.0),
        // WᵀW has the trace 28 and, over lags 1, 2, 3, the rows (16, 8, −8), (8, 8, −4), (−8, −4, 4).
        ("separability", {
            let (off, rest): (f64, f64) = (24.0 * 4.0 - 4.0 * 4.0, 28.0);
            f64::midpoint(rest, (rest * rest - 4.0 * off).sqrt()) / rest
        }),
    ];
    for (name, want) in expected {
        assert!((of(name) - want).abs() < 1e-9, "{name}: {}, by hand {want}", of(name));
    }
}

#[test]
fn what_is_not_defined_is_nan() {
    let zeros = Array3::zeros((2, 3, 4));
    for row in TABLE {
        let name = row.part().name;
        assert!(measured(&zeros, &["ON", "OFF"], name).is_nan(), "{name}");
        assert!(measured(&zeros.mapv(|_| f32::NAN), &["ON", "OFF"], name).is_nan(), "{name}");
    }
    let inhibited = by_hand().mapv(|weight| -weight.abs());
    assert!(measured(&inhibited, &["ON", "OFF"], "best_frequency_hz").is_nan());
    assert!(measured(&inhibited, &["one", "two"], "on_off_index").is_nan());
    let excited = measured(&by_hand().mapv(f32::abs), &["ON", "OFF"], "ei_ratio");
    assert!(excited.is_infinite() && excited > 0.0, "{excited}");
}

/// Two neurons: [`by_hand`], and one of zeros.
fn dump() -> StrfExport {
    let mut strfs = Array4::zeros((2, 2, 3, 4));
    strfs.index_axis_mut(ArrayAxis(0), 0).assign(&by_hand());
    StrfExport {
        title: "ln + adaptrans, birds.h5".into(),
        effective: strfs.clone(),
        strfs,
        lags_ms: lags_ms()[..4].to_vec(),
        frequencies_hz: Some(frequencies_hz()[..3].to_vec()),
        channels: vec!["ON".into(), "OFF".into()],
        rows: StrfRows::Neurons(vec!["a/1".into(), "b".into()]),
        extras: Vec::new(),
        config: String::new(),
        version: "0.1.0".into(),
        method: Method::Kernel,
        effect: Effect::Drive,
        significance: None,
    }
}

#[test]
fn every_format_holds_the_measures_with_their_units() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    export(&dump(), ExportFormat::Hdf5, &path("a.h5"), Keep).unwrap();
    export(&dump(), ExportFormat::Npz, &path("a.npz"), Keep).unwrap();
    export(&dump(), ExportFormat::Csv, &path("a"), Keep).unwrap();
    let file = hdf5::File::open(path("a.h5")).unwrap();
    let mut npz = Npz::open(&path("a.npz"));
    let mut table = csv::Reader::from_path(path("a/measures.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let records: Vec<_> = table.records().map(|record| record.unwrap()).collect();
    assert_eq!((&header[0], &records[0][0], &records[1][0]), ("neuron", "a/1", "b"));
    for (column, row) in TABLE.iter().enumerate() {
        let (name, at) = (row.part().name, format!("measures/{}", row.part().name));
        let dataset = file.dataset(&at).unwrap();
        let unit = dataset.attr("unit").unwrap();
        let unit = unit.read_scalar::<hdf5::types::VarLenUnicode>().unwrap();
        assert_eq!(unit.as_str(), row.unit, "{name}");
        let values = dataset.read_raw::<f64>().unwrap();
        let archived: ndarray::Array1<f64> = npz.array(&at);
        let tabled: f64 = records[0][1 + column].parse().unwrap();
        let want = measured(&by_hand(), &["ON", "OFF"], name);
        assert_eq!((values[0], archived[0], tabled), (want, want, want), "{name}");
        assert!(values[1].is_nan() && &records[1][1 + column] == "NaN", "{name}");
        assert_eq!(&header[1 + column], name);
    }
    let gains = file.dataset("modulation/temporal").unwrap().read_2d::<f64>().unwrap();
    assert_eq!(gains.dim(), (2, 65));
    let most = gains.row(0).fold(0.0f64, |most, gain| most.max(*gain));
    assert!((most - 1.0).abs() < 1e-12, "{most}");
    assert!(gains.row(1).iter().all(|gain| gain.is_nan()));
    let rates = file.dataset("modulation/temporal_rates_hz").unwrap().read_raw::<f64>().unwrap();
    assert!((rates[64] - 250.0).abs() < 1e-9 && rates[0] == 0.0, "{rates:?}");
    assert!(path("a/modulation_spectral.csv").exists());
}
