//! Dataset files that do not fit, each with its message.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, Array4};
use strf::base::error::Error;
use strf::base::files::Existing;
use strf::dataset::hdf5_io::{write_array, write_number, write_strings, write_text};
use strf::dataset::{Counts, Recording, Splits, read, read_for_prediction, write};
use strf::preparation::{divide, select};
use strf::run_file::{Condition, Selection, Split};

use crate::dataset::{recording, write_to};
use crate::support::runs::{change_data, replace};

/// What is said of the file of [`recording`] after a change to it.
fn said(change: impl FnOnce(&hdf5::File) -> hdf5::Result<()>) -> Vec<String> {
    said_of(recording(), change)
}

fn said_of(
    recording: Recording,
    change: impl FnOnce(&hdf5::File) -> hdf5::Result<()>,
) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder for tests");
    let path = folder.path().join("bad.h5");
    write(&path, &recording, Counts::AsFloats, Existing::Keep, change).expect("a test file");
    problems(read(&path).expect_err("the file does not fit"))
}

/// The lines of an input error; fails for other errors.
fn problems(error: Error) -> Vec<String> {
    assert_eq!(error.exit_status(), 2);
    match error {
        Error::Input { problems, .. } => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn replace_list(file: &hdf5::File, path: &str, values: &[f64]) -> hdf5::Result<()> {
    file.unlink(path)?;
    write_array(file, path, ndarray::ArrayView1::from(values))
}

/// The message for something that cannot be opened at all.
fn unopened(path: &Path) -> String {
    let error = read(path).expect_err("it cannot be opened");
    assert_eq!(error.exit_status(), 2);
    let predicting = read_for_prediction(path).expect_err("it cannot be opened");
    assert_eq!(error.to_string(), predicting.to_string());
    error.to_string()
}

fn in_folder(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder for tests");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("a test file");
    (folder, path)
}

#[test]
fn a_missing_file_a_folder_and_an_unreadable_file_are_told_apart() {
    let (folder, file) = in_folder("data.h5", b"");
    let missing = folder.path().join("dat.h5");
    let want = format!("{}: there is no such file; check the path", missing.display());
    assert_eq!(unopened(&missing), want);
    let want =
        format!("{}: this is a folder; give the HDF5 file inside it", folder.path().display());
    assert_eq!(unopened(folder.path()), want);
    let below = file.join("data.h5");
    assert_eq!(unopened(&below), format!("opening {}", below.display()));
}

#[test]
fn an_empty_file_and_files_of_other_kinds_are_told_apart() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "the file is empty; whatever wrote it did not finish, so write it again"),
        (b"time,band\n0,1\n", "this is not an HDF5 file; data/README.md shows how to write one"),
        (
            b"PK\x03\x04rest",
            "this is a ZIP or NumPy (.npz) archive, not HDF5; \
                             make a dataset of it with strf import npz",
        ),
        (
            b"MATLAB 5.0 MAT-file",
            "this is a MATLAB file of version 7 or older, not HDF5; \
                                  make a dataset of it with strf import mat",
        ),
        (b"\x89HDF", "the file ends after a few bytes; copy or write it again"),
    ];
    for (content, message) in cases {
        let (_folder, path) = in_folder("data.h5", content);
        assert_eq!(unopened(&path), format!("{}: {message}", path.display()));
    }
}

#[test]
fn a_file_that_was_cut_at_any_length_is_refused_with_a_message() {
    let (folder, path) = in_folder("cut.h5", b"");
    let whole = folder.path().join("whole.h5");
    write_to(&whole, &recording(), Counts::AsFloats).unwrap();
    let whole = std::fs::read(whole).unwrap();
    let lengths = (1..whole.len()).step_by(97).chain([whole.len() - 1]);
    for length in lengths {
        std::fs::write(&path, &whole[..length]).unwrap();
        let message = unopened(&path);
        assert!(message.contains(&path.display().to_string()), "{length} bytes: {message}");
        assert!(message.contains("copy or write it again"), "{length} bytes: {message}");
    }
}

#[test]
fn a_damaged_array_is_named() {
    let mut large = recording();
    large.clips[0].cochleagram = Array2::from_shape_fn((3, 900), |(f, t)| (f + t % 7) as f32);
    large.clips[0].responses = Array3::zeros((2, 5, 900));
    let (_folder, path) = in_folder("damaged.h5", b"");
    write(&path, &large, Counts::AsFloats, Existing::Replace, |_file| Ok(())).unwrap();
    let file = hdf5::File::open(&path).unwrap();
    let chunk = file.dataset("stimuli/zebra/cochleagram").unwrap().chunk_info(0).unwrap();
    file.close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[usize::try_from(chunk.addr).unwrap()..][..16].fill(0xA5);
    std::fs::write(&path, &bytes).unwrap();
    let got = problems(read(&path).unwrap_err());
    let want = "/stimuli/zebra/cochleagram: found something that cannot be read: H5Dread()";
    assert!(got.len() == 1 && got[0].starts_with(want), "{got:?}");
    assert!(got[0].ends_with("(the file is damaged: copy or write it again)"), "{got:?}");
}

#[test]
fn a_file_of_another_format_or_version_or_without_a_bin_width_is_refused() {
    let got = said(|file| {
        for name in ["format", "version", "dt_ms"] {
            file.delete_attr(name)?;
        }
        write_text(file, "format", "strf-predictions")?;
        write_number(file, "version", 2)
    });
    let want = [
        "format: found \"strf-predictions\", expected \"strf-dataset\" \
         (this file holds something else than a dataset)",
        "version: found 2, expected 1 (a newer strf may read it)",
        "dt_ms: found nothing, expected a bin width in milliseconds above 0 \
         (add the attribute to the file, in Python f.attrs[\"dt_ms\"] = 5.0)",
    ];
    assert_eq!(got, want);
}

#[test]
fn a_bin_width_is_a_positive_number() {
    for (dt_ms, found) in [(0.0, "0"), (-5.0, "-5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let got = said_of(Recording { dt_ms, ..recording() }, |_file| Ok(()));
        let want = format!("dt_ms: found {found}, expected a bin width in milliseconds above 0");
        assert_eq!(got, [want]);
    }
    let got = said(|file| {
        file.delete_attr("dt_ms")?;
        write_text(file, "dt_ms", "5 ms")
    });
    assert_eq!(got, ["dt_ms: found 5 ms, expected a bin width in milliseconds above 0"]);
}

#[test]
fn frequencies_are_as_many_as_bands_positive_and_ascending() {
    let cases: [(&[f64], &str); 4] = [
        (&[500.0, 1000.0], "found 2 values, expected 3, one for each band of the cochleagrams"),
        (&[500.0, 0.0, 1000.0], "found 0, expected positive frequencies in Hz"),
        (&[500.0, f64::NAN, 1000.0], "found NaN, expected positive frequencies in Hz"),
        (
            &[2000.0, 1000.0, 500.0],
            "found 1000 Hz after 2000 Hz (band 1), expected band centres in ascending order \
          (turn the frequency axis of the cochleagrams over as well)",
        ),
    ];
    for (hz, message) in cases {
        let got = said(|file| replace_list(file, "frequencies", hz));
        assert_eq!(got, [format!("/frequencies: {message}")]);
    }
    let got = said(|file| {
        file.unlink("frequencies")?;
        write_strings(file, "frequencies", &["low", "middle", "high"])
    });
    let want =
        "/frequencies: found strings of shape (3), expected a list (F) of band centres in Hz";
    assert_eq!(got, [want]);
}

#[test]
fn neurons_have_ids_that_are_unique_and_attributes_for_all() {
    let no_group = said(|file| file.unlink("neurons"));
    assert_eq!(no_group, ["/neurons/id: found nothing, expected a list (N) of neuron ids"]);
    let ids = |ids: &'static [&str]| {
        said(|file| {
            file.unlink("neurons/id")?;
            write_strings(&file.group("neurons")?, "id", ids)
        })
    };
    assert_eq!(
        ids(&["a", "a"]),
        ["/neurons/id: found \"a\" twice, expected one neuron for each id"]
    );
    assert_eq!(
        ids(&["", "a"]),
        ["/neurons/id: found an empty id, expected a name for each neuron"]
    );
    let none = ids(&[]);
    assert_eq!(none[2], "/neurons/id: found no neuron, expected 1 neuron or more");
    let attributes = said(|file| replace_list(file, "neurons/depth", &[1.0, 2.0, 3.0]));
    assert_eq!(attributes, ["/neurons/depth: found 3 values, expected 2, as many as /neurons/id"]);
}

#[test]
fn a_file_without_stimuli_says_what_it_holds_instead() {
    let got = said(|file| {
        file.unlink("stimuli")?;
        file.unlink("splits")?;
        file.create_group("acquisition").map(|_group| ())
    });
    let want = "/stimuli: found no stimuli, expected one group for each stimulus \
                (the file holds acquisition, frequencies, neurons; data/README.md shows what to write)";
    assert_eq!(got, [want]);
}

#[test]
fn shapes_of_a_stimulus_are_compared_with_those_of_the_file() {
    let sound = "stimuli/a%2Fb/cochleagram";
    let responses = "stimuli/zebra/responses";
    let rank = said(|file| replace(file, sound, Array3::zeros((1, 3, 6)).view()));
    assert_eq!(rank, [format!("/{sound}: found shape (1, 3, 6), expected shape (F, T)")]);
    let bands = said(|file| replace(file, sound, Array2::zeros((4, 6)).view()));
    let want = "expected (F, T) with 3 bands and 1 bin or more";
    assert_eq!(bands, [format!("/{sound}: found shape (4, 6), {want}")]);
    let rank = said(|file| replace(file, responses, Array2::zeros((2, 5)).view()));
    assert_eq!(rank, [format!("/{responses}: found shape (2, 5), expected shape (N, R, T)")]);
    let want = "expected (N, R, T) = (2, R, 5), as many bins as its cochleagram";
    let bins = said(|file| replace(file, responses, Array3::zeros((2, 4, 7)).view()));
    assert_eq!(bins, [format!("/{responses}: found shape (2, 4, 7), {want}")]);
    let neurons = said(|file| replace(file, responses, Array3::zeros((1, 4, 5)).view()));
    assert_eq!(neurons, [format!("/{responses}: found shape (1, 4, 5), {want}")]);
}

#[test]
fn axes_that_matlab_reversed_are_recognized() {
    let reversed = "the axes look reversed, as MATLAB writes them: permute before h5write, \
                    see data/README.md";
    let got = said(|file| {
        replace(file, "stimuli/100%25/cochleagram", Array2::zeros((7, 3)).view())?;
        replace(file, "stimuli/100%25/responses", Array3::zeros((7, 6, 2)).view())
    });
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got.iter().all(|line| line.ends_with(&format!("({reversed})"))), "{got:?}");
}

#[test]
fn numbers_that_are_not_finite_are_counted_and_the_first_is_located() {
    let mut bad = recording();
    bad.clips[0].cochleagram[[1, 3]] = f32::NAN;
    bad.clips[0].cochleagram[[2, 0]] = f32::INFINITY;
    bad.clips[0].cochleagram[[2, 4]] = f32::NAN;
    bad.clips[2].responses[[1, 0, 6]] = f32::NEG_INFINITY;
    bad.clips[3].responses[[0, 0, 0]] = f32::NAN;
    let want = [
        "/stimuli/zebra/cochleagram: found NaN at band 1, bin 3 (counted from 0) and in 2 more \
         places, expected finite numbers (cut clips to the bins that have sound; clips of \
         different lengths need the grouped layout)",
        "/stimuli/100%25/responses: found -inf at neuron 1, repeat 0, bin 6 (counted from 0), \
         expected finite numbers, or NaN where nothing was recorded",
    ];
    assert_eq!(said_of(bad, |_file| Ok(())), want);
}

#[test]
fn data_of_a_wrong_kind_are_named() {
    let got = said(|file| {
        file.unlink("stimuli/zebra/cochleagram")?;
        file.create_group("stimuli/zebra/cochleagram")?;
        file.unlink("stimuli/a%2Fb/responses")?;
        write_strings(&file.group("stimuli/a%2Fb")?, "responses", &["many", "spikes"])?;
        file.create_group("stimuli/silence").map(|_group| ())
    });
    let want = [
        "/stimuli/zebra/cochleagram: found a group, expected numbers (F, T)",
        "/stimuli/a%2Fb/responses: found strings of shape (2), expected numbers (N, R, T)",
        "/stimuli/silence/cochleagram: found nothing, expected numbers (F, T)",
    ];
    assert_eq!(got, want);
}

#[test]
fn a_shape_that_no_memory_holds_is_refused() {
    let got = said(|file| {
        file.unlink("stimuli/zebra/responses")?;
        let group = file.group("stimuli/zebra")?;
        let shape = (1 << 20, 1 << 20, 1 << 20);
        group.new_dataset::<f32>().chunk((1, 1, 1 << 10)).shape(shape).create("responses")?;
        Ok(())
    });
    let found = "/stimuli: found a recording that takes about ";
    let expected = " GB of memory, expected at most 90 % of the ";
    assert!(got[0].starts_with(found) && got[0].contains(expected), "{got:?}");
}

#[test]
fn splits_of_a_file_name_known_stimuli_and_share_none() {
    let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
    let splits = Splits {
        train: ids(&["zebra", "zebra", "a/b"]),
        valid: ids(&["zebr", "a/b"]),
        test: ids(&["100%", "a/b"]),
    };
    let got = said_of(Recording { splits: Some(splits), ..recording() }, |_file| Ok(()));
    let shared = "expected parts that share no stimulus (leave each stimulus in one part)";
    let want = [
        "/splits/train: found \"zebra\" twice, expected every id once".to_owned(),
        "/splits/valid: found \"zebr\", expected the id of a stimulus (did you mean \"zebra\"?)"
            .to_owned(),
        format!("/splits/valid: found \"a/b\", which train has too, {shared}"),
        format!("/splits/test: found \"a/b\", which train has too, {shared}"),
        format!("/splits/test: found \"a/b\", which valid has too, {shared}"),
    ];
    assert_eq!(got, want);
}

#[test]
fn problems_of_all_parts_of_a_file_are_reported_together_in_its_order() {
    let got = said(|file| {
        file.delete_attr("dt_ms")?;
        replace_list(file, "frequencies", &[1.0])?;
        file.unlink("neurons/id")?;
        write_strings(&file.group("neurons")?, "id", &["a", "a"])?;
        replace(file, "stimuli/zebra/cochleagram", Array2::from_elem((3, 5), f32::NAN).view())?;
        file.unlink("splits/test")?;
        write_strings(&file.group("splits")?, "test", &["unknown"])
    });
    let places: Vec<&str> = got.iter().filter_map(|line| line.split(": ").next()).collect();
    let want =
        ["dt_ms", "/frequencies", "/neurons/id", "/stimuli/zebra/cochleagram", "/splits/test"];
    assert_eq!(places, want);
}

/// A dense file of 4 stimuli, 3 bands, 6 bins, changed.
fn said_of_dense(change: impl FnOnce(&hdf5::File) -> hdf5::Result<()>) -> Vec<String> {
    let (_folder, path) = in_folder("dense.h5", b"");
    std::fs::copy("tests/fixtures/dense.h5", &path).expect("a test file");
    change_data(&path, change);
    problems(read(&path).expect_err("the file does not fit"))
}

#[test]
fn shapes_of_the_dense_layout_are_compared_with_each_other() {
    let responses =
        |shape| said_of_dense(move |file| replace(file, "responses", Array4::zeros(shape).view()));
    let want =
        |shape| format!("/responses: found shape {shape}, expected (S, N, R, T) = (4, 2, R, 6)");
    assert_eq!(responses((3, 2, 5, 6)), [want("(3, 2, 5, 6)")]);
    assert_eq!(responses((4, 2, 5, 7)), [want("(4, 2, 5, 7)")]);
    let rank = said_of_dense(|file| replace(file, "responses", Array3::zeros((4, 5, 6)).view()));
    assert_eq!(rank, ["/responses: found shape (4, 5, 6), expected shape (S, N, R, T)"]);
    let rank = said_of_dense(|file| replace(file, "cochleagrams", Array2::zeros((3, 6)).view()));
    assert_eq!(rank[0], "/cochleagrams: found shape (3, 6), expected shape (S, F, T)");
    let ids = said_of_dense(|file| {
        write_strings(&file.create_group("stimuli")?, "id", &["a", "b", "c"])?;
        write_strings(&file.create_group("neurons")?, "id", &["x", "y", "z"])
    });
    let want = [
        "/cochleagrams: found shape (4, 3, 6), expected (S, F, T) with S = 3, the number of \
         stimuli, and 1 band and bin or more",
        "/responses: found shape (4, 2, 5, 6), expected (S, N, R, T) = (4, 3, R, 6)",
    ];
    assert_eq!(ids, want);
}

#[test]
fn gaps_in_the_dense_layout_are_located_by_stimulus() {
    let got = said_of_dense(|file| {
        let mut sounds = Array3::zeros((4, 3, 6));
        sounds[[2, 1, 5]] = f32::NAN;
        replace(file, "cochleagrams", sounds.view())
    });
    let want = "/cochleagrams[2]: found NaN at band 1, bin 5 (counted from 0), expected finite";
    assert!(got.len() == 1 && got[0].starts_with(want), "{got:?}");
}

#[test]
fn variables_that_matlab_saved_are_refused_because_their_axes_are_reversed() {
    let got =
        said_of_dense(|file| write_text(&*file.dataset("cochleagrams")?, "MATLAB_class", "double"));
    let want = "/cochleagrams: found a variable saved by MATLAB, axes reversed, expected numbers \
                (S, F, T) (make a dataset of the file with strf import mat)";
    assert_eq!(got, [want]);
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn with(name: &str, value: &str) -> Selection {
    Selection::Attributes(BTreeMap::from([(name.to_owned(), Condition::Is(value.to_owned()))]))
}

#[test]
fn selections_that_name_nothing_known_say_what_there_is() {
    let cases = [
        (
            Selection::Ids(ids(&["n/1", "n%3", "n/1"])),
            with("kind", "song"),
            vec![
                "data.neurons: found \"n/1\" twice, expected every id once",
                "data.neurons: found \"n%3\", expected the id of a neuron (there are: \"n/1\", \"n%2\")",
                "data.stimuli: found \"kind\", expected an attribute that a stimulus has \
             (there are: \"type\")",
            ],
        ),
        (
            with("area", "A2"),
            Selection::Ids(ids(&[])),
            vec![
                "data.neurons: found no neuron with area = \"A2\", expected 1 neuron or more \
             (area is one of \"A1\", \"PEG\")",
                "data.stimuli: found an empty list, expected \"all\", or 1 stimulus or more",
            ],
        ),
    ];
    for (neurons, stimuli, want) in cases {
        assert_eq!(problems(select(recording(), &neurons, &stimuli).unwrap_err()), want);
    }
}

#[test]
fn a_split_that_cannot_be_made_says_why_and_what_to_do() {
    let said =
        |recording: &Recording, split: &Split| problems(divide(recording, split).unwrap_err());
    let whole = recording();
    let mut without = recording();
    without.splits = None;
    let got = said(&without, &Split::File);
    assert!(
        got[0].starts_with("data.split: found \"file\", expected a dataset file with /splits ("),
        "{got:?}"
    );

    let got = said(&whole, &Split::Fractions { parts: [0.98, 0.01, 0.01], seed: 0 });
    let hint = "4 stimuli are too few for this fraction: enlarge it, or give lists";
    let want = |part| {
        format!("data.split.{part}: found no stimulus, expected 1 stimulus or more ({hint})")
    };
    assert_eq!(got, [want("valid"), want("test")]);

    let got = said(&whole, &Split::Ids([ids(&[]), ids(&["ü"]), ids(&["a/b"])]));
    let want = "data.split.train: found no stimulus, expected 1 stimulus or more \
                (move an id into this list)";
    assert_eq!(got, [want]);

    let got = said(&whole, &Split::Ids([ids(&["zebra"]), ids(&["zebra"]), ids(&["a/c", "100 %"])]));
    let want = [
        "data.split.valid: found \"zebra\", which train has too, expected parts that share no \
         stimulus (leave each stimulus in one part)",
        "data.split.test: found \"a/c\", expected the id of a stimulus \
         (there are: \"zebra\", \"a/b\", \"100%\", \"ü\")",
        "data.split.test: found \"100 %\", expected the id of a stimulus (did you mean \"100%\"?)",
    ];
    assert_eq!(got, want);

    let songs = select(recording(), &Selection::All, &with("type", "song")).unwrap().recording;
    let got = said(&songs, &Split::File);
    let want = "data.split.test: found no stimulus, expected 1 stimulus or more \
                (add ids to /splits/test of the file, or give data.split)";
    assert_eq!(got, [want]);
}

#[test]
fn a_folder_that_does_not_exist_cannot_be_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/data.h5");
    let error = write_to(&path, &recording(), Counts::AsFloats).unwrap_err();
    let parent = folder.path().join("missing");
    let want =
        format!("{}: is not a folder, expected one to write into; create it", parent.display());
    assert_eq!((error.to_string(), error.exit_status()), (want, 2));
}
