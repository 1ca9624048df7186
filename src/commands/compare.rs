//! `strf compare`: run folders → how their scores differ, neuron by neuron.
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::base::progress::Console;
use crate::pictures::{self, Drawn};
use crate::runs::comparison::{self, Scored};
use crate::scores;
use crate::sweeps::between::{Compared, between};
use crate::sweeps::folder::SweepFolder;
use crate::sweeps::outcome;

/// `strf compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Run folders, two or more, scored on the same responses; of each pair the neurons that both have. Or
    /// folders of sweeps of the same stimuli: what each says of those that fits did not see, held against the
    /// first
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Score to compare runs by; may be repeated
    #[arg(long = "score", value_name = "NAME", default_values = ["cc", "cc_norm"],
          value_parser = PossibleValuesParser::new(scores::names()))]
    pub scores: Vec<String>,
    /// Seed of the intervals
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
    /// Write the table as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draw the first score of each neuron as PNG, or SVG if FILE ends so
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Prints the differences, writes them where `--csv` says, and draws them where `--plot` says.
pub fn run(args: &CompareArgs, console: &Console) -> Result<()> {
    let existing = Existing::from_force(args.force);
    for path in args.csv.iter().chain(&args.plot) {
        files::check(path, existing)?;
    }
    let of_sweeps = args.runs.iter().filter(|run| SweepFolder::lies_in(run)).count();
    if of_sweeps == args.runs.len() {
        return sweeps(args, console);
    }
    if of_sweeps > 0 {
        return Err(Error::Refused(
            "found runs beside sweeps, expected folders of one kind; a fit of a sweep is the run folder \
             jobs/NUMBER in it"
                .into(),
        ));
    }
    let runs = args.runs.iter().map(|run| Scored::read(run)).collect::<Result<Vec<_>>>()?;
    let pairs = console.during("comparing", || {
        comparison::pairs(&runs, &args.scores, comparison::DRAWS, args.seed)
    })?;
    for note in comparison::notes(&pairs) {
        console.note(&note);
    }
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

/// The same of sweeps: every model of each.
fn sweeps(args: &CompareArgs, console: &Console) -> Result<()> {
    let existing = Existing::from_force(args.force);
    let open = |path: &PathBuf| Compared::open(SweepFolder::open(path)?);
    let all = args.runs.iter().map(open).collect::<Result<Vec<_>>>()?;
    let findings = console.during("comparing", || between(&all))?;
    for warning in &findings.warnings {
        console.warn(warning);
    }
    if let Some(path) = &args.csv {
        files::write(path, existing, findings.csv()?.as_bytes())?;
        console.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.plot {
        let drawn = pictures::models::draw(&findings, 0, "several sweeps", None)?;
        put(drawn, (path, existing), "models of several sweeps", console)?;
    }
    let json = || format!("{:#}", findings.json());
    console.result(&if args.json { json() } else { outcome::compared(&findings) })
}

/// The picture by the first score.
fn draw(args: &CompareArgs, runs: &[Scored], path: &Path, console: &Console) -> Result<()> {
    let Some(score) = args.scores.first() else { return Ok(()) };
    let (drawn, existing) =
        (pictures::comparison::draw(runs, score, args.seed)?, Existing::from_force(args.force));
    put(drawn, (path, existing), &format!("{score} of runs"), console)
}

/// Writes a picture and says so, or why there is none.
fn put(
    drawn: Drawn,
    (path, existing): (&Path, Existing),
    title: &str,
    console: &Console,
) -> Result<()> {
    match drawn {
        Drawn::Picture(canvas) => {
            canvas.write(path, title, existing)?;
            console.note(&format!("wrote {}", path.display()));
        }
        Drawn::Nothing(why) => console.warn(&format!("no picture: {why}")),
    }
    Ok(())
}
