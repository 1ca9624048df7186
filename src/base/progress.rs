//! What the program tells while it runs: results on stdout; notes, warnings, errors and progress
//! bars on stderr.
use std::error::Error as _;
use std::io::{ErrorKind, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::{Error, Result};

/// How much is told on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Results, errors, warnings, notes and progress.
    Normal,
    /// Results, errors and warnings.
    Quiet,
}

/// The terminal, or what stands in for it.
#[derive(Debug, Clone)]
pub struct Console {
    verbosity: Verbosity,
    bars: MultiProgress,
}

impl Console {
    /// Progress bars are drawn on a terminal only.
    pub fn new(verbosity: Verbosity) -> Self {
        let target = match verbosity {
            Verbosity::Normal => ProgressDrawTarget::stderr(),
            Verbosity::Quiet => ProgressDrawTarget::hidden(),
        };
        Self { verbosity, bars: MultiProgress::with_draw_target(target) }
    }

    /// Prints text and a newline on stdout; a reader that has gone away is no error.
    ///
    /// # Errors
    /// Stdout cannot be written, such as to a full disk.
    pub fn result(&self, text: &str) -> Result<()> {
        let write = || {
            let mut stdout = std::io::stdout().lock();
            writeln!(stdout, "{}", text.trim_end_matches('\n'))?;
            stdout.flush()
        };
        match self.bars.suspend(write) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Error::file("writing to standard output", error))
            }
            _ => Ok(()),
        }
    }

    /// Prints what is good to know.
    pub fn note(&self, text: &str) {
        if self.verbosity == Verbosity::Normal {
            self.tell(text);
        }
    }

    /// Prints what the user should look into.
    pub fn warn(&self, text: &str) {
        self.tell(&format!("strf: warning: {text}"));
    }

    /// Prints why the program stops, with its causes.
    pub fn error(&self, error: &Error) {
        self.tell(&format!("strf: {error}"));
        let mut cause = error.source();
        while let Some(error) = cause {
            self.tell(&format!("  because {error}"));
            cause = error.source();
        }
    }

    /// A progress bar of `steps` steps called `what`, with the time left.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn bar(&self, what: &str, steps: usize) -> Result<Bar> {
        let style = ProgressStyle::with_template(LAYOUT)
            .map_err(|source| Error::failed("laying out the progress bar", source))?;
        let bar = ProgressBar::new(steps as u64).with_style(style).with_prefix(what.to_owned());
        Ok(Bar(self.bars.add(bar)))
    }

    fn tell(&self, text: &str) {
        // Where stderr cannot be written, there is nowhere left to say so.
        let _unsaid = self.bars.suspend(|| writeln!(std::io::stderr().lock(), "{text}"));
    }
}

const LAYOUT: &str = "{prefix} {pos}/{len} [{bar:24}] {eta} left  {wide_msg}";

/// A progress bar; it vanishes when it is dropped.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// One step is done; `message` says what came out of it, or is empty.
    pub fn step(&self, message: impl Into<String>) {
        self.0.set_message(message.into());
        self.0.inc(1);
    }

    /// Whether anyone can see it.
    pub fn is_drawn(&self) -> bool {
        !self.0.is_hidden()
    }

    /// So many steps were done before, by a run that is now continued.
    pub fn start_at(&self, steps: usize) {
        self.0.set_position(steps as u64);
        self.0.reset_eta();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_counts_its_steps_and_those_of_an_earlier_run() {
        let bar = Console::new(Verbosity::Quiet).bar("epoch", 7).unwrap();
        bar.start_at(3);
        bar.step("loss 0.5");
        bar.step("loss 0.4");
        assert_eq!((bar.0.position(), bar.0.length()), (5, Some(7)));
        assert_eq!(bar.0.message(), "loss 0.4");
    }
}
