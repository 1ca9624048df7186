//! The drawing kit of every picture: paper, letters, colours, axes, and round values along them.

pub mod axes;
pub mod canvas;
pub mod chart;
pub mod colour;
pub mod fonts;
pub mod grid;
pub mod marks;
pub mod page;
mod png;
pub mod rasters;
pub mod svg;
pub mod text_styles;
pub mod ticks;
