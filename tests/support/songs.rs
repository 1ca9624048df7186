//! Songs of a made neuron, as files: sounds and spike times.
use std::f64::consts::PI;
use std::path::Path;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use strf::base::rng;

use super::sounds::write_mono;

const RATE_HZ: u32 = 16_000;
/// What syllables are sung at; the neuron answers to the third.
const PITCHES_HZ: [f64; 4] = [700.0, 1500.0, 3000.0, 5000.0];
const PREFERRED: usize = 2;

/// A tone that swells and fades.
struct Syllable {
    pitch: usize,
    begin_s: f64,
    length_s: f64,
    amplitude: f64,
}

/// Writes `stim1.wav` and `spike1`, one line a repeat in milliseconds, and so on.
pub fn write_songs(folder: &Path, songs: usize, repeats: usize) {
    std::fs::create_dir_all(folder).unwrap();
    for song in 1..=songs {
        let mut rng = rng::generator(3, &format!("song {song}"));
        let length_s = rng.random_range(0.4..0.6);
        let syllables = sing(&mut rng, length_s);
        write_mono(&folder.join(format!("stim{song}.wav")), RATE_HZ, &sound(&syllables, length_s));
        let answers =
            (0..repeats).map(|repeat| answer(&mut rng, &syllables, length_s, repeat == 0));
        std::fs::write(folder.join(format!("spike{song}")), answers.collect::<String>()).unwrap();
    }
}

fn sing(rng: &mut ChaCha8Rng, length_s: f64) -> Vec<Syllable> {
    let (mut syllables, mut begin_s) = (Vec::new(), 0.03);
    while begin_s < length_s - 0.1 {
        let syllable = Syllable {
            pitch: rng.random_range(0..PITCHES_HZ.len()),
            begin_s,
            length_s: rng.random_range(0.03..0.09),
            amplitude: rng.random_range(0.05..0.5),
        };
        begin_s += syllable.length_s + rng.random_range(0.0..0.05);
        syllables.push(syllable);
    }
    syllables
}

fn sound(syllables: &[Syllable], length_s: f64) -> Vec<i32> {
    let at = |time_s: f64| {
        let tone = |syllable: &Syllable| {
            let within = (time_s - syllable.begin_s) / syllable.length_s;
            let turns = PITCHES_HZ[syllable.pitch] * time_s;
            let swell = if (0.0..1.0).contains(&within) { (within * PI).sin() } else { 0.0 };
            syllable.amplitude * swell * (turns * 2.0 * PI).sin()
        };
        let level = syllables.iter().map(tone).sum::<f64>();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a sum of at most 1 in steps of 16 bits"
        )]
        let sample = (level * f64::from(i16::MAX)) as i32;
        sample
    };
    let times_s = (0u32..).map(|sample| f64::from(sample) / f64::from(RATE_HZ));
    times_s.take_while(|time_s| *time_s < length_s).map(at).collect()
}

/// One or two spikes some 15 ms into what the neuron prefers, and now and then one of its own; one behind
/// the sound where it goes on.
fn answer(rng: &mut ChaCha8Rng, syllables: &[Syllable], length_s: f64, goes_on: bool) -> String {
    let mut times_ms = vec![rng.random_range(0.0..length_s * 1e3)];
    for syllable in syllables.iter().filter(|syllable| syllable.pitch == PREFERRED) {
        for _ in 0..2 {
            let spikes = rng.random_bool((0.4 + syllable.amplitude).min(1.0));
            let time_ms = syllable.begin_s * 1e3 + rng.random_range(12.0..24.0);
            times_ms.extend(spikes.then_some(time_ms));
        }
    }
    times_ms.extend(goes_on.then_some(length_s * 1e3 + 30.0));
    times_ms.sort_by(f64::total_cmp);
    let times: Vec<String> = times_ms.iter().map(|time_ms| format!("{time_ms:.2}")).collect();
    times.join(" ") + "\n"
}
