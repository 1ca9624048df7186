//! Recordings of NEMS.
use ndarray::{Array2, arr2, s};
use strf::dataset::{Recording, Splits, read};
use tar::EntryType;

use crate::support::nems::{
    EPOCHS, header, pack, pack_odd, write_arrays, write_lists, write_recording,
};
use crate::support::runs::Workplace;

/// Spikes of two cells, of which the last of the first lies beyond the recording.
const CELLS: [(&str, &[f64]); 2] = [
    ("c1", &[0.005, 0.0399, 0.04, 0.045_000_1, 0.089, 0.13]),
    ("c2", &[0.1191, 0.1193, 0.1195, 0.1197, 0.1199]),
];

fn imported(place: &Workplace, words: &str) -> (String, Recording) {
    let ran = place.strf(&format!("import nems {words} --out out.h5 --force")).done();
    (ran.stdout, read(&place.path("out.h5")).unwrap().recording)
}

/// What is said of a recording that is refused.
#[track_caller]
fn refused(place: &Workplace, words: &str, message: &str) {
    let ran = place.strf(&format!("import nems {words} --out none.h5"));
    ran.refused(message);
    assert!(!place.path("none.h5").exists(), "an output file is left behind");
}

#[test]
fn spikes_fall_into_the_bins_of_their_presentation() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    let (said, recording) = imported(&place, "rec");
    let [a, b] = &recording.clips[..] else { panic!("{said}") };
    assert_eq!((a.stimulus.id.as_str(), b.stimulus.id.as_str()), ("STIM_a", "STIM_b"));
    assert_eq!(recording.neuron_ids(), ["c1", "c2"]);
    assert!((recording.dt_ms - 10.0).abs() < 1e-12);
    assert_eq!(a.cochleagram, arr2(&[[0.0, 1.0, 2.0, 3.0], [10.0, 11.0, 12.0, 13.0]]));
    assert_eq!(b.cochleagram, a.cochleagram.mapv(|level| level + 4.0));
    assert_eq!(a.responses.dim(), (2, 2, 4));
    let rows = [[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]];
    assert_eq!(a.responses.slice(s![0, .., ..]), arr2(&rows));
    assert_eq!(a.responses.slice(s![1, .., ..]), arr2(&[[0.0; 4], [0.0, 0.0, 0.0, 5.0]]));
    assert_eq!(b.responses.slice(s![0, .., ..]), arr2(&[[2.0, 0.0, 0.0, 0.0]]));
    for line in [
        "inferred: 3 presentations of 2 stimuli called STIM_* in rec: rec.resp.epoch.csv\n",
        "inferred: bins of 10 ms, from fs of stim\n",
        "dropped: 1 of 11 spikes outside of all presentations, 1 of them beyond the recording\n",
        "inferred: no /splits: too few stimuli are left for fits\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
}

#[test]
fn a_table_gives_attributes_of_cells() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    let (said, recording) = imported(&place, "rec");
    assert!(recording.neurons[0].attributes.is_empty() && !said.contains("attributes"), "{said}");
    place.write("cell_list.csv", ",cellid,area,depth\n0,c1,A1,300\n1,x9,PEG,\n");
    std::fs::create_dir(place.path("days")).unwrap();
    pack(&place.path("rec"), &place.path("days/rec.tgz"));
    let attribute = |recording: &Recording, neuron: usize, name: &str| {
        recording.neurons[neuron].attributes.get(name).cloned().unwrap_or_default()
    };
    for words in ["rec", "days/rec.tgz --neurons cell_list.csv"] {
        let (said, recording) = imported(&place, words);
        let got = ["area", "depth", ""].map(|name| attribute(&recording, 0, name));
        assert_eq!(got, ["A1", "300", ""], "{words}");
        assert!(recording.neurons[1].attributes.is_empty());
        for line in [
            "inferred: attributes of 1 neuron from cell_list.csv\n",
            "inferred: 1 neuron without a row in cell_list.csv: c2\n",
            "dropped: rows of cell_list.csv without responses: x9\n",
        ] {
            assert!(said.contains(line), "{words}: {line}{said}");
        }
    }
    place.write("rec/cell_list.csv", "id,area\nc2,PEG\n");
    let (said, recording) = imported(&place, "rec");
    assert_eq!(attribute(&recording, 1, "area"), "PEG");
    assert!(said.contains("inferred: attributes of 1 neuron from rec/cell_list.csv\n"), "{said}");

    place.write("rec/cell_list.csv", "id,area\nx,PEG\n");
    let (said, _) = imported(&place, "rec");
    assert!(said.contains("dropped: rec/cell_list.csv: it has no row of a neuron\n"), "{said}");
    refused(
        &place,
        "rec --neurons rec/cell_list.csv",
        "rec/cell_list.csv: found no row of c1 and c2, only of x, expected the ids of neurons in the \
         column id",
    );
    place.write("twice.csv", "cell_id,area\nc1,A1\nc1,PEG\n");
    refused(
        &place,
        "rec --neurons twice.csv",
        "twice.csv: line 3: found the id \"c1\", expected one of its own",
    );
    place.write("numbers.csv", "1,2\n3,4\n");
    refused(
        &place,
        "rec --neurons numbers.csv",
        "numbers.csv: found no line with the names of the columns, expected id and one for each \
         attribute",
    );
}

#[test]
fn an_archive_gives_what_its_folder_gives() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    pack(&place.path("rec"), &place.path("rec.tgz"));
    let folder = imported(&place, "rec").1;
    let archive = imported(&place, "rec.tgz").1;
    for (a, b) in folder.clips.iter().zip(&archive.clips) {
        assert_eq!((&a.cochleagram, &a.responses), (&b.cochleagram, &b.responses));
    }
    // The folder around the recording, as archives are unpacked.
    std::fs::create_dir(place.path("around")).unwrap();
    std::fs::rename(place.path("rec"), place.path("around/rec")).unwrap();
    assert_eq!(imported(&place, "around").1.clips[0].responses, folder.clips[0].responses);
}

#[test]
fn samples_are_taken_as_they_are_and_missing_ones_are_nan() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    std::fs::remove_file(place.path("rec/rec.resp.h5")).unwrap();
    place.write("rec/rec.resp.json", &header(&["c1", "c2"], "RasterizedSignal", 100.0));
    let rows = "0.5,NaN\n1.5,\n2.5,nan\n3.5,-1\n4,4\n5,5\n6,6\n7,7\n8,0\n9,1\n10,2\n";
    place.write("rec/rec.resp.csv", rows);
    place.write("rec/rec.pupil.json", &header(&["size"], "RasterizedSignal", 100.0));
    place.write("rec/rec.pupil.csv", "damaged");
    let (said, recording) = imported(&place, "rec --level log");
    let a = &recording.clips[0].responses;
    assert_eq!(a.slice(s![0, 0, ..]).to_vec(), [0.5, 1.5, 2.5, 3.5]);
    assert_eq!(a.slice(s![0, 1, ..3]).to_vec(), [8.0, 9.0, 10.0]);
    assert!(a[[0, 1, 3]].is_nan(), "beyond the last sample");
    let second: Vec<bool> = a.slice(s![1, 0, ..]).iter().map(|value| value.is_nan()).collect();
    assert_eq!(second, [true, true, true, false]);
    assert_eq!(recording.level.unwrap().kind.word(), "log");
    for line in [
        "dropped: 1 other signal: pupil\n",
        "inferred: 1 presentation goes on after the last sample of resp: NaN there\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
}

#[test]
fn samples_of_a_faster_signal_are_summed_where_they_are_counts() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    let raster = |value: f32| {
        let mut raster =
            Array2::from_shape_fn((36, 2), |(t, n)| if n == 0 { t as f32 } else { 1.0 });
        raster[[4, 1]] = value;
        raster
    };
    let path = place.path("rec/rec.resp.h5");
    place.write("rec/rec.resp.json", &header(&["c1", "c2"], "RasterizedSignal", 300.0));
    write_arrays(&path, &[("raster", raster(f32::NAN))]);
    let (said, recording) = imported(&place, "rec");
    let a = &recording.clips[0].responses;
    // 0 + 1 + 2, 3 + 4 + 5, ...; the second presentation begins at sample 24.
    assert_eq!(a.slice(s![0, 0, ..]).to_vec(), [3.0, 12.0, 21.0, 30.0]);
    assert_eq!(a.slice(s![0, 1, ..]).to_vec(), [75.0, 84.0, 93.0, 102.0]);
    assert!(a[[1, 0, 1]].is_nan() && a.slice(s![1, 0, 2..]).to_vec() == [3.0, 3.0]);
    let line = "inferred: counts of resp at 300 Hz are summed over 3 samples, to bins of 10 ms\n";
    assert!(said.contains(line), "{said}");
    write_arrays(&path, &[("raster", raster(0.5))]);
    refused(
        &place,
        "rec",
        "rec: rec.resp.h5: found 0.5 at 300 Hz, expected counts of spikes, which can be summed over \
         bins of 10 ms; bring stim and resp to one rate in NEMS and save the recording again",
    );
    place.write("rec/rec.resp.json", &header(&["c1", "c2"], "RasterizedSignal", 150.0));
    refused(
        &place,
        "rec",
        "rec: rec.resp.h5: found 150 samples a second, expected a multiple of the 100 of stim; bring \
         both to one rate in NEMS and save the recording again",
    );
    // As many samples as channels: nothing tells which axis is time.
    write_arrays(&path, &[("raster", Array2::zeros((2, 2)))]);
    refused(
        &place,
        "rec",
        "rec: rec.resp.h5: 1 problem\n  raster: found numbers of shape (2, 2), expected numbers \
         (channels, T) or (T, channels) of 2 channels (as many samples as channels; save the signal \
         as CSV)",
    );
}

#[test]
fn tiles_are_the_sound_of_their_epochs() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    std::fs::remove_file(place.path("rec/rec.stim.csv")).unwrap();
    place.write("rec/rec.stim.json", &header(&["b0", "b1"], "TiledSignal", 100.0));
    let tile = |bins: usize| Array2::from_shape_fn((2, bins), |(f, t)| (10 * f + t) as f32);
    let path = place.path("rec/rec.stim.h5");
    write_arrays(&path, &[("STIM_a", tile(4)), ("STIM_c/d", tile(4))]);
    let (said, recording) = imported(&place, "rec");
    assert_eq!(recording.clips.len(), 1);
    assert_eq!(recording.clips[0].cochleagram, tile(4));
    for line in [
        "dropped: 1 presentation of 1 stimulus without a sound: STIM_b\n",
        "dropped: 1 sound without a presentation: STIM_c/d\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    write_arrays(&path, &[("STIM_a", tile(6)), ("STIM_b", tile(4))]);
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: STIM_a: found epochs of 4 bins, expected 6 as its sound has in \
         rec: rec.stim.h5; say with --epochs which are presentations",
    );
    write_arrays(&path, &[("STIM_x", tile(4))]);
    refused(
        &place,
        "rec",
        "rec: rec.stim.h5: found no sound called as an epoch of rec: rec.resp.epoch.csv, expected \
         one for each stimulus",
    );
}

#[test]
fn test_stimuli_are_told_by_their_names_or_by_their_repeats() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    let presented = |names: &[&str]| {
        let rows = names.iter().enumerate().map(|(at, name)| {
            let start = at as f64 * 0.01;
            format!("{name},{start},{}\n", start + 0.01)
        });
        let epochs = format!("name,start,end\n{}", rows.collect::<String>());
        place.write("rec/rec.stim.epoch.csv", &epochs);
        place.write("rec/rec.resp.epoch.csv", &epochs);
    };
    let lists = |words: &str| {
        let (said, recording) = imported(&place, words);
        let Splits { train, valid, test } = recording.splits.expect(&said);
        (said, [train.join(" "), valid.join(" "), test.join(" ")])
    };
    // Bins 0 and 8, as 1 and 9, hold the same sound.
    let names = ["00a", "b", "c", "d", "e", "f", "g", "h", "00a", "b"];
    let names: Vec<String> = names.iter().map(|name| format!("STIM_{name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    presented(&names);
    let (said, of) = lists("rec");
    assert_eq!(of, ["STIM_b STIM_c STIM_d STIM_e STIM_f STIM_g", "STIM_h", "STIM_00a"]);
    let line = "inferred: /splits: 1 for the test, called STIM_00*; of the others, one in 7 is for \
                validation (1) and 6 for training\n";
    assert!(said.contains(line), "{said}");
    let (_, of) = lists("rec --test STIM_c");
    assert_eq!(of, ["STIM_00a STIM_b STIM_d STIM_e STIM_f STIM_g", "STIM_h", "STIM_c"]);
    refused(
        &place,
        "rec --test NO_*",
        "--test: found no stimulus called NO_*, expected one or more; the first is STIM_00a",
    );
    let names: Vec<String> = names.iter().map(|name| name.replace("00a", "a")).collect();
    presented(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let (said, of) = lists("rec");
    assert_eq!(of, ["STIM_c STIM_d STIM_e STIM_f STIM_g", "STIM_h", "STIM_a STIM_b"]);
    assert!(said.contains("2 for the test, with most repeats (2); of the others"), "{said}");
    presented(&["STIM_a", "STIM_b", "STIM_c"]);
    let (said, recording) = imported(&place, "rec");
    assert_eq!(recording.splits, None);
    let line =
        "inferred: no /splits: no stimulus is called STIM_00*, and all have as many repeats\n";
    assert!(said.contains(line), "{said}");
}

/// Writes the epochs of both signals.
fn epochs(place: &Workplace, text: &str) {
    place.write("rec/rec.stim.epoch.csv", text);
    place.write("rec/rec.resp.epoch.csv", text);
}

#[test]
fn presentations_of_one_name_have_one_sound_and_one_length() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    epochs(&place, "name,start,end\nSTIM_a,0,0.04\nSTIM_a,0.04,0.08\n");
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: STIM_a: found another sound at 0.04 s (line 3) than at 0 s (line \
         2), expected one sound for each name; say with --epochs which epochs are stimuli",
    );
    epochs(&place, "name,start,end\nSTIM_a,0,0.04\nSTIM_a,0.08,0.10\n");
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: STIM_a: found 2 bins at 0.08 s (line 3) and 4 bins at 0 s (line \
         2), expected presentations of one length; correct or remove the row of rec: \
         rec.resp.epoch.csv that is wrong",
    );
    // One bin less, presentations out of order, one that stands twice and one over the others.
    epochs(
        &place,
        "name,start,end\nSTIM_a,0.08,0.11\nSTIM_a,0,0.04\nSTIM_a,0,0.04\nSTIM_o,0.01,0.06\n",
    );
    let (said, recording) = imported(&place, "rec");
    let a = &recording.clips[0];
    assert_eq!((a.bins(), a.responses.slice(s![0, .., 0]).to_vec()), (3, vec![1.0, 1.0]));
    for line in [
        "dropped: 1 epoch that stands twice in rec: rec.resp.epoch.csv\n",
        "inferred: 1 presentation begins before the one before ends; each takes its own time\n",
        "dropped: 1 bin at the end of presentations that others of them lack\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    // The sound ends before its presentation does.
    epochs(&place, "name,start,end\nSTIM_a,0.08,0.16\n");
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: STIM_a: line 2: found an end at 0.16 s, expected one before 0.12 \
         s, where stim ends",
    );
    epochs(&place, "name,start,end\nSTIM_a,0.04,0.04\n");
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: line 2: found STIM_a from 0.04 to 0.04 s, expected an end after \
         its start",
    );
    // Epochs that begin between bins.
    epochs(&place, "name,start,end\nSTIM_a,0.003,0.034\n");
    let (said, recording) = imported(&place, "rec");
    assert_eq!(recording.clips[0].responses.slice(s![0, 0, ..]).to_vec(), [1.0, 0.0, 0.0]);
    let line =
        "inferred: 1 presentation begins between two bins; samples are taken from the nearest";
    assert!(said.contains(line), "{said}");
}

#[test]
fn epochs_that_leave_a_doubt_are_refused() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    place.write("rec/rec.stim.epoch.csv", &EPOCHS.replace("0.04,0.08", "0.04,0.07"));
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: found STIM_b from 0.04 to 0.08 s, which rec: rec.stim.epoch.csv \
         lacks, expected the same presentations of sound and responses; say with --epochs-of NAME \
         of which signal they are right",
    );
    assert_eq!(imported(&place, "rec --epochs-of stim").1.clips[1].bins(), 3);
    refused(
        &place,
        "rec --epochs TRIAL*",
        "rec: rec.resp.epoch.csv: found no epoch called TRIAL*, only FILE_x, PreStimSilence, STIM_a \
         and STIM_b; say with --epochs which are presentations, as in --epochs 'STIM_*'",
    );
    epochs(&place, &EPOCHS.replace("STIM_", "SOUND_"));
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: found no epoch called STIM_*, only FILE_x, PreStimSilence, SOUND_a \
         and SOUND_b; say with --epochs which are presentations, as in --epochs 'SOUND_*'",
    );
    // No two names begin alike.
    epochs(&place, "name,start,end\nFILE_x,0,0.12\nTRIAL,0,0.04\n");
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: found no epoch called STIM_*, only FILE_x and TRIAL; say with \
         --epochs which are presentations",
    );
    place.write("rec/rec.resp.epoch.csv", "STIM_a,0,0.04\n");
    refused(
        &place,
        "rec",
        "rec: rec.resp.epoch.csv: line 1: found STIM_a, 0 and 0.04, expected the columns name, start \
         and end",
    );
    for name in ["rec/rec.resp.epoch.csv", "rec/rec.stim.epoch.csv"] {
        std::fs::remove_file(place.path(name)).unwrap();
    }
    refused(
        &place,
        "rec",
        "rec: found no resp.epoch.csv, expected the epochs of the recording; copy the whole recording",
    );
}

#[test]
fn times_on_another_clock_are_refused() {
    let place = Workplace::empty();
    let ms: Vec<f64> = CELLS[0].1.iter().map(|time| time * 1000.0).collect();
    write_recording(&place, &[("c1", &ms)]);
    let hint = "times of spikes are seconds from the start of the recording";
    refused(
        &place,
        "rec",
        &format!(
            "rec: rec.resp.h5: found 6 of 6 spikes beyond the recording, which ends at 0.12 s, \
             expected nearly all in it; {hint}"
        ),
    );
    write_recording(&place, &[("c1", &[0.05, 0.04])]);
    epochs(&place, "name,start,end\nSTIM_a,0,0.04\n");
    refused(
        &place,
        "rec",
        &format!(
            "rec: rec.resp.h5: found no spike of 2 in any presentation, expected some; {hint}"
        ),
    );
    write_recording(&place, &[("c1", &[0.05, 0.01]), ("c2", &[])]);
    let (said, recording) = imported(&place, "rec");
    assert_eq!(recording.clips[0].responses.slice(s![0, 0, ..]).to_vec(), [0.0, 1.0, 0.0, 0.0]);
    for line in [
        "inferred: 1 neuron without spikes: c2\n",
        "inferred: 1 neuron whose times were sorted: c1\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    write_recording(&place, &[("c1", &[0.05, f64::NAN])]);
    refused(
        &place,
        "rec",
        "rec: rec.resp.h5: 1 problem\n  c1: found NaN in place 1 (from 0), expected spike times in \
         seconds",
    );
}

#[test]
fn cells_are_those_of_the_header() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    place.write("rec/rec.resp.json", &header(&["c2"], "PointProcess", 100.0));
    let (said, recording) = imported(&place, "rec");
    assert_eq!(recording.neuron_ids(), ["c2"]);
    assert!(said.contains("dropped: 1 neuron that the header does not list: c1\n"), "{said}");
    place.write("rec/rec.resp.json", &header(&["c2", "c9"], "PointProcess", 100.0));
    refused(
        &place,
        "rec",
        "rec: rec.resp.h5: found c1, expected the times of c9, which the header has in chans",
    );
    place.write("rec/rec.stim.json", &header(&["b0"], "RasterizedSignal", 100.0));
    refused(
        &place,
        "rec",
        "rec: rec.stim.csv: found 2 columns, expected 1, as many as chans of the header",
    );
    place.write("rec/rec.stim.json", &header(&["b0"], "RasterizedSignal", 0.0));
    refused(&place, "rec", "rec: rec.stim.json: fs: found 0, expected samples a second, above 0");
    place.write("rec/rec.stim.json", "[]");
    let ran = place.strf("import nems rec");
    let said = "reading rec: rec.stim.json: it is no header of a signal (a JSON object with fs and \
                chans)";
    assert!(ran.status == Some(2) && ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn a_folder_holds_one_recording_with_sound_and_responses() {
    let place = Workplace::empty();
    std::fs::create_dir(place.path("rec")).unwrap();
    refused(
        &place,
        "rec",
        "rec: found no signal (a file NAME.json beside NAME.csv or NAME.h5), expected the signal \
         resp; name others with --responses NAME and --cochleagrams NAME, or check that this is a \
         NEMS recording",
    );
    write_recording(&place, &CELLS);
    let ran = place.strf("import nems rec --cochleagrams spec");
    let said = "rec: found the signals resp and stim, expected the signal spec; name others";
    assert!(ran.status == Some(2) && ran.stderr.contains(said), "{}", ran.stderr);
    write_lists(&place.path("rec/rec.stim.h5"), &CELLS);
    refused(
        &place,
        "rec",
        "rec: found rec.stim.csv and rec.stim.h5, expected one of them; remove the other",
    );
    std::fs::remove_file(place.path("rec/rec.stim.h5")).unwrap();
    place.write("rec/other.resp.json", "{}");
    refused(
        &place,
        "rec",
        "rec: found 2 recordings (other and rec), expected one; put each into a folder of its own, \
         import them one by one, and join them with strf import merge",
    );
    refused(&place, "none", "none: there is no such file; check the path");
    place.write("text", "no archive");
    refused(
        &place,
        "text",
        "text: found neither a folder nor a .tgz or .tar archive, expected a folder of a NEMS \
         recording or its .tgz archive; unpack archives of other kinds and give the folder",
    );
}

#[test]
fn archives_that_reach_outside_are_refused() {
    let place = Workplace::empty();
    for (name, kind, found) in [
        ("../rec.resp.json", EntryType::Regular, "a path that leads out of the archive"),
        ("/etc/rec.resp.json", EntryType::Regular, "a path that leads out of the archive"),
        ("a/../../rec.resp.json", EntryType::Regular, "a path that leads out of the archive"),
        ("C:\\rec.resp.json", EntryType::Regular, "a path that leads out of the archive"),
        ("rec.resp.json", EntryType::Symlink, "a link"),
        ("rec.resp.json", EntryType::Link, "a link"),
        ("rec.resp.json", EntryType::Fifo, "something that is neither file nor folder"),
    ] {
        pack_odd(&place.path("rec.tgz"), name, kind);
        refused(
            &place,
            "rec.tgz",
            &format!(
                "rec.tgz: found {found} ({name}), expected files inside the archive alone; do not \
                 unpack this archive; ask its author for another, or import a folder of its files"
            ),
        );
    }
    write_recording(&place, &CELLS);
    pack(&place.path("rec"), &place.path("rec.tgz"));
    let bytes = std::fs::read(place.path("rec.tgz")).unwrap();
    std::fs::write(place.path("rec.tgz"), &bytes[..bytes.len() / 2]).unwrap();
    let ran = place.strf("import nems rec.tgz");
    let said = "reading rec.tgz: it is truncated or damaged (copy it again)";
    assert!(ran.status == Some(2) && ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn a_level_that_contradicts_nothing_is_taken() {
    let place = Workplace::empty();
    write_recording(&place, &CELLS);
    let ran = place.strf("import nems rec --level loud");
    assert!(ran.status == Some(2) && ran.stderr.contains("amplitude"), "{}", ran.stderr);
    assert_eq!(imported(&place, "rec").1.level, None);
}
