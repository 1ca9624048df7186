//! The parts of the stimuli.
use clap::ValueEnum;

/// A part of the stimuli.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SplitName {
    /// What the weights were fitted to
    Train,
    /// What the best epoch was chosen on
    Valid,
    /// What neither saw
    Test,
    /// Every stimulus
    All,
}
