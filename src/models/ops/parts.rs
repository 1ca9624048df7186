//! Slices cut into parts of given sizes, one after the other.

/// The parts.
#[inline(always)]
pub fn parts<R, const N: usize>(mut values: &[R], sizes: [usize; N]) -> [&[R]; N] {
    sizes.map(
        #[inline(always)]
        |size| {
            let (own, others) = values.split_at(size);
            values = others;
            own
        },
    )
}

/// The parts, to be changed.
#[inline(always)]
pub fn parts_mut<R, const N: usize>(mut values: &mut [R], sizes: [usize; N]) -> [&mut [R]; N] {
    sizes.map(
        #[inline(always)]
        |size| {
            let (own, others) = std::mem::take(&mut values).split_at_mut(size);
            values = others;
            own
        },
    )
}
