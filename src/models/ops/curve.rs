//! Output nonlinearities and losses over rows: formulas of single values, turned into loops that
//! become vector instructions.
use crate::simd::real::{Real, pick, vectorized};
use crate::simd::sums::total;

/// A pointwise nonlinearity with `P` parameters per neuron.
pub trait Formula<const P: usize>: Send + Sync + 'static {
    /// Its value at a drive, and one number that spares the way back a costly function.
    fn forward<R: Real>(drive: R, parameters: [R; P]) -> (R, R);

    /// Its derivatives by the drive and by its parameters.
    fn slopes<R: Real>(point: Point<R>, parameters: [R; P]) -> (R, [R; P]);

    /// Its value where parameters change from bin to bin, and may go where they have no meaning.
    #[inline(always)]
    fn value_within<R: Real>(drive: R, parameters: [R; P]) -> R {
        Self::forward(drive, parameters).0
    }

    /// The derivatives of [`Formula::value_within`].
    #[inline(always)]
    fn slopes_within<R: Real>(drive: R, parameters: [R; P]) -> (R, [R; P]) {
        let (value, kept) = Self::forward(drive, parameters);
        Self::slopes(Point { drive, value, kept }, parameters)
    }
}

/// Where a nonlinearity was evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Point<R> {
    /// The drive.
    pub drive: R,
    /// The value there.
    pub value: R,
    /// What [`Formula::forward`] keeps.
    pub kept: R,
}

/// What came out of evaluating a row of drives.
#[derive(Debug, Clone)]
pub struct Evaluated<R> {
    /// The values.
    pub values: Vec<R>,
    /// What [`Formula::forward`] keeps.
    pub kept: Vec<R>,
}

/// A nonlinearity over rows.
pub trait Curve<R: Real>: Send + Sync {
    /// Number of parameters per neuron.
    fn parameters(&self) -> usize;

    /// Replaces drives by values.
    fn replace(&self, parameters: &[R], row: &mut [R]);

    /// Values and what the way back needs.
    fn evaluate(&self, parameters: &[R], drives: &[R]) -> Evaluated<R>;

    /// Turns the gradients of values into those of drives; adds those of the parameters to
    /// `by_parameters`. `at` are the drives and what came out of them.
    fn backward(
        &self,
        parameters: &[R],
        at: (&[R], &Evaluated<R>),
        grads: &mut [R],
        by_parameters: &mut [f64],
    );
}

/// A nonlinearity over rows whose parameters go from one set to another with `K(t)`: `p + (q − p) K`.
/// The sets lie one behind the other.
pub trait ChangingCurve<R: Real>: Send + Sync {
    /// Replaces drives by values.
    fn replace_changing(&self, sets: &[R], modulation: &[R], row: &mut [R]);

    /// Turns the gradients of values at drives into those of drives; adds those of the sets and of
    /// `K` to what lies there.
    fn backward_changing(
        &self,
        sets: &[R],
        at: [&[R]; 2],
        grads: &mut [R],
        by_sets: &mut [f64],
        by_modulation: &mut [R],
    );
}

/// A nonlinearity for both types of numbers.
pub trait AnyCurve: Curve<f32> + Curve<f64> + ChangingCurve<f32> + ChangingCurve<f64> {}

impl<C: Curve<f32> + Curve<f64> + ChangingCurve<f32> + ChangingCurve<f64>> AnyCurve for C {}

/// A formula applied value by value.
pub struct Pointwise<F, const P: usize>(pub F);

/// Values that are computed in one loop of known length, which becomes vector instructions.
const LANES: usize = 64;

/// Goes through rows of one length piece by piece: some to read, some to change. Lanes that the last
/// piece lacks stand at the last value, with zeros to change.
#[inline(always)]
fn in_lanes<R: Real, const I: usize, const O: usize>(
    rows: [&[R]; I],
    changed: [&mut [R]; O],
    mut piece: impl FnMut([&[R; LANES]; I], [&mut [R; LANES]; O]),
) {
    let rows = rows.map(|row| row.as_chunks::<LANES>());
    let mut changed = changed.map(|row| row.as_chunks_mut::<LANES>());
    for i in 0..rows[0].0.len() {
        piece(rows.map(|(whole, _)| &whole[i]), changed.each_mut().map(|(whole, _)| &mut whole[i]));
    }
    if let Some(last) = rows[0].1.len().checked_sub(1) {
        let points = rows.map(|(_, rest)| std::array::from_fn(|lane| rest[lane.min(last)]));
        let filled = |rest: &[R]| -> [R; LANES] {
            std::array::from_fn(|lane| rest.get(lane).copied().unwrap_or_default())
        };
        let mut lanes = changed.each_ref().map(|(_, rest)| filled(rest));
        piece(points.each_ref(), lanes.each_mut());
        for ((_, rest), lanes) in changed.iter_mut().zip(&lanes) {
            rest.copy_from_slice(&lanes[..=last]);
        }
    }
}

impl<F: Formula<P>, const P: usize> Pointwise<F, P> {
    fn of_neuron<R: Real>(parameters: &[R]) -> [R; P] {
        std::array::from_fn(|i| parameters[i])
    }

    #[inline(always)]
    fn replace_row<R: Real>(parameters: [R; P], row: &mut [R]) {
        for x in row {
            *x = F::forward(*x, parameters).0;
        }
    }

    #[inline(always)]
    fn evaluate_row<R: Real>(parameters: [R; P], drives: &[R], values: &mut [R], kept: &mut [R]) {
        for ((drive, value), kept) in drives.iter().zip(values).zip(kept) {
            (*value, *kept) = F::forward(*drive, parameters);
        }
    }

    /// Values of a known number; the gradient of the parameters at each.
    #[inline(always)]
    fn backward_lanes<R: Real>(
        parameters: [R; P],
        [drives, values, kept]: [&[R; LANES]; 3],
        grads: &mut [R; LANES],
    ) -> [[R; LANES]; P] {
        let mut by_parameters = [[R::constant(0.0); LANES]; P];
        for lane in 0..LANES {
            let point = Point { drive: drives[lane], value: values[lane], kept: kept[lane] };
            let (slope, slopes) = F::slopes(point, parameters);
            for i in 0..P {
                by_parameters[i][lane] = grads[lane] * slopes[i];
            }
            grads[lane] *= slope;
        }
        by_parameters
    }
}

impl<F: Formula<P>, const P: usize, R: Real> Curve<R> for Pointwise<F, P> {
    fn parameters(&self) -> usize {
        P
    }

    fn replace(&self, parameters: &[R], row: &mut [R]) {
        let parameters = Self::of_neuron(parameters);
        vectorized(
            #[inline(always)]
            || Self::replace_row(parameters, row),
        );
    }

    fn evaluate(&self, parameters: &[R], drives: &[R]) -> Evaluated<R> {
        let parameters = Self::of_neuron(parameters);
        let mut values = vec![R::constant(0.0); drives.len()];
        let mut kept = values.clone();
        vectorized(
            #[inline(always)]
            || Self::evaluate_row(parameters, drives, &mut values, &mut kept),
        );
        Evaluated { values, kept }
    }

    fn backward(
        &self,
        parameters: &[R],
        (drives, at): (&[R], &Evaluated<R>),
        grads: &mut [R],
        by_parameters: &mut [f64],
    ) {
        let parameters = Self::of_neuron(parameters);
        let mut add = |by_lanes: [[R; LANES]; P]| {
            for (sum, by_lanes) in by_parameters.iter_mut().zip(&by_lanes) {
                *sum += total(by_lanes);
            }
        };
        in_lanes([drives, &at.values, &at.kept], [grads], |points, [grads]| {
            add(vectorized(
                #[inline(always)]
                || Self::backward_lanes(parameters, points, grads),
            ));
        });
    }
}

/// Two sets of parameters.
#[derive(Clone, Copy)]
struct Sets<R, const P: usize>([[R; P]; 2]);

impl<R: Real, const P: usize> Sets<R, P> {
    fn of(sets: &[R]) -> Self {
        Self([0, P].map(|first| std::array::from_fn(|i| sets[first + i])))
    }

    /// The parameters of a bin.
    #[inline(always)]
    fn at(&self, modulation: R) -> [R; P] {
        let Self([own, other]) = self;
        std::array::from_fn(|i| own[i] + (other[i] - own[i]) * modulation)
    }
}

impl<F: Formula<P>, const P: usize> Pointwise<F, P> {
    #[inline(always)]
    fn replace_row_changing<R: Real>(sets: Sets<R, P>, modulation: &[R], row: &mut [R]) {
        for (x, modulation) in row.iter_mut().zip(modulation) {
            *x = F::value_within(*x, sets.at(*modulation));
        }
    }

    /// Values of a known number; the gradient of the parameters at each, by itself and times `K`.
    #[inline(always)]
    fn backward_lanes_changing<R: Real>(
        sets: Sets<R, P>,
        [drives, modulation]: [&[R; LANES]; 2],
        grads: &mut [R; LANES],
        by_modulation: &mut [R; LANES],
    ) -> [[[R; LANES]; P]; 2] {
        let Sets([own, other]) = sets;
        let mut by_parameters = [[[R::constant(0.0); LANES]; P]; 2];
        for lane in 0..LANES {
            let k = modulation[lane];
            let (slope, slopes) = F::slopes_within(drives[lane], sets.at(k));
            for i in 0..P {
                let by_parameter = grads[lane] * slopes[i];
                by_parameters[0][i][lane] = by_parameter * (R::constant(1.0) - k);
                by_parameters[1][i][lane] = by_parameter * k;
                by_modulation[lane] += by_parameter * (other[i] - own[i]);
            }
            grads[lane] *= slope;
        }
        by_parameters
    }
}

impl<F: Formula<P>, const P: usize, R: Real> ChangingCurve<R> for Pointwise<F, P> {
    fn replace_changing(&self, sets: &[R], modulation: &[R], row: &mut [R]) {
        let sets = Sets::of(sets);
        vectorized(
            #[inline(always)]
            || Self::replace_row_changing(sets, modulation, row),
        );
    }

    fn backward_changing(
        &self,
        sets: &[R],
        at: [&[R]; 2],
        grads: &mut [R],
        by_sets: &mut [f64],
        by_modulation: &mut [R],
    ) {
        let sets = Sets::of(sets);
        let mut add = |by_lanes: [[[R; LANES]; P]; 2]| {
            for (sum, by_lanes) in by_sets.iter_mut().zip(by_lanes.iter().flatten()) {
                *sum += total(by_lanes);
            }
        };
        in_lanes(at, [grads, by_modulation], |at, [grads, by_modulation]| {
            add(vectorized(
                #[inline(always)]
                || Self::backward_lanes_changing(sets, at, grads, by_modulation),
            ));
        });
    }
}

/// What a prediction costs where a value was recorded.
pub trait PointLoss: std::fmt::Debug + Send + Sync + 'static {
    /// The loss, and its derivative by the prediction.
    fn loss_and_slope<R: Real>(prediction: R, recorded: R) -> (R, R);
}

/// A loss over rows.
pub trait Loss<R: Real>: Send + Sync {
    /// The loss at one bin.
    fn at_bin(&self, prediction: R, recorded: R) -> R;

    /// The sum of losses over the bins that were recorded; NaN in `recorded` = not recorded.
    /// `predictions` are replaced by `scale` times their gradient.
    fn loss_and_gradient(&self, predictions: &mut [R], recorded: &[R], scale: R) -> f64;
}

/// A loss for both types of numbers.
pub trait AnyLoss: std::fmt::Debug + Loss<f32> + Loss<f64> {}

impl<L: std::fmt::Debug + Loss<f32> + Loss<f64>> AnyLoss for L {}

impl<P: PointLoss, R: Real> Loss<R> for P {
    fn at_bin(&self, prediction: R, recorded: R) -> R {
        P::loss_and_slope(prediction, recorded).0
    }

    fn loss_and_gradient(&self, predictions: &mut [R], recorded: &[R], scale: R) -> f64 {
        let mut losses = recorded.to_vec();
        vectorized(
            #[inline(always)]
            || replace_row::<P, R>(predictions, &mut losses, scale),
        );
        total(&losses)
    }
}

/// Replaces predictions by `scale` times their gradient, and what was recorded by the loss.
#[inline(always)]
fn replace_row<P: PointLoss, R: Real>(predictions: &mut [R], recorded: &mut [R], scale: R) {
    let zero = R::constant(0.0);
    for (prediction, y) in predictions.iter_mut().zip(recorded) {
        let (loss, slope) = P::loss_and_slope(*prediction, *y);
        let missing = is_missing(*y);
        *prediction = pick(missing, zero, scale * slope);
        *y = pick(missing, zero, loss);
    }
}

/// Whether a value is NaN.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN alone differs from itself")]
fn is_missing<R: Real>(value: R) -> bool {
    value != value
}
