//! Many fits of one dataset: every combination of settings, every fold, every seed.
//!
//! A sweep file is a run file with `[fit]`, `[grid]`, `[search]` and `[launch]` ([`sections`]). From it and the
//! dataset follows a [`plan`], which lies in the folder of the sweep and says what each fit is. Any process
//! that sees the folder can work on it: a fit is claimed by a file that only one process can make
//! ([`claim`]), written beside, and put into place by one rename ([`folder`]).
mod paths;
mod search;
mod search_range;
mod tpe;

pub mod sections;

mod combinations;
mod folds;
pub mod plan;
pub mod sweep_file;

pub mod claim;
pub mod folder;

pub mod job;
pub mod slurm;
mod team;
pub mod workers;

pub mod estimate;

pub mod between;
pub mod findings;
pub mod held_out;
pub mod rounds;
pub mod table;

pub mod outcome;

pub mod zoo;

pub use combinations::Combination;
