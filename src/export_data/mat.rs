//! One MATLAB file: cells of one array a stimulus, so that clips and repeats may differ in number,
//! and structs of lists for what else is known.
use std::path::Path;

use super::lists::{self, List};
use super::mat5::{LONGEST, MatFile, MatValue};
use super::parts::{self, DroppedPart};
use super::{DataFormatRow, Unheld, failed};
use crate::base::error::{Cause, Problem, Result};
use crate::base::files::{self, Existing};
use crate::dataset::Recording;
use crate::dataset::schema::{
    COCHLEAGRAMS, DT_MS, FORMAT, FORMAT_VALUE, FREQUENCIES, NEURONS, RESPONSES, SPLITS, STIMULI,
};

pub(super) const ROW: DataFormatRow = DataFormatRow {
    unheld,
    write: |recording, path, existing| write(recording, path, existing),
    import: "mat",
};

/// Letters of a name of MATLAB at most.
const NAME: usize = 63;

fn unheld(recording: &Recording) -> Vec<Unheld> {
    let odd = |part: DroppedPart| {
        let (DroppedPart::OfNeurons(name) | DroppedPart::OfStimuli(name)) = &part else {
            return None;
        };
        let first = name.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic());
        let rest = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let problem = Problem::new(
            format!("/{part}"),
            format!("the attribute {name:?}"),
            format!("a name of MATLAB: a letter, then letters, digits and _, {NAME} at most"),
        );
        let fits = first && rest && name.len() <= NAME;
        (!fits).then_some(Unheld { part: Some(part), problem })
    };
    let mut unheld: Vec<Unheld> = parts::of(recording).into_iter().filter_map(odd).collect();
    unheld.extend(parts::id_among_attributes(recording));
    for (name, cells) in
        [(COCHLEAGRAMS, cochleagrams(recording)), (RESPONSES, responses(recording))]
    {
        let bytes = cells.length(name);
        if bytes > LONGEST {
            let found = format!("{bytes} bytes");
            let problem = Problem::new(name, found, format!("at most {LONGEST}, as MATLAB reads"));
            let hint = "export to npz, or fewer neurons or stimuli";
            unheld.push(Unheld { part: None, problem: problem.hint(hint) });
        }
    }
    unheld
}

fn cochleagrams(recording: &Recording) -> MatValue<'_> {
    let arrays = recording.clips.iter().map(|clip| clip.cochleagram.view().into_dyn());
    MatValue::Cells(arrays.map(MatValue::Singles).collect())
}

fn responses(recording: &Recording) -> MatValue<'_> {
    let arrays = recording.clips.iter().map(|clip| clip.responses.view().into_dyn());
    MatValue::Cells(arrays.map(MatValue::Singles).collect())
}

fn texts<S: AsRef<str>>(texts: &[S]) -> MatValue<'_> {
    MatValue::Cells(texts.iter().map(|text| MatValue::Text(text.as_ref())).collect())
}

fn field((name, list): &(String, List)) -> (&str, MatValue<'_>) {
    let value = match list {
        List::Numbers(numbers) => MatValue::Doubles(numbers),
        List::Texts(list) => texts(list),
    };
    (name, value)
}

fn write(recording: &Recording, path: &Path, existing: Existing) -> Result<()> {
    let bytes = bytes(recording).map_err(|cause| failed(path, cause))?;
    files::write(path, existing, &bytes)
}

fn bytes(recording: &Recording) -> Result<Vec<u8>, Cause> {
    let mut file = MatFile::new();
    file.add(FORMAT, &MatValue::Text(FORMAT_VALUE))?;
    file.add(DT_MS, &MatValue::Doubles(&[recording.dt_ms]))?;
    if let Some(level) = &recording.level {
        for (name, word) in level.words() {
            file.add(name, &MatValue::Text(word))?;
        }
        for (name, value) in level.numbers() {
            file.add(name, &MatValue::Doubles(&[value]))?;
        }
    }
    if let Some(hz) = &recording.frequencies_hz {
        file.add(FREQUENCIES, &MatValue::Doubles(hz))?;
    }
    let stimuli = recording.clips.iter().map(|clip| &clip.stimulus);
    file.add("neuron_ids", &texts(&recording.neuron_ids()))?;
    file.add("stimulus_ids", &texts(&recording.stimulus_ids()))?;
    for (group, lists) in
        [(NEURONS, lists::of(recording.neurons.iter())), (STIMULI, lists::of(stimuli))]
    {
        let fields: Vec<_> = lists.iter().map(field).collect();
        if !fields.is_empty() {
            file.add(group, &MatValue::Struct(fields))?;
        }
    }
    if let Some(splits) = &recording.splits {
        let parts = splits.parts().map(|(name, ids)| (name, texts(ids)));
        file.add(SPLITS, &MatValue::Struct(parts.into()))?;
    }
    file.add(COCHLEAGRAMS, &cochleagrams(recording))?;
    file.add(RESPONSES, &responses(recording))?;
    Ok(file.finish())
}
