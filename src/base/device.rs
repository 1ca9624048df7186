//! Where tensors live.
use std::fmt;

use candle_core::Device;

use super::error::{Error, Result};

/// Where to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceName {
    /// On the processor.
    Cpu,
    /// On the CUDA device with this number.
    Cuda(usize),
}

impl DeviceName {
    /// The device that `cpu`, `cuda` or `cuda:N` names.
    pub fn from_word(word: &str) -> Option<Self> {
        let all_digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        match word {
            "cpu" => Some(Self::Cpu),
            "cuda" => Some(Self::Cuda(0)),
            _ => {
                let number = word.strip_prefix("cuda:").filter(all_digits).map(str::parse);
                number.and_then(Result::ok).map(Self::Cuda)
            }
        }
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(0) => write!(f, "cuda"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

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

/// The graphics processors that the program can use, one at least.
///
/// # Errors
/// The program was built without CUDA, or the first one cannot be used.
pub fn usable_gpus() -> Result<Vec<DeviceName>> {
    let first = DeviceName::Cuda(0);
    open(first)?;
    let rest = (1..MOST_GPUS).map(DeviceName::Cuda).take_while(|name| open(*name).is_ok());
    Ok(std::iter::once(first).chain(rest).collect())
}

/// More are not looked for.
const MOST_GPUS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_are_read_and_written() {
        for word in ["cpu", "cuda", "cuda:3"] {
            assert_eq!(DeviceName::from_word(word).map(|name| name.to_string()).unwrap(), word);
        }
        for word in ["gpu", "cuda:", "cuda:+1", "cuda:x", "CPU", "cuda:99999999999999999999"] {
            assert_eq!(DeviceName::from_word(word), None, "{word}");
        }
    }
}
