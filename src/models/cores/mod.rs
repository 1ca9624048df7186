//! The cores: what lies between the prefilters and the output nonlinearity, one file a model.
pub mod cnn2d;
pub mod dnet;
pub mod linear;
pub mod ln;
pub mod nrf;
