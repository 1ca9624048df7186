//! Receptive fields together with everything that is needed to read them years later.
use ndarray::{Array4, ArrayD, ArrayView1};

use super::arrays::{ArrayValues, Named};
use super::significance::{Meaning, Significance};
use crate::base::error::{Error, Result};
use crate::models::dims::Axis;

/// The STRFs of a model, their axes, and what they were made from.
#[derive(Debug, Clone)]
pub struct StrfExport {
    /// Model and data, as a picture is headed: `nrf + adaptrans, zebra_finch.h5`.
    pub title: String,
    /// `(N or H, C, F, K)`, the kernels as the model applies them; lag 0 is the present bin.
    pub strfs: Array4<f32>,
    /// `(N or H, C, F, K)`, the kernels with normalization and standardization folded in.
    pub effective: Array4<f32>,
    /// How long before now, in milliseconds; `K` values, ascending.
    pub lags_ms: Vec<f64>,
    /// Centres of the `F` bands in Hz, ascending, where the dataset gives them.
    pub frequencies_hz: Option<Vec<f64>>,
    /// Names of the `C` channels: `sound`, or `ON` and `OFF`.
    pub channels: Vec<String>,
    /// Whose STRFs lie along the first axis.
    pub rows: StrfRows,
    /// What belongs to the model beside its kernels.
    pub extras: Vec<Extra>,
    /// The run file, as text.
    pub config: String,
    /// Version of the program that fitted the model.
    pub version: String,
    /// How the STRFs were obtained.
    pub method: Method,
    /// What the effective STRFs give for sound.
    pub effect: Effect,
    /// How sure the weights of the effective STRFs are, where other fits were given.
    pub significance: Option<Significance>,
}

/// Whose STRFs lie along the first axis.
#[derive(Debug, Clone)]
pub enum StrfRows {
    /// One STRF for each neuron, by id.
    Neurons(Vec<String>),
    /// One STRF for each hidden unit, counted from 0.
    Hidden {
        /// The `H` hidden units.
        count: usize,
        /// Ids of the `N` neurons that the model predicts.
        neurons: Vec<String>,
    },
}

/// Numbers of a model beside its STRFs.
#[derive(Debug, Clone)]
pub struct Extra {
    /// Name of the dataset or table, e.g. `readout_weights`.
    pub name: String,
    /// What the axes of the values count.
    pub axes: Vec<Axis>,
    /// Unit such as `ms`; `1` for a pure number.
    pub unit: String,
    /// The numbers, with one axis for each of [`Extra::axes`].
    pub values: ArrayD<f32>,
}

/// What an effective STRF gives for sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The response: nothing follows, or it is a gradient of the response.
    Response,
    /// What a nonlinearity makes a response of.
    Drive,
    /// [`Effect::Response`] per unit of what prefilters give that compress the sound.
    ResponseToStages,
    /// [`Effect::Drive`] per unit of what prefilters give that compress the sound.
    DriveOfStages,
}

/// How STRFs are obtained from a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// They are weights of the model.
    Kernel,
    /// They are gradients of the output by the input, averaged over clips.
    Gradient,
}

impl Method {
    /// Name of the method in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Gradient => "gradient",
        }
    }
}

/// One of the two arrays of STRFs in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// As the model applies them to its standardized and filtered input.
    Raw,
    /// With normalization and standardization folded in.
    Effective,
}

impl StrfExport {
    /// The `(N or H, C, F, K)` STRFs that are asked for.
    pub fn strfs(&self, which: Which) -> &Array4<f32> {
        match which {
            Which::Raw => &self.strfs,
            Which::Effective => &self.effective,
        }
    }

    /// What a value of an STRF means.
    pub fn unit(&self, which: Which) -> &'static str {
        match (which, self.method, self.effect) {
            (Which::Raw, Method::Kernel, _) => "drive per unit of model input",
            (_, _, Effect::Drive) => "drive per unit of cochleagram",
            (_, _, Effect::Response) => "response per unit of cochleagram",
            (_, _, Effect::DriveOfStages) => "drive per unit of compressed cochleagram",
            (_, _, Effect::ResponseToStages) => "response per unit of compressed cochleagram",
        }
    }

    /// What a value of an array of significance means.
    fn unit_of(&self, meaning: Meaning) -> &'static str {
        match meaning {
            Meaning::Number => "1",
            Meaning::Weight => self.unit(Which::Effective),
        }
    }

    /// Whether the first axis counts neurons or hidden units.
    pub fn first_axis(&self) -> Axis {
        match self.rows {
            StrfRows::Neurons(_) => Axis::Neuron,
            StrfRows::Hidden { .. } => Axis::Hidden,
        }
    }

    /// The axes of the STRFs.
    pub fn strf_axes(&self) -> Vec<Axis> {
        vec![self.first_axis(), Axis::Channel, Axis::Frequency, Axis::Lag]
    }

    /// Ids of the neurons that the model predicts.
    pub fn neurons(&self) -> &[String] {
        match &self.rows {
            StrfRows::Neurons(ids) | StrfRows::Hidden { neurons: ids, .. } => ids,
        }
    }

    /// What attributes and tables call an axis; bands without known frequencies are just bands.
    pub fn axis_name(&self, axis: Axis) -> &'static str {
        match axis {
            Axis::Neuron => "neuron",
            Axis::Hidden => "hidden",
            Axis::Channel => "channel",
            Axis::Frequency if self.frequencies_hz.is_some() => "frequency",
            Axis::Frequency => "band",
            Axis::Lag => "lag",
            Axis::TemporalRate => "temporal_rate",
            Axis::SpectralRate => "spectral_rate",
            Axis::Component => "component",
        }
    }

    /// The names of axes, with commas between: `neuron,channel,frequency,lag`.
    pub fn axis_names(&self, axes: &[Axis]) -> String {
        axes.iter().map(|axis| self.axis_name(*axis)).collect::<Vec<_>>().join(",")
    }

    /// One label for each of `length` steps along an axis: ids, names, Hz, ms, or the count from 0.
    pub fn labels(&self, axis: Axis, length: usize) -> Vec<String> {
        let numbers = |values: &[f64]| values.iter().map(f64::to_string).collect();
        match (axis, &self.frequencies_hz) {
            (Axis::Neuron, _) => self.neurons().to_vec(),
            (Axis::Channel, _) => self.channels.clone(),
            (Axis::Frequency, Some(centres)) => numbers(centres),
            (Axis::Lag, _) => numbers(&self.lags_ms),
            _ => (0..length).map(|i| i.to_string()).collect(),
        }
    }

    /// Every array, in the order in which files hold them.
    pub fn arrays(&self) -> Vec<Named<'_>> {
        let strfs = |name, which| Named {
            name,
            axes: self.strf_axes(),
            unit: self.unit(which),
            is_coordinate: false,
            values: ArrayValues::F32(self.strfs(which).view().into_dyn()),
        };
        let axis = |name, axis, unit, values| Named {
            name,
            axes: vec![axis],
            unit,
            is_coordinate: true,
            values,
        };
        let mut arrays = vec![
            strfs("strfs", Which::Raw),
            strfs("strfs_effective", Which::Effective),
            axis("lags_ms", Axis::Lag, "ms", coordinates(&self.lags_ms)),
        ];
        if let Some(centres) = &self.frequencies_hz {
            arrays.push(axis("frequencies", Axis::Frequency, "Hz", coordinates(centres)));
        }
        arrays.push(axis("channels", Axis::Channel, "", ArrayValues::Text(&self.channels)));
        arrays.push(axis("neurons/id", Axis::Neuron, "", ArrayValues::Text(self.neurons())));
        arrays.extend(self.extras.iter().map(|extra| Named {
            name: &extra.name,
            axes: extra.axes.clone(),
            unit: &extra.unit,
            is_coordinate: false,
            values: ArrayValues::F32(extra.values.view()),
        }));
        arrays.extend(self.significance.iter().flat_map(Significance::arrays).map(
            |(name, meaning, values)| Named {
                name,
                axes: self.strf_axes(),
                unit: self.unit_of(meaning),
                is_coordinate: false,
                values,
            },
        ));
        let config = ArrayValues::OneText(&self.config);
        arrays.push(Named {
            name: "config",
            axes: Vec::new(),
            unit: "",
            is_coordinate: false,
            values: config,
        });
        arrays
    }

    /// What a file says of itself, by name.
    pub fn about(&self) -> Vec<(&'static str, &str)> {
        let significance =
            self.significance.as_ref().map(|found| (found.mark.name(), found.summary.as_str()));
        let about = [
            ("program", "strf"),
            ("program_version", &self.version),
            ("title", &self.title),
            ("method", self.method.name()),
            ("lag_order", "0 = the present bin, growing = further into the past"),
        ];
        about.into_iter().chain(significance).collect()
    }

    /// Fails where an array and its axes have different lengths, naming each.
    pub fn check(&self) -> Result<()> {
        let wrong: Vec<String> =
            self.arrays().iter().filter_map(|a| self.disagreement(a)).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::failed("the receptive fields do not fit their axes", wrong.join("; ")))
    }

    fn disagreement(&self, array: &Named) -> Option<String> {
        let ArrayValues::F32(values) = &array.values else { return None };
        let found = values.shape();
        let counted = array.axes.len() == found.len();
        let fits = |(axis, n): (&Axis, &usize)| self.length(*axis).is_none_or(|want| want == *n);
        if counted && array.axes.iter().zip(found).all(fits) {
            return None;
        }
        let expected: Vec<Option<usize>> = array.axes.iter().map(|a| self.length(*a)).collect();
        let (name, axes) = (array.name, self.axis_names(&array.axes));
        Some(format!("{name}: shape {found:?}, but {axes} have the lengths {expected:?}"))
    }

    fn length(&self, axis: Axis) -> Option<usize> {
        match (axis, &self.rows) {
            (Axis::Neuron, _) => Some(self.neurons().len()),
            (Axis::Hidden, StrfRows::Hidden { count, .. }) => Some(*count),
            (Axis::Channel, _) => Some(self.channels.len()),
            (Axis::Frequency, _) => match &self.frequencies_hz {
                Some(centres) => Some(centres.len()),
                None => Some(self.strfs.dim().2),
            },
            (Axis::Lag, _) => Some(self.lags_ms.len()),
            (Axis::Hidden | Axis::TemporalRate | Axis::SpectralRate | Axis::Component, _) => None,
        }
    }
}

fn coordinates(values: &[f64]) -> ArrayValues<'_> {
    ArrayValues::F64(ArrayView1::from(values).into_dyn())
}
