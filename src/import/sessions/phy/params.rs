//! `params.py`: what was recorded, as lines of Python that give names to values.
use std::path::Path;

use crate::base::error::{Error, Result};
use crate::import::encoding;

/// Name of the file.
pub const PARAMS: &str = "params.py";

/// What `params.py` says.
#[derive(Debug, Clone, PartialEq)]
pub struct PhyParams {
    /// Samples a second.
    pub rate_hz: f64,
    /// Samples of the recording, where the file of its raw data is there.
    pub samples: Option<u64>,
}

impl PhyParams {
    /// Reads the file of a folder; an option may give the rate.
    ///
    /// # Errors
    /// There is no rate.
    pub fn read(folder: &Path, given_hz: Option<f64>) -> Result<Self> {
        let path = folder.join(PARAMS);
        let text =
            if path.is_file() { encoding::read(&path)?.unwrap_or_default() } else { String::new() };
        let lines = Assignments(&text);
        let stored = lines.number("sample_rate");
        let Some(rate_hz) = given_hz.or(stored) else {
            let found = if path.is_file() { "no sample_rate" } else { "no such file" };
            return Err(Error::Refused(format!(
                "{}: found {found}, expected a line such as sample_rate = 30000.; give the rate \
                 with --rate-hz HZ",
                path.display()
            )));
        };
        if !(rate_hz.is_finite() && rate_hz > 0.0) {
            let place =
                if given_hz.is_some() { "--rate-hz".into() } else { path.display().to_string() };
            let found = format!("{place}: found {rate_hz}, expected samples a second, above 0");
            return Err(Error::Refused(found));
        }
        Ok(Self { rate_hz, samples: lines.samples(folder) })
    }
}

/// Lines of `name = value`.
struct Assignments<'a>(&'a str);

impl Assignments<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        let pairs = self.0.lines().filter_map(|line| line.split_once('='));
        let mut right = pairs.filter(|(left, _)| left.trim() == name);
        // As Python has it, the last value counts.
        let right = right.next_back()?.1.trim();
        let quoted = right.starts_with(['\'', '"', '[', 'r']);
        Some(if quoted { right } else { right.split('#').next().unwrap_or(right).trim() })
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.value(name)?.replace('_', "").parse().ok()
    }

    /// The text between the first quotes.
    fn text(&self, name: &str) -> Option<&str> {
        let value = self.value(name)?;
        let quote = value.find(['\'', '"'])?;
        let sign = value[quote..].chars().next()?;
        value[quote + 1..].split(sign).next()
    }

    /// How many samples the file of raw data holds, where it is there.
    fn samples(&self, folder: &Path) -> Option<u64> {
        let (channels, offset) = (self.number("n_channels_dat")?, self.number("offset"));
        let bytes = bytes(self.text("dtype")?)?;
        let several = self.value("dat_path")?.matches(',').count() > 0;
        let path = folder.join(self.text("dat_path")?);
        let length = path.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let (frame, skipped) = ((channels * bytes) as u64, offset.unwrap_or(0.0) as u64);
        (!several && frame > 0).then(|| length.saturating_sub(skipped) / frame)
    }
}

/// Bytes of a value of a type of NumPy.
fn bytes(dtype: &str) -> Option<f64> {
    let name = dtype.trim_start_matches(['<', '>', '=', '|']);
    Some(match name {
        "int8" | "uint8" | "i1" | "u1" => 1.0,
        "int16" | "uint16" | "float16" | "i2" | "u2" | "f2" => 2.0,
        "int32" | "uint32" | "float32" | "i4" | "u4" | "f4" => 4.0,
        "int64" | "uint64" | "float64" | "i8" | "u8" | "f8" => 8.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, given_hz: Option<f64>) -> Result<PhyParams> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(PARAMS), text).unwrap();
        std::fs::write(folder.path().join("raw.bin"), [0; 2 + 8 * 5]).unwrap();
        PhyParams::read(folder.path(), given_hz)
    }

    #[test]
    fn rates_are_read_as_python_writes_them() {
        for line in ["sample_rate = 30000.", "sample_rate=3e4  # Hz\r", "sample_rate = 30_000"] {
            let params =
                read(&format!("# a comment\nhp_filtered = False\n{line}\n"), None).unwrap();
            assert_eq!(params, PhyParams { rate_hz: 30_000.0, samples: None }, "{line}");
        }
        let given = read("sample_rate = 30000.\n", Some(25_000.0)).unwrap();
        assert_eq!(given.rate_hz.to_bits(), 25_000f64.to_bits());
    }

    #[test]
    fn the_length_of_the_recording_is_that_of_its_raw_data() {
        let of = |path: &str| {
            let text =
                format!("dat_path = {path}\nn_channels_dat = 4\ndtype = 'int16'\noffset = 2\n");
            read(&format!("{text}sample_rate = 100\n"), None).unwrap().samples
        };
        assert_eq!(of("'raw.bin'"), Some(5));
        assert_eq!(of("[r\"raw.bin\"]"), Some(5));
        assert_eq!([of("'gone.bin'"), of("['raw.bin', 'b.bin']"), of("''")], [None; 3]);
    }

    #[test]
    fn a_file_without_a_rate_is_refused() {
        let message = read("dtype = 'int16'\n", None).unwrap_err().to_string();
        let want = "params.py: found no sample_rate, expected a line such as sample_rate = 30000.; \
                    give the rate with --rate-hz HZ";
        assert!(message.ends_with(want), "{message}");
        let message = read("sample_rate = 0\n", None).unwrap_err().to_string();
        assert!(message.ends_with("found 0, expected samples a second, above 0"), "{message}");
    }
}
