//! Attention of each bin to those before it, with what passes by it, over rows:
//! `y = norm( s + drop( O attention(s) ) )`.
use super::attention::{AttentionDims, Passed};
use super::convolution::{Convolution, Prepared as Map};
use super::dense::dense;
use super::draws::{Dropout, Mask};
use super::finish::{FinishState, NormParameters};
use super::residual::{self, NORM, add_rows};
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::real::Real;

/// Parameters: `W_in (3D, D)`, `b_in (3D)`, `O (D, D)` and its bias `(D)`, weight and bias of the norm
/// `(D)` each.
#[derive(Debug, Clone, Copy)]
pub struct SelfAttention {
    /// Sizes.
    pub dims: AttentionDims,
    /// What is dropped in training.
    pub dropout: Option<Dropout>,
}

/// The place of dropped weights of attention.
pub const WEIGHTS: u64 = 0;
/// The place of what is dropped of what attention gives.
pub const CONTEXT: u64 = 1;

/// The parameters in the order of the loops.
pub struct Prepared<R> {
    inward: Map<R>,
    outward: Map<R>,
    norm: NormParameters<R>,
}

/// What is kept for the way back, and room for gradients.
#[derive(Default)]
pub struct State<R> {
    key: Option<u64>,
    /// Queries, keys and values.
    all: Rows<R>,
    context: Rows<R>,
    log_sums: Rows<R>,
    finish: FinishState<R>,
    by_all: Rows<R>,
    by_units: Rows<R>,
    unused: FinishState<R>,
}

impl SelfAttention {
    fn inward(self) -> Convolution {
        dense(self.dims.units, 3 * self.dims.units)
    }

    fn outward(self) -> Convolution {
        dense(self.dims.units, self.dims.units)
    }

    fn mask(self, key: Option<u64>, place: u64) -> Option<Mask> {
        Some(self.dropout?.mask(key?, place))
    }

    /// Where the parameters of the first map end, and those of both.
    fn ends(self) -> (usize, usize) {
        let units = self.dims.units;
        let inward = 3 * units * (units + 1);
        (inward, inward + units * (units + 1))
    }
}

impl<R: Real> Stage<R> for SelfAttention {
    type Prepared = Prepared<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        self.ends().1 + NORM.parameters(self.dims.units)
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn draws(&self) -> bool {
        self.dropout.is_some()
    }

    fn take_key(&self, key: Option<u64>, state: &mut State<R>) {
        state.key = key;
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared<R> {
        let (inward, both) = self.ends();
        let (maps, norm) = parameters.split_at(both);
        let (first, second) = maps.split_at(inward);
        let within = match mode {
            GradientMode::Parameters => GradientMode::Both,
            mode => mode,
        };
        Prepared {
            inward: Stage::prepare(&self.inward(), first, mode),
            outward: Stage::prepare(&self.outward(), second, within),
            norm: NORM.prepare(norm, self.dims.units),
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut State<R>,
    ) {
        let layout = input.layout().bare();
        let State { key, all, context, log_sums, finish, unused, .. } = state;
        all.arrange(Layout { channels: 3 * self.dims.units, ..layout });
        context.arrange(layout);
        Stage::forward(&self.inward(), &prepared.inward, input, all, unused);
        self.dims.forward(all, self.mask(*key, WEIGHTS), context, log_sums);
        NORM.arrange(finish, layout);
        Stage::forward(&self.outward(), &prepared.outward, context, &mut finish.drive, unused);
        residual::finish(&prepared.norm, self.mask(*key, CONTEXT), input, finish, output);
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, mut input_grad, by_parameters } = pass;
        let State { key, all, context, log_sums, finish, by_all, by_units, unused } = state;
        let (inward, both) = self.ends();
        let mut by_parameters = by_parameters.map(|own| {
            let (maps, norm) = own.split_at_mut(both);
            let (first, second) = maps.split_at_mut(inward);
            [first, second, norm]
        });
        let mut part =
            |place: usize| by_parameters.as_mut().map(|parts| std::mem::take(&mut parts[place]));
        residual::through(
            (&prepared.norm, self.mask(*key, CONTEXT)),
            (finish, output),
            grad,
            input_grad.as_deref_mut(),
            part(2),
        );
        by_units.arrange(context.layout());
        by_all.arrange(all.layout());
        let through = BackwardPass {
            input: context,
            output: context,
            grad,
            input_grad: Some(by_units),
            by_parameters: part(1),
        };
        Stage::backward(&self.outward(), &prepared.outward, unused, through);
        let passed = Passed { all, context, log_sums, mask: self.mask(*key, WEIGHTS) };
        self.dims.backward(passed, by_units, by_all);
        let through = BackwardPass {
            input,
            output: all,
            grad: by_all,
            input_grad: input_grad.is_some().then_some(&mut *by_units),
            by_parameters: part(0),
        };
        Stage::backward(&self.inward(), &prepared.inward, unused, through);
        if let Some(input_grad) = input_grad {
            add_rows(input_grad, by_units);
        }
    }
}
