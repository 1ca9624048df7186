//! What several test modules need.
pub mod combinations;
pub mod compare;
pub mod drawn;
pub mod golden;
pub mod npz;
pub mod runs;
pub mod sounds;

use std::path::{Path, PathBuf};

/// `../shared/data`, which holds a real recording. Tests that need it are ignored unless asked for,
/// and their names end in `of_the_real_recording`, by which `make test` finds them.
pub fn shared() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    assert!(folder.is_dir(), "{} is not there", folder.display());
    folder
}
