//! From sound to rates, with the models' own operations in f64.
use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use ndarray::{Array2, Array4};

use super::drives::Drives;
use super::fields::FieldShape;
use super::rates::{Outputs, Rates};
use super::settings::Checked;
use crate::base::error::Result;
use crate::base::rng;
use crate::models::dims::{Dims, Quantity};
use crate::models::layers::Pass;
use crate::models::params::Params;
use crate::preparation::Standardization;
use crate::run_file::Standardize;

/// What simulated responses were made from.
///
/// With `x(f, t)` the cochleagram of the file, `p` the prefilter (none: the identity, one channel)
/// and zeros before the first bin,
/// `drive(n, t) = bias(n) + slope(n) · Σ_c Σ_f Σ_k strfs(n, c, f, k) · p(x − mean)(c, f, t−k)` and
/// `rate(n, t) = gain(n) · output(drive(n, t))`.
#[derive(Debug, Clone)]
pub struct Truth {
    /// `(N, C, F, K)` in lag order: drive per unit of the cochleagram, with the sign of the output
    /// nonlinearity's slope; without an output nonlinearity that is response per unit. A model
    /// that fits exactly exports the same as `/strfs_effective`, unless parameters of its output
    /// nonlinearity scale the drive once more.
    pub strfs: Array4<f32>,
    /// Names of the `C` channels.
    pub channels: Vec<String>,
    /// `K` values: 0, `dt`, 2 `dt`, ...
    pub lags_ms: Vec<f64>,
    /// `N` drives where the sound is at its mean (with a prefilter: silent).
    pub bias: Vec<f64>,
    /// `N` factors, 1 unless the output nonlinearity could not reach the mean rate by itself.
    pub gain: Vec<f64>,
    /// `N` signs of the output nonlinearity's slope.
    pub slope: Vec<f32>,
    /// What the mean is taken from before the prefilter, `F` values; all 0 with a prefilter.
    pub mean: Vec<f32>,
    /// Parameters `(N)` of the output nonlinearity by name, where it has some.
    pub output: BTreeMap<String, Vec<f64>>,
    /// What the prefilter is made of `(F)` by name, as exports of models have it; empty without one.
    pub prefilter: BTreeMap<String, Vec<f64>>,
    /// `N` standard deviations of single repeats around the rate, for normal noise.
    pub noise_sd: Option<Vec<f64>>,
}

/// Lets neurons with receptive fields of their own hear the sounds; beside the truth and the rates, notes
/// that the user should know of the prefilter.
pub(super) fn answer(
    checked: &Checked,
    dims: &Dims,
    neurons: &[String],
    sounds: &[Array2<f32>],
) -> Result<(Truth, Rates, Vec<String>)> {
    let settings = checked.settings;
    let params = Params::new(settings.seed, DType::F64, &Device::Cpu);
    let heard = FilteredSounds::new(checked, dims, sounds, &params)?;
    let fields = fields(checked, dims, neurons, heard.channels.len());
    let drives = Drives::new(&heard.filtered, &fields)?;

    let outputs = Outputs::new(checked.output, dims.neurons, settings.seed)?;
    let (slope, output) = (outputs.slopes.clone(), outputs.values()?);
    let rates = Rates::new(drives, outputs, settings.noise, settings.rate)?;

    let (factors, bias) = rates.of_fields();
    let truth = Truth {
        strfs: effective(fields, &factors, &slope, &heard.standardization.scale),
        channels: heard.channels,
        lags_ms: (0..checked.lags).map(|lag| lag as f64 * dims.dt_ms).collect(),
        bias,
        gain: rates.gains(),
        slope,
        mean: heard.standardization.mean,
        output,
        prefilter: heard.learnt,
        noise_sd: rates.noise_sd(),
    };
    Ok((truth, rates, heard.notes))
}

/// Sounds as they reach the receptive fields.
struct FilteredSounds {
    /// For each stimulus `(1, C, F, T)`.
    filtered: Vec<Tensor>,
    channels: Vec<String>,
    standardization: Standardization,
    /// What a model would learn of the prefilter.
    learnt: BTreeMap<String, Vec<f64>>,
    notes: Vec<String>,
}

impl FilteredSounds {
    /// Standardizes as training does by default, with the statistics of all stimuli, then filters.
    fn new(
        checked: &Checked,
        dims: &Dims,
        sounds: &[Array2<f32>],
        params: &Params,
    ) -> Result<Self> {
        let kind = if checked.prefilter.is_some() { Standardize::Scale } else { Standardize::Band };
        let all: Vec<&Array2<f32>> = sounds.iter().collect();
        let standardization = Standardization::fit(&all, kind).standardization;
        let tensor = |sound: &Array2<f32>| {
            let (f, t) = sound.dim();
            let values = standardization.apply(sound).into_iter().map(f64::from).collect();
            Tensor::from_vec::<_, f64>(values, (1, 1, f, t), &Device::Cpu)
        };
        let sounds = sounds.iter().map(tensor);
        let Some(chosen) = &checked.prefilter else {
            let filtered = sounds.collect::<candle_core::Result<_>>()?;
            let (channels, notes) = (vec!["sound".into()], Vec::new());
            let learnt = BTreeMap::new();
            return Ok(Self { filtered, channels, standardization, learnt, notes });
        };
        let scope = params.scope("prefiltering");
        let prefilter = (chosen.row.build)(&chosen.values, dims, &scope)?;
        let sounds: Vec<Tensor> = sounds.collect::<candle_core::Result<_>>()?;
        prefilter.start(&sounds)?;
        prefilter.vary(&mut rng::generator(checked.settings.seed, "prefilter"))?;
        let filtered =
            sounds.iter().map(|x| prefilter.forward(x, &Pass::eval())?.detach().contiguous());
        Ok(Self {
            filtered: filtered.collect::<candle_core::Result<_>>()?,
            learnt: quantities(&prefilter.learnt()?)?,
            channels: prefilter.channels().iter().map(ToString::to_string).collect(),
            standardization,
            notes: prefilter.notes().to_vec(),
        })
    }
}

/// `(N, C, F, K)` in lag order and arbitrary units.
fn fields(checked: &Checked, dims: &Dims, neurons: &[String], channels: usize) -> Array4<f64> {
    let grid = FieldShape { channels, bands: dims.bands, lags: checked.lags };
    let mut fields = Array4::zeros((neurons.len(), channels, grid.bands, grid.lags));
    for (id, mut field) in neurons.iter().zip(fields.outer_iter_mut()) {
        let mut rng = rng::generator(checked.settings.seed, &format!("receptive field of {id}"));
        field.assign(&checked.field.draw(&mut rng, grid));
    }
    fields
}

/// `(N, C, F, K)` per unit of the cochleagram.
fn effective(fields: Array4<f64>, factors: &[f64], slope: &[f32], scale: &[f32]) -> Array4<f32> {
    let mut strfs = fields;
    for ((n, _c, f, _k), weight) in strfs.indexed_iter_mut() {
        *weight *= factors[n] * f64::from(slope[n]) / f64::from(scale[f]);
    }
    #[expect(clippy::cast_possible_truncation, reason = "STRFs are f32")]
    strfs.mapv(|weight| weight as f32)
}

/// Values of quantities by name.
fn quantities(quantities: &[Quantity]) -> Result<BTreeMap<String, Vec<f64>>> {
    let values = |quantity: &Quantity| {
        Ok((quantity.name.to_owned(), quantity.values.detach().to_vec1::<f64>()?))
    };
    quantities.iter().map(values).collect()
}
