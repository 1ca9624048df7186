//! Recordings of NEMS, written by tests.
#![expect(clippy::unwrap_used, reason = "test support")]
use std::fs::File;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::Array2;
use strf::dataset::hdf5_io::write_array;
use tar::{Builder, EntryType, Header};

use super::runs::{Workplace, unlocked};

/// Two bands of twelve bins: `a` (0, 1, 2, 3), `b` (4, 5, 6, 7) and `a` again; the second band has
/// ten more.
pub const SOUND: &str = "0,10\n1,11\n2,12\n3,13\n4,14\n5,15\n6,16\n7,17\n0,10\n1,11\n2,12\n3,13\n";
/// Two presentations of `a` and one of `b`, at 100 Hz.
pub const EPOCHS: &str = "name,start,end\nFILE_x,0,0.12\nSTIM_a,0,0.04\nSTIM_b,0.04,0.08\n\
                          STIM_a,0.08,0.12\nPreStimSilence,0,0.01\n";

/// The header of a signal.
pub fn header(channels: &[&str], kind: &str, rate_hz: f64) -> String {
    let channels: Vec<String> = channels.iter().map(|name| format!("{name:?}")).collect();
    let channels = channels.join(", ");
    format!(
        "{{\"name\": \"x\", \"chans\": [{channels}], \"fs\": {rate_hz}, \"meta\": {{\"x\": NaN}}, \
         \"signal_type\": \"<class 'nems.signal.{kind}'>\"}}"
    )
}

/// `rec/` with sound and epochs, and the spike times of two cells.
pub fn write_recording(place: &Workplace, cells: &[(&str, &[f64])]) {
    std::fs::create_dir_all(place.path("rec")).unwrap();
    place.write("rec/rec.stim.csv", SOUND);
    place.write("rec/rec.stim.json", &header(&["b0", "b1"], "RasterizedSignal", 100.0));
    place.write("rec/rec.stim.epoch.csv", EPOCHS);
    place.write("rec/rec.resp.epoch.csv", EPOCHS);
    let names: Vec<&str> = cells.iter().map(|(name, _)| *name).collect();
    place.write("rec/rec.resp.json", &header(&names, "PointProcess", 100.0));
    place.write("rec/rec.meta.json", "{\"note\": NaN}");
    write_lists(&place.path("rec/rec.resp.h5"), cells);
}

/// An HDF5 file of lists.
pub fn write_lists(path: &Path, lists: &[(&str, &[f64])]) {
    let file = unlocked().create(path).unwrap();
    for (name, values) in lists {
        write_array(&file, name, ndarray::ArrayView1::from(*values)).unwrap();
    }
}

/// An HDF5 file of arrays.
pub fn write_arrays(path: &Path, arrays: &[(&str, Array2<f32>)]) {
    let file = unlocked().create(path).unwrap();
    for (name, values) in arrays {
        write_array(&file, name, values.view()).unwrap();
    }
}

/// Packs the files of a folder as `.tgz`, with the folder's name in front.
pub fn pack(folder: &Path, archive: &Path) {
    let file = GzEncoder::new(File::create(archive).unwrap(), Compression::fast());
    let mut tar = Builder::new(file);
    tar.append_dir_all(folder.file_name().unwrap(), folder).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
}

/// An archive with one entry, whose name is written as it is.
pub fn pack_odd(archive: &Path, name: &str, kind: EntryType) {
    let mut tar = Builder::new(GzEncoder::new(File::create(archive).unwrap(), Compression::fast()));
    let mut header = Header::new_gnu();
    let field = &mut header.as_old_mut().name;
    field[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(0);
    if kind != EntryType::Regular {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    tar.append(&header, &[][..]).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
}
