//! Writing an area of the header that has a sequence of its own: odd while it is written.

use core::sync::atomic::{AtomicU32, Ordering, fence};

/// Runs `write` with the area marked as being written. Only the holder of the lock calls it.
pub(super) fn write_area(sequence: &AtomicU32, write: impl FnOnce()) {
    // A writer that was lost half way may have left it odd.
    let writing = sequence.load(Ordering::Relaxed) | 1;
    sequence.store(writing, Ordering::Relaxed);
    fence(Ordering::Release);
    write();
    sequence.store(writing.wrapping_add(1), Ordering::Release);
}
