//! Membrane potentials: traces with triggers in MATLAB files, beside MATLAB files of the sounds, which
//! a description joins: the layout of the whole-cell recordings of CRCNS ac-1.
use std::path::{Path, PathBuf};

use clap::Args;

use self::answers::Said;
use self::cells::Cells;
use self::gathered::Gathered;
use self::stimuli::StimulusFiles;
use super::hearing::{Heard, Presented, SoundOptions, heard};
use super::spikes::LeftOut;
use crate::base::error::{Error, Result};
use crate::base::wording::counted;
use crate::dataset::{Clip, Recording};
use crate::import::format::{Format, Imported};
use crate::import::report::ImportReport;
use crate::import::tables::NeuronTable;

mod median;
mod trace;

mod cells;
mod stimuli;

mod answers;

mod gathered;

/// Length of the running median in seconds where no option says it: longer than what follows a sound,
/// shorter than a drift.
const MEDIAN_S: f64 = 10.0;

/// `strf import traces`.
#[derive(Debug, Clone, Args)]
pub struct Traces {
    /// Folders of MATLAB files with response and triggers, one folder a cell, or folders of such
    #[arg(required = true, value_name = "FOLDER")]
    pub sources: Vec<PathBuf>,
    /// Folder of MATLAB files with the sounds (stimulus); may be repeated
    #[arg(long, value_name = "FOLDER", required = true)]
    pub sounds: Vec<PathBuf>,
    /// Seconds of the running median that is subtracted from a trace; 0 subtracts nothing
    #[arg(long, value_name = "S", default_value_t = MEDIAN_S, allow_negative_numbers = true)]
    pub median_s: f64,
    /// How sound becomes cochleagrams.
    #[command(flatten)]
    pub sound: SoundOptions,
    /// Attributes of the neurons.
    #[command(flatten)]
    pub about: NeuronTable,
}

impl Format for Traces {
    fn name(&self) -> &'static str {
        "traces"
    }

    fn sources(&self) -> Vec<&Path> {
        self.sources.iter().chain(&self.sounds).map(PathBuf::as_path).collect()
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let median_s = self.median_s;
        if !(median_s.is_finite() && median_s >= 0.0) {
            let found = format!("--median-s: found {median_s}, expected seconds, 0 or more");
            return Err(Error::Refused(found));
        }
        let mut left_out = LeftOut::default();
        let mut sounds = StimulusFiles::of(&self.sounds, &mut left_out, report)?;
        let mut cells = Cells::of(&self.sources, &mut left_out, report)?;
        self.about.describe(None, &mut cells.neurons, report)?;
        left_out.tell(report);
        let mut gathered = Gathered::new(cells.neurons.len(), self.sound.dt_ms);
        for (neuron, path) in &cells.files {
            gathered.add(*neuron, path, median_s, &mut sounds)?;
        }
        gathered.tell(self, &sounds, report)?;
        report.inferred(match median_s {
            0.0 => "responses are membrane potentials in mV".into(),
            _ => format!(
                "responses are membrane potentials in mV, less their running median of {median_s} s"
            ),
        });
        let (presented, answers) = gathered.stimuli();
        let Heard { cochleagrams, level, frequencies_hz, frontend, .. } =
            heard(&presented, &self.sound, report)?;
        let mut said = Said::default();
        let mut clips = Vec::with_capacity(presented.len());
        for ((Presented { stimulus, .. }, cochleagram), answers) in
            presented.into_iter().zip(cochleagrams).zip(answers)
        {
            let responses = answers.binned(&self.sound, cochleagram.ncols(), &mut said)?;
            clips.push(Clip { stimulus, cochleagram, responses });
        }
        said.tell(report);
        let (file, neurons) = (self.sources[0].clone(), cells.neurons);
        let (level, frequencies_hz) = (Some(level), Some(frequencies_hz));
        let (dt_ms, splits) = (self.sound.dt_ms, None);
        let recording = Recording { file, dt_ms, level, frequencies_hz, neurons, clips, splits };
        report.inferred(format!(
            "{} from the names of folders",
            counted(recording.neurons.len(), "neuron")
        ));
        Ok(Imported { recording, frontend: Some(frontend) })
    }
}
