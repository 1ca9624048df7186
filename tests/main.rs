//! Everything that is tested from outside, one module a subject.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod adopt;
mod apart;
mod architecture;
mod bad_datasets;
mod bad_input;
mod bad_run_files;
mod ceilings;
mod cli;
mod cnn1d;
mod comparison;
mod dataset;
mod datasets;
mod demo;
mod export;
mod export_data;
mod fast_path;
mod figures;
mod fitting;
mod frontends;
mod frontends_golden;
mod given_core;
mod golden;
mod groups;
mod import;
mod import_arrays;
mod import_beside;
mod import_blocks;
mod import_csv;
mod import_events;
mod import_guess;
mod import_mat;
mod import_mat_v73;
mod import_merge;
mod import_nems;
mod import_neuron_files;
mod import_nwb;
mod import_onsets;
mod import_phy;
mod import_spike_cells;
mod import_spikes;
mod import_text;
mod import_traces;
mod import_unit_files;
mod import_units;
mod inspect;
mod layers;
mod linear_fits;
mod local;
mod measures;
mod memory;
mod metrics;
mod mutations;
mod numpy_golden;
mod operations;
mod parts;
mod pictures;
mod properties;
mod publish;
mod quality;
mod readme;
mod recovery;
mod recovery_stages;
mod report;
mod reproducibility;
mod run_files;
mod run_folders;
mod runs;
mod schema;
mod scores;
mod significance;
mod simulate;
mod sound;
mod sound_containers;
mod stages;
mod support;
mod sweeps;
mod tensorboard;
mod training;
mod transformer;
mod uncertainty;
