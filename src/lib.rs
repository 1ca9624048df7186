//! `strf` fits models of auditory neurons to cochleagrams, scores them, and exports their
//! spectro-temporal receptive fields.
//!
//! ```text
//! run file ─► config ─┐
//!                     ├─► training ─► run folder ─► evaluation ─► metrics
//! dataset ──► data ───┘      ▲            │
//!                            │            └──────► strf (receptive fields)
//!        models = prefilter ─► core ─► readout ─► output nonlinearity
//! ```
//!
//! Axes, the same everywhere: `B` batch, `N` neurons, `R` repeats, `C` channels, `F` frequency
//! bands, `T` time bins of a clip, `K` lags of an STRF (0 = the present bin, growing = further into
//! the past), `H` hidden units.

// The modules in the order in which data meets them.
pub mod cli;
pub mod commands;

pub mod error;
pub mod files;
pub mod rng;
pub mod table;
pub mod units;

pub mod config;
pub mod data;
pub mod simulation;

pub mod device;
pub mod dims;
pub mod params;

pub mod nn;
pub mod ops;
pub mod outputs;
pub mod parameterizations;
pub mod prefilters;

pub mod models;

pub mod interrupt;
pub mod loss;
pub mod metadata;
pub mod prediction;
pub mod progress;
pub mod run_folder;
pub mod tensor_file;
pub mod training;

pub mod evaluation;
pub mod experiment;
pub mod inspection;
pub mod metrics;
pub mod trained;

pub mod strf;
