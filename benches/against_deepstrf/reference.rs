//! deepSTRF, run by `benches/deepstrf_epoch.py`.
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;

use crate::Result;
use crate::dataset::{Dataset, TRAIN};
use crate::rows::Row;

/// A Python that has deepSTRF.
pub struct Reference {
    /// The interpreter.
    pub python: PathBuf,
    /// Threads of PyTorch.
    pub threads: usize,
}

impl Reference {
    /// Median seconds of an epoch over the training clips.
    pub fn epoch_seconds(
        &self,
        row: &Row,
        dataset: &Dataset,
        batch: usize,
        epochs: usize,
    ) -> Result<f64> {
        let (batch, epochs) = (batch.to_string(), epochs.to_string());
        self.run(row, dataset, &["--batch", &batch, "--epochs", &epochs], "epoch_s")
    }

    /// Mean seconds of an epoch of deepSTRF's own training loop, validation included.
    pub fn fit_epoch_seconds(&self, row: &Row, dataset: &Dataset, epochs: usize) -> Result<f64> {
        self.run(row, dataset, &["--fitter", "--epochs", &epochs.to_string()], "fitter_epoch_s")
    }

    /// `deepSTRF 0.1.0, torch 2.11.0, Python 3.11.7`.
    pub fn versions(&self) -> Result<String> {
        let code = "import platform, importlib.metadata as m\n\
                    print(f\"deepSTRF {m.version('deepSTRF')}, torch {m.version('torch')}, \
                    Python {platform.python_version()}\")";
        let mut command = Command::new(&self.python);
        Ok(answer(command.args(["-c", code]))?.trim().to_owned())
    }

    fn run(&self, row: &Row, dataset: &Dataset, options: &[&str], key: &str) -> Result<f64> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/deepstrf_epoch.py");
        let mut command = Command::new(&self.python);
        command.arg(script).arg(&dataset.file).args(row.reference_arguments());
        command.args(["--threads", &self.threads.to_string(), "--train", &TRAIN.to_string()]);
        let text = answer(command.args(options))?;
        let last = text.lines().last().unwrap_or_default();
        let found: Json = serde_json::from_str(last)?;
        found[key].as_f64().ok_or_else(|| format!("{script}: no {key} in {last:?}").into())
    }
}

/// What a command prints.
fn answer(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| format!("{}: {error}", shown(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}\n{said}", shown(command), output.status).into())
}

fn shown(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
