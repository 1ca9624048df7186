//! Recordings on the clock of a session, written by tests: sounds, events, spikes.
#![expect(clippy::unwrap_used, reason = "test support")]
use std::path::Path;

use npyz::{AutoSerialize, WriteOptions, WriterBuilder};

use super::runs::Workplace;
use super::sounds::write_mono;

/// Keys of a front end for slow sounds.
pub const SLOW: &str = "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
                        --set frontend.bands=5";

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
