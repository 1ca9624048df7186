//! Packets of a sound file to mono samples, with a check that all that was promised came.
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::PIECE;
use crate::base::error::{Error, Result};

/// How much the channels of a file differ, as far as it has been read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChannelSums {
    /// Samples of a channel.
    pub samples: u64,
    /// Sum of squares of each channel.
    pub squares: Vec<f64>,
    /// Sum over channels of squared differences from their mean.
    pub apart: f64,
}

/// Share of the squares that differences of channels must have to be much.
const MUCH: f64 = 0.1;

impl ChannelSums {
    fn add(&mut self, samples: &[f32], mean: f32) {
        self.squares.resize(samples.len(), 0.0);
        self.samples += 1;
        for (square, sample) in self.squares.iter_mut().zip(samples) {
            *square += f64::from(*sample).powi(2);
            self.apart += f64::from(sample - mean).powi(2);
        }
    }

    /// The root mean square of each channel, where they differ much.
    pub fn differ_much(&self) -> Option<Vec<f64>> {
        let all = self.squares.iter().sum::<f64>();
        let count = self.samples.max(1) as f64;
        (self.apart > MUCH * all)
            .then(|| self.squares.iter().map(|sum| (sum / count).sqrt()).collect())
    }
}

/// A sound file that is being decoded.
pub struct Decoding {
    file: PathBuf,
    reader: Box<dyn FormatReader>,
    track: u32,
    decoder: Box<dyn AudioDecoder>,
    /// Samples of a channel that the header gives.
    promised: Option<u64>,
    /// Samples of a channel decoded so far.
    heard: u64,
    /// All channels of a packet, in turn.
    interleaved: Vec<f32>,
    /// The channel that is taken; none: the mean of all.
    channel: Option<usize>,
    sums: Arc<Mutex<ChannelSums>>,
    /// Nothing more comes.
    ended: bool,
}

impl Decoding {
    /// The track of a reader that a decoder understands.
    pub fn new(
        file: &Path,
        (reader, track): (Box<dyn FormatReader>, u32),
        decoder: Box<dyn AudioDecoder>,
        promised: Option<u64>,
        channel: Option<usize>,
    ) -> Self {
        let (file, interleaved, sums) = (file.to_owned(), Vec::new(), Arc::default());
        let (heard, ended) = (0, false);
        Self { file, reader, track, decoder, promised, heard, interleaved, channel, sums, ended }
    }

    /// What is found of its channels while it is decoded.
    pub fn sums(&self) -> Arc<Mutex<ChannelSums>> {
        Arc::clone(&self.sums)
    }

    /// The next piece, or none where the file ends as it should.
    fn piece(&mut self) -> Result<Option<Vec<f32>>> {
        let mut piece = Vec::with_capacity(PIECE);
        while piece.len() < PIECE {
            let Some(packet) = self.packet()? else { break };
            if packet.track_id == self.track {
                self.decode(&packet, &mut piece)?;
            }
        }
        if piece.is_empty() {
            self.finish()?;
            return Ok(None);
        }
        Ok(Some(piece))
    }

    fn packet(&mut self) -> Result<Option<Packet>> {
        match self.reader.next_packet() {
            Ok(packet) => Ok(packet),
            // The end is told by the count of samples.
            Err(errors::Error::IoError(source)) if source.kind() == ErrorKind::UnexpectedEof => {
                Ok(None)
            }
            Err(errors::Error::IoError(source)) => {
                Err(Error::file(format!("reading {}", self.file.display()), source))
            }
            Err(source) => Err(self.damaged(&source)),
        }
    }

    /// Appends the mean over channels, or the channel that is taken, of one packet.
    fn decode(&mut self, packet: &Packet, piece: &mut Vec<f32>) -> Result<()> {
        let decoded = match self.decoder.decode(packet) {
            Ok(decoded) => decoded,
            // A packet that the end of the file cut off.
            Err(errors::Error::IoError(source)) if source.kind() == ErrorKind::UnexpectedEof => {
                return Ok(());
            }
            Err(source) => return Err(self.damaged(&source)),
        };
        let channels = decoded.spec().channels().count().max(1);
        decoded.copy_to_vec_interleaved(&mut self.interleaved);
        let mut sums = self.sums.lock().ok().filter(|_| channels > 1 && self.channel.is_none());
        for samples in self.interleaved.chunks_exact(channels) {
            let heard = match self.channel {
                Some(channel) => samples[channel.min(channels - 1)],
                None => mean(samples),
            };
            if let Some(sums) = &mut sums {
                sums.add(samples, heard);
            }
            piece.push(heard);
        }
        drop(sums);
        let frames = self.interleaved.len() / channels;
        let bad = self.interleaved.iter().position(|sample| !sample.is_finite());
        if let Some(index) = bad {
            return Err(self.not_finite(self.interleaved[index], (index / channels) as u64));
        }
        self.heard += frames as u64;
        Ok(())
    }

    /// Compares what came with what was promised.
    fn finish(&mut self) -> Result<()> {
        let (file, heard) = (self.file.display(), self.heard);
        let verified = self.decoder.finalize().verify_ok;
        let said = match self.promised {
            Some(promised) if promised > heard => format!(
                "{file}: the file ends early: found {heard} samples a channel, expected the \
                 {promised} that its header promises; copy or write it again"
            ),
            _ if heard == 0 => format!(
                "{file}: found a sound of 0 samples, expected at least one bin of sound; check \
                 that whatever wrote it finished"
            ),
            _ if verified == Some(false) => format!(
                "{file}: the file is damaged: its samples do not have the checksum that its header \
                 gives; copy it again"
            ),
            _ => return Ok(()),
        };
        Err(Error::Refused(said))
    }

    fn damaged(&self, source: &errors::Error) -> Error {
        let (file, heard) = (self.file.display(), self.heard);
        let promised = self.promised.map(|promised| format!(" of {promised}")).unwrap_or_default();
        Error::Refused(format!(
            "{file}: the file is damaged after sample {heard}{promised}: {source}; copy or write it \
             again"
        ))
    }

    fn not_finite(&self, found: f32, offset: u64) -> Error {
        Error::Refused(format!(
            "{}: found {found} at sample {} (counted from 0), expected finite samples; write the \
             file again",
            self.file.display(),
            self.heard + offset
        ))
    }
}

impl Iterator for Decoding {
    type Item = Result<Vec<f32>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let piece = self.piece().transpose();
        self.ended = !matches!(piece, Some(Ok(_)));
        piece
    }
}

fn mean(samples: &[f32]) -> f32 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample)).sum();
    #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
    let mean = (sum / samples.len() as f64) as f32;
    mean
}
