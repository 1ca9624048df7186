//! Values that are worth a try, by a tree-structured Parzen estimator: values like those of the better trials
//! are tried more often than values like those of the others, each key by itself.
//!
//! Source: Bergstra, Bardenet, Bengio & Kégl (2011), Advances in Neural Information Processing Systems
//! 24:2546-2554.
use rand::Rng;
use rand_distr::{Distribution, Normal};
use statrs::function::erf::erf;

/// The share of trials that count as the better ones.
const BETTER: f64 = 0.15;
/// Candidates of which the best is taken.
const CANDIDATES: usize = 24;

/// What a key's values are as shares of its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shares {
    /// Any share from 0 to 1.
    Continuous,
    /// One of so many equal parts.
    Parts(usize),
}

/// A trial: the share of the range of each key, none where that is not known, and its score, the higher the
/// better; −∞ where it came to none.
#[derive(Debug, Clone)]
pub struct Trial {
    /// By key.
    pub shares: Vec<Option<f64>>,
    /// The higher the better.
    pub score: f64,
}

/// The shares of a trial that is worth a try. Trials under way count as the others do, so that several are not
/// all alike.
pub fn proposal(
    keys: &[Shares],
    trials: &[Trial],
    under_way: &[Vec<f64>],
    rng: &mut impl Rng,
) -> Vec<f64> {
    let mut order: Vec<&Trial> = trials.iter().filter(|trial| trial.score.is_finite()).collect();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of them")]
    let count = (BETTER * trials.len() as f64).ceil() as usize;
    let (better, others) = order.split_at(count.min(order.len()));
    let failed = trials.iter().filter(|trial| !trial.score.is_finite());
    let others: Vec<&Trial> = others.iter().copied().chain(failed).collect();
    let densities: Vec<(Density, Density)> = keys
        .iter()
        .enumerate()
        .map(|(key, shares)| {
            let of = |trials: &[&Trial]| trials.iter().filter_map(|own| own.shares[key]).collect();
            let mut rest: Vec<f64> = of(&others);
            rest.extend(under_way.iter().map(|own| own[key]));
            (Density::new(*shares, of(better)), Density::new(*shares, rest))
        })
        .collect();
    let mut best: Option<(f64, Vec<f64>)> = None;
    for _ in 0..CANDIDATES {
        let drawn: Vec<f64> = densities.iter().map(|(good, _)| good.draw(rng)).collect();
        let gain = |((good, rest), share): (&(Density, Density), &f64)| {
            good.at(*share).ln() - rest.at(*share).ln()
        };
        let gain: f64 = densities.iter().zip(&drawn).map(gain).sum();
        if best.as_ref().is_none_or(|(known, _)| gain > *known) {
            best = Some((gain, drawn));
        }
    }
    best.map_or_else(Vec::new, |(_, drawn)| drawn)
}

/// A mixture over the shares of a key: one part for each value, and one for all of the range.
#[derive(Debug)]
enum Density {
    /// Middle and width of each part.
    Normals(Vec<(f64, f64)>),
    /// The weight of each part.
    Parts(Vec<f64>),
}

impl Density {
    fn new(shares: Shares, mut values: Vec<f64>) -> Self {
        match shares {
            Shares::Continuous => {
                values.sort_by(f64::total_cmp);
                let narrowest = 1.0 / (values.len() + 1).min(100) as f64;
                let width = |nth: usize| {
                    let left = nth.checked_sub(1).map_or(0.0, |before| values[before]);
                    let right = values.get(nth + 1).copied().unwrap_or(1.0);
                    (values[nth] - left).max(right - values[nth]).clamp(narrowest, 1.0)
                };
                let parts = (0..values.len()).map(|nth| (values[nth], width(nth)));
                Self::Normals(parts.collect())
            }
            Shares::Parts(parts) => {
                let mut weights = vec![1.0; parts];
                for share in values {
                    weights[part(share, parts)] += 1.0;
                }
                let sum: f64 = weights.iter().sum();
                Self::Parts(weights.into_iter().map(|weight| weight / sum).collect())
            }
        }
    }

    fn draw(&self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Normals(parts) => {
                let nth = rng.random_range(0..=parts.len());
                let Some((middle, width)) = parts.get(nth) else { return rng.random::<f64>() };
                let Ok(normal) = Normal::new(*middle, *width) else { return *middle };
                // Half of a normal about an end of the range lies within it at least.
                let within =
                    normal.sample_iter(&mut *rng).take(64).find(|x| (0.0..1.0).contains(x));
                within.unwrap_or(*middle)
            }
            Self::Parts(weights) => {
                let mut left = rng.random::<f64>();
                let nth = weights.iter().position(|weight| {
                    left -= weight;
                    left < 0.0
                });
                (nth.unwrap_or(weights.len() - 1) as f64 + 0.5) / weights.len() as f64
            }
        }
    }

    fn at(&self, share: f64) -> f64 {
        match self {
            Self::Normals(parts) => {
                let of_part = |(middle, width): &(f64, f64)| {
                    let z = |x: f64| (x - middle) / (width * std::f64::consts::SQRT_2);
                    let within = 0.5 * (erf(z(1.0)) - erf(z(0.0)));
                    let height = width * (2.0 * std::f64::consts::PI).sqrt();
                    (-z(share).powi(2)).exp() / (height * within)
                };
                (1.0 + parts.iter().map(of_part).sum::<f64>()) / (parts.len() + 1) as f64
            }
            Self::Parts(weights) => weights[part(share, weights.len())] * weights.len() as f64,
        }
    }
}

/// Which of so many equal parts a share lies in.
pub fn part(share: f64, parts: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
    let nth = (share * parts as f64).floor() as usize;
    nth.min(parts.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng;

    /// The best score of so many trials, all at random or the later ones proposed.
    fn searched(proposed: bool, seed: u64) -> f64 {
        let keys = [Shares::Continuous, Shares::Continuous, Shares::Parts(4)];
        let mut rng = rng::generator(seed, "tpe");
        let score = |own: &[f64]| {
            let off = [own[0] - 0.23, own[1] - 0.81].iter().map(|x| x * x).sum::<f64>();
            -off - if part(own[2], 4) == 2 { 0.0 } else { 0.3 }
        };
        let mut trials: Vec<Trial> = Vec::new();
        for nth in 0..60 {
            let shares: Vec<f64> = if proposed && nth >= 12 {
                proposal(&keys, &trials, &[], &mut rng)
            } else {
                (0..3).map(|_| rng.random::<f64>()).collect()
            };
            let score = score(&shares);
            trials.push(Trial { shares: shares.into_iter().map(Some).collect(), score });
        }
        trials.iter().map(|trial| trial.score).fold(f64::NEG_INFINITY, f64::max)
    }

    #[test]
    fn proposals_come_nearer_to_the_best_than_draws_at_random() {
        let better = (0..20).filter(|seed| searched(true, *seed) > searched(false, *seed)).count();
        assert!(better >= 15, "{better} of 20");
    }

    #[test]
    fn densities_sum_up_to_one() {
        let density = Density::new(Shares::Continuous, vec![0.02, 0.3, 0.31, 0.99]);
        let sum: f64 = (0..10_000).map(|i| density.at((f64::from(i) + 0.5) / 1e4) / 1e4).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        let parts = Density::new(Shares::Parts(3), vec![0.1, 0.9, 0.95]);
        let sum: f64 = (0..3).map(|i| parts.at((f64::from(i) + 0.5) / 3.0) / 3.0).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        assert_eq!(Density::new(Shares::Continuous, Vec::new()).at(0.4).to_bits(), 1f64.to_bits());
    }

    #[test]
    fn trials_that_came_to_nothing_are_avoided() {
        let failed = |share| Trial { shares: vec![Some(share)], score: f64::NEG_INFINITY };
        let mut trials: Vec<Trial> = (0..20).map(|i| failed(0.5 + f64::from(i) / 40.0)).collect();
        let good = |share| Trial { shares: vec![Some(share)], score: 1.0 };
        trials.extend([0.1, 0.2, 0.3].map(good));
        let mut rng = rng::generator(3, "tpe");
        for _ in 0..20 {
            let own = proposal(&[Shares::Continuous], &trials, &[], &mut rng);
            assert!(own[0] < 0.5, "{own:?}");
        }
    }
}
