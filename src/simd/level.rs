//! Which vector instructions loops become: one value, through which all of them go.
//!
//! The best of the machine, unless the environment variable `STRF_SIMD` names another, or code runs
//! under another level ([`Level::run`]). Candle's own operations choose for themselves.
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use pulp::{Simd, WithSimd};

use crate::base::error::{Error, Result};
use crate::base::wording::one_of;

/// A set of vector instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    /// One number at a time.
    Scalar = 1,
    /// Registers of 256 bits, `x86_64`.
    Avx2 = 2,
    /// Registers of 512 bits, `x86_64`.
    Avx512 = 3,
    /// Registers of 128 bits, `aarch64`.
    Neon = 4,
}

/// The environment variable that names the level of the whole program.
pub const VARIABLE: &str = "STRF_SIMD";

const NOT_CHOSEN: u8 = 0;

/// The level of the whole program.
static PROGRAM: AtomicU8 = AtomicU8::new(NOT_CHOSEN);

thread_local! {
    /// The level of a thread that runs under one of its own.
    static THREAD: Cell<u8> = const { Cell::new(NOT_CHOSEN) };
}

impl Level {
    /// From the plainest to the best.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Neon, Self::Avx2, Self::Avx512];

    /// As [`VARIABLE`] names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }

    /// Those of this machine, from the plainest to the best.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|level| level.is_available()).collect()
    }

    /// The best one of this machine.
    fn best() -> Self {
        Self::available().last().copied().unwrap_or(Self::Scalar)
    }

    /// Whether this machine has the instructions.
    #[cfg(target_arch = "x86_64")]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Avx2 => pulp::x86::V3::is_available(),
            Self::Avx512 => pulp::x86::V4::is_available(),
            Self::Neon => false,
        }
    }

    /// Whether this machine has the instructions.
    #[cfg(target_arch = "aarch64")]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Neon => pulp::aarch64::Neon::is_available(),
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// Whether this machine has the instructions.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub fn is_available(self) -> bool {
        self == Self::Scalar
    }

    /// Runs `work` under this level, in threads of its own, as many as the machine would use.
    ///
    /// # Errors
    /// This machine lacks the instructions, or the threads cannot be started.
    pub fn run<T: Send>(self, work: impl FnOnce() -> T + Send) -> Result<T> {
        self.require("the level")?;
        let threads = rayon::ThreadPoolBuilder::new()
            .start_handler(move |_| THREAD.set(self as u8))
            .build()
            .map_err(|source| Error::failed("starting threads", source))?;
        Ok(threads.install(work))
    }

    fn require(self, what: &str) -> Result<()> {
        if self.is_available() {
            return Ok(());
        }
        let known: Vec<&str> = Self::available().into_iter().map(Self::name).collect();
        Err(Error::Refused(format!(
            "{what}: found {self}, which this machine lacks; expected {}",
            one_of(&known)
        )))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The level that the environment names; none where it names none.
///
/// # Errors
/// What it names is no level, or one that this machine lacks.
pub fn of_environment() -> Result<Option<Level>> {
    match std::env::var_os(VARIABLE) {
        Some(word) if !word.is_empty() => named(&word.to_string_lossy()).map(Some),
        _ => Ok(None),
    }
}

/// The level of this name, which this machine has.
fn named(word: &str) -> Result<Level> {
    let named = Level::ALL.into_iter().find(|level| level.name() == word);
    let level = named.ok_or_else(|| {
        let known: Vec<&str> = Level::available().into_iter().map(Level::name).collect();
        Error::Refused(format!("{VARIABLE}: found {word:?}, expected {}", one_of(&known)))
    })?;
    level.require(VARIABLE)?;
    Ok(level)
}

/// The level that loops run under at this place.
#[inline]
pub fn current() -> Level {
    let chosen = match THREAD.get() {
        NOT_CHOSEN => PROGRAM.load(Ordering::Relaxed),
        own => own,
    };
    match chosen {
        1 => Level::Scalar,
        2 => Level::Avx2,
        3 => Level::Avx512,
        4 => Level::Neon,
        _ => choose(),
    }
}

/// What the environment names, else the best level; the program refuses to start with a name that
/// cannot be used.
#[cold]
fn choose() -> Level {
    let level = of_environment().ok().flatten().unwrap_or_else(Level::best);
    PROGRAM.store(level as u8, Ordering::Relaxed);
    level
}

/// Runs loops with the instructions of the current level; plainly where the machine lacks them.
#[inline]
pub fn dispatch<W: WithSimd>(work: W) -> W::Output {
    match current() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => match pulp::x86::V4::try_new() {
            Some(simd) => Simd::vectorize(simd, work),
            None => plainly(work),
        },
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => match pulp::x86::V3::try_new() {
            Some(simd) => Simd::vectorize(simd, work),
            None => plainly(work),
        },
        #[cfg(target_arch = "aarch64")]
        Level::Neon => match pulp::aarch64::Neon::try_new() {
            Some(simd) => Simd::vectorize(simd, work),
            None => plainly(work),
        },
        _ => plainly(work),
    }
}

fn plainly<W: WithSimd>(work: W) -> W::Output {
    Simd::vectorize(pulp::Scalar, work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_of_the_machine_runs_under_its_own_name() {
        for level in Level::available() {
            let inside = level.run(|| rayon::join(current, current)).unwrap();
            assert_eq!(inside, (level, level));
        }
    }

    #[test]
    fn levels_that_are_unknown_or_missing_are_refused() {
        let message = named("avx9000").unwrap_err().to_string();
        assert!(message.starts_with("STRF_SIMD: found \"avx9000\", expected "), "{message}");
        let missing = Level::ALL.into_iter().find(|level| !level.is_available()).unwrap();
        let message = named(missing.name()).unwrap_err().to_string();
        assert!(message.contains("which this machine lacks"), "{message}");
        assert!(missing.run(|| ()).is_err());
    }
}
