//! Sweeps against each other: what each of them says of the same stimuli, by fits that did not see them.
use super::findings::{FOLDS, Findings};
use super::folder::{SweepFolder, SweepProgress};
use super::held_out::{Predicted, Stimuli};
use super::job::Workshop;
use super::table::{OfCombination, collect};
use crate::base::error::{Error, Result};

/// A sweep that is compared with others.
pub struct Compared {
    workshop: Workshop,
    progress: SweepProgress,
    collected: Vec<OfCombination>,
}

impl Compared {
    /// Opens a sweep with its dataset.
    ///
    /// # Errors
    /// A file of it is damaged, or the dataset is not what it was.
    pub fn open(folder: SweepFolder) -> Result<Self> {
        let plan = folder.plan()?;
        let progress = folder.progress()?;
        let collected = collect(&folder, &plan, &progress)?;
        Ok(Self { workshop: Workshop::open(folder, plan)?, progress, collected })
    }

    fn shown(&self) -> String {
        self.workshop.folder.path().display().to_string()
    }

    /// Ids of the stimuli that its folds leave out.
    fn stimuli(&self) -> Vec<String> {
        let clips = &self.workshop.dataset().recording.clips;
        let places = Stimuli::of_folds(&self.workshop).places;
        places.into_iter().map(|place| clips[place].stimulus.id.clone()).collect()
    }
}

/// Every model of some sweeps, held against that of the first one: the one that was chosen in each of its
/// folds, or the only one.
///
/// # Errors
/// A sweep is not done, or they are not of the same stimuli, neurons and responses.
pub fn between(sweeps: &[Compared]) -> Result<Findings> {
    let Some(first) = sweeps.first() else { return Ok(Findings::default()) };
    let mut named: Vec<(String, Predicted)> = Vec::new();
    let (mut against, mut warnings) = (0, Vec::new());
    for sweep in sweeps {
        require_same("stimuli", (first, &first.stimuli()), (sweep, &sweep.stimuli()))?;
        let (known, own) = (&first.workshop.plan.content, &sweep.workshop.plan.content);
        require_same("sound with the hash", (first, known), (sweep, own))?;
        let mut of_sweep = Findings::default();
        let Compared { workshop, progress, collected } = sweep;
        let own = of_sweep.held_out(workshop, progress, collected, false)?;
        let warned = of_sweep.warnings.into_iter();
        warnings.extend(warned.map(|warning| format!("{}: {warning}", sweep.shown())));
        if own.models.is_empty() {
            return Err(Error::Refused(format!(
                "{0}: found no combination whose fits are all done, expected one or more; go on with strf \
                 sweep resume {0}",
                sweep.shown()
            )));
        }
        if named.is_empty() {
            let choice = own.models.iter().position(|(_, own)| own.is_choice);
            against = choice.unwrap_or(0);
        }
        let models = own.models.into_iter();
        named.extend(models.map(|(name, own)| (format!("{}: {name}", sweep.shown()), own)));
        let (known, own) = (&named[0].1, &named[named.len() - 1].1);
        require_same("neurons", (first, &known.neurons), (sweep, &own.neurons))?;
        let is_same = known.single.iter().zip(&own.single).all(|(a, b)| a.has_targets_of(b));
        if !is_same {
            return Err(differing(
                sweep,
                first,
                "other responses, or responses smoothed otherwise",
            ));
        }
    }
    let (name, reference) = &named[against];
    let neurons = reference.neurons.clone();
    let mut findings = Findings { against: name.clone(), neurons, warnings, ..Findings::default() };
    findings.compare(&named, Some(against), FOLDS);
    Ok(findings)
}

fn require_same<T: PartialEq + ?Sized>(
    what: &str,
    (first, known): (&Compared, &T),
    (sweep, own): (&Compared, &T),
) -> Result<()> {
    if known == own { Ok(()) } else { Err(differing(sweep, first, &format!("other {what}"))) }
}

fn differing(sweep: &Compared, first: &Compared, found: &str) -> Error {
    Error::Refused(format!(
        "{}: found {found}, expected those of {}; compare sweeps of the same responses to the same stimuli",
        sweep.shown(),
        first.shown()
    ))
}
