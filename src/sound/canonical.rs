//! The samples of a [`Container`] as the WAV file that the decoder knows.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use super::container::{Container, SampleOrder};

/// Bytes that are read at once, a multiple of the bytes of any sample.
const BLOCK: usize = 8 * 3 * 4096;

/// A stream: a header of its own, then the samples of a file.
pub(super) struct Canonical {
    file: File,
    order: SampleOrder,
    /// Bytes of samples that were not read yet.
    left: u64,
    /// Bytes that come next.
    ready: Vec<u8>,
    /// How many of them were handed out.
    taken: usize,
}

impl Canonical {
    /// Of a file that holds samples so.
    pub(super) fn new(mut file: File, container: &Container) -> io::Result<Self> {
        file.seek(SeekFrom::Start(container.from))?;
        let Container { coding, order, bytes, .. } = container;
        // Sizes of all ones stand for samples up to the end of the stream.
        let mut ready = b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec();
        ready.extend(u32::try_from(coding.len()).unwrap_or(16).to_le_bytes());
        ready.extend(coding);
        if coding.len() % 2 == 1 {
            ready.push(0);
        }
        ready.extend(b"data\xff\xff\xff\xff");
        Ok(Self { file, order: *order, left: *bytes, ready, taken: 0 })
    }

    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.taken = 0;
        let wanted = self.left.min(BLOCK as u64);
        let got = (&mut self.file).take(wanted).read_to_end(&mut self.ready)?;
        self.left = if (got as u64) < wanted { 0 } else { self.left - wanted };
        match self.order {
            SampleOrder::Same => {}
            SampleOrder::Reversed(bytes) => {
                self.ready.chunks_exact_mut(bytes).for_each(<[u8]>::reverse);
            }
            SampleOrder::Signed => self.ready.iter_mut().for_each(|byte| *byte ^= 0x80),
        }
        Ok(())
    }
}

impl Read for Canonical {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() && self.left > 0 {
            self.fill()?;
        }
        let got = (&self.ready[self.taken..]).read(buffer)?;
        self.taken += got;
        Ok(got)
    }
}

impl Seek for Canonical {
    fn seek(&mut self, _to: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl MediaSource for Canonical {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}
