//! What several test modules need.
pub mod cancelling;
pub mod combinations;
pub mod compare;
pub mod containers;
pub mod drawn;
pub mod golden;
pub mod mat;
pub mod nems;
pub mod npz;
pub mod pages;
pub mod rigs;
pub mod runs;
pub mod scored;
pub mod sessions;
pub mod settings;
pub mod songs;
pub mod sounds;

use std::path::{Path, PathBuf};

use strf::simd::level::Level;

/// `../shared/data`, which holds a real recording. Tests that need it are ignored unless asked for,
/// and their names end in `of_the_real_recording`, by which `make test` finds them.
pub fn shared() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    assert!(folder.is_dir(), "{} is not there", folder.display());
    folder
}

/// Runs a test under every level of vector instructions that this machine has, and says which.
#[expect(clippy::print_stdout, reason = "shows which levels ran")]
pub fn at_every_level(
    test: impl Fn() -> candle_core::Result<()> + Sync,
) -> candle_core::Result<()> {
    for level in Level::available() {
        println!("under {level}");
        level.run(&test).unwrap()?;
    }
    Ok(())
}
