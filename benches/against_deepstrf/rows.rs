//! What is measured: models as a run file and as the reference script name them.

/// A model whose parts have the same names in both programs.
pub struct Row {
    /// Model, prefilter and parameterization, joined by `+`.
    pub name: &'static str,
    model: &'static str,
    keys: &'static str,
    prefilter: Option<&'static str>,
    /// Its name and its keys.
    parameterization: Option<(&'static str, &'static str)>,
    output_gain: Option<&'static str>,
    /// `model.rnn`, and what deepSTRF calls it.
    rnn: Option<(&'static str, &'static str)>,
    /// Bins that attention sees, where these are not all of the past.
    pub attended: Option<usize>,
    /// Whether deepSTRF has the model.
    pub has_reference: bool,
    /// How many times faster a training epoch must be than deepSTRF's, all clips in one step.
    batch_floor: f64,
    /// The same with one clip a step, where it is another number.
    clip_floor: Option<f64>,
    /// How many times faster a whole fit must be, where it is measured.
    pub fit_floor: Option<f64>,
}

const STRF_PER_NEURON: &str = "window_ms = 45.0\nnorm = \"batch\"\n";
const NETWORK: &str = "window_ms = 45.0\nhidden = 20\n";
const LEAKY_NETWORK: &str = "window_ms = 45.0\nhidden = 20\ninit_tau_ms = 12.5\n";
/// As deepSTRF has it: no nonlinearity and no memory at the output, hidden memory cut short.
const REDUCED_NETWORK: &str = "window_ms = 45.0\nhidden = 20\ninit_tau_ms = 12.5\noutput = \"identity\"\noutput_decay = false\ndecay_bins = 18\n";
const CONVOLUTIONS: &str = "kernel_bands = 3\nkernel_ms = 45.0\nchannels = 10\nhidden = 20\n";

/// As deepSTRF has it: no nonlinearity at the output.
const ATTENTION: &str =
    "time_patch = 1\nembedding_dim = 48\ndropout = 0.1\noutput = \"identity\"\n";

const LN: Row = Row::new("ln", "ln", STRF_PER_NEURON, 1.5);
/// What stands without the contrast gain beside it.
const LN_DOUBLE_EXPONENTIAL: Row = Row {
    name: "ln+double-exponential",
    keys: "window_ms = 45.0\nnorm = \"batch\"\noutput = \"double_exponential\"\n",
    has_reference: false,
    ..LN
};
const NRF: Row = Row::new("nrf", "nrf", NETWORK, 4.0);
const DNET: Row = Row::new("dnet", "dnet", LEAKY_NETWORK, 4.0);
const CNN2D: Row = Row::new("cnn2d", "cnn2d", CONVOLUTIONS, 3.0);
const TRANSFORMER: Row = Row::new("transformer", "transformer", ATTENTION, 6.0);
const STATENET: Row = Row::new("statenet", "statenet", "", 5.0);
const CNN1D: Row = Row::new("cnn1d", "cnn1d", "preset = \"1d\"\n", 0.0);

/// All rows, in the order of the tables.
pub const ROWS: &[Row] = &[
    Row::new("linear", "linear", STRF_PER_NEURON, 1.5),
    Row { fit_floor: Some(40.0), ..LN },
    Row { name: "ln+dcls", parameterization: Some(("dcls", "gaussians = 8\n")), ..LN },
    Row {
        name: "ln+separable",
        parameterization: Some(("separable", "rank = 1\n")),
        batch_floor: 4.0,
        ..LN
    },
    Row { fit_floor: Some(25.0), ..LN.behind("ln+adaptrans", "adaptrans", 6.0) },
    LN.behind("ln+willmore", "willmore", 2.0),
    NRF,
    NRF.behind("nrf+adaptrans", "adaptrans", 12.0),
    DNET,
    DNET.behind("dnet+adaptrans", "adaptrans", 10.0),
    Row::new("dnet-reduced", "dnet", REDUCED_NETWORK, 4.0),
    CNN2D,
    CNN2D.behind("cnn2d+adaptrans", "adaptrans", 3.5),
    Row { clip_floor: Some(4.0), ..TRANSFORMER },
    Row {
        name: "transformer-41",
        attended: Some(41),
        batch_floor: 8.0,
        clip_floor: Some(6.0),
        ..TRANSFORMER
    },
    Row { has_reference: false, ..CNN1D },
    Row { has_reference: false, ..LN.behind("ln+stp", "stp", 0.0) },
    LN_DOUBLE_EXPONENTIAL,
    Row { name: "ln+contrast", output_gain: Some("contrast"), ..LN_DOUBLE_EXPONENTIAL },
    STATENET.with_units("statenet-gru", ("gru", "GRU"), [5.0, 12.0]),
    STATENET.with_units("statenet-lstm", ("lstm", "LSTM"), [2.5, 2.5]),
    STATENET.with_units("statenet-rnn", ("rnn", "RNN"), [4.0, 6.0]),
    STATENET.with_units("statenet-lmu", ("lmu", "LMU"), [5.0, 15.0]),
    STATENET.with_units("statenet-mamba", ("mamba", "Mamba"), [8.0, 5.0]),
];

/// The rows of these names, or all of them where no name is given.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Row>, String> {
    let known: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            Err(format!("--rows: found {name:?}, expected names out of: {}", known.join(" ")))
        }
        None => Ok(ROWS
            .iter()
            .filter(|row| names.is_empty() || names.iter().any(|name| name == row.name))
            .collect()),
    }
}

impl Row {
    const fn new(
        name: &'static str,
        model: &'static str,
        keys: &'static str,
        batch_floor: f64,
    ) -> Self {
        Self {
            name,
            model,
            keys,
            prefilter: None,
            parameterization: None,
            output_gain: None,
            rnn: None,
            attended: None,
            has_reference: true,
            batch_floor,
            clip_floor: None,
            fit_floor: None,
        }
    }

    /// The same model behind a prefilter.
    const fn behind(self, name: &'static str, prefilter: &'static str, batch_floor: f64) -> Self {
        Self { name, prefilter: Some(prefilter), batch_floor, ..self }
    }

    /// The same model with recurrent units of a kind; floors with all clips in a step, and with one.
    const fn with_units(
        self,
        name: &'static str,
        rnn: (&'static str, &'static str),
        [batch_floor, clip_floor]: [f64; 2],
    ) -> Self {
        Self { name, rnn: Some(rnn), batch_floor, clip_floor: Some(clip_floor), ..self }
    }

    /// `model.type`.
    pub fn model(&self) -> &'static str {
        self.model
    }

    /// The prefilter.
    pub fn prefilter(&self) -> Option<&'static str> {
        self.prefilter
    }

    /// Whether receptive fields are products of bands and lags.
    pub fn is_separable(&self) -> bool {
        self.parameterization.is_some_and(|(part, _)| part == "separable")
    }

    /// `model.rnn`.
    pub fn rnn(&self) -> &'static str {
        self.rnn.map_or("gru", |(rnn, _)| rnn)
    }

    /// Whether responses are a nonlinear function of drives.
    pub fn has_curve(&self) -> bool {
        self.model != "linear" && !self.keys.contains("\"identity\"")
    }

    /// How many times faster a training epoch must be than deepSTRF's, with so many clips a step.
    pub fn epoch_floor(&self, batch: usize) -> f64 {
        self.clip_floor.filter(|_| batch == 1).unwrap_or(self.batch_floor)
    }

    /// `[model]`, `[prefilter]` and `[parameterization]` of a run file.
    pub fn sections(&self) -> String {
        let section = |name, part, keys: &str| format!("[{name}]\ntype = \"{part}\"\n{keys}");
        let prefilter = self.prefilter.map(|part| section("prefilter", part, ""));
        let parameterization =
            self.parameterization.map(|(part, keys)| section("parameterization", part, keys));
        let mut keys = self.keys.to_owned();
        keys.extend(self.rnn.map(|(rnn, _)| format!("rnn = \"{rnn}\"\n")));
        if self.model == TRANSFORMER.model {
            // No window is all of the past.
            keys.extend(["context_window = ", &self.attended.unwrap_or(0).to_string(), "\n"]);
        }
        let mut sections = vec![section("model", self.model, &keys)];
        sections.extend(prefilter);
        sections.extend(parameterization);
        sections.extend(self.output_gain.map(|part| section("output_gain", part, "")));
        sections.join("\n")
    }

    /// The same for the reference script, whose defaults are the keys of the run files.
    pub fn reference_arguments(&self) -> Vec<String> {
        let given = [
            ("--model", Some(self.model.to_owned())),
            ("--prefilter", self.prefilter.map(str::to_owned)),
            ("--kernel", self.parameterization.map(|(part, _)| part.to_owned())),
            ("--rnn", self.rnn.map(|(_, rnn)| rnn.to_owned())),
            ("--context", self.attended.map(|bins| bins.to_string())),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
        given.flatten().collect()
    }
}
