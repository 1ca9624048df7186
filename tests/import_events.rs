//! Tables of events beside spikes on the clock of a session: columns, units, and what does not fit.
use ndarray::s;
use strf::dataset::Recording;

use crate::support::runs::Workplace;
use crate::support::sessions::{
    ONSETS_S, SLOW, bins, events, imported, phy, refused, two_sounds, write_list, write_sound,
};

const UNITS: &str = "import spikes units --events events.csv --sounds sounds --out out.h5 --force";
const PHY: &str = "import phy phy --events events.csv --sounds sounds --out out.h5 --force";

/// Sounds, events, and two units: one fires 12 and 203 ms after each onset, the other after the
/// second.
fn place() -> Workplace {
    let place = Workplace::empty();
    two_sounds(&place);
    events(&place);
    std::fs::create_dir(place.path("units")).unwrap();
    place.write("units/u2.txt", "2.512\n");
    write_list(&place.path("units/u10.npy"), &seconds());
    place
}

fn seconds() -> Vec<f64> {
    ONSETS_S.iter().flat_map(|onset| [onset + 0.012, onset + 0.203]).collect()
}

fn text(times: &[f64], factor: f64) -> String {
    let lines: Vec<String> = times.iter().map(|time| format!("{:.3}\n", time * factor)).collect();
    lines.concat()
}

/// Fails unless the unit that fires 12 and 203 ms after each onset does so.
#[track_caller]
fn assert_right(recording: &Recording, neuron: usize) {
    assert_eq!(recording.clips.len(), 2);
    for clip in 0..2 {
        assert_eq!(recording.clips[clip].responses.dim().1, 3);
        for repeat in 0..3 {
            assert_eq!(bins(recording, clip, neuron, repeat), [2, 40], "{clip} {repeat}");
        }
    }
}

#[test]
fn each_file_is_a_unit_on_the_clock_of_the_session() {
    let place = place();
    let (said, recording) = imported(&place, UNITS);
    assert_eq!(recording.neuron_ids(), ["u2", "u10"]);
    assert_right(&recording, 1);
    assert_eq!(bins(&recording, 1, 0, 0), [2]);
    assert_eq!(bins(&recording, 1, 0, 1), [0; 0]);
    let want = "inferred: 2 neurons from the names of files, times in seconds on the clock of the \
                session\n";
    assert!(said.contains(want), "{said}");
    // A pattern chooses files, and what stands for {} is the id.
    let (_, recording) = imported(&place, &format!("{UNITS} --spike-files u{{}}"));
    assert_eq!(recording.neuron_ids(), ["2", "10"]);
    let (_, recording) = imported(&place, &UNITS.replace("units ", "units/u10.npy "));
    assert_eq!(recording.neuron_ids(), ["u10"]);
}

#[test]
fn units_in_milliseconds_or_samples_are_refused_with_the_option_that_reads_them() {
    let place = place();
    std::fs::remove_file(place.path("units/u2.txt")).unwrap();
    std::fs::remove_file(place.path("units/u10.npy")).unwrap();
    place.write("units/u10.txt", &text(&seconds(), 1000.0));
    let ran = place.strf(&format!("{UNITS} {SLOW}"));
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("(--unit ms)"), "{}", ran.stderr);
    assert_right(&imported(&place, &format!("{UNITS} --unit ms")).1, 0);
    place.write("units/u10.txt", "");
    std::fs::remove_file(place.path("units/u10.txt")).unwrap();
    let samples: Vec<i64> = [1, 2, 4, 5, 7, 8]
        .into_iter()
        .zip([0, 500, 0, 500, 0, 500])
        .flat_map(|(s, ms)| [30 * (1000 * s + ms + 12), 30 * (1000 * s + ms + 203)])
        .collect();
    write_list(&place.path("units/u10.npy"), &samples);
    std::fs::remove_file(place.path("out.h5")).unwrap();
    let ran = place.strf(&format!("{UNITS} {SLOW}"));
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("(--rate-hz 30000)"), "{}", ran.stderr);
    assert_right(&imported(&place, &format!("{UNITS} --rate-hz 30000")).1, 0);
}

#[test]
fn files_of_units_that_do_not_fit_are_refused() {
    let place = place();
    write_list(&place.path("units/u2.npy"), &[1.0f64]);
    refused(
        &place,
        UNITS,
        "units/u2.txt: found a second file of the unit u2 beside units/u2.npy, expected one; rename \
         or remove one of them",
    );
    std::fs::remove_file(place.path("units/u2.npy")).unwrap();
    place.write("units/u2.txt", "0.1 0.5 0.9\n0.2 0.4 0.8\n");
    refused(
        &place,
        UNITS,
        "units/u2.txt: found lines that begin anew, as of repeats with times from their onset, \
         expected the rising times of a whole session; leave --events out if a line is a repeat",
    );
    std::fs::remove_file(place.path("units/u2.txt")).unwrap();
    write_list(&place.path("units/u10.npy"), &[1.0, f64::NAN]);
    refused(&place, UNITS, "units/u10.npy: found NaN at place 1, expected finite numbers");
    place.write("units/u10.npy", "no array");
    let ran = place.strf(&format!("{UNITS} {SLOW}"));
    assert!(ran.stderr.contains("units/u10.npy: this is no NumPy file"), "{}", ran.stderr);
    std::fs::remove_file(place.path("units/u10.npy")).unwrap();
    refused(
        &place,
        UNITS,
        "units: found no file of spike times, expected one for each unit; check the folder, or give \
         --spike-files",
    );
    let ran = place.strf(&format!("{UNITS} {SLOW} --levels neuron"));
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("--levels"), "{}", ran.stderr);
    let ran = place.strf("import spikes units --onset-column onset");
    assert!(ran.stderr.contains("--events"), "{}", ran.stderr);
}

#[test]
fn columns_and_units_are_told_by_their_names() {
    let place = Workplace::empty();
    phy(&place);
    let table = |head: &str, row: &dyn Fn(f64, &str) -> String| {
        let rows = ONSETS_S.iter().zip(["a", "b"].iter().cycle());
        let rows: String = rows.map(|(onset, name)| row(*onset, name)).collect();
        format!("{head}\n{rows}")
    };
    let tables = [
        table("trial,start_time,stim,rating", &|t, x| format!("1,{t},noise_{x},good\n")),
        table("sound_onset_ms\tfile", &|t, x| format!("{}\tnoise_{x}.wav\n", 1000.0 * t)),
        table("onset (s);what", &|t, x| format!("{};noise_{x}\n", t.to_string().replace('.', ","))),
        table("sample,stimulus", &|t, x| format!("{},noise_{x}\n", 1000.0 * t)),
        table("onset,duration,trial_type", &|t, x| format!("{t},0.5,noise_{x}\n")),
        table("trial_start,stimOn,stim_off,name", &|t, x| {
            format!("{},{t},{},noise_{x}\n", t - 0.25, t + 0.5)
        }),
        table("onset_us,stimulus", &|t, x| format!("{},C:\\stims\\noise_{x}.wav\n", 1e6 * t)),
    ];
    for table in tables {
        place.write("events.csv", &table);
        let (said, recording) = imported(&place, PHY);
        assert_right(&recording, 0);
        assert!(!said.contains("warning"), "{table}{said}");
    }
    place.write("events.csv", &table("a,b,c", &|t, x| format!("{},{t},noise_{x}\n", t + 9.0)));
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        PHY,
        "events.csv: found the columns a, b and c, expected to be told which holds the onsets; give \
         --onset-column NAME",
    );
    assert_right(&imported(&place, &format!("{PHY} --onset-column b --stimulus-column c")).1, 0);
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        &format!("{PHY} --onset-column onset"),
        "events.csv: found no column onset, expected one of a, b and c in --onset-column",
    );
    place.write("events.csv", &table("sound_on,tone_on,x", &|t, x| format!("{t},{t},{x}\n")));
    refused(
        &place,
        PHY,
        "events.csv: found the columns sound_on and tone_on, expected to be told which holds the \
         onsets; give --onset-column NAME",
    );
    place.write("events.csv", &table("onset,x,y", &|t, x| format!("{t},{x},{x}\n")));
    refused(
        &place,
        PHY,
        "events.csv: found the columns x and y, expected to be told which names the stimulus; give \
         --stimulus-column NAME",
    );
}

#[test]
fn events_in_another_unit_are_refused_with_the_option_that_reads_them() {
    let place = Workplace::empty();
    phy(&place);
    let table = |factor: f64, shift: f64| {
        let rows = ONSETS_S.iter().zip(["a", "b"].iter().cycle());
        let rows = rows.map(|(onset, name)| format!("{},noise_{name}\n", factor * onset + shift));
        format!("onset,stimulus\n{}", rows.collect::<Vec<_>>().concat())
    };
    place.write("events.csv", &table(1000.0, 0.0));
    refused(
        &place,
        PHY,
        "events.csv: as seconds, 0 % of the events lie in the time of the spikes, from 0.9 to 8.9 s, \
         expected most; read as milliseconds, 100 % lie there (--events-unit ms); as samples at 1000 \
         Hz, 100 % (--events-unit samples); give the option of the right unit, or --events-unit s if \
         it is right as it is",
    );
    assert_right(&imported(&place, &format!("{PHY} --events-unit ms")).1, 0);
    assert_right(&imported(&place, &format!("{PHY} --events-unit samples")).1, 0);
    // The clock of the events started 100 s earlier.
    place.write("events.csv", &table(1.0, 100.0));
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        PHY,
        "events.csv: none of 12 spikes lies in a presentation: events lie between 101 and 108.5 s, \
         spikes between 0.9 and 8.9 s, expected both on one clock; check --events-unit, and shift \
         the events with --events-offset-s",
    );
    assert_right(&imported(&place, &format!("{PHY} --events-offset-s -100")).1, 0);
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        &format!("{PHY} --events-offset-s nan"),
        "--events-offset-s: found NaN, expected seconds",
    );
}

#[test]
fn presentations_with_fewer_spikes_than_before_are_warned_of() {
    let place = Workplace::empty();
    phy(&place);
    let warning = "no presentation holds more spikes than the time before it, as if events and spikes \
                   were on different clocks";
    let (said, _) = imported(&place, &format!("{PHY} --groups noise --before-ms 200"));
    assert!(said.contains(warning), "{said}");
    let (said, _) = imported(&place, &format!("{PHY} --before-ms 200"));
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn what_has_no_partner_is_counted() {
    let place = Workplace::empty();
    phy(&place);
    write_sound(&place.path("sounds/unheard.wav"), 100, 5);
    let table =
        place.read("events.csv") + "10.0,click.wav\n10.2,click.wav\n,noise_a\n10.5,\nNaN,noise_b\n";
    place.write("events.csv", &table);
    let (said, recording) = imported(&place, PHY);
    assert_right(&recording, 0);
    for line in [
        "dropped: 3 rows of events.csv without an onset or a stimulus\n",
        "dropped: 2 events without a sound in --sounds: click.wav\n",
        "dropped: 1 sound without an event: sounds/unheard.wav\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    place.write("events.csv", "onset,stimulus\n1,click\n2,beep\n");
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        PHY,
        "events.csv: found no sound of beep and click, expected sound files of these names in sounds; \
         give the folder of the sounds with --sounds, or another --stimulus-column",
    );
    place.write("events.csv", "onset,stimulus\n,click\n");
    refused(&place, PHY, "events.csv: found no presentation of a stimulus, expected at least one");
}

#[test]
fn overlapping_and_unsorted_events_take_their_own_time_and_are_counted() {
    let place = place();
    let mut rows: Vec<&str> = vec!["1,noise_a", "1.2,noise_b", "4,noise_a", "2.5,noise_b"];
    place.write("events.csv", &format!("onset,stimulus\n{}\n", rows.join("\n")));
    let (said, recording) = imported(&place, UNITS);
    assert!(
        said.contains("inferred: events of events.csv put in order of their onsets\n"),
        "{said}"
    );
    let want = "inferred: 1 presentation begins before the sound before ends: each takes all spikes of \
                its own time\n";
    assert!(said.contains(want), "{said}");
    // The spike at 1.203 s lies in both: 203 ms after one onset, 3 ms after the other.
    assert_eq!([bins(&recording, 0, 1, 0), bins(&recording, 1, 1, 0)], [vec![2, 40], vec![0]]);
    assert_eq!([bins(&recording, 0, 1, 1), bins(&recording, 1, 1, 1)], [[2, 40], [2, 40]]);
    rows.swap(2, 3);
    place.write("events.csv", &format!("onset,stimulus\n{}\n", rows.join("\n")));
    let (said, _) = imported(&place, UNITS);
    assert!(!said.contains("put in order"), "{said}");
}

#[test]
fn one_name_with_two_durations_or_sounds_is_refused_with_both_places() {
    let place = place();
    place.write("events.csv", "onset,stimulus,duration\n1,noise_a,0.5\n4,noise_a,0.25\n");
    refused(
        &place,
        UNITS,
        "events.csv: found noise_a of 500 ms in line 2 and of 250 ms in line 3, expected one duration \
         of a stimulus, whose sound lasts 500 ms; correct the table, or empty the cells of duration \
         where the sound was heard to its end",
    );
    place.write("events.csv", "onset,stimulus,end\n1,noise_a,1.12346\n4,noise_a,4.25678\n");
    refused(
        &place,
        UNITS,
        "events.csv: found noise_a of 123.5 ms in line 2 and of 256.8 ms in line 3, expected one \
         duration of a stimulus, whose sound lasts 500 ms; correct the table, or empty the cells of \
         end where the sound was heard to its end",
    );
    place.write("events.csv", "onset,stimulus,offset\n1,noise_a,0.5\n");
    refused(
        &place,
        UNITS,
        "events.csv: 1 problem\n  2:3 offset: found 0.5, expected an end behind the onset, or nothing \
         (give the column of the ends or durations with --offset-column)",
    );
    place.write("events.csv", "onset,stimulus\n1,x/noise_a.wav\n4,y/noise_a.wav\n");
    refused(
        &place,
        UNITS,
        "events.csv: found x/noise_a.wav in line 2 and y/noise_a.wav in line 3, of which only one \
         sound is there, sounds/noise_a.wav; expected one sound under one name; give the folder that \
         holds theirs with --sounds",
    );
    for (folder, seed) in [("x", 7), ("y", 9)] {
        std::fs::create_dir(place.path(&format!("sounds/{folder}"))).unwrap();
        write_sound(&place.path(&format!("sounds/{folder}/noise_a.wav")), 500, seed);
    }
    refused(
        &place,
        UNITS,
        "events.csv: found x/noise_a.wav in line 2 and y/noise_a.wav in line 3, which are two sounds, \
         sounds/x/noise_a.wav and sounds/y/noise_a.wav; expected one sound under one name; give them \
         two names",
    );
}

#[test]
fn presentations_that_end_before_the_sound_are_missing_from_there_on() {
    let place = place();
    place.write("events.csv", "onset,stimulus,duration\n1,noise_a,0.25\n4,noise_a,0.252\n");
    let (said, recording) = imported(&place, UNITS);
    let want = "inferred: 2 presentations end before the sound: the rest is not recorded\n";
    assert!(said.contains(want), "{said}");
    let row = recording.clips[0].responses.slice(s![1, 0, ..]).to_owned();
    assert_eq!(row.iter().take_while(|count| !count.is_nan()).count(), 50);
}

#[test]
fn ends_beyond_the_sound_may_differ_and_mean_its_end() {
    let place = place();
    let table = "onset,stimulus,end\n1,noise_a,1.6123\n4,noise_a,4.4975\n7,noise_a,7.8\n";
    place.write("events.csv", &format!("{table}2.5,noise_b,\n5.5,noise_b,6.4\n8.5,noise_b,9.9\n"));
    let (said, recording) = imported(&place, UNITS);
    assert!(said.contains(", ends end\n") && !said.contains("before the sound:"), "{said}");
    assert_right(&recording, 1);
    let all_heard = |clip: &strf::dataset::Clip| !clip.responses.iter().any(|count| count.is_nan());
    assert!(recording.clips.iter().all(all_heard));
    // A trial that was broken off, where the others have no end.
    let table = "onset,stimulus,end\n1,noise_a,1.25\n4,noise_a,\n7,noise_a,\n";
    place.write("events.csv", table);
    let (said, recording) = imported(&place, UNITS);
    let want = "inferred: 1 presentation ends before the sound: the rest is not recorded\n";
    assert!(said.contains(want), "{said}");
    let known = |repeat: usize| {
        let row = recording.clips[0].responses.slice(s![1, repeat, ..]).to_owned();
        row.iter().take_while(|count| !count.is_nan()).count()
    };
    assert_eq!([known(0), known(1), known(2)], [50, 100, 100]);
}

#[test]
fn a_column_of_ends_may_be_left_alone() {
    let place = place();
    place.write("events.csv", "onset,stimulus,duration\n1,noise_a,0.5\n4,noise_a,0.25\n");
    let (said, recording) = imported(&place, &format!("{UNITS} --offset-column none"));
    assert!(said.contains("in seconds, stimuli stimulus\n"), "{said}");
    assert!(!recording.clips[0].responses.iter().any(|count| count.is_nan()));
    // A column may be called so.
    place.write("events.csv", "onset,stimulus,none\n1,noise_a,1.25\n");
    let (said, _) = imported(&place, &format!("{UNITS} --offset-column none"));
    assert!(said.contains("stimuli stimulus, ends none\n"), "{said}");
}

#[test]
fn what_a_sound_may_be_called_instead_is_said() {
    let place = place();
    place.write("events.csv", "onset,stimulus\n1,2\n4,10\n");
    refused(
        &place,
        UNITS,
        "events.csv: found no sound of 10 and 2, expected sound files of these names in sounds; give \
         the folder of the sounds with --sounds, or another --stimulus-column, or write names of \
         files in place of the numbers",
    );
    place.write("events.csv", "onset,stimulus\n1,Noise_A\n");
    let other = "; sounds/noise_a.wav differs from Noise_A in small and capital letters";
    refused(
        &place,
        UNITS,
        &format!(
            "events.csv: found no sound of Noise_A{other}, expected sound files of these names in \
             sounds; give the folder of the sounds with --sounds, or another --stimulus-column"
        ),
    );
    place.write("events.csv", "onset,stimulus\n1,Noise_A\n2.5,noise_b\n4,gone\n");
    let (said, _) = imported(&place, UNITS);
    let want = format!("dropped: 2 events without a sound in --sounds: Noise_A and gone{other}\n");
    assert!(said.contains(&want), "{said}");
}

#[test]
fn tables_that_are_none_are_refused() {
    let place = place();
    let words = UNITS.replace("events.csv", "gone.csv");
    let expected = "expected a table in text; check the path";
    refused(&place, &words, &format!("gone.csv: there is no such file, {expected}"));
    let words = UNITS.replace("events.csv", "sounds");
    refused(&place, &words, &format!("sounds: this is a folder, {expected}"));
    std::fs::write(place.path("events.csv"), [0xff, 0xff, 0x00]).unwrap();
    refused(
        &place,
        UNITS,
        "events.csv: found bytes that are no text, expected a table in text; save it as CSV",
    );
    place.write("events.csv", "1.0,noise_a\n");
    let ran = place.strf(&format!("{UNITS} {SLOW}"));
    assert!(ran.stderr.contains("expected to be told which holds the onsets"), "{}", ran.stderr);
    place.write("events.csv", "onset,stimulus\nsoon,noise_a\n");
    refused(
        &place,
        UNITS,
        "events.csv: 1 problem\n  2:1 onset: found \"soon\", expected a number, or nothing",
    );
    place.write("events.csv", "onset_sample,stimulus\n1000,noise_a\n");
    refused(
        &place,
        UNITS,
        "events.csv: found times in samples, as onset_sample says, expected to be told their rate; \
         give --rate-hz HZ, or another --events-unit",
    );
}
