//! What is fitted: models as a run file names them, everything else at its default.
use strf::config::part;
use strf::models;

use crate::recordings::Recording;
use crate::{Result, chosen as chosen_of};

/// Smoothing of the responses in milliseconds: of all fits, and of the PSTH of the slope.
pub const SMOOTH_MS: f64 = 21.0;

/// A model with what stands around it.
pub struct Fit {
    /// Model, prefilter and parameterization, joined by `+`.
    pub name: &'static str,
    /// Whether every recording is fitted, or only those that take all fits.
    pub everywhere: bool,
    /// Whether the result does not depend on the seed.
    pub deterministic: bool,
    model: &'static str,
    /// `model.rnn`, where it is not the default.
    rnn: Option<&'static str>,
    /// Whether it looks as far back as the recording says.
    windowed: bool,
    prefilter: Option<&'static str>,
    parameterization: Option<&'static str>,
}

const LINEAR: Fit = Fit::new("linear");
const LN: Fit = Fit::new("ln");
const NRF: Fit = Fit::new("nrf");
const DNET: Fit = Fit::new("dnet");
const CNN2D: Fit = Fit::new("cnn2d").with_own_window();
const STATENET: Fit = Fit::new("statenet").with_own_window();

/// All fits, in the order of the table.
pub static FITS: &[Fit] = &[
    Fit { deterministic: true, ..LINEAR },
    Fit { deterministic: true, ..LN },
    NRF,
    DNET,
    CNN2D,
    STATENET,
    Fit::new("transformer").with_own_window(),
    Fit::new("cnn1d").with_own_window(),
    LN.with_kernels("ln+separable", "separable"),
    LN.with_kernels("ln+dcls", "dcls"),
    LN.behind("ln+adaptrans", "adaptrans"),
    // It learns nothing.
    Fit { deterministic: true, ..LN.behind("ln+willmore", "willmore") },
    NRF.behind("nrf+adaptrans", "adaptrans"),
    NRF.with_kernels("nrf+dcls", "dcls"),
    DNET.behind("dnet+adaptrans", "adaptrans"),
    CNN2D.behind("cnn2d+adaptrans", "adaptrans"),
    LN.with_kernels("ln+gaussian", "gaussian"),
    STATENET.with_units("statenet-lstm", "lstm"),
    STATENET.with_units("statenet-rnn", "rnn"),
    STATENET.with_units("statenet-lmu", "lmu"),
    STATENET.with_units("statenet-mamba", "mamba"),
    STATENET.behind("statenet+adaptrans", "adaptrans"),
];

/// What every run file of a recording says of its data, as `KEY = VALUE`.
pub fn data_settings(recording: &Recording) -> Vec<String> {
    let smooth = format!("smooth_ms = {SMOOTH_MS:?}");
    let split = recording.split().map(|split| format!("split = {split}"));
    std::iter::once(smooth).chain(split).collect()
}

/// The same as a section.
pub fn data_section(recording: &Recording) -> String {
    let file = recording.file();
    let file = file.to_string_lossy();
    format!("[data]\nfile = {file:?}\n{}", data_settings(recording).join("\n"))
}

/// The fits of these names, or all of them where no name is given.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Fit>> {
    chosen_of("--fits", FITS, |fit| fit.name, names)
}

impl Fit {
    const fn new(model: &'static str) -> Self {
        let (prefilter, parameterization) = (None, None);
        Self {
            name: model,
            everywhere: true,
            deterministic: false,
            model,
            rnn: None,
            windowed: true,
            prefilter,
            parameterization,
        }
    }

    /// The same with the window that it has by default.
    const fn with_own_window(self) -> Self {
        Self { windowed: false, ..self }
    }

    /// The same model with other recurrent units.
    const fn with_units(self, name: &'static str, rnn: &'static str) -> Self {
        Self { name, everywhere: false, rnn: Some(rnn), ..self }
    }

    /// The same model behind a prefilter.
    const fn behind(self, name: &'static str, prefilter: &'static str) -> Self {
        Self { name, everywhere: false, prefilter: Some(prefilter), ..self }
    }

    /// The same model with other receptive fields than full ones.
    const fn with_kernels(self, name: &'static str, parameterization: &'static str) -> Self {
        Self { name, everywhere: false, parameterization: Some(parameterization), ..self }
    }

    /// Whether it is a 2-D convolutional network, which takes longest.
    pub fn is_convolutional(&self) -> bool {
        self.model == CNN2D.model
    }

    /// The arguments by which `benches/deepstrf_fit.py` names the model; none where deepSTRF has no such.
    pub fn reference(&self) -> Option<Vec<&'static str>> {
        let is_core = self.prefilter.is_none() && self.parameterization.is_none();
        let mut arguments = vec!["--model", self.model];
        if let Some(rnn) = self.rnn {
            arguments.extend(["--rnn", rnn]);
        }
        let row = part::find(models::TABLE, self.model)?;
        (is_core && row.reference.is_some()).then_some(arguments)
    }

    /// The run file of a fit of this recording.
    pub fn run_file(&self, recording: &Recording, seed: u64) -> String {
        let data = data_section(recording);
        let mut model = format!("[model]\ntype = \"{}\"", self.model);
        let window = self.windowed.then_some(recording.window_ms);
        model.extend(window.map(|ms| format!("\nwindow_ms = {ms:?}")));
        let has_nonlinearity = self.model != LINEAR.model;
        let identity = (recording.signed && has_nonlinearity).then_some("\noutput = \"identity\"");
        model.extend(identity);
        model.extend(self.rnn.map(|rnn| format!("\nrnn = \"{rnn}\"")));
        let part = |section: &str, part: &str| format!("[{section}]\ntype = \"{part}\"");
        let mut sections = vec![data, model];
        sections.extend(self.prefilter.map(|name| part("prefilter", name)));
        sections.extend(self.parameterization.map(|name| part("parameterization", name)));
        sections.push(format!("[train]\nseed = {seed}\n"));
        sections.join("\n\n")
    }
}
