//! Ctrl-C: noted, so that work can come to an orderly end.
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::{Error, Result};

static PRESSED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C, and a request to terminate, are noted instead of ending the program.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| PRESSED.store(true, Ordering::Relaxed))
        .map_err(|source| Error::failed("listening for Ctrl-C", source))
}

/// Whether it was pressed.
pub fn pressed() -> bool {
    PRESSED.load(Ordering::Relaxed)
}
