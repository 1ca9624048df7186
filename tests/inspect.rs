//! `strf inspect`: what is said of a dataset file.
use std::path::Path;

use assert_cmd::Command;
use ndarray::{Array2, Array3, Axis, array};
use serde_json::{Value, json};
use strf::dataset::{Clip, Counts, Entity, ReadRecording, Recording, Splits, read};
use strf::inspection::{Inspection, ShownNeurons};

use crate::dataset::write_to;

const GONE: f32 = f32::NAN;

fn entity(id: &str, attributes: &[(&str, &str)]) -> Entity {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Entity { id: id.into(), attributes: attributes.iter().map(owned).collect() }
}

/// Four neurons, three bands, two stimuli of 4 and 3 bins and 2 and 3 repeats; small enough to
/// work out every number by hand.
fn recording() -> Recording {
    let first = array![
        [[0.0, 2.0, 0.0, 2.0], [0.0, 2.0, 0.0, 2.0]],
        [[1.0, 3.0, 1.0, 3.0], [3.0, 1.0, 1.0, 3.0]],
        [[GONE, GONE, GONE, GONE], [GONE, GONE, GONE, GONE]],
        [[1.5, 1.5, 1.5, 1.5], [1.5, 1.5, 1.5, 1.5]],
    ];
    let mut second = Array3::from_elem((4, 3, 3), GONE);
    second.index_axis_mut(Axis(0), 3).fill(1.5);
    second.slice_mut(ndarray::s![0, 1, ..]).assign(&array![1.0, 5.0, 3.0]);
    let sound =
        |bins| Array2::from_shape_fn((3, bins), |(f, t)| if f == 1 { 7.0 } else { (f + t) as f32 });
    let clip = |id, kind, responses: Array3<f32>| Clip {
        stimulus: entity(id, &[("type", kind)]),
        cochleagram: sound(responses.dim().2),
        responses,
    };
    Recording {
        file: "made.h5".into(),
        dt_ms: 2.5,
        level: None,
        frequencies_hz: Some(vec![500.0, 1000.0, 2000.0]),
        neurons: vec![
            entity("a", &[("area", "A1")]),
            entity("b", &[("area", "A1")]),
            entity("A", &[("area", "PEG")]),
            entity("d", &[]),
        ],
        clips: vec![clip("song", "natural", first), clip("hiss", "noise", second)],
        splits: Some(Splits { train: vec!["song".into()], ..Splits::default() }),
    }
}

fn inspection() -> Inspection {
    Inspection::of(&ReadRecording { recording: recording(), notes: vec!["a note".into()] }).unwrap()
}

fn close(got: f64, want: f64) -> bool {
    (got - want).abs() < 1e-12 || (got.is_nan() && want.is_nan())
}

#[test]
fn sizes_and_attributes_are_counted() {
    let Inspection { stimuli, bins, bands, neurons, repeats, responses, splits, .. } = inspection();
    assert_eq!(
        json!(stimuli),
        json!({ "count": 2, "attributes": { "type": { "natural": 1, "noise": 1 } } })
    );
    assert_eq!(
        json!(neurons),
        json!({ "count": 4, "attributes": { "area": { "A1": 2, "PEG": 1 } } })
    );
    assert_eq!((bins.total, bins.shortest, bins.longest), (7, 3, 4));
    assert!(close(bins.seconds, 0.0175), "{}", bins.seconds);
    assert_eq!((bands.count, bands.lowest_hz, bands.highest_hz), (3, Some(500.0), Some(2000.0)));
    assert_eq!((repeats.fewest, repeats.most), (2, 3));
    assert!(close(responses.lowest, 0.0) && close(responses.highest, 5.0), "{responses:?}");
    assert!(!responses.whole_numbers);
    // Of 68 values, neuron a lacks 6, b 9, A all of its 17.
    assert!(close(responses.missing_share, 32.0 / 68.0), "{responses:?}");
    assert_eq!(json!(splits), json!({ "train": 1, "valid": 0, "test": 0 }));
}

#[test]
fn every_neuron_has_its_mean_and_the_powers_of_its_repeats() {
    let nan = f64::NAN;
    // id, bins, repeats, mean, signal power, noise power, SNR
    let want = [
        // Repeats are alike: all of their variance 4/3 is signal, and nothing is noise.
        ("a", 7, 2, 17.0 / 11.0, 4.0 / 3.0, 0.0, nan),
        // Repeats have covariance 0; their difference varies by 8/3, half of which is noise.
        ("b", 4, 2, 2.0, 0.0, 4.0 / 3.0, 0.0),
        ("A", 0, 0, nan, nan, nan, nan),
        ("d", 7, 3, 1.5, 0.0, 0.0, nan),
    ];
    let got = inspection().per_neuron;
    assert_eq!(got.len(), want.len());
    for (neuron, (id, bins, repeats, mean, signal, noise, snr)) in got.iter().zip(want) {
        let quality = &neuron.quality;
        assert_eq!((neuron.id.as_str(), quality.bins, quality.repeats), (id, bins, repeats));
        assert!(close(quality.mean, mean), "{neuron:?}");
        assert!(close(quality.signal_power, signal), "{neuron:?}");
        assert!(close(quality.noise_power, noise), "{neuron:?}");
        assert!(close(quality.snr, snr), "{neuron:?}");
    }
}

#[test]
fn what_is_doubtful_is_warned_of() {
    let want = [
        "nothing was recorded of A: training leaves them out",
        "the mean response never changes: d; nothing can be fitted",
        "the level never changes in bands (counted from 0) 1 (1000 Hz)",
        "/splits/valid is empty: split = \"file\" will be refused",
        "/splits/test is empty: split = \"file\" will be refused",
        "in no part of /splits: hiss",
        "neurons whose ids differ in case or blanks only: a, A",
    ];
    assert_eq!(inspection().warnings, want);

    let mut single = recording();
    single.splits = None;
    single.neurons[2].id = "c".into();
    for clip in &mut single.clips {
        clip.responses = clip.responses.slice(ndarray::s![.., 1..2, ..]).to_owned();
        clip.cochleagram[(1, 0)] = 0.0;
    }
    single.clips[0].responses.fill(GONE);
    let want = [
        "nothing was recorded of b, c: training leaves them out",
        "the mean response never changes: d; nothing can be fitted",
        "no stimulus has 2 repeats: signal power, noise power and normalized scores are not defined",
        "no response was recorded to song",
    ];
    let single = ReadRecording { recording: single, notes: Vec::new() };
    assert_eq!(Inspection::of(&single).unwrap().warnings, want);
}

#[test]
fn the_text_shows_all_of_it_aligned() {
    let want = "\
made.h5
stimuli    2
           type: natural (1), noise (1)
bins       7 of 2.5 ms (0.0 s), 3 to 4 in a stimulus
bands      3, from 500 to 2000 Hz
neurons    4
           area: A1 (2), PEG (1)
repeats    2 to 3 of a stimulus
responses  numbers from 0 to 5, 47.1 % missing
splits     train 1, valid 0, test 0

note: a note
";
    let text = inspection().text(ShownNeurons::First);
    assert!(text.starts_with(want), "{text}");
    // PSTH of b: 2 2 1 3, of variance 2/3; its noise 1 1 0 0, of mean 1/2: a quarter is signal.
    let table = "
neuron  repeats  bins   mean  rate_hz  signal_power  noise_power    snr  cc_max  reliability
a             2     7  1.545      NaN         1.333        0.000    NaN   1.000        1.000
b             2     4  2.000      NaN         0.000        1.333  0.000   0.500        0.000
A             0     0    NaN      NaN           NaN          NaN    NaN     NaN          NaN
d             3     7  1.500      NaN         0.000        0.000    NaN     NaN          NaN

repeats: ";
    assert!(text.contains(table), "{text}");
}

#[test]
fn long_tables_are_cut_and_counted() {
    let mut recording = recording();
    let neurons = 23;
    recording.neurons = (0..neurons).map(|n| entity(&format!("unit{n}"), &[])).collect();
    for clip in &mut recording.clips {
        clip.responses = clip.responses.select(Axis(0), &vec![0; neurons]);
    }
    let inspection = Inspection::of(&ReadRecording { recording, notes: Vec::new() }).unwrap();
    let text = inspection.text(ShownNeurons::First);
    assert_eq!(text.matches("\nunit").count(), 20, "{text}");
    let more = "\n... and 3 more: --all shows them, --csv FILE writes them\n";
    assert!(text.contains(more), "{text}");
    let text = inspection.text(ShownNeurons::All);
    assert!(text.matches("\nunit").count() == neurons && !text.contains("more"), "{text}");
}

fn run(arguments: &[&str], path: &Path) -> std::process::Output {
    Command::cargo_bin("strf").unwrap().arg("inspect").args(arguments).arg(path).output().unwrap()
}

#[test]
fn the_command_prints_the_text_or_json_that_parses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.h5");
    write_to(&path, &recording(), Counts::AsBytes).unwrap();
    let mut want = Inspection::of(&read(&path).unwrap()).unwrap();
    want.sort("reliability");

    let out = run(&[], &path);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    assert_eq!(String::from_utf8(out.stdout).unwrap(), want.text(ShownNeurons::First));

    let out = run(&["--json"], &path);
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(json, json!(want));
    assert_eq!(json["per_neuron"][2]["snr"], Value::Null);
    assert_eq!(json["per_neuron"][1]["noise_power"], json!(4.0 / 3.0));
}

#[test]
fn a_file_in_the_dense_layout_is_inspected_too() {
    let out = run(&[], Path::new("tests/fixtures/dense.h5"));
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("note: dense layout"), "{text}");
}

#[test]
fn a_file_that_is_no_dataset_is_refused_with_status_2() {
    let out = run(&[], Path::new("Cargo.toml"));
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    assert!(String::from_utf8(out.stderr).unwrap().contains("not an HDF5 file"));
    assert!(out.stdout.is_empty());
}
