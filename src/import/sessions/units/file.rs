//! What the file of a unit holds.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hdf5::{Group, Location};

use super::{ENDINGS, NO_UNITS, REPEAT, SORT_TYPE, STIMULUS};
use crate::base::error::{Error, Result};
use crate::dataset::hdf5_values::{attributes, described, is_list, is_number, members, numbers};
use crate::dataset::{Entity, hdf5_io};
use crate::import::report::listed;
use crate::import::sessions::counts::Presentation;
use crate::import::sessions::spikes::{natural_order, plain};
use crate::import::sessions::times::SpikeTimes;
use crate::import::sessions::unit::TimeScale;

/// What holds the times of a repeat.
const SPIKE_TIMES: &str = "spike_times";
/// What the names of groups end in that hold something else than classes.
const INFO: &str = "_info";

/// What a file of a unit holds.
pub struct UnitFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Name and attributes of the unit.
    pub neuron: Entity,
    /// Stimuli, with their repeats in order.
    pub heard: Vec<(Entity, Vec<Presentation>)>,
}

/// A file, for messages and for reading.
struct Reader<'a> {
    path: &'a Path,
    levels: &'a [String],
    scale: TimeScale,
}

impl UnitFile {
    /// Reads a file; nothing where it holds no unit.
    ///
    /// # Errors
    /// It is damaged, or does not have these levels.
    pub fn read(path: &Path, levels: &[String], scale: TimeScale) -> Result<Option<Self>> {
        let file = hdf5_io::open(path)?;
        let reader = Reader { path, levels, scale };
        let mut own = reader.attributes(&file, "")?;
        let sort_type = own.get(SORT_TYPE).map(|text| text.trim().to_lowercase());
        if sort_type.is_some_and(|text| NO_UNITS.contains(&text.as_str())) {
            return Ok(None);
        }
        if let Some(cut) = own.get_mut(SORT_TYPE).filter(|text| *text == "singl") {
            "single".clone_into(cut);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let animal = path.parent().and_then(Path::file_name);
        if let Some(animal) = animal {
            own.entry("animal".into()).or_insert_with(|| animal.to_string_lossy().into_owned());
        }
        let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
        let id = stem.unwrap_or(plain(&name)).to_owned();
        let mut found = BTreeMap::new();
        let root = file.group("/").map_err(|source| reader.damaged("/", source))?;
        reader.descend(&root, &Place::default(), &mut found)?;
        let mut found: Vec<(String, OfStimulus)> = found.into_iter().collect();
        found.sort_by(|a, b| natural_order(&a.0, &b.0));
        let heard = found.into_iter().map(|(id, of)| {
            let mut repeats = of.repeats;
            repeats.sort_by(|a, b| natural_order(&a.0, &b.0));
            let presentations = repeats.into_iter().map(|(_, one)| one).collect();
            (Entity { id, attributes: of.attributes }, presentations)
        });
        let neuron = Entity { id, attributes: own };
        Ok(Some(Self { path: path.to_path_buf(), neuron, heard: heard.collect() }))
    }
}

/// What is known at a group.
#[derive(Default, Clone)]
struct Place {
    /// Path in the file.
    at: String,
    /// Names of the levels above.
    names: Vec<String>,
    /// Attributes of the groups above, from the stimulus on.
    attributes: BTreeMap<String, String>,
}

#[derive(Default)]
struct OfStimulus {
    attributes: BTreeMap<String, String>,
    /// With their names.
    repeats: Vec<(String, Presentation)>,
}

impl Reader<'_> {
    /// Takes the repeats in a group and those below it.
    fn descend(
        &self,
        group: &Group,
        place: &Place,
        found: &mut BTreeMap<String, OfStimulus>,
    ) -> Result<()> {
        let depth = place.names.len();
        for name in members(group).map_err(|source| self.damaged(&place.at, source))? {
            if depth == 0 && name.ends_with(INFO) {
                continue;
            }
            let mut inner = place.clone();
            inner.at = format!("{}/{name}", place.at);
            inner.names.push(name.clone());
            if depth + 1 == self.levels.len() {
                let times = self.times(group, &name, &inner.at)?;
                self.note(inner, times, found);
                continue;
            }
            let Ok(below) = group.group(&name) else { continue };
            if self.levels[depth] == STIMULUS {
                inner.attributes.extend(self.attributes(&below, &inner.at)?);
            }
            self.descend(&below, &inner, found)?;
        }
        Ok(())
    }

    fn note(&self, place: Place, times: Vec<f64>, found: &mut BTreeMap<String, OfStimulus>) {
        let named = || self.levels.iter().zip(&place.names);
        let name = |level: &str| {
            named().find(|(known, _)| *known == level).map_or_else(String::new, |(_, n)| n.clone())
        };
        let others = named().filter(|(level, _)| *level != STIMULUS && *level != REPEAT);
        let others = others.map(|(level, name)| (level.clone(), name.clone()));
        let of = found.entry(name(STIMULUS)).or_default();
        for (attribute, value) in others.chain(place.attributes.clone()) {
            of.attributes.entry(attribute).or_insert(value);
        }
        let times_ms = times.iter().map(|time| time * self.scale.step.ms()).collect::<Vec<_>>();
        let times_ms = SpikeTimes::from(times_ms);
        of.repeats.push((name(REPEAT), Presentation { times_ms, recorded_ms: Vec::new() }));
    }

    /// The times of a repeat: a list of its name, or in it. A repeat that holds nothing has no spikes.
    fn times(&self, group: &Group, name: &str, at: &str) -> Result<Vec<f64>> {
        let (dataset, at) = match group.dataset(name) {
            Ok(dataset) if is_numbered(name) => (Some(dataset), at.to_owned()),
            Ok(dataset) => {
                let expected = format!("a group with {SPIKE_TIMES} for each repeat");
                let found = format!("found {}, expected {expected}", described(&dataset));
                return Err(self.refused(at, &found));
            }
            Err(_group) => {
                let inner = group.group(name).map_err(|source| self.damaged(at, source))?;
                let holds = members(&inner).map_err(|source| self.damaged(at, source))?;
                if !holds.is_empty() && !holds.iter().any(|name| name == SPIKE_TIMES) {
                    return Err(self.refused(
                        at,
                        &format!("found {}, expected {SPIKE_TIMES} in a repeat", listed(&holds)),
                    ));
                }
                (inner.dataset(SPIKE_TIMES).ok(), format!("{at}/{SPIKE_TIMES}"))
            }
        };
        let Some(dataset) = dataset.filter(|dataset| dataset.size() > 0) else {
            return Ok(Vec::new());
        };
        if !is_number(&dataset) || !is_list(&dataset) {
            let found = format!("found {}, expected a list of times", described(&dataset));
            return Err(self.refused(&at, &found));
        }
        let times = numbers(&dataset).map_err(|source| self.damaged(&at, source))?;
        match times.iter().find(|time| !time.is_finite()) {
            Some(bad) => Err(self.refused(&at, &format!("found {bad}, expected finite numbers"))),
            None => Ok(times),
        }
    }

    /// The attributes of a place that are text or numbers.
    fn attributes(&self, place: &Location, at: &str) -> Result<BTreeMap<String, String>> {
        let names = place.attr_names().and_then(|names| attributes(place, &names));
        names.map_err(|source| self.damaged(at, source))
    }

    fn damaged(&self, at: &str, source: hdf5::Error) -> Error {
        hdf5_io::damaged(&self.path.display(), at, source)
    }

    fn refused(&self, at: &str, what: &str) -> Error {
        Error::Refused(format!("{}: {at}: {what}; check --levels", self.path.display()))
    }
}

/// Whether a name is that of a repeat and nothing else: a number, with a word before it.
fn is_numbered(name: &str) -> bool {
    let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '_');
    let word = name[..name.len() - digits.len()].trim_end_matches('_').to_lowercase();
    let known = ["", "trial", "repeat", "rep"].contains(&word.as_str());
    known && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
