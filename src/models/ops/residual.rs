//! A layer of a transformer: what its own part makes of the units, some of it dropped, added to the
//! units as they came, and normalized: `y = norm( s + drop( W2 part( W1 s + b1 ) + b2 ) )`.
use super::activation::Activation;
use super::convolution::{Convolution, Prepared as Map, add_kinds};
use super::dense::dense;
use super::draws::{Dropout, Mask};
use super::finish::{Finish, FinishState, Norm, NormParameters};
use super::parts::{parts, parts_mut};
use super::rows::{Layout, Rows};
use super::stage::{BackwardPass, GradientMode, Stage};
use crate::simd::real::{Real, vectorized};

/// The place of what a part drops within it.
pub const WITHIN: u64 = 0;
/// The place of what is dropped of the result.
pub const BEHIND: u64 = 1;

/// What a layer does between its two maps.
pub trait Between: Copy + Send + Sync + 'static {
    /// What the way forward leaves for the way back, beside what came in and what went out.
    type Kept<R: Real>: Default + Send;

    /// `D` units of the layer.
    fn units(self) -> usize;
    /// Rows that come in from the first map.
    fn takes(self) -> usize;
    /// Rows that go out to the second one.
    fn gives(self) -> usize;
    /// What is dropped in training.
    fn dropout(self) -> Option<Dropout>;

    /// Fills the rows that go out.
    fn forward<R: Real>(
        self,
        mask: Option<Mask>,
        taken: &Rows<R>,
        given: &mut Rows<R>,
        kept: &mut Self::Kept<R>,
    );

    /// Fills the gradient of the rows that came in.
    fn backward<R: Real>(self, passed: Passed<R, Self::Kept<R>>, by_taken: &mut Rows<R>);
}

/// What the way forward through a part left, and the gradient of what went out.
pub struct Passed<'a, R, K> {
    /// What is dropped within.
    pub mask: Option<Mask>,
    /// What came in.
    pub taken: &'a Rows<R>,
    /// What went out.
    pub given: &'a Rows<R>,
    /// What was kept beside.
    pub kept: &'a K,
    /// The gradient of what went out.
    pub by_given: &'a Rows<R>,
}

/// Parameters, `I` rows coming in and `G` going out: `W1 (I, D)`, `b1 (I)`, `W2 (D, G)`, `b2 (D)`, weight
/// and bias of the norm `(D)` each.
#[derive(Debug, Clone, Copy)]
pub struct Residual<B>(pub B);

/// The parameters in the order of the loops.
pub struct Prepared<R> {
    inward: Map<R>,
    outward: Map<R>,
    norm: NormParameters<R>,
}

/// What is kept for the way back, and room for gradients.
#[derive(Default)]
pub struct State<R, K> {
    key: Option<u64>,
    taken: Rows<R>,
    given: Rows<R>,
    kept: K,
    finish: FinishState<R>,
    by_taken: Rows<R>,
    by_given: Rows<R>,
    by_units: Rows<R>,
    unused: FinishState<R>,
}

/// The normalization: parameters weight and bias of each unit.
const NORM: Finish = Finish { norm: Norm::Channels, activation: Activation::Identity };

impl<B: Between> Residual<B> {
    fn inward(&self) -> Convolution {
        dense(self.0.units(), self.0.takes())
    }

    fn outward(&self) -> Convolution {
        dense(self.0.gives(), self.0.units())
    }

    fn mask(&self, key: Option<u64>, place: u64) -> Option<Mask> {
        Some(self.0.dropout()?.mask(key?, place))
    }

    /// Numbers of parameters of both maps and of the norm.
    fn sizes(&self) -> [usize; 3] {
        let (units, takes, gives) = (self.0.units(), self.0.takes(), self.0.gives());
        [takes * (units + 1), units * (gives + 1), NORM.parameters(units)]
    }
}

impl<R: Real, B: Between> Stage<R> for Residual<B> {
    type Prepared = Prepared<R>;
    type State = State<R, B::Kept<R>>;

    fn parameters(&self) -> usize {
        self.sizes().iter().sum()
    }

    fn output(&self, input: Layout) -> Layout {
        input.bare()
    }

    fn draws(&self) -> bool {
        self.0.dropout().is_some()
    }

    fn take_key(&self, key: Option<u64>, state: &mut Self::State) {
        state.key = key;
    }

    fn prepare(&self, parameters: &[R], mode: GradientMode) -> Prepared<R> {
        let [inward, outward, norm] = parts(parameters, self.sizes());
        let within = match mode {
            GradientMode::Parameters => GradientMode::Both,
            mode => mode,
        };
        Prepared {
            inward: Stage::prepare(&self.inward(), inward, mode),
            outward: Stage::prepare(&self.outward(), outward, within),
            norm: NORM.prepare(norm, self.0.units()),
        }
    }

    fn forward(
        &self,
        prepared: &Prepared<R>,
        input: &Rows<R>,
        output: &mut Rows<R>,
        state: &mut Self::State,
    ) {
        let layout = input.layout().bare();
        let State { key, taken, given, kept, finish, unused, .. } = state;
        taken.arrange(Layout { channels: self.0.takes(), ..layout });
        given.arrange(Layout { channels: self.0.gives(), ..layout });
        Stage::forward(&self.inward(), &prepared.inward, input, taken, unused);
        self.0.forward(self.mask(*key, WITHIN), taken, given, kept);
        NORM.arrange(finish, layout);
        Stage::forward(&self.outward(), &prepared.outward, given, &mut finish.drive, unused);
        let mask = self.mask(*key, BEHIND);
        for (unit, (own, input)) in finish.drive.rows_mut().zip(input.rows()).enumerate() {
            if let Some(mask) = mask {
                mask.apply(unit, 0, own);
            }
            add(own, input);
        }
        NORM.whole(&prepared.norm, finish, output);
    }

    fn backward(&self, prepared: &Prepared<R>, state: &mut Self::State, pass: BackwardPass<R>) {
        let BackwardPass { input, output, grad, mut input_grad, by_parameters } = pass;
        let own = by_parameters.map(|own| parts_mut(own, self.sizes()));
        let [by_inward, by_outward, by_norm] = own.map_or([None, None, None], |own| own.map(Some));
        let sums = NORM.through_bands(&prepared.norm, &mut state.finish, output, grad);
        if let Some(by_norm) = by_norm {
            for (unit, sums) in sums.iter().flat_map(|band| band.iter().enumerate()) {
                add_kinds(by_norm.iter_mut().skip(unit).step_by(self.0.units()), &sums[1..]);
            }
        }
        if let Some(passed) = input_grad.as_deref_mut() {
            passed.rows_mut().zip(grad.rows()).for_each(|(to, from)| to.copy_from_slice(from));
        }
        if let Some(mask) = self.mask(state.key, BEHIND) {
            grad.rows_mut().enumerate().for_each(|(unit, row)| mask.apply(unit, 0, row));
        }
        let mask = self.mask(state.key, WITHIN);
        let State { taken, given, kept, by_taken, by_given, by_units, unused, .. } = state;
        by_units.arrange(grad.layout().bare());
        by_taken.arrange(taken.layout());
        by_given.arrange(given.layout());
        let through = BackwardPass {
            input: given,
            output: given,
            grad,
            input_grad: Some(by_given),
            by_parameters: by_outward,
        };
        Stage::backward(&self.outward(), &prepared.outward, unused, through);
        self.0.backward(Passed { mask, taken, given, kept, by_given }, by_taken);
        let through = BackwardPass {
            input,
            output: taken,
            grad: by_taken,
            input_grad: input_grad.is_some().then_some(&mut *by_units),
            by_parameters: by_inward,
        };
        Stage::backward(&self.inward(), &prepared.inward, unused, through);
        if let Some(input_grad) = input_grad {
            input_grad.rows_mut().zip(by_units.rows()).for_each(|(to, from)| add(to, from));
        }
    }
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
