//! What files of arrays say beside sound and responses: levels, attributes, splits, repeats.
use ndarray::{Array1, Array3, Array4, arr0, s};
use strf::base::files::Existing;
use strf::dataset::hdf5_io::{create, write_array, write_number, write_strings, write_text};
use strf::dataset::{Recording, read};

use crate::support::mat::{Mat5, Order};
use crate::support::npz::NpzWriter;
use crate::support::runs::Workplace;

fn imported(place: &Workplace, words: &str) -> (String, Recording) {
    let ran = place.strf(&format!("import {words} --out out.h5 --force")).done();
    (ran.stdout, read(&place.path("out.h5")).unwrap().recording)
}

/// Two stimuli of four bands and seven bins, three neurons, two repeats.
fn npz(place: &Workplace, fill: impl FnOnce(&mut NpzWriter)) {
    let mut npz = NpzWriter::create(&place.path("data.npz"));
    npz.add("specs", &Array3::<f64>::from_elem((2, 4, 7), 0.5));
    npz.add("responses", &Array4::<f32>::zeros((2, 3, 2, 7)));
    npz.add("dt_ms", &arr0(5.0));
    fill(&mut npz);
    npz.finish();
}

#[test]
fn attributes_and_splits_are_lists_in_groups_and_structs() {
    let place = Workplace::empty();
    create(&place.path("data.h5"), Existing::Replace, |file| {
        write_array(file, "specs", Array3::<f32>::zeros((2, 4, 7)).view())?;
        write_array(file, "responses", Array4::<f32>::zeros((2, 3, 2, 7)).view())?;
        write_number(file, "dt_ms", 5.0)?;
        for (name, value) in [("level_base", 2.0), ("level_offset", 1.0), ("level_scale", 0.5)] {
            write_number(file, name, value)?;
        }
        write_text(file, "level", "log")?;
        let neurons = file.create_group("neurons")?;
        write_strings(&neurons, "area", &["A1", "", "A2"])?;
        write_array(&neurons, "depth_um", Array1::from(vec![1.5, 2.0, 3.0]).view())?;
        write_array(&neurons, "cf", Array1::from(vec![1.0, 2.0, 3.0, 4.0]).view())?;
        let splits = file.create_group("splits")?;
        write_strings(&splits, "train", &["s2"])?;
        write_strings(&splits, "test", &["s1"])
    })
    .unwrap();
    let (said, recording) = imported(&place, "hdf5 data.h5");
    let [first, second, _] = &recording.neurons[..] else { panic!("{said}") };
    assert_eq!((first.attributes["area"].as_str(), second.attributes.get("area")), ("A1", None));
    assert_eq!(second.attributes["depth_um"], "2");
    assert_eq!(recording.splits.unwrap().test, ["s1"]);
    let level = recording.level.unwrap();
    assert_eq!(
        (level.kind.word(), level.inverse.unwrap().scale.to_string()),
        ("log", "0.5".into())
    );

    let mat = Mat5(Order::Little);
    let arrays = [
        mat.doubles("spec", &[2, 5], &[0.5; 10]),
        mat.doubles("resp", &[3, 5], &[1.0; 15]),
        mat.doubles("dt_ms", &[1, 1], &[5.0]),
        mat.text("level", 16, "power"),
        mat.structs("neurons", &[1, 1], &["depth"], &[mat.doubles("", &[1, 3], &[7.0, 8.0, 9.5])]),
    ];
    std::fs::write(place.path("data.mat"), mat.file(&arrays)).unwrap();
    let (_, recording) = imported(&place, "mat data.mat");
    assert_eq!(recording.neurons[2].attributes["depth"], "9.5");
    assert_eq!(recording.level.unwrap().kind.word(), "power");
}

#[test]
fn lists_of_other_lengths_and_unknown_ids_are_named() {
    let place = Workplace::empty();
    npz(&place, |npz| npz.add("neurons/depth", &Array1::from(vec![1.0, 2.0])));
    let (said, recording) = imported(&place, "npz data.npz");
    let line = "dropped: lists of neurons that are not 3 long: neurons/depth (2 values)\n";
    assert!(said.contains(line) && recording.neurons[0].attributes.is_empty(), "{said}");
    npz(&place, |npz| npz.add("splits/train", &Array1::from(vec![1.0])));
    let ran = place.strf("import npz data.npz --dry-run");
    let said =
        "splits/train: found \"1\", expected the id of a stimulus (there are: \"s1\", \"s2\")";
    assert!(ran.status == Some(2) && ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn an_option_says_the_level_that_a_file_does_not() {
    let place = Workplace::empty();
    npz(&place, |_| ());
    assert_eq!(imported(&place, "npz data.npz").1.level, None);
    let (_, recording) = imported(&place, "npz data.npz --level db");
    assert_eq!(recording.level.unwrap().kind.word(), "db");
    // A word of the file's own, here a number, is not used.
    npz(&place, |npz| npz.add("level", &arr0(60.0)));
    let (said, recording) = imported(&place, "npz data.npz");
    assert!(recording.level.is_none() && said.contains("attribute `level` is \"60\", none of"));
    let mat = Mat5(Order::Little);
    let arrays = [
        mat.doubles("spec", &[2, 5], &[0.5; 10]),
        mat.doubles("resp", &[3, 5], &[1.0; 15]),
        mat.text("level", 16, "power"),
    ];
    std::fs::write(place.path("data.mat"), mat.file(&arrays)).unwrap();
    place.strf("import mat data.mat --dt-ms 5 --level db --out none.h5").refused(
        "data.mat: 1 problem\n  --level: found db, expected power, as the file says (leave the option \
         out)",
    );
    let (_, recording) = imported(&place, "mat data.mat --dt-ms 5 --level power");
    assert_eq!(recording.level.unwrap().kind.word(), "power");
}

#[test]
fn repeats_that_a_list_says_are_cut() {
    let place = Workplace::empty();
    let write = |counts: [f64; 2]| {
        let mut npz = NpzWriter::create(&place.path("data.npz"));
        let mut responses = Array4::<f32>::zeros((2, 3, 2, 7));
        responses.slice_mut(s![1, .., 1, ..]).fill(f32::NAN);
        npz.add("specs", &Array3::<f64>::zeros((2, 4, 7)));
        npz.add("responses", &responses);
        npz.add("repeats", &Array1::from(counts.to_vec()));
        npz.finish();
    };
    write([2.0, 1.0]);
    let (_, recording) = imported(&place, "npz data.npz --dt-ms 5");
    let repeats: Vec<usize> = recording.clips.iter().map(|clip| clip.responses.dim().1).collect();
    assert_eq!(repeats, [2, 1]);
    write([1.0, 3.0]);
    let problem = |id: &str, count: u32| {
        format!(
            "\n  repeats: found {count} of stimulus {id}, expected at most 2 repeats, with NaN for \
             those that it lacks (correct the list, or give it another name if it is something else)"
        )
    };
    place.strf("import npz data.npz --dt-ms 5 --out none.h5").refused(&format!(
        "data.npz: 2 problems{}{}",
        problem("s1", 1),
        problem("s2", 3)
    ));
}
