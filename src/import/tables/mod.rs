//! Tables in text: CSV, with commas, semicolons or tabs between cells.
mod table;

pub use table::{Table, number_rows};
