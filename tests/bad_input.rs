//! Everything that can be wrong with what a command is given, as a user meets it: the message, the
//! exit status, and that nothing on disk has changed.
use std::path::Path;
use std::process::Command;

use candle_core::{DType, Device, Tensor};
use ndarray::{Array2, Array3, s};
use strf::dataset::Recording;
use strf::dataset::hdf5_io::write_strings;
use strf::training::checkpoint::Checkpoint;

use crate::support::golden::tensors;
use crate::support::runs::{
    LN, MODELS, NEURONS, Ran, Workplace, by_steps, change_data, recording, replace, run_file,
};

/// Fails unless the command is refused with this message and leaves every file as it was.
#[track_caller]
fn refused(place: &Workplace, words: &str, message: &str) {
    let before = place.contents("");
    place.strf(words).refused(message);
    assert!(place.contents("") == before, "{words} changed files");
}

/// A folder with a run file of a small model for `data.h5`.
fn place(recording: &Recording) -> Workplace {
    let place = Workplace::holding(recording);
    place.write("run.toml", &by_steps(LN, "epochs = 2"));
    place
}

#[test]
fn a_file_that_is_missing_empty_cut_or_of_another_kind() {
    let place = place(&recording());
    place.write("empty.h5", "");
    place.write("text.h5", "time,band\n0,1\n");
    let whole = std::fs::read(place.path("data.h5")).unwrap();
    std::fs::write(place.path("cut.h5"), &whole[..512]).unwrap();
    let cases = [
        ("dat.h5", "dat.h5: there is no such file; check the path"),
        (
            "empty.h5",
            "empty.h5: the file is empty; whatever wrote it did not finish, so write it again",
        ),
        ("text.h5", "text.h5: this is not an HDF5 file; data/README.md shows how to write one"),
        (
            "cut.h5",
            &format!(
                "opening cut.h5: it is truncated or damaged (copy or write it again)\n  because \
                 H5Fopen(): unable to synchronously open file: truncated file: eof = 512, \
                 sblock->base_addr = 0, stored_eof = {}",
                whole.len()
            ),
        ),
    ];
    for (file, message) in cases {
        refused(&place, &format!("train run.toml --set data.file={file}"), message);
    }
}

/// Fails unless training on a changed `data.h5` is refused with these lines.
#[track_caller]
fn refused_data(change: impl FnOnce(&hdf5::File) -> hdf5::Result<()>, lines: &[&str]) {
    let place = place(&recording());
    change_data(&place.path("data.h5"), change);
    let s = if lines.len() == 1 { "" } else { "s" };
    let message = format!("data.h5: {} problem{s}\n  {}", lines.len(), lines.join("\n  "));
    refused(&place, "train run.toml", &message);
}

#[test]
fn arrays_of_a_wrong_shape() {
    let sound = "stimuli/clip1/cochleagram";
    refused_data(
        |file| replace(file, sound, Array3::zeros((1, 7, 43)).view()),
        &["/stimuli/clip1/cochleagram: found shape (1, 7, 43), expected shape (F, T)"],
    );
    refused_data(
        |file| replace(file, sound, Array2::zeros((6, 43)).view()),
        &[
            "/stimuli/clip1/cochleagram: found shape (6, 43), expected (F, T) with 7 bands and 1 bin \
           or more",
        ],
    );
    refused_data(
        |file| replace(file, sound, Array2::zeros((7, 44)).view()),
        &["/stimuli/clip1/responses: found shape (3, 3, 43), expected (N, R, T) = (3, R, 44), as \
           many bins as its cochleagram"],
    );
}

#[test]
fn no_neurons_and_neurons_that_share_an_id() {
    refused_data(
        |file| file.unlink("neurons"),
        &["/neurons/id: found nothing, expected a list (N) of neuron ids"],
    );
    refused_data(
        |file| {
            file.unlink("neurons/id")?;
            write_strings(&file.group("neurons")?, "id", &["a1", "b2", "a1"])
        },
        &["/neurons/id: found \"a1\" twice, expected one neuron for each id"],
    );
}

#[test]
fn sound_that_is_nan_or_infinite() {
    let hint = "expected finite numbers (cut clips to the bins that have sound; clips of different \
                lengths need the grouped layout)";
    for (value, word) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let mut sound = Array2::zeros((7, 46));
        sound[[4, 12]] = value;
        let line = format!(
            "/stimuli/clip2/cochleagram: found {word} at band 4, bin 12 (counted from 0), {hint}"
        );
        refused_data(|file| replace(file, "stimuli/clip2/cochleagram", sound.view()), &[&line]);
    }
}

#[test]
fn splits_with_unknown_or_shared_stimuli() {
    refused_data(
        |file| {
            file.unlink("splits/valid")?;
            write_strings(&file.group("splits")?, "valid", &["clip5", "clip77", "clip4"])
        },
        &[
            "/splits/valid: found \"clip77\", expected the id of a stimulus (did you mean \"clip7\"?)",
            "/splits/valid: found \"clip4\", which train has too, expected parts that share no \
             stimulus (leave each stimulus in one part)",
        ],
    );
    let place = place(&recording());
    let split = "data.split={train=[\"clip0\"],valid=[\"clip0\"],test=[\"clip9\"]}";
    let message = format!(
        "run.toml: 1 problem\n  --set {split}: found \"clip0\" in two lists, expected each stimulus \
         in one"
    );
    refused(&place, &format!("train run.toml --set {split}"), &message);
}

#[test]
fn an_empty_training_set() {
    let place = place(&recording());
    let split = "data.split={train=[],valid=[\"clip0\"],test=[\"clip1\"]}";
    let message = format!(
        "run.toml: 1 problem\n  --set {split}: found an empty list, expected at least one id"
    );
    refused(&place, &format!("train run.toml --set {split}"), &message);
    let split = "data.split={train=0.01,valid=0.49,test=0.5,seed=0}";
    let message = "data.h5: 1 problem\n  data.split.train: found no stimulus, expected 1 stimulus or \
                   more (9 stimuli are too few for this fraction: enlarge it, or give lists)";
    refused(&place, &format!("train run.toml --set {split}"), message);
    let songs = "data.stimuli=[\"clip5\",\"clip6\",\"clip7\"]";
    let message = "data.h5: 1 problem\n  data.split.train: found no stimulus, expected 1 stimulus or \
                   more (add ids to /splits/train of the file, or give data.split)";
    refused(&place, &format!("train run.toml --set {songs}"), message);
}

#[test]
fn a_window_longer_than_every_clip() {
    let place = place(&recording());
    let message = "the model looks back over 65 bins (325 ms), expected at most 64 (320 ms), the \
                   length of the longest clip; shorten the model's window";
    refused(&place, "train run.toml --set model.window_ms=325", message);
    place.strf("train run.toml --set model.window_ms=320").done();
    place.write("cnn2d.toml", &run_file(MODELS[4].1, ""));
    // Three kernels of 22 bins look back over 3 · 21 + 1 of them.
    let message = "the model looks back over 67 bins (335 ms), expected at most 64 (320 ms), the \
                   length of the longest clip; shorten the model's window";
    refused(&place, "train cnn2d.toml --set model.kernel_ms=115", message);
    place.strf("train cnn2d.toml --set model.kernel_ms=110 --set train.epochs=1").done();
}

/// The warnings of a run that is trained all the same, and its neurons.
fn warned(recording: &Recording) -> (Vec<String>, Vec<String>) {
    let place = place(recording);
    let said = place.strf("train run.toml --quiet --set data.standardize=band").done();
    let warnings = said.stderr.lines().map(str::to_owned).collect();
    (warnings, place.csv("runs/run/scores.csv")["neuron"].clone())
}

#[test]
fn a_neuron_without_recorded_bins_is_named_and_left_out() {
    let mut missing = recording();
    for clip in &mut missing.clips[..5] {
        clip.responses.slice_mut(s![1, .., ..]).fill(f32::NAN);
    }
    let want = "strf: warning: neuron b2: no recorded bin in the training stimuli, left out";
    assert_eq!(warned(&missing), (vec![want.to_owned()], vec!["a1".into(), "c3".into()]));

    let mut untested = recording();
    for clip in &mut untested.clips[7..] {
        clip.responses.slice_mut(s![..2, .., ..]).fill(f32::NAN);
    }
    let want = "strf: warning: neurons a1, b2: no recorded bin in the test stimuli, so no score";
    let (warnings, neurons) = warned(&untested);
    assert_eq!((warnings, neurons.len()), (vec![want.to_owned()], NEURONS));
}

#[test]
fn no_neuron_with_recorded_bins() {
    let mut silent = recording();
    silent.clips.iter_mut().for_each(|clip| clip.responses.fill(f32::NAN));
    let message = "data.h5: no neuron has a recorded bin in the training stimuli, expected at least \
                   one; check data.split and data.skip_ms";
    refused(&place(&silent), "train run.toml", message);
    refused(&place(&recording()), "train run.toml --set data.skip_ms=5000", message);
}

#[test]
fn responses_and_bands_that_never_change_are_named() {
    let mut constant = recording();
    for clip in &mut constant.clips {
        clip.responses.slice_mut(s![2, .., ..]).fill(0.5);
        clip.cochleagram.row_mut(3).fill(40.0);
        clip.cochleagram.row_mut(5).fill(0.0);
    }
    let (warnings, neurons) = warned(&constant);
    let want = [
        "strf: warning: neuron c3: the response never changes in the training stimuli",
        "strf: warning: the level of bands 3, 5 never changes in the training stimuli; it is \
         centred, not divided",
    ];
    assert_eq!((warnings, neurons.len()), (want.map(str::to_owned).to_vec(), NEURONS));
}

#[test]
#[cfg_attr(feature = "cuda", ignore = "a program built with CUDA may find the device")]
fn a_device_that_is_not_there() {
    for device in ["cuda", "cuda:3"] {
        let message = format!(
            "train.device: found \"{device}\", expected \"cpu\": this program was built without \
             CUDA (build it with `cargo build --release --features cuda`)"
        );
        let place = place(&recording());
        refused(&place, &format!("train run.toml --device {device}"), &message);
        refused(&place, &format!("train run.toml --set train.device={device}"), &message);
    }
}

/// A folder with a finished run in `runs/run`.
fn finished() -> Workplace {
    let place = place(&recording());
    place.strf("train run.toml").done();
    place
}

#[test]
fn a_run_folder_that_is_taken() {
    let place = finished();
    let message = "runs/run holds a finished run; choose another folder with --out, or replace it \
                   with --force";
    refused(&place, "train run.toml", message);
    std::fs::remove_file(place.path("runs/run/scores.json")).unwrap();
    let message = "runs/run holds a run that was stopped; go on with it with --resume, or replace \
                   it with --force";
    refused(&place, "train run.toml", message);

    std::fs::create_dir(place.path("thesis")).unwrap();
    place.write("thesis/chapter1.tex", "years");
    let message = "thesis holds chapter1.tex and no run, expected a run folder, an empty one or \
                   none; choose another with --out";
    for option in ["", "--resume", "--force"] {
        refused(&place, &format!("train run.toml --out thesis {option}"), message);
        let file = "run.toml is a file, expected a run folder; choose another with --out";
        refused(&place, &format!("train run.toml --out run.toml {option}"), file);
    }
}

#[test]
fn a_run_with_other_settings_or_of_another_model() {
    let place = finished();
    let cases = [
        ("--set train.lr=0.5", "lr = 0.01", "lr = 0.5"),
        (
            "--set model.type=nrf",
            "type = \"ln\", norm = \"batch\", best = \"per_neuron\"",
            "type = \"nrf\", hidden = 20, hidden_readout = 0, best = \"mean\"",
        ),
        (
            "--set train.schedule=cosine",
            "epochs = 0, schedule = \"plateau\"",
            "epochs = 2, \
          schedule = \"cosine\"",
        ),
    ];
    for (option, found, expected) in cases {
        let message = format!(
            "runs/run: found a run with {found}, expected {expected} as run.toml says; choose \
             another folder with --out, or replace the run with --force"
        );
        refused(&place, &format!("train run.toml --quiet --resume {option}"), &message);
    }
}

#[test]
fn a_state_with_other_weights() {
    let place = finished();
    let file = place.path("runs/run/state/state.safetensors");
    let mut state = Checkpoint::read(&file).unwrap();
    state.best_weights.remove("readout.bn.bias");
    let wide = Tensor::zeros((3, 1, 7, 9), DType::F32, &Device::Cpu).unwrap();
    state.weights.insert("readout.strf.kernel.weight".into(), wide);
    std::fs::write(&file, state.bytes().unwrap()).unwrap();
    let message = "runs/run/state/state.safetensors: 2 problems\n  \
                   readout.bn.bias: found nothing, expected a tensor of this name\n  \
                   readout.strf.kernel.weight: found shape [3, 1, 7, 9], expected [3, 1, 7, 4]";
    refused(&place, "train run.toml --quiet --resume", message);
}

/// Changes the tensors of a file.
fn rewrite(file: &Path, change: impl FnOnce(&mut std::collections::BTreeMap<String, Tensor>)) {
    let mut all = tensors(file);
    change(&mut all);
    std::fs::write(file, strf::base::tensor_file::bytes(&all, None).unwrap()).unwrap();
}

#[test]
fn weights_of_other_names_or_shapes() {
    let place = finished();
    rewrite(&place.path("runs/run/model/model.safetensors"), |all| {
        let bias = all.remove("readout.strf.kernel.bias").unwrap();
        all.insert("readout.strf.bias".into(), bias);
        let short = Tensor::zeros((3, 1, 7, 3), DType::F32, &Device::Cpu).unwrap();
        all.insert("readout.strf.kernel.weight".into(), short);
    });
    let message = "runs/run/model/model.safetensors: 3 problems\n  \
                   readout.strf.kernel.bias: found nothing, expected a tensor of this name\n  \
                   readout.strf.kernel.weight: found shape [3, 1, 7, 3], expected [3, 1, 7, 4]\n  \
                   readout.strf.bias: found a tensor, expected none of this name in this model";
    for command in ["eval", "predict", "export-strfs"] {
        refused(&place, &format!("{command} runs/run"), message);
    }
}

#[test]
fn metadata_of_a_model_whose_lists_do_not_fit_its_bands() {
    let place = finished();
    let whole = place.read("runs/run/model/metadata.json");
    let damaged = "runs/run/model/metadata.json: it is damaged or describes no model; copy it again \
                   or train anew\n  because";
    for (from, to, cause) in [
        ("\"bands\": 7", "\"bands\": 2147483647", "bands = 2147483647, and 7 numbers in mean"),
        ("\"scale\": [", "\"scale\": [1.0,", "bands = 7, and 8 numbers in scale"),
        ("\"dt_ms\": 5.0", "\"dt_ms\": 0.0", "dt_ms = 0"),
        ("\"smooth_ms\": 11.0", "\"smooth_ms\": 2147483647", "smooth_ms = 2147483647"),
    ] {
        assert!(whole.contains(from), "{whole}");
        place.write("runs/run/model/metadata.json", &whole.replace(from, to));
        refused(&place, "eval runs/run", &format!("{damaged} {cause}"));
    }
}

#[test]
fn files_of_a_run_that_are_damaged() {
    let place = finished();
    let cases = [
        (
            "eval runs/run",
            "model/model.safetensors",
            "it is truncated, damaged or no safetensors file; copy it again or train anew\n  \
             because invalid header length",
        ),
        (
            "predict runs/run",
            "model/metadata.json",
            "it is damaged or describes no model; copy it again or train anew\n  because EOF while \
             parsing an object at line 2 column 0",
        ),
        (
            "train runs/run/config.toml --resume --quiet",
            "config.toml",
            "1 problem\n  3:4 syntax: found nothing, expected TOML (unclosed table, expected `]`)\n    \
             3 | [da\n      |    ^",
        ),
        (
            "train run.toml --resume --quiet",
            "state/state.safetensors",
            "the state is damaged; start the run anew with --force\n  because invalid header length",
        ),
        (
            "train run.toml --resume --quiet",
            "history.csv",
            "found no whole line of epoch 1, expected the history of the state beside it; start the \
             run anew with --force",
        ),
    ];
    let lengths = [30, 2, 49, 30, 140];
    for ((words, name, message), length) in cases.into_iter().zip(lengths) {
        let path = place.path("runs/run").join(name);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..length]).unwrap();
        refused(&place, words, &format!("runs/run/{name}: {message}"));
        std::fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_folder_without_a_run() {
    let place = finished();
    std::fs::create_dir(place.path("bare")).unwrap();
    for command in ["eval", "predict", "export-strfs"] {
        let message = "nowhere: there is no such folder; check the path";
        refused(&place, &format!("{command} nowhere"), message);
        let message = "run.toml: found a file, expected a run folder";
        refused(&place, &format!("{command} run.toml"), message);
        let message = "bare: found no model in it, expected a run folder that `strf train` wrote";
        refused(&place, &format!("{command} bare"), message);
    }
}

#[test]
fn a_place_that_cannot_be_written_to() {
    let place = finished();
    // No user, not even root, can make a folder in a file.
    let no_folder = "data.h5: is not a folder, expected one to write into; create it";
    let cases = [
        (
            "train run.toml --quiet --out data.h5/run",
            "creating the folder data.h5/run\n  because Not a directory (os error 20)",
        ),
        (
            "eval runs/run --out data.h5/scores",
            "creating the folder data.h5/scores\n  because Not a directory (os error 20)",
        ),
        ("predict runs/run --out data.h5/predictions.h5", no_folder),
        ("export-strfs runs/run --out data.h5/strfs.h5", no_folder),
        (
            "export-strfs runs/run --out nowhere/strfs.npz --format npz",
            "nowhere: is not a folder, expected one to write into; create it",
        ),
    ];
    for (words, message) in cases {
        refused(&place, words, message);
    }
}

/// Runs the program where no file can grow beyond so many KiB, as on a disk that is full.
fn on_a_full_disk(place: &Workplace, kib: u32, words: &str) -> Ran {
    let program = place.command("").get_program().to_str().unwrap().to_owned();
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec {program} {words}");
    Ran::of(Command::new("bash").current_dir(place.path("")).args(["-c", &script]))
}

#[test]
fn a_full_disk_while_training() {
    let place = place(&recording());
    place.write("nrf.toml", &run_file(MODELS[2].1, "epochs = 3"));
    let full = "\n  because File too large (os error 27)";
    let said = on_a_full_disk(&place, 4, "train nrf.toml --quiet");
    said.refused(&format!("writing runs/nrf/state/state.safetensors{full}"));
    assert!(
        place.contents("runs/nrf").keys().all(|name| !name.to_str().unwrap().contains(".strf"))
    );
    place.strf("train nrf.toml --resume").done();
    place.strf("train nrf.toml --out runs/whole").done();
    place.assert_same("runs/nrf", "runs/whole");
}

#[test]
fn a_full_disk_while_exporting() {
    let place = finished();
    let full = "\n  because File too large (os error 27)";
    let cases = [
        ("export-strfs runs/run --format npz --out strfs.npz", format!("writing strfs.npz{full}")),
        ("export-strfs runs/run --format csv --out strfs", format!("writing strfs{full}")),
        ("eval runs/run --out .", format!("writing ./scores.csv{full}")),
        ("predict runs/run --out predictions.h5", format!("writing predictions.h5{full}")),
        ("export-strfs runs/run --out strfs.h5", format!("writing strfs.h5{full}")),
    ];
    let before = place.contents("");
    for (words, message) in cases {
        on_a_full_disk(&place, 0, words).refused(&message);
    }
    assert!(place.contents("") == before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_in_the_middle_of_a_dataset() {
    let place = place(&recording());
    let before = place.contents("");
    let words = "simulate made.h5 --neurons 60 --stimuli 10 --bins 500";
    // Other limits meet the file at other arrays; the whole file takes 3 MB, and 2 MB are kept free.
    for kib in [2100, 2500, 3000] {
        let said = on_a_full_disk(&place, kib, words);
        said.refused("writing made.h5\n  because File too large (os error 27)");
        assert!(place.contents("") == before, "something was left behind");
    }
    place.strf(words).done();
    let bytes = std::fs::metadata(place.path("made.h5")).unwrap();
    let blocks = std::os::unix::fs::MetadataExt::blocks(&bytes) * 512;
    assert!(blocks <= bytes.len() + (1 << 16), "{blocks} on the disk, {} in the file", bytes.len());
}

#[test]
fn work_that_takes_more_memory_than_is_allowed() {
    let place = place(&recording());
    let before = place.contents("");
    let said = place.strf("train run.toml --max-memory 50MB");
    let message = "strf: the fit takes about 10";
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.stderr.starts_with(message), "{}", said.stderr);
    let limit = " MB of memory, expected at most 90 % of the 50 MB that --max-memory allows; ";
    assert!(said.stderr.contains(limit), "{}", said.stderr);
    let said = place.strf("inspect data.h5 --max-memory 20kB");
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.stderr.contains("looking at the responses takes about "), "{}", said.stderr);
    let said = place.strf("train run.toml --max-memory 50");
    let message = "found \"50\", expected a size such as 4GB, 500MB or 2GiB";
    assert!(said.status == Some(2) && said.stderr.contains(message), "{}", said.stderr);
    assert!(place.contents("") == before);

    let said = place.strf("train run.toml --quiet --max-memory 150MB").done();
    assert!(
        said.stderr.contains("more than half of the 150 MB that --max-memory"),
        "{}",
        said.stderr
    );
    let said = place.strf("train run.toml --quiet --force --max-memory 4GB").done();
    assert_eq!(said.stderr, "");
    let said = place.strf("eval runs/run --max-memory 1kB");
    assert!(
        said.stderr.starts_with("strf: predicting these stimuli takes about"),
        "{}",
        said.stderr
    );
    assert!(said.status == Some(2) && said.stderr.contains("--split"), "{}", said.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_printed() {
    let place = finished();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let said = place.command("eval runs/run").stdout(full).output().unwrap();
    let message =
        "strf: writing to standard output\n  because No space left on device (os error 28)\n";
    assert_eq!(
        (said.status.code(), String::from_utf8(said.stderr).unwrap().as_str()),
        (Some(2), message)
    );
}

#[test]
fn sound_so_loud_that_numbers_run_over() {
    let mut loud = recording();
    loud.clips.iter_mut().for_each(|clip| clip.cochleagram *= 1e20);
    let place = Workplace::holding(&loud);
    let text = by_steps("[model]\ntype = \"linear\"\nnorm = \"none\"", "batch = 2\nlr = 1.0");
    place.write("run.toml", &text.replace("[model]", "standardize = \"none\"\n[model]"));
    let said = place.strf("train run.toml --quiet");
    let message = "strf: epoch 1: found a training loss of NaN, expected a finite number; lower train.lr, or limit gradients with train.clip_norm; the untrained \
                   model is kept\n";
    assert_eq!((said.status, said.stderr.as_str()), (Some(1), message));
    place.strf("eval runs/run").done();
}

#[test]
fn a_loss_that_runs_over_begins_anew_with_smaller_steps() {
    let place = place(&recording());
    place.strf("train run.toml --set train.epochs=3").done();
    let file = place.path("runs/run/state/state.safetensors");
    let mut state = Checkpoint::read(&file).unwrap();
    let weights = state.weights.get_mut("readout.bn.bias").unwrap();
    *weights = (weights.ones_like().unwrap() * 1e30).unwrap();
    std::fs::write(&file, state.bytes().unwrap()).unwrap();

    let said = place.strf("train run.toml --resume --set train.epochs=9").done().stderr;
    let message = "epoch 4: the loss is no longer a number; the fit begins anew with steps 0.3 times \
                   as long\n";
    assert!(said.contains(message), "{said}");
    let column = |name: &str| place.column("runs/run/history.csv", name);
    assert!(column("train_loss").iter().all(|loss| loss.is_finite()));
    let rates = column("lr");
    assert!((rates[3] / rates[0] - 0.3).abs() < 1e-9, "{rates:?}");
}
