//! `strf export-strfs`: a trained model → its receptive fields, with axes, units and pictures.
use std::path::PathBuf;

use clap::Args;

use super::significance::SignificanceArgs;
use super::sweep::strfs::of_sweep;
use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::runs::SplitName;
use crate::runs::trained::{Needs, Trained};
use crate::strf::default_lags;
use crate::strf::export::ExportFormat;
use crate::strf::export::{self, export};
use crate::strf::from_model::{linear_response, strf_export};
use crate::strf::local::{Request, mean};
use crate::strf::plot::{ColourScale, plot};
use crate::strf::strf_export::{Extra, StrfExport, Which};
use crate::sweeps::folder::SweepFolder;

/// `strf export-strfs`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Run folder, or folder of a sweep: then the mean over its folds, with what their differences say of
    /// each weight
    pub run: PathBuf,
    /// Which model of a sweep, as its tables name it, where it has several
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// File to write, or folder for CSV [default: RUN/strfs.h5, RUN/strfs.npz, RUN/strfs/]
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// File format
    #[arg(long, value_enum, default_value = "hdf5")]
    pub format: ExportFormat,
    /// Draw a grid of the receptive fields as PNG, or SVG if FILE ends so, beside the export unless FILE is given
    #[arg(long, value_name = "FILE")]
    pub plot: Option<Option<PathBuf>>,
    /// Stimuli over which gradients are averaged, for models without kernels and for --linear
    #[arg(long, value_enum, default_value = "test")]
    pub at: SplitName,
    /// How far back gradients look, in milliseconds [default: the model's window, or until gradients have faded]
    #[arg(long, value_name = "MS")]
    pub window_ms: Option<f64>,
    /// Write the mean linear response of the whole model to the cochleagram too, prefilter included
    #[arg(long)]
    pub linear: bool,
    /// Other fits.
    #[command(flatten)]
    pub significance: SignificanceArgs,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
}

/// Milliseconds from one bin to the next at which the model is made linear, as `strf dstrf` has them.
const EVERY_MS: f64 = 25.0;

/// Writes the export, and a picture where it is asked for.
pub fn run(args: &ExportArgs, console: &Console) -> Result<()> {
    if SweepFolder::lies_in(&args.run) {
        return sweep(args, console);
    }
    if args.model.is_some() {
        return Err(Error::Refused(
            "--model: found a run folder, expected that of a sweep, which may hold several models"
                .into(),
        ));
    }
    let trained = Trained::open(&args.run)?;
    let others = args.significance.open(&trained)?;
    let destination = destination(args)?;

    // Gradients of other fits are taken at the same clips, over the same window.
    let lags = window(&trained, args)?;
    let export_of = |run: &Trained| {
        let samples = || run.sounds(&trained.clips(None, args.at, Needs::Sound)?);
        strf_export(run, samples, lags)
    };
    let stage = console.stage("receptive fields")?;
    let mut exported = export_of(&trained)?;
    if let Some(others) = others {
        let (_exports, note) = others.tell(&trained, &mut exported, export_of)?;
        if let Some(note) = note {
            console.note(&note);
        }
    }
    drop(stage);
    if args.linear {
        exported.extras.push(linear(&trained, args, lags, console)?);
    }
    destination.write(&exported, console)?;
    if let Some(note) = smoothing(&trained) {
        console.note(&note);
    }
    Ok(())
}

/// Where receptive fields go.
fn destination(args: &ExportArgs) -> Result<Destination> {
    let name = export::row(args.format).default_name;
    let out = args.out.clone().unwrap_or_else(|| args.run.join(name));
    Destination::new(out, args.format, args.plot.as_ref(), Existing::from_force(args.force))
}

/// The mean over the folds of a sweep.
fn sweep(args: &ExportArgs, console: &Console) -> Result<()> {
    let others = !args.significance.repeats.is_empty() || !args.significance.shuffles.is_empty();
    if others || args.linear {
        return Err(Error::Refused(
            "found --repeats, --shuffles or --linear beside a sweep, expected none of them: its folds are held \
             against each other; give one of its fits, jobs/NUMBER in its folder"
                .into(),
        ));
    }
    let destination = destination(args)?;
    let export_of = |run: &Trained| {
        let samples = || run.sounds(&run.clips(None, args.at, Needs::Sound)?);
        strf_export(run, samples, window(run, args)?)
    };
    let own = (args.model.as_deref(), args.significance.alpha);
    let exported =
        console.during("receptive fields of all folds", || of_sweep(&args.run, own, export_of))?;
    destination.write(&exported, console)
}

/// How far back gradients look, where it is asked for or nothing in the model says so.
fn window(trained: &Trained, args: &ExportArgs) -> Result<Option<usize>> {
    if let Some(window_ms) = args.window_ms {
        return Ok(Some(trained.metadata.dims().bins(window_ms)));
    }
    let network = &trained.network;
    if network.memory_of_model().is_some() || network.strfs()?.is_some() {
        return Ok(None);
    }
    let sounds = trained.sounds(&trained.clips(None, args.at, Needs::Sound)?)?;
    default_lags(network, &sounds).map(Some)
}

/// What smoothed responses do to receptive fields, where a run was fitted to such.
fn smoothing(trained: &Trained) -> Option<String> {
    let treatment = trained.preparation().treatment;
    treatment.smooths().then(|| {
        format!(
            "the responses were smoothed over {} ms before the fit, and the receptive fields are \
             with them: onset latencies come out earlier, durations longer and weights smaller than \
             the neuron's; docs/receptive-fields.md says by how much",
            treatment.smooth_ms
        )
    })
}

/// The mean linear response at bins [`EVERY_MS`] apart.
fn linear(
    trained: &Trained,
    args: &ExportArgs,
    lags: Option<usize>,
    console: &Console,
) -> Result<Extra> {
    let dims = trained.metadata.dims();
    let sounds = trained.sounds(&trained.clips(None, args.at, Needs::Sound)?)?;
    let neurons: Vec<usize> = (0..dims.neurons).collect();
    let request = Request {
        neurons: &neurons,
        lags: lags.unwrap_or(trained.network.lags()),
        every: dims.bins(EVERY_MS),
        components: 0,
        scale: &trained.metadata.scale,
    };
    let bar = console.bar("linear response", neurons.len() * sounds.len())?;
    let mean = mean(&trained.network, &sounds, &request, || bar.step(""))?;
    Ok(linear_response(&mean))
}

/// Where receptive fields are written, and their picture where one is asked for.
pub(super) struct Destination {
    out: PathBuf,
    format: ExportFormat,
    picture: Option<PathBuf>,
    existing: Existing,
}

impl Destination {
    /// A picture without a name of its own lies beside the export.
    ///
    /// # Errors
    /// Something may not be written there; asked before long work.
    pub(super) fn new(
        out: PathBuf,
        format: ExportFormat,
        plot: Option<&Option<PathBuf>>,
        existing: Existing,
    ) -> Result<Self> {
        let beside = || out.with_extension("png");
        let picture = plot.map(|file| file.clone().unwrap_or_else(beside));
        for path in std::iter::once(&out).chain(&picture) {
            files::check(path, existing)?;
        }
        Ok(Self { out, format, picture, existing })
    }

    /// Writes them and says where.
    pub(super) fn write(&self, exported: &StrfExport, console: &Console) -> Result<()> {
        export(exported, self.format, &self.out, self.existing)?;
        console.result(&self.out.display().to_string())?;
        if let Some(picture) = &self.picture {
            plot(exported, Which::Effective, ColourScale::EachPanel, picture, self.existing)?;
            console.result(&picture.display().to_string())?;
        }
        Ok(())
    }
}
