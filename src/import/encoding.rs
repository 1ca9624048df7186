//! Bytes of a text file as text: UTF-8 or UTF-16, with or without a byte order mark.
use std::path::Path;

use crate::base::error::{Error, Result};
use crate::base::files;

/// What may stand in front of a text.
const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const LITTLE_ENDIAN_MARK: &[u8] = &[0xff, 0xfe];
const BIG_ENDIAN_MARK: &[u8] = &[0xfe, 0xff];

/// The text in a file.
///
/// # Errors
/// The file cannot be read; the inner `None` is a file that is no text.
pub fn read(path: &Path) -> Result<Option<String>> {
    let bytes = files::bytes(path)
        .map_err(|source| Error::file(format!("reading {}", path.display()), source))?;
    Ok(decoded(&bytes))
}

fn decoded(bytes: &[u8]) -> Option<String> {
    let text = if let Some(rest) = bytes.strip_prefix(UTF8_MARK) {
        std::str::from_utf8(rest).ok().map(str::to_owned)
    } else if let Some(rest) = bytes.strip_prefix(LITTLE_ENDIAN_MARK) {
        utf16(rest, u16::from_le_bytes)
    } else if let Some(rest) = bytes.strip_prefix(BIG_ENDIAN_MARK) {
        utf16(rest, u16::from_be_bytes)
    } else if zeros_at(bytes, 1) {
        utf16(bytes, u16::from_le_bytes)
    } else if zeros_at(bytes, 0) {
        utf16(bytes, u16::from_be_bytes)
    } else {
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    };
    text.filter(|text| !text.contains('\0'))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Option<String> = char::decode_utf16(units).map(Result::ok).collect();
    text.filter(|_| rest.is_empty())
}

/// Whether every second byte is zero, from this one on, and no other: digits in UTF-16.
fn zeros_at(bytes: &[u8], first: usize) -> bool {
    let zero = |(place, byte): (usize, &u8)| (*byte == 0) == (place % 2 == first);
    !bytes.is_empty() && bytes.len().is_multiple_of(2) && bytes.iter().enumerate().all(zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_in_every_encoding() {
        let text = "1.5 20\n\n3\n";
        let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(bytes).collect()
        };
        let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        for bytes in [
            text.as_bytes().to_vec(),
            [UTF8_MARK, text.as_bytes()].concat(),
            [LITTLE_ENDIAN_MARK, &little].concat(),
            [BIG_ENDIAN_MARK, &big].concat(),
            little,
            big,
        ] {
            assert_eq!(decoded(&bytes).as_deref(), Some(text), "{bytes:?}");
        }
        assert_eq!(decoded(b"").as_deref(), Some(""));
        assert_eq!(decoded(UTF8_MARK).as_deref(), Some(""));
    }

    #[test]
    fn bytes_of_another_kind_are_no_text() {
        for bytes in [&b"1 2\0\0"[..], b"\xff\xff1", b"\xff\xfe1", b"\xff\xfe\0\xd8", b"\xfc"] {
            assert_eq!(decoded(bytes), None, "{bytes:?}");
        }
    }
}
