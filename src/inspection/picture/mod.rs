//! One page that tells whether a recording is worth fitting.
mod column;
mod excerpt;
mod histogram;
mod page;

use std::path::Path;

use super::inspect::Inspection;
use super::order::by_reliability;
use super::overview::Neuron;
use crate::base::error::Result;
use crate::base::files::Existing;
use crate::dataset::{OfNeurons, Recording, ResponseFile, ResponseLocation};
use crate::figures::page::{column_pixels, three};
use excerpt::{Excerpt, Unit};

/// A neuron that is shown, and why.
struct Example<'a> {
    /// Such as `best`; empty where there is no other neuron.
    rank: &'static str,
    neuron: &'a Neuron,
    excerpt: Excerpt,
}

/// Draws the best, the median and the worst neuron, each with the sound of a clip, its single
/// repeats and its PSTH, and the reliability of all neurons, as a PNG or SVG picture.
///
/// # Errors
/// Where responses cannot be read, where `path` exists and is to be kept, or where it cannot be
/// written; nothing is left behind then.
pub fn plot(
    inspection: &Inspection,
    recording: &Recording<ResponseLocation>,
    path: &Path,
    existing: Existing,
) -> Result<()> {
    let ranked = ranked(&inspection.per_neuron);
    let columns = column_pixels(ranked.len());
    let mut file = ResponseFile::open(&recording.file)?;
    let mut examples = Vec::new();
    for (rank, neuron) in ranked {
        let clip = &recording.clips[neuron.fullest_clip];
        let responses = file.read(&clip.responses.clone().of_neurons(&[neuron.index]))?;
        let excerpt = Excerpt::new(clip, &responses, (recording.dt_ms, unit(neuron)), columns);
        examples.push(Example { rank, neuron, excerpt });
    }
    let canvas = page::draw(inspection, recording.frequencies_hz.as_deref(), &examples)?;
    canvas.write(path, &inspection.file, existing)
}

/// A rate is defined where responses are counts.
fn unit(neuron: &Neuron) -> Unit {
    if neuron.quality.rate_hz.is_nan() { Unit::Signal } else { Unit::Counts }
}

/// The best, the median and the worst of the neurons whose reliability is defined; where it is for
/// none, by mean response.
fn ranked(neurons: &[Neuron]) -> Vec<(&'static str, &Neuron)> {
    let sorted = by_reliability(neurons);
    let defined = |value: fn(&Neuron) -> f64| {
        let kept = sorted.iter().filter(|neuron| !value(neuron).is_nan());
        kept.copied().collect::<Vec<&Neuron>>()
    };
    let (reliable, recorded) = (defined(|n| n.quality.reliability), defined(|n| n.quality.mean));
    if !reliable.is_empty() {
        return three(&reliable, ["best", "median", "worst"]);
    }
    let recorded = if recorded.is_empty() { &sorted } else { &recorded };
    three(recorded, ["highest mean", "median mean", "lowest mean"])
}
