//! A convolution of a layer: correlation, then normalization over channels at each band and bin, then a
//! nonlinearity; the last two where they are wanted. Each output band is finished while it lies in
//! the cache.
use super::activation::Activation;
use super::correlation::Correlation;
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::parallel::map;
use crate::simd::real::{Real, vectorized};
use crate::simd::sums::{dot, total};

/// Added to variances.
pub const EPS: f64 = 1e-5;

/// Whether a layer normalizes over its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// `weight · (x − mean) / sqrt(variance + 1e−5) + bias` over the channels.
    Channels,
    /// As it is.
    None,
}

/// Parameters: kernels `(O, I, C, J)`, bias `(O)`; normalized: weight `(O)`, bias `(O)`.
#[derive(Debug, Clone, Copy)]
pub struct Convolution {
    /// The correlation.
    pub correlation: Correlation,
    /// What normalizes it.
    pub norm: Norm,
    /// The nonlinearity.
    pub activation: Activation,
}

/// The parameters of a layer in the order of its loops.
pub struct Prepared<R> {
    packed: Vec<R>,
    bias: Vec<R>,
    /// Weight and bias of the normalization; 1 and 0 without one.
    scale: Vec<R>,
    shift: Vec<R>,
    /// Turned kernels, where the gradient of the input will be asked for.
    turned: Vec<R>,
}

/// What a layer that is more than a correlation keeps.
#[derive(Default)]
pub struct State<R> {
    /// Normalized drives.
    normalized: Rows<R>,
    /// Rows of each band.
    band_rows: Rows<R>,
}

/// Rows of each band: the inverse deviation, and room for two more.
const ROWS_OF_A_BAND: usize = 3;

impl Convolution {
    /// A layer without normalization and nonlinearity.
    pub fn linear(correlation: Correlation) -> Self {
        Self { correlation, norm: Norm::None, activation: Activation::Identity }
    }

    fn is_linear(&self) -> bool {
        self.norm == Norm::None && self.activation == Activation::Identity
    }
}

impl<R: Real> Stage<R> for Convolution {
    type Prepared = Prepared<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        let per_output = if self.norm == Norm::Channels { 3 } else { 1 };
        self.correlation.weights() + per_output * self.correlation.outputs
    }

    fn zeros_before(&self) -> usize {
        self.correlation.left
    }

    fn output(&self, input: Layout) -> Layout {
        self.correlation.output(input.bins)
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared<R> {
        let outputs = self.correlation.outputs;
        let (weights, rest) = parameters.split_at(self.correlation.weights());
        let (bias, norm) = rest.split_at(outputs);
        let (scale, shift) = match self.norm {
            Norm::Channels => (norm[..outputs].to_vec(), norm[outputs..].to_vec()),
            Norm::None => (vec![R::constant(1.0); outputs], vec![R::constant(0.0); outputs]),
        };
        let turned =
            if mode.of_input() { self.correlation.pack_turned(weights) } else { Vec::new() };
        Prepared {
            packed: self.correlation.pack(weights),
            bias: bias.to_vec(),
            scale,
            shift,
            turned,
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut State<R>,
    ) {
        let Prepared { packed, bias, .. } = prepared;
        let (correlation, layout) = (self.correlation, output.layout());
        if self.is_linear() {
            return correlation.forward(packed, bias, input, output);
        }
        state.band_rows.arrange(band_rows(layout));
        state.normalized.arrange(layout.bare());
        let State { normalized: drive, band_rows } = state;
        let finish = |mut drive: Band<R>, mut output: Band<R>, mut rows: Band<R>| {
            let norm = (&prepared.scale[..], &prepared.shift[..]);
            vectorized(
                #[inline(always)]
                || self.finish(&mut drive, &mut output, &mut rows, norm),
            );
        };
        if layout.bands == 1 {
            correlation.forward(packed, bias, input, drive);
            finish(
                drive.rows_mut().collect(),
                output.rows_mut().collect(),
                band_rows.rows_mut().collect(),
            );
            return;
        }
        let offsets = correlation.offsets(input.stride());
        let (bare, stride, bins) = (drive.layout(), drive.stride(), layout.bins);
        let whole = drive.padded_mut().chunks_exact_mut(correlation.outputs * stride);
        let tasks: Vec<_> =
            whole.zip(output.bands_mut()).zip(band_rows.bands_mut()).enumerate().collect();
        map(tasks, correlation.work(bins), |(band, ((drive, output), rows))| {
            correlation.forward_band((packed, bias), (input, &offsets), (bare, band), drive);
            let drive = drive.chunks_exact_mut(stride).map(|row| &mut row[..bins]);
            finish(drive.collect(), output, rows);
        });
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, input_grad, by_parameters } = pass;
        let sums = match (self.is_linear(), &by_parameters) {
            (true, Some(_)) => sums_of_linear(grad),
            (true, None) => Vec::new(),
            (false, _) => self.through_bands(prepared, state, output, grad),
        };
        if let Some(by_parameters) = by_parameters {
            let outputs = self.correlation.outputs;
            let (by_weights, by_rest) = by_parameters.split_at_mut(self.correlation.weights());
            let kinds = by_rest.len() / outputs;
            for (i, sums) in sums.iter().flat_map(|band| band.iter().enumerate()) {
                add_kinds(by_rest.iter_mut().skip(i).step_by(outputs), &sums[..kinds]);
            }
            self.correlation.kernel_gradient(input, grad, by_weights);
        }
        if let Some(input_grad) = input_grad {
            self.correlation.input_gradient(&prepared.turned, grad, input_grad);
        }
    }
}

/// Of each output of each band: the gradients of bias, and of a norm that is not there.
type SumsOfBand = Vec<[f64; 3]>;

/// Adds one sum of each kind to its place.
fn add_kinds<'a, R: Real>(places: impl Iterator<Item = &'a mut R>, sums: &[f64]) {
    places.zip(sums).for_each(|(place, sum)| *place += R::from_f64(*sum));
}

fn sums_of_linear<R: Real>(grad: &Rows<R>) -> Vec<SumsOfBand> {
    let Layout { bands, channels, .. } = grad.layout();
    let sums =
        |band| (0..channels).map(move |row| [total(grad.row(band * channels + row)), 0.0, 0.0]);
    (0..bands).map(|band| sums(band).collect()).collect()
}

/// The rows of one band, to be changed.
type Band<'a, R> = Vec<&'a mut [R]>;

/// The rows of one band.
fn band_of<R: Real>(map: &Rows<R>, band: usize, channels: usize) -> Vec<&[R]> {
    (band * channels..(band + 1) * channels).map(|row| map.row(row)).collect()
}

fn band_rows(layout: Layout) -> Layout {
    Layout { channels: ROWS_OF_A_BAND, ..layout.bare() }
}

impl Convolution {
    /// Turns the gradients of outputs into those of drives, band by band; for each output the
    /// gradients of bias, of the norm's weight and of its bias.
    fn through_bands<R: Real>(
        &self,
        prepared: &Prepared<R>,
        state: &mut State<R>,
        output: &Rows<R>,
        grad: &mut Rows<R>,
    ) -> Vec<SumsOfBand> {
        let (layout, outputs) = (grad.layout(), self.correlation.outputs);
        let State { normalized, band_rows } = state;
        let tasks: Vec<_> =
            grad.bands_mut().into_iter().zip(band_rows.bands_mut()).enumerate().collect();
        let work = 8 * layout.rows() * layout.bins;
        map(tasks, work, |(band, (mut grads, mut rows))| {
            let values = band_of(output, band, outputs);
            let normalized = band_of(normalized, band, outputs);
            vectorized(
                #[inline(always)]
                || {
                    self.through_band(
                        (&values, &normalized),
                        &mut grads,
                        &mut rows,
                        &prepared.scale,
                    )
                },
            )
        })
    }

    /// Normalizes the drives of one band in place and writes the outputs.
    #[inline(always)]
    fn finish<R: Real>(
        &self,
        drive: &mut [&mut [R]],
        output: &mut [&mut [R]],
        rows: &mut [&mut [R]],
        (scale, shift): (&[R], &[R]),
    ) {
        if let (Norm::Channels, [inverse, mean, _]) = (self.norm, rows) {
            normalize(drive, inverse, mean);
        }
        for (i, (output, drive)) in output.iter_mut().zip(drive.iter()).enumerate() {
            self.activation.apply((scale[i], shift[i]), drive, output);
        }
    }

    /// Turns the gradients of a band's outputs into those of its drives; for each output the
    /// gradients of bias, of the norm's weight and of its bias.
    #[inline(always)]
    fn through_band<R: Real>(
        &self,
        (values, normalized): (&[&[R]], &[&[R]]),
        grads: &mut [&mut [R]],
        rows: &mut [&mut [R]],
        scale: &[R],
    ) -> Vec<[f64; 3]> {
        let mut sums = vec![[0.0; 3]; grads.len()];
        for (grad, values) in grads.iter_mut().zip(values) {
            self.activation.backward(values, grad);
        }
        if let (Norm::Channels, [inverse, mean, moment]) = (self.norm, rows) {
            for ((grad, x), sums) in grads.iter().zip(normalized).zip(&mut sums) {
                (sums[1], sums[2]) = (dot(grad, x), total(grad));
            }
            through_norm(grads, normalized, scale, [inverse, mean, moment]);
        }
        for (sums, grad) in sums.iter_mut().zip(grads.iter()) {
            sums[0] = total(grad);
        }
        sums
    }
}

/// Brings the channels at each bin to mean 0 and variance 1; keeps their inverse deviation.
#[inline(always)]
fn normalize<R: Real>(rows: &mut [&mut [R]], inverse: &mut [R], mean: &mut [R]) {
    let share = R::from_f64(1.0 / rows.len() as f64);
    mean.fill(R::constant(0.0));
    for row in rows.iter() {
        for (mean, x) in mean.iter_mut().zip(row.iter()) {
            *mean += *x;
        }
    }
    for mean in mean.iter_mut() {
        *mean *= share;
    }
    inverse.fill(R::constant(0.0));
    for row in rows.iter_mut() {
        let columns = row.iter_mut().zip(mean.iter()).zip(inverse.iter_mut());
        for ((x, mean), square) in columns {
            *x -= *mean;
            *square += *x * *x;
        }
    }
    let (eps, one) = (R::constant(EPS), R::constant(1.0));
    for square in inverse.iter_mut() {
        *square = one / (*square * share + eps).sqrt();
    }
    for row in rows.iter_mut() {
        for (x, inverse) in row.iter_mut().zip(inverse.iter()) {
            *x *= *inverse;
        }
    }
}

/// Turns the gradients of scaled and shifted channels into those of channels before the norm.
#[inline(always)]
fn through_norm<R: Real>(
    grads: &mut [&mut [R]],
    normalized: &[&[R]],
    scale: &[R],
    [inverse, mean, moment]: [&mut [R]; 3],
) {
    mean.fill(R::constant(0.0));
    moment.fill(R::constant(0.0));
    for ((grad, x), scale) in grads.iter_mut().zip(normalized).zip(scale.iter().copied()) {
        let columns = grad.iter_mut().zip(x.iter()).zip(mean.iter_mut().zip(moment.iter_mut()));
        for ((g, x), (mean, moment)) in columns {
            *g *= scale;
            *mean += *g;
            *moment += *g * *x;
        }
    }
    let share = R::from_f64(1.0 / grads.len() as f64);
    for (grad, x) in grads.iter_mut().zip(normalized) {
        let columns = grad.iter_mut().zip(x.iter()).zip(inverse.iter());
        let columns = columns.zip(mean.iter().zip(moment.iter()));
        for (((g, x), inverse), (mean, moment)) in columns {
            *g = (*g - share * (*mean + *moment * *x)) * *inverse;
        }
    }
}
