//! `strf train`, run as a user runs it, and what its run folder and the system say of it.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Result;
use crate::dataset::Dataset;
use crate::rows::Row;
use crate::statistics::Spread;

/// A run file and how it is trained.
pub struct Run {
    /// The run file.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    folder: PathBuf,
    threads: usize,
}

/// What the benchmark reads of an epoch in `history.csv`.
#[derive(Debug, Deserialize)]
struct Epoch {
    seconds_train: f64,
    seconds_valid: f64,
}

/// What a run takes from the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Largest resident memory.
    pub peak_bytes: u64,
    /// Page faults that needed no disk.
    pub faults: u64,
}

impl Run {
    /// Writes the run file of a row beside the dataset.
    pub fn write(row: &Row, batch: usize, threads: usize, dataset: &Dataset) -> Result<Self> {
        let name = format!("{}-batch{batch}", row.name);
        let file = dataset.file.with_file_name(format!("{name}.toml"));
        let folder = dataset.file.with_file_name("runs").join(&name);
        let data = dataset.file.file_name().unwrap_or_default().to_string_lossy();
        let text = format!(
            "[data]\nfile = \"{data}\"\nsplit = {}\n\n{}\n[train]\noptimizer = \"adamw\"\n\
             batch = {batch}\npatience = 1000000\nschedule = \"constant\"\nstarts = 1\nsmooth = 0.0\n\
             average = false\ncalibrate = false\n\n[output]\nfolder = \"runs/{name}\"\n",
            dataset.split(),
            row.sections(),
        );
        fs::write(&file, &text)?;
        Ok(Self { file, text, folder, threads })
    }

    /// Median seconds of forward and backward passes and optimizer steps over the training clips;
    /// the first epoch, which warms up, is left out.
    pub fn epoch_seconds(&self, epochs: usize) -> Result<f64> {
        self.finish(self.start(epochs)?)?;
        let history = self.history()?;
        let seconds: Vec<f64> = history.iter().skip(1).map(|epoch| epoch.seconds_train).collect();
        Ok(Spread::of(&seconds)?.median)
    }

    /// Seconds of the whole process.
    pub fn fit_seconds(&self, epochs: usize) -> Result<f64> {
        let start = Instant::now();
        self.finish(self.start(epochs)?)?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Seconds from the start of the process to its first training step: until the first epoch
    /// stands in `history.csv`, less what that epoch took.
    pub fn start_up_seconds(&self) -> Result<f64> {
        const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        let start = Instant::now();
        let mut child = self.start(1)?;
        let before = loop {
            if let Some(Epoch { seconds_train, seconds_valid }) = self.history()?.first() {
                break start.elapsed().as_secs_f64() - seconds_train - seconds_valid;
            }
            if let Some(status) = child.try_wait()? {
                return Err(format!("{}: {status} before an epoch", self.file.display()).into());
            }
            sleep(BETWEEN_LOOKS);
        };
        self.finish(child)?;
        Ok(before)
    }

    /// Memory and page faults of a run.
    pub fn cost(&self, epochs: usize) -> Result<Cost> {
        const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
        let mut child = self.start(epochs)?;
        let mut cost = Cost::default();
        while child.try_wait()?.is_none() {
            cost = Cost::of(child.id())?.max(cost);
            sleep(BETWEEN_LOOKS);
        }
        self.finish(child)?;
        Ok(cost)
    }

    /// What the run file says of the model and its training, section by section.
    pub fn in_one_line(&self) -> String {
        let sections = self.text.split("\n\n").map(|section| section.trim().replace('\n', ", "));
        let told = sections.filter(|section| !section.starts_with("[data]"));
        let told = told.filter(|section| !section.starts_with("[output]"));
        told.map(|section| section.replacen("],", "]", 1)).collect::<Vec<_>>().join("; ")
    }

    fn start(&self, epochs: usize) -> Result<Child> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strf"));
        command.arg("train").arg(&self.file).args(["--force", "--quiet", "--set"]);
        command.arg(format!("train.epochs={epochs}"));
        command.env("RAYON_NUM_THREADS", self.threads.to_string()).stdout(Stdio::null());
        Ok(command.spawn()?)
    }

    fn finish(&self, mut child: Child) -> Result<()> {
        let status = child.wait()?;
        let failed = || format!("strf train {}: {status}", self.file.display()).into();
        if status.success() { Ok(()) } else { Err(failed()) }
    }

    /// The epochs so far; none where the file is not there yet.
    fn history(&self) -> Result<Vec<Epoch>> {
        let file = self.folder.join("history.csv");
        if !file.exists() {
            return Ok(Vec::new());
        }
        Ok(csv::Reader::from_path(file)?.deserialize().collect::<std::result::Result<_, _>>()?)
    }
}

impl Cost {
    /// Of a process so far; nothing where it has ended.
    fn of(process: u32) -> Result<Self> {
        /// Place of the minor faults behind the name of the program in `/proc/PID/stat`.
        const MINOR_FAULTS: usize = 7;
        let folder = Path::new("/proc").join(process.to_string());
        let status = fs::read_to_string(folder.join("status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let stat = fs::read_to_string(folder.join("stat"))?;
        let behind_name = stat.rsplit(") ").next().unwrap_or_default();
        let faults = behind_name.split(' ').nth(MINOR_FAULTS);
        Ok(Self {
            peak_bytes: peak
                .map_or(Ok(0), |it| it.trim().trim_end_matches(" kB").parse::<u64>())?
                * 1024,
            faults: faults.map_or(Ok(0), str::parse)?,
        })
    }

    fn max(self, other: Self) -> Self {
        Self {
            peak_bytes: self.peak_bytes.max(other.peak_bytes),
            faults: self.faults.max(other.faults),
        }
    }
}
