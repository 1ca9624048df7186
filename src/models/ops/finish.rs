//! What stands behind the drives of a layer: normalization over channels at each band and bin, then a
//! nonlinearity; each where it is wanted.
use super::activation::Activation;
use super::rows::{Layout, Rows};
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

/// The end of a layer. Parameters: normalized, weight and bias of each channel; else none.
#[derive(Debug, Clone, Copy)]
pub struct Finish {
    /// What normalizes drives.
    pub norm: Norm,
    /// The nonlinearity.
    pub activation: Activation,
}

/// Weight and bias of the normalization of each channel; 1 and 0 without one.
pub struct NormParameters<R> {
    scale: Vec<R>,
    shift: Vec<R>,
}

/// What an end keeps for the way back.
#[derive(Default)]
pub struct FinishState<R> {
    /// Drives, then normalized drives.
    pub drive: Rows<R>,
    /// Rows of each band.
    band_rows: Rows<R>,
}

/// Rows of each band: the inverse deviation, and room for two more.
const ROWS_OF_A_BAND: usize = 3;

/// Of each channel of a band: the gradients of an offset of its drive, and of weight and bias of the
/// norm.
pub type SumsOfBand = Vec<[f64; 3]>;

/// The rows of one band, to be changed.
pub type Band<'a, R> = Vec<&'a mut [R]>;

impl Finish {
    /// Whether drives pass as they are.
    pub fn is_linear(self) -> bool {
        self.norm == Norm::None && self.activation == Activation::Identity
    }

    /// Number of parameters of so many channels.
    pub fn parameters(self, channels: usize) -> usize {
        if self.norm == Norm::Channels { 2 * channels } else { 0 }
    }

    /// Its parameters.
    pub fn prepare<R: Real>(self, parameters: &[R], channels: usize) -> NormParameters<R> {
        match self.norm {
            Norm::Channels => NormParameters {
                scale: parameters[..channels].to_vec(),
                shift: parameters[channels..].to_vec(),
            },
            Norm::None => NormParameters {
                scale: vec![R::constant(1.0); channels],
                shift: vec![R::constant(0.0); channels],
            },
        }
    }

    /// Makes room for the drives of an output.
    pub fn arrange<R: Real>(self, state: &mut FinishState<R>, output: Layout) {
        state.band_rows.arrange(Layout { channels: ROWS_OF_A_BAND, ..output.bare() });
        state.drive.arrange(output.bare());
    }

    /// Fills the drives of each band, `fill` being given the band and its rows with the zeros around
    /// them, and finishes them while they lie in the cache.
    pub fn bands<R: Real>(
        self,
        own: &NormParameters<R>,
        state: &mut FinishState<R>,
        (output, work): (&mut Rows<R>, usize),
        fill: impl Fn(usize, Layout, &mut [R]) + Sync + Send,
    ) {
        let Layout { bins, channels, .. } = output.layout();
        let FinishState { drive, band_rows } = state;
        let (bare, stride) = (drive.layout(), drive.stride());
        let whole = drive.padded_mut().chunks_exact_mut(channels * stride);
        let tasks: Vec<_> =
            whole.zip(output.bands_mut()).zip(band_rows.bands_mut()).enumerate().collect();
        map(tasks, work, |(band, ((drive, output), rows))| {
            fill(band, bare, drive);
            let drive = drive.chunks_exact_mut(stride).map(|row| &mut row[..bins]);
            self.band(own, drive.collect(), output, rows);
        });
    }

    /// Finishes the drives of a single band, which are there.
    pub fn whole<R: Real>(
        self,
        own: &NormParameters<R>,
        state: &mut FinishState<R>,
        output: &mut Rows<R>,
    ) {
        let FinishState { drive, band_rows } = state;
        self.band(
            own,
            drive.rows_mut().collect(),
            output.rows_mut().collect(),
            band_rows.rows_mut().collect(),
        );
    }

    fn band<R: Real>(
        self,
        own: &NormParameters<R>,
        mut drive: Band<R>,
        mut output: Band<R>,
        mut rows: Band<R>,
    ) {
        vectorized(
            #[inline(always)]
            || self.finish(&mut drive, &mut output, &mut rows, own),
        );
    }

    /// Turns the gradients of outputs into those of drives, band by band.
    pub fn through_bands<R: Real>(
        self,
        own: &NormParameters<R>,
        state: &mut FinishState<R>,
        output: &Rows<R>,
        grad: &mut Rows<R>,
    ) -> Vec<SumsOfBand> {
        let layout = grad.layout();
        let FinishState { drive: normalized, band_rows } = state;
        let tasks: Vec<_> =
            grad.bands_mut().into_iter().zip(band_rows.bands_mut()).enumerate().collect();
        let work = 8 * layout.rows() * layout.bins;
        map(tasks, work, |(band, (mut grads, mut rows))| {
            let values = band_of(output, band, layout.channels);
            let normalized = band_of(normalized, band, layout.channels);
            vectorized(
                #[inline(always)]
                || self.through_band((&values, &normalized), &mut grads, &mut rows, &own.scale),
            )
        })
    }

    /// Normalizes the drives of one band in place and writes the outputs.
    #[inline(always)]
    fn finish<R: Real>(
        self,
        drive: &mut [&mut [R]],
        output: &mut [&mut [R]],
        rows: &mut [&mut [R]],
        own: &NormParameters<R>,
    ) {
        if let (Norm::Channels, [inverse, mean, _]) = (self.norm, rows) {
            normalize(drive, inverse, mean);
        }
        for (i, (output, drive)) in output.iter_mut().zip(drive.iter()).enumerate() {
            self.activation.apply((own.scale[i], own.shift[i]), drive, output);
        }
    }

    /// Turns the gradients of a band's outputs into those of its drives; for each output the
    /// gradients of bias, of the norm's weight and of its bias.
    #[inline(always)]
    fn through_band<R: Real>(
        self,
        (values, normalized): (&[&[R]], &[&[R]]),
        grads: &mut [&mut [R]],
        rows: &mut [&mut [R]],
        scale: &[R],
    ) -> SumsOfBand {
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

/// The rows of one band.
fn band_of<R: Real>(map: &Rows<R>, band: usize, channels: usize) -> Vec<&[R]> {
    (band * channels..(band + 1) * channels).map(|row| map.row(row)).collect()
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
