//! How long a sweep would take, by a short fit of each combination.
use std::path::Path;

use crate::base::error::Result;
use crate::base::progress::Console;
use crate::base::wording::{counted, lasting};
use crate::dataset::{ReadRecording, ResponseLocation};
use crate::run_file::relative;
use crate::sweeps::estimate::{Bound, sweep_time};
use crate::sweeps::folder::SweepFolder;
use crate::sweeps::job::Workshop;
use crate::sweeps::plan::Plan;

/// Says how long the fits of a plan would take on this machine.
///
/// # Errors
/// A fit cannot be begun.
pub(super) fn tell(
    mut plan: Plan,
    file: &Path,
    (at_once, read): (Option<usize>, ReadRecording<ResponseLocation>),
    console: &Console,
) -> Result<()> {
    console.note("fitting each combination for a moment, to tell how long all of it takes");
    let names: Vec<String> = plan.combinations.iter().map(|one| one.name.clone()).collect();
    // What the sweep file says lies where it is, for the folder of the sweep need not be there.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    plan.file = relative(file, folder)?;
    let folder = SweepFolder::unwritten(folder);
    let time = console.during("fitting each combination for a moment", || {
        sweep_time(&Workshop::with(folder, plan, read)?, at_once)
    })?;
    let words = |bound: Bound, seconds| format!("{} {}", bound.word(), lasting(seconds));
    let mut lines = vec![format!(
        "time: {}, {} at once",
        words(time.bound, time.seconds),
        counted(time.at_once, "fit")
    )];
    for fit in &time.fits {
        lines.push(format!(
            "  {}: {} a fit",
            names[fit.combination],
            words(fit.bound, fit.seconds)
        ));
    }
    if names.len() > time.fits.len() {
        lines.push(format!("  the other {} were not looked at", names.len() - time.fits.len()));
    }
    console.result(&lines.join("\n"))
}
