//! Neurons that training can make nothing of.
use ndarray::{Array2, s};

use crate::data::Recording;
use crate::data::psth::psth;

/// Indices of neurons whose training data lack something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubtful {
    /// No bin was recorded: nothing to fit, to be left out.
    pub unrecorded: Vec<usize>,
    /// The PSTH has one value in every recorded bin: nothing to explain, to be warned of.
    pub constant: Vec<usize>,
}

/// Looks at the PSTH of the training clips, `skip` bins at the start of each left out.
pub fn doubtful(recording: &Recording, train: &[usize], skip: usize) -> Doubtful {
    let psths: Vec<Array2<f32>> =
        train.iter().map(|clip| psth(&recording.clips[*clip].responses)).collect();
    let mut doubtful = Doubtful::default();
    for neuron in 0..recording.neurons.len() {
        let bins = psths.iter().flat_map(|psth| psth.slice(s![neuron, skip.min(psth.ncols())..]));
        let mut recorded = bins.filter(|value| !value.is_nan());
        match recorded.next() {
            None => doubtful.unrecorded.push(neuron),
            Some(first) if recorded.all(|value| value.total_cmp(first).is_eq()) => {
                doubtful.constant.push(neuron);
            }
            Some(_) => {}
        }
    }
    doubtful
}
