//! NWB files: what is missing, cut short or out of order, and files that do not fit.
use std::path::PathBuf;

use hdf5::types::VarLenUnicode;
use ndarray::{Array1, Array2, s};
use strf::dataset::hdf5_io::{write_array, write_strings};
use strf::dataset::{Recording, read};

use crate::import::fixture;
use crate::support::runs::{Workplace, change_data};

const SLOW: &str = "--set frontend.min_freq_hz=100 --set frontend.max_freq_hz=900 \
                    --set frontend.bands=5";

/// A copy of the file of two songs after a change to it.
fn changed(place: &Workplace, change: impl FnOnce(&hdf5::File) -> hdf5::Result<()>) -> PathBuf {
    let path = place.path("site.nwb");
    std::fs::copy(fixture("zebra_finch.nwb"), &path).unwrap();
    change_data(&path, change);
    path
}

fn list(file: &hdf5::File, path: &str) -> Vec<f64> {
    file.dataset(path).unwrap().read_raw().unwrap()
}

fn replace(file: &hdf5::File, path: &str, values: &[f64]) -> hdf5::Result<()> {
    file.unlink(path)?;
    write_array(file, path, Array1::from(values.to_vec()).view())
}

fn words(options: &str) -> String {
    format!("import nwb site.nwb --out out.h5 --force {SLOW} {options}")
}

fn imported(place: &Workplace, options: &str) -> (String, Recording) {
    let said = place.strf(&words(options)).done().stdout;
    (said, read(&place.path("out.h5")).unwrap().recording)
}

#[track_caller]
fn refused(change: impl FnOnce(&hdf5::File) -> hdf5::Result<()>, options: &str, message: &str) {
    let place = Workplace::empty();
    changed(&place, change);
    place.strf(&words(options)).refused(message);
    assert!(!place.path("out.h5").exists(), "an output file is left behind");
}

const TRIALS: &str = "intervals/trials";

#[test]
fn unsorted_spikes_are_put_in_order_and_trials_cut_short_end_in_nan() {
    let place = Workplace::empty();
    changed(&place, |file| {
        let mut times = list(file, "units/spike_times");
        times.reverse();
        replace(file, "units/spike_times", &times)?;
        let (starts, mut stops) =
            (list(file, "intervals/trials/start_time"), list(file, "intervals/trials/stop_time"));
        stops[0] = starts[0] + 0.5;
        replace(file, "intervals/trials/stop_time", &stops)
    });
    let (said, recording) = imported(&place, "");
    assert!(said.contains("inferred: spike times of 1 unit put in order\n"), "{said}");
    assert!(
        said.contains("inferred: 1 presentation ends before the sound: the rest is not recorded\n"),
        "{said}"
    );
    let expected = hdf5::File::open(fixture("expected.h5")).unwrap();
    let mut cut = 0;
    for (clip, song) in recording.clips.iter().zip(["song01", "song02"]) {
        let want: ndarray::Array3<f32> = expected.dataset(song).unwrap().read().unwrap();
        for (row, want) in clip
            .responses
            .index_axis(ndarray::Axis(0), 0)
            .outer_iter()
            .zip(want.index_axis(ndarray::Axis(0), 0).outer_iter())
        {
            let known = row.iter().take_while(|count| !count.is_nan()).count();
            assert_eq!(row.slice(s![..known]), want.slice(s![..known]), "{song}");
            assert!(row.slice(s![known..]).iter().all(|count| count.is_nan()));
            cut += usize::from(known == 100);
            assert!(known == 100 || known == row.len(), "{known}");
        }
    }
    assert_eq!(cut, 1);
}

#[test]
fn bins_outside_of_the_observed_time_are_missing_and_repeats_may_be_unequal() {
    let place = Workplace::empty();
    changed(&place, |file| {
        let starts = list(file, "intervals/trials/start_time");
        let windows =
            Array2::from_shape_vec((2, 2), vec![0.0, starts[0] + 0.2, starts[0] + 0.3, 1e6]);
        write_array(file, "units/obs_intervals", windows.unwrap().view())?;
        write_array(file, "units/obs_intervals_index", Array1::from(vec![2u8]).view())?;
        // The last trial loses its stimulus.
        let names = file.dataset("intervals/trials/stimulus")?.read_1d::<VarLenUnicode>()?;
        let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
        *names.last_mut().unwrap() = String::new();
        file.unlink("intervals/trials/stimulus")?;
        write_strings(&file.group(TRIALS)?, "stimulus", &names)
    });
    let (said, recording) = imported(&place, "");
    assert!(
        said.contains("dropped: 1 row of /intervals/trials without a stimulus or a start\n"),
        "{said}"
    );
    let mut repeats: Vec<usize> =
        recording.clips.iter().map(|clip| clip.responses.dim().1).collect();
    repeats.sort_unstable();
    assert_eq!(repeats, [9, 10]);
    let unknown = |row: ndarray::ArrayView1<f32>| {
        (0..row.len()).filter(|t| row[*t].is_nan()).collect::<Vec<_>>()
    };
    let rows = recording.clips.iter().flat_map(|clip| {
        clip.responses.index_axis(ndarray::Axis(0), 0).outer_iter().map(unknown).collect::<Vec<_>>()
    });
    let unknown: Vec<Vec<usize>> = rows.filter(|row| !row.is_empty()).collect();
    assert_eq!(unknown, [(40..60).collect::<Vec<usize>>()]);
}

#[test]
fn one_sound_for_the_whole_session_is_cut_at_the_presentations() {
    let place = Workplace::empty();
    changed(&place, |file| {
        // All sounds as they were played, at 2 kHz.
        let starts = list(file, "intervals/trials/start_time");
        let names = file.dataset("intervals/trials/stimulus")?.read_1d::<VarLenUnicode>()?;
        let mut all = vec![0i16; 150 * 2000];
        for (start, name) in starts.iter().zip(&names) {
            let sound =
                file.dataset(&format!("stimulus/templates/{name}/data"))?.read_raw::<i16>()?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            let from = (start * 2000.0).round() as usize;
            let to = (from + sound.len()).min(all.len());
            all[from.min(to)..to].copy_from_slice(&sound[..to - from.min(to)]);
        }
        file.unlink("stimulus/templates")?;
        let group = file.create_group("stimulus/presentation/played")?;
        write_array(&group, "data", Array1::from(all).view())?;
        let stamps = group.new_dataset::<f64>().create("starting_time")?;
        stamps.write_scalar(&0.0)?;
        stamps.new_attr::<f64>().create("rate")?.write_scalar(&2000.0)
    });
    let (_, cut) = imported(&place, "");
    std::fs::copy(fixture("zebra_finch.nwb"), place.path("site.nwb")).unwrap();
    let (_, own) = imported(&place, "");
    for (cut, own) in cut.clips.iter().zip(&own.clips) {
        let bins = cut.bins().min(own.bins());
        assert!(own.bins() - bins <= 1);
        assert_eq!(
            cut.responses.slice(s![.., .., ..bins]),
            own.responses.slice(s![.., .., ..bins])
        );
        let apart = &cut.cochleagram.slice(s![.., ..bins]) - &own.cochleagram.slice(s![.., ..bins]);
        let mean = apart.mapv(f32::abs).mean().unwrap();
        // Onsets fall between samples of 2 kHz.
        assert!(mean < 3.0, "{mean} dB");
    }
}

#[test]
fn times_in_another_unit_are_named() {
    let message = "site.nwb: /units/spike_times: read as seconds, all 456 spikes lie between";
    let place = Workplace::empty();
    changed(&place, |file| {
        let times: Vec<f64> = list(file, "units/spike_times").iter().map(|t| 1000.0 * t).collect();
        replace(file, "units/spike_times", &times)
    });
    let ran = place.strf(&words(""));
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains(message), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("read as milliseconds, 100 % lie in their span (--unit ms)"),
        "{}",
        ran.stderr
    );
    let (_, recording) = imported(&place, "--unit ms");
    assert_eq!(recording.clips[0].responses.dim(), (1, 10, 344));
}

#[test]
fn tables_and_columns_that_are_missing_are_named() {
    refused(
        |file| file.unlink("units"),
        "",
        "site.nwb: /units: found no such table, expected units with spike times",
    );
    refused(
        |file| file.unlink("units/spike_times_index"),
        "",
        "site.nwb: /units: found no column spike_times_index, expected one of area, id, spike_times",
    );
    refused(
        |_| Ok(()),
        "--intervals epochs",
        "site.nwb: /intervals: found no table epochs, expected one of those in the file: trials",
    );
    refused(
        |_| Ok(()),
        "--stimulus-column name",
        "site.nwb: /intervals/trials: found no column name, expected one of id, start_time, \
         stimulus, stop_time",
    );
    refused(
        |file| {
            file.relink("intervals/trials/stimulus", "intervals/trials/a").and_then(|()| {
                let values: Vec<String> = (0..20).map(|n| n.to_string()).collect();
                write_strings(&file.group(TRIALS)?, "b", &values)
            })
        },
        "",
        "site.nwb: /intervals/trials: found the columns a and b, expected to be told which names \
         the stimulus; give --stimulus-column NAME",
    );
    refused(
        |file| file.unlink("intervals").and_then(|()| file.unlink("stimulus")),
        "",
        "site.nwb: /intervals: found no table of presentations, and no sound in \
         /stimulus/presentation, expected one of them",
    );
}

#[test]
fn sounds_that_are_missing_uneven_or_never_presented_are_named() {
    refused(
        |file| file.unlink("stimulus/templates/song02"),
        "",
        "site.nwb: found no sound of song02, expected a sound in /stimulus for each (there are: \
         song01); give the folder of the sound files with --sounds, or another --stimulus-column",
    );
    refused(
        |file| {
            let group = file.group("stimulus/templates/song01")?;
            group.unlink("starting_time")?;
            let samples = group.dataset("data")?.shape()[0];
            let mut stamps = Array1::from_shape_fn(samples, |n| n as f64 / 2000.0);
            stamps[7] += 0.001;
            write_array(&group, "timestamps", stamps.view())
        },
        "",
        "site.nwb: /stimulus/templates/song01: found time stamps 0.003 and 0.0045000000000000005 s, \
         expected steps of 0.0005 s; sound must be sampled evenly",
    );
    refused(
        |file| file.unlink("stimulus/templates/song01/starting_time"),
        "",
        "site.nwb: /stimulus/templates/song01: found no starting_time with a rate and no \
         timestamps, expected one of them",
    );
    let place = Workplace::empty();
    changed(&place, |file| {
        file.group("stimulus/templates/song01")?.copy_to(file, "stimulus/templates/probe")
    });
    let (said, _) = imported(&place, "");
    assert!(said.contains("dropped: 1 stimulus never presented: probe\n"), "{said}");
}

#[test]
fn other_hdf5_files_and_damaged_ones_are_refused() {
    refused(
        |file| file.delete_attr("nwb_version"),
        "",
        "site.nwb: found an HDF5 file without the attribute nwb_version, expected an NWB 2 file; \
         import other HDF5 files with strf import hdf5",
    );
    refused(
        |file| {
            file.unlink("units/spike_times_index")?;
            write_array(file, "units/spike_times_index", Array1::from(vec![99_999u32]).view())
        },
        "",
        "site.nwb: /units/spike_times_index: found the end 99999 of a row, expected ascending ends \
         of at most 456; the file is damaged: write it again",
    );
    let place = Workplace::empty();
    let bytes = std::fs::read(fixture("zebra_finch.nwb")).unwrap();
    std::fs::write(place.path("site.nwb"), &bytes[..bytes.len() / 2]).unwrap();
    let ran = place.strf(&words(""));
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("it is truncated or damaged"), "{}", ran.stderr);
}
