//! `strf predict`: a trained model and clips → predictions.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::{Error, Result};
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
    /// Predict this many seconds at a time, where stimuli are so long that what a model makes of them on
    /// the way takes too much memory; the predictions are the same
    #[arg(long, value_name = "SECONDS")]
    pub block_s: Option<f64>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// Bins of a piece.
fn bins_of(seconds: f64, trained: &Trained) -> Result<usize> {
    let dt_ms = trained.metadata.dt_ms;
    if !(seconds.is_finite() && 1000.0 * seconds >= dt_ms) {
        return Err(Error::Refused(format!(
            "--block-s: found {seconds}, expected at least one bin of the model ({} s)",
            dt_ms / 1000.0
        )));
    }
    if !trained.network.goes_on() {
        return Err(Error::Refused(format!(
            "--block-s: found a model that takes stimuli as wholes ({}), expected one whose layers go on \
             where a piece ended; leave it out",
            trained.architecture.title()
        )));
    }
    Ok(trained.metadata.dims().bins(1000.0 * seconds))
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
    let predictions = {
        let bar = console.bar("predicted stimuli", clips.places.len())?;
        let step = || bar.step("");
        match args.block_s.map(|seconds| bins_of(seconds, &trained)).transpose()? {
            None => trained.predictions_of_each(&clips, step)?,
            Some(bins) => trained.predictions_in_pieces(&clips, bins, step)?,
        }
    };
    let named: Vec<_> = clips.iter().map(|clip| &clip.stimulus).zip(&predictions).collect();
    write_predictions(&out, &clips.recording, &trained.metadata.neurons, &named, existing)?;
    console.note(&format!("{} stimuli predicted", named.len()));
    console.result(&out.display().to_string())
}
