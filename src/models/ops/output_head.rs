//! The end of a model, one neuron at a time: batch normalization of its drive, output
//! nonlinearity, leaky output unit, loss, and all the way back, while its rows lie in the cache.
use super::curve::{AnyCurve, AnyLoss, Curve, Evaluated};
use super::leaky::Leak;
use super::normalization::{affine, inverse_deviation, moments, standardize, through_norm};
use super::number::Number;
use super::side_by_side::SIDE_BY_SIDE;
use crate::simd::parallel::{each, map};
use crate::simd::real::vectorized;
use crate::simd::sums::{dot, total};

/// What happens to the drive of each neuron. Parameters `(P, N)`: weight and bias of the batch
/// normalization if there is one, then those of the nonlinearity, one set behind the other where they
/// change, then the time constant of the
/// leaky output unit in bins if there is one.
#[derive(Clone, Copy)]
pub struct OutputHead {
    /// Whether drives are normalized over the bins of a batch.
    pub normalized: bool,
    /// The output nonlinearity.
    pub curve: &'static dyn AnyCurve,
    /// Whether its parameters change from bin to bin: from one set to the next behind it, as far as
    /// [`NeuronRows::modulation`] says.
    pub changes: bool,
    /// The leaky output units.
    pub leak: Option<Leak>,
}

/// What one neuron came to: its loss, and the gradient of it.
#[derive(Debug, Clone)]
pub struct NeuronGradient {
    /// Its share of the loss.
    pub loss: f64,
    /// The gradient of its parameters.
    pub by_parameters: Vec<f64>,
    /// Mean and biased variance of its drive over the batch, where that is normalized.
    pub statistics: (f64, f64),
}

/// Multiplications that a bin of the head is worth.
const WORK: usize = 64;

/// The rows of one neuron, clip by clip, and what they are held against.
pub struct NeuronRows<'a, R> {
    /// Drives, to be replaced by their gradients or by responses.
    pub drives: Vec<&'a mut [R]>,
    /// What was recorded; NaN = nothing.
    pub recorded: Vec<&'a [R]>,
    /// How far the nonlinearity changes, where it does; the same for all neurons.
    pub modulation: Vec<&'a [R]>,
    /// The weight of each of its recorded bins in the loss.
    pub scale: f64,
}

impl OutputHead {
    /// Number of parameters per neuron.
    pub fn parameters(&self) -> usize {
        self.norm_parameters() + self.curve_parameters() + usize::from(self.leak.is_some())
    }

    /// Replaces the drives of each neuron by their gradients; adds those of what changes the
    /// nonlinearity to `by_modulation`, clip by clip.
    pub fn fit<R: Number>(
        &self,
        parameters: &[R],
        neurons: Vec<NeuronRows<R>>,
        loss: &dyn AnyLoss,
        by_modulation: &mut [&mut [R]],
    ) -> Vec<NeuronGradient> {
        let count = neurons.len();
        let work = WORK * count * bins_of(neurons.first());
        let start = |(neuron, rows)| Neuron::new(of_neuron(parameters, neuron, count), rows);
        let mut neurons: Vec<Neuron<R>> = neurons.into_iter().enumerate().map(start).collect();
        let groups = neurons.chunks_mut(SIDE_BY_SIDE).collect();
        for of_group in map(groups, work, |group| self.fit_group(group, loss)) {
            for (sums, own) in by_modulation.iter_mut().zip(of_group) {
                sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
        }
        neurons.into_iter().map(|neuron| neuron.fitted).collect()
    }

    /// Replaces the drives of each neuron by its responses; in place of normalization over a batch
    /// stands `statistics`, the mean and variance of each drive.
    pub fn respond<R: Number>(
        &self,
        parameters: &[R],
        statistics: &[(f64, f64)],
        mut drives: Vec<&mut [R]>,
        modulation: Option<&[R]>,
    ) {
        let count = drives.len();
        let work = WORK * count * drives.first().map_or(0, |row| row.len());
        let groups = drives.chunks_mut(SIDE_BY_SIDE).enumerate().collect();
        each(groups, work, |(group, drives): (usize, &mut [&mut [R]])| {
            let mut taus = Vec::new();
            for (i, drive) in drives.iter_mut().enumerate() {
                let neuron = group * SIDE_BY_SIDE + i;
                let own = of_neuron(parameters, neuron, count);
                self.standardize(drive, statistics.get(neuron));
                self.scale_and_shift(&own, drive);
                self.replace(&own, drive, modulation);
                taus.extend(own.last());
            }
            if let Some(leak) = self.leak {
                let responses: Vec<Vec<R>> = drives.iter().map(|row| row.to_vec()).collect();
                leak.forward(&taus, &shared(&responses), drives);
            }
        });
    }

    /// Replaces the drives of each neuron by the gradients of the sum of one neuron's responses at
    /// some bins; `statistics` as [`OutputHead::respond`] takes them.
    pub fn gradients<'a, R: Number>(
        &self,
        parameters: &[R],
        statistics: &[(f64, f64)],
        drives: impl ExactSizeIterator<Item = &'a mut [R]>,
        (neuron, bins): (usize, &[usize]),
    ) {
        let own = of_neuron(parameters, neuron, drives.len());
        for (place, drive) in drives.enumerate() {
            if place == neuron {
                let mut grads = vec![R::constant(0.0); drive.len()];
                bins.iter().copied().for_each(|bin| grads[bin] = R::constant(1.0));
                self.gradient_of_neuron(&own, statistics.get(neuron), drive, grads);
            } else {
                drive.fill(R::constant(0.0));
            }
        }
    }

    fn gradient_of_neuron<R: Number>(
        &self,
        own: &[R],
        statistics: Option<&(f64, f64)>,
        drive: &mut [R],
        mut grads: Vec<R>,
    ) {
        self.standardize(drive, statistics);
        self.scale_and_shift(own, drive);
        let curve = R::curve(self.curve);
        let points = curve.evaluate(self.of_curve(own), drive);
        if let (Some(leak), Some(tau)) = (self.leak, own.last()) {
            leak.backward(&[*tau], &[&points.values], &mut [&mut grads]);
        }
        let mut by_parameters = vec![0.0; own.len()];
        curve.backward(self.of_curve(own), (drive, &points), &mut grads, &mut by_parameters);
        let gain = match (self.normalized, own, statistics) {
            (true, [scale, ..], Some((_, variance))) => {
                R::from_f64(scale.to_f64() * inverse_deviation(*variance))
            }
            _ => R::constant(1.0),
        };
        affine(&mut grads, gain, R::constant(0.0));
        drive.copy_from_slice(&grads);
    }

    /// Brings a drive to mean 0 and variance 1, if that is to be.
    fn standardize<R: Number>(&self, drive: &mut [R], statistics: Option<&(f64, f64)>) {
        if let (true, Some(statistics)) = (self.normalized, statistics) {
            standardize(drive, *statistics);
        }
    }

    /// From a standardized drive to what enters the nonlinearity.
    fn scale_and_shift<R: Number>(&self, own: &[R], drive: &mut [R]) {
        if let (true, [scale, shift, ..]) = (self.normalized, own) {
            affine(drive, *scale, *shift);
        }
    }

    /// The parameters of the nonlinearity.
    fn of_curve<'a, R: Number>(&self, own: &'a [R]) -> &'a [R] {
        let first = self.norm_parameters();
        &own[first..first + self.curve_parameters()]
    }

    fn curve_parameters(&self) -> usize {
        let sets = if self.changes { 2 } else { 1 };
        sets * Curve::<f64>::parameters(self.curve)
    }

    fn norm_parameters(&self) -> usize {
        if self.normalized { 2 } else { 0 }
    }

    /// The gradients of what changes the nonlinearity, clip by clip, where something does.
    fn fit_group<R: Number>(&self, neurons: &mut [Neuron<R>], loss: &dyn AnyLoss) -> Vec<Vec<R>> {
        if self.normalized {
            neurons.iter_mut().for_each(Neuron::standardize);
        }
        let clips = neurons.first().map_or(0, |neuron| neuron.rows.drives.len());
        let by_modulation = (0..clips).map(|clip| self.fit_clip(neurons, clip, loss)).collect();
        if self.normalized {
            neurons.iter_mut().for_each(Neuron::back_through_norm);
        }
        by_modulation
    }

    /// Forward to the loss of one clip, and back to what enters the nonlinearity.
    fn fit_clip<'a, R: Number>(
        &self,
        neurons: &mut [Neuron<'a, R>],
        clip: usize,
        loss: &dyn AnyLoss,
    ) -> Vec<R> {
        let modulation = neurons.first().and_then(|neuron| neuron.rows.modulation.get(clip));
        let modulation = modulation.copied();
        let drive = |neuron: &mut Neuron<'a, R>| std::mem::take(&mut neuron.rows.drives[clip]);
        let drives: Vec<&mut [R]> = neurons.iter_mut().map(drive).collect();
        let scaled: Vec<Vec<R>> = drives
            .iter()
            .zip(neurons.iter())
            .map(|(drive, neuron)| {
                let mut drive = if self.normalized { drive.to_vec() } else { Vec::new() };
                self.scale_and_shift(&neuron.own, &mut drive);
                drive
            })
            .collect();
        let entering: Vec<&[R]> = if self.normalized {
            shared(&scaled)
        } else {
            drives.iter().map(|row| &**row).collect()
        };
        let evaluated = neurons.iter().zip(&entering);
        let evaluated = evaluated.map(|(neuron, row)| self.evaluate(&neuron.own, row, modulation));
        let points: Vec<Evaluated<R>> = evaluated.collect();
        let responses: Vec<&[R]> = points.iter().map(|points| points.values.as_slice()).collect();
        let mut rows: Vec<Vec<R>> = responses.iter().map(|row| row.to_vec()).collect();
        let taus: Vec<R> = neurons.iter().filter_map(|neuron| neuron.own.last().copied()).collect();
        if let Some(leak) = self.leak {
            leak.forward(&taus, &responses, &mut changed(&mut rows));
        }
        for (neuron, row) in neurons.iter_mut().zip(&mut rows) {
            let (recorded, scale) = (neuron.rows.recorded[clip], neuron.rows.scale);
            neuron.fitted.loss +=
                scale * R::loss(loss).loss_and_gradient(row, recorded, R::from_f64(scale));
        }
        if let Some(leak) = self.leak {
            let by_tau = leak.backward(&taus, &responses, &mut changed(&mut rows));
            for (neuron, by_tau) in neurons.iter_mut().zip(by_tau) {
                neuron.fitted.by_parameters.last_mut().into_iter().for_each(|sum| *sum += by_tau);
            }
        }
        let mut by_modulation = vec![R::constant(0.0); modulation.map_or(0, <[R]>::len)];
        let evaluated = entering.into_iter().zip(&points);
        for ((neuron, at), row) in neurons.iter_mut().zip(evaluated).zip(&mut rows) {
            let by_parameters = &mut neuron.fitted.by_parameters[self.norm_parameters()..];
            let own = self.of_curve(&neuron.own);
            match modulation {
                None => R::curve(self.curve).backward(own, at, row, by_parameters),
                Some(modulation) => {
                    let (at, by) = ([at.0, modulation], &mut by_modulation);
                    R::changing(self.curve).backward_changing(own, at, row, by_parameters, by);
                }
            }
        }
        for ((neuron, drive), row) in neurons.iter_mut().zip(drives).zip(rows) {
            if self.normalized {
                neuron.grads.push(row);
            } else {
                drive.copy_from_slice(&row);
            }
            neuron.rows.drives[clip] = drive;
        }
        by_modulation
    }

    /// Replaces drives by what the nonlinearity makes of them.
    fn replace<R: Number>(&self, own: &[R], row: &mut [R], modulation: Option<&[R]>) {
        let own = self.of_curve(own);
        match modulation {
            None => R::curve(self.curve).replace(own, row),
            Some(modulation) => R::changing(self.curve).replace_changing(own, modulation, row),
        }
    }

    /// The nonlinearity at drives; where it changes, its values alone.
    fn evaluate<R: Number>(
        &self,
        own: &[R],
        drives: &[R],
        modulation: Option<&[R]>,
    ) -> Evaluated<R> {
        if modulation.is_none() {
            return R::curve(self.curve).evaluate(self.of_curve(own), drives);
        }
        let mut values = drives.to_vec();
        self.replace(own, &mut values, modulation);
        Evaluated { values, kept: Vec::new() }
    }
}

/// One neuron on its way.
struct Neuron<'a, R> {
    own: Vec<R>,
    rows: NeuronRows<'a, R>,
    /// Clip by clip, the gradients by what enters the nonlinearity, while the norm waits for them.
    grads: Vec<Vec<R>>,
    fitted: NeuronGradient,
}

impl<'a, R: Number> Neuron<'a, R> {
    fn new(own: Vec<R>, rows: NeuronRows<'a, R>) -> Self {
        let fitted = NeuronGradient::new(own.len());
        Self { own, rows, grads: Vec::new(), fitted }
    }

    /// Brings its drive over the batch to mean 0 and variance 1.
    fn standardize(&mut self) {
        self.fitted.statistics = moments(&self.rows.drives);
        for drive in &mut self.rows.drives {
            standardize(drive, self.fitted.statistics);
        }
    }

    /// From the gradients of normalized drives to those of drives, scale and shift.
    fn back_through_norm(&mut self) {
        let (mut by_weight, mut by_bias, mut bins) = (0.0, 0.0, 0.0);
        for (drive, grad) in self.rows.drives.iter().zip(&self.grads) {
            by_weight += dot(grad, drive);
            by_bias += total(grad);
            bins += grad.len() as f64;
        }
        (self.fitted.by_parameters[0], self.fitted.by_parameters[1]) = (by_weight, by_bias);
        let gain = self.own[0].to_f64() * inverse_deviation(self.fitted.statistics.1);
        let [gain, mean, slope] = [gain, by_bias / bins, by_weight / bins].map(R::from_f64);
        for (drive, grad) in self.rows.drives.iter_mut().zip(&self.grads) {
            vectorized(
                #[inline(always)]
                || through_norm(drive, grad, [gain, mean, slope]),
            );
        }
    }
}

fn shared<R>(rows: &[Vec<R>]) -> Vec<&[R]> {
    rows.iter().map(Vec::as_slice).collect()
}

fn changed<R>(rows: &mut [Vec<R>]) -> Vec<&mut [R]> {
    rows.iter_mut().map(Vec::as_mut_slice).collect()
}

impl NeuronGradient {
    fn new(parameters: usize) -> Self {
        Self { loss: 0.0, by_parameters: vec![0.0; parameters], statistics: (0.0, 1.0) }
    }
}

fn bins_of<R>(rows: Option<&NeuronRows<R>>) -> usize {
    rows.map_or(0, |rows| rows.drives.iter().map(|drive| drive.len()).sum())
}

/// The parameters of one of so many neurons.
fn of_neuron<R: Number>(parameters: &[R], neuron: usize, neurons: usize) -> Vec<R> {
    parameters.iter().skip(neuron).step_by(neurons).copied().collect()
}
