//! The dataset file and what training makes of it.
pub mod hdf5_io;
pub mod hdf5_values;
pub mod schema;

mod check;
mod chunks;
mod dense;
mod grouped;
mod ids;
mod numbers;
mod read;
mod recorded;
mod recording;
mod source;
mod stored;
mod write;

pub mod batch;
mod conditions;
mod neurons;
mod predictions;
pub mod prepare;
mod psth;
mod reduce;
mod select;
mod smooth;
mod split;
mod standardize;

pub use check::validate;
pub use neurons::{Doubtful, Survey};
pub use predictions::write_predictions;
pub use psth::psth;
pub use read::{Read, read, read_for_prediction, read_sound};
pub use recorded::{Recorded, qualities};
pub use recording::{Clip, Entity, OfNeurons, Recording, Splits};
pub use select::{Selected, keep_neurons, keep_stimuli, select};
pub use smooth::{hanning, smooth, smoothed_psth};
pub use split::{ClipSets, divide};
pub use standardize::{Fitted, Standardization};
pub use stored::{ResponseFile, Stored};
pub use write::{Counts, write};
