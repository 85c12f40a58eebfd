//! Events: `CreateEvent`, `OpenEvent`, `SetEvent`, `ResetEvent`: eventfds, and FIFOs for those with a name
//! ([`crate::named`]). An event is set while there is something to read.
//!
//! Whether an event resets itself is kept in the kernel's object, not here: an auto-reset event is an eventfd in
//! non-blocking mode, or a FIFO of the right mode, so every duplicate of its handle knows.

use std::io::IoSliceMut;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::OFlags;
use rustix::io::{Errno, ReadWriteFlags};
use wer_abi::Handle;
use wer_abi::handle::HandleKind;

use crate::error::Win32Error;
use crate::named::{self, Kind};
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

/// `CreateEvent` with a name: the event, and whether it was there before. One that was stays as it is.
///
/// # Errors
/// [`Win32Error::NOT_SUPPORTED`] in a module host; [`Win32Error::INVALID_HANDLE`] when something else has the name;
/// [`Win32Error::PATH_NOT_FOUND`], [`Win32Error::FILENAME_EXCED_RANGE`] for names that cannot be;
/// [`Win32Error::ACCESS_DENIED`] when the folder of named objects is not the user's own; what the kernel answers.
pub fn create_named_event(
    name: &str,
    manual_reset: bool,
    initially_set: bool,
) -> Result<(Handle, bool), Win32Error> {
    let made = named::create(name, Kind::Event { is_manual_reset: manual_reset }, |fifo| {
        if initially_set {
            rustix::io::write(fifo, &SET)?;
        }
        Ok(())
    })?;
    Ok((Handle::event(into_number(made.descriptor)?), made.existed))
}

/// `OpenEvent`.
///
/// # Errors
/// [`Win32Error::FILE_NOT_FOUND`] when no process has an event of this name; else as [`create_named_event`].
pub fn open_event(name: &str) -> Result<Handle, Win32Error> {
    // How it is reset is the event's own affair.
    let descriptor = named::open(name, Kind::Event { is_manual_reset: false })?;
    Ok(Handle::event(into_number(descriptor)?))
}

/// What makes an event set.
const SET: [u8; 8] = 1_u64.to_ne_bytes();

/// `SetEvent`.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`] for anything but an open event.
pub fn set_event(event: Handle) -> Result<(), Win32Error> {
    let event_fd = borrow(descriptor_of(event)?);
    let mut ready = [PollFd::from_borrowed_fd(event_fd, PollFlags::IN)];
    // Set already: a FIFO must not fill up.
    if poll(&mut ready, Some(&Timespec::default()))? != 0 && ready[0].revents().contains(PollFlags::IN) {
        return Ok(());
    }
    match rustix::io::write(event_fd, &SET) {
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
    let manual_reset = match named::resets_by_hand(borrow(event_fd))? {
        Some(by_hand) => by_hand,
        None => !rustix::fs::fcntl_getfl(borrow(event_fd))?.contains(OFlags::NONBLOCK),
    };
    if manual_reset { Ok(true) } else { clear(event_fd) }
}

/// Takes all that can be read, without waiting; `false` = there was nothing.
fn clear(event_fd: u16) -> Result<bool, Win32Error> {
    // Two that set an event at the same time may both have written.
    let mut counter = [0; 64];
    let cleared = if named::resets_by_hand(borrow(event_fd))?.is_some() {
        rustix::io::read(borrow(event_fd), &mut counter)
    } else {
        let buffers = &mut [IoSliceMut::new(&mut counter)];
        // The offset means "the file's own"; NOWAIT because a manual-reset event blocks readers.
        rustix::io::preadv2(borrow(event_fd), buffers, u64::MAX, ReadWriteFlags::NOWAIT)
    };
    match cleared {
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
    fn an_event_with_a_name_is_the_same_for_all_who_open_it() {
        let _turn = named::nobody_starts_a_child();
        for manual_reset in [false, true] {
            let name = format!("Local\\event-{manual_reset}-{}", std::process::id());
            assert_eq!(open_event(&name), Err(Win32Error::FILE_NOT_FOUND));
            let (event, existed) = create_named_event(&name, manual_reset, true).unwrap();
            assert!(!existed);
            // What it is like is decided when it is made.
            let (again, existed) = create_named_event(&name, !manual_reset, false).unwrap();
            assert!(existed);
            let opened = open_event(&name).unwrap();
            set_event(opened).unwrap();
            assert_eq!(wait_for_single_object(event, INFINITE), Ok(WaitResult::Signaled));
            let next = if manual_reset { WaitResult::Signaled } else { WaitResult::Timeout };
            assert_eq!(wait_for_single_object(again, 0), Ok(next));
            reset_event(event).unwrap();
            assert_eq!(wait_for_single_object(opened, 0), Ok(WaitResult::Timeout));
            for _ in 0..20_000 {
                set_event(event).unwrap();
            }
            reset_event(again).unwrap();
            assert_eq!(wait_for_single_object(opened, 0), Ok(WaitResult::Timeout));
            for handle in [event, again, opened] {
                close_handle(handle).unwrap();
            }
            assert_eq!(open_event(&name), Err(Win32Error::FILE_NOT_FOUND));
        }
    }

    #[test]
    fn only_events_can_be_set() {
        assert_eq!(set_event(Handle::thread(1)), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(reset_event(Handle::NULL), Err(Win32Error::INVALID_HANDLE));
    }
}
