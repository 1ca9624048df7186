//! How far to go along a direction: steps that fulfil the strong Wolfe conditions.
//!
//! Source: Nocedal & Wright (2006), Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6,
//! doi:10.1007/978-0-387-40065-5; trial steps by cubic interpolation within safeguards.
/// How much of the decrease that the slope promises must come.
const SUFFICIENT: f64 = 1e-4;
/// How much of the slope may be left.
const FLAT: f64 = 0.9;
/// By how much a step grows while it is too short.
const GROWTH: f64 = 2.5;
/// Trials after which a search ends at the latest.
const MOST_TRIALS: usize = 12;
/// By how much values differ through rounding alone, as a share of them: near a minimum, where they
/// tell nothing, slopes decide (Hager & Zhang (2005), SIAM J. Optim. 16(1):170-192,
/// doi:10.1137/030601880).
const ROUNDING: f64 = 3e-7;
/// How near a trial may come to the ends of a bracket, as a share of it.
const MARGIN: f64 = 0.1;

/// A step along the direction, the value there and the slope along the direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Length of the step in units of the direction.
    pub step: f64,
    /// The value there.
    pub value: f64,
    /// The slope there.
    pub slope: f64,
}

/// What to do after a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Next {
    /// Try this step.
    Try(f64),
    /// The last trial is the step.
    Accept,
    /// This earlier trial is the best that was found; try it again and take it.
    Settle(f64),
    /// There is no better point along the direction.
    Fail,
}

/// A search under way.
#[derive(Debug, Clone, PartialEq)]
pub struct LineSearch {
    start: Trial,
    trials: usize,
    /// The end of the bracket with the lower value, and the other one once there is one.
    low: Trial,
    high: Option<Trial>,
    settled: bool,
}

impl LineSearch {
    /// From a point with this value and slope; the slope must be negative.
    pub fn new(value: f64, slope: f64) -> Self {
        let start = Trial { step: 0.0, value, slope };
        Self { start, trials: 0, low: start, high: None, settled: false }
    }

    /// All that it knows, as numbers.
    pub fn numbers(&self) -> Vec<f64> {
        let flag = |is_so: bool| f64::from(u8::from(is_so));
        let mut numbers = vec![self.trials as f64, flag(self.settled)];
        let known = [Some(self.start), Some(self.low), self.high];
        for Trial { step, value, slope } in known.into_iter().flatten() {
            numbers.extend([step, value, slope]);
        }
        numbers
    }

    /// What [`LineSearch::numbers`] gave; none where it is something else.
    pub fn of_numbers(numbers: &[f64]) -> Option<Self> {
        let (first, trials) = numbers.split_at_checked(2)?;
        let trial = |nth: usize| {
            let own = trials.get(3 * nth..3 * nth + 3)?;
            Some(Trial { step: own[0], value: own[1], slope: own[2] })
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count"
        )]
        let count = first[0] as usize;
        Some(Self {
            start: trial(0)?,
            trials: count,
            low: trial(1)?,
            high: trial(2),
            settled: first[1] > 0.0,
        })
    }

    /// Takes note of a trial.
    pub fn tell(&mut self, trial: Trial) -> Next {
        self.trials += 1;
        if self.settled {
            return Next::Accept;
        }
        let enough = self.start.value + SUFFICIENT * trial.step * self.start.slope;
        let rounding = ROUNDING * self.start.value.abs();
        let fails =
            !trial.value.is_finite() || trial.value > enough.max(self.start.value + rounding);
        if fails || trial.value > self.low.value + rounding && self.trials > 1 {
            self.high = Some(trial);
        } else if trial.slope.abs() <= FLAT * self.start.slope.abs() {
            return Next::Accept;
        } else {
            let towards = self.high.map_or(1.0, |high| high.step - self.low.step);
            if trial.slope * towards >= 0.0 {
                self.high = Some(self.low);
            }
            self.low = trial;
        }
        if self.trials >= MOST_TRIALS {
            return self.give_up();
        }
        match self.high {
            None => Next::Try(trial.step * GROWTH),
            Some(high) => self.inside(high),
        }
    }

    fn give_up(&mut self) -> Next {
        if self.low.step > 0.0 && self.low.value < self.start.value {
            self.settled = true;
            return Next::Settle(self.low.step);
        }
        Next::Fail
    }

    fn inside(&mut self, high: Trial) -> Next {
        let (from, width) = (self.low.step, high.step - self.low.step);
        if width.abs() <= 1e-12 * (1.0 + from.abs()) {
            return self.give_up();
        }
        let share = (cubic(self.low, high) - from) / width;
        let share = if share.is_finite() { share.clamp(MARGIN, 1.0 - MARGIN) } else { MARGIN };
        Next::Try(from + share * width)
    }
}

/// Where the cubic through two points with their slopes is least.
fn cubic(a: Trial, b: Trial) -> f64 {
    let width = b.step - a.step;
    let d1 = a.slope + b.slope - 3.0 * (b.value - a.value) / width;
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt() * width.signum();
    b.step - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(at: impl Fn(f64) -> (f64, f64), first: f64) -> (Trial, usize) {
        let (value, slope) = at(0.0);
        let mut search = LineSearch::new(value, slope);
        let mut step = first;
        for count in 1..50 {
            let (value, slope) = at(step);
            let trial = Trial { step, value, slope };
            match search.tell(trial) {
                Next::Accept => return (trial, count),
                Next::Try(next) | Next::Settle(next) => step = next,
                Next::Fail => break,
            }
        }
        panic!("no step found");
    }

    #[test]
    fn steps_fulfil_the_strong_wolfe_conditions() {
        let valley = |x: f64| ((x - 3.0).powi(2), 2.0 * (x - 3.0));
        let steep = |x: f64| (x.exp() - 5.0 * x, x.exp() - 5.0);
        let wall = |x: f64| if x < 0.5 { (-x, -1.0) } else { (f64::NAN, f64::NAN) };
        for first in [1e-3, 0.1, 1.0, 30.0, 1e4] {
            for at in [&valley as &dyn Fn(f64) -> (f64, f64), &steep] {
                let (value, slope) = at(0.0);
                let (trial, count) = search(at, first);
                assert!(trial.value <= value + ROUNDING * value.abs());
                assert!(trial.slope.abs() <= FLAT * slope.abs());
                assert!(count < MOST_TRIALS, "{first}: {count}");
            }
        }
        let (trial, _) = search(wall, 1.0);
        assert!(trial.step > 0.0 && trial.step < 0.5, "{trial:?}");
    }

    #[test]
    fn a_search_goes_on_from_its_numbers() {
        let mut search = LineSearch::new(2.0, -1.0);
        for value in [1.5, f64::NAN, 3.0] {
            let restored = LineSearch::of_numbers(&search.numbers()).unwrap();
            assert_eq!(format!("{restored:?}"), format!("{search:?}"));
            search.tell(Trial { step: 1.0, value, slope: 0.97 });
        }
        assert_eq!(LineSearch::of_numbers(&[1.0]), None);
    }

    #[test]
    fn a_search_uphill_fails() {
        let mut search = LineSearch::new(0.0, -1.0);
        let mut step = 1.0;
        for _ in 0..MOST_TRIALS {
            match search.tell(Trial { step, value: step, slope: 1.0 }) {
                Next::Try(next) => step = next,
                Next::Fail => return,
                other => panic!("{other:?}"),
            }
        }
        panic!("no end");
    }
}
