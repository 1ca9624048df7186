//! Where the files of a model lie, and what they are called.

/// Where in a folder a model lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelPlace {
    /// In `model/`, beside the files of a run.
    OfRun,
    /// In the folder itself.
    Alone,
}

impl ModelPlace {
    /// The file of the weights.
    pub const fn weights(self) -> &'static str {
        match self {
            Self::OfRun => "model/model.safetensors",
            Self::Alone => "model.safetensors",
        }
    }

    /// The file of what prediction needs beside the weights.
    pub const fn metadata(self) -> &'static str {
        match self {
            Self::OfRun => "model/metadata.json",
            Self::Alone => "metadata.json",
        }
    }

    /// The file of deepSTRF's arguments.
    pub const fn reference(self) -> &'static str {
        match self {
            Self::OfRun => "model/config.json",
            Self::Alone => "config.json",
        }
    }
}
