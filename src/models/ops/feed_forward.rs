//! A hidden layer at every bin, with what passes by it, over rows:
//! `y = norm( s + drop( W2 drop( relu( W1 s + b1 ) ) + b2 ) )`.
use super::convolution::{Convolution, Prepared as Map};
use super::dense::dense;
use super::draws::{Dropout, Mask};
use super::finish::{FinishState, NormParameters};
use super::residual::{self, NORM, add_rows};
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::real::{Real, pick, vectorized};

/// Parameters: `W1 (I, D)`, `b1 (I)`, `W2 (D, I)`, `b2 (D)`, weight and bias of the norm `(D)` each.
#[derive(Debug, Clone, Copy)]
pub struct FeedForward {
    /// `D` units.
    pub units: usize,
    /// `I` units in between.
    pub inner: usize,
    /// What is dropped in training.
    pub dropout: Option<Dropout>,
}

/// The place of dropped units in between.
pub const INNER: u64 = 0;
/// The place of what is dropped of the result.
pub const OUTER: u64 = 1;

/// The parameters in the order of the loops.
pub struct Prepared<R> {
    first: Map<R>,
    second: Map<R>,
    norm: NormParameters<R>,
}

/// What is kept for the way back, and room for gradients.
#[derive(Default)]
pub struct State<R> {
    key: Option<u64>,
    /// Units in between as they acted: 0 where they are silent or dropped.
    inner: Rows<R>,
    finish: FinishState<R>,
    by_inner: Rows<R>,
    by_units: Rows<R>,
    unused: FinishState<R>,
}

impl FeedForward {
    fn first(self) -> Convolution {
        dense(self.units, self.inner)
    }

    fn second(self) -> Convolution {
        dense(self.inner, self.units)
    }

    fn mask(self, key: Option<u64>, place: u64) -> Option<Mask> {
        Some(self.dropout?.mask(key?, place))
    }

    /// Where the parameters of the first map end, and those of both.
    fn ends(self) -> (usize, usize) {
        let first = self.inner * (self.units + 1);
        (first, first + self.units * (self.inner + 1))
    }
}

impl<R: Real> Stage<R> for FeedForward {
    type Prepared = Prepared<R>;
    type State = State<R>;

    fn parameters(&self) -> usize {
        self.ends().1 + NORM.parameters(self.units)
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
        let (first, both) = self.ends();
        let (maps, norm) = parameters.split_at(both);
        let (first, second) = maps.split_at(first);
        let within = match mode {
            GradientMode::Parameters => GradientMode::Both,
            mode => mode,
        };
        Prepared {
            first: Stage::prepare(&self.first(), first, mode),
            second: Stage::prepare(&self.second(), second, within),
            norm: NORM.prepare(norm, self.units),
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
        let State { key, inner, finish, unused, .. } = state;
        inner.arrange(Layout { channels: self.inner, ..layout });
        Stage::forward(&self.first(), &prepared.first, input, inner, unused);
        let mask = self.mask(*key, INNER);
        for (unit, row) in inner.rows_mut().enumerate() {
            vectorized(
                #[inline(always)]
                || rectify(row),
            );
            if let Some(mask) = mask {
                mask.apply(unit, 0, row);
            }
        }
        NORM.arrange(finish, layout);
        Stage::forward(&self.second(), &prepared.second, inner, &mut finish.drive, unused);
        residual::finish(&prepared.norm, self.mask(*key, OUTER), input, finish, output);
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut State<R>, pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, mut input_grad, by_parameters } = pass;
        let State { key, inner, finish, by_inner, by_units, unused } = state;
        let (first, both) = self.ends();
        let mut by_parameters = by_parameters.map(|own| {
            let (maps, norm) = own.split_at_mut(both);
            let (first, second) = maps.split_at_mut(first);
            [first, second, norm]
        });
        let mut part =
            |place: usize| by_parameters.as_mut().map(|parts| std::mem::take(&mut parts[place]));
        residual::through(
            (&prepared.norm, self.mask(*key, OUTER)),
            (finish, output),
            grad,
            input_grad.as_deref_mut(),
            part(2),
        );
        by_units.arrange(grad.layout().bare());
        by_inner.arrange(inner.layout());
        let through = BackwardPass {
            input: inner,
            output: inner,
            grad,
            input_grad: Some(by_inner),
            by_parameters: part(1),
        };
        Stage::backward(&self.second(), &prepared.second, unused, through);
        let dropped = self.mask(*key, INNER).and(self.dropout);
        let factor = R::from_f64(dropped.map_or(1.0, Dropout::factor));
        for (grad, values) in by_inner.rows_mut().zip(inner.rows()) {
            vectorized(
                #[inline(always)]
                || through_rectified(grad, values, factor),
            );
        }
        let through = BackwardPass {
            input,
            output: inner,
            grad: by_inner,
            input_grad: input_grad.is_some().then_some(&mut *by_units),
            by_parameters: part(0),
        };
        Stage::backward(&self.first(), &prepared.first, unused, through);
        if let Some(input_grad) = input_grad {
            add_rows(input_grad, by_units);
        }
    }
}

#[inline(always)]
fn rectify<R: Real>(row: &mut [R]) {
    for value in row {
        *value = value.at_least(R::constant(0.0));
    }
}

/// Units that are silent or dropped pass nothing back, the others what dropout made of them.
#[inline(always)]
fn through_rectified<R: Real>(grad: &mut [R], values: &[R], factor: R) {
    let zero = R::constant(0.0);
    for (grad, value) in grad.iter_mut().zip(values) {
        *grad *= pick(*value > zero, factor, zero);
    }
}
