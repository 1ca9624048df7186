//! Sound files whose headers lie.
use super::{confined, refused};
use crate::support::runs::Workplace;
use crate::support::sounds::wav16;

/// A cell that heard a sound whose header was changed.
fn cell(change: impl FnOnce(&mut Vec<u8>)) -> Workplace {
    let place = Workplace::empty();
    std::fs::create_dir(place.path("cell")).unwrap();
    let samples: Vec<i16> = (0..16_000).map(|t: i16| (t % 40) * 100).collect();
    let mut bytes = wav16(8000, 1, &samples);
    change(&mut bytes);
    std::fs::write(place.path("cell/stim1.wav"), bytes).unwrap();
    place.write("cell/spike1", "100 200\n150 300\n");
    place
}

/// Where the header has its numbers.
const CHANNELS: usize = 22;
const RATE: usize = 24;
const BITS: usize = 34;
const LENGTH: usize = 40;

fn put(place: usize, bytes: &'static [u8]) -> impl FnOnce(&mut Vec<u8>) {
    move |file| file[place..place + bytes.len()].copy_from_slice(bytes)
}

const SPIKES: &str = "import spikes cell --unit ms --set frontend.min_freq_hz=100 \
                      --set frontend.max_freq_hz=3000 --out out.h5";

#[test]
fn headers_that_lie_make_no_room_for_what_is_not_there() {
    confined(&cell(|_| ()), SPIKES).done();
    let rate = 4_000_000_000u32.to_le_bytes();
    let resampled = format!("{SPIKES} --set frontend.rate_hz=8000");
    for words in [SPIKES, &resampled] {
        let place = cell(|file| file[RATE..RATE + 4].copy_from_slice(&rate));
        refused(&place, words, &["4000000000 samples a second"]);
    }
    refused(&cell(put(RATE, &[0; 4])), SPIKES, &["0 samples a second"]);
    for (place, bytes) in [(CHANNELS, &[0xff; 2][..]), (CHANNELS, &[0; 2]), (BITS, &[0xff; 2])] {
        refused(&cell(put(place, bytes)), SPIKES, &["stim1.wav"]);
    }
    // A header that promises 4 GB, as programs leave it that write to a pipe: what is there is read.
    confined(&cell(put(LENGTH, &[0xff; 4])), SPIKES).done();
}

#[test]
fn a_rate_that_is_far_from_the_one_asked_for_makes_no_long_filter() {
    let place = cell(|_| ());
    let words = format!("{SPIKES} --set frontend.rate_hz=8000");
    confined(&place, &words).done();
    let rate = 9_999_991u32.to_le_bytes();
    let place = cell(|file| file[RATE..RATE + 4].copy_from_slice(&rate));
    let ran = confined(&place, &words);
    assert!(matches!(ran.status, Some(0 | 2)), "{:?} {}", ran.status, ran.stderr);
}
