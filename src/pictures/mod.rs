//! Pictures of a run: how it learnt, how close it came to the noise ceiling, what it predicts, and
//! what its parts do.
mod adaptation;
mod ceiling;
pub mod comparison;
mod learning;
mod outputs;
mod prediction;
mod quantiles;
mod table;
mod test_clips;

use std::path::Path;

use crate::base::error::{Error, Result};
use crate::figures::canvas::Canvas;
use crate::figures::page::{self, MARGIN};
use crate::runs::trained::Trained;

/// What a picture is, or why there is none.
pub enum Drawn {
    /// The picture.
    Picture(Box<Canvas>),
    /// What the run lacks for it.
    Nothing(String),
}

impl Drawn {
    /// The picture as SVG, or why there is none.
    ///
    /// # Errors
    /// The reason, for a reader.
    pub fn svg(&self, title: &str) -> Result<String, String> {
        match self {
            Self::Picture(canvas) => canvas.svg(title).map_err(|cause| cause.to_string()),
            Self::Nothing(why) => Err(why.clone()),
        }
    }
}

/// A row of the table of pictures.
#[derive(Debug)]
pub struct PictureRow {
    /// Name of its file.
    pub name: &'static str,
    /// One line on what it shows.
    pub summary: &'static str,
    /// Draws it.
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

/// What responses in bins of `dt_ms` are multiplied by to be shown, and their unit then: counts as
/// rates.
pub(crate) fn response_unit(counts: bool, dt_ms: f64) -> (f64, &'static str) {
    if counts { (1000.0 / dt_ms, "spikes/s") } else { (1.0, "response") }
}

/// Where the panels begin, below title and remark.
const HEAD: usize = MARGIN + 120;

/// Model, dataset and run, and a line below.
fn head(canvas: &mut Canvas, trained: &Trained, remark: &str) {
    let title = format!("{}: {}", trained.title(), trained.folder.path().display());
    page::head(canvas, &title, remark);
}

/// A file of the run that does not hold what it should.
fn unreadable(path: &Path, found: &str) -> Error {
    Error::Refused(format!(
        "{}: {found}, expected what `strf train` wrote; train again",
        path.display()
    ))
}
