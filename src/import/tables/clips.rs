//! Tables of responses with tables of cochleagrams or sound files, as a recording.
use ndarray::{Array2, Array3, Axis, s};

use super::Csv;
use super::about::AboutTables;
use super::series::{Binned, Series, StimulusRows};
use crate::base::error::{Error, Problems, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{Clip, Entity, Recording, ids};
use crate::import::arrays::lowest_first;
use crate::import::format::Imported;
use crate::import::report::{ImportReport, listed};
use crate::import::sessions::hearing::{Presented, SoundOptions};
use crate::import::sessions::session::Session;
use crate::import::sessions::spikes::{self, LeftOut, Library};

/// Parts of a bin that two tables may begin apart.
const APART: f64 = 0.02;
/// Of clips that differ in length, what is left where `--trim` is meant: one part in so many.
const LEAST_LEFT: usize = 10;

/// All that was read of tables.
pub struct Binning<'a> {
    /// What the user asked for.
    pub options: &'a Csv,
    /// What other tables say.
    pub about: AboutTables,
    /// Responses, whose columns are neurons.
    pub responses: Series,
    /// Cochleagrams, whose columns are bands; none where they come from sound files.
    pub sounds: Option<Series>,
}

/// What was found on the way.
#[derive(Default)]
struct Found {
    /// Stimuli without a sound.
    silent: Vec<String>,
    /// Bins without a row.
    missing: usize,
    /// Bins and clips that were cut.
    cut: (usize, usize),
}

impl Binning<'_> {
    /// The recording.
    ///
    /// # Errors
    /// Times that fit no bins, sound and responses of other lengths, or no sound at all.
    pub fn imported(mut self, report: &mut ImportReport) -> Result<Imported> {
        let dt_ms = self.dt_ms(report)?;
        self.order();
        let mut found = Found::default();
        let Imported { mut recording, frontend } = match self.sounds.take() {
            Some(sounds) => self.with_tables(&sounds, dt_ms, &mut found, report)?,
            None => self.with_files(dt_ms, &mut found, report)?,
        };
        report.inferred(format!(
            "{} from the columns {}",
            counted(self.responses.columns.len(), "neuron"),
            listed(&self.responses.columns)
        ));
        found.tell(report);
        let file = &self.options.source;
        if recording.clips.is_empty() {
            return Err(Error::Refused(format!(
                "{}: found no sound for any of {}, the first {:?}, expected one called so for each",
                file.display(),
                stimuli_counted(found.silent.len()),
                found.silent.first().map_or("", String::as_str)
            )));
        }
        let AboutTables { splits, neurons, stimuli, .. } = self.about;
        if let Some(table) = neurons {
            table.give(recording.neurons.iter_mut(), report);
        }
        if let Some(table) = stimuli {
            table.give(recording.clips.iter_mut().map(|clip| &mut clip.stimulus), report);
        }
        let mut problems = Problems::default();
        if let Some(splits) = &splits {
            let known = recording.stimulus_ids();
            let at = |part: &str| format!("{part} of {}", super::SPLITS);
            for problem in ids::split_problems(splits, &known, at) {
                problems.push(problem);
            }
        }
        recording.splits = splits;
        recording.level = self.options.level.beside(file, recording.level)?;
        lowest_first(&mut recording, report);
        problems.into_result(file, Imported { recording, frontend })
    }

    /// The width of a bin: as an option, another table or the times say.
    fn dt_ms(&self, report: &mut ImportReport) -> Result<f64> {
        let file = self.options.source.display();
        let given = self.options.dt_ms.or(self.about.dt_ms);
        let told = || {
            let sounds = self.sounds.as_ref().and_then(Series::dt_ms);
            self.responses.dt_ms().or(sounds)
        };
        let Some(dt_ms) = given.or_else(told) else {
            return Err(Error::Refused(format!(
                "{file}: found no times in ms or s, expected the width of a bin; give --dt-ms MS"
            )));
        };
        if given.is_none() {
            report.inferred(format!("bins of {dt_ms} ms, as far as times lie apart"));
        }
        if dt_ms.is_finite() && dt_ms > 0.0 {
            return Ok(dt_ms);
        }
        Err(Error::Refused(format!("--dt-ms: found {dt_ms}, expected milliseconds above 0")))
    }

    /// Puts stimuli in the order of their own table, where there is one.
    fn order(&mut self) {
        if let Some(table) = &self.about.stimuli {
            let place = |rows: &StimulusRows| {
                let place = table.entities.iter().position(|entity| entity.id == rows.id);
                place.unwrap_or(usize::MAX)
            };
            self.responses.stimuli.sort_by_cached_key(place);
        }
    }

    fn neurons(&self) -> Vec<Entity> {
        let of = |id: &String| Entity { id: id.clone(), ..Entity::default() };
        self.responses.columns.iter().map(of).collect()
    }

    fn with_tables(
        &self,
        sounds: &Series,
        dt_ms: f64,
        found: &mut Found,
        report: &mut ImportReport,
    ) -> Result<Imported> {
        let units = [&self.responses, sounds].map(|series| series.unit_ms(Some(dt_ms)));
        let [unit_ms, sound_unit_ms] = units;
        let (unit_ms, sound_unit_ms) = (unit_ms?, sound_unit_ms?);
        let mut clips = Vec::new();
        for rows in &self.responses.stimuli {
            let Some(sound) = sounds.stimuli.iter().find(|sound| sound.id == rows.id) else {
                found.silent.push(rows.id.clone());
                continue;
            };
            let heard = sounds.binned(sound, sound_unit_ms, dt_ms)?;
            let answered = self.responses.binned(rows, unit_ms, dt_ms)?;
            if let (Some(a), Some(b)) = (heard.start_ms, answered.start_ms)
                && (a - b).abs() > APART * dt_ms
            {
                return Err(Error::Refused(format!(
                    "{}: {}: found times from {b} ms on, expected them from {a} ms on as in {}",
                    rows.file, rows.id, sound.file
                )));
            }
            let stimulus = Entity { id: rows.id.clone(), ..Entity::default() };
            let cochleagram = cochleagram(sound, heard)?;
            clips.push(self.clip(stimulus, cochleagram, answered, found)?);
        }
        let heard = |id: &String| self.responses.stimuli.iter().any(|rows| rows.id == *id);
        let ids = sounds.stimuli.iter().map(|sound| &sound.id);
        let unheard: Vec<&String> = ids.filter(|id| !heard(id)).collect();
        if !unheard.is_empty() {
            let count = counted(unheard.len(), "cochleagram");
            report.dropped(format!("{count} without responses: {}", listed(&unheard)));
        }
        Ok(Imported::without_sound(Recording {
            file: self.options.source.clone(),
            dt_ms,
            level: self.about.level,
            frequencies_hz: frequencies(&sounds.columns),
            neurons: self.neurons(),
            clips,
            splits: None,
        }))
    }

    fn with_files(
        &self,
        dt_ms: f64,
        found: &mut Found,
        report: &mut ImportReport,
    ) -> Result<Imported> {
        let Csv { source, sounds, hearing, .. } = self.options;
        let unit_ms = self.responses.unit_ms(Some(dt_ms))?;
        let mut left_out = LeftOut::default();
        let library = Library::of(sounds, &mut left_out)?;
        left_out.tell(report);
        let (mut stimuli, mut answers) = (Vec::new(), Vec::new());
        for rows in &self.responses.stimuli {
            let Some(path) = library.find(&rows.id)? else {
                found.silent.push(rows.id.clone());
                continue;
            };
            let answered = self.responses.binned(rows, unit_ms, dt_ms)?;
            self.check_start(rows, &answered, dt_ms)?;
            answers.push(answered);
            stimuli.push(Presented {
                stimulus: Entity { id: rows.id.clone(), ..Entity::default() },
                open: spikes::open(path.to_path_buf()),
                name: path.display().to_string(),
                presentations: Vec::new(),
            });
        }
        let options = SoundOptions { dt_ms, hearing: hearing.clone() };
        let file = source.clone();
        let session =
            Session { file, neurons: Vec::new(), stimuli, onset_scale: None, resolution_ms: 1.0 };
        let Imported { mut recording, frontend } = session.imported(&options, report)?;
        let clips = std::mem::take(&mut recording.clips).into_iter().zip(answers);
        recording.clips = clips
            .map(|(clip, answered)| self.clip(clip.stimulus, clip.cochleagram, answered, found))
            .collect::<Result<_>>()?;
        recording.neurons = self.neurons();
        Ok(Imported { recording, frontend })
    }

    /// Times are those from the onset of the sound.
    fn check_start(&self, rows: &StimulusRows, answered: &Binned, dt_ms: f64) -> Result<()> {
        let Some(start_ms) = answered.start_ms else { return Ok(()) };
        let from_first = (start_ms + self.options.hearing.before_ms) / dt_ms;
        // A time may be that of the start, the middle or the end of its bin.
        if (-APART..=1.0 + APART).contains(&from_first) {
            return Ok(());
        }
        let hint = if start_ms < 0.0 {
            format!("give --before-ms {}", -start_ms)
        } else {
            "give times from the onset of the sound".into()
        };
        Err(Error::Refused(format!(
            "{}: {}: found times from {start_ms} ms on, expected them from {} ms on; {hint}",
            rows.file,
            rows.id,
            0.0 - self.options.hearing.before_ms
        )))
    }

    /// Sound and responses of one length.
    fn clip(
        &self,
        stimulus: Entity,
        cochleagram: Array2<f32>,
        answered: Binned,
        found: &mut Found,
    ) -> Result<Clip> {
        let responses: Array3<f32> = answered.values;
        found.missing += answered.missing * responses.dim().0;
        let (heard, bins) = (cochleagram.ncols(), responses.dim().2);
        let (shorter, longer) = (heard.min(bins), heard.max(bins));
        if shorter < longer && !(self.options.trim && shorter * LEAST_LEFT >= longer) {
            let far = "check that both have bins of the same width, one row a bin";
            let near = "--trim cuts both to the shorter";
            let hint = if shorter * 4 >= longer * 3 { near } else { far };
            return Err(Error::Refused(format!(
                "{}: {}: found {heard} bins of sound, {bins} of responses, expected as many of one \
                 as of the other; {hint}",
                self.options.source.display(),
                stimulus.id
            )));
        }
        found.cut.0 += longer - shorter;
        found.cut.1 += usize::from(shorter < longer);
        let cochleagram = cochleagram.slice_move(s![.., ..shorter]);
        let responses = responses.slice_move(s![.., .., ..shorter]);
        Ok(Clip { stimulus, cochleagram, responses })
    }
}

impl Found {
    fn tell(&self, report: &mut ImportReport) {
        if self.missing > 0 {
            let bins = counted(self.missing, "bin");
            report.inferred(format!("{bins} of neurons without a row: not recorded, NaN"));
        }
        if !self.silent.is_empty() {
            let count = stimuli_counted(self.silent.len());
            report.dropped(format!("{count} without a sound: {}", listed(&self.silent)));
        }
        if self.cut.1 > 0 {
            let (bins, clips) = (counted(self.cut.0, "bin"), counted(self.cut.1, "clip"));
            report.dropped(format!(
                "{bins} at the end of {clips} whose sound and responses differ in length"
            ));
        }
    }
}

/// `(F, T)` of the only presentation in a table of sounds.
fn cochleagram(sound: &StimulusRows, heard: Binned) -> Result<Array2<f32>> {
    let refused = |found: String, expected: &str| {
        Err(Error::Refused(format!(
            "{}: {}: found {found}, expected {expected}",
            sound.file, sound.id
        )))
    };
    if heard.values.dim().1 != 1 {
        let repeats = counted(heard.values.dim().1, "repeat");
        return refused(repeats, "the cochleagram of each stimulus once");
    }
    if heard.missing > 0 {
        return refused(
            format!("{} without a row", counted(heard.missing, "bin")),
            "a row for each",
        );
    }
    let levels = heard.values.index_axis_move(Axis(1), 0);
    match levels.indexed_iter().find(|(_, level)| !level.is_finite()) {
        None => Ok(levels),
        Some(((band, bin), level)) => {
            refused(format!("{level} in bin {bin}, band {band} (from 0)"), "finite numbers")
        }
    }
}

/// The centres of bands whose columns are called by them, in Hz; numbers from 1 on count columns.
pub fn frequencies(columns: &[String]) -> Option<Vec<f64>> {
    let number = |name: &String| {
        let name = name.trim_end_matches("Hz").trim_end_matches("hz").trim();
        name.parse().ok().filter(|hz: &f64| hz.is_finite() && *hz > 0.0)
    };
    let hz: Vec<f64> = columns.iter().map(number).collect::<Option<_>>()?;
    let counts = hz.iter().zip(1u32..).all(|(hz, count)| (hz - f64::from(count)).abs() < 1e-12);
    let rising = hz.windows(2).all(|pair| pair[0] < pair[1]);
    let falling = hz.windows(2).all(|pair| pair[0] > pair[1]);
    (!counts && (rising || falling)).then_some(hz)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_called_by_frequencies_are_told_from_counted_ones() {
        let of =
            |names: &[&str]| frequencies(&names.iter().map(|n| (*n).into()).collect::<Vec<_>>());
        assert_eq!(of(&["200", "400.5 Hz"]), Some(vec![200.0, 400.5]));
        assert_eq!(of(&["400", "200"]), Some(vec![400.0, 200.0]));
        for names in
            [&["1", "2", "3"][..], &["0", "1"], &["band1", "band2"], &["300", "200", "250"]]
        {
            assert_eq!(of(names), None, "{names:?}");
        }
    }
}
