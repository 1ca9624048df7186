//! A model as deepSTRF 0.1.0 loads it: what its file of arguments says, what that cannot hold and its
//! loader is given besides, and what it has no part for.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::base::error::Result;
use crate::config::keys::Values;
use crate::config::part::Row;
use crate::models::counterpart::{Counterpart, filled, unlike};
use crate::models::dims::Dims;
use crate::models::{Architecture, Reference, Sharing, outputs, prefilters};

/// What its `from_pretrained` is to be given as `extra_kwargs`, and why it cannot load the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// By argument: the Python expression that makes the object, which needs `torch` and the modules
    /// of deepSTRF that it names; its values come from the file of weights.
    pub extra_kwargs: BTreeMap<String, String>,
    /// What it has no part for.
    pub no_part_for: Vec<String>,
    /// Whether it lacks a whole part.
    #[serde(skip)]
    lacks_parts: bool,
    /// Whether its loader stops at weights of other names or shapes.
    #[serde(skip)]
    weights_differ: bool,
}

impl Exchange {
    /// Of a model for a recording, and its class there.
    ///
    /// # Errors
    /// A key has no such value.
    pub fn of(
        architecture: &Architecture,
        dims: &Dims,
        reference: Option<&Reference>,
    ) -> Result<Self> {
        let mut own = Self::default();
        match reference {
            Some(reference) => own.differ(reference.unlike.clone(), reference.silent.clone()),
            None => own.lacks("model", architecture.model.row),
        }
        match architecture.prefilters.as_slice() {
            [] => {}
            [only] => {
                let found = Found { section: "prefilter", argument: "prefiltering", row: only.row };
                own.part(&found, only.row.reference.as_ref(), &only.values, |name| match name {
                    "F" => Ok(dims.bands),
                    _ => prefilters::filter_bins(&only.values, dims),
                })?;
            }
            several => {
                own.no_part_for.push(format!("{} prefilters in a row", several.len()));
                own.lacks_parts = true;
            }
        }
        own.kernel(architecture, dims)?;
        own.output(&architecture.model.values, dims)?;
        if let Some(gain) = &architecture.output_gain {
            own.lacks("output_gain", gain.row);
        }
        Ok(own)
    }

    /// The arguments of its class. Where it lacks a part, or would load another model and not know, its
    /// loader stops at an argument that no class takes; other weights stop it by themselves.
    pub fn arguments(&self, reference: Option<&Reference>) -> Json {
        match reference {
            Some(reference) if self.stops_or_loads() => {
                let mut arguments = reference.arguments.clone();
                arguments.insert("_model_class".to_owned(), reference.class.name.into());
                arguments.into()
            }
            _ => {
                let reason =
                    format!("deepSTRF 0.1.0 has no part for {}", self.no_part_for.join(", "));
                json!({ "_model_class": null, "no_such_model": reason })
            }
        }
    }

    fn stops_or_loads(&self) -> bool {
        !self.lacks_parts && (self.weights_differ || self.no_part_for.is_empty())
    }

    /// Takes on keys with other values than its models have, as weights tell and as they do not.
    fn differ(&mut self, told: Vec<String>, silent: Vec<String>) {
        self.weights_differ |= !told.is_empty();
        self.no_part_for.extend(told.into_iter().chain(silent));
    }

    fn lacks(&mut self, section: &str, row: &impl Row) {
        self.lacks_parts = true;
        self.no_part_for.push(format!("{section} {}", row.part().name));
    }

    fn part<R: Row>(
        &mut self,
        found: &Found<R>,
        counterpart: Option<&Counterpart>,
        values: &Values,
        number: impl Fn(&str) -> Result<usize>,
    ) -> Result<()> {
        let Some(counterpart) = counterpart else {
            self.lacks(found.section, found.row);
            return Ok(());
        };
        let unlike = |keys| unlike(found.section, keys, values);
        self.differ(unlike(counterpart.form)?, unlike(counterpart.silent)?);
        if let Some(expression) = counterpart.object {
            self.extra_kwargs.insert(found.argument.to_owned(), filled(expression, number)?);
        }
        Ok(())
    }

    fn kernel(&mut self, architecture: &Architecture, dims: &Dims) -> Result<()> {
        let (chosen, model) = (&architecture.parameterization, &architecture.model);
        let found = Found { section: "parameterization", argument: "kernel", row: chosen.row };
        self.part(&found, chosen.row.reference.as_ref(), &chosen.values, |name| match name {
            "F" => Ok(dims.bands),
            "T" => Ok(dims.bins(model.values.number("window_ms")?)),
            "C_in" => Ok(architecture.prefilters.last().map_or(1, |chosen| chosen.row.gives)),
            "C_out" if model.row.sharing == Sharing::Hidden => model.values.count("hidden"),
            "C_out" => Ok(dims.neurons),
            key => chosen.values.count(key),
        })
    }

    fn output(&mut self, values: &Values, dims: &Dims) -> Result<()> {
        let name = values.text("output").unwrap_or("identity");
        let Some(row) = outputs::TABLE.iter().find(|row| row.part().name == name) else {
            return Ok(());
        };
        let found = Found { section: "output", argument: "output_activation", row };
        self.part(&found, row.reference.as_ref(), values, |_| Ok(dims.neurons))
    }
}

/// A part of a model: its section of the run file, its argument there.
struct Found<'a, R> {
    section: &'static str,
    argument: &'static str,
    row: &'a R,
}
