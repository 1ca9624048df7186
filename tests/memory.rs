//! What training holds of a dataset, and what it does where the dataset does not stay.
use std::process::Stdio;
use std::time::Duration;

use ndarray::{Array2, Array3};
use strf::base::files::Existing;
use strf::dataset::{Clip, Counts, Entity, Recording, write};
use strf::preparation::keep_neurons;
use strf::run_file::RunConfig;
use strf::runs::experiment::Experiment;
use strf::runs::folder::OldRun;

use crate::support::runs::{BANDS, LN, Workplace, recording, run_file};

/// 192 MB of responses as `f32`, in a file of a few.
fn large() -> Recording {
    let (stimuli, neurons, repeats, bins) = (10, 30, 40, 4000);
    let clip = |s: usize| Clip {
        stimulus: Entity { id: format!("s{s}"), ..Entity::default() },
        cochleagram: Array2::from_shape_fn((BANDS, bins), |(f, t)| ((f + s + t * t) % 7) as f32),
        responses: Array3::from_shape_fn((neurons, repeats, bins), |(n, r, t)| {
            ((n + r + t / 7 + s) % 3) as f32
        }),
    };
    let neurons = (0..neurons).map(|n| Entity { id: format!("n{n}"), ..Entity::default() });
    Recording { neurons: neurons.collect(), clips: (0..stimuli).map(clip).collect(), ..recording() }
}

/// The most memory in kB that a process took so far, none once it has ended.
#[cfg(target_os = "linux")]
fn peak_kb(process: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[test]
#[cfg(target_os = "linux")]
fn training_holds_no_single_repeats() {
    let place = Workplace::new();
    let data = Recording { splits: None, ..large() };
    write(&place.path("data.h5"), &data, Counts::AsBytes, Existing::Replace, |_| Ok(())).unwrap();
    let file = run_file(LN, "epochs = 1\nbatch = 1");
    place.write("run.toml", &file);
    let mut command = place.command("train run.toml");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(peak_kb(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    assert!((1000..180_000).contains(&peak), "{peak} kB");
}

#[test]
fn a_dataset_that_changed_while_a_model_was_trained_is_not_scored() {
    let place = Workplace::new();
    place.write("run.toml", &run_file(LN, "epochs = 1"));
    let config = RunConfig::load(&place.path("run.toml"), &[]).unwrap();
    let experiment = Experiment::open(config, OldRun::Refuse).unwrap();
    assert!(experiment.scores().is_ok());
    let shown = place.path("data.h5").display().to_string();
    place.write_data("data.h5", &keep_neurons(recording(), &[2, 0, 1]));
    let said = experiment.scores().unwrap_err().to_string();
    assert_eq!(said, format!("{shown}: the file has changed since it was read"));
    std::fs::remove_file(place.path("data.h5")).unwrap();
    let said = experiment.scores().unwrap_err().to_string();
    assert_eq!(said, format!("{shown}: there is no such file; check the path"));
}
