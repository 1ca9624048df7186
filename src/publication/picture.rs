//! The receptive fields of a published model.
use std::path::Path;

use super::scored::SHOWN;
use crate::base::error::Result;
use crate::base::wording::counted;
use crate::figures::canvas::Canvas;
use crate::models::batch::Sample;
use crate::run_file::title;
use crate::runs::metadata::{Metadata, RunSettings};
use crate::runs::trained::Trained;
use crate::strf::default_lags;
use crate::strf::from_model::{StrfSource, export_mean};
use crate::strf::local::{Request, far_apart, mean};
use crate::strf::plot::{ColourScale, MOST_PANELS, draw};
use crate::strf::strf_export::{Method, StrfExport, StrfRows, Which};

/// A picture of receptive fields and what it shows.
pub struct Picture {
    pub canvas: Canvas,
    pub title: String,
    /// What stands below it.
    pub caption: String,
}

/// How many receptive fields are taken from gradients, for a model none of whose weights are such.
///
/// # Errors
/// A tensor operation fails.
pub fn gradients(trained: &Trained) -> Result<usize> {
    let neurons = trained.metadata.neurons.len().min(SHOWN);
    Ok(if trained.network.strfs()?.is_some() { 0 } else { neurons })
}

impl Picture {
    /// Of weights, or else of gradients at sounds, of the first neurons; none where no sound is as long as the
    /// model looks back. `step` is told after each neuron at each sound.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn of(
        trained: &Trained,
        metadata: &Metadata,
        sounds: &[Sample],
        step: impl FnMut(),
    ) -> Result<Option<Self>> {
        let data = metadata.settings.as_ref().map(|RunSettings { data, .. }| data.as_str());
        let title = title(&trained.architecture, Path::new(data.unwrap_or_default()));
        let (network, config) = (&trained.network, String::new());
        let source = StrfSource { network, metadata, title: title.clone(), config };
        let fields = match source.kernels()? {
            Some(kernels) => kernels,
            None => match of_gradients(trained, sounds, step)? {
                Some(fields) => StrfExport { title: title.clone(), ..fields },
                None => return Ok(None),
            },
        };
        let canvas = draw(&fields, Which::Effective, ColourScale::EachPanel)?;
        let caption = caption(&fields, metadata.neurons.len());
        Ok(Some(Self { canvas, title, caption }))
    }
}

/// The mean linear response of the whole model at sounds.
fn of_gradients(
    trained: &Trained,
    sounds: &[Sample],
    step: impl FnMut(),
) -> Result<Option<StrfExport>> {
    let neurons: Vec<usize> = (0..gradients(trained)?).collect();
    let network = &trained.network;
    let (lags, every) = (default_lags(network, sounds)?, far_apart(network, sounds));
    let scale = &trained.metadata.scale;
    let request = Request { neurons: &neurons, lags, every, components: 0, scale };
    let mean = mean(network, sounds, &request, step)?;
    if mean.iter().all(|weight| weight.is_nan()) {
        return Ok(None);
    }
    export_mean(trained, &neurons, &mean).map(Some)
}

/// What a picture shows, of a model of so many neurons.
fn caption(fields: &StrfExport, neurons: usize) -> String {
    let (shown, all, whose) = match &fields.rows {
        StrfRows::Neurons(ids) => (ids.len().min(MOST_PANELS), neurons, "neuron"),
        StrfRows::Hidden { count, .. } => ((*count).min(MOST_PANELS), *count, "hidden unit"),
    };
    let shown = if shown < all {
        format!("the first {shown} of {}", counted(all, whose))
    } else {
        counted(all, whose)
    };
    let (what, cause, effect) = match fields.method {
        Method::Kernel => ("Spectro-temporal receptive fields", "input", "drive"),
        Method::Gradient => ("Mean linear response to the test stimuli", "sound", "response"),
    };
    format!(
        "{what} of {shown}: {cause} raises the {effect} where they are red, and lowers it where they are blue; \
         time before the response grows to the left, frequency upward"
    )
}
