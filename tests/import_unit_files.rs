//! One file a unit: HDF5 with groups for classes, stimuli and repeats, and JSON of trials.
use ndarray::s;
use strf::dataset::Recording;
use strf::dataset::hdf5_io::{write_array, write_text};

use crate::support::runs::{Workplace, change_data};
use crate::support::sessions::{SLOW, bins, imported, pprox, refused, unit, units, write_sound};

const UNITS: &str = "import units bird --out out.h5 --force";
const PPROX: &str = "import pprox responses --sounds stimuli --out out.h5 --force";

fn of_units() -> Workplace {
    let place = Workplace::empty();
    units(&place);
    place
}

fn of_pprox() -> Workplace {
    let place = Workplace::empty();
    pprox(&place);
    place
}

fn ids(recording: &Recording) -> Vec<&str> {
    recording.clips.iter().map(|clip| clip.stimulus.id.as_str()).collect()
}

fn value(place: &Workplace, text: &str) {
    place.write("responses/B12_1_3_c14.pprox", text);
}

#[test]
fn repeats_of_a_unit_are_sorted_as_numbers_and_an_empty_one_counts() {
    let (said, recording) = imported(&of_units(), UNITS);
    assert_eq!(recording.neuron_ids(), ["Site2_e23_s0"]);
    assert_eq!(ids(&recording), ["stim1", "stim2"]);
    for clip in 0..2 {
        assert_eq!(recording.clips[clip].responses.dim(), (1, 10, 100));
        for repeat in 0..10 {
            // 12, 22, ... 102 ms after the onset, in bins of 5 ms.
            let want = if repeat == 2 { vec![] } else { vec![2 + 2 * repeat] };
            assert_eq!(bins(&recording, clip, 0, repeat), want, "{clip} {repeat}");
        }
    }
    let neuron = &recording.neurons[0].attributes;
    let of = |name: &str| neuron[name].as_str();
    assert_eq!(
        [of("site"), of("sortType"), of("ldepth"), of("animal")],
        ["Site2", "single", "1500", "bird"]
    );
    let stimulus = &recording.clips[1].stimulus.attributes;
    assert_eq!([&stimulus["class"], &stimulus["stim_type"]], ["Song", "song"]);
    assert!(said.contains("dropped: 18 of 36 spikes: 18 before the first bin"), "{said}");
    assert!(said.contains("inferred: 2 repeats without spikes\n"), "{said}");
}

#[test]
fn noise_is_left_out_and_units_of_several_animals_are_told_apart() {
    let place = of_units();
    unit(&place.path("bird/Site2_e24_s1.h5"), "Call/1", 2);
    change_data(&place.path("bird/Site2_e24_s1.h5"), |file| write_text(file, "sortType", "noise"));
    let (said, recording) = imported(&place, UNITS);
    assert_eq!(recording.neurons.len(), 1);
    assert!(said.contains("dropped: 1 file whose sortType is noise or tdt\n"), "{said}");

    std::fs::create_dir_all(place.path("other/wavfiles")).unwrap();
    write_sound(&place.path("other/wavfiles/stim1.wav"), 400, 9);
    unit(&place.path("other/Site2_e23_s0.h5"), "Call/1", 2);
    unit(&place.path("other/Site2_e23_s0.h5"), "Call/77", 1);
    let (said, recording) = imported(&place, "import units bird other --out out.h5 --force");
    assert_eq!(recording.neuron_ids(), ["bird_Site2_e23_s0", "other_Site2_e23_s0"]);
    assert_eq!(ids(&recording), ["stim1", "stim2", "Site2_e23_s0_stim1"]);
    assert!(recording.clips[2].responses.slice(s![0, .., ..]).iter().all(|count| count.is_nan()));
    assert!(said.contains("dropped: stimuli without a sound: stim77 (1 in all)\n"), "{said}");
}

#[test]
fn levels_are_what_an_option_says() {
    let place = Workplace::empty();
    std::fs::create_dir(place.path("sounds")).unwrap();
    write_sound(&place.path("sounds/a.wav"), 500, 1);
    unit(&place.path("u1.h5"), "block1/a/loud", 2);
    let words = "import units u1.h5 --sounds sounds --out out.h5 --force --stimulus-files {}";
    let (_, recording) = imported(&place, &format!("{words} --levels block,stimulus,level,repeat"));
    assert_eq!(bins(&recording, 0, 0, 1), [4]);
    let stimulus = &recording.clips[0].stimulus;
    assert_eq!([&stimulus.attributes["block"], &stimulus.attributes["level"]], ["block1", "loud"]);
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        &format!("{words} --levels class,stimulus"),
        "--levels: found class,stimulus, expected stimulus and repeat among them, and none twice, as \
         in class,stimulus,repeat",
    );
    refused(
        &place,
        words,
        "u1.h5: /block1/a/loud: found 1 and 2, expected spike_times in a repeat; check --levels",
    );
}

#[test]
fn files_that_hold_no_units_are_refused() {
    let place = of_units();
    change_data(&place.path("bird/Site2_e23_s0.h5"), |file| {
        file.unlink("Call/1/4/spike_times")?;
        write_array(&file.group("Call/1/4")?, "spike_times", ndarray::arr1(&[f64::NAN]).view())
    });
    refused(
        &place,
        UNITS,
        "bird/Site2_e23_s0.h5: /Call/1/4/spike_times: found NaN, expected finite numbers; check \
         --levels",
    );
    change_data(&place.path("bird/Site2_e23_s0.h5"), |file| {
        file.unlink("Call/1/4")?;
        write_array(&file.group("Call/1")?, "waveform", ndarray::arr1(&[0.5, 1.0]).view())
    });
    refused(
        &place,
        UNITS,
        "bird/Site2_e23_s0.h5: /Call/1/waveform: found numbers of shape (2), expected a group with \
         spike_times for each repeat; check --levels",
    );
    let place = of_units();
    std::fs::remove_dir_all(place.path("bird/wavfiles")).unwrap();
    refused(
        &place,
        UNITS,
        "bird/Site2_e23_s0.h5: found no folder wavfiles beside it, expected the sounds; give their \
         folder with --sounds",
    );
    std::fs::create_dir(place.path("empty")).unwrap();
    refused(
        &place,
        &format!("{UNITS} --sounds empty"),
        "bird: found no sound of stim1 and stim2, expected units and their sounds; check --levels \
         class,stimulus,repeat, give the folder of the sounds with --sounds, or what they are called \
         with --stimulus-files",
    );
    refused(
        &place,
        "import units empty --out out.h5",
        "empty: found no file that ends in .h5, .hdf5 or .hdf, expected one for each unit; check the \
         path",
    );
    refused(
        &place,
        "import units gone --out out.h5",
        "gone: there is no such file or folder; check the path",
    );
}

#[test]
fn trials_of_both_schemas_give_the_same_counts() {
    let place = of_pprox();
    let (said, recording) = imported(&place, PPROX);
    assert_eq!(recording.neuron_ids(), ["B12_1_3_c14"]);
    assert_eq!(ids(&recording), ["motif1", "motif2"]);
    for (clip, repeat) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        assert_eq!(bins(&recording, clip, 0, repeat), [2, 40]);
    }
    let attributes = &recording.neurons[0].attributes;
    assert_eq!([&attributes["protocol"], &attributes["depth"]], ["songs", "2"]);
    assert_eq!(attributes.len(), 2, "{attributes:?}");
    assert!(
        said.contains("inferred: 1 neuron from the names of files; times in seconds\n"),
        "{said}"
    );

    // Milliseconds on the clock of the recording; the second trial ended 250 ms after its onset.
    value(
        &place,
        r#"{"pprox": [
        {"stimulus": "motif1", "event": [700, 1012.5, 1202.5], "stim_on": 1000, "interval": [0, 3000]},
        {"stimulus": "motif1.wav", "event": [5012.5, 5202.5], "stim_on": [5000.0],
         "interval": [4000, 5250]}]}"#,
    );
    let (said, recording) = imported(&place, PPROX);
    assert_eq!([bins(&recording, 0, 0, 0), bins(&recording, 0, 0, 1)], [[2, 40], [2, 40]]);
    let missing = recording.clips[0].responses.iter().filter(|count| count.is_nan()).count();
    assert_eq!(missing, 50);
    for line in [
        "inferred: 1 neuron from the names of files; times in milliseconds\n",
        "inferred: 1 trial ends before the sound: the rest is not recorded\n",
        "dropped: 1 sound without a trial: stimuli/motif2.wav\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    // An onset that is not 0 on the clock of the trial.
    value(
        &place,
        r#"{"pprox": [{"stimulus": {"name": "motif1", "interval": [1.0, 1.5]},
        "events": [1.0125, 1.2025]}, {"stimulus": null, "events": [1.0]},
        {"stimulus": "gone", "events": []}]}"#,
    );
    let (said, recording) = imported(&place, PPROX);
    assert_eq!(bins(&recording, 0, 0, 0), [2, 40]);
    for line in [
        "inferred: 1 file with onsets that are not 0, from which times count\n",
        "dropped: 1 trial without a sound in --sounds: gone\n",
        "dropped: 1 trial without a stimulus\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn a_table_of_recordings_gives_attributes() {
    let place = of_pprox();
    place.write("recordings.csv", "bird,penetration,site,area\nB1,1,3,L2\nB12,1,3,L3\n");
    let (_, recording) = imported(&place, &format!("{PPROX} --recordings recordings.csv"));
    assert_eq!(recording.neurons[0].attributes["area"], "L3");
    assert_eq!(recording.neurons[0].attributes["bird"], "B12");
    place.write("recordings.csv", "bird,penetration,site,area\nB1,1,3,L2\n");
    let (said, _) = imported(&place, &format!("{PPROX} --recordings recordings.csv"));
    let want = "recordings.csv: 1 unit of no recording in it: B12_1_3_c14\n";
    assert!(said.contains(want), "{said}");
    place.write("recordings.csv", "bird,site\nB1,1\n");
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        &format!("{PPROX} --recordings recordings.csv"),
        "recordings.csv: found the columns bird and site, expected bird, penetration and site",
    );
}

#[test]
fn files_of_trials_that_do_not_fit_are_refused() {
    let place = of_pprox();
    let at = "responses/B12_1_3_c14.pprox: trial 1 of pprox:";
    let trial = |trial: &str| value(&place, &format!("{{\"pprox\": [{trial}]}}"));
    for (text, what) in [
        (r#"{"stimulus": "motif1"}"#, "found neither event nor events, expected one"),
        (
            r#"{"stimulus": "motif1", "events": [], "event": []}"#,
            "found both event and events, expected one of them",
        ),
        (
            r#"{"stimulus": "motif1", "event": [1.0]}"#,
            "found no onset of the stimulus, expected stim_on in milliseconds on the clock of the \
             spikes",
        ),
        (
            r#"{"stimulus": "motif1", "events": [1.0], "interval": [2.0, 1.0]}"#,
            "found the interval [2.0, 1.0], expected its start and its end",
        ),
    ] {
        trial(text);
        refused(&place, PPROX, &format!("{at} {what}"));
    }
    value(&place, "{\"trials\": []}");
    refused(
        &place,
        PPROX,
        "responses/B12_1_3_c14.pprox: found no key pprox, expected a list of trials; this is JSON of \
         another kind",
    );
    value(&place, "{\"pprox\": [{\"stimulus\": \"motif1\", \"events\": [1.0, null]}]}");
    let ran = place.strf(&format!("{PPROX} {SLOW}"));
    assert_eq!(ran.status, Some(2));
    let want = "reading responses/B12_1_3_c14.pprox: it is damaged, or no pprox file";
    assert!(ran.stderr.contains(want) && ran.stderr.contains("line 1 column"), "{}", ran.stderr);
    trial(r#"{"stimulus": "gone", "events": [1.0]}"#);
    refused(
        &place,
        PPROX,
        "responses: found no sound of gone, expected trials with stimuli and a sound file for each in \
         --sounds",
    );
    trial(r#"{"stimulus": "motif1", "events": [0.2]}"#);
    place.write(
        "responses/c.pprox",
        r#"{"pprox": [{"stimulus": "motif1", "event": [1.0], "stim_on": 0}]}"#,
    );
    refused(
        &place,
        PPROX,
        "responses/c.pprox: found another schema than in responses/B12_1_3_c14.pprox, expected one \
         for all; import both apart and put them together with strf import merge",
    );
    refused(
        &place,
        "import pprox stimuli --sounds stimuli --out out.h5",
        "stimuli: found no file that ends in .pprox, expected one for each unit; check the path",
    );
}
