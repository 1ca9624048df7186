//! Why a command stopped, in words that say where, what was found, what was expected, what to do.
use std::fmt;
use std::path::{Path, PathBuf};

use super::mark::TextMark;

/// The result of everything above the tensors; tensor code returns candle's own.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a library or the system said.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a command stopped. [`Error::exit_status`] says what the program returns for it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Keys of a run file, or datasets of an HDF5 file, that do not fit; all of them at once.
    #[error("{}", listing(file, problems))]
    Input {
        /// The run file or HDF5 file.
        file: PathBuf,
        /// In the order of the file's schema.
        problems: Vec<Problem>,
    },
    /// What was asked for cannot be done with what is there; one sentence each for what was
    /// found, what was expected and what to do.
    #[error("{0}")]
    Refused(String),
    /// The system refused to read or write a file.
    #[error("{doing}")]
    File {
        /// What was attempted, with the file: `writing runs/ln/config.toml`.
        doing: String,
        /// What the library or the system said.
        source: Cause,
    },
    /// A computation failed.
    #[error("{doing}")]
    Failed {
        /// What was attempted: `epoch 3, batch 2`.
        doing: String,
        /// What the library said.
        source: Cause,
    },
    /// Training came to a stop that only a change of settings can avoid, such as a loss of NaN.
    #[error("{0}")]
    Stopped(String),
    /// The user pressed Ctrl-C; says how to go on.
    #[error("{0}")]
    Interrupted(String),
}

impl Error {
    /// Wraps a failure to read or write, `doing` naming the file.
    pub fn file(doing: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::File { doing: doing.into(), source: source.into() }
    }

    /// Wraps a failed computation.
    pub fn failed(doing: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Failed { doing: doing.into(), source: source.into() }
    }

    /// 1 the run failed, 2 what was given is wrong or cannot be read or written, 130 interrupted.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Input { .. } | Self::Refused(_) | Self::File { .. } => 2,
            Self::Failed { .. } | Self::Stopped(_) => 1,
            Self::Interrupted(_) => 130,
        }
    }
}

impl From<candle_core::Error> for Error {
    fn from(source: candle_core::Error) -> Self {
        let said = source.to_string();
        if tells_of_size(&said) {
            return Self::Refused(said);
        }
        Self::failed("a tensor operation failed", source)
    }
}

/// More memory than what a file asks for may take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it takes about {takes} of memory, expected at most {most}")]
pub struct TooLarge {
    /// What was asked for.
    pub takes: String,
    /// What may be taken.
    pub most: String,
}

impl From<TooLarge> for std::io::Error {
    fn from(cause: TooLarge) -> Self {
        Self::other(cause)
    }
}

/// What is wrong with something that cannot be read: it is `damaged`, unless what was said of it is that there
/// is no memory for it.
pub fn fault<'f>(said: &dyn fmt::Display, damaged: &'f str) -> &'f str {
    const TOO_LARGE: &str = "it is too large (take a part of it, or a machine with more memory)";
    if tells_of_size(&said.to_string()) { TOO_LARGE } else { damaged }
}

/// Whether a library says what [`TooLarge`] does, which went through it.
fn tells_of_size(said: &str) -> bool {
    said.contains("it takes about ") && said.contains(" of memory, expected at most ")
}

/// One thing that does not fit: `4:10 train.lr: found nan, expected a number in (0, 1]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands in a text file.
    pub place: Option<Box<TextMark>>,
    /// Key of the run file or path inside the HDF5 file.
    pub at: String,
    /// The value as read.
    pub found: String,
    /// The range or shape that would fit.
    pub expected: String,
    /// What to do, if known; a whole sentence or empty.
    pub hint: String,
}

impl Problem {
    /// A problem without a place in a text file and without a hint.
    pub fn new(
        at: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        let (at, found, expected) = (at.into(), found.into(), expected.into());
        Self { place: None, at, found, expected, hint: String::new() }
    }

    /// The same problem at a place in a text file.
    #[must_use]
    pub fn placed(self, place: TextMark) -> Self {
        Self { place: Some(Box::new(place)), ..self }
    }

    /// The same problem with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, at, found, expected, hint } = self;
        if let Some(mark) = place {
            write!(f, "{}:{} ", mark.line, mark.column)?;
        }
        write!(f, "{at}: found {found}, expected {expected}")?;
        if !hint.is_empty() {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

fn listing(file: &Path, problems: &[Problem]) -> String {
    let plural = if problems.len() == 1 { "" } else { "s" };
    let heading = format!("{}: {} problem{plural}", file.display(), problems.len());
    problems.iter().fold(heading, |mut lines, problem| {
        let mark = problem.place.iter().flat_map(|mark| mark.shown());
        let mark = mark.map(|line| format!("\n    {line}"));
        lines.extend(std::iter::once(format!("\n  {problem}")).chain(mark));
        lines
    })
}

/// Collects problems, so that one run of the program reports all of them.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes a problem unless `ok`; write `ok` as what must hold, so that NaN fails it.
    pub fn require(&mut self, ok: bool, problem: impl FnOnce() -> Problem) {
        if !ok {
            self.0.push(problem());
        }
    }

    /// Notes all that another collection has.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The first of them, as a file of another kind has thousands.
    #[must_use]
    pub fn first(mut self, most: usize) -> Self {
        self.0.truncate(most);
        self
    }

    /// True where nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value` if nothing was noted, else one error with all of it.
    pub fn into_result<T>(self, file: &Path, value: T) -> Result<T> {
        match self.0.as_slice() {
            [] => Ok(value),
            _ => Err(Error::Input { file: file.into(), problems: self.0 }),
        }
    }
}
