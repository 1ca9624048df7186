//! The arrays of a file that a recording is made of: named by options, or by usual names.
use std::collections::BTreeSet;

use super::guess;
use super::options::ArrayOptions;
use super::value::{ArrayValue, Arrays};
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::dataset::schema::SPLITS;
use crate::import::report::ImportReport;

/// Reads a list of a file, where it is one.
type ReadList<T> = fn(&mut dyn Arrays, &str) -> Result<Option<Vec<T>>>;

/// Asks a file for arrays; what does not fit is noted.
pub struct Named<'a> {
    /// What was inferred and left out.
    pub report: &'a mut ImportReport,
    pub(super) arrays: &'a mut dyn Arrays,
    /// Names of the arrays and what they hold.
    contents: Vec<(String, String)>,
    pub(super) options: &'a ArrayOptions,
    pub(super) problems: Problems,
    /// Whether names inside groups and structs may be what their last part says.
    pub(super) looks_inside: bool,
    /// Names of arrays that were asked for.
    pub(super) used: Vec<String>,
}

impl<'a> Named<'a> {
    /// Nothing asked yet.
    pub fn new(
        arrays: &'a mut dyn Arrays,
        options: &'a ArrayOptions,
        report: &'a mut ImportReport,
    ) -> Self {
        let contents = arrays.contents();
        arrays.unreadable().into_iter().for_each(|text| report.warn(text));
        let problems = Problems::default();
        Self { report, arrays, contents, options, problems, looks_inside: true, used: Vec::new() }
    }

    /// All problems, where there are any.
    pub fn finish(&mut self) -> Result<()> {
        std::mem::take(&mut self.problems).into_result(&self.options.source, ())
    }

    /// All problems, after which nothing can be made of the file.
    pub fn stopped(&mut self) -> Error {
        let nothing = || Error::Refused(format!("{}: no array", self.options.source.display()));
        let problems = std::mem::take(&mut self.problems);
        problems.into_result(&self.options.source, ()).err().unwrap_or_else(nothing)
    }

    /// Name of the cochleagrams.
    pub fn sound_name(&mut self) -> Option<String> {
        let given = self.options.cochleagrams.as_deref();
        self.name(given, "cochleagrams", guess::COCHLEAGRAMS)
    }

    /// Name of the responses.
    pub fn response_name(&mut self) -> Option<String> {
        let given = self.options.responses.as_deref();
        self.name(given, "responses", guess::RESPONSES)
    }

    /// Whether something may hold cochleagrams by its name, and is no text.
    pub fn may_have_sound(&self) -> bool {
        let found = self.find(&self.names(), guess::COCHLEAGRAMS);
        let holds = |name: String| self.contents.iter().find(|(known, _)| *known == name);
        found.and_then(holds).is_some_and(|(_, holds)| !holds.starts_with("text"))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.contents.iter().any(|(known, _)| known == name)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.contents.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn find(&self, names: &[&str], usual: &[&str]) -> Option<String> {
        if self.looks_inside { guess::find(names, usual) } else { guess::find_at_top(names, usual) }
    }

    /// The name that an option gives, or a usual one that the file has.
    fn name(&mut self, given: Option<&str>, what: &str, usual: &[&str]) -> Option<String> {
        let names = self.names();
        if let Some(name) = given.filter(|name| names.contains(name)) {
            self.used.push(name.to_owned());
            return Some(name.to_owned());
        }
        if let (None, Some(name)) = (given, self.find(&names, usual)) {
            self.used.push(name.clone());
            self.report.inferred(format!("{what} are {name}"));
            return Some(name);
        }
        let all = self.contents.iter().map(|(name, holds)| format!("{name}: {holds}"));
        let holds = format!("the file holds {}", guess::listing(&all.collect::<Vec<_>>()));
        let lost = self.arrays.unreadable();
        let mut holds = std::iter::once(holds).chain(lost).collect::<Vec<_>>().join("; ");
        // Said once.
        if given.is_none() && self.problems.is_empty() {
            let hint = |name| {
                format!("; if {name} holds spike times: --spike-times {name} --sounds FOLDER")
            };
            holds.extend(self.arrays.spike_times().map(hint));
        }
        let at = format!("--{what}");
        self.problems.push(match given {
            Some(name) => Problem::new(at, format!("{name:?}"), "the name of an array").hint(holds),
            None => Problem::new(what, "no array of a usual name", "an array that holds them")
                .hint(format!("give {at} NAME; {holds}")),
        });
        None
    }

    /// The width of a bin.
    pub fn dt_ms(&mut self) -> Result<Option<f64>> {
        let dt_ms = match self.options.dt_ms {
            Some(dt_ms) => Some(dt_ms),
            None => self.dt_ms_of_file()?,
        };
        match dt_ms {
            None => {
                let problem = Problem::new("dt_ms", "nothing", "the width of a bin");
                self.problems.push(problem.hint("give --dt-ms MS"));
            }
            Some(dt_ms) => self.problems.require(dt_ms.is_finite() && dt_ms > 0.0, || {
                Problem::new("dt_ms", dt_ms.to_string(), "a number of milliseconds above 0")
            }),
        }
        Ok(dt_ms)
    }

    fn dt_ms_of_file(&mut self) -> Result<Option<f64>> {
        let names = self.names();
        let Some(name) = self.find(&names, guess::DT_MS) else { return Ok(None) };
        let list = self.arrays.numbers(&name)?;
        let Some([dt_ms]) = list.as_deref() else { return Ok(None) };
        self.report.inferred(format!("bins of {dt_ms} ms, from {name}"));
        Ok(Some(*dt_ms))
    }

    /// What the file holds under a name.
    pub fn value(&mut self, name: String) -> Result<Option<NamedValue>> {
        let value = self.arrays.value(&name)?;
        let (empty, cells) = value.empty_cells();
        if value.is_empty() || (cells > 0 && empty == cells) {
            let found = if value.is_empty() { "an empty array" } else { "only empty cells" };
            let problem = Problem::new(&name, found, "an array that holds something");
            self.problems.push(problem);
            return Ok(None);
        }
        Ok(Some(NamedValue { name, value }))
    }

    /// So many stimuli, named by a list of the file or numbered.
    pub fn stimuli(&mut self, count: usize) -> Result<Vec<Entity>> {
        let given = self.options.stimulus_ids.as_deref();
        let read: ReadList<String> = |arrays, name| arrays.texts(name);
        let ids = self.list(given, guess::STIMULUS_IDS, count, "--stimulus-ids", read)?;
        Ok(self.entities("stimuli", ids, count, ""))
    }

    /// A list of so many texts that nothing was made of, no two of them alike.
    fn other_texts(&mut self, count: usize) -> Option<String> {
        let kinds = [format!("cells (1, {count})"), format!("cells ({count}, 1)")];
        let stimuli = &self.options.stimulus_ids;
        let is_free = |name: &str| {
            let last = name.rsplit(guess::LINKS).next().unwrap_or_default().to_lowercase();
            let of_stimuli = [name, &last].iter().any(|name| guess::STIMULUS_IDS.contains(name));
            let used = self.used.iter().any(|used| used == name);
            // Lists in these groups are attributes, or name stimuli.
            let groups = [guess::NEURONS, guess::STIMULI, SPLITS];
            let inside = groups.iter().any(|group| guess::inside(name, group).is_some());
            !of_stimuli && !used && !inside && stimuli.as_deref() != Some(name)
        };
        let is_text = |holds: &str| ["text", "strings"].iter().any(|kind| holds.starts_with(kind));
        let is_list = |holds: &String| kinds.contains(holds) || is_text(holds);
        let lists = self.contents.iter().filter(|(name, holds)| is_list(holds) && is_free(name));
        let names: Vec<String> = lists.map(|(name, _)| name.clone()).collect();
        let fits = |texts: Vec<String>| {
            let apart: BTreeSet<&String> = texts.iter().collect();
            let numbers = texts.iter().all(|text| text.parse::<f64>().is_ok());
            count > 1 && texts.len() == count && apart.len() == count && !numbers
        };
        let mut holds = |name: &String| self.arrays.texts(name).ok().flatten().is_some_and(fits);
        names.into_iter().find(|name| holds(name))
    }

    /// So many neurons, named by a list of the file or numbered.
    pub fn neurons(&mut self, count: usize) -> Result<Vec<Entity>> {
        let given = self.options.neuron_ids.as_deref();
        let read: ReadList<String> = |arrays, name| arrays.texts(name);
        let ids = self.list(given, guess::NEURON_IDS, count, "--neuron-ids", read)?;
        let other = if ids.is_some() { None } else { self.other_texts(count) };
        let hint = other.map(|name| format!("; {name} has {count} texts: --neuron-ids {name}"));
        Ok(self.entities("neurons", ids, count, &hint.unwrap_or_default()))
    }

    fn entities(
        &mut self,
        what: &str,
        ids: Option<Vec<String>>,
        count: usize,
        hint: &str,
    ) -> Vec<Entity> {
        let letter = &what[..1];
        let ids = ids.unwrap_or_else(|| {
            let last = if count > 1 { format!(" to {letter}{count}") } else { String::new() };
            self.report.inferred(format!("{what} are named {letter}1{last}{hint}"));
            (1..=count).map(|number| format!("{letter}{number}")).collect()
        });
        ids.into_iter().map(|id| Entity { id, ..Entity::default() }).collect()
    }

    /// Centres of so many bands in Hz, where the file has them.
    pub fn frequencies(&mut self, bands: usize) -> Result<Option<Vec<f64>>> {
        let given = self.options.frequencies.as_deref();
        let read: ReadList<f64> = |arrays, name| arrays.numbers(name);
        self.list(given, guess::FREQUENCIES, bands, "--frequencies", read)
    }

    /// A list of so many values: the one that was asked for, or one of a usual name that fits.
    fn list<T>(
        &mut self,
        given: Option<&str>,
        usual: &[&str],
        count: usize,
        option: &str,
        read: ReadList<T>,
    ) -> Result<Option<Vec<T>>> {
        let names = self.names();
        let asked = given.map(str::to_owned).or_else(|| self.find(&names, usual));
        let Some(name) = asked else { return Ok(None) };
        let known = names.contains(&name.as_str());
        let list = if known { read(&mut *self.arrays, &name)? } else { None };
        let length = list.as_ref().map(Vec::len);
        if length == Some(count) {
            self.used.push(name.clone());
        }
        if length == Some(count) && given.is_none() {
            self.report.inferred(format!("{} are {name}", &option[2..].replace('-', " ")));
        }
        self.problems.require(given.is_none() || length == Some(count), || {
            let holds = self.contents.iter().find(|(known, _)| *known == name);
            let no_list = || holds.map_or("nothing".into(), |(_, holds)| holds.clone());
            let found = length.map_or_else(no_list, |length| counted(length, "value"));
            Problem::new(format!("{option} {name}"), found, format!("a list of {count}"))
        });
        Ok(list.filter(|list| list.len() == count))
    }
}

/// What a file holds under a name.
pub struct NamedValue {
    pub(super) name: String,
    pub(super) value: ArrayValue,
}
