//! Sound and responses at the presentations of each stimulus.
use ndarray::{Array2, ArrayView2, Axis, s};

use super::epochs::{Epoch, Epochs};
use super::signal::{Signal, SignalData};
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, counted_that, stimuli_counted};
use crate::dataset::{Clip, Entity};
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::counts::Tally;
use crate::import::unrecorded::unrecorded;

/// Parts of a bin within which an epoch begins with one.
const BETWEEN: f64 = 0.01;
/// By how much two presentations of one sound may differ, relative to its loudest bin.
const SAME: f32 = 1e-5;

/// Signals and presentations of a recording.
pub struct NemsClips<'a> {
    /// Of the sound.
    pub sound: &'a Signal,
    /// Of the responses.
    pub responses: &'a Signal,
    /// The presentations.
    pub epochs: &'a Epochs,
}

/// A presentation in bins of the sound.
#[derive(Debug, Clone, Copy)]
pub(super) struct EpochPlace {
    /// First bin.
    pub(super) start: usize,
    pub(super) bins: usize,
}

/// What was found on the way.
#[derive(Default)]
pub(super) struct ClipsFound {
    /// Presentations that begin between two bins.
    between: usize,
    /// Bins at the end of presentations that others lack.
    cut: usize,
    /// Stimuli without a sound, and their presentations.
    silent: (Vec<String>, usize),
    /// Presentations that go on after the last sample of the responses.
    pub(super) late: usize,
    /// Where spikes fell.
    pub(super) tally: Tally,
}

impl NemsClips<'_> {
    /// One clip for each stimulus; `N` neurons.
    ///
    /// # Errors
    /// Presentations of one name with other sounds or lengths, sound that ends before its
    /// presentation, responses at a rate that is no multiple of the sound's, spikes beyond the
    /// recording.
    pub fn read(&self, neurons: usize, report: &mut ImportReport) -> Result<Vec<Clip>> {
        let mut found = ClipsFound::default();
        let step = self.step(report)?;
        let mut clips = Vec::new();
        for (name, epochs) in &self.epochs.stimuli {
            let places = self.places(name, epochs, &mut found)?;
            let Some(cochleagram) = self.cochleagram(name, epochs, &places, &mut found)? else {
                continue;
            };
            let mut responses = unrecorded((neurons, epochs.len(), cochleagram.ncols()))?;
            for ((place, epoch), mut counts) in
                places.iter().zip(epochs).zip(responses.axis_iter_mut(Axis(1)))
            {
                self.respond(*place, epoch, step, &mut counts, &mut found)?;
            }
            let stimulus = Entity { id: name.clone(), ..Entity::default() };
            clips.push(Clip { stimulus, cochleagram, responses });
        }
        self.tell(&found, clips.len(), report)?;
        if let SignalData::Points(cells) = &self.responses.data {
            self.check_spikes(cells, found.tally, report)?;
        }
        Ok(clips)
    }

    /// Width of a bin, in milliseconds.
    pub(super) fn dt_ms(&self) -> f64 {
        1000.0 / self.sound.rate_hz
    }

    /// Where each presentation lies in bins, all of one length.
    fn places(
        &self,
        name: &str,
        epochs: &[Epoch],
        found: &mut ClipsFound,
    ) -> Result<Vec<EpochPlace>> {
        let rate_hz = self.sound.rate_hz;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let bin = |time_s: f64| (time_s * rate_hz).round() as usize;
        let mut places = Vec::with_capacity(epochs.len());
        for epoch in epochs {
            if epoch.start_s * rate_hz < -BETWEEN {
                return Err(self.refused(
                    name,
                    &format!(
                        "line {}: found a start at {} s, expected one in the recording",
                        epoch.line, epoch.start_s
                    ),
                ));
            }
            let exact = epoch.start_s * rate_hz;
            let rasters = matches!(self.sound.data, SignalData::Raster(_))
                || matches!(self.responses.data, SignalData::Raster(_));
            found.between += usize::from(rasters && (exact - exact.round()).abs() > BETWEEN);
            let start = bin(epoch.start_s);
            let bins = bin(epoch.end_s - epoch.start_s);
            places.push(EpochPlace { start, bins: self.audible(start, bins) });
        }
        let by_bins = |place: &&(EpochPlace, &Epoch)| place.0.bins;
        let all: Vec<(EpochPlace, &Epoch)> = places.iter().copied().zip(epochs).collect();
        let shortest = all.iter().min_by_key(by_bins);
        let longest = all.iter().max_by_key(by_bins);
        let (Some((short, of_short)), Some((long, of_long))) = (shortest, longest) else {
            return Ok(places);
        };
        if long.bins - short.bins > 1 {
            return Err(self.refused(name, &format!(
                "found {} at {} s (line {}) and {} at {} s (line {}), expected presentations of \
                 one length; correct or remove the row of {} that is wrong",
                counted(short.bins, "bin"),
                of_short.start_s,
                of_short.line,
                counted(long.bins, "bin"),
                of_long.start_s,
                of_long.line,
                self.epochs.file
            )));
        }
        let bins = short.bins;
        if bins == 0 {
            return Err(self.refused(
                name,
                &format!(
                    "found less than a bin of {} ms at {} s (line {}), expected a bin or more",
                    self.dt_ms(),
                    of_short.start_s,
                    of_short.line
                ),
            ));
        }
        found.cut += places.iter().map(|place| place.bins - bins).sum::<usize>();
        Ok(places.into_iter().map(|place| EpochPlace { bins, ..place }).collect())
    }

    /// So many bins, or one less where the sound ends there.
    fn audible(&self, start: usize, bins: usize) -> usize {
        match &self.sound.data {
            SignalData::Raster(raster) if start + bins == raster.ncols() + 1 => bins - 1,
            _ => bins,
        }
    }

    fn refused(&self, name: &str, what: &str) -> Error {
        Error::Refused(format!("{}: {name}: {what}", self.epochs.file))
    }

    /// The sound of a stimulus, the same at each presentation; none where there is none.
    fn cochleagram(
        &self,
        name: &str,
        epochs: &[Epoch],
        places: &[EpochPlace],
        found: &mut ClipsFound,
    ) -> Result<Option<Array2<f32>>> {
        match &self.sound.data {
            SignalData::Raster(raster) => self.repeated(name, raster, epochs, places).map(Some),
            SignalData::Tiles(tiles) => {
                let Some(tile) = tiles.get(name) else {
                    found.silent.0.push(name.to_owned());
                    found.silent.1 += epochs.len();
                    return Ok(None);
                };
                let bins = places.first().map_or(0, |place| place.bins);
                if tile.ncols().abs_diff(bins) > 1 {
                    return Err(self.refused(name, &format!(
                        "found epochs of {}, expected {} as its sound has in {}; say with --epochs \
                         which are presentations",
                        counted(bins, "bin"),
                        tile.ncols(),
                        self.sound.file
                    )));
                }
                Ok(Some(tile.slice(s![.., ..bins.min(tile.ncols())]).to_owned()))
            }
            SignalData::Points(_) => Err(Error::Refused(format!(
                "{}: found times, expected the levels of a sound; say with --cochleagrams NAME \
                 which signal holds them",
                self.sound.file
            ))),
        }
    }

    fn repeated(
        &self,
        name: &str,
        raster: &Array2<f32>,
        epochs: &[Epoch],
        places: &[EpochPlace],
    ) -> Result<Array2<f32>> {
        let mut first: Option<(ArrayView2<f32>, &Epoch)> = None;
        for (EpochPlace { start, bins }, epoch) in places.iter().zip(epochs) {
            let end = start + bins;
            if end > raster.ncols() {
                return Err(self.refused(
                    name,
                    &format!(
                        "line {}: found an end at {} s, expected one before {} s, where {} ends",
                        epoch.line,
                        epoch.end_s,
                        raster.ncols() as f64 / self.sound.rate_hz,
                        self.sound.name
                    ),
                ));
            }
            let heard = raster.slice(s![.., *start..end]);
            let Some((known, of_first)) = first else {
                first = Some((heard, epoch));
                continue;
            };
            if !alike(known, heard) {
                return Err(self.refused(name, &format!(
                    "found another sound at {} s (line {}) than at {} s (line {}), expected one \
                     sound for each name; say with --epochs which epochs are stimuli",
                    epoch.start_s, epoch.line, of_first.start_s, of_first.line
                )));
            }
        }
        first.map(|(heard, _)| heard.to_owned()).ok_or_else(|| self.refused(name, "no epoch"))
    }

    fn tell(&self, found: &ClipsFound, clips: usize, report: &mut ImportReport) -> Result<()> {
        let ClipsFound { between, cut, silent: (silent, presentations), late, .. } = found;
        if *between > 0 {
            report.inferred(format!(
                "{} between two bins; samples are taken from the nearest",
                counted_that(*between, "presentation", ["begins", "begin"])
            ));
        }
        if *cut > 0 {
            let bins = counted(*cut, "bin");
            report.dropped(format!("{bins} at the end of presentations that others of them lack"));
        }
        if !silent.is_empty() {
            report.dropped(format!(
                "{} of {} without a sound: {}",
                counted(*presentations, "presentation"),
                stimuli_counted(silent.len()),
                listed(silent)
            ));
        }
        if *late > 0 {
            report.inferred(format!(
                "{} on after the last sample of {}: NaN there",
                counted_that(*late, "presentation", ["goes", "go"]),
                self.responses.name
            ));
        }
        if let SignalData::Tiles(tiles) = &self.sound.data {
            let shown =
                |name: &&String| self.epochs.stimuli.iter().all(|(known, _)| known != *name);
            let unheard: Vec<&String> = tiles.keys().filter(shown).collect();
            if !unheard.is_empty() {
                let count = counted(unheard.len(), "sound");
                report.dropped(format!("{count} without a presentation: {}", listed(&unheard)));
            }
        }
        if clips == 0 {
            return Err(Error::Refused(format!(
                "{}: found no sound called as an epoch of {}, expected one for each stimulus",
                self.sound.file, self.epochs.file
            )));
        }
        Ok(())
    }
}

/// Whether two presentations are of one sound, as far as both are known.
fn alike(one: ArrayView2<f32>, other: ArrayView2<f32>) -> bool {
    let loudest = one.iter().fold(0.0f32, |loudest, level| loudest.max(level.abs()));
    let pairs = || one.iter().zip(&other);
    let same = |(a, b): (&f32, &f32)| (a.is_nan() && b.is_nan()) || (a - b).abs() <= SAME * loudest;
    pairs().all(same)
}
