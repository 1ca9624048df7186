//! Every random number of the program, from a generator seeded by `(seed, name)`: what one part
//! draws never changes what another draws, and the same seed gives the same numbers.
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A generator of its own for `name`, e.g. `readout.strf.kernel.weight` or `order of epoch 3`.
pub fn generator(seed: u64, name: &str) -> ChaCha8Rng {
    // FNV-1a spreads the name over 64 bits; SplitMix64 inside `seed_from_u64` does the rest.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| {
        (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    ChaCha8Rng::seed_from_u64(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Another seed that follows from `(seed, name)`.
pub fn derived(seed: u64, name: &str) -> u64 {
    // Run files hold seeds of 63 bits.
    generator(seed, name).next_u64() >> 1
}

/// The numbers from 0 to `n` − 1 in an order drawn for `(seed, name)`.
pub fn permutation(seed: u64, name: &str, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut generator(seed, name));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_seeds_give_their_own_numbers_every_time() {
        let order = |seed, name| permutation(seed, name, 50);
        assert_eq!(order(1, "a"), order(1, "a"));
        assert_ne!(order(1, "a"), order(1, "b"));
        assert_ne!(order(1, "a"), order(2, "a"));
    }
}
