//! `history.csv`: what each epoch cost and reached.

/// One epoch; scores that are undefined are NaN.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EpochRow {
    /// From 1.
    pub epoch: usize,
    /// Seconds of forward and backward passes and optimizer steps.
    pub seconds_train: f64,
    /// Seconds of validation.
    pub seconds_valid: f64,
    /// Learning rate; 0 where there is none.
    pub lr: f64,
    /// How often the loss of all training clips, or of as many clips in batches, was worked out.
    pub evaluations: usize,
    /// Mean over batches, without penalties.
    pub train_loss: f64,
    /// On the validation clips.
    pub valid_loss: f64,
    /// Mean correlation over neurons.
    pub valid_cc: f64,
    /// Mean noise-corrected correlation over neurons.
    pub valid_cc_norm: f64,
    /// Neurons whose correlation is defined.
    pub neurons_cc: usize,
    /// Neurons whose noise-corrected correlation is defined.
    pub neurons_cc_norm: usize,
    /// What the fit was at.
    pub phase: String,
}

const HEADER: &str = "epoch,seconds_train,seconds_valid,lr,evaluations,train_loss,valid_loss,valid_cc,\
                      valid_cc_norm,neurons_cc,neurons_cc_norm,phase\n";

impl EpochRow {
    fn line(&self) -> String {
        let Self { epoch, seconds_train, seconds_valid, lr, evaluations, .. } = self;
        let Self { train_loss, valid_loss, neurons_cc_norm, phase, .. } = self;
        format!(
            "{epoch},{seconds_train:.4},{seconds_valid:.4},{lr},{evaluations},{train_loss},{valid_loss},\
             {},{},{},{neurons_cc_norm},{phase}\n",
            self.valid_cc, self.valid_cc_norm, self.neurons_cc
        )
    }
}

/// The table so far, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History(String);

impl Default for History {
    fn default() -> Self {
        Self(HEADER.to_owned())
    }
}

impl History {
    /// Adds a line.
    pub fn push(&mut self, row: &EpochRow) {
        self.0.push_str(&row.line());
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The first `epochs` epochs of a file's text; what a stopped run wrote after them is dropped.
    ///
    /// # Errors
    /// What was found instead of them.
    pub fn first(text: &str, epochs: usize) -> Result<Self, String> {
        let mut lines = text.split_inclusive('\n');
        let mut kept = lines.next().unwrap_or_default().to_owned();
        if kept != HEADER {
            return Err(format!("the header {:?}", kept.trim_end()));
        }
        for epoch in 1..=epochs {
            match lines.next().filter(|line| is_line_of(line, epoch)) {
                Some(line) => kept.push_str(line),
                None => return Err(format!("no whole line of epoch {epoch}")),
            }
        }
        Ok(Self(kept))
    }
}

fn is_line_of(line: &str, epoch: usize) -> bool {
    line.starts_with(&format!("{epoch},")) && line.ends_with('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: usize) -> EpochRow {
        EpochRow {
            epoch,
            seconds_train: 0.25,
            seconds_valid: 0.125,
            lr: 1e-3,
            evaluations: 1,
            train_loss: 0.5,
            valid_loss: 0.75,
            valid_cc: 0.3,
            valid_cc_norm: f64::NAN,
            neurons_cc: 7,
            neurons_cc_norm: 0,
            phase: "fit".to_owned(),
        }
    }

    #[test]
    fn a_stopped_run_keeps_the_epochs_of_its_state() {
        let mut history = History::default();
        history.push(&row(1));
        let one = history.clone();
        history.push(&row(2));
        let torn = &history.text()[..history.text().len() - 9];
        assert_eq!(History::first(torn, 1).unwrap(), one);
        assert_eq!(History::first(history.text(), 2).unwrap(), history);
        assert!(History::first(history.text(), 3).is_err());
        assert!(history.text().ends_with("2,0.2500,0.1250,0.001,1,0.5,0.75,0.3,NaN,7,0,fit\n"));
    }
}
