//! By how much the PSTH rises where the prediction rises by one.
use std::path::Path;

use ndarray::Array2;
use strf::dataset::schema::escape;
use strf::preparation::{psth, smoothed_psth};
use strf::stats::moments::{covariance, median, ratio, variance};

use crate::Result;
use crate::fits::SMOOTH_MS;

/// The smoothed PSTHs `(N, T)` of a recording, by the name of their clip.
pub struct Psths(Vec<(String, Array2<f32>)>);

impl Psths {
    /// Of all clips of a dataset file.
    pub fn read(file: &Path) -> Result<Self> {
        let recording = strf::dataset::read(file)?.recording;
        let clips = recording.clips.iter().map(|clip| {
            let (responses, dt_ms) = (&clip.responses, recording.dt_ms);
            let smoothed = smoothed_psth(responses, &psth(responses), SMOOTH_MS, dt_ms);
            (escape(&clip.stimulus.id), smoothed)
        });
        Ok(Self(clips.collect()))
    }

    /// The median over neurons of `covariance(prediction, PSTH) / variance(prediction)` over the
    /// bins of all predicted clips: 1 where rises are predicted as large as they are, less where
    /// they are exaggerated. None where no prediction changes.
    pub fn slope(&self, predictions: &Path) -> Result<Option<f64>> {
        let stimuli = hdf5::File::open(predictions)?.group("stimuli")?;
        let mut pairs: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
        for clip in stimuli.member_names()? {
            let predicted = stimuli.dataset(&format!("{clip}/prediction"))?.read_2d::<f32>()?;
            let recorded = self.0.iter().find(|(name, _)| *name == clip);
            let (_, recorded) = recorded.ok_or_else(|| format!("{clip}: is not in the dataset"))?;
            pairs.resize_with(predicted.nrows(), Default::default);
            let rows = predicted.rows().into_iter().zip(recorded.rows());
            for ((x, y), (predicted, recorded)) in pairs.iter_mut().zip(rows) {
                let bins = predicted.into_iter().zip(recorded).filter(|(_, y)| !y.is_nan());
                let bins = bins.map(|(x, y)| (f64::from(*x), f64::from(*y)));
                let (predicted, recorded): (Vec<_>, Vec<_>) = bins.unzip();
                x.extend(predicted);
                y.extend(recorded);
            }
        }
        let slopes = pairs.iter().map(|(x, y)| ratio(covariance(x, y), variance(x)));
        let slopes: Vec<f64> = slopes.filter(|slope| slope.is_finite()).collect();
        Ok((!slopes.is_empty()).then(|| median(&slopes)))
    }
}
