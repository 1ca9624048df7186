//! The drawing kit of every picture: paper, letters, colours, axes, and round values along them.

pub mod axes;
pub mod canvas;
pub mod colour;
pub mod fonts;
pub mod looks;
pub mod ticks;
