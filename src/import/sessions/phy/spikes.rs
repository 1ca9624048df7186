//! `spike_times.npy` beside `spike_clusters.npy`: the spikes of all clusters, read in pieces.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clusters::MOST_CLUSTERS;
use super::params::PhyParams;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::import::npy;
use crate::import::report::ImportReport;
use crate::import::sessions::spikes::{LeftOut, folders_in};
use crate::import::sessions::times::SpikeTrain;
use crate::import::sessions::unit::percent;

const TIMES: &str = "spike_times.npy";
const CLUSTERS: &str = "spike_clusters.npy";
/// What Kilosort writes where nobody has split or merged clusters.
const TEMPLATES: &str = "spike_templates.npy";
/// Share of the spikes that may lie outside of the recording.
const MOST_OUTSIDE: f64 = 0.1;

/// Refuses a folder without spikes, and names the one below that has some.
///
/// # Errors
/// As said.
pub fn require(folder: &Path) -> Result<()> {
    let has_spikes = |folder: &Path| folder.join(TIMES).is_file();
    if has_spikes(folder) {
        return Ok(());
    }
    let below = folders_in(folder, &mut LeftOut::default())?;
    let advice = match below.iter().find(|inner| has_spikes(inner)) {
        Some(inner) => format!("{} looks like one", inner.display()),
        None => "check the path".into(),
    };
    Err(Error::Refused(format!(
        "{}: found no {TIMES}, expected the folder of Kilosort or phy; {advice}",
        folder.display()
    )))
}

/// The spikes of a folder.
pub struct Spikes {
    times: PathBuf,
    clusters: PathBuf,
    /// How many each cluster has.
    pub counts: BTreeMap<usize, usize>,
}

/// The spikes of chosen clusters.
pub struct SpikeTrains {
    /// One for each cluster.
    pub trains: Vec<Arc<SpikeTrain>>,
    /// First and last spike of all clusters, in milliseconds.
    pub span_ms: Option<(f64, f64)>,
}

impl Spikes {
    /// Counts the spikes of each cluster.
    ///
    /// # Errors
    /// A file is missing or damaged, or is no list of numbers of clusters.
    pub fn count(folder: &Path, report: &mut ImportReport) -> Result<Self> {
        let times = folder.join(TIMES);
        let mut clusters = folder.join(CLUSTERS);
        let templates = folder.join(TEMPLATES);
        if !clusters.is_file() && templates.is_file() {
            report.inferred(format!("there is no {CLUSTERS}: clusters are those of {TEMPLATES}"));
            clusters = templates;
        }
        let mut counts: Vec<usize> = Vec::new();
        for number in npy::list(&clusters)?.1 {
            let number = number.map_err(|source| npy::damaged(&clusters, source))?;
            let cluster = cluster(number).ok_or_else(|| {
                let found = format!("found the cluster {number}");
                let expected = format!("whole numbers from 0 to {}", MOST_CLUSTERS - 1);
                Error::Refused(format!("{}: {found}, expected {expected}", clusters.display()))
            })?;
            if counts.len() <= cluster {
                counts.resize(cluster + 1, 0);
            }
            counts[cluster] += 1;
        }
        let filled = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
        let counts = filled.collect();
        Ok(Self { times, clusters, counts })
    }

    /// The spikes of these clusters, in order. Those outside of the recording are left out.
    ///
    /// # Errors
    /// A file is damaged, both are not of one length, or too many spikes lie outside.
    pub fn of(
        &self,
        chosen: &[usize],
        params: &PhyParams,
        report: &mut ImportReport,
    ) -> Result<SpikeTrains> {
        let ((spikes, times), (labels, clusters)) =
            (npy::list(&self.times)?, npy::list(&self.clusters)?);
        if spikes != labels {
            let files = [&self.times, &self.clusters].map(|path| path.display().to_string());
            let found =
                format!("found {} but {labels} clusters in {}", counted(spikes, "spike"), files[1]);
            let expected = "expected as many of both; the folder is not of one session";
            return Err(Error::Refused(format!("{}: {found}, {expected}", files[0])));
        }
        let step_ms = 1000.0 / params.rate_hz;
        let count = |cluster: &usize| self.counts.get(cluster).copied().unwrap_or(0);
        let mut trains: Vec<SpikeTrain> = chosen
            .iter()
            .map(|cluster| SpikeTrain::with_capacity(step_ms, count(cluster)))
            .collect();
        let last_cluster = self.counts.keys().next_back().map_or(0, |last| last + 1);
        let mut places: Vec<Option<usize>> = vec![None; last_cluster];
        for (place, cluster) in chosen.iter().enumerate() {
            if let Some(known) = places.get_mut(*cluster) {
                *known = Some(place);
            }
        }
        let end = params.samples.map_or(f64::INFINITY, |samples| samples as f64);
        let (mut outside, mut first, mut last) = (0, f64::INFINITY, f64::NEG_INFINITY);
        for (sample, label) in times.zip(clusters) {
            let sample = sample.map_err(|source| npy::damaged(&self.times, source))?;
            let label = label.map_err(|source| npy::damaged(&self.clusters, source))?;
            self.require_sample(sample)?;
            if sample < 0.0 || sample >= end {
                outside += 1;
                continue;
            }
            (first, last) = (first.min(sample), last.max(sample));
            let place = cluster(label).and_then(|cluster| places.get(cluster).copied().flatten());
            if let Some(train) = place.and_then(|place| trains.get_mut(place)) {
                train.push(sample);
            }
        }
        self.tell_outside(outside, spikes, end, report)?;
        let span_ms = (first <= last).then_some((first * step_ms, last * step_ms));
        Ok(SpikeTrains { trains: sorted(trains, report), span_ms })
    }

    fn require_sample(&self, sample: f64) -> Result<()> {
        if sample.is_finite() && sample.fract() == 0.0 {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{}: found {sample}, expected whole numbers of samples; if these are seconds, write \
             them as a file for each unit and import it with strf import spikes --events",
            self.times.display()
        )))
    }

    fn tell_outside(
        &self,
        outside: usize,
        spikes: usize,
        end: f64,
        report: &mut ImportReport,
    ) -> Result<()> {
        if outside == 0 {
            return Ok(());
        }
        let share = outside as f64 / spikes.max(1) as f64;
        let recording = if end.is_finite() { format!(" of {end} samples") } else { String::new() };
        let found = format!("{outside} of {}", counted(spikes, "spike"));
        if share > MOST_OUTSIDE {
            return Err(Error::Refused(format!(
                "{}: found {found} ({}) outside of the recording{recording}, expected nearly none; \
                 the folder or its params.py is not of this recording",
                self.times.display(),
                percent(share)
            )));
        }
        report.dropped(format!("{found} outside of the recording{recording}"));
        Ok(())
    }
}

fn sorted(trains: Vec<SpikeTrain>, report: &mut ImportReport) -> Vec<Arc<SpikeTrain>> {
    let mut unsorted = 0;
    let order = |train: SpikeTrain| {
        let (train, was_unsorted) = train.sorted();
        unsorted += usize::from(was_unsorted);
        Arc::new(train)
    };
    let trains = trains.into_iter().map(order).collect();
    if unsorted > 0 {
        report.inferred(format!("spike times of {} put in order", counted(unsorted, "cluster")));
    }
    trains
}

/// The number of a cluster.
fn cluster(number: f64) -> Option<usize> {
    let fits = number >= 0.0 && number.fract() == 0.0 && number < MOST_CLUSTERS as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    let number = number as usize;
    fits.then_some(number)
}
