//! Folders of Kilosort, phy and `SpikeInterface`: spikes of clusters on the clock of a recording, beside
//! a table of events and a folder of sounds.
use std::path::{Path, PathBuf};

use clap::Args;

use self::clusters::Clusters;
use self::params::PhyParams;
use self::spikes::{SpikeTrains, Spikes};
use super::clock::Trains;
use super::events::{EventOptions, EventSources, Recorded};
use super::hearing::SoundOptions;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::import::format::{Format, Imported};
use crate::import::report::{ImportReport, listed};

mod clusters;
mod params;
mod spikes;

/// `strf import phy`.
#[derive(Debug, Clone, Args)]
pub struct Phy {
    /// Folder with `spike_times.npy`, `spike_clusters.npy` and `params.py`
    pub folder: PathBuf,
    /// Table of events, CSV or TSV with a line of names: onset and stimulus, perhaps offset
    #[arg(long, value_name = "FILE", required = true)]
    pub events: PathBuf,
    /// Folder of sound files called as the stimuli; may be repeated
    #[arg(long, value_name = "FOLDER", required = true)]
    pub sounds: Vec<PathBuf>,
    /// Groups of clusters that are taken, e.g. good,mua [default: good, or all where clusters have no
    /// groups]
    #[arg(long, value_name = "GROUPS", value_delimiter = ',')]
    pub groups: Vec<String>,
    /// Samples a second of the recording [default: `sample_rate` of `params.py`]
    #[arg(long, value_name = "HZ", allow_negative_numbers = true)]
    pub rate_hz: Option<f64>,
    /// How the table is read.
    #[command(flatten)]
    pub columns: EventOptions,
    /// How sound becomes cochleagrams.
    #[command(flatten)]
    pub sound: SoundOptions,
}

impl Format for Phy {
    fn name(&self) -> &'static str {
        "phy"
    }

    fn sources(&self) -> Vec<&Path> {
        vec![&self.folder, &self.events]
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let folder = self.folder.as_path();
        if !folder.is_dir() {
            let what =
                if folder.exists() { "this is no folder" } else { "there is no such folder" };
            return Err(Error::Refused(format!(
                "{}: {what}, expected the folder that Kilosort, phy or SpikeInterface wrote; check \
                 the path",
                folder.display()
            )));
        }
        spikes::require(folder)?;
        let params = PhyParams::read(folder, self.rate_hz)?;
        let sources = EventSources {
            table: &self.events,
            columns: &self.columns,
            sounds: &self.sounds,
            sound: &self.sound,
        };
        let events = sources.events(Some(params.rate_hz), report)?;
        let (trains, span_ms) = self.trains(&params, report)?;
        let recorded = Recorded { file: self.folder.clone(), trains, span_ms, scale: None };
        sources.imported(&events, recorded, report)
    }
}

impl Phy {
    /// The clusters that are taken and their spikes; and the first and the last spike of all.
    fn trains(
        &self,
        params: &PhyParams,
        report: &mut ImportReport,
    ) -> Result<(Trains, Option<(f64, f64)>)> {
        let clusters = Clusters::read(&self.folder, report)?;
        let spikes = Spikes::count(&self.folder, report)?;
        let chosen = clusters.chosen(&self.folder, &spikes.counts, &self.groups, report)?;
        if chosen.is_empty() {
            let found = "found no cluster, expected at least one";
            return Err(Error::Refused(format!("{}: {found}", self.folder.display())));
        }
        let SpikeTrains { trains, span_ms } = spikes.of(&chosen, params, report)?;
        let silent = chosen.iter().zip(&trains).filter(|(_, train)| train.is_empty());
        let silent: Vec<String> = silent.map(|(cluster, _)| cluster.to_string()).collect();
        if !silent.is_empty() {
            let count = counted(silent.len(), "cluster");
            report.inferred(format!("{count} without spikes, kept: {}", listed(&silent)));
        }
        let recorded =
            params.samples.map(|samples| (0.0, samples as f64 * 1000.0 / params.rate_hz));
        let observed = vec![recorded.into_iter().collect(); chosen.len()];
        let neurons = chosen.iter().map(|cluster| clusters.neuron(*cluster)).collect();
        Ok((Trains { neurons, spikes: trains, observed }, span_ms))
    }
}
