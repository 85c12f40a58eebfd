//! What the dump's caller may see and decide while memory is copied. Called on the caller's own thread only.

use crate::range::Range;

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continue {
    /// Go on.
    Yes,
    /// Stop; nothing of the dump is left.
    Cancel,
}

/// What becomes of memory that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The dump does not have it, and says so.
    LeaveOut,
    /// There is no dump without it.
    Fail,
}

/// What the dump's caller may see and decide meanwhile.
pub trait Watcher {
    /// How far it is; at least once in 8 MiB, and at the beginning and the end.
    fn progress(&mut self, done_bytes: u64, total_bytes: u64) -> Continue {
        let _ = (done_bytes, total_bytes);
        Continue::Yes
    }

    /// Before memory is read: `Some(n)` when the caller put the first `n` bytes there itself. What it left out is asked
    /// for again; `Some(0)` means that there is nothing at this address.
    fn before_read(&mut self, address: u64, buffer: &mut [u8]) -> Option<usize> {
        let _ = (address, buffer);
        None
    }

    /// After the first `completed` bytes were read: may alter them. Bytes that the process excluded are zero already,
    /// and are zero again afterwards.
    fn after_read(&mut self, address: u64, buffer: &mut [u8], completed: usize) {
        let _ = (address, buffer, completed);
    }

    /// False: `before_read` and `after_read` are not called, and pages that were never touched are not read.
    fn rewrites_memory(&self) -> bool {
        false
    }

    /// Memory that cannot be read; once for each hole.
    fn unreadable(&mut self, range: Range) -> Unreadable {
        let _ = range;
        Unreadable::LeaveOut
    }
}

/// Looks at nothing, and lets everything happen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ignore;

impl Watcher for Ignore {}
