//! What several test modules need.
pub mod combinations;
pub mod compare;
pub mod drawn;
pub mod golden;
pub mod npz;
pub mod runs;
pub mod sounds;

use std::path::{Path, PathBuf};

/// `../shared/data`, where it is there.
pub fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    folder.is_dir().then_some(folder)
}
