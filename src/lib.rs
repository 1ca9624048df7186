//! `strf` fits models of auditory neurons to cochleagrams, scores them, and exports their
//! spectro-temporal receptive fields.
//!
//! ```text
//! sound files ─► sound ─► frontends ─► dataset
//!
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

// What can be typed, what each command does, and what it tells.
pub mod cli;
pub mod commands;
pub mod comparison;
pub mod interrupt;
pub mod progress;

// Tools that know nothing of neurons.
pub mod error;
mod figures;
pub mod files;
pub mod rng;
pub mod table;
pub mod tensor_file;
pub mod uncertainty;
pub mod units;

// What is asked for, and what it is asked of.
pub mod config;
pub mod data;
pub mod inspection;

// Where datasets come from: sound, the files of laboratories, known receptive fields.
pub mod frontends;
pub mod import;
pub mod simulation;
pub mod sound;

// A model: tensors, then operations, layers and parts, then the whole of it.
pub mod device;
pub mod dims;
pub mod params;

pub mod nn;
pub mod ops;
pub mod outputs;
pub mod parameterizations;
pub mod prefilters;

pub mod models;
pub mod prediction;

// Fitting it; what a run leaves on disk, before training and after.
pub mod loss;
pub mod training;

pub mod experiment;
pub mod metadata;
pub mod run_folder;
pub mod tensorboard;
pub mod trained;

// How good it is, and what it listens to.
pub mod evaluation;
pub mod metrics;
pub mod pictures;
pub mod report;
pub mod strf;
