//! One picture of many STRFs: a grid of panels, drawn as the field draws them, with time before
//! now growing to the left and frequency upward.
use std::path::Path;

use crate::base::error::{Error, Result};
use crate::base::files::Existing;
use crate::figures::canvas::Canvas;
use crate::strf::strf_export::{StrfExport, StrfRows, Which};

mod figure;
mod layout;
mod outline;

/// How many STRFs a picture shows at most: the first ones, which keeps each of them legible.
pub const MOST_PANELS: usize = 60;

/// What colours stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourScale {
    /// The full colours are plus and minus the largest magnitude of each STRF by itself, which is
    /// written above it.
    EachPanel,
    /// The full colours are plus and minus the largest magnitude of all panels.
    Common,
}

/// Draws the first [`MOST_PANELS`] STRFs of an export, each in a panel of its own; several channels
/// stand side by side in it. Red is positive and blue negative, white is zero.
///
/// # Errors
/// Where an array does not fit its axes, or where there is nothing to draw.
pub(crate) fn draw(exported: &StrfExport, which: Which, scale: ColourScale) -> Result<Canvas> {
    exported.check()?;
    if exported.strfs.is_empty() {
        let found = format!("found STRFs of the shape {:?}", exported.strfs.shape());
        return Err(Error::Refused(format!("{found}, expected at least one number to draw")));
    }
    figure::draw(exported, which, scale)
}

/// Writes what `draw` draws as a PNG or SVG picture.
///
/// # Errors
/// As `draw`, or where `path` exists and is to be kept, or where it cannot be written; nothing is
/// left behind then.
pub fn plot(
    exported: &StrfExport,
    which: Which,
    scale: ColourScale,
    path: &Path,
    existing: Existing,
) -> Result<()> {
    draw(exported, which, scale)?.write(path, &exported.title, existing)
}

/// The name of a panel.
fn name(exported: &StrfExport, row: usize) -> String {
    match &exported.rows {
        StrfRows::Neurons(ids) => ids.get(row).cloned().unwrap_or_default(),
        StrfRows::Hidden { .. } => format!("hidden {row}"),
    }
}
