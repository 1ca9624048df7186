//! `strf import guess`: each line that it prints is a command that runs.
use strf::import::TABLE;

use crate::import::fixture;
use crate::support::nems::{pack, write_recording};
use crate::support::npz::NpzWriter;
use crate::support::rigs::{MAT, downer, list, ns1, wehr, write_mat};
use crate::support::runs::{Workplace, recording};
use crate::support::sessions;
use crate::support::sounds::write_mono;

/// What is printed of a path: the formats in the order of preference. Each command is run.
#[track_caller]
fn guessed(place: &Workplace, path: &str) -> Vec<String> {
    let before = place.contents(".");
    let ran = place.strf(&format!("import guess {path}")).done();
    assert!(before == place.contents("."), "{path}: something was written");
    let commands = ran.stdout.lines().filter_map(|line| line.strip_prefix("strf "));
    let commands: Vec<&str> = commands.collect();
    for command in &commands {
        // Words are in quotes where a shell needs them.
        place.strf(&command.replace('\'', "").replace("DATA.h5", "guessed.h5 --force")).done();
        std::fs::remove_file(place.path("guessed.h5")).unwrap();
    }
    commands.iter().map(|command| command.split(' ').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn every_format_is_known_by_what_it_looks_like() {
    let place = Workplace::holding(&recording());
    let put = |name: &str, to: &str| std::fs::copy(fixture(name), place.path(to)).unwrap();
    put("cells_v5.mat", "v5.mat");
    put("dense_v73.mat", "v73.mat");
    put("../dense.h5", "arrays.h5");
    assert_eq!(guessed(&place, "v5.mat"), ["mat"]);
    assert_eq!(guessed(&place, "v73.mat"), ["mat"]);
    write_recording(&place, &[("c1", &[0.005, 0.04, 0.0899])]);
    pack(&place.path("rec"), &place.path("rec.tgz"));
    assert_eq!(guessed(&place, "rec"), ["nems"]);
    assert_eq!(guessed(&place, "rec.tgz"), ["nems"]);
    for (format, out) in [("npz", "out.npz"), ("csv", "tables"), ("mat", "out.mat")] {
        place.strf(&format!("export-data data.h5 --format {format} --out {out}")).done();
        assert_eq!(guessed(&place, out), [format]);
    }
    assert_eq!(guessed(&place, "tables/responses.csv"), ["csv"]);
    std::fs::create_dir(place.path("days")).unwrap();
    place.write_data("days/a.h5", &recording());
    let mut others = recording();
    others.neurons.iter_mut().for_each(|neuron| neuron.id.push_str("_too"));
    place.write_data("days/b.h5", &others);
    assert_eq!(guessed(&place, "days"), ["merge"]);
}

/// Sound of half a second at a rate that default front ends take.
fn long_enough(place: &Workplace, sounds: &[&str]) {
    for (seed, name) in (1..).zip(sounds) {
        let samples: Vec<i32> = (0..10_000).map(|n: i32| (n % 5000 * seed) % 977 - 488).collect();
        write_mono(&place.path(name), 20_000, &samples);
    }
}

#[test]
fn units_on_the_clock_of_a_session_are_known_with_what_lies_beside_them() {
    let place = Workplace::empty();
    sessions::phy(&place);
    long_enough(&place, &["sounds/noise_a.wav", "sounds/noise_b.wav"]);
    assert_eq!(guessed(&place, "phy"), ["phy"]);
    assert_eq!(guessed(&place, "."), ["phy"]);
    let place = Workplace::empty();
    sessions::units(&place);
    long_enough(&place, &["bird/wavfiles/stim1.wav", "bird/wavfiles/stim2.wav"]);
    assert_eq!(guessed(&place, "bird"), ["units"]);
    let place = Workplace::empty();
    sessions::pprox(&place);
    long_enough(&place, &["stimuli/motif1.wav", "stimuli/motif2.wav"]);
    assert_eq!(guessed(&place, "responses"), ["pprox"]);
}

/// The only command that is printed of a path, without the words that all have; it is run.
#[track_caller]
fn only(place: &Workplace, path: &str) -> String {
    assert_eq!(guessed(place, path).len(), 1, "{path}");
    let said = place.strf(&format!("import guess {path}")).done().stdout;
    let command = said.lines().next().unwrap();
    command.strip_prefix("strf import ").unwrap().replace(" --out DATA.h5", "").replace('\'', "")
}

#[test]
fn matlab_files_of_spike_times_and_traces_are_known_with_what_belongs_to_them() {
    let place = Workplace::empty();
    wehr(&place, 20_000);
    let traces = "traces wehr/Results --sounds wehr/Stimuli";
    assert_eq!([only(&place, "wehr"), only(&place, "wehr/Results")], [traces; 2]);

    let place = Workplace::empty();
    ns1(&place, 20_000);
    let list_of_files = "mat ns1/MetadataSHEnCneurons.mat --neuron-files neuron.path --neuron-ids \
                         neuron.name --spike-times data.set[0].repeats.t --sounds \
                         ns1/spikesandwav --sounds-in-order --unit ms";
    assert_eq!(only(&place, "ns1"), list_of_files);
    assert_eq!(only(&place, "ns1/MetadataSHEnCneurons.mat"), list_of_files);
    std::fs::remove_file(place.path("ns1/MetadataSHEnCneurons.mat")).unwrap();
    std::fs::remove_file(place.path("ns1/test_data_5ms.mat")).unwrap();
    let folder = "mat ns1/spikesandwav --spike-times data.set[0].repeats.t --sounds ns1/spikesandwav \
                  --sounds-in-order --unit ms";
    assert_eq!(only(&place, "ns1"), folder);

    let place = Workplace::empty();
    downer(&place, 20_000);
    let channels = "mat downer/channels downer/timit.mat --spike-times spike.spktimes --onsets \
                    trial.stimon --codes trial.timitStimcode --waveforms sentdet.sound --rate-hz \
                    sentdet.soundf --cut-s sentdet.befaft --stimulus-ids sentdet.name";
    assert_eq!([only(&place, "downer"), only(&place, "downer/channels")], [channels; 2]);
}

#[test]
fn cells_of_spike_times_are_known_with_their_sounds_and_so_are_pairs_of_files() {
    let place = Workplace::empty();
    let samples: Vec<f64> = (0..10_000).map(|n| f64::from(n * 31 % 977 - 488) / 1000.0).collect();
    let sound =
        MAT.cells("sound", &[2, 1], &[1, 2].map(|_| MAT.doubles("", &[10_000, 1], &samples)));
    let rate = MAT.doubles("fs", &[1, 1], &[20_000.0]);
    let times = [[12.5, 202.5], [30.5, 400.0], [60.5, 300.0], [1.0, 480.0]].map(|t| list(&t));
    let cells = MAT.cells("spikes", &[2, 2], &times);
    write_mat(&place.path("cells.mat"), &[cells, sound.clone(), rate.clone()]);
    let words = "mat cells.mat --spike-times spikes";
    let waveforms = "--waveforms sound --rate-hz fs";
    assert_eq!(only(&place, "cells.mat"), format!("{words} {waveforms} --unit ms"));
    // Each cell is a stimulus, as there are two sounds.
    let row = MAT.cells("spikes", &[1, 2], &times[..2]);
    write_mat(&place.path("row.mat"), &[row, sound.clone(), rate.clone()]);
    let words = "mat row.mat --spike-times spikes --axes stimulus";
    assert_eq!(only(&place, "row.mat"), format!("{words} {waveforms} --unit ms"));
    let trials = |times: &[Vec<u8>]| MAT.structs("", &[1, times.len()], &["times"], times);
    let stims = [trials(&times[..2]), trials(&times[2..])];
    let structs = MAT.structs("data", &[1, 2], &["trial"], &stims);
    write_mat(&place.path("structs.mat"), &[structs, sound, rate]);
    let words = "mat structs.mat --spike-times data.trial.times";
    assert_eq!(only(&place, "structs.mat"), format!("{words} {waveforms} --unit ms"));

    let place = Workplace::empty();
    crate::datasets::cnd(&place);
    let pair = "mat ./dataStim.mat ./dataSub1.mat --cochleagrams stim.data[0] --responses eeg.data \
                --axes stimulus,time,neuron --sound-axes stimulus,time,frequency --dt-ms 10";
    assert_eq!(only(&place, "."), pair);
    let pair = pair.replace("./dataSub1", "dataSub1");
    assert_eq!(only(&place, "dataSub1.mat"), pair);
}

#[test]
fn sounds_beside_spike_times_are_tried_in_their_order_where_counts_agree() {
    let place = Workplace::empty();
    std::fs::create_dir(place.path("wavs")).unwrap();
    long_enough(&place, &["wavs/a.wav", "wavs/b.wav"]);
    let times = |n: u8| list(&[f64::from(n) + 12.5, f64::from(n) + 202.5]);
    let all: Vec<Vec<u8>> = (0..16).map(times).collect();
    write_mat(&place.path("two.mat"), &[MAT.cells("spikes", &[2, 3], &all[..6])]);
    write_mat(&place.path("three.mat"), &[MAT.cells("spikes", &[4, 2, 2], &all)]);
    write_mat(&place.path("row.mat"), &[MAT.cells("spikes", &[1, 2], &all[..2])]);
    let sounds = "--sounds ./wavs --sounds-in-order --unit ms";
    for (file, axes) in
        [("two", ""), ("three", "--axes neuron,stimulus,repeat "), ("row", "--axes stimulus ")]
    {
        let words = format!("mat {file}.mat --spike-times spikes {axes}{sounds}");
        assert_eq!(only(&place, &format!("{file}.mat")), words);
    }
    // One sound more: what is shown is read along as many axes as the cells have.
    long_enough(&place, &["wavs/c.wav"]);
    for (file, axes) in
        [("two", ""), ("three", "--axes neuron,stimulus,repeat "), ("row", "--axes stimulus ")]
    {
        let ran = place.strf(&format!("import guess {file}.mat"));
        let said = format!(
            "strf import mat {file}.mat --spike-times spikes {axes}--sounds ./wavs --sounds-in-order \
             stops with\n{file}.mat: 1 problem\n  --sounds-in-order: found 3 stimuli, expected 2, as \
             there are of spike times"
        );
        assert!(ran.stderr.replace('\'', "").contains(&said), "{}", ran.stderr);
    }
}

#[test]
fn the_help_shows_what_to_type_in_ten_lines() {
    let help = Workplace::empty().strf("import --help").done().stdout;
    let (_, table) = help.split_once("What you have, and what you type:\n").unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 10, "{table}");
    for row in TABLE {
        let others = |line: &&&str| {
            line.split_once(" (or ").is_some_and(|(_, rest)| rest.contains(row.format))
        };
        let told =
            lines.iter().find(|line| line.contains(row.example)).or(lines.iter().find(others));
        assert!(told.is_some(), "{}: {table}", row.format);
    }
}

#[test]
fn the_preferred_of_several_formats_comes_first() {
    let place = Workplace::holding(&recording());
    place.strf("export-data data.h5 --format csv --out both").done();
    let samples: Vec<i32> = (0..20_000).map(|n: i32| (n * n) % 331 - 165).collect();
    write_mono(&place.path("both/stim1.wav"), 20_000, &samples);
    place.write("both/spike1", "11.5 20.25\n");
    assert_eq!(guessed(&place, "both"), ["spikes", "csv"]);
    let said = place.strf("import guess both").done().stdout;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "strf import spikes both --out DATA.h5",
            "  preferred: 1 file spike* beside sounds; 1 stimulus, 1 neuron",
            "strf import csv both --out DATA.h5",
            "  a folder of tables; 9 stimuli, 3 neurons",
        ]
    );
}

#[test]
fn files_in_a_folder_that_is_nothing_itself_are_looked_into() {
    let place = Workplace::holding(&recording());
    std::fs::create_dir(place.path("files")).unwrap();
    std::fs::copy(fixture("cells_v5.mat"), place.path("files/v5.mat")).unwrap();
    place.strf("export-data data.h5 --format npz --out files/all.npz").done();
    assert_eq!(guessed(&place, "files"), ["npz", "mat"]);
    assert!(!place.strf("import guess files").done().stdout.contains("preferred"));
}

#[test]
fn options_that_a_layout_needs_are_printed() {
    let place = Workplace::empty();
    for folder in ["cell", "sounds", "pairs"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    let source = fixture("zebra_finch");
    let put = |from: &str, to: &str| std::fs::copy(source.join(from), place.path(to)).unwrap();
    for number in [1, 2] {
        put(&format!("spike{number}"), &format!("cell/spike{number}"));
        put(&format!("stim{number}.wav"), &format!("cell/stim{number}.wav"));
        put(&format!("spike{number}"), &format!("pairs/song{number}.txt"));
        put(&format!("stim{number}.wav"), &format!("pairs/song{number}.wav"));
    }
    // The front end of the fixture's slow sounds is another one: what is missing is told.
    let ran = place.strf("import guess cell");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    let said = "cell: found no command that reads it as it is; say what is missing:\nstrf import \
                spikes cell --sounds cell stops with\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let ran = place.strf("import guess pairs");
    let said = "strf import spikes pairs --spike-files '{}' --sounds pairs stops with\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);

    let mut npz = NpzWriter::create(&place.path("data.npz"));
    npz.add("specs", &ndarray::Array3::<f64>::zeros((2, 4, 7)));
    npz.add("responses", &ndarray::Array4::<u8>::zeros((2, 3, 2, 7)));
    npz.finish();
    place.strf("import guess data.npz").refused(
        "data.npz: found no command that reads it as it is; say what is missing:\nstrf import npz \
         data.npz stops with\ndata.npz: 1 problem\n  dt_ms: found nothing, expected the width of a \
         bin (give --dt-ms MS)",
    );
}

#[test]
fn what_looks_like_nothing_is_refused() {
    let place = Workplace::holding(&recording());
    place.write("notes.doc", "nothing");
    let mut formats: Vec<&str> = TABLE.iter().map(|row| row.format).collect();
    formats.dedup();
    place.strf("import guess notes.doc").refused(&format!(
        "notes.doc: found nothing that looks like one of {}, expected a recording; give the \
         folder that it lies in, or see docs/importing.md",
        formats.join(", ")
    ));
    place.strf("import guess data.h5").refused(
        "data.h5: this is a dataset file already, nothing need be imported; strf inspect data.h5 \
         says what is in it",
    );
    place
        .strf("import guess none")
        .refused("none: there is no such file or folder; check the path");
}

#[test]
fn the_page_and_the_help_say_what_to_type_for_every_format() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/importing.md");
    let page = std::fs::read_to_string(page).unwrap();
    let help = Workplace::empty().strf("import --help").done().stdout;
    let named = help.lines().filter_map(|line| line.strip_prefix("  "));
    for row in TABLE {
        let line = format!("| {} | `{}` |", row.have, row.example);
        assert!(page.contains(&line), "{line}");
        assert!(row.example.contains(&format!("import {} ", row.format)), "{}", row.example);
        let is_format = |line: &str| line.split_whitespace().next() == Some(row.format);
        assert!(named.clone().any(is_format), "{}", row.format);
    }
}
