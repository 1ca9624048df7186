//! Which weights of receptive fields are more than chance: against repeated fits, or against fits
//! to shuffled responses.
//!
//! Each weight of an STRF gets a p, and all `C·F·K` of an STRF a q, the false-discovery rate of
//! Benjamini & Hochberg; a weight is significant where `q ≤ α`. Fits that differ in their seed alone
//! tell which weights are stable, which is something else.
//!
//! Source: Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57(1):289-300,
//! doi:10.1111/j.2517-6161.1995.tb02031.x.
use ndarray::{Array4, Axis as ArrayAxis};

use super::arrays::ArrayValues;
use crate::stats::false_discovery::false_discovery_rates;

pub mod others;
pub mod repeats;
pub mod shuffles;

/// How sure the weights of receptive fields are; arrays are `(N, C, F, K)`.
#[derive(Debug, Clone)]
pub struct Significance {
    /// What is said of the weights at which [`Significance::mask`] is 1.
    pub mark: Mark,
    /// 1 where `q ≤ α`, else 0.
    pub mask: Array4<u8>,
    /// How likely a weight of this size comes out by chance.
    pub p: Array4<f64>,
    /// The rate of false discoveries among the weights of the STRF with a p as small as this.
    pub q: Array4<f64>,
    /// Mean and deviation over repeated fits, where there are such.
    pub moments: Option<Moments>,
    /// What the weights were held against, for a reader.
    pub summary: String,
}

/// What is said of a weight whose `q` is at most `α`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It stands out of the noise of the recording.
    Significant,
    /// It does not depend on the seed of the fit. Noise in the recording moves all such fits alike, so
    /// that weights of noise are stable too.
    Stable,
}

impl Mark {
    /// What files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Significant => "significance",
            Self::Stable => "stability",
        }
    }

    /// The name of the array that is 1 at such weights.
    fn array(self) -> &'static str {
        match self {
            Self::Significant => "significance/mask",
            Self::Stable => "significance/stable",
        }
    }
}

/// Mean and deviation of weights over `n` repeated fits, `(N, C, F, K)` each.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Mean of each weight.
    pub mean: Array4<f32>,
    /// Standard deviation of each weight, of `n − 1` degrees of freedom.
    pub deviation: Array4<f32>,
}

/// What a value of an array of [`Significance`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A pure number.
    Number,
    /// A number in the unit of the effective STRF.
    Weight,
}

impl Significance {
    /// The significance that follows from the p of every weight and the rate of false discoveries
    /// `alpha`; `against` says what they were held against.
    pub fn new(p: Array4<f64>, alpha: f64, moments: Option<Moments>, against: &str) -> Self {
        let mut q = p.clone();
        for mut strf in q.axis_iter_mut(ArrayAxis(0)) {
            let all: Vec<f64> = strf.iter().copied().collect();
            strf.iter_mut().zip(false_discovery_rates(&all)).for_each(|(q, rate)| *q = rate);
        }
        let mask = q.mapv(|rate| u8::from(rate <= alpha));
        let summary = format!("q ≤ {alpha} against {against}");
        Self { mark: Mark::Significant, mask, p, q, moments, summary }
    }

    /// The same of fits that differ in their seed alone, which say nothing of significance.
    #[must_use]
    pub fn of_seeds(self) -> Self {
        let summary = format!("{}; no test of significance", self.summary);
        Self { mark: Mark::Stable, summary, ..self }
    }

    /// The share of weights that are marked.
    pub fn share(&self) -> f64 {
        let marked = self.mask.iter().filter(|mark| **mark == 1).count();
        marked as f64 / self.mask.len() as f64
    }

    /// Every array by its name in files, in their order.
    pub fn arrays(&self) -> Vec<(&'static str, Meaning, ArrayValues<'_>)> {
        let mut arrays = vec![
            (self.mark.array(), Meaning::Number, ArrayValues::U8(self.mask.view().into_dyn())),
            ("significance/p", Meaning::Number, ArrayValues::F64(self.p.view().into_dyn())),
            ("significance/q", Meaning::Number, ArrayValues::F64(self.q.view().into_dyn())),
        ];
        if let Some(Moments { mean, deviation }) = &self.moments {
            let (mean, deviation) = (mean.view().into_dyn(), deviation.view().into_dyn());
            arrays.extend([
                ("significance/mean", Meaning::Weight, ArrayValues::F32(mean)),
                ("significance/deviation", Meaning::Weight, ArrayValues::F32(deviation)),
            ]);
        }
        arrays
    }
}
