//! The sections of a run file and the keys of those that hold no parts.
use super::choices::Standardize;
use super::{Train, selection, split};
use crate::config::keys::{Default, Key, Kind, Range};
use crate::config::part::parts;
use crate::config::sections::{Holds, Section, Times};
use crate::dataset::LevelKind;
use crate::models::{self, output_gains, parameterizations, prefilters};

/// The sections in the order in which they are written.
pub static SECTIONS: &[Section] = &[
    Section { name: "data", doc: "what the model is fitted to", holds: Holds::Keys(DATA) },
    Section {
        name: "model",
        doc: "what lies between the prefilter and the response",
        holds: Holds::Part { table: || parts(models::TABLE), absent: None, times: Times::Once },
    },
    Section {
        name: "prefilter",
        doc: "what lies between the cochleagram and the model; leave out for none, and write \
              [[prefilter]] for each of several, one behind the other",
        holds: Holds::Part {
            table: || parts(prefilters::TABLE),
            absent: Some("none"),
            times: Times::Several,
        },
    },
    Section {
        name: "parameterization",
        doc: "what the weights of an STRF are made of; leave out for full",
        holds: Holds::Part {
            table: || parts(parameterizations::TABLE),
            absent: Some("full"),
            times: Times::Once,
        },
    },
    Section {
        name: "output_gain",
        doc: "what changes the output nonlinearity from bin to bin; leave out for nothing",
        holds: Holds::Part {
            table: || parts(output_gains::TABLE),
            absent: Some("none"),
            times: Times::Once,
        },
    },
    Section { name: "train", doc: "how the model is fitted", holds: Holds::Keys(Train::KEYS) },
    Section {
        name: "output",
        doc: "where the run is written, and what beside the model",
        holds: Holds::Keys(OUTPUT),
    },
];

/// `[data]`
pub const DATA: &[Key] = &[
    Key {
        name: "file",
        kind: Kind::Path,
        default: Default::Required("\"data.h5\""),
        doc: "dataset, as data/README.md describes it",
    },
    Key {
        name: "neurons",
        kind: Kind::Declared(&selection::KIND),
        default: Default::Is("\"all\""),
        doc: "which neurons are fitted; beside attributes, tables compare what strf inspect says of \
              the stimuli in use, such as { reliability = \">0.1\" }: repeats, bins, mean, rate_hz, \
              signal_power, noise_power, snr, cc_max, cc_max_squared and reliability, unless an \
              attribute of the dataset has that name",
    },
    Key {
        name: "stimuli",
        kind: Kind::Declared(&selection::KIND),
        default: Default::Is("\"all\""),
        doc: "which stimuli are used",
    },
    Key {
        name: "smooth_ms",
        kind: Kind::Number(Range::closed(0.0, 10_000.0)),
        default: Default::Is("21.0"),
        doc: "length of the Hanning window that smooths the responses, in milliseconds; 0 = none",
    },
    Key {
        name: "skip_ms",
        kind: Kind::Number(Range::closed(0.0, 1e6)),
        default: Default::Is("0.0"),
        doc: "start of each clip that is left out of loss and scores, in milliseconds",
    },
    Key {
        name: "standardize",
        kind: Kind::Choice(Standardize::WORDS),
        default: Default::Follows("\"scale\" with a prefilter that adapts, \"global\" without"),
        doc: "how cochleagrams are standardized, with statistics of the training stimuli only: \
              mean 0 and variance 1 by band, or of all bands together, or variance 1 without \
              centring, or as they are; prefilters that need a level (stp) see the sound divided \
              by one constant, and what stands behind them is standardized so",
    },
    Key {
        name: "level",
        kind: Kind::Choice(LevelKind::WORDS),
        default: Default::Follows("what the dataset says in its attribute level, if it does"),
        doc: "what the numbers of cochleagrams are, where the dataset does not say it: log and pcen \
              take amplitude or power alone",
    },
    Key {
        name: "split",
        kind: Kind::Declared(&split::KIND),
        default: Default::Follows(
            "\"file\" where the dataset has /splits, else \
             { train = 0.7, valid = 0.15, test = 0.15, seed = 0 }",
        ),
        doc: "how stimuli are divided into training, validation and test: as the dataset says, by \
              fractions that sum to 1, or by their ids",
    },
];

/// `[output]`
pub const OUTPUT: &[Key] = &[
    Key {
        name: "folder",
        kind: Kind::Path,
        default: Default::Follows("runs/ and the name of the run file, beside the run file"),
        doc: "run folder",
    },
    Key {
        name: "tensorboard",
        kind: Kind::Flag,
        default: Default::Is("false"),
        doc: "whether tensorboard/ in the run folder tells TensorBoard of every epoch",
    },
    Key {
        name: "tensorboard_pictures",
        kind: Kind::Integer(0, 1_000_000),
        default: Default::Is("10"),
        doc: "epochs from one picture of the STRFs for TensorBoard to the next; 0 = none",
    },
];
