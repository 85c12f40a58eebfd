//! Handles in general: `CloseHandle`, `DuplicateHandle`, `WaitForSingleObject`, `Sleep`.
#![expect(unsafe_code, reason = "a HANDLE carries descriptor numbers that this process owns")]

use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use wer_abi::Handle;
use wer_abi::handle::HandleKind;

use crate::error::Win32Error;
use crate::event;
use crate::host_request;

/// `INFINITE`.
pub const INFINITE: u32 = u32::MAX;
/// `DUPLICATE_CLOSE_SOURCE`.
pub const DUPLICATE_CLOSE_SOURCE: u32 = 1;

/// What `WaitForSingleObject` answers, apart from failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum WaitResult {
    /// `WAIT_OBJECT_0`.
    Signaled = 0,
    /// `WAIT_TIMEOUT`.
    Timeout = 258,
}

/// A descriptor that a handle names, for the length of one call.
pub(crate) fn borrow(descriptor: u16) -> BorrowedFd<'static> {
    // SAFETY: the number is not -1. Whether it is still open is the holder of the handle's affair, as on Windows;
    // the kernel answers EBADF otherwise.
    unsafe { BorrowedFd::borrow_raw(i32::from(descriptor)) }
}

/// Gives a descriptor away into a handle's 16 bits.
///
/// # Errors
/// [`Win32Error::TOO_MANY_OPEN_FILES`] for a descriptor above 65,535, which is closed.
pub(crate) fn into_number(descriptor: OwnedFd) -> Result<u16, Win32Error> {
    use std::os::fd::AsRawFd;
    let number = u16::try_from(descriptor.as_raw_fd()).map_err(|_| Win32Error::TOO_MANY_OPEN_FILES)?;
    let _ = descriptor.into_raw_fd();
    Ok(number)
}

/// `CloseHandle`. Pseudo handles and thread handles own nothing; closing them succeeds.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`] for a number that is no handle, or one already closed.
pub fn close_handle(handle: Handle) -> Result<(), Win32Error> {
    match handle.kind().ok_or(Win32Error::INVALID_HANDLE)? {
        HandleKind::CurrentProcess | HandleKind::CurrentThread | HandleKind::Thread { .. } => Ok(()),
        HandleKind::Process { pidfd, mem_fd } => close(pidfd).and(close(mem_fd)),
        HandleKind::Event { event_fd } => close(event_fd),
        HandleKind::File { file_fd } => close(file_fd),
    }
}

fn close(descriptor: u16) -> Result<(), Win32Error> {
    // A closed number is found out first: std aborts in debug builds when an owned descriptor turns out to be closed.
    rustix::io::fcntl_getfd(borrow(descriptor))?;
    // SAFETY: the handle owned the open descriptor, and its holder gave the handle up by closing it.
    drop(unsafe { OwnedFd::from_raw_fd(i32::from(descriptor)) });
    Ok(())
}

/// `DuplicateHandle` within this process; pseudo handles become real ones. Inside a module host also out of the crashed
/// process: `werfault` is asked for its descriptors, and gives events, and files that are open for reading.
///
/// Handles cannot be put into another process here: its descriptors are its own.
///
/// # Errors
/// [`Win32Error::NOT_SUPPORTED`] when source or target is another process, [`Win32Error::INVALID_HANDLE`],
/// [`Win32Error::ACCESS_DENIED`] for what `werfault` does not give, and what the kernel answers.
pub fn duplicate_handle(
    source_process: Handle,
    source: Handle,
    target_process: Handle,
    options: u32,
) -> Result<Handle, Win32Error> {
    if let (Some(socket), Some(HandleKind::CurrentProcess)) =
        (host_request::socket_for(source_process), target_process.kind())
    {
        return duplicate_out(socket, source_process, source);
    }
    for process in [source_process, target_process] {
        match process.kind().ok_or(Win32Error::INVALID_HANDLE)? {
            HandleKind::CurrentProcess => {}
            HandleKind::Process { .. } => return Err(Win32Error::NOT_SUPPORTED),
            _ => return Err(Win32Error::INVALID_HANDLE),
        }
    }
    let duplicate = duplicate(source)?;
    if options & DUPLICATE_CLOSE_SOURCE != 0 {
        close_handle(source)?;
    }
    Ok(duplicate)
}

/// A handle of the crashed process, by copies of its descriptors.
fn duplicate_out(socket: BorrowedFd<'_>, process: Handle, source: Handle) -> Result<Handle, Win32Error> {
    let copy = |number| host_request::duplicate(socket, number);
    match source.kind().ok_or(Win32Error::INVALID_HANDLE)? {
        HandleKind::CurrentProcess => duplicate(process),
        HandleKind::CurrentThread => Err(Win32Error::INVALID_HANDLE),
        HandleKind::Thread { .. } => Ok(source),
        HandleKind::Event { event_fd } => Ok(Handle::event(into_number(copy(event_fd)?)?)),
        HandleKind::File { file_fd } => Ok(Handle::file(into_number(copy(file_fd)?)?)),
        HandleKind::Process { pidfd, mem_fd } => process_handle(copy(pidfd)?, copy(mem_fd)?),
    }
}

fn duplicate(source: Handle) -> Result<Handle, Win32Error> {
    match source.kind().ok_or(Win32Error::INVALID_HANDLE)? {
        HandleKind::CurrentProcess => open_current_process(),
        HandleKind::CurrentThread => {
            Ok(Handle::thread(rustix::thread::gettid().as_raw_nonzero().get() as u32))
        }
        HandleKind::Thread { .. } => Ok(source),
        HandleKind::Process { pidfd, mem_fd } => {
            let (pidfd, mem_fd) = (duplicate_descriptor(pidfd)?, duplicate_descriptor(mem_fd)?);
            process_handle(pidfd, mem_fd)
        }
        HandleKind::Event { event_fd } => Ok(Handle::event(into_number(duplicate_descriptor(event_fd)?)?)),
        HandleKind::File { file_fd } => Ok(Handle::file(into_number(duplicate_descriptor(file_fd)?)?)),
    }
}

fn duplicate_descriptor(descriptor: u16) -> Result<OwnedFd, Win32Error> {
    Ok(rustix::io::fcntl_dupfd_cloexec(borrow(descriptor), 3)?)
}

fn open_current_process() -> Result<Handle, Win32Error> {
    let pidfd = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty())?;
    let mem_fd = rustix::fs::open("/proc/self/mem", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    process_handle(pidfd, mem_fd)
}

pub(crate) fn process_handle(pidfd: OwnedFd, mem_fd: OwnedFd) -> Result<Handle, Win32Error> {
    let pidfd = into_number(pidfd)?;
    match into_number(mem_fd) {
        Ok(mem_fd) => Ok(Handle::process(pidfd, mem_fd)),
        Err(error) => close(pidfd).and(Err(error)),
    }
}

/// `WaitForSingleObject` on a process (until it has ended) or an event.
///
/// # Errors
/// [`Win32Error::NOT_SUPPORTED`] for threads and pseudo handles, [`Win32Error::INVALID_HANDLE`].
pub fn wait_for_single_object(handle: Handle, timeout_ms: u32) -> Result<WaitResult, Win32Error> {
    let deadline = deadline_after(timeout_ms);
    match handle.kind().ok_or(Win32Error::INVALID_HANDLE)? {
        // To the module that has ended it, it is at its end.
        HandleKind::Process { .. } if host_request::is_terminated(handle) => Ok(WaitResult::Signaled),
        HandleKind::Process { pidfd, .. } => wait_readable(pidfd, deadline),
        HandleKind::Event { event_fd } => loop {
            let result = wait_readable(event_fd, deadline)?;
            // Another waiter may take an auto-reset event between the two calls.
            if result == WaitResult::Timeout || event::take(event_fd)? {
                return Ok(result);
            }
        },
        _ => Err(Win32Error::NOT_SUPPORTED),
    }
}

fn deadline_after(timeout_ms: u32) -> Option<Instant> {
    (timeout_ms != INFINITE).then(|| Instant::now() + Duration::from_millis(timeout_ms.into()))
}

fn wait_readable(descriptor: u16, deadline: Option<Instant>) -> Result<WaitResult, Win32Error> {
    let descriptor = borrow(descriptor);
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let mut descriptors = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
        match poll(&mut descriptors, timeout.as_ref()) {
            Ok(0) => return Ok(WaitResult::Timeout),
            Ok(_) if descriptors[0].revents().contains(PollFlags::NVAL) => {
                return Err(Win32Error::INVALID_HANDLE);
            }
            Ok(_) => return Ok(WaitResult::Signaled),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// `Sleep`.
pub fn sleep(milliseconds: u32) {
    if milliseconds != INFINITE {
        return std::thread::sleep(Duration::from_millis(milliseconds.into()));
    }
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Handle = Handle::CURRENT_PROCESS;

    #[test]
    fn a_duplicated_pseudo_handle_is_real_and_closes_once() {
        let real = duplicate_handle(ME, ME, ME, 0).unwrap();
        assert_eq!(crate::process_id(real), Ok(std::process::id()));
        let word = 0x5745_5221_u32;
        let mut copy = [0; 4];
        crate::read_process_memory(real, (&raw const word) as u64, &mut copy).unwrap();
        assert_eq!(u32::from_ne_bytes(copy), word);
        assert_eq!(wait_for_single_object(real, 0), Ok(WaitResult::Timeout));
        assert_eq!(close_handle(real), Ok(()));
    }

    #[test]
    fn what_cannot_be_done_says_so() {
        assert_eq!(close_handle(Handle::NULL), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(close_handle(Handle::event(65_535)), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(close_handle(ME), Ok(()));
        let other = Handle::process(60_000, 60_001);
        assert_eq!(duplicate_handle(other, ME, ME, 0), Err(Win32Error::NOT_SUPPORTED));
        assert_eq!(wait_for_single_object(Handle::thread(1), 0), Err(Win32Error::NOT_SUPPORTED));
        assert_eq!(wait_for_single_object(other, 0), Err(Win32Error::INVALID_HANDLE));
    }
}
