//! How MATLAB files of version 4 to 7 store numbers: types and orders of bytes.
use std::io::{self, Read};

use crate::base::memory;
use crate::import::arrays::value::FromF64;

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// The least significant.
    Little,
    /// The most significant.
    Big,
}

impl ByteOrder {
    /// A whole number of four bytes.
    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The same of two.
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }
}

/// The type in which numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

/// Bytes that are decoded at once.
const PIECE: usize = 1 << 16;

impl Storage {
    /// Bytes of a number.
    pub(super) fn width(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// The numbers in so many bytes of a stream, if there is memory for them; what is held grows with what is
    /// read, whatever a damaged file says.
    pub(super) fn read<T: FromF64>(
        self,
        order: ByteOrder,
        bytes: u64,
        reader: &mut dyn Read,
    ) -> io::Result<Vec<T>> {
        if !bytes.is_multiple_of(self.width() as u64) {
            let width = self.width();
            return Err(io::Error::other(format!("{bytes} bytes for numbers of {width} bytes")));
        }
        let count = usize::try_from(bytes / self.width() as u64).unwrap_or(usize::MAX);
        memory::take_values::<T>(count)?;
        let mut numbers = Vec::new();
        let mut piece = vec![0; PIECE];
        let mut left = bytes;
        while left > 0 {
            let size = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            reader.read_exact(&mut piece[..size])?;
            self.decode(order, &piece[..size], &mut numbers);
            left -= size as u64;
        }
        numbers.shrink_to_fit();
        Ok(numbers)
    }

    /// Appends the numbers that bytes hold.
    #[expect(clippy::cast_precision_loss, reason = "whole numbers of this size are no data")]
    pub(super) fn decode<T: FromF64>(self, order: ByteOrder, bytes: &[u8], into: &mut Vec<T>) {
        macro_rules! decode {
            ($stored:ty, $to_f64:expr) => {{
                let (words, _) = bytes.as_chunks::<{ size_of::<$stored>() }>();
                let to_f64 = |value| T::from_f64($to_f64(value));
                match order {
                    ByteOrder::Little => {
                        into.extend(words.iter().map(|b| to_f64(<$stored>::from_le_bytes(*b))));
                    }
                    ByteOrder::Big => {
                        into.extend(words.iter().map(|b| to_f64(<$stored>::from_be_bytes(*b))));
                    }
                }
            }};
        }
        match self {
            Self::I8 => decode!(i8, f64::from),
            Self::U8 => decode!(u8, f64::from),
            Self::I16 => decode!(i16, f64::from),
            Self::U16 => decode!(u16, f64::from),
            Self::I32 => decode!(i32, f64::from),
            Self::U32 => decode!(u32, f64::from),
            Self::I64 => decode!(i64, |value| value as f64),
            Self::U64 => decode!(u64, |value| value as f64),
            Self::F32 => decode!(f32, f64::from),
            Self::F64 => decode!(f64, std::convert::identity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_orders_and_all_widths_are_read() {
        let read = |storage: Storage, order, bytes: &[u8]| {
            storage.read::<f64>(order, bytes.len() as u64, &mut &bytes[..]).unwrap()
        };
        assert_eq!(read(Storage::I16, ByteOrder::Little, &[0xfe, 0xff, 1, 0]), [-2.0, 1.0]);
        assert_eq!(read(Storage::I16, ByteOrder::Big, &[0xff, 0xfe, 0, 1]), [-2.0, 1.0]);
        assert_eq!(read(Storage::F32, ByteOrder::Big, &[0x3f, 0xc0, 0, 0]), [1.5]);
        assert_eq!(read(Storage::F64, ByteOrder::Little, &(-0.1f64).to_le_bytes()), [-0.1]);
        assert_eq!(read(Storage::U64, ByteOrder::Big, &[0, 0, 0, 0, 0, 0, 1, 2]), [258.0]);
        assert_eq!(read(Storage::U8, ByteOrder::Big, &[200, 0]), [200.0, 0.0]);
        assert_eq!(read(Storage::I8, ByteOrder::Little, &[0x80]), [-128.0]);
    }

    #[test]
    fn more_than_one_piece_is_read_and_less_than_was_said_is_an_error() {
        let bytes: Vec<u8> = (0..40_000u32).flat_map(u32::to_be_bytes).collect();
        let length = bytes.len() as u64;
        let numbers = Storage::U32.read::<f32>(ByteOrder::Big, length, &mut &bytes[..]).unwrap();
        assert_eq!((numbers.len(), numbers[39_999].to_string()), (40_000, "39999".into()));
        let read = |bytes_said| {
            Storage::U32.read::<f32>(ByteOrder::Big, bytes_said, &mut &bytes[..]).unwrap_err()
        };
        assert_eq!(read(length + 4).kind(), io::ErrorKind::UnexpectedEof);
        let too_many = read(u64::MAX - 3).to_string();
        assert!(too_many.contains("of memory, expected at most 90 % of"), "{too_many}");
        assert!(Storage::U32.read::<f32>(ByteOrder::Big, 3, &mut &bytes[..]).is_err());
    }
}
