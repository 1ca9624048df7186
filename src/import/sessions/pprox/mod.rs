//! `pprox`: JSON with the trials of one unit (melizalab; Le 2025).
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;

use self::recordings::Recordings;
use self::unit::UnitTrials;
use super::counts::Presentation;
use super::counts::RESOLUTION_MS;
use super::hearing::SoundOptions;
use super::session::Session;
use super::spikes::{LeftOut, Library, called, length_ms, natural_order, paths, plain, presented};
use super::unit::{TimeOptions, TimeScale, TimeStep, Unit};
use crate::base::error::{Error, Result};
use crate::base::wording::{counted, counted_that, joined};
use crate::dataset::Entity;
use crate::import::format::{Format, Imported};
use crate::import::report::{ImportReport, listed};

mod recordings;
mod trial;
mod unit;

/// Ending of the files.
const ENDING: &str = ".pprox";

/// `strf import pprox`.
#[derive(Debug, Clone, Args)]
pub struct Pprox {
    /// Files of units, or folders that hold them
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// Folder of sound files called as the stimuli; may be repeated
    #[arg(long, value_name = "FOLDER", required = true)]
    pub sounds: Vec<PathBuf>,
    /// Table of recordings, whose columns become attributes of the units that are called by its
    /// columns bird, penetration and site
    #[arg(long, value_name = "FILE")]
    pub recordings: Option<PathBuf>,
    /// In which unit spike times are.
    #[command(flatten)]
    pub time: TimeOptions,
    /// How sound becomes cochleagrams.
    #[command(flatten)]
    pub sound: SoundOptions,
}

impl Format for Pprox {
    fn name(&self) -> &'static str {
        "pprox"
    }

    fn sources(&self) -> Vec<&Path> {
        self.sources.iter().map(PathBuf::as_path).collect()
    }

    fn read(&self, report: &mut ImportReport) -> Result<Imported> {
        let scale = self.time.scale(Unit::S)?;
        let given = scale.given.then_some(scale.step);
        let mut left_out = LeftOut::default();
        let files = self.files(&mut left_out)?;
        let library = Library::of(&self.sounds, &mut left_out)?;
        left_out.tell(report);
        let mut gathered = Gathered::default();
        for path in files {
            gathered.add(&path, UnitTrials::read(&path, given)?, &library)?;
        }
        if let Some(table) = &self.recordings {
            Recordings::read(table)?.describe(&mut gathered.neurons, report);
        }
        let session = gathered.session(self, (scale, &library), report)?;
        session.imported(&self.sound, report)
    }
}

impl Pprox {
    fn files(&self, left_out: &mut LeftOut) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for source in &self.sources {
            let named = source.is_file();
            let all = paths(source, left_out)?;
            let is_unit = |path: &PathBuf| named || path.to_string_lossy().ends_with(ENDING);
            found.extend(all.into_iter().filter(is_unit));
        }
        if found.is_empty() {
            let shown: Vec<String> =
                self.sources.iter().map(|path| path.display().to_string()).collect();
            return Err(Error::Refused(format!(
                "{}: found no file that ends in {ENDING}, expected one for each unit; check the path",
                joined(&shown, "and")
            )));
        }
        Ok(found)
    }
}

/// What was played, and what neurons did.
struct Heard {
    file: PathBuf,
    by_neuron: BTreeMap<usize, Vec<Presentation>>,
}

/// Units and stimuli of the files read so far.
#[derive(Default)]
struct Gathered {
    neurons: Vec<Entity>,
    heard: BTreeMap<String, Heard>,
    /// Unit of the times of the files, with one such file.
    unit: Option<(Unit, PathBuf)>,
    silent: usize,
    shifted: usize,
    without_sound: BTreeMap<String, usize>,
}

impl Gathered {
    fn add(&mut self, path: &Path, unit: UnitTrials, library: &Library) -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let id = name.strip_suffix(ENDING).unwrap_or(plain(&name)).to_owned();
        let refused = |what: &str| Err(Error::Refused(format!("{}: {what}", path.display())));
        if self.neurons.iter().any(|known| known.id == id) {
            return refused(&format!("found a second file of the unit {id}, expected one"));
        }
        if let Some(own) = unit.unit {
            let (first, file) = self.unit.get_or_insert_with(|| (own, path.to_path_buf()));
            if *first != own {
                return refused(&format!(
                    "found another schema than in {}, expected one for all; import both apart and put \
                     them together with strf import merge",
                    file.display()
                ));
            }
        }
        let place = self.neurons.len();
        self.silent += unit.silent;
        self.shifted += usize::from(unit.shifted);
        for (name, presentation) in unit.trials {
            let Some(file) = library.find(&name)? else {
                *self.without_sound.entry(name).or_default() += 1;
                continue;
            };
            let new = || Heard { file: file.to_path_buf(), by_neuron: BTreeMap::new() };
            let heard = self.heard.entry(called(&name)[2].to_owned()).or_insert_with(new);
            if heard.file != file {
                let (one, other) = (heard.file.display(), file.display());
                return refused(&format!(
                    "found two sounds of the stimulus {name}, {one} and {other}, expected one"
                ));
            }
            heard.by_neuron.entry(place).or_default().push(presentation);
        }
        self.neurons.push(Entity { id, attributes: unit.attributes });
        Ok(())
    }

    fn session(
        self,
        options: &Pprox,
        (scale, library): (TimeScale, &Library),
        report: &mut ImportReport,
    ) -> Result<Session> {
        let file = options.sources[0].clone();
        self.tell(options, library, report)?;
        let own = self.unit.map_or(Unit::S, |(unit, _)| unit);
        let scale =
            if scale.given { scale } else { TimeScale { step: TimeStep::Unit(own), ..scale } };
        let neurons = counted(self.neurons.len(), "neuron");
        report
            .inferred(format!("{neurons} from the names of files; times in {}", scale.step.name()));
        let mut heard: Vec<(String, Heard)> = self.heard.into_iter().collect();
        heard.sort_by(|a, b| natural_order(&a.0, &b.0));
        let (mut stimuli, mut cut_short) = (Vec::with_capacity(heard.len()), 0);
        for (id, Heard { file, by_neuron }) in heard {
            let end_ms = length_ms(&file)? - options.sound.dt_ms / 2.0;
            let short = |one: &&Presentation| one.recorded_ms.iter().any(|(_, to)| *to < end_ms);
            cut_short += by_neuron.values().flatten().filter(short).count();
            let entity = Entity { id, ..Entity::default() };
            stimuli.push(presented(entity, file, by_neuron, self.neurons.len()));
        }
        if cut_short > 0 {
            let end = counted_that(cut_short, "trial", ["ends", "end"]);
            report.inferred(format!("{end} before the sound: the rest is not recorded"));
        }
        let (neurons, onset_scale) = (self.neurons, Some(scale));
        Ok(Session { file, neurons, stimuli, onset_scale, resolution_ms: RESOLUTION_MS })
    }

    /// Says what is left out.
    fn tell(&self, options: &Pprox, library: &Library, report: &mut ImportReport) -> Result<()> {
        let names: Vec<&String> = self.without_sound.keys().collect();
        let without: usize = self.without_sound.values().sum();
        if self.heard.is_empty() {
            let found = if names.is_empty() { "stimulus" } else { "sound" };
            let of =
                if names.is_empty() { String::new() } else { format!(" of {}", listed(&names)) };
            return Err(Error::Refused(format!(
                "{}: found no {found}{of}, expected trials with stimuli and a sound file for each in \
                 --sounds",
                options.sources[0].display()
            )));
        }
        if self.shifted > 0 {
            let files = counted(self.shifted, "file");
            report.inferred(format!("{files} with onsets that are not 0, from which times count"));
        }
        if without > 0 {
            let trials = counted(without, "trial");
            report.dropped(format!("{trials} without a sound in --sounds: {}", listed(&names)));
        }
        if self.silent > 0 {
            report.dropped(format!("{} without a stimulus", counted(self.silent, "trial")));
        }
        let used: BTreeSet<&Path> = self.heard.values().map(|heard| heard.file.as_path()).collect();
        let unused = library.sounds().filter(|path| !used.contains(path));
        let unused: Vec<String> = unused.map(|path| path.display().to_string()).collect();
        if !unused.is_empty() {
            let sounds = counted(unused.len(), "sound");
            report.dropped(format!("{sounds} without a trial: {}", listed(&unused)));
        }
        Ok(())
    }
}
