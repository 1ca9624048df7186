//! `strf demo`: from a simulated recording to its report, by the commands that users type.
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, Parser};

use super::Cli;
use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::base::interrupt;
use crate::base::progress::Console;
use crate::base::wording::{in_shell, lasting};

/// `strf demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder to write
    #[arg(long, default_value = "strf-demo", value_name = "FOLDER")]
    pub out: PathBuf,
    /// Replace the folder, with all that lies in it, if strf demo made it
    #[arg(long)]
    pub force: bool,
}

/// Run files of the folder; they name the recording and the run folders as they lie there.
const RUN_FILES: [(&str, &str); 2] = [
    ("configs/ln.toml", include_str!("../../configs/ln.toml")),
    ("configs/nrf.toml", include_str!("../../configs/nrf.toml")),
];

/// Tells a folder of this command from others.
const MARKER: &str = ".strf-demo";
/// How the marker begins.
const MADE_HERE: &str = "This folder was made by strf demo; strf demo --force replaces it.\n";
/// What follows once all is there.
const FINISHED: &str = "finished\n";

/// About how long all of it takes.
const SECONDS: f64 = 5.0;

/// Where the demo goes, and where the one before it waits until the new one is complete.
struct DemoPlace {
    out: PathBuf,
    previous: PathBuf,
}

/// What lies at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DemoState {
    Nothing,
    /// A demo that did not come to its end.
    Half,
    Demo,
    /// Anything that this command did not make.
    Other,
}

/// Makes the folder and says what is in it.
pub fn run(args: &DemoArgs, console: &Console) -> Result<()> {
    let place = DemoPlace::new(&args.out);
    place.check(Existing::from_force(args.force))?;
    console.note(&format!(
        "strf demo: simulates a recording of twelve neurons, fits an LN model to it, scores it and draws what \
         each neuron listens to, in {}; about {} on two cores",
        args.out.display(),
        lasting(SECONDS)
    ));
    let begun = Instant::now();
    place.clear()?;
    let made = make(&args.out, console).and_then(|()| place.finish());
    if let Err(error) = made {
        return Err(place.restored(error, console));
    }
    console.result(&ending(&args.out, begun.elapsed().as_secs_f64()))
}

fn make(out: &Path, console: &Console) -> Result<()> {
    for folder in ["configs", "data", "runs"] {
        files::create_folder(&out.join(folder))?;
    }
    for (name, text) in RUN_FILES {
        files::write(&out.join(name), Existing::Keep, text.as_bytes())?;
    }
    for step in steps(out) {
        if interrupt::pressed() {
            return Err(Error::Interrupted(format!("interrupted before: {step}")));
        }
        console.note(&format!("\n$ {step}"));
        step.run(console)?;
    }
    Ok(())
}

/// A command of the program.
struct DemoStep(Vec<OsString>);

impl DemoStep {
    /// A command of words, of which those that begin with `@` are paths inside `out`.
    fn new(out: &Path, words: &str) -> Self {
        let word = |word: &str| match word.strip_prefix('@') {
            Some(inside) => out.join(inside).into_os_string(),
            None => word.into(),
        };
        Self(words.split(' ').map(word).collect())
    }

    fn run(&self, console: &Console) -> Result<()> {
        let words = std::iter::once(OsString::from("strf")).chain(self.0.iter().cloned());
        let cli = Cli::try_parse_from(words)
            .map_err(|source| Error::failed(format!("reading {self}"), source))?;
        super::run(&cli.command, console)
    }
}

impl fmt::Display for DemoStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "strf")?;
        self.0.iter().try_for_each(|word| write!(f, " {}", in_shell(Path::new(word))))
    }
}

fn steps(out: &Path) -> Vec<DemoStep> {
    [
        "simulate @data/demo.h5 --neurons 12",
        "inspect @data/demo.h5",
        "train @configs/ln.toml",
        "eval @runs/ln --split valid",
        "export-strfs @runs/ln --plot",
        "plot @runs/ln",
        "report @runs/ln",
    ]
    .map(|words| DemoStep::new(out, words))
    .into()
}

fn ending(out: &Path, seconds: f64) -> String {
    let inside = |path: &str| in_shell(&out.join(path));
    let next = [
        ("train @configs/nrf.toml", "a second model"),
        ("compare @runs/ln @runs/nrf", "which of the two predicts better"),
        ("import guess PATH", "how your own recording becomes such a dataset"),
    ];
    let next = next.map(|(words, why)| format!("  {}   # {why}", DemoStep::new(out, words)));
    format!(
        "\nthe demo is complete, after {}. To look at:\n  \
         {}   the page on the run: scores, neurons, receptive fields, predictions\n  \
         {}     the receptive fields\n  \
         {}     the scores, a row a neuron\n\
         To type next:\n{}",
        lasting(seconds),
        inside("runs/ln/report.html"),
        inside("runs/ln/strfs.png"),
        inside("runs/ln/scores.csv"),
        next.join("\n")
    )
}

impl DemoPlace {
    fn new(out: &Path) -> Self {
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(".previous");
        Self { out: out.to_owned(), previous: out.with_file_name(name) }
    }

    /// Refuses before anything is touched.
    fn check(&self, existing: Existing) -> Result<()> {
        let Self { out, previous } = self;
        let refused =
            |path: &Path, why: &str| Err(Error::Refused(format!("{}: {why}", path.display())));
        if out.file_name().is_none() {
            return refused(out, "is no name of a folder to make, expected one such as strf-demo");
        }
        files::check(out, Existing::Replace)?;
        let other = "strf demo did not make what lies there, and leaves it alone; name another folder with --out";
        match (DemoState::at(out)?, existing) {
            (DemoState::Other, _) => return refused(out, other),
            (DemoState::Demo, Existing::Keep) => {
                return refused(
                    out,
                    "holds a demo already; look at runs/ln/report.html in it, make it anew with --force, or name \
                     another folder with --out",
                );
            }
            (DemoState::Half, Existing::Keep) => {
                return refused(
                    out,
                    "holds a demo that did not come to its end; make it anew with --force, or name another folder \
                     with --out",
                );
            }
            _ => {}
        }
        match (DemoState::at(previous)?, existing) {
            (DemoState::Other, Existing::Replace) => refused(previous, other),
            (DemoState::Demo, Existing::Keep) => refused(
                previous,
                "holds the demo that stood here before another was stopped half way; name it back, or replace it \
                 with --force",
            ),
            _ => Ok(()),
        }
    }

    /// Puts a complete demo aside, removes half a one, and begins the new one.
    fn clear(&self) -> Result<()> {
        let Self { out, previous } = self;
        match DemoState::at(out)? {
            DemoState::Demo => {
                if matches!(DemoState::at(previous)?, DemoState::Demo | DemoState::Half) {
                    files::remove_if_there(previous)?;
                }
                rename(out, previous)?;
            }
            DemoState::Half => files::remove_if_there(out)?,
            DemoState::Nothing | DemoState::Other => {}
        }
        fs::create_dir(out)
            .map_err(|source| Error::file(format!("creating {}", out.display()), source))?;
        files::write(&out.join(MARKER), Existing::Keep, MADE_HERE.as_bytes())
    }

    /// The new one is complete, and the one before it can go.
    fn finish(&self) -> Result<()> {
        let text = format!("{MADE_HERE}{FINISHED}");
        files::write(&self.out.join(MARKER), Existing::Replace, text.as_bytes())?;
        match DemoState::at(&self.previous)? {
            DemoState::Demo | DemoState::Half => files::remove_if_there(&self.previous),
            DemoState::Nothing | DemoState::Other => Ok(()),
        }
    }

    /// What to say of an error; brings back the demo that was there before, where there is one, in place of
    /// half a new one. How to go on with a fit is nothing to say then: it is gone with that half.
    fn restored(&self, error: Error, console: &Console) -> Error {
        match (self.bring_back(), error) {
            (Ok(true), Error::Interrupted(_)) => Error::Interrupted(format!(
                "interrupted; {} is the demo that was there before",
                self.out.display()
            )),
            (Ok(_), error) => error,
            (Err(why), error) => {
                let kept = self.previous.display();
                console.warn(&format!("the demo that was there before is kept in {kept}: {why}"));
                error
            }
        }
    }

    fn bring_back(&self) -> Result<bool> {
        let Self { out, previous } = self;
        let is_there =
            DemoState::at(previous)? == DemoState::Demo && DemoState::at(out)? == DemoState::Half;
        if is_there {
            files::remove_if_there(out)?;
            rename(previous, out)?;
        }
        Ok(is_there)
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|source| Error::file(format!("moving {}", from.display()), source))
}

impl DemoState {
    /// What lies at a path; a link is followed to nothing.
    fn at(path: &Path) -> Result<Self> {
        let reading = |source| Error::file(format!("reading {}", path.display()), source);
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::Nothing),
            found => found.map_err(reading)?,
        };
        let marker = path.join(MARKER);
        let is_marked = found.is_dir()
            && fs::symlink_metadata(&marker)
                .is_ok_and(|marker| marker.is_file() && marker.len() < 1000);
        if !is_marked {
            return Ok(Self::Other);
        }
        let text = files::bytes(&marker).map_err(reading)?;
        Ok(match text.strip_prefix(MADE_HERE.as_bytes()) {
            Some(rest) if rest == FINISHED.as_bytes() => Self::Demo,
            Some(_) => Self::Half,
            None => Self::Other,
        })
    }
}
