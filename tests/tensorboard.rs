//! The events of a run that `TensorBoard` shows.
use crate::support::runs::{LN, MODELS, Workplace, by_steps};

const EVENTS: &str = "run/tensorboard/events.out.tfevents.strf";

/// Where the payloads of the records of a file begin and end.
fn records(bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap());
        let end = 12 + usize::try_from(length).unwrap();
        records.push(&rest[12..end]);
        rest = &rest[end + 4..];
    }
    records
}

/// Every value under a tag: the tag, the byte 0x15 that announces a float, and its 4 bytes.
fn scalars(bytes: &[u8], tag: &str) -> Vec<f32> {
    let head = [tag.as_bytes(), &[0x15]].concat();
    let value = |record: &[u8]| {
        let at = record.windows(head.len()).position(|window| window == head)?;
        let value = &record[at + head.len()..at + head.len() + 4];
        Some(f32::from_le_bytes(value.try_into().unwrap()))
    };
    records(bytes).into_iter().filter_map(value).collect()
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

fn with_board(model: &str, train: &str) -> Workplace {
    let place = Workplace::new();
    let output = "\n[output]\ntensorboard = true\ntensorboard_pictures = 2\n";
    place.write("run.toml", &(by_steps(model, train) + output));
    place
}

#[test]
fn tensorboard_is_told_of_every_epoch_once_whatever_the_sittings() {
    let place = with_board(LN, "epochs = 2");
    place.strf("train run.toml --out run").done();
    // What a kill leaves behind the last state.
    let mut bytes = std::fs::read(place.path(EVENTS)).unwrap();
    bytes.extend_from_slice(&[9, 0, 0, 0, 0]);
    std::fs::write(place.path(EVENTS), bytes).unwrap();
    place.strf("train run.toml --out run --resume --set train.epochs=5").done();

    let bytes = std::fs::read(place.path(EVENTS)).unwrap();
    for (tag, column) in [
        ("loss/train", "train_loss"),
        ("loss/valid", "valid_loss"),
        ("score/valid_cc", "valid_cc"),
        ("lr", "lr"),
    ] {
        let wanted = place.column("run/history.csv", column);
        let got = scalars(&bytes, tag);
        assert_eq!((got.len(), wanted.len()), (5, 5));
        for (got, want) in got.into_iter().zip(wanted) {
            assert!((f64::from(got) - want).abs() <= 1e-7 * want.abs(), "{tag}: {got}, {want}");
        }
    }
    let pictures = records(&bytes).into_iter().filter(|r| contains(r, b"\x89PNG\r\n\x1a\n"));
    assert_eq!(pictures.filter(|record| contains(record, b"strfs")).count(), 2);
}

#[test]
fn the_model_is_the_same_with_and_without_tensorboard() {
    let place = with_board(LN, "epochs = 2");
    place.strf("train run.toml --out run").done();
    place.strf("train run.toml --out plain --set output.tensorboard=false").done();
    let bytes = |file: &str| std::fs::read(place.path(file)).unwrap();
    for file in ["model/model.safetensors", "state/state.safetensors"] {
        assert_eq!(bytes(&format!("run/{file}")), bytes(&format!("plain/{file}")), "{file}");
    }
    assert!(!place.path("plain/tensorboard").exists());
    place.strf("train run.toml --out run --force --set output.tensorboard=false").done();
    assert!(!place.path(EVENTS).exists());
}

#[test]
fn a_model_without_kernels_gets_scalars_and_says_that_it_gets_no_pictures() {
    let place = with_board(MODELS[4].1, "epochs = 2");
    let said = place.strf("train run.toml --out run").done().stderr;
    assert!(said.contains("TensorBoard gets no pictures: the model has no kernels to draw\n"));
    let bytes = std::fs::read(place.path(EVENTS)).unwrap();
    assert_eq!(scalars(&bytes, "loss/train").len(), 2);
    assert!(!contains(&bytes, b"PNG"));
}
