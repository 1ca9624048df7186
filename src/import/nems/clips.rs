//! Sound and responses at the presentations of each stimulus.
use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut2, Axis, s};

use super::epochs::{Epoch, Epochs};
use super::signal::{Signal, SignalData};
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{Clip, Entity};
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::counts::{Presentation, Tally, Window};

/// Parts of a bin within which an epoch begins with one.
const BETWEEN: f64 = 0.01;
/// By how much two presentations of one sound may differ, relative to its loudest bin.
const SAME: f32 = 1e-5;
/// Times of spikes are exact to this.
const RESOLUTION_MS: f64 = 0.001;
/// Of all spikes, the share that may lie beyond the recording.
const MOST_BEYOND: f64 = 0.1;

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
struct Place {
    /// First bin.
    start: usize,
    bins: usize,
}

/// What was found on the way.
#[derive(Default)]
struct Found {
    /// Presentations that begin between two bins.
    between: usize,
    /// Bins at the end of presentations that others lack.
    cut: usize,
    /// Stimuli without a sound, and their presentations.
    silent: (Vec<String>, usize),
    /// Presentations that go on after the last sample of the responses.
    late: usize,
    /// Where spikes fell.
    tally: Tally,
}

impl NemsClips<'_> {
    /// One clip for each stimulus; `N` neurons.
    ///
    /// # Errors
    /// Presentations of one name with other sounds or lengths, sound that ends before its
    /// presentation, responses at a rate that is no multiple of the sound's, spikes beyond the
    /// recording.
    pub fn read(&self, neurons: usize, report: &mut ImportReport) -> Result<Vec<Clip>> {
        let mut found = Found::default();
        let step = self.step(report)?;
        let mut clips = Vec::new();
        for (name, epochs) in &self.epochs.stimuli {
            let places = self.places(name, epochs, &mut found)?;
            let Some(cochleagram) = self.cochleagram(name, epochs, &places, &mut found)? else {
                continue;
            };
            let mut responses =
                Array3::from_elem((neurons, epochs.len(), cochleagram.ncols()), f32::NAN);
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

    /// The responses `(N, T)` to a presentation.
    fn respond(
        &self,
        place: Place,
        epoch: &Epoch,
        step: usize,
        counts: &mut ArrayViewMut2<f32>,
        found: &mut Found,
    ) -> Result<()> {
        match &self.responses.data {
            SignalData::Raster(raster) => {
                let place = Place { bins: counts.ncols(), ..place };
                found.late += usize::from(self.sums(raster, place, step, counts)?);
            }
            SignalData::Points(cells) => found.tally += self.counts(cells, epoch, counts),
            SignalData::Tiles(_) => (),
        }
        Ok(())
    }

    fn dt_ms(&self) -> f64 {
        1000.0 / self.sound.rate_hz
    }

    /// Samples of the responses in a bin of the sound.
    fn step(&self, report: &mut ImportReport) -> Result<usize> {
        let Self { sound, responses, .. } = self;
        let shown = &responses.file;
        if matches!(responses.data, SignalData::Tiles(_)) {
            return Err(Error::Refused(format!(
                "{shown}: found a tile for each stimulus, expected responses at each presentation"
            )));
        }
        if matches!(responses.data, SignalData::Points(_)) {
            return Ok(1);
        }
        let ratio = responses.rate_hz / sound.rate_hz;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let step = ratio.round() as usize;
        if step == 0 || (ratio - ratio.round()).abs() > 1e-6 * ratio {
            return Err(Error::Refused(format!(
                "{shown}: found {} samples a second, expected a multiple of the {} of {}; bring \
                 both to one rate in NEMS and save the recording again",
                responses.rate_hz, sound.rate_hz, sound.name
            )));
        }
        if step > 1 {
            report.inferred(format!(
                "counts of {} at {} Hz are summed over {step} samples, to bins of {} ms",
                responses.name,
                responses.rate_hz,
                self.dt_ms()
            ));
        }
        Ok(step)
    }

    /// Where each presentation lies in bins, all of one length.
    fn places(&self, name: &str, epochs: &[Epoch], found: &mut Found) -> Result<Vec<Place>> {
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
            places.push(Place { start, bins: self.audible(start, bins) });
        }
        let by_bins = |place: &&(Place, &Epoch)| place.0.bins;
        let all: Vec<(Place, &Epoch)> = places.iter().copied().zip(epochs).collect();
        let shortest = all.iter().min_by_key(by_bins);
        let longest = all.iter().max_by_key(by_bins);
        let (Some((short, of_short)), Some((long, of_long))) = (shortest, longest) else {
            return Ok(places);
        };
        if long.bins - short.bins > 1 {
            return Err(self.refused(name, &format!(
                "found {} at {} s (line {}) and {} at {} s (line {}), expected presentations of \
                 one length; say with --epochs which are presentations",
                counted(short.bins, "bin"),
                of_short.start_s,
                of_short.line,
                counted(long.bins, "bin"),
                of_long.start_s,
                of_long.line,
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
        Ok(places.into_iter().map(|place| Place { bins, ..place }).collect())
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
        places: &[Place],
        found: &mut Found,
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
        places: &[Place],
    ) -> Result<Array2<f32>> {
        let mut first: Option<(ArrayView2<f32>, &Epoch)> = None;
        for (Place { start, bins }, epoch) in places.iter().zip(epochs) {
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

    /// Sums of the samples of a presentation, NaN where one is missing; whether it goes on after the
    /// last sample.
    fn sums(
        &self,
        raster: &Array2<f32>,
        place: Place,
        step: usize,
        sums: &mut ArrayViewMut2<f32>,
    ) -> Result<bool> {
        let known = (raster.ncols() / step).saturating_sub(place.start).min(place.bins);
        for ((cell, bin), sum) in sums.slice_mut(s![.., ..known]).indexed_iter_mut() {
            let from = (place.start + bin) * step;
            let samples = raster.slice(s![cell, from..from + step]);
            let is_count = |value: &f32| value.is_nan() || (*value >= 0.0 && value.fract() == 0.0);
            let odd = samples.iter().find(|value| !is_count(value));
            if let (Some(odd), 2..) = (odd, step) {
                return Err(Error::Refused(format!(
                    "{}: found {odd} at {} Hz, expected counts of spikes, which can be summed over \
                     bins of {} ms; bring {} and {} to one rate in NEMS and save the recording again",
                    self.responses.file,
                    self.responses.rate_hz,
                    self.dt_ms(),
                    self.sound.name,
                    self.responses.name
                )));
            }
            *sum = samples.sum();
        }
        Ok(known < place.bins)
    }

    /// Counts of the spikes of a presentation.
    fn counts(
        &self,
        cells: &[(String, Vec<f64>)],
        epoch: &Epoch,
        counts: &mut ArrayViewMut2<f32>,
    ) -> Tally {
        let window = Window { dt_ms: self.dt_ms(), before_ms: 0.0, resolution_ms: RESOLUTION_MS };
        let mut tally = Tally::default();
        for ((_, times_s), row) in cells.iter().zip(counts.outer_iter_mut()) {
            let inside = &times_s[within(times_s, epoch)];
            let times_ms = inside.iter().map(|time_s| (time_s - epoch.start_s) * 1000.0).collect();
            let presentation = Presentation { times_ms, recorded_ms: Vec::new() };
            tally += window.count(&presentation, row);
        }
        tally
    }

    /// Counts the spikes that no presentation holds, and refuses times that are on another clock.
    fn check_spikes(
        &self,
        cells: &[(String, Vec<f64>)],
        tally: Tally,
        report: &mut ImportReport,
    ) -> Result<()> {
        let length_s = match &self.sound.data {
            SignalData::Raster(raster) => raster.ncols() as f64 / self.sound.rate_hz,
            _ => 0.0,
        };
        let end_s = self.epochs.end_s.max(length_s);
        let all = || cells.iter().flat_map(|(_, times)| times.iter().copied());
        let total = all().count();
        let beyond = all().filter(|time| *time < 0.0 || *time > end_s).count();
        let file = &self.responses.file;
        let spikes = counted(total, "spike");
        let hint = "times of spikes are seconds from the start of the recording";
        if beyond as f64 > MOST_BEYOND * total as f64 {
            return Err(Error::Refused(format!(
                "{file}: found {beyond} of {spikes} beyond the recording, which ends at {end_s} s, \
                 expected nearly all in it; {hint}"
            )));
        }
        if total > 0 && tally.inside == 0 {
            return Err(Error::Refused(format!(
                "{file}: found no spike of {total} in any presentation, expected some; {hint}"
            )));
        }
        let held = |(_, times): &(String, Vec<f64>)| {
            let mut held = vec![false; times.len()];
            for epoch in self.epochs.stimuli.iter().flat_map(|(_, epochs)| epochs) {
                held[within(times, epoch)].fill(true);
            }
            held.iter().filter(|held| **held).count()
        };
        let outside = total - cells.iter().map(held).sum::<usize>();
        if outside > 0 {
            report.dropped(format!(
                "{outside} of {spikes} outside of all presentations, {beyond} of them beyond the \
                 recording"
            ));
        }
        if tally.after > 0 {
            let cut = counted(tally.after, "spike");
            report.dropped(format!("{cut} after the last whole bin of a presentation"));
        }
        Ok(())
    }

    fn tell(&self, found: &Found, clips: usize, report: &mut ImportReport) -> Result<()> {
        let Found { between, cut, silent: (silent, presentations), late, .. } = found;
        if *between > 0 {
            report.inferred(format!(
                "{} begin between two bins; samples are taken from the nearest",
                counted(*between, "presentation")
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
                "{} go on after the last sample of {}: NaN there",
                counted(*late, "presentation"),
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

/// Which of sorted times lie in an epoch.
fn within(times_s: &[f64], epoch: &Epoch) -> std::ops::Range<usize> {
    // Half of what times are exact to: they are rounded before they are counted.
    let slack_s = RESOLUTION_MS / 2000.0;
    let before = |edge_s: f64| times_s.partition_point(|time_s| *time_s < edge_s - slack_s);
    let (from, to) = (before(epoch.start_s), before(epoch.end_s));
    from..to.max(from)
}

/// Whether two presentations are of one sound, as far as both are known.
fn alike(one: ArrayView2<f32>, other: ArrayView2<f32>) -> bool {
    let loudest = one.iter().fold(0.0f32, |loudest, level| loudest.max(level.abs()));
    let pairs = || one.iter().zip(&other);
    let same = |(a, b): (&f32, &f32)| (a.is_nan() && b.is_nan()) || (a - b).abs() <= SAME * loudest;
    pairs().all(same)
}
