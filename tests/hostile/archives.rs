//! NumPy and NEMS archives: sizes that lie, zeros that were compressed, programs in place of numbers, names
//! that lead elsewhere.
use std::fs::File;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{confined, is_small, refused, too_large};
use crate::support::nems::write_recording;
use crate::support::runs::Workplace;

/// What is typed.
const NPZ: &str = "import npz data.npz --dt-ms 5 --out out.h5";

/// What stands in front of an array of version 2 of the format.
fn header(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    [b"\x93NUMPY\x02\0", &length.to_le_bytes()[..], text.as_bytes()].concat()
}

/// What stands in front of an array of a type and shape.
fn array(descr: &str, shape: &str) -> Vec<u8> {
    header(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n"))
}

/// `data.npz` with small responses and what is given: what stands in front, and how many zeros follow.
fn archive(members: &[(&str, Vec<u8>, usize)]) -> Workplace {
    let place = Workplace::empty();
    let mut zip = ZipWriter::new(File::create(place.path("data.npz")).unwrap());
    let responses = ("responses.npy", array("|u1", "(2, 2, 3, 5)"), 60);
    for (name, head, zeros) in members.iter().chain([&responses]) {
        zip.start_file(*name, SimpleFileOptions::default().compression_level(Some(1))).unwrap();
        zip.write_all(head).unwrap();
        let piece = vec![0; 1 << 20];
        (0..zeros.div_ceil(1 << 20)).for_each(|at| {
            zip.write_all(&piece[..(zeros - (at << 20)).min(1 << 20)]).unwrap();
        });
    }
    zip.finish().unwrap();
    is_small(&place.path("data.npz"), 16 << 20);
    place
}

#[test]
fn numpy_arrays_take_no_more_memory_than_there_is_whatever_their_headers_say() {
    for (descr, shape, zeros) in [
        ("<f4", "(2, 7, 1000000000000)", 100),
        ("<f8", "(10000000000, 10000000000, 10000000000)", 100),
        ("|u1", "(2, 7, 20000000)", 280_000_000),
    ] {
        too_large(&archive(&[("cochleagrams.npy", array(descr, shape), zeros)]), NPZ);
    }
    let sound = || ("cochleagrams.npy", array("|u1", "(2, 7, 5)"), 70);
    for (descr, shape) in
        [("<U1", "(100000000,)"), ("<U500000000", "(2,)"), ("|S9999999999", "(2,)")]
    {
        too_large(&archive(&[sound(), ("neuron_ids.npy", array(descr, shape), 1000)]), NPZ);
    }
}

#[test]
fn a_numpy_header_is_short() {
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 7, 5), ";
    let long = header(&(text.to_owned() + &" ".repeat(100_000_000) + "}\n"));
    let place = archive(&[("cochleagrams.npy", long, 70)]);
    refused(&place, NPZ, &["data.npz: cochleagrams", "longer than 65536 bytes"]);
    let deep = header(&format!("{{'descr': {}", "[".repeat(60_000)));
    refused(&archive(&[("cochleagrams.npy", deep, 70)]), NPZ, &["data.npz: cochleagrams"]);
}

#[test]
fn a_program_in_place_of_numbers_is_not_run() {
    let place = Workplace::empty();
    let owned = place.path("owned").display().to_string();
    // What numpy.save writes of an object that wants os.system to be called.
    let pickled = format!("cposix\nsystem\n(S'touch {owned}'\ntR.");
    let array =
        [header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }\n"), pickled.into()];
    let array = array.concat();
    let place = archive(&[("cochleagrams.npy", array.clone(), 0), ("neuron_ids.npy", array, 0)]);
    refused(&place, NPZ, &["cochleagrams: found Python objects (2), expected an array of numbers"]);
    assert!(!std::path::Path::new(&owned).exists());
}

#[test]
fn names_in_an_archive_are_no_paths() {
    let sound = || array("|u1", "(2, 7, 5)");
    let place = archive(&[
        ("cochleagrams.npy", sound(), 70),
        ("../../outside.npy", sound(), 70),
        ("/absolute.npy", sound(), 70),
    ]);
    confined(&place, NPZ).done();
    let mut names: Vec<_> =
        std::fs::read_dir(place.path(".")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["data.npz", "out.h5"]);
    assert!(!place.path("../../outside.npy").exists() && !place.path("../outside.npy").exists());
}

#[test]
fn a_file_in_a_recording_of_nems_is_unpacked_only_where_it_fits() {
    let place = Workplace::empty();
    write_recording(&place, &[("c1", &[0.005])]);
    let gzip = GzEncoder::new(File::create(place.path("rec.tgz")).unwrap(), Compression::fast());
    let mut tar = Builder::new(gzip);
    let mut add = |name: &str, bytes: u64, content: &mut dyn std::io::Read| {
        let mut header = Header::new_gnu();
        header.set_size(bytes);
        tar.append_data(&mut header, format!("rec/{name}"), content).unwrap();
    };
    for name in ["rec.stim.json", "rec.resp.json", "rec.resp.h5", "rec.resp.epoch.csv"] {
        let content = std::fs::read(place.path("rec").join(name)).unwrap();
        add(name, content.len() as u64, &mut &content[..]);
    }
    let bytes = 600_000_000;
    add("rec.stim.csv", bytes, &mut std::io::Read::take(std::io::repeat(b'0'), bytes));
    tar.into_inner().unwrap().finish().unwrap();
    is_small(&place.path("rec.tgz"), 16 << 20);
    too_large(&place, "import nems rec.tgz --out out.h5");
    assert!(!place.path("out.h5").exists());
}
