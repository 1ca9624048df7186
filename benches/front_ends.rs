//! How long a minute of 48 kHz sound takes from its WAV file to its cochleagram, by front end.
//!
//! `cargo bench --bench front_ends`; `SECONDS=3600 cargo bench --bench front_ends` for an hour.
#![expect(clippy::expect_used, reason = "a bench stops where it cannot go on")]
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use rand::Rng;
use strf::base::rng;
use strf::config::part::Row;
use strf::frontends::ImportConfig;
use strf::frontends::{Frontend, TABLE};
use strf::sound;

/// Samples a second.
const RATE_HZ: u32 = 48_000;
/// Width of a bin in milliseconds.
const DT_MS: f64 = 5.0;

/// A WAV file of noise, 16 bits.
fn write_noise(path: &Path, seconds: u32) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let bytes = 2 * RATE_HZ * seconds;
    file.write_all(b"RIFF")?;
    file.write_all(&(36 + bytes).to_le_bytes())?;
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
    file.write_all(&RATE_HZ.to_le_bytes())?;
    file.write_all(&(2 * RATE_HZ).to_le_bytes())?;
    file.write_all(b"\x02\0\x10\0data")?;
    file.write_all(&bytes.to_le_bytes())?;
    let mut rng = rng::generator(0, "noise");
    for _ in 0..RATE_HZ * seconds {
        file.write_all(&rng.random::<i16>().to_le_bytes())?;
    }
    file.flush()
}

/// 34 bands where the front end has such a key; else as many as its defaults make.
fn frontend(name: &str, more: &str) -> Frontend {
    let row = TABLE.iter().find(|row| row.part().name == name).expect("a front end");
    let has_bands = row.part().keys.iter().any(|key| key.name == "bands");
    let bands = if has_bands { "bands = 34\n" } else { "" };
    let text = format!("[frontend]\ntype = \"{name}\"\n{bands}{more}");
    let config = ImportConfig::parse(&text, Path::new("bench.toml"), &[]).expect("a section");
    Frontend::new(&config.frontend, DT_MS).expect("a front end")
}

fn front_ends(criterion: &mut Criterion) {
    let seconds = std::env::var("SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("noise.wav");
    write_noise(&path, seconds).expect("a sound file");
    let mut group = criterion.benchmark_group(format!("{seconds} s of sound"));
    group.sample_size(10);
    let mut measure = |name: &str, frontend: &Frontend| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let sound = sound::open(&path).expect("a sound file").sound;
                black_box(frontend.cochleagram(sound).expect("a cochleagram"))
            });
        });
    };
    for row in TABLE {
        measure(row.part().name, &frontend(row.part().name, ""));
    }
    measure("mel, resampled to 32 kHz", &frontend("mel", "rate_hz = 32000.0"));
}

criterion_group!(benches, front_ends);
criterion_main!(benches);
