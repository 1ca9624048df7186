//! What the program tells while it runs: results on stdout; notes, warnings, errors and progress
//! bars on stderr. Where no bar can be drawn, as in the log of a cluster, lines say how far work is.
use std::error::Error as _;
use std::io::{ErrorKind, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::{Error, Result};
use super::wording::{lasting, one_line, printable};

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
            writeln!(stdout, "{}", printable(text.trim_end_matches('\n')))?;
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
        self.drawn(what, ProgressBar::new(steps as u64), (LAYOUT, "about"))
    }

    /// The same of work that may end before its last step.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn bar_of_at_most(&self, what: &str, steps: usize) -> Result<Bar> {
        self.drawn(what, ProgressBar::new(steps as u64), (LAYOUT_OF_AT_MOST, "at most"))
    }

    /// Says that work called `what`, whose steps cannot be counted, is being done, and for how long.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn stage(&self, what: &str) -> Result<Bar> {
        let bar = self.drawn(what, ProgressBar::no_length(), (LAYOUT_OF_STAGE, ""))?;
        if !bar.bar.is_hidden() {
            bar.bar.enable_steady_tick(Duration::from_millis(200));
        }
        Ok(bar)
    }

    /// Does work that is a [`Console::stage`].
    ///
    /// # Errors
    /// Those of the work.
    pub fn during<T>(&self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let _stage = self.stage(what)?;
        work()
    }

    /// Shows a bar in a layout; lines say how long it takes behind a word such as `about`.
    fn drawn(
        &self,
        what: &str,
        bar: ProgressBar,
        (layout, about): (&str, &'static str),
    ) -> Result<Bar> {
        let style = ProgressStyle::with_template(layout)
            .map_err(|source| Error::failed("laying out the progress bar", source))?;
        let bar = self.bars.add(bar.with_style(style).with_prefix(one_line(what)));
        let is_told = bar.is_hidden() && self.verbosity == Verbosity::Normal;
        let lines = is_told.then(|| Lines::begin(self, &bar, about));
        Ok(Bar { bar, lines })
    }

    fn tell(&self, text: &str) {
        self.bars.suspend(|| tell(text));
    }
}

/// Prints what the user should look into, from where no console is at hand.
pub fn warn_aside(text: &str) {
    tell(&format!("strf: warning: {text}"));
}

fn tell(text: &str) {
    // Where stderr cannot be written, there is nowhere left to say so.
    let _unsaid = writeln!(std::io::stderr().lock(), "{}", printable(text));
}

const LAYOUT: &str = "{prefix} {pos}/{len} [{bar:24}] {eta} left  {wide_msg}";
const LAYOUT_OF_AT_MOST: &str = "{prefix} {pos}/{len} [{bar:24}] at most {eta} left  {wide_msg}";
const LAYOUT_OF_STAGE: &str = "{spinner} {prefix}  {elapsed}  {wide_msg}";

/// A progress bar; it vanishes when it is dropped.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    lines: Option<Lines>,
}

impl Bar {
    /// One step is done; `message` says what came out of it, or is empty.
    pub fn step(&self, message: impl Into<String>) {
        self.say(message);
        self.bar.inc(1);
    }

    /// What the work is at.
    pub fn say(&self, message: impl Into<String>) {
        self.bar.set_message(one_line(&message.into()));
    }

    /// So many steps were done before, by a run that is now continued.
    pub fn start_at(&self, steps: usize) {
        self.bar.set_position(steps as u64);
        self.bar.reset_eta();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.lines = None;
        self.bar.finish_and_clear();
    }
}

/// How often it is said how far work is, where no bar can be drawn.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// A thread that says in lines how far work is, until this is dropped.
#[derive(Debug)]
struct Lines {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    fn begin(console: &Console, bar: &ProgressBar, about: &'static str) -> Self {
        let (end, ended) = channel();
        let (console, bar) = (console.clone(), bar.clone());
        let tell = move || {
            while ended.recv_timeout(BETWEEN_LINES) == Err(RecvTimeoutError::Timeout) {
                console.note(&line(&bar, about));
            }
        };
        Self { end: Some(end), thread: Some(thread::spawn(tell)) }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        drop(self.end.take());
        // A thread that has ended otherwise has nothing left to say.
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

/// `stimuli 12/600, about 3 min left`, or `scoring: 15 s so far`.
fn line(bar: &ProgressBar, about: &str) -> String {
    let (what, so_far) = (bar.prefix(), lasting(bar.elapsed().as_secs_f64()));
    let message = bar.message();
    let gap = if message.is_empty() { "" } else { "  " };
    let Some(steps) = bar.length() else {
        return format!("{what}: {so_far} so far{gap}{message}");
    };
    // Before the first step there is nothing to tell the time by.
    let time = match bar.eta().as_secs_f64() {
        left if left > 0.0 => format!("{about} {} left", lasting(left)),
        _ => format!("{so_far} so far"),
    };
    format!("{what} {}/{steps}, {time}{gap}{message}", bar.position())
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
        assert_eq!((bar.bar.position(), bar.bar.length()), (5, Some(7)));
        assert_eq!(bar.bar.message(), "loss 0.4");
        assert!(bar.lines.is_none(), "quiet is quiet");
    }

    #[test]
    fn lines_say_how_far_work_is_and_how_long_it_takes() {
        let console = Console::new(Verbosity::Quiet);
        let bar = console.bar("stimuli", 600).unwrap();
        let said = line(&bar.bar, "about");
        assert!(said.starts_with("stimuli 0/600, 0.") && said.ends_with(" s so far"), "{said}");
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(20));
            bar.step("song1");
        }
        let said = line(&bar.bar, "about");
        let left = said.strip_prefix("stimuli 3/600, about ").unwrap();
        let seconds: f64 = left.strip_suffix(" s left  song1").unwrap().parse().unwrap();
        // 597 steps of 20 ms take 12 s; a machine that has much to do takes longer.
        assert!(seconds > 8.0, "{said}");
        let stage = console.stage("scoring").unwrap();
        let said = line(&stage.bar, "about");
        assert!(said.starts_with("scoring: 0.") && said.ends_with(" s so far"), "{said}");
        stage.say("song1");
        assert!(line(&stage.bar, "about").ends_with(" s so far  song1"));
    }

    #[test]
    fn a_bar_without_a_terminal_has_lines_that_end_with_it() {
        let console = Console {
            verbosity: Verbosity::Normal,
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
        };
        let begun = std::time::Instant::now();
        let bars = [
            console.bar("stimuli", 3),
            console.bar_of_at_most("training", 3),
            console.stage("scoring"),
        ];
        for bar in bars {
            assert!(bar.unwrap().lines.is_some());
        }
        assert!(begun.elapsed() < BETWEEN_LINES, "dropping waits for no line");
    }
}
