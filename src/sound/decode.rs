//! Packets of a sound file to mono samples, with a check that all that was promised came.
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::PIECE;
use super::channels::Mixer;
use crate::base::error::{Error, Result};

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
    mixer: Mixer,
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
        mixer: Mixer,
    ) -> Self {
        let (file, interleaved, heard, ended) = (file.to_owned(), Vec::new(), 0, false);
        Self { file, reader, track, decoder, promised, heard, interleaved, mixer, ended }
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
        self.mixer.mix(&self.interleaved, piece);
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
