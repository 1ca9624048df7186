//! Front ends against deepSTRF 0.1.0, and against the cochleagrams of a recording.
#![expect(clippy::cast_possible_truncation, reason = "cochleagrams and samples are f32")]
use std::collections::BTreeMap;

use ndarray::{Array2, s};
use strf::sound;

use crate::frontends::{difference, frontend, hear};
use crate::support::compare::flat;
use crate::support::golden::{folder, tensors};
use crate::support::shared;

/// The reference's waveform (32 kHz) and cochleagrams.
fn golden() -> (Vec<f32>, BTreeMap<String, Array2<f64>>) {
    let io = tensors(&folder("frontends").join("io.safetensors"));
    let as_f32 = |tensor| flat(tensor).into_iter().map(|value| value as f32).collect();
    let waveform = as_f32(&io["waveform"]);
    let maps = io.iter().filter(|(name, _)| *name != "waveform").map(|(name, tensor)| {
        let dims = tensor.dims2().unwrap();
        (name.clone(), Array2::from_shape_vec(dims, flat(tensor)).unwrap())
    });
    (waveform, maps.collect())
}

#[test]
fn mel_bands_are_those_of_the_reference() {
    let (waveform, maps) = golden();
    let common = "type = \"mel\"\ntransform_ms = 0.0\n";
    let mel = frontend(
        &format!(
            "{common}bands = 34\nmin_freq_hz = 500.0\nmax_freq_hz = 15000.0\nwindow_ms = 10.0\n\
             compression = \"log\"\nlog_floor = 1e-4"
        ),
        5.0,
    );
    let got = difference(hear(&mel, &waveform, 32_000.0).levels.view(), maps["mel"].view());
    assert!(got < 2e-5, "mel: {got:e}");
    let cubic = frontend(
        &format!(
            "{common}bands = 20\nmin_freq_hz = 250.0\nmax_freq_hz = 8000.0\nwindow_ms = 8.0\n\
             magnitude = \"power\"\ncompression = \"cube_root\""
        ),
        2.0,
    );
    let got = difference(hear(&cubic, &waveform, 32_000.0).levels.view(), maps["mel_cubic"].view());
    assert!(got < 6e-7, "mel_cubic: {got:e}");
}

#[test]
fn gammatone_bands_are_those_of_the_reference_whose_kernels_run_backwards() {
    // The reference correlates: y(n) = Σ_m g(m) x(n − 639 + m). With x backwards behind one zero,
    // the convolution at sample 16639 − n is the same sum, and the window of bin t is that of bin
    // 104 − t. Its first bin is left out: the reference has zeros where ours rings on.
    let (waveform, maps) = golden();
    let mut backwards = vec![0.0];
    backwards.extend(waveform.iter().rev());
    backwards.resize(105 * 160, 0.0);
    let cases = [
        (
            "gammatone",
            "bands = 24\nmin_freq_hz = 250.0\nmax_freq_hz = 12000.0\ncompression = \"log\"",
        ),
        (
            "gammatone_cuberoot",
            "bands = 16\nmin_freq_hz = 500.0\nmax_freq_hz = 8000.0\nrectify = \"full\"\n\
             compression = \"cube_root\"",
        ),
    ];
    for (name, keys) in cases {
        let gammatone = frontend(&format!("type = \"gammatone\"\n{keys}"), 5.0);
        let got = hear(&gammatone, &backwards, 32_000.0).levels;
        let got = got.slice(s![.., 4..104; -1]); // bin 103 is the reference's bin 1
        let want = maps[name].slice(s![.., 1..]);
        let apart = difference(got.slice(s![.., ..99]), want);
        assert!(apart < 7e-7, "{name}: {apart:e}");
    }
}

#[test]
#[ignore = "needs ../shared"]
fn the_defaults_of_mel_are_the_cochleagrams_of_the_real_recording() {
    let folder = shared();
    let file = hdf5::File::open(folder.join("zebra_finch.h5")).unwrap();
    let mel = frontend("", 5.0);
    let frequencies: Vec<f64> = file
        .dataset("frequencies")
        .unwrap()
        .read_raw::<f32>()
        .unwrap()
        .into_iter()
        .map(f64::from)
        .collect();
    for (got, want) in mel.frequencies_hz().iter().zip(&frequencies) {
        assert!((got - want).abs() < 1e-3, "{got} {want}");
    }
    let mut got: Vec<Array2<f32>> = (1..=20)
        .map(|n| {
            let path = folder.join(format!("zebra_finch/stim{n}.wav"));
            mel.cochleagram(sound::open(&path).unwrap().sound).unwrap().levels
        })
        .collect();
    mel.finish(&mut got);
    for (n, got) in got.iter().enumerate() {
        let path = format!("stimuli/song{:02}/cochleagram", n + 1);
        let want: Array2<f32> = file.dataset(&path).unwrap().read().unwrap();
        let apart = difference(got.view(), want.mapv(f64::from).view()) * 80.0;
        assert!(apart < 1e-5, "song {}: {apart:e} dB", n + 1);
    }
}
