//! `strf export-strfs`: a trained model → its receptive fields, with axes, units and pictures.
use crate::cli::ExportArgs;
use crate::error::Result;
use crate::files::{self, Existing};
use crate::progress::Console;
use crate::strf::dump::Which;
use crate::strf::export::{self, export};
use crate::strf::from_model::dump;
use crate::strf::plot::{Scale, plot};
use crate::trained::{Needs, Trained};

/// Writes the export, and a picture where it is asked for.
pub fn run(args: &ExportArgs, console: &Console) -> Result<()> {
    let trained = Trained::open(&args.run)?;
    let samples = || {
        let recording = trained.recording(None, Needs::Sound)?.recording;
        let clips = trained.clips(&recording, args.at)?;
        let neurons = trained.metadata.neurons.len();
        trained.preparation().sounds(&recording, &clips, neurons, &trained.device)
    };
    let existing = Existing::from_force(args.force);
    let name = export::row(args.format).default_name;
    let out = args.out.clone().unwrap_or_else(|| args.run.join(name));
    let beside = || out.with_extension("png");
    let picture = args.plot.as_ref().map(|file| file.clone().unwrap_or_else(beside));
    for path in std::iter::once(&out).chain(&picture) {
        files::check(path, existing)?;
    }

    let lags = args.window_ms.map(|window_ms| trained.metadata.dims().bins(window_ms));
    let dump = dump(&trained, samples, lags)?;
    export(&dump, args.format, &out, existing)?;
    console.result(&out.display().to_string())?;
    if let Some(picture) = picture {
        plot(&dump, Which::Effective, Scale::EachPanel, &picture, existing)?;
        console.result(&picture.display().to_string())?;
    }
    Ok(())
}
