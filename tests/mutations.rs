//! Damaged files: whatever is changed in a file that a command reads, the command ends by itself
//! with a result or a message, never with a panic, a crash, a hang or all memory taken.
//!
//! Each reader is a row of the table: how a small sound input is made, which of its files is
//! damaged, and the command that reads it, in a process of its own with limits on time and memory.
//! What is damaged how follows from a seed. `make test` reads a few files a row, `make fuzz N=3000`
//! as many as it is told, with other damage where `SEED=1` says so. A file that is damaged and read
//! with other values is no fault: only how the command ends counts here.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "test support")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use strf::base::rng;
use strf::dataset::hdf5_io::write_array;

use crate::import::fixture;
use crate::support::containers;
use crate::support::mat::{Mat5, Order, mat4};
use crate::support::nems::{pack, write_recording};
use crate::support::rigs;
use crate::support::runs::{LN, Workplace, by_steps, change_data, recording};
use crate::support::sessions;

/// Files a row in `make test`.
const CASES: usize = 20;
/// Seconds of computing after which a command counts as hanging.
const SECONDS: u64 = 5;
/// The same for one that waits for something; more, since other tests compute meanwhile.
const SECONDS_OF_WAITING: u64 = 60;
/// Address space of a command in KiB: 1 GiB.
const MEMORY_KIB: u64 = 4 << 20;

/// Something that reads a file.
struct Reader {
    name: &'static str,
    /// Makes a sound input in an empty folder.
    make: fn(&Workplace),
    /// Which of its files is damaged.
    file: &'static str,
    /// What makes the input that is read of the damaged file, where that lies in an archive.
    pack: fn(&Path),
    /// What reads it.
    command: &'static str,
}

macro_rules! readers {
    (@pack) => { |_| () };
    (@pack $pack:expr) => { $pack };
    ($($name:ident: $make:expr, $file:literal $(in $pack:expr)?, $command:literal;)*) => {$(
        #[test]
        fn $name() {
            let reader = Reader {
                name: stringify!($name),
                make: $make,
                file: $file,
                pack: readers!(@pack $($pack)?),
                command: $command,
            };
            reader.survives_damage();
        }
    )*};
}

readers! {
    hdf5_dataset: |place| place.write_data("data.h5", &recording()), "data.h5", "inspect data.h5";
    hdf5_dataset_of_h5py: |place| put(place, "../h5py.h5", "data.h5"), "data.h5", "inspect data.h5";
    hdf5_dataset_in_a_fit: untrained, "data.h5", "train run.toml --force";
    hdf5_dataset_in_a_prediction: trained, "data.h5", "predict run --data data.h5";
    hdf5_dataset_in_a_merge: two_datasets, "a.h5", "import merge a.h5 b.h5 --dry-run";
    dense_hdf5_dataset: |place| put(place, "../dense.h5", "data.h5"), "data.h5", "inspect data.h5";
    dense_hdf5: |place| put(place, "../dense.h5", "data.h5"), "data.h5",
        "import hdf5 data.h5 --dry-run";
    mat_v5: |place| put(place, "cells_v5.mat", "data.mat"), "data.mat",
        "import mat data.mat --dry-run";
    mat_v5_inflated: inflated_mat, "data.mat", "import mat data.mat --dry-run";
    mat_v5_of_all_kinds: mat_of_all_kinds, "data.mat",
        "import mat data.mat --responses s.sparse --dry-run";
    mat_of_times: mat_of_spike_times, "data.mat",
        "import mat data.mat --spike-times s.trial.times --waveforms sound --rate-hz fs \
         --config import.toml --dry-run";
    mat_of_a_list_of_files: |place| slow(place, |place| rigs::ns1(place, 2000)),
        "ns1/MetadataSHEnCneurons.mat", "import mat ns1/MetadataSHEnCneurons.mat --neuron-files \
        neuron.path --spike-times data.set[0].repeats.t --unit ms --sounds ns1/spikesandwav \
        --sounds-in-order --config import.toml --dry-run";
    mat_of_a_neuron: |place| slow(place, |place| rigs::ns1(place, 2000)),
        "ns1/spikesandwav/P01.mat", "import mat ns1/MetadataSHEnCneurons.mat --neuron-files \
        neuron.path --spike-times data.set[0].repeats.t --unit ms --sounds ns1/spikesandwav \
        --sounds-in-order --config import.toml --dry-run";
    mat_of_a_channel: |place| slow(place, |place| rigs::downer(place, 2000)),
        "downer/channels/ch1.mat", "import mat downer/channels downer/timit.mat --spike-times \
        spike.spktimes --onsets trial.stimon --codes trial.timitStimcode --waveforms sentdet.sound \
        --rate-hz sentdet.soundf --cut-s sentdet.befaft --config import.toml --dry-run";
    mat_of_sounds: |place| slow(place, |place| rigs::downer(place, 2000)),
        "downer/timit.mat", "import mat downer/channels downer/timit.mat --spike-times \
        spike.spktimes --onsets trial.stimon --codes trial.timitStimcode --waveforms sentdet.sound \
        --rate-hz sentdet.soundf --cut-s sentdet.befaft --config import.toml --dry-run";
    mat_of_a_guess: |place| slow(place, |place| rigs::ns1(place, 20_000)),
        "ns1/spikesandwav/P01.mat", "import guess ns1";
    traces: |place| slow(place, |place| rigs::wehr(place, 2000)), "wehr/Results/051/a.mat",
        "import traces wehr/Results --sounds wehr/Stimuli --config import.toml --dry-run";
    sounds_of_traces: |place| slow(place, |place| rigs::wehr(place, 2000)),
        "wehr/Stimuli/fragments/1.mat",
        "import traces wehr/Results --sounds wehr/Stimuli --config import.toml --dry-run";
    mat_v4: mat_of_version_4, "data.mat", "import mat data.mat --dry-run";
    mat_v4_sparse: mat_of_version_4, "data.mat",
        "import mat data.mat --responses sparse --dry-run";
    mat_v73_of_cells: |place| put(place, "cells_v73.mat", "data.mat"), "data.mat",
        "import mat data.mat --dt-ms 5 --dry-run";
    mat_v73_dense: |place| put(place, "dense_v73.mat", "data.mat"), "data.mat",
        "import mat data.mat --dry-run";
    npz: |place| put(place, "padded.npz", "data.npz"), "data.npz", "import npz data.npz --dt-ms 5 \
        --sound-axes stimulus,time,frequency --axes time,neuron,stimulus,repeat --dry-run";
    npy_in_npz: unpacked_npz, "responses.npy" in packed_npz, "import npz data.npz --dt-ms 5 \
        --sound-axes stimulus,time,frequency --axes time,neuron,stimulus,repeat --dry-run";
    npy_of_text_in_npz: unpacked_npz, "neuron_ids.npy" in packed_npz, "import npz data.npz \
        --dt-ms 5 --sound-axes stimulus,time,frequency --axes time,neuron,stimulus,repeat --dry-run";
    nwb: |place| put(place, "zebra_finch.nwb", "data.nwb"), "data.nwb",
        "import nwb data.nwb --set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
         --set frontend.bands=5 --dry-run";
    wav: cell, "cell/stim1.wav", "import spikes cell --config import.toml --dry-run";
    flac: |place| cell_of(place, "../tone.flac", "cell/stim1.flac"), "cell/stim1.flac",
        "import spikes cell --config import.toml --dry-run";
    mp3: |place| cell_of(place, "../tone.mp3", "cell/stim1.mp3"), "cell/stim1.mp3",
        "import spikes cell --config import.toml --dry-run";
    wav_of_a_pipe: |place| cell_of_container(place, "stim1.wav", containers::piped), "cell/stim1.wav",
        "import spikes cell --config import.toml --dry-run";
    rf64: |place| cell_of_container(place, "stim1.wav", |x| containers::rf64("RF64", x)),
        "cell/stim1.wav", "import spikes cell --config import.toml --dry-run";
    w64: |place| cell_of_container(place, "stim1.w64", containers::w64), "cell/stim1.w64",
        "import spikes cell --config import.toml --dry-run";
    aiff: |place| cell_of_container(place, "stim1.aiff", containers::aiff_c), "cell/stim1.aiff",
        "import spikes cell --config import.toml --dry-run";
    au: |place| cell_of_container(place, "stim1.au", |x| containers::au(u32::MAX, x)),
        "cell/stim1.au", "import spikes cell --config import.toml --dry-run";
    spike_text: cell, "cell/spike1", "import spikes cell --config import.toml --dry-run";
    spike_text_utf16: |place| cell_of_text(place, utf16), "cell/spike1",
        "import spikes cell --config import.toml --dry-run";
    spike_text_toe_lis: |place| cell_of_text(place, toe_lis), "cell/spike1",
        "import spikes cell --config import.toml --dry-run";
    spike_text_of_decimal_commas: |place| cell_of_text(place, decimal_commas), "cell/spike1",
        "import spikes cell --config import.toml --dry-run";
    stimulus_text: named_sound, "cell/stim1",
        "import spikes cell --sounds cell --config import.toml --dry-run";
    nwb_of_onset_column: onset_nwb, "data.nwb",
        "import nwb data.nwb --onset-column sound_onset --set frontend.min_freq_hz=100 \
         --set frontend.max_freq_hz=900 --set frontend.bands=5 --dry-run";
    phy_times: |place| slow(place, sessions::phy), "phy/spike_times.npy", "import phy phy --events events.csv --sounds sounds \
        --config import.toml --dry-run";
    phy_clusters: |place| slow(place, sessions::phy), "phy/spike_clusters.npy", "import phy phy --events events.csv \
        --sounds sounds --config import.toml --dry-run";
    phy_groups: |place| slow(place, sessions::phy), "phy/cluster_group.tsv", "import phy phy --events events.csv \
        --sounds sounds --config import.toml --dry-run";
    phy_params: |place| slow(place, sessions::phy), "phy/params.py", "import phy phy --events events.csv --sounds sounds \
        --config import.toml --dry-run";
    events: |place| slow(place, sessions::phy), "events.csv", "import phy phy --events events.csv --sounds sounds \
        --config import.toml --dry-run";
    units_of_a_session: |place| slow(place, sessions::phy), "phy/spike_times.npy", "import spikes phy/spike_times.npy \
        --rate-hz 1000 --events events.csv --sounds sounds --config import.toml --dry-run";
    units: |place| slow(place, sessions::units), "bird/Site2_e23_s0.h5",
        "import units bird --config import.toml --dry-run";
    pprox: |place| slow(place, sessions::pprox), "responses/B12_1_3_c14.pprox",
        "import pprox responses --sounds stimuli --config import.toml --dry-run";
    nems_archive: |place| nems(place, true), "rec.tgz", "import nems rec.tgz --dry-run";
    nems_samples: |place| nems(place, false), "rec/rec.stim.csv", "import nems rec --dry-run";
    nems_spike_times: |place| nems(place, false), "rec/rec.resp.h5", "import nems rec --dry-run";
    nems_epochs: |place| nems(place, false), "rec/rec.resp.epoch.csv", "import nems rec --dry-run";
    nems_about: |place| exported(place, "nems", "rec"), "rec/rec.meta.json",
        "import nems rec --dry-run";
    npz_of_a_dataset: |place| exported(place, "npz", "data.npz"), "data.npz",
        "import npz data.npz --dry-run";
    mat_of_a_dataset: |place| exported(place, "mat", "data.mat"), "data.mat",
        "import mat data.mat --dry-run";
    csv_responses: |place| exported(place, "csv", "data"), "data/responses.csv",
        "import csv data --dry-run";
    csv_cochleagrams: |place| exported(place, "csv", "data"), "data/cochleagrams.csv",
        "import csv data --dry-run";
    csv_settings: |place| exported(place, "csv", "data"), "data/dataset.csv",
        "import csv data --dry-run";
    csv_stimuli: |place| exported(place, "csv", "data"), "data/stimuli.csv",
        "import csv data --dry-run";
    csv_splits: |place| exported(place, "csv", "data"), "data/splits.csv",
        "import csv data --dry-run";
    hdf5_dataset_in_an_export: |place| place.write_data("data.h5", &recording()), "data.h5",
        "export-data data.h5 --format npz --out out.npz";
    nems_cells: |place| {
        nems(place, false);
        place.write("cell_list.csv", "cellid,area,depth\nc1,A1,300\nc2,PEG,\"4\"\n");
    }, "cell_list.csv", "import nems rec --dry-run";
    nems_header: |place| nems(place, false), "rec/rec.resp.json", "import nems rec --dry-run";
    front_end: cell, "import.toml", "import spikes cell --config import.toml --dry-run";
    run_file_: untrained, "run.toml", "train run.toml --force --out run --set train.epochs=0";
    run_config: trained, "run/config.toml", "eval run";
    run_metadata: trained, "run/model/metadata.json", "eval run";
    run_reference: trained, "run/model/config.json", "eval run";
    run_weights: trained, "run/model/model.safetensors", "eval run";
    published_metadata: published, "out/metadata.json", "adopt out --data data.h5 --out new --force";
    published_weights: published, "out/model.safetensors",
        "adopt out --data data.h5 --out new --force";
    run_weights_in_an_export: trained, "run/model/model.safetensors",
        "export-strfs run --plot --force";
    run_state: stopped, "run/state/state.safetensors", "train run.toml --out run --resume";
    run_history_of_a_stopped_run: stopped, "run/history.csv", "train run.toml --out run --resume";
    run_history: trained, "run/history.csv", "plot run learning --force";
    run_scores: trained, "run/scores.csv", "compare run other";
    run_scores_in_a_report: trained, "run/scores.csv", "report run --force";
    run_summary: trained, "run/scores.json", "compare run other";
    run_events: stopped, "run/tensorboard/events.out.tfevents.strf",
        "train run.toml --out run --resume";
}

/// Copies a file of `tests/fixtures/import`.
fn put(place: &Workplace, name: &str, to: &str) {
    std::fs::copy(fixture(name), place.path(to)).unwrap();
}

fn two_datasets(place: &Workplace) {
    place.write_data("a.h5", &recording());
    let mut others = recording();
    others.neurons.iter_mut().for_each(|neuron| neuron.id.push_str(" too"));
    place.write_data("b.h5", &others);
}

/// A cell of two sounds with the spikes of ten repeats, and a front end for their slow samples.
fn cell(place: &Workplace) {
    std::fs::create_dir(place.path("cell")).unwrap();
    for name in ["stim1.wav", "stim2.wav", "spike1", "spike2"] {
        put(place, &format!("zebra_finch/{name}"), &format!("cell/{name}"));
    }
    slow_front_end(place);
}

fn slow_front_end(place: &Workplace) {
    let keys = "type = \"mel\"\nbands = 5\nmin_freq_hz = 100.0\nmax_freq_hz = 900.0\n";
    place.write("import.toml", &format!("[frontend]\n{keys}"));
}

fn slow(place: &Workplace, make: fn(&Workplace)) {
    make(place);
    slow_front_end(place);
}

/// The same with another sound in the place of the first.
fn cell_of(place: &Workplace, sound: &str, to: &str) {
    cell(place);
    std::fs::remove_file(place.path("cell/stim1.wav")).unwrap();
    put(place, sound, to);
}

/// The same with noise of two seconds in another format in the place of the first sound.
fn cell_of_container(place: &Workplace, name: &str, container: impl Fn(&[i16]) -> Vec<u8>) {
    cell(place);
    std::fs::remove_file(place.path("cell/stim1.wav")).unwrap();
    let mut rng = rng::generator(0, "noise in a container");
    let samples: Vec<i16> = (0..16_000).map(|_| rng.random_range(-9000..9000)).collect();
    std::fs::write(place.path(&format!("cell/{name}")), container(&samples)).unwrap();
}

/// The same with the spikes of the first sound written in another way.
fn cell_of_text(place: &Workplace, written: fn(&str) -> Vec<u8>) {
    cell(place);
    let bytes = written(&place.read("cell/spike1"));
    std::fs::write(place.path("cell/spike1"), bytes).unwrap();
    std::fs::remove_file(place.path("cell/spike2")).unwrap();
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn toe_lis(text: &str) -> Vec<u8> {
    let repeats: Vec<Vec<&str>> =
        text.lines().map(|line| line.split_whitespace().collect()).collect();
    let mut lines = vec!["1".to_owned(), repeats.len().to_string(), "4".to_owned()];
    lines.extend(repeats.iter().map(|times| times.len().to_string()));
    lines.extend(repeats.concat().into_iter().map(str::to_owned));
    lines.join("\n").into_bytes()
}

fn decimal_commas(text: &str) -> Vec<u8> {
    text.replace(' ', ";").replace('.', ",").into_bytes()
}

/// A text names the sound by a path of another computer.
fn named_sound(place: &Workplace) {
    cell(place);
    std::fs::rename(place.path("cell/stim1.wav"), place.path("cell/song.wav")).unwrap();
    place.write("cell/stim1", "C:\\stims\\song.wav\r\n");
}

/// The NWB file with a column of onsets that lie 50 ms behind the starts.
fn onset_nwb(place: &Workplace) {
    put(place, "zebra_finch.nwb", "data.nwb");
    change_data(&place.path("data.nwb"), |file| {
        let starts = file.dataset("intervals/trials/start_time")?.read_1d::<f64>()?;
        write_array(file, "intervals/trials/sound_onset", (starts + 0.05).view())
    });
}

/// A dataset in another format.
fn exported(place: &Workplace, format: &str, out: &str) {
    place.write_data("data.h5", &recording());
    place.strf(&format!("export-data data.h5 --format {format} --out {out}")).done();
}

/// A recording of NEMS, as a folder or as an archive.
fn nems(place: &Workplace, packed: bool) {
    write_recording(place, &[("c1", &[0.005, 0.04, 0.0899]), ("c2", &[])]);
    if packed {
        pack(&place.path("rec"), &place.path("rec.tgz"));
    }
}

/// `cells_v5.mat` with its arrays as they are before compression.
fn inflated_mat(place: &Workplace) {
    const HEADER: usize = 128;
    const COMPRESSED: u32 = 15;
    let bytes = std::fs::read(fixture("cells_v5.mat")).unwrap();
    let (mut inflated, mut rest) = (bytes[..HEADER].to_vec(), &bytes[HEADER..]);
    while let Some((tag, after)) = rest.split_at_checked(8) {
        let word = |at: usize| u32::from_le_bytes(tag[at..at + 4].try_into().unwrap());
        let (element, next) = after.split_at(usize::try_from(word(4)).unwrap());
        assert_eq!(word(0), COMPRESSED, "the fixture holds compressed arrays only");
        flate2::read::ZlibDecoder::new(element).read_to_end(&mut inflated).unwrap();
        rest = next;
    }
    std::fs::write(place.path("data.mat"), inflated).unwrap();
}

/// Structs, texts, sparse arrays, objects and empty cells, in big-endian order.
fn mat_of_all_kinds(place: &Workplace) {
    let mat = Mat5(Order::Big);
    let spec = mat.doubles("spec", &[2, 5], &[0.5; 10]);
    let sparse = mat.sparse("", &[3, 5], &[2, 0, 1], &[0, 0, 1, 3, 3, 3], &[1.0; 3]);
    let cells = mat.cells("", &[1, 2], &[mat.unassigned(), mat.text("", 4, "x")]);
    let fields = ["cells", "sparse", "table", "name"];
    let values = [cells, sparse, mat.object("", "table"), mat.text("", 18, "ferret")];
    let names = ["a", "b", "c"].map(|name| mat.text("", 16, name));
    let arrays = [
        spec,
        mat.structs("s", &[1, 1], &fields, &values),
        mat.cells("neuron_ids", &[3, 1], &names),
        mat.doubles("dt_ms", &[1, 1], &[5.0]),
    ];
    std::fs::write(place.path("data.mat"), mat.file(&arrays)).unwrap();
}

/// Structs of trials with spike times, and the sounds.
fn mat_of_spike_times(place: &Workplace) {
    let mat = Mat5(Order::Little);
    let times = |values: &[f64]| mat.doubles("", &[1, values.len()], values);
    let trials = [[0.01, 0.2], [0.1, 0.3]].map(|values| times(&values));
    let trials = mat.structs("", &[1, 2], &["times"], &trials);
    let one = mat.structs("", &[1, 1], &["times"], &[times(&[0.25])]);
    let sound: Vec<f64> = (0..1000).map(|n| f64::from(n % 37) / 40.0).collect();
    let sounds = [0, 1].map(|_| mat.doubles("", &[1000, 1], &sound));
    let arrays = [
        mat.structs("s", &[1, 2], &["trial"], &[trials, one]),
        mat.cells("sound", &[2, 1], &sounds),
        mat.doubles("fs", &[1, 1], &[2000.0]),
    ];
    std::fs::write(place.path("data.mat"), mat.file(&arrays)).unwrap();
    slow_front_end(place);
}

fn mat_of_version_4(place: &Workplace) {
    let order = Order::Little;
    let of = |digits, dims, name, numbers: &[f64]| {
        mat4(order, digits, dims, name, &order.doubles(numbers))
    };
    let entries = [3.0, 1.0, 3.0, 2.0, 5.0, 5.0, 7.0, 8.0, 0.0];
    let variables = [
        of(0, [2, 5], "spec", &[0.5; 10]),
        of(0, [3, 5], "resp", &[1.0; 15]),
        of(2, [3, 3], "sparse", &entries),
        of(1, [3, 1], "neuron_ids", &b"abc".map(f64::from)),
        of(0, [1, 1], "dt_ms", &[5.0]),
    ];
    std::fs::write(place.path("data.mat"), variables.concat()).unwrap();
}

/// The arrays of `padded.npz`, a file each.
fn unpacked_npz(place: &Workplace) {
    let mut archive = zip::ZipArchive::new(File::open(fixture("padded.npz")).unwrap()).unwrap();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        let name = member.name().unwrap().into_owned();
        std::fs::write(place.path(&name), bytes).unwrap();
    }
}

/// The arrays of a folder as `data.npz`.
fn packed_npz(folder: &Path) {
    let mut archive = zip::ZipWriter::new(File::create(folder.join("data.npz")).unwrap());
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "npy")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&std::fs::read(file).unwrap()).unwrap();
    }
    archive.finish().unwrap();
}

/// A dataset and a run file.
fn untrained(place: &Workplace) {
    place.write_data("data.h5", &recording());
    let text = by_steps(LN, "epochs = 2") + "[output]\ntensorboard = true\n";
    place.write("run.toml", &text);
}

/// The same with two finished runs.
fn trained(place: &Workplace) {
    untrained(place);
    place.strf("train run.toml --out run").done();
    place.strf("train run.toml --out other --set train.seed=1").done();
}

/// The same with a run that was published.
fn published(place: &Workplace) {
    trained(place);
    place.strf("publish run out --licence MIT").done();
}

/// The same with a run that has two of three epochs behind it.
fn stopped(place: &Workplace) {
    untrained(place);
    place.strf("train run.toml --out run").done();
    std::fs::remove_file(place.path("run/scores.json")).unwrap();
    place.write("run.toml", &place.read("run.toml").replace("epochs = 2", "epochs = 3"));
}

/// A number that an environment variable gives, as `make fuzz` does.
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|e| panic!("{name}: {e}")))
}

impl Reader {
    /// Fails with every damaged file that the command did not take well; it is kept in
    /// `target/tmp/mutations`.
    fn survives_damage(&self) {
        let place = Workplace::empty();
        (self.make)(&place);
        let bytes = std::fs::read(place.path(self.file)).unwrap();
        let (status, stderr) = self.run(&place, &bytes);
        assert_eq!(status.and_then(|status| status.code()), Some(0), "undamaged: {stderr}");

        let cases = told("STRF_FUZZ_CASES").unwrap_or(CASES as u64);
        let seed = told("STRF_FUZZ_SEED").unwrap_or(0);
        let mut statuses = [0; 3];
        let mut faults = Vec::new();
        for case in 0..cases {
            let mut rng = rng::generator(seed, &format!("{} {case}", self.name));
            let (damaged, how) = damage(&bytes, &mut rng);
            let (status, stderr) = self.run(&place, &damaged);
            match judged(status, &stderr) {
                Ok(code) => statuses[code] += 1,
                Err(what) => faults.push(self.kept(case, &damaged, &how, &what, &stderr)),
            }
        }
        println!("{}: {cases} files, ended with 0, 1, 2: {statuses:?}", self.name);
        assert!(faults.is_empty(), "{} of {cases}:\n{}", faults.len(), faults.join("\n"));
    }

    /// How the command ends on a copy of the folder in which the file holds these bytes: its
    /// status, none where it had to be ended, and what it says.
    fn run(&self, place: &Workplace, bytes: &[u8]) -> (Option<ExitStatus>, String) {
        place.copy(".", "damaged");
        let folder = place.path("damaged");
        std::fs::write(folder.join(self.file), bytes).unwrap();
        (self.pack)(&folder);
        let said = folder.join("stderr.txt");
        let mut command = Command::new("sh");
        let limits = format!("ulimit -t {SECONDS}; ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"");
        command.args(["-c", &limits]).arg(assert_cmd::cargo::cargo_bin("strf"));
        command.args(self.command.split_whitespace()).current_dir(&folder);
        command.env("RAYON_NUM_THREADS", "2").stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(File::create(&said).unwrap()).spawn().unwrap();
        let status = ended(child);
        let stderr = String::from_utf8_lossy(&std::fs::read(&said).unwrap()).into_owned();
        std::fs::remove_dir_all(&folder).unwrap();
        (status, stderr)
    }

    /// Keeps a damaged file, and says where and what is wrong with it.
    fn kept(&self, case: u64, damaged: &[u8], how: &str, what: &str, stderr: &str) -> String {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutations");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{}_{case}", self.name));
        std::fs::write(&file, damaged).unwrap();
        let (file, command) = (file.display(), self.command);
        format!("case {case} ({how}): {what}: strf {command} with {file}\n{stderr}")
    }
}

/// The status of a process, none where it did not end in time.
fn ended(mut child: Child) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(SECONDS_OF_WAITING) {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// The exit status of a command, or what is wrong with how it ended.
fn judged(status: Option<ExitStatus>, stderr: &str) -> Result<usize, String> {
    let status = status.ok_or("waits for ever")?;
    match status.code() {
        _ if stderr.contains("panicked") => Err("panics".into()),
        Some(0) => Ok(0),
        Some(1 | 2) if stderr.trim().is_empty() => Err("says nothing".into()),
        Some(1) => Ok(1),
        Some(2) => Ok(2),
        Some(other) => Err(format!("ends with status {other}")),
        None => Err(format!("ended by signal {:?}", status.signal())),
    }
}

/// What stands for a number in damaged text.
const EXTREME_NUMBERS: [&str; 16] = [
    "0",
    "-1",
    "1",
    "nan",
    "inf",
    "-inf",
    "1e308",
    "-1e308",
    "1e-320",
    "4294967296",
    "2147483647",
    "9223372036854775807",
    "18446744073709551615",
    "1000000",
    "0.5",
    "",
];

/// What stands for a word of 8 bytes, or its first half, in damaged bytes.
const EXTREME_WORDS: [u64; 10] = [
    0,
    1,
    u64::MAX,
    0x7fff_ffff,
    0x8000_0000,
    1 << 40,
    i64::MAX.unsigned_abs(),
    0x7ff8_0000_0000_0000, // NaN
    0x7ff0_0000_0000_0000, // infinity
    0x0001_0001_0001_0001,
];

/// A way to damage bytes, with its name.
type Damage = (&'static str, fn(&mut Vec<u8>, &mut ChaCha8Rng));

/// What goes wrong with bytes.
const DAMAGES: [Damage; 9] = [
    ("bits flipped", |bytes, rng| {
        for _ in 0..rng.random_range(1..=8) {
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1u8 << rng.random_range(0..8u32);
        }
    }),
    ("a run of bytes overwritten", |bytes, rng| {
        let (from, to) = block(bytes, rng, 32);
        let value = [0, 0xff, b' ', rng.random()][rng.random_range(0..4)];
        bytes[from..to].fill(value);
    }),
    ("truncated", |bytes, rng| bytes.truncate(rng.random_range(0..bytes.len()))),
    ("bytes inserted", |bytes, rng| {
        let at = rng.random_range(0..=bytes.len());
        let more: Vec<u8> = (0..rng.random_range(1..=16)).map(|_| rng.random()).collect();
        bytes.splice(at..at, more);
    }),
    ("a block removed", |bytes, rng| {
        let (from, to) = block(bytes, rng, 256);
        bytes.drain(from..to);
    }),
    ("a block doubled", |bytes, rng| {
        let (from, to) = block(bytes, rng, 256);
        let doubled = bytes[from..to].to_vec();
        bytes.splice(to..to, doubled);
    }),
    ("two blocks swapped", |bytes, rng| {
        let (from, to) = block(bytes, rng, 64);
        let other = rng.random_range(0..=bytes.len() - (to - from));
        (0..to - from).for_each(|i| bytes.swap(from + i, other + i));
    }),
    ("a number in text replaced", replace_number),
    ("a word replaced", |bytes, rng| {
        let word = EXTREME_WORDS[rng.random_range(0..EXTREME_WORDS.len())].to_le_bytes();
        let length = [1, 2, 4, 8][rng.random_range(0..4)].min(bytes.len());
        let at = rng.random_range(0..=(bytes.len() - length) / length) * length;
        bytes[at..at + length].copy_from_slice(&word[..length]);
    }),
];

/// What goes wrong with text that is written by hand or put together from pieces.
const DAMAGES_OF_TEXT: [Damage; 5] = [
    ("a number in text replaced", replace_number),
    ("a line removed", |bytes, rng| {
        let (from, to) = line(bytes, rng);
        bytes.drain(from..to);
    }),
    ("a line doubled", |bytes, rng| {
        let (from, to) = line(bytes, rng);
        let doubled = bytes[from..to].to_vec();
        bytes.splice(to..to, doubled);
    }),
    ("a line moved", |bytes, rng| {
        let (from, to) = line(bytes, rng);
        let moved: Vec<u8> = bytes.drain(from..to).collect();
        let (_, to) = line(bytes, rng);
        bytes.splice(to..to, moved);
    }),
    ("a word replaced by another", |bytes, rng| {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let words = stretches(bytes, is_word);
        if let (Some(word), Some(other)) = (words.choose(rng), words.choose(rng)) {
            let other = bytes[other.0..other.1].to_vec();
            bytes.splice(word.0..word.1, other);
        }
    }),
];

/// One to three damages, and their names; one of text in half of all cases where it is text.
fn damage(bytes: &[u8], rng: &mut ChaCha8Rng) -> (Vec<u8>, String) {
    let (mut damaged, mut how) = (bytes.to_vec(), Vec::new());
    let as_text = std::str::from_utf8(bytes).is_ok() && rng.random();
    let damages = if as_text { &DAMAGES_OF_TEXT[..] } else { &DAMAGES[..] };
    for _ in 0..rng.random_range(1..=if as_text { 1 } else { 3 }) {
        if damaged.is_empty() {
            break;
        }
        let (name, damage) = damages[rng.random_range(0..damages.len())];
        damage(&mut damaged, rng);
        how.push(name);
    }
    (damaged, how.join(", "))
}

/// Where a block of at most so many bytes begins and ends.
fn block(bytes: &[u8], rng: &mut ChaCha8Rng, longest: usize) -> (usize, usize) {
    let from = rng.random_range(0..bytes.len());
    let length = rng.random_range(1..=longest.min(bytes.len() - from));
    (from, from + length)
}

fn replace_number(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let numbers = stretches(bytes, |byte| byte.is_ascii_digit() || byte == b'.');
    if let Some((from, to)) = numbers.choose(rng).copied() {
        let text = EXTREME_NUMBERS[rng.random_range(0..EXTREME_NUMBERS.len())];
        bytes.splice(from..to, text.bytes());
    }
}

/// Where a line begins and the next one does; nothing of no bytes.
fn line(bytes: &[u8], rng: &mut ChaCha8Rng) -> (usize, usize) {
    let at = rng.random_range(0..=bytes.len().saturating_sub(1));
    let from = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let to = bytes[at..].iter().position(|byte| *byte == b'\n');
    (from, to.map_or(bytes.len(), |end| at + end + 1))
}

/// Where stretches of such bytes begin and end.
fn stretches(bytes: &[u8], is_inside: impl Fn(u8) -> bool) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for at in (0..bytes.len()).filter(|at| is_inside(bytes[*at])) {
        match found.last_mut() {
            Some((_, to)) if *to == at => *to += 1,
            _ => found.push((at, at + 1)),
        }
    }
    found
}
