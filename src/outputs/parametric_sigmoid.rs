//! Parametric sigmoid: b sigmoid((x - c)/d) + a, per neuron.
use crate::config::part::Part;

/// The row of `parametric_sigmoid`.
pub const PART: Part = Part {
    name: "parametric_sigmoid",
    summary: "b sigmoid((x - c)/d) + a, per neuron",
    source: "Willmore et al. (2016), J. Neurosci. 36(2):280-289, doi:10.1523/JNEUROSCI.2441-15.2016",
    keys: &[],
};
