//! Learning rates over epochs: functions without state but the history of scores.
use std::f64::consts::PI;

use crate::run_file::Schedule;

/// By how much the learning rate falls at a plateau.
const FALL: f64 = 0.3;

/// The learning rate of an epoch (from 1) out of `[epoch, epochs]`; `halvings` are those that a
/// plateau has asked for so far.
pub fn lr(schedule: Schedule, start: f64, [epoch, epochs]: [usize; 2], halvings: u32) -> f64 {
    match schedule {
        Schedule::Constant => start,
        Schedule::Cosine => {
            let done = (epoch - 1) as f64 / epochs.max(1) as f64;
            start * 0.5 * (1.0 + (PI * done).cos())
        }
        Schedule::Plateau => start * FALL.powf(f64::from(halvings)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_start_at_the_given_one_and_never_rise() {
        for schedule in [Schedule::Constant, Schedule::Cosine] {
            let rates: Vec<f64> = (1..=9).map(|epoch| lr(schedule, 0.2, [epoch, 9], 0)).collect();
            assert!((rates[0] - 0.2).abs() < 1e-15);
            assert!(rates.windows(2).all(|pair| pair[1] <= pair[0]), "{schedule:?} {rates:?}");
        }
        assert!((lr(Schedule::Cosine, 1.0, [5, 8], 0) - 0.5).abs() < 1e-12);
        assert!((lr(Schedule::Plateau, 1.0, [5, 8], 3) - 0.027).abs() < 1e-12);
    }
}
