//! Files of uncompressed samples whose headers the decoder does not know or refuses: where their samples
//! lie and how they are coded.
//!
//! RIFF/WAVE with sizes that are wrong (as programs leave them that write into a pipe) or chunks that
//! are not padded; RF64 and BW64 (EBU Tech 3306), W64 (Sony Wave64), AIFF and AIFF-C (Apple), AU (Sun).
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Samples in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    /// Name of the format.
    pub(super) format: &'static str,
    /// What a WAV file would say in its chunk `fmt `.
    pub(super) coding: Vec<u8>,
    /// What is done to the bytes of each sample to be those of a WAV file.
    pub(super) order: SampleOrder,
    /// Where the samples begin.
    pub(super) from: u64,
    /// How many bytes they take.
    pub(super) bytes: u64,
    /// Bytes of a sample of all channels.
    pub(super) frame: u64,
    /// What is wrong with the header, and what was done about it.
    pub(super) repaired: Option<&'static str>,
}

/// How the bytes of a sample differ from those of a WAV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleOrder {
    /// Not at all.
    Same,
    /// So many stand in reverse order.
    Reversed(usize),
    /// Single bytes are signed.
    Signed,
}

/// Sizes from which on a header does not know them: programs that write into a pipe put one of several
/// large numbers there.
const UNKNOWN: u64 = 0x7fff_0000;
const STREAMED: &str = "its header does not give the sizes of a finished file, as programs leave it that write into a \
     pipe; all samples to the end of the file are read";
const RIFF_WRONG: &str = "its header gives another size than the file has; the samples that its data chunk promises are read";
const UNPADDED: &str =
    "a chunk of odd length is not padded to an even one; it is read as if it were";

/// Names of chunks that files have.
const USUAL: [&[u8; 4]; 9] =
    [b"data", b"fmt ", b"fact", b"LIST", b"bext", b"cue ", b"smpl", b"iXML", b"id3 "];

/// PCM, floats, A-law and µ-law in a WAV file.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;

impl Container {
    /// Whether the decoder would read the file otherwise, or not at all.
    pub(super) fn is_needed(&self) -> bool {
        self.format != "WAV" || self.repaired.is_some()
    }
}

/// Looks at the beginning of a file; none where the decoder knows it or should say what is wrong. The
/// file is left at its beginning.
pub(super) fn look(file: &mut File) -> io::Result<Option<Container>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut header = Header { file, length };
    let found = match header.at::<16>(0) {
        Some(start) => match &start[..4] {
            b"RIFF" => header.riff("WAV"),
            b"RF64" | b"BW64" => header.riff("RF64"),
            b"riff" if start == GUID_RIFF => header.w64(),
            b"FORM" => header.aiff(),
            b".snd" => header.au(),
            _ => None,
        },
        None => None,
    };
    header.file.rewind()?;
    Ok(found)
}

const GUID_RIFF: [u8; 16] = *b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00";

/// A file whose header is read here and there; none where it ends before.
struct Header<'a> {
    file: &'a mut File,
    length: u64,
}

/// A chunk: its name, where its content begins, and the length that it gives.
struct Chunk {
    name: [u8; 4],
    from: u64,
    size: u64,
}

/// How many bytes of samples there are, and what is wrong with how the header says so.
struct Samples {
    bytes: u64,
    repaired: Option<&'static str>,
}

impl Header<'_> {
    fn at<const N: usize>(&mut self, place: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.file.seek(SeekFrom::Start(place)).ok()?;
        self.file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    fn little32(&mut self, place: u64) -> Option<u64> {
        Some(u32::from_le_bytes(self.at(place)?).into())
    }

    fn little64(&mut self, place: u64) -> Option<u64> {
        Some(u64::from_le_bytes(self.at(place)?))
    }

    fn big16(&mut self, place: u64) -> Option<u16> {
        Some(u16::from_be_bytes(self.at(place)?))
    }

    fn big32(&mut self, place: u64) -> Option<u64> {
        Some(u32::from_be_bytes(self.at(place)?).into())
    }

    /// At most 64 bytes: a chunk `fmt `.
    fn coding(&mut self, from: u64, size: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(size.min(64)).ok()?];
        self.file.seek(SeekFrom::Start(from)).ok()?;
        self.file.read_exact(&mut bytes).ok()?;
        (bytes.len() >= 16).then_some(bytes)
    }

    fn chunk(&mut self, at: u64) -> Option<Chunk> {
        let name: [u8; 4] = self.at(at)?;
        Some(Chunk { name, from: at + 8, size: self.little32(at + 4)? })
    }

    /// Whether a chunk could begin at a place: its name has printable letters.
    fn is_chunk(&mut self, at: u64) -> bool {
        let name = self.at::<4>(at);
        name.is_some_and(|name| name.iter().all(|letter| (b' '..=b'~').contains(letter)))
    }

    /// Whether the next chunk begins right behind one of odd length, and not one byte later.
    fn is_unpadded(&mut self, next: u64) -> bool {
        let mut is_known = |at| self.at::<4>(at).is_some_and(|name| USUAL.contains(&&name));
        match (is_known(next), is_known(next + 1)) {
            (_, true) => false,
            (true, false) => true,
            (false, false) => self.is_chunk(next) && !self.is_chunk(next + 1),
        }
    }

    fn riff(&mut self, format: &'static str) -> Option<Container> {
        let whole = self.little32(4)?;
        if self.at::<4>(8)? != *b"WAVE" {
            return None;
        }
        let (mut at, mut coding, mut long, mut unpadded) = (12, None, None, None);
        loop {
            let chunk = self.chunk(at)?;
            match &chunk.name {
                b"ds64" => long = self.little64(chunk.from + 8),
                b"fmt " => coding = self.coding(chunk.from, chunk.size),
                b"data" => {
                    let samples = self.samples(&chunk, long, (format, whole))?;
                    let repaired = samples.repaired.or(unpadded);
                    return plain(format, coding?, (chunk.from, samples.bytes), repaired);
                }
                _ => {}
            }
            let next = chunk.from.checked_add(chunk.size)?;
            at = next + chunk.size % 2;
            if at > next && self.is_unpadded(next) {
                (at, unpadded) = (next, Some(UNPADDED));
            }
        }
    }

    /// What a chunk `data` holds; none where a WAV file ends early, which the decoder says. `long` is
    /// the length beside it in a file of more than 4 GB, `whole` the length of all that the head of
    /// the file gives.
    fn samples(
        &mut self,
        chunk: &Chunk,
        long: Option<u64>,
        (format, whole): (&str, u64),
    ) -> Option<Samples> {
        let left = self.length.checked_sub(chunk.from)?;
        let bytes = long.filter(|_| chunk.size == 0xffff_ffff).unwrap_or(chunk.size);
        if format != "WAV" {
            return Some(Samples { bytes, repaired: None });
        }
        let endless = bytes > left && bytes >= UNKNOWN;
        let nothing = bytes == 0 && left > 0 && !self.is_chunk(chunk.from);
        match () {
            () if endless || nothing => Some(Samples { bytes: left, repaired: Some(STREAMED) }),
            () if bytes > left => None,
            () => {
                let short = whole.saturating_add(8) < chunk.from + bytes;
                Some(Samples { bytes, repaired: short.then_some(RIFF_WRONG) })
            }
        }
    }

    fn w64(&mut self) -> Option<Container> {
        let (mut at, mut coding) = (40, None);
        loop {
            let name: [u8; 4] = self.at(at)?;
            let (from, size) = (at + 24, self.little64(at + 16)?.checked_sub(24)?);
            match &name {
                b"fmt " => coding = self.coding(from, size),
                b"data" => return plain("W64", coding?, (from, size), None),
                _ => {}
            }
            at = from.checked_add(size)?.checked_next_multiple_of(8)?;
        }
    }

    fn aiff(&mut self) -> Option<Container> {
        let is_c = match &self.at::<4>(8)? {
            b"AIFF" => false,
            b"AIFC" => true,
            _ => return None,
        };
        let (mut at, mut common, mut samples) = (12, None, None);
        while common.is_none() || samples.is_none() {
            let name: [u8; 4] = self.at(at)?;
            let (from, size) = (at + 8, self.big32(at + 4)?);
            match &name {
                b"COMM" => common = Some(from),
                b"SSND" => {
                    let offset = self.big32(from)?;
                    samples = Some((from + 8 + offset, size.checked_sub(8 + offset)?));
                }
                _ => {}
            }
            at = from.checked_add(size + size % 2)?;
        }
        let (common, (from, bytes)) = (common?, samples?);
        let (channels, bits) = (self.big16(common)?, self.big16(common + 6)?);
        let frames = self.big32(common + 2)?;
        let rate = extended(self.at(common + 8)?)?;
        let coded = if is_c { self.at(common + 18)? } else { *b"NONE" };
        let (tag, bits, order) = match &coded {
            b"NONE" | b"twos" | b"in24" | b"in32" => (PCM, bits, big_endian(bits)),
            b"sowt" if bits > 8 => (PCM, bits, SampleOrder::Same),
            b"fl32" | b"FL32" => (FLOAT, 32, big_endian(32)),
            b"fl64" | b"FL64" => (FLOAT, 64, big_endian(64)),
            b"alaw" | b"ALAW" => (A_LAW, 8, SampleOrder::Same),
            b"ulaw" | b"ULAW" => (MU_LAW, 8, SampleOrder::Same),
            _ => return None,
        };
        let coding = coding(tag, channels, rate, bits)?;
        let mut found = plain("AIFF", coding, (from, bytes), None)?;
        found.order = order;
        found.bytes = found.bytes.max(frames.checked_mul(found.frame)?);
        Some(found)
    }

    fn au(&mut self) -> Option<Container> {
        let (from, told) = (self.big32(4)?, self.big32(8)?);
        let (tag, bits) = match self.big32(12)? {
            1 => (MU_LAW, 8),
            2 => (PCM, 8),
            3 => (PCM, 16),
            4 => (PCM, 24),
            5 => (PCM, 32),
            6 => (FLOAT, 32),
            7 => (FLOAT, 64),
            27 => (A_LAW, 8),
            _ => return None,
        };
        let rate = u32::try_from(self.big32(16)?).ok()?;
        let channels = u16::try_from(self.big32(20)?).ok()?;
        // A size of all ones stands for one that is not known, by the format's own rule.
        let bytes = if told == 0xffff_ffff { self.length.checked_sub(from)? } else { told };
        let mut found = plain("AU", coding(tag, channels, rate, bits)?, (from, bytes), None)?;
        found.order = if tag == PCM || tag == FLOAT { big_endian(bits) } else { SampleOrder::Same };
        Some(found)
    }
}

/// Samples as a WAV file has them; `coding` is the content of a chunk `fmt `.
fn plain(
    format: &'static str,
    coding: Vec<u8>,
    (from, bytes): (u64, u64),
    repaired: Option<&'static str>,
) -> Option<Container> {
    let frame = u16::from_le_bytes([*coding.get(12)?, *coding.get(13)?]);
    let frame = u64::from(frame).max(1);
    let bytes = bytes - bytes % frame;
    Some(Container { format, coding, order: SampleOrder::Same, from, bytes, frame, repaired })
}

/// The content of a chunk `fmt `.
fn coding(tag: u16, channels: u16, rate: u32, bits: u16) -> Option<Vec<u8>> {
    let bits = bits.checked_next_multiple_of(8)?;
    let frame = channels.checked_mul(bits / 8)?;
    let mut coding = Vec::new();
    coding.extend(tag.to_le_bytes());
    coding.extend(channels.to_le_bytes());
    coding.extend(rate.to_le_bytes());
    coding.extend(rate.saturating_mul(frame.into()).to_le_bytes());
    coding.extend(frame.to_le_bytes());
    coding.extend(bits.to_le_bytes());
    if matches!(tag, A_LAW | MU_LAW) {
        // No further parameters.
        coding.extend(0u16.to_le_bytes());
    }
    Some(coding)
}

/// Samples whose highest byte comes first; single bytes are signed there and not in a WAV file.
fn big_endian(bits: u16) -> SampleOrder {
    match usize::from(bits.div_ceil(8)) {
        0 | 1 => SampleOrder::Signed,
        bytes => SampleOrder::Reversed(bytes),
    }
}

/// A positive 80-bit float as a whole number.
fn extended(bytes: [u8; 10]) -> Option<u32> {
    let [sign, low, mantissa @ ..] = bytes;
    let exponent = u32::from(sign & 0x7f) << 8 | u32::from(low);
    // The leading bit of the mantissa stands for 2 to the power of the exponent less 16383.
    let shift = (16_383 + 63_u32).checked_sub(exponent).filter(|shift| *shift < 64)?;
    u32::try_from(u64::from_be_bytes(mantissa) >> shift).ok()
}
