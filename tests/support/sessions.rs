//! Recordings on the clock of a session, written by tests: sounds, events, spikes.
#![expect(clippy::unwrap_used, reason = "test support")]
use std::path::Path;

use ndarray::s;
use npyz::{AutoSerialize, WriteOptions, WriterBuilder};
use strf::dataset::hdf5_io::{write_array, write_number, write_text};
use strf::dataset::{Recording, read};

use super::runs::{Workplace, unlocked};
use super::sounds::write_mono;

/// Keys of a front end for slow sounds.
pub const SLOW: &str = "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
                        --set frontend.bands=5";

/// What an import into `out.h5` says, and the recording.
pub fn imported(place: &Workplace, words: &str) -> (String, Recording) {
    let ran = place.strf(&format!("{words} {SLOW}")).done();
    (ran.stdout + &ran.stderr, read(&place.path("out.h5")).unwrap().recording)
}

/// Fails unless an import into `out.h5` is refused with a message, and no file is left.
#[track_caller]
pub fn refused(place: &Workplace, words: &str, message: &str) {
    place.strf(&format!("{words} {SLOW}")).refused(message);
    assert!(!place.path("out.h5").exists(), "an output file is left behind");
}

/// The bins with spikes of a repeat.
pub fn bins(recording: &Recording, clip: usize, neuron: usize, repeat: usize) -> Vec<usize> {
    let row = recording.clips[clip].responses.slice(s![neuron, repeat, ..]).to_owned();
    row.iter().enumerate().filter(|(_, count)| **count > 0.0).map(|(bin, _)| bin).collect()
}

/// Writes an array of NumPy.
pub fn write_npy<T: AutoSerialize>(path: &Path, shape: &[u64], values: &[T]) {
    let file = std::fs::File::create(path).unwrap();
    let options = WriteOptions::<T>::new().default_dtype().shape(shape);
    let mut npy = options.writer(file).begin_nd().unwrap();
    for value in values {
        npy.push(value).unwrap();
    }
    npy.finish().unwrap();
}

/// Writes a list of NumPy.
pub fn write_list<T: AutoSerialize>(path: &Path, values: &[T]) {
    write_npy(path, &[u64::try_from(values.len()).unwrap()], values);
}

/// Writes a sound of so many milliseconds at 2 kHz.
pub fn write_sound(path: &Path, ms: i32, seed: i32) {
    let samples: Vec<i32> = (0..2 * ms).map(|n| (n * n * seed) % 977 - 488).collect();
    write_mono(path, 2000, &samples);
}

/// `sounds/noise_a.wav` and `sounds/noise_b.wav`, half a second each.
pub fn two_sounds(place: &Workplace) {
    std::fs::create_dir_all(place.path("sounds")).unwrap();
    write_sound(&place.path("sounds/noise_a.wav"), 500, 1);
    write_sound(&place.path("sounds/noise_b.wav"), 500, 3);
}

/// Onsets in seconds of the six presentations of [`events`].
pub const ONSETS_S: [f64; 6] = [1.0, 2.5, 4.0, 5.5, 7.0, 8.5];

/// `events.csv` with both sounds in turn.
pub fn events(place: &Workplace) {
    let row = |(k, onset): (usize, &f64)| format!("{onset},noise_{}.wav\n", ["a", "b"][k % 2]);
    let rows: String = ONSETS_S.iter().enumerate().map(row).collect();
    place.write("events.csv", &format!("onset,stimulus\n{rows}"));
}

/// Sounds, events and a folder `phy` at 1 kHz: cluster 3 (good) fires 12 and 203 ms after each onset,
/// cluster 10 (mua) 400 ms after those of `noise_b`, cluster 5 (noise) 100 ms before each.
pub fn phy(place: &Workplace) {
    two_sounds(place);
    events(place);
    std::fs::create_dir_all(place.path("phy")).unwrap();
    let mut spikes: Vec<(i64, i32)> = Vec::new();
    for (k, onset) in [1000, 2500, 4000, 5500, 7000, 8500].into_iter().enumerate() {
        spikes.extend([(onset - 100, 5), (onset + 12, 3), (onset + 203, 3)]);
        spikes.extend((k % 2 == 1).then_some((onset + 400, 10)));
    }
    spikes.sort_unstable();
    let (times, clusters): (Vec<i64>, Vec<i32>) = spikes.into_iter().unzip();
    write_list(&place.path("phy/spike_times.npy"), &times);
    write_list(&place.path("phy/spike_clusters.npy"), &clusters);
    place.write("phy/params.py", "dat_path = 'raw.bin'\ndtype = 'int16'\nsample_rate = 1000.\n");
    place.write("phy/cluster_group.tsv", "cluster_id\tgroup\n3\tgood\n5\tnoise\n10\tmua\n");
}

/// A folder `bird` with the unit `Site2_e23_s0`, which heard the sounds 1 (a call) and 2 (a song) ten
/// times each: 12 ms after the onset, and 10 ms more in every next repeat; the third has no spikes.
pub fn units(place: &Workplace) {
    std::fs::create_dir_all(place.path("bird/wavfiles")).unwrap();
    for (stimulus, class) in [("1", "Call"), ("2", "Song")] {
        let seed = i32::from(stimulus == "2") + 1;
        write_sound(&place.path(&format!("bird/wavfiles/stim{stimulus}.wav")), 500, seed);
        unit(&place.path("bird/Site2_e23_s0.h5"), &format!("{class}/{stimulus}"), 10);
    }
    let file = unlocked().append(place.path("bird/Site2_e23_s0.h5")).unwrap();
    write_text(&file, "site", "Site2").unwrap();
    write_text(&file, "sortType", "singl").unwrap();
    write_number(&file, "ldepth", 1500.0).unwrap();
    file.create_group("class_info/9/1").unwrap();
    write_text(&file.group("Song/2").unwrap(), "stim_type", "song").unwrap();
}

/// Adds repeats below a group of a file, with the spikes that [`units`] tells of.
pub fn unit(path: &Path, group: &str, repeats: i32) {
    let file = unlocked().append(path).unwrap();
    for repeat in 1..=repeats {
        let time = f64::from(2 + 10 * repeat) / 1000.0;
        let times = if repeat == 3 { vec![] } else { vec![-0.1, time] };
        let group = file.create_group(&format!("{group}/{repeat}")).unwrap();
        write_array(&group, "spike_times", ndarray::Array1::from(times).view()).unwrap();
    }
}

/// Folders `responses` and `stimuli` of one unit that heard `motif1` and `motif2` twice each, in turn:
/// spikes 300 ms before, 12.5 and 202.5 ms after the onset.
pub fn pprox(place: &Workplace) {
    for folder in ["responses", "stimuli"] {
        std::fs::create_dir_all(place.path(folder)).unwrap();
    }
    write_sound(&place.path("stimuli/motif1.wav"), 500, 1);
    write_sound(&place.path("stimuli/motif2.wav"), 500, 3);
    let trial = |k: i32| {
        format!(
            r#"{{"stimulus": {{"name": "motif{}", "tags": [1]}}, "events": [-0.3, 0.0125, 0.2025],
            "interval": [-1.0, 2.0]}}"#,
            1 + k % 2
        )
    };
    let trials: Vec<String> = (0..4).map(trial).collect();
    let head = r#""$schema": "x", "protocol": "songs", "depth": 2, "list": [{"a": 1}]"#;
    let text = format!("{{{head}, \"pprox\": [{}]}}", trials.join(","));
    place.write("responses/B12_1_3_c14.pprox", &text);
}
