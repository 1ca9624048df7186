//! `strf simulate`: settings -> recording and truth -> dataset file.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::Result;
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::base::wording::{counted, range, stimuli_counted};
use crate::dataset::Clip;
use crate::simulation::{self, Noise, ResponseTally, Settings, Simulated, StimulusKind};

/// `strf simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Dataset file to write
    pub out: PathBuf,
    /// Stimuli
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub stimuli: u32,
    /// Bins of each stimulus
    #[arg(long, default_value_t = 999, value_parser = clap::value_parser!(u32).range(2..))]
    pub bins: u32,
    /// Shorten each stimulus by up to this share of its bins
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    pub ragged: f64,
    /// Width of a bin in milliseconds
    #[arg(long, default_value_t = 5.0)]
    pub dt_ms: f64,
    /// Frequency bands
    #[arg(long, default_value_t = 34, value_parser = clap::value_parser!(u32).range(1..))]
    pub bands: u32,
    /// Neurons
    #[arg(long, default_value_t = 119, value_parser = clap::value_parser!(u32).range(1..))]
    pub neurons: u32,
    /// Repeats of each stimulus
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeats: u32,
    /// Draw the repeats of each stimulus, from so many to --repeats [default: all have as many]
    #[arg(long, value_name = "REPEATS", value_parser = clap::value_parser!(u32).range(1..))]
    pub fewest_repeats: Option<u32>,
    /// Share of repeats that are missing, at random
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    pub missing: f64,
    /// How far back the receptive fields look, in milliseconds
    #[arg(long, default_value_t = 45.0, value_name = "MS")]
    pub window_ms: f64,
    /// Shape of the receptive fields: a name of `strf list parameterizations`
    #[arg(long, default_value = "full", value_name = "NAME")]
    pub shape: String,
    /// Prefilter in front of the receptive fields: none, or a name of `strf list prefilters`
    #[arg(long, default_value = "none", value_name = "NAME")]
    pub prefilter: String,
    /// Output nonlinearity: a name of `strf list outputs`
    #[arg(long, default_value = "softplus", value_name = "NAME")]
    pub output: String,
    /// Noise of single repeats
    #[arg(long, value_enum, default_value = "poisson")]
    pub noise: Noise,
    /// Sound
    #[arg(long, value_enum, default_value = "ripples")]
    pub sound: StimulusKind,
    /// Mean response per bin
    #[arg(long, default_value_t = 0.2)]
    pub rate: f64,
    /// Everything random follows from this number
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// Writes the file and says what is in it.
pub fn run(args: &SimulateArgs, console: &Console) -> Result<()> {
    let settings = Settings::from(args);
    let existing = Existing::from_force(args.force);
    files::check(&args.out, existing)?;
    let simulated =
        console.during("making sounds and neurons", || simulation::without_responses(&settings))?;
    simulated.notes.iter().for_each(|note| console.note(note));
    let tally = {
        // Each gets its responses, then its rates.
        let bar = console.bar("stimuli, twice", 2 * settings.stimuli)?;
        simulation::write(&args.out, &simulated, &settings, existing, || bar.step(""))?
    };
    console.result(&summary(args, &simulated, tally))
}

fn summary(args: &SimulateArgs, simulated: &Simulated<()>, tally: ResponseTally) -> String {
    let recording = &simulated.recording;
    let bins: usize = recording.clips.iter().map(Clip::bins).sum();
    let mean = tally.sum / tally.recorded as f64;
    let seconds = bins as f64 * recording.dt_ms / 1000.0;
    let (fewest, most) = tally.repeats.unwrap_or_default();
    let repeats = if most == 1 { "repeat" } else { "repeats" };
    format!(
        "wrote {}\n  {}, {bins} bins of {} ms ({seconds:.1} s), {}\n  \
         {}, {} {repeats}, mean response {mean:.3} per bin\n  \
         the true receptive fields are in /truth/strfs",
        args.out.display(),
        stimuli_counted(recording.clips.len()),
        recording.dt_ms,
        counted(recording.bands(), "band"),
        counted(recording.neurons.len(), "neuron"),
        range(fewest, most),
    )
}

impl From<&SimulateArgs> for Settings {
    fn from(args: &SimulateArgs) -> Self {
        let count = |n: u32| n as usize;
        Self {
            stimuli: count(args.stimuli),
            bins: count(args.bins),
            ragged: args.ragged,
            dt_ms: args.dt_ms,
            bands: count(args.bands),
            neurons: count(args.neurons),
            repeats: count(args.repeats),
            fewest_repeats: args.fewest_repeats.map(count),
            missing: args.missing,
            window_ms: args.window_ms,
            shape: args.shape.clone(),
            prefilter: args.prefilter.clone(),
            output: args.output.clone(),
            noise: args.noise,
            sound: args.sound,
            rate: args.rate,
            seed: args.seed,
        }
    }
}
