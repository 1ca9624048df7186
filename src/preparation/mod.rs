//! What a fit makes of a dataset: selection, split, smoothing, standardization.
mod conditions;
mod groups;
mod level;
mod memory;
mod neurons;
pub mod prepare;
mod psth;
mod recorded;
mod reduce;
mod select;
mod smooth;
mod split;
mod standardize;
mod treatment;

pub use groups::NeuronGroups;
pub use level::{require_level, to_amplitude};
pub use memory::FitMemory;
pub use neurons::{Doubtful, PsthSurvey};
pub use prepare::dims;
pub use psth::psth;
pub use recorded::{RecordedResponses, bytes_while_read, qualities};
pub use select::{Selected, keep_neurons, keep_stimuli, select};
pub use smooth::{hanning, smooth, smoothed_psth};
pub use split::{ClipSets, divide};
pub use standardize::{Fitted, Standardization};
pub use treatment::{Preparation, Treatment};
