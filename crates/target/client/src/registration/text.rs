//! Text in the block: two strings one after the other in a [`TextPayload`].
#![expect(unsafe_code, reason = "copies bytes into and out of the block")]

use core::sync::atomic::{AtomicU16, Ordering};

use wer_abi::registration::{MODULE_CHECK_OFFSET, PAYLOAD_BYTES, TextPayload, check_word};

/// Bytes for both strings together. The limits of every kind (in UTF-16 units) leave room to spare.
pub(super) const TEXT_BYTES: usize = PAYLOAD_BYTES - size_of::<[AtomicU16; 2]>();

/// Writes both strings; what does not fit is cut. Only the holder of the lock calls it, on an entry that is withdrawn.
pub(super) fn write(payload: *mut TextPayload, first: &str, second: &str) {
    let first = first.as_bytes().get(..first.len().min(TEXT_BYTES)).unwrap_or_default();
    let room = TEXT_BYTES - first.len();
    let second = second.as_bytes().get(..second.len().min(room)).unwrap_or_default();
    let target = bytes_of(payload);
    // SAFETY: both strings together are at most TEXT_BYTES long, and nobody else writes here.
    unsafe { target.copy_from_nonoverlapping(first.as_ptr(), first.len()) };
    let target = target.wrapping_add(first.len());
    // SAFETY: as above; `target` is where the first string ends.
    unsafe { target.copy_from_nonoverlapping(second.as_ptr(), second.len()) };
    let (first_bytes, second_bytes) = lengths(payload);
    first_bytes.store(first.len() as u16, Ordering::Relaxed);
    second_bytes.store(second.len() as u16, Ordering::Relaxed);
}

/// What the index knows a text by.
pub(super) fn key(text: &str) -> u64 {
    u64::from(check_word(&[], text.as_bytes()))
}

/// Calls `use_bytes` with both strings as they lie there. For the holder of the lock.
pub(super) fn with_bytes<T>(payload: *mut TextPayload, use_bytes: impl FnOnce(&[u8]) -> T) -> T {
    let (first, second) = lengths(payload);
    let both = usize::from(first.load(Ordering::Relaxed)) + usize::from(second.load(Ordering::Relaxed));
    let start = bytes_of(payload).cast_const();
    // SAFETY: at most TEXT_BYTES bytes of the payload, which only holders of the lock write.
    use_bytes(unsafe { core::slice::from_raw_parts(start, both.min(TEXT_BYTES)) })
}

/// Writes the check word of a module behind its path.
pub(super) fn write_module_check(payload: *mut TextPayload, check: u32) {
    let place = bytes_of(payload).wrapping_add(MODULE_CHECK_OFFSET);
    // SAFETY: four bytes of the payload, beyond the longest path; only the holder of the lock writes here.
    unsafe { place.copy_from_nonoverlapping(check.to_le_bytes().as_ptr(), size_of::<u32>()) };
}

/// Whether the first string is this one. For the holder of the lock.
pub(super) fn first_is(payload: *mut TextPayload, wanted: &str) -> bool {
    let length = usize::from(lengths(payload).0.load(Ordering::Relaxed)).min(TEXT_BYTES);
    let start = bytes_of(payload).cast_const();
    // SAFETY: `length` bytes of the payload, which only holders of the lock write.
    let first = unsafe { core::slice::from_raw_parts(start, length) };
    first == wanted.as_bytes()
}

fn bytes_of(payload: *mut TextPayload) -> *mut u8 {
    // SAFETY: payloads are slots of the block; this computes an address in one.
    let bytes = unsafe { &raw mut (*payload).bytes };
    bytes.cast()
}

fn lengths(payload: *mut TextPayload) -> (&'static AtomicU16, &'static AtomicU16) {
    // SAFETY: payloads are slots of the block, which is never unmapped.
    let first = unsafe { &(*payload).first_bytes };
    // SAFETY: as above.
    let second = unsafe { &(*payload).second_bytes };
    (first, second)
}
