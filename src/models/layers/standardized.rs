//! Standardization inside of a model: behind stages that need a level, whose statistics are not
//! those of the sound.
use candle_core::{DType, Result, Tensor, Var};

use super::{Layer, MapShape, Pass};
use crate::models::ops::affine::ScaleAndShift;
use crate::models::ops::stage::StageWithParameters;
use crate::models::params::{ParamSpec, Scope, Start};

/// What is taken from the training clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Whether each band has a mean and a deviation of its own.
    pub by_band: bool,
    /// Whether means are subtracted.
    pub centred: bool,
}

/// Deviations below this share of the mean are those of numbers that are all the same.
const FLAT: f64 = 1e-12;

/// `(x − mean) / scale` by band, from `(B, 1, F, T)` to the same shape; both are constants of what the
/// stages in front make of the training clips before they are trained.
#[derive(Debug)]
pub struct Standardized {
    /// None: as it comes.
    statistics: Option<Statistics>,
    mean: Var,
    scale: Var,
}

impl Standardized {
    /// Takes `mean (F)` and `scale (F)` from `scope`; they are 0 and 1 until [`Layer::start`].
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn new(bands: usize, statistics: Option<Statistics>, scope: &Scope) -> Result<Self> {
        let get = |name, value| scope.get(name, bands, ParamSpec::buffer(Start::Constant(value)));
        Ok(Self { statistics, mean: get("mean", 0.0)?, scale: get("scale", 1.0)? })
    }

    /// What each band is divided by, `(F)`.
    pub fn scale(&self) -> Tensor {
        self.scale.detach()
    }

    /// Factors and what is added, `(F)` each.
    fn factors_and_shifts(&self) -> Result<[Tensor; 2]> {
        let factors = self.scale.detach().recip()?;
        let shifts = (self.mean.detach() * &factors)?.neg()?;
        Ok([factors, shifts])
    }
}

impl Layer for Standardized {
    fn output(&self, input: MapShape) -> MapShape {
        input
    }

    fn forward(&self, input: &Tensor, _pass: &Pass) -> Result<Tensor> {
        let [factors, shifts] = self.factors_and_shifts()?;
        let column = |values: &Tensor| values.reshape((1, 1, values.elem_count(), 1));
        input.broadcast_mul(&column(&factors)?)?.broadcast_add(&column(&shifts)?)
    }

    fn stage(&self, input: MapShape) -> Result<Option<StageWithParameters>> {
        // A row a band, as there is a single channel.
        let stage = ScaleAndShift { channels: input.bands };
        let parameters = self.factors_and_shifts()?.to_vec();
        Ok((input.channels == 1).then(|| StageWithParameters::new(stage, parameters)))
    }

    fn starts_from_data(&self) -> bool {
        true
    }

    fn start(&self, inputs: &[Tensor]) -> Result<()> {
        let Some(Statistics { by_band, centred }) = self.statistics else { return Ok(()) };
        let all = Tensor::cat(inputs, 3)?.squeeze(0)?.squeeze(0)?.to_dtype(DType::F64)?; // (F, ΣT)
        let (bands, bins) = all.dims2()?;
        let rows = if by_band { all.clone() } else { all.reshape((1, bands * bins))? };
        let means = rows.mean_keepdim(1)?;
        let deviations = rows.broadcast_sub(&means)?.sqr()?.mean(1)?.sqrt()?.to_vec1::<f64>()?;
        let means = means.squeeze(1)?.to_vec1::<f64>()?;
        // The mean of equal numbers is off by its rounding.
        let scale = |(sd, mean): (&f64, &f64)| if *sd > FLAT * mean.abs() { *sd } else { 1.0 };
        let scales: Vec<f64> = deviations.iter().zip(&means).map(scale).collect();
        let means = if centred { means } else { vec![0.0; scales.len()] };
        let set = |var: &Var, values: Vec<f64>| {
            let of_bands: Vec<f64> = values.into_iter().cycle().take(bands).collect();
            let values = Tensor::from_vec(of_bands, bands, var.device())?;
            var.set(&values.to_dtype(var.dtype())?)
        };
        set(&self.mean, means)?;
        set(&self.scale, scales)
    }
}
