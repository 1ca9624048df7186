//! One presentation of a stimulus.

/// One presentation of a stimulus.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Name of the stimulus.
    pub stimulus: String,
    /// Onset in milliseconds on the clock of the session.
    pub start_ms: f64,
    /// End of the interval in milliseconds from the onset, where the table gives it.
    pub length_ms: Option<f64>,
    /// End of the interval in milliseconds from the onset, where it ends before the sound does.
    pub cut_short_ms: Option<f64>,
}
