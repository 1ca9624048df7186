//! Sound files: every format, at every depth, and what does not fit.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "samples are written and read as they are"
)]
use std::path::{Path, PathBuf};

use strf::sound::{self, AudioFile, Delay, Sound, resampled};

use crate::support::sounds::{FLOAT, PCM, wav, wav16};

/// Files in a folder of their own.
pub struct Sounds(tempfile::TempDir);

impl Sounds {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A file that `tests/fixtures/make_sounds.py` wrote.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// All samples of a sound.
fn all(sound: Sound) -> Vec<f32> {
    sound.pieces.flat_map(|piece| piece.unwrap()).collect()
}

/// All samples of a file, and what is known of it.
pub fn read(path: &Path) -> (Vec<f32>, AudioFile) {
    let file = sound::open(path).unwrap();
    (all(file.sound), sound::open(path).unwrap())
}

/// Why a file cannot be read to its end, all of it.
pub fn refused(path: &Path) -> String {
    let error = match sound::open(path) {
        Err(error) => error,
        Ok(mut file) => file.sound.pieces.find_map(Result::err).expect("it is refused"),
    };
    assert_eq!(error.exit_status(), 2, "{error}");
    error.to_string()
}

/// Least and largest value, zero, and halves of full scale.
const EXAMPLES: [f64; 5] = [-1.0, -0.5, 0.0, 0.25, 0.5];

/// The bytes of [`EXAMPLES`] at a depth.
fn bytes(kind: u16, bits: u16) -> Vec<u8> {
    let full = 2f64.powi(i32::from(bits) - 1);
    let one = |value: &f64| match (kind, bits) {
        (FLOAT, 32) => (*value as f32).to_le_bytes().to_vec(),
        (FLOAT, _) => value.to_le_bytes().to_vec(),
        (_, 8) => vec![(value * full + full) as u8],
        (_, bits) => ((value * full) as i32).to_le_bytes()[..usize::from(bits / 8)].to_vec(),
    };
    EXAMPLES.iter().flat_map(one).collect()
}

#[test]
fn samples_of_every_depth_have_the_same_full_scale() {
    let sounds = Sounds::new();
    let depths = [(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)];
    for (kind, bits) in depths {
        for wrapped in [false, true] {
            let file = wav((kind, wrapped), 48_828, (1, bits), &bytes(kind, bits));
            let (samples, file) = read(&sounds.write("depth.wav", &file));
            let name = format!("{kind} {bits} {wrapped}");
            assert_eq!(samples, EXAMPLES.map(|value| value as f32), "{name}");
            assert_eq!(file.sound.rate_hz, 48_828.0, "{name}");
            let (channels, format, promised) = (file.channels, file.format, file.promised);
            assert_eq!((channels, format, promised), (1, "WAV", Some(5)), "{name}");
            assert_eq!((file.bits, file.notes), (Some(bits.into()), vec![]), "{name}");
        }
    }
}

#[test]
fn channels_are_averaged_and_a_note_says_so() {
    let sounds = Sounds::new();
    let samples = [16384, 0, -16384, -8192, 6, 3, 0, 32767, -32768];
    let path = sounds.write("three.wav", &wav16(44_100, 3, &samples));
    let (got, file) = read(&path);
    assert_eq!(got, [0.0, (-8183.0 / 3.0 / 32768.0) as f32, (-1.0 / 3.0 / 32768.0) as f32]);
    assert_eq!(file.channels, 3);
    assert_eq!(file.notes, [format!("{}: the mean of 3 channels is taken", path.display())]);
}

/// The sine of the compressed files.
fn tone() -> Vec<f32> {
    let value = |n: i32| 0.5 * (std::f64::consts::TAU * f64::from(n - 3000) / 32.0).sin();
    (0..11_111).map(|n| if n < 3000 { 0.0 } else { value(n) as f32 }).collect()
}

/// The largest difference of two sounds.
fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn flac_is_read_without_loss_and_mixed_down() {
    let (samples, file) = read(&fixture("tone.flac"));
    assert!(apart(&samples, &tone()) <= 2f32.powi(-24), "{}", apart(&samples, &tone()));
    assert_eq!((file.sound.rate_hz, file.format, file.bits), (32_000.0, "FLAC", Some(24)));
    assert_eq!((file.promised, file.notes), (Some(11_111), vec![]));
    let (samples, file) = read(&fixture("stereo.flac"));
    let half: Vec<f32> = tone().iter().map(|sample| sample / 2.0).collect();
    assert!(apart(&samples, &half) <= 2f32.powi(-17), "{}", apart(&samples, &half));
    assert_eq!((file.channels, file.bits), (2, Some(16)));
}

#[test]
fn mp3_has_the_length_of_its_original_and_starts_where_it_did() {
    let (samples, file) = read(&fixture("tone.mp3"));
    assert_eq!((file.sound.rate_hz, file.format, file.bits), (32_000.0, "MP3", None));
    assert_eq!((file.promised, file.notes.len()), (Some(11_111), 0));
    let all = apart(&samples, &tone());
    let within = apart(&samples[4000..10_000], &tone()[4000..10_000]);
    assert!(within < 0.03 && all < 0.3, "{within} {all}");
}

#[test]
fn mp3_that_does_not_tell_its_delay_is_read_whole_with_a_note() {
    let path = fixture("untold.mp3");
    let (samples, file) = read(&path);
    assert!(samples.len() > 11_111 && samples.len() % 1152 == 0, "{}", samples.len());
    assert_eq!(file.promised, None);
    let want = format!(
        "{}: this MP3 file does not state its encoder's delay, so the silence that the encoder put \
         in front is part of the sound (tens of milliseconds); take WAV or FLAC where time matters",
        path.display()
    );
    assert_eq!(file.notes, [want]);
}

#[test]
fn a_file_is_recognised_by_its_content_and_a_wrong_name_is_noted() {
    let sounds = Sounds::new();
    let path = sounds.write("tone.wav", &std::fs::read(fixture("tone.mp3")).unwrap());
    let (samples, file) = read(&path);
    assert_eq!((samples.len(), file.format), (11_111, "MP3"));
    let want = format!("{}: by its content this is MP3; it is read as such", path.display());
    assert_eq!(file.notes, [want]);
}

#[test]
fn files_that_hold_no_sound_are_told_apart() {
    let sounds = Sounds::new();
    let folder = sounds.0.path().to_owned();
    let missing = folder.join("stim.wav");
    let want = format!("{}: there is no such file; check the path", missing.display());
    assert_eq!(refused(&missing), want);
    let want = format!("{}: this is a folder; give the sound file inside it", folder.display());
    assert_eq!(refused(&folder), want);
    let path = sounds.write("empty.wav", b"");
    let want = "the file is empty; whatever wrote it did not finish, so write it again";
    assert_eq!(refused(&path), format!("{}: {want}", path.display()));
    let other = "this is not a sound file that can be read, which are WAV, RF64, W64, AIFF, AU, FLAC and MP3; convert \
                 it to WAV";
    let dataset = std::fs::read(fixture("dense.h5")).unwrap();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let text = b"time,level\n0,1\n".repeat(1000);
    for content in [b"a text", text.as_slice(), &dataset, png, &[0; 5000]] {
        let path = sounds.write("stim.wav", content);
        assert_eq!(refused(&path), format!("{}: {other}", path.display()));
    }
}

#[test]
fn files_that_end_early_are_refused_with_both_counts() {
    let sounds = Sounds::new();
    let whole = wav16(32_000, 1, &vec![7; 40_000]);
    for (left, heard) in [(0, 0), (1, 0), (20_000, 10_000), (79_998, 39_999), (79_999, 39_999)] {
        let path = sounds.write("cut.wav", &whole[..44 + left]);
        let want = format!(
            "{}: the file ends early: found {heard} samples a channel, expected the 40000 that its \
             header promises; copy or write it again",
            path.display()
        );
        assert_eq!(refused(&path), want, "{left}");
    }
    let whole = std::fs::read(fixture("tone.flac")).unwrap();
    let path = sounds.write("cut.flac", &whole[..whole.len() - 3000]);
    let said = refused(&path);
    let want = format!("{}: the file ends early: found 8192 samples a channel", path.display());
    assert!(said.starts_with(&want), "{said}");
}

#[test]
fn damaged_files_are_refused() {
    let sounds = Sounds::new();
    let mut damaged = std::fs::read(fixture("tone.flac")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    let path = sounds.write("damaged.flac", &damaged);
    let said = refused(&path);
    assert!(said.starts_with(&format!("{}: the file ", path.display())), "{said}");
    let header = sounds.write("header.wav", &wav16(32_000, 1, &[7; 100])[..30]);
    let said = refused(&header);
    let want = "this is not a sound file that can be read, which are WAV, RF64, W64, AIFF, AU, FLAC and MP3; convert \
                it to WAV";
    assert_eq!(said, format!("{}: {want}", header.display()));
}

#[test]
fn sounds_without_samples_and_samples_that_are_no_numbers_are_refused() {
    let sounds = Sounds::new();
    let path = sounds.write("none.wav", &wav16(32_000, 1, &[]));
    let want = format!(
        "{}: found a sound of 0 samples, expected at least one bin of sound; check that whatever \
         wrote it finished",
        path.display()
    );
    assert_eq!(refused(&path), want);
    let mut samples = vec![0.5f32; 60_000];
    samples[50_001] = f32::NAN;
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let path = sounds.write("nan.wav", &wav((FLOAT, false), 32_000, (2, 32), &bytes));
    let want = format!(
        "{}: found NaN at sample 25000 (counted from 0), expected finite samples; write the file \
         again",
        path.display()
    );
    assert_eq!(refused(&path), want);
}

#[test]
fn encodings_that_are_not_decoded_are_refused() {
    let sounds = Sounds::new();
    let path = sounds.write("adpcm.wav", &wav((2, false), 32_000, (1, 4), &[0; 64]));
    let said = refused(&path);
    assert!(said.starts_with(&format!("{}: ", path.display())), "{said}");
    let path = sounds.write("silent.wav", &wav16(0, 1, &[1, 2]));
    let said = refused(&path);
    assert!(said.starts_with(&format!("{}: ", path.display())), "{said}");
}

/// A sine of amplitude 0.5.
fn sine(hz: f64, rate_hz: f64, samples: u32) -> Vec<f32> {
    late_sine(hz, rate_hz, samples, 0.0)
}

/// A sine of amplitude 0.5 that is late.
fn late_sine(hz: f64, rate_hz: f64, samples: u32, late_ms: f64) -> Vec<f32> {
    let seconds = |n: u32| f64::from(n) / rate_hz - late_ms / 1000.0;
    let value = |n: u32| 0.5 * (std::f64::consts::TAU * hz * seconds(n)).sin();
    (0..samples).map(|n| value(n) as f32).collect()
}

#[test]
fn resampling_keeps_duration_and_amplitude_of_a_sine() {
    for (from_hz, to_hz) in [(48_000.0, 32_000.0), (44_100.0, 48_828.0), (8000.0, 48_000.0)] {
        let samples = sine(1000.0, from_hz, 20_001);
        let (sound, late_ms) =
            resampled(Sound::of(&samples, from_hz), to_hz, Delay::CutOff).unwrap();
        assert_eq!(sound.rate_hz, to_hz);
        assert!(late_ms.abs() * from_hz / 1000.0 < 1.001 / 256.0, "{late_ms}");
        let got = all(sound);
        assert_eq!(got.len() as f64, (20_001.0 * to_hz / from_hz).round());
        let want = late_sine(1000.0, to_hz, u32::try_from(got.len()).unwrap(), late_ms);
        // The ends are half a filter long, where the sine is cut off.
        let inner = 1000..got.len() - 1000;
        let apart = apart(&got[inner.clone()], &want[inner]);
        assert!(apart < 1e-5, "{from_hz} to {to_hz}: {apart:e}");
    }
}

#[test]
fn resampling_takes_away_what_the_lower_rate_cannot_hold() {
    let samples = sine(15_000.0, 48_000.0, 30_000);
    let (sound, _) = resampled(Sound::of(&samples, 48_000.0), 16_000.0, Delay::CutOff).unwrap();
    let got = all(sound);
    let inner = &got[500..got.len() - 500];
    let loudest = inner.iter().fold(0.0, |a: f32, b| a.max(b.abs()));
    assert!(loudest < 1e-5, "{loudest:e}");
}

/// The time of the largest sample in milliseconds.
fn peak_ms(sound: Sound) -> f64 {
    let rate_hz = sound.rate_hz;
    let samples = all(sound);
    let peak = (0..samples.len()).max_by(|a, b| samples[*a].total_cmp(&samples[*b])).unwrap();
    peak as f64 * 1000.0 / rate_hz
}

#[test]
fn an_impulse_is_late_by_the_delay_that_is_told_or_not_at_all() {
    for (from_hz, to_hz) in [(48_000.0, 32_000.0), (32_000.0, 48_000.0), (48_828.0, 32_000.0)] {
        let mut samples = vec![0.0; 40_000];
        samples[24_000] = 1.0;
        let at_ms = 24_000.0 * 1000.0 / from_hz;
        for delay in [Delay::Kept, Delay::CutOff] {
            let sound = Sound::of(&samples, from_hz);
            let (sound, late_ms) = resampled(sound, to_hz, delay).unwrap();
            let apart = peak_ms(sound) - at_ms - late_ms;
            assert!(
                apart.abs() <= 0.51 * 1000.0 / to_hz,
                "{from_hz} to {to_hz}, {delay:?}: {apart} ms"
            );
            let want_ms = 64.0 * 1000.0 / f64::min(from_hz, to_hz);
            let told = if delay == Delay::Kept { want_ms } else { 0.0 };
            assert!((late_ms - told).abs() < 0.1, "{late_ms} {told}");
        }
    }
}

#[test]
fn resampling_does_not_depend_on_how_the_sound_comes_and_looks_at_nothing_later() {
    let samples = sine(777.0, 48_000.0, 70_000);
    let run = |samples: &[f32], piece: usize| {
        let pieces = samples.chunks(piece).map(|piece| Ok(piece.to_vec()));
        let sound = Sound { rate_hz: 48_000.0, pieces: Box::new(pieces) };
        all(resampled(sound, 32_000.0, Delay::Kept).unwrap().0)
    };
    let whole = run(&samples, samples.len());
    for piece in [1, 1000, 16_384, 16_385] {
        assert!(run(&samples, piece) == whole, "pieces of {piece}");
    }
    // Sample m lasts until (m + 1) · 1.5 at the old rate.
    for (from, same) in [(30_000, 20_000), (30_001, 20_000), (30_002, 20_001), (16_384, 10_922)] {
        let mut changed = samples.clone();
        changed[from..].iter_mut().for_each(|sample| *sample = 1.0 - *sample);
        let later = run(&changed, changed.len());
        assert!(later[..same] == whole[..same], "{from}");
        assert!(later[same..same + 200] != whole[same..same + 200], "{from}");
    }
}

#[test]
fn one_channel_is_taken_where_it_is_asked_for_and_channels_that_differ_are_seen() {
    let sounds = Sounds::new();
    let [left, right] = [[0.5f32, -0.5, 0.25, 0.0], [0.0, 0.0, 0.0, 0.75]];
    let taken = |x: f32| (x * 32768.0) as i16;
    let both: Vec<i16> =
        left.iter().zip(&right).flat_map(|(a, b)| [taken(*a), taken(*b)]).collect();
    let path = sounds.write("both.wav", &wav16(8000, 2, &both));
    for (channel, want) in [(1, left), (2, right)] {
        let file = sound::open_channel(&path, Some(channel)).unwrap();
        assert!(file.notes.is_empty(), "{:?}", file.notes);
        assert_eq!(all(file.sound), want);
    }
    let file = sound::open_channel(&path, None).unwrap();
    assert_eq!(all(file.sound), [0.25, -0.25, 0.125, 0.375]);
    let difference = file.mixer.difference().unwrap();
    assert!(
        difference.contains("the 2 channels, whose mean is taken, differ much"),
        "{difference}"
    );
    let message = sound::open_channel(&path, Some(3)).unwrap_err().to_string();
    assert!(message.contains("found 2 channels, expected channel 3 in it"), "{message}");

    let same: Vec<i16> = left.iter().flat_map(|a| [taken(*a), taken(*a)]).collect();
    let file = sound::open(&sounds.write("same.wav", &wav16(8000, 2, &same))).unwrap();
    all(file.sound);
    assert_eq!(file.mixer.difference(), None);
}
