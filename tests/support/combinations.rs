//! Every combination of parts that makes sense, as `[model]`, `[prefilter]`, `[parameterization]`.
use std::path::Path;

use candle_core::{DType, Device};
use strf::config::part::{Row, find};
use strf::models::Architecture;
use strf::models::amplitude::{AmplitudeLaw, ToAmplitude};
use strf::models::dims::Dims;
use strf::models::output_gains;
use strf::models::outputs;
use strf::models::params::Params;
use strf::models::prefilters::PrefilterRow;
use strf::models::{self, HasStrfs, Network};
use strf::models::{parameterizations, prefilters};
use strf::run_file::RunConfig;

/// Sizes that no two axes share.
pub fn dims() -> Dims {
    Dims { dt_ms: 5.0, bands: 11, neurons: 3, frequencies_hz: None }
}

/// The architecture of a text.
pub fn architecture(text: &str) -> Architecture {
    let architecture = RunConfig::architecture(text, Path::new("combination.toml")).unwrap();
    // The sound of tests is amplitude.
    let to_amplitude =
        Some(ToAmplitude { law: AmplitudeLaw::Linear { factor: 1.0 }, of_power: false });
    Architecture { to_amplitude, ..architecture }
}

/// The model of a text with start values.
pub fn build(text: &str, dtype: DType, dims: &Dims) -> (Network, Params) {
    let params = Params::new(5, dtype, &Device::Cpu);
    let network = Network::build(&architecture(text), dims, &params).unwrap();
    (network, params)
}

/// Keys that make each model small, and its own variants.
fn variants(model: &str) -> &'static [&'static str] {
    match model {
        "linear" => &["window_ms = 20.0", "window_ms = 20.0\nnorm = \"none\""],
        "ln" => &["window_ms = 20.0"],
        "nrf" => {
            &["window_ms = 20.0\nhidden = 4", "window_ms = 20.0\nhidden = 4\nhidden_readout = 3"]
        }
        "dnet" => &[
            "window_ms = 20.0\nhidden = 4",
            "window_ms = 20.0\nhidden = 4\noutput_decay = false\ndecay_bins = 6",
            "window_ms = 20.0\nhidden = 4\ndecay_input = false",
        ],
        "cnn2d" => &["kernel_ms = 15.0\nchannels = 2\nhidden = 4"],
        "statenet" => &[
            "rnn = \"gru\"\nkernel_bands = 3\nchannels = 2",
            "rnn = \"lstm\"\nkernel_bands = 4\nstride = 2\nchannels = 3\nconnectivity = \"conv\"",
            "rnn = \"rnn\"\nkernel_bands = 3\nchannels = 2\nconnectivity = \"fc\"\nrnn_layers = 2",
            "rnn = \"lmu\"\nkernel_bands = 3\nchannels = 2",
            "rnn = \"mamba\"\nkernel_bands = 3\nchannels = 2\nrnn_layers = 2",
        ],
        // Dropout would be drawn anew in each step.
        "transformer" => &[
            "embedding_dim = 4\ntime_patch = 2\ncontext_window = 5\nheads = 2\ndropout = 0.0",
            "embedding_dim = 2\nfreq_patch = 1\ncontext_ms = 0.0\nlayers = 2\ndropout = 0.0",
        ],
        "cnn1d" => &[
            "channels = 4\nlag_ms = 15.0\ndense = 3",
            "channels = 3\nlag_ms = 15.0\ndense = 4\nsecond_lag_ms = 10.0\nsecond_dense = 3",
            "preset = \"pop_ln\"\nchannels = 3\nlag_ms = 5.0\nchannel_weights = \"free\"",
        ],
        other => panic!("{other}: say here which keys make it small"),
    }
}

fn parameterizations_of(row: &models::ModelRow) -> Vec<String> {
    match row.strfs {
        HasStrfs::No(_) => vec![String::new()],
        HasStrfs::Yes => {
            let names = parameterizations::names().into_iter();
            let mut all: Vec<String> =
                names.map(|name| format!("[parameterization]\ntype = \"{name}\"\n")).collect();
            let ranked = |name| format!("[parameterization]\ntype = \"{name}\"\nrank = 3\n");
            all.extend(["separable", "gaussian"].map(ranked));
            all
        }
    }
}

fn prefilter_sections() -> Vec<String> {
    let named = |row: &PrefilterRow| {
        let has_scale = row.part.keys.iter().any(|key| key.name == "scale");
        let scale = if has_scale { "scale = \"mel\"\n" } else { "" };
        format!("[prefilter]\ntype = \"{}\"\n{scale}", row.part.name)
    };
    let of = |name| named(find(prefilters::TABLE, name).unwrap());
    let listed = |name| of(name).replace("[prefilter]", "[[prefilter]]");
    let mut all = vec![String::new(), of("adaptrans") + "rectify = false\nkernel_bins = 9\n"];
    all.extend(prefilters::TABLE.iter().map(named));
    all.push(["willmore", "adaptrans"].map(listed).concat());
    // Between them, nothing is left at some bins, and no more can be at others.
    all.push(of("stp") + "init_u = 1.5\ninit_tau_ms = 15.0\n");
    all.push(format!("{}init_u = -1.0\n{}", listed("stp"), listed("adaptrans")));
    all
}

/// Whether prefilters are put together with an output nonlinearity: what stages that need a level do
/// does not depend on it, so that two are enough for them.
fn goes_with(sections: &str, output: &str) -> bool {
    let named = |row: &&PrefilterRow| sections.contains(&format!("\"{}\"", row.part.name));
    let staged = prefilters::TABLE.iter().filter(named).any(PrefilterRow::needs_level);
    !staged || matches!(output, "identity" | "parametric_softplus")
}

/// Output gains of an output nonlinearity, with prefilters.
fn gains(output: &str) -> Vec<String> {
    let rows = output_gains::TABLE.iter().filter(|row| row.output == output);
    let sections = rows.flat_map(|row| {
        let gain = format!("[output_gain]\ntype = \"{}\"\n", row.part.name);
        [gain.clone(), format!("[prefilter]\ntype = \"stp\"\n{gain}")]
    });
    sections.collect()
}

/// All of them.
pub fn all() -> Vec<String> {
    let mut texts = Vec::new();
    for row in models::TABLE {
        let name = row.part().name;
        let outputs = if name == "linear" { vec!["identity"] } else { outputs::names() };
        for (variant, output) in variants(name)
            .iter()
            .flat_map(|variant| outputs.iter().map(move |output| (variant, output)))
        {
            let model = format!("[model]\ntype = \"{name}\"\noutput = \"{output}\"\n{variant}\n");
            texts.extend(gains(output).into_iter().map(|gain| format!("{model}{gain}")));
            for prefilter in prefilter_sections().into_iter().filter(|own| goes_with(own, output)) {
                let made = parameterizations_of(row).into_iter();
                texts.extend(
                    made.map(|parameterization| format!("{model}{prefilter}{parameterization}")),
                );
            }
        }
    }
    texts
}
