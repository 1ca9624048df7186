//! How a table of events is read.
use clap::{Args, ValueEnum};

/// In which unit the times of events are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EventsUnit {
    /// Seconds
    S,
    /// Milliseconds
    Ms,
    /// Microseconds
    Us,
    /// Samples of the recording
    Samples,
}

/// How a table of events is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Events")]
pub struct EventOptions {
    /// Column of the onsets [default: the only one that is called so]
    #[arg(long, value_name = "COLUMN", requires = "events")]
    pub onset_column: Option<String>,
    /// Column that names the stimuli [default: one of a usual name, or the only column of texts]
    #[arg(long, value_name = "COLUMN", requires = "events")]
    pub stimulus_column: Option<String>,
    /// Column of the ends, or of the durations, of the presentations, or none [default: the only one
    /// that is called so]
    #[arg(long, value_name = "COLUMN", requires = "events")]
    pub offset_column: Option<String>,
    /// Unit of the times of events [default: as the names of columns say, else s]
    #[arg(long, value_enum, requires = "events")]
    pub events_unit: Option<EventsUnit>,
    /// Seconds that are added to the times of events, where the clocks of events and spikes start
    /// at different zeros
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0.0,
        allow_negative_numbers = true,
        requires = "events"
    )]
    pub events_offset_s: f64,
}
