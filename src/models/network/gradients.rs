//! Gradients of responses by the sound, and by what the model sees of it.
use candle_core::{Result, Tensor, Var};

use super::Network;
use crate::models::batch::Member;
use crate::models::head::HeadPart;
use crate::models::layers::Pass;
use crate::models::ops::chain::ResponseSum;

impl Network {
    /// In evaluation mode, the gradients `(1, F, T)` by the cochleagram `(1, 1, F, T)` of a clip, of
    /// each of some sums of responses.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn gradients_by_sound(&self, sound: &Tensor, sums: &[ResponseSum]) -> Result<Vec<Tensor>> {
        self.gradients_from(0, (sound, None), sums)
    }

    /// [`Network::gradients_by_sound`] by what the model sees `(1, C, F, T)` of a sound `(1, 1, F, T)`,
    /// `(C, F, T)` each; an output nonlinearity that changes with the sound does so as it is.
    ///
    /// # Errors
    /// A tensor operation fails.
    pub fn gradients_by_filtered(
        &self,
        sound: &Tensor,
        seen: &Tensor,
        sums: &[ResponseSum],
    ) -> Result<Vec<Tensor>> {
        let modulation = self.modulation(sound, Pass::eval())?.map(|own| own.detach());
        self.gradients_from(self.prefilters.len(), (seen, modulation.as_ref()), sums)
    }

    fn gradients_from(
        &self,
        from: usize,
        (sound, modulation): (&Tensor, Option<&Tensor>),
        sums: &[ResponseSum],
    ) -> Result<Vec<Tensor>> {
        // The sound acts through what changes the output too.
        let fused =
            if self.changes_output() { None } else { self.fused(from, sound, HeadPart::Whole)? };
        if let Some(fused) = fused {
            return fused.gradients_by_sound(&Member::sound_alone(sound)?, sums);
        }
        let sound = Var::from_tensor(&sound.detach())?;
        let pass = Pass::eval().with_modulation(modulation);
        let responses = self.forward_from(from, &sound, pass)?.squeeze(0)?; // (N, T)
        let gradient = |sum: &ResponseSum| {
            let bins = sum.bins.iter().map(|bin| u32::try_from(*bin));
            let bins: Vec<u32> = bins.collect::<std::result::Result<_, _>>()?;
            let bins = Tensor::new(bins, sound.device())?;
            let response = responses.get(sum.neuron)?.index_select(&bins, 0)?;
            let grads = response.sum_all()?.backward()?;
            match grads.get(&sound) {
                Some(gradient) => gradient.squeeze(0),
                None => sound.zeros_like()?.squeeze(0),
            }
        };
        sums.iter().map(gradient).collect()
    }
}
