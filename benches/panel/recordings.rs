//! What is fitted to: recordings of all kinds that a model may meet.
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::program::{Program, answer};
use crate::{Result, chosen as chosen_of};

/// A recording of the panel.
pub struct Recording {
    /// How it is called.
    pub name: &'static str,
    /// What is special about it.
    pub about: &'static str,
    /// How far back the models look in milliseconds.
    pub window_ms: f64,
    /// Whether responses may be negative, so that no output nonlinearity may be in the way.
    pub signed: bool,
    /// Whether all fits are made of it.
    pub all_fits: bool,
    /// Whether it belongs to the quick panel; how long fits of such a recording take is checked.
    pub quick: bool,
    source: Source,
}

/// Where a recording comes from.
enum Source {
    /// `strf simulate` with these options.
    Simulated(&'static [&'static str]),
    /// A file, relative to the project, with numbers of the songs for training, validation, test.
    Songs(&'static str, [RangeInclusive<usize>; 3]),
}

const SIMULATED: Recording = Recording {
    name: "demo",
    about: "the recording of `make demo`",
    window_ms: 45.0,
    signed: false,
    all_fits: false,
    quick: false,
    source: Source::Simulated(&["--neurons=12"]),
};

/// All recordings, in the order of the table.
pub static RECORDINGS: &[Recording] = &[
    Recording { all_fits: true, quick: true, ..SIMULATED },
    Recording {
        name: "zebra-finch",
        about: "one neuron of a zebra finch, 20 songs of 10 repeats",
        window_ms: 100.0,
        all_fits: true,
        quick: true,
        source: Source::Songs("../shared/data/zebra_finch.h5", [1..=14, 15..=16, 17..=20]),
        ..SIMULATED
    },
    Recording {
        name: "on-off",
        about: "ON/OFF neurons behind AdapTrans",
        all_fits: true,
        source: Source::Simulated(&["--neurons=12", "--prefilter=adaptrans", "--seed=1"]),
        ..SIMULATED
    },
    Recording {
        name: "short",
        about: "20 s of sound, 4 repeats, few spikes",
        source: Source::Simulated(&[
            "--neurons=12",
            "--stimuli=10",
            "--bins=400",
            "--repeats=4",
            "--rate=0.05",
            "--seed=2",
        ]),
        ..SIMULATED
    },
    Recording {
        name: "long",
        about: "225 s of sound, 60 repeats, many spikes",
        source: Source::Simulated(&[
            "--neurons=12",
            "--stimuli=30",
            "--bins=1500",
            "--repeats=60",
            "--rate=0.5",
            "--seed=3",
        ]),
        ..SIMULATED
    },
    Recording {
        name: "natural",
        about: "sound whose neighbouring bands and bins are alike",
        source: Source::Simulated(&["--neurons=12", "--sound=natural", "--seed=4"]),
        ..SIMULATED
    },
    Recording {
        name: "sixty",
        about: "60 neurons",
        source: Source::Simulated(&["--neurons=60", "--seed=5"]),
        ..SIMULATED
    },
    Recording {
        name: "continuous",
        about: "a continuous signal with negative values; outputs are `identity`",
        signed: true,
        source: Source::Simulated(&[
            "--neurons=12",
            "--output=identity",
            "--noise=gaussian",
            "--seed=6",
        ]),
        ..SIMULATED
    },
];

/// The recordings of these names, or all of them where no name is given; of the quick panel, or
/// of the whole.
pub fn chosen(names: &[String], quick: bool) -> Result<Vec<&'static Recording>> {
    let mut chosen = chosen_of("--recordings", RECORDINGS, |recording| recording.name, names)?;
    chosen.retain(|recording| recording.quick || !quick);
    Ok(chosen)
}

/// What some recordings are, as a list.
pub fn list(recordings: &[&Recording]) -> String {
    let line = |recording: &&Recording| {
        let Recording { name, about, .. } = recording;
        let missing = if recording.is_here() { "" } else { "; left out: it is not here" };
        format!("- {name}: {about} (`{}`){missing}", recording.origin())
    };
    recordings.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Recording {
    /// As a run file in the panel's folder names it.
    pub fn file(&self) -> PathBuf {
        match &self.source {
            Source::Simulated(_) => format!("{}.h5", self.name).into(),
            Source::Songs(file, _) => Path::new(env!("CARGO_MANIFEST_DIR")).join(file),
        }
    }

    /// The value of `data.split`, where the file has none of its own.
    pub fn split(&self) -> Option<String> {
        let Source::Songs(_, [train, valid, test]) = &self.source else { return None };
        let songs = |numbers: &RangeInclusive<usize>| {
            numbers.clone().map(|number| format!("song{number:02}")).collect::<Vec<_>>()
        };
        let (train, valid, test) = (songs(train), songs(valid), songs(test));
        Some(format!("{{ train = {train:?}, valid = {valid:?}, test = {test:?} }}"))
    }

    /// Whether it can be had on this machine.
    pub fn is_here(&self) -> bool {
        matches!(self.source, Source::Simulated(_)) || self.file().exists()
    }

    /// How it is made; for a file, which one.
    pub fn origin(&self) -> String {
        match &self.source {
            Source::Simulated(options) => format!("strf simulate {}", options.join(" ")),
            Source::Songs(file, _) => (*file).to_owned(),
        }
    }

    /// By what its content is told from others: results of another content are others.
    pub fn identity(&self) -> Result<String> {
        if let Source::Simulated(_) = self.source {
            return Ok(self.origin());
        }
        let metadata = fs::metadata(self.file())?;
        Ok(format!("{} {} {:?}", self.origin(), metadata.len(), metadata.modified()?))
    }

    /// The file, which is simulated first where it is made up.
    pub fn make(&self, program: &Program, folder: &Path) -> Result<PathBuf> {
        let file = folder.join(self.file());
        if let Source::Simulated(options) = &self.source {
            let mut command = program.command("simulate");
            answer(command.arg(&file).args(*options).args(["--force", "--quiet"]))?;
        }
        Ok(file)
    }
}
