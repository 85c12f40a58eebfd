//! Descriptors that a process was started with, by their numbers: from a crashing process, or from the kernel.
#![expect(unsafe_code, reason = "taking over a descriptor by its number has no safe form")]

use std::collections::BTreeSet;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

/// Numbers that were taken; each can be taken once.
static TAKEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

/// Takes over an inherited descriptor, closed on exec from now on. `None` when the number is not open, is one of the
/// standard three, or was taken before.
///
/// To be called at the start of the program, before it opens anything: only then is an open number an inherited one.
#[must_use]
pub fn take(number: RawFd) -> Option<OwnedFd> {
    if number <= 2 {
        return None;
    }
    // SAFETY: only asked whether it is open; a number that is not gives an error and nothing else.
    let asked = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::io::fcntl_getfd(asked).ok()?;
    rustix::io::fcntl_setfd(asked, rustix::io::FdFlags::CLOEXEC).ok()?;
    let is_first = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
    if !is_first {
        return None;
    }
    // SAFETY: open, inherited (the caller's promise), and given out once.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::IntoRawFd;

    #[test]
    fn a_descriptor_is_taken_once_and_closed_ones_never() {
        let number = std::fs::File::open("/dev/null").expect("/dev/null").into_raw_fd();
        assert!(take(1).is_none());
        let taken = take(number).expect("it is open");
        assert!(take(number).is_none());
        drop(taken);
        assert!(take(1_000_000).is_none());
    }
}
