//! The dataset file: what it holds, in memory and on disk, and every way in and out.
pub mod content;
pub mod hdf5_io;
pub mod hdf5_values;
pub mod ids;
pub mod schema;

mod check;
mod chunks;
mod dense;
mod grouped;
mod heaps;
mod layout;
mod level;
mod location;
mod numbers;
mod predictions;
mod read;
mod recording;
mod responses;
mod room;
mod source;
mod write;

pub use check::validate;
pub use level::{Inverse, LevelKind, SoundLevel};
pub use location::ResponseLocation;
pub use predictions::write_predictions;
pub use read::{ReadRecording, other_content, read, read_for_prediction, read_sound};
pub use recording::{Clip, Entity, OfNeurons, Recording, Splits};
pub use responses::{ResponseFile, keep_responses};
pub use write::{Counts, plain_number, write, write_each};
