//! A convolution of a layer: correlation, then normalization over channels at each band and bin, then a
//! nonlinearity; the last two where they are wanted. Each output band is finished while it lies in
//! the cache.
use super::activation::Activation;
use super::correlation::Correlation;
use super::finish::{Finish, FinishState, Norm, NormParameters, SumsOfBand};
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::real::Real;
use crate::simd::sums::total;

/// Parameters: kernels `(O, I, C, J)`, bias `(O)`, those of its end.
#[derive(Debug, Clone, Copy)]
pub struct Convolution {
    /// The correlation.
    pub correlation: Correlation,
    /// What stands behind it.
    pub finish: Finish,
}

/// The parameters of a layer in the order of its loops.
pub struct Prepared<R> {
    packed: Vec<R>,
    bias: Vec<R>,
    end: NormParameters<R>,
    /// Turned kernels, where the gradient of the input will be asked for.
    turned: Vec<R>,
}

impl Convolution {
    /// A layer without normalization and nonlinearity.
    pub fn linear(correlation: Correlation) -> Self {
        let finish = Finish { norm: Norm::None, activation: Activation::Identity };
        Self { correlation, finish }
    }
}

impl<R: Real> Stage<R> for Convolution {
    type Prepared = Prepared<R>;
    type State = FinishState<R>;

    fn parameters(&self) -> usize {
        let outputs = self.correlation.outputs;
        self.correlation.weights() + outputs + self.finish.parameters(outputs)
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
        let (bias, end) = rest.split_at(outputs);
        let turned =
            if mode.of_input() { self.correlation.pack_turned(weights) } else { Vec::new() };
        Prepared {
            packed: self.correlation.pack(weights),
            bias: bias.to_vec(),
            end: self.finish.prepare(end, outputs),
            turned,
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut FinishState<R>,
    ) {
        let Prepared { packed, bias, end, .. } = prepared;
        let (correlation, layout) = (self.correlation, output.layout());
        if self.finish.is_linear() {
            return correlation.forward(packed, bias, input, output);
        }
        self.finish.arrange(state, layout);
        if layout.bands == 1 {
            correlation.forward(packed, bias, input, &mut state.drive);
            return self.finish.whole(end, state, output);
        }
        let (offsets, work) = (correlation.offsets(input.stride()), correlation.work(layout.bins));
        self.finish.bands(end, state, (output, work), |band, bare, drive| {
            correlation.forward_band((packed, bias), (input, &offsets), (bare, band), drive);
        });
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut FinishState<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, input_grad, by_parameters } = pass;
        let sums = match (self.finish.is_linear(), &by_parameters) {
            (true, Some(_)) => sums_of_linear(grad),
            (true, None) => Vec::new(),
            (false, _) => self.finish.through_bands(&prepared.end, state, output, grad),
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

/// Adds one sum of each kind to its place.
pub fn add_kinds<'a, R: Real>(places: impl Iterator<Item = &'a mut R>, sums: &[f64]) {
    places.zip(sums).for_each(|(place, sum)| *place += R::from_f64(*sum));
}

fn sums_of_linear<R: Real>(grad: &Rows<R>) -> Vec<SumsOfBand> {
    let Layout { bands, channels, .. } = grad.layout();
    let sums =
        |band| (0..channels).map(move |row| [total(grad.row(band * channels + row)), 0.0, 0.0]);
    (0..bands).map(|band| sums(band).collect()).collect()
}
