//! What the defaults are to reach, and whether they do.
use strf::stats::moments::median;

use crate::figures::{Row, shown};
use crate::fits::Fit;
use crate::recordings::Recording;

/// The columns.
pub const HEADER: [&str; 6] = ["recording", "fit", "figure", "target", "found", "result"];
/// Most that CC may deviate over seeds.
const MOST_DEVIATION: f64 = 0.03;
/// Most that the CC of a seed may lie below the median of its row.
const MOST_BELOW: f64 = 0.08;
/// Misses of less than this may be chance.
const NARROW: f64 = 0.02;

/// A figure with a target.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    Cc,
    Fve,
    BitsPerSpike,
}

/// The least that the mean over seeds is to be.
struct Target(&'static str, &'static str, Figure, f64);

static TARGETS: &[Target] = &[
    Target("demo", "ln", Figure::Cc, 0.915),
    Target("demo", "ln", Figure::Fve, 0.84),
    Target("demo", "ln", Figure::BitsPerSpike, 0.29),
    Target("demo", "nrf", Figure::Fve, 0.77),
    Target("demo", "dnet", Figure::Fve, 0.77),
    Target("demo", "cnn2d", Figure::Fve, 0.82),
    Target("zebra-finch", "linear", Figure::Cc, 0.60),
    Target("zebra-finch", "ln", Figure::Cc, 0.72),
    Target("zebra-finch", "nrf", Figure::Cc, 0.74),
    Target("zebra-finch", "dnet", Figure::Cc, 0.66),
    Target("zebra-finch", "cnn2d", Figure::Cc, 0.80),
    Target("zebra-finch", "statenet", Figure::Cc, 0.80),
    Target("zebra-finch", "ln+separable", Figure::Cc, 0.74),
    Target("zebra-finch", "ln+dcls", Figure::Cc, 0.66),
    Target("zebra-finch", "nrf+adaptrans", Figure::Cc, 0.78),
];

/// A fit whose CC is to be at least that of another.
const AT_LEAST: (&str, &str) = ("cnn1d", "ln");

/// Whether a fit of a recording has a target.
pub fn has(recording: &str, fit: &str) -> bool {
    TARGETS.iter().any(|target| target.0 == recording && target.1 == fit)
}

/// What is compared with what.
struct Check {
    figure: &'static str,
    found: Option<f64>,
    target: f64,
    /// Whether the target is the least or the most.
    least: bool,
    decimals: usize,
}

impl Check {
    fn seconds(row: &Row) -> Option<Self> {
        let target = most_seconds(row.recording, row.fit)?;
        let (figure, found) = ("seconds", row.seconds());
        Some(Self { figure, found, target, least: false, decimals: 1 })
    }

    fn deviation(row: &Row) -> Option<Self> {
        let asked = has(row.recording.name, row.fit.name) && row.recording.name == "zebra-finch";
        let (figure, found) = ("CC, deviation over seeds", row.cc_deviation());
        asked.then_some(Self { figure, found, target: MOST_DEVIATION, least: false, decimals: 3 })
    }

    fn score(row: &Row, figure: Figure, target: f64) -> Self {
        let found = row.mean(|seed| match figure {
            Figure::Cc => Some(seed.cc),
            Figure::Fve => Some(seed.fve),
            Figure::BitsPerSpike => seed.bits_per_spike,
        });
        Self { figure: figure.name(), found, target, least: true, decimals: 3 }
    }

    fn result(&self) -> String {
        let Some(found) = self.found else { return "not measured".into() };
        let short = if self.least { self.target - found } else { found - self.target };
        if short <= 0.0 {
            "met".into()
        } else if self.least && short < NARROW {
            format!("missed by {short:.3}: look at the interval over clips")
        } else {
            format!("missed by {short:.0$}", self.decimals)
        }
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let (bound, decimals) = (if self.least { "≥" } else { "≤" }, self.decimals);
        let target = format!("{bound} {}", rounded(self.target));
        let (recording, fit) = (row.recording.name.to_owned(), row.fit.name.to_owned());
        let found = shown(self.found, decimals);
        vec![recording, fit, self.figure.to_owned(), target, found, self.result()]
    }
}

impl Figure {
    fn name(self) -> &'static str {
        match self {
            Self::Cc => "CC",
            Self::Fve => "FVE",
            Self::BitsPerSpike => "bits/spike",
        }
    }
}

/// How long a fit may take; none where nobody asks.
fn most_seconds(recording: &Recording, fit: &Fit) -> Option<f64> {
    let seconds = match fit.name {
        "linear" | "ln" => 3.0,
        "nrf" | "dnet" => 10.0,
        "ln+adaptrans" | "nrf+adaptrans" | "dnet+adaptrans" => 20.0,
        _ if fit.is_convolutional() => 30.0,
        _ => return None,
    };
    recording.quick.then_some(seconds)
}

/// A target in no more decimals than scores are shown with.
fn rounded(target: f64) -> f64 {
    (1e3 * target).round() / 1e3
}

/// Every target with what was found, in the order of the rows.
pub fn cells(rows: &[Row]) -> Vec<Vec<String>> {
    let behind = |row: &Row| {
        let other = rows.iter().find(|other| {
            (row.fit.name, other.fit.name) == AT_LEAST && row.recording.name == other.recording.name
        })?;
        Some(Check::score(row, Figure::Cc, other.mean(|seed| Some(seed.cc))?))
    };
    let of_row = |row: &Row| {
        let asked = TARGETS
            .iter()
            .filter(|target| target.0 == row.recording.name && target.1 == row.fit.name);
        let mut checks: Vec<Check> =
            asked.map(|target| Check::score(row, target.2, target.3)).collect();
        checks.extend(behind(row));
        checks.extend(Check::deviation(row));
        checks.extend(Check::seconds(row));
        checks.iter().map(|check| check.cells(row)).collect::<Vec<_>>()
    };
    rows.iter().flat_map(of_row).collect()
}

/// Whether any seed fell far behind the others of its row.
pub fn worst_seeds(rows: &[Row]) -> String {
    let behind = |row: &Row| {
        let middle = median(&row.each(|seed| seed.cc));
        let far = row.seeds.iter().filter(move |seed| seed.cc < middle - MOST_BELOW);
        let (recording, fit) = (row.recording.name, row.fit.name);
        let told = far.map(move |seed| {
            format!("{recording} {fit} seed {}: {:.3}, median {middle:.3}", seed.seed, seed.cc)
        });
        told.collect::<Vec<_>>()
    };
    let told: Vec<String> = rows.iter().flat_map(behind).collect();
    let target = format!("No seed's CC more than {MOST_BELOW} below the median of its row");
    if rows.iter().all(|row| row.seeds.len() < 2) {
        format!("{target}: not measured, for no row has two seeds.")
    } else if told.is_empty() {
        format!("{target}: met.")
    } else {
        format!("{target}: missed.\n\n- {}", told.join("\n- "))
    }
}
