//! `OpenProcess`: a handle of another process, or a real one of this process.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::io::FdFlags;
use rustix::process::{Pid, PidfdFlags};
use wer_abi::Handle;
use wer_abi::handle::HandleKind;

use crate::error::Win32Error;
use crate::object::{borrow, process_handle};
use crate::process::process_id;

/// `PROCESS_VM_OPERATION`.
pub const PROCESS_VM_OPERATION: u32 = 0x8;
/// `PROCESS_VM_READ`.
pub const PROCESS_VM_READ: u32 = 0x10;
/// `PROCESS_VM_WRITE`.
pub const PROCESS_VM_WRITE: u32 = 0x20;
/// `MAXIMUM_ALLOWED`.
pub const MAXIMUM_ALLOWED: u32 = 0x0200_0000;

/// `OpenProcess`: a pidfd, and the process's memory as far as `access` asks for it. The kernel decides about the memory
/// as it does about tracing; what the other rights allow is decided when they are used. Inside a module host the crashed
/// process has all the rights that the host was given.
///
/// # Errors
/// [`Win32Error::INVALID_PARAMETER`] when there is no such process; [`Win32Error::ACCESS_DENIED`] when its memory was
/// asked for and is not to be had.
pub fn open_process(access: u32, inherit: bool, pid: u32) -> Result<Handle, Win32Error> {
    if let Some(crashed) = crate::host_request::crashed_process(pid) {
        // The host can reach this process by the descriptors that it was given, and by nothing else.
        let own = Handle::CURRENT_PROCESS;
        return crate::duplicate_handle(own, crashed, own, 0);
    }
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Win32Error::INVALID_PARAMETER)?;
    let pidfd = rustix::process::pidfd_open(number, PidfdFlags::empty()).map_err(of_process)?;
    let path = format!("/proc/{pid}/mem");
    let open = |flags| rustix::fs::open(&path, flags | OFlags::CLOEXEC, Mode::empty()).map_err(of_process);
    let memory = match access {
        _ if access & PROCESS_VM_WRITE != 0 => open(OFlags::RDWR)?,
        _ if access & PROCESS_VM_READ != 0 => open(OFlags::RDONLY)?,
        _ if access & MAXIMUM_ALLOWED != 0 => {
            open(OFlags::RDWR).or_else(|_| open(OFlags::RDONLY)).or_else(|_| open(OFlags::PATH))?
        }
        // It names the file and can neither read nor write it.
        _ => open(OFlags::PATH)?,
    };
    let handle = process_handle(pidfd, memory)?;
    // The memory was opened by number: it is the pidfd's process only if that one still has the number now.
    if process_id(handle) != Ok(pid) {
        return crate::close_handle(handle).and(Err(Win32Error::INVALID_PARAMETER));
    }
    if inherit && let Some(HandleKind::Process { pidfd, mem_fd }) = handle.kind() {
        rustix::io::fcntl_setfd(borrow(pidfd), FdFlags::empty())?;
        rustix::io::fcntl_setfd(borrow(mem_fd), FdFlags::empty())?;
    }
    Ok(handle)
}

fn of_process(errno: Errno) -> Win32Error {
    match errno {
        Errno::SRCH | Errno::NOENT | Errno::INVAL => Win32Error::INVALID_PARAMETER,
        _ => errno.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{close_handle, read_process_memory};

    #[test]
    fn a_process_is_opened_with_the_rights_that_were_asked_for() {
        let turn = crate::named::nobody_starts_a_child();
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        drop(turn);
        let pid = child.id();
        let full = open_process(0x1F_FFFF, false, pid).unwrap();
        assert_eq!(process_id(full), Ok(pid));
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        let start = u64::from_str_radix(maps.split('-').next().unwrap(), 16).unwrap();
        assert_eq!(read_process_memory(full, start, &mut [0; 4]), Ok(()));
        let query = open_process(0x400, false, pid).unwrap();
        let refused = read_process_memory(query, start, &mut [0; 4]).unwrap_err();
        assert_eq!(refused.error, Win32Error::INVALID_HANDLE);
        close_handle(full).and(close_handle(query)).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(open_process(0x10, false, pid), Err(Win32Error::INVALID_PARAMETER));
        assert_eq!(open_process(0x10, false, 0), Err(Win32Error::INVALID_PARAMETER));
    }

    #[test]
    fn a_handle_is_inherited_when_asked() {
        let is_inherited = |inherit| {
            let handle = open_process(PROCESS_VM_READ, inherit, std::process::id()).unwrap();
            let Some(HandleKind::Process { pidfd, .. }) = handle.kind() else { panic!("{handle:?}") };
            let flags = rustix::io::fcntl_getfd(borrow(pidfd)).unwrap();
            close_handle(handle).unwrap();
            !flags.contains(FdFlags::CLOEXEC)
        };
        assert!(is_inherited(true) && !is_inherited(false));
    }
}
