//! `strf eval`: a trained model and clips → scores.
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, json};

use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::dataset::ResponseFile;
use crate::runs::SplitName;
use crate::runs::folder::write_scores;
use crate::runs::metadata::PROGRAM;
use crate::runs::trained::{Needs, Trained, default_split};
use crate::scores::chance::FEWEST_ARRANGEMENTS;
use crate::scores::evaluation::{Over, Scores};
use crate::scores::uncertainty::Resampling;

/// `strf eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Run folder
    pub run: PathBuf,
    /// Dataset to score on instead of the run's own
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Stimuli to score on [default: test; all with --data]
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// Score each clip by itself and average, instead of all clips in a row
    #[arg(long, conflicts_with_all = ["bootstrap", "permutations"])]
    pub per_clip: bool,
    /// Draw clips so many times for 95 % intervals of correlations, e.g. 1000
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub bootstrap: usize,
    /// Shift the responses in a circle so many times for p-values of cc, e.g. 1000
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub permutations: usize,
    /// Seed of draws and permutations
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
    /// Folder for scores.csv and scores.json; without it they are printed only
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace scores that lie there
    #[arg(long)]
    pub force: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Prints the scores, and writes them where `--out` says.
pub fn run(args: &EvalArgs, console: &Console) -> Result<()> {
    let trained = Trained::open(&args.run)?;
    let other = args.data.as_deref();
    let split = default_split(args.split, other);
    let clips = trained.clips(other, split, Needs::Responses)?;
    let recording = &clips.recording;
    for note in &clips.notes {
        console.note(note);
    }
    let predictions = {
        let bar = console.bar("predicted stimuli", clips.places.len())?;
        trained.predictions_of_each(&clips, || bar.step(""))?
    };
    let resampling =
        Resampling { bootstrap: args.bootstrap, permutations: args.permutations, seed: args.seed };
    let scores = console.during("scoring", || {
        let mut file = ResponseFile::open(&recording.file)?;
        let scoring = trained.scoring(&clips, &predictions, over(args), &mut file)?;
        Ok(scoring.finish_with(&resampling))
    })?;
    require_sense(&scores, args, &recording.file)?;
    for warning in &scores.uncertainty.warnings {
        console.warn(warning);
    }

    let mut run = Map::new();
    run.insert("program".into(), PROGRAM.into());
    // Scores may be written anywhere: a path from the working folder would lead nowhere there.
    let file = std::fs::canonicalize(&recording.file).unwrap_or_else(|_| recording.file.clone());
    run.insert("data".into(), file.to_string_lossy().into());
    run.insert("split".into(), name(split).into());
    run.insert("over".into(), if args.per_clip { "each clip" } else { "all clips" }.into());
    let stimuli: Vec<&str> = clips.iter().map(|clip| clip.stimulus.id.as_str()).collect();
    run.insert("stimuli".into(), stimuli.into());
    if let Some(content) = trained.scored_content(&clips) {
        run.insert("content".into(), json!(content));
    }
    let summary = scores.json(run);
    if let Some(folder) = &args.out {
        files::create_folder(folder)?;
        write_scores(folder, &scores.csv()?, &summary, Existing::from_force(args.force))?;
    }
    let rest = match &args.out {
        Some(folder) => format!("see {}/scores.csv", folder.display()),
        None => "--out DIR writes them all".to_owned(),
    };
    console.result(&if args.json { format!("{summary:#}") } else { scores.table(&rest) })
}

fn over(args: &EvalArgs) -> Over {
    if args.per_clip { Over::EachClip } else { Over::AllClips }
}

/// An error where p-values alone were asked for and no neuron can have one; beside intervals the
/// scores say so.
fn require_sense(scores: &Scores, args: &EvalArgs, file: &Path) -> Result<()> {
    if !scores.uncertainty.impossible || args.bootstrap > 0 {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{}: found no neuron whose responses can be shifted in a circle in {FEWEST_ARRANGEMENTS} \
         ways or more (one for each bin of a clip, over all clips), expected one for \
         --permutations; leave it out, or take more stimuli with --split all",
        file.display()
    )))
}

fn name(split: SplitName) -> &'static str {
    match split {
        SplitName::Train => "train",
        SplitName::Valid => "valid",
        SplitName::Test => "test",
        SplitName::All => "all",
    }
}
