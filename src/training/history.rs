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

    /// What [`EpochRow::line`] wrote; none where it is damaged.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.trim_end().splitn(12, ',').collect();
        let [epoch, seconds_train, seconds_valid, lr, evaluations, losses @ .., phase] =
            fields.as_slice()
        else {
            return None;
        };
        let [train_loss, valid_loss, valid_cc, valid_cc_norm, neurons_cc, neurons_cc_norm] = losses
        else {
            return None;
        };
        Some(Self {
            epoch: epoch.parse().ok()?,
            seconds_train: seconds_train.parse().ok()?,
            seconds_valid: seconds_valid.parse().ok()?,
            lr: lr.parse().ok()?,
            evaluations: evaluations.parse().ok()?,
            train_loss: train_loss.parse().ok()?,
            valid_loss: valid_loss.parse().ok()?,
            valid_cc: valid_cc.parse().ok()?,
            valid_cc_norm: valid_cc_norm.parse().ok()?,
            neurons_cc: neurons_cc.parse().ok()?,
            neurons_cc_norm: neurons_cc_norm.parse().ok()?,
            phase: (*phase).to_owned(),
        })
    }

    /// The row of an epoch of several groups of neurons, each with its number of neurons; groups that have
    /// ended stay at their last one.
    fn joined(epoch: usize, rows: &[(&Self, usize)]) -> Self {
        let under_way = || rows.iter().map(|(row, _)| *row).filter(|row| row.epoch == epoch);
        let mean = |of: fn(&Self) -> f64, weight: &dyn Fn(&Self, usize) -> usize| {
            let known = rows.iter().map(|(row, neurons)| (of(row), weight(row, *neurons) as f64));
            let known: Vec<(f64, f64)> = known.filter(|(value, _)| !value.is_nan()).collect();
            let sum: f64 = known.iter().map(|(value, weight)| value * weight).sum();
            sum / known.iter().map(|(_, weight)| weight).sum::<f64>()
        };
        let by_neurons = |_row: &Self, neurons: usize| neurons;
        let mut phases: Vec<&str> = Vec::new();
        for row in under_way() {
            if !phases.contains(&row.phase.as_str()) {
                phases.push(&row.phase);
            }
        }
        Self {
            epoch,
            seconds_train: under_way().map(|row| row.seconds_train).sum(),
            seconds_valid: under_way().map(|row| row.seconds_valid).sum(),
            lr: under_way().map(|row| row.lr).fold(0.0, f64::max),
            evaluations: under_way().map(|row| row.evaluations).max().unwrap_or(0),
            train_loss: mean(|row| row.train_loss, &by_neurons),
            valid_loss: mean(|row| row.valid_loss, &by_neurons),
            valid_cc: mean(|row| row.valid_cc, &|row, _| row.neurons_cc),
            valid_cc_norm: mean(|row| row.valid_cc_norm, &|row, _| row.neurons_cc_norm),
            neurons_cc: rows.iter().map(|(row, _)| row.neurons_cc).sum(),
            neurons_cc_norm: rows.iter().map(|(row, _)| row.neurons_cc_norm).sum(),
            phase: phases.join("; "),
        }
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

    /// That of all neurons, of those of groups of them and their numbers of neurons: losses and correlations
    /// are means over neurons, seconds sums.
    pub fn joined(groups: &[(&Self, usize)]) -> Self {
        let rows = |(history, neurons): &(&Self, usize)| {
            let rows = history.0.lines().skip(1).filter_map(EpochRow::parse);
            (rows.collect::<Vec<_>>(), *neurons)
        };
        let groups: Vec<(Vec<EpochRow>, usize)> = groups.iter().map(rows).collect();
        let epochs = groups.iter().map(|(rows, _)| rows.len()).max().unwrap_or(0);
        let mut joined = Self::default();
        for epoch in 1..=epochs {
            let at = groups.iter().filter_map(|(rows, neurons)| {
                Some((rows.get(epoch - 1).or(rows.last())?, *neurons))
            });
            joined.push(&EpochRow::joined(epoch, &at.collect::<Vec<_>>()));
        }
        joined
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
    fn groups_of_neurons_have_the_means_over_all_of_them() {
        let mut short = History::default();
        short.push(&row(1));
        let mut long = History::default();
        let other = |epoch| EpochRow {
            train_loss: 0.75,
            valid_cc: 0.5,
            valid_cc_norm: 0.625,
            neurons_cc: 21,
            neurons_cc_norm: 20,
            phase: "l2 1 of 10, 2 more".to_owned(),
            ..row(epoch)
        };
        long.push(&other(1));
        long.push(&other(2));
        assert_eq!(EpochRow::parse(&other(2).line()), Some(other(2)));
        let joined = History::joined(&[(&short, 10), (&long, 30)]);
        let wanted = "1,0.5000,0.2500,0.001,1,0.6875,0.75,0.45,0.625,28,20,fit; l2 1 of 10, 2 more\n\
                      2,0.2500,0.1250,0.001,1,0.6875,0.75,0.45,0.625,28,20,l2 1 of 10, 2 more\n";
        assert_eq!(joined.text(), format!("{HEADER}{wanted}"));
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
