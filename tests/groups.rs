//! More neurons than there is memory for at once are fitted in groups, to the same bits.
use std::time::Duration;

use serde_json::Value;

use crate::support::runs::{Running, Workplace, wait_until};

/// What the program may take for a group of a few of the neurons, but not for all at once.
const LITTLE: &str = "--max-memory 113MB";
/// Neurons of the recording, one of which was not recorded while the training clips were played.
const NEURONS: usize = 11;
/// The one that was not.
const UNRECORDED: usize = 4;

/// A place with `data.h5` and `run.toml`.
fn place(train: &str) -> Workplace {
    let place = Workplace::empty();
    let size = "--stimuli 9 --bins 211 --bands 9 --repeats 3";
    place.strf(&format!("simulate data.h5 {size} --neurons {NEURONS}")).done();
    let mut recording = strf::dataset::read(&place.path("data.h5")).unwrap().recording;
    for clip in &mut recording.clips {
        clip.responses.index_axis_mut(ndarray::Axis(0), UNRECORDED).fill(f32::NAN);
    }
    place.write_data("data.h5", &recording);
    let model = "[model]\ntype = \"ln\"";
    place.write("run.toml", &format!("[data]\nfile = \"data.h5\"\n{model}\n[train]\n{train}\n"));
    place
}

/// The groups that a run folder has settled on.
fn groups(place: &Workplace, run: &str) -> Vec<Vec<String>> {
    serde_json::from_str(&place.read(&format!("{run}/groups/groups.json"))).unwrap()
}

/// Fails unless a run in groups came to what a run of all neurons at once came to.
#[track_caller]
fn require_same(place: &Workplace, whole: &str, grouped: &str) {
    let same = [
        "model/model.safetensors",
        "model/metadata.json",
        "model/config.json",
        "scores.csv",
        "penalties.csv",
    ];
    for file in same {
        let [a, b] = [whole, grouped]
            .map(|run| std::fs::read(place.path(&format!("{run}/{file}"))).unwrap());
        assert!(
            a == b,
            "{file}: {} and {}",
            String::from_utf8_lossy(&a),
            String::from_utf8_lossy(&b)
        );
    }
    let [a, b] = [whole, grouped].map(|run| {
        let text = place.read(&format!("{run}/scores.json"));
        serde_json::from_str::<Value>(&text).unwrap()
    });
    assert_eq!(a["scores"], b["scores"]);
    for key in ["stimuli", "content", "parameters", "constant_neurons", "data"] {
        assert_eq!(a["run"][key], b["run"][key], "{key}");
    }
}

#[test]
fn groups_of_neurons_come_to_the_same_files_as_all_at_once() {
    for (nth, train) in ["", "l1 = \"auto\"\nloss = \"poisson\"", "optimizer = \"lbfgs\"\nl2 = 0.1"]
        .into_iter()
        .enumerate()
    {
        let place = place(train);
        place.strf("train run.toml --out whole").done();
        let ran = place.strf(&format!("{LITTLE} train run.toml --out parts")).done();
        assert!(ran.stderr.contains("10 neurons are fitted in"), "{}", ran.stderr);
        let groups = groups(&place, "parts");
        assert!((2..6).contains(&groups.len()), "{groups:?}");
        assert_eq!(groups.concat().len(), NEURONS - 1);
        let left_out = "no recorded bin in the training stimuli, left out";
        assert_eq!(ran.stderr.matches(left_out).count(), 1, "{}", ran.stderr);
        if nth < 2 {
            require_same(&place, "whole", "parts");
        }
        for column in ["train_loss", "valid_loss", "valid_cc", "neurons_cc"] {
            let last =
                |run: &str| *place.column(&format!("{run}/history.csv"), column).last().unwrap();
            let (whole, parts) = (last("whole"), last("parts"));
            assert!((whole - parts).abs() < 1e-12, "{column}: {whole} and {parts}");
        }
        let eval = |run: &str| place.strf(&format!("eval {run}")).done().stdout;
        assert_eq!(eval("whole").lines().nth(2), eval("parts").lines().nth(2));
        place.strf("export-strfs parts --out strfs.h5").done();
        place.strf("report parts --out report.html").done();
    }
}

#[test]
fn a_run_in_groups_that_is_killed_goes_on_to_the_same() {
    let place = place("");
    place.strf("train run.toml --out whole").done();
    let train = || {
        let resume = if place.path("parts/config.toml").exists() { "--resume" } else { "" };
        format!("{LITTLE} train run.toml --out parts {resume}")
    };
    let mut kills = 0;
    for nth in 0..8 {
        let mut running: Running = place.start(&train());
        std::thread::sleep(Duration::from_millis(40 + 60 * nth));
        kills += usize::from(running.signal("-KILL"));
        drop(running.end());
    }
    assert!(kills > 2, "{kills} kills");
    place.strf(&train()).done();
    require_same(&place, "whole", "parts");
    // A finished run is scored once more, wherever there is memory for all.
    std::fs::remove_file(place.path("parts/scores.json")).unwrap();
    place.strf("train run.toml --out parts --resume").done();
    require_same(&place, "whole", "parts");
}

#[test]
fn an_interrupted_run_in_groups_says_how_to_go_on() {
    let place = place("start = \"random\"\nl1 = \"auto\"");
    let train = format!("{LITTLE} train run.toml --out parts");
    let mut running = place.start(&train);
    wait_until(|| place.path("parts/groups/0001/state/state.safetensors").exists());
    assert!(running.signal("-INT"));
    let ran = running.end();
    assert_eq!(ran.status, Some(130), "{}", ran.stderr);
    let how = ran.stderr.lines().last().unwrap();
    assert!(how.ends_with("; go on with: strf train parts/config.toml --resume"), "{how}");
    place.strf(&format!("{LITTLE} train parts/config.toml --resume")).done();
    place.strf("train run.toml --out whole").done();
    require_same(&place, "whole", "parts");
}

#[test]
fn what_does_not_belong_to_a_run_in_groups_is_refused() {
    let place = place("");
    let train = format!("{LITTLE} train run.toml --out parts");
    place.strf(&train).done();
    let again = place.strf(&train);
    again.refused(
        "parts holds a finished run; choose another folder with --out, or replace it with --force",
    );
    let first = &groups(&place, "parts")[0][0];
    let others = format!("{train} --resume --set data.neurons=[\"{first}\"]");
    place.strf(&others).refused(
        "parts: found groups of other neurons than data.h5 has now, expected the same; put the dataset \
         and data.neurons back, or begin anew with --force",
    );
    place.strf(&format!("{train} --resume --set train.best=mean")).refused(
        "parts: found a run whose neurons are fitted in groups, which the settings of run.toml do not \
         allow; choose another folder with --out, or replace the run with --force",
    );
    let other = place.strf(&format!("{train} --resume --set train.seed=7"));
    assert_eq!(other.status, Some(2));
    assert!(other.stderr.contains("parts/groups/0001: found a run with "), "{}", other.stderr);
    #[cfg(unix)]
    {
        let (group, elsewhere) = (place.path("parts/groups/0001"), place.path("elsewhere"));
        std::fs::rename(&group, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &group).unwrap();
        let linked = place.strf(&format!("{train} --resume"));
        assert_eq!(linked.status, Some(2));
        assert!(linked.stderr.contains("parts/groups/0001: found a link"), "{}", linked.stderr);
        std::fs::remove_file(&group).unwrap();
        std::fs::rename(&elsewhere, &group).unwrap();
    }
    // What a fit of all at once is the best of is not what groups come to.
    let mean = place.strf(&format!("{LITTLE} train run.toml --out mean --set train.best=mean"));
    assert_eq!(mean.status, Some(2));
    assert!(mean.stderr.contains("expected at most 90 % of the 113 MB"), "{}", mean.stderr);
    assert!(!place.path("mean").exists());
    // With room for all there are no groups, and those of before go.
    place.strf("train run.toml --out parts --force").done();
    assert!(!place.path("parts/groups").exists());
    place.strf("train run.toml --out whole").done();
    place.assert_same("whole", "parts");
}
