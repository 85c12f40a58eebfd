//! Events: `CreateEvent`, `SetEvent`, `ResetEvent`, as eventfds.
//!
//! Whether an event resets itself is kept in the kernel's object, not here: an auto-reset event is an eventfd in
//! non-blocking mode, so every duplicate of its handle knows.

use std::io::IoSliceMut;

use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::OFlags;
use rustix::io::{Errno, ReadWriteFlags};
use wer_abi::Handle;
use wer_abi::handle::HandleKind;

use crate::error::Win32Error;
use crate::object::{borrow, into_number};

/// `CreateEvent` without name or security attributes.
///
/// # Errors
/// [`Win32Error::TOO_MANY_OPEN_FILES`], [`Win32Error::NOT_ENOUGH_MEMORY`].
pub fn create_event(manual_reset: bool, initially_set: bool) -> Result<Handle, Win32Error> {
    let mode = if manual_reset { EventfdFlags::empty() } else { EventfdFlags::NONBLOCK };
    let descriptor = eventfd(u32::from(initially_set), EventfdFlags::CLOEXEC | mode)?;
    Ok(Handle::event(into_number(descriptor)?))
}

/// `SetEvent`.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`] for anything but an open event.
pub fn set_event(event: Handle) -> Result<(), Win32Error> {
    let event_fd = borrow(descriptor_of(event)?);
    match rustix::io::write(event_fd, &1_u64.to_ne_bytes()) {
        // A full counter is a set event.
        Ok(_) | Err(Errno::AGAIN) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// `ResetEvent`.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`] for anything but an open event.
pub fn reset_event(event: Handle) -> Result<(), Win32Error> {
    clear(descriptor_of(event)?).map(|_| ())
}

/// After a successful wait: takes an auto-reset event, and tells whether this caller got it.
pub(crate) fn take(event_fd: u16) -> Result<bool, Win32Error> {
    let auto_reset = rustix::fs::fcntl_getfl(borrow(event_fd))?.contains(OFlags::NONBLOCK);
    if auto_reset { clear(event_fd) } else { Ok(true) }
}

/// Sets the counter to zero without waiting; `false` = it was zero.
fn clear(event_fd: u16) -> Result<bool, Win32Error> {
    let mut counter = [0; 8];
    let buffers = &mut [IoSliceMut::new(&mut counter)];
    // The offset means "the file's own"; NOWAIT because a manual-reset event blocks readers.
    match rustix::io::preadv2(borrow(event_fd), buffers, u64::MAX, ReadWriteFlags::NOWAIT) {
        Ok(_) => Ok(true),
        Err(Errno::AGAIN) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

fn descriptor_of(event: Handle) -> Result<u16, Win32Error> {
    match event.kind() {
        Some(HandleKind::Event { event_fd }) => Ok(event_fd),
        _ => Err(Win32Error::INVALID_HANDLE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{INFINITE, WaitResult, close_handle, wait_for_single_object};

    #[test]
    fn an_auto_reset_event_wakes_one_wait() {
        let event = create_event(false, false).unwrap();
        assert_eq!(wait_for_single_object(event, 0), Ok(WaitResult::Timeout));
        set_event(event).unwrap();
        set_event(event).unwrap();
        assert_eq!(wait_for_single_object(event, INFINITE), Ok(WaitResult::Signaled));
        assert_eq!(wait_for_single_object(event, 0), Ok(WaitResult::Timeout));
        close_handle(event).unwrap();
    }

    #[test]
    fn a_manual_reset_event_stays_set_until_reset() {
        let event = create_event(true, true).unwrap();
        assert_eq!(wait_for_single_object(event, 0), Ok(WaitResult::Signaled));
        assert_eq!(wait_for_single_object(event, 0), Ok(WaitResult::Signaled));
        reset_event(event).unwrap();
        reset_event(event).unwrap();
        assert_eq!(wait_for_single_object(event, 0), Ok(WaitResult::Timeout));
        close_handle(event).unwrap();
    }

    #[test]
    fn only_events_can_be_set() {
        assert_eq!(set_event(Handle::thread(1)), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(reset_event(Handle::NULL), Err(Win32Error::INVALID_HANDLE));
    }
}
