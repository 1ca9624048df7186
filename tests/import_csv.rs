//! Tables of binned responses.
use ndarray::{arr2, s};
use strf::dataset::{Recording, read};

use crate::support::runs::Workplace;
use crate::support::sounds::write_mono;

/// Two stimuli, of which one has three repeats.
const RESPONSES: &str = "stimulus,trial,time_ms,u1,u2\na,1,0,1,0\na,1,5,0,2\na,10,0,3,\na,10,5,4,9\n\
                         a,2,5,7,8\na,2,0,5,6\nb,1,0,0,0\nb,1,5,0,1\nb,1,10,0,0\n";
/// Their cochleagrams, and one more.
const SPECS: &str =
    "stimulus;time_ms;100;200 Hz\na;0;1;2\na;5;3;4\nb;0;1;2\nb;5;3;4\nb;10;5;6\nc;0;1;2\n";

fn place() -> Workplace {
    let place = Workplace::empty();
    place.write("resp.csv", RESPONSES);
    place.write("specs.csv", SPECS);
    place
}

fn imported(place: &Workplace, words: &str) -> (String, Recording) {
    let ran = place.strf(&format!("import csv {words} --out out.h5 --force")).done();
    (ran.stdout, read(&place.path("out.h5")).unwrap().recording)
}

/// What is said of tables that are refused.
#[track_caller]
fn refused(place: &Workplace, words: &str, message: &str) {
    place.strf(&format!("import csv {words} --out none.h5")).refused(message);
    assert!(!place.path("none.h5").exists(), "an output file is left behind");
}

/// Replaces a part of the responses.
fn change(place: &Workplace, from: &str, to: &str) {
    assert!(RESPONSES.contains(from), "{from}");
    place.write("resp.csv", &RESPONSES.replacen(from, to, 1));
}

#[test]
fn a_long_table_is_divided_by_stimulus_and_repeat() {
    let place = place();
    let (said, recording) = imported(&place, "resp.csv --cochleagrams specs.csv");
    assert!((recording.dt_ms - 5.0).abs() < 1e-12);
    assert_eq!(recording.neuron_ids(), ["u1", "u2"]);
    assert_eq!(recording.frequencies_hz.as_deref(), Some(&[100.0, 200.0][..]));
    let [a, b] = &recording.clips[..] else { panic!("{said}") };
    assert_eq!((a.stimulus.id.as_str(), b.stimulus.id.as_str()), ("a", "b"));
    assert_eq!(a.cochleagram, arr2(&[[1.0, 3.0], [2.0, 4.0]]));
    // Repeats 1, 2, 10; rows of the second stand in another order.
    let first = arr2(&[[1.0, 0.0], [5.0, 7.0], [3.0, 4.0]]);
    assert_eq!(a.responses.slice(s![0, .., ..]), first);
    assert_eq!(a.responses.slice(s![1, ..2, ..]), arr2(&[[0.0, 2.0], [6.0, 8.0]]));
    assert!(a.responses[[1, 2, 0]].is_nan() && (a.responses[[1, 2, 1]] - 9.0).abs() < 1e-6);
    assert_eq!(b.responses.slice(s![1, 0, ..]).to_vec(), [0.0, 1.0, 0.0]);
    for line in [
        "inferred: bins of 5 ms, as far as times lie apart\n",
        "inferred: 2 neurons from the columns u1 and u2\n",
        "dropped: 1 cochleagram without responses: c\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
}

#[test]
fn tables_of_one_stimulus_are_called_by_their_files() {
    let place = Workplace::empty();
    for folder in ["resp", "specs"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    // Without names, and with other neurons in each.
    place.write("specs/tone2.csv", "1\t2\n3\t4\n");
    place.write("specs/tone10.csv", "5\t6\n7\t8\n9\t10\n");
    place.write("resp/tone10.tsv", "u2\tu1\n1\t2\n3\t4\n5\t6\n");
    place.write("resp/tone2.tsv", "u1\n7\n8\n");
    place.write("resp/notes.doc", "no table");
    place.write("resp/.hidden.csv", "no table");
    place.write("cells.csv", "id,area,depth_um\nu1,A1,300\nu9,A2,5\n");
    let words = "resp --cochleagrams specs --dt-ms 10 --neurons cells.csv --level db";
    let (said, recording) = imported(&place, words);
    let ids: Vec<&str> = recording.clips.iter().map(|clip| clip.stimulus.id.as_str()).collect();
    assert_eq!(ids, ["tone2", "tone10"]);
    assert_eq!(recording.clips[0].cochleagram, arr2(&[[1.0, 3.0], [2.0, 4.0]]));
    assert_eq!(recording.frequencies_hz, None);
    assert_eq!(recording.neuron_ids(), ["u1", "u2"]);
    assert_eq!(recording.clips[0].responses.slice(s![0, 0, ..]).to_vec(), [7.0, 8.0]);
    assert!(recording.clips[0].responses.slice(s![1, .., ..]).iter().all(|y| y.is_nan()));
    assert_eq!(recording.clips[1].responses.slice(s![0, 0, ..]).to_vec(), [2.0, 4.0, 6.0]);
    assert_eq!(recording.neurons[0].attributes["depth_um"], "300");
    assert!(recording.neurons[1].attributes.is_empty());
    assert_eq!(recording.level.unwrap().kind.word(), "db");
    for line in [
        "dropped: 1 hidden or backup file: resp/.hidden.csv\n",
        "dropped: 1 file of resp, no tables: notes.doc\n",
        "dropped: rows of cells.csv without responses: u9\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
}

#[test]
fn sounds_are_heard_as_of_spike_times() {
    let place = Workplace::empty();
    std::fs::create_dir(place.path("sounds")).unwrap();
    // A fifth of a second.
    let samples: Vec<i32> = (0..400).map(|n: i32| (n * n) % 331 - 165).collect();
    write_mono(&place.path("sounds/a.wav"), 2000, &samples);
    let rows = |from: i32, count: i32| -> String {
        let row = |bin: i32| format!("a.wav,{},{bin}\n", f64::from(from + 50 * bin) / 1000.0);
        format!("stim,time_s,u1\n{}b,0,0\n", (0..count).map(row).collect::<String>())
    };
    place.write("resp.csv", &rows(0, 4));
    let slow =
        "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 --set frontend.bands=5";
    let words = format!("resp.csv --sounds sounds {slow}");
    let (said, recording) = imported(&place, &words);
    let clip = &recording.clips[0];
    assert_eq!((recording.dt_ms.to_string().as_str(), clip.bins()), ("50", 4));
    assert_eq!(clip.responses.slice(s![0, 0, ..]).to_vec(), [0.0, 1.0, 2.0, 3.0]);
    assert!(recording.level.is_some() && said.contains("dropped: 1 stimulus without a sound: b\n"));
    let file = hdf5::File::open(place.path("out.h5")).unwrap();
    assert!(file.dataset("import/frontend").is_ok());
    drop(file);

    place.write("resp.csv", &rows(-100, 6));
    refused(
        &place,
        &words,
        "resp.csv: a.wav: found times from -100 ms on, expected them from 0 ms on; give --before-ms \
         100",
    );
    let (_, wide) = imported(&place, &format!("{words} --before-ms 100"));
    assert_eq!(wide.clips[0].cochleagram.slice(s![.., 2..]), clip.cochleagram);
    place.write("resp.csv", &rows(0, 5));
    refused(
        &place,
        &words,
        "resp.csv: a.wav: found 4 bins of sound, 5 of responses, expected as many of one as of the \
         other; --trim cuts both to the shorter",
    );
    let (said, trimmed) = imported(&place, &format!("{words} --trim"));
    assert_eq!(trimmed.clips[0].responses, clip.responses);
    let line = "dropped: 1 bin at the end of 1 clip whose sound and responses differ in length\n";
    assert!(said.contains(line), "{said}");
}

#[test]
fn times_fit_bins_and_come_once() {
    let place = place();
    let words = "resp.csv --cochleagrams specs.csv";
    change(&place, "a,10,5,4,9", "a,10,6,4,9");
    refused(
        &place,
        &format!("{words} --dt-ms 5"),
        "resp.csv: line 5: found the time 6, 1.200 bins after the first of a, expected whole numbers \
         of bins; check --dt-ms and the unit of the times",
    );
    change(&place, "a,10,5,4,9", "a,10,0,4,9");
    refused(
        &place,
        words,
        "resp.csv: line 5: found the time 0 of a twice in repeat 10, also in line 4, expected each \
         once; say with --repeat-column what tells repeats apart",
    );
    change(&place, "a,10,5,4,9\n", "");
    let (said, recording) = imported(&place, words);
    assert!(recording.clips[0].responses[[0, 2, 1]].is_nan());
    let line = "inferred: 2 bins of neurons without a row: not recorded, NaN\n";
    assert!(said.contains(line), "{said}");
    change(&place, "a,10,5,4,9", "a,10,x,4,9");
    refused(&place, words, "resp.csv: line 5: column \"time_ms\": found \"x\", expected a number");
    change(&place, "a,10,5,4,9", "a,10,,4,9");
    refused(&place, words, "resp.csv: line 5: found no time, expected one in each row");
    // Times of sound and responses begin apart.
    place.write("specs.csv", "stimulus,time_ms,x,y\na,5,1,2\na,10,3,4\n");
    place.write("resp.csv", RESPONSES);
    refused(
        &place,
        words,
        "resp.csv: a: found times from 0 ms on, expected them from 5 ms on as in specs.csv",
    );
}

#[test]
fn units_that_nothing_says_are_asked_for() {
    let place = place();
    for name in ["resp.csv", "specs.csv"] {
        place.write(name, &place.read(name).replace("time_ms", "time"));
    }
    let words = "resp.csv --cochleagrams specs.csv";
    refused(
        &place,
        words,
        "resp.csv: found no times in ms or s, expected the width of a bin; give --dt-ms MS",
    );
    refused(
        &place,
        &format!("{words} --dt-ms 2"),
        "resp.csv: found times 5 apart, expected times whose unit is told; give --time-unit s or \
         --time-unit ms",
    );
    assert_eq!(imported(&place, &format!("{words} --dt-ms 5")).1.clips[1].bins(), 3);
    let (_, recording) = imported(&place, &format!("{words} --time-unit ms"));
    assert_eq!(recording.dt_ms.to_string(), "5");
    // Numbers of bins.
    place.write("resp.csv", "stimulus,bin,u1\na,0,1\na,2,2\na,1,3\n");
    place.write("specs.csv", "stimulus,frame,x\na,0,1\na,1,2\na,2,3\n");
    let (_, recording) = imported(&place, &format!("{words} --dt-ms 20"));
    assert_eq!(recording.dt_ms.to_string(), "20");
    assert_eq!(recording.clips[0].responses.slice(s![0, 0, ..]).to_vec(), [1.0, 3.0, 2.0]);
}

#[test]
fn columns_that_leave_a_doubt_are_asked_for() {
    let place = place();
    let words = "resp.csv --cochleagrams specs.csv";
    change(&place, "stimulus", "song");
    refused(
        &place,
        words,
        "resp.csv: found the columns song, trial, time_ms, u1 and u2, expected a column that names \
         the stimulus; say which with --stimulus-column, or give a folder of one table a stimulus",
    );
    imported(&place, &format!("{words} --stimulus-column song"));
    refused(
        &place,
        &format!("{words} --stimulus-column sonk"),
        "resp.csv: --stimulus-column: found no column \"sonk\", expected one of song, trial, time_ms, \
         u1 and u2; did you mean song?",
    );
    change(&place, "u1", "repeat");
    refused(
        &place,
        words,
        "resp.csv: found the columns trial and repeat, expected one of them; say which with \
         --repeat-column",
    );
    let (said, recording) = imported(&place, &format!("{words} --repeat-column trial"));
    assert_eq!(recording.neuron_ids(), ["u2"]);
    assert!(said.contains("dropped: columns \"repeat\" of resp.csv\n"), "{said}");
    place.write("resp.csv", &RESPONSES.replace("u2", "animal").replace(",0\n", ",ferret\n"));
    refused(
        &place,
        words,
        "resp.csv: line 2: column \"animal\": found \"ferret\", expected a number",
    );
    assert_eq!(imported(&place, &format!("{words} --leave-out animal")).1.neuron_ids(), ["u1"]);
}

#[test]
fn tables_that_are_none_are_refused() {
    let place = place();
    let words = "resp.csv --cochleagrams specs.csv";
    change(&place, "a,1,5,0,2", "a,1,5,0");
    refused(&place, words, "resp.csv: line 3: found 4 cells, expected 5 as in the first line");
    change(&place, "a,1,5,0,2", "a,1,5,\"0,5\",2");
    refused(
        &place,
        words,
        "resp.csv: line 3: column \"u1\": found \"0,5\", expected a number; write decimal points",
    );
    std::fs::write(place.path("resp.csv"), b"stimulus,u1\na,1\n\xff\xfe,2\n").unwrap();
    refused(
        &place,
        &format!("{words} --dt-ms 5"),
        "resp.csv: line 3: found bytes that are no text, expected a table in UTF-8; save it as CSV \
         UTF-8",
    );
    place.write("resp.csv", "");
    let empty = "the file is empty; whatever wrote it did not finish, so write it again";
    refused(&place, words, &format!("resp.csv: {empty}"));
    place.write("resp.csv", RESPONSES);
    refused(
        &place,
        "resp.csv",
        "resp.csv: found no cochleagrams, expected a table of them or sounds; give --cochleagrams \
         PATH or --sounds FOLDER",
    );
    place.write("specs.csv", "stimulus,time_ms,x\nd,0,1\n");
    refused(
        &place,
        words,
        "resp.csv: found no sound for any of 2 stimuli, the first \"a\", expected one called so for \
         each",
    );
    place.write("specs.csv", "stimulus,time_ms,x\na,0,1\na,5,nan\nb,0,1\n");
    refused(
        &place,
        words,
        "specs.csv: a: found NaN in bin 1, band 0 (from 0), expected finite numbers",
    );
    place.write("specs.csv", "stimulus,repeat,time_ms,x\na,1,0,1\na,2,0,1\n");
    refused(
        &place,
        words,
        "specs.csv: a: found 2 repeats, expected the cochleagram of each stimulus once",
    );
    std::fs::create_dir(place.path("specs")).unwrap();
    place.write("specs/a.csv", "1,2,3\n");
    refused(
        &place,
        "resp.csv --cochleagrams specs",
        "specs/a.csv: found 1 row of 3 numbers, expected a row for each bin; transpose the table, or \
         name its columns in a first line if it is right",
    );
}

#[test]
fn a_first_line_of_numbers_that_are_names_is_no_bin() {
    let place = place();
    std::fs::create_dir(place.path("specs")).unwrap();
    place.write("resp.csv", "stimulus,u1\na,1\na,2\na,3\na,4\n");
    let words = "resp.csv --cochleagrams specs --dt-ms 5";
    let said = |names: &str, first: &str| {
        format!(
            "specs/a.csv: line 1: found {names}, which rise like names of columns, expected the values \
             of the first bin; give one of the names a letter, as in {first}Hz, or if these \
             are values, put a line of names in front"
        )
    };
    place.write("specs/a.csv", "200,400,800\n10,20,3\n4,50,6\n1,2,3\n");
    refused(&place, words, &said("200, 400 and 800", "200"));
    place.write("specs/a.csv", "0,1,2\n10,20,3\n4,50,6\n1,2,3\n");
    refused(&place, words, &said("0, 1 and 2", "0"));
    place.write("specs/a.csv", "200 Hz,400,800\n10,20,3\n4,50,6\n1,2,3\n7,8,9\n");
    let (_, recording) = imported(&place, words);
    assert_eq!(recording.frequencies_hz.as_deref(), Some(&[200.0, 400.0, 800.0][..]));
    // Levels that rise in the first bin, and in others to more.
    place.write("specs/a.csv", "2,4,8\n10,20,3\n4,50,6\n1,2,3\n");
    assert_eq!(imported(&place, words).1.clips[0].bins(), 4);
}

#[test]
fn repeats_without_times_are_of_one_length() {
    let place = place();
    place.write("resp.csv", "stimulus,repeat,u1\na,1,1\na,1,2\na,2,3\n");
    place.write("specs.csv", "stimulus,x\na,1\na,2\n");
    let words = "resp.csv --cochleagrams specs.csv --dt-ms 5";
    refused(
        &place,
        words,
        "resp.csv: a: found 2 rows of repeat 1 and 1 row of repeat 2, expected as many of each; a \
         column of times says which bins are missing",
    );
    place.write("resp.csv", "stimulus,repeat,u1\na,1,1\na,1,2\na,2,3\na,2,4\n");
    let (_, recording) = imported(&place, words);
    assert_eq!(recording.clips[0].responses.slice(s![0, 1, ..]).to_vec(), [3.0, 4.0]);
}

#[test]
fn tables_beside_the_responses_say_what_else_is_known() {
    let place = place();
    place.write("responses.csv", RESPONSES);
    place.write("cochleagrams.csv", SPECS);
    place.write("dataset.csv", "name,value\ndt_ms,5\nlevel,log\nrate,7\n");
    place.write("stimuli.csv", "id,type\nb,song\na,noise\n");
    place.write("splits.csv", "part,stimulus\ntrain,b\ntest,a\n");
    let (said, recording) = imported(&place, "responses.csv");
    let kinds = recording.clips.iter().map(|clip| clip.stimulus.attributes["type"].as_str());
    assert_eq!(kinds.collect::<Vec<_>>(), ["song", "noise"], "in the order of stimuli.csv");
    assert_eq!(recording.splits.unwrap().train, ["b"]);
    assert_eq!(recording.level.unwrap().kind.word(), "log");
    assert!(said.contains("dropped: \"rate\" of dataset.csv\n"), "{said}");
    refused(
        &place,
        "responses.csv --level db",
        "responses.csv: 1 problem\n  --level: found db, expected log, as the file says (leave the \
         option out)",
    );
    place.write("splits.csv", "part,stimulus\ntrain,b\ntest,c\n");
    let ran = place.strf("import csv responses.csv");
    let said = "test of splits.csv: found \"c\", expected the id of a stimulus";
    assert!(ran.status == Some(2) && ran.stderr.contains(said), "{}", ran.stderr);
    place.write("splits.csv", "part,stimulus\ntraining,b\n");
    refused(
        &place,
        "responses.csv",
        "splits.csv: line 2: found \"training\", expected \"train\", \"valid\" or \"test\"",
    );
}
