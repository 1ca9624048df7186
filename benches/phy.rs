//! How long `strf import phy` takes for 10⁸ spikes, and how much memory: 300 clusters over four
//! hours at 30 kHz, 20 sounds of two seconds presented 20 times each. No more than 1 GB is allowed.
//!
//! `cargo bench --bench phy`; `SPIKES=1000000 cargo bench --bench phy` for a hundredth of it.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use npyz::{AutoSerialize, WriteOptions, WriterBuilder};
use rand::Rng;
use strf::base::rng;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CLUSTERS: i32 = 300;
const RATE_HZ: u64 = 30_000;
const SESSION_S: u64 = 4 * 3600;
const SOUNDS: u64 = 20;
const REPEATS: u64 = 20;
/// From one onset to the next.
const STEP_S: u64 = 3;
const SOUND_RATE_HZ: u32 = 32_000;
const SOUND_S: u32 = 2;
/// What may be taken.
const LIMIT_MB: u64 = 1000;

/// Writes a list of NumPy, value by value.
fn write_list<T: AutoSerialize>(
    path: &Path,
    count: u64,
    values: impl Iterator<Item = T>,
) -> Result<()> {
    let file = BufWriter::new(File::create(path)?);
    let options = WriteOptions::<T>::new().default_dtype().shape(&[count]);
    let mut npy = options.writer(file).begin_nd()?;
    npy.extend(values)?;
    npy.finish()?;
    Ok(())
}

/// A WAV file of noise, 16 bits.
fn write_noise(path: &Path, seed: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let bytes = 2 * SOUND_RATE_HZ * SOUND_S;
    file.write_all(b"RIFF")?;
    file.write_all(&(36 + bytes).to_le_bytes())?;
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
    file.write_all(&SOUND_RATE_HZ.to_le_bytes())?;
    file.write_all(&(2 * SOUND_RATE_HZ).to_le_bytes())?;
    file.write_all(b"\x02\0\x10\0data")?;
    file.write_all(&bytes.to_le_bytes())?;
    let mut rng = rng::generator(seed, "noise");
    for _ in 0..SOUND_RATE_HZ * SOUND_S {
        file.write_all(&rng.random::<i16>().to_le_bytes())?;
    }
    Ok(file.flush()?)
}

fn make(folder: &Path, spikes: u64) -> Result<()> {
    fs::create_dir(folder.join("phy"))?;
    fs::create_dir(folder.join("sounds"))?;
    let samples = SESSION_S * RATE_HZ;
    let time = |spike: u64| i64::try_from(spike * samples / spikes).unwrap_or(i64::MAX);
    write_list(&folder.join("phy/spike_times.npy"), spikes, (0..spikes).map(time))?;
    let mut rng = rng::generator(0, "clusters");
    let cluster = |_| rng.random_range(0..CLUSTERS);
    write_list(&folder.join("phy/spike_clusters.npy"), spikes, (0..spikes).map(cluster))?;
    fs::write(folder.join("phy/params.py"), format!("sample_rate = {RATE_HZ}.\n"))?;
    for sound in 0..SOUNDS {
        write_noise(&folder.join(format!("sounds/noise_{sound}.wav")), sound)?;
    }
    let row = |k: u64| format!("{},noise_{}\n", 10 + STEP_S * k, k % SOUNDS);
    let rows: String = (0..SOUNDS * REPEATS).map(row).collect();
    fs::write(folder.join("events.csv"), format!("onset_s,stimulus\n{rows}"))?;
    Ok(())
}

/// The most memory in kB that a process took so far, none once it has ended.
fn peak_kb(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

fn main() -> Result<ExitCode> {
    let spikes = std::env::var("SPIKES").ok().and_then(|text| text.parse().ok());
    let spikes = spikes.unwrap_or(100_000_000);
    let folder = tempfile::tempdir()?;
    make(folder.path(), spikes)?;
    let words = "import phy phy --events events.csv --sounds sounds --out out.h5";
    let mut command = Command::new(env!("CARGO_BIN_EXE_strf"));
    command.current_dir(folder.path()).args(words.split(' ')).stdout(Stdio::null());
    let (start, mut peak) = (Instant::now(), 0);
    let mut child = command.spawn()?;
    while child.try_wait()?.is_none() {
        peak = peak.max(peak_kb(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let (seconds, done) = (start.elapsed().as_secs_f64(), child.wait()?.success());
    let megabytes = peak / 1000;
    println!("| spikes | clusters | presentations | seconds | peak memory | limit |");
    println!("|---|---|---|---|---|---|");
    println!(
        "| {spikes} | {CLUSTERS} | {} | {seconds:.1} | {megabytes} MB | {LIMIT_MB} MB |",
        SOUNDS * REPEATS
    );
    let kept = done && megabytes <= LIMIT_MB;
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
