//! Recordings in MATLAB files as public archives keep them, written by tests: one file a neuron, traces
//! with triggers, channels on the clock of a session.
#![expect(clippy::unwrap_used, reason = "test support")]
use std::path::Path;

use super::mat::{Mat5, Order};
use super::runs::Workplace;
use super::sounds::write_mono;

/// Writes elements of little-endian files.
pub const MAT: Mat5 = Mat5(Order::Little);
/// Type of letters.
const LETTERS: u32 = 4;

/// A row of numbers.
pub fn list(values: &[f64]) -> Vec<u8> {
    MAT.doubles("", &[values.len().min(1), values.len()], values)
}

/// A text.
pub fn text(text: &str) -> Vec<u8> {
    MAT.text("", LETTERS, text)
}

/// A struct with these fields.
pub fn one(name: &str, fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let values: Vec<Vec<u8>> = fields.iter().map(|(_, value)| value.clone()).collect();
    MAT.structs(name, &[1, 1], &names, &values)
}

/// Writes a file of variables.
pub fn write_mat(path: &Path, variables: &[Vec<u8>]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, MAT.file(variables)).unwrap();
}

/// Half a second of sound.
fn samples(rate_hz: u32, seed: i32) -> Vec<i32> {
    let count = i32::try_from(rate_hz / 2).unwrap();
    (0..count).map(|n| (n % 5000 * seed * 31) % 977 - 488).collect()
}

fn waveform(rate_hz: u32, seed: i32) -> Vec<f64> {
    samples(rate_hz, seed).into_iter().map(|sample| f64::from(sample) / 1000.0).collect()
}

/// The spike times in milliseconds of three repeats of two stimuli: bins 2 and 40, none, bin 2; and
/// bin 60 thrice.
pub const NS1_MS: [[&[f64]; 3]; 2] =
    [[&[12.5, 202.5], &[], &[12.5]], [&[300.0], &[-20.0, 300.0], &[300.0]]];

/// `data.set.repeats.t` of a neuron, whose first set holds these times and whose second others.
pub fn ns1_neuron(path: &Path, times: &[[&[f64]; 3]]) {
    let repeats = |times: &[[&[f64]; 3]]| {
        let stimuli: Vec<Vec<u8>> = times
            .iter()
            .map(|of| MAT.cells("", &[1, 3], &of.iter().map(|t| list(t)).collect::<Vec<_>>()))
            .collect();
        MAT.structs("", &[1, times.len()], &["t"], &stimuli)
    };
    let other: [[&[f64]; 3]; 1] = [[&[1.0], &[2.0], &[3.0]]];
    let sets = MAT.structs("", &[1, 2], &["repeats"], &[repeats(times), repeats(&other)]);
    write_mat(path, &[one("data", &[("set", sets)])]);
}

/// `ns1/` with a file that lists three neurons, of which two have a file; two sounds of half a second,
/// and their cochleagrams.
pub fn ns1(place: &Workplace, rate_hz: u32) {
    ns1_neuron(&place.path("ns1/spikesandwav/P01.mat"), &NS1_MS);
    ns1_neuron(&place.path("ns1/spikesandwav/P02.mat"), &[NS1_MS[1], NS1_MS[0]]);
    for (seed, name) in [(1, "sound2"), (3, "sound10")] {
        let path = place.path(&format!("ns1/spikesandwav/{name}.wav"));
        write_mono(&path, rate_hz, &samples(rate_hz, seed));
    }
    let neuron = |name: &str, path: &str, depth: &[f64], ratio: f64| {
        [text(name), text(path), list(depth), list(&[ratio]), list(&[1.0, 2.0])]
    };
    let neurons = [
        neuron("a", "P01.mat", &[310.0], 12.5),
        neuron("lost", "P07.mat", &[1.0], 1.0),
        neuron("b", "x/P02", &[], 40.0),
    ];
    let fields = ["name", "path", "depth", "NoiseRatio", "curve"];
    let neurons = MAT.structs("neuron", &[1, 3], &fields, &neurons.concat());
    write_mat(&place.path("ns1/MetadataSHEnCneurons.mat"), &[neurons]);
    // Two stimuli, three bands, one history, 100 bins.
    let levels: Vec<f64> = (0..600).map(|n| f64::from(n % 13)).collect();
    let sound = MAT.doubles("X_nfht", &[2, 3, 1, 100], &levels);
    write_mat(&place.path("ns1/test_data_5ms.mat"), &[sound]);
}

/// Samples a second of traces.
pub const TRACE_HZ: usize = 4000;

/// A trace of eight seconds at 100 with scale 0.1; where a sound begins, so many seconds behind the
/// start, it rises by as much in every bin of 5 ms for half a second.
pub fn trace(rises: &[(usize, f64)]) -> Vec<f64> {
    let mut trace = vec![100.0; 8 * TRACE_HZ];
    for (second, step) in rises {
        for sample in 0..TRACE_HZ / 2 {
            trace[second * TRACE_HZ + sample] += step * (sample / 20) as f64;
        }
    }
    trace
}

/// A trigger at a second: its type, and the fields of its `param`.
pub fn trigger(kind: &str, second: usize, param: &[(&str, Vec<u8>)]) -> [Vec<u8>; 3] {
    let time = (second * TRACE_HZ + 1) as f64;
    [text(kind), one("", param), list(&[time])]
}

/// The fields of a sound's trigger.
pub fn natural(description: &str, duration_ms: f64) -> Vec<(&'static str, Vec<u8>)> {
    vec![("description", text(description)), ("duration", list(&[duration_ms]))]
}

/// A file with a trace and triggers.
pub fn write_trace(path: &Path, trace: &[f64], triggers: &[[Vec<u8>; 3]]) {
    let response = [
        ("trace", MAT.doubles("", &[trace.len(), 1], trace)),
        ("scale", list(&[0.1])),
        ("sf", list(&[4000.0])),
    ];
    let fields = ["type", "param", "time"];
    let triggers = MAT.structs("triggers", &[1, triggers.len()], &fields, &triggers.concat());
    write_mat(path, &[one("response", &response), triggers]);
}

/// A file with half a second of a sound.
pub fn write_stimulus(path: &Path, description: &str, rate_hz: u32, seed: i32) {
    let samples = waveform(rate_hz, seed);
    let param = [("description", text(description)), ("sf", list(&[f64::from(rate_hz)]))];
    let stimulus = [
        ("type", text("naturalsound")),
        ("param", one("", &param)),
        ("samples", MAT.doubles("", &[1, samples.len()], &samples)),
    ];
    write_mat(path, &[one("stimulus", &stimulus)]);
}

/// `wehr/` with two cells, of which the first heard `song a` twice and `song b` once, a tone and a
/// sound without a file, in two files; the second `song b`.
pub fn wehr(place: &Workplace, rate_hz: u32) {
    write_stimulus(&place.path("wehr/Stimuli/fragments/1.mat"), "song a", rate_hz, 1);
    write_stimulus(&place.path("wehr/Stimuli/category1/1.mat"), "song b", rate_hz, 3);
    write_stimulus(&place.path("wehr/Stimuli/category1/2.mat"), "song c", rate_hz, 5);
    let song = |name: &str, second: usize| trigger("naturalsound", second, &natural(name, 500.0));
    let tone = trigger("tone", 2, &[("frequency", list(&[1000.0])), ("duration", list(&[25.0]))]);
    let first = [song("song a", 1), tone, song("song b", 3), song("lost", 5)];
    let rises = [(1, 1.0), (3, 2.0)];
    write_trace(&place.path("wehr/Results/051/a.mat"), &trace(&rises), &first);
    let path = place.path("wehr/Results/051/b.mat");
    write_trace(&path, &trace(&[(2, -1.0)]), &[song("song a", 2)]);
    let path = place.path("wehr/Results/052/a.mat");
    write_trace(&path, &trace(&[(4, 4.0)]), &[song("song b", 4)]);
}

/// Onsets in seconds of a channel, and what was heard: the first sound, nothing, the second, the first
/// again, nothing.
pub const ONSETS_S: [f64; 5] = [1.0, 2.0, 3.0, 4.5, 6.0];
/// Codes at these onsets.
pub const CODES: [f64; 5] = [1.0, 0.0, 2.0, 1.0, f64::NAN];

/// A channel with spikes so many seconds after each onset.
pub fn write_channel(path: &Path, onsets: &[f64], codes: &[f64], after_s: &[f64]) {
    let times: Vec<f64> =
        onsets.iter().flat_map(|onset| after_s.iter().map(move |s| onset + s)).collect();
    let other: Vec<f64> = codes.iter().map(|code| if *code > 0.0 { 0.0 } else { 3.0 }).collect();
    let trial =
        [("stimon", list(onsets)), ("timitStimcode", list(codes)), ("mVocStimcode", list(&other))];
    let spikes = MAT.doubles("", &[times.len(), 1], &times);
    write_mat(path, &[one("spike", &[("spktimes", spikes)]), one("trial", &trial)]);
}

/// Three sounds of these names, of 0.7 s, of which a tenth of a second at both ends is silence: the fields
/// of each.
fn sentences(names: [&str; 3], rate_hz: u32) -> [[(&'static str, Vec<u8>); 4]; 3] {
    let silence = vec![0.0; rate_hz as usize / 10];
    let sound = |seed: i32| [silence.clone(), waveform(rate_hz, seed), silence.clone()].concat();
    let [first, second, third] = names;
    [(first, 1), (second, 3), (third, 5)].map(|(name, seed)| {
        let sound = sound(seed);
        let sound = MAT.doubles("", &[sound.len(), 1], &sound);
        let rate = list(&[f64::from(rate_hz)]);
        let fields = ["name", "sound", "soundf", "befaft"];
        let values = [text(name), sound, rate, list(&[0.1, 0.1])];
        let mut values = values.into_iter();
        fields.map(|field| (field, values.next().unwrap()))
    })
}

/// `sentdet` with three sounds, as an array of structs.
pub fn write_sounds(path: &Path, names: [&str; 3], rate_hz: u32) {
    let all = sentences(names, rate_hz);
    let fields = all[0].each_ref().map(|(field, _)| *field);
    let values: Vec<Vec<u8>> = all.into_iter().flatten().map(|(_, value)| value).collect();
    write_mat(path, &[MAT.structs("sentdet", &[1, 3], &fields, &values)]);
}

/// The sentences as cells of one struct each.
pub fn write_sounds_in_cells(path: &Path, rate_hz: u32) {
    let all = sentences(SENTENCES, rate_hz).map(|fields| one("", &fields));
    write_mat(path, &[MAT.cells("sentdet", &[1, 3], &all)]);
}

/// Names of sentences.
const SENTENCES: [&str; 3] = ["fadg0_si1279", "fadg0_si649", "unheard"];

/// The same with sentences.
pub fn write_sentences(path: &Path, rate_hz: u32) {
    write_sounds(path, SENTENCES, rate_hz);
}

/// `downer/` with two channels of one session, one of another in which nothing was heard twice, and the
/// sounds: the first channel fires 12.5 and 202.5 ms after each onset, the second 300 ms after.
pub fn downer(place: &Workplace, rate_hz: u32) {
    let channel = |name: &str| place.path(&format!("downer/channels/{name}.mat"));
    write_channel(&channel("ch1"), &ONSETS_S, &CODES, &[0.0125, 0.2025]);
    write_channel(&channel("ch2"), &ONSETS_S, &CODES, &[0.3]);
    write_channel(&channel("ch3"), &[10.0, 12.0], &[2.0, 2.0], &[0.0125]);
    write_sentences(&place.path("downer/timit.mat"), rate_hz);
    place.write("downer/sessions_metadata.yml", "session: 1\n");
}
