//! Datasets as files of other programs, and back.
use std::collections::BTreeMap;

use ndarray::{Array3, s};
use strf::dataset::hdf5_io::write_text;
use strf::dataset::{Clip, Inverse, LevelKind, Recording, SoundLevel, Splits, read};

use crate::support::runs::{Workplace, change_data, recording};

/// A format, and what is written in it.
const FORMATS: [(&str, &str); 5] =
    [("npz", "out.npz"), ("mat", "out.mat"), ("csv", "out"), ("nems", "rec"), ("nems", "rec.tgz")];

/// Exports `data.h5`, imports what comes out, and gives what that holds.
#[track_caller]
fn there_and_back(place: &Workplace, format: &str, out: &str) -> Recording {
    place.strf(&format!("export-data data.h5 --format {format} --out {out} --force")).done();
    place.strf(&format!("import {format} {out} --out back.h5 --force")).done();
    read(&place.path("back.h5")).unwrap().recording
}

/// Fails unless two recordings are the same but for the names of their files.
#[track_caller]
fn assert_same(got: &Recording, want: &Recording, what: &str) {
    assert_eq!(got.dt_ms.to_bits(), want.dt_ms.to_bits(), "{what}: dt_ms");
    assert_eq!(got.level, want.level, "{what}: level");
    assert_eq!(got.frequencies_hz, want.frequencies_hz, "{what}: frequencies");
    assert_eq!(got.neurons, want.neurons, "{what}: neurons");
    assert_eq!(got.splits, want.splits, "{what}: splits");
    let stimuli = |recording: &Recording| -> Vec<_> {
        recording.clips.iter().map(|clip| clip.stimulus.clone()).collect()
    };
    assert_eq!(stimuli(got), stimuli(want), "{what}: stimuli");
    for (got, want) in got.clips.iter().zip(&want.clips) {
        let id = &want.stimulus.id;
        assert_eq!(got.cochleagram, want.cochleagram, "{what}: {id}");
        assert_eq!(got.responses.dim(), want.responses.dim(), "{what}: {id}");
        let bits = |responses: &Array3<f32>| -> Vec<u32> {
            let plain = |y: &f32| if y.is_nan() { f32::NAN } else { *y };
            responses.iter().map(|y| plain(y).to_bits()).collect()
        };
        assert_eq!(bits(&got.responses), bits(&want.responses), "{what}: {id}");
    }
}

fn assert_comes_back(recording: &Recording) {
    let place = Workplace::holding(recording);
    let want = read(&place.path("data.h5")).unwrap().recording;
    for (format, out) in FORMATS {
        assert_same(&there_and_back(&place, format, out), &want, out);
    }
}

/// Clips and repeats of different numbers, missing data, odd ids, attributes and splits.
fn rich() -> Recording {
    let mut recording = recording();
    recording.dt_ms = 10.0 / 3.0;
    let inverse = Some(Inverse { base: std::f64::consts::E, offset: 1.0, scale: 0.1 + 0.2 });
    recording.level = Some(SoundLevel { kind: LevelKind::Log, inverse, of_power: true });
    for (neuron, id) in recording.neurons.iter_mut().zip(["ü 1", "2", "c,\"3\""]) {
        neuron.id = id.into();
    }
    let attributes = &mut recording.neurons[1].attributes;
    attributes.insert("depth_um".into(), "-0.1".into());
    attributes.insert("label".into(), "007".into());
    for (clip, id) in recording.clips.iter_mut().zip(["birds/song 100%", "%2F", "é\"", "10", "9"])
    {
        clip.stimulus.id = id.into();
        clip.stimulus.attributes.insert("level_db".into(), "60.5".into());
    }
    recording.clips[2].stimulus.attributes.remove("type");
    // What no neuron did, what one of them did not, and a repeat that one lacks.
    recording.clips[0].responses.slice_mut(s![.., 1, ..]).fill(f32::NAN);
    recording.clips[1].responses.slice_mut(s![2, .., ..]).fill(f32::NAN);
    recording.clips[2].responses.slice_mut(s![0, 0, 3..7]).fill(f32::NAN);
    recording.clips[3].responses.mapv_inplace(|y| -y * 1.234e-7);
    let id = |place: usize| recording.clips[place].stimulus.id.clone();
    let (train, test) = (vec![id(5), id(1), id(0)], vec![id(2)]);
    recording.splits = Some(Splits { train, valid: Vec::new(), test });
    recording
}

#[test]
fn all_of_a_dataset_comes_back_from_every_format() {
    assert_comes_back(&recording());
    assert_comes_back(&rich());
}

#[test]
fn small_datasets_come_back_from_every_format() {
    let whole = recording();
    let clips = |count: usize, bins: usize| -> Vec<Clip> {
        let clips = whole.clips.iter().take(count).cloned();
        let cut = |clip: Clip| Clip {
            cochleagram: clip.cochleagram.slice(s![.., ..bins]).to_owned(),
            responses: clip.responses.slice(s![..1, ..1, ..bins]).to_owned(),
            ..clip
        };
        clips.map(cut).collect()
    };
    for (count, bins) in [(1, 40), (2, 40), (1, 1), (3, 2)] {
        let mut small = Recording { clips: clips(count, bins), splits: None, ..whole.clone() };
        small.neurons.truncate(1);
        small.neurons[0].attributes = BTreeMap::new();
        small.frequencies_hz = None;
        assert_comes_back(&small);
    }
}

#[test]
fn the_same_dataset_gives_the_same_bytes() {
    let place = Workplace::holding(&rich());
    for (format, out) in FORMATS {
        place.strf(&format!("export-data data.h5 --format {format} --out {out}")).done();
        let first = place.contents(".");
        place.strf(&format!("export-data data.h5 --format {format} --out {out} --force")).done();
        assert!(first == place.contents("."), "{out}");
    }
}

#[test]
fn what_lies_there_is_kept_unless_force_says_otherwise() {
    let place = Workplace::holding(&recording());
    for (format, out) in FORMATS {
        let words = format!("export-data data.h5 --format {format} --out {out}");
        let ran = place.strf(&words).done();
        let said = format!(
            "wrote {out}\n  9 stimuli, 3 neurons; read again by strf import {format} {out} --out \
             DATA.h5\n"
        );
        assert_eq!(ran.stdout, said);
        place.strf(&words).refused(&format!(
            "{out}: exists already, expected nothing there; give another name, or replace it with \
             --force"
        ));
    }
    // A folder that holds something else is not replaced.
    place.write("out/notes.doc", "mine");
    let ran = place.strf("export-data data.h5 --format csv --out out --force");
    assert!(ran.status == Some(2) && ran.stderr.contains("notes.doc"), "{}", ran.stderr);
    assert_eq!(place.read("out/notes.doc"), "mine");
}

#[test]
fn what_a_format_cannot_hold_is_refused_until_it_is_dropped() {
    let mut odd = recording();
    odd.neurons[0].id = "Time".into();
    for neuron in &mut odd.neurons {
        neuron.attributes.insert("depth um".into(), " 5".into());
    }
    for clip in &mut odd.clips {
        clip.stimulus.attributes.insert("id".into(), "x".into());
    }
    let place = Workplace::holding(&odd);
    let id = "/stimuli/id: found the attribute \"id\", expected attributes of other names, as this is \
              that of the ids (--drop stimuli/id leaves it out)";
    place
        .strf("export-data data.h5 --format npz --out out.npz")
        .refused(&format!("data.h5: 1 problem\n  {id}"));
    place.strf("export-data data.h5 --format mat --out out.mat").refused(&format!(
        "data.h5: 2 problems\n  /neurons/depth um: found the attribute \"depth um\", expected a name \
         of MATLAB: a letter, then letters, digits and _, 63 at most (--drop 'neurons/depth um' \
         leaves it out)\n  {id}"
    ));
    place.strf("export-data data.h5 --format csv --out out").refused(&format!(
        "data.h5: 3 problems\n  {id}\n  /neurons/id: found the neuron \"Time\", expected ids that are \
         no names of other columns (rename it, or export to another format)\n  /neurons/depth um: \
         found \" 5\", expected no blanks before or behind it, which tables lose (--drop \
         'neurons/depth um' leaves it out)"
    ));
    assert!(!place.path("out").exists() && !place.path("out.npz").exists());
    // NEMS holds all of it.
    let want = read(&place.path("data.h5")).unwrap().recording;
    assert_same(&there_and_back(&place, "nems", "rec"), &want, "rec");

    let ran = place
        .strf("export-data data.h5 --format npz --out out.npz --drop stimuli/id --drop splits")
        .done();
    assert!(ran.stdout.starts_with("dropped: stimuli/id\ndropped: splits\n"), "{}", ran.stdout);
    place.strf("import npz out.npz --out back.h5 --force").done();
    let back = read(&place.path("back.h5")).unwrap().recording;
    assert_eq!((back.splits, back.clips[0].stimulus.attributes.len()), (None, 1));
    place.strf("export-data data.h5 --format npz --out x.npz --drop spilts").refused(
        "data.h5: 2 problems\n  --drop: found \"spilts\", expected a part of the dataset: \
         frequencies, splits, neurons/area, neurons/depth um, stimuli/id, stimuli/type (did you mean \
         splits?)\n  /stimuli/id: found the attribute \"id\", expected attributes of other names, as \
         this is that of the ids (--drop stimuli/id leaves it out)",
    );
}

#[test]
fn stimuli_that_were_never_presented_are_named() {
    let mut some = recording();
    let (neurons, _, bins) = some.clips[8].responses.dim();
    some.clips[8].responses = Array3::zeros((neurons, 0, bins));
    let place = Workplace::holding(&some);
    place.strf("export-data data.h5 --format csv --out out").refused(
        "data.h5: 1 problem\n  /stimuli: found 1 stimulus without repeats, the first \"clip8\", \
         expected a repeat of each (--drop 'stimuli without repeats' leaves it out)",
    );
    let mut command = place.command("export-data data.h5 --format csv --out out --drop");
    crate::support::runs::Ran::of(command.arg("stimuli without repeats")).done();
    place.strf("import csv out --out back.h5").done();
    let back = read(&place.path("back.h5")).unwrap().recording;
    assert_eq!((back.clips.len(), back.splits.unwrap().test), (8, vec!["clip7".into()]));
}

#[test]
fn what_is_no_part_of_a_dataset_is_said() {
    let place = Workplace::empty();
    place.strf("simulate data.h5 --neurons 2 --stimuli 3").done();
    change_data(&place.path("data.h5"), |file| write_text(file, "species", "ferret"));
    let ran = place.strf("export-data data.h5 --format npz --out out.npz").done();
    let said = "dropped: what is no part of a dataset: /truth and the attribute species\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
}

#[test]
fn python_and_matlab_users_find_usual_names() {
    let place = Workplace::holding(&rich());
    place.strf("export-data data.h5 --format npz --out out.npz").done();
    let mut npz = crate::support::npz::Npz::open(&place.path("out.npz"));
    let repeats = npz.array::<f64, ndarray::Ix1>("repeats");
    assert_eq!(repeats.to_vec(), [2.0, 3.0, 2.0, 3.0, 2.0, 3.0, 2.0, 3.0, 2.0]);
    let responses = npz.array::<f32, ndarray::Ix4>("responses");
    assert_eq!(responses.dim(), (9, 3, 3, 64));
    assert!(responses[[0, 0, 2, 0]].is_nan() && responses[[0, 0, 0, 40]].is_nan());
}
