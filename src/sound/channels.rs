//! Channels of a sound as one: their mean, or one of them.
use std::sync::{Arc, Mutex};

use crate::base::error::{Error, Result};
use crate::base::wording::counted;

/// Share of the squares that differences of channels must have to be much.
const MUCH: f64 = 0.1;

/// Makes one channel of several.
#[derive(Debug, Clone)]
pub struct Mixer {
    /// The channel that is taken, from 0; none: the mean of all.
    channel: Option<usize>,
    channels: usize,
    heard: Arc<Mutex<ChannelSums>>,
}

/// How much channels differ, as far as they have been heard.
#[derive(Debug, Default)]
struct ChannelSums {
    /// Sum of squares of all channels.
    squares: f64,
    /// Sum over channels of squared differences from their mean.
    apart: f64,
}

impl Mixer {
    /// Of so many channels; `channel` counts from 1, `name` is that of the sound.
    ///
    /// # Errors
    /// There is no such channel.
    pub fn new(channel: Option<usize>, channels: usize, name: &str) -> Result<Self> {
        if channel.is_some_and(|channel| channel == 0 || channel > channels) {
            return Err(Error::Refused(format!(
                "{name}: found {}, expected channel {} in it; give a --channel that every sound has, or \
                 leave it out for the mean",
                counted(channels, "channel"),
                channel.unwrap_or(0)
            )));
        }
        let channel = channel.map(|channel| channel - 1);
        Ok(Self { channel, channels, heard: Arc::default() })
    }

    /// That the mean is taken, where there are several.
    pub fn note(&self) -> Option<String> {
        let mean = self.channel.is_none() && self.channels > 1;
        mean.then(|| format!("the mean of {} channels is taken", self.channels))
    }

    /// Appends one sample for those of all channels in turn.
    pub fn mix(&self, interleaved: &[f32], to: &mut Vec<f32>) {
        let frames = interleaved.chunks_exact(self.channels.max(1));
        if let Some(channel) = self.channel {
            to.extend(frames.filter_map(|frame| frame.get(channel)));
            return;
        }
        let mut sums = self.heard.lock().ok().filter(|_| self.channels > 1);
        for frame in frames {
            let mean = mean(frame);
            if let Some(sums) = &mut sums {
                sums.add(frame, mean);
            }
            to.push(mean);
        }
    }

    /// That the channels whose mean was taken differ much, if so; to be asked when all was heard.
    pub fn difference(&self) -> Option<String> {
        let much = self.heard.lock().is_ok_and(|heard| heard.differ_much());
        much.then(|| {
            format!(
                "the {} channels, whose mean is taken, differ much: one may hold pulses of \
                 synchronization; --channel 1 takes the first alone",
                self.channels
            )
        })
    }
}

impl ChannelSums {
    fn add(&mut self, frame: &[f32], mean: f32) {
        for sample in frame {
            self.squares += f64::from(*sample).powi(2);
            self.apart += f64::from(sample - mean).powi(2);
        }
    }

    fn differ_much(&self) -> bool {
        self.apart > MUCH * self.squares
    }
}

fn mean(samples: &[f32]) -> f32 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample)).sum();
    #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
    let mean = (sum / samples.len() as f64) as f32;
    mean
}
