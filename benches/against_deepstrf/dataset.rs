//! The dataset that both programs are measured on.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// Clips that both programs train on.
pub const TRAIN: usize = 14;
/// Clips that both programs validate on.
pub const VALID: usize = 3;

/// A simulated recording of the size of a small study.
pub struct Dataset {
    /// In `strf`'s format, which the reference script reads too.
    pub file: PathBuf,
    /// Ids of the clips in the order in which they are dealt out to training, validation, test.
    pub clips: Vec<String>,
    /// What it is made of, in words.
    pub description: String,
    /// Bands of the sound.
    pub bands: usize,
    /// Neurons.
    pub neurons: usize,
    /// Bins of a clip.
    pub bins: usize,
    /// Size of all cochleagrams and PSTHs in memory.
    pub bytes: usize,
}

impl Dataset {
    /// Opens the file, and has `strf` simulate it first where it is missing.
    pub fn open(file: PathBuf) -> Result<Self> {
        if !file.exists() {
            simulate(&file)?;
        }
        let stimuli = hdf5::File::open(&file)?.group("stimuli")?;
        let mut clips = stimuli.member_names()?;
        clips.sort();
        let first =
            clips.first().ok_or_else(|| format!("{}: holds no stimulus", file.display()))?;
        let shape_of =
            |name: &str| stimuli.dataset(&format!("{first}/{name}")).map(|it| it.shape());
        let (&[bands, bins], &[neurons, repeats, _]) =
            (&shape_of("cochleagram")?[..], &shape_of("responses")?[..])
        else {
            return Err(format!("{}: is no dataset of strf", file.display()).into());
        };
        let description = format!(
            "{} clips of {bins} bins, {bands} bands, {neurons} neurons, {repeats} repeats; {TRAIN} \
             clips for training, {VALID} for validation",
            clips.len(),
        );
        let bytes = clips.len() * (bands + neurons) * bins * size_of::<f32>();
        Ok(Self { file, clips, description, bands, neurons, bins, bytes })
    }

    /// The clips as `data.split` of a run file lists them.
    pub fn split(&self) -> String {
        let (train, rest) = self.clips.split_at(TRAIN.min(self.clips.len()));
        let (valid, test) = rest.split_at(VALID.min(rest.len()));
        format!("{{ train = {train:?}, valid = {valid:?}, test = {test:?} }}")
    }
}

/// Simulates a recording with the default sizes of `strf simulate`.
fn simulate(file: &Path) -> Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strf"));
    let status = command.arg("simulate").arg(file).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("strf simulate: {status}").into()) }
}
