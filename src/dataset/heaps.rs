//! The heaps of an HDF5 file, in which strings of variable length lie, before the library reads them.
//!
//! A heap is a list of objects that follow each other, of which each says how long it is. The
//! library walks along it and stays for ever at an object that claims to take no room, as one does
//! where a damaged list is read out of step. So heaps are looked for in the bytes of a file.
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// How a heap begins: signature, version 1, three bytes that are 0. Its length follows.
const START: [u8; 8] = *b"GCOL\x01\0\0\0";
/// Bytes of [`START`] and the length of the heap; as many stand before each object.
const HEADER: usize = 16;
/// The library begins heaps at multiples of it, and objects in them.
const ALIGNMENT: usize = 8;
/// How far into a file heaps are looked for: a fraction of a second.
const LOOKED_THROUGH_BYTES: u64 = 1 << 26;
/// How much is read at once, a multiple of [`ALIGNMENT`].
const PIECE_BYTES: usize = 1 << 20;

/// Where the first heap begins that has no end, if there is one. Any other fault is left to the
/// library, which says what is wrong.
///
/// # Errors
/// The system cannot read the file.
pub(super) fn endless(path: &Path, superblock: Vec<u8>) -> io::Result<Option<u64>> {
    if !has_long_lengths(&superblock) {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    for at in starts(&mut file)? {
        if !ends(&heap(&mut file, at)?) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Whether lengths take 8 bytes, as all programs have it; a superblock of version 0 or 1 says so in
/// another place than later ones.
fn has_long_lengths(superblock: &[u8]) -> bool {
    let place = match superblock.get(8) {
        Some(0 | 1) => 14,
        _ => 10,
    };
    superblock.get(place) == Some(&8)
}

/// Where heaps begin.
fn starts(file: &mut File) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    for from in (0..LOOKED_THROUGH_BYTES).step_by(PIECE_BYTES) {
        piece.clear();
        file.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
        let words = (from..).step_by(ALIGNMENT).zip(piece.chunks_exact(ALIGNMENT));
        found.extend(words.filter(|(_, word)| *word == START).map(|(at, _)| at));
        if piece.len() < PIECE_BYTES {
            break;
        }
    }
    Ok(found)
}

/// The bytes of the heap that begins there, as far as they lie in the file; of one that claims to be
/// longer than all that is looked through, no more than that.
fn heap(file: &mut File, at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.by_ref().take(HEADER as u64).read_to_end(&mut bytes)?;
    let length = number(&bytes, START.len()).unwrap_or(0);
    let rest = length.min(LOOKED_THROUGH_BYTES).saturating_sub(HEADER as u64);
    file.take(rest).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether the library comes to the end of a heap, or to something that it refuses.
fn ends(heap: &[u8]) -> bool {
    let mut at = HEADER;
    // Less than a header is taken for free space.
    while let Some(object) = heap.get(at..).filter(|object| object.len() >= HEADER) {
        let step = room(object);
        match step.and_then(|step| at.checked_add(step)) {
            Some(next) if next == at => return false,
            Some(next) => at = next,
            None => return true,
        }
    }
    true
}

/// How many bytes an object takes: free space, which has the index 0, counts its header itself. The
/// sums of the library wrap.
fn room(object: &[u8]) -> Option<usize> {
    let size = number(object, 8)?;
    let padded = size.wrapping_add(ALIGNMENT as u64 - 1) & !(ALIGNMENT as u64 - 1);
    let free = object.starts_with(&[0, 0]);
    usize::try_from(if free { size } else { padded.wrapping_add(HEADER as u64) }).ok()
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A heap of objects, index and size each, in 112 bytes.
    fn heap_of(objects: &[(u16, u64)]) -> Vec<u8> {
        let mut heap = START.to_vec();
        heap.extend(112u64.to_le_bytes());
        for (index, size) in objects {
            heap.extend(index.to_le_bytes());
            heap.extend([0; 6]);
            heap.extend(size.to_le_bytes());
            let inside = if *index == 0 { 0 } else { size.next_multiple_of(8).min(64) };
            heap.resize(heap.len() + usize::try_from(inside).unwrap(), b'x');
        }
        heap.resize(112, 0);
        heap
    }

    fn found(file: &[u8]) -> Option<u64> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heaps.h5");
        std::fs::write(&path, file).unwrap();
        let superblock = *b"\x89HDF\r\n\x1a\n\x02\x08\x08\0\0\0\0\0";
        endless(&path, superblock.to_vec()).unwrap()
    }

    #[test]
    fn a_heap_whose_objects_fill_it_ends() {
        assert_eq!(found(&heap_of(&[(1, 5), (2, 16), (0, 40)])), None);
        assert_eq!(found(&heap_of(&[(1, 5), (2, 41)])), None, "a rest that is no object");
        assert_eq!(found(&heap_of(&[(0, 96)])), None, "free space only");
        assert_eq!(found(&heap_of(&[(1, 1 << 40)])), None, "the library refuses it");
        assert_eq!(found(b"GCOL\x01\0\0\0"), None, "cut off");
    }

    #[test]
    fn objects_without_room_are_found_wherever_the_heap_lies() {
        assert_eq!(found(&heap_of(&[(1, 5), (0, 0)])), Some(0));
        assert_eq!(found(&heap_of(&[(3, u64::MAX - 15)])), Some(0));
        let mut late = vec![0; PIECE_BYTES + 64];
        late.extend(heap_of(&[(1, 5), (0, 72)]));
        late.extend(heap_of(&[(1, 8), (0, 0)]));
        assert_eq!(found(&late), Some(PIECE_BYTES as u64 + 64 + 112));
    }

    #[test]
    fn lengths_of_four_bytes_are_left_to_the_library() {
        let old = b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0";
        assert!(has_long_lengths(old));
        assert!(!has_long_lengths(b"\x89HDF\r\n\x1a\n\x02\x08\x04\0"));
        assert!(!has_long_lengths(b""));
    }
}
