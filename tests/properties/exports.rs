//! Files that the program writes hold what it had in memory: datasets, predictions, receptive
//! fields in every format, scores.
use std::collections::BTreeMap;
use std::path::Path;

use hdf5::types::VarLenUnicode;
use ndarray::{Array1, Array2, Array3, Array4, Dimension, ShapeBuilder};
use proptest::prelude::*;
use strf::base::files::Existing::Keep;
use strf::dataset::schema::{escape, unescape};
use strf::dataset::{
    Clip, Counts, Entity, Inverse, LevelKind, Recording, SoundLevel, Splits, read, write,
    write_predictions,
};
use strf::scores::{evaluation, rows};
use strf::strf::export::{ExportFormat, export};
use strf::strf::strf_export::{Effect, Method, StrfExport, StrfRows};
use tempfile::TempDir;

use super::{cases, name, names, text};
use crate::support::npz::Npz;

/// Any finite number, or NaN where nothing is known.
fn or_missing() -> impl Strategy<Value = f32> {
    prop_oneof![4 => -1e30f32..1e30, 1 => Just(f32::NAN), 1 => Just(0.0), 2 => (0u8..9).prop_map(f32::from)]
}

/// An array of this shape.
fn array<D: Dimension, Sh: ShapeBuilder<Dim = D> + Clone + std::fmt::Debug + 'static>(
    shape: Sh,
    value: impl Strategy<Value = f32> + 'static,
) -> BoxedStrategy<ndarray::Array<f32, D>> {
    let length = ndarray::Array::<f32, D>::zeros(shape.clone()).len();
    prop::collection::vec(value, length)
        .prop_map(move |values| ndarray::Array::from_shape_vec(shape.clone(), values).unwrap())
        .boxed()
}

/// Attributes with these names.
fn attributes(names: Vec<String>) -> impl Strategy<Value = BTreeMap<String, String>> {
    // An empty attribute is none.
    let value = prop_oneof![name(), (-1e9..1e9).prop_map(|number: f64| number.to_string())];
    prop::collection::vec(value, names.len())
        .prop_map(move |values| names.clone().into_iter().zip(values).collect())
}

fn entities(ids: Vec<String>, attribute_names: Vec<String>) -> impl Strategy<Value = Vec<Entity>> {
    prop::collection::vec(attributes(attribute_names), ids.len()).prop_map(move |attributes| {
        let entities = ids.iter().cloned().zip(attributes);
        entities.map(|(id, attributes)| Entity { id, attributes }).collect()
    })
}

/// Ascending frequencies of bands.
fn frequencies(bands: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.001..9e3, bands).prop_map(|steps| {
        let mut sum = 0.0;
        steps
            .iter()
            .map(|step: &f64| {
                sum += step;
                sum
            })
            .collect()
    })
}

fn clip(stimulus: Entity, bands: usize, neurons: usize) -> BoxedStrategy<Clip> {
    (1..5usize, 1..4usize)
        .prop_flat_map(move |(bins, repeats)| {
            let stimulus = stimulus.clone();
            let sound = array((bands, bins), -1e30f32..1e30);
            (Just(stimulus), sound, array((neurons, repeats, bins), or_missing()))
        })
        .prop_map(|(stimulus, cochleagram, responses)| Clip { stimulus, cochleagram, responses })
        .boxed()
}

/// What cochleagrams are, or nothing.
fn level() -> impl Strategy<Value = Option<SoundLevel>> {
    let kinds: Vec<LevelKind> =
        LevelKind::WORDS.iter().map(|word| LevelKind::from_word(word).unwrap()).collect();
    let inverse = (1.001..1e3, 0.0..1e3, 1e-9..1e9).prop_map(|(base, offset, scale)| Inverse {
        base,
        offset,
        scale,
    });
    let level = (prop::sample::select(kinds), prop::option::of(inverse), any::<bool>());
    prop::option::of(level.prop_map(|(kind, inverse, of_power)| SoundLevel {
        kind,
        inverse,
        of_power,
    }))
}

/// A dataset of at least three stimuli.
fn dataset() -> impl Strategy<Value = Recording> {
    let sizes = (1..4usize, 1..4usize, 3..6usize);
    let parts = sizes.prop_flat_map(|(bands, neurons, stimuli)| {
        let named = (names(neurons), names(2), names(stimuli), names(2));
        named.prop_flat_map(move |(neuron_ids, of_neurons, stimulus_ids, of_stimuli)| {
            // The dataset that holds the ids has this name.
            let of_neurons = of_neurons.into_iter().filter(|name| name != "id").collect();
            let stimuli = entities(stimulus_ids, of_stimuli);
            let clips = stimuli.prop_flat_map(move |stimuli| {
                stimuli.into_iter().map(|one| clip(one, bands, neurons)).collect::<Vec<_>>()
            });
            let neurons = entities(neuron_ids, of_neurons);
            let split = prop::option::of(1..3usize);
            let axes = (0.01..100.0, prop::option::of(frequencies(bands)), level());
            (axes, neurons, clips, split)
        })
    });
    parts.prop_map(|((dt_ms, frequencies_hz, level), neurons, clips, split)| {
        let ids: Vec<String> = clips.iter().map(|clip: &Clip| clip.stimulus.id.clone()).collect();
        let splits = split.map(|at| Splits {
            train: ids[..at].to_vec(),
            valid: ids[at..2].to_vec(),
            test: ids[2..].to_vec(),
        });
        Recording { file: "drawn.h5".into(), dt_ms, level, frequencies_hz, neurons, clips, splits }
    })
}

/// The receptive fields of neurons or of hidden units.
fn strf_export() -> impl Strategy<Value = StrfExport> {
    let sizes = (1..4usize, 1..3usize, 1..4usize, 1..5usize, any::<bool>());
    let parts = sizes.prop_flat_map(|(n, c, f, k, hidden)| {
        let weights = || array((n, c, f, k), or_missing());
        let neurons = if hidden { 2 } else { n };
        (
            (weights(), weights(), names(neurons), Just(hidden)),
            (names(c), prop::option::of(frequencies(f)), frequencies(k)),
            (text(), text(), text()),
        )
    });
    parts.prop_map(|((strfs, effective, neurons, hidden), axes, (title, config, version))| {
        let (channels, frequencies_hz, lags_ms) = axes;
        let rows = if hidden {
            StrfRows::Hidden { count: strfs.dim().0, neurons }
        } else {
            StrfRows::Neurons(neurons)
        };
        let (extras, method, significance) = (Vec::new(), Method::Kernel, None);
        let effect = Effect::Drive;
        StrfExport {
            title,
            strfs,
            effective,
            lags_ms,
            frequencies_hz,
            channels,
            rows,
            extras,
            config,
            version,
            method,
            effect,
            significance,
        }
    })
}

/// Whether two arrays hold the same numbers; NaN is NaN.
fn same<D: Dimension>(a: &ndarray::Array<f32, D>, b: &ndarray::Array<f32, D>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| same_number(*a, *b))
}

fn same_number(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn texts(file: &hdf5::File, name: &str) -> Vec<String> {
    let texts = file.dataset(name).unwrap().read_1d::<VarLenUnicode>().unwrap();
    texts.iter().map(ToString::to_string).collect()
}

/// The rows of a table below its header.
fn table(text: &[u8]) -> Vec<Vec<String>> {
    let rows = csv::Reader::from_reader(text).into_records();
    rows.map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn hdf5_holds(exported: &StrfExport, path: &Path) {
    let file = hdf5::File::open(path).unwrap();
    let strfs = |name| file.dataset(name).unwrap().read::<f32, ndarray::Ix4>().unwrap();
    assert!(same(&strfs("strfs"), &exported.strfs));
    assert!(same(&strfs("strfs_effective"), &exported.effective));
    let numbers = |name| file.dataset(name).unwrap().read_raw::<f64>().unwrap();
    assert_eq!(numbers("lags_ms"), exported.lags_ms);
    assert_eq!(file.link_exists("frequencies"), exported.frequencies_hz.is_some());
    assert!(exported.frequencies_hz.iter().all(|hz| numbers("frequencies") == *hz));
    assert_eq!(texts(&file, "channels"), exported.channels);
    assert_eq!(texts(&file, "neurons/id"), exported.neurons());
    let config = file.dataset("config").unwrap().read_scalar::<VarLenUnicode>().unwrap();
    assert_eq!(config.as_str(), exported.config);
}

fn npz_holds(exported: &StrfExport, path: &Path) {
    let mut npz = Npz::open(path);
    let strfs: Array4<f32> = npz.array("strfs");
    assert!(same(&strfs, &exported.strfs));
    let effective: Array4<f32> = npz.array("strfs_effective");
    assert!(same(&effective, &exported.effective));
    let lags: Array1<f64> = npz.array("lags_ms");
    assert_eq!(lags.to_vec(), exported.lags_ms);
    if let Some(hz) = &exported.frequencies_hz {
        let found: Array1<f64> = npz.array("frequencies");
        assert_eq!(found.to_vec(), *hz);
    }
    let mut letters = |name: &str| -> Vec<String> {
        let member = npz.0.by_name(&format!("{name}.npy")).unwrap();
        npyz::NpyFile::new(member).unwrap().into_vec::<String>().unwrap()
    };
    assert_eq!(letters("channels"), exported.channels);
    assert_eq!(letters("neurons/id"), exported.neurons());
    assert_eq!(letters("config").concat(), exported.config);
}

fn csv_holds(exported: &StrfExport, path: &Path) {
    let rows = table(&std::fs::read(path.join("strfs.csv")).unwrap());
    assert_eq!(rows.len(), exported.strfs.len());
    let weights = exported.strfs.indexed_iter().zip(&exported.effective);
    for ((((n, c, f, k), weight), effective), row) in weights.zip(&rows) {
        let owner = match &exported.rows {
            StrfRows::Neurons(ids) => ids[n].clone(),
            StrfRows::Hidden { .. } => n.to_string(),
        };
        assert_eq!(row[..2], [owner, exported.channels[c].clone()]);
        let band = exported.frequencies_hz.as_ref().map_or(f as f64, |hz| hz[f]);
        let numbers = [&row[2], &row[3]].map(|cell| cell.parse::<f64>().unwrap());
        assert_eq!(numbers.map(f64::to_bits), [band, exported.lags_ms[k]].map(f64::to_bits));
        let weights = [&row[4], &row[5]].map(|cell| cell.parse::<f32>().unwrap());
        assert!(same_number(weights[0], *weight) && same_number(weights[1], *effective), "{row:?}");
    }
    let config = std::fs::read_to_string(path.join("config.toml")).unwrap();
    assert_eq!(config, exported.config);
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn datasets_come_back_from_their_file(
        recording in dataset(),
        counts in prop::sample::select(&[Counts::AsBytes, Counts::AsFloats][..]),
    ) {
        let folder = folder();
        let path = folder.path().join("data.h5");
        write(&path, &recording, counts, Keep, |_| Ok(())).unwrap();
        let found = read(&path).map_err(|e| TestCaseError::fail(e.to_string()))?.recording;
        prop_assert_eq!(found.dt_ms.to_bits(), recording.dt_ms.to_bits());
        prop_assert_eq!(found.level, recording.level);
        prop_assert_eq!(&found.frequencies_hz, &recording.frequencies_hz);
        prop_assert_eq!(&found.neurons, &recording.neurons);
        prop_assert_eq!(&found.splits, &recording.splits);
        prop_assert_eq!(found.clips.len(), recording.clips.len());
        for (found, clip) in found.clips.iter().zip(&recording.clips) {
            prop_assert_eq!(&found.stimulus, &clip.stimulus);
            prop_assert!(same(&found.cochleagram, &clip.cochleagram));
            prop_assert!(same(&found.responses, &clip.responses));
        }
    }

    #[test]
    fn predictions_come_back_from_their_file(recording in dataset()) {
        let folder = folder();
        let path = folder.path().join("predictions.h5");
        let predicted: Vec<Array2<f32>> = recording
            .clips
            .iter()
            .map(|clip| clip.responses.mapv(|x| 0.5 * x).index_axis(ndarray::Axis(1), 0).to_owned())
            .collect();
        let clips = recording.clips.iter().map(|clip| &clip.stimulus).zip(&predicted);
        let clips: Vec<_> = clips.collect();
        write_predictions(&path, &recording, &recording.neuron_ids(), &clips, Keep).unwrap();
        let file = hdf5::File::open(&path).unwrap();
        prop_assert_eq!(texts(&file, "neurons/id"), recording.neuron_ids());
        let stimuli = file.group("stimuli").unwrap();
        let mut ids: Vec<String> =
            stimuli.member_names().unwrap().iter().map(|name| unescape(name)).collect();
        let mut wanted: Vec<String> = clips.iter().map(|(stimulus, _)| stimulus.id.clone()).collect();
        ids.sort();
        wanted.sort();
        prop_assert_eq!(ids, wanted);
        for (stimulus, prediction) in clips {
            let at = format!("{}/prediction", escape(&stimulus.id));
            let found = stimuli.dataset(&at).unwrap().read_2d::<f32>().unwrap();
            prop_assert!(same(&found, prediction), "{}", at);
        }
    }

    #[test]
    fn receptive_fields_come_back_from_every_format(exported in strf_export()) {
        let folder = folder();
        let to = |name: &str| folder.path().join(name);
        export(&exported, ExportFormat::Hdf5, &to("strfs.h5"), Keep).unwrap();
        hdf5_holds(&exported, &to("strfs.h5"));
        export(&exported, ExportFormat::Npz, &to("strfs.npz"), Keep).unwrap();
        npz_holds(&exported, &to("strfs.npz"));
        export(&exported, ExportFormat::Csv, &to("strfs"), Keep).unwrap();
        csv_holds(&exported, &to("strfs"));
    }

    #[test]
    fn scores_come_back_from_their_table(
        ids in names(2),
        clips in prop::collection::vec((1..40usize, 1..4usize, any::<u64>()), 1..4),
    ) {
        let drawn = |seed: u64, i: usize| ((seed >> (i % 57)) & 15) as f32;
        let clips: Vec<(Array2<f32>, Array3<f32>)> = clips
            .into_iter()
            .map(|(bins, repeats, seed)| {
                let responses = |(n, r, t): (usize, usize, usize)| match drawn(seed, 7 * n + 3 * r + t) {
                    15.0 => f32::NAN,
                    count => count,
                };
                (
                    Array2::from_shape_fn((2, bins), |(n, t)| drawn(seed, 5 * n + t) / 7.0),
                    Array3::from_shape_fn((2, repeats, bins), responses),
                )
            })
            .collect();
        let clips: Vec<_> = clips.iter().map(|(p, r)| (p.view(), r.view())).collect();
        let scores = evaluation::score(&ids, &clips).unwrap();
        let found = table(scores.csv().unwrap().as_bytes());
        prop_assert_eq!(found.len(), 2);
        for (n, row) in found.iter().enumerate() {
            let counts = [scores.repeats[n].to_string(), scores.bins[n].to_string()];
            prop_assert_eq!(&row[0], &ids[n]);
            prop_assert_eq!(&row[1..3], &counts[..]);
            prop_assert_eq!(row.len(), 3 + rows::names().len());
            for (name, cell) in rows::names().iter().zip(&row[3..]) {
                let (cell, score): (f64, f64) = (cell.parse().unwrap(), scores.column(name).unwrap()[n]);
                let same = cell.to_bits() == score.to_bits() || (cell.is_nan() && score.is_nan());
                prop_assert!(same, "{} {}: {} became {}", row[0], name, score, cell);
            }
        }
    }
}

/// Names are drawn with letters that formats give a meaning.
#[test]
fn names_are_drawn_from_all_letters() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::new(cases(1));
    let drawn: String = (0..200).map(|_| name().new_tree(&mut runner).unwrap().current()).collect();
    assert!("/%.\\\"', \n".chars().all(|letter| drawn.contains(letter)) && !drawn.is_ascii());
}
