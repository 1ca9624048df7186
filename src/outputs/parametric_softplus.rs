//! Parametric softplus: softplus(beta x)/beta + b, per neuron.
use crate::config::part::Part;

/// The row of `parametric_softplus`.
pub const PART: Part = Part {
    name: "parametric_softplus",
    summary: "softplus(beta x)/beta + b, per neuron",
    source: "",
    keys: &[],
};
