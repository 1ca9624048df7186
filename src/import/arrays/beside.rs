//! What a file says beside sound and responses: levels, attributes, splits, repeats.
use std::collections::BTreeMap;

use ndarray::s;

use super::guess;
use super::named::Named;
use crate::base::error::{Problem, Result};
use crate::base::wording::counted;
use crate::dataset::schema::{FORMAT, FORMAT_VALUE, ID, SPLITS, unescape};
use crate::dataset::{Clip, Entity, SoundLevel, Splits, ids};

impl Named<'_> {
    /// Whether the file was written as a dataset, so that nothing in it need be guessed.
    pub(super) fn is_dataset(&mut self) -> Result<bool> {
        Ok(self.text(FORMAT)?.is_some_and(|format| format == FORMAT_VALUE))
    }

    /// What a name at the top holds, where it is one text or number.
    fn text(&mut self, name: &str) -> Result<Option<String>> {
        if !self.has(name) {
            return Ok(None);
        }
        let texts = self.arrays.texts(name)?.unwrap_or_default();
        Ok(<[String; 1]>::try_from(texts).ok().map(|[text]| text))
    }

    /// What the numbers of the cochleagrams are, as the file and the option say.
    pub fn level(&mut self) -> Result<Option<SoundLevel>> {
        let mut texts = BTreeMap::new();
        for name in SoundLevel::NAMES {
            if let Some(text) = self.text(name)? {
                texts.insert(name, text);
            }
        }
        let mut notes = Vec::new();
        let level = SoundLevel::of_texts(&texts, &mut self.problems, &mut notes);
        for note in notes {
            self.report.inferred(note);
        }
        self.options.level.beside(&self.options.source, level)
    }

    /// Gives neurons or stimuli the attributes that a group or struct holds, one list each.
    pub fn attributes(&mut self, group: &str, mut entities: Vec<&mut Entity>) -> Result<()> {
        let mut other = Vec::new();
        for name in self.inside(group) {
            let Some(list) = self.arrays.texts(&name)? else { continue };
            let Some(attribute) = guess::inside(&name, group).filter(|known| *known != ID) else {
                continue;
            };
            if list.len() != entities.len() {
                other.push(format!("{name} ({})", counted(list.len(), "value")));
                continue;
            }
            let attribute = unescape(attribute);
            for (entity, value) in entities.iter_mut().zip(list).filter(|(_, v)| !v.is_empty()) {
                entity.attributes.insert(attribute.clone(), value);
            }
        }
        if !other.is_empty() {
            let names = crate::import::report::listed(&other);
            let count = entities.len();
            self.report.dropped(format!("lists of {group} that are not {count} long: {names}"));
        }
        Ok(())
    }

    /// The stimuli of each part, where the file lists them.
    pub fn splits(&mut self, clips: &[Clip]) -> Result<Option<Splits>> {
        let (mut splits, mut any) = (Splits::default(), false);
        for name in self.inside(SPLITS) {
            let own = guess::inside(&name, SPLITS);
            let part = splits.parts_mut().into_iter().find(|(known, _)| Some(*known) == own);
            if let (Some((_, part)), Some(ids)) = (part, self.arrays.texts(&name)?) {
                *part = ids;
                any = true;
            }
        }
        if !any {
            return Ok(None);
        }
        let known: Vec<String> = clips.iter().map(|clip| clip.stimulus.id.clone()).collect();
        for problem in ids::split_problems(&splits, &known, |part| format!("{SPLITS}/{part}")) {
            self.problems.push(problem);
        }
        Ok(Some(splits))
    }

    /// Cuts the repeats that arrays of one size have too many of, as a list of their numbers says.
    pub fn repeats(&mut self, clips: &mut [Clip]) -> Result<()> {
        let names = self.names();
        let Some(name) = guess::REPEATS.iter().find(|name| names.contains(name)).copied() else {
            return Ok(());
        };
        let Some(list) = self.arrays.numbers(name)?.filter(|list| list.len() == clips.len()) else {
            return Ok(());
        };
        for (clip, repeats) in clips.iter_mut().zip(list) {
            let held = clip.responses.dim().1;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            let count = repeats as usize;
            let whole = repeats.fract() == 0.0 && repeats >= 0.0 && count <= held;
            let beyond = || clip.responses.slice(s![.., count.., ..]).iter().all(|y| y.is_nan());
            if !(whole && beyond()) {
                let found = format!("{repeats} of stimulus {}", clip.stimulus.id);
                let expected = format!("at most {held} repeats, with NaN for those that it lacks");
                let hint = "correct the list, or give it another name if it is something else";
                self.problems.push(Problem::new(name, found, expected).hint(hint));
                continue;
            }
            clip.responses = clip.responses.slice(s![.., ..count, ..]).to_owned();
        }
        Ok(())
    }

    /// Names of the lists in a group or struct that are nothing else.
    fn inside(&self, group: &str) -> Vec<String> {
        let names = self.names();
        let unused = |name: &&str| !self.used.iter().any(|used| used == name);
        let inside = names.into_iter().filter(|name| guess::inside(name, group).is_some());
        let inside = inside.filter(unused);
        inside.map(str::to_owned).collect()
    }
}
