//! Whether spike times from the onset of a sound can be in the unit in which they were read.
//!
//! In the wrong unit they lie beyond the clips, or all at their very start. But so do those of a
//! short tone in a long trial: only where another unit fits is the own one refused.
use std::path::Path;

use super::counts::{Presentation, Window};
use super::unit::{Alternative, TimeScale, TimeStep, advice, percent};
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::dataset::Entity;
use crate::import::report::{ImportReport, listed};

/// Share of the spikes that must lie where they should in a unit that fits.
const MOST: f64 = 0.5;
/// Share of a clip over which its spikes spread at least in a unit that fits; shorter ones fit by
/// chance where clips are short and trials long.
const SPREAD: f64 = 0.5;
/// Share of a clip that is its very start.
const START: f64 = 0.01;
/// Fewer spikes lie at the start of a clip by chance.
const FEWEST: usize = 3;
/// Fewer spikes of one neuron say nothing of its unit.
const FEWEST_OF_NEURON: usize = 10;
/// Spikes of a neuron follow each other at larger distances, in milliseconds.
const REFRACTORY_MS: f64 = 1.0;
/// Share of the spikes for which that need not hold: several neurons may have been taken for one.
const UNSORTED: f64 = 0.1;

/// What was presented, and where its clip ends.
pub struct ClipTimes<'a> {
    /// What to call the sound in messages.
    pub name: &'a str,
    /// The presentations to each neuron.
    pub presentations: &'a [Vec<Presentation>],
    /// Bins of the clip.
    pub bins: usize,
    /// Length of the sound in milliseconds.
    pub sound_ms: f64,
}

/// Times from onsets as they were read.
pub struct OnsetTimes<'a> {
    /// File or folder of the spike times.
    pub file: &'a Path,
    /// In which unit they were read.
    pub scale: TimeScale,
    /// Rate of the sounds, which times may count the samples of.
    pub rate_hz: f64,
    /// The bins of the clips.
    pub window: Window,
    /// The clips.
    pub clips: &'a [ClipTimes<'a>],
    /// The neurons.
    pub neurons: &'a [Entity],
}

/// Where spikes lie if times were so many times as long.
struct Fit {
    total: usize,
    inside: usize,
    /// Inside, and not at the very start.
    beyond_start: usize,
    /// How far in the clip all but the last tenth of those inside reach.
    reach: f64,
}

impl OnsetTimes<'_> {
    /// Looks whether the times can be in the unit in which they were read, all of them and those of
    /// each neuron; says where many spikes drop.
    ///
    /// # Errors
    /// All spikes lie outside of all clips, or another unit fits better and no option names one.
    pub fn check(&self, report: &mut ImportReport) -> Result<()> {
        let own = self.fit(None, 1.0);
        if own.total == 0 {
            return Ok(());
        }
        if own.inside == 0 {
            return Err(self.all_outside(own.total));
        }
        if !self.scale.given {
            self.refuse_wrong_unit(None, &own)?;
            self.refuse_wrong_unit_of_one()?;
        }
        self.warn_of_outside(&own, report);
        Ok(())
    }

    fn refuse_wrong_unit_of_one(&self) -> Result<()> {
        let several = if self.neurons.len() > 1 { self.neurons.len() } else { 0 };
        for neuron in 0..several {
            let own = self.fit(Some(neuron), 1.0);
            if own.total >= FEWEST_OF_NEURON {
                self.refuse_wrong_unit(Some(neuron), &own)?;
            }
        }
        Ok(())
    }

    fn refuse_wrong_unit(&self, neuron: Option<usize>, own: &Fit) -> Result<()> {
        if own.total < FEWEST || own.share(own.beyond_start) >= MOST {
            return Ok(());
        }
        let fits = |fit: &Fit, step: TimeStep| {
            fit.share(fit.beyond_start) >= MOST
                && fit.reach >= SPREAD
                && self.can_count(neuron, step)
        };
        let fitting = self.alternatives(neuron, &TimeStep::USUAL, fits);
        if fitting.is_empty() {
            return Ok(());
        }
        let (name, total) = (self.scale.step.name(), counted(own.total, "spike"));
        let found = if own.inside == own.total {
            format!("as {name}, all {total} lie at the very start of the clips")
        } else {
            let share = percent(own.share(own.inside));
            format!("as {name}, {share} of {total} lie inside of the clips")
        };
        let advice = advice(fitting, "inside", TimeStep::option);
        let file = self.file.display();
        Err(Error::Refused(match neuron {
            None => format!(
                "{file}: {found}, expected them spread over the clips; {advice}; give the option \
                 of the right unit, or {} if it is right as it is",
                self.scale.step.option()
            ),
            Some(neuron) => format!(
                "{file}: {found} of the neuron {}, unlike those of others, expected one unit for \
                 all; {advice}; import that neuron by itself with the right option, then put both \
                 files together with strf import merge, or give {} if it is right for all",
                self.neurons[neuron].id,
                self.scale.step.option()
            ),
        }))
    }

    fn all_outside(&self, total: usize) -> Error {
        let of_sounds = [TimeStep::Sample(self.rate_hz)];
        let steps = [&TimeStep::USUAL[..], &of_sounds].concat();
        let fits = |fit: &Fit, _: TimeStep| fit.share(fit.beyond_start) >= MOST;
        let fitting = self.alternatives(None, &steps, fits);
        let advice = if fitting.is_empty() {
            "no usual unit puts them inside; check that sounds and spikes belong together".into()
        } else {
            format!(
                "{}; give the option of the right unit",
                advice(fitting, "inside", TimeStep::option)
            )
        };
        let found = format!(
            "read as {}, all {} lie outside of the clips, expected them inside",
            self.scale.step.name(),
            counted(total, "spike")
        );
        Error::Refused(format!("{}: {found}; {advice}", self.file.display()))
    }

    /// The units that fit as is asked.
    fn alternatives(
        &self,
        neuron: Option<usize>,
        steps: &[TimeStep],
        fits: impl Fn(&Fit, TimeStep) -> bool,
    ) -> Vec<Alternative> {
        let mut found: Vec<Alternative> = Vec::new();
        let others = |step: &TimeStep| *step != self.scale.step && self.scale.can_be(*step);
        for step in steps.iter().copied().filter(others) {
            let fit = self.fit(neuron, step.ms() / self.scale.step.ms());
            let known = found.iter().any(|one| one.step == step);
            if fits(&fit, step) && !known {
                found.push(Alternative { step, inside: fit.share(fit.inside), spread: fit.reach });
            }
        }
        found
    }

    fn presentations(
        &self,
        neuron: Option<usize>,
    ) -> impl Iterator<Item = (&ClipTimes<'_>, &Presentation)> {
        self.clips.iter().flat_map(move |clip| {
            let all = clip.presentations.iter().enumerate();
            let of_neuron = all.filter(move |(n, _)| neuron.is_none_or(|neuron| neuron == *n));
            of_neuron.flat_map(|(_, presentations)| presentations).map(move |one| (clip, one))
        })
    }

    fn fit(&self, neuron: Option<usize>, factor: f64) -> Fit {
        let mut fit = Fit { total: 0, inside: 0, beyond_start: 0, reach: 0.0 };
        let mut places = Vec::new();
        for (clip, one) in self.presentations(neuron) {
            fit.total += one.times_ms.len();
            let times = one.times_ms.iter().map(|time| time * factor);
            let inside = times.filter(|time| {
                let bin = self.window.bin(*time);
                bin >= 0.0 && bin < clip.bins as f64
            });
            places.extend(inside.map(|time| time.abs() / clip.sound_ms));
        }
        fit.inside = places.len();
        fit.beyond_start = places.iter().filter(|place| **place >= START).count();
        if !places.is_empty() {
            let most = places.len() - 1 - places.len() / 10;
            fit.reach = *places.select_nth_unstable_by(most, f64::total_cmp).1;
        }
        fit
    }

    /// Whether times are whole numbers, as samples are counted, and do not follow each other faster
    /// than a neuron can fire.
    fn can_count(&self, neuron: Option<usize>, step: TimeStep) -> bool {
        let stored = self.presentations(neuron).flat_map(|(_, one)| one.times_ms.iter());
        if !step.counts(stored.map(|time| time / self.scale.step.ms())) {
            return false;
        }
        let (mut close, mut all) = (0, 0);
        let factor = step.ms() / self.scale.step.ms();
        for (_, one) in self.presentations(neuron) {
            let mut times: Vec<f64> = one.times_ms.iter().collect();
            times.sort_by(f64::total_cmp);
            let apart = times.windows(2).map(|pair| (pair[1] - pair[0]) * factor);
            close += apart.filter(|apart| *apart < REFRACTORY_MS).count();
            all += times.len().saturating_sub(1);
        }
        close as f64 <= UNSORTED * all as f64
    }

    fn warn_of_outside(&self, own: &Fit, report: &mut ImportReport) {
        let outside = own.total - own.inside;
        let mut doubtful = Vec::new();
        for clip in self.clips {
            let one = OnsetTimes { clips: std::slice::from_ref(clip), ..*self }.fit(None, 1.0);
            if one.inside > 0 && one.total - one.inside > one.inside {
                let outside = one.total - one.inside;
                doubtful.push(format!("{} ({outside} of {})", clip.name, one.total));
            }
        }
        let names = listed(&doubtful);
        if own.share(outside) > MOST {
            let share = percent(own.share(outside));
            let of = if doubtful.is_empty() { String::new() } else { format!(": {names}") };
            report.warn(format!(
                "{}: {share} of the spikes lie outside of the sounds and are dropped, as they may \
                 where sounds are short and trials long{of}",
                self.file.display()
            ));
        } else if !doubtful.is_empty() {
            report.warn(format!(
                "{}: most spikes lie outside of the sound and are dropped: {names}",
                self.file.display()
            ));
        }
    }
}

impl Fit {
    fn share(&self, count: usize) -> f64 {
        count as f64 / self.total.max(1) as f64
    }
}
