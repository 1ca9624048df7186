//! Pictures of a run.
use strf::dataset::{Clip, Recording};

use crate::support::runs::{LN, MODELS, Workplace, recording, run_file};

/// A run of two epochs.
fn trained(recording: &Recording) -> Workplace {
    let place = Workplace::holding(recording);
    place.write("run.toml", &run_file(LN, "epochs = 2"));
    place.strf("train run.toml --out run").done();
    place
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

#[test]
fn all_pictures_of_a_run_are_drawn_as_pixels_or_as_shapes() {
    let place = trained(&recording());
    let ran = place.strf("plot run").done();
    let names = ["learning", "penalties", "ceiling", "prediction", "outputs"];
    let paths = names.map(|name| format!("run/pictures/{name}.png\n"));
    let missing = "strf: warning: no picture adaptation: the model has no prefilter\n";
    assert_eq!((ran.stdout, ran.stderr), (paths.concat(), missing.to_owned()));
    for name in names {
        let bytes = std::fs::read(place.path(&format!("run/pictures/{name}.png"))).unwrap();
        assert!(bytes.starts_with(PNG), "{name}");
    }
    place.strf("plot run --format svg --out drawn prediction").done();
    let svg = place.read("drawn/prediction.svg");
    for text in [">best: ", ">median: ", ">worst: ", ">time (s)<", ">prediction<", ">PSTH<"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
    assert_eq!(std::fs::read_dir(place.path("drawn")).unwrap().count(), 1);
    place.strf("plot run ceiling").refused(
        "run/pictures/ceiling.png: exists already, expected nothing there; give another name, or \
         replace it with --force",
    );
}

#[test]
fn names_in_a_picture_are_text_and_never_markup() {
    let mut recording = recording();
    recording.neurons[0].id = "<script>alert(1)</script>".into();
    let place = trained(&recording);
    place.strf("plot run prediction --format svg").done();
    let svg = place.read("run/pictures/prediction.svg");
    assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;"), "{svg}");
    place.strf("export-strfs run --plot strfs.svg").done();
    let svg = place.read("strfs.svg");
    assert!(svg.contains("&lt;scr") && !svg.contains("<script>"), "{svg}");
}

#[test]
fn locally_linear_fields_of_a_run_are_written_and_drawn() {
    let place = trained(&recording());
    for (format, file) in
        [("hdf5", "run/dstrfs.h5"), ("npz", "run/dstrfs.npz"), ("csv", "run/dstrfs")]
    {
        place.strf(&format!("dstrf run --every-ms 20 --components 3 --format {format}")).done();
        assert!(place.path(file).exists(), "{file}");
    }
    place.strf("dstrf run --every-ms 20 --neurons b2 --out one.h5 --plot one.svg").done();
    let file = hdf5::File::open(place.path("one.h5")).unwrap();
    assert_eq!(file.dataset("strfs").unwrap().shape()[0], 1);
    assert!(place.read("one.svg").contains(">b2<"));
    let refused = |options: &str, message: &str| {
        place.strf(&format!("dstrf run --force {options}")).refused(message);
    };
    let expected = "expected milliseconds above 0, less than a million";
    refused("--every-ms nan", &format!("--every-ms: found NaN, {expected}"));
    refused("--every-ms -5", &format!("--every-ms: found -5, {expected}"));
    assert_eq!(place.strf("dstrf run --components 0").status, Some(2));
}

#[test]
fn the_linear_response_beside_kernels_is_the_mean_that_dstrf_writes() {
    for (name, model) in [MODELS[1], MODELS[6], MODELS[7]] {
        let place = Workplace::holding(&recording());
        place.write("run.toml", &run_file(model, "epochs = 1"));
        place.strf("train run.toml --out run").done();
        place.strf("export-strfs run --linear --out linear.h5").done();
        place.strf("export-strfs run --out plain.h5").done();
        place.strf("dstrf run --components 1 --out mean.h5").done();
        let open = |file: &str| hdf5::File::open(place.path(file)).unwrap();
        let linear = open("linear.h5").dataset("strfs_linear").unwrap().read_dyn::<f32>().unwrap();
        let mean = open("mean.h5").dataset("strfs").unwrap().read_dyn::<f32>().unwrap();
        let mean = mean.index_axis_move(ndarray::Axis(1), 0);
        assert_eq!(linear.shape(), mean.shape(), "{name}");
        let largest = mean.iter().fold(0.0f32, |most, w| most.max(w.abs()));
        assert!(largest > 0.0, "{name}");
        for (got, want) in linear.iter().zip(&mean) {
            assert!((got - want).abs() <= 1e-6 * largest, "{name}: {got}, {want}");
        }
        assert!(open("plain.h5").dataset("strfs_linear").is_err(), "{name}");
        let strfs = |file: &str| open(file).dataset("strfs").unwrap().read_dyn::<f32>().unwrap();
        assert_eq!(strfs("linear.h5"), strfs("plain.h5"), "{name}");
    }
}

#[test]
fn what_a_run_lacks_for_a_picture_is_said() {
    let single = |clip: Clip| Clip {
        responses: clip.responses.slice_move(ndarray::s![.., ..1, ..]),
        ..clip
    };
    let recording = recording();
    let clips = recording.clips.into_iter().map(single).collect();
    let place = trained(&Recording { clips, ..recording });
    let ran = place.strf("plot run").done();
    let lacks = "no picture ceiling: no neuron has a noise ceiling, which takes two repeats of a \
                 test stimulus\n";
    assert!(ran.stderr.contains(lacks), "{}", ran.stderr);
    assert!(!place.path("run/pictures/ceiling.png").exists());
    assert!(place.path("run/pictures/learning.png").exists());
    place.strf("plot nowhere").refused("nowhere: there is no such folder; check the path");
    assert_eq!(place.strf("plot run spectrum").status, Some(2));
}
