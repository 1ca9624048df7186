//! Other fits, and what they say of the weights of a fit.
use std::path::{Path, PathBuf};

use ndarray::ArrayView4;

use super::Mark;
use super::repeats::{self, Differ, of_repeats};
use super::shuffles::{self, of_shuffles};
use crate::base::error::{Error, Result};
use crate::runs::metadata::Metadata;
use crate::runs::trained::Trained;
use crate::strf::strf_export::{StrfExport, StrfRows};

/// How other fits stand to the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FitRelation {
    /// To the same dataset.
    Repeat,
    /// To shuffled responses.
    Shuffle,
}

/// Other fits, opened and found to be of the same model.
pub struct OtherFits {
    relation: FitRelation,
    alpha: f64,
    runs: Vec<Trained>,
}

impl OtherFits {
    /// Opens the fits in some run folders.
    ///
    /// # Errors
    /// They are too few, or are not of the same model, neurons and bands.
    pub fn open(
        relation: FitRelation,
        paths: &[PathBuf],
        alpha: f64,
        fit: &Trained,
    ) -> Result<Self> {
        if !(alpha > 0.0 && alpha < 1.0) {
            let message = format!("--alpha: found {alpha}, expected a rate above 0, below 1");
            return Err(Error::Refused(message));
        }
        let fewest = relation.fewest();
        if paths.len() < fewest {
            return Err(Error::Refused(format!(
                "--{}: found {} other runs, expected {fewest} or more, of which a spread can be \
                 taken",
                relation.flag(),
                paths.len(),
            )));
        }
        let open = |path: &PathBuf| {
            let other = Trained::open(path)?;
            require_same(fit, &other, relation)?;
            Ok(other)
        };
        let runs = paths.iter().map(open).collect::<Result<_>>()?;
        Ok(Self { relation, alpha, runs })
    }

    /// Adds to the export of the fit what the others say of it, and gives their exports, and what a user
    /// should know of that; `export_of` gives an export.
    ///
    /// # Errors
    /// Receptive fields of hidden units, which no two fits share; or a fit that is given twice.
    pub fn tell(
        &self,
        fit: &Trained,
        exported: &mut StrfExport,
        export_of: impl Fn(&Trained) -> Result<StrfExport>,
    ) -> Result<(Vec<StrfExport>, Option<String>)> {
        if let StrfRows::Hidden { .. } = exported.rows {
            return Err(Error::Refused(hidden(fit, self.relation)));
        }
        let exports = self.runs.iter().map(&export_of).collect::<Result<Vec<StrfExport>>>()?;
        let nulls: Vec<ArrayView4<f32>> =
            exports.iter().map(|other| other.effective.view()).collect();
        let all: Vec<_> = std::iter::once(exported.effective.view()).chain(nulls.clone()).collect();
        self.require_different(fit, &all)?;
        let significance = match self.relation {
            FitRelation::Shuffle => of_shuffles(exported.effective.view(), &nulls, self.alpha),
            FitRelation::Repeat => {
                let runs = std::iter::once(fit).chain(&self.runs);
                let clips: Vec<&[String]> =
                    runs.map(|run| &run.metadata.stimuli.train[..]).collect();
                of_repeats(&all, Differ::of(&clips), self.alpha)
            }
        };
        let note = (significance.mark == Mark::Stable).then(|| {
            "the fits differ in their seed alone: what they agree on is called stable, not \
             significant, for noise in the recording moves all of them alike; give fits to other \
             training stimuli (data.split), or --shuffles, to tell what is significant"
                .to_owned()
        });
        exported.significance = Some(significance);
        Ok((exports, note))
    }

    /// The same fit twice would pass for one that repeats exactly.
    fn require_different(&self, fit: &Trained, all: &[ArrayView4<f32>]) -> Result<()> {
        let path = |place: usize| match place {
            0 => fit.folder.path(),
            _ => self.runs[place - 1].folder.path(),
        };
        for (place, one) in all.iter().enumerate() {
            if let Some(twin) = all[..place].iter().position(|other| other == one) {
                return Err(Error::Refused(format!(
                    "{}: found the receptive fields of {}, expected another fit: with another \
                     train.seed, other training stimuli or other responses",
                    path(place).display(),
                    path(twin).display()
                )));
            }
        }
        Ok(())
    }
}

impl FitRelation {
    /// How many other fits tell something, at least.
    fn fewest(self) -> usize {
        match self {
            Self::Repeat => repeats::FEWEST - 1,
            Self::Shuffle => shuffles::FEWEST,
        }
    }

    /// The option that names such fits, for messages.
    fn flag(self) -> &'static str {
        match self {
            Self::Repeat => "repeats",
            Self::Shuffle => "shuffles",
        }
    }
}

/// Why hidden units are not held against others, and what to do.
fn hidden(fit: &Trained, relation: FitRelation) -> String {
    let run = fit.folder.path().display();
    format!(
        "{run}: found receptive fields of hidden units, expected those of neurons: the hidden units \
         of one fit are not those of another; strf dstrf {run} --{} ... compares what each neuron \
         listens to",
        relation.flag()
    )
}

/// Fails unless another run is of the same model, neurons and bands, and of the data that its
/// relation asks for.
fn require_same(fit: &Trained, other: &Trained, relation: FitRelation) -> Result<()> {
    let (a, b) = (&fit.metadata, &other.metadata);
    let numbers = |values: &Option<Vec<f64>>| format!("{values:?}");
    let mut grounds = vec![
        ("architecture", a.architecture.to_string(), b.architecture.to_string()),
        ("neurons", a.neurons.join(", "), b.neurons.join(", ")),
        ("bands", a.bands.to_string(), b.bands.to_string()),
        ("frequencies", numbers(&a.frequencies_hz), numbers(&b.frequencies_hz)),
        ("bin width", format!("{} ms", a.dt_ms), format!("{} ms", b.dt_ms)),
        ("smooth_ms", a.smooth_ms.to_string(), b.smooth_ms.to_string()),
    ];
    let (own, its) = (data(fit), data(other));
    match relation {
        FitRelation::Repeat => grounds.push(("data", own, its)),
        FitRelation::Shuffle => {
            grounds.push(("training stimuli", training(a), training(b)));
            if own == its {
                return Err(Error::Refused(format!(
                    "{}: found data {its}, expected another file, with shuffled responses; \
                     docs/receptive-fields.md says how to make one",
                    other.folder.path().display()
                )));
            }
        }
    }
    match grounds.into_iter().find(|(_, expected, found)| expected != found) {
        None => Ok(()),
        Some((what, expected, found)) => Err(Error::Refused(format!(
            "{}: found {what} {found}, expected {expected} as in {}",
            other.folder.path().display(),
            fit.folder.path().display()
        ))),
    }
}

fn data(run: &Trained) -> String {
    let file: &Path = &run.data;
    std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()).display().to_string()
}

fn training(metadata: &Metadata) -> String {
    let mut ids = metadata.stimuli.train.clone();
    ids.sort_unstable();
    ids.join(", ")
}
