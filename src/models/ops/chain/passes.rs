//! One clip through the stages, and back.
use candle_core::Result;

use super::{Chain, ClipValues, Ready};
use crate::models::ops::number::Number;
use crate::models::ops::rows::{Layout, Rows};
use crate::models::ops::stage::BackwardPass;
use crate::models::ops::workspace::Workspace;

impl Chain {
    /// Through all stages to the drives, and to what changes the output nonlinearity.
    pub(super) fn forward<R: Number>(
        &self,
        ready: &Ready<R>,
        clip: &ClipValues<R>,
        space: &mut Workspace<R>,
    ) -> Result<()> {
        let count = self.stages.len();
        space.outputs.resize_with(count, Rows::default);
        space.grads.resize_with(count, Rows::default);
        space.states.resize_with(count, Default::default);
        let left = self.zeros_before::<R>(0);
        let (bands, channels, bins) = (self.bands, self.channels, clip.bins);
        space.input.arrange(Layout { bands, channels, bins, left, right: 0 });
        space.input.copy_channels(clip.sound);
        for (place, stage) in self.stages.iter().enumerate() {
            let stage = R::stage(stage.as_ref());
            let (before, after) = space.outputs.split_at_mut(place);
            let input = before.last().unwrap_or(&space.input);
            if stage.draws() {
                let key = clip.drawn.map(|drawn| drawn.key(place));
                stage.take_key(key, &mut space.states[place])?;
            }
            let layout = stage.output(input.layout());
            let inner = Layout { left: self.zeros_before::<R>(place + 1), right: 0, ..layout };
            after[0].arrange(if place + 1 < count { inner } else { layout });
            stage.forward(&ready.stages[place], input, &mut after[0], &mut space.states[place])?;
        }
        if let (Some(gain), Some(own)) = (&self.gain, &ready.gain) {
            let gain = R::stage(gain.as_ref());
            let layout = gain.output(space.input.layout());
            space.modulation.arrange(layout);
            space.by_modulation.arrange(layout);
            space.by_modulation.rows_mut().for_each(|row| row.fill(R::constant(0.0)));
            gain.forward(own, &space.input, &mut space.modulation, &mut space.gain)?;
        }
        Ok(())
    }

    /// Zeros that stand before the input of a stage.
    fn zeros_before<R: Number>(&self, place: usize) -> usize {
        self.stages.get(place).map_or(0, |stage| R::stage(stage.as_ref()).zeros_before())
    }

    /// Back from the gradient of the drives, which lies where the drives lay: to the parameters of
    /// the stages where there is room for that, else to the sound `(C, F, T)`.
    pub(super) fn backward<R: Number>(
        &self,
        ready: &Ready<R>,
        space: &mut Workspace<R>,
        mut by_stages: Option<&mut [R]>,
    ) -> Result<Option<Vec<R>>> {
        let to_sound = by_stages.is_none();
        let Workspace { input: sound, outputs, grads, states, .. } = space;
        let mut end = self.parameters_up_to_drives();
        if let (Some(gain), Some(own), Some(by_stages)) =
            (&self.gain, &ready.gain, by_stages.as_deref_mut())
        {
            let pass = BackwardPass {
                input: sound,
                output: &space.modulation,
                grad: &mut space.by_modulation,
                input_grad: None,
                by_parameters: Some(&mut by_stages[end..]),
            };
            R::stage(gain.as_ref()).backward(own, &mut space.gain, pass)?;
        }
        let mut grad = outputs.last_mut().map(std::mem::take).unwrap_or_default();
        for (place, stage) in self.stages.iter().enumerate().rev() {
            let stage = R::stage(stage.as_ref());
            let start = end - stage.parameters();
            // `grads` hold the gradient of the input of each stage.
            let mut before = std::mem::take(&mut grads[place]);
            match place.checked_sub(1) {
                Some(earlier) => {
                    let into = input_of(sound, outputs, earlier).layout();
                    before.arrange(R::stage(self.stages[earlier].as_ref()).output(into));
                }
                None if to_sound => before.arrange(sound.layout().bare()),
                None => {}
            }
            let pass = BackwardPass {
                input: input_of(sound, outputs, place),
                output: &outputs[place],
                grad: &mut grad,
                input_grad: (place > 0 || to_sound).then_some(&mut before),
                by_parameters: by_stages.as_deref_mut().map(|by_stages| &mut by_stages[start..end]),
            };
            stage.backward(&ready.stages[place], &mut states[place], pass)?;
            end = start;
            let used = std::mem::replace(&mut grad, before);
            *grads.get_mut(place + 1).unwrap_or(&mut outputs[place]) = used;
        }
        let mut by_sound = Vec::new();
        if to_sound {
            grad.append_channels(&mut by_sound);
        }
        grads[0] = grad;
        Ok(to_sound.then_some(by_sound))
    }
}

/// What comes into a stage.
fn input_of<'a, R>(sound: &'a Rows<R>, outputs: &'a [Rows<R>], place: usize) -> &'a Rows<R> {
    place.checked_sub(1).map_or(sound, |before| &outputs[before])
}
