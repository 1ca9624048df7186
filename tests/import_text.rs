//! Spike times as spreadsheets and other programs write them: read as they were meant, or refused.
use crate::support::runs::Workplace;
use crate::support::sounds::write_mono;

const SLOW: &str = "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
                    --set frontend.bands=5";

/// Writes a sound of a second.
fn sound(place: &Workplace, name: &str, kind: i32) {
    let samples: Vec<i32> = (0..2000).map(|n: i32| (n * n * kind) % 977 - 488).collect();
    std::fs::create_dir_all(place.path(name).parent().unwrap()).unwrap();
    write_mono(&place.path(name), 2000, &samples);
}

/// A folder `cell` with these files of spikes, each with a sound of a second of its own.
fn cell(files: &[(&str, &[u8])]) -> Workplace {
    let place = Workplace::empty();
    for (kind, (name, bytes)) in (1..).zip(files) {
        sound(&place, &format!("cell/stim{name}.wav"), kind);
        std::fs::write(place.path(&format!("cell/spike{name}")), bytes).unwrap();
    }
    place
}

fn words(options: &str) -> String {
    format!("import spikes cell --out out.h5 --force {SLOW} {options}")
}

/// What was said, and the bins of 5 ms with the spikes of each repeat of each stimulus.
fn imported(place: &Workplace, options: &str) -> (String, Vec<Vec<Vec<usize>>>) {
    let said = place.strf(&words(options)).done();
    let read = strf::dataset::read(&place.path("out.h5")).unwrap().recording;
    let bins = |row: ndarray::ArrayView1<f32>| -> Vec<usize> {
        let of_bin = |(bin, count): (usize, &f32)| {
            let times = if count.is_nan() { 0.0 } else { *count };
            (0..10).take_while(move |n| f64::from(*n) + 0.5 < f64::from(times)).map(move |_| bin)
        };
        row.iter().enumerate().flat_map(of_bin).collect()
    };
    let clips = read.clips.iter().map(|clip| {
        let neuron = clip.responses.index_axis(ndarray::Axis(0), 0);
        neuron.outer_iter().map(bins).collect()
    });
    (said.stdout + &said.stderr, clips.collect())
}

#[track_caller]
fn refused(place: &Workplace, options: &str, message: &str) {
    place.strf(&words(options)).refused(message);
    assert!(!place.path("out.h5").exists(), "an output file is left behind");
}

/// `11.093 25.906 161.717` and `500.5`.
fn truth() -> Vec<Vec<usize>> {
    vec![vec![2, 5, 32], vec![100]]
}

#[test]
fn a_comma_beside_another_separator_is_a_decimal_comma() {
    for divider in [";", "\t", " ", "; "] {
        let text = format!("{}\n500,5\n", ["11,093", "25,906", "161,717"].join(divider));
        let (said, found) = imported(&cell(&[("1", text.as_bytes())]), "");
        assert_eq!(found, [truth()], "{divider:?}");
        assert!(
            said.contains("inferred: commas are decimal commas, as in cell/spike1, line 1"),
            "{said}"
        );
    }
}

#[test]
fn a_line_that_can_be_read_both_ways_follows_the_other_files() {
    // 161.717 by the second file, 161 and 717 by the third.
    let both = b"161,717\n";
    let (_, found) = imported(&cell(&[("1", both), ("2", b"1,5;20,25\n")]), "");
    assert_eq!(found, [vec![vec![32]], vec![vec![0, 4]]]);
    let (said, found) = imported(&cell(&[("1", both), ("3", b"161.9,717.2\n")]), "");
    assert_eq!(found, [vec![vec![32, 143]], vec![vec![32, 143]]]);
    assert!(!said.contains("comma"), "{said}");
    // The zero says that this is no whole number.
    let (_, found) = imported(&cell(&[("1", both), ("4", b"11,093\n")]), "");
    assert_eq!(found, [vec![vec![32]], vec![vec![2]]]);
}

#[test]
fn where_nothing_decides_a_comma_stands_between_times_and_a_note_says_so() {
    let place = cell(&[("1", b"161,717\n30\n")]);
    let (said, found) = imported(&place, "");
    assert_eq!(found, [[vec![32, 143], vec![6]]]);
    let note = "inferred: commas stand between times, though nothing decides it, as in \
                cell/spike1, line 1 (\"161,717\"); give --comma decimal if they are decimal commas\n";
    assert!(said.contains(note), "{said}");
    let (said, found) = imported(&place, "--comma decimal");
    assert_eq!(found, [[vec![32], vec![6]]]);
    assert!(!said.contains("comma"), "{said}");
}

#[test]
fn commas_with_blanks_or_points_stand_between_times() {
    let text = b"161.9,717.2\n161, 717\n1,2,3\n161 ,717\n11,22,\n";
    let (_, found) = imported(&cell(&[("1", text)]), "");
    assert_eq!(found, [[vec![32, 143], vec![32, 143], vec![0, 0, 0], vec![32, 143], vec![2, 4]]]);
}

#[test]
fn commas_of_two_meanings_are_refused_unless_an_option_says_one() {
    let place = cell(&[("1", b"1,5;20,25\n"), ("2", b"161.9 717.2\n")]);
    refused(
        &place,
        "",
        "cell/spike1, line 1 (\"1,5;20,25\") has a decimal comma, but cell/spike2, line 1 \
         (\"161.9 717.2\") has a point or a comma that says otherwise; expected one meaning of the \
         comma in all files; say which with --comma decimal or --comma separator",
    );
    let (_, found) = imported(&place, "--comma decimal");
    assert_eq!(found, [[[0, 4]], [[32, 143]]]);
    let (_, found) = imported(&place, "--comma separator");
    assert_eq!(found, [[vec![0, 1, 4, 5]], [vec![32, 143]]]);
    for (text, word) in [
        (&b"11,093,25,906\n"[..], "11,093,25,906"),
        (b"1,2,3 4\n", "1,2,3"),
        (b"1,234.5\n", "1,234.5"),
        (b"1.234,5\n", "1.234,5"),
    ] {
        let ran = cell(&[("1", text)]).strf(&words(""));
        assert_eq!(ran.status, Some(2), "{word}");
        let found = format!("found {word:?}, in which a comma may divide times, decimals or");
        assert!(ran.stderr.contains(&found), "{}", ran.stderr);
    }
}

#[test]
fn texts_are_read_in_every_encoding() {
    let text = "11.093 25.906 161.717\r\n500.5\r\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe], &wide[..]].concat();
    for bytes in [["\u{feff}", text].concat().into_bytes(), wide, marked] {
        assert_eq!(imported(&cell(&[("1", &bytes)]), "").1, [truth()], "{bytes:?}");
    }
    // As old Macs end lines.
    let mac = text.replace("\r\n", "\r");
    assert_eq!(imported(&cell(&[("1", mac.as_bytes())]), "").1, [truth()]);
}

#[test]
fn header_lines_are_refused_and_an_option_says_what_they_are() {
    let place = cell(&[("1", b"40000\n2\n11.093 25.906 161.717\n500.5\n")]);
    refused(
        &place,
        "",
        "cell/spike1: found lines 1 and 2 (\"40000\" and \"2\") of whole numbers where all others \
         have decimals, expected one line a repeat, with its spike times; give --skip-lines \
         2 to leave out so many lines of every file, or give --skip-lines 0 if they are repeats",
    );
    let (said, found) = imported(&place, "--skip-lines 2");
    assert_eq!(found, [truth()]);
    assert!(
        said.contains("dropped: 2 lines at the start of each file, of 1 spike file\n"),
        "{said}"
    );
    let (_, found) = imported(&place, "--skip-lines 0");
    assert_eq!(found, [[vec![], vec![0], truth().remove(0), truth().remove(1)]]);
    // One line left out too few is not refused again, but said.
    let (said, found) = imported(&place, "--skip-lines 1");
    assert_eq!(found, [[vec![0], truth().remove(0), truth().remove(1)]]);
    assert!(said.contains("warning: cell/spike1: found line 2 (\"2\") of whole numbers"), "{said}");
    // Whole milliseconds, of which one lies beyond the clip.
    let place = cell(&[("1", b"40000\n2\n11 25 161\n500 501\n")]);
    let ran = place.strf(&words(""));
    assert_eq!(ran.status, Some(2), "{}", ran.stdout);
    for part in ["(\"40000\") beyond the end of the sound", "--skip-lines 1 (2, if the lines below"]
    {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
}

#[test]
fn lines_that_only_some_files_have_are_not_left_out_of_all() {
    let place = cell(&[("1", b"40000\n1.5 20.25\n"), ("2", b"1.5 2.5\n3.5\n")]);
    refused(
        &place,
        "",
        "cell/spike1: found line 1 (\"40000\") of whole numbers where all others have decimals, \
         expected one line a repeat, with its spike times; not all of the 2 spike files begin so: \
         take such lines out of those that do, or give --skip-lines 0 if they are repeats",
    );
    // A single spike among whole numbers is no header.
    let (_, found) = imported(&cell(&[("1", b"12\n13 14\n\n")]), "");
    assert_eq!(found, [[vec![2], vec![2, 2], vec![]]]);
}

#[test]
fn toe_lis_is_read_as_what_it_is_or_refused_by_name() {
    let text = b"1\n3\n4\n3\n0\n1\n11.093\n25.906\n161.717\n500.5\n";
    let (said, found) = imported(&cell(&[("1", text)]), "");
    assert_eq!(found, [[vec![2, 5, 32], vec![], vec![100]]]);
    assert!(said.contains("inferred: 1 spike file read as toe_lis"), "{said}");
    let comma = String::from_utf8(text.to_vec()).unwrap().replace('.', ",");
    assert_eq!(imported(&cell(&[("1", comma.as_bytes())]), "").1, found);
    refused(
        &cell(&[("1", &text[..text.len() - 6])]),
        "",
        "cell/spike1: it begins as a toe_lis file, but its counts end at line 10, the file at line \
         9, expected both at one; write the file again; give --skip-lines 0 only if it is none, and \
         every line is a repeat",
    );
    let ran = cell(&[("1", b"2\n1\n5\n7\n1\n3.5\n1\n4.5\n")]).strf(&words(""));
    assert!(ran.stderr.contains("found 2 channels, expected one"), "{}", ran.stderr);
}

#[test]
fn two_spike_files_of_one_stimulus_are_refused() {
    let place = Workplace::empty();
    sound(&place, "cell/A8.wav", 1);
    place.write("cell/A8.txt", "11.5\n20.5\n");
    place.write("cell/A8.csv", "11.5\n20.5\n");
    let options = "--spike-files {} --sounds cell";
    refused(
        &place,
        options,
        "cell: 1 problem\n  cell/A8: found A8.csv and A8.txt for one stimulus, expected one file of \
         spikes, since its lines are the repeats (remove the copy, or say the ending of the right \
         ones, as in --spike-files {}.txt)",
    );
    let (_, found) = imported(&place, "--spike-files {}.txt --sounds cell");
    assert_eq!(found, [[[2], [4]]]);
    place
        .strf(&format!(
            "import spikes cell ./cell --out again.h5 {SLOW} --spike-files {{}}.txt --sounds cell"
        ))
        .refused(
            "./cell/A8.txt: found this file twice in the folders, expected each once; name no \
             folder twice, nor one inside another",
        );
}

#[test]
fn two_sounds_of_one_stimulus_are_refused_unless_they_are_the_same() {
    let place = cell(&[("1", b"11.5\n")]);
    place.write("cell/stim1.txt", "other.wav");
    sound(&place, "cell/other.wav", 7);
    refused(
        &place,
        "",
        "cell: 1 problem\n  cell/spike1: found two sounds, cell/other.wav and cell/stim1.wav, \
         expected one that was played (remove the other one)",
    );
    std::fs::copy(place.path("cell/stim1.wav"), place.path("cell/other.wav")).unwrap();
    assert_eq!(imported(&place, "").1, [[[2]]]);
}

#[test]
fn hidden_and_backup_files_are_left_out_and_counted() {
    let place = Workplace::empty();
    sound(&place, "cell/A8.wav", 1);
    place.write("cell/A8.txt", "11.5\n20.5\n");
    for name in ["._A8.txt", ".DS_Store", "A8.bak", "A8.txt~"] {
        std::fs::write(place.path(&format!("cell/{name}")), b"\0\x05\x16\x07").unwrap();
    }
    let (said, found) = imported(&place, "--spike-files {} --sounds cell");
    assert_eq!(found, [[[2], [4]]]);
    let line = "dropped: 4 hidden or backup files: cell/.DS_Store, cell/._A8.txt, cell/A8.bak and \
                cell/A8.txt~\n";
    assert!(said.contains(line), "{said}");
}

#[test]
fn spike_files_without_a_sound_are_left_out_unless_none_has_one() {
    let place = cell(&[("1", b"11.5\n")]);
    place.write("cell/spike2", "3\n");
    place.write("cell/spike3", "3\n");
    place.write("cell/stim3", "song.wav\n");
    let (said, found) = imported(&place, "");
    assert_eq!(found, [[[2]]]);
    let line = "dropped: 2 spike files without a sound (--sounds adds a folder): cell/spike2 and \
                cell/spike3\n";
    assert!(said.contains(line), "{said}");
    std::fs::remove_file(place.path("cell/spike1")).unwrap();
    std::fs::remove_file(place.path("out.h5")).unwrap();
    let problems = "cell: 2 problems\n  \
        cell/spike2: found no stimulus file, expected a file stim2, or a sound 2 in --sounds\n  \
        cell/stim3: found the name \"song.wav\", expected the name of a sound file (give the \
        folder that it lies in with --sounds)";
    refused(&place, "", problems);
}

/// A cell whose stimulus files hold these texts, and sounds below `sounds`.
fn named(texts: &[&str], sounds: &[&str]) -> Workplace {
    let place = Workplace::empty();
    std::fs::create_dir(place.path("cell")).unwrap();
    for (number, text) in (1..).zip(texts) {
        place.write(&format!("cell/stim{number}"), text);
        place.write(&format!("cell/spike{number}"), &format!("{number}1.5\n"));
    }
    for (kind, name) in (1..).zip(sounds) {
        sound(&place, &format!("sounds/{name}"), kind);
    }
    place
}

#[test]
fn paths_of_other_computers_lead_to_the_sounds_of_their_last_part() {
    let texts = ["\u{feff}C:\\stims\\a\\song.wav\r\n", "d:tone.wav", "..\\x/noise.wav"];
    let place = named(&texts, &["song.wav", "tone.wav", "noise.wav"]);
    assert_eq!(imported(&place, "--sounds sounds").1, [[[2]], [[4]], [[6]]]);
}

#[test]
fn sounds_of_one_name_are_told_apart_by_their_folders_or_refused() {
    let texts = ["C:\\stims\\a\\song.wav", "C:\\stims\\b\\song.wav"];
    let place = named(&texts, &["a/song.wav", "b/song.wav"]);
    let (said, found) = imported(&place, "--sounds sounds");
    assert_eq!(found, [[[2]], [[4]]]);
    assert!(said.contains("other sounds of the same name are called cell_song"), "{said}");
    std::fs::remove_file(place.path("out.h5")).unwrap();

    std::fs::remove_dir_all(place.path("sounds/b")).unwrap();
    refused(
        &place,
        "--sounds sounds",
        "cell: 1 problem\n  cell/stim2: found \"C:\\\\stims\\\\b\\\\song.wav\", and \
         \"C:\\\\stims\\\\a\\\\song.wav\" in another file, expected two sounds, but there is only \
         sounds/a/song.wav (give the folder of the other one with --sounds)",
    );
    let place = named(&["song.wav"], &["a/song.wav", "b/song.wav"]);
    refused(
        &place,
        "--sounds sounds",
        "song.wav: found several sounds that may be it, sounds/a/song.wav and sounds/b/song.wav, \
         expected one; rename or remove the others, or give the folder of the right ones alone with \
         --sounds",
    );
}
