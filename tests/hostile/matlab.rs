//! MATLAB files: compressed zeros, shapes that lie, cells in cells, references that lead in a circle.
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use hdf5::types::FixedAscii;
use hdf5::{ObjectReference1, ReferencedObject};
use ndarray::Array3;

use super::{confined, is_small, refused, too_large};
use crate::support::mat::{LETTERS, Mat5, Order};
use crate::support::runs::{Workplace, unlocked};

/// What is typed.
const MAT: &str = "import mat data.mat --dt-ms 5 --cochleagrams spec --responses resp --out out.h5";
const WRITER: Mat5 = Mat5(Order::Little);

/// `data.mat` of version 5 with one array and small responses.
fn version_5(array: Vec<u8>) -> Workplace {
    let place = Workplace::empty();
    let responses = WRITER.doubles("resp", &[3, 5], &[1.0; 15]);
    std::fs::write(place.path("data.mat"), WRITER.file(&[array, responses])).unwrap();
    is_small(&place.path("data.mat"), 16 << 20);
    place
}

/// An array of so many zeros, each a byte, compressed; class and type as the format has them.
fn zeros(class: u32, kind: u32, count: u32) -> Vec<u8> {
    let word = |value: u32| value.to_le_bytes();
    let inside = [
        WRITER.element(6, &[word(class), word(0)].concat()),
        WRITER.element(5, &[word(4), word(count / 4)].concat()),
        WRITER.small(1, b"spec"),
        [word(kind), word(count)].concat(),
    ];
    let inside = inside.concat();
    let length = u32::try_from(inside.len()).unwrap() + count;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&[word(14), word(length)].concat()).unwrap();
    zlib.write_all(&inside).unwrap();
    let piece = vec![0; 1 << 20];
    (0..count >> 20).for_each(|_| zlib.write_all(&piece).unwrap());
    let bytes = zlib.finish().unwrap();
    [word(15).to_vec(), word(u32::try_from(bytes.len()).unwrap()).to_vec(), bytes].concat()
}

#[test]
fn zeros_that_were_compressed_are_refused_by_what_they_become() {
    const DOUBLES: u32 = 6;
    for (class, kind) in [(DOUBLES, 2), (LETTERS, 16)] {
        too_large(&version_5(zeros(class, kind, 600 << 20)), MAT);
    }
}

#[test]
fn shapes_that_lie_and_cells_in_cells_come_to_an_end() {
    let numbers = WRITER.element(9, &[0; 80]);
    let lies = WRITER.array(6, &[4, 1 << 30, 8], "spec", std::slice::from_ref(&numbers));
    refused(&version_5(lies), MAT, &["10 numbers for an array (4, 1073741824, 8)"]);
    let sparse = WRITER.sparse("spec", &[(1 << 31) - 1, 1 << 20], &[0], &[0, 1], &[1.0]);
    refused(&version_5(sparse), MAT, &["a sparse array"]);
    let mut cells = WRITER.doubles("", &[1, 1], &[1.0]);
    for depth in 0..5000 {
        let name = if depth == 4999 { "spec" } else { "" };
        cells = WRITER.cells(name, &[1, 1], &[cells]);
    }
    refused(&version_5(cells), MAT, &["more than 32 deep"]);
}

/// `data.mat` of version 7.3 with small responses, and what is added.
fn version_73(fill: impl FnOnce(&hdf5::File) -> hdf5::Result<()>) -> Workplace {
    let place = Workplace::empty();
    let path = place.path("data.mat");
    let mut options = unlocked();
    options.with_create_plist(|plist| plist.userblock(512));
    let file = options.create(&path).unwrap();
    let responses = Array3::<f64>::ones((5, 3, 2));
    file.new_dataset_builder().with_data(responses.view()).create("resp").unwrap();
    fill(&file).unwrap();
    file.close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let mut head = b"MATLAB 7.3 MAT-file, written by a test".to_vec();
    head.resize(124, b' ');
    head.extend(b"\0\x02IM");
    bytes[..128].copy_from_slice(&head);
    std::fs::write(&path, bytes).unwrap();
    is_small(&path, 1 << 20);
    place
}

#[test]
fn sizes_of_version_7_3_are_checked_before_anything_is_read() {
    let place = version_73(|file| {
        let builder = file.new_dataset_builder().chunk((5, 100, 2)).empty::<f64>();
        builder.shape((5, 1_000_000_000_000usize, 2)).create("spec").map(drop)
    });
    too_large(&place, MAT);
}

/// Makes a place a cell array.
fn is_cell(dataset: &hdf5::Dataset) -> hdf5::Result<()> {
    let class: FixedAscii<4> = FixedAscii::from_ascii(b"cell").unwrap();
    dataset.new_attr::<FixedAscii<4>>().create("MATLAB_class")?.write_scalar(&class)
}

#[test]
fn cells_that_hold_themselves_come_to_an_end() {
    let place = version_73(|file| {
        let cells = file.new_dataset::<ObjectReference1>().shape((1, 1)).create("spec")?;
        is_cell(&cells)?;
        let own: ObjectReference1 = file.reference("spec")?;
        assert!(matches!(file.dereference(&own)?, ReferencedObject::Dataset(_)));
        cells.write(&ndarray::arr2(&[[own]]))
    });
    refused(&place, MAT, &["cells in cells, more than 32 deep"]);
}

#[test]
fn structs_that_hold_themselves_come_to_an_end() {
    let place = version_73(|file| {
        file.create_group("s")?;
        file.link_hard("s", "s/again")
    });
    for words in [MAT, "import guess data.mat"] {
        let ran = confined(&place, words);
        assert!(matches!(ran.status, Some(0 | 2)), "{words}: {:?}, {}", ran.status, ran.stderr);
    }
}
