//! `strf predict`: a trained model and clips → predictions.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::Result;
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::dataset::write_predictions;
use crate::runs::SplitName;
use crate::runs::trained::{Needs, Trained, default_split};

/// `strf predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Run folder
    pub run: PathBuf,
    /// Dataset to predict instead of the run's own; needs no responses
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// HDF5 file to write [default: RUN/predictions.h5]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Stimuli to predict [default: test; all with --data]
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// Writes the predictions as HDF5.
pub fn run(args: &PredictArgs, console: &Console) -> Result<()> {
    let trained = Trained::open(&args.run)?;
    let out = args.out.clone().unwrap_or_else(|| args.run.join("predictions.h5"));
    let existing = Existing::from_force(args.force);
    files::check(&out, existing)?;
    let other = args.data.as_deref();
    let clips = trained.clips(other, default_split(args.split, other), Needs::Sound)?;
    for note in &clips.notes {
        console.note(note);
    }
    let predictions = trained.predictions(&clips)?;
    let named: Vec<_> = clips.iter().map(|clip| &clip.stimulus).zip(&predictions).collect();
    write_predictions(&out, &clips.recording, &trained.metadata.neurons, &named, existing)?;
    console.note(&format!("{} stimuli predicted", named.len()));
    console.result(&out.display().to_string())
}
