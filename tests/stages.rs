//! Stages in front of models that need a level: against NumPy, in pieces, from start values, on real
//! paths of the program.
use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor, Var};
use strf::base::rng;
use strf::dataset::{Inverse, LevelKind, Recording, SoundLevel, read};
use strf::models::Network;
use strf::models::amplitude::{AmplitudeLaw, ToAmplitude};
use strf::models::batch::{Batch, Member};
use strf::models::dims::Dims;
use strf::models::head::Head;
use strf::models::layers::{Carry, LeakyConfig, LeakyUnits, Mode, Pass};
use strf::models::ops::Length;
use strf::models::ops::chain::ResponseSum;
use strf::models::output_gains::OutputGain;
use strf::models::outputs;
use strf::models::params::Params;

use crate::support::combinations::architecture;
use crate::support::compare::{Tolerance, assert_close, flat, slope};
use crate::support::golden::{folder, tensors};
use crate::support::runs::{BANDS, Workplace, change_data, recording, unlocked};

const DT_MS: f64 = 5.0;

fn golden() -> BTreeMap<String, Tensor> {
    tensors(&folder("stages").join("io.safetensors"))
}

/// A linear model of one neuron behind a prefilter, for bands of the golden values.
fn behind(prefilter: &str, bands: usize, dtype: DType) -> (Network, Params) {
    let text =
        format!("[model]\ntype = \"linear\"\nwindow_ms = 15.0\nnorm = \"none\"\n{prefilter}");
    let params = Params::new(1, dtype, &Device::Cpu);
    let dims = Dims { dt_ms: DT_MS, bands, neurons: 1, frequencies_hz: None };
    let network = Network::build(&architecture(&text), &dims, &params).unwrap();
    (network, params)
}

fn section(name: &str) -> String {
    format!("[prefilter]\ntype = \"{name}\"\n")
}

fn variable(params: &Params, name: &str) -> Var {
    let all = params.all().into_iter().find(|(own, _)| own == name);
    all.unwrap_or_else(|| panic!("no tensor {name}")).1.var
}

/// Fails unless what a stage gives for the golden sound is what NumPy gives.
fn assert_as_numpy(name: &str, parameters: &[&str]) -> Result<()> {
    let golden = golden();
    let sound = golden["sound"].unsqueeze(1)?;
    let bands = sound.dim(2)?;
    for (dtype, within) in [(DType::F64, 1e-12), (DType::F32, 2e-6)] {
        let (network, params) = behind(&section(name), bands, dtype);
        for parameter in parameters {
            let value = golden[&format!("{name}.{parameter}")].to_dtype(dtype)?;
            variable(&params, &format!("prefiltering.{parameter}")).set(&value)?;
        }
        let got = network.filtered(&sound.to_dtype(dtype)?)?.squeeze(1)?;
        let tolerance = Tolerance { relative: within, absolute: within };
        assert_close(name, &got, &golden[&format!("{name}.output")], tolerance);
    }
    Ok(())
}

#[test]
fn short_term_plasticity_is_that_of_numpy() -> Result<()> {
    assert_as_numpy("stp", &["log_tau", "usage", "mean"])
}

#[test]
fn learnable_compression_is_that_of_numpy() -> Result<()> {
    assert_as_numpy("log", &["shift"])
}

#[test]
fn energy_normalization_is_that_of_numpy() -> Result<()> {
    assert_as_numpy("pcen", &["log_alpha", "log_delta", "log_r", "logit_s"])
}

#[test]
fn plasticity_by_hand() -> Result<()> {
    // τ of 4 bins, u = 0.5: d = 1, then 1 − 0.5·1 = 0.5, then 0.5 + 0.125 − 0.5·2·0.5 = 0.125.
    let (network, params) = behind(&section("stp"), 1, DType::F64);
    variable(&params, "prefiltering.log_tau").set(&Tensor::new(&[10f64.ln()], &Device::Cpu)?)?;
    variable(&params, "prefiltering.usage").set(&Tensor::new(&[0.5], &Device::Cpu)?)?;
    let sound = Tensor::new(&[[[[1.0, 2.0, 4.0]]]], &Device::Cpu)?;
    let got = flat(&network.filtered(&sound)?);
    let want = [1.0, 1.0, 0.5];
    assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?}");
    Ok(())
}

#[test]
fn compression_by_hand() -> Result<()> {
    // d = 10^−1: ln(1 + 0/0.1), ln(1 + 0.9/0.1), ln(1 + 9.9/0.1).
    let (network, _params) = behind(&section("log"), 1, DType::F64);
    let got = flat(&network.filtered(&Tensor::new(&[[[[0.0, 0.9, 9.9]]]], &Device::Cpu)?)?);
    let want = [0.0, 10f64.ln(), 100f64.ln()];
    assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?}");
    Ok(())
}

fn clip(name: &str, bands: usize, bins: usize, dtype: DType) -> Result<Tensor> {
    use rand::Rng;
    let mut rng = rng::generator(21, name);
    let values: Vec<f64> = (0..bands * bins).map(|_| rng.random_range(0.0..3.0)).collect();
    Tensor::from_vec(values, (1, 1, bands, bins), &Device::Cpu)?.to_dtype(dtype)
}

#[test]
fn pieces_of_a_clip_give_what_the_whole_gives() -> Result<()> {
    let stack = "[[prefilter]]\ntype = \"stp\"\ninit_u = 0.4\n[[prefilter]]\ntype = \"pcen\"\n";
    let mut sections: Vec<String> = ["stp", "log", "pcen"].map(section).to_vec();
    sections.push(stack.to_owned());
    let adapting = |name: &str, bins: usize| {
        format!("{}scale = \"mel\"\nkernel_bins = {bins}\n", section(name))
    };
    sections.extend([adapting("willmore", 9), adapting("adaptrans", 30), adapting("willmore", 0)]);
    for section in sections {
        let (network, _params) = behind(&section, 4, DType::F64);
        let sound = clip("pieces", 4, 50, DType::F64)?;
        let whole = network.filtered(&sound)?;
        let carry = Carry::default();
        let pieces = [(0, 20), (20, 1), (21, 29)]
            .map(|(from, bins)| network.filtered_piece(&sound.narrow(3, from, bins)?, &carry));
        let pieces = pieces.into_iter().collect::<Result<Vec<_>>>()?;
        let tolerance = Tolerance { relative: 1e-12, absolute: 1e-12 };
        assert_close(&section, &Tensor::cat(&pieces, 3)?, &whole, tolerance);
    }
    Ok(())
}

#[test]
fn leaky_units_go_on_where_the_piece_before_ended() -> Result<()> {
    let x = clip("leaky", 3, 50, DType::F64)?.squeeze(1)?;
    for (memory, decay_input) in
        [(Length::Unlimited, true), (Length::Unlimited, false), (Length::Bins(7), true)]
    {
        let config = LeakyConfig { init_tau_bins: 6.0, memory, decay_input, dt_ms: DT_MS };
        let params = Params::new(1, DType::F64, &Device::Cpu);
        let units = LeakyUnits::new(3, config, &params.scope(""))?;
        let whole = units.respond(&x)?;
        let carry = Carry::default();
        let pieces = [(0, 5), (5, 1), (6, 44)].map(|(from, bins)| {
            units.go_on(&x.narrow(2, from, bins)?, &Pass::eval().with_carry(&carry))
        });
        let pieces = pieces.into_iter().collect::<Result<Vec<_>>>()?;
        let tolerance = Tolerance { relative: 1e-12, absolute: 1e-12 };
        assert_close("leaky", &Tensor::cat(&pieces, 2)?, &whole, tolerance);
    }
    Ok(())
}

#[test]
fn start_values_follow_the_level_of_each_band() -> Result<()> {
    let (network, params) = behind(&section("stp"), 3, DType::F64);
    let sound = clip("levels", 3, 40, DType::F64)?;
    let scales = Tensor::new(&[1.0, 0.01, 0.0], &Device::Cpu)?.reshape((1, 1, 3, 1))?;
    let sound = sound.broadcast_mul(&scales)?;
    let psth = Tensor::zeros((1, 1, 40), DType::F64, &Device::Cpu)?;
    network.start([Member::new(sound.clone(), psth)?].iter())?;
    let means = flat(&sound.mean(3)?);
    // A silent band takes the mean over all.
    let overall = means.iter().sum::<f64>() / 3.0;
    let want = [means[0], means[1], overall];
    let got = flat(&variable(&params, "prefiltering.mean"));
    assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?}");
    // Nothing was said of standardization: it is left out.
    assert_eq!(flat(&variable(&params, "standardization.scale")), [1.0; 3]);
    Ok(())
}

#[test]
fn what_stages_give_is_standardized_by_the_training_clips() -> Result<()> {
    for (kind, by_band, centred) in
        [("global", false, true), ("band", true, true), ("scale", false, false)]
    {
        let text = format!(
            "[data]\nfile = \"x.h5\"\nstandardize = \"{kind}\"\n[model]\ntype = \"linear\"\n\
             window_ms = 15.0\n{}",
            section("log")
        );
        let config = strf::run_file::RunConfig::parse(&text, "run.toml".as_ref(), &[]).unwrap();
        let params = Params::new(1, DType::F64, &Device::Cpu);
        let dims = Dims { dt_ms: DT_MS, bands: 3, neurons: 1, frequencies_hz: None };
        let network = Network::build(&config.architecture, &dims, &params).unwrap();
        let clips = ["one", "two"].map(|name| clip(name, 3, 30, DType::F64).unwrap());
        let psth = Tensor::zeros((1, 1, 30), DType::F64, &Device::Cpu)?;
        let members = clips.clone().map(|sound| Member::new(sound, psth.clone()).unwrap());
        network.start(members.iter())?;
        let seen = clips.iter().map(|sound| network.filtered(sound)).collect::<Result<Vec<_>>>()?;
        let seen = Tensor::cat(&seen, 3)?.squeeze(0)?.squeeze(0)?; // (F, ΣT)
        let compressed =
            ((Tensor::cat(&clips, 3)?.squeeze(0)?.squeeze(0)? * 10.0)? + 1.0)?.log()?;
        let rows = if by_band { compressed.clone() } else { compressed.reshape((1, ()))? };
        let mean = rows.mean_keepdim(1)?;
        let deviation = rows.broadcast_sub(&mean)?.sqr()?.mean_keepdim(1)?.sqrt()?;
        let above = if centred { compressed.broadcast_sub(&mean)? } else { compressed };
        let want = above.broadcast_div(&deviation)?;
        let tolerance = Tolerance { relative: 1e-10, absolute: 1e-10 };
        assert_close(kind, &seen, &want, tolerance);
    }
    Ok(())
}

#[test]
fn batches_hold_the_sound_itself_where_a_stage_starts_from_data() -> Result<()> {
    let fixed = "[[prefilter]]\ntype = \"stp\"\nlearnable = false\n[[prefilter]]\n\
                 type = \"willmore\"\nscale = \"mel\"\n";
    let (network, params) = behind(fixed, 4, DType::F32);
    assert_eq!(params.trained().len(), 2, "kernel and bias");
    assert!(!network.prefilters_learn());
    let sound = clip("given", 4, 20, DType::F32)?;
    let member = Member::new(sound.clone(), Tensor::zeros((1, 1, 20), DType::F32, &Device::Cpu)?)?;
    assert_eq!(flat(&network.given(&member)?.sound), flat(&sound));
    let response = network.responses(&Batch::of(vec![member]))?.remove(0);
    let want = network.forward(&sound, None, Mode::Eval)?.squeeze(0)?;
    assert_close("fixed", &response, &want, Tolerance { relative: 1e-5, absolute: 1e-6 });
    Ok(())
}

/// A dataset of this level with a folder of its own.
fn place(level: Option<SoundLevel>) -> Workplace {
    Workplace::holding(&Recording { level, ..recording() })
}

fn run_file_with(prefilter: &str, data: &str) -> String {
    let model = "[model]\ntype = \"ln\"\nwindow_ms = 20.0";
    let train = "epochs = 2\nstarts = 1\naverage = false\ncalibrate = false";
    format!("[data]\nfile = \"data.h5\"\n{data}\n{model}\n{prefilter}\n[train]\n{train}\n")
}

#[test]
fn levels_come_back_from_the_files_that_they_are_written_to() {
    let inverse = Some(Inverse { base: 1.122, offset: 0.5, scale: 2e-5 });
    let levels = [
        None,
        Some(SoundLevel::of(LevelKind::Amplitude)),
        Some(SoundLevel::of(LevelKind::CubeRoot)),
        Some(SoundLevel { kind: LevelKind::Db, inverse, of_power: false }),
        Some(SoundLevel { kind: LevelKind::Log, inverse, of_power: true }),
    ];
    for level in levels {
        let place = place(level);
        assert_eq!(read(&place.path("data.h5")).unwrap().recording.level, level);
        let told = place.strf("inspect data.h5").done().stdout;
        let said = level.map(|level| format!("Hz, level {}\n", level.kind.word()));
        assert!(told.contains(&said.unwrap_or_else(|| "Hz\n".to_owned())), "{told}");
    }
}

#[test]
fn runs_with_stages_predict_and_export_what_they_were_fitted_to() {
    for (name, quantity) in [("stp", "stp_tau_ms"), ("log", "log_offset"), ("pcen", "pcen_tau_ms")]
    {
        let place = place(Some(SoundLevel::of(LevelKind::Amplitude)));
        place.write("run.toml", &run_file_with(&section(name), ""));
        place.strf("train run.toml --quiet").done();
        let config = place.read("runs/run/config.toml");
        assert!(config.contains("level = \"amplitude\""), "{config}");
        place.strf("eval runs/run --out again").done();
        assert_eq!(place.read("again/scores.csv"), place.read("runs/run/scores.csv"), "{name}");
        place.strf("export-strfs runs/run --out strfs.h5").done();
        let file = unlocked().open(place.path("strfs.h5")).unwrap();
        let values = file.dataset(quantity).unwrap().read_raw::<f32>().unwrap();
        assert_eq!(values.len(), BANDS, "{quantity}");
        let stored = std::fs::read_to_string(place.path("runs/run/model/config.json")).unwrap();
        assert!(stored.contains(&format!("no part for prefilter {name}")), "{stored}");
        let drawn = place.strf("plot runs/run").done();
        assert!(drawn.stderr.contains("no prefilter of the model is an adaptation filter"));
    }
}

/// What the program says where it refuses to train.
fn complaint(place: &Workplace, prefilter: &str, data: &str) -> String {
    place.write("run.toml", &run_file_with(prefilter, data));
    let ran = place.strf("train run.toml --quiet");
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(!place.path("runs/run/model").exists());
    ran.stderr
}

#[test]
fn sound_below_0_is_refused_in_front_of_stages_with_clip_band_and_bin() {
    let mut data = recording();
    data.level = Some(SoundLevel::of(LevelKind::Amplitude));
    data.clips[3].cochleagram[[2, 5]] = -0.25;
    let place = Workplace::holding(&data);
    for name in ["stp", "log", "pcen"] {
        let said = complaint(&place, &section(name), "");
        let at = format!(
            "/stimuli/clip3/cochleagram: found -0.25 at band 2, bin 5, expected no number below 0 in \
             front of the prefilter {name}"
        );
        assert!(said.contains(&at) && said.contains("1 of 9 clips go below 0"), "{said}");
    }
    // What is not used may be what it likes.
    let others = "stimuli = [\"clip0\", \"clip1\", \"clip5\", \"clip7\"]";
    place.write("run.toml", &run_file_with(&section("stp"), others));
    place.strf("train run.toml --quiet").done();
    let ran = place.strf("predict runs/run --split all");
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("found -0.25 at band 2, bin 5"), "{}", ran.stderr);
}

#[test]
fn compressed_or_unnamed_levels_are_refused_in_front_of_log_and_pcen() {
    let (decibels, unnamed) = (place(Some(SoundLevel::of(LevelKind::Db))), place(None));
    for name in ["log", "pcen"] {
        let said = complaint(&decibels, &section(name), "");
        let want = format!(
            "data.level: found \"db\", expected \"amplitude\" or \"power\" for the prefilter {name} \
             (the sound of data.h5 is compressed already"
        );
        assert!(said.contains(&want), "{said}");
        let said = complaint(&unnamed, &section(name), "");
        assert!(said.contains("data.level: found nothing, expected"), "{said}");
        assert!(said.contains("has no attribute level"), "{said}");
    }
    let said = complaint(&decibels, "", "level = \"power\"");
    assert!(said.contains("data.level: found \"power\", expected \"db\" ("), "{said}");
    // The run file may say it, and stp asks for nothing.
    for (name, level) in [("pcen", "level = \"power\""), ("stp", "")] {
        unnamed.write("run.toml", &run_file_with(&section(name), level));
        unnamed.strf("train run.toml --quiet --force").done();
    }
}

#[test]
fn stages_behind_what_gives_no_level_are_refused() {
    let place = place(Some(SoundLevel::of(LevelKind::Amplitude)));
    let row = |first: &str, second: &str| {
        format!("[[prefilter]]\ntype = \"{first}\n[[prefilter]]\ntype = \"{second}\"\n")
    };
    let said = complaint(&place, &row("willmore\"", "log"), "");
    assert!(said.contains("prefilter[2].type: found \"log\""), "{said}");
    assert!(said.contains("which willmore does not give: put log in front of it"), "{said}");
    let said = complaint(&place, &row("log\"", "pcen"), "");
    assert!(said.contains("which log does not give"), "{said}");
    let said = complaint(&place, &row("willmore\"\nrectify = false", "stp"), "");
    assert!(said.contains("stp takes no negative numbers: set rectify = true"), "{said}");
    for fits in [row("log\"", "stp"), row("stp\"", "pcen"), row("willmore\"", "stp")] {
        place.write("run.toml", &run_file_with(&fits, ""));
        place.strf("train run.toml --quiet --force").done();
    }
}

#[test]
fn a_dataset_of_another_level_is_not_predicted() {
    let place = place(Some(SoundLevel::of(LevelKind::Amplitude)));
    place.write("run.toml", &run_file_with("", ""));
    place.strf("train run.toml --quiet").done();
    let other = Recording { level: Some(SoundLevel::of(LevelKind::Power)), ..recording() };
    place.write_data("other.h5", &other);
    let ran = place.strf("predict runs/run --data other.h5");
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("level: found power, expected amplitude, as in training"));
}

#[test]
fn attributes_of_levels_that_make_no_sense_are_named() {
    let inverse = Some(Inverse { base: 1.122, offset: 0.0, scale: 1.0 });
    let place = place(Some(SoundLevel { kind: LevelKind::Db, inverse, of_power: false }));
    change_data(&place.path("data.h5"), |file| {
        file.delete_attr("level_base")?;
        file.attr("level_scale")?.write_scalar(&-1.0)
    });
    let ran = place.strf("inspect data.h5");
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("level_base: found nothing, expected a number"), "{}", ran.stderr);
    assert!(ran.stderr.contains("level_scale: found -1, expected a number above 0"));
}

/// The contrast gain of the golden values: what it makes of sound, and the output behind it.
fn contrast(dtype: DType) -> (Box<dyn OutputGain>, Params) {
    let golden = golden();
    let constant = flat(&golden["contrast.constant"])[0];
    let rate = constant * 10f64.ln() / 20.0;
    let law = AmplitudeLaw::Exponential { rate, offset: 0.0, scale: 1.0 };
    let to_amplitude = ToAmplitude { law, of_power: false };
    let params = Params::new(1, dtype, &Device::Cpu);
    let bands = golden["contrast.weights"].elem_count();
    let dims = Dims { dt_ms: DT_MS, bands, neurons: 2, frequencies_hz: None };
    let text = "[model]\ntype = \"ln\"\noutput = \"double_exponential\"\n[output_gain]\n\
                type = \"contrast\"\n";
    let chosen = architecture(text).output_gain.unwrap();
    let gain = (chosen.row.build)(&chosen.values, &dims, to_amplitude, &params.scope("")).unwrap();
    (gain, params)
}

#[test]
fn contrast_and_its_constants_are_those_of_numpy() -> Result<()> {
    let golden = golden();
    for (dtype, within) in [(DType::F64, 1e-10), (DType::F32, 1e-4)] {
        let (gain, params) = contrast(dtype);
        let sound = golden["contrast.sound"].unsqueeze(1)?.to_dtype(dtype)?;
        let clips = [sound.narrow(0, 0, 1)?, sound.narrow(0, 1, 1)?];
        gain.start(&clips)?;
        let tolerance = Tolerance { relative: within, absolute: within };
        for name in ["loudest", "largest"] {
            let want = &golden[&format!("contrast.{name}")];
            assert_close(name, &variable(&params, name), want, tolerance);
        }
        variable(&params, "weights").set(&golden["contrast.weights"].to_dtype(dtype)?)?;
        let got = gain.modulation(&sound, &Pass::eval())?.squeeze(1)?;
        assert_close("modulation", &got, &golden["contrast.modulation"], tolerance);
        // Silence has no contrast.
        let silence = gain.modulation(&(&sound * 0.0)?, &Pass::eval())?;
        assert!(flat(&silence).iter().all(|own| *own == 0.0));
    }
    Ok(())
}

#[test]
fn outputs_that_follow_contrast_are_those_of_numpy() -> Result<()> {
    let golden = golden();
    let row = outputs::TABLE.iter().find(|row| row.part.name == "double_exponential").unwrap();
    let params = Params::new(1, DType::F64, &Device::Cpu);
    let build = |name: &str| (row.build)(2, &params.scope(name)).unwrap();
    let head = Head::new(2, build("own")).changed_towards(build("other"));
    let inverse = |values: &Tensor| (values.exp()? - 1.0)?.log();
    for (scope, suffix) in [("own", ""), ("other", "_mod")] {
        for (tensor, name) in [("_raw_a", "a"), ("_raw_b", "b"), ("k", "k"), ("s", "s")] {
            let value = &golden[&format!("contrast.{name}{suffix}")];
            let value = if tensor.starts_with('_') { inverse(value)? } else { value.clone() };
            variable(&params, &format!("{scope}.{tensor}")).set(&value)?;
        }
    }
    let modulation = golden["contrast.modulation"].unsqueeze(1)?;
    let got = head
        .behind_norm(&golden["contrast.drive"], &Pass::eval().with_modulation(Some(&modulation)))?;
    let tolerance = Tolerance { relative: 1e-10, absolute: 1e-10 };
    assert_close("output", &got, &golden["contrast.output"], tolerance);
    assert!(head.behind_norm(&golden["contrast.drive"], &Pass::eval()).is_err());
    Ok(())
}

#[test]
fn contrast_by_hand() -> Result<()> {
    // Amplitudes 1, 1, 4 over three bins: mean 2, variance 2; before the clip lies 1.
    let text = "[model]\ntype = \"ln\"\noutput = \"double_exponential\"\n[output_gain]\n\
                type = \"contrast\"\ncontrast_ms = 5.0\n";
    let chosen = architecture(text).output_gain.unwrap();
    let dims = Dims { dt_ms: DT_MS, bands: 1, neurons: 1, frequencies_hz: None };
    let params = Params::new(1, DType::F64, &Device::Cpu);
    let to_amplitude = ToAmplitude { law: AmplitudeLaw::Linear { factor: 2.0 }, of_power: true };
    let gain = (chosen.row.build)(&chosen.values, &dims, to_amplitude, &params.scope("")).unwrap();
    // Power: 2 x = 1, 1, 16.
    let sound = Tensor::new(&[[[[0.5, 0.5, 8.0]]]], &Device::Cpu)?;
    let got = flat(&gain.modulation(&sound, &Pass::eval())?);
    let want = 2f64.sqrt() / (2.0 + 0.01);
    assert!(got[0] == 0.0 && got[1] == 0.0 && (got[2] - want).abs() < 1e-12, "{got:?}");
    assert_eq!(gain.bins(), 3);
    gain.start(&[sound])?;
    assert_eq!(flat(&variable(&params, "loudest")), [2.0]);
    Ok(())
}

const CONTRAST: &str = "[model]\ntype = \"ln\"\noutput = \"double_exponential\"\n\
                        window_ms = 15.0\n[output_gain]\ntype = \"contrast\"\n";

/// A model whose output follows contrast, away from its start.
fn changing() -> Result<(Network, Params)> {
    let params = Params::new(1, DType::F64, &Device::Cpu);
    let dims = Dims { dt_ms: DT_MS, bands: 4, neurons: 2, frequencies_hz: None };
    let network = Network::build(&architecture(CONTRAST), &dims, &params).unwrap();
    network.start([Member::sound_alone(&clip("start", 4, 40, DType::F64)?)?].iter())?;
    Ok((network, params))
}

#[test]
fn pieces_of_a_clip_have_the_contrast_of_the_whole() -> Result<()> {
    let (gain, _params) = contrast(DType::F64);
    let sound = golden()["contrast.sound"].unsqueeze(1)?;
    let whole = gain.modulation(&sound, &Pass::eval())?;
    let carry = Carry::default();
    let pieces = [(0, 2), (2, 1), (3, 37)].map(|(from, bins)| {
        gain.modulation(&sound.narrow(3, from, bins)?, &Pass::eval().with_carry(&carry))
    });
    let pieces = pieces.into_iter().collect::<Result<Vec<_>>>()?;
    let tolerance = Tolerance { relative: 1e-12, absolute: 1e-12 };
    assert_close("pieces", &Tensor::cat(&pieces, 2)?, &whole, tolerance);
    Ok(())
}

#[test]
fn the_gradient_by_the_sound_goes_through_its_contrast() -> Result<()> {
    let (network, _params) = changing()?;
    let sound = Var::from_tensor(&clip("gradient", 4, 12, DType::F64)?)?;
    let start = sound.as_tensor().copy()?;
    let sums = [ResponseSum { neuron: 1, bins: &[7, 11] }];
    let gradient = network.gradients_by_sound(&sound, &sums)?.remove(0);
    let value = || {
        let response = network.forward(&sound, None, Mode::Eval)?.get(0)?.get(1)?;
        response.get(7)? + response.get(11)?
    };
    for (place, got) in flat(&gradient).into_iter().enumerate() {
        let want = slope(&value, (&sound, &start), place, 1e-6)?;
        assert!((got - want).abs() < 1e-7, "{place}: {got}, {want}");
    }
    // By what the model sees, the contrast stays as it is.
    let seen = network.filtered(&start)?;
    let by_seen = network.gradients_by_filtered(&start, &seen, &sums)?.remove(0);
    assert!(flat(&(by_seen - gradient)?).iter().any(|difference| difference.abs() > 1e-6));
    Ok(())
}

#[test]
fn runs_whose_output_follows_contrast_predict_what_they_were_fitted_to() {
    let decibels = Inverse { base: 10f64.powf(0.05), offset: 0.0, scale: 1.0 };
    let level = SoundLevel { kind: LevelKind::Db, inverse: Some(decibels), of_power: false };
    let place = place(Some(level));
    let text = run_file_with("[output_gain]\ntype = \"contrast\"", "")
        .replace("window_ms", "output = \"double_exponential\"\nwindow_ms");
    place.write("run.toml", &text);
    place.strf("train run.toml --quiet").done();
    place.strf("eval runs/run --out again").done();
    assert_eq!(place.read("again/scores.csv"), place.read("runs/run/scores.csv"));
    place.strf("export-strfs runs/run --out strfs.h5").done();
    let file = unlocked().open(place.path("strfs.h5")).unwrap();
    assert_eq!(file.dataset("contrast_weights").unwrap().shape(), [BANDS]);
    let drawn = place.strf("plot runs/run").done();
    assert!(drawn.stderr.contains("the output nonlinearity changes from bin to bin"));
    // On one thread as on several.
    place.strf_on(1, "train run.toml --quiet --out one").done();
    place.strf_on(2, "train run.toml --quiet --out two").done();
    place.assert_same("one/model", "two/model");

    // Of other decibels amplitudes are others.
    let louder = SoundLevel { inverse: Some(Inverse { scale: 2.0, ..decibels }), ..level };
    place.write_data("other.h5", &Recording { level: Some(louder), ..recording() });
    let ran = place.strf("predict runs/run --data other.h5");
    assert_eq!(ran.status, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("level_base, level_offset, level_scale"), "{}", ran.stderr);
}

#[test]
fn contrast_needs_a_double_exponential_and_amplitude() {
    let gain = "[output_gain]\ntype = \"contrast\"";
    let place = place(Some(SoundLevel::of(LevelKind::Log)));
    let said = complaint(&place, gain, "");
    assert!(said.contains("output_gain.type: found \"contrast\", expected none with"), "{said}");
    let exponential = |data: &str| {
        run_file_with(gain, data).replace("window_ms", "output = \"double_exponential\"\nwindow_ms")
    };
    place.write("run.toml", &exponential(""));
    let ran = place.strf("train run.toml");
    assert_eq!(ran.status, Some(2));
    let want = "found a level of \"log\" without level_base, level_offset and level_scale";
    assert!(ran.stderr.contains(want), "{}", ran.stderr);
    assert!(ran.stderr.contains("amplitude = level_scale * (level_base^value"), "{}", ran.stderr);
    place.write_data("data.h5", &recording());
    let ran = place.strf("train run.toml");
    assert!(ran.stderr.contains("data.level: found nothing, expected what cochleagrams are"));
    place.write("run.toml", &exponential("level = \"amplitude\""));
    place.strf("train run.toml --quiet").done();
    let mut negative = recording();
    negative.clips[0].cochleagram[[0, 3]] = -1.0;
    place.write_data("data.h5", &negative);
    let ran = place.strf("train run.toml --force");
    assert!(ran.stderr.contains("no number below 0 in front of output_gain contrast"));
}
