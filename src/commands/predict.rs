//! `strf predict`: a trained model and clips → predictions.
use crate::cli::PredictArgs;
use crate::data::{Read, write_predictions};
use crate::error::Result;
use crate::files::{self, Existing};
use crate::prediction;
use crate::progress::Console;
use crate::trained::{Needs, Trained, default_split};

/// Writes the predictions as HDF5.
pub fn run(args: &PredictArgs, console: &Console) -> Result<()> {
    let trained = Trained::open(&args.run)?;
    let out = args.out.clone().unwrap_or_else(|| args.run.join("predictions.h5"));
    let existing = Existing::from_force(args.force);
    files::check(&out, existing)?;
    let other = args.data.as_deref();
    let Read { recording, notes } = trained.recording(other, Needs::Sound)?;
    for note in &notes {
        console.note(note);
    }
    let clips = trained.clips(&recording, default_split(args.split, other))?;
    let samples = trained.preparation().sounds(
        &recording,
        &clips,
        trained.metadata.neurons.len(),
        &trained.device,
    )?;
    let predictions = prediction::of(&trained.network, &samples, trained.config.train.batch)?;
    let named: Vec<_> =
        clips.iter().map(|&clip| &recording.clips[clip].stimulus).zip(&predictions).collect();
    write_predictions(&out, &recording, &trained.metadata.neurons, &named, existing)?;
    console.note(&format!("{} stimuli predicted", named.len()));
    console.result(&out.display().to_string())
}
