//! Dataset files and what is made of them.
#![expect(clippy::float_cmp, reason = "what is read back is the same to the last digit")]
use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, Array3, arr2, arr3, array, s};
use strf::base::error::Result;
use strf::base::files::Existing;
use strf::dataset::hdf5_io::{write_array, write_strings};
use strf::dataset::{
    Clip, Counts, Entity, ReadRecording, Recording, ResponseFile, Splits, read,
    read_for_prediction, read_sound, write,
};
use strf::preparation::{
    ClipSets, Doubtful, PsthSurvey, Standardization, divide, hanning, keep_neurons, psth, select,
    smooth, smoothed_psth,
};
use strf::run_file::Standardize;
use strf::run_file::{Condition, Selection, Split};

use crate::support::runs::change_data;

/// 2 neurons, 3 bands, 4 stimuli in an order that is not that of their names.
pub fn recording() -> Recording {
    let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let entity = |id: &str, attributes: &[(String, String)]| Entity {
        id: id.to_owned(),
        attributes: attributes.iter().cloned().collect(),
    };
    let clip = |(index, id): (usize, &&str)| Clip {
        stimulus: entity(id, &[attribute("type", if index < 2 { "song" } else { "noise" })]),
        cochleagram: Array2::from_shape_fn((3, 5 + index), |(f, t)| (f * 10 + t) as f32 / 7.0),
        responses: Array3::from_shape_fn((2, 4 + index, 5 + index), |(n, r, t)| {
            ((n + r * t + index) % 3) as f32
        }),
    };
    let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
    Recording {
        file: "made.h5".into(),
        dt_ms: 2.5,
        level: None,
        frequencies_hz: Some(vec![500.0, 1000.1, 2000.0]),
        neurons: vec![
            entity("n/1", &[attribute("area", "A1"), attribute("depth", "300")]),
            entity("n%2", &[attribute("area", "PEG"), attribute("depth", "0.25")]),
        ],
        clips: ["zebra", "a/b", "100%", "ü"].iter().enumerate().map(clip).collect(),
        splits: Some(Splits {
            train: ids(&["ü", "zebra"]),
            valid: ids(&["a/b"]),
            test: ids(&["100%"]),
        }),
    }
}

/// Writes a recording as a dataset file with nothing beside it.
pub fn write_to(path: &Path, recording: &Recording, counts: Counts) -> Result<()> {
    write(path, recording, counts, Existing::Keep, |_file| Ok(()))
}

fn fixture(name: &str) -> Result<ReadRecording> {
    read(&Path::new("tests/fixtures").join(name))
}

/// Equal, NaN where the other has NaN.
fn same<D: ndarray::Dimension>(a: &ndarray::Array<f32, D>, b: &ndarray::Array<f32, D>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

#[test]
fn a_written_recording_comes_back_with_everything_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = recording();
    written.clips[1].responses[[1, 2, 3]] = f32::NAN;
    for counts in [Counts::AsBytes, Counts::AsFloats] {
        let path = folder.path().join(format!("{counts:?}.h5"));
        write_to(&path, &written, counts).unwrap();
        let ReadRecording { recording: got, notes } = read(&path).unwrap();
        assert_eq!(notes, Vec::<String>::new());
        assert_eq!(got.file, path);
        assert_eq!(got.dt_ms, written.dt_ms);
        assert_eq!(got.frequencies_hz, written.frequencies_hz);
        assert_eq!(got.neurons, written.neurons);
        assert_eq!(got.splits, written.splits);
        assert_eq!(got.clips.len(), 4);
        for (got, want) in got.clips.iter().zip(&written.clips) {
            assert_eq!(got.stimulus, want.stimulus);
            assert!(same(&got.cochleagram, &want.cochleagram), "{}", want.stimulus.id);
            assert!(same(&got.responses, &want.responses), "{}", want.stimulus.id);
        }
    }
}

#[test]
fn counts_are_stored_as_bytes_where_they_fit_and_nothing_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counts.h5");
    let mut written = recording();
    written.clips[1].responses[[1, 2, 3]] = f32::NAN;
    written.clips[2].responses[[0, 0, 0]] = 256.0;
    write_to(&path, &written, Counts::AsBytes).unwrap();
    let file = hdf5::File::open(&path).unwrap();
    let bytes = |id: &str| {
        let dataset = file.dataset(&format!("stimuli/{id}/responses")).unwrap();
        dataset.dtype().unwrap().is::<u8>()
    };
    assert!(bytes("zebra") && bytes("ü"));
    assert!(!bytes("a%2Fb") && !bytes("100%25"));
}

#[test]
fn numbers_stay_numbers_and_extra_groups_are_kept_in_a_written_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("extra.h5");
    let truth = |file: &hdf5::File| file.create_group("truth").map(|_group| ());
    write(&path, &recording(), Counts::AsBytes, Existing::Keep, truth).unwrap();
    let file = hdf5::File::open(&path).unwrap();
    assert_eq!(file.dataset("neurons/depth").unwrap().read_raw::<f64>().unwrap(), [300.0, 0.25]);
    assert!(file.group("truth").is_ok());
}

#[test]
fn the_same_recording_gives_the_same_bytes_compressed_where_it_pays() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = recording();
    written.clips[0].cochleagram = Array2::zeros((3, 4000));
    written.clips[0].responses = Array3::zeros((2, 5, 4000));
    let bytes = [1, 2].map(|run| {
        let path = folder.path().join(format!("{run}.h5"));
        write_to(&path, &written, Counts::AsFloats).unwrap();
        std::fs::read(path).unwrap()
    });
    assert!(bytes[0] == bytes[1], "two files of one recording differ");
    assert!(bytes[0].len() < 40_000, "{} bytes", bytes[0].len());
}

#[test]
fn an_existing_file_is_replaced_only_when_asked_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.h5");
    std::fs::write(&path, "precious").unwrap();
    let refused = write_to(&path, &recording(), Counts::AsFloats).unwrap_err();
    assert!(refused.to_string().contains("exists already"), "{refused}");
    assert_eq!(refused.exit_status(), 2);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");

    let failing = |_file: &hdf5::File| Err(hdf5::Error::from("no more room"));
    let failed = write(&path, &recording(), Counts::AsFloats, Existing::Replace, failing);
    assert!(failed.unwrap_err().to_string().contains("writing"));
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");

    write(&path, &recording(), Counts::AsFloats, Existing::Replace, |_file| Ok(())).unwrap();
    assert!(read(&path).is_ok());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_written_file_can_be_read_by_whom_the_folder_allows() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.h5");
    write_to(&path, &recording(), Counts::AsFloats).unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}

#[test]
fn types_shapes_and_strings_of_other_programs_are_read() {
    let ReadRecording { recording, notes } = fixture("h5py.h5").unwrap();
    assert_eq!(recording.dt_ms, 2.5);
    assert_eq!(recording.frequencies_hz, Some(vec![500.0, 1000.0, 2000.0]));
    assert_eq!(recording.neuron_ids(), ["é-1", "cell 2"]);
    let [first, second] = &recording.neurons[..] else { panic!("{:?}", recording.neurons) };
    let want = [("area", "A1"), ("depth", "300"), ("good", "true"), ("layer", "4")];
    for (name, value) in want {
        assert_eq!(first.attributes[name], value, "{name}");
    }
    assert_eq!(first.attributes["long"].len(), 100);
    assert_eq!(second.attributes["depth"], "0.1");
    assert_eq!(second.attributes.get("long"), None);
    assert_eq!(
        notes,
        [
            "/neurons/waveform is left out: not a list of numbers or strings",
            "/splits/folds is not used: train, valid and test are",
        ]
    );
    let splits = recording.splits.unwrap();
    assert_eq!(splits.train, ["whole", "a/b"]);
    assert_eq!((splits.valid.len(), splits.test), (0, vec!["half".to_owned()]));
}

#[test]
fn numbers_of_any_type_are_read_in_the_order_in_which_stimuli_were_written() {
    let recording = fixture("h5py.h5").unwrap().recording;
    let ids: Vec<&str> = recording.clips.iter().map(|clip| clip.stimulus.id.as_str()).collect();
    assert_eq!(ids, ["whole", "half", "a/b"]);
    let [whole, half, slash] = &recording.clips[..] else { panic!("{ids:?}") };
    let sound = |bins| Array2::from_shape_fn((3, bins), |(f, t)| f as f32 + t as f32 / 8.0);
    let counts =
        |repeats, bins| Array3::from_shape_fn((2, repeats, bins), |(n, r, t)| (n + r + t) as f32);
    assert_eq!(whole.cochleagram, sound(6));
    assert_eq!(whole.responses, counts(4, 6));
    assert_eq!(half.cochleagram, sound(7));
    assert_eq!(slash.cochleagram, sound(8).mapv(f32::floor));
    assert_eq!(slash.responses, counts(1, 8).mapv(|x| 1.0 - x % 2.0));
    for (got, want) in half.responses.iter().zip(&counts(5, 7)) {
        assert!(if *want == 3.0 { got.is_nan() } else { got == want }, "{got} for {want}");
    }
    let want = [("level_db", "60"), ("seen", "true"), ("type", "natural")];
    let want: BTreeMap<String, String> =
        want.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(whole.stimulus.attributes, want);
    assert_eq!(half.stimulus.attributes["type"], "noise");
}

#[test]
fn the_dense_layout_is_read_and_what_was_inferred_is_said() {
    let ReadRecording { recording, notes } = fixture("dense.h5").unwrap();
    assert_eq!(recording.neuron_ids(), ["n1", "n2"]);
    let ids: Vec<&str> = recording.clips.iter().map(|clip| clip.stimulus.id.as_str()).collect();
    assert_eq!(ids, ["s1", "s2", "s3", "s4"]);
    assert_eq!(recording.dt_ms, 5.0);
    let last = &recording.clips[3];
    assert_eq!((last.cochleagram[[2, 4]], last.responses[[1, 3, 5]]), (5.5, 12.0));
    assert_eq!(last.responses.dim(), (2, 5, 6));
    assert_eq!(
        notes,
        [
            "no attribute `format`: taken for a strf-dataset file",
            "no attribute `version`: taken for version 1",
            "dense layout: /cochleagrams (S, F, T) and /responses (S, N, R, T)",
            "no /neurons/id: the 2 are named n1, n2, ...",
            "no /stimuli/id: the 4 are named s1, s2, ...",
        ]
    );
}

#[test]
fn the_dense_layout_takes_ids_and_attributes_from_lists() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dense.h5");
    std::fs::copy("tests/fixtures/dense.h5", &path).unwrap();
    change_data(&path, |file| {
        let stimuli = file.create_group("stimuli")?;
        write_strings(&stimuli, "id", &["d", "c", "b", "a"])?;
        write_strings(&stimuli, "type", &["x", "x", "y", "y"])
    });
    let recording = read(&path).unwrap().recording;
    let stimulus = &recording.clips[2].stimulus;
    assert_eq!((stimulus.id.as_str(), stimulus.attributes["type"].as_str()), ("b", "y"));
}

#[test]
fn responses_without_an_axis_for_the_only_neuron_are_taken_for_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.h5");
    write_to(&path, &keep_neurons(recording(), &[1]), Counts::AsFloats).unwrap();
    let responses = arr2(&[[1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]]);
    change_data(&path, |file| {
        file.unlink("stimuli/zebra/responses")?;
        write_array(file, "stimuli/zebra/responses", responses.view())
    });
    let ReadRecording { recording, notes } = read(&path).unwrap();
    assert_eq!(recording.clips[0].responses.dim(), (1, 2, 5));
    assert_eq!(recording.clips[0].responses[[0, 1, 4]], 10.0);
    assert_eq!(notes, ["/stimuli/zebra/responses is read as (R, T) of the only neuron"]);
}

#[test]
fn prediction_needs_no_responses_and_training_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.h5");
    write_to(&path, &recording(), Counts::AsFloats).unwrap();
    change_data(&path, |file| file.unlink("stimuli/zebra/responses"));
    let some = read_for_prediction(&path).unwrap().recording;
    assert_eq!(some.clips[0].responses.dim(), (2, 0, 5));
    assert_eq!(some.clips[1].responses.dim(), (2, 5, 6));
    let error = read(&path).unwrap_err().to_string();
    let want = "/stimuli/zebra/responses: found nothing, expected numbers (N, R, T)";
    assert!(error.contains(want), "{error}");

    change_data(&path, |file| file.unlink("neurons"));
    let none = read_for_prediction(&path).unwrap().recording;
    assert_eq!(none.neurons.len(), 0);
    assert_eq!(none.clips[1].responses.dim(), (0, 0, 6));
    assert!(same(&none.clips[1].cochleagram, &recording().clips[1].cochleagram));
    assert!(select(none, &Selection::All, &Selection::All).is_ok());
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn with(name: &str, value: &str) -> Selection {
    Selection::Attributes(BTreeMap::from([(name.to_owned(), Condition::Is(value.to_owned()))]))
}

#[test]
fn selections_keep_what_they_name_in_their_order_and_shrink_the_splits() {
    let all = recording();
    let neurons = Selection::Ids(ids(&["n%2", "n/1"]));
    let selected = select(recording(), &neurons, &with("type", "song")).unwrap().recording;
    assert_eq!(selected.neuron_ids(), ["n%2", "n/1"]);
    assert_eq!(selected.clips.len(), 2);
    let (got, want) = (&selected.clips[1].responses, &all.clips[1].responses);
    assert_eq!(got.slice(s![0, .., ..]), want.slice(s![1, .., ..]));
    assert_eq!(got.slice(s![1, .., ..]), want.slice(s![0, .., ..]));
    let splits = selected.splits.unwrap();
    assert_eq!(
        (splits.train, splits.valid, splits.test.len()),
        (ids(&["zebra"]), ids(&["a/b"]), 0)
    );

    let deep = select(recording(), &with("depth", "300"), &Selection::All).unwrap().recording;
    assert_eq!(deep.neuron_ids(), ["n/1"]);
    assert_eq!(deep.clips[3].responses.dim(), (1, 7, 8));
}

#[test]
fn splits_of_the_file_and_lists_keep_their_order() {
    let sets = divide(&recording(), &Split::File).unwrap();
    assert_eq!(sets, ClipSets { train: vec![3, 0], valid: vec![1], test: vec![2] });
    let lists = Split::Ids([ids(&["a/b"]), ids(&["ü", "zebra"]), ids(&["100%"])]);
    let sets = divide(&recording(), &lists).unwrap();
    assert_eq!(sets, ClipSets { train: vec![1], valid: vec![3, 0], test: vec![2] });
}

#[test]
fn fractions_deal_every_clip_once_by_seed() {
    let mut many = recording();
    many.clips = (0..20)
        .map(|index| {
            let mut clip = many.clips[index % 4].clone();
            clip.stimulus.id = format!("s{index}");
            clip
        })
        .collect();
    let deal = |seed| divide(&many, &Split::Fractions { parts: [0.7, 0.15, 0.15], seed }).unwrap();
    let sets = deal(0);
    assert_eq!((sets.train.len(), sets.valid.len(), sets.test.len()), (14, 3, 3));
    let mut dealt = [sets.train.clone(), sets.valid.clone(), sets.test.clone()].concat();
    dealt.sort_unstable();
    assert_eq!(dealt, (0..20).collect::<Vec<_>>());
    assert_eq!(sets, deal(0));
    assert_ne!(sets, deal(1));
    assert!(sets.train.is_sorted() && sets.valid.is_sorted() && sets.test.is_sorted());
}

#[test]
fn neurons_without_training_data_and_neurons_that_never_change_are_found() {
    let mut recording = recording();
    recording.neurons.push(Entity { id: "n3".to_owned(), ..Entity::default() });
    for clip in &mut recording.clips {
        let (_, r, t) = clip.responses.dim();
        clip.responses = Array3::from_elem((3, r, t), 2.0);
        clip.responses.slice_mut(s![1, .., ..]).fill(f32::NAN);
        clip.responses[[2, 1, 3]] = 0.0;
    }
    recording.clips[0].responses[[1, 0, 0]] = 1.0;
    recording.clips[0].responses[[0, 0, 0]] = f32::NAN;
    let found = |train: &[usize], skip| {
        let mut survey = PsthSurvey::new(3, skip);
        for clip in train {
            survey.add(&psth(&recording.clips[*clip].responses));
        }
        survey.finish()
    };
    let want = |unrecorded: &[usize], constant: &[usize]| Doubtful {
        unrecorded: unrecorded.to_vec(),
        constant: constant.to_vec(),
    };
    assert_eq!(found(&[1, 2], 0), want(&[1], &[0]));
    assert_eq!(found(&[0, 1], 0), want(&[], &[0, 1]));
    assert_eq!(found(&[0, 1], 1), want(&[1], &[0]));
    assert_eq!(found(&[1, 2], 4), want(&[1], &[0, 2]));
}

#[test]
fn a_hanning_window_has_an_odd_length_no_zero_and_the_sum_1() {
    let close = |got: &[f64], want: &[f64]| {
        assert_eq!(got.len(), want.len());
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-15), "{got:?}");
    };
    close(&hanning(1), &[1.0]);
    close(&hanning(3), &[0.25, 0.5, 0.25]);
    close(&hanning(5), &[1.0 / 12.0, 0.25, 1.0 / 3.0, 0.25, 1.0 / 12.0]);
}

#[test]
fn smoothing_keeps_gaps_and_levels_and_spreads_a_spike_as_its_window() {
    let nan = f32::NAN;
    let responses = arr3(&[
        [[0.0, 0.0, 0.0, 12.0, 0.0, 0.0, 0.0], [3.0, 3.0, nan, 3.0, 3.0, 3.0, 3.0]],
        [[12.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [nan, nan, nan, nan, nan, nan, nan]],
        [[0.0, 12.0, nan, 0.0, 0.0, 0.0, 0.0], [1.0, nan, 2.0, nan, nan, nan, 5.0]],
    ]);
    let got = smooth(&responses, 21.0, 5.0); // 5 bins: 1 3 4 3 1 twelfths
    let want = arr3(&[
        [[0.0, 12.0 / 11.0, 3.0, 4.0, 3.0, 12.0 / 11.0, 0.0], [3.0, 3.0, nan, 3.0, 3.0, 3.0, 3.0]],
        [[6.0, 36.0 / 11.0, 1.0, 0.0, 0.0, 0.0, 0.0], [nan, nan, nan, nan, nan, nan, nan]],
        [[36.0 / 7.0, 6.0, nan, 4.0 / 3.0, 0.0, 0.0, 0.0], [1.2, nan, 1.8, nan, nan, nan, 5.0]],
    ]);
    for ((at, got), want) in got.indexed_iter().zip(&want) {
        let fits = (got - want).abs() < 1e-6 || (got.is_nan() && want.is_nan());
        assert!(fits, "{at:?}: got {got}, want {want}");
    }
    assert!(same(&smooth(&responses, 0.0, 5.0), &responses));
}

#[test]
fn smoothing_the_psth_equals_the_mean_of_smoothed_repeats() {
    let mut responses =
        Array3::from_shape_fn((5, 3, 40), |(n, r, t)| ((n * 7 + r * 3 + t * t) % 11) as f32);
    responses.slice_mut(s![1, 2, ..]).fill(f32::NAN);
    responses.slice_mut(s![2, 0, 5..9]).fill(f32::NAN);
    responses.slice_mut(s![3, .., ..]).fill(f32::NAN);
    responses.slice_mut(s![4, .., 30..]).fill(f32::NAN);
    for window_ms in [5.0, 21.0, 500.0] {
        let got = smoothed_psth(&responses, &psth(&responses), window_ms, 5.0);
        let want = psth(&smooth(&responses, window_ms, 5.0));
        for ((at, got), want) in got.indexed_iter().zip(&want) {
            let fits = (got - want).abs() < 1e-6 * want.abs() || (got.is_nan() && want.is_nan());
            assert!(fits, "{window_ms} ms, {at:?}: got {got}, want {want}");
        }
    }
}

#[test]
fn responses_read_clip_by_clip_are_those_of_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let grouped = folder.path().join("grouped.h5");
    let mut written = recording();
    let long = |(n, r, t): (usize, usize, usize)| if n == r { f32::NAN } else { (t % 9) as f32 };
    written.clips[1].cochleagram = Array2::zeros((3, 4000));
    written.clips[1].responses = Array3::from_shape_fn((2, 5, 4000), long);
    write_to(&grouped, &written, Counts::AsBytes).unwrap();
    let fixtures = ["tests/fixtures/h5py.h5", "tests/fixtures/dense.h5"].map(Path::new);
    for path in [grouped.as_path(), fixtures[0], fixtures[1]] {
        for neurons in [vec![0, 1], vec![1, 0], vec![1]] {
            let whole = keep_neurons(read(path).unwrap().recording, &neurons);
            let stored = keep_neurons(read_sound(path).unwrap().recording, &neurons);
            let mut file = ResponseFile::open(path).unwrap();
            for (whole, stored) in whole.clips.iter().zip(&stored.clips) {
                assert_eq!(stored.responses.dim(), whole.responses.dim());
                let got = file.read(&stored.responses).unwrap();
                assert!(same(&got, &whole.responses), "{path:?} {neurons:?}");
            }
        }
    }
}

#[test]
fn the_psth_is_the_mean_over_the_repeats_that_were_recorded() {
    let nan = f32::NAN;
    let responses = arr3(&[
        [[1.0, nan, nan, 2.0], [2.0, 4.0, nan, 2.0], [6.0, nan, nan, 2.0]],
        [[0.0, 1.0, 1.0, nan], [0.0, 0.0, 1.0, 7.0], [0.0, 0.0, 1.0, 8.0]],
    ]);
    let want = arr2(&[[3.0, 4.0, nan, 2.0], [0.0, 1.0 / 3.0, 1.0, 7.5]]);
    assert!(same(&psth(&responses), &want), "{:?}", psth(&responses));
}

#[test]
fn each_standardization_gives_the_training_clips_the_moments_it_promises() {
    let clips = [
        array![[1.0_f32, 3.0, 5.0, 7.0], [10.0, 10.0, 10.0, 10.0], [-2.0, 2.0, -2.0, 2.0]],
        array![[9.0_f32, 11.0], [10.0, 10.0], [-2.0, 2.0]],
    ];
    let clips: Vec<&Array2<f32>> = clips.iter().collect();
    let fit = |kind| Standardization::fit(&clips, kind);
    let moments = |values: &[f32]| {
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>();
        (mean, (squares / values.len() as f64).sqrt())
    };
    let applied = |kind, bands: std::ops::Range<usize>| {
        let fitted = fit(kind).standardization;
        let rows = clips.iter().map(|clip| fitted.apply(clip));
        let values: Vec<f32> = rows
            .flat_map(|x| x.slice(s![bands.clone(), ..]).iter().copied().collect::<Vec<_>>())
            .collect();
        moments(&values)
    };
    let assert_near = |what: &str, got: (f64, f64), want: (f64, f64)| {
        let near = (got.0 - want.0).abs() < 1e-6 && (got.1 - want.1).abs() < 1e-6;
        assert!(near, "{what}: got {got:?}, want {want:?}");
    };
    assert_near("band 0", applied(Standardize::Band, 0..1), (0.0, 1.0));
    assert_near("flat band", applied(Standardize::Band, 1..2), (0.0, 0.0));
    assert_near("band 2", applied(Standardize::Band, 2..3), (0.0, 1.0));
    assert_eq!(fit(Standardize::Band).flat_bands, [1]);
    assert_near("global", applied(Standardize::Global, 0..3), (0.0, 1.0));
    let plain = applied(Standardize::None, 0..3);
    assert_near("scale", applied(Standardize::Scale, 0..3), (plain.0 / plain.1, 1.0));
    assert_eq!(fit(Standardize::None).standardization.apply(clips[1]), clips[1]);
    assert!(
        [Standardize::Global, Standardize::Scale, Standardize::None]
            .iter()
            .all(|k| fit(*k).flat_bands.is_empty())
    );
}

#[test]
fn a_silent_recording_is_flat_in_every_band_and_stays_finite() {
    let silence = Array2::from_elem((3, 4), 0.1_f32);
    for kind in [Standardize::Band, Standardize::Global, Standardize::Scale] {
        let fitted = Standardization::fit(&[&silence, &silence], kind);
        assert_eq!(fitted.flat_bands, [0, 1, 2], "{kind:?}");
        let level = if kind == Standardize::Scale { 0.1 } else { 0.0 };
        let got = fitted.standardization.apply(&silence);
        assert!(got.iter().all(|x| *x == level), "{kind:?}: {got}");
    }
}
