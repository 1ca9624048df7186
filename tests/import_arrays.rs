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
         other (check that the axes are those of --axes and --sound-axes, and that both have bins \
         of the same width)\n  \
         stimulus s2: found 4 bins of sound, 9 of responses, expected as many of one as of the \
         other (check that the axes are those of --axes and --sound-axes, and that both have bins \
         of the same width)",
    );
    refused(
        &place,
        "--dt-ms 5 --axes stimulus,neuron,time,repeat",
        "data.npz: 2 problems\n  \
         stimulus s1: found 7 bins of sound, 2 of responses, expected as many of one as of the \
         other (check that the axes are those of --axes and --sound-axes, and that both have bins \
         of the same width)\n  \
         stimulus s2: found 7 bins of sound, 2 of responses, expected as many of one as of the \
         other (check that the axes are those of --axes and --sound-axes, and that both have bins \
         of the same width)",
    );
}

#[test]
fn ends_are_trimmed_and_nothing_else() {
    let place = Workplace::empty();
    let write = |heard: usize, answered: usize| {
        npz(&place, |npz| {
            npz.add("specs", &Array3::<f64>::zeros((2, 4, heard)));
            npz.add("responses", &Array4::<u8>::zeros((2, 3, 2, answered)));
        });
        place.strf("import npz data.npz --dt-ms 5 --trim --force")
    };
    let ran = write(60, 160).done();
    let said = "--trim cut off more than half of the sound or the responses of 2 clips; check that \
                both have bins of the same width and begin at the same time";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(write(60, 100).done().stderr, "");
    let ran = write(60, 601);
    assert_eq!(ran.status, Some(2));
    let said = "found 60 bins of sound, 601 of responses, expected as many of one as of the other \
                (--trim would leave 60 of 601 bins; check that the axes are those of --axes";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    // The sound's first axis is time, which --trim does not change.
    npz(&place, |npz| {
        npz.add("specs", &Array3::<f64>::zeros((2, 60, 8)));
        npz.add("responses", &Array4::<u8>::zeros((2, 3, 2, 60)));
    });
    let swapped = |s: usize| {
        format!(
            "\n  stimulus s{s}: found 8 bins of sound, 60 of responses, expected as many of one \
             as of the other (the axes look swapped: give --axes and --sound-axes)"
        )
    };
    let message = format!("data.npz: 2 problems{}{}", swapped(1), swapped(2));
    refused(&place, "--dt-ms 5 --trim", &message);
}

/// Writes `data.npz` with sound and responses of these shapes: the values of the sound are 10 times
/// the first index and the second, those of the responses a tenth of them.
fn flat(place: &Workplace, sound: (usize, usize), responses: (usize, usize)) {
    npz(place, |npz| {
        npz.add("stim", &Array2::from_shape_fn(sound, |(a, b)| (10 * a + b) as f64));
        npz.add("resp", &Array2::from_shape_fn(responses, |(a, b)| (10 * a + b) as f64 / 10.0));
    });
}

#[test]
fn time_is_first_where_only_the_first_axes_agree() {
    let place = Workplace::empty();
    for options in ["", "--trim"] {
        flat(&place, (40, 5), (40, 3));
        let words = format!("import npz data.npz --dt-ms 10 --force {options}");
        let ran = place.strf(&words).done();
        let said = "inferred: axes of stim are time,frequency, those of resp time,neuron: of \
                    (40, 5) and (40, 3), both have 40 bins\n";
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
        let clip = read(&place.path("data.h5")).unwrap().recording.clips.remove(0);
        assert_eq!((clip.cochleagram.dim(), clip.responses.dim()), ((5, 40), (3, 1, 40)));
        // Band 4 of bin 7 is 10 · 7 + 4, neuron 2 of bin 7 (10 · 7 + 2) / 10.
        assert_eq!((clip.cochleagram[[4, 7]], clip.responses[[2, 0, 7]]), (74.0, 7.2));
    }
    // One neuron is a vector, in a row, in a column or without a second axis.
    let sounds = [((40, 5), (5, 40)), ((5, 40), (5, 40))];
    for (responses, (sound, want)) in
        [(40, 1), (1, 40)].iter().flat_map(|responses| sounds.map(|sound| (*responses, sound)))
    {
        flat(&place, sound, responses);
        place.strf("import npz data.npz --dt-ms 10 --force").done();
        let clip = read(&place.path("data.h5")).unwrap().recording.clips.remove(0);
        assert_eq!((clip.cochleagram.dim(), clip.responses.dim()), (want, (1, 1, 40)));
    }
    npz(&place, |npz| {
        npz.add("stim", &Array2::<f64>::zeros((40, 5)));
        npz.add("resp", &Array1::<f64>::zeros(40));
    });
    place.strf("import npz data.npz --dt-ms 10 --force").done();
    let clip = read(&place.path("data.h5")).unwrap().recording.clips.remove(0);
    assert_eq!((clip.cochleagram.dim(), clip.responses.dim()), ((5, 40), (1, 1, 40)));
}

#[test]
fn what_can_be_read_two_ways_is_asked() {
    let place = Workplace::empty();
    let says = |shapes: &str, hint: &str| {
        let found = format!("stim and resp: found arrays of shapes {shapes}");
        format!(
            "data.npz: 1 problem\n  {found}, expected shapes that tell which axis is time ({hint})"
        )
    };
    flat(&place, (40, 5), (40, 5));
    for options in ["--dt-ms 10", "--dt-ms 10 --trim"] {
        refused(
            &place,
            options,
            &says(
                "(40, 5) and (40, 5)",
                "give --sound-axes time,frequency --axes time,neuron for 40 bins of 5 bands and 5 \
                 neurons, or --sound-axes frequency,time --axes neuron,time for 5 bins of 40 bands \
                 and 40 neurons",
            ),
        );
    }
    // More bands than bins.
    flat(&place, (40, 5), (10, 5));
    let hint = "give --sound-axes frequency,time --axes neuron,time for 5 bins of 40 bands and 10 \
                neurons";
    refused(&place, "--dt-ms 10", &says("(40, 5) and (10, 5)", hint));
    // Time first, with an end cut off.
    flat(&place, (40, 5), (38, 3));
    let hint = "give --sound-axes time,frequency --axes time,neuron for 40 bins of 5 bands and 38 \
                bins of 3 neurons";
    for options in ["--dt-ms 10", "--dt-ms 10 --trim"] {
        let ran = place.strf(&format!("import npz data.npz {options}"));
        assert!(ran.status == Some(2) && ran.stderr.contains(hint), "{}", ran.stderr);
    }
    // One of each order.
    flat(&place, (5, 40), (40, 3));
    let hint = "give --sound-axes frequency,time --axes time,neuron for 40 bins of 5 bands and 3 \
                neurons";
    refused(&place, "--dt-ms 10", &says("(5, 40) and (40, 3)", hint));
    refused(&place, "--dt-ms 10 --trim", &says("(5, 40) and (40, 3)", hint));
    // A square, which may be turned.
    flat(&place, (40, 40), (3, 40));
    let hint = "give --sound-axes frequency,time --axes neuron,time for 40 bins of 40 bands and 3 \
                neurons, or --sound-axes time,frequency --axes neuron,time for 40 bins of 40 bands \
                and 3 neurons";
    refused(&place, "--dt-ms 10", &says("(40, 40) and (3, 40)", hint));
}

#[test]
fn axes_that_are_given_win() {
    let place = Workplace::empty();
    let dims = |options: &str| {
        place.strf(&format!("import npz data.npz --dt-ms 10 --force {options}")).done();
        let clip = read(&place.path("data.h5")).unwrap().recording.clips.remove(0);
        (clip.cochleagram.dim(), clip.responses.dim())
    };
    flat(&place, (40, 5), (40, 5));
    let last = "--sound-axes frequency,time --axes neuron,time";
    assert_eq!(dims(last), ((40, 5), (40, 1, 5)));
    // One that is given tells the other.
    assert_eq!(dims("--axes time,neuron"), ((5, 40), (5, 1, 40)));
    assert_eq!(dims("--sound-axes time,frequency"), ((5, 40), (5, 1, 40)));
    assert_eq!(dims("--sound-axes frequency,time"), ((40, 5), (40, 1, 5)));
    flat(&place, (5, 40), (40, 3));
    assert_eq!(dims("--axes time,neuron"), ((5, 40), (3, 1, 40)));
    assert_eq!(dims("--sound-axes frequency,time"), ((5, 40), (3, 1, 40)));
    flat(&place, (40, 5), (38, 3));
    let first = "--sound-axes time,frequency --axes time,neuron --trim";
    assert_eq!(dims(first), ((5, 38), (3, 1, 38)));
    // The sound in an array with an axis for stimuli, which stays as it is.
    npz(&place, |npz| {
        npz.add("stim", &Array3::<f64>::zeros((1, 8, 5)));
        npz.add("resp", &Array2::<f64>::zeros((5, 3)));
    });
    assert_eq!(dims(""), ((8, 5), (3, 1, 5)));
    // Axes of length 1 that the option does not name.
    npz(&place, |npz| {
        npz.add("stim", &Array2::<f64>::zeros((40, 5)));
        npz.add("resp", &Array3::<f64>::zeros((1, 2, 40)));
    });
    assert_eq!(dims("--axes repeat,time"), ((5, 40), (1, 2, 40)));
    // More bins than bands, in the usual order, with an end cut off.
    flat(&place, (5, 40), (3, 38));
    assert_eq!(dims("--trim"), ((5, 38), (3, 1, 38)));
}

#[test]
fn a_list_of_spike_times_is_no_response() {
    let place = Workplace::empty();
    npz(&place, |npz| {
        npz.add("spec", &Array2::<f64>::zeros((5, 40)));
        npz.add("spikes", &Array1::from(vec![0.01, 0.04, 0.09, 0.11, 0.35, 0.36, 0.5]));
    });
    let message = "data.npz: 1 problem\n  spikes: found an array of shape (7), with rising numbers \
                   from 0.01 to 0.5, as of spike times, expected a count or rate for each bin of \
                   the sound (give --spike-times spikes in \
                   place of --responses, or count them in the bins of the sound)";
    refused(&place, "--dt-ms 5", message);
    refused(&place, "--dt-ms 5 --trim --axes time", message);
    npz(&place, |npz| {
        npz.add("spec", &Array2::<f64>::zeros((5, 40)));
        npz.add("data", &Array1::from(vec![1.0, 1.0, 2.0]));
        npz.add("indices", &Array1::from(vec![3, 8, 1]));
        npz.add("indptr", &Array1::from(vec![0, 2, 3]));
    });
    refused(
        &place,
        "--dt-ms 5 --responses data --trim",
        "data.npz: 1 problem\n  data: found the values of a sparse array, expected an array of \
         numbers (save the full array, x.toarray())",
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
        .refused("folder.mat: this is a folder; give the MATLAB file inside it, or the name of --spike-times, \
             where each file in it is a neuron");
    place.write("text.mat", "a,b\n1,2\n");
    place.strf("import mat text.mat").refused(
        "text.mat: found no MATLAB file, expected one of version 4, 5, 6, 7 or 7.3; save it in \
         MATLAB with save -v7 or save -v7.3",
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
    let said = "meta.freq: numbers (1, 4); 1 variable is damaged: not even its \
                name can be read)";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);

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
         3 neurons, 1 repeat, mean response 0.500 per bin\n"
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
