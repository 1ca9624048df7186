//! Models that deepSTRF 0.1.0 saved: a folder with `config.json` and `model.safetensors`, as the run
//! file that builds the same model.
//!
//! `config.json` holds the numbers that its constructor was given, and neither prefilter nor kernel nor
//! output nonlinearity: these follow from names and shapes of the weights.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde_json::{Map, Value as Json};

use crate::base::error::{Error, Problem, Result};
use crate::base::files;
use crate::base::tensor_file;
use crate::base::units;
use crate::base::wording::{joined, one_of};
use crate::config::part::Row;
use crate::models::dims::Dims;
use crate::models::outputs;
use crate::models::params::{BATCH_COUNTER, Params};
use crate::models::prefilters;
use crate::models::{self, ReferenceClass};
use crate::run_file::RunConfig;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
/// The key of `config.json` that names the class.
const CLASS: &str = "_model_class";

/// Arguments that say nothing of the parts of a model here.
const ELSEWHERE: [&str; 8] = [
    CLASS,
    "n_frequency_bands",
    "out_neurons",
    "output_activation",
    "prefiltering",
    "kernel",
    "wav2spec",
    "temporal_window_size",
];

/// A folder that the reference wrote.
pub struct SavedModel {
    /// Its weights by name.
    pub weights: BTreeMap<String, Tensor>,
    /// The file they were read from.
    pub file: PathBuf,
    config_file: PathBuf,
    config: Map<String, Json>,
}

/// What a recording and the command line say of a model that the folder does not.
pub struct Told<'a> {
    /// The dataset.
    pub data: &'a Path,
    /// What it fixes.
    pub dims: &'a Dims,
    /// A prefilter, or `none`, where the names of weights are not to be asked.
    pub prefilter: Option<&'a str>,
    /// Where the run is written.
    pub out: &'a Path,
    /// Changes of keys of the run file.
    pub overrides: &'a [String],
}

impl SavedModel {
    /// Reads a folder.
    ///
    /// # Errors
    /// A file is missing or damaged.
    pub fn read(folder: &Path) -> Result<Self> {
        let (config_file, file) = (folder.join(CONFIG), folder.join(WEIGHTS));
        for needed in [&config_file, &file] {
            if !needed.is_file() {
                return Err(Error::Refused(format!(
                    "{}: found no such file, expected a folder with {CONFIG} and {WEIGHTS}, as \
                     save_pretrained of deepSTRF writes it",
                    needed.display()
                )));
            }
        }
        let doing = || format!("reading {}", config_file.display());
        let text = files::text(&config_file).map_err(|source| Error::file(doing(), source))?;
        let config = serde_json::from_str::<Map<String, Json>>(&text)
            .map_err(|source| Error::file(doing(), source))?;
        Ok(Self { weights: tensor_file::read(&file)?, file, config_file, config })
    }

    /// The run file that builds the model.
    ///
    /// # Errors
    /// Its class or an argument is unknown, or a part can be told neither from names nor from what
    /// the command line says.
    pub fn run_config(&self, told: &Told) -> Result<RunConfig> {
        let first = self.parse(told, None)?;
        let Some(chosen) = first.architecture.prefilters.first() else { return Ok(first) };
        // The reference counts milliseconds as bins.
        let longest = prefilters::longest_tau_ms(&chosen.values, told.dims)?;
        let bins = units::bins(3.0 * longest, 1.0, 1);
        self.parse(told, Some(bins as u64 + 1))
    }

    fn parse(&self, told: &Told, kernel_bins: Option<u64>) -> Result<RunConfig> {
        let text = self.run_file(told, kernel_bins)?;
        let mut config = RunConfig::parse(&text, &self.config_file, told.overrides)?;
        // The paths are relative to where the command was typed.
        config.data.file = told.data.into();
        config.output.folder = told.out.into();
        Ok(config)
    }

    fn run_file(&self, told: &Told, kernel_bins: Option<u64>) -> Result<String> {
        let (model, class) = self.class()?;
        let data = "[data]\nfile = \"data.h5\"\nstandardize = \"none\"".to_owned();
        let mut lines = vec![data, format!("[model]\ntype = \"{model}\"")];
        let said = |key: &str| {
            told.overrides.iter().any(|text| text.starts_with(&format!("model.{key}=")))
        };
        if !said("output") {
            lines.push(format!("output = \"{}\"", self.output(class)?));
        }
        lines.push(self.arguments(class, told.dims.dt_ms)?);
        lines.extend(class.form.iter().map(|(key, value)| format!("{key} = {value}")));
        if let Some(prefilter) = self.prefilter(told.prefilter)? {
            lines.push(format!("[prefilter]\ntype = \"{prefilter}\""));
            lines.extend(kernel_bins.map(|bins| format!("kernel_bins = {bins}")));
        }
        lines.push(self.parameterization());
        let untrained = "epochs = 0\nstarts = 1\ncalibrate = false\naverage = false";
        lines.push(format!("[train]\noptimizer = \"adamw\"\n{untrained}\n"));
        Ok(lines.join("\n"))
    }

    /// Its model here, and its class.
    fn class(&self) -> Result<(&'static str, &'static ReferenceClass)> {
        let found = self.config.get(CLASS).and_then(Json::as_str).unwrap_or_default();
        let known = models::TABLE.iter();
        let known: Vec<_> =
            known.filter_map(|row| Some((row.part().name, row.reference?))).collect();
        known.iter().find(|(_model, class)| class.name == found).copied().ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(_model, class)| class.name).collect();
            self.refused(CLASS, format!("{found:?}"), one_of(&names))
        })
    }

    fn refused(&self, key: &str, found: String, expected: String) -> Error {
        let problems = vec![Problem::new(key, found, expected)];
        Error::Input { file: self.config_file.clone(), problems }
    }

    /// The keys that the arguments come to.
    fn arguments(&self, class: &ReferenceClass, dt_ms: f64) -> Result<String> {
        let known = |name: &str| {
            ELSEWHERE.contains(&name) || class.arguments.iter().any(|argument| argument.0 == name)
        };
        if let Some((name, value)) = self.config.iter().find(|(name, _)| !known(name)) {
            let expected = format!("an argument of {} of deepSTRF 0.1.0", class.name);
            return Err(self.refused(name, value.to_string(), expected));
        }
        let lines = class.lines(&self.config, dt_ms).map(|(name, value, line)| {
            line.ok_or_else(|| {
                self.refused(name, value.to_string(), format!("what {} takes", class.name))
            })
        });
        lines.collect()
    }

    /// Names of weights behind a prefix, those of counters aside.
    fn names(&self, prefix: &str) -> BTreeSet<&str> {
        let names = self.weights.keys().filter_map(|name| name.strip_prefix(prefix));
        names.filter(|name| name.rsplit('.').next() != Some(BATCH_COUNTER)).collect()
    }

    /// The output nonlinearity whose parameters have the names that are there.
    fn output(&self, class: &ReferenceClass) -> Result<&'static str> {
        let own = self.names("readout.activation.");
        for row in outputs::TABLE {
            let params = Params::new(0, DType::F32, &Device::Cpu);
            (row.build)(1, &params.scope(""))?;
            let names: BTreeSet<String> = params.all().into_iter().map(|(name, _)| name).collect();
            if !names.is_empty() && own.iter().copied().eq(names.iter().map(String::as_str)) {
                return Ok(row.part().name);
            }
        }
        let unsaid = self.config.get("output_activation").is_some_and(Json::is_null);
        if let Some(output) = class.output.filter(|_| own.is_empty() && unsaid) {
            Ok(output)
        } else {
            let found = if own.is_empty() {
                "no weights that tell".to_owned()
            } else {
                joined(&own.into_iter().collect::<Vec<_>>(), "and")
            };
            let expected = format!(
                "an output nonlinearity named by --set model.output=NAME: {}",
                one_of(&outputs::names())
            );
            Err(self.refused("readout.activation", found, expected))
        }
    }

    /// The prefilter whose weights are there.
    fn prefilter(&self, said: Option<&str>) -> Result<Option<&'static str>> {
        if let Some(said) = said {
            let named = prefilters::names().into_iter().find(|name| *name == said);
            return match (named, said) {
                (None, "none") => Ok(None),
                (Some(name), _) => Ok(Some(name)),
                _ => {
                    let mut known = prefilters::names();
                    known.push("none");
                    Err(Error::Refused(format!(
                        "--prefilter: found {said:?}, expected {}",
                        one_of(&known)
                    )))
                }
            };
        }
        let own = self.names("prefiltering.");
        match own.iter().copied().collect::<Vec<_>>().as_slice() {
            [] => Ok(None),
            ["a"] => Ok(Some("willmore")),
            names if names.contains(&"d_on") => Ok(Some("adaptrans")),
            names => {
                let expected = "weights of a prefilter that is known; name it with --prefilter";
                Err(self.refused("prefiltering", joined(names, "and"), expected.into()))
            }
        }
    }

    /// The parameterization whose weights are there.
    fn parameterization(&self) -> String {
        let ends = |name: &str| self.weights.iter().find(|(own, _)| own.ends_with(name));
        if let Some((_, positions)) = ends("kernel.P") {
            let gaussians = positions.dims().last().copied().unwrap_or(1);
            return format!("[parameterization]\ntype = \"dcls\"\ngaussians = {gaussians}\n");
        }
        match ends("kernel.weight_f") {
            Some(_) => "[parameterization]\ntype = \"separable\"\n".into(),
            None => String::new(),
        }
    }
}
