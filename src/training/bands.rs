//! Groups of weights whose strengths of ridge are chosen apart ("banded ridge"), and the ratios of
//! strengths that are tried.
//!
//! Source: Nunez-Elizalde, Huth & Gallant (2019), `NeuroImage` 197:482-492,
//! doi:10.1016/j.neuroimage.2019.04.012.
use crate::base::error::{Error, Result};
use crate::run_file::Banded;

/// What strengths of groups differ by in the ratios that are tried.
const FACTORS: [f64; 3] = [1.0, 10.0, 100.0];

/// Which group each weight of a kernel `(C, F, K)` belongs to.
#[derive(Debug, Clone)]
pub struct Bands {
    of: Vec<usize>,
    groups: usize,
}

impl Bands {
    /// Of the kernels of a model.
    ///
    /// # Errors
    /// The kernels have nothing that could be divided so.
    pub fn new(banded: Banded, [channels, bands, lags]: [usize; 3]) -> Result<Self> {
        let group = |place: usize| match banded {
            Banded::None => 0,
            Banded::Channels => place / (bands * lags),
            Banded::Lags => part_of_window(lags - 1 - place % lags, lags),
        };
        let of: Vec<usize> = (0..channels * bands * lags).map(group).collect();
        let groups = of.iter().max().map_or(1, |last| last + 1);
        if groups > 1 || banded == Banded::None {
            return Ok(Self { of, groups });
        }
        let found = match banded {
            Banded::Channels => "a kernel of one channel",
            _ => "a kernel of one lag",
        };
        Err(Error::Refused(format!(
            "train.banded: found {:?} with {found}, expected {:?}; there is nothing to divide",
            banded.word(),
            Banded::None.word()
        )))
    }

    /// Ratios of the groups' strengths that are tried, the equal one first.
    pub fn ratios(&self) -> Vec<Vec<f64>> {
        let mut ratios = vec![Vec::new()];
        for _ in 0..self.groups {
            let longer = |ratio: &Vec<f64>| {
                FACTORS.map(|factor| [ratio.as_slice(), &[factor]].concat()).to_vec()
            };
            ratios = ratios.iter().flat_map(longer).collect();
        }
        // Ratios whose least is not 1 are others at another strength.
        ratios.retain(|ratio| ratio.contains(&FACTORS[0]));
        ratios
    }

    /// What the strength of a weight is multiplied by at a ratio.
    pub fn factor(&self, place: usize, ratio: &[f64]) -> f64 {
        self.of.get(place).and_then(|group| ratio.get(*group)).copied().unwrap_or(1.0)
    }
}

/// The part of the window that an age lies in: its latest quarter, the next, or its older half.
const fn part_of_window(age: usize, lags: usize) -> usize {
    match age * 4 {
        scaled if scaled < lags => 0,
        scaled if scaled < 2 * lags => 1,
        _ => 2,
    }
}

/// A ratio in words.
pub fn described(ratio: &[f64]) -> String {
    ratio.iter().map(f64::to_string).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_weight_belongs_to_its_channel_or_to_its_part_of_the_window() {
        // Weights lie from the oldest lag to now.
        let lags = Bands::new(Banded::Lags, [1, 2, 8]).unwrap();
        assert_eq!(lags.of, [2, 2, 2, 2, 1, 1, 0, 0].repeat(2));
        let channels = Bands::new(Banded::Channels, [2, 2, 2]).unwrap();
        assert_eq!(channels.of, [0, 0, 0, 0, 1, 1, 1, 1]);
        assert_eq!(channels.factor(5, &[1.0, 10.0]).to_bits(), 10.0f64.to_bits());
        assert!(Bands::new(Banded::Channels, [1, 2, 8]).is_err());
        assert!(Bands::new(Banded::Lags, [2, 2, 1]).is_err());
    }

    #[test]
    fn ratios_are_tried_once_each() {
        let of = |banded, shape| Bands::new(banded, shape).unwrap().ratios();
        assert_eq!(of(Banded::None, [1, 1, 9]), [[1.0]]);
        let two = [[1.0, 1.0], [1.0, 10.0], [1.0, 100.0], [10.0, 1.0], [100.0, 1.0]];
        assert_eq!(of(Banded::Channels, [2, 1, 9]), two);
        assert_eq!(of(Banded::Lags, [1, 1, 9]).len(), 19);
    }
}
