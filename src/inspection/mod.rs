//! What is in a recording, whether it is sound, and how good it is.
mod overview;

mod scan;
mod warnings;

mod inspect;
mod order;

mod picture;
mod report;

pub use inspect::Inspection;
pub use order::sort_keys;
pub use overview::{Bands, Bins, Entities, Neuron, Repeats, Responses, SplitSizes};
pub use picture::plot;
pub use report::ShownNeurons;
pub use scan::memory;
