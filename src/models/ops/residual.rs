//! The end of a layer of a transformer: what its own part made of the units, some of it dropped,
//! added to the units as they came, and normalized.
use super::activation::Activation;
use super::convolution::add_kinds;
use super::draws::Mask;
use super::finish::{Finish, FinishState, Norm, NormParameters};
use super::rows::Rows;
use crate::simd::real::{Real, vectorized};

/// The normalization: parameters weight and bias of each unit.
pub const NORM: Finish = Finish { norm: Norm::Channels, activation: Activation::Identity };

/// `output = norm( input + drop(own) )`, `own` lying in the drive of the state.
pub fn finish<R: Real>(
    norm: &NormParameters<R>,
    mask: Option<Mask>,
    input: &Rows<R>,
    state: &mut FinishState<R>,
    output: &mut Rows<R>,
) {
    for (unit, (own, input)) in state.drive.rows_mut().zip(input.rows()).enumerate() {
        if let Some(mask) = mask {
            mask.apply(unit, 0, own);
        }
        add(own, input);
    }
    NORM.whole(norm, state, output);
}

/// Turns the gradient of the output into that of `own`; that of `input` goes to `passed`, and those of
/// the norm's parameters are added to `by_norm`.
pub fn through<R: Real>(
    (norm, mask): (&NormParameters<R>, Option<Mask>),
    (state, output): (&mut FinishState<R>, &Rows<R>),
    grad: &mut Rows<R>,
    passed: Option<&mut Rows<R>>,
    by_norm: Option<&mut [R]>,
) {
    let sums = NORM.through_bands(norm, state, output, grad);
    if let Some(by_norm) = by_norm {
        let units = grad.layout().channels;
        for (unit, sums) in sums.iter().flat_map(|band| band.iter().enumerate()) {
            add_kinds(by_norm.iter_mut().skip(unit).step_by(units), &sums[1..]);
        }
    }
    if let Some(passed) = passed {
        for (to, from) in passed.rows_mut().zip(grad.rows()) {
            to.copy_from_slice(from);
        }
    }
    if let Some(mask) = mask {
        grad.rows_mut().enumerate().for_each(|(unit, row)| mask.apply(unit, 0, row));
    }
}

/// Adds the bins of all rows.
pub fn add_rows<R: Real>(to: &mut Rows<R>, from: &Rows<R>) {
    to.rows_mut().zip(from.rows()).for_each(|(to, from)| add(to, from));
}

fn add<R: Real>(to: &mut [R], from: &[R]) {
    #[inline(always)]
    fn sum<R: Real>(to: &mut [R], from: &[R]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
    }
    vectorized(
        #[inline(always)]
        || sum(to, from),
    );
}
