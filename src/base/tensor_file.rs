//! Tensors by name in the safetensors format.
use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Result as TensorResult, Tensor};

use super::error::{Error, Result};
use super::files;

/// The bytes of a file with these tensors and at most one text beside them; more than one would
/// come in an order of its own in every run.
pub fn bytes(tensors: &BTreeMap<String, Tensor>, text: Option<(&str, &str)>) -> Result<Vec<u8>> {
    let entries = text.map(|(name, text)| [(name.to_owned(), text.to_owned())].into());
    safetensors::serialize(tensors, entries)
        .map_err(|source| Error::failed("putting tensors into a file", source))
}

/// The tensors of a file's bytes.
pub fn parse(bytes: &[u8]) -> TensorResult<BTreeMap<String, Tensor>> {
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    Ok(tensors.into_iter().collect())
}

/// Reads a file.
pub fn read(path: &Path) -> Result<BTreeMap<String, Tensor>> {
    let shown = path.display();
    let bytes =
        files::bytes(path).map_err(|source| Error::file(format!("reading {shown}"), source))?;
    let damaged = "it is truncated, damaged or no safetensors file; copy it again or train anew";
    parse(&bytes).map_err(|source| Error::file(format!("{shown}: {damaged}"), source))
}
