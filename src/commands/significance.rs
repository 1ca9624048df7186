//! The options that name other fits, against which the weights of receptive fields are held.
use std::path::PathBuf;

use clap::Args;

use crate::base::error::Result;
use crate::runs::trained::Trained;
use crate::strf::significance::others::{FitRelation, OtherFits};

/// Other fits that weights are held against.
#[derive(Debug, Args)]
pub struct SignificanceArgs {
    /// Repeated fits of the same model to the same dataset, two or more: with other training stimuli they tell which weights are significant, with other seeds alone which are stable
    #[arg(long, num_args = 1.., value_name = "RUN", conflicts_with = "shuffles")]
    pub repeats: Vec<PathBuf>,
    /// Fits of the same model to shuffled responses, five or more: tells weights beyond chance
    #[arg(long, num_args = 1.., value_name = "RUN")]
    pub shuffles: Vec<PathBuf>,
    /// Rate of false discoveries among the weights of a receptive field that are called significant
    #[arg(long, value_name = "RATE", default_value_t = 0.05, allow_negative_numbers = true)]
    pub alpha: f64,
}

impl SignificanceArgs {
    /// Opens the fits that are named; none where no option names any.
    ///
    /// # Errors
    /// As [`OtherFits::open`].
    pub(super) fn open(&self, fit: &Trained) -> Result<Option<OtherFits>> {
        let (relation, paths) = if self.shuffles.is_empty() {
            (FitRelation::Repeat, &self.repeats)
        } else {
            (FitRelation::Shuffle, &self.shuffles)
        };
        let open = || OtherFits::open(relation, paths, self.alpha, fit);
        (!paths.is_empty()).then(open).transpose()
    }
}
