//! Receptive fields of several fits as one export: their mean, or neurons beside each other.
use ndarray::{Array, ArrayView, ArrayView4, Axis as ArrayAxis, RemoveAxis};

use super::significance::{Moments, Significance};
use super::strf_export::{StrfExport, StrfRows};
use crate::base::error::{Error, Result};
use crate::models::dims::Axis;

impl StrfExport {
    /// The mean over fits, of which this is the first; `others` are the kernels of the others as their models
    /// apply them, and what the fits say of each other is known.
    ///
    /// # Errors
    /// Fits whose receptive fields differ in shape.
    pub fn mean_with(mut self, others: &[ArrayView4<f32>]) -> Result<Self> {
        let fits = 1 + others.len();
        let mut sum = self.strfs.mapv(f64::from);
        for other in others {
            if other.dim() != self.strfs.dim() {
                return Err(Error::failed("averaging receptive fields", "they differ in shape"));
            }
            sum.zip_mut_with(other, |sum, value| *sum += f64::from(*value));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a mean of such numbers")]
        let mean = sum.mapv(|sum| (sum / fits as f64) as f32);
        self.strfs = mean;
        let moments = self.significance.as_ref().and_then(|own| own.moments.as_ref());
        if let Some(Moments { mean, .. }) = moments {
            self.effective.clone_from(mean);
        }
        self.title = format!("{}, mean of {fits} fits", self.title);
        // What belongs to one of them does not belong to their mean.
        self.extras.clear();
        Ok(self)
    }

    /// Neurons of several exports beside each other.
    ///
    /// # Errors
    /// Receptive fields that differ in shape, or are not those of neurons.
    pub fn beside(all: Vec<Self>) -> Result<Self> {
        let mut ids = Vec::new();
        for own in &all {
            match &own.rows {
                StrfRows::Neurons(neurons) => ids.extend(neurons.iter().cloned()),
                StrfRows::Hidden { .. } => {
                    let why = "they are those of hidden units";
                    return Err(Error::failed("putting receptive fields beside each other", why));
                }
            }
        }
        let strfs = joined(all.iter().map(|own| own.strfs.view()))?;
        let effective = joined(all.iter().map(|own| own.effective.view()))?;
        let known: Option<Vec<&Significance>> =
            all.iter().map(|own| own.significance.as_ref()).collect();
        let significance = known.map(|known| beside(&known)).transpose()?;
        let Some(mut first) = all.into_iter().next() else {
            return Err(Error::failed(
                "putting receptive fields beside each other",
                "there are none",
            ));
        };
        first.extras.retain(|extra| !extra.axes.contains(&Axis::Neuron));
        Ok(Self { strfs, effective, rows: StrfRows::Neurons(ids), significance, ..first })
    }
}

fn beside(all: &[&Significance]) -> Result<Significance> {
    let moments: Option<Vec<&Moments>> = all.iter().map(|own| own.moments.as_ref()).collect();
    let of_moments = |moments: Vec<&Moments>| -> Result<Moments> {
        Ok(Moments {
            mean: joined(moments.iter().map(|own| own.mean.view()))?,
            deviation: joined(moments.iter().map(|own| own.deviation.view()))?,
        })
    };
    Ok(Significance {
        mark: all[0].mark,
        mask: joined(all.iter().map(|own| own.mask.view()))?,
        p: joined(all.iter().map(|own| own.p.view()))?,
        q: joined(all.iter().map(|own| own.q.view()))?,
        moments: moments.map(of_moments).transpose()?,
        summary: all[0].summary.clone(),
    })
}

/// Along the first axis.
fn joined<'a, T: Clone + 'a, D: RemoveAxis>(
    arrays: impl Iterator<Item = ArrayView<'a, T, D>>,
) -> Result<Array<T, D>> {
    let arrays: Vec<_> = arrays.collect();
    ndarray::concatenate(ArrayAxis(0), &arrays)
        .map_err(|source| Error::failed("putting receptive fields beside each other", source))
}
