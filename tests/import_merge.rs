//! Several datasets as one.
use ndarray::{Axis, s};
use strf::dataset::{Inverse, LevelKind, Recording, SoundLevel, Splits, read};
use strf::preparation::{keep_neurons, keep_stimuli};

use crate::support::runs::{Workplace, recording};

fn merged(place: &Workplace, words: &str) -> (String, Recording) {
    let ran = place.strf(&format!("import merge {words} --out merged.h5 --force")).done();
    (ran.stdout, read(&place.path("merged.h5")).unwrap().recording)
}

#[test]
fn neurons_stand_side_by_side_for_the_same_stimuli() {
    let place = Workplace::empty();
    let whole = recording();
    place.write_data("left.h5", &keep_neurons(whole.clone(), &[0, 2]));
    place.write_data("right.h5", &keep_neurons(whole.clone(), &[1]));
    let (said, merged) = merged(&place, "left.h5 right.h5");
    assert_eq!(merged.neuron_ids(), ["a1", "c3", "b2"]);
    for (got, want) in merged.clips.iter().zip(&whole.clips) {
        assert_eq!(got.stimulus.id, want.stimulus.id);
        assert_eq!(got.cochleagram, want.cochleagram);
        let expected = want.responses.select(Axis(0), &[0, 2, 1]);
        let same = got.responses.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{}", got.stimulus.id);
    }
    assert_eq!(merged.splits, whole.splits);
    assert_eq!(merged.neurons[2].attributes["origin"], "right");
    assert_eq!(merged.neurons[2].attributes["area"], "A1");
    assert_eq!(merged.clips[0].stimulus.attributes["origin"], "left, right");
    assert!(
        said.contains("inferred: 9 stimuli of 2 files, 9 of them in more than one\n"),
        "{said}"
    );
}

#[test]
fn neurons_that_heard_other_stimuli_are_missing_there() {
    let place = Workplace::empty();
    let whole = Recording { splits: None, ..recording() };
    place.write_data("one.h5", &keep_neurons(keep_stimuli(whole.clone(), &[0, 1, 2, 3]), &[0]));
    place.write_data("two.h5", &keep_neurons(keep_stimuli(whole.clone(), &[3, 4]), &[1, 2]));
    let (_, merged) = merged(&place, "one.h5 two.h5");
    assert_eq!((merged.neurons.len(), merged.clips.len()), (3, 5));
    let missing = |clip: usize, n: usize| {
        merged.clips[clip].responses.slice(s![n, .., ..]).iter().all(|y| y.is_nan())
    };
    let table: Vec<[bool; 3]> = (0..5).map(|clip| [0, 1, 2].map(|n| missing(clip, n))).collect();
    let (first, second) = ([false, true, true], [true, false, false]);
    assert_eq!(table, [first, first, first, [false; 3], second]);
}

#[test]
fn levels_that_refer_to_other_magnitudes_are_warned_of() {
    let place = Workplace::empty();
    let whole = Recording { splits: None, ..recording() };
    let level = |scale: f64| {
        let inverse = Some(Inverse { base: 1.122, offset: 0.0, scale });
        Some(SoundLevel { kind: LevelKind::Db, inverse, of_power: false })
    };
    let part = |clips: &[usize], scale| Recording {
        level: level(scale),
        ..keep_stimuli(whole.clone(), clips)
    };
    let merge = "import merge one.h5 two.h5 --same-neurons --out merged.h5 --force";
    place.write_data("one.h5", &part(&[0, 1], 0.5));
    place.write_data("two.h5", &part(&[2, 3], 0.25));
    assert_eq!(
        place.strf(merge).done().stderr,
        "strf: warning: two.h5: levels refer to another magnitude than in one.h5, so that one number \
         stands for two; import all with one reference, as with --set frontend.reference=full_scale\n"
    );
    place.write_data("two.h5", &part(&[2, 3], 0.5));
    assert_eq!(place.strf(merge).done().stderr, "");
}

#[test]
fn one_neuron_in_two_files_is_refused_unless_it_is_said_which_it_is() {
    let place = Workplace::empty();
    let whole = Recording { splits: None, ..recording() };
    place.write_data("mon.h5", &keep_neurons(keep_stimuli(whole.clone(), &[0, 1]), &[0]));
    place.write_data("tue.h5", &keep_neurons(keep_stimuli(whole.clone(), &[1, 2]), &[0]));
    place.strf("import merge mon.h5 tue.h5 --out merged.h5").refused(
        "tue.h5: 1 problem\n  /neurons/id: found the neuron \"a1\", which mon has too, expected ids \
         of its own (give --same-neurons if they are one, --prefix if they are two)",
    );
    assert!(!place.path("merged.h5").exists());
    let (_, two) = merged(&place, "mon.h5 tue.h5 --prefix");
    assert_eq!(two.neuron_ids(), ["mon_a1", "tue_a1"]);
    let (_, one) = merged(&place, "mon.h5 tue.h5 --same-neurons");
    assert_eq!(one.neuron_ids(), ["a1"]);
    let repeats = |clip: usize| whole.clips[clip].responses.dim().1;
    let found: Vec<usize> = one.clips.iter().map(|clip| clip.responses.dim().1).collect();
    assert_eq!(found, [repeats(0), 2 * repeats(1), repeats(2)], "repeats of both days");
}

#[test]
fn files_of_other_bins_bands_or_sounds_are_refused() {
    let place = Workplace::empty();
    let whole = recording();
    let left = keep_neurons(whole.clone(), &[0]);
    let right = keep_neurons(whole, &[1]);
    place.write_data("left.h5", &left);
    let refused = |right: Recording, message: &str| {
        place.write_data("right.h5", &right);
        place.strf("import merge left.h5 right.h5 --out merged.h5").refused(message);
    };
    refused(
        Recording { dt_ms: 2.5, ..right.clone() },
        "right.h5: 1 problem\n  dt_ms: found 2.5, expected 5 as in left.h5 (import one of them \
         again with the other's bins)",
    );
    let mut other = right.clone();
    other.frequencies_hz.as_mut().unwrap()[3] *= 1.01;
    refused(
        other,
        "right.h5: 1 problem\n  /frequencies: found 1704.375 Hz in band 3, expected 1687.5 as in \
         left.h5",
    );
    let mut other = right.clone();
    other.clips[1].cochleagram[[2, 5]] += 1.0;
    let id = &other.clips[1].stimulus.id.clone();
    refused(
        other,
        &format!(
            "right.h5: 1 problem\n  /stimuli/{id}: found another sound than in left, expected one \
             sound for each id (rename the stimulus in one of the files, or import both with one \
             front end)"
        ),
    );
    place
        .strf("import merge left.h5 none.h5")
        .refused("none.h5: there is no such file; check the path");
}

#[test]
fn splits_that_disagree_are_left_out() {
    let place = Workplace::empty();
    let whole = recording();
    let Splits { train, valid, test } = whole.splits.clone().unwrap();
    place.write_data("left.h5", &keep_neurons(whole.clone(), &[0]));
    let turned = Splits { train: valid, valid: train, test };
    let right = keep_neurons(Recording { splits: Some(turned), ..whole }, &[1]);
    place.write_data("right.h5", &right);
    let (said, merged) = merged(&place, "left.h5 right.h5");
    assert_eq!(merged.splits, None);
    assert!(said.contains("dropped: /splits, in which files disagree about "), "{said}");
}
