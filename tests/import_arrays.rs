//! Files of arrays that do not fit, or leave something open, each with its message.
use std::io::Write;

use ndarray::{Array, Array1, Array2, Array3, Array4};
use strf::base::files::Existing;
use strf::dataset::hdf5_io::{create, write_array, write_strings};
use strf::dataset::read;

use crate::import::fixture;
use crate::support::npz::NpzWriter;
use crate::support::runs::Workplace;

/// Writes `data.npz` with arrays of these shapes, filled with their indices.
fn npz(place: &Workplace, fill: impl FnOnce(&mut NpzWriter)) {
    let mut npz = NpzWriter::create(&place.path("data.npz"));
    fill(&mut npz);
    npz.finish();
}

/// What is said of `data.npz`.
#[track_caller]
fn refused(place: &Workplace, options: &str, message: &str) {
    place.strf(&format!("import npz data.npz --out out.h5 {options}")).refused(message);
    assert!(!place.path("out.h5").exists(), "an output file is left behind");
}

#[test]
fn what_cannot_be_guessed_is_asked_for() {
    let place = Workplace::empty();
    npz(&place, |npz| {
        npz.add("a", &Array3::<f32>::zeros((2, 4, 7)));
        npz.add("b", &Array3::<u8>::zeros((2, 3, 7)));
    });
    refused(
        &place,
        "",
        "data.npz: 3 problems\n  \
         cochleagrams: found no array of a usual name, expected an array that holds them (give \
         --cochleagrams NAME; the file holds a: numbers (2, 4, 7), b: numbers (2, 3, 7))\n  \
         responses: found no array of a usual name, expected an array that holds them (give \
         --responses NAME; the file holds a: numbers (2, 4, 7), b: numbers (2, 3, 7))\n  \
         dt_ms: found nothing, expected the width of a bin (give --dt-ms MS)",
    );
    let names = "--cochleagrams a --dt-ms 2.5";
    refused(
        &place,
        &format!("{names} --responses c"),
        "data.npz: 1 problem\n  --responses: found \"c\", expected the name of an array (the file \
         holds a: numbers (2, 4, 7), b: numbers (2, 3, 7))",
    );
    refused(
        &place,
        &format!("{names} --responses b"),
        "data.npz: 1 problem\n  b: found an array of shape (2, 3, 7), expected axes in an order \
         that --axes says (give for instance --axes stimulus,neuron,repeat,time)",
    );
    let words = format!("import npz data.npz {names} --responses b --axes stimulus,neuron,time");
    place.strf(&words).done();
    assert_eq!(read(&place.path("data.h5")).unwrap().recording.clips[0].responses.dim(), (3, 1, 7));
}

#[test]
fn sound_and_responses_of_different_lengths_are_refused_or_trimmed() {
    let place = Workplace::empty();
    let counts = Array4::<f32>::from_shape_fn((2, 3, 2, 9), |(s, n, r, t)| (s + n + r + t) as f32);
    npz(&place, |npz| {
        npz.add("specs", &Array3::<f64>::zeros((2, 4, 7)));
        npz.add("responses", &counts);
    });
    let problem = |s: usize| {
        format!(
            "\n  stimulus s{s}: found 7 bins of sound, 9 of responses, expected as many of one as \
             of the other (--trim cuts both to the shorter)"
        )
    };
    let message = format!("data.npz: 2 problems{}{}", problem(1), problem(2));
    refused(&place, "--dt-ms 5", &message);
    let ran = place.strf("import npz data.npz --dt-ms 5 --trim").done();
    let said = "dropped: 4 bins at the end of 2 clips whose sound and responses differ in length\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    refused(
        &place,
        "--dt-ms 5 --sound-axes stimulus,time,frequency",
        "data.npz: 2 problems\n  \
         stimulus s1: found 4 bins of sound, 9 of responses, expected as many of one as of the \
         other (--trim cuts both to the shorter)\n  \
         stimulus s2: found 4 bins of sound, 9 of responses, expected as many of one as of the \
         other (--trim cuts both to the shorter)",
    );
    refused(
        &place,
        "--dt-ms 5 --axes stimulus,neuron,time,repeat",
        "data.npz: 2 problems\n  \
         stimulus s1: found 7 bins of sound, 2 of responses, expected as many of one as of the \
         other (--trim cuts both to the shorter)\n  \
         stimulus s2: found 7 bins of sound, 2 of responses, expected as many of one as of the \
         other (--trim cuts both to the shorter)",
    );
}

#[test]
fn axes_that_do_not_exist_or_do_not_fit_are_refused() {
    let place = Workplace::empty();
    npz(&place, |npz| {
        npz.add("specs", &Array3::<f64>::zeros((2, 4, 7)));
        npz.add("responses", &Array4::<f32>::zeros((2, 3, 2, 7)));
    });
    let ran = place.strf("import npz data.npz --dt-ms 5 --axes stimulus,neuron,repeats,time");
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("(did you mean repeat?)"), "{}", ran.stderr);
    refused(
        &place,
        "--dt-ms 5 --axes neuron,repeat,time",
        "data.npz: 1 problem\n  responses: found an array of shape (2, 3, 2, 7), expected the axes \
         neuron,repeat,time (say with --axes which it has)",
    );
    refused(
        &place,
        "--dt-ms 5 --axes stimulus,neuron,frequency,time",
        "data.npz: 1 problem\n  --axes: found frequency, expected axes out of \
         stimulus,neuron,repeat,time",
    );
    refused(
        &place,
        "--dt-ms 5 --axes neuron,stimulus,repeat,time",
        "data.npz: 1 problem\n  responses: found 3 stimuli, expected 2, as there are cochleagrams \
         (check --axes and --sound-axes)",
    );
    refused(
        &place,
        "--dt-ms -5",
        "data.npz: 1 problem\n  dt_ms: found -5, expected a number of milliseconds above 0",
    );
}

#[test]
fn values_that_no_dataset_may_hold_are_refused_before_anything_is_written() {
    let place = Workplace::empty();
    let mut specs = Array3::<f64>::zeros((2, 4, 7));
    specs[[1, 2, 3]] = f64::NAN;
    npz(&place, |npz| {
        npz.add("specs", &specs);
        npz.add("responses", &Array4::<f32>::zeros((2, 3, 2, 7)));
        npz.add("neuron_ids", &Array1::from(vec![7, 8, 7]));
    });
    refused(
        &place,
        "--dt-ms 5",
        "data.npz: 2 problems\n  /neurons/id: found \"7\" twice, expected one neuron for each id\n  \
         /stimuli/s2/cochleagram: found NaN at band 2, bin 3 (counted from 0), expected finite \
         numbers (cut clips to the bins that have sound; clips of different lengths need the \
         grouped layout)",
    );
}

#[test]
fn damaged_and_foreign_files_are_told_apart() {
    let place = Workplace::empty();
    place.strf("import npz none.npz").refused("none.npz: there is no such file; check the path");
    std::fs::create_dir(place.path("folder.mat")).unwrap();
    place
        .strf("import mat folder.mat")
        .refused("folder.mat: this is a folder; give the MATLAB file inside it");
    place.write("text.mat", "a,b\n1,2\n");
    place.strf("import mat text.mat").refused(
        "text.mat: found no MATLAB file, expected one of version 5, 7 or 7.3; save it in MATLAB \
         with save -v7 or save -v7.3",
    );
    let ran = place.strf("import npz text.mat");
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("this is no NumPy archive, or it is truncated"), "{}", ran.stderr);

    let bytes = std::fs::read(fixture("cells_v5.mat")).unwrap();
    std::fs::write(place.path("half.mat"), &bytes[..bytes.len() / 2]).unwrap();
    let half = bytes.len() / 2;
    place.strf("import mat half.mat").refused(&format!(
        "half.mat: the file ends in the middle of a variable, after {half} bytes; copy or save it \
         again"
    ));
    // The bytes of the first compressed variable.
    let mut damaged = bytes;
    damaged[150..170].fill(0xff);
    std::fs::write(place.path("damaged.mat"), &damaged).unwrap();
    let ran = place.strf("import mat damaged.mat");
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    let said = "strf: reading damaged.mat: it is damaged, or holds something that cannot be read";
    assert!(ran.stderr.starts_with(said), "{}", ran.stderr);

    let bytes = std::fs::read(fixture("dense_v73.mat")).unwrap();
    std::fs::write(place.path("half.mat"), &bytes[..bytes.len() / 2]).unwrap();
    let ran = place.strf("import mat half.mat");
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("it is truncated or damaged"), "{}", ran.stderr);

    let bytes = std::fs::read(fixture("padded.npz")).unwrap();
    std::fs::write(place.path("half.npz"), &bytes[..bytes.len() / 2]).unwrap();
    let ran = place.strf("import npz half.npz --dt-ms 5");
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("it is truncated"), "{}", ran.stderr);
}

#[test]
fn python_objects_and_texts_are_no_responses() {
    let place = Workplace::empty();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(place.path("data.npz")).unwrap());
    let header = |text: &str| {
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(format!("{text:<117}\n").bytes());
        bytes
    };
    for (name, text) in [
        ("specs.npy", "{'descr': '|O', 'fortran_order': False, 'shape': (6,), }"),
        ("responses.npy", "{'descr': '<U3', 'fortran_order': False, 'shape': (2,), }"),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&header(text)).unwrap();
    }
    zip.finish().unwrap();
    refused(
        &place,
        "--dt-ms 5",
        "data.npz: 1 problem\n  specs: found Python objects (6), expected an array of numbers \
         (save each array of a list under a name of its own, or as one array of numbers filled up \
         with NaN)",
    );
}

#[test]
fn groups_attributes_and_names_of_an_hdf5_file_are_found() {
    let place = Workplace::empty();
    let sound = Array2::from_shape_fn((5, 40), |(f, t)| (f * t % 7) as f32);
    let rates = Array2::from_shape_fn((3, 40), |(n, t)| ((n + t) % 5) as f32 / 4.0);
    create(&place.path("site.h5"), Existing::Keep, |file| {
        let group = file.create_group("session1")?;
        write_array(&group, "spectrogram", sound.view())?;
        write_array(&group, "psth", rates.view())?;
        write_strings(&group, "cell_ids", &["ä", "b", "c"])?;
        file.new_attr::<f64>().create("dt_ms")?.write_scalar(&2.5)
    })
    .unwrap();
    let ran = place.strf("import hdf5 site.h5 --out out.h5").done();
    assert_eq!(
        ran.stdout,
        "inferred: cochleagrams are session1/spectrogram\n\
         inferred: responses are session1/psth\n\
         inferred: bins of 2.5 ms, from dt_ms\n\
         inferred: axes of session1/spectrogram are frequency,time\n\
         inferred: axes of session1/psth are neuron,time\n\
         inferred: stimuli are named s1\n\
         inferred: neuron ids are session1/cell_ids\n\
         wrote out.h5\n  1 stimulus, 40 bins of 2.5 ms (0.1 s), 5 bands\n  \
         3 neurons, 1 repeats, mean response 0.500 per bin\n"
    );
    let recording = read(&place.path("out.h5")).unwrap().recording;
    assert_eq!(recording.neuron_ids(), ["ä", "b", "c"]);
    assert_eq!(recording.clips[0].cochleagram, sound);
    assert_eq!(recording.clips[0].responses.index_axis(ndarray::Axis(1), 0), rates);
}

#[test]
fn numbers_of_every_type_and_order_are_read() {
    let place = Workplace::empty();
    let values = (0..84).collect::<Vec<u8>>();
    let want = Array4::from_shape_vec((2, 3, 2, 7), values).unwrap();
    let check = |name: &str, fill: &dyn Fn(&mut NpzWriter)| {
        npz(&place, |npz| {
            npz.add("specs", &Array3::<f32>::zeros((2, 4, 7)));
            fill(npz);
        });
        place.strf("import npz data.npz --dt-ms 5 --force").done();
        let recording = read(&place.path("data.h5")).unwrap().recording;
        for (clip, want) in recording.clips.iter().zip(want.outer_iter()) {
            assert_eq!(clip.responses, want.map(|count| f32::from(*count)), "{name}");
        }
    };
    macro_rules! types {
        ($($stored:ty),*) => {$(
            check(stringify!($stored), &|npz| {
                npz.add("responses", &want.map(|count| <$stored>::from(*count)));
            });
        )*};
    }
    types!(u8, u16, u32, u64, i16, i32, i64, f32, f64);
    check("Fortran", &|npz| {
        let turned = want.t().to_owned();
        npz.add("responses", &turned.reversed_axes());
    });
}

#[test]
fn a_value_that_is_no_list_names_nobody() {
    let place = Workplace::empty();
    npz(&place, |npz| {
        npz.add("specs", &Array3::<f64>::zeros((2, 4, 7)));
        npz.add("responses", &Array4::<f32>::zeros((2, 3, 2, 7)));
        npz.add("cells", &Array::<i32, _>::zeros((4,)));
    });
    refused(
        &place,
        "--dt-ms 5 --neuron-ids cells",
        "data.npz: 1 problem\n  --neuron-ids cells: found 4 values, expected a list of 3",
    );
    // A usual name that does not fit is not taken.
    let ran = place.strf("import npz data.npz --dt-ms 5").done();
    assert!(ran.stdout.contains("inferred: neurons are named n1 to n3\n"), "{}", ran.stdout);
}
