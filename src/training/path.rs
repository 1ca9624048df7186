//! Paths of penalties: which strengths are tried in which order, and what each comes to.
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
    /// The validation loss of each neuron, or of all together.
    pub losses: Vec<f64>,
}

impl Point {
    /// Which penalty, without what stands beside it.
    fn kind(&self) -> &str {
        self.penalty.split_once(' ').map_or(&self.penalty, |(kind, _)| kind)
    }
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
        let losses = rivals.filter_map(|other| other.losses.get(place).copied());
        losses.filter(|loss| !loss.is_nan()).fold(f64::INFINITY, f64::min)
    };
    for point in points {
        let Point { penalty, round, strength, losses } = point;
        for (place, loss) in losses.iter().enumerate() {
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
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
