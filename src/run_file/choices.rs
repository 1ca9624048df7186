//! Settings with a few named values.
use crate::base::error::Result;
use crate::config::keyed::{KeyedValue, choice, choices};
use crate::config::keys::{Value, Values};
use crate::dataset::LevelKind;
use crate::models::layers::Statistics;

impl KeyedValue for LevelKind {
    fn read(values: &Values, key: &str) -> Result<Self> {
        choice(values, key, Self::from_word)
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Text(self.word().into()))
    }
}

choices! {
    /// How cochleagrams are standardized, with statistics of the training stimuli only.
    Standardize {
        /// Each band: its mean is subtracted, then it is divided by its standard deviation.
        Band = "band",
        /// The same with one mean and one standard deviation for all bands.
        Global = "global",
        /// Divided by one standard deviation, not centred.
        Scale = "scale",
        /// Left as it is.
        None = "none",
    }
    /// How the model is fitted.
    Optimizer {
        /// What suits the model.
        Auto = "auto",
        /// Steps along gradients of batches.
        AdamW = "adamw",
        /// Steps along gradients of all training stimuli, with what earlier steps tell of curvature.
        Lbfgs = "lbfgs",
        /// The least squares with an L2 penalty, in closed form.
        Ridge = "ridge",
    }
    /// Which weights of ridge have a strength of their own.
    Banded {
        /// All have the same.
        None = "none",
        /// Those of each channel of the prefilter, as ON and OFF.
        Channels = "channels",
        /// Those of the latest quarter of the window, of the next, and of its older half.
        Lags = "lags",
    }
    /// What the loss of each neuron is relative to.
    LossScale {
        /// The loss of the neuron's mean response: with squared errors, the variance.
        Variance = "variance",
        /// Nothing.
        None = "none",
    }
    /// What weights start from.
    StartFrom {
        /// Random numbers.
        Random = "random",
        /// The linear solution of each neuron.
        Ridge = "ridge",
    }
    /// What decides which epoch is best, computed on the validation stimuli.
    Monitor {
        /// The loss; less is better.
        ValidLoss = "valid_loss",
        /// The mean correlation; more is better.
        ValidCc = "valid_cc",
        /// The mean correlation relative to the noise ceiling; more is better.
        ValidCcNorm = "valid_cc_norm",
    }
    /// Whose best epoch is kept.
    Best {
        /// One epoch for all neurons, by their mean score.
        Mean = "mean",
        /// Each neuron's own.
        PerNeuron = "per_neuron",
    }
    /// How the learning rate changes over training.
    Schedule {
        /// It stays.
        Constant = "constant",
        /// It falls along half a cosine to zero at the last epoch.
        Cosine = "cosine",
        /// It falls when the monitored score has stopped to improve.
        Plateau = "plateau",
    }
}

impl Standardize {
    /// What it takes from the training stimuli; nothing where sound is left as it is.
    pub fn statistics(self) -> Option<Statistics> {
        match self {
            Self::Band => Some(Statistics { by_band: true, centred: true }),
            Self::Global => Some(Statistics { by_band: false, centred: true }),
            Self::Scale => Some(Statistics { by_band: false, centred: false }),
            Self::None => None,
        }
    }
}
