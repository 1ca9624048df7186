//! What gated units make of one bin, and the way back, all units of a layer beside each other.
use crate::models::ops::parts::{parts, parts_mut};
use crate::simd::real::Real;

/// A kind of gated unit. Each of its vectors is a list of blocks of one value a unit.
pub trait Gates: Send + Sync {
    /// Blocks of weighted sums, from the input and from the units alike.
    const SUMS: usize;
    /// Blocks that the way back needs of a bin.
    const KEPT: usize;
    /// Blocks that pass from bin to bin: the first one is what the units give.
    const CARRIED: usize;
    /// Blocks of gradients that the way back gives.
    const GRADS: usize;
    /// Those of them that are gradients of the sums from the input, in the order of these.
    const OF_INPUT: &'static [usize];
    /// Those of them that are gradients of the sums from the units.
    const OF_UNITS: &'static [usize];

    /// From the sums from the input and from the units, and what was carried, to what is carried on.
    fn step<R: Real>(sums: [&[R]; 2], before: &[R], after: &mut [R], kept: &mut [R]);

    /// The way back through a step: `carried` holds the gradient of what was carried on and gets that
    /// of what was carried before, what goes through the sums from the units aside.
    fn back<R: Real>(kept: &[R], before: &[R], carried: &mut [R], grads: &mut [R]);
}

/// Gated recurrent units: `h' = (1 − z) n + z h`, `r = σ(a_r + k_r)`, `z = σ(a_z + k_z)`,
/// `n = tanh(a_n + r k_n)`, `a` the sums from the input, `k` those from the units.
///
/// Source: Cho et al. (2014), doi:10.48550/arXiv.1406.1078.
pub struct Gru;

impl Gates for Gru {
    const SUMS: usize = 3;
    const KEPT: usize = 4;
    const CARRIED: usize = 1;
    const GRADS: usize = 4;
    const OF_INPUT: &'static [usize] = &[0, 1, 2];
    const OF_UNITS: &'static [usize] = &[0, 1, 3];

    #[inline(always)]
    fn step<R: Real>([input, units]: [&[R]; 2], before: &[R], after: &mut [R], kept: &mut [R]) {
        let size = after.len();
        let [a_r, a_z, a_n] = parts(input, [size; 3]);
        let [k_r, k_z, k_n] = parts(units, [size; 3]);
        let [r, z, n, k] = parts_mut(kept, [size; 4]);
        let (before, one) = (&before[..size], R::constant(1.0));
        for i in 0..size {
            let reset = (a_r[i] + k_r[i]).sigmoid();
            let keep = (a_z[i] + k_z[i]).sigmoid();
            let new = (a_n[i] + reset * k_n[i]).tanh();
            after[i] = (one - keep) * new + keep * before[i];
            (r[i], z[i], n[i], k[i]) = (reset, keep, new, k_n[i]);
        }
    }

    #[inline(always)]
    fn back<R: Real>(kept: &[R], before: &[R], carried: &mut [R], grads: &mut [R]) {
        let size = carried.len();
        let [r, z, n, k] = parts(kept, [size; 4]);
        let [by_r, by_z, by_n, by_k] = parts_mut(grads, [size; 4]);
        let (before, one) = (&before[..size], R::constant(1.0));
        for i in 0..size {
            let by_new = carried[i] * (one - z[i]) * (one - n[i] * n[i]);
            by_n[i] = by_new;
            by_k[i] = by_new * r[i];
            by_r[i] = by_new * k[i] * r[i] * (one - r[i]);
            by_z[i] = carried[i] * (before[i] - n[i]) * z[i] * (one - z[i]);
            carried[i] *= z[i];
        }
    }
}

/// Long short-term memory: `c' = σ(f) c + σ(i) tanh(g)`, `h' = σ(o) tanh(c')`, each of `i`, `f`, `g`,
/// `o` the sum from the input and the one from the units.
///
/// Source: Hochreiter & Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735; Gers et al. (2000),
/// doi:10.1162/089976600300015015.
pub struct Lstm;

impl Gates for Lstm {
    const SUMS: usize = 4;
    const KEPT: usize = 5;
    const CARRIED: usize = 2;
    const GRADS: usize = 4;
    const OF_INPUT: &'static [usize] = &[0, 1, 2, 3];
    const OF_UNITS: &'static [usize] = &[0, 1, 2, 3];

    #[inline(always)]
    fn step<R: Real>([input, units]: [&[R]; 2], before: &[R], after: &mut [R], kept: &mut [R]) {
        let size = after.len() / Self::CARRIED;
        let [a_i, a_f, a_g, a_o] = parts(input, [size; 4]);
        let [k_i, k_f, k_g, k_o] = parts(units, [size; 4]);
        let ([_, cell], [h, next]) = (parts(before, [size; 2]), parts_mut(after, [size; 2]));
        let [i, f, g, o, tanh] = parts_mut(kept, [size; 5]);
        for u in 0..size {
            let (enter, forget) = ((a_i[u] + k_i[u]).sigmoid(), (a_f[u] + k_f[u]).sigmoid());
            let (new, leave) = ((a_g[u] + k_g[u]).tanh(), (a_o[u] + k_o[u]).sigmoid());
            next[u] = forget * cell[u] + enter * new;
            tanh[u] = next[u].tanh();
            h[u] = leave * tanh[u];
            (i[u], f[u], g[u], o[u]) = (enter, forget, new, leave);
        }
    }

    #[inline(always)]
    fn back<R: Real>(kept: &[R], before: &[R], carried: &mut [R], grads: &mut [R]) {
        let size = carried.len() / Self::CARRIED;
        let [i, f, g, o, tanh] = parts(kept, [size; 5]);
        let [_, cell] = parts(before, [size; 2]);
        let [by_h, by_cell] = parts_mut(carried, [size; 2]);
        let [by_i, by_f, by_g, by_o] = parts_mut(grads, [size; 4]);
        let one = R::constant(1.0);
        for u in 0..size {
            let by_next = by_cell[u] + by_h[u] * o[u] * (one - tanh[u] * tanh[u]);
            by_o[u] = by_h[u] * tanh[u] * o[u] * (one - o[u]);
            by_i[u] = by_next * g[u] * i[u] * (one - i[u]);
            by_f[u] = by_next * cell[u] * f[u] * (one - f[u]);
            by_g[u] = by_next * i[u] * (one - g[u] * g[u]);
            by_cell[u] = by_next * f[u];
            by_h[u] = R::constant(0.0);
        }
    }
}

/// Simple recurrent units: `h' = tanh(a + k)`.
///
/// Source: Elman (1990), `doi:10.1207/s15516709cog1402_1`.
pub struct Rnn;

impl Gates for Rnn {
    const SUMS: usize = 1;
    const KEPT: usize = 1;
    const CARRIED: usize = 1;
    const GRADS: usize = 1;
    const OF_INPUT: &'static [usize] = &[0];
    const OF_UNITS: &'static [usize] = &[0];

    #[inline(always)]
    fn step<R: Real>([input, units]: [&[R]; 2], _before: &[R], after: &mut [R], kept: &mut [R]) {
        let size = after.len();
        let (input, units, kept) = (&input[..size], &units[..size], &mut kept[..size]);
        for u in 0..size {
            after[u] = (input[u] + units[u]).tanh();
            kept[u] = after[u];
        }
    }

    #[inline(always)]
    fn back<R: Real>(kept: &[R], _before: &[R], carried: &mut [R], grads: &mut [R]) {
        let size = carried.len();
        let (kept, grads) = (&kept[..size], &mut grads[..size]);
        for u in 0..size {
            grads[u] = carried[u] * (R::constant(1.0) - kept[u] * kept[u]);
            carried[u] = R::constant(0.0);
        }
    }
}
