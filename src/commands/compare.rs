//! `strf compare`: run folders → how their scores differ, neuron by neuron.
use crate::cli::CompareArgs;
use crate::comparison::{self, Scored};
use crate::error::Result;
use crate::files::{self, Existing};
use crate::progress::Console;

/// Bootstraps over neurons.
const DRAWS: usize = 2000;

/// Prints the differences, and writes them where `--csv` says.
pub fn run(args: &CompareArgs, console: &Console) -> Result<()> {
    let existing = Existing::from_force(args.force);
    if let Some(path) = &args.csv {
        files::check(path, existing)?;
    }
    let runs = args.runs.iter().map(|run| Scored::read(run)).collect::<Result<Vec<_>>>()?;
    let pairs = comparison::pairs(&runs, &args.scores, DRAWS, args.seed)?;
    if let Some(path) = &args.csv {
        files::write(path, existing, comparison::csv(&pairs)?.as_bytes())?;
        console.note(&format!("wrote {}", path.display()));
    }
    let json = || format!("{:#}", comparison::json(&pairs));
    console.result(&if args.json { json() } else { comparison::table(&pairs) })
}
