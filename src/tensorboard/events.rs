//! A file of events that `TensorBoard` shows: scalars of each epoch, and pictures.
//!
//! A file is a row of records: the length of what follows in 8 bytes, its checksum, the event as a
//! protocol buffer, and its checksum. Numbers are little-endian; a checksum is the CRC-32C, turned
//! and shifted by a constant ("masked").
//!
//! Source: Abadi et al. (2016), `TensorFlow`, arXiv:1603.04467; the layout is that of its
//! `RecordWriter` and `event.proto`.
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::figures::canvas::Canvas;
use crate::training::history::EpochRow;

/// What a file of events says of itself first.
const VERSION: &str = "brain.Event:2";
/// The number by which events say that an image has red, green and blue.
const RGB: i32 = 3;
/// Bytes of the length of an event and its checksum.
const HEAD: usize = 12;
/// Bytes of the checksum of an event.
const TAIL: usize = 4;

/// Something that happened at a step of training.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    /// The epoch of training.
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

/// Values of a step.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<SummaryValue>,
}

/// A number or a picture, by name.
#[derive(Clone, PartialEq, Message)]
struct SummaryValue {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    number: Option<f32>,
    #[prost(message, optional, tag = "4")]
    image: Option<Image>,
}

/// A picture as PNG.
#[derive(Clone, PartialEq, Message)]
struct Image {
    #[prost(int32, tag = "1")]
    height: i32,
    #[prost(int32, tag = "2")]
    width: i32,
    #[prost(int32, tag = "3")]
    colorspace: i32,
    #[prost(bytes = "vec", tag = "4")]
    encoded_image_string: Vec<u8>,
}

/// A file of events that grows by epochs.
#[derive(Debug)]
pub struct Events {
    path: PathBuf,
    file: File,
}

impl Events {
    /// Begins the file at `path`, or goes on after the first `epochs` epochs of it; what a stopped
    /// run wrote after them is dropped.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn begin(path: &Path, epochs: usize) -> Result<Self> {
        let old = if path.exists() { files::bytes(path) } else { Ok(Vec::new()) };
        let old = old.map_err(|e| Error::file(format!("reading {}", path.display()), e))?;
        let mut kept = until(&old, epochs).to_vec();
        if kept.is_empty() {
            let version = Some(VERSION.to_owned());
            kept = record(&Event { wall_time: now(), file_version: version, ..Event::default() });
        }
        files::write(path, Existing::Replace, &kept)?;
        let file = OpenOptions::new().append(true).open(path);
        let file = file.map_err(|e| Error::file(format!("opening {}", path.display()), e))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds the numbers of an epoch that are defined.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn scalars(&mut self, row: &EpochRow) -> Result<()> {
        let named = [
            ("loss/train", row.train_loss),
            ("loss/valid", row.valid_loss),
            ("score/valid_cc", row.valid_cc),
            ("score/valid_cc_norm", row.valid_cc_norm),
            ("lr", row.lr),
            ("seconds/train", row.seconds_train),
            ("seconds/valid", row.seconds_valid),
        ];
        let defined = named.into_iter().filter(|(_, value)| value.is_finite());
        let value = defined.map(|(tag, value)| scalar(tag, value)).collect();
        self.push(row.epoch, Summary { value })
    }

    /// Adds a picture after an epoch.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn picture(&mut self, epoch: usize, tag: &str, title: &str, canvas: &Canvas) -> Result<()> {
        let failed = |cause| Error::file(format!("writing {}", self.path.display()), cause);
        let png = canvas.png(title).map_err(failed)?;
        let pixels = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let image = Image {
            height: pixels(canvas.height()),
            width: pixels(canvas.width()),
            colorspace: RGB,
            encoded_image_string: png,
        };
        let value =
            SummaryValue { tag: tag.to_owned(), image: Some(image), ..SummaryValue::default() };
        self.push(epoch, Summary { value: vec![value] })
    }

    fn push(&mut self, epoch: usize, summary: Summary) -> Result<()> {
        let step = i64::try_from(epoch).unwrap_or(i64::MAX);
        let event = Event { wall_time: now(), step, summary: Some(summary), file_version: None };
        let written = self.file.write_all(&record(&event)).and_then(|()| self.file.flush());
        written.map_err(|e| Error::file(format!("writing {}", self.path.display()), e))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a curve on a screen")]
fn scalar(tag: &str, value: f64) -> SummaryValue {
    SummaryValue { tag: tag.to_owned(), number: Some(value as f32), image: None }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// An event with its length and its checksums.
fn record(event: &Event) -> Vec<u8> {
    let event = event.encode_to_vec();
    let length = (event.len() as u64).to_le_bytes();
    let parts = [&length[..], &masked(&length), &event, &masked(&event)];
    parts.concat()
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    const SHIFT: u32 = 0xa282_ead8;
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(SHIFT).to_le_bytes()
}

/// The whole records of a file up to the last one of the first `epochs` epochs.
fn until(bytes: &[u8], epochs: usize) -> &[u8] {
    let mut end = 0;
    while let Some((event, next)) = event_at(bytes, end) {
        if usize::try_from(event.step).is_ok_and(|step| step > epochs) {
            break;
        }
        end = next;
    }
    &bytes[..end]
}

/// The event at a place of a file and where the next one begins; none where the record is not whole.
fn event_at(bytes: &[u8], start: usize) -> Option<(Event, usize)> {
    let (length, sum) = bytes.get(start..start + HEAD)?.split_at(HEAD - TAIL);
    let count = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    if masked(length) != sum {
        return None;
    }
    let event_end = (start + HEAD).checked_add(count)?;
    let event = bytes.get(start + HEAD..event_end)?;
    let end = event_end.checked_add(TAIL)?;
    let whole = bytes.get(event_end..end)? == masked(event);
    let event = Event::decode(event).ok().filter(|_| whole)?;
    Some((event, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `TensorBoard` itself; `tests/fixtures/make_events.py` says of what.
    const REFERENCE: &[u8] = include_bytes!("../../tests/fixtures/events.tfevents");

    #[test]
    fn records_are_those_that_tensorboard_writes() {
        let version = Some(VERSION.to_owned());
        let version = Event { wall_time: 1000.25, file_version: version, ..Event::default() };
        let value = vec![scalar("loss/train", 0.125), scalar("score/valid_cc", 0.0)];
        let summary = Some(Summary { value });
        let scalars = Event { wall_time: 1001.5, step: 7, summary, file_version: None };
        let image = Image {
            height: 3,
            width: 5,
            colorspace: RGB,
            encoded_image_string: b"\x89PNG no picture".to_vec(),
        };
        let picture =
            SummaryValue { tag: "strfs".into(), image: Some(image), ..SummaryValue::default() };
        let summary = Some(Summary { value: vec![picture] });
        let picture = Event { wall_time: 1002.0, step: 7, summary, file_version: None };
        let events = [version, scalars, picture];
        assert_eq!(events.iter().flat_map(record).collect::<Vec<u8>>(), REFERENCE);
        let mut start = 0;
        for event in events {
            let (read, next) = event_at(REFERENCE, start).unwrap();
            assert_eq!(read, event);
            start = next;
        }
        assert_eq!(start, REFERENCE.len());
    }

    #[test]
    fn a_stopped_run_keeps_the_events_of_its_state_and_no_torn_record() {
        let event = |step| record(&Event { wall_time: 5.0, step, ..Event::default() });
        let (first, second, third) = (event(0), event(1), event(2));
        let all = [first.clone(), second.clone(), third].concat();
        let two = [first, second].concat();
        assert_eq!(until(&all, 1), two);
        assert_eq!(until(&all, 2), all);
        assert_eq!(until(&all[..all.len() - 1], 9), two);
        let mut damaged = all.clone();
        let last = damaged.len() - TAIL - 1;
        damaged[last] ^= 1;
        assert_eq!(until(&damaged, 9), two);
    }
}
