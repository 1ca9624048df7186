//! Where tensors live.
use candle_core::Device;

use crate::config::DeviceName;
use crate::error::{Error, Result};

/// The device that `train.device` names.
///
/// # Errors
/// It is not there, or the program was built without it.
pub fn open(name: DeviceName) -> Result<Device> {
    let number = match name {
        DeviceName::Cpu => return Ok(Device::Cpu),
        DeviceName::Cuda(number) => number,
    };
    if !candle_core::utils::cuda_is_available() {
        return Err(Error::Refused(format!(
            "train.device: found \"{name}\", expected \"cpu\": this program was built without CUDA \
             (build it with `cargo build --release --features cuda`)"
        )));
    }
    Device::new_cuda(number).map_err(|source| {
        let what = format!("train.device: found \"{name}\", but that device cannot be used");
        Error::file(format!("{what}; take another or \"cpu\""), source)
    })
}
