//! Where one block of parameters stands on its paths of penalties: those of a neuron that is fitted by
//! itself, or those of all together.
use serde::{Deserialize, Serialize};

use super::path::PATIENCE;
use super::penalties::Strengths;

/// Which penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PenaltyKind {
    /// Of squares.
    L2,
    /// Of differences of neighbours.
    Smooth,
    /// Of absolute values.
    L1,
}

impl PenaltyKind {
    /// Its key in run files.
    pub fn name(self) -> &'static str {
        match self {
            Self::L2 => "l2",
            Self::Smooth => "smooth",
            Self::L1 => "l1",
        }
    }

    /// Its strength among all.
    pub fn of(self, strengths: &mut Strengths) -> &mut f64 {
        match self {
            Self::L2 => &mut strengths.l2,
            Self::Smooth => &mut strengths.smooth,
            Self::L1 => &mut strengths.l1,
        }
    }
}

/// The paths that every block goes along, each from where the one before ended.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// Which penalty is chosen along each.
    pub kinds: Vec<PenaltyKind>,
    /// All strengths in the order in which they are tried.
    pub strengths: Vec<f64>,
}

/// How far a block has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockProgress {
    /// Which path of several, and which strength of it.
    pub at: (usize, usize),
    /// Steps at the present point, or in the present phase where there is no path.
    pub leg: usize,
    /// Steps in all.
    pub steps: usize,
    /// Passes over the clips since its last step.
    pub passes: usize,
    /// Strengths of penalties that were chosen.
    pub chosen: Strengths,
    /// The strongest that is tried.
    pub strongest: f64,
    /// Points of the present path without a better validation loss.
    pub stale: usize,
    /// Whether it has come to the end of its last path.
    pub ended: bool,
}

impl BlockProgress {
    /// Whether a strength of the list is tried: those up to the strongest, which is one of them.
    fn tries(&self, strength: f64) -> bool {
        strength <= self.strongest * (1.0 + 1e-9)
    }
}

impl Paths {
    /// Whether there is none.
    pub fn are_none(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The strongest penalty that there is.
    pub fn strongest(&self) -> f64 {
        self.strengths.iter().copied().fold(0.0, f64::max)
    }

    /// The penalty that a block chooses at present, with the strength that it tries.
    pub fn present(&self, block: &BlockProgress) -> Option<(PenaltyKind, f64)> {
        let (path, point) = block.at;
        Some((*self.kinds.get(path)?, *self.strengths.get(point)?))
    }

    /// The penalties of a block at its present point.
    pub fn penalties(&self, block: &BlockProgress) -> Strengths {
        let mut own = block.chosen;
        if let Some((kind, strength)) = self.present(block) {
            *kind.of(&mut own) = strength;
        }
        own
    }

    /// Puts a block before the first point of its present path.
    pub fn begin(&self, block: &mut BlockProgress) {
        let first = self.strengths.iter().position(|strength| block.tries(*strength));
        block.at.1 = first.unwrap_or(0);
        (block.stale, block.leg) = (0, 0);
    }

    /// Goes on to the next point of the present path, if it has one that is worth while; else to the next
    /// path, if there is one. Whether another path begins, or none.
    pub fn advance(&self, block: &mut BlockProgress) -> Advance {
        let (path, point) = block.at;
        block.leg = 0;
        let goes_on = self.strengths.get(point + 1).is_some_and(|next| block.tries(*next));
        if goes_on && block.stale < PATIENCE {
            block.at = (path, point + 1);
            return Advance::Point;
        }
        if path + 1 >= self.kinds.len() {
            block.ended = true;
            return Advance::End;
        }
        (block.at, block.strongest) = ((path + 1, 0), self.strongest());
        self.begin(block);
        Advance::Path
    }
}

/// Where a block goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// At the next point of its path.
    Point,
    /// At the first point of the next path.
    Path,
    /// Nowhere.
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_from_the_own_strongest_to_the_end_or_as_far_as_patience_lasts() {
        let paths = Paths {
            kinds: vec![PenaltyKind::L2, PenaltyKind::L1],
            strengths: vec![8.0, 4.0, 2.0, 1.0, 0.5],
        };
        let mut block = BlockProgress { strongest: 4.0, ..BlockProgress::default() };
        paths.begin(&mut block);
        assert_eq!(paths.present(&block), Some((PenaltyKind::L2, 4.0)));
        assert_eq!(paths.advance(&mut block), Advance::Point);
        block.stale = PATIENCE;
        block.chosen.l2 = 4.0;
        assert_eq!(paths.advance(&mut block), Advance::Path);
        assert_eq!(paths.penalties(&block), Strengths { l2: 4.0, smooth: 0.0, l1: 8.0 });
        let mut points = 1;
        while paths.advance(&mut block) == Advance::Point {
            points += 1;
        }
        assert_eq!((points, block.ended), (5, true));
        // From weak to strong, a path ends at its strongest.
        let paths = Paths { strengths: vec![1.0, 2.0, 4.0], ..paths };
        let mut block = BlockProgress { strongest: 2.0, ..BlockProgress::default() };
        paths.begin(&mut block);
        let steps = [paths.advance(&mut block), paths.advance(&mut block)];
        assert_eq!(steps, [Advance::Point, Advance::Path]);
    }
}
