//! A recording of NEMS: sound in tiles, one a stimulus, responses in samples, and epochs that say
//! when which stimulus was heard. Presentations follow one another without a pause.
//!
//! What NEMS has no place for stands in `meta.json`.
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::Axis;
use serde_json::json;
use tar::{Builder, Header};

use super::{DataFormatRow, csv, stem};
use crate::base::error::{Error, Result};
use crate::base::files::{self, Existing};
use crate::dataset::hdf5_io::{self, write_array};
use crate::dataset::schema::escape;
use crate::dataset::{Clip, Recording};
use crate::import::nems::{About, StimulusAbout};

pub(super) const ROW: DataFormatRow = DataFormatRow {
    unheld: |recording| csv::blanks_around_ids(recording),
    write: |recording, path, existing| write(recording, path, existing),
    import: "nems",
};

/// What the names of epochs begin with that are presentations.
const PRESENTATION: &str = "STIM_";
/// Endings of a file that is an archive.
const ARCHIVE: [&str; 2] = [".tgz", ".tar.gz"];

fn write(recording: &Recording, path: &Path, existing: Existing) -> Result<()> {
    let name = stem(path);
    let is_archive = ARCHIVE.iter().any(|ending| path.to_string_lossy().ends_with(ending));
    if !is_archive {
        let is_ours = |name: &str| {
            let ending = Path::new(name).extension();
            ending.is_some_and(|ending| ["csv", "json", "h5"].iter().any(|own| ending == *own))
        };
        return files::folder(path, existing, is_ours, |folder| fill(recording, folder, &name));
    }
    let failed = |cause: io::Error| {
        Error::file(format!("packing {} in a temporary folder", path.display()), cause)
    };
    let folder = tempfile::tempdir().map_err(failed)?;
    fill(recording, folder.path(), &name)?;
    files::file(path, existing, |beside| {
        pack(folder.path(), &name, beside)
            .map_err(|cause| Error::file(format!("writing {}", path.display()), cause))
    })
}

/// The same content gives the same bytes: entries are in order, and have neither times nor owners.
fn pack(folder: &Path, name: &str, to: &Path) -> io::Result<()> {
    let compressed = GzEncoder::new(BufWriter::new(File::create(to)?), Compression::default());
    let mut tar = Builder::new(compressed);
    let mut names: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    names.sort();
    for file in names {
        let path = folder.join(&file);
        let mut header = Header::new_gnu();
        header.set_size(path.metadata()?.len());
        header.set_mode(0o644);
        let inside = Path::new(name).join(&file);
        tar.append_data(&mut header, inside, File::open(path)?)?;
    }
    tar.into_inner()?.finish()?.flush()
}

fn fill(recording: &Recording, folder: &Path, name: &str) -> Result<()> {
    let file = |ending: &str| folder.join(format!("{name}.{ending}"));
    let text =
        |ending: &str, text: &str| files::write(&file(ending), Existing::Keep, text.as_bytes());
    let epochs = epochs(recording)?;
    let bands: Vec<String> = (1..=recording.bands()).map(|band| format!("band{band}")).collect();
    let signals =
        [("stim", bands, "TiledSignal"), ("resp", recording.neuron_ids(), "RasterizedSignal")];
    for (signal, channels, kind) in signals {
        let header = json!({
            "name": signal,
            "recording": name,
            "chans": channels,
            "fs": 1000.0 / recording.dt_ms,
            "meta": {},
            "signal_type": format!("<class 'nems.signal.{kind}'>"),
        });
        text(&format!("{signal}.json"), &format!("{header:#}\n"))?;
        text(&format!("{signal}.epoch.csv"), &epochs)?;
    }
    let about = serde_json::to_value(about(recording))
        .map_err(|cause| Error::failed("writing meta.json", cause))?;
    text("meta.json", &format!("{:#}\n", json!({ About::KEY: about })))?;
    hdf5_io::create(&file("stim.h5"), Existing::Keep, |tiles| {
        recording
            .clips
            .iter()
            .try_for_each(|clip| write_array(tiles, &epoch(clip), clip.cochleagram.view()))
    })?;
    let path = file("resp.csv");
    samples(recording, &path)
        .map_err(|cause| Error::file(format!("writing {}", path.display()), cause))
}

/// The name of the epochs of a stimulus, which is that of a dataset in an HDF5 file too.
fn epoch(clip: &Clip) -> String {
    format!("{PRESENTATION}{}", escape(&clip.stimulus.id))
}

fn epochs(recording: &Recording) -> Result<String> {
    let mut table = ::csv::Writer::from_writer(Vec::new());
    let failed = |cause: ::csv::Error| Error::failed("writing epochs", cause);
    table.write_record(["name", "start", "end"]).map_err(failed)?;
    let mut bin = 0;
    let time_s = |bin: usize| (bin as f64 * recording.dt_ms / 1000.0).to_string();
    for clip in &recording.clips {
        for _ in 0..clip.responses.dim().1 {
            let (start, end) = (time_s(bin), time_s(bin + clip.bins()));
            table.write_record([epoch(clip), start, end]).map_err(failed)?;
            bin += clip.bins();
        }
    }
    let bytes =
        table.into_inner().map_err(|cause| Error::failed("writing epochs", cause.into_error()))?;
    String::from_utf8(bytes).map_err(|cause| Error::failed("writing epochs", cause))
}

fn about(recording: &Recording) -> About {
    let stimulus = |clip: &Clip| {
        let (id, attributes) = (clip.stimulus.id.clone(), clip.stimulus.attributes.clone());
        (epoch(clip), StimulusAbout { id, attributes })
    };
    About {
        dt_ms: recording.dt_ms,
        frequencies_hz: recording.frequencies_hz.clone(),
        level: recording.level,
        neurons: recording.neurons.iter().map(|neuron| neuron.attributes.clone()).collect(),
        stimuli: recording.clips.iter().map(stimulus).collect(),
        splits: recording.splits.clone(),
    }
}

/// One row a bin, one column a neuron, presentation by presentation.
fn samples(recording: &Recording, path: &Path) -> io::Result<()> {
    let mut to = BufWriter::new(File::create(path)?);
    for clip in &recording.clips {
        for repeat in clip.responses.axis_iter(Axis(1)) {
            for values in repeat.columns() {
                let row: Vec<String> = values.iter().map(ToString::to_string).collect();
                writeln!(to, "{}", row.join(","))?;
            }
        }
    }
    to.flush()
}
