//! The tables: each measures its rows and says what it found.
use crate::dataset::{Dataset, TRAIN};
use crate::limit::Rates;
use crate::ours::{Cost, Run};
use crate::reference::Reference;
use crate::report::{Report, progress};
use crate::rows::Row;
use crate::statistics::Spread;
use crate::{Args, Result, Table};

/// Epochs of a whole fit.
const FIT_EPOCHS: usize = 50;
/// Epochs of deepSTRF's training loop that stand for those of a whole fit.
const FIT_EPOCHS_OF_REFERENCE: usize = 3;
/// Most seconds before the first training step.
const START_UP_LIMIT: f64 = 0.3;
/// What a run may hold beside its data and the workspace of a batch.
const MEMORY_ALLOWANCE: f64 = 100e6;
/// Copies of its data that a run may hold.
const DATA_COPIES: f64 = 1.3;
const NOT_MEASURED: &str = "–";

/// What is measured, and with what.
pub struct Bench<'a> {
    /// What was typed.
    pub args: &'a Args,
    /// What both programs train on.
    pub dataset: &'a Dataset,
    /// deepSTRF, where it is there.
    pub reference: Option<&'a Reference>,
    /// What the machine can do.
    pub rates: Rates,
}

/// Times of both programs, taken in turn.
struct Timing {
    ours: Spread,
    reference: Option<Spread>,
    ratio: Option<Spread>,
}

impl Bench<'_> {
    /// Measures a table and reports it.
    pub fn table(&self, table: Table, rows: &[&Row], report: &mut Report) -> Result<()> {
        match table {
            Table::Batch => self.epochs(rows, TRAIN, report),
            Table::Clip => self.epochs(rows, 1, report),
            Table::Fit => self.fits(rows, report),
            Table::StartUp => self.start_up(rows, report),
        }
    }

    /// Seconds of a training epoch, memory and page faults.
    fn epochs(&self, rows: &[&Row], batch: usize, report: &mut Report) -> Result<()> {
        let header = [
            "row",
            "strf, ms",
            "deepSTRF, ms",
            "ratio",
            "floor",
            "reached",
            "limit, ms",
            "share of it",
            "peak memory, MB",
            "page faults an epoch",
        ];
        let clips = if batch == 1 { "one clip".to_owned() } else { format!("{batch} clips") };
        let mut table = Vec::new();
        for row in rows {
            progress(&format!("{}, {clips} a step", row.name))?;
            table.push(told(self.epoch_row(row, batch)?)?);
        }
        report.add(&format!("### A training epoch, {clips} a step"))?;
        report.table(&header, &table)?;
        report.add(&format!(
            "Memory: at most {:.0} MB and the workspace of one batch.",
            (DATA_COPIES * self.dataset.bytes as f64 + MEMORY_ALLOWANCE) / 1e6
        ))
    }

    fn epoch_row(&self, row: &Row, batch: usize) -> Result<Vec<String>> {
        let Args { epochs, threads, .. } = *self.args;
        let run = Run::write(row, batch, threads, self.dataset)?;
        let timing = self.in_turn(
            row,
            || run.epoch_seconds(epochs),
            |reference| reference.epoch_seconds(row, self.dataset, batch, epochs),
        )?;
        let (short, long) = (run.cost(epochs)?, run.cost(2 * epochs)?);
        let mut cells = vec![row.name.to_owned()];
        let floor = row.has_reference.then(|| row.epoch_floor(batch));
        cells.extend(timing.cells(1e3, floor));
        let limit = self.rates.epoch_seconds(row, self.dataset);
        cells.push(format!("{:.2}", 1e3 * limit));
        cells.push(format!("{:.0} %", 100.0 * limit / timing.ours.median));
        cells.push(format!("{:.0}", short.peak_bytes.max(long.peak_bytes) as f64 / 1e6));
        cells.push(faults_per_epoch(short, long, epochs));
        Ok(cells)
    }

    /// Seconds of whole fits, as a user runs them.
    fn fits(&self, rows: &[&Row], report: &mut Report) -> Result<()> {
        let mut table = Vec::new();
        for row in rows {
            let Some(floor) = row.fit_floor else { continue };
            progress(&format!("{}, whole fit", row.name))?;
            let run = Run::write(row, 1, self.args.threads, self.dataset)?;
            let timing = self.in_turn(
                row,
                || run.fit_seconds(FIT_EPOCHS),
                |reference| {
                    let epochs = FIT_EPOCHS_OF_REFERENCE;
                    let seconds = reference.fit_epoch_seconds(row, self.dataset, epochs)?;
                    Ok(seconds * FIT_EPOCHS as f64)
                },
            )?;
            let mut cells = vec![row.name.to_owned()];
            cells.extend(timing.cells(1.0, Some(floor)));
            table.push(told(cells)?);
        }
        if table.is_empty() {
            return Ok(());
        }
        report.add(&format!("### A whole fit of {FIT_EPOCHS} epochs, one clip a step"))?;
        report.table(&["row", "strf, s", "deepSTRF, s", "ratio", "floor", "reached"], &table)?;
        report.add(&format!(
            "strf: from the start of the process to its end. deepSTRF: its Fitter alone, the mean \
             epoch of {FIT_EPOCHS_OF_REFERENCE} times {FIT_EPOCHS}. Both with correlation and \
             noise-corrected correlation on the validation clips after each epoch."
        ))
    }

    /// Seconds before the first training step.
    fn start_up(&self, rows: &[&Row], report: &mut Report) -> Result<()> {
        let mut table = Vec::new();
        for row in rows {
            progress(&format!("{}, start-up", row.name))?;
            let run = Run::write(row, TRAIN, self.args.threads, self.dataset)?;
            let starts = (0..self.args.pairs).map(|_| run.start_up_seconds());
            let seconds = Spread::of(&starts.collect::<Result<Vec<f64>>>()?)?;
            let reached = yes_or_no(seconds.median < START_UP_LIMIT);
            let limit = format!("< {START_UP_LIMIT}");
            table.push(told(vec![row.name.to_owned(), seconds.to_string(), limit, reached])?);
        }
        report.add("### From the start of the process to the first training step")?;
        report.table(&["row", "strf, s", "limit", "reached"], &table)
    }

    /// The run file of each row.
    pub fn run_files(&self, rows: &[&Row], report: &mut Report) -> Result<()> {
        report.add("### Run files")?;
        let mut lines = Vec::new();
        for row in rows {
            let run = Run::write(row, TRAIN, self.args.threads, self.dataset)?;
            if self.args.verbose {
                report.add(&format!("{}\n\n```toml\n{}```", run.file.display(), run.text))?;
            }
            lines.push(format!("- {}: `{}`", row.name, run.in_one_line()));
        }
        report.add(&lines.join("\n"))
    }

    /// Both programs in turn, as often as was asked for; ours alone where the reference lacks the model.
    fn in_turn(
        &self,
        row: &Row,
        ours: impl Fn() -> Result<f64>,
        theirs: impl Fn(&Reference) -> Result<f64>,
    ) -> Result<Timing> {
        let reference = self.reference.filter(|_| row.has_reference);
        let (mut own, mut other) = (Vec::new(), Vec::new());
        for _ in 0..self.args.pairs {
            own.push(ours()?);
            other.extend(reference.map(&theirs).transpose()?);
        }
        let ratios: Vec<f64> = other.iter().zip(&own).map(|(theirs, ours)| theirs / ours).collect();
        let measured = reference.is_some();
        Ok(Timing {
            ours: Spread::of(&own)?,
            reference: measured.then(|| Spread::of(&other)).transpose()?,
            ratio: measured.then(|| Spread::of(&ratios)).transpose()?,
        })
    }
}

impl Timing {
    /// Both times in a unit of which a second has `per_second`, their ratio, its floor where there is one,
    /// and whether the median of the ratio reaches it.
    fn cells(&self, per_second: f64, floor: Option<f64>) -> [String; 5] {
        let shown = |spread: Option<Spread>| {
            spread.map_or(NOT_MEASURED.to_owned(), |spread| spread.to_string())
        };
        let reached = self.ratio.zip(floor).map(|(ratio, floor)| yes_or_no(ratio.median >= floor));
        [
            self.ours.times(per_second).to_string(),
            shown(self.reference.map(|spread| spread.times(per_second))),
            shown(self.ratio),
            floor.map_or(NOT_MEASURED.to_owned(), |floor| floor.to_string()),
            reached.unwrap_or_else(|| NOT_MEASURED.to_owned()),
        ]
    }
}

/// Tells a row at once: a table that is cut short has not been for nothing.
fn told(cells: Vec<String>) -> Result<Vec<String>> {
    progress(&cells.join("  "))?;
    Ok(cells)
}

fn yes_or_no(reached: bool) -> String {
    if reached { "yes" } else { "no" }.to_owned()
}

/// What twice as many epochs add, by epoch.
fn faults_per_epoch(short: Cost, long: Cost, epochs: usize) -> String {
    let more = long.faults as f64 - short.faults as f64;
    format!("{:.0}", (more / epochs as f64).max(0.0))
}
