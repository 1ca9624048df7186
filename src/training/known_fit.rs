//! A fit whose numbers are known, by which a machine, or a build of the program, is checked: twenty steps of
//! L-BFGS in double precision on a small dataset that is worked out from whole numbers.
//!
//! The dataset: `d` are the bits 16 to 23 of `s ← (1103515245 s + 12345) mod 2³¹` from `s = 1`, less 128. Of each
//! clip come first its sound `x(f,t) = d / 64`, band by band, then for each neuron and bin two further `d`, of which
//! the second, where it is below −112, takes the bin out; the count is `max(0, ⌊(2 d(2n,t−1) + d(2n+1,t−2) − d(2n,t−4) −
//! d(2n+2,t) + d) / 64⌋)` with the first of them and the `d(f,t)` of the sound, 0 before the clip. The model is `ln` without
//! normalization, with `parametric_softplus`; weights start at `((3n + 5f + 7j) mod 11 − 5) / 128` where the
//! last `j` is the present bin, biases at `(n − 2) / 4`, `_raw_beta` at `1 + n/8`, `_raw_b` at `n/4 − 2`.
//!
//! The known numbers are not this program's: `tests/golden/make_known_fit.py` works all of them out in NumPy from
//! the formulas. Start values that differ by 1e-9 change them by 3e-9 of themselves.
//!
//! Convolution, output nonlinearity, loss and their gradients run under the chosen level of vector instructions.
//! The two parameters of the output pass their softplus by candle's operations, which choose for themselves.
use std::path::Path;

use candle_core::{DType, Device, Tensor};

use super::lbfgs::{At, Block, Blocks, Lbfgs};
use super::objective::Pieces;
use crate::base::error::{Problem, Result};
use crate::models::Network;
use crate::models::batch::{Batch, Member};
use crate::models::dims::Dims;
use crate::models::loss::{self, Criterion, OverNeurons};
use crate::models::params::Params;
use crate::run_file::RunConfig;
use crate::simd::level::Level;

/// A number that the fit must come to.
#[derive(Debug, Clone, Copy)]
pub struct KnownNumber {
    /// What it is.
    pub what: &'static str,
    /// What NumPy says.
    pub value: f64,
}

/// By which share of itself a number may differ.
pub const TOLERANCE: f64 = 1e-6;

/// What the fit must come to; the loss is summed over neurons.
pub const KNOWN: [KnownNumber; 10] = [
    KnownNumber { what: "loss at the start", value: 13.820_017_498_500_54 },
    KnownNumber { what: "loss after 5 steps", value: 1.430_327_061_986_758_3 },
    KnownNumber { what: "loss after 10 steps", value: 0.955_805_386_402_363_9 },
    KnownNumber { what: "loss after 20 steps", value: 0.829_572_371_268_613_2 },
    KnownNumber { what: "weight of neuron 0", value: 3.077_532_377_619_687_7 },
    KnownNumber { what: "weight of neuron 1", value: 2.685_077_188_125_967 },
    KnownNumber { what: "weight of neuron 2", value: 2.315_349_392_609_353_4 },
    KnownNumber { what: "weight of neuron 3", value: 2.592_229_123_596_152_5 },
    KnownNumber { what: "weight of neuron 4", value: 2.020_451_700_531_978 },
    KnownNumber { what: "sharpness of neuron 2", value: 2.185_465_243_976_034_7 },
];

/// Steps of the fit.
pub const STEPS: usize = 20;
/// After how many of them the loss is known.
const LOSSES_AFTER: [usize; 4] = [0, 5, 10, STEPS];

const MODEL: &str =
    "[model]\ntype = \"ln\"\nwindow_ms = 35.0\nnorm = \"none\"\noutput = \"parametric_softplus\"\n";
const DT_MS: f64 = 5.0;
const BANDS: usize = 11;
const LAGS: usize = 7;
const NEURONS: usize = 5;
/// Bins of each clip.
const CLIPS: [usize; 2] = [157, 100];

/// How far numbers lie from the known ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// The largest, as a share of the known number; NaN where a number is none.
    pub largest: f64,
    /// Those that lie too far.
    pub problems: Vec<Problem>,
}

/// Fits under a level of vector instructions; the numbers in the order of [`KNOWN`].
///
/// # Errors
/// This machine lacks the level, or a tensor operation fails.
pub fn at(level: Level) -> Result<Vec<f64>> {
    level.run(fit)?
}

/// Holds numbers against the known ones.
pub fn compared(found: &[f64], known: &[KnownNumber]) -> Deviation {
    let mut deviation = Deviation { largest: 0.0, problems: Vec::new() };
    for (place, known) in known.iter().enumerate() {
        let found = found.get(place).copied().unwrap_or(f64::NAN);
        let share = (found / known.value - 1.0).abs();
        if share.is_nan() || share > deviation.largest {
            deviation.largest = share;
        }
        // NaN is never within.
        let is_within = share <= TOLERANCE;
        if !is_within {
            let expected = format!("{} to {TOLERANCE:e}", known.value);
            deviation.problems.push(Problem::new(known.what, found.to_string(), expected));
        }
    }
    deviation
}

fn fit() -> Result<Vec<f64>> {
    let mut objective = KnownObjective::new()?;
    let mut lbfgs = Lbfgs::start(objective.pieces.points()?, &[false; NEURONS]);
    lbfgs.pass(&mut objective)?;
    let mut numbers = Vec::new();
    for step in 0..=STEPS {
        if LOSSES_AFTER.contains(&step) {
            numbers.push(lbfgs.blocks.iter().map(Block::value).sum());
        }
        if step < STEPS {
            lbfgs.round(&mut objective)?;
        }
    }
    let point = |neuron: usize| &lbfgs.blocks[neuron].point;
    // What each neuron follows most: band 2n, one bin ago.
    numbers.extend((0..NEURONS).map(|n| point(n)[BEFORE_WEIGHTS + 2 * n * LAGS + LAGS - 2]));
    numbers.push(point(2)[SHARPNESS]);
    Ok(numbers)
}

/// In a block lie `_raw_b`, `_raw_beta`, bias and weights, in the order of their names.
const BEFORE_WEIGHTS: usize = 3;
/// Where `_raw_beta` lies.
const SHARPNESS: usize = 1;

/// The squared error of each neuron over all clips.
struct KnownObjective {
    network: Network,
    pieces: Pieces,
    batch: Batch,
}

impl KnownObjective {
    fn new() -> Result<Self> {
        let dims = Dims { dt_ms: DT_MS, bands: BANDS, neurons: NEURONS, frequencies_hz: None };
        let params = Params::new(0, DType::F64, &Device::Cpu);
        let architecture = RunConfig::architecture(MODEL, Path::new("the known fit"))?;
        let network = Network::build(&architecture, &dims, &params)?;
        let pieces = Pieces::new(&params, NEURONS);
        pieces.set(&(0..NEURONS).map(start).collect::<Vec<_>>())?;
        let clips = clips()?;
        let given = clips.iter().map(|clip| network.given(clip));
        let batch = Batch::of(given.collect::<candle_core::Result<_>>()?);
        Ok(Self { network, pieces, batch })
    }
}

impl Blocks for KnownObjective {
    fn evaluate(&mut self, points: &mut [Vec<f64>]) -> Result<Vec<At>> {
        self.pieces.set(points)?;
        let criterion = Criterion { over: OverNeurons::Sum, ..Criterion::plain(&loss::TABLE[0]) };
        let (total, shares) = self.network.loss_as_it_is(&self.batch, &criterion)?;
        let gradients = self.pieces.gradients(&total.backward()?)?;
        let each = shares.into_iter().zip(gradients);
        Ok(each.map(|(value, gradient)| At { value, gradient }).collect())
    }
}

/// Where the block of a neuron starts.
fn start(neuron: usize) -> Vec<f64> {
    let n = neuron as f64;
    let weight = |place: usize| {
        let (band, lag) = (place / LAGS, place % LAGS);
        ((3 * neuron + 5 * band + 7 * lag) % 11) as f64 - 5.0
    };
    let weights = (0..BANDS * LAGS).map(|place| weight(place) / 128.0);
    [n / 4.0 - 2.0, 1.0 + n / 8.0, (n - 2.0) / 4.0].into_iter().chain(weights).collect()
}

/// Whole numbers that any program can draw again, from −128 to 127.
struct WholeNumbers(u32);

impl WholeNumbers {
    fn draw(&mut self) -> i32 {
        self.0 = self.0.wrapping_mul(1_103_515_245).wrapping_add(12_345) % (1 << 31);
        (self.0 >> 16).to_le_bytes()[0].into()
    }
}

fn clips() -> candle_core::Result<Vec<Member>> {
    let mut numbers = WholeNumbers(1);
    CLIPS.iter().map(|bins| clip(*bins, &mut || numbers.draw() - 128)).collect()
}

fn clip(bins: usize, draw: &mut dyn FnMut() -> i32) -> candle_core::Result<Member> {
    let sound: Vec<i32> = (0..BANDS * bins).map(|_| draw()).collect();
    let mut psth = Vec::new();
    for place in 0..NEURONS * bins {
        let (n, t) = (place / bins, place % bins);
        let at = |band: usize, lag: usize| if t < lag { 0 } else { sound[band * bins + t - lag] };
        let drive = 2 * at(2 * n, 1) + at(2 * n + 1, 2) - at(2 * n, 4) - at(2 * n + 2, 0);
        let count = ((drive + draw()) >> 6).max(0);
        psth.push(if draw() < -112 { f64::NAN } else { f64::from(count) });
    }
    let sound: Vec<f64> = sound.into_iter().map(|d| f64::from(d) / 64.0).collect();
    Member::new(
        Tensor::from_vec(sound, (1, 1, BANDS, bins), &Device::Cpu)?,
        Tensor::from_vec(psth, (1, NEURONS, bins), &Device::Cpu)?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_comes_to_the_known_numbers() {
        for level in Level::available() {
            let deviation = compared(&at(level).unwrap(), &KNOWN);
            println!("{level}: {:e}", deviation.largest);
            assert_eq!(deviation.problems, [], "under {level}");
            // As near as the same steps in another order of sums come.
            assert!(deviation.largest < 1e-12, "under {level}: {}", deviation.largest);
        }
    }

    #[test]
    fn a_number_that_differs_by_more_than_its_tolerance_fails() {
        let found: Vec<f64> = KNOWN.iter().map(|known| known.value).collect();
        assert_eq!(compared(&found, &KNOWN), Deviation { largest: 0.0, problems: Vec::new() });
        for place in 0..KNOWN.len() {
            let with = |factor: f64| {
                let mut known = KNOWN;
                known[place].value *= factor;
                compared(&found, &known).problems
            };
            assert_eq!(with(1.0 - 5e-7), []);
            for wrong in [1.0 + 2e-6, 1.0 - 2e-6, -1.0, f64::NAN] {
                let problems = with(wrong);
                assert_eq!(problems.len(), 1, "{wrong}");
                assert_eq!(problems[0].at, KNOWN[place].what);
                assert_eq!(problems[0].found, found[place].to_string());
            }
        }
        let too_few = compared(&found[1..9], &KNOWN);
        assert!(too_few.largest.is_nan() && too_few.problems.len() == 10, "{too_few:?}");
    }

    #[test]
    fn a_fit_of_another_dataset_fails() {
        let mut objective = KnownObjective::new().unwrap();
        let points = objective.pieces.points().unwrap();
        let loss = |objective: &mut KnownObjective| {
            let at = objective.evaluate(&mut points.clone()).unwrap();
            at.iter().map(|at| at.value).sum::<f64>()
        };
        assert_eq!(compared(&[loss(&mut objective)], &KNOWN[..1]).problems, []);
        objective.batch = Batch::of(objective.batch.clips()[..1].to_vec());
        assert_eq!(compared(&[loss(&mut objective)], &KNOWN[..1]).problems.len(), 1);
    }
}
