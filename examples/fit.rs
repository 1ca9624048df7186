//! Fits the model of a run file and prints its scores: `cargo run --example fit -- configs/ln.toml`.
use std::io::Write;

use strf::base::error::{Error, Result};
use strf::run_file::RunConfig;
use strf::runs::experiment::Experiment;
use strf::runs::folder::OldRun;
use strf::training::checkpoint::Checkpoint;
use strf::training::history::EpochRow;
use strf::training::{Observer, fit, start};

/// Writes the loss of every epoch to standard error.
struct Losses;

impl Observer for Losses {
    fn batch(&mut self, _epoch: usize) {}

    fn epoch(&mut self, row: &EpochRow, _state: &Checkpoint, _improved: bool) -> Result<()> {
        let line = writeln!(std::io::stderr(), "epoch {}: loss {:.4}", row.epoch, row.train_loss);
        line.map_err(|source| Error::file("writing to standard error", source))
    }

    fn interrupted(&self) -> bool {
        false
    }

    fn note(&mut self, _note: &str) {}
}

fn main() -> Result<()> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "configs/ln.toml".into());
    let experiment = Experiment::open(RunConfig::load(file.as_ref(), &[])?, OldRun::Replace)?;
    let task = experiment.task();
    fit(&task, &mut start(&task, String::new())?, &mut Losses)?;
    let table = experiment.scores()?.table("strf eval writes them all");
    writeln!(std::io::stdout(), "{table}")
        .map_err(|source| Error::file("writing to standard output", source))
}
