//! The end of a model, one neuron at a time: batch normalization of its drive, output
//! nonlinearity, leaky output unit, loss, and all the way back, while its rows lie in the cache.
use super::curve::{AnyCurve, AnyLoss};
use super::leaky::Leak;
use super::number::Number;
use super::parallel::{each, map};
use super::sums::{dot, sum, total};

/// Added to variances.
const EPS: f64 = 1e-5;

/// What happens to the drive of each neuron. Parameters `(P, N)`: weight and bias of the batch
/// normalization if there is one, then those of the nonlinearity, then the time constant of the
/// leaky output unit in bins if there is one.
#[derive(Clone, Copy)]
pub struct Tail {
    /// Whether drives are normalized over the bins of a batch.
    pub normalized: bool,
    /// The output nonlinearity.
    pub curve: &'static dyn AnyCurve,
    /// The leaky output units.
    pub leak: Option<Leak>,
}

/// What one neuron came to.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// Its share of the loss.
    pub loss: f64,
    /// The gradient of its parameters.
    pub by_parameters: Vec<f64>,
    /// Mean and biased variance of its drive over the batch, where that is normalized.
    pub statistics: (f64, f64),
}

/// Multiplications that a bin of the tail is worth.
const WORK: usize = 64;

/// The rows of one neuron, clip by clip, and what they are held against.
pub struct NeuronRows<'a, R> {
    /// Drives, to be replaced by their gradients or by responses.
    pub drives: Vec<&'a mut [R]>,
    /// What was recorded; NaN = nothing.
    pub recorded: Vec<&'a [R]>,
    /// The weight of each of its recorded bins in the loss.
    pub scale: f64,
}

impl Tail {
    /// Number of parameters per neuron.
    pub fn parameters(&self) -> usize {
        let norm = if self.normalized { 2 } else { 0 };
        norm + <dyn AnyCurve>::parameters_of(self.curve) + usize::from(self.leak.is_some())
    }

    /// Replaces the drives of each neuron by their gradients.
    pub fn fit<R: Number>(
        &self,
        parameters: &[R],
        neurons: Vec<NeuronRows<R>>,
        loss: &dyn AnyLoss,
    ) -> Vec<Fitted> {
        let count = neurons.len();
        let work = WORK * count * bins_of(neurons.first());
        let tasks = neurons.into_iter().enumerate().collect();
        map(tasks, work, |(neuron, rows)| {
            let own = of_neuron(parameters, neuron, count);
            self.fit_neuron(&own, rows, loss)
        })
    }

    /// Replaces the drives of each neuron by its responses; in place of normalization over a batch
    /// stands `statistics`, the mean and variance of each drive.
    pub fn respond<R: Number>(
        &self,
        parameters: &[R],
        statistics: &[(f64, f64)],
        neurons: Vec<&mut [R]>,
    ) {
        let count = neurons.len();
        let work = WORK * count * neurons.first().map_or(0, |row| row.len());
        let tasks = neurons.into_iter().enumerate().collect();
        each(tasks, work, |(neuron, drive): (usize, &mut [R])| {
            let own = of_neuron(parameters, neuron, count);
            let own = match statistics.get(neuron) {
                Some(statistics) if self.normalized => {
                    standardize(drive, *statistics);
                    affine(drive, (own[0], own[1]));
                    &own[2..]
                }
                _ => &own[..],
            };
            let before = drive.to_vec();
            let (curve, leak) = self.split(own);
            R::curve(self.curve).values(curve, &before, drive);
            if let (Some(memory), Some(tau)) = (self.leak, leak) {
                let before = drive.to_vec();
                memory.forward(tau, &before, drive);
            }
        });
    }

    /// The parameters of the nonlinearity, and that of the leaky unit.
    fn split<'a, R: Number>(&self, own: &'a [R]) -> (&'a [R], Option<R>) {
        match (self.leak, own) {
            (Some(_), [curve @ .., tau]) => (curve, Some(*tau)),
            _ => (own, None),
        }
    }

    fn fit_neuron<R: Number>(&self, own: &[R], rows: NeuronRows<R>, loss: &dyn AnyLoss) -> Fitted {
        let NeuronRows { mut drives, recorded, scale } = rows;
        if !self.normalized {
            let mut fitted = Fitted::new(own.len());
            for (drive, recorded) in drives.iter_mut().zip(recorded) {
                let values = drive.to_vec();
                let against = (recorded, scale, loss);
                let by_parameters = &mut fitted.by_parameters;
                fitted.loss += self.charge((own, &values), drive, against, by_parameters);
            }
            return fitted;
        }
        let (mean, variance) = moments(&drives);
        let inverse = inverse_deviation(variance);
        let mut fitted = Fitted { statistics: (mean, variance), ..Fitted::new(own.len()) };
        let mut grads: Vec<Vec<R>> = Vec::with_capacity(drives.len());
        let (mut by_weight, mut by_bias) = (0.0, 0.0);
        for (drive, recorded) in drives.iter_mut().zip(recorded) {
            standardize(drive, (mean, variance));
            let mut values = drive.to_vec();
            affine(&mut values, (own[0], own[1]));
            let mut grad = vec![R::constant(0.0); drive.len()];
            let (against, by_parameters) =
                ((recorded, scale, loss), &mut fitted.by_parameters[2..]);
            fitted.loss += self.charge((&own[2..], &values), &mut grad, against, by_parameters);
            let (weight, bias) = pulp::Arch::new().dispatch(
                #[inline(always)]
                || (dot(&grad, drive), total(&grad)),
            );
            by_weight += weight;
            by_bias += bias;
            grads.push(grad);
        }
        (fitted.by_parameters[0], fitted.by_parameters[1]) = (by_weight, by_bias);
        let bins = drives.iter().map(|drive| drive.len()).sum::<usize>() as f64;
        let gain = own[0].to_f64() * inverse;
        let [gain, mean, slope] = [gain, by_bias / bins, by_weight / bins].map(R::from_f64);
        for (drive, grad) in drives.into_iter().zip(grads) {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    let pairs = drive.iter_mut().zip(&grad);
                    pairs.for_each(|(x, g)| *x = gain * (*g - mean - *x * slope));
                },
            );
        }
        fitted
    }

    /// Fills `grads` with the gradients by the values that enter the nonlinearity, adds those of
    /// its parameters, and gives the loss.
    fn charge<R: Number>(
        &self,
        (own, values): (&[R], &[R]),
        grads: &mut [R],
        (recorded, scale, loss): (&[R], f64, &dyn AnyLoss),
        by_parameters: &mut [f64],
    ) -> f64 {
        let (curve, tau) = self.split(own);
        let (loss, weight) = (R::loss(loss), R::from_f64(scale));
        R::curve(self.curve).values(curve, values, grads);
        let total = if let (Some(memory), Some(tau)) = (self.leak, tau) {
            let responses = grads.to_vec();
            memory.forward(tau, &responses, grads);
            let total = loss.charge(grads, recorded, weight);
            by_parameters[curve.len()] += memory.backward(tau, &responses, grads);
            total
        } else {
            loss.charge(grads, recorded, weight)
        };
        R::curve(self.curve).backward(curve, values, grads, by_parameters);
        scale * total
    }
}

impl Fitted {
    fn new(parameters: usize) -> Self {
        Self { loss: 0.0, by_parameters: vec![0.0; parameters], statistics: (0.0, 1.0) }
    }
}

impl dyn AnyCurve {
    fn parameters_of(curve: &Self) -> usize {
        super::curve::Curve::<f64>::parameters(curve)
    }
}

fn bins_of<R>(rows: Option<&NeuronRows<R>>) -> usize {
    rows.map_or(0, |rows| rows.drives.iter().map(|drive| drive.len()).sum())
}

/// The parameters of one of so many neurons.
fn of_neuron<R: Number>(parameters: &[R], neuron: usize, neurons: usize) -> Vec<R> {
    parameters.iter().skip(neuron).step_by(neurons).copied().collect()
}

fn inverse_deviation(variance: f64) -> f64 {
    1.0 / (variance + EPS).sqrt()
}

/// Brings values of a mean and a variance to mean 0 and variance 1.
fn standardize<R: Number>(values: &mut [R], (mean, variance): (f64, f64)) {
    let [mean, inverse] = [mean, inverse_deviation(variance)].map(R::from_f64);
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || values.iter_mut().for_each(|x| *x = (*x - mean) * inverse),
    );
}

fn affine<R: Number>(values: &mut [R], (scale, shift): (R, R)) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || values.iter_mut().for_each(|x| *x = scale * *x + shift),
    );
}

/// Mean and biased variance.
fn moments<R: Number>(rows: &[&mut [R]]) -> (f64, f64) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let count = rows.iter().map(|row| row.len()).sum::<usize>().max(1) as f64;
            let mean = rows.iter().map(|row| total(row)).sum::<f64>() / count;
            let centre = R::from_f64(mean);
            let square = |row: &&mut [R]| {
                sum(row.len(), |t| {
                    let deviation = row[t] - centre;
                    deviation * deviation
                })
            };
            (mean, rows.iter().map(square).sum::<f64>() / count)
        },
    )
}
