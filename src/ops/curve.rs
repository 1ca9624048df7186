//! Output nonlinearities and losses over rows: formulas of single values, turned into loops that
//! become vector instructions.
use super::real::{Real, pick, vectorized};
use super::sums::sum;

/// A pointwise nonlinearity with `P` parameters per neuron.
pub trait Formula<const P: usize>: Send + Sync + 'static {
    /// Its value at a drive.
    fn value<R: Real>(drive: R, parameters: [R; P]) -> R;

    /// Its derivatives by the drive and by its parameters.
    fn slopes<R: Real>(drive: R, parameters: [R; P]) -> (R, [R; P]);
}

/// A nonlinearity over rows.
pub trait Curve<R: Real>: Send + Sync {
    /// Number of parameters per neuron.
    fn parameters(&self) -> usize;

    /// Fills `values`.
    fn values(&self, parameters: &[R], drives: &[R], values: &mut [R]);

    /// Turns the gradients of values into those of drives; adds those of the parameters to
    /// `by_parameters`.
    fn backward(&self, parameters: &[R], drives: &[R], grads: &mut [R], by_parameters: &mut [f64]);
}

/// A nonlinearity for both types of numbers.
pub trait AnyCurve: Curve<f32> + Curve<f64> {}

impl<C: Curve<f32> + Curve<f64>> AnyCurve for C {}

/// A formula applied value by value.
pub struct Pointwise<F, const P: usize>(pub F);

/// Values that are computed side by side.
const LANES: usize = 16;

impl<F: Formula<P>, const P: usize> Pointwise<F, P> {
    fn of_neuron<R: Real>(parameters: &[R]) -> [R; P] {
        std::array::from_fn(|i| parameters[i])
    }

    #[inline(always)]
    fn backward_rows<R: Real>(
        parameters: [R; P],
        drives: &[R],
        grads: &mut [R],
        by_parameters: &mut [f64],
    ) {
        const BLOCK: usize = 1024;
        for (drives, grads) in drives.chunks(BLOCK).zip(grads.chunks_mut(BLOCK)) {
            let mut sums = [[R::constant(0.0); LANES]; P];
            let done = drives.len() / LANES * LANES;
            let (whole, rest) = grads.split_at_mut(done);
            for (drives, grads) in drives.chunks_exact(LANES).zip(whole.chunks_exact_mut(LANES)) {
                let values = drives.iter().copied().zip(grads).enumerate();
                values.for_each(|(lane, value)| Self::one_back(parameters, value, lane, &mut sums));
            }
            for (lane, value) in drives[done..].iter().copied().zip(rest).enumerate() {
                Self::one_back(parameters, value, lane, &mut sums);
            }
            for (total, sums) in by_parameters.iter_mut().zip(sums) {
                *total += sums.iter().map(|sum| sum.to_f64()).sum::<f64>();
            }
        }
    }

    #[inline(always)]
    fn one_back<R: Real>(
        parameters: [R; P],
        (drive, grad): (R, &mut R),
        lane: usize,
        sums: &mut [[R; LANES]; P],
    ) {
        let (slope, slopes) = F::slopes(drive, parameters);
        for (sums, slope) in sums.iter_mut().zip(slopes) {
            sums[lane] += *grad * slope;
        }
        *grad *= slope;
    }
}

impl<F: Formula<P>, const P: usize, R: Real> Curve<R> for Pointwise<F, P> {
    fn parameters(&self) -> usize {
        P
    }

    fn values(&self, parameters: &[R], drives: &[R], values: &mut [R]) {
        let parameters = Self::of_neuron(parameters);
        vectorized(
            #[inline(always)]
            || {
                let pairs = values.iter_mut().zip(drives);
                pairs.for_each(|(value, drive)| *value = F::value(*drive, parameters));
            },
        );
    }

    fn backward(&self, parameters: &[R], drives: &[R], grads: &mut [R], by_parameters: &mut [f64]) {
        let parameters = Self::of_neuron(parameters);
        vectorized(
            #[inline(always)]
            || Self::backward_rows(parameters, drives, grads, by_parameters),
        );
    }
}

/// What a prediction is charged for a recorded value.
pub trait Charge: std::fmt::Debug + Send + Sync + 'static {
    /// The charge, and its derivative by the prediction.
    fn charge<R: Real>(prediction: R, recorded: R) -> (R, R);
}

/// A loss over rows.
pub trait Loss<R: Real>: Send + Sync {
    /// The charge at one bin.
    fn at_bin(&self, prediction: R, recorded: R) -> R;

    /// The sum of charges over the bins that were recorded; NaN in `recorded` = not recorded.
    /// `predictions` are replaced by `scale` times their gradient.
    fn charge(&self, predictions: &mut [R], recorded: &[R], scale: R) -> f64;
}

/// A loss for both types of numbers.
pub trait AnyLoss: std::fmt::Debug + Loss<f32> + Loss<f64> {}

impl<L: std::fmt::Debug + Loss<f32> + Loss<f64>> AnyLoss for L {}

impl<C: Charge, R: Real> Loss<R> for C {
    fn at_bin(&self, prediction: R, recorded: R) -> R {
        C::charge(prediction, recorded).0
    }

    fn charge(&self, predictions: &mut [R], recorded: &[R], scale: R) -> f64 {
        vectorized(
            #[inline(always)]
            || {
                let zero = R::constant(0.0);
                let total = sum(predictions.len(), |t| {
                    let (charge, _) = C::charge(predictions[t], recorded[t]);
                    pick(is_missing(recorded[t]), zero, charge)
                });
                for (prediction, y) in predictions.iter_mut().zip(recorded) {
                    let (_, slope) = C::charge(*prediction, *y);
                    *prediction = pick(is_missing(*y), zero, scale * slope);
                }
                total
            },
        )
    }
}

/// Whether a value is NaN.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN alone differs from itself")]
fn is_missing<R: Real>(value: R) -> bool {
    value != value
}
