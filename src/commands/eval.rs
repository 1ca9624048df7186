//! `strf eval`: a trained model and clips → scores.
use std::path::Path;

use serde_json::Map;

use crate::cli::{EvalArgs, SplitName};
use crate::data::{Read, ResponseFile};
use crate::error::{Error, Result};
use crate::files::Existing;
use crate::metadata::PROGRAM;
use crate::prediction;
use crate::progress::Console;
use crate::run_folder::write_scores;
use crate::trained::{Needs, Trained, default_split};

/// Prints the scores, and writes them where `--out` says.
pub fn run(args: &EvalArgs, console: &Console) -> Result<()> {
    let trained = Trained::open(&args.run)?;
    let other = args.data.as_deref();
    let Read { recording, notes } = trained.recording(other, Needs::Responses)?;
    for note in &notes {
        console.note(note);
    }
    let split = default_split(args.split, other);
    let clips = trained.clips(&recording, split)?;
    let (preparation, neurons) = (trained.preparation(), &trained.metadata.neurons);
    let sounds = preparation.sounds(&recording, &clips, neurons.len(), &trained.device)?;
    let mut file = ResponseFile::open(&recording.file)?;
    let responses = |clip: usize| {
        let stored = &recording.clips[clips[clip]].responses;
        Ok(preparation.treatment.repeats(file.read(stored)?))
    };
    let batch = trained.config.train.batch;
    let scores = prediction::score(&trained.network, &sounds, batch, neurons, responses)?;

    let mut run = Map::new();
    run.insert("program".into(), PROGRAM.into());
    run.insert("data".into(), recording.file.to_string_lossy().into());
    run.insert("split".into(), name(split).into());
    let stimuli: Vec<&str> = sounds.iter().map(|sample| sample.id.as_str()).collect();
    run.insert("stimuli".into(), stimuli.into());
    let summary = scores.json(run);
    if let Some(folder) = &args.out {
        create(folder)?;
        write_scores(folder, &scores.csv()?, &summary, Existing::from_force(args.force))?;
    }
    let rest = match &args.out {
        Some(folder) => format!("see {}/scores.csv", folder.display()),
        None => "--out DIR writes them all".to_owned(),
    };
    console.result(&if args.json { format!("{summary:#}") } else { scores.table(&rest) })
}

fn name(split: SplitName) -> &'static str {
    match split {
        SplitName::Train => "train",
        SplitName::Valid => "valid",
        SplitName::Test => "test",
        SplitName::All => "all",
    }
}

fn create(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .map_err(|source| Error::file(format!("creating the folder {}", folder.display()), source))
}
