//! Sound and responses of each stimulus out of named arrays.
use ndarray::{Array2, Array3, ArrayD, Dimension, Ix2, Ix3};

use super::axes::{Axes, NamedAxis};
use super::guess;
use super::named::{Named, NamedValue};
use super::per_stimulus::{Piece, StimulusLayout, per_stimulus};
use super::readings::{self, Decision, Side};
use super::spike_times::{Rising, rising};
use super::value::ArrayValue;
use crate::base::error::{Error, Problem, Result};
use crate::base::wording::counted;
use crate::import::report::listed;

/// Sound or responses.
struct ArrayRole {
    /// The option that gives the axes.
    option: &'static str,
    /// The axes of the array of a stimulus.
    order: &'static [NamedAxis],
}

const SOUND: ArrayRole =
    ArrayRole { option: "--sound-axes", order: &[NamedAxis::Frequency, NamedAxis::Time] };
const RESPONSES: ArrayRole =
    ArrayRole { option: "--axes", order: &[NamedAxis::Neuron, NamedAxis::Repeat, NamedAxis::Time] };

impl Named<'_> {
    /// The axes of sound and responses, as far as options or the arrays themselves tell; spike
    /// times, which have none, are refused.
    pub fn axes(
        &mut self,
        sound: &NamedValue,
        responses: &NamedValue,
    ) -> Option<[Option<Axes>; 2]> {
        let (sound_axes, axes) = (self.options.sound_axes.as_ref(), self.options.axes.as_ref());
        if let Some(times) = rising(&responses.value, &sound.value, sound_axes) {
            self.problems.push(spike_times(responses, times));
            return None;
        }
        let decision =
            readings::decide(&sound.side(sound_axes, &SOUND), &responses.side(axes, &RESPONSES));
        match decision {
            Decision::Usual => Some([sound_axes.cloned(), axes.cloned()]),
            Decision::Refused(problem) => {
                self.problems.push(problem);
                None
            }
            Decision::Taken { sound, responses, why } => {
                self.report.inferred(why);
                Some([Some(sound), Some(responses)])
            }
        }
    }

    /// The cochleagram `(F, T)` of each stimulus.
    pub fn sounds(
        &mut self,
        sound: NamedValue,
        axes: Option<Axes>,
    ) -> Result<Option<Vec<Array2<f32>>>> {
        let name = sound.name.clone();
        let Some(pieces) = self.pieces(sound, axes, &SOUND) else { return Ok(None) };
        let missing = pieces.iter().zip(1..).filter(|(piece, _)| piece.is_none());
        let missing: Vec<String> = missing.map(|(_, number)| format!("{number}")).collect();
        if !missing.is_empty() {
            let found = format!("empty cells in place {}", listed(&missing));
            let problem = Problem::new(name, found, "the cochleagram of each stimulus");
            self.problems.push(problem.hint("leave these stimuli out of both arrays"));
            return Ok(None);
        }
        pieces.into_iter().flatten().map(of_rank::<Ix2>).collect::<Result<_>>().map(Some)
    }

    /// The responses `(N, R, T)` to each stimulus, none where no neuron was recorded.
    pub fn responses(
        &mut self,
        responses: NamedValue,
        axes: Option<Axes>,
    ) -> Result<Option<Vec<Option<Array3<f32>>>>> {
        let pieces = self.pieces(responses, axes, &RESPONSES);
        let Some(pieces) = pieces else { return Ok(None) };
        let pieces = pieces.into_iter().map(|piece| piece.map(of_rank::<Ix3>).transpose());
        pieces.collect::<Result<_>>().map(Some)
    }

    /// One array for each stimulus with its axes in `order`.
    fn pieces(
        &mut self,
        NamedValue { name, value }: NamedValue,
        axes: Option<Axes>,
        &ArrayRole { option, order }: &ArrayRole,
    ) -> Option<Vec<Piece>> {
        let all = guess::example(order);
        let guessed = guess::axes(&value, order).filter(|_| axes.is_none());
        if let Some(axes) = &guessed {
            self.report.inferred(format!("axes of {name} are {axes}"));
        }
        let Some(axes) = axes.or(guessed) else {
            let expected = format!("axes in an order that {option} says");
            let problem = Problem::new(name, guess::described(&value), expected);
            self.problems.push(problem.hint(format!("give for instance {option} {all}")));
            return None;
        };
        if let Some(axis) = axes.0.iter().find(|axis| !all.0.contains(axis)) {
            self.problems.push(Problem::new(option, axis.word(), format!("axes out of {all}")));
            return None;
        }
        self.say_empty(&name, &value);
        let layout = StimulusLayout { order, last: self.arrays.last_axes() };
        let pieces = per_stimulus(value, &axes.0, layout).map_err(|found| {
            let problem = Problem::new(name, found, format!("the axes {axes}"));
            self.problems.push(problem.hint(format!("say with {option} which it has")));
        });
        pieces.ok()
    }

    /// Says how many cells of responses are empty, which stand for what was not recorded.
    fn say_empty(&mut self, name: &str, value: &ArrayValue) {
        let (empty, all) = value.empty_cells();
        if empty > 0 {
            let verb = if empty == 1 { "is" } else { "are" };
            self.report.inferred(format!(
                "{empty} of {} of {name} {verb} empty: not recorded, NaN",
                counted(all, "cell")
            ));
        }
    }
}

impl NamedValue {
    fn side<'a>(&'a self, given: Option<&'a Axes>, kind: &ArrayRole) -> Side<'a> {
        let &ArrayRole { option, order } = kind;
        Side { name: &self.name, value: &self.value, given, option, beside: order[0] }
    }
}

fn spike_times(responses: &NamedValue, times: Rising) -> Problem {
    let NamedValue { name, value } = responses;
    let (holds, from, to) = (guess::described(value), times.from, times.to);
    let found = format!("{holds}, with rising numbers from {from} to {to}, as of spike times");
    let hint = format!(
        "give --spike-times {name} in place of --responses, or count them in the bins of the sound"
    );
    Problem::new(name, found, "a count or rate for each bin of the sound").hint(hint)
}

fn of_rank<D: Dimension>(array: ArrayD<f32>) -> Result<ndarray::Array<f32, D>> {
    array.into_dimensionality().map_err(|source| Error::failed("arranging axes", source))
}
