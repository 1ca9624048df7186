//! Whether a run that is gone on with is still the one that was begun.
use super::experiment::Experiment;
use super::lines::lines_without;
use crate::base::device::DeviceName;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::run_file::{Optimizer, Output, Schedule};
use crate::training::checkpoint::{Checkpoint, Phase};

impl Experiment {
    /// The run file without what may change between the sittings of one run: how long to train,
    /// where to compute, where folder and dataset lie, what is written for `TensorBoard`.
    ///
    /// # Errors
    /// A path that has no name in UTF-8.
    pub fn identity(&self) -> Result<String> {
        let mut config = self.config.clone();
        let by_budget =
            config.train.schedule == Schedule::Cosine || config.train.optimizer != Optimizer::AdamW;
        if !by_budget {
            config.train.epochs = Some(0);
        }
        config.train.patience = 1;
        config.train.device = DeviceName::Cpu;
        config.data.file = self.folder.path().join("dataset");
        let folder = self.folder.path().to_owned();
        config.output = Output { folder, tensorboard: false, tensorboard_pictures: 0 };
        config.to_toml(self.folder.path())
    }

    /// What has been done cannot be undone by asking for less.
    pub(super) fn require_epochs(&self, checkpoint: &Checkpoint) -> Result<()> {
        let (asked, progress) = (self.config.train.epochs(), &checkpoint.progress);
        let counts = self.config.train.optimizer == Optimizer::AdamW;
        if !counts || matches!(progress.phase, Phase::Starts { .. }) || progress.leg <= asked {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{}: found a run that has done {}, expected at most train.epochs = {asked} of them; \
             resume with train.epochs = {} or more, or begin anew in another folder with --out",
            self.folder.path().display(),
            counted(progress.leg, "epoch"),
            progress.leg
        )))
    }

    /// Fails where the run that prefilters and core come from is no longer what it was.
    fn require_same_source(&self) -> Result<()> {
        let (known, own) = (self.folder.metadata()?.source, self.source()?);
        match (known, own) {
            (Some(known), Some(own)) if known.weights != own.weights => {
                Err(Error::Refused(format!(
                    "{}: found other weights in {} than when the run began, expected the same; put \
                     them back, or begin anew with --force",
                    self.folder.path().display(),
                    own.run
                )))
            }
            _ => Ok(()),
        }
    }

    /// Fails where the dataset holds something else than when the run began.
    fn require_same_content(&self) -> Result<()> {
        let prepared = &self.prepared;
        let Some(known) = self.folder.metadata()?.content else { return Ok(()) };
        match known.difference(&prepared.content, &prepared.neurons) {
            None => Ok(()),
            Some(difference) => Err(Error::Refused(format!(
                "{}: found {difference} than when {} began, expected what it held then; resume with \
                 that dataset, which may have another name, or begin anew with --force",
                self.config.data.file.display(),
                self.folder.path().display()
            ))),
        }
    }

    pub(super) fn require_same_run(&self, checkpoint: &Checkpoint) -> Result<()> {
        let (own, theirs) = (self.identity()?, &checkpoint.progress.run);
        let mut problems = self.params.load(&checkpoint.best_weights)?;
        problems.extend(self.params.load(&checkpoint.weights)?);
        self.require_same_content()?;
        self.require_same_source()?;
        if own != *theirs {
            return Err(Error::Refused(format!(
                "{}: found a run with {}, expected {} as {} says; choose another folder with \
                 --out, or replace the run with --force",
                self.folder.path().display(),
                lines_without(theirs, &own),
                lines_without(&own, theirs),
                self.config.file.display()
            )));
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::Input { file: self.folder.state_file(), problems })
    }
}
