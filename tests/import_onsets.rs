//! Onsets and clocks of NWB files: which column holds the onsets, and in which unit spikes are.
use ndarray::Array1;
use strf::dataset::hdf5_io::{write_array, write_strings, write_text};

use crate::support::runs::{Ran, Workplace, unlocked};

/// Trials of a session.
const TRIALS: usize = 10;
/// When each begins, in seconds.
fn starts() -> Vec<f64> {
    (0..TRIALS).map(|n| 1.0 + 2.0 * n as f64).collect()
}

/// Between 0.3 and 0.75 s, a different one in each trial.
fn delays() -> Vec<f64> {
    (0..TRIALS).map(|n| 0.3 + 0.05 * ((7 * n) % TRIALS) as f64).collect()
}

fn sums(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// Spikes 12.5 and 202.5 ms after each onset: in bins 2 and 40 of 5 ms.
fn spikes(onsets: &[f64]) -> Vec<f64> {
    onsets.iter().flat_map(|onset| [onset + 0.0125, onset + 0.2025]).collect()
}

/// An NWB file of trials of 1.5 s with two sounds of half a second in turn.
fn site(place: &Workplace, columns: &[(&str, Vec<f64>)], times: &[f64]) {
    let named = |n: usize| format!("tone_{}", n % 2);
    write_site(place, (0..TRIALS).map(named).collect(), columns, times).unwrap();
}

fn write_site(
    place: &Workplace,
    stimuli: Vec<String>,
    columns: &[(&str, Vec<f64>)],
    times: &[f64],
) -> hdf5::Result<()> {
    let file = unlocked().create(place.path("site.nwb"))?;
    write_text(&file, "nwb_version", "2.7.0")?;
    let list = |at: &str, values: Vec<f64>| write_array(&file, at, Array1::from(values).view());
    file.create_group("intervals/trials")?;
    list("intervals/trials/start_time", starts())?;
    list("intervals/trials/stop_time", sums(&starts(), &[1.5; TRIALS]))?;
    write_strings(&file.group("intervals/trials")?, "stimulus", &stimuli)?;
    for (name, values) in columns {
        list(&format!("intervals/trials/{name}"), values.clone())?;
    }
    for kind in 0..2 {
        let at = format!("stimulus/templates/tone_{kind}");
        let group = file.create_group(&at)?;
        let wave = |n: usize| f64::from(u16::try_from(n * n * (kind + 1) % 977).unwrap()) / 2000.0;
        list(&format!("{at}/data"), (0..1000).map(wave).collect())?;
        let start = group.new_dataset::<f64>().create("starting_time")?;
        start.write_scalar(&0.0)?;
        start.new_attr::<f64>().create("rate")?.write_scalar(&2000.0)?;
    }
    file.create_group("units")?;
    list("units/id", vec![0.0])?;
    list("units/spike_times", times.to_vec())?;
    list("units/spike_times_index", vec![times.len() as f64])
}

fn import(place: &Workplace, options: &str) -> Ran {
    let slow = "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
                --set frontend.bands=5";
    place.strf(&format!("import nwb site.nwb --out out.h5 --force {slow} {options}"))
}

/// The bins with spikes in any clip and repeat, and the numbers of repeats.
fn bins(place: &Workplace) -> (Vec<usize>, Vec<usize>) {
    let recording = strf::dataset::read(&place.path("out.h5")).unwrap().recording;
    let mut bins: Vec<usize> = Vec::new();
    for clip in &recording.clips {
        let filled = clip.responses.indexed_iter().filter(|(_, count)| **count > 0.5);
        bins.extend(filled.map(|((_, _, bin), _)| bin));
    }
    bins.sort_unstable();
    bins.dedup();
    (bins, recording.clips.iter().map(|clip| clip.responses.dim().1).collect())
}

#[test]
fn the_column_of_onsets_is_said_and_taken_as_told() {
    let place = Workplace::empty();
    let onsets = sums(&starts(), &delays());
    site(&place, &[("sound_onset_time", onsets.clone())], &spikes(&onsets));
    import(&place, "").refused(
        "site.nwb: /intervals/trials: found the columns sound_onset_time or start_time for the \
         onset of the sound, expected to be told which; give --onset-column NAME",
    );
    assert!(!place.path("out.h5").exists());
    let said = import(&place, "--onset-column sound_onset_time").done().stdout;
    let line = "inferred: onsets of sounds are sound_onset_time of /intervals/trials\n";
    assert!(said.contains(line), "{said}");
    assert_eq!(bins(&place), (vec![2, 40], vec![5, 5]));
    let said = import(&place, "--onset-column start_time").done().stdout;
    assert!(
        said.contains("inferred: onsets of sounds are start_time of /intervals/trials\n"),
        "{said}"
    );
    // 0.3 s and 12.5 ms after the start: bin 62, and later ones.
    assert_eq!(bins(&place).0[0], 62);
    import(&place, "--onset-column tone").refused(
        "site.nwb: /intervals/trials: found no column tone, expected one of sound_onset_time, \
         start_time, stimulus, stop_time",
    );
}

#[test]
fn columns_that_say_the_same_or_something_else_ask_nothing() {
    let place = Workplace::empty();
    let columns = [
        // Within a millisecond, and in other words, the same as the start.
        ("stimulus_onset", sums(&starts(), &[0.0009; TRIALS])),
        ("stim_on", vec![0.0; TRIALS]),
        ("sound_offset_time", sums(&starts(), &[0.5; TRIALS])),
        ("stimulus_duration", vec![0.5; TRIALS]),
        ("contrast_condition", delays()),
        ("sound_onset", vec![f64::NAN; TRIALS]),
    ];
    site(&place, &columns, &spikes(&starts()));
    let said = import(&place, "").done().stdout;
    assert!(said.contains("inferred: onsets of sounds are start_time of"), "{said}");
    assert_eq!(bins(&place).0, [2, 40]);
}

#[test]
fn onsets_from_the_start_of_the_trial_on_are_taken_when_an_option_names_them() {
    let place = Workplace::empty();
    let onsets = sums(&starts(), &delays());
    site(&place, &[("stimOn", delays())], &spikes(&onsets));
    let ran = import(&place, "");
    assert!(ran.stderr.contains("found the columns stimOn or start_time"), "{}", ran.stderr);
    let said = import(&place, "--onset-column stimOn").done().stdout;
    assert!(
        said.contains("are stimOn of /intervals/trials, in seconds from start_time on"),
        "{said}"
    );
    assert_eq!(bins(&place).0, [2, 40]);
    // In milliseconds they fit no row.
    let ms: Vec<f64> = delays().iter().map(|delay| 1000.0 * delay).collect();
    site(&place, &[("stimOn", ms)], &spikes(&onsets));
    import(&place, "--onset-column stimOn").refused(
        "site.nwb: /intervals/trials/stimOn: found values from 300 to 750, expected seconds that lie \
         inside of their rows, which go from 1 to 20.5 s, or seconds from start_time on; give \
         another --onset-column",
    );
}

#[test]
fn onsets_shortly_before_their_rows_are_taken_with_a_warning() {
    let place = Workplace::empty();
    let onsets = sums(&starts(), &[-0.05; TRIALS]);
    site(&place, &[("sound_onset", onsets.clone())], &spikes(&onsets));
    let ran = import(&place, "--onset-column sound_onset").done();
    assert_eq!(
        ran.stderr,
        "strf: warning: site.nwb: /intervals/trials/sound_onset: onsets lie outside of their rows, \
         which go from start_time to stop_time\n"
    );
    assert_eq!(bins(&place).0, [2, 40]);
}

#[test]
fn rows_without_an_onset_are_left_out_and_counted() {
    let place = Workplace::empty();
    let onsets = sums(&starts(), &delays());
    let mut column = onsets.clone();
    column[0] = f64::NAN;
    column[2] = f64::NAN;
    site(&place, &[("sound_start", column)], &spikes(&onsets));
    let said = import(&place, "--onset-column sound_start").done().stdout;
    let line =
        "dropped: 2 rows of /intervals/trials without a stimulus or a value of sound_start\n";
    assert!(said.contains(line), "{said}");
    // Rows 0 and 2 presented the first sound.
    assert_eq!(bins(&place), (vec![2, 40], vec![3, 5]));
}

/// Spikes every 100 ms for so many seconds, stored so many times as large.
fn dense(seconds: usize, scale: f64) -> Vec<f64> {
    (0..10 * seconds).map(|n| scale * (0.1 * n as f64 + 0.0125)).collect()
}

#[test]
fn spike_times_in_another_unit_name_the_option_that_reads_them() {
    let place = Workplace::empty();
    for (scale, option) in [
        (1e3, "--unit ms"),
        (1e6, "--unit us"),
        (20_000.0, "--rate-hz 20000"),
        (24_414.062_5, "--rate-hz 24414.0625"),
        (25_000.0, "--rate-hz 25000"),
        (30_000.0, "--rate-hz 30000"),
    ] {
        // The first lies at a presentation by chance.
        let mut times: Vec<f64> = spikes(&starts()).iter().map(|time| scale * time).collect();
        times.insert(0, 1.2);
        site(&place, &[], &times);
        let ran = import(&place, "");
        assert_eq!(ran.status, Some(2), "{option}: {}", ran.stdout);
        let first = ran.stderr.split_once("(--").unwrap().1.split_once(')').unwrap().0;
        assert_eq!(format!("--{first}"), option, "{}", ran.stderr);
        assert!(!place.path("out.h5").exists());
        import(&place, option).done();
        assert_eq!(bins(&place).0, [2, 40], "{option}");
        std::fs::remove_file(place.path("out.h5")).unwrap();
    }
}

#[test]
fn sounds_in_a_part_of_a_session_are_read_with_a_warning() {
    let place = Workplace::empty();
    site(&place, &[], &dense(600, 1.0));
    let ran = import(&place, "").done();
    // 5 spikes at each of 10 presentations, of 6000.
    let line = "dropped: 5950 of 6000 spikes outside of all presentations\n";
    assert!(ran.stdout.contains(line), "{}", ran.stdout);
    assert_eq!(
        ran.stderr,
        "strf: warning: site.nwb: /units/spike_times: 99 % of the spikes lie outside of all \
         presentations and are dropped, as they may where sounds filled a part of the session\n"
    );
    // An option is obeyed, whatever it gives.
    site(&place, &[], &dense(21, 1000.0));
    let ran = import(&place, "--unit s");
    assert!(!ran.stderr.contains("--unit ms if"), "{}", ran.stderr);
}

#[test]
fn stimuli_named_by_paths_have_the_sounds_of_their_last_part() {
    let place = Workplace::empty();
    let named = |n: usize| format!("C:\\stims\\tone_{}.wav", n % 2);
    write_site(&place, (0..TRIALS).map(named).collect(), &[], &spikes(&starts())).unwrap();
    import(&place, "").done();
    assert_eq!(bins(&place), (vec![2, 40], vec![5, 5]));
    let named = |n: usize| format!("C:\\{}\\tone_1.wav", n % 2);
    write_site(&place, (0..TRIALS).map(named).collect(), &[], &spikes(&starts())).unwrap();
    import(&place, "").refused(
        "site.nwb: found the stimuli C:\\0\\tone_1.wav and C:\\1\\tone_1.wav, of which only one \
         sound is there, tone_1; expected a sound for each; give the folder that holds theirs with \
         --sounds, or another --stimulus-column",
    );
}
