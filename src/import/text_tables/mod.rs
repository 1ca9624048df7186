//! Tables in text: a line a row, whose cells are divided by tabs, semicolons or commas.
mod cells;
mod table;

mod held;

pub use held::{MOST_PROBLEMS, TextTable};
pub use table::{Table, TableRow, number_rows};
