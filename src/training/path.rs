//! Paths of penalties: which strengths are tried in which order, and what each comes to.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A strength of a penalty and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Which penalty: `l1`, `l2` or `smooth`, and after a blank what another one is meanwhile.
    pub penalty: String,
    /// Where several penalties are chosen one after the other: how often before.
    pub round: usize,
    /// Its strength.
    pub strength: f64,
    /// Which path of several, and which point of it.
    pub at: (usize, usize),
    /// The validation loss of each neuron, or of all together; none where there is none, or where a neuron
    /// took no part.
    pub losses: Vec<Option<f64>>,
}

impl Point {
    /// A penalty with its round and strength, before anything is known of so many losses.
    pub fn new(
        (penalty, round, strength): (&str, usize, f64),
        at: (usize, usize),
        losses: usize,
    ) -> Self {
        Self { penalty: penalty.to_owned(), round, strength, at, losses: vec![None; losses] }
    }

    /// Takes note of a loss of this point in a list of points, which stays in the order of the paths.
    pub fn record(self, points: &mut Vec<Self>, place: usize, loss: f64) {
        let nth = match points.binary_search_by_key(&self.at, |other| other.at) {
            Ok(nth) => nth,
            Err(nth) => {
                points.insert(nth, self);
                nth
            }
        };
        points[nth].losses[place] = Some(loss).filter(|loss| loss.is_finite());
    }

    /// That of a neuron by itself; none where it took no part.
    pub fn of_neuron(&self, neuron: usize) -> Option<Self> {
        let loss = self.losses.get(neuron).copied().flatten()?;
        Some(Self { losses: vec![Some(loss)], ..self.clone() })
    }

    /// Which penalty, without what stands beside it.
    fn kind(&self) -> &str {
        self.penalty.split_once(' ').map_or(&self.penalty, |(kind, _)| kind)
    }
}

/// The points of all neurons, of those of some each, and of so many; a neuron has no loss at a point that no
/// neuron beside it came to.
pub fn joined(parts: &[(&[Point], usize)]) -> Vec<Point> {
    let mut points: BTreeMap<(usize, usize), Point> = BTreeMap::new();
    let all: usize = parts.iter().map(|(_, neurons)| neurons).sum();
    let mut first = 0;
    for (part, neurons) in parts {
        for point in *part {
            let none = || Point { losses: vec![None; all], ..point.clone() };
            let losses = &mut points.entry(point.at).or_insert_with(none).losses;
            losses[first..first + neurons].clone_from_slice(&point.losses);
        }
        first += neurons;
    }
    points.into_values().collect()
}

/// Strongest of a path, as a share of the variance that a kernel sees in all.
const STRONGEST: f64 = 1.0;
/// Weakest of it.
const WEAKEST: f64 = 1e-6;
/// Strengths in a factor of ten.
const PER_DECADE: f64 = 2.0;
/// Points without a better validation loss after which a path ends.
pub const PATIENCE: usize = 3;

/// Strengths from strong to weak for a kernel of so many weights.
pub fn strengths(weights: usize) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few decades")]
    let steps = ((STRONGEST / WEAKEST).log10() * PER_DECADE).round() as u32;
    let at = |step: u32| STRONGEST * weights as f64 * 10f64.powf(-f64::from(step) / PER_DECADE);
    (0..=steps).map(at).collect()
}

/// `penalties.csv`: each point of the paths with its validation loss.
pub fn table(points: &[Point], neurons: &[String]) -> String {
    let mut text = String::from("penalty,round,strength,neuron,valid_loss,chosen\n");
    let least = |point: &Point, place: usize| {
        let rivals = points.iter();
        let rivals =
            rivals.filter(|other| (other.kind(), other.round) == (point.kind(), point.round));
        let losses = rivals.filter_map(|other| other.losses.get(place).copied().flatten());
        losses.fold(f64::INFINITY, f64::min)
    };
    for point in points {
        let Point { penalty, round, strength, losses, .. } = point;
        for (place, loss) in losses.iter().enumerate() {
            let Some(loss) = loss else { continue };
            let neuron = match losses.len() {
                1 if neurons.len() != 1 => "all",
                _ => neurons.get(place).map_or("all", String::as_str),
            };
            let chosen = *loss <= least(point, place);
            let neuron = quoted(neuron);
            let line = [penalty, &round.to_string(), &strength.to_string(), &neuron];
            text += &line.map(String::as_str).join(",");
            text += &["", &loss.to_string(), &chosen.to_string()].join(",");
            text.push('\n');
        }
    }
    text
}

/// A field of a table, in quotes where it needs them.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
