//! Scores of clips that a test has in memory.
use std::error::Error;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use strf::scores::{self, Comparison};

/// What a test of scores comes to.
pub type Outcome = Result<(), Box<dyn Error>>;
/// A prediction `(T)` and the responses `(R, T)` to a clip.
pub type Clip = (Array1<f32>, Array2<f32>);
/// Not recorded.
pub const NAN: f32 = f32::NAN;

/// A score of one neuron over clips in a row.
pub fn score(name: &str, clips: &[Clip]) -> Result<f64, Box<dyn Error>> {
    let predictions: Vec<ArrayView1<f32>> = clips.iter().map(|(p, _)| p.view()).collect();
    let responses: Vec<ArrayView2<f32>> = clips.iter().map(|(_, r)| r.view()).collect();
    let row = scores::TABLE.iter().find(|row| row.part.name == name).ok_or("no such score")?;
    Ok((row.compute)(&Comparison::new(&predictions, &responses)?))
}

/// Fails where a number is further off than it may be.
#[track_caller]
pub fn assert_near(what: &str, got: f64, want: f64, within: f64) {
    assert!((got - want).abs() <= within, "{what}: got {got}, want {want}");
}
