//! All that the next step of a fit depends on, in one file.
use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::best::Best;
use super::block_path::BlockProgress;
use super::path::{self, Point};
use crate::base::error::{Cause, Error, Result};
use crate::base::files;
use crate::base::tensor_file;
use crate::models::params::{Param, Params};

/// What a fit is at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// One of several random starts.
    Starts {
        /// Its place.
        nth: usize,
    },
    /// The fit itself.
    #[default]
    Fit,
    /// The mean of late weights, and scale, offset and output nonlinearity of each neuron.
    Finish,
    /// Nothing is left to do.
    Done,
}

/// Counters of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What the fit is at.
    pub phase: Phase,
    /// Epochs that are done, those of all phases together.
    pub epoch: usize,
    /// Epochs of the present phase, of the present attempt or point of a path.
    pub leg: usize,
    /// Optimizer steps that are done, from which random numbers of layers follow.
    pub steps: u32,
    /// Optimizer steps that were done when the optimizer's memory was empty.
    pub leg_start: u32,
    /// How often the fit was begun anew with smaller steps.
    pub restarts: u32,
    /// The best epoch so far.
    pub best: Best,
    /// Weights that are summed up for their mean.
    pub summed: usize,
    /// The validation loss of each random start, and which is the best.
    pub starts: Vec<f64>,
    /// The points of the paths of penalties so far.
    pub path: Vec<Point>,
    /// How far each block of a fit by L-BFGS has come: each neuron, or all together.
    pub blocks: Vec<BlockProgress>,
    /// What kernels are multiplied by to be effective STRFs, within a point of a path.
    pub gains: Vec<f64>,
    /// Whether calibration was kept, for each neuron.
    pub calibrated: Vec<bool>,
    /// Neurons that are kept at their mean.
    pub given_up: Vec<usize>,
    /// The run file with every default filled in, without what may change between sittings.
    pub run: String,
}

impl Progress {
    /// That of a neuron by itself.
    fn of_neuron(&self, neuron: usize, run: String) -> Self {
        let blocks: Vec<BlockProgress> = self.blocks.get(neuron).cloned().into_iter().collect();
        Self {
            epoch: blocks.first().map_or(self.epoch, |block| block.steps),
            best: self.best.of_neuron(neuron),
            path: self.path.iter().filter_map(|point| point.of_neuron(neuron)).collect(),
            gains: self.gains.get(neuron).copied().into_iter().collect(),
            blocks,
            calibrated: Vec::new(),
            given_up: Vec::new(),
            starts: Vec::new(),
            run,
            ..self.clone()
        }
    }

    /// That of all neurons, of those of fits of some of them that have come to their end.
    fn joined(parts: &[(&Self, usize)]) -> Self {
        let mut all = Self { phase: Phase::Done, ..Self::default() };
        let mut neurons = 0;
        for (part, own) in parts {
            all.epoch = all.epoch.max(part.epoch);
            all.steps = all.steps.max(part.steps);
            all.calibrated.extend(&part.calibrated);
            all.given_up.extend(part.given_up.iter().map(|neuron| neurons + neuron));
            neurons += own;
        }
        let best: Vec<&Best> = parts.iter().map(|(part, _)| &part.best).collect();
        all.best = Best::joined(&best);
        let paths: Vec<(&[Point], usize)> =
            parts.iter().map(|(part, own)| (part.path.as_slice(), *own)).collect();
        all.path = path::joined(&paths);
        all
    }

    /// Optimizer steps since the optimizer's memory was empty.
    pub fn steps_of_leg(&self) -> u32 {
        self.steps - self.leg_start
    }
}

/// Tensors by name.
pub type Tensors = BTreeMap<String, Tensor>;

/// A run between two epochs.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// Counters.
    pub progress: Progress,
    /// Parameters and buffers after the last epoch, in the units of the fit.
    pub weights: Tensors,
    /// Those of the best epoch, or of each neuron's own, in the units of the fit.
    pub best_weights: Tensors,
    /// The same in the units of the recording.
    pub model: Tensors,
    /// What the optimizer remembers.
    pub memory: Tensors,
    /// Sums of weights of late epochs.
    pub sums: Tensors,
    /// Whether a fit can go on from it; not where what the optimizer remembers was not gathered.
    pub is_whole: bool,
}

const PROGRESS: &str = "progress";

impl Checkpoint {
    /// The groups of tensors with their names in the file.
    fn groups(&self) -> [(&'static str, &Tensors); 5] {
        [
            ("weights", &self.weights),
            ("best", &self.best_weights),
            ("model", &self.model),
            ("memory", &self.memory),
            ("sums", &self.sums),
        ]
    }

    /// That of a neuron by itself, of a fit in which each is; `own` are the tensors of a model of that neuron
    /// alone, and `run` what tells its run from others.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn of_neuron(&self, neuron: usize, own: &Params, run: String) -> Result<Self> {
        let own = own.all();
        let part = |whole: &Tensor, param: &Param| {
            if whole.dims() == param.var.dims() {
                return whole.copy();
            }
            whole.narrow(param.owner_axis, neuron, 1)?.contiguous()?.copy()
        };
        let narrowed = |tensors: &Tensors| -> Result<Tensors> {
            let known = own.iter().filter_map(|(name, own)| Some((name, own, tensors.get(name)?)));
            let parts = known.map(|(name, own, whole)| Ok((name.clone(), part(whole, own)?)));
            Ok(parts.collect::<candle_core::Result<_>>()?)
        };
        Ok(Self {
            progress: self.progress.of_neuron(neuron, run),
            weights: narrowed(&self.weights)?,
            best_weights: narrowed(&self.best_weights)?,
            model: narrowed(&self.model)?,
            memory: Tensors::new(),
            sums: Tensors::new(),
            is_whole: true,
        })
    }

    /// What fits of some neurons each, and of so many, come to together where all have come to their end;
    /// `own` are the tensors of the model of all of them. Nothing can be gone on with from it.
    ///
    /// # Errors
    /// Weights that all neurons share differ, or a tensor operation fails.
    pub fn joined(parts: &[(&Self, usize)], own: &Params) -> Result<Self> {
        let joined = |(name, param): (String, Param)| {
            let of_parts: Vec<&Tensor> =
                parts.iter().filter_map(|(part, _)| part.model.get(&name)).collect();
            let whole = match of_parts.as_slice() {
                [first, rest @ ..] if first.dims() == param.var.dims() => {
                    rest.iter().try_for_each(|other| require_same(first, other, &name))?;
                    first.copy()?
                }
                parts => Tensor::cat(parts, param.owner_axis)?,
            };
            Ok((name, whole))
        };
        let progress: Vec<_> = parts.iter().map(|(part, own)| (&part.progress, *own)).collect();
        let model = own.all().into_iter().map(joined).collect::<Result<Tensors>>()?;
        Ok(Self {
            progress: Progress::joined(&progress),
            weights: Tensors::new(),
            best_weights: Tensors::new(),
            model,
            memory: Tensors::new(),
            sums: Tensors::new(),
            is_whole: false,
        })
    }

    /// The mean of the weights that were summed up; none where there are too few.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn means(&self) -> Result<Option<Tensors>> {
        if self.progress.summed < 2 {
            return Ok(None);
        }
        let mut means = Tensors::new();
        for (name, sum) in &self.sums {
            let dtype = self.weights.get(name).map_or(DType::F32, Tensor::dtype);
            means.insert(name.clone(), (sum / self.progress.summed as f64)?.to_dtype(dtype)?);
        }
        Ok(Some(means))
    }

    /// The file's bytes; the same for the same state.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let mut tensors = BTreeMap::new();
        for (group, own) in self.groups() {
            tensors.extend(own.iter().map(|(name, t)| (format!("{group}/{name}"), t.clone())));
        }
        let progress = serde_json::to_string(&self.progress)
            .map_err(|source| Error::failed("writing the state's counters", source))?;
        tensor_file::bytes(&tensors, Some((PROGRESS, &progress)))
    }

    /// Reads what [`Checkpoint::bytes`] wrote.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let bytes =
            files::bytes(path).map_err(|source| Error::file(format!("reading {shown}"), source))?;
        let damaged = |source: Cause| {
            let what = "the state is damaged; start the run anew with --force";
            Error::file(format!("{shown}: {what}"), source)
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.into()))?;
        let progress = header.metadata().as_ref().and_then(|entries| entries.get(PROGRESS));
        let progress = progress.ok_or_else(|| damaged("its counters are missing".into()))?;
        let progress = serde_json::from_str(progress).map_err(|e| damaged(e.into()))?;
        let tensors = tensor_file::parse(&bytes).map_err(|e| damaged(e.into()))?;
        let group = |wanted: &str| -> Tensors {
            let own = tensors.iter().filter_map(|(name, tensor)| {
                name.strip_prefix(wanted)?
                    .strip_prefix('/')
                    .map(|name| (name.to_owned(), tensor.clone()))
            });
            own.collect()
        };
        Ok(Self {
            progress,
            weights: group("weights"),
            best_weights: group("best"),
            model: group("model"),
            memory: group("memory"),
            sums: group("sums"),
            is_whole: true,
        })
    }
}

fn require_same(one: &Tensor, other: &Tensor, name: &str) -> Result<()> {
    let numbers = |tensor: &Tensor| tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>();
    if one.dims() == other.dims() && numbers(one)? == numbers(other)? {
        return Ok(());
    }
    Err(Error::Stopped(format!("{name}: found other values for other neurons, expected the same")))
}
