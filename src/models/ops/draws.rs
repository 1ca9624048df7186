//! Random numbers of layers in training: they follow from seed, step, layer, clip and place, so that
//! neither threads nor the order of clips in a batch change them, and both paths draw the same.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use crate::base::rng;
use crate::simd::real::{Real, pick, vectorized};

/// A step of training, from which random numbers follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Of the fit.
    pub seed: u64,
    /// Steps before this one.
    pub number: u64,
}

impl Step {
    /// A generator for a purpose of the layer at a place of the model, in a clip of this id.
    pub fn generator(self, layer: usize, purpose: &str, clip: &str) -> ChaCha8Rng {
        let Self { seed, number } = self;
        rng::generator(seed, &format!("step {number}, layer {layer}, {purpose}, {clip}"))
    }
}

/// A clip on the fused path, from which random numbers of its stages follow.
#[derive(Debug, Clone, Copy)]
pub struct DrawnClip<'a> {
    /// The step.
    pub step: Step,
    /// The id of its stimulus.
    pub id: &'a str,
    /// The place in the model of the first stage's layer.
    pub first_layer: usize,
}

impl DrawnClip<'_> {
    /// The key of a stage.
    pub fn key(self, stage: usize) -> u64 {
        key(self.step.generator(self.first_layer + stage, DROPOUT, self.id))
    }
}

/// What dropout is drawn for, and the key of a clip in a layer.
pub const DROPOUT: &str = "dropout";

/// Values that are dropped with a probability, others divided by that of being kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Numbers of 32 bits below it drop a value.
    below: u32,
    factor: f64,
}

/// Which values of one clip are dropped at one place of a layer.
#[derive(Debug, Clone, Copy)]
pub struct Mask {
    dropout: Dropout,
    key: u64,
}

/// The keys of one row of a mask.
#[derive(Clone, Copy)]
pub struct MaskRow {
    first: u32,
    second: u32,
    below: u32,
    factor: f64,
}

impl Dropout {
    /// With a probability below 1; none where nothing is dropped.
    pub fn new(probability: f64) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a probability times 2³² rounds to a number of 32 bits, or the largest one"
        )]
        let below = (probability * 4_294_967_296.0).round() as u32;
        (below > 0).then(|| Self { below, factor: 1.0 / (1.0 - probability) })
    }

    /// What kept values are multiplied by.
    pub fn factor(self) -> f64 {
        self.factor
    }

    /// The mask at one of a layer's places, `key` being drawn for clip and layer.
    pub fn mask(self, key: u64, place: u64) -> Mask {
        Mask { dropout: self, key: mixed(key ^ mixed(place.wrapping_add(1))) }
    }
}

/// The key of a clip in a layer, out of the generator for it.
pub fn key(mut generator: ChaCha8Rng) -> u64 {
    generator.next_u64()
}

impl Mask {
    /// The keys of a row.
    #[inline]
    pub fn row(self, row: usize) -> MaskRow {
        let both = mixed(self.key.wrapping_add((row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        #[expect(clippy::cast_possible_truncation, reason = "each half is a key")]
        let (first, second) = (both as u32, (both >> 32) as u32);
        let Dropout { below, factor } = self.dropout;
        MaskRow { first, second, below, factor }
    }

    /// Multiplies the values of a row from a place on by 0 where they are dropped, else by the factor.
    pub fn apply<R: Real>(self, row: usize, from: usize, values: &mut [R]) {
        let keys = self.row(row);
        vectorized(
            #[inline(always)]
            || keys.multiply(from, values),
        );
    }

    /// What the values of a row are multiplied by.
    pub fn factors(self, row: usize, count: usize) -> Vec<f64> {
        let mut factors = vec![1.0; count];
        self.apply(row, 0, &mut factors);
        factors
    }
}

impl MaskRow {
    /// What the value at a place is multiplied by.
    #[inline(always)]
    pub fn at<R: Real>(self, place: u32) -> R {
        let (zero, factor) = (R::constant(0.0), R::constant(self.factor));
        pick(self.drawn(place) >= self.below, factor, zero)
    }

    /// As [`Mask::apply`], inside of vectorized code.
    #[inline(always)]
    pub fn multiply<R: Real>(self, from: usize, values: &mut [R]) {
        let (zero, factor) = (R::constant(0.0), R::constant(self.factor));
        let mut place = first_place(from);
        for value in values {
            *value *= pick(self.drawn(place) >= self.below, factor, zero);
            place = place.wrapping_add(1);
        }
    }

    /// 32 random bits for a place: a counter, mixed twice, each time with a key of the row.
    #[inline(always)]
    fn drawn(self, place: u32) -> u32 {
        let once = (place ^ self.first).wrapping_mul(0x7feb_352d);
        let once = (once ^ (once >> 15)).wrapping_mul(0x846c_a68b);
        let twice = ((once ^ (once >> 16)) ^ self.second).wrapping_mul(0x7feb_352d);
        let twice = (twice ^ (twice >> 15)).wrapping_mul(0x846c_a68b);
        twice ^ (twice >> 16)
    }
}

/// The counter of a place in a row; rows are far shorter than its range.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the counter may wrap")]
pub fn first_place(place: usize) -> u32 {
    place as u32
}

/// The finish of `SplitMix64`: spreads what differs in any bit over all of them.
fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(step: u64, layer: usize, clip: &str, place: u64) -> Mask {
        let generator = Step { seed: 3, number: step }.generator(layer, DROPOUT, clip);
        Dropout::new(0.25).unwrap().mask(key(generator), place)
    }

    #[test]
    fn a_quarter_is_dropped_in_every_row_and_the_mean_stays_one() {
        let (rows, bins) = (200, 2000);
        let mut sums = vec![0.0; bins];
        for row in 0..rows {
            let factors = mask(1, 2, "a", 0).factors(row, bins);
            let dropped = factors.iter().filter(|factor| **factor == 0.0).count();
            // Five deviations of a binomial.
            let far = (dropped as f64 - 500.0).abs();
            assert!(far < 5.0 * (2000.0 * 0.25 * 0.75_f64).sqrt(), "{dropped}");
            let kept = factors.iter().filter(|factor| (**factor - 4.0 / 3.0).abs() < 1e-15);
            assert_eq!(kept.count() + dropped, bins);
            sums.iter_mut().zip(&factors).for_each(|(sum, factor)| *sum += factor / 200.0);
        }
        let deviation = (0.25 / 0.75 / 200.0_f64).sqrt();
        let far = sums.iter().filter(|sum| (**sum - 1.0).abs() > 2.0 * deviation).count();
        assert!((50..150).contains(&far), "{far} of {bins} columns are two deviations away");
    }

    #[test]
    fn neighbours_rows_places_clips_layers_and_steps_are_independent() {
        let bits = |mask: Mask, row| -> Vec<bool> {
            mask.factors(row, 4000).into_iter().map(|factor| factor == 0.0).collect()
        };
        let one = bits(mask(1, 2, "a", 0), 7);
        let mut shifted = one[1..].to_vec();
        shifted.push(one[0]);
        let others = [
            bits(mask(1, 2, "a", 0), 8),
            bits(mask(1, 2, "a", 1), 7),
            bits(mask(1, 2, "b", 0), 7),
            bits(mask(1, 3, "a", 0), 7),
            bits(mask(2, 2, "a", 0), 7),
            shifted,
        ];
        for (which, other) in others.iter().enumerate() {
            let both = one.iter().zip(other).filter(|(a, b)| **a && **b).count() as f64;
            // A sixteenth of 4000, five deviations to both sides.
            let deviation = (4000.0 / 16.0 * 15.0 / 16.0_f64).sqrt();
            assert!((both - 250.0).abs() < 5.0 * deviation, "{which}: {both}");
        }
    }

    #[test]
    fn a_mask_is_the_same_from_any_place_on_and_in_both_types() {
        let mask = mask(1, 2, "a", 3);
        let whole = mask.factors(5, 100);
        let mut part = vec![1.0_f32; 40];
        mask.apply(5, 60, &mut part);
        let same = part.iter().zip(&whole[60..]);
        assert!(same.clone().all(|(a, b)| (f64::from(*a) - b).abs() < 1e-6), "{part:?}");
        assert_eq!(Dropout::new(0.0), None);
    }
}
