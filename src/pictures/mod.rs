//! Pictures of a run: how it learnt, how close it came to the noise ceiling, what it predicts, and
//! what its parts do.
mod adaptation;
mod ceiling;
pub mod comparison;
mod drawn;
mod learning;
pub mod models;
mod outputs;
mod penalties;
mod prediction;
mod quantiles;
mod table;
mod test_clips;

use crate::base::error::Result;
use crate::runs::trained::Trained;
pub use drawn::Drawn;
pub(crate) use drawn::response_unit;

/// A row of the table of pictures.
#[derive(Debug)]
pub struct PictureRow {
    /// Name of the picture's file, without its ending.
    pub name: &'static str,
    /// One line on what the picture shows.
    pub summary: &'static str,
    /// Draws the picture of a run.
    pub draw: fn(&Trained) -> Result<Drawn>,
}

/// The pictures: adding one is one file and one row.
pub static TABLE: &[PictureRow] = &[
    PictureRow {
        name: "learning",
        summary: "losses and validation scores over epochs",
        draw: learning::draw,
    },
    PictureRow {
        name: "penalties",
        summary: "validation losses over the strengths of penalties that were chosen",
        draw: penalties::draw,
    },
    PictureRow {
        name: "ceiling",
        summary: "the correlation of each neuron against its noise ceiling",
        draw: ceiling::draw,
    },
    PictureRow {
        name: "prediction",
        summary: "sound, repeats, and prediction over PSTH of the best, median and worst neuron",
        draw: prediction::draw,
    },
    PictureRow {
        name: "outputs",
        summary: "output nonlinearities over their drives, and the responses recorded there",
        draw: outputs::draw,
    },
    PictureRow {
        name: "adaptation",
        summary: "kernels, time constants and weights of the prefilter over frequency",
        draw: adaptation::draw,
    },
];

/// Names of the pictures, in the table's order.
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|row| row.name).collect()
}
