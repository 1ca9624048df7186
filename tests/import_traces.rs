//! `strf import traces`: membrane potentials with triggers, and sounds that descriptions join.
use strf::dataset::{Recording, read};

use crate::support::rigs::{
    list, natural, one, text, trace, trigger, wehr, write_mat, write_stimulus, write_trace,
};
use crate::support::runs::Workplace;
use crate::support::sessions::{SLOW, imported, refused};

const HZ: u32 = 2000;

const WORDS: &str = "import traces wehr/Results --sounds wehr/Stimuli --out out.h5";

/// Fails unless the bins of a repeat are the multiples of a number of millivolts.
#[track_caller]
fn assert_rises(
    recording: &Recording,
    (clip, neuron, repeat): (usize, usize, usize),
    from: f32,
    step: f32,
) {
    let responses = &recording.clips[clip].responses;
    for bin in 0..100 {
        let (got, want) = (responses[[neuron, repeat, bin]], from + step * bin as f32);
        assert!((got - want).abs() < 1e-4, "bin {bin}: {got}, expected {want}");
    }
}

#[test]
fn traces_less_their_median_become_means_of_bins() {
    let place = Workplace::empty();
    wehr(&place, HZ);
    let (said, recording) = imported(&place, WORDS);
    assert_eq!(recording.neuron_ids(), ["051", "052"]);
    assert_eq!(recording.stimulus_ids(), ["song a", "song b"]);
    let kind = |clip: usize| recording.clips[clip].stimulus.attributes["type"].clone();
    assert_eq!([kind(0), kind(1)], ["fragments", "category1"]);
    assert_eq!(recording.clips[0].responses.dim(), (2, 2, 100));
    assert_rises(&recording, (0, 0, 0), 0.0, 0.1);
    assert_rises(&recording, (0, 0, 1), 0.0, -0.1);
    assert_rises(&recording, (1, 0, 0), 0.0, 0.2);
    assert_rises(&recording, (1, 1, 0), 0.0, 0.4);
    assert!(recording.clips[0].responses[[1, 0, 0]].is_nan());
    for line in [
        "dropped: 2 of 6 triggers without a sound in --sounds: lost (1) and tone (1)\n",
        "dropped: 1 sound without a trigger: song c\n",
        "inferred: responses are membrane potentials in mV, less their running median of 10 s\n",
        "inferred: 2 neurons from the names of folders\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    // The trace as it is, from 5 ms before the onset on.
    let words = format!("{WORDS} --force --median-s 0 --before-ms 5");
    let (said, recording) = imported(&place, &words);
    assert_eq!(recording.clips[0].responses.dim(), (2, 2, 101));
    let responses = &recording.clips[1].responses;
    for (bin, want) in [(0, 10.0), (1, 10.0), (2, 10.4), (100, 49.6)] {
        assert!((responses[[1, 0, bin]] - want).abs() < 1e-4, "{bin}: {}", responses[[1, 0, bin]]);
    }
    assert!(said.contains("inferred: responses are membrane potentials in mV\n"), "{said}");
    place.write("cells.csv", "cell,layer\n052,5\n");
    let words = format!("{WORDS} --force --neurons cells.csv");
    assert_eq!(imported(&place, &words).1.neurons[1].attributes["layer"], "5");
    // One folder is one cell, called as it is.
    let words = "import traces wehr/Results/052 --sounds wehr/Stimuli --out out.h5 --force";
    assert_eq!(imported(&place, words).1.neuron_ids(), ["052"]);
}

#[test]
fn blocks_and_dry_runs_are_as_of_other_formats() {
    let place = Workplace::empty();
    wehr(&place, HZ);
    let ran = place.strf(&format!("{WORDS} {SLOW} --dry-run")).done();
    assert!(ran.stdout.contains("would write out.h5\n  2 stimuli, 200 bins"), "{}", ran.stdout);
    assert!(!place.path("out.h5").exists());
    let (_, recording) = imported(&place, &format!("{WORDS} --block-s 0.2 --history-ms 0"));
    assert_eq!(recording.clips.len(), 6);
}

/// A cell that heard `song a` for so many milliseconds at these seconds of a trace.
fn one_cell(place: &Workplace, heard: &[(usize, f64)]) {
    write_stimulus(&place.path("wehr/Stimuli/fragments/1.mat"), "song a", HZ, 1);
    let triggers: Vec<_> = heard
        .iter()
        .map(|(second, ms)| trigger("naturalsound", *second, &natural("song a", *ms)))
        .collect();
    write_trace(&place.path("wehr/Results/c/a.mat"), &trace(&[(1, 1.0)]), &triggers);
}

#[test]
fn what_a_trace_does_not_cover_is_nan_or_left_out() {
    let place = Workplace::empty();
    let mut heard: Vec<(usize, f64)> = (0..7).map(|second| (second, 500.0)).collect();
    heard.extend([(7, 500.0), (7, 500.0), (6, 500.0), (5, 500.0), (8, 500.0)]);
    one_cell(&place, &heard);
    let (said, recording) = imported(&place, &format!("{WORDS} --after-ms 700"));
    assert_eq!(recording.clips[0].responses.dim(), (1, 11, 240));
    let known = |repeat: usize| {
        let rows = recording.clips[0].responses.clone();
        (0..240).filter(|bin| !rows[[0, repeat, *bin]].is_nan()).count()
    };
    assert_eq!([known(6), known(7)], [240, 200]);
    for line in [
        "dropped: 1 presentation that begins beyond the end of their trace\n",
        "inferred: 2 presentations reach beyond the trace: the rest is not recorded\n",
        "inferred: 3 presentations begin before the sound before ends: each takes all of its own time\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    one_cell(&place, &[(1, 300.0), (3, 300.0)]);
    let (said, recording) = imported(&place, &format!("{WORDS} --force"));
    let responses = &recording.clips[0].responses;
    assert!(!responses[[0, 0, 59]].is_nan() && responses[[0, 0, 60]].is_nan());
    let line = "inferred: 2 presentations end before the sound: the rest is not recorded\n";
    assert!(said.contains(line), "{said}");
}

#[test]
fn triggers_that_do_not_fit_are_refused_with_their_place() {
    let place = Workplace::empty();
    one_cell(&place, &[(1, 500.0), (9, 500.0)]);
    refused(
        &place,
        WORDS,
        "wehr/Results: 1 of 2 presentations begin beyond the end of their trace (trigger 2 of \
         wehr/Results/c/a.mat at sample 36001 of 32000), expected samples of the trace; check that \
         response and triggers belong together",
    );
    one_cell(&place, &[(1, 500.0), (3, 250.0)]);
    refused(
        &place,
        WORDS,
        "found \"song a\" of 500 ms in trigger 1 of wehr/Results/c/a.mat and of 250 ms in trigger 2 of \
         wehr/Results/c/a.mat, expected one duration of a sound; remove one of them",
    );
    one_cell(&place, &[(1, -5.0)]);
    refused(
        &place,
        WORDS,
        "wehr/Results/c/a.mat: trigger 1: found a duration of -5 ms, expected more than 0",
    );
    one_cell(&place, &[(1, 500.0)]);
    let param = one("", &natural("song a", 500.0));
    for (time, shown) in [(list(&[0.0]), "0"), (list(&[1.5]), "1.5"), (list(&[]), "NaN")] {
        let first = trigger("naturalsound", 1, &natural("song a", 500.0));
        let odd = [text("naturalsound"), param.clone(), time];
        write_trace(&place.path("wehr/Results/c/a.mat"), &trace(&[]), &[first, odd]);
        let found = format!("found the time {shown}, expected the number of a sample, from 1");
        refused(&place, WORDS, &format!("wehr/Results/c/a.mat: trigger 2: {found}"));
    }
    let tone = trigger("tone", 1, &[("frequency", list(&[1.0]))]);
    write_trace(&place.path("wehr/Results/c/a.mat"), &trace(&[]), &[tone]);
    refused(
        &place,
        WORDS,
        "wehr/Results: found no sound of the triggers (tone (1)), expected MATLAB files with their \
         descriptions in --sounds",
    );
}

#[test]
fn files_that_lack_something_are_refused() {
    let place = Workplace::empty();
    one_cell(&place, &[(1, 500.0)]);
    let path = place.path("wehr/Results/c/a.mat");
    let sound = trigger("naturalsound", 1, &natural("song a", 500.0));
    let triggers = || {
        let fields = ["type", "param", "time"];
        crate::support::rigs::MAT.structs("triggers", &[1, 1], &fields, &sound)
    };
    let response = |fields: &[(&str, Vec<u8>)]| one("response", fields);
    let (values, scale, sf) = (list(&[1.0; 50]), list(&[0.1]), list(&[4000.0]));
    let shown = "wehr/Results/c/a.mat";
    let all = |scale: &Vec<u8>, sf: &Vec<u8>, values: &Vec<u8>| {
        response(&[("trace", values.clone()), ("scale", scale.clone()), ("sf", sf.clone())])
    };
    for (variables, message) in [
        (
            vec![response(&[("trace", values.clone()), ("scale", scale.clone())]), triggers()],
            "response.sf: found nothing, expected numbers",
        ),
        (
            vec![response(&[("trace", values.clone()), ("sf", sf.clone())]), triggers()],
            "response.scale: found nothing, expected numbers",
        ),
        (
            vec![response(&[("scale", scale.clone()), ("sf", sf.clone())]), triggers()],
            "response.trace: found nothing, expected numbers",
        ),
        (
            vec![all(&scale, &list(&[0.0]), &values), triggers()],
            "response.sf: found 0, expected samples a second, above 0",
        ),
        (
            vec![all(&list(&[1.0, 2.0]), &sf, &values), triggers()],
            "response.scale: found 2 numbers, expected one",
        ),
        (
            vec![all(&scale, &sf, &list(&[1.0, f64::NAN])), triggers()],
            "response.trace: found NaN, expected finite numbers",
        ),
        (
            vec![all(&scale, &sf, &text("x")), triggers()],
            "response.trace: found something else, expected a list of numbers",
        ),
        (
            vec![all(&scale, &sf, &values)],
            "triggers: found no time, expected structs with the fields time, type and param, which \
             holds a description and a duration",
        ),
    ] {
        write_mat(&path, &variables);
        refused(&place, WORDS, &format!("{shown}: {message}"));
    }
}

#[test]
fn other_matlab_files_are_counted() {
    let place = Workplace::empty();
    one_cell(&place, &[(1, 500.0)]);
    write_mat(&place.path("wehr/Results/c/a.mat"), &[list(&[1.0])]);
    refused(
        &place,
        WORDS,
        "wehr/Results: found no MATLAB file with response and triggers, expected one or more for each \
         cell; check the path",
    );
    one_cell(&place, &[(1, 500.0)]);
    write_mat(&place.path("wehr/Results/c/notes.mat"), &[one("notes", &[("x", list(&[1.0]))])]);
    let (said, _) = imported(&place, WORDS);
    let line = "dropped: 1 MATLAB file without response and triggers: wehr/Results/c/notes.mat\n";
    assert!(said.contains(line), "{said}");
}

#[test]
fn sounds_that_are_missing_or_contradict_each_other_are_refused() {
    let place = Workplace::empty();
    one_cell(&place, &[(1, 500.0)]);
    // The same sound under another name is one sound.
    write_stimulus(&place.path("wehr/Stimuli/category2/7.mat"), "song a", HZ, 1);
    imported(&place, WORDS);
    std::fs::remove_file(place.path("out.h5")).unwrap();
    write_stimulus(&place.path("wehr/Stimuli/category2/7.mat"), "song a", HZ, 3);
    refused(
        &place,
        WORDS,
        "wehr/Stimuli/category2/7.mat and wehr/Stimuli/fragments/1.mat: found two sounds described as \
         \"song a\", expected one; remove the other, or give the folder of the right ones alone with \
         --sounds",
    );
    let words = "import traces wehr/Results --sounds wehr/Results --out out.h5";
    refused(
        &place,
        words,
        "wehr/Results: found no MATLAB file with stimulus.param.description, expected one for each sound; \
         check --sounds",
    );
    std::fs::remove_dir_all(place.path("wehr/Stimuli/category2")).unwrap();
    let sound = |fields: &[(&str, Vec<u8>)]| {
        let param = [("description", text("song a")), ("sf", list(&[2000.0]))];
        let fields = [fields, &[("param", one("", &param))][..]].concat();
        write_mat(&place.path("wehr/Stimuli/fragments/1.mat"), &[one("stimulus", &fields)]);
    };
    let shown = "wehr/Stimuli/fragments/1.mat: stimulus.samples: found";
    sound(&[]);
    refused(&place, WORDS, &format!("{shown} nothing, expected numbers"));
    sound(&[("samples", list(&[0.5, f64::INFINITY]))]);
    refused(&place, WORDS, &format!("{shown} inf, expected finite numbers"));
    one_cell(&place, &[(1, 500.0)]);
    refused(
        &place,
        &format!("{WORDS} --median-s -1"),
        "--median-s: found -1, expected seconds, 0 or more",
    );
    refused(
        &place,
        &format!("{WORDS} --dt-ms 0.2"),
        "--dt-ms: found 0.2, expected 0.25 or more, as samples of wehr/Results/c/a.mat lie apart",
    );
    std::fs::write(place.path("wehr/Results/c/a.mat"), b"\x89HDF\r\n\x1a\n").unwrap();
    refused(
        &place,
        WORDS,
        "wehr/Results/c/a.mat: found a MATLAB file of version 4 or 7.3, expected one of version 5 to 7; \
         save it in MATLAB with save -v7",
    );
    assert!(read(&place.path("out.h5")).is_err());
}
