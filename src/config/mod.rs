//! The run file: as written → checked against the tables of keys → values in range.
pub mod keys;
pub mod part;
