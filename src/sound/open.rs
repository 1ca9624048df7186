//! What a sound file is: found, recognised by its content, and ready to be decoded.
use std::path::Path;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use super::canonical::Canonical;
use super::channels::Mixer;
use super::container::Container;
use super::decode::Decoding;
use super::{Sound, container};
use crate::base::error::{Error, Result};
use crate::base::files;

/// A sound file, opened.
#[derive(Debug)]
pub struct AudioFile {
    /// The mean of its channels, or one of them, decoded while it is read.
    pub sound: Sound<'static>,
    /// Makes one channel of several while it is read.
    pub mixer: Mixer,
    /// Channels of the file.
    pub channels: usize,
    /// Bits of a sample, where the format has such a thing.
    pub bits: Option<u32>,
    /// `WAV`, `FLAC`, `MP3` and so on, by its content.
    pub format: &'static str,
    /// Samples of a channel that the file promises; none where it does not say.
    pub promised: Option<u64>,
    /// What the user should know of how it is read.
    pub notes: Vec<String>,
}

/// A format that can be read: the library's name, the usual one, and endings of file names.
struct Format {
    short: &'static str,
    name: &'static str,
    endings: &'static [&'static str],
}

const FORMATS: &[Format] = &[
    Format { short: "wave", name: "WAV", endings: &["wav", "wave"] },
    Format { short: "flac", name: "FLAC", endings: &["flac"] },
    Format { short: "mp3", name: "MP3", endings: &["mp3"] },
    Format { short: "", name: "RF64", endings: &["wav", "wave", "rf64", "bw64", "bwf"] },
    Format { short: "", name: "W64", endings: &["w64", "wav"] },
    Format { short: "", name: "AIFF", endings: &["aif", "aiff", "aifc"] },
    Format { short: "", name: "AU", endings: &["au", "snd"] },
];
/// What can be read, in words.
const READABLE: &str = "WAV, RF64, W64, AIFF, AU, FLAC and MP3";

/// Opens a sound file; its samples are decoded as they are asked for.
///
/// Encoder delay and padding of MP3 files are cut off where the file states them.
///
/// # Errors
/// A file that is missing, a folder, empty, no sound, without an audio track, or of a kind that
/// cannot be decoded. What is wrong further inside comes with the piece that it concerns: a file
/// that ends early, that is damaged, that holds NaN, or that holds no samples.
pub fn open(path: &Path) -> Result<AudioFile> {
    open_channel(path, None)
}

/// The same for one channel, counted from 1, in place of the mean of all.
///
/// # Errors
/// As of [`open`], or the file has no such channel.
pub fn open_channel(path: &Path, channel: Option<usize>) -> Result<AudioFile> {
    let mut file = files::open(path, "sound file")?;
    let reading = |source| Error::file(format!("reading {}", path.display()), source);
    let mut container = container::look(&mut file).map_err(reading)?;
    let again = file.try_clone().map_err(reading)?;
    let canonical = |container: &Container| -> Result<Box<dyn FormatReader>> {
        let canonical = Canonical::new(again, container).map_err(reading)?;
        recognised(path, Box::new(canonical))
    };
    let reader = match &mut container {
        Some(needed) if needed.is_needed() => canonical(needed)?,
        Some(spare) => recognised(path, Box::new(file)).or_else(|_refused| {
            spare.repaired = Some(UNREADABLE);
            canonical(spare)
        })?,
        None => recognised(path, Box::new(file))?,
    };
    let container = container.filter(Container::is_needed);
    let format = match &container {
        Some(container) => FORMATS.iter().find(|format| format.name == container.format),
        None => FORMATS.iter().find(|format| format.short == reader.format_info().short_name),
    };
    let format = format.ok_or_else(|| not_sound(path))?;
    let mut notes = Vec::new();
    notes.extend(misnamed(path, format));
    let repaired = container.as_ref().and_then(|container| container.repaired);
    notes.extend(repaired.map(|what| format!("{}: {what}", path.display())));

    let track = reader.default_track(TrackType::Audio).ok_or_else(|| no_track(path))?;
    let codec = track.codec_params.as_ref().and_then(|codec| codec.audio());
    let codec = codec.ok_or_else(|| no_track(path))?;
    let bits = codec.bits_per_sample.or(float_bits(codec));
    // Without its encoder's own count, an MP3 file's length is an estimate.
    let exact = format.name != "MP3" || track.delay.is_some();
    if !exact {
        notes.push(format!("{}: {DELAY_UNKNOWN}", path.display()));
    }
    let promised = match &container {
        Some(container) => Some(container.bytes / container.frame),
        None => track.num_frames.filter(|_| exact),
    };
    let decoder = decoder(path, codec, exact)?;
    let (rate_hz, channels) = layout(path, codec)?;
    let mixer = Mixer::new(channel, channels, &path.display().to_string())?;
    notes.extend(mixer.note().map(|note| format!("{}: {note}", path.display())));
    let track = track.id;
    let decoding = Decoding::new(path, (reader, track), decoder, promised, mixer.clone());
    let sound = Sound { rate_hz, pieces: Box::new(decoding) };
    Ok(AudioFile { sound, mixer, channels, bits, format: format.name, promised, notes })
}

const UNREADABLE: &str =
    "its header has parts that cannot be read; its samples are read without them";

const DELAY_UNKNOWN: &str = "this MP3 file does not state its encoder's delay, so the silence that \
                             the encoder put in front is part of the sound (tens of milliseconds); \
                             take WAV or FLAC where time matters";

/// A reader of the format that the content of the file shows.
fn recognised(path: &Path, source: Box<dyn MediaSource>) -> Result<Box<dyn FormatReader>> {
    let stream =
        MediaSourceStream::new(source, symphonia::core::io::MediaSourceStreamOptions::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let probed = symphonia::default::get_probe().probe(&Hint::new(), stream, format, metadata);
    probed.map_err(|source| match source {
        errors::Error::IoError(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            Error::file(format!("reading {}", path.display()), source)
        }
        errors::Error::DecodeError(what) => Error::Refused(format!(
            "{}: found a damaged header ({what}), expected one of {READABLE}; write the file again",
            path.display()
        )),
        _ => not_sound(path),
    })
}

fn decoder(
    path: &Path,
    codec: &AudioCodecParameters,
    gapless: bool,
) -> Result<Box<dyn AudioDecoder>> {
    let options = AudioDecoderOptions::default().gapless(gapless).verify(true);
    let made = symphonia::default::get_codecs().make_audio_decoder(codec, &options);
    made.map_err(|source| {
        Error::Refused(format!(
            "{}: found sound in an encoding that cannot be decoded ({source}), expected PCM of 8, \
             16, 24 or 32 bits or floats, A-law or µ-law in WAV, RF64, W64, AIFF or AU, or FLAC, or MP3; \
             convert it to WAV",
            path.display()
        ))
    })
}

/// Samples a second and channels.
fn layout(path: &Path, codec: &AudioCodecParameters) -> Result<(f64, usize)> {
    let channels = codec.channels.as_ref().map_or(0, Channels::count);
    match codec.sample_rate {
        Some(rate) if rate > 0 && channels > 0 => Ok((f64::from(rate), channels)),
        rate => Err(Error::Refused(format!(
            "{}: found a header that gives {} samples a second and {channels} channels, expected \
             both to be 1 or more; write the file again",
            path.display(),
            rate.unwrap_or(0)
        ))),
    }
}

/// Bits of a sample of floats, which the library leaves out.
fn float_bits(codec: &AudioCodecParameters) -> Option<u32> {
    use symphonia::core::codecs::audio::well_known::{CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64LE};
    match codec.codec {
        CODEC_ID_PCM_F32LE => Some(32),
        CODEC_ID_PCM_F64LE => Some(64),
        _ => None,
    }
}

/// A note where the name of a file promises another format than its content is.
fn misnamed(path: &Path, format: &Format) -> Option<String> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let ending = ending.unwrap_or_default();
    let named = format.endings.contains(&ending.as_str());
    (!named).then(|| {
        format!("{}: by its content this is {}; it is read as such", path.display(), format.name)
    })
}

fn not_sound(path: &Path) -> Error {
    Error::Refused(format!(
        "{}: this is not a sound file that can be read, which are {READABLE}; convert it to WAV",
        path.display()
    ))
}

fn no_track(path: &Path) -> Error {
    Error::Refused(format!(
        "{}: found no audio track, expected one; check that this is the right file",
        path.display()
    ))
}
