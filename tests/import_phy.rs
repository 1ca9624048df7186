//! Folders of Kilosort and phy: clusters, groups, attributes, and folders that do not fit.
use ndarray::{Array3, s};
use strf::dataset::Recording;

use crate::support::runs::Workplace;
use crate::support::sessions::{self, SLOW, phy, write_list, write_npy};

const WORDS: &str = "import phy phy --events events.csv --sounds sounds --out out.h5 --force";

fn place() -> Workplace {
    let place = Workplace::empty();
    phy(&place);
    place
}

fn imported(place: &Workplace, options: &str) -> (String, Recording) {
    sessions::imported(place, &format!("{WORDS} {options}"))
}

#[track_caller]
fn refused(place: &Workplace, options: &str, message: &str) {
    sessions::refused(place, &format!("{WORDS} {options}"), message);
}

/// The bins with spikes of each repeat of a neuron, with how many there are.
fn spikes(responses: &Array3<f32>, neuron: usize) -> Vec<Vec<(usize, usize)>> {
    let repeats = responses.slice(s![neuron, .., ..]);
    let filled = |row: ndarray::ArrayView1<f32>| {
        let counts = row.iter().enumerate().filter(|(_, count)| **count > 0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
        counts.map(|(bin, count)| (bin, *count as usize)).collect()
    };
    repeats.outer_iter().map(filled).collect()
}

#[test]
fn good_clusters_have_their_spikes_in_the_bins_after_each_onset() {
    let (said, recording) = imported(&place(), "");
    assert_eq!(recording.neuron_ids(), ["3"]);
    let ids: Vec<&str> = recording.clips.iter().map(|clip| clip.stimulus.id.as_str()).collect();
    assert_eq!(ids, ["noise_a", "noise_b"]);
    for clip in &recording.clips {
        assert_eq!(clip.responses.dim(), (1, 3, 100));
        assert_eq!(spikes(&clip.responses, 0), vec![vec![(2, 1), (40, 1)]; 3]);
    }
    assert_eq!(
        said.lines().take(5).collect::<Vec<_>>(),
        [
            "inferred: events.csv: onsets are onset, in seconds, stimuli stimulus",
            "inferred: 1 neuron whose group is good",
            "inferred: 2 stimuli at 6 presentations of events.csv",
            "inferred: events lie between 1 and 8.5 s, spikes between 0.9 and 8.9 s on the clock of \
             the spikes",
            "inferred: front end: the loudest band and bin of the 2 stimuli is -39.8 dB relative to a \
             sine of full scale at the centre of that band; it becomes 80 dB",
        ]
    );
    assert!(
        said.contains("dropped: 2 clusters of other groups (1 mua and 1 noise) with 9 spikes\n")
    );
}

#[test]
fn groups_are_taken_as_they_are_named_and_columns_become_attributes() {
    let place = place();
    place.write(
        "phy/cluster_info.tsv",
        "cluster_id\tdepth\tgroup\tsh\n3\t120.5\tgood\t0\n5\t80\tnoise\t0\n10\t40\tmua\t1\n",
    );
    place.write("phy/cluster_KSLabel.tsv", "cluster_id\tKSLabel\n3\tgood\n10\tgood\n");
    let (_, recording) = imported(&place, "--groups good,MUA");
    assert_eq!(recording.neuron_ids(), ["3", "10"]);
    let of = |name: &str| -> Vec<&str> {
        recording.neurons.iter().map(|neuron| neuron.attributes[name].as_str()).collect()
    };
    assert_eq!(of("depth"), ["120.5", "40"]);
    assert_eq!(of("group"), ["good", "mua"]);
    assert_eq!(of("KSLabel"), ["good", "good"]);
    assert_eq!(spikes(&recording.clips[0].responses, 1), vec![vec![]; 3]);
    assert_eq!(spikes(&recording.clips[1].responses, 1), vec![vec![(80, 1)]; 3]);
    refused(
        &self::place(),
        "--groups sua",
        "phy: found clusters of other groups: 1 good, 1 mua and 1 noise, expected some of sua; name \
         groups with --groups",
    );
}

#[test]
fn all_clusters_are_taken_where_nobody_has_told_them_apart() {
    for group in ["", "cluster_id\tgroup\n3\tunsorted\n10\tunsorted\n"] {
        let place = place();
        std::fs::remove_file(place.path("phy/cluster_group.tsv")).unwrap();
        if !group.is_empty() {
            place.write("phy/cluster_group.tsv", group);
        }
        let (said, recording) = imported(&place, "");
        assert_eq!(recording.neuron_ids(), ["3", "5", "10"]);
        assert!(
            said.contains("inferred: all 3 clusters are taken: they have no groups\n"),
            "{said}"
        );
    }
    // Kilosort alone labels clusters in another column.
    let place = place();
    place.write("phy/cluster_group.tsv", "cluster_id\tKSLabel\n3\tmua\n5\tmua\n10\tgood\n");
    let (said, recording) = imported(&place, "");
    assert_eq!(recording.neuron_ids(), ["10"]);
    assert!(said.contains("inferred: 1 neuron whose KSLabel is good\n"), "{said}");
}

#[test]
fn tables_that_contradict_each_other_are_warned_of() {
    let place = place();
    place.write(
        "phy/cluster_info.tsv",
        "cluster_id\tch\tgroup\n3\t1\tnoise\n5\t1\tgood\n10\t2\tmua\n",
    );
    let (said, recording) = imported(&place, "");
    assert_eq!(recording.neuron_ids(), ["3"]);
    let want = "phy: tables of clusters contradict each other, the shorter one is taken: group of 3 \
                (good and noise) and group of 5 (noise and good); save them again in phy\n";
    assert!(said.contains(want), "{said}");
}

#[test]
fn a_cluster_without_spikes_is_kept_and_unsorted_times_are_put_in_order() {
    let place = place();
    place.write("phy/cluster_group.tsv", "cluster_id\tgroup\n3\tgood\n5\tnoise\n77\tgood\n");
    let (times, clusters) = ([4012, 1012, 1203, 8900i64], [3, 3, 3, 5i32]);
    write_npy(&place.path("phy/spike_times.npy"), &[4, 1], &times);
    write_list(&place.path("phy/spike_clusters.npy"), &clusters);
    let (said, recording) = imported(&place, "");
    assert_eq!(recording.neuron_ids(), ["3", "77"]);
    assert!(said.contains("inferred: 1 cluster without spikes, kept: 77\n"), "{said}");
    assert!(said.contains("inferred: spike times of 1 cluster put in order\n"), "{said}");
    let first = &recording.clips[0].responses;
    assert_eq!(spikes(first, 0), [vec![(2, 1), (40, 1)], vec![(2, 1)], vec![]]);
    assert!(first.slice(s![1, .., ..]).iter().all(|count| *count == 0.0));
}

#[test]
fn clusters_come_from_templates_where_nobody_sorted() {
    let place = place();
    std::fs::rename(place.path("phy/spike_clusters.npy"), place.path("phy/spike_templates.npy"))
        .unwrap();
    let (said, recording) = imported(&place, "");
    assert_eq!(recording.neuron_ids(), ["3"]);
    let want = "there is no spike_clusters.npy: clusters are those of spike_templates.npy\n";
    assert!(said.contains(want), "{said}");
}

#[test]
fn spikes_beyond_the_recording_are_left_out_and_bins_there_are_missing() {
    let place = place();
    // 8800 samples of one channel: the last sound ends at 9000, and one spike lies behind.
    std::fs::write(place.path("phy/raw.bin"), vec![0; 2 * 8800]).unwrap();
    let params = place.read("phy/params.py") + "n_channels_dat = 1\noffset = 0\n";
    place.write("phy/params.py", &params);
    let (said, recording) = imported(&place, "");
    let want = "dropped: 1 of 21 spikes outside of the recording of 8800 samples\n";
    assert!(said.contains(want), "{said}");
    let last = recording.clips[1].responses.slice(s![0, 2, ..]).to_owned();
    let known = last.iter().take_while(|count| !count.is_nan()).count();
    assert_eq!(known, 60);
    assert!(last.iter().skip(known).all(|count| count.is_nan()));

    std::fs::write(place.path("phy/raw.bin"), vec![0; 2 * 5000]).unwrap();
    std::fs::remove_file(place.path("out.h5")).unwrap();
    refused(
        &place,
        "",
        "phy/spike_times.npy: found 11 of 21 spikes (52 %) outside of the recording of 5000 samples, \
         expected nearly none; the folder or its params.py is not of this recording",
    );
}

#[test]
fn folders_that_lack_something_are_refused() {
    let place = place();
    place.write("phy/params.py", "dtype = 'int16'\n");
    refused(
        &place,
        "",
        "phy/params.py: found no sample_rate, expected a line such as sample_rate = 30000.; give the \
         rate with --rate-hz HZ",
    );
    std::fs::remove_file(place.path("phy/params.py")).unwrap();
    refused(
        &place,
        "",
        "phy/params.py: found no such file, expected a line such as sample_rate = 30000.; give the \
         rate with --rate-hz HZ",
    );
    let (_, recording) = imported(&place, "--rate-hz 1000");
    assert_eq!(spikes(&recording.clips[0].responses, 0), vec![vec![(2, 1), (40, 1)]; 3]);

    let place = self::place();
    let elsewhere = |folder: &str| format!("{} {SLOW}", WORDS.replace("phy phy", folder));
    let found = "found no spike_times.npy, expected the folder of Kilosort or phy";
    sessions::refused(&place, &elsewhere("phy ."), &format!(".: {found}; ./phy looks like one"));
    let message = format!("sounds: {found}; check the path");
    sessions::refused(&place, &elsewhere("phy sounds"), &message);

    write_list(&place.path("phy/spike_clusters.npy"), &[3i32, 3]);
    refused(
        &place,
        "",
        "phy/spike_times.npy: found 21 spikes but 2 clusters in phy/spike_clusters.npy, expected as \
         many of both; the folder is not of one session",
    );
    write_list(&place.path("phy/spike_clusters.npy"), &[-1i32]);
    refused(
        &place,
        "",
        "phy/spike_clusters.npy: found the cluster -1, expected whole numbers from 0 to 9999999",
    );
    std::fs::remove_file(place.path("phy/spike_clusters.npy")).unwrap();
    refused(&place, "", "phy/spike_clusters.npy: there is no such file; check the path");
}

#[test]
fn arrays_and_tables_that_are_others_are_refused() {
    let place = place();
    write_list(&place.path("phy/spike_times.npy"), &[0.5f64; 21]);
    refused(
        &place,
        "",
        "phy/spike_times.npy: found 0.5, expected whole numbers of samples; if these are seconds, \
         write them as a file for each unit and import it with strf import spikes --events",
    );
    write_npy(&place.path("phy/spike_times.npy"), &[3, 7], &[1i64; 21]);
    refused(
        &place,
        "",
        "phy/spike_times.npy: found an array of shape (3, 7) and type '<i8', expected a list of \
         numbers; write it with numpy.save",
    );
    place.write("phy/cluster_group.tsv", "cluster\tgroup\n3\tgood\n");
    refused(
        &place,
        "",
        "phy/cluster_group.tsv: found the columns cluster and group, expected cluster_id among them",
    );
    place.write("phy/cluster_group.tsv", "cluster_id\tgroup\n3\tgood\nx\tgood\n3\tmua\n");
    let expected = "expected the number of a cluster that stands in no row above";
    refused(
        &place,
        "",
        &format!(
            "phy/cluster_group.tsv: 2 problems\n  3:1 cluster_id: found \"x\", {expected}\n  \
             4:1 cluster_id: found \"3\", {expected}"
        ),
    );
    std::fs::remove_dir_all(place.path("phy")).unwrap();
    refused(
        &place,
        "",
        "phy: there is no such folder, expected the folder that Kilosort, phy or SpikeInterface \
         wrote; check the path",
    );
}

#[test]
fn margins_blocks_and_a_dry_run_work_as_for_other_formats() {
    let place = place();
    let ran = place.strf(&format!("{WORDS} {SLOW} --dry-run")).done();
    assert!(ran.stdout.contains("would write out.h5"), "{}", ran.stdout);
    assert!(!place.path("out.h5").exists());
    let (_, recording) = imported(&place, "--groups noise --before-ms 150 --after-ms 50");
    let clip = &recording.clips[0];
    assert_eq!(clip.bins(), 140);
    assert_eq!(spikes(&clip.responses, 0), vec![vec![(10, 1)]; 3]);
    let (_, recording) = imported(&place, "--block-s 0.1 --history-ms 50 --guard-s 0.01");
    assert_eq!(recording.clips.len(), 10);
    assert!(recording.splits.is_some());
}
