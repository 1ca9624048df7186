//! One page that tells whether a recording is worth fitting.
mod column;
mod excerpt;
mod histogram;
mod page;

use std::path::Path;

use super::{Inspection, Neuron, by_reliability};
use crate::data::{OfNeurons, Recording, ResponseFile, Stored};
use crate::error::{Error, Result};
use crate::files::{self, Existing};
use excerpt::{Excerpt, Unit};

/// A neuron that is shown, and why.
struct Example<'a> {
    /// `best`, `median` or `worst`; empty where there is no other neuron.
    rank: &'static str,
    neuron: &'a Neuron,
    excerpt: Excerpt,
}

/// Draws the best, the median and the worst neuron, each with the sound of a clip, its single
/// repeats and its PSTH, and the reliability of all neurons, as a PNG picture.
///
/// # Errors
/// Where responses cannot be read, where `path` exists and is to be kept, or where it cannot be
/// written; nothing is left behind then.
pub fn plot(
    inspection: &Inspection,
    recording: &Recording<Stored>,
    path: &Path,
    existing: Existing,
) -> Result<()> {
    let ranked = ranked(&inspection.per_neuron);
    let columns = page::column_pixels(ranked.len());
    let mut file = ResponseFile::open(&recording.file)?;
    let mut examples = Vec::new();
    for (rank, neuron) in ranked {
        let clip = &recording.clips[neuron.fullest_clip];
        let responses = file.read(&clip.responses.clone().of_neurons(&[neuron.index]))?;
        let excerpt = Excerpt::new(clip, &responses, (recording.dt_ms, unit(neuron)), columns);
        examples.push(Example { rank, neuron, excerpt });
    }
    let canvas = page::draw(inspection, recording.frequencies_hz.as_deref(), &examples)?;
    files::file(path, existing, |beside| {
        canvas
            .save(beside, &inspection.file)
            .map_err(|e| Error::file(format!("writing {}", path.display()), e))
    })
}

/// A rate is defined where responses are counts.
fn unit(neuron: &Neuron) -> Unit {
    if neuron.quality.rate_hz.is_nan() { Unit::Signal } else { Unit::Counts }
}

/// The best, the median and the worst of the neurons whose reliability is defined; by mean rate
/// where it is for none.
fn ranked(neurons: &[Neuron]) -> Vec<(&'static str, &Neuron)> {
    let sorted = by_reliability(neurons);
    let defined = |value: fn(&Neuron) -> f64| {
        let kept = sorted.iter().filter(|neuron| !value(neuron).is_nan());
        kept.copied().collect::<Vec<&Neuron>>()
    };
    let by_rank = [defined(|n| n.quality.reliability), defined(|n| n.quality.mean), sorted.clone()];
    let sorted = by_rank.into_iter().find(|neurons| !neurons.is_empty()).unwrap_or_default();
    match sorted.as_slice() {
        [] => Vec::new(),
        [only] => vec![("", *only)],
        [best, worst] => vec![("best", *best), ("worst", *worst)],
        [best, .., worst] => {
            vec![("best", *best), ("median", sorted[sorted.len() / 2]), ("worst", *worst)]
        }
    }
}
