//! What looks on while a model is trained: every epoch is written down and shown.
use crate::base::error::Result;
use crate::base::interrupt;
use crate::base::progress::{Bar, Console};
use crate::run_file::Optimizer;
use crate::runs::experiment::Experiment;
use crate::runs::folder::RunFolder;
use crate::tensorboard::Board;
use crate::training::checkpoint::Checkpoint;
use crate::training::history::{EpochRow, History};
use crate::training::{self, Observer, path};

/// Writes every epoch into the run folder and shows it.
pub(super) struct Keeper<'a> {
    folder: &'a RunFolder,
    neurons: &'a [String],
    history: History,
    /// Points of `penalties.csv`.
    points: usize,
    board: Option<Board<'a>>,
    console: &'a Console,
    bar: Bar,
    /// Behind the number of an epoch: how many there are at most, where that is known.
    epochs: String,
    message: String,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(
        experiment: &'a Experiment,
        history: History,
        checkpoint: &Checkpoint,
        console: &'a Console,
    ) -> Result<Self> {
        let settings = &experiment.config.train;
        let by_steps = settings.optimizer == Optimizer::AdamW;
        let batches =
            if by_steps { experiment.prepared.train.len().div_ceil(settings.batch) } else { 1 };
        let most = settings.epochs() + training::epochs_of_starts(settings);
        // How many passes over the clips it takes until nothing gets better is not known.
        let bar = if by_steps {
            console.bar_of_at_most("training", most * batches)?
        } else {
            console.stage("training")?
        };
        bar.start_at(checkpoint.progress.epoch * batches);
        let (folder, epochs) =
            (&experiment.folder, if by_steps { format!("/{most}") } else { String::new() });
        let board = Board::open(experiment, checkpoint.progress.epoch)?;
        for note in board.iter().filter_map(Board::note) {
            console.note(note);
        }
        let (neurons, points) = (experiment.prepared.neurons.as_slice(), 0);
        let message = String::new();
        Ok(Self { folder, neurons, history, points, board, console, bar, epochs, message })
    }
}

impl Keeper<'_> {
    /// The table of all epochs.
    pub(super) fn into_history(self) -> History {
        self.history
    }
}

impl Observer for Keeper<'_> {
    fn batch(&mut self, epoch: usize) {
        self.bar.step(format!("epoch {epoch}{}{}", self.epochs, self.message));
    }

    /// The state comes last: whatever of the rest a kill leaves out, resuming writes again.
    fn epoch(&mut self, row: &EpochRow, checkpoint: &Checkpoint, improved: bool) -> Result<()> {
        self.history.push(row);
        self.folder.write_history(self.history.text())?;
        if let Some(board) = &mut self.board {
            board.epoch(row)?;
        }
        if improved {
            self.folder.write_best(checkpoint)?;
        }
        let path = &checkpoint.progress.path;
        if !path.is_empty() && (improved || path.len() != self.points) {
            self.folder.write_penalties(&path::table(path, self.neurons))?;
            self.points = path.len();
        }
        if checkpoint.is_whole {
            self.folder.write_state(checkpoint)?;
        }
        let EpochRow { train_loss, valid_loss, valid_cc, phase, .. } = row;
        self.message = format!(
            "  {phase}  best {}  loss {train_loss:.4}, validation {valid_loss:.4}, cc {valid_cc:.3}",
            checkpoint.progress.best.epoch
        );
        Ok(())
    }

    fn finished(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let path = &checkpoint.progress.path;
        if !path.is_empty() {
            self.folder.write_penalties(&path::table(path, self.neurons))?;
        }
        self.folder.write_best(checkpoint)?;
        self.folder.write_state(checkpoint)
    }

    fn interrupted(&self) -> bool {
        interrupt::pressed()
    }

    fn note(&mut self, note: &str) {
        self.console.note(note);
    }
}
