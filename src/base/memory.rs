//! How much memory planned work may take: what is free, in the machine and under the limit of a container or
//! a job, or what the user allows.
use std::path::Path;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::cgroup::{self, MemoryLimit};
use super::error::{Error, Result, TooLarge};
use super::process::{self, held_memory};
use super::progress::warn_aside;

/// The share of the room from which on planned work is warned of.
const TIGHT: f64 = 0.5;
/// The share of the room that planned work may take at most.
const MOST: f64 = 0.9;

/// Bytes that are asked for before it is looked again how many there are.
const UNNOTICED: usize = 1 << 24;

static ALLOWED: OnceLock<MemorySize> = OnceLock::new();
/// Bytes asked for since it was looked last.
static ASKED: AtomicUsize = AtomicUsize::new(0);
/// Whether it was said that memory is tight; once is enough.
static WARNED: AtomicBool = AtomicBool::new(false);

/// A number of bytes, written as `4GB`, `500MB` or `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemorySize(pub usize);

impl FromStr for MemorySize {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let expected = || format!("found {text:?}, expected a size such as 4GB, 500MB or 2GiB");
        let unit = text.find(|letter: char| letter.is_ascii_alphabetic()).ok_or_else(expected)?;
        let number: f64 = text[..unit].trim().parse().map_err(|_e| expected())?;
        let bytes = match text[unit..].to_ascii_lowercase().as_str() {
            "k" | "kb" => 1e3,
            "m" | "mb" => 1e6,
            "g" | "gb" => 1e9,
            "t" | "tb" => 1e12,
            "kib" => f64::from(1 << 10),
            "mib" => f64::from(1 << 20),
            "gib" => f64::from(1 << 30),
            "tib" => f64::from(1 << 30) * 1024.0,
            _ => return Err(expected()),
        };
        let size = number * bytes;
        if !(1.0..1e18).contains(&size) {
            return Err(expected());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Ok(Self(size as usize))
    }
}

/// `40 kB`, `850 MB`, `3.2 GB`
pub fn shown(bytes: usize) -> String {
    let bytes = bytes as f64;
    match bytes {
        ..1e6 => format!("{:.0} kB", bytes / 1e3),
        ..1e9 => format!("{:.0} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}

/// From now on planned work may take so much, whatever is free. Said once, before anything is planned.
pub fn allow(size: MemorySize) {
    let _other = ALLOWED.set(size);
}

/// Bytes that planned work may take all in all: what was allowed, or else what is free, where the system
/// says it.
pub fn room() -> Option<usize> {
    found_room().map(|room| room.bytes)
}

/// Bytes that planned work may take, and what says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    bytes: usize,
    given_by: GivenBy,
}

/// What says how much memory there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GivenBy {
    User,
    Machine,
    Limit,
}

impl Room {
    /// `the 2.0 GB that are free`
    fn said(self) -> String {
        let of = shown(self.bytes);
        match self.given_by {
            GivenBy::User => format!("the {of} that --max-memory allows"),
            GivenBy::Machine => format!("the {of} that are free"),
            GivenBy::Limit => {
                format!("the {of} that the memory limit of this job or container leaves")
            }
        }
    }
}

fn found_room() -> Option<Room> {
    if let Some(size) = ALLOWED.get() {
        return Some(Room { bytes: size.0, given_by: GivenBy::User });
    }
    let machine = process::machine_memory().map(|memory| memory.free);
    free(machine, cgroup::memory_limit(Path::new("/")))
}

/// The less of what is free in the machine and what a limit leaves.
fn free(machine: Option<usize>, limit: Option<MemoryLimit>) -> Option<Room> {
    let machine = machine.map(|bytes| Room { bytes, given_by: GivenBy::Machine });
    let limit = limit.map(|limit| Room { bytes: limit.free, given_by: GivenBy::Limit });
    machine.into_iter().chain(limit).min_by_key(|room| room.bytes)
}

/// Bytes that planned work may take without a warning.
pub fn comfortable() -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the room")]
    room().map(|room| (TIGHT * room as f64) as usize)
}

/// Asks for the memory that values of a file will take, before it is taken: a file may declare any size.
/// What this process holds already counts. The first time that more than half would be taken is warned of.
///
/// # Errors
/// Nine tenths of what this process may take do not hold it.
pub fn take(bytes: usize) -> std::result::Result<(), TooLarge> {
    let asked = ASKED.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
    if asked < UNNOTICED {
        return Ok(());
    }
    ASKED.store(0, Ordering::Relaxed);
    let Some(room) = found_room() else { return Ok(()) };
    let held = held_memory().unwrap_or(0);
    let all = if room.given_by == GivenBy::User { room.bytes } else { room.bytes + held };
    let (takes, all) = (held.saturating_add(bytes) as f64, all as f64);
    if takes > MOST * all {
        return Err(TooLarge { takes: shown(bytes), most: format!("90 % of {}", room.said()) });
    }
    if takes > TIGHT * all && !WARNED.swap(true, Ordering::Relaxed) {
        warn_aside(&format!(
            "what the files hold takes about {} of memory, more than half of {}",
            shown(held.saturating_add(bytes)),
            room.said()
        ));
    }
    Ok(())
}

/// So many values of a type, or an error as of [`take`].
///
/// # Errors
/// As [`take`].
pub fn take_values<T>(values: usize) -> std::result::Result<(), TooLarge> {
    take(values.saturating_mul(size_of::<T>()))
}

/// How many values an array of these lengths has; as many as can be counted where there are more.
pub fn count(lengths: &[usize]) -> usize {
    lengths.iter().fold(1, |values: usize, length| values.saturating_mul(*length))
}

/// What becomes of planned work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is room.
    Fits,
    /// There is room, if nobody else takes it; what to say.
    Tight(String),
    /// It must not begin; what to say, and how many bytes it may take.
    TooMuch(String, usize),
}

/// Compares what work is expected to take with what it may; `what` begins a sentence, as in `the fit`.
pub fn judge(what: &str, bytes: usize) -> Verdict {
    found_room().map_or(Verdict::Fits, |room| judged(what, bytes, room))
}

fn judged(what: &str, bytes: usize, room: Room) -> Verdict {
    let (takes, of) = (shown(bytes), room.said());
    let room = room.bytes as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the room")]
    let most = (MOST * room) as usize;
    if bytes > most {
        let said = format!("{what} takes about {takes} of memory, expected at most 90 % of {of}");
        return Verdict::TooMuch(said, most);
    }
    if bytes as f64 > TIGHT * room {
        return Verdict::Tight(format!(
            "{what} takes about {takes} of memory, more than half of {of}"
        ));
    }
    Verdict::Fits
}

/// A warning where memory is tight.
///
/// # Errors
/// There is too little; `instead` says what to do.
pub fn require(
    what: &str,
    bytes: usize,
    instead: impl FnOnce(usize) -> String,
) -> Result<Option<String>> {
    match judge(what, bytes) {
        Verdict::Fits => Ok(None),
        Verdict::Tight(warning) => Ok(Some(warning)),
        Verdict::TooMuch(said, most) => Err(Error::Refused(format!("{said}; {}", instead(most)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::fault;

    #[test]
    fn sizes_are_read_in_powers_of_ten_and_of_two() {
        for (text, bytes) in [
            ("4GB", 4_000_000_000),
            ("4g", 4_000_000_000),
            ("1.5 GiB", 1_610_612_736),
            ("500MB", 500_000_000),
        ] {
            assert_eq!(text.parse(), Ok(MemorySize(bytes)), "{text}");
        }
        for text in ["", "4", "GB", "-1GB", "4 gigabytes", "0MB", "1e300GB", "nanGB"] {
            assert!(text.parse::<MemorySize>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_file_declares_is_refused_before_it_is_taken_and_small_pieces_add_up() {
        for bytes in [usize::MAX, room().unwrap() * 2] {
            let said = take(bytes).unwrap_err().to_string();
            assert!(fault(&said, "damaged").starts_with("it is too large"), "{said}");
            assert!(said.contains("that are free"), "{said}");
        }
        assert_eq!(take_values::<f64>(1000), Ok(()));
        assert!(take_values::<f64>(usize::MAX / 4).is_err());
        ASKED.store(UNNOTICED, Ordering::Relaxed);
        assert_eq!(take(1), Ok(()), "there is room for one more byte");
        assert_eq!(fault(&"no such chunk", "damaged"), "damaged");
    }

    #[test]
    fn what_takes_half_of_the_free_memory_is_warned_of_and_what_takes_all_of_it_refused() {
        let free = room().unwrap();
        assert_eq!(judge("a fit", free / 10), Verdict::Fits);
        assert!(
            matches!(judge("a fit", free / 10 * 7), Verdict::Tight(said) if said.starts_with("a fit takes about"))
        );
        let error = require("a fit", free, |most| format!("at most {most}")).unwrap_err();
        assert!(error.to_string().contains("90 % of the"), "{error}");
    }

    #[test]
    fn a_limit_counts_where_it_leaves_less_than_the_machine_has() {
        let limit = |free| Some(MemoryLimit { limit: 4_000_000_000, free });
        let room = free(Some(200_000_000_000), limit(3_000_000_000)).unwrap();
        assert_eq!(room, Room { bytes: 3_000_000_000, given_by: GivenBy::Limit });
        let Verdict::TooMuch(said, most) = judged("a fit", 2_900_000_000, room) else {
            panic!("it was let through")
        };
        assert_eq!(most, 2_700_000_000);
        assert!(
            said.ends_with("of the 3.0 GB that the memory limit of this job or container leaves")
        );
        let room = free(Some(1_000_000_000), limit(3_000_000_000)).unwrap();
        assert_eq!(room, Room { bytes: 1_000_000_000, given_by: GivenBy::Machine });
        assert_eq!(free(None, None), None);
    }
}
