//! What a card says of data, of what is done to sound and responses, and of the fit: a line each.
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Publication;
use super::citation::parts;
use super::markdown::{Column, Text, table};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::content::UsedContent;
use crate::dataset::{Entity, LevelKind};
use crate::figures::ticks::number;
use crate::runs::trained::Trained;

/// Values of an attribute that are named one by one.
const NAMED: usize = 8;
/// Digits of numbers in sentences.
const DIGITS: i32 = 4;

impl Publication<'_> {
    /// `34 bands from 500 to 7850 Hz, bins of 5 ms`
    pub(super) fn axes(&self) -> String {
        let bands = counted(self.metadata.bands, "band");
        let range = self.metadata.frequencies_hz.as_ref().and_then(|centres| {
            let (low, high) = (centres.first()?, centres.last()?);
            Some(format!(" from {} to {} Hz", number(*low, DIGITS), number(*high, DIGITS)))
        });
        format!("{bands}{}, bins of {} ms", range.unwrap_or_default(), self.metadata.dt_ms)
    }

    /// What was recorded.
    pub(super) fn of_data(&self) -> Vec<String> {
        let neurons = &self.recording.neurons;
        let used: Vec<&Entity> = self.used_stimuli();
        let mut said = vec![
            format!("dataset: {}", Text::of(self.data())),
            format!("{}{}", counted(neurons.len(), "neuron"), attributes(neurons.iter())),
            format!("{}{}", stimuli_counted(used.len()), attributes(used.iter().copied())),
        ];
        if self.metadata.content.is_none() {
            said.push(format!("its content: {} wrote down no hashes of it", self.metadata.program));
        }
        said
    }

    fn used_stimuli(&self) -> Vec<&Entity> {
        let [train, valid, test] = self.metadata.stimuli.parts().map(|(_, ids)| ids);
        let all: Vec<&String> = [train, valid, test].into_iter().flatten().collect();
        let stimuli = self.recording.clips.iter().map(|clip| &clip.stimulus);
        stimuli.filter(|stimulus| all.contains(&&stimulus.id)).collect()
    }

    /// How stimuli were divided, with the hashes of what they held.
    pub(super) fn split_table(&self) -> String {
        let served = ["training", "validation", "test"];
        let content = self.metadata.content.as_ref().map(UsedContent::parts);
        let header = [
            ("part", Column::Words),
            ("stimuli", Column::Numbers),
            ("sound, s", Column::Numbers),
            ("hash of the sound", Column::Words),
        ];
        let parts = self.metadata.stimuli.parts().into_iter().enumerate();
        let rows: Vec<Vec<String>> = parts
            .map(|(place, (_, ids))| {
                let hash = content.map_or("–", |parts| parts[place].1.sound.as_str());
                vec![
                    served[place].to_owned(),
                    ids.len().to_string(),
                    format!("{:.1}", self.seconds(ids)),
                    Text::of(hash).to_string(),
                ]
            })
            .collect();
        table(&header, &rows)
    }

    /// What is done to sound and responses.
    pub(super) fn of_treatment(&self) -> Vec<String> {
        let Self { metadata, .. } = self;
        let level = match metadata.level.map(|level| level.kind) {
            Some(kind) => format!("cochleagrams: {} ({})", meaning(kind), self.axes()),
            None => {
                format!("cochleagrams: the dataset does not say of what level ({})", self.axes())
            }
        };
        let smoothed = match metadata.smooth_ms {
            ms if ms > 0.0 => format!("smoothed with a Hanning window of {ms} ms"),
            _ => "not smoothed".to_owned(),
        };
        let skipped = match metadata.skip_ms {
            ms if ms > 0.0 => {
                format!("; the first {ms} ms of each stimulus count for nothing")
            }
            _ => String::new(),
        };
        vec![
            level,
            format!(
                "standardization, before the model: {}; `metadata.json` has `mean` and `scale` in full",
                self.standardization()
            ),
            format!("responses: {smoothed}, then averaged over repeats{skipped}"),
        ]
    }

    fn standardization(&self) -> String {
        let (mean, scale) = (&self.metadata.mean, &self.metadata.scale);
        let one = |values: &[f32]| {
            let first = values.first().copied().unwrap_or_default();
            let same = values.iter().all(|value| value.to_bits() == first.to_bits());
            same.then(|| number(f64::from(first), DIGITS))
        };
        match (one(mean), one(scale)) {
            (Some(mean), Some(scale)) if mean == "0" && scale == "1" => "none".into(),
            (Some(mean), Some(scale)) if mean == "0" => format!("all bands are divided by {scale}"),
            (Some(mean), Some(scale)) => {
                format!("{mean} is subtracted from all bands, which are then divided by {scale}")
            }
            _ => "each band has a mean of its own subtracted and is divided by a deviation of its own".into(),
        }
    }

    /// The model's parts, one a row.
    pub(super) fn part_table(&self) -> String {
        let header =
            [("part", Column::Words), ("name", Column::Words), ("what it does", Column::Words)];
        let Trained { architecture, .. } = self.trained;
        let parts = parts(architecture).into_iter();
        let rows: Vec<Vec<String>> = parts
            .map(|(section, part)| {
                let summary = Text::of(part.summary).to_string();
                vec![section.to_owned(), format!("`{}`", part.name), summary]
            })
            .collect();
        table(&header, &rows)
    }
}

/// What a level is called.
fn meaning(kind: LevelKind) -> &'static str {
    match kind {
        LevelKind::Amplitude => "amplitudes",
        LevelKind::Power => "power",
        LevelKind::Db => "decibels",
        LevelKind::Log => "logarithms",
        LevelKind::CubeRoot => "cube roots",
    }
}

/// `: area A1 (60), A2 (59)`: the values of attributes, the most frequent first.
fn attributes<'a>(entities: impl Iterator<Item = &'a Entity>) -> String {
    let mut names: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (name, value) in entities.flat_map(|entity| &entity.attributes) {
        *names.entry(name).or_default().entry(value).or_default() += 1;
    }
    let said = names.into_iter().map(|(name, values)| {
        let mut values: Vec<(&str, usize)> = values.into_iter().collect();
        values.sort_by_key(|(_, count)| Reverse(*count));
        let shown = if values.len() > NAMED {
            counted(values.len(), "different value")
        } else {
            let one = |(value, count): &(&str, usize)| format!("{} ({count})", Text::of(value));
            values.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        format!("{} {shown}", Text::of(name))
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) }
}
