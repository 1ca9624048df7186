//! A trained run that another fit starts from: its prefilters and core, for other neurons.
use std::collections::BTreeMap;

use candle_core::Tensor;
use xxhash_rust::xxh3::xxh3_128;

use super::lines::lines_without;
use super::trained::Trained;
use crate::base::error::{Error, Problem, Result};
use crate::base::files;
use crate::base::tensor_file;
use crate::dataset::Recording;
use crate::models::cores::READOUT_KEYS;
use crate::models::params::Params;
use crate::models::{Architecture, Network};
use crate::preparation::Standardization;
use crate::run_file::{Origin, RunConfig, StartFrom};

/// Under which names tensors lie that belong to neurons.
const OF_NEURONS: [&str; 3] = ["readout.", "output_decay.", "output_gain."];

/// What a fit takes over of a trained run.
pub struct Source {
    trained: Trained,
    origin: Origin,
    /// Tensors of prefilters and core by name.
    core: BTreeMap<String, Tensor>,
    /// A hash of the file of its weights.
    pub hash: String,
}

impl Source {
    /// Opens the run.
    ///
    /// # Errors
    /// There is none, or its files cannot be read.
    pub fn open(origin: &Origin) -> Result<Self> {
        let trained = Trained::open(&origin.run)?;
        let file = trained.folder.weights_file();
        let doing = || format!("reading {}", file.display());
        let bytes = files::bytes(&file).map_err(|source| Error::file(doing(), source))?;
        let of_core = |(name, _): &(String, Tensor)| {
            !OF_NEURONS.iter().any(|prefix| name.starts_with(prefix))
        };
        let core = tensor_file::read(&file)?.into_iter().filter(of_core).collect();
        let hash = format!("{:032x}", xxh3_128(&bytes));
        Ok(Self { trained, origin: origin.clone(), core, hash })
    }

    /// Lets a fit treat sound and responses as the run did; says where the run file has it otherwise.
    ///
    /// # Errors
    /// The run has other parts, or a way to start was asked for that would undo what is taken over.
    pub fn treat(&self, config: &mut RunConfig) -> Result<Vec<String>> {
        self.require_parts(config)?;
        if config.train.start() == StartFrom::Ridge {
            let expected = "\"random\" with model.init, from which the weights come";
            let problems = vec![Problem::new("train.start", "\"ridge\"", expected)];
            return Err(Error::Input { file: config.file.clone(), problems });
        }
        let own = self.trained.metadata.smooth_ms;
        let asked = std::mem::replace(&mut config.data.smooth_ms, own);
        let note = ((asked - own).abs() > 0.0).then(|| {
            let run = self.origin.run.display();
            format!("data.smooth_ms: {own} as {run} was fitted with, not {asked}")
        });
        Ok(note.into_iter().collect())
    }

    /// Fails where the recording has other bins or bands than the run's.
    ///
    /// # Errors
    /// As said.
    pub fn require_axes<R>(&self, recording: &Recording<R>) -> Result<()> {
        let (own, shown) = (&self.trained.metadata, self.origin.run.display());
        let mut problems = Vec::new();
        let mut differs = |what: &str, found: String, expected: String| {
            let expected = format!("{expected}, as {shown} was fitted to (model.init)");
            problems.push(Problem::new(what, found, expected));
        };
        if (recording.dt_ms - own.dt_ms).abs() > 1e-9 * own.dt_ms {
            let bins = |ms: f64| format!("bins of {ms} ms");
            differs("dt_ms", bins(recording.dt_ms), bins(own.dt_ms));
        }
        let bands = |count: usize| format!("{count} bands");
        if recording.bands() != own.bands {
            differs("cochleagrams", bands(recording.bands()), bands(own.bands));
        } else if let (Some(found), Some(known)) = (&recording.frequencies_hz, &own.frequencies_hz)
            && let Some((f, k)) =
                found.iter().zip(known).find(|(f, k)| (*f - *k).abs() > 1e-3 * **k)
        {
            differs("frequencies", format!("a band at {f} Hz"), format!("{k} Hz"));
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::Input { file: recording.file.clone(), problems })
    }

    /// The run's standardization of sound.
    pub fn standardization(&self) -> Standardization {
        let metadata = &self.trained.metadata;
        Standardization { mean: metadata.mean.clone(), scale: metadata.scale.clone() }
    }

    /// Puts prefilters and core into a network, to stay there where they are frozen.
    ///
    /// # Errors
    /// The network has other tensors, or a tensor operation fails.
    pub fn give(&self, network: Network, params: &Params) -> Result<Network> {
        let problems = params.start_from(&self.core, self.origin.freezes())?;
        if problems.is_empty() {
            return Ok(network.with_given_core(self.origin.freezes()));
        }
        Err(Error::Input { file: self.trained.folder.weights_file(), problems })
    }

    /// Fails where the parts in front of the readout are not those of the run.
    fn require_parts(&self, config: &RunConfig) -> Result<()> {
        let (found, own) = (core(&config.architecture)?, core(&self.trained.architecture)?);
        if found == own {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{}: found {}, expected {} as in {}, which model.init names: what stands before the \
             readout must be the same",
            config.file.display(),
            lines_without(&found, &own),
            lines_without(&own, &found),
            self.origin.run.display()
        )))
    }
}

/// The parts of a model as a run file has them, but for the readout.
fn core(architecture: &Architecture) -> Result<String> {
    let text = architecture.to_toml()?;
    let of_readout = |line: &str| {
        READOUT_KEYS
            .iter()
            .any(|key| line.split('=').next().is_some_and(|name| name.trim() == *key))
    };
    Ok(text.lines().filter(|line| !of_readout(line)).collect::<Vec<_>>().join("\n"))
}
