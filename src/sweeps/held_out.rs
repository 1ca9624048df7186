//! Every stimulus predicted by the fits that did not see it: each fit alone, and several together.
use std::path::Path;

use ndarray::{Array2, Array3, ArrayView1, Axis};

use super::folder::{PREDICTIONS, SweepProgress};
use super::job::Workshop;
use super::plan::Job;
use crate::base::error::Result;
use crate::base::files::{self, Existing};
use crate::dataset::content::ResponseHashes;
use crate::dataset::{Clip, Entity, OfNeurons, ResponseFile, ResponseLocation, write_predictions};
use crate::preparation::Treatment;
use crate::runs::trained::Trained;
use crate::scores::population::{ClipTarget, PopulationSums};

/// Clips that are predicted at once.
const AT_ONCE: usize = 8;

/// What the fits of one combination say of stimuli that they did not see.
#[derive(Debug, Clone, Default)]
pub struct Predicted {
    /// Each fit alone: one for each seed, or for each fit where the stimuli stay out of all.
    pub single: Vec<PopulationSums>,
    /// The mean prediction of all of them, where there are several.
    pub ensemble: Option<PopulationSums>,
    /// How many fits there are for one stimulus.
    pub fits: usize,
    /// Ids of the neurons.
    pub neurons: Vec<String>,
    /// Whether they are those of the combination that was chosen in each fold.
    pub is_choice: bool,
}

impl Predicted {
    /// The best that there is: all fits together, or the only one.
    pub fn best(&self) -> Option<&PopulationSums> {
        self.ensemble.as_ref().or(self.single.first())
    }
}

/// The stimuli that a combination is held against, and which fits have not seen each.
pub struct Stimuli {
    /// Where they lie in the dataset.
    pub places: Vec<usize>,
    /// The fold that each stands in, of each seed; empty where they stay out of all fits.
    pub folds: Vec<Vec<usize>>,
}

impl Stimuli {
    /// Those of all folds, in the order of the dataset.
    pub fn of_folds(workshop: &Workshop) -> Self {
        let plan = &workshop.plan;
        let clips = &workshop.dataset().recording.clips;
        let fold = |seed: usize, id: &String| {
            plan.folds_of(seed).iter().position(|fold| fold.parts.test.contains(id))
        };
        let mut all = Self { places: Vec::new(), folds: vec![Vec::new(); plan.seeds.len()] };
        for (place, clip) in clips.iter().enumerate() {
            let folds = (0..plan.seeds.len()).map(|seed| fold(seed, &clip.stimulus.id));
            let Some(folds) = folds.collect::<Option<Vec<usize>>>() else { continue };
            all.places.push(place);
            all.folds.iter_mut().zip(folds).for_each(|(of_seed, fold)| of_seed.push(fold));
        }
        all
    }

    /// Those that stay out of all fits.
    pub fn of_test(workshop: &Workshop) -> Self {
        let clips = workshop.dataset().recording.clips.iter().enumerate();
        let clips = clips.filter(|(_, clip)| workshop.plan.test.contains(&clip.stimulus.id));
        Self { places: clips.map(|(place, _)| place).collect(), folds: Vec::new() }
    }
}

/// Whether every fit of a combination, but for those within folds, is done; where each neuron has fits of its
/// own, those that fail leave it out.
pub fn is_whole(workshop: &Workshop, progress: &SweepProgress, combination: usize) -> bool {
    let jobs = workshop.plan.jobs();
    let mut own = jobs.iter().filter(|job| job.combination == combination && job.inner.is_none());
    own.all(|job| {
        let failed = job.neuron.is_some() && progress.failed.contains_key(&job.number);
        failed || progress.done.contains(&job.number)
    })
}

/// Predicts stimuli by all fits of a combination that have not seen them; the predictions are written into
/// the folder of the sweep where that is asked for.
///
/// # Errors
/// A fit cannot be opened, the dataset is not what it was, or the folder cannot be written.
pub fn predict(
    workshop: &Workshop,
    combination: usize,
    stimuli: &Stimuli,
    file: Option<&Path>,
) -> Result<Predicted> {
    let members = Members::open(workshop, combination, stimuli)?;
    let recording = &workshop.dataset().recording;
    let data = workshop.plan.base(workshop.folder.path(), combination)?.data;
    let treatment = Treatment::of(recording.dt_ms, &data);
    let mut responses = ResponseFile::open(&recording.file)?;
    let several = members.groups.len() > 1;
    let mut predicted = Predicted {
        single: vec![PopulationSums::default(); members.groups.len()],
        ensemble: several.then(PopulationSums::default),
        fits: members.groups.len(),
        neurons: members.neurons.clone(),
        is_choice: false,
    };
    let mut kept: Vec<(Entity, Array2<f32>)> = Vec::new();
    let mut heard = Heard::new(&members);
    for first in (0..stimuli.places.len()).step_by(AT_ONCE) {
        let nths: Vec<usize> = (first..stimuli.places.len().min(first + AT_ONCE)).collect();
        let by_group: Vec<Vec<OfClip>> = (0..members.groups.len())
            .map(|group| members.of(group, &nths))
            .collect::<Result<_>>()?;
        for (place, nth) in nths.iter().enumerate() {
            let clip = &recording.clips[stimuli.places[*nth]];
            let read = members.responses(clip, &mut responses)?;
            heard.add(*nth, &read);
            let target = ClipTarget::new(treatment.repeats(read).view());
            let all: Vec<&OfClip> = by_group.iter().map(|clips| &clips[place]).collect();
            for (sums, own) in predicted.single.iter_mut().zip(&all) {
                sums.add(&target, &own.rows())?;
            }
            let together = OfClip::mean(&all);
            if let Some(sums) = &mut predicted.ensemble {
                sums.add(&target, &together.rows())?;
            }
            if file.is_some() {
                kept.push((clip.stimulus.clone(), together.whole(clip.bins())));
            }
        }
    }
    heard.require_same(&members)?;
    if let Some(file) = file {
        let named: Vec<_> =
            kept.iter().map(|(stimulus, prediction)| (stimulus, prediction)).collect();
        write_predictions(file, recording, &members.neurons, &named, Existing::Replace)?;
    }
    Ok(predicted)
}

/// Where the predictions of a combination go.
///
/// # Errors
/// The folder cannot be made.
pub fn predictions_file(workshop: &Workshop, combination: usize) -> Result<std::path::PathBuf> {
    let folder = files::folder_inside(workshop.folder.path(), PREDICTIONS)?;
    let name = workshop.plan.combinations[combination].name.clone();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "+-_.".contains(c) { c } else { '_' };
    let name: String = name.replace(", ", "+").replace(" = ", "_").chars().map(plain).collect();
    Ok(folder.join(format!("{combination:02}-{name}.h5")))
}

/// The prediction of each neuron that a fit has.
struct OfClip(Vec<Option<Vec<f32>>>);

impl OfClip {
    fn rows(&self) -> Vec<Option<ArrayView1<'_, f32>>> {
        self.0.iter().map(|row| row.as_ref().map(|row| ArrayView1::from(row.as_slice()))).collect()
    }

    /// Takes what another fit predicts for neurons of its own.
    fn take(&mut self, other: Self) {
        let pairs = self.0.iter_mut().zip(other.0);
        pairs.filter(|(_, new)| new.is_some()).for_each(|(own, new)| *own = new);
    }

    /// The mean over the fits that have a neuron.
    fn mean(all: &[&Self]) -> Self {
        let neurons = all.first().map_or(0, |own| own.0.len());
        let of_neuron = |neuron: usize| {
            let rows: Vec<&Vec<f32>> =
                all.iter().filter_map(|own| own.0[neuron].as_ref()).collect();
            let bins = rows.first()?.len();
            let bin = |t: usize| {
                let sum: f64 = rows.iter().map(|row| f64::from(row[t])).sum();
                #[expect(clippy::cast_possible_truncation, reason = "a mean of such numbers")]
                let mean = (sum / rows.len() as f64) as f32;
                mean
            };
            Some((0..bins).map(bin).collect())
        };
        Self((0..neurons).map(of_neuron).collect())
    }

    /// `(N, T)`, NaN for neurons that no fit has.
    fn whole(&self, bins: usize) -> Array2<f32> {
        Array2::from_shape_fn((self.0.len(), bins), |(neuron, t)| {
            self.0[neuron].as_ref().map_or(f32::NAN, |row| row[t])
        })
    }
}

/// The fits of a combination, opened.
struct Members<'a> {
    workshop: &'a Workshop,
    stimuli: &'a Stimuli,
    /// Ids of the neurons that any of them has, in the order of the dataset, and their places in it.
    neurons: Vec<String>,
    places: Vec<usize>,
    /// Of each prediction: the fits, each with the place of the fold that it has not seen.
    groups: Vec<Vec<(usize, Trained)>>,
}

impl<'a> Members<'a> {
    fn open(workshop: &'a Workshop, combination: usize, stimuli: &'a Stimuli) -> Result<Self> {
        let plan = &workshop.plan;
        let own = |job: &Job| job.combination == combination && job.inner.is_none();
        let jobs: Vec<Job> = plan.jobs().into_iter().filter(own).collect();
        let open = |job: &Job| Ok((job.fold, Trained::open(&workshop.folder.job(job.number))?));
        let is_done = |job: &&Job| workshop.folder.job(job.number).is_dir();
        let open_all = |own: &dyn Fn(&Job) -> bool| {
            let own = jobs.iter().filter(|job| own(job)).filter(is_done);
            own.map(open).collect::<Result<Vec<_>>>()
        };
        let seeds = 0..plan.seeds.len();
        let groups: Vec<Vec<(usize, Trained)>> = if stimuli.folds.is_empty() {
            // No fit has seen these stimuli: each makes a prediction of its own.
            let folds = 0..plan.fold_count();
            let pairs = seeds.flat_map(|seed| folds.clone().map(move |fold| (seed, fold)));
            let groups = pairs.map(|(seed, fold)| {
                let group = open_all(&|job| (job.seed, job.fold) == (seed, fold))?;
                Ok(group.into_iter().map(|(_, trained)| (0, trained)).collect())
            });
            groups.collect::<Result<_>>()?
        } else {
            seeds.map(|seed| open_all(&|job| job.seed == seed)).collect::<Result<_>>()?
        };
        let has = |id: &String| {
            groups.iter().flatten().any(|(_, trained)| trained.metadata.neurons.contains(id))
        };
        let neurons = workshop.dataset().recording.neuron_ids();
        let places: Vec<usize> = (0..neurons.len()).filter(|place| has(&neurons[*place])).collect();
        let neurons = places.iter().map(|place| neurons[*place].clone()).collect();
        Ok(Self { workshop, stimuli, neurons, places, groups })
    }

    /// Predictions of some stimuli, each by the fit of a group that has not seen it.
    fn of(&self, group: usize, nths: &[usize]) -> Result<Vec<OfClip>> {
        let fold = |nth: usize| self.stimuli.folds.get(group).map_or(0, |folds| folds[nth]);
        let none = || OfClip(vec![None; self.neurons.len()]);
        let mut found: Vec<OfClip> = nths.iter().map(|_| none()).collect();
        for (fold_of, trained) in &self.groups[group] {
            let own: Vec<usize> = (0..nths.len()).filter(|i| fold(nths[*i]) == *fold_of).collect();
            if own.is_empty() {
                continue;
            }
            let clips: Vec<usize> = own.iter().map(|i| self.stimuli.places[nths[*i]]).collect();
            let recording = &self.workshop.dataset().recording;
            for (i, prediction) in own.into_iter().zip(trained.predict(recording, &clips)?) {
                found[i].take(self.rows(trained, &prediction));
            }
        }
        Ok(found)
    }

    /// The prediction of a fit by the neurons of all.
    fn rows(&self, trained: &Trained, prediction: &Array2<f32>) -> OfClip {
        let own = &trained.metadata.neurons;
        let row = |id: &String| {
            let place = own.iter().position(|known| known == id)?;
            Some(prediction.index_axis(Axis(0), place).to_vec())
        };
        if *own == self.neurons {
            return OfClip(prediction.rows().into_iter().map(|row| Some(row.to_vec())).collect());
        }
        OfClip(self.neurons.iter().map(row).collect())
    }

    /// The responses of the neurons to a clip.
    fn responses(
        &self,
        clip: &Clip<ResponseLocation>,
        file: &mut ResponseFile,
    ) -> Result<Array3<f32>> {
        file.read(&clip.responses.clone().of_neurons(&self.places))
    }
}

/// Takes note of the responses to the stimuli of each fold, which must be those that its fit was scored by.
struct Heard {
    /// The fold that each stimulus stands in.
    folds: Vec<usize>,
    hashes: Vec<ResponseHashes>,
}

impl Heard {
    fn new(members: &Members) -> Self {
        let folds = members.stimuli.folds.first().cloned().unwrap_or_default();
        let all = &members.workshop.dataset().recording.neurons;
        let neurons: Vec<Entity> = members.places.iter().map(|place| all[*place].clone()).collect();
        let count = folds.iter().max().map_or(0, |last| last + 1);
        Self { folds, hashes: (0..count).map(|_| ResponseHashes::new(&neurons)).collect() }
    }

    fn add(&mut self, nth: usize, responses: &Array3<f32>) {
        if let Some(fold) = self.folds.get(nth) {
            self.hashes[*fold].add(responses);
        }
    }

    fn require_same(self, members: &Members) -> Result<()> {
        let hashes: Vec<Vec<String>> =
            self.hashes.into_iter().map(ResponseHashes::finish).collect();
        for (fold, fit) in members.groups.first().into_iter().flatten() {
            let Some(now) = hashes.get(*fold) else { continue };
            let known = fit.metadata.content.as_ref().map(|content| &content.test.responses);
            let known = fit.metadata.neurons.iter().zip(known.into_iter().flatten());
            let changed = known.filter_map(|(id, known)| {
                let place = members.neurons.iter().position(|own| own == id)?;
                (now[place] != *known).then_some(id)
            });
            if let Some(id) = changed.into_iter().next() {
                let file = &members.workshop.dataset().recording.file;
                return Err(fit.changed(file, &format!("other responses of {id}")));
            }
        }
        Ok(())
    }
}
