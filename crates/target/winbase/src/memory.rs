//! `ReadProcessMemory` and `WriteProcessMemory`: copying between this process and another, or within this one.
//!
//! Another process is reached by its memory descriptor; this one by `process_vm_readv` on itself, so that an address
//! that leads nowhere is an answer and not a fault.
#![expect(unsafe_code, reason = "hands caller's buffers to the kernel, which checks the far address")]

use wer_abi::Handle;
use wer_abi::handle::HandleKind;

use crate::error::Win32Error;

/// A copy that did not reach its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartialCopy {
    /// Bytes copied before it stopped.
    pub bytes: usize,
    /// Why: [`Win32Error::PARTIAL_COPY`] where the memory could not be reached.
    pub error: Win32Error,
}

impl core::fmt::Display for PartialCopy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} after {} bytes", self.error, self.bytes)
    }
}

impl core::error::Error for PartialCopy {}

/// `ReadProcessMemory`: fills `buffer` from `address` on in the process that the handle names.
///
/// # Errors
/// [`PartialCopy`] when not all of it could be read; the bytes before that point are in the buffer.
pub fn read_process_memory(process: Handle, address: u64, buffer: &mut [u8]) -> Result<(), PartialCopy> {
    // SAFETY: the slice is `buffer.len()` writable bytes for the whole call.
    unsafe { read_process_memory_to(process, address, buffer.as_mut_ptr(), buffer.len()) }
}

/// [`read_process_memory`] into memory that need not be initialised.
///
/// # Safety
/// `destination` is `length` writable bytes.
///
/// # Errors
/// As [`read_process_memory`].
pub unsafe fn read_process_memory_to(
    process: Handle,
    address: u64,
    destination: *mut u8,
    length: usize,
) -> Result<(), PartialCopy> {
    copy_all(length, |done| {
        let (near, far) = (destination.wrapping_add(done), address.wrapping_add(done as u64));
        match process.kind() {
            Some(HandleKind::Process { mem_fd, .. }) => {
                // SAFETY: `done < length`, so `near` is `length - done` writable bytes of the caller's.
                let copied =
                    unsafe { libc::pread(i32::from(mem_fd), near.cast(), length - done, far as i64) };
                Ok(copied)
            }
            // SAFETY: as above; `far` is only read, by the kernel.
            Some(HandleKind::CurrentProcess) => Ok(unsafe { copy_within(near, far, length - done, false) }),
            _ => Err(Win32Error::INVALID_HANDLE),
        }
    })
}

/// `WriteProcessMemory`: copies `bytes` to `address` in the process that the handle names.
///
/// # Safety
/// With the pseudo handle of the current process this overwrites this process's own memory: nothing that Rust relies
/// on may lie there. For another process it is safe.
///
/// # Errors
/// [`PartialCopy`] when not all of it could be written; [`Win32Error::ACCESS_DENIED`] where the handle only reads.
pub unsafe fn write_process_memory(process: Handle, address: u64, bytes: &[u8]) -> Result<(), PartialCopy> {
    let length = bytes.len();
    let copied = copy_all(length, |done| {
        let (near, far) = (bytes.as_ptr().wrapping_add(done), address.wrapping_add(done as u64));
        match process.kind() {
            Some(HandleKind::Process { mem_fd, .. }) => {
                // SAFETY: `done < length`, so `near` is `length - done` readable bytes.
                let copied =
                    unsafe { libc::pwrite(i32::from(mem_fd), near.cast(), length - done, far as i64) };
                Ok(copied)
            }
            Some(HandleKind::CurrentProcess) => {
                // SAFETY: the near side is only read; the far side is the caller's promise.
                let copied = unsafe { copy_within(near.cast_mut(), far, length - done, true) };
                Ok(copied)
            }
            _ => Err(Win32Error::INVALID_HANDLE),
        }
    });
    copied.map_err(|stop| match stop.error {
        // A descriptor that was opened for reading only.
        Win32Error::INVALID_HANDLE if matches!(process.kind(), Some(HandleKind::Process { .. })) => {
            PartialCopy { error: Win32Error::ACCESS_DENIED, ..stop }
        }
        _ => stop,
    })
}

/// Repeats a copy that may be short until all is done. `step(done)` answers as a system call does, with `errno` set.
fn copy_all(
    length: usize,
    mut step: impl FnMut(usize) -> Result<isize, Win32Error>,
) -> Result<(), PartialCopy> {
    let mut done = 0;
    while done < length {
        match step(done) {
            Ok(copied) if copied > 0 => done += copied as usize,
            Ok(0) => return Err(PartialCopy { bytes: done, error: Win32Error::PARTIAL_COPY }),
            Ok(_) => match rustix::io::Errno::from_io_error(&std::io::Error::last_os_error()) {
                Some(rustix::io::Errno::INTR) => {}
                errno => {
                    let error = errno.map_or(Win32Error::GEN_FAILURE, Win32Error::from);
                    return Err(PartialCopy { bytes: done, error });
                }
            },
            Err(error) => return Err(PartialCopy { bytes: done, error }),
        }
    }
    Ok(())
}

/// One copy within this process, checked by the kernel: from `far` to `near`, or back when `to_far`.
///
/// # Safety
/// `near` is `length` bytes, writable unless `to_far`; with `to_far`, nothing that Rust relies on lies at `far`.
unsafe fn copy_within(near: *mut u8, far: u64, length: usize, to_far: bool) -> isize {
    let local = libc::iovec { iov_base: near.cast(), iov_len: length };
    let remote = libc::iovec { iov_base: core::ptr::without_provenance_mut(far as usize), iov_len: length };
    let pid = std::process::id() as i32;
    if to_far {
        // SAFETY: both vectors hold one element; the kernel checks the remote range.
        unsafe { libc::process_vm_writev(pid, &raw const local, 1, &raw const remote, 1, 0) }
    } else {
        // SAFETY: both vectors hold one element; `near` is writable by the caller's promise.
        unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_memory_is_copied_and_a_bad_address_is_an_answer() {
        let source = *b"Hello world!";
        let mut copy = [0; 12];
        let address = source.as_ptr() as u64;
        assert_eq!(read_process_memory(Handle::CURRENT_PROCESS, address, &mut copy), Ok(()));
        assert_eq!(copy, source);
        let stop = read_process_memory(Handle::CURRENT_PROCESS, 8, &mut copy).unwrap_err();
        assert_eq!(stop, PartialCopy { bytes: 0, error: Win32Error::PARTIAL_COPY });
    }

    #[test]
    fn a_number_that_is_no_handle_is_refused() {
        let stop = read_process_memory(Handle(42), 0, &mut [0]).unwrap_err();
        assert_eq!(stop.error, Win32Error::INVALID_HANDLE);
        assert_eq!(read_process_memory(Handle::CURRENT_PROCESS, 0, &mut []), Ok(()));
    }

    #[test]
    fn own_memory_is_written() {
        let mut target = [0_u8; 4];
        let address = (&raw mut target) as u64;
        // SAFETY: `target` is a local array that nothing else borrows.
        assert_eq!(unsafe { write_process_memory(Handle::CURRENT_PROCESS, address, b"abcd") }, Ok(()));
        assert_eq!(std::hint::black_box(target), *b"abcd");
    }
}
