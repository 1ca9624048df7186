//! `strf` fits models of auditory neurons to cochleagrams, scores them, and exports their
//! spectro-temporal receptive fields.
//!
//! ```text
//! sound files ─► sound ─► frontends ─► import ─► dataset
//!
//! run file ─► run_file ─┐
//!                       ├─► preparation ─► training ─► runs ─► scores
//! dataset ──► dataset ──┘         ▲                     │
//!                                 │                     └────► strf (receptive fields), pictures,
//!      models = prefilters ─► core ─► output nonlinearity      report, tensorboard
//! ```
//!
//! The rooms stand in six bands, and in each band in an order: a room imports only rooms that stand
//! before it. A test holds them to that; `docs/architecture.md` says what each is for.
//!
//! Axes, the same everywhere: `B` batch, `N` neurons, `R` repeats, `C` channels, `F` frequency
//! bands, `T` time bins of a clip, `K` lags of an STRF (0 = the present bin, growing = further into
//! the past), `H` hidden units.

// Ground: tools that know nothing of neurons.
pub mod base;
pub mod simd;
pub mod stats;

pub mod config;
mod figures;

// Recordings: the dataset file, and where datasets come from.
pub mod dataset;
pub mod sound;

pub mod frontends;
pub mod import;

pub mod export_data;

// Models, how well they predict, and the file that chooses one.
pub mod models;
pub mod scores;

pub mod run_file;

// Fitting: what a fit makes of a dataset, the fit, what it leaves on disk.
pub mod preparation;
pub mod simulation;

pub mod training;

pub mod runs;

pub mod sweeps;

// Findings: what a model listens to, how good a recording is, pictures and pages of both.
pub mod strf;

pub mod inspection;

pub mod pictures;
pub mod publication;
pub mod report;

pub mod tensorboard;

// What can be typed, and what it does.
pub mod commands;
