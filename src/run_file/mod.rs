//! The run file: as written → checked against the tables of keys → values in range.
mod choices;
mod condition;
mod origin;
mod paths;
mod penalty;
mod render;
mod resolve;
mod rules;
mod sections;
mod selection;
mod settings;
mod split;
mod template;
mod train;

use std::path::{Path, PathBuf};

use crate::base::device::DeviceName;
use crate::base::error::{Error, Problem, Result};
use crate::base::files;
use crate::config::check::{Check, refused};
use crate::config::part::Chosen;
use crate::config::sections::{Form, Section};
use crate::models::cores::linear;
use crate::models::output_gains::{self, OutputGainRow};
use crate::models::parameterizations::{self, ParameterizationRow, full};
use crate::models::prefilters::{self, PrefilterRow};
use crate::models::{self, Architecture, HasStrfs, ModelRow};

pub use choices::{Banded, Best, LossScale, Monitor, Optimizer, Schedule, Standardize, StartFrom};
pub use condition::{Condition, Relation};
pub use origin::{Freeze, Origin};
pub use paths::{last_name, relative};
pub use penalty::Strength;
pub use sections::SECTIONS;
pub use selection::Selection;
pub use settings::{Data, Output};
pub use split::Split;
pub use template::{DEEPSTRF, Others, Template};
pub use train::Train;
use train::Traits;

/// A run file whose values are in range.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// The file it was read from, for messages.
    pub file: PathBuf,
    /// `[data]`.
    pub data: Data,
    /// `[model]`, each `[prefilter]`, `[parameterization]`.
    pub architecture: Architecture,
    /// The run that prefilters and core come from, where they do.
    pub origin: Option<Origin>,
    /// `[train]`.
    pub train: Train,
    /// `[output]`.
    pub output: Output,
}

/// The parts as far as they could be read.
struct Draft {
    model: Option<Chosen<ModelRow>>,
    /// One for each section, none where a section names no prefilter.
    prefilters: Vec<Option<Chosen<PrefilterRow>>>,
    prefilter_form: Form,
    parameterization: Option<Chosen<ParameterizationRow>>,
    output_gain: Option<Chosen<OutputGainRow>>,
}

/// The sections that make an [`Architecture`].
const ARCHITECTURE: [&str; 4] = ["model", PREFILTER, "parameterization", OUTPUT_GAIN];

/// The section that may stand several times.
const PREFILTER: &str = "prefilter";

/// The section of what changes the output nonlinearity.
const OUTPUT_GAIN: &str = "output_gain";

impl RunConfig {
    /// Reads a run file; each of `overrides` is a `section.key=value` that replaces what the file
    /// says.
    ///
    /// # Errors
    /// Everything that does not fit, at once.
    pub fn load(file: &Path, overrides: &[String]) -> Result<Self> {
        let text = files::text(file)
            .map_err(|source| Error::file(format!("reading {}", file.display()), source))?;
        Self::parse(&text, file, overrides)
    }

    /// The run file `text`, whose paths are relative to the folder of `file`.
    ///
    /// # Errors
    /// As [`RunConfig::load`].
    pub fn parse(text: &str, file: &Path, overrides: &[String]) -> Result<Self> {
        Self::parse_among(text, sections::SECTIONS, file, overrides)
    }

    /// The run file in a text that may have the sections `known`, of which those that are no part of a run
    /// file are left to others.
    ///
    /// # Errors
    /// As [`RunConfig::load`].
    pub fn parse_among(
        text: &str,
        known: &'static [Section],
        file: &Path,
        overrides: &[String],
    ) -> Result<Self> {
        let mut check = Check::open(text, known, file, overrides)?;
        check.sections(&known.iter().map(|section| section.name).collect::<Vec<_>>());
        let data = check.values("data", sections::DATA);
        let draft = Draft::read(&mut check);
        let train = check.values("train", Train::KEYS);
        let output = check.values("output", sections::OUTPUT);
        check.problems.extend(rules::of_training(&train, &draft, &check.document));

        let mut architecture = draft.finish(check.problems, file)?;
        let origin = Origin::take(&mut architecture.model.values, folder_of(file))?;
        // Filters that adapt take a level without centring.
        let adapts = architecture.prefilters.len() > architecture.stages_of_level();
        let unsaid = if adapts { Standardize::Scale } else { Standardize::Global };
        let mut train = Train::new(&train)?;
        train.resolve(Traits {
            is_linear: architecture.model.row.part.name == linear::ROW.part.name,
            is_full: architecture.parameterization.row.part.name == full::PART.name,
            has_strfs: architecture.model.row.strfs == HasStrfs::Yes,
            is_frozen: origin.as_ref().is_some_and(Origin::freezes),
            nothing_shared: architecture.shares_nothing(),
            lr: architecture.model.row.lr,
        });
        let data = Data::new(&data, folder_of(file), unsaid)?;
        architecture.standardized = data.standardize.statistics();
        Ok(Self {
            file: file.into(),
            data,
            architecture,
            origin,
            train,
            output: Output::new(&output, file)?,
        })
    }

    /// How the sound itself is standardized: where stages or an output gain need its level it is divided
    /// by one constant, and `data.standardize` says what stands in front of the first other one.
    pub fn standardize_sound(&self) -> Standardize {
        if self.architecture.needs_level() { Standardize::Scale } else { self.data.standardize }
    }

    /// Whether neurons come to the same bits by themselves, in groups and all side by side.
    pub fn fits_side_by_side(&self) -> bool {
        let Self { train, architecture, origin, .. } = self;
        let is_apart = architecture.shares_nothing() && train.optimizer != Optimizer::AdamW;
        let by_neuron = train.best() == Best::PerNeuron && train.monitor != Monitor::ValidCcNorm;
        let is_single = train.start() == StartFrom::Ridge || train.starts() == 1;
        let is_plain = origin.is_none() && train.device == DeviceName::Cpu;
        is_apart && by_neuron && is_single && is_plain && train.epochs() > 0
    }

    /// `ln + adaptrans, zebra_finch.h5`: model, prefilter and dataset, as pictures name them.
    pub fn title(&self) -> String {
        title(&self.architecture, &self.data.file)
    }

    /// The `[model]`, `[prefilter]` and `[parameterization]` of a text that has no other section.
    ///
    /// # Errors
    /// As [`RunConfig::load`].
    pub fn architecture(text: &str, file: &Path) -> Result<Architecture> {
        let mut check = Check::open(text, sections::SECTIONS, file, &[])?;
        check.sections(&ARCHITECTURE);
        let draft = Draft::read(&mut check);
        draft.finish(check.problems, file)
    }
}

/// `ln + adaptrans, zebra_finch.h5`: model, prefilters and dataset, as pictures name them.
pub fn title(architecture: &Architecture, data: &Path) -> String {
    let parts = architecture.title();
    match data.file_name() {
        Some(file) => format!("{parts}, {}", file.display()),
        None => parts,
    }
}

impl Draft {
    fn read(check: &mut Check) -> Self {
        let draft = Self {
            model: check.part("model", models::TABLE),
            prefilters: check.parts(PREFILTER, prefilters::TABLE),
            prefilter_form: check.document.form(PREFILTER),
            parameterization: check.part("parameterization", parameterizations::TABLE),
            output_gain: check.part(OUTPUT_GAIN, output_gains::TABLE),
        };
        check.problems.extend(rules::between_parts(&draft, &check.document));
        draft
    }

    /// The architecture if there are no problems, else all of them.
    fn finish(self, problems: Vec<Problem>, file: &Path) -> Result<Architecture> {
        match (self.model, self.parameterization) {
            (Some(model), Some(parameterization)) if problems.is_empty() => {
                let prefilters = self.prefilters.into_iter().flatten().collect();
                let prefilter_form = self.prefilter_form;
                let (standardized, to_amplitude, output_gain) = (None, None, self.output_gain);
                Ok(Architecture {
                    model,
                    prefilters,
                    prefilter_form,
                    parameterization,
                    output_gain,
                    to_amplitude,
                    standardized,
                })
            }
            _ => Err(refused(problems, file)),
        }
    }
}

/// The folder that the paths of a run file start from.
fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or_else(|| Path::new(""))
}
