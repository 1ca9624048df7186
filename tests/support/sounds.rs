//! Sound files made in tests.
use std::path::Path;

/// Whole numbers.
pub const PCM: u16 = 1;
/// Floats.
pub const FLOAT: u16 = 3;
/// What puts a tag into an extension.
const EXTENSIBLE: u16 = 0xfffe;

/// A WAV file with these bytes of samples; `tag` is wrapped where it says so.
pub fn wav(
    tag: (u16, bool),
    rate_hz: u32,
    (channels, bits): (u16, u16),
    samples: &[u8],
) -> Vec<u8> {
    let (kind, wrapped) = tag;
    let block = channels * bits / 8;
    let mut format = Vec::new();
    format.extend(if wrapped { EXTENSIBLE } else { kind }.to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(rate_hz.to_le_bytes());
    format.extend((rate_hz * u32::from(block)).to_le_bytes());
    format.extend(block.to_le_bytes());
    format.extend(bits.to_le_bytes());
    if wrapped {
        format.extend(22u16.to_le_bytes());
        format.extend(bits.to_le_bytes());
        format.extend(((1u32 << channels) - 1).to_le_bytes());
        format.extend(kind.to_le_bytes());
        format.extend(b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    }
    let size = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let mut file = b"RIFF".to_vec();
    file.extend(size(4 + 8 + format.len() + 8 + samples.len()));
    file.extend(b"WAVEfmt ");
    file.extend(size(format.len()));
    file.extend(format);
    file.extend(b"data");
    file.extend(size(samples.len()));
    file.extend(samples);
    file
}

/// A WAV file of 16 bits; channels take turns.
pub fn wav16(rate_hz: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav((PCM, false), rate_hz, (channels, 16), &bytes)
}

/// Writes a WAV file of one channel and 16 bits.
pub fn write_mono(path: &Path, rate_hz: u32, samples: &[i32]) {
    let samples: Vec<i16> = samples.iter().map(|sample| i16::try_from(*sample).unwrap()).collect();
    std::fs::write(path, wav16(rate_hz, 1, &samples)).unwrap();
}
