//! `strf dstrf`: a trained model and clips → what each neuron listens to from moment to moment.
use std::path::PathBuf;

use clap::Args;

use super::export_strfs::Destination;
use super::significance::SignificanceArgs;
use crate::base::error::{Error, Result};
use crate::base::files::Existing;
use crate::base::progress::Console;
use crate::runs::SplitName;
use crate::runs::trained::{Needs, Trained};
use crate::strf::default_lags;
use crate::strf::export;
use crate::strf::export::ExportFormat;
use crate::strf::from_model::export_local;
use crate::strf::local::{Request, local, memory};

/// Bytes of memory from which on they are said before a job.
const WORTH_SAYING: usize = 1 << 29;

/// `strf dstrf`.
#[derive(Debug, Args)]
pub struct DstrfArgs {
    /// Run folder
    pub run: PathBuf,
    /// File to write, or folder for CSV [default: RUN/dstrfs.h5, RUN/dstrfs.npz, RUN/dstrfs/]
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// File format
    #[arg(long, value_enum, default_value = "hdf5")]
    pub format: ExportFormat,
    /// Draw a grid of the means as PNG, or SVG if FILE ends so, beside the export unless FILE is given
    #[arg(long, value_name = "FILE")]
    pub plot: Option<Option<PathBuf>>,
    /// Stimuli at which the model is made linear
    #[arg(long, value_enum, default_value = "test")]
    pub at: SplitName,
    /// How far back they look, in milliseconds [default: the model's window]
    #[arg(long, value_name = "MS")]
    pub window_ms: Option<f64>,
    /// One is taken every so many milliseconds of a clip; rounded to whole bins, at least one
    #[arg(long, value_name = "MS", default_value_t = 25.0, allow_negative_numbers = true)]
    pub every_ms: f64,
    /// Principal components to keep
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub components: u16,
    /// Ids of neurons, with commas between, or several times [default: all]
    #[arg(long, value_name = "ID")]
    pub neurons: Vec<String>,
    /// Other fits.
    #[command(flatten)]
    pub significance: SignificanceArgs,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
}

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
    let others = args.significance.open(&trained)?;
    let clips = trained.clips(None, args.at, Needs::Sound)?;
    let window = args.window_ms.map(|window_ms| trained.metadata.dims().bins(window_ms));
    let lags = match window {
        Some(lags) => lags,
        None => default_lags(&trained.network, &trained.sounds(&clips)?)?,
    };
    // Other fits are made linear at the same clips, over the same window.
    let export_of = |run: &Trained| {
        let dims = run.metadata.dims();
        let request = Request {
            neurons: &neurons,
            lags,
            every: dims.bins(args.every_ms),
            components: args.components.into(),
            scale: &run.metadata.scale,
        };
        let samples = run.sounds(&clips)?;
        let memory = memory(&samples, &request);
        if memory >= WORTH_SAYING {
            console.note(&format!(
                "takes about {:.1} GB of memory for {} bands of {} lags; fewer with --window-ms, or \
                 with --every-ms",
                memory as f64 / 1e9,
                run.metadata.bands,
                request.lags
            ));
        }
        let bar = console.bar("neuron", neurons.len())?;
        let found = local(&run.network, &samples, &request, || bar.step(""))?;
        drop(bar);
        let (count, run_folder) = (found.count, run.folder.path().display());
        console
            .note(&format!("{run_folder}: {count} locally linear receptive fields of each neuron"));
        export_local(run, &neurons, &found)
    };
    let mut exported = export_of(&trained)?;
    if let Some(others) = others {
        let (_exports, note) = others.tell(&trained, &mut exported, export_of)?;
        if let Some(note) = note {
            console.note(&note);
        }
    }
    destination.write(&exported, console)
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
    let mut places = Vec::new();
    for list in asked {
        places.extend(of_list(list, known)?);
    }
    Ok(places)
}

/// The places of ids with commas between; an id may have commas itself, so as much of the list as is
/// one counts as one.
fn of_list(list: &str, known: &[String]) -> Result<Vec<usize>> {
    let pieces: Vec<&str> = list.split(',').collect();
    let (mut places, mut from) = (Vec::new(), 0);
    while from < pieces.len() {
        let longest = (from + 1..=pieces.len()).rev().find_map(|to| {
            let id = pieces[from..to].join(",");
            known.iter().position(|known| *known == id).map(|place| (place, to))
        });
        let Some((place, to)) = longest else {
            return Err(Error::Refused(format!(
                "--neurons: found {}, expected ids of the model's {} neurons; model/metadata.json \
                 lists them",
                pieces[from],
                known.len()
            )));
        };
        places.push(place);
        from = to;
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_may_have_commas_of_their_own() {
        let known = ["a", "b", "a,b", "c, left"].map(String::from);
        let of = |asked: &[&str]| {
            places(&asked.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(), &known)
        };
        assert_eq!(of(&["b,a"]).unwrap(), [1, 0]);
        assert_eq!(of(&["a,b"]).unwrap(), [2]);
        assert_eq!(of(&["a", "b"]).unwrap(), [0, 1]);
        assert_eq!(of(&["c, left,a"]).unwrap(), [3, 0]);
        assert!(of(&["a,d"]).unwrap_err().to_string().contains("found d, expected"));
    }
}
