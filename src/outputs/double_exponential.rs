//! Double exponential: a exp(-exp(k x - s)) + b, per neuron.
use crate::config::part::Part;

/// The row of `double_exponential`.
pub const PART: Part = Part {
    name: "double_exponential",
    summary: "a exp(-exp(k x - s)) + b, per neuron",
    source: "Thorson, Liénard & David (2015), PLoS Comput. Biol. 11(12):e1004628, doi:10.1371/journal.pcbi.1004628",
    keys: &[],
};
