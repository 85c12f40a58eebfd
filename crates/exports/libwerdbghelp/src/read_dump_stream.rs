//! `MiniDumpReadDumpStream`: finds a stream in a dump that the caller has mapped.
//!
//! It is not told how large the mapping is. The header must be there; the directory is looked through only where the
//! header puts it, up to [`MAX_STREAMS`] entries; no stream is touched.
#![expect(unsafe_code, reason = "C export: pointers come from the caller")]

use core::ffi::c_void;

use wer_abi::Hresult;

use crate::answer;

/// `MINIDUMP_SIGNATURE`.
const SIGNATURE: u32 = u32::from_le_bytes(*b"MDMP");
/// `MINIDUMP_VERSION`, the low half of a header's version.
const VERSION: u16 = 42_899;
/// Entries of a directory that are looked at. Dumps have a few dozen; one that says more is damaged.
const MAX_STREAMS: u32 = 4096;
/// Bytes of a header.
const HEADER_BYTES: u32 = 32;
/// Bytes of a directory entry.
const ENTRY_BYTES: u32 = 12;

/// The first words of a header, as far as they are used.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct Header {
    signature: u32,
    version: u32,
    streams: u32,
    directory: u32,
}

/// A directory entry.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct Entry {
    stream_type: u32,
    size: u32,
    position: u32,
}

const _: () = assert!(size_of::<Entry>() == ENTRY_BYTES as usize);

const NOT_FOUND: Hresult = Hresult::E_INVALIDARG;

#[unsafe(no_mangle)]
unsafe extern "C" fn MiniDumpReadDumpStream(
    base: *mut c_void,
    stream_number: u32,
    directory: *mut *mut c_void,
    stream: *mut *mut c_void,
    size: *mut u32,
) -> i32 {
    answer(|| {
        // SAFETY: null, or a dump that the caller has mapped.
        let (place, entry) = unsafe { find(base, stream_number) }.ok_or(NOT_FOUND)?;
        // SAFETY: null or writable by the function's contract.
        unsafe { store(directory, place) };
        // SAFETY: as above.
        unsafe { store(stream, base.wrapping_byte_add(entry.position as usize)) };
        // SAFETY: as above.
        unsafe { store(size, entry.size) };
        Ok(())
    })
}

/// The first entry of a type, and where it is.
///
/// # Safety
/// `base` is null or leads to at least a header's bytes, and to the directory that the header names.
unsafe fn find(base: *mut c_void, stream_type: u32) -> Option<(*mut c_void, Entry)> {
    if base.is_null() {
        return None;
    }
    // SAFETY: a header's bytes, by the caller's promise.
    let header = unsafe { base.cast::<Header>().read_unaligned() };
    let is_dump = header.signature == SIGNATURE && header.version as u16 == VERSION;
    if !is_dump || header.streams > MAX_STREAMS || header.directory < HEADER_BYTES {
        return None;
    }
    header.directory.checked_add(header.streams * ENTRY_BYTES)?;
    for index in 0..header.streams {
        let place = base.wrapping_byte_add((header.directory + index * ENTRY_BYTES) as usize);
        // SAFETY: within the directory, by the caller's promise.
        let entry = unsafe { place.cast::<Entry>().read_unaligned() };
        if entry.stream_type == stream_type {
            let is_within = entry.position.checked_add(entry.size).is_some();
            let has_place = entry.position >= HEADER_BYTES || entry.size == 0;
            return (is_within && has_place).then_some((place, entry));
        }
    }
    None
}

/// Writes through an optional out-pointer.
///
/// # Safety
/// `target` is null or leads to a writable `T`.
unsafe fn store<T>(target: *mut T, value: T) {
    if !target.is_null() {
        // SAFETY: not null, so writable by the caller's promise; an unaligned one is written all the same.
        unsafe { target.write_unaligned(value) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(words: &[u32]) -> Vec<u8> {
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(bytes.len().max(128), 0);
        bytes
    }

    fn found(words: &[u32], stream_type: u32) -> Option<(u32, u32)> {
        let mut bytes = dump(words);
        // SAFETY: header and directory lie within the bytes in every test.
        let found = unsafe { find(bytes.as_mut_ptr().cast(), stream_type) };
        found.map(|(_, entry)| (entry.size, entry.position))
    }

    #[test]
    fn the_first_stream_of_a_type_is_found() {
        let good = [SIGNATURE, 0xA793, 3, 32, 0, 0, 0, 0, 3, 8, 80, 7, 4, 90, 7, 5, 96];
        assert_eq!(found(&good, 7), Some((4, 90)));
        assert_eq!(found(&good, 3), Some((8, 80)));
        assert_eq!(found(&good, 9), None);
        let with_high_version = [SIGNATURE, 0xA063_A793, 1, 32, 0, 0, 0, 0, 3, 8, 80];
        assert_eq!(found(&with_high_version, 3), Some((8, 80)));
    }

    #[test]
    fn what_is_no_dump_has_no_streams() {
        for bad in [
            [0, 0xA793, 1, 32, 0, 0, 0, 0, 3, 8, 80],
            [SIGNATURE, 1, 1, 32, 0, 0, 0, 0, 3, 8, 80],
            [SIGNATURE, 0xA793, u32::MAX, 32, 0, 0, 0, 0, 3, 8, 80],
            [SIGNATURE, 0xA793, 1, 4, 0, 0, 0, 0, 3, 8, 80],
            [SIGNATURE, 0xA793, 2, u32::MAX, 0, 0, 0, 0, 3, 8, 80],
            [SIGNATURE, 0xA793, 1, 32, 0, 0, 0, 0, 3, 8, u32::MAX],
            [SIGNATURE, 0xA793, 1, 32, 0, 0, 0, 0, 3, 8, 16],
        ] {
            assert_eq!(found(&bad, 3), None, "{bad:x?}");
        }
        // SAFETY: null is allowed.
        assert!(unsafe { find(core::ptr::null_mut(), 3) }.is_none());
    }
}
