//! The commands of docs/datasets.md, on small recordings that lie on disk as the public ones do.
use std::path::Path;

use ndarray::Array2;
use strf::dataset::read;

use crate::support::mat::{Mat5, Order};
use crate::support::nems::{EPOCHS, header, pack, write_arrays, write_recording};
use crate::support::rigs::{downer, ns1, wehr, write_sounds};
use crate::support::runs::Workplace;
use crate::support::sessions::{pprox, units};
use crate::support::sounds::write_mono;

/// Half a second of sound at a rate that default front ends take.
fn write_sound(path: &Path, seed: i32) {
    let samples: Vec<i32> = (0..10_000).map(|n: i32| (n % 5000 * seed * 31) % 977 - 488).collect();
    write_mono(path, 20_000, &samples);
}

/// Cells with two stimuli each below their type, whose sounds lie apart.
fn finches(place: &Workplace, cells: &str, sounds: &str) {
    std::fs::create_dir_all(place.path(&format!("{sounds}/conspecific"))).unwrap();
    for (number, name) in [(1, "song_a"), (2, "song_b")] {
        write_sound(&place.path(&format!("{sounds}/conspecific/{name}.wav")), number);
    }
    for cell in ["blkblu_1", "blkblu_2"] {
        let folder = format!("{cells}/{cell}/conspecific");
        std::fs::create_dir_all(place.path(&folder)).unwrap();
        for (number, name) in [(1, "song_a"), (2, "song_b")] {
            place.write(&format!("{folder}/stim{number}"), &format!("{name}.wav\n"));
            place.write(&format!("{folder}/spike{number}"), "12.5 202.5\n-20.5 30.25 400.5\n\n");
        }
    }
}

/// Sound of two features and three electrodes, of two trials, time first.
pub fn cnd(place: &Workplace) {
    let mat = Mat5(Order::Little);
    let matrix = |columns: usize| {
        let numbers: Vec<f64> = (0..40 * columns).map(|n| (n * n % 13) as f64).collect();
        mat.doubles("", &[40, columns], &numbers)
    };
    let data = mat.cells("", &[2, 2], &[matrix(8), matrix(1), matrix(8), matrix(1)]);
    let rate = mat.doubles("", &[1, 1], &[100.0]);
    let stim = mat.structs("stim", &[1, 1], &["data", "fs"], &[data, rate]);
    std::fs::write(place.path("dataStim.mat"), mat.file(&[stim])).unwrap();
    let eeg = mat.cells("", &[1, 2], &[matrix(3), matrix(3)]);
    let eeg = mat.structs("eeg", &[1, 1], &["data"], &[eeg]);
    std::fs::write(place.path("dataSub1.mat"), mat.file(&[eeg])).unwrap();
}

/// Archives of NEMS: samples, spike times, and tiles of sound.
fn nems(place: &Workplace) {
    let cells: [(&str, &[f64]); 2] = [("c1", &[0.005, 0.045]), ("c2", &[0.02])];
    write_recording(place, &cells);
    pack(&place.path("rec"), &place.path("TAR010c.tgz"));
    let named = |epochs: &str| epochs.replace("STIM_a", "STIM_00cat_a").replace("_b", "_cat_b");
    for signal in ["stim", "resp"] {
        place.write(&format!("rec/rec.{signal}.epoch.csv"), &named(EPOCHS));
    }
    let tiles = [("STIM_00cat_a", 0.0), ("STIM_cat_b", 4.0)];
    let tiles = tiles.map(|(name, first)| {
        (name, Array2::from_shape_fn((2, 4), |(band, bin)| first + (10 * band + bin) as f32))
    });
    std::fs::rename(place.path("rec/rec.stim.csv"), place.path("stim.csv")).unwrap();
    place.write("rec/rec.stim.json", &header(&["b0", "b1"], "TiledSignal", 100.0));
    write_arrays(&place.path("rec/rec.stim.h5"), &tiles);
    pack(&place.path("rec"), &place.path("PRN010a.tgz"));
    std::fs::remove_file(place.path("rec/rec.stim.h5")).unwrap();
    std::fs::remove_file(place.path("rec/rec.resp.h5")).unwrap();
    std::fs::rename(place.path("stim.csv"), place.path("rec/rec.stim.csv")).unwrap();
    place.write("rec/rec.stim.json", &header(&["b0", "b1"], "RasterizedSignal", 100.0));
    place.write("rec/rec.resp.json", &header(&["c1", "c2"], "RasterizedSignal", 100.0));
    place.write("rec/rec.resp.csv", &"0.5,0.25\n".repeat(12));
    pack(&place.path("rec"), &place.path("A1_NAT4_ozgf.fs100.ch18.tgz"));
}

#[test]
fn the_commands_for_public_recordings_run_on_replicas_of_them() {
    let place = Workplace::empty();
    finches(&place, "aa1/Field_L_cells", "aa1/all_stims");
    finches(&place, "aa2/all_cells", "aa2/all_stims");
    units(&place);
    pprox(&place);
    for (number, name) in (1..).zip([
        "bird/wavfiles/stim1",
        "bird/wavfiles/stim2",
        "stimuli/motif1",
        "stimuli/motif2",
    ]) {
        write_sound(&place.path(&format!("{name}.wav")), number);
    }
    place.write("aa2/cell_regions.csv", "cell,region\nblkblu_1,L2a\nblkblu_2,MLd\n");
    place.write("cell_list.csv", "cellid,area\nc1,A1\nc2,PEG\nc3,PEG\n");
    cnd(&place);
    nems(&place);
    ns1(&place, 20_000);
    wehr(&place, 20_000);
    downer(&place, 20_000);
    // Of three vocalizations, the last was presented.
    write_sounds(&place.path("downer/mvoc.mat"), ["trill", "peep", "cackle"], 20_000);
    // Neurons, stimuli, repeats and bins of a stimulus.
    let want = [
        ("aa1_field_l.h5", [2, 2, 3, 100]),
        ("aa2.h5", [2, 2, 3, 100]),
        ("aa4.h5", [1, 2, 10, 100]),
        ("aa4_wide.h5", [1, 2, 10, 180]),
        ("le2025.h5", [1, 2, 2, 100]),
        ("sub1.h5", [3, 2, 1, 40]),
        ("nat4_a1.h5", [2, 2, 2, 4]),
        ("tar010c.h5", [2, 2, 2, 4]),
        ("prn010a.h5", [2, 2, 2, 4]),
        ("ns1.h5", [2, 2, 3, 100]),
        ("ns1_nfht.h5", [2, 2, 3, 100]),
        ("ac1_wehr.h5", [2, 2, 2, 100]),
        ("downer_timit.h5", [3, 2, 2, 100]),
        ("downer_mvoc.h5", [2, 1, 2, 100]),
        ("downer.h5", [3, 3, 2, 100]),
    ];
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/datasets.md");
    let page = std::fs::read_to_string(page).unwrap();
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("strf ")).collect();
    assert_eq!(commands.len(), want.len());
    for (command, (file, sizes)) in commands.into_iter().zip(want) {
        assert!(command.ends_with(&format!("--out {file}")), "{command}");
        place.strf(command).done();
        let recording = read(&place.path(file)).unwrap().recording;
        let (neurons, repeats, bins) = recording.clips[0].responses.dim();
        assert_eq!([neurons, recording.clips.len(), repeats, bins], sizes, "{command}");
        let told = |name: &str| recording.neurons[0].attributes.get(name).cloned();
        match file {
            "aa2.h5" => assert_eq!(told("region").as_deref(), Some("L2a")),
            "prn010a.h5" => assert_eq!(told("area").as_deref(), Some("A1")),
            "ns1.h5" => assert_eq!(told("NoiseRatio").as_deref(), Some("12.5")),
            _ => {}
        }
    }
}
