//! What all pictures of a run share: what comes of drawing one, its head, and the unit of
//! responses.
use crate::base::error::Result;
use crate::figures::canvas::Canvas;
use crate::figures::page::{self, MARGIN};
use crate::runs::trained::Trained;

/// Where the panels begin, below title and remark.
pub(super) const HEAD: usize = MARGIN + 120;

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

/// What responses in bins of `dt_ms` are multiplied by to be shown, and their unit then: counts as
/// rates.
pub(crate) fn response_unit(counts: bool, dt_ms: f64) -> (f64, &'static str) {
    if counts { (1000.0 / dt_ms, "spikes/s") } else { (1.0, "response") }
}

/// Writes model, dataset and run as the title of a page, and a line below.
pub(super) fn head(canvas: &mut Canvas, trained: &Trained, remark: &str) {
    let title = format!("{}: {}", trained.title(), trained.folder.path().display());
    page::head(canvas, &title, remark);
}
