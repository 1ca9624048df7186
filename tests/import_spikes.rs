//! Folders of sounds and spike times that do not fit, each with its message.
use crate::support::runs::Workplace;
use crate::support::sounds::{wav16, write_mono};

const SLOW: &str = "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
                    --set frontend.bands=5";

/// A folder `cell` of one sound of a second and its spikes.
fn cell(spikes: &str) -> Workplace {
    let place = Workplace::empty();
    std::fs::create_dir(place.path("cell")).unwrap();
    let samples: Vec<i32> = (0..2000).map(|n: i32| (n * n) % 977 - 488).collect();
    write_mono(&place.path("cell/stim1.wav"), 2000, &samples);
    place.write("cell/spike1", spikes);
    place
}

fn words(options: &str) -> String {
    format!("import spikes cell --out out.h5 {SLOW} {options}")
}

#[track_caller]
fn refused(place: &Workplace, options: &str, message: &str) {
    place.strf(&words(options)).refused(message);
    assert!(!place.path("out.h5").exists(), "an output file is left behind");
}

#[test]
fn times_outside_of_all_clips_name_the_unit_they_are_in() {
    let place = cell("2e9 3e9 4e9\n5e9 6e9\n");
    refused(
        &place,
        "",
        "cell: read as milliseconds, all 5 spikes lie outside of the clips, expected them inside; no \
         usual unit puts them inside; check that sounds and spikes belong together",
    );
    let place = cell("25000 100000\n300000.5 500000\n999999 40000\n");
    refused(
        &place,
        "",
        "cell: read as milliseconds, all 6 spikes lie outside of the clips, expected them inside; \
         read as microseconds, 100 % lie inside (--unit us); give the option of the right unit",
    );
    place.strf(&words("--unit us")).done();
}

#[test]
fn seconds_taken_for_milliseconds_are_refused() {
    let times: Vec<String> = (1..30).map(|n| format!("{}", f64::from(n) / 30.0)).collect();
    let place = cell(&times.join(" "));
    refused(
        &place,
        "",
        "cell: as milliseconds, all 29 spikes lie at the very start of the clips, expected them \
         spread over the clips; read as seconds, 100 % lie inside (--unit s); give the option of \
         the right unit, or --unit ms if it is right as it is",
    );
    let ran = place.strf(&words("--unit s")).done();
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_sound_much_shorter_than_the_responses_is_warned_of() {
    let place = cell("10 1500 1600 2000\n1700 20\n");
    let ran = place.strf(&words("")).done();
    assert_eq!(
        ran.stderr,
        "strf: warning: cell: 67 % of the spikes lie outside of the sounds and are dropped, as they \
         may where sounds are short and trials long: cell/stim1.wav (4 of 6)\n"
    );
    assert!(
        ran.stdout.contains("dropped: 4 of 6 spikes: 0 before the first bin, 4 after the last")
    );
}

#[test]
fn unsorted_and_negative_times_count_where_they_lie() {
    let place = cell("30 10 -5 20 10.0\n");
    let ran = place.strf(&words("")).done();
    assert!(
        ran.stdout.contains("dropped: 1 of 5 spikes: 1 before the first bin, 0 after the last")
    );
    let read = strf::dataset::read(&place.path("out.h5")).unwrap().recording;
    let counts = read.clips[0].responses.row_at();
    assert_eq!(counts[..8], [0.0, 0.0, 2.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
}

trait RowAt {
    fn row_at(&self) -> Vec<f32>;
}

impl RowAt for ndarray::Array3<f32> {
    fn row_at(&self) -> Vec<f32> {
        self.slice(ndarray::s![0, 0, ..]).to_vec()
    }
}

#[test]
fn spike_files_that_are_no_spike_times_are_refused_with_the_place() {
    refused(
        &cell("1 2\n3 x\n"),
        "",
        "cell/spike1: 1 problem\n  2:3 spike time: found \"x\", expected a number",
    );
    refused(
        &cell(""),
        "",
        "cell/spike1: the file is empty, expected one line a repeat, an empty line for a repeat \
         without spikes; remove the file if the stimulus was not presented",
    );
    let place = cell("1\n2\n3\n");
    let ran = place.strf(&words("")).done();
    assert!(ran.stderr.contains("every line holds one time at most"), "{}", ran.stderr);
}

#[test]
fn folders_of_sounds_that_are_not_there_are_refused() {
    let place = cell("1 2\n");
    refused(
        &place,
        "--sounds nowhere",
        "nowhere: there is no such folder, expected the folder of the sounds",
    );
}

#[test]
fn folders_without_spikes_are_refused() {
    let place = Workplace::empty();
    refused(
        &place,
        "",
        "cell: there is no such folder, expected the folder of the spike files; check the path",
    );
    place.write("cell", "a file");
    refused(
        &place,
        "",
        "cell: this is no folder, expected the folder of the spike files; check the path",
    );
    let place = cell("1\n");
    refused(
        &place,
        "--spike-files unit{}",
        "cell: found no file called unit{} in it or in folders below, expected spike times; check \
         the folder, or give --spike-files",
    );
    refused(
        &place,
        "--spike-files unit",
        "--spike-files: found \"unit\", expected a name with {} for what tells stimuli apart, as \
         in spike{}",
    );
    refused(
        &place,
        "--levels area,neuron",
        "cell: found 1 level below cell, expected levels as in --levels neuron,type, with one name \
         for each and neuron among them",
    );
}

#[test]
fn sounds_that_cannot_be_used_are_refused_by_name() {
    let place = cell("1 2\n");
    let low = "import spikes cell --out out.h5";
    let ran = place.strf(low);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("cell/stim1.wav: frontend.max_freq_hz: found 8000"),
        "{}",
        ran.stderr
    );
    place.write("cell/stim1.wav", "not a sound at all");
    let ran = place.strf(&words(""));
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("cell/stim1.wav: this is not a sound file"), "{}", ran.stderr);
    let ran = place.strf(&words("--set frontend.band=5"));
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("did you mean bands?"), "{}", ran.stderr);
    refused(&place, "--before-ms -1", "--before-ms: found -1, expected milliseconds, 0 or more");
}

#[test]
fn an_existing_file_is_kept_without_force() {
    let place = cell("1 2\n");
    place.write("out.h5", "precious");
    place.strf(&words("")).refused(
        "out.h5: exists already, expected nothing there; give another name, or replace it with \
         --force",
    );
    assert_eq!(place.read("out.h5"), "precious");
}

#[test]
fn one_channel_is_taken_where_it_is_asked_for_and_channels_that_differ_are_said() {
    let place = cell("100 200\n");
    place.strf(&words("")).done();
    let mono = strf::dataset::read(&place.path("out.h5")).unwrap().recording;
    // Pulses of synchronization on the second channel.
    let first = (0..2000i32).map(|n| (n * n) % 977 - 488);
    let both = first.enumerate().flat_map(|(n, sample)| {
        [i16::try_from(sample).unwrap(), if n % 200 == 0 { 20_000 } else { 0 }]
    });
    let both: Vec<i16> = both.collect();
    std::fs::write(place.path("cell/stim1.wav"), wav16(2000, 2, &both)).unwrap();
    let said = place.strf(&words("--channel 1 --force")).done().stdout;
    assert!(!said.contains("channels"), "{said}");
    let one = strf::dataset::read(&place.path("out.h5")).unwrap().recording;
    assert_eq!(one.clips[0].cochleagram, mono.clips[0].cochleagram);

    let said = place.strf(&words("--force")).done().stdout;
    for words in
        ["the mean of 2 channels is taken", "the 2 channels, whose mean is taken, differ much"]
    {
        assert!(said.contains(words), "{said}");
    }
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        "--channel 3",
        "cell/stim1.wav: found 2 channels, expected channel 3 in it; give a --channel that every sound \
         has, or leave it out for the mean",
    );
}
