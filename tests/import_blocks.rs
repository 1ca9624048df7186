//! Long recordings cut into blocks.
use ndarray::{Array2, Array3, s};
use strf::dataset::{Clip, Entity, Recording, read};

use crate::support::runs::{BANDS, Workplace, recording};

/// One clip of 1000 bins of 5 ms with everything different everywhere.
fn long(place: &Workplace) -> Clip {
    let clip = Clip {
        stimulus: Entity {
            id: "day/1".into(),
            attributes: [("type".to_owned(), "speech".to_owned())].into(),
        },
        cochleagram: Array2::from_shape_fn((BANDS, 1000), |(f, t)| (f + BANDS * t) as f32),
        responses: Array3::from_shape_fn((3, 2, 1000), |(n, r, t)| (n + 3 * r + 6 * t) as f32),
    };
    let recording = Recording { clips: vec![clip.clone()], splits: None, ..recording() };
    place.write_data("long.h5", &recording);
    clip
}

/// `long.h5` through a format that reads arrays, cut as the options say.
fn cut(place: &Workplace, options: &str) -> (String, Recording) {
    let arrays = "--cochleagrams stimuli/day%2F1/cochleagram --responses stimuli/day%2F1/responses \
                  --axes neuron,repeat,time";
    let ran = place.strf(&format!("import hdf5 long.h5 {arrays} --out cut.h5 --force {options}"));
    (ran.done().stdout, read(&place.path("cut.h5")).unwrap().recording)
}

#[test]
fn blocks_carry_their_history_and_no_response_twice() {
    let place = Workplace::empty();
    let clip = long(&place);
    let options = "--block-s 1 --history-ms 50 --guard-s 0.1 --split 0.6,0.2,0.2";
    let (said, cut) = cut(&place, options);
    let ids: Vec<&str> = cut.clips.iter().map(|clip| clip.stimulus.id.as_str()).collect();
    assert_eq!(ids, ["s1_1", "s1_2", "s1_3", "s1_4", "s1_5"]);
    assert_eq!(cut.clips[2].stimulus.attributes["clip"], "s1");
    assert_eq!(cut.clips[2].stimulus.attributes["start_s"], "2");
    for (block, one) in cut.clips.iter().enumerate() {
        let history = if block == 0 { 0 } else { 10 };
        let (from, to) = (200 * block - history, 200 * (block + 1));
        assert_eq!(one.cochleagram, clip.cochleagram.slice(s![.., from..to]), "{block}");
        // The first blocks of validation and test lose 20 bins to the guard.
        let left_out = history + if block >= 3 { 20 } else { 0 };
        assert!(one.responses.slice(s![.., .., ..left_out]).iter().all(|y| y.is_nan()), "{block}");
        let answered = one.responses.slice(s![.., .., left_out..]);
        assert_eq!(answered, clip.responses.slice(s![.., .., from + left_out..to]), "{block}");
    }
    let splits = cut.splits.unwrap();
    assert_eq!(splits.train, ["s1_1", "s1_2", "s1_3"]);
    assert_eq!((splits.valid, splits.test), (vec!["s1_4".into()], vec!["s1_5".into()]));
    for line in [
        "inferred: blocks of 200 bins, each after up to 10 bins of sound without responses\n",
        "inferred: /splits by time: 0.6, 0.2, 0.2 for training, validation and test\n",
        "dropped: responses in 40 bins between training, validation and test\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn a_model_trains_on_blocks_of_one_long_sound() {
    let place = Workplace::empty();
    long(&place);
    cut(&place, "--block-s 0.8");
    let run = "[data]\nfile = \"cut.h5\"\n[model]\ntype = \"ln\"\nwindow_ms = 20.0\n[train]\nepochs = 1\n";
    place.write("run.toml", run);
    place.strf("train run.toml --out run").done();
}

#[test]
fn too_few_blocks_and_short_clips_are_said() {
    let place = Workplace::empty();
    long(&place);
    let (said, whole) = cut(&place, "--block-s 60");
    assert_eq!(whole.clips.len(), 1);
    assert!(said.contains("inferred: 1 clip of one block left whole\n"), "{said}");
    let (said, two) = cut(&place, "--block-s 2.5");
    assert_eq!((two.clips.len(), two.splits), (2, None));
    let line = "inferred: no /splits by time: that takes three blocks or more of every clip\n";
    assert!(said.contains(line), "{said}");
}

#[test]
fn lengths_and_shares_out_of_range_are_refused() {
    let place = Workplace::empty();
    long(&place);
    let words = "import hdf5 long.h5 --cochleagrams stimuli/day%2F1/cochleagram \
                 --responses stimuli/day%2F1/responses --axes neuron,repeat,time --out cut.h5";
    for (options, message) in [
        ("--block-s 0", "--block-s: found 0, expected seconds above 0"),
        ("--block-s 1 --history-ms -1", "--history-ms: found -1, expected 0 or more"),
        (
            "--block-s 1 --split 0.5,0.5",
            "--split: found 0.5,0.5, expected three shares above 0 that sum to 1, as in 0.7,0.15,0.15",
        ),
    ] {
        let ran = place.strf(&format!("{words} {options}"));
        assert_eq!(ran.status, Some(2), "{options}");
        assert_eq!(ran.stderr, format!("strf: {message}\n"), "{options}");
    }
    assert!(!place.path("cut.h5").exists());
}
