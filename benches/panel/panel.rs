//! Goes through the panel: recordings, fits, seeds.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::figures::Row;
use crate::fits::Fit;
use crate::measurement::Measurement;
use crate::program::{Program, hash};
use crate::recordings::Recording;
use crate::report::progress;
use crate::slope::Psths;
use crate::{Result, targets};

/// Seeds of rows with a target.
const SEEDS_WITH_TARGET: u64 = 5;
/// Seeds of other rows, where anything is random.
const SEEDS: u64 = 3;

/// What is measured, with what and where.
pub struct Panel<'a> {
    /// What fits.
    pub program: &'a Program,
    /// Where datasets, run files and results lie.
    pub folder: &'a Path,
    /// Whether to take one seed and leave out what is slow.
    pub quick: bool,
}

/// What came out.
pub struct Findings {
    /// One for each recording and fit.
    pub rows: Vec<Row>,
    /// Messages of fits that failed, with the fits' names.
    pub failures: BTreeMap<String, Vec<String>>,
}

/// A recording that was made for a fit, or why it could not be.
type Made = std::result::Result<Psths, String>;

impl Panel<'_> {
    /// Makes all fits that have not been made before.
    pub fn measure(
        &self,
        recordings: &[&'static Recording],
        fits: &[&'static Fit],
    ) -> Result<Findings> {
        fs::create_dir_all(self.folder.join("results"))?;
        let mut findings = Findings { rows: Vec::new(), failures: BTreeMap::new() };
        for &recording in recordings.iter().filter(|recording| recording.is_here()) {
            let mut made = None;
            for &fit in fits.iter().filter(|fit| self.takes(recording, fit)) {
                self.row(recording, fit, &mut made, &mut findings)?;
            }
        }
        Ok(findings)
    }

    fn takes(&self, recording: &Recording, fit: &Fit) -> bool {
        let slow = fit.is_convolutional() && recording.name == "demo";
        (fit.everywhere || recording.all_fits) && !(slow && self.quick)
    }

    fn seeds(&self, recording: &Recording, fit: &Fit) -> u64 {
        if self.quick {
            1
        } else if targets::has(recording.name, fit.name) {
            SEEDS_WITH_TARGET
        } else if fit.deterministic {
            1
        } else {
            SEEDS
        }
    }

    fn row(
        &self,
        recording: &'static Recording,
        fit: &'static Fit,
        made: &mut Option<Made>,
        findings: &mut Findings,
    ) -> Result<()> {
        let mut row = Row { recording, fit, seeds: Vec::new(), failed: 0 };
        for seed in 0..self.seeds(recording, fit) {
            let name = format!("{} {} seed {seed}", recording.name, fit.name);
            match self.fit(recording, fit, seed, made) {
                Ok(measured) => {
                    let Measurement { cc, fve, seconds, .. } = measured;
                    progress(&format!("{name}: cc {cc:.3}, fve {fve:.3}, {seconds:.1} s"))?;
                    row.seeds.push(measured);
                }
                Err(error) => {
                    row.failed += 1;
                    progress(&format!("{name}: {error}"))?;
                    findings.failures.entry(error.to_string()).or_default().push(name);
                }
            }
        }
        findings.rows.push(row);
        Ok(())
    }

    /// The result of a fit that was made before, or makes it.
    fn fit(
        &self,
        recording: &Recording,
        fit: &Fit,
        seed: u64,
        made: &mut Option<Made>,
    ) -> Result<Measurement> {
        let run_file = fit.run_file(recording, seed);
        let key = hash((self.program.hash, recording.identity()?, &run_file));
        let name = format!("{}-{}-{seed}-{key:016x}.json", recording.name, fit.name);
        let kept = self.folder.join("results").join(name);
        if let Some(measurement) = Measurement::kept(&kept) {
            return Ok(measurement);
        }
        let made = made.get_or_insert_with(|| self.make(recording).map_err(|e| e.to_string()));
        let psths = made.as_ref().map_err(|error| format!("making the recording: {error}"))?;
        let measurement = Measurement::make(self.program, self.folder, (run_file, seed), psths)?;
        measurement.keep(&kept)?;
        Ok(measurement)
    }

    fn make(&self, recording: &Recording) -> Result<Psths> {
        progress(&format!("{}: {}", recording.name, recording.origin()))?;
        Psths::read(&recording.make(self.program, self.folder)?)
    }
}

impl Findings {
    /// The table's rows.
    pub fn cells(&self) -> Vec<Vec<String>> {
        self.rows.iter().map(Row::cells).collect()
    }

    /// What failed, as a list.
    pub fn failures(&self) -> String {
        let line = |(message, fits): (&String, &Vec<String>)| {
            format!("- {}: {}", fits.join(", "), message.replace('\n', " "))
        };
        self.failures.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
