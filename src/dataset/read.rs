//! Reads a dataset file; everything that does not fit is reported at once, in the file's order.
use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array3;

use super::layout::{Content, Need, Take};
use super::level::SoundLevel;
use super::location::ResponseLocation;
use super::recording::{Recording, Splits};
use super::schema::{
    COCHLEAGRAMS, DT_MS, FORMAT, FORMAT_VALUE, FREQUENCIES, NEURONS, RESPONSES, SPLIT_PARTS,
    SPLITS, STIMULI, VERSION, VERSION_VALUE,
};
use super::source::Source;
use super::{check, dense, grouped, ids};
use crate::base::error::{Problem, Result};

/// A recording and what its file left to be inferred, one sentence each.
#[derive(Debug, Clone)]
pub struct ReadRecording<R = Array3<f32>> {
    /// What the file holds.
    pub recording: Recording<R>,
    /// What was inferred or left out, for the user to see.
    pub notes: Vec<String>,
}

/// Reads sound and responses.
///
/// Fails with every problem of the file where it is no sound dataset, or with one message where it
/// cannot be opened.
pub fn read(path: &Path) -> Result<ReadRecording> {
    read_as(path, Need::Responses)
}

/// Reads the sound, and where the responses lie; fails as [`read`], but for values of responses
/// that nobody has looked at.
pub fn read_sound(path: &Path) -> Result<ReadRecording<ResponseLocation>> {
    // A file with a problem is read as a whole, so that all of its problems are told at once.
    read_as(path, Need::Responses).map_err(|found| read(path).err().unwrap_or(found))
}

/// Reads a file of which only the sound is needed: without `/neurons` there are none, and a
/// stimulus without responses has `(N, 0, T)` of them.
pub fn read_for_prediction(path: &Path) -> Result<ReadRecording<ResponseLocation>> {
    read_as(path, Need::Sound)
}

/// What lies at the top of a file beside the dataset: groups, datasets and attributes.
///
/// # Errors
/// The file cannot be read.
pub fn other_content(path: &Path) -> Result<Vec<String>> {
    let own = [FREQUENCIES, NEURONS, STIMULI, COCHLEAGRAMS, RESPONSES, SPLITS];
    let own_attributes = [[FORMAT, VERSION, DT_MS].as_slice(), &SoundLevel::NAMES].concat();
    let mut source = Source::open(path)?;
    let (names, attributes) = (source.members("/"), source.attributes("/"));
    let names = names.into_iter().filter(|name| !own.contains(&name.as_str()));
    let attributes = attributes.into_keys();
    let attributes = attributes.filter(|name| !own_attributes.contains(&name.as_str()));
    let others = names.map(|name| format!("/{name}"));
    Ok(others.chain(attributes.map(|name| format!("the attribute {name}"))).collect())
}

fn read_as<R: Take>(path: &Path, need: Need) -> Result<ReadRecording<R>> {
    let mut source = Source::open(path)?;
    let dt_ms = header(&mut source);
    let level = level(&mut source);
    let (frequencies_hz, content) = if source.has(COCHLEAGRAMS) {
        (frequencies(&mut source, dense::bands), dense::read(&mut source, need))
    } else {
        (frequencies(&mut source, grouped::bands), grouped::read(&mut source, need))
    };
    let splits = splits(&mut source, &content.stimulus_ids);
    let Content { neurons, clips, .. } = content;
    let file = path.to_path_buf();
    source.finish(|notes| {
        let recording = Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits };
        ReadRecording { recording, notes }
    })
}

/// The bin width, NaN where it is none.
fn header(source: &mut Source) -> f64 {
    if !source.has_attribute(FORMAT) {
        source.note(format!("no attribute `{FORMAT}`: taken for a {FORMAT_VALUE} file"));
    } else if let Some(format) = source.attribute(FORMAT) {
        source.problems.require(format == FORMAT_VALUE, || {
            let problem = Problem::new(FORMAT, format!("{format:?}"), format!("{FORMAT_VALUE:?}"));
            problem.hint("this file holds something else than a dataset")
        });
    }
    if !source.has_attribute(VERSION) {
        source.note(format!("no attribute `{VERSION}`: taken for version {VERSION_VALUE}"));
    } else if let Some(version) = source.attribute(VERSION) {
        source.problems.require(version == VERSION_VALUE.to_string(), || {
            let problem = Problem::new(VERSION, version, VERSION_VALUE.to_string());
            problem.hint("a newer strf may read it")
        });
    }
    dt_ms(source)
}

fn dt_ms(source: &mut Source) -> f64 {
    let expected = "a bin width in milliseconds above 0";
    if !source.has_attribute(DT_MS) {
        let problem = Problem::new(DT_MS, "nothing", expected);
        let hint = "add the attribute to the file, in Python f.attrs[\"dt_ms\"] = 5.0";
        source.problems.push(problem.hint(hint));
        return f64::NAN;
    }
    let Some(text) = source.attribute(DT_MS) else { return f64::NAN };
    let dt_ms = text.parse().unwrap_or(f64::NAN);
    source
        .problems
        .require(dt_ms > 0.0 && dt_ms.is_finite(), || Problem::new(DT_MS, text, expected));
    dt_ms
}

/// What cochleagrams are; none where the file does not say it, or by a word of its own.
fn level(source: &mut Source) -> Option<SoundLevel> {
    let mut texts = BTreeMap::new();
    for name in SoundLevel::NAMES {
        if source.has_attribute(name) {
            texts.insert(name, source.attribute(name)?);
        }
    }
    SoundLevel::of_texts(&texts, &mut source.problems, &mut source.notes)
}

fn frequencies(
    source: &mut Source,
    bands: impl FnOnce(&mut Source) -> Option<usize>,
) -> Option<Vec<f64>> {
    if !source.has(FREQUENCIES) {
        return None;
    }
    let bands = bands(source);
    let hz = source.list_of_numbers("/frequencies", "a list (F) of band centres in Hz")?;
    check::frequencies(&mut source.problems, "/frequencies", &hz, bands);
    Some(hz)
}

fn splits(source: &mut Source, stimulus_ids: &[String]) -> Option<Splits> {
    if !source.has(SPLITS) {
        return None;
    }
    for name in source.members(SPLITS) {
        if !SPLIT_PARTS.contains(&name.as_str()) {
            source.note(format!("/{SPLITS}/{name} is not used: train, valid and test are"));
        }
    }
    let [train, valid, test] = SPLIT_PARTS.map(|part| {
        let at = format!("/{SPLITS}/{part}");
        let given = source.has(&at);
        given.then(|| source.list_of_texts(&at, "a list of stimulus ids")).flatten()
    });
    if train.is_none() && valid.is_none() && test.is_none() {
        return None;
    }
    let splits = Splits {
        train: train.unwrap_or_default(),
        valid: valid.unwrap_or_default(),
        test: test.unwrap_or_default(),
    };
    for problem in ids::split_problems(&splits, stimulus_ids, |part| format!("/{SPLITS}/{part}")) {
        source.problems.push(problem);
    }
    Some(splits)
}
