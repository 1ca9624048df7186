//! `strf dstrf`: a trained model and clips → what each neuron listens to from moment to moment.
use super::export_strfs::Destination;
use super::significance::Others;
use crate::cli::DstrfArgs;
use crate::error::{Error, Result};
use crate::files::Existing;
use crate::progress::Console;
use crate::strf::export;
use crate::strf::from_model::dump_local;
use crate::strf::local::{Request, local};
use crate::trained::{Needs, Trained};

/// Writes mean, deviation and components of the locally linear receptive fields.
pub fn run(args: &DstrfArgs, console: &Console) -> Result<()> {
    check(args)?;
    let trained = Trained::open(&args.run)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| args.run.join(format!("d{}", export::row(args.format).default_name)));
    let existing = Existing::from_force(args.force);
    let destination = Destination::new(out, args.format, args.plot.as_ref(), existing)?;
    let neurons = places(&args.neurons, &trained.metadata.neurons)?;
    let others = Others::open(&args.significance, &trained)?;
    let recording = trained.recording(None, Needs::Sound)?.recording;
    let clips = trained.clips(&recording, args.at)?;
    // Other fits are made linear at the same clips.
    let dump_of = |run: &Trained| {
        let dims = run.metadata.dims();
        let request = Request {
            neurons: &neurons,
            lags: args.window_ms.map_or(run.network.lags(), |window_ms| dims.bins(window_ms)),
            every: dims.bins(args.every_ms),
            components: args.components.into(),
            scale: &run.metadata.scale,
        };
        let samples = run.preparation().sounds(&recording, &clips, dims.neurons, &run.device)?;
        let bar = console.bar("neuron", neurons.len())?;
        let found = local(&run.network, &samples, &request, || bar.step(""))?;
        drop(bar);
        let (count, run_folder) = (found.count, run.folder.path().display());
        console
            .note(&format!("{run_folder}: {count} locally linear receptive fields of each neuron"));
        dump_local(run, &neurons, &found)
    };
    let mut dump = dump_of(&trained)?;
    if let Some(others) = others {
        others.tell(&trained, &mut dump, dump_of)?;
    }
    destination.write(&dump, console)
}

fn check(args: &DstrfArgs) -> Result<()> {
    let lengths = [("--every-ms", Some(args.every_ms)), ("--window-ms", args.window_ms)];
    let bad = lengths.into_iter().find(|(_, ms)| ms.is_some_and(|ms| !(ms > 0.0 && ms < 1e6)));
    match bad {
        Some((name, Some(ms))) => {
            let expected = "expected milliseconds above 0, less than a million";
            Err(Error::Refused(format!("{name}: found {ms}, {expected}")))
        }
        _ => Ok(()),
    }
}

/// Where the neurons that are asked for lie among those of the model; all where none is named.
fn places(asked: &[String], known: &[String]) -> Result<Vec<usize>> {
    if asked.is_empty() {
        return Ok((0..known.len()).collect());
    }
    let place = |id: &String| {
        known.iter().position(|known| known == id).ok_or_else(|| {
            Error::Refused(format!(
                "--neurons: found {id}, expected ids of the model's {} neurons; \
                 model/metadata.json lists them",
                known.len()
            ))
        })
    };
    asked.iter().map(place).collect()
}
