//! The receptive fields of a trained model, from its weights or from gradients.
use candle_core::{DType, Device, Tensor};
use ndarray::{Array, Array3, Array4, ArrayD, Axis as ArrayAxis, Dimension, IxDyn};

use super::from_gradients::mean_gradients;
use super::local::Local;
use super::strf_export::{Effect, Extra, Method, StrfExport, StrfRows};
use crate::base::error::{Error, Result};
use crate::models::batch::Sample;
use crate::models::dims::Axis;
use crate::models::dims::Quantity;
use crate::models::{Network, Owners, Strfs};
use crate::runs::metadata::Metadata;
use crate::runs::trained::Trained;

/// Everything that an export of the model shows; `samples` are asked for where the model has no
/// kernels, to average its gradients over `lags` bins of the past.
///
/// # Errors
/// No sample is as long as the model looks back, or a tensor operation fails.
pub fn strf_export(
    trained: &Trained,
    samples: impl FnOnce() -> Result<Vec<Sample>>,
    lags: Option<usize>,
) -> Result<StrfExport> {
    let Trained { network, metadata, .. } = trained;
    let source =
        StrfSource { network, metadata, title: trained.title(), config: trained.folder.config()? };
    if let Some(exported) = source.kernels()? {
        return Ok(exported);
    }
    let gradients = mean_gradients(network, &samples()?, lags)?;
    let scale = source.scale_of_input()?;
    let effective = folded(&gradients, &vec![1.0; metadata.neurons.len()], &scale);
    let effect = source.per_input(Effect::Response);
    let rows = StrfRows::Neurons(metadata.neurons.clone());
    source.export((effective.clone(), effective), rows, (Method::Gradient, effect))
}

/// What receptive fields are taken from, and what is written beside them.
pub struct StrfSource<'a> {
    /// The model.
    pub network: &'a Network,
    /// What it was fitted to.
    pub metadata: &'a Metadata,
    /// Model and data, as a picture is headed.
    pub title: String,
    /// The run file, as text.
    pub config: String,
}

impl StrfSource<'_> {
    /// The kernels of the model as it is now; none where it has no kernels.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn kernels(&self) -> Result<Option<StrfExport>> {
        let Some(Strfs { kernels, gains, owners, give_responses }) = self.network.strfs()? else {
            return Ok(None);
        };
        let effect = if give_responses { Effect::Response } else { Effect::Drive };
        let neurons = self.metadata.neurons.clone();
        let rows = match owners {
            Owners::Hidden => StrfRows::Hidden { count: gains.len(), neurons },
            Owners::Neurons => StrfRows::Neurons(neurons),
        };
        let strfs = array4(&kernels)?;
        let effective = folded(&strfs, &gains, &self.scale_of_input()?);
        let effect = self.per_input(effect);
        self.export((strfs, effective), rows, (Method::Kernel, effect)).map(Some)
    }

    /// What each band is divided by on its way to the kernels, in the unit of the cochleagram, or of
    /// what prefilters give that compress it.
    fn scale_of_input(&self) -> Result<Vec<f32>> {
        let of_sound = &self.metadata.scale;
        let Some(behind) = self.network.divides_by() else { return Ok(of_sound.clone()) };
        let behind = flat(&behind)?;
        if !self.network.keeps_unit() {
            return Ok(behind);
        }
        Ok(behind.iter().zip(of_sound).map(|(behind, of_sound)| behind * of_sound).collect())
    }

    /// The effect per unit of what enters the kernels.
    fn per_input(&self, effect: Effect) -> Effect {
        match effect {
            Effect::Drive if !self.network.keeps_unit() => Effect::DriveOfStages,
            Effect::Response if !self.network.keeps_unit() => Effect::ResponseToStages,
            effect => effect,
        }
    }

    fn export(
        &self,
        (strfs, effective): (Array4<f32>, Array4<f32>),
        rows: StrfRows,
        (method, effect): (Method, Effect),
    ) -> Result<StrfExport> {
        let Metadata { dt_ms, frequencies_hz, program, .. } = self.metadata;
        let lags_ms = (0..strfs.dim().3).map(|lag| lag as f64 * dt_ms).collect();
        Ok(StrfExport {
            title: self.title.clone(),
            strfs,
            effective,
            lags_ms,
            frequencies_hz: frequencies_hz.clone(),
            channels: self.network.channels().iter().map(|&name| name.to_owned()).collect(),
            rows,
            extras: self.network.learnt()?.iter().map(extra).collect::<Result<_>>()?,
            config: self.config.clone(),
            version: program.clone(),
            method,
            effect,
            significance: None,
        })
    }
}

/// Everything that an export of locally linear receptive fields shows: their mean as the STRFs, and
/// their spread and components beside it; `neurons` are places.
///
/// # Errors
/// The run file cannot be read.
pub fn export_local(trained: &Trained, neurons: &[usize], local: &Local) -> Result<StrfExport> {
    let unit = "response per unit of cochleagram";
    let extra = |name: &str, axes: &[Axis], unit: &str, values| Extra {
        name: name.to_owned(),
        axes: axes.to_vec(),
        unit: unit.to_owned(),
        values,
    };
    let (neuron, field) = (Axis::Neuron, [Axis::Frequency, Axis::Lag]);
    let of_neurons = [&[neuron], &field[..]].concat();
    let of_components = [&[neuron, Axis::Component], &field[..]].concat();
    let shares = narrow(&local.shares).into_dyn();
    let mean = export_mean(trained, neurons, &local.mean)?;
    Ok(StrfExport {
        title: format!("dSTRF, {}", trained.title()),
        extras: vec![
            extra("deviation", &of_neurons, unit, narrow(&local.deviation).into_dyn()),
            extra("components", &of_components, "1", narrow(&local.components).into_dyn()),
            extra("component_shares", &[neuron, Axis::Component], "1", shares),
        ],
        ..mean
    })
}

/// The mean linear response `(N, F, K)` of the whole model to the cochleagram, beside an export of
/// kernels.
pub fn linear_response(mean: &Array3<f64>) -> Extra {
    Extra {
        name: "strfs_linear".to_owned(),
        axes: vec![Axis::Neuron, Axis::Frequency, Axis::Lag],
        unit: "response per unit of cochleagram".to_owned(),
        values: narrow(mean).into_dyn(),
    }
}

/// The mean `(N, F, K)` of the locally linear receptive fields of neurons at these places.
///
/// # Errors
/// The run file cannot be read.
pub fn export_mean(trained: &Trained, neurons: &[usize], mean: &Array3<f64>) -> Result<StrfExport> {
    let metadata = &trained.metadata;
    let mean = narrow(mean).insert_axis(ArrayAxis(1));
    Ok(StrfExport {
        title: trained.title(),
        lags_ms: (0..mean.dim().3).map(|lag| lag as f64 * metadata.dt_ms).collect(),
        strfs: mean.clone(),
        effective: mean,
        frequencies_hz: metadata.frequencies_hz.clone(),
        channels: vec!["sound".to_owned()],
        rows: StrfRows::Neurons(neurons.iter().map(|at| metadata.neurons[*at].clone()).collect()),
        extras: Vec::new(),
        config: trained.folder.config()?,
        version: metadata.program.clone(),
        method: Method::Gradient,
        effect: Effect::Response,
        significance: None,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
fn narrow<D: Dimension>(values: &Array<f64, D>) -> Array<f32, D> {
    values.mapv(|value| value as f32)
}

/// Multiplied by each row's gain and divided by each band's scale: what comes of one unit of the
/// cochleagram in the file, the drive where a nonlinearity follows.
fn folded(strfs: &Array4<f32>, gains: &[f32], scale: &[f32]) -> Array4<f32> {
    let mut effective = strfs.clone();
    for (mut row, gain) in effective.axis_iter_mut(ArrayAxis(0)).zip(gains) {
        row *= *gain;
    }
    for (mut band, scale) in effective.axis_iter_mut(ArrayAxis(2)).zip(scale) {
        band /= *scale;
    }
    effective
}

/// A learnt quantity with the axes that its name stands for.
fn extra(quantity: &Quantity) -> Result<Extra> {
    let Quantity { name, unit, axes, values } = quantity;
    let dims = values.dims().to_vec();
    let values = flat(values)?;
    let values = ArrayD::from_shape_vec(IxDyn(&dims), values)
        .map_err(|source| Error::failed(format!("exporting {name}"), source))?;
    Ok(Extra { name: (*name).to_owned(), axes: axes.to_vec(), unit: (*unit).to_owned(), values })
}

fn flat(tensor: &Tensor) -> candle_core::Result<Vec<f32>> {
    tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
}

/// A tensor of four axes as an array.
fn array4(tensor: &Tensor) -> Result<Array4<f32>> {
    let shape = tensor.dims4()?;
    Array4::from_shape_vec(shape, flat(tensor)?)
        .map_err(|source| Error::failed("exporting receptive fields", source))
}
