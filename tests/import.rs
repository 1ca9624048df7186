//! Recordings of other programs become datasets, with every spike where it belongs.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array3, s};
use strf::dataset::{Recording, read};

use crate::support::runs::{Ran, Workplace};
use crate::support::shared;
use crate::support::sounds::write_mono;

/// Keys of a front end for the slow sounds of the fixtures.
const SLOW: &str = "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
                    --set frontend.bands=5";

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name)
}

/// The dataset that an import wrote.
fn imported(place: &Workplace, words: &str) -> (Ran, Recording) {
    let ran = place.strf(&format!("import {words} --out out.h5 --force")).done();
    (ran, read(&place.path("out.h5")).unwrap().recording)
}

/// Fails unless the counts of each clip are those of the other recording, as far as they go.
#[track_caller]
fn assert_counts(got: &Recording, want: &[Array3<f32>]) {
    assert_eq!(got.clips.len(), want.len(), "stimuli");
    for (clip, want) in got.clips.iter().zip(want) {
        let bins = clip.bins().min(want.dim().2);
        let cut = want.slice(s![.., .., ..bins]);
        assert_eq!(clip.responses.slice(s![.., .., ..bins]), cut, "{}", clip.stimulus.id);
        assert!(bins > 200, "{bins} bins");
    }
}

/// Counts of the first two songs.
fn expected() -> Vec<Array3<f32>> {
    let file = hdf5::File::open(fixture("expected.h5")).unwrap();
    ["song01", "song02"].map(|song| file.dataset(song).unwrap().read::<f32, _>().unwrap()).into()
}

fn ids(recording: &Recording) -> Vec<&str> {
    recording.clips.iter().map(|clip| clip.stimulus.id.as_str()).collect()
}

#[test]
fn every_format_gives_the_same_counts() {
    let place = Workplace::empty();
    let cases = [
        ("spikes", "zebra_finch", SLOW, ["stim1", "stim2"]),
        ("nwb", "zebra_finch.nwb", SLOW, ["song01", "song02"]),
        ("mat", "cells_v5.mat", "", ["café", "zwei"]),
        ("mat", "dense_v73.mat", "", ["s1", "s2"]),
        ("mat", "cells_v73.mat", "--dt-ms 5", ["café", "zwei"]),
        (
            "npz",
            "padded.npz",
            "--dt-ms 5 --sound-axes stimulus,time,frequency --axes time,neuron,stimulus,repeat",
            ["s1", "s2"],
        ),
    ];
    for (format, file, options, stimuli) in cases {
        let source = fixture(file);
        let words = format!("{format} {} {options}", source.display());
        let (_, recording) = imported(&place, &words);
        assert_eq!(ids(&recording), stimuli, "{file}");
        assert_counts(&recording, &expected());
        assert!((recording.dt_ms - 5.0).abs() < 1e-12, "{file}");
        assert_eq!(recording.clips[0].responses.dim().1, 10, "{file}");
    }
}

#[test]
fn names_frequencies_and_filled_up_arrays_are_understood() {
    let place = Workplace::empty();
    let options = "--dt-ms 5 --sound-axes stimulus,time,frequency \
                   --axes time,neuron,stimulus,repeat";
    let (ran, recording) =
        imported(&place, &format!("npz {} {options}", fixture("padded.npz").display()));
    assert_eq!(recording.neuron_ids(), ["ü 1"]);
    assert_eq!(recording.frequencies_hz.as_deref(), Some(&[1000.0, 2000.0, 4000.0, 8000.0][..]));
    let (_, other) = imported(&place, &format!("mat {}", fixture("cells_v5.mat").display()));
    let turned = recording.clips[1].cochleagram.slice(s![..;-1, ..]);
    assert_eq!(turned, other.clips[1].cochleagram, "bands from the lowest to the highest");
    assert_eq!(
        ran.stdout,
        "inferred: cochleagrams are specs\n\
         inferred: responses are responses\n\
         inferred: stimuli are named s1 to s2\n\
         inferred: neuron ids are neuron_ids\n\
         inferred: frequencies are freqs\n\
         inferred: bands turned over: the file lists them from the highest to the lowest\n\
         dropped: 50 bins at the end of clips, where the sound is NaN\n\
         wrote out.h5\n  2 stimuli, 638 bins of 5 ms (3.2 s), 4 bands\n  \
         1 neuron, 10 repeats, mean response 0.071 per bin\n"
    );
}

#[test]
#[ignore = "needs ../shared"]
fn imports_keep_all_spikes_of_the_real_recording() {
    let shared = shared();
    let place = Workplace::empty();
    let reference = read(&shared.join("zebra_finch.h5")).unwrap().recording;
    let counts: Vec<Array3<f32>> =
        reference.clips.iter().map(|clip| clip.responses.clone()).collect();

    let folder = shared.join("zebra_finch");
    let (ran, recording) = imported(&place, &format!("spikes {} --dt-ms 5", folder.display()));
    assert_counts(&recording, &counts);
    let bins = |recording: &Recording| -> Vec<usize> {
        recording.clips.iter().map(strf::dataset::Clip::bins).collect()
    };
    assert_eq!(bins(&recording), bins(&reference));
    let dropped = "dropped: 48 of 3680 spikes: 0 before the first bin, 48 after the last\n";
    assert!(ran.stdout.contains(dropped), "{}", ran.stdout);
    for (clip, want) in recording.clips.iter().zip(&reference.clips) {
        let apart = (&clip.cochleagram - &want.cochleagram).mapv(f32::abs);
        assert!(apart.iter().all(|apart| *apart < 2e-5), "{}", clip.stimulus.id);
    }

    let formats = shared.join("formats");
    for (format, file) in [
        ("nwb", "zebra_finch.nwb"),
        ("mat", "cells_v5.mat"),
        ("mat", "dense_v73.mat"),
        ("npz", "dense.npz"),
        ("hdf5", "dense.h5"),
    ] {
        let words = format!("{format} {}", formats.join(file).display());
        assert_counts(&imported(&place, &words).1, &counts[..6]);
    }
}

#[test]
fn the_front_end_in_the_file_makes_the_same_file_again() {
    let place = Workplace::empty();
    let source = fixture("zebra_finch");
    let words = format!("spikes {} --frontend gammatone {SLOW}", source.display());
    imported(&place, &words);
    let file = hdf5::File::open(place.path("out.h5")).unwrap();
    let text = file.dataset("import/frontend").unwrap();
    let text = text.read_scalar::<hdf5::types::VarLenUnicode>().unwrap();
    drop(file);
    place.write("import.toml", &text);
    let again = format!("import spikes {} --config import.toml --out again.h5", source.display());
    place.strf(&again).done();
    let bytes = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert!(bytes("out.h5") == bytes("again.h5"), "{text}");
}

#[test]
fn a_dry_run_says_all_and_writes_nothing() {
    let place = Workplace::empty();
    let words = format!("import mat {} --dry-run --out out.h5", fixture("cells_v5.mat").display());
    let ran = place.strf(&words).done();
    assert!(ran.stdout.contains("would write out.h5\n  2 stimuli, 638 bins"), "{}", ran.stdout);
    assert!(!place.path("out.h5").exists());
}

/// Folders of cells as CRCNS keeps them: texts name the sounds, which lie elsewhere.
fn crcns(place: &Workplace) {
    for (name, from, samples) in [("birdsong", 0, 2000), ("ripple", 7, 1000), ("tone", 3, 1000)] {
        std::fs::create_dir_all(place.path("all_stims")).unwrap();
        let sound = (0..samples).map(|n: i32| (n * n + from) % 977 - 488).collect::<Vec<_>>();
        write_mono(&place.path(&format!("all_stims/{name}.wav")), 2000, &sound);
    }
    for (file, text) in [
        ("cells/gg0116/conspecific/stim1", "birdsong.wav\n"),
        ("cells/gg0116/conspecific/spike1", "1 6.5\n\n999.9 -3 1000\n"),
        ("cells/gg0116/flatrip/stim2", "ripple.wav"),
        ("cells/gg0116/flatrip/spike2", "0\n"),
        ("cells/gg0120/conspecific/stim1", "all_stims/tone.wav"),
        ("cells/gg0120/conspecific/spike1", "12\n13 14\n"),
        ("cells/gg0120/conspecific/stim10", "birdsong.wav"),
        ("cells/gg0120/conspecific/spike10", "5\n"),
        ("cells/gg0120/conspecific/stim11", "ripple.wav"),
    ] {
        let path = place.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        place.write(file, text);
    }
}

#[test]
fn folders_of_cells_share_the_sounds_that_their_texts_name() {
    let place = Workplace::empty();
    crcns(&place);
    let (ran, recording) = imported(&place, &format!("spikes cells --sounds all_stims {SLOW}"));
    assert_eq!(recording.neuron_ids(), ["gg0116", "gg0120"]);
    assert_eq!(ids(&recording), ["birdsong", "ripple", "tone"]);
    let kinds = recording.clips.iter().map(|clip| clip.stimulus.attributes["type"].as_str());
    assert_eq!(kinds.collect::<Vec<_>>(), ["conspecific", "flatrip", "conspecific"]);

    let song = &recording.clips[0].responses;
    assert_eq!(song.dim(), (2, 3, 200), "repeats of the neuron that heard it most often");
    let spikes = |n: usize, r: usize| -> Vec<usize> {
        let row = song.slice(s![n, r, ..]).to_vec();
        (0..row.len()).filter(|bin| row[*bin] > 0.0).collect()
    };
    assert_eq!([spikes(0, 0), spikes(0, 1), spikes(0, 2)], [vec![0, 1], vec![], vec![199]]);
    assert_eq!(spikes(1, 0), [1]);
    assert!(song.slice(s![1, 1.., ..]).iter().all(|count| count.is_nan()));
    let ripple = &recording.clips[1].responses;
    assert!(ripple.slice(s![1, .., ..]).iter().all(|count| count.is_nan()), "never heard it");
    let said = "inferred: 2 neurons from the names of folders\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    let said = "dropped: 2 of 10 spikes: 1 before the first bin, 1 after the last\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    let said = "the stimulus without spikes in cells/gg0120/conspecific: stim11\n";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    assert!(ran.stdout.contains("inferred: 1 repeat without spikes\n"), "{}", ran.stdout);
}

#[test]
fn stimuli_are_numbered_as_a_pattern_says() {
    let place = Workplace::empty();
    let source = fixture("zebra_finch");
    std::fs::create_dir(place.path("cell")).unwrap();
    for (from, to) in [("stim1.wav", "a9.wav"), ("stim2.wav", "b10.wav")] {
        std::fs::copy(source.join(from), place.path(&format!("cell/{to}"))).unwrap();
    }
    place.write("cell/stim1", "a9.wav");
    place.write("cell/stim2", "b10.wav");
    place.write("cell/spike1", "1\n");
    place.write("cell/spike2", "1\n");
    let (_, recording) = imported(&place, &format!("spikes cell --stimulus-ids song{{}}! {SLOW}"));
    assert_eq!(ids(&recording), ["song09!", "song10!"]);
    place.strf("import spikes cell --stimulus-ids song").refused(
        "--stimulus-ids: found \"song\", expected a name with {} for a number, as in song{}",
    );
}

#[test]
fn levels_of_folders_tell_what_options_say() {
    let place = Workplace::empty();
    crcns(&place);
    let words = format!("spikes . --levels site,neuron,type --sounds all_stims {SLOW}");
    let (_, recording) = imported(&place, &words);
    assert_eq!(recording.neurons[1].id, "gg0120");
    assert_eq!(recording.neurons[1].attributes["site"], "cells");
}

#[test]
fn sounds_are_known_by_their_content_not_by_their_names() {
    let place = Workplace::empty();
    let sound = |n: i32| (0..600).map(|k: i32| (k * k * n) % 331 - 165).collect::<Vec<_>>();
    for (folder, sounds) in [("one", [1, 2]), ("two", [2, 3])] {
        std::fs::create_dir(place.path(folder)).unwrap();
        for (number, which) in (1..).zip(sounds) {
            write_mono(&place.path(&format!("{folder}/stim{number}.wav")), 2000, &sound(which));
            place.write(&format!("{folder}/spike{number}.txt"), &format!("{which}2\n"));
        }
    }
    let (_, recording) = imported(&place, &format!("spikes one two {SLOW}"));
    assert_eq!(ids(&recording), ["stim1", "stim2", "two_stim2"]);
    let counts = |clip: usize, n: usize| recording.clips[clip].responses[[n, 0, 4]];
    assert!((counts(1, 0) - 1.0).abs() < 0.1 && (counts(1, 1) - 1.0).abs() < 0.1, "both heard it");
    assert!(counts(0, 1).is_nan() && counts(2, 0).is_nan());
}

#[test]
fn clips_can_begin_before_the_sound_and_end_after_it() {
    let place = Workplace::empty();
    let source = fixture("zebra_finch");
    let words = format!("spikes {} {SLOW}", source.display());
    let (_, plain) = imported(&place, &words);
    let (_, wide) = imported(&place, &format!("{words} --before-ms 50 --after-ms 100"));
    let (narrow, wide) = (&plain.clips[0], &wide.clips[0]);
    assert_eq!(wide.bins(), narrow.bins() + 30);
    let inside = s![.., 10..10 + narrow.bins()];
    assert_eq!(wide.cochleagram.slice(inside), narrow.cochleagram);
    assert!(wide.cochleagram.slice(s![.., ..10]).iter().all(|level| *level <= 0.0), "silence");
    assert_eq!(wide.responses.slice(s![.., .., 10..10 + narrow.bins()]), narrow.responses);
}

#[test]
fn all_of_the_dataset_is_as_it_would_be_read_from_the_sounds_themselves() {
    // The same two songs in two formats: sound files, and sounds inside the file.
    let place = Workplace::empty();
    let (_, files) =
        imported(&place, &format!("spikes {} {SLOW}", fixture("zebra_finch").display()));
    let (_, inside) =
        imported(&place, &format!("nwb {} {SLOW}", fixture("zebra_finch.nwb").display()));
    for (a, b) in files.clips.iter().zip(&inside.clips) {
        assert_eq!(a.cochleagram, b.cochleagram);
    }
    assert_eq!(inside.neurons[0].attributes, BTreeMap::from([("area".into(), "Field L".into())]));
}
