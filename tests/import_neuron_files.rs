//! `strf import mat --spike-times` of one file a neuron: lists of files and folders of them, and spike
//! times on the clock of a session with onsets of numbered stimuli.
use strf::dataset::{Recording, read};

use crate::support::rigs::{
    CODES, MAT, NS1_MS, ONSETS_S, downer, list, ns1, ns1_neuron, one, write_channel, write_mat,
    write_sentences, write_sounds, write_sounds_in_cells,
};
use crate::support::runs::Workplace;
use crate::support::sessions::{SLOW, bins, imported, refused};

/// A rate for which the slow front end of the tests is made.
const HZ: u32 = 2000;

const NS1: &str = "import mat ns1/MetadataSHEnCneurons.mat --neuron-files neuron.path --neuron-ids \
                   neuron.name --spike-times data.set[0].repeats.t --sounds ns1/spikesandwav \
                   --sounds-in-order --out out.h5";

const DOWNER: &str = "import mat downer/channels downer/timit.mat --spike-times spike.spktimes \
                      --onsets trial.stimon --codes trial.timitStimcode --waveforms sentdet.sound \
                      --rate-hz sentdet.soundf --stimulus-ids sentdet.name --out out.h5";

/// Whether a neuron was recorded in a repeat.
fn is_known(recording: &Recording, clip: usize, neuron: usize, repeat: usize) -> bool {
    !recording.clips[clip].responses[[neuron, repeat, 0]].is_nan()
}

fn attribute(recording: &Recording, neuron: usize, name: &str) -> Option<String> {
    recording.neurons[neuron].attributes.get(name).cloned()
}

#[track_caller]
fn assert_said(said: &str, lines: &[&str]) {
    for line in lines {
        assert!(said.contains(&format!("{line}\n")), "{line}\n---\n{said}");
    }
}

#[test]
fn a_list_of_files_gives_one_neuron_a_file_with_what_stands_beside_it() {
    let place = Workplace::empty();
    ns1(&place, HZ);
    place.write("areas.csv", "id,area\na,A1\nb,AAF\n");
    let words = format!("{NS1} --unit ms --neurons areas.csv");
    let (said, recording) = imported(&place, &words);
    assert_eq!(recording.neuron_ids(), ["a", "b"]);
    assert_eq!(attribute(&recording, 1, "area").as_deref(), Some("AAF"));
    assert_eq!(recording.stimulus_ids(), ["sound2", "sound10"]);
    let repeats = |clip, neuron| [0, 1, 2].map(|repeat| bins(&recording, clip, neuron, repeat));
    assert_eq!(repeats(0, 0), [vec![2, 40], vec![], vec![2]]);
    assert_eq!(repeats(1, 0), [vec![60], vec![60], vec![60]]);
    assert_eq!([repeats(0, 1), repeats(1, 1)], [repeats(1, 0), repeats(0, 0)]);
    assert_eq!(recording.clips[0].responses.dim(), (2, 3, 100));
    assert_eq!(attribute(&recording, 0, "depth").as_deref(), Some("310"));
    assert_eq!(attribute(&recording, 1, "depth"), None);
    assert_eq!(attribute(&recording, 1, "NoiseRatio").as_deref(), Some("40"));
    let names: Vec<&String> = recording.neurons[0].attributes.keys().collect();
    assert_eq!(names, ["NoiseRatio", "area", "depth"]);
    assert_said(
        &said,
        &[
            "inferred: 2 neurons, one a file",
            "dropped: 1 neuron whose file is not there: P07.mat",
            "inferred: data.set[0].repeats.t is a place, counted from 0, of data.set.repeats.t: structs",
            "inferred: axes of the cells of data.set[0].repeats.t are stimulus,repeat",
            "inferred: 2 repeats without spikes",
            "inferred: stimuli in the order of the names of sounds: sound2 and sound10",
            "inferred: spike times of data.set[0].repeats.t are milliseconds",
            "dropped: 2 of 14 spikes: 2 before the first bin, 0 after the last",
        ],
    );
}

#[test]
fn cochleagrams_may_stand_in_place_of_sounds() {
    let place = Workplace::empty();
    ns1(&place, HZ);
    let words = "import mat ns1/MetadataSHEnCneurons.mat ns1/test_data_5ms.mat --neuron-files \
                 neuron.path --spike-times data.set[0].repeats.t --unit ms --cochleagrams X_nfht \
                 --sound-axes stimulus,frequency,time --dt-ms 5 --level log --out out.h5";
    let said = place.strf(words).done().stdout;
    let recording = read(&place.path("out.h5")).unwrap().recording;
    assert_eq!(recording.neuron_ids(), ["P01", "P02"]);
    assert_eq!(recording.clips[0].cochleagram.dim(), (3, 100));
    // Numbers lie column by column: stimulus, band, history, bin.
    let (stimulus, band, bin) = (1, 2, 7);
    let want = (stimulus + 2 * band + 6 * bin) % 13;
    assert_eq!(recording.clips[1].cochleagram[[2, 7]].to_string(), want.to_string());
    assert_eq!(bins(&recording, 0, 0, 0), [2, 40]);
    assert_eq!(recording.level.map(|level| level.kind.word()), Some("log"));
    assert_said(&said, &["dropped: 1 neuron whose file is not there: P07.mat"]);
}

#[test]
fn each_file_of_a_folder_is_a_neuron_and_ids_have_folders_where_names_are_alike() {
    let place = Workplace::empty();
    ns1(&place, HZ);
    std::fs::create_dir(place.path("units")).unwrap();
    ns1_neuron(&place.path("units/u2.mat"), &NS1_MS);
    ns1_neuron(&place.path("units/u10.mat"), &NS1_MS[..1]);
    let words = "--spike-times data.set[0].repeats.t --unit ms --sounds ns1/spikesandwav \
                 --sounds-in-order --out out.h5";
    let (said, recording) = imported(&place, &format!("import mat units {words}"));
    assert_eq!(recording.neuron_ids(), ["u2", "u10"]);
    assert!(is_known(&recording, 0, 1, 2) && !is_known(&recording, 1, 1, 0));
    assert_said(&said, &["inferred: 1 file with fewer than 2 stimuli: the first of them"]);

    for name in ["a", "b"] {
        ns1_neuron(&place.path(&format!("days/{name}/u1.mat")), &NS1_MS);
    }
    let (said, recording) = imported(&place, &format!("import mat days --force {words}"));
    assert_eq!(recording.neuron_ids(), ["a_u1", "b_u1"]);
    let line =
        "inferred: names of folders stand in front of those of neurons, of which some are alike";
    assert_said(&said, &[line]);
}

#[test]
fn times_of_neuron_files_in_another_unit_are_refused() {
    let place = Workplace::empty();
    ns1(&place, HZ);
    refused(
        &place,
        NS1,
        "ns1/MetadataSHEnCneurons.mat: read as seconds, all 14 spikes lie outside of the clips, expected \
         them inside; read as milliseconds, 86 % lie inside (--unit ms); give the option of the right \
         unit",
    );
}

#[test]
fn neuron_files_that_are_not_there_or_do_not_fit_are_refused() {
    let place = Workplace::empty();
    ns1(&place, HZ);
    let list = "ns1/MetadataSHEnCneurons.mat: 1 problem\n  --neuron-files";
    for (from, to, message) in [
        (
            "neuron.path",
            "neuron.file",
            format!("{list} neuron.file: found nothing, expected a list of files"),
        ),
        (
            "neuron.path",
            "neuron.curve",
            format!("{list} neuron.curve: found no list of texts, expected a list of files"),
        ),
        (
            "neuron.path",
            "neuron.name",
            "ns1/MetadataSHEnCneurons.mat: found none of the files of neuron.name (a, lost and b), \
             expected them below ns1; put them there"
                .to_owned(),
        ),
        (
            "data.set[0].repeats.t",
            "data.sets.repeats.t",
            "ns1/spikesandwav/P01.mat: 1 problem\n  data.sets.repeats.t: found nothing, expected \
             numbers, or cells of numbers"
                .to_owned(),
        ),
        (
            "data.set[0].repeats.t",
            "data.set[2].repeats.t",
            "ns1/spikesandwav/P01.mat: 1 problem\n  data.set[2].repeats.t: found cells (1, 2), expected \
             cells with that place, counted from 0"
                .to_owned(),
        ),
        (
            "import mat ns1/MetadataSHEnCneurons.mat",
            "import mat ns1/MetadataSHEnCneurons.mat ns1/spikesandwav",
            "ns1/spikesandwav: found a folder beside --neuron-files, expected one of the two; each file \
             of a folder is a neuron"
                .to_owned(),
        ),
        (
            "--sounds-in-order",
            "--axes neuron,stimulus,repeat",
            "--axes: found neuron, expected stimulus and repeat, as each file holds one neuron"
                .to_owned(),
        ),
    ] {
        refused(&place, &format!("{} --unit ms", NS1.replace(from, to)), &message);
    }
}

#[test]
fn folders_without_neurons_are_refused() {
    let place = Workplace::empty();
    ns1(&place, HZ);
    std::fs::create_dir(place.path("none")).unwrap();
    let words = "--spike-times data.set.repeats.t --unit ms --sounds ns1/spikesandwav --out out.h5";
    refused(
        &place,
        &format!("import mat none {words}"),
        "none: found no file that ends in .mat, expected one for each neuron; check the path",
    );
    refused(
        &place,
        "import mat none --out out.h5",
        "none: this is a folder; give the MATLAB file inside it, or the name of --spike-times, where each \
         file in it is a neuron",
    );
}

#[test]
fn sounds_in_order_are_as_many_as_stimuli_and_lie_in_one_folder() {
    let place = Workplace::empty();
    ns1(&place, HZ);
    let words = format!("{NS1} --unit ms");
    let from = place.path("ns1/spikesandwav/sound2.wav");
    std::fs::copy(&from, place.path("ns1/spikesandwav/third.wav")).unwrap();
    refused(
        &place,
        &words,
        "ns1/MetadataSHEnCneurons.mat: 1 problem\n  --sounds-in-order: found 3 stimuli, expected 2, as \
         there are of spike times (give a folder of these sounds alone, or their names with \
         --stimulus-ids)",
    );
    std::fs::create_dir(place.path("ns1/spikesandwav/more")).unwrap();
    std::fs::rename(&from, place.path("ns1/spikesandwav/more/sound2.wav")).unwrap();
    refused(
        &place,
        &words,
        "ns1/MetadataSHEnCneurons.mat: 1 problem\n  --sounds-in-order: found \
         ns1/spikesandwav/third.wav and ns1/spikesandwav/more/sound2.wav, expected all sounds in one \
         folder",
    );
}

#[test]
fn onsets_and_codes_say_what_channels_heard_on_their_clock() {
    let place = Workplace::empty();
    downer(&place, HZ);
    let (said, recording) = imported(&place, &format!("{DOWNER} --cut-s sentdet.befaft"));
    assert_eq!(recording.neuron_ids(), ["ch1", "ch2", "ch3"]);
    assert_eq!(recording.stimulus_ids(), ["fadg0_si1279", "fadg0_si649"]);
    assert_eq!(recording.clips[0].responses.dim(), (3, 2, 100));
    assert_eq!(bins(&recording, 0, 0, 1), [2, 40]);
    assert_eq!(bins(&recording, 1, 1, 0), [60]);
    assert_eq!(bins(&recording, 1, 2, 1), [2]);
    // The third channel heard the second sound alone, twice; the others once.
    assert!(!is_known(&recording, 0, 2, 0) && !is_known(&recording, 1, 0, 1));
    assert_said(
        &said,
        &[
            "inferred: 3 neurons, one a file",
            "inferred: spike times of spike.spktimes are seconds",
            "dropped: 2 of 7 onsets at which trial.timitStimcode names no stimulus",
            "inferred: cut off each sound, as --cut-s sentdet.befaft says: 0.1 s at the start and 0.1 s \
             at the end at most; onsets are those of what is left",
            "dropped: 1 sound without a presentation: unheard",
            "dropped: 6 of 17 spikes outside of all presentations",
        ],
    );
    // The whole sounds, and silence before them.
    let (_, recording) = imported(&place, &format!("{DOWNER} --force --before-ms 100"));
    assert_eq!(recording.clips[0].responses.dim(), (3, 2, 160));
    assert_eq!(bins(&recording, 0, 0, 1), [22, 60]);
    let (_, recording) = imported(&place, &format!("{DOWNER} --force --cut-s 0.2"));
    assert_eq!(recording.clips[0].responses.dim().2, 60);
}

#[test]
fn cells_of_structs_are_as_arrays_of_structs() {
    let place = Workplace::empty();
    downer(&place, HZ);
    let (_, arrays) = imported(&place, &format!("{DOWNER} --cut-s sentdet.befaft"));
    write_sounds_in_cells(&place.path("downer/timit.mat"), HZ);
    let (_, cells) = imported(&place, &format!("{DOWNER} --force --cut-s sentdet.befaft"));
    assert_eq!(arrays.stimulus_ids(), cells.stimulus_ids());
    for (a, b) in arrays.clips.iter().zip(&cells.clips) {
        assert_eq!(a.cochleagram, b.cochleagram);
    }
    // Structs of sets and repeats, all in cells.
    let times = |ms: &[f64]| one("", &[("t", MAT.cells("", &[1, 2], &[list(ms), list(&[20.5])]))]);
    let repeats = MAT.cells("", &[1, 2], &[times(&[12.5]), times(&[300.0, 400.5])]);
    let other = MAT.cells("", &[1, 1], &[times(&[1.0])]);
    let sets = [one("", &[("repeats", repeats)]), one("", &[("repeats", other)])];
    let sets = MAT.cells("", &[1, 2], &sets);
    write_mat(&place.path("units/u.mat"), &[one("data", &[("set", sets)])]);
    ns1(&place, HZ);
    let words = "import mat units --spike-times data.set[0].repeats.t --unit ms --sounds \
                 ns1/spikesandwav --sounds-in-order --out out.h5 --force";
    let (_, recording) = imported(&place, words);
    assert_eq!(bins(&recording, 1, 0, 0), [60, 80]);
    assert_eq!(bins(&recording, 0, 0, 1), [4]);
}

#[test]
fn both_sound_sets_of_a_channel_are_put_together_by_merge() {
    let place = Workplace::empty();
    downer(&place, HZ);
    write_sounds(&place.path("downer/calls.mat"), ["trill", "peep", "cackle"], HZ);
    imported(&place, &format!("{DOWNER} --cut-s sentdet.befaft"));
    let words = "import mat downer/channels downer/calls.mat --spike-times spike.spktimes --onsets \
                 trial.stimon --codes trial.mVocStimcode --waveforms sentdet.sound --rate-hz 2000 --out \
                 calls.h5";
    let said = place.strf(&format!("{words} {SLOW}")).done().stdout;
    assert_said(
        &said,
        &[
            "dropped: 2 sounds without a presentation: s1 and s2",
            "dropped: 1 neuron that heard none of the stimuli: ch3",
        ],
    );
    place.strf("import merge out.h5 calls.h5 --same-neurons --out both.h5").done();
    let both = read(&place.path("both.h5")).unwrap().recording;
    assert_eq!((both.neurons.len(), both.clips.len()), (3, 3));
}

#[test]
fn onsets_may_lie_in_a_file_that_all_neurons_have_in_common_or_beside_a_cell_of_neurons() {
    let place = Workplace::empty();
    write_sentences(&place.path("sounds.mat"), HZ);
    let times = |after: f64| list(&ONSETS_S.map(|onset| onset + after));
    for (name, after) in [("u1", 0.0125), ("u2", 0.3)] {
        let path = place.path(&format!("units/{name}.mat"));
        write_mat(&path, &[one("spike", &[("times", times(after))])]);
    }
    let codes = CODES.map(|code| code.max(0.0));
    let lists = [("onset", list(&ONSETS_S)), ("code", list(&codes))];
    let cells = MAT.cells("cells", &[2, 1], &[times(0.0125), times(0.3)]);
    write_mat(&place.path("trials.mat"), &[one("trials", &lists), cells]);
    let words = "--onsets trials.onset --codes trials.code --waveforms sentdet.sound --rate-hz 2000 \
                 --cut-s 0.1 --out out.h5 --force";
    let (said, units) = imported(
        &place,
        &format!("import mat units trials.mat sounds.mat --spike-times spike.times {words}"),
    );
    assert_said(
        &said,
        &["inferred: onsets lie between 1 and 4.5 s, spikes between 1.013 and 6.3 s"],
    );
    let (_, cells) = imported(
        &place,
        &format!("import mat trials.mat sounds.mat --spike-times cells --axes neuron {words}"),
    );
    for recording in [&units, &cells] {
        assert_eq!(bins(recording, 0, 0, 1), [2]);
        assert_eq!(bins(recording, 1, 1, 0), [60]);
    }
    assert_eq!([units.neuron_ids(), cells.neuron_ids()], [["u1", "u2"], ["n1", "n2"]]);
}

/// One channel with these onsets and codes, refused with a message.
#[track_caller]
fn refused_channel(onsets: &[f64], codes: &[f64], options: &str, message: &str) {
    let place = Workplace::empty();
    write_sentences(&place.path("downer/timit.mat"), HZ);
    write_channel(&place.path("downer/channels/c.mat"), onsets, codes, &[0.0125]);
    refused(&place, &format!("{DOWNER} {options}"), message);
}

#[test]
fn codes_and_onsets_that_do_not_fit_are_refused() {
    let channel = "downer/channels/c.mat: 1 problem\n  ";
    let expected =
        "expected the number of a stimulus, from 1, or 0 or NaN where none was presented";
    for (codes, found) in
        [(&[1.0, 2.5][..], "number 2: found 2.5 at 2"), (&[-1.0, 1.0], "number 1: found -1 at 1")]
    {
        let message = format!("{channel}trial.timitStimcode, {found}, {expected}");
        refused_channel(&[1.0, 2.0], codes, "", &message);
    }
    refused_channel(
        &[1.0, 2.0],
        &[1.0],
        "",
        &format!("{channel}trial.timitStimcode: found 1 number, expected 2, as there are onsets"),
    );
    refused_channel(
        &[1.0, 2.0],
        &[1.0, 4.0],
        "",
        "downer/channels: 1 problem\n  sentdet.sound: found 3 stimuli, expected 4 or more, as \
         trial.timitStimcode numbers them",
    );
    refused_channel(
        &[1.0, 2.0],
        &[0.0, f64::NAN],
        "",
        "downer/channels: trial.timitStimcode: found no presentation of a stimulus, expected the number \
         of one, from 1, at one onset or more",
    );
    refused_channel(
        &[1000.0, 2500.0, 4000.0],
        &[1.0, 2.0, 1.0],
        "",
        "downer/channels/c.mat: trial.stimon: read as seconds, sounds fill 0.07 % of the time from the \
         first onset to the last, expected more; read as milliseconds, one follows the other; give \
         --onsets-unit ms, or --onsets-unit s if it is right as it is",
    );
}

#[test]
fn spikes_on_another_clock_or_in_another_unit_are_refused() {
    let place = Workplace::empty();
    write_sentences(&place.path("downer/timit.mat"), HZ);
    let write = |factor: f64, shift: f64| {
        let onsets = ONSETS_S;
        let times: Vec<f64> =
            onsets.iter().map(|onset| (onset + 0.0125) * factor + shift).collect();
        let trial =
            [("stimon", list(&onsets)), ("timitStimcode", list(&[1.0, 2.0, 1.0, 2.0, 1.0]))];
        let spike = one("spike", &[("spktimes", list(&times))]);
        write_mat(&place.path("downer/channels/c.mat"), &[spike, one("trial", &trial)]);
    };
    write(1000.0, 0.0);
    refused(
        &place,
        DOWNER,
        "downer/channels/c.mat: spike.spktimes: read as seconds, all 5 spikes lie between 1012.5 and \
         6012.5 s, expected some at the presentations, which lie between 1 and 6.7 s; read as \
         milliseconds, 100 % lie in their span (--unit ms); give the option of the right unit",
    );
    let (_, recording) = imported(&place, &format!("{DOWNER} --unit ms"));
    assert_eq!(bins(&recording, 0, 0, 0), [2]);
    std::fs::remove_file(place.path("out.h5")).unwrap();
    write(1.0, 100.0);
    refused(
        &place,
        DOWNER,
        "downer/channels/c.mat: spike.spktimes: read as seconds, all 5 spikes lie between 101.013 and \
         106.013 s, expected some at the presentations, which lie between 1 and 6.7 s; no usual unit \
         lays them there; check that both are on one clock",
    );
}

#[test]
fn presentations_that_overlap_take_all_spikes_of_their_own_time() {
    let place = Workplace::empty();
    write_sentences(&place.path("downer/timit.mat"), HZ);
    let path = place.path("downer/channels/c.mat");
    write_channel(&path, &[1.0, 1.25, 3.0], &[1.0, 2.0, 1.0], &[0.0125]);
    let (said, recording) = imported(&place, &format!("{DOWNER} --cut-s 0.1"));
    assert_eq!(bins(&recording, 0, 0, 0), [2, 52]);
    assert_eq!(bins(&recording, 1, 0, 0), [2]);
    assert!(said.contains("1 presentation begins before the sound before ends"), "{said}");
}

#[test]
fn channels_without_what_is_asked_for_are_refused_with_their_name() {
    let place = Workplace::empty();
    downer(&place, HZ);
    for (from, to, message) in [
        (
            "trial.stimon",
            "trial.on",
            "downer/channels/ch1.mat: 1 problem\n  --onsets trial.on: found nothing, expected a list of \
             numbers",
        ),
        (
            "trial.timitStimcode",
            "trial.code",
            "downer/channels/ch1.mat: 1 problem\n  --codes trial.code: found nothing, expected a list \
             of numbers",
        ),
        (
            "spike.spktimes",
            "spike.times",
            "downer/channels/ch1.mat: 1 problem\n  spike.times: found nothing, expected numbers, or \
             cells of numbers",
        ),
        (
            "--rate-hz sentdet.soundf",
            "--rate-hz sentdet.fs",
            "downer/channels: 1 problem\n  --rate-hz sentdet.fs: found 0 numbers, expected samples a \
             second, above 0 (give a number, or the name of one in the file)",
        ),
        (
            "--stimulus-ids",
            "--axes repeat --stimulus-ids",
            "--axes: found repeat, expected none, as each file holds one neuron and onsets tell the rest",
        ),
        (
            "--out",
            "--cut-s 0.4 --out",
            "downer/channels: 3 problems\n  --cut-s: found 0.8 s of the 0.7 s of fadg0_si1279, expected \
             less than a sound lasts\n  --cut-s: found 0.8 s of the 0.7 s of fadg0_si649, expected less \
             than a sound lasts\n  --cut-s: found 0.8 s of the 0.7 s of unheard, expected less than a \
             sound lasts",
        ),
        (
            "--out",
            "--cut-s -1 --out",
            "downer/channels: 1 problem\n  --cut-s -1: found [-1.0], expected seconds, 0 or more: one \
             number or two, for all sounds or for each",
        ),
        (
            "--out",
            "--cut-s sentdet.sound --out",
            "downer/channels: 1 problem\n  --cut-s sentdet.sound: found 1400 numbers, expected seconds, \
             0 or more: one number or two, for all sounds or for each",
        ),
    ] {
        refused(&place, &DOWNER.replace(from, to), message);
    }
}
