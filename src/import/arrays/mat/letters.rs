//! Arrays of letters of MATLAB files as texts, one a row.
use super::storage::ByteOrder;

/// UTF-16 units of letters that are stored as one byte each, or as UTF-8: what gives as many
/// letters as the array has places.
pub(super) fn of_bytes(bytes: &[u8], places: usize) -> Vec<u16> {
    let latin = || bytes.iter().map(|byte| u16::from(*byte)).collect();
    if bytes.len() == places {
        return latin();
    }
    std::str::from_utf8(bytes).map_or_else(|_no_text| latin(), |text| text.encode_utf16().collect())
}

/// Units of UTF-8.
pub(super) fn of_utf8(bytes: &[u8]) -> Vec<u16> {
    String::from_utf8_lossy(bytes).encode_utf16().collect()
}

/// Units of UTF-16.
pub(super) fn of_utf16(bytes: &[u8], order: ByteOrder) -> Vec<u16> {
    bytes.as_chunks().0.iter().map(|unit| order.u16(*unit)).collect()
}

/// Units of UTF-32.
pub(super) fn of_utf32(bytes: &[u8], order: ByteOrder) -> Vec<u16> {
    of_codes(bytes.as_chunks().0.iter().map(|code| order.u32(*code)))
}

/// Units of the letters with these numbers in Unicode.
pub(super) fn of_codes(codes: impl Iterator<Item = u32>) -> Vec<u16> {
    let letters = codes.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    letters.collect::<String>().encode_utf16().collect()
}

/// The rows of an array of letters, which lie column by column. MATLAB fills rows up with blanks.
pub(super) fn rows(dims: &[usize], units: &[u16]) -> Vec<String> {
    let whole = || vec![String::from_utf16_lossy(units)];
    let &[rows, columns] = dims else { return whole() };
    if rows <= 1 || columns == 0 || rows.checked_mul(columns) != Some(units.len()) {
        return whole();
    }
    let row = |row| units[row..].iter().step_by(rows).copied().collect::<Vec<u16>>();
    let text = |row: Vec<u16>| String::from_utf16_lossy(&row).trim_end().to_owned();
    (0..rows).map(row).map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_encoding_are_read() {
        let text = |units: Vec<u16>| String::from_utf16(&units).unwrap();
        assert_eq!(text(of_bytes(b"caf\xe9", 4)), "café");
        assert_eq!(text(of_bytes("café".as_bytes(), 4)), "café");
        assert_eq!(text(of_utf8("日本 é".as_bytes())), "日本 é");
        let utf16 = "é𝄞".encode_utf16();
        let big: Vec<u8> = utf16.clone().flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> = utf16.flat_map(u16::to_le_bytes).collect();
        assert_eq!(text(of_utf16(&big, ByteOrder::Big)), "é𝄞");
        assert_eq!(text(of_utf16(&little, ByteOrder::Little)), "é𝄞");
        let utf32: Vec<u8> = "é𝄞".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert_eq!(text(of_utf32(&utf32, ByteOrder::Little)), "é𝄞");
        assert_eq!(text(of_codes([0x41, 0xffff_ffff].into_iter())), "A\u{fffd}");
    }

    #[test]
    fn rows_are_texts_without_the_blanks_at_their_end() {
        let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
        assert_eq!(rows(&[2, 5], &units("sso2n g 1 ")), ["song1", "s2"]);
        assert_eq!(rows(&[1, 3], &units("a  ")), ["a  "]);
        assert_eq!(rows(&[0, 0], &[]), [""]);
        assert_eq!(rows(&[2, 0], &[]), [""]);
        assert_eq!(rows(&[2, 5], &units("short")), ["short"]);
    }
}
