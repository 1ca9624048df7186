//! `strf simulate`: settings -> recording and truth -> dataset file.
use crate::cli::SimulateArgs;
use crate::data::Clip;
use crate::error::Result;
use crate::files::{self, Existing};
use crate::metrics::statistics::mean_of_defined;
use crate::progress::Console;
use crate::simulation::{self, Settings, Simulated};

/// Writes the file and says what is in it.
pub fn run(args: &SimulateArgs, console: &Console) -> Result<()> {
    let settings = Settings::from(args);
    let existing = Existing::from_force(args.force);
    files::check(&args.out, existing)?;
    let simulated = simulation::simulate(&settings)?;
    simulated.notes.iter().for_each(|note| console.note(note));
    simulation::write(&args.out, &simulated, &settings, existing)?;
    console.result(&summary(args, &simulated))
}

fn summary(args: &SimulateArgs, simulated: &Simulated) -> String {
    let recording = &simulated.recording;
    let bins: usize = recording.clips.iter().map(Clip::bins).sum();
    let responses = recording.clips.iter().flat_map(|clip| &clip.responses);
    let mean = mean_of_defined(responses.map(|value| f64::from(*value)));
    let seconds = bins as f64 * recording.dt_ms / 1000.0;
    format!(
        "wrote {}\n  {} stimuli, {bins} bins of {} ms ({seconds:.1} s), {} bands\n  \
         {} neurons, {} repeats, mean response {mean:.3} per bin\n  \
         the true receptive fields are in /truth/strfs",
        args.out.display(),
        recording.clips.len(),
        recording.dt_ms,
        recording.bands(),
        recording.neurons.len(),
        args.repeats,
    )
}
