//! How good the recording of a neuron is: the numbers, the order, the table, the picture, and runs
//! that select by them.
use ndarray::{Array1, Array3, ArrayView1, ArrayView2, Axis, s};
use rand::Rng;
use serde_json::Value;
use strf::base::rng;
use strf::dataset::{ReadRecording, Recording};
use strf::inspection::{Inspection, ShownNeurons};
use strf::preparation::qualities;
use strf::scores::quality::{MEASURES, Quality, QualitySurvey, measure};
use strf::scores::{self, Comparison};

use crate::support::runs::{LN, Ran, Workplace, recording, run_file, same_bytes};

/// Three neurons with gaps of all kinds in clips of 11, 23 and 17 bins and 6, 3 and 7 repeats.
fn clips() -> Vec<Array3<f32>> {
    let mut rng = rng::generator(3, "clips");
    let mut clip = |repeats: usize, bins: usize| {
        Array3::from_shape_simple_fn((3, repeats, bins), || f32::from(rng.random_range(0u8..4)))
    };
    let mut clips = vec![clip(6, 11), clip(3, 23), clip(7, 17)];
    clips[0].slice_mut(s![1, .., 4..7]).fill(f32::NAN);
    clips[0][[1, 2, 9]] = f32::NAN;
    clips[1].slice_mut(s![1, 2, ..]).fill(f32::NAN);
    clips[1].slice_mut(s![2, 1.., ..]).fill(f32::NAN);
    clips[2].slice_mut(s![0, 3, ..]).fill(2.0);
    clips[2].slice_mut(s![2, .., ..]).fill(f32::NAN);
    clips
}

fn surveyed(clips: &[Array3<f32>], dt_ms: f64) -> Vec<Quality> {
    let mut survey = QualitySurvey::new(clips[0].dim().0);
    for clip in clips {
        survey.add(clip.view());
    }
    survey.finish(dt_ms)
}

#[test]
fn qualities_are_what_the_metrics_say_of_the_same_repeats() {
    let clips = clips();
    let nothing: Vec<Array1<f32>> = clips.iter().map(|clip| Array1::zeros(clip.dim().2)).collect();
    let nothing: Vec<ArrayView1<f32>> = nothing.iter().map(|clip| clip.view()).collect();
    let names = [
        ("signal_power", "signal_power"),
        ("noise_power", "noise_power"),
        ("snr", "snr"),
        ("cc_max", "cc_max"),
        ("cc_max_squared", "cc_max_squared"),
        ("reliability", "ttrc"),
    ];
    for (n, quality) in surveyed(&clips, 5.0).iter().enumerate() {
        let responses: Vec<ArrayView2<f32>> =
            clips.iter().map(|clip| clip.index_axis(Axis(0), n)).collect();
        let comparison = Comparison::new(&nothing, &responses).unwrap();
        assert_eq!((quality.repeats, quality.bins), (comparison.repeats(), comparison.bins()));
        for (ours, theirs) in names {
            let got = (measure(ours).unwrap().of)(quality);
            let row = scores::TABLE.iter().find(|row| row.part.name == theirs).unwrap();
            let want = (row.compute)(&comparison);
            assert!(!want.is_nan(), "neuron {n}, {ours}");
            assert_eq!(got.to_bits(), want.to_bits(), "neuron {n}, {ours}: {got}, want {want}");
        }
    }
}

#[test]
fn reliability_is_the_mean_correlation_of_two_repeats_by_bins() {
    let repeats = [[0.0, 1.0, 2.0, 0.0], [0.0, 2.0, 1.0, 1.0], [3.0, 0.0, 0.0, 1.0]];
    let first = Array3::from_shape_fn((1, 3, 4), |(_, r, t)| repeats[r][t]);
    let second =
        Array3::from_shape_fn((1, 2, 6), |(_, r, t)| if r < 1 { t as f32 } else { -(t as f32) });
    let pearson = |a: &[f32], b: &[f32]| {
        let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
        let (p, q) = (mean(a), mean(b));
        let of = |x: &[f32], p: f32, y: &[f32], q: f32| -> f32 {
            x.iter().zip(y).map(|(x, y)| (x - p) * (y - q)).sum()
        };
        f64::from(of(a, p, b, q) / (of(a, p, a, p) * of(b, q, b, q)).sqrt())
    };
    let [a, b, c] = &repeats;
    let mean = (pearson(a, b) + pearson(a, c) + pearson(b, c)) / 3.0;
    let want = (4.0 * mean - 6.0) / 10.0;
    let got = surveyed(&[first, second], 5.0)[0].reliability;
    assert!((got - want).abs() < 1e-6, "{got}, want {want}");
}

#[test]
fn rates_are_spikes_per_second_and_defined_for_counts_only() {
    let mut clips = clips();
    let counted = surveyed(&clips, 2.5);
    for quality in &counted {
        assert_eq!(quality.rate_hz.to_bits(), (quality.mean * 400.0).to_bits());
    }
    for other in [0.5, -1.0] {
        clips[1][[2, 0, 5]] = other;
        let qualities = surveyed(&clips, 2.5);
        assert!(qualities.iter().all(|quality| quality.rate_hz.is_nan()), "{other}");
        assert_eq!(qualities[0].mean.to_bits(), counted[0].mean.to_bits());
    }
}

/// [`recording`] with neurons that differ: b2 hears every clip once, c3 answers more noisily.
fn unequal() -> Recording {
    let mut recording = recording();
    let mut rng = rng::generator(1, "noise");
    for clip in &mut recording.clips {
        clip.responses.slice_mut(s![1, 1.., ..]).fill(f32::NAN);
        clip.responses.slice_mut(s![2, .., ..]).mapv_inplace(|y| y + rng.random_range(-9.0..9.0));
    }
    for (neuron, depth) in recording.neurons.iter_mut().zip(["250", "400.5", "900"]) {
        neuron.attributes.insert("depth_um".into(), depth.into());
    }
    recording
}

fn ids(inspection: &Inspection) -> Vec<&str> {
    inspection.per_neuron.iter().map(|neuron| neuron.id.as_str()).collect()
}

#[test]
fn neurons_are_sorted_by_any_column_from_its_largest_number_and_by_id() {
    let mut inspection =
        Inspection::of(&ReadRecording { recording: unequal(), notes: vec![] }).unwrap();
    inspection.sort("reliability");
    assert_eq!(ids(&inspection), ["a1", "c3", "b2"]);
    for column in MEASURES {
        inspection.sort(column.name);
        let numbers: Vec<f64> =
            inspection.per_neuron.iter().map(|n| (column.of)(&n.quality)).collect();
        let defined: Vec<f64> = numbers.iter().copied().filter(|n| !n.is_nan()).collect();
        assert!(defined.is_sorted_by(|a, b| a >= b), "{}: {numbers:?}", column.name);
        assert!(numbers[defined.len()..].iter().all(|n| n.is_nan()), "{}", column.name);
    }
    inspection.sort("id");
    assert_eq!(ids(&inspection), ["a1", "b2", "c3"]);
}

#[test]
fn the_command_sorts_its_table_its_json_and_its_csv() {
    let place = Workplace::holding(&unequal());
    let said = place.strf("inspect data.h5 --sort noise_power --csv table.csv --json").done();
    let json: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said.stderr, "wrote table.csv\n");
    assert_eq!(place.csv("table.csv")["neuron"], ["c3", "a1", "b2"]);
    assert_eq!(place.csv("table.csv")["reliability"][2], "NaN");
    for (place_in_order, neuron) in json["per_neuron"].as_array().unwrap().iter().enumerate() {
        assert_eq!(neuron["id"], place.csv("table.csv")["neuron"][place_in_order].as_str());
        for column in MEASURES {
            let written = place.column("table.csv", column.name)[place_in_order];
            let number = neuron[column.name].as_f64().unwrap_or(f64::NAN);
            assert_eq!(written.to_bits(), number.to_bits(), "{}", column.name);
        }
    }
    let text = place.strf("inspect data.h5 --all").done().stdout;
    let mut want = Inspection::of(&ReadRecording { recording: unequal(), notes: vec![] }).unwrap();
    want.file = "data.h5".into();
    want.sort("reliability");
    assert_eq!(text, want.text(ShownNeurons::All));
    let refused = place.strf("inspect data.h5 --sort relibility");
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("similar value exists: 'reliability'"), "{}", refused.stderr);
}

#[test]
fn tables_and_pictures_that_exist_are_kept_unless_forced() {
    let place = Workplace::holding(&unequal());
    for (words, file) in
        [("--csv out.csv", "out.csv"), ("--plot page.png", "page.png"), ("--plot", "data.png")]
    {
        place.write(file, "mine");
        place.strf(&format!("inspect data.h5 {words}")).refused(&format!(
            "{file}: exists already, expected nothing there; give another name, or replace it with \
             --force"
        ));
        assert_eq!(place.read(file), "mine");
        place.strf(&format!("inspect data.h5 {words} --force")).done();
        assert!(std::fs::read(place.path(file)).unwrap().len() > 100, "{file}");
    }
}

/// Width, height and pixels of a PNG picture.
fn picture(path: &std::path::Path) -> (usize, usize, Vec<[u8; 3]>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let pixels = bytes.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    (info.width as usize, info.height as usize, pixels)
}

/// Pixels of the colour of bars in the upper part, where PSTHs lie, and in the lower, where the
/// histogram does.
fn bars(recording: &Recording) -> (usize, usize) {
    let place = Workplace::holding(recording);
    place.strf("inspect data.h5 --plot").done();
    let (width, height, pixels) = picture(&place.path("data.png"));
    assert_eq!(pixels.len(), width * height);
    let blue = |pixels: &[[u8; 3]]| pixels.iter().filter(|p| **p == [0, 114, 178]).count();
    let (upper, lower) = pixels.split_at(width * (height * 7 / 10));
    (blue(upper), blue(lower))
}

#[test]
fn a_picture_is_drawn_of_any_recording() {
    let (psth, histogram) = bars(&unequal());
    assert!(psth > 1000 && histogram > 1000, "{psth} {histogram}");

    let mut single = recording();
    for clip in &mut single.clips {
        clip.responses = clip.responses.slice(s![.., ..1, ..]).to_owned();
    }
    let (psth, histogram) = bars(&single);
    assert!(psth > 1000 && histogram == 0, "{psth} {histogram}");

    let one = strf::preparation::keep_neurons(recording(), &[2]);
    let (psth, histogram) = bars(&one);
    assert!(psth > 1000 && histogram > 1000, "{psth} {histogram}");

    let mut nothing = recording();
    nothing.frequencies_hz = None;
    for clip in &mut nothing.clips {
        clip.responses.fill(f32::NAN);
    }
    assert_eq!(bars(&nothing), (0, 0));
}

/// A folder with [`unequal`] and a run file of a small model.
fn place() -> Workplace {
    let place = Workplace::holding(&unequal());
    place.write("run.toml", &run_file(LN, "epochs = 2"));
    place
}

fn train(place: &Workplace, neurons: &str, out: &str) -> Ran {
    place.strf(&format!("train run.toml --out {out} --set data.neurons={neurons}"))
}

/// A reliability that a1 exceeds and c3 does not, and b2 has none.
fn limit() -> f64 {
    let all = qualities(&unequal()).unwrap();
    let (a, c) = (all[0].reliability, all[2].reliability);
    assert!(a > c + 0.01 && all[1].reliability.is_nan(), "{all:?}");
    (f64::midpoint(a, c) * 1000.0).round() / 1000.0
}

/// The neurons that a run was trained on.
fn trained(place: &Workplace, run: &str) -> Value {
    let text = place.read(&format!("{run}/model/metadata.json"));
    serde_json::from_str::<Value>(&text).unwrap()["neurons"].clone()
}

#[test]
fn a_run_keeps_the_neurons_whose_quality_fits_and_says_how_many() {
    let place = place();
    let limit = limit();
    let said = train(&place, &format!("{{reliability=\">{limit}\"}}"), "runs/above").done();
    let note = format!(
        "1 of 3 neurons has reliability > {limit}; 2 left out (reliability is undefined for 1)"
    );
    assert!(said.stderr.lines().any(|line| line == note), "{}", said.stderr);
    assert_eq!(trained(&place, "runs/above"), serde_json::json!(["a1"]));

    let wanted = format!("{{reliability=\"<={limit}\",area=\"A1\",repeats=3,depth_um=\">=900\"}}");
    train(&place, &wanted, "runs/below").done();
    assert_eq!(trained(&place, "runs/below"), serde_json::json!(["c3"]));
    train(&place, "{depth_um=\"<500\"}", "runs/shallow").done();
    assert_eq!(trained(&place, "runs/shallow"), serde_json::json!(["a1", "b2"]));
}

#[test]
fn the_run_folder_reproduces_a_run_that_selects_by_quality() {
    let place = place();
    let limit = limit();
    train(&place, &format!("{{reliability=\">={limit}\"}}"), "runs/first").done();
    let config = place.read("runs/first/config.toml");
    let line = format!("neurons = {{ reliability = \">={limit}\" }}");
    assert!(config.contains(&line), "{config}");
    place.strf("train runs/first/config.toml --out runs/second").done();
    let weights = |run: &str| place.path(&format!("runs/{run}/model/model.safetensors"));
    assert!(same_bytes(&weights("first"), &weights("second")));
}

#[test]
fn a_run_that_selects_by_quality_is_used_with_the_neurons_it_was_trained_on() {
    let place = place();
    train(&place, &format!("{{reliability=\">{}\"}}", limit()), "run").done();
    assert_eq!(trained(&place, "run"), serde_json::json!(["a1"]));
    // Here a1 is not reliable, and b2 is.
    let mut other = recording();
    for clip in &mut other.clips {
        clip.responses.slice_mut(s![0, 1.., ..]).fill(f32::NAN);
    }
    place.write_data("other.h5", &other);
    for data in ["", "--data other.h5"] {
        place.strf(&format!("eval run {data} --out scores --force")).done();
        assert_eq!(place.csv("scores/scores.csv")["neuron"], ["a1"]);
        place.strf(&format!("predict run {data} --force")).done();
    }
    place.strf("export-strfs run --format csv").done();
    assert!(place.csv("run/strfs/strfs.csv")["neuron"].iter().all(|neuron| neuron == "a1"));
}

#[test]
fn an_attribute_goes_before_a_quality_of_its_name() {
    let mut recording = unequal();
    for (neuron, snr) in recording.neurons.iter_mut().zip(["1", "7.5", "3"]) {
        neuron.attributes.insert("snr".into(), snr.into());
    }
    let place = Workplace::holding(&recording);
    place.write("run.toml", &run_file(LN, "epochs = 1"));
    train(&place, "{snr=\">2\"}", "run").done();
    assert_eq!(trained(&place, "run"), serde_json::json!(["b2", "c3"]));
}

/// Fails unless training on these neurons is refused with this line, and writes nothing.
#[track_caller]
fn refused(neurons: &str, problem: &str) {
    let place = place();
    train(&place, neurons, "run").refused(&format!("data.h5: 1 problem\n  {problem}"));
    assert!(!place.path("run").exists());
}

#[test]
fn selections_that_cannot_be_compared_say_what_there_is() {
    refused(
        "{relability=\">0.1\"}",
        "data.neurons: found \"relability\", expected an attribute that a neuron has, or a quality \
         (did you mean reliability? attributes: \"area\", \"depth_um\"; qualities: repeats, bins, \
         mean, rate_hz, signal_power, noise_power, snr, cc_max, cc_max_squared and reliability)",
    );
    refused(
        "{area=\">3\"}",
        "data.neurons: found area = \">3\", but area is no number, expected a text of area without \
         < or > (area is one of \"A1\")",
    );
    refused(
        "{snr=\"high\"}",
        "data.neurons: found snr = \"high\", expected a comparison such as snr = \">0.1\"",
    );
    refused(
        "{depth_um=\">1e3\",rate_hz=\">0\"}",
        "data.neurons: found no neuron with depth_um > 1000, rate_hz > 0, expected 1 neuron or more \
         (depth_um goes from 250 to 900; rate_hz is undefined for all 3)",
    );
    let all = qualities(&unequal()).unwrap();
    let short = |value: f64| format!("{value:.3e}").parse::<f64>().unwrap();
    let (low, high) = (short(all[2].reliability), short(all[0].reliability));
    refused(
        "{reliability=\">2\"}",
        &format!(
            "data.neurons: found no neuron with reliability > 2, expected 1 neuron or more \
             (reliability goes from {low} to {high}, undefined for 1)"
        ),
    );
}

#[test]
fn a_comparison_with_no_number_is_refused_where_it_is_written() {
    let place = place();
    place.write(
        "bad.toml",
        "[data]\nfile = \"data.h5\"\nneurons = { snr = \">abc\" }\n[model]\ntype = \"ln\"\n",
    );
    place.strf("train bad.toml").refused(
        "bad.toml: 1 problem\n  3:11 data.neurons: found snr = \">abc\", expected a number behind > \
         >= < or <=, such as \">0.1\"\n    3 | neurons = { snr = \">abc\" }\n      |           ^^^^^^^^^^^^^^^^",
    );
}

#[test]
fn qualities_are_of_the_selected_stimuli() {
    let mut recording = unequal();
    // Of b2 nothing but the clips of noise has repeats.
    for clip in recording.clips.iter_mut().filter(|c| c.stimulus.attributes["type"] == "noise") {
        clip.responses.slice_mut(s![1, .., ..]).fill(1.0);
        clip.responses.slice_mut(s![1, .., ..7]).fill(4.0);
    }
    let place = Workplace::holding(&recording);
    place.write("run.toml", &run_file(LN, "epochs = 1"));
    train(&place, "{reliability=\">0.999\"}", "run").done();
    assert_eq!(trained(&place, "run"), serde_json::json!(["b2"]));
    let songs = place.strf(
        "train run.toml --out songs --set data.neurons={reliability=\">0.999\"} \
         --set data.stimuli={type=\"song\"} --set data.split={train=0.6,valid=0.2,test=0.2}",
    );
    assert_eq!(songs.status, Some(2), "{}", songs.stderr);
    assert!(songs.stderr.contains("found no neuron with reliability > 0.999"), "{}", songs.stderr);
}
