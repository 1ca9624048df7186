//! `strf compare`: run folders → how their scores differ, neuron by neuron.
use std::path::Path;

use crate::cli::CompareArgs;
use crate::comparison::{self, Scored};
use crate::error::Result;
use crate::files::{self, Existing};
use crate::pictures::{self, Drawn};
use crate::progress::Console;

/// Prints the differences, writes them where `--csv` says, and draws them where `--plot` says.
pub fn run(args: &CompareArgs, console: &Console) -> Result<()> {
    let existing = Existing::from_force(args.force);
    for path in args.csv.iter().chain(&args.plot) {
        files::check(path, existing)?;
    }
    let runs = args.runs.iter().map(|run| Scored::read(run)).collect::<Result<Vec<_>>>()?;
    let pairs = comparison::pairs(&runs, &args.scores, comparison::DRAWS, args.seed)?;
    if let Some(path) = &args.csv {
        files::write(path, existing, comparison::csv(&pairs)?.as_bytes())?;
        console.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.plot {
        draw(args, &runs, path, console)?;
    }
    let json = || format!("{:#}", comparison::json(&pairs));
    console.result(&if args.json { json() } else { comparison::table(&pairs) })
}

/// The picture by the first score.
fn draw(args: &CompareArgs, runs: &[Scored], path: &Path, console: &Console) -> Result<()> {
    let Some(score) = args.scores.first() else { return Ok(()) };
    match pictures::comparison::draw(runs, score, args.seed)? {
        Drawn::Picture(canvas) => {
            canvas.write(path, &format!("{score} of runs"), Existing::from_force(args.force))?;
            console.note(&format!("wrote {}", path.display()));
        }
        Drawn::Nothing(why) => console.warn(&format!("no picture: {why}")),
    }
    Ok(())
}
