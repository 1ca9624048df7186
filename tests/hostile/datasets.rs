//! Dataset files that declare more than they hold, hold the same many times, or lead elsewhere.
use std::path::Path;

use hdf5::types::VarLenUnicode;
use hdf5::{DatasetBuilder, H5Type};

use super::{confined, is_small, refused, too_large};
use crate::support::runs::{LN, Workplace, change_data, run_file};

/// A trillion.
const MANY: usize = 1_000_000_000_000;

/// Puts a dataset that nothing was written to in the place of another.
fn declare<T: H5Type>(file: &hdf5::File, at: &str, shape: &[usize]) -> hdf5::Result<()> {
    if file.link_exists(at) {
        file.unlink(at)?;
    }
    let chunk: Vec<usize> = shape.iter().map(|length| *length.min(&100)).collect();
    file.new_dataset_builder().chunk(chunk).empty::<T>().shape(shape.to_vec()).create(at).map(drop)
}

/// Builds the sound of a stimulus of `data.h5` anew.
fn with_sound(place: &Workplace, build: impl FnOnce(DatasetBuilder) -> hdf5::Result<()>) {
    change_data(&place.path("data.h5"), |file| {
        let clip = file.group("stimuli/clip3")?;
        clip.unlink("cochleagram")?;
        build(clip.new_dataset_builder())
    });
}

/// A dataset in which something is declared.
fn declaring<T: H5Type>(at: &str, shape: &[usize]) -> Workplace {
    let place = Workplace::new();
    change_data(&place.path("data.h5"), |file| declare::<T>(file, at, shape));
    is_small(&place.path("data.h5"), 1 << 20);
    place
}

#[test]
fn what_is_declared_and_never_written_takes_no_memory() {
    for (at, shape) in [
        ("stimuli/clip3/cochleagram", &[7, MANY][..]),
        ("stimuli/clip3/cochleagram", &[1 << 31, 1 << 31]),
        ("stimuli/clip3/cochleagram", &[7, 40_000_000]),
        ("stimuli/clip3/responses", &[3, 2, MANY]),
        ("stimuli/clip3/responses", &[3, 40_000_000, 49]),
        ("neurons/depth_um", &[MANY]),
        ("frequencies", &[MANY]),
        ("frequencies", &[200_000_000]),
    ] {
        let place = declaring::<f32>(at, shape);
        too_large(&place, "inspect data.h5");
        place.write("run.toml", &run_file(LN, "epochs = 1"));
        too_large(&place, "train run.toml");
        assert!(!place.path("run").exists());
    }
    for at in ["neurons/id", "neurons/area", "splits/train"] {
        for length in [MANY, 100_000_000] {
            too_large(&declaring::<VarLenUnicode>(at, &[length]), "inspect data.h5");
        }
        too_large(&declaring::<hdf5::types::FixedAscii<4096>>(at, &[200_000]), "inspect data.h5");
    }
}

#[test]
fn pieces_that_fit_one_by_one_are_counted_together() {
    let place = Workplace::new();
    change_data(&place.path("data.h5"), |file| {
        (0..9).try_for_each(|clip| {
            declare::<f32>(file, &format!("stimuli/clip{clip}/cochleagram"), &[7, 5_000_000])?;
            declare::<f32>(file, &format!("stimuli/clip{clip}/responses"), &[3, 2, 5_000_000])
        })
    });
    is_small(&place.path("data.h5"), 1 << 20);
    too_large(&place, "inspect data.h5");
}

#[test]
fn a_run_reads_no_more_of_another_dataset_than_fits() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 1"));
    place.strf("train run.toml --out run").done();
    let declared = declaring::<f32>("stimuli/clip3/cochleagram", &[7, MANY]);
    std::fs::copy(declared.path("data.h5"), place.path("other.h5")).unwrap();
    for command in ["eval", "predict"] {
        too_large(&place, &format!("{command} run --data other.h5"));
    }
    for command in [
        "import merge data.h5 other.h5 --out o.h5",
        "export-data other.h5 --format npz --out o.npz",
    ] {
        too_large(&place, command);
    }
    assert!(!place.path("o.h5").exists() && !place.path("o.npz").exists());
}

/// Zeros compressed with gzip.
fn zeros(builder: DatasetBuilder, shape: [usize; 2]) -> hdf5::Result<()> {
    let zeros = ndarray::Array2::<u8>::zeros(shape);
    builder
        .chunk((shape[0], 1 << 20))
        .deflate(1)
        .with_data(zeros.view())
        .create("cochleagram")
        .map(drop)
}

#[test]
fn zeros_that_were_compressed_are_refused_by_what_they_become() {
    let place = Workplace::new();
    with_sound(&place, |builder| zeros(builder, [7, 20_000_000]));
    is_small(&place.path("data.h5"), 2 << 20);
    too_large(&place, "inspect data.h5");
}

#[test]
fn a_chunk_larger_than_the_array_is_refused_by_its_own_size() {
    let place = Workplace::new();
    with_sound(&place, |builder| {
        let builder = builder.chunk((7, 1 << 26)).deflate(1).empty::<f32>();
        builder.shape((7.., 49..)).create("cochleagram").map(drop)
    });
    is_small(&place.path("data.h5"), 1 << 20);
    too_large(&place, "inspect data.h5");
}

/// Makes all texts of a list the first of them, as the file refers to it.
fn repeat_the_first(path: &Path, letters: u32, texts: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    // Length, address of a heap, place in it.
    let reference = |at: &usize| bytes[*at..].starts_with(&letters.to_le_bytes());
    let at = (0..bytes.len() - 16 * texts).find(|at| {
        let others =
            (1..texts).all(|text| bytes[at + 16 * text..].starts_with(&1u32.to_le_bytes()));
        reference(at) && others
    });
    let at = at.unwrap();
    let first = bytes[at..at + 16].to_vec();
    (1..texts).for_each(|text| bytes[at + 16 * text..][..16].copy_from_slice(&first));
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_long_text_that_is_referred_to_many_times_is_counted_as_often() {
    const LETTERS: u32 = 1 << 20;
    const TEXTS: usize = 1000;
    let place = Workplace::new();
    change_data(&place.path("data.h5"), |file| {
        let mut texts = vec!["x".to_owned(); TEXTS];
        texts[0] = "y".repeat(LETTERS as usize);
        let texts: Vec<VarLenUnicode> = texts.iter().map(|text| text.parse().unwrap()).collect();
        file.new_dataset_builder().with_data(&texts).create("neurons/note").map(drop)
    });
    repeat_the_first(&place.path("data.h5"), LETTERS, TEXTS);
    is_small(&place.path("data.h5"), 2 << 20);
    too_large(&place, "inspect data.h5");
}

#[test]
fn values_in_another_file_are_not_read() {
    let place = Workplace::new();
    place.write("secret", &"s".repeat(1000));
    let secret = place.path("secret");
    with_sound(&place, |builder| {
        let builder = builder.external(secret.to_str().unwrap(), 0, 343);
        builder.empty::<u8>().shape((7, 49)).create("cochleagram").map(drop)
    });
    let said = ["stimuli/clip3/cochleagram", "its values lie in another file", "secret"];
    refused(&place, "inspect data.h5", &said);
    let import = "import hdf5 data.h5 --cochleagrams stimuli/clip3/cochleagram \
                  --responses stimuli/clip3/responses --dt-ms 5 --out o.h5";
    refused(&place, import, &["its values lie in another file"]);
}

#[test]
fn links_that_lead_in_a_circle_come_to_an_end() {
    let place = Workplace::new();
    change_data(&place.path("data.h5"), |file| {
        file.link_soft("/stimuli/itself", "stimuli/itself")?;
        file.link_hard("/", "stimuli/top")?;
        file.link_hard("/stimuli", "stimuli/clip3/again")
    });
    let said = ["/stimuli/itself: found something that cannot be read", "/stimuli/top/cochleagram"];
    refused(&place, "inspect data.h5", &said);
    let ran = confined(&place, "import guess data.h5");
    assert!(matches!(ran.status, Some(0 | 2)), "{}", ran.stderr);
}

#[test]
fn no_program_is_looked_for_where_a_filter_is_missing() {
    let place = Workplace::new();
    with_sound(&place, |builder| {
        let values = ndarray::Array2::<f64>::zeros((7, 49));
        let builder = builder.chunk((7, 49)).fletcher32().deflate(7);
        builder.with_data(values.view()).create("cochleagram").map(drop)
    });
    // The filter behind the checksum: its number, flags, and its only value, the level.
    let mut bytes = std::fs::read(place.path("data.h5")).unwrap();
    let deflate = |window: &[u8]| {
        window.starts_with(&[1, 0]) && window[3] == 0 && window.ends_with(&[1, 0, 7, 0, 0, 0])
    };
    let at = bytes.windows(10).position(deflate).unwrap();
    bytes[at..at + 2].copy_from_slice(&[77, 0]);
    std::fs::write(place.path("data.h5"), bytes).unwrap();
    let ran = confined(&place, "inspect data.h5");
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("clip3/cochleagram"), "{}", ran.stderr);
    let folders = ["/usr/local/hdf5", "lib/plugin"];
    assert!(!folders.iter().any(|folder| ran.stderr.contains(folder)), "{}", ran.stderr);
}
