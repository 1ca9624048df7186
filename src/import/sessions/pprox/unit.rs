//! What the file of a unit holds.
use std::collections::BTreeMap;
use std::fmt;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::trial::{Scalar, Trial};
use crate::base::error::{Error, Result};
use crate::base::files;
use crate::import::sessions::counts::Presentation;
use crate::import::sessions::times::SpikeTimes;
use crate::import::sessions::unit::{TimeStep, Unit};

/// Key of the trials.
const TRIALS: &str = "pprox";
/// How the keys begin that say something of the file.
const OF_FILE: char = '$';

/// A file as it stands; what is neither a trial nor one value is passed over.
#[derive(Default)]
struct Content {
    trials: Option<Vec<Trial>>,
    attributes: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with trials in pprox")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut content = Content::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == TRIALS {
                content.trials = Some(map.next_value()?);
            } else if let Scalar(Some(value)) = map.next_value()? {
                content.attributes.insert(key, value);
            }
        }
        content.attributes.retain(|key, _| !key.starts_with(OF_FILE));
        Ok(content)
    }
}

/// The trials of a unit.
pub struct UnitTrials {
    /// What the file says of the unit.
    pub attributes: BTreeMap<String, String>,
    /// Trials with the name of what was played, in their order.
    pub trials: Vec<(String, Presentation)>,
    /// Trials in which nothing was played.
    pub silent: usize,
    /// In which unit its times are by its schema, where there are trials.
    pub unit: Option<Unit>,
    /// Whether onsets are not 0 on the clock of a trial.
    pub shifted: bool,
}

impl UnitTrials {
    /// Reads a file, trial by trial; an option may say the unit of its times.
    ///
    /// # Errors
    /// It is damaged, holds no trials, or trials that do not say when the stimulus began.
    pub fn read(path: &Path, given: Option<TimeStep>) -> Result<Self> {
        let shown = path.display();
        let file = BufReader::with_capacity(1 << 18, files::open(path, "pprox file")?);
        let content: Content = serde_json::from_reader(file).map_err(|source| {
            Error::file(format!("reading {shown}: it is damaged, or no pprox file"), source)
        })?;
        let Some(all) = content.trials else {
            let expected = "expected a list of trials; this is JSON of another kind";
            return Err(Error::Refused(format!("{shown}: found no key {TRIALS}, {expected}")));
        };
        let mut unit = Self {
            attributes: content.attributes,
            trials: Vec::with_capacity(all.len()),
            silent: 0,
            unit: None,
            shifted: false,
        };
        for (number, trial) in all.into_iter().enumerate() {
            unit.add(trial, given).map_err(|what| {
                Error::Refused(format!("{shown}: trial {} of {TRIALS}: {what}", number + 1))
            })?;
        }
        Ok(unit)
    }

    fn add(&mut self, trial: Trial, given: Option<TimeStep>) -> Result<(), String> {
        let (stored, own) = match (trial.events, trial.event) {
            (Some(events), None) => (events, Unit::S),
            (None, Some(event)) => (event, Unit::Ms),
            (Some(_), Some(_)) => {
                return Err("found both event and events, expected one of them".into());
            }
            (None, None) => return Err("found neither event nor events, expected one".into()),
        };
        let (name, of_stimulus) = match trial.stimulus {
            Some(played) => (played.name, played.interval),
            None => (None, None),
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            self.silent += 1;
            return Ok(());
        };
        let begins = of_stimulus.and_then(|interval| interval.first().copied());
        let onset = trial.stim_on.map(|onset| onset.0).or(begins);
        let onset = match (onset, own) {
            (Some(onset), _) => onset,
            // Times of this schema are from the onset on.
            (None, Unit::S) => 0.0,
            (None, _) => {
                let what = "found no onset of the stimulus, expected stim_on in milliseconds on the \
                            clock of the spikes";
                return Err(what.into());
            }
        };
        if self.unit.is_some_and(|unit| unit != own) {
            return Err("found event, but events in others, expected one schema in a file".into());
        }
        self.unit = Some(own);
        self.shifted |= own == Unit::S && onset != 0.0;
        let step_ms = given.unwrap_or(TimeStep::Unit(own)).ms();
        let ms = |time: f64| (time - onset) * step_ms;
        let recorded_ms = match trial.interval.as_deref() {
            None | Some([]) => Vec::new(),
            Some([from, to]) if from < to => vec![(ms(*from), ms(*to))],
            Some(other) => {
                let found = format!("found the interval {other:?}");
                return Err(format!("{found}, expected its start and its end"));
            }
        };
        let times_ms = SpikeTimes::from(stored.into_iter().map(ms).collect::<Vec<_>>());
        self.trials.push((name, Presentation { times_ms, recorded_ms }));
        Ok(())
    }
}
