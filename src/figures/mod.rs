//! The drawing kit of every picture: paper, letters, colours, and round values along axes.

pub mod canvas;
pub mod colour;
pub mod fonts;
pub mod ticks;
