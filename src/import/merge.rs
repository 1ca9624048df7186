//! Several dataset files as one.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use ndarray::{Array3, s};

use super::format::{Format, Imported};
use super::report::{ImportReport, listed};
use crate::base::error::{Error, Problem, Problems, Result};
use crate::base::wording::{counted, stimuli_counted};
use crate::dataset::{self, Clip, Entity, Recording, SoundLevel, Splits};
use crate::import::unrecorded::unrecorded;

/// Attribute of neurons and stimuli that names the file they come from.
const ORIGIN: &str = "origin";

/// `strf import merge`.
#[derive(Debug, Clone, Args)]
pub struct Merge {
    /// Dataset files, two or more
    #[arg(required = true, num_args = 2.., value_name = "DATA.h5")]
    pub files: Vec<PathBuf>,
    /// Put the name of its file before the id of every neuron
    #[arg(long, conflicts_with = "same_neurons")]
    pub prefix: bool,
    /// Neurons of one id in several files are one neuron, which heard the stimuli of all of them
    #[arg(long)]
    pub same_neurons: bool,
}

impl Format for Merge {
    fn name(&self) -> &'static str {
        "merge"
    }

    fn sources(&self) -> Vec<&Path> {
        self.files.iter().map(PathBuf::as_path).collect()
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let mut merged = Merged::default();
        for file in &self.files {
            let dataset::ReadRecording { recording, notes } = dataset::read(file)?;
            for note in notes {
                report.inferred(format!("{}: {note}", file.display()));
            }
            merged.add(recording, self)?;
        }
        merged.finish(&self.files, report).map(Imported::without_sound)
    }
}

/// Where the neurons of one file stand among those of all.
type Places = Vec<usize>;

/// What the files read so far hold together.
#[derive(Default)]
struct Merged {
    neurons: Vec<Entity>,
    stimuli: Vec<Stimulus>,
    /// Place of each stimulus by id.
    places: BTreeMap<String, usize>,
    splits: Splits,
    first: Option<First>,
    shared: usize,
    /// Files whose levels refer to another magnitude than those of the first.
    other_levels: Vec<String>,
}

/// A stimulus, and the responses of the neurons that heard it.
struct Stimulus {
    clip: Clip<()>,
    responses: Vec<(Places, Array3<f32>)>,
}

/// What all files must have as the first has it.
struct First {
    file: PathBuf,
    dt_ms: f64,
    bands: usize,
    frequencies_hz: Option<Vec<f64>>,
    level: Option<SoundLevel>,
}

impl Merged {
    fn add(&mut self, recording: Recording, options: &Merge) -> Result<()> {
        self.require_alike(&recording)?;
        let file = recording.file.clone();
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.unwrap_or_default();
        let mut problems = Problems::default();
        let places: Places = recording
            .neurons
            .into_iter()
            .filter_map(|neuron| {
                let id = if options.prefix { format!("{stem}_{}", neuron.id) } else { neuron.id };
                let neuron = Entity { id, ..neuron };
                self.place(neuron, &stem, options, &mut problems)
            })
            .collect();
        problems.into_result(&file, ())?;
        for clip in recording.clips {
            self.add_clip(clip, &places, &stem, &file)?;
        }
        if let Some(splits) = recording.splits {
            self.splits.train.extend(splits.train);
            self.splits.valid.extend(splits.valid);
            self.splits.test.extend(splits.test);
        }
        Ok(())
    }

    fn require_alike(&mut self, recording: &Recording) -> Result<()> {
        let Recording { file, dt_ms, frequencies_hz, level, .. } = recording;
        let (dt_ms, bands) = (*dt_ms, recording.bands());
        let Some(first) = &mut self.first else {
            let (file, frequencies_hz) = (file.clone(), frequencies_hz.clone());
            self.first = Some(First { file, dt_ms, bands, frequencies_hz, level: *level });
            return Ok(());
        };
        let as_in = |value: String| format!("{value} as in {}", first.file.display());
        let mut problems = Problems::default();
        problems.require((dt_ms - first.dt_ms).abs() <= 1e-9 * dt_ms, || {
            let problem = Problem::new("dt_ms", dt_ms.to_string(), as_in(first.dt_ms.to_string()));
            problem.hint("import one of them again with the other's bins")
        });
        problems.require(bands == first.bands, || {
            let problem = Problem::new(
                "cochleagrams",
                counted(bands, "band"),
                as_in(first.bands.to_string()),
            );
            problem.hint("import one of them again with the other's front end")
        });
        let kinds = [*level, first.level].map(|level| level.map(|level| level.kind));
        if let [Some(found), Some(known)] = kinds {
            problems.require(found == known, || {
                let problem = Problem::new("level", found.word(), as_in(known.word().to_owned()));
                problem.hint("import one of them again with the other's compression")
            });
        }
        let inverses = [*level, first.level].map(|level| level.and_then(|level| level.inverse));
        if let [Some(own), Some(known)] = inverses
            && own != known
        {
            self.other_levels.push(file.display().to_string());
        }
        first.level = common(*level, first.level);
        if let (Some(found), Some(known)) = (frequencies_hz, &first.frequencies_hz) {
            let differs = found.iter().zip(known).position(|(a, b)| (a - b).abs() > 1e-3 * b);
            if let Some(band) = differs {
                let found = format!("{} Hz in band {band}", found[band]);
                problems.push(Problem::new("/frequencies", found, as_in(known[band].to_string())));
            }
        } else if frequencies_hz.is_some() {
            first.frequencies_hz.clone_from(frequencies_hz);
        }
        problems.into_result(file, ())
    }

    /// Where a neuron stands; a new place unless its id is known and means the same neuron.
    fn place(
        &mut self,
        neuron: Entity,
        stem: &str,
        options: &Merge,
        problems: &mut Problems,
    ) -> Option<usize> {
        if let Some(place) = self.neurons.iter().position(|known| known.id == neuron.id) {
            let known = &mut self.neurons[place];
            let of = known.attributes.get(ORIGIN).cloned().unwrap_or_default();
            problems.require(options.same_neurons, || {
                let found = format!("the neuron {:?}, which {of} has too", neuron.id);
                let hint = "give --same-neurons if they are one, --prefix if they are two";
                Problem::new("/neurons/id", found, "ids of its own").hint(hint)
            });
            for (name, value) in neuron.attributes {
                known.attributes.entry(name).or_insert(value);
            }
            known.attributes.insert(ORIGIN.into(), format!("{of}, {stem}"));
            return options.same_neurons.then_some(place);
        }
        let mut neuron = neuron;
        neuron.attributes.insert(ORIGIN.into(), stem.to_owned());
        self.neurons.push(neuron);
        Some(self.neurons.len() - 1)
    }

    fn add_clip(&mut self, clip: Clip, places: &Places, stem: &str, file: &Path) -> Result<()> {
        let Clip { mut stimulus, cochleagram, responses } = clip;
        let heard = (places.clone(), responses);
        let Some(place) = self.places.get(&stimulus.id) else {
            self.places.insert(stimulus.id.clone(), self.stimuli.len());
            stimulus.attributes.insert(ORIGIN.into(), stem.to_owned());
            let clip = Clip { stimulus, cochleagram, responses: () };
            self.stimuli.push(Stimulus { clip, responses: vec![heard] });
            return Ok(());
        };
        let known = &mut self.stimuli[*place];
        let of = known.clip.stimulus.attributes.get(ORIGIN).cloned().unwrap_or_default();
        if known.clip.cochleagram != cochleagram {
            let at = format!("/stimuli/{}", stimulus.id);
            let found = format!("another sound than in {of}");
            let problem = Problem::new(at, found, "one sound for each id");
            let hint = "rename the stimulus in one of the files, or import both with one front end";
            return Err(Error::Input { file: file.into(), problems: vec![problem.hint(hint)] });
        }
        for (name, value) in stimulus.attributes {
            known.clip.stimulus.attributes.entry(name).or_insert(value);
        }
        known.clip.stimulus.attributes.insert(ORIGIN.into(), format!("{of}, {stem}"));
        known.responses.push(heard);
        self.shared += 1;
        Ok(())
    }

    fn finish(self, files: &[PathBuf], report: &mut ImportReport) -> Result<Recording> {
        let Self { neurons, stimuli, splits, first, shared, other_levels, .. } = self;
        let Some(First { file, dt_ms, frequencies_hz, level, .. }) = first else {
            return Err(Error::Refused("found no file to merge, expected two or more".into()));
        };
        report.inferred(format!(
            "{} of {} files, {} of them in more than one",
            stimuli_counted(stimuli.len()),
            files.len(),
            shared
        ));
        if !other_levels.is_empty() {
            report.warn(format!(
                "{}: levels refer to another magnitude than in {}, so that one number stands for two; \
                 import all with one reference, as with --set frontend.reference=full_scale",
                listed(&other_levels),
                file.display()
            ));
        }
        let count = neurons.len();
        let clips = stimuli.into_iter().map(|one| one.joined(count)).collect::<Result<_>>()?;
        let splits = undisputed(splits, report);
        Ok(Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits })
    }
}

impl Stimulus {
    /// The responses of all neurons; NaN where one did not hear it.
    fn joined(self, neurons: usize) -> Result<Clip> {
        let Self { clip, responses } = self;
        let rows = |neuron: usize| {
            responses.iter().filter_map(move |(places, responses)| {
                let row = places.iter().position(|place| *place == neuron)?;
                Some(responses.index_axis(ndarray::Axis(0), row))
            })
        };
        let repeats = |neuron: usize| rows(neuron).map(|row| row.nrows()).sum::<usize>();
        let most = (0..neurons).map(repeats).max().unwrap_or(0);
        let mut all = unrecorded((neurons, most, clip.bins()))?;
        for neuron in 0..neurons {
            let mut from = 0;
            for row in rows(neuron) {
                let to = from + row.nrows();
                all.slice_mut(s![neuron, from..to, ..]).assign(&row);
                from = to;
            }
        }
        let Clip { stimulus, cochleagram, .. } = clip;
        Ok(Clip { stimulus, cochleagram, responses: all })
    }
}

/// What two files say of their levels, as far as both say the same.
fn common(one: Option<SoundLevel>, other: Option<SoundLevel>) -> Option<SoundLevel> {
    let (one, other) = (one?, other?);
    let same = one == other;
    (one.kind == other.kind).then(|| if same { one } else { SoundLevel::of(one.kind) })
}

/// The splits, each stimulus once; none where two files disagree, or where no file has any.
fn undisputed(splits: Splits, report: &mut ImportReport) -> Option<Splits> {
    let once = |ids: Vec<String>| {
        let mut seen = std::collections::BTreeSet::new();
        ids.into_iter().filter(|id| seen.insert(id.clone())).collect::<Vec<String>>()
    };
    let splits =
        Splits { train: once(splits.train), valid: once(splits.valid), test: once(splits.test) };
    let in_two =
        |id: &&String| splits.parts().iter().filter(|(_, part)| part.contains(id)).count() > 1;
    let disputed: Vec<&String> = splits.train.iter().chain(&splits.valid).filter(in_two).collect();
    if !disputed.is_empty() {
        let names = listed(&once(disputed.into_iter().cloned().collect()));
        report.dropped(format!("/splits, in which files disagree about {names}"));
        return None;
    }
    let empty = splits.train.is_empty() && splits.valid.is_empty() && splits.test.is_empty();
    (!empty).then_some(splits)
}
