//! MATLAB files of spike times in cells and structs, several files, and places in cells.
use hdf5::ObjectReference1;
use ndarray::{Array1, Array2, s};
use strf::dataset::{Recording, read};

use crate::support::mat::{Mat5, Order};
use crate::support::runs::{Ran, Workplace, unlocked};
use crate::support::sessions::{SLOW, write_sound};

const MAT: Mat5 = Mat5(Order::Little);

/// Half a second of sound at 2 kHz.
fn waveform(seed: i32) -> Vec<f64> {
    (0..1000).map(|n| f64::from((n * n * seed) % 977 - 488) / 1000.0).collect()
}

fn times(values: &[f64]) -> Vec<u8> {
    MAT.doubles("", &[values.len().min(1), values.len()], values)
}

/// The repeats of two stimuli, in seconds: bins 2 and 40; none; bin 2 again, and one before the onset.
fn repeats() -> [Vec<u8>; 4] {
    [&[0.0125, 0.2025][..], &[], &[0.0125, 0.3], &[-0.05, 0.0149]].map(times)
}

/// `sound` and `fs`, beside other arrays.
fn write(place: &Workplace, others: Vec<Vec<u8>>) {
    let sound = [1, 3].map(|seed| MAT.doubles("", &[1000, 1], &waveform(seed)));
    let sound = MAT.cells("sound", &[2, 1], &sound);
    let arrays = [others, vec![sound, MAT.doubles("fs", &[1, 1], &[2000.0])]].concat();
    std::fs::write(place.path("cells.mat"), MAT.file(&arrays)).unwrap();
}

const WORDS: &str = "import mat cells.mat --out out.h5 --force";
const SOUND: &str = "--spike-times spikes --waveforms sound --rate-hz fs";

fn run(place: &Workplace, options: &str) -> Ran {
    place.strf(&format!("{WORDS} {options}"))
}

fn imported(place: &Workplace, options: &str) -> (String, Recording) {
    let ran = run(place, options).done();
    (ran.stdout + &ran.stderr, read(&place.path("out.h5")).unwrap().recording)
}

#[track_caller]
fn refused(place: &Workplace, options: &str, message: &str) {
    run(place, options).refused(message);
    assert!(!place.path("out.h5").exists(), "an output file is left behind");
}

/// The bins with spikes of a repeat; none where it is missing.
fn bins(recording: &Recording, clip: usize, neuron: usize, repeat: usize) -> Option<Vec<usize>> {
    let row = recording.clips[clip].responses.slice(s![neuron, repeat, ..]).to_owned();
    let filled = row.iter().enumerate().filter(|(_, count)| **count > 0.0).map(|(bin, _)| bin);
    (!row[0].is_nan()).then(|| filled.collect())
}

/// Fails unless the only neuron did as [`repeats`] say.
#[track_caller]
fn assert_right(recording: &Recording) {
    let all = [(0, 0), (0, 1), (1, 0), (1, 1)];
    let got = all.map(|(clip, repeat)| bins(recording, clip, 0, repeat).unwrap());
    assert_eq!(got, [vec![2, 40], vec![], vec![2, 60], vec![2]]);
    assert_eq!(recording.clips[0].responses.dim(), (1, 2, 100));
}

#[test]
fn cells_of_stimuli_and_repeats_become_counts() {
    let place = Workplace::empty();
    let [a, b, c, d] = repeats();
    // Column by column.
    let columns = [a.clone(), c.clone(), b.clone(), d.clone()];
    write(&place, vec![MAT.cells("spikes", &[2, 2], &columns)]);
    let (said, recording) =
        imported(&place, &format!("{SOUND} {SLOW} --axes stimulus,repeat --unit s"));
    assert_right(&recording);
    for line in [
        "inferred: 1 repeat without spikes\n",
        "inferred: stimuli are named s1 to s2\n",
        "inferred: spike times of spikes are seconds\n",
        "dropped: 1 of 6 spikes: 1 before the first bin, 0 after the last\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert!(!said.contains("without times"), "{said}");
    let (said, recording) = imported(&place, &format!("{SOUND} {SLOW}"));
    assert_right(&recording);
    assert!(said.contains("inferred: axes of the cells of spikes are stimulus,repeat\n"), "{said}");
    let (_, recording) = imported(&place, &format!("{SOUND} {SLOW} --before-ms 100"));
    assert_eq!(bins(&recording, 1, 0, 1).unwrap(), [10, 22]);
    // Nested cells, of which one has more repeats, and of two neurons.
    let nested = [MAT.cells("", &[1, 2], &[a, b]), MAT.cells("", &[2, 1], &[c, d])];
    write(&place, vec![MAT.cells("spikes", &[1, 2], &nested)]);
    assert_right(&imported(&place, &format!("{SOUND} {SLOW}")).1);
}

#[test]
fn structs_of_neurons_stimuli_and_trials_are_levels() {
    let place = Workplace::empty();
    let [a, b, c, d] = repeats();
    let trials = |times: &[Vec<u8>]| MAT.structs("", &[1, times.len()], &["times"], times);
    let one = |array: Vec<u8>| MAT.structs("", &[1, 1], &["trial"], &[array]);
    // The second neuron heard the first stimulus alone, once.
    let first = [trials(&[a, b]), trials(&[c, d.clone()])];
    let stims = [MAT.structs("", &[1, 2], &["trial"], &first), one(trials(&[d]))];
    write(&place, vec![MAT.structs("data", &[1, 2], &["stim"], &stims)]);
    let words = "--spike-times data.stim.trial.times --axes neuron,stimulus,repeat";
    let (_, recording) =
        imported(&place, &format!("{words} --waveforms sound --rate-hz 2000 {SLOW}"));
    assert_eq!(recording.neurons.len(), 2);
    assert_eq!(bins(&recording, 0, 0, 0), Some(vec![2, 40]));
    assert_eq!(bins(&recording, 1, 0, 1), Some(vec![2]));
    assert_eq!(bins(&recording, 0, 1, 0), Some(vec![2]));
    assert_eq!([bins(&recording, 0, 1, 1), bins(&recording, 1, 1, 0)], [None, None]);
}

#[test]
fn structs_of_version_7_3_are_levels_too() {
    let place = Workplace::empty();
    let file = unlocked().create(place.path("cells.mat")).unwrap();
    let list = |name: &str, values: &[f64]| {
        let array = Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap();
        file.new_dataset_builder().with_data(&array).create(name).unwrap();
    };
    let references = |name: &str, to: &[&str]| {
        let all: Vec<ObjectReference1> = to.iter().map(|to| file.reference(to).unwrap()).collect();
        let all = Array2::from_shape_vec((to.len(), 1), all).unwrap();
        file.new_dataset_builder().with_data(&all).create(name).unwrap();
    };
    // Two stimuli, of which one has two trials and the other one.
    for (name, values) in [("a", &[0.0125, 0.2025][..]), ("b", &[0.1]), ("c", &[0.0125])] {
        list(&format!("#refs#/{name}"), values);
    }
    references("#refs#/trials/times", &["#refs#/a", "#refs#/b"]);
    file.create_group("#refs#/trial").unwrap();
    file.link_hard("/#refs#/c", "/#refs#/trial/times").unwrap();
    references("data/trial", &["#refs#/trials", "#refs#/trial"]);
    let sound = Array2::from_shape_vec((2, 1000), [waveform(1), waveform(3)].concat()).unwrap();
    file.new_dataset_builder().with_data(&sound).create("sound").unwrap();
    file.close().unwrap();
    let (_, recording) = imported(
        &place,
        &format!("--spike-times data.trial.times --waveforms sound --rate-hz 2000 {SLOW}"),
    );
    assert_eq!(bins(&recording, 0, 0, 0), Some(vec![2, 40]));
    assert_eq!(bins(&recording, 0, 0, 1), Some(vec![20]));
    assert_eq!(bins(&recording, 1, 0, 0), Some(vec![2]));
    assert_eq!(recording.clips[1].responses.dim(), (1, 1, 100));
}

#[test]
fn sounds_of_a_folder_go_by_the_ids_and_cochleagrams_by_their_bins() {
    let place = Workplace::empty();
    let [a, b, c, d] = repeats();
    let names = ["song2.wav", "gone"].map(|name| MAT.text("", 4, name));
    let spec = [100, 100].map(|bins| MAT.doubles("", &[5, bins], &vec![0.5; 5 * bins]));
    write(
        &place,
        vec![
            MAT.cells("spikes", &[2, 2], &[a, c, b, d]),
            MAT.cells("list", &[2, 1], &names),
            MAT.cells("spec", &[2, 1], &spec),
        ],
    );
    std::fs::create_dir(place.path("sounds")).unwrap();
    write_sound(&place.path("sounds/song2.wav"), 500, 3);
    let words = "--spike-times spikes --stimulus-ids list --sounds sounds";
    let (said, recording) = imported(&place, &format!("{words} {SLOW}"));
    assert_eq!(recording.clips.len(), 1);
    assert_eq!(recording.clips[0].stimulus.id, "song2");
    assert_eq!(bins(&recording, 0, 0, 0), Some(vec![2, 40]));
    assert!(said.contains("dropped: 1 stimulus without a sound in --sounds: gone\n"), "{said}");

    let (_, recording) =
        imported(&place, "--spike-times spikes --cochleagrams spec --dt-ms 5 --unit s");
    assert_right(&recording);
    assert_eq!(recording.clips[0].cochleagram.dim(), (5, 100));
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        "--spike-times spikes --cochleagrams spec --dt-ms 5 --frontend mel",
        "found options of the front end and no sound, expected --waveforms or --sounds beside them, \
         with --spike-times",
    );
    refused(
        &place,
        "--spike-times spikes --sounds sounds",
        "cells.mat: 1 problem\n  --sounds: found no sound of s1 and s2, expected sound files called as \
         the stimuli (give the list of their names with --stimulus-ids, or --sounds-in-order where names of files \
         sort as the stimuli do)",
    );
}

#[test]
fn spike_times_without_sounds_and_cells_that_may_be_spike_times_are_told() {
    let place = Workplace::empty();
    let cells = [[0.01, 0.2, 0.25, 0.4], [0.03, 0.04, 0.3, 0.35]].map(|list| times(&list));
    let arrays = [
        MAT.cells("list", &[1, 2], &["a", "b"].map(|name| MAT.text("", 4, name))),
        MAT.cells("unit", &[2, 1], &cells),
    ];
    std::fs::write(place.path("cells.mat"), MAT.file(&arrays)).unwrap();
    refused(
        &place,
        "--spike-times unit",
        "cells.mat: found spike times in unit and no sounds, expected those of the stimuli; give \
         --sounds FOLDER (with --stimulus-ids NAME or --sounds-in-order), --waveforms NAME (with \
         --rate-hz) or --cochleagrams NAME (with --dt-ms)",
    );
    let holds = "the file holds list: cells (1, 2), unit: cells (2, 1)";
    refused(
        &place,
        "",
        &format!(
            "cells.mat: 3 problems\n  cochleagrams: found no array of a usual name, expected an array \
             that holds them (give --cochleagrams NAME; {holds}; if unit holds spike times: \
             --spike-times unit --sounds FOLDER)\n  responses: found no array of a usual name, expected \
             an array that holds them (give --responses NAME; {holds})\n  dt_ms: found nothing, \
             expected the width of a bin (give --dt-ms MS)"
        ),
    );
    // Texts under a name that is usual for cochleagrams.
    let text = MAT.text("stim", 4, "songs");
    std::fs::write(place.path("cells.mat"), MAT.file(&[text, arrays[1].clone()])).unwrap();
    let ran = run(&place, "--spike-times unit");
    assert!(ran.stderr.contains("found spike times in unit and no sounds"), "{}", ran.stderr);
}

#[test]
fn a_list_that_may_name_neurons_and_a_sound_that_may_be_meant_are_told() {
    let place = Workplace::empty();
    let [a, b, c, d] = repeats();
    let texts = |name: &str, texts: [&str; 2]| {
        MAT.cells(name, &[1, 2], &texts.map(|text| MAT.text("", 4, text)))
    };
    write(
        &place,
        vec![
            MAT.cells("spikes", &[2, 2], &[a, c, b, d]),
            texts("area", ["A1", "A1"]),
            texts("list", ["Song1", "song2"]),
            texts("unit_names", ["u7", "u9"]),
        ],
    );
    std::fs::create_dir(place.path("sounds")).unwrap();
    write_sound(&place.path("sounds/song1.wav"), 500, 3);
    write_sound(&place.path("sounds/song2.wav"), 500, 5);
    let words = "--spike-times spikes --axes neuron,stimulus --stimulus-ids list --sounds sounds";
    let (said, recording) = imported(&place, &format!("{words} {SLOW}"));
    for line in [
        "inferred: neurons are named n1 to n2; unit_names has 2 texts: --neuron-ids unit_names\n",
        "dropped: 1 stimulus without a sound in --sounds: Song1; sounds/song1.wav differs from Song1 \
         in small and capital letters\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(recording.neuron_ids(), ["n1", "n2"]);
    let (said, recording) = imported(&place, &format!("{words} {SLOW} --neuron-ids unit_names"));
    assert_eq!(recording.neuron_ids(), ["u7", "u9"]);
    assert!(!said.contains("neurons are named"), "{said}");
}

#[test]
fn times_in_another_unit_are_refused_without_a_hint_that_misleads() {
    let place = Workplace::empty();
    let cells: Vec<Vec<u8>> = [[12.5, 202.5], [30.0, 300.0]].iter().map(|t| times(t)).collect();
    write(&place, vec![MAT.cells("spikes", &[2, 1], &cells)]);
    let words = format!("{SOUND} {SLOW} --axes stimulus");
    refused(
        &place,
        &words,
        "cells.mat: read as seconds, all 4 spikes lie outside of the clips, expected them inside; \
         read as milliseconds, 100 % lie inside (--unit ms); give the option of the right unit",
    );
    let (_, recording) = imported(&place, &format!("{words} --unit ms"));
    assert_eq!(bins(&recording, 0, 0, 0), Some(vec![2, 40]));
}

#[test]
fn cells_that_do_not_fit_are_refused() {
    let place = Workplace::empty();
    let [a, b, c, d] = repeats();
    write(&place, vec![MAT.cells("spikes", &[2, 2], &[a.clone(), c, b, d])]);
    refused(
        &place,
        &format!("{SOUND} {SLOW} --axes stimulus"),
        "cells.mat: 1 problem\n  spikes: found cells of (2, 2), for the axes stimulus, expected lists of \
         times in cells or structs along the axes of --axes (give for instance --axes stimulus,repeat \
         or neuron,stimulus,repeat)",
    );
    refused(
        &place,
        &format!("{SOUND} {SLOW} --axes frequency,repeat"),
        "--axes: found frequency, expected stimulus, neuron and repeat, as of spike times",
    );
    refused(
        &place,
        &format!("{} {SLOW}", SOUND.replace("fs", "rate")),
        "cells.mat: 1 problem\n  --rate-hz rate: found 0 numbers, expected samples a second, above 0 \
         (give a number, or the name of one in the file)",
    );
    refused(
        &place,
        &format!("{} {SLOW}", SOUND.replace("spikes", "spike")),
        "cells.mat: 1 problem\n  spike: found nothing, expected numbers, or cells of numbers",
    );
    // A row of two cells, and two sounds: two repeats of one stimulus, or one of each?
    write(&place, vec![MAT.cells("spikes", &[1, 2], &[a.clone(), a.clone()])]);
    refused(
        &place,
        &format!("{SOUND} {SLOW}"),
        "cells.mat: 1 problem\n  spikes: found 1 stimulus, expected 2, as there are sounds (give --axes, \
         as in --axes stimulus where each cell is a stimulus)",
    );
    let (said, recording) = imported(&place, &format!("{SOUND} {SLOW} --axes repeat"));
    assert_eq!(recording.clips[0].responses.dim().1, 2);
    let line = "inferred: 1 stimulus of spikes, and 2 sounds: the last 1 not recorded\n";
    assert!(said.contains(line), "{said}");
    std::fs::remove_file(place.path("out.h5")).unwrap();
    let three = [a.clone(), a.clone(), a];
    write(&place, vec![MAT.cells("spikes", &[3, 1], &three)]);
    refused(
        &place,
        &format!("{SOUND} {SLOW} --axes stimulus"),
        "cells.mat: 1 problem\n  sound: found 2 stimuli, expected 3, as there are of spike times",
    );
    let bad = [MAT.doubles("", &[2, 2], &[0.1, 0.2, 0.3, 0.4]), times(&[0.1, f64::NAN, 0.2])];
    for (array, found) in bad.into_iter().zip(["an array of shape (2, 2)", "the time NaN"]) {
        write(&place, vec![MAT.cells("spikes", &[2, 1], &[array, times(&[0.1])])]);
        let ran = run(&place, &format!("{SOUND} {SLOW} --axes stimulus"));
        assert_eq!(ran.status, Some(2));
        assert!(ran.stderr.contains(&format!("spikes: found {found}")), "{}", ran.stderr);
    }
    let ran = run(&place, "--axes neuron,repeat --responses spikes --cochleagrams sound");
    let want = "strf: --axes: found neuron,repeat, expected time among the axes\n";
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(2), want));
    for options in ["--unit s", "--waveforms sound", "--sounds x"] {
        assert_eq!(run(&place, options).status, Some(2), "{options}");
    }
}

#[test]
fn names_are_looked_for_in_several_files_and_places_in_cells_count_from_0() {
    let place = Workplace::empty();
    // Features by trials, the features of a trial beside each other in the file.
    let matrix = |bands: usize, value: f64| {
        let numbers: Vec<f64> = (0..9 * bands).map(|n| value + n as f64).collect();
        MAT.doubles("", &[9, bands], &numbers)
    };
    let features = [matrix(2, 1.0), matrix(1, 90.0), matrix(2, 3.0), matrix(1, 90.0)];
    let data = MAT.cells("", &[2, 2], &features);
    let stim = MAT.structs("stim", &[1, 1], &["data"], &[data]);
    std::fs::write(place.path("stim.mat"), MAT.file(&[stim])).unwrap();
    let eeg = MAT.cells("", &[1, 2], &[matrix(3, 5.0), matrix(3, 7.0)]);
    let eeg = MAT.structs("eeg", &[1, 1], &["data"], &[eeg]);
    std::fs::write(place.path("eeg.mat"), MAT.file(&[eeg])).unwrap();
    let words = "import mat stim.mat eeg.mat --responses eeg.data --axes stimulus,time,neuron \
                 --sound-axes stimulus,time,frequency --dt-ms 10 --out out.h5 --force --cochleagrams";
    let ran = place.strf(&format!("{words} stim.data[0]")).done();
    let line = "inferred: stim.data[0] is a place, counted from 0, of stim.data: cells (2, 2)\n";
    assert!(ran.stdout.contains(line), "{}", ran.stdout);
    let recording = read(&place.path("out.h5")).unwrap().recording;
    let clip = &recording.clips[1];
    assert_eq!((clip.cochleagram.dim(), clip.responses.dim()), ((2, 9), (3, 1, 9)));
    assert_eq!(clip.cochleagram.row(0), Array1::from_iter((0u8..9).map(|n| 3.0 + f32::from(n))));
    assert_eq!(clip.responses[(2, 0, 8)].to_string(), "33");
    std::fs::remove_file(place.path("out.h5")).unwrap();
    place.strf(&format!("{words} stim.data[2]")).refused(
        "stim.mat: 1 problem\n  stim.data[2]: found cells (2, 2), expected cells with that place, \
         counted from 0",
    );
    let ran = place.strf(&format!("{words} stim.dat[0]"));
    assert!(ran.stderr.contains("--cochleagrams: found \"stim.dat[0]\""), "{}", ran.stderr);
    assert!(!place.path("out.h5").exists());
}
