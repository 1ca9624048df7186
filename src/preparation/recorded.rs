//! Responses to all clips, looked at one clip after the other.
use ndarray::{Array3, ArrayView3};

use crate::base::error::Result;
use crate::dataset::{Clip, OfNeurons, Recording, ResponseFile, ResponseLocation};
use crate::scores::quality::{Quality, QualitySurvey};

/// The responses to a clip, in memory or in a file.
pub trait RecordedResponses: OfNeurons + Clone {
    /// Their shape `(N, R, T)`.
    fn shape(&self) -> (usize, usize, usize);

    /// Gives `scan` the responses `(N, R, T)` to every clip in turn, with the clip's index.
    ///
    /// # Errors
    /// They cannot be read.
    fn each_clip(
        recording: &Recording<Self>,
        scan: impl FnMut(usize, ArrayView3<f32>),
    ) -> Result<()>;
}

impl RecordedResponses for Array3<f32> {
    fn shape(&self) -> (usize, usize, usize) {
        self.dim()
    }

    fn each_clip(
        recording: &Recording<Self>,
        mut scan: impl FnMut(usize, ArrayView3<f32>),
    ) -> Result<()> {
        let clips = recording.clips.iter().enumerate();
        clips.for_each(|(index, clip)| scan(index, clip.responses.view()));
        Ok(())
    }
}

impl RecordedResponses for ResponseLocation {
    fn shape(&self) -> (usize, usize, usize) {
        self.dim()
    }

    fn each_clip(
        recording: &Recording<Self>,
        mut scan: impl FnMut(usize, ArrayView3<f32>),
    ) -> Result<()> {
        let mut file = ResponseFile::open(&recording.file)?;
        for (index, clip) in recording.clips.iter().enumerate() {
            scan(index, file.read(&clip.responses)?.view());
        }
        Ok(())
    }
}

/// Bytes that a single response takes while its clip is read.
const WHILE_READ: usize = 12;

/// Bytes that the responses of a neuron take while the largest of some clips is read.
pub fn bytes_while_read<'a, R: RecordedResponses + 'a>(
    clips: impl Iterator<Item = &'a Clip<R>>,
) -> usize {
    let responses = |clip: &Clip<R>| {
        let (_neurons, repeats, bins) = clip.responses.shape();
        repeats * bins
    };
    WHILE_READ * clips.map(responses).max().unwrap_or(0)
}

/// How good the recording of each neuron is, over all clips.
///
/// # Errors
/// As [`RecordedResponses::each_clip`].
pub fn qualities<R: RecordedResponses>(recording: &Recording<R>) -> Result<Vec<Quality>> {
    let mut survey = QualitySurvey::new(recording.neurons.len());
    R::each_clip(recording, |_, responses| drop(survey.add(responses)))?;
    Ok(survey.finish(recording.dt_ms))
}
