//! Processes and threads by handle: their ids, and `TerminateProcess`.
#![expect(unsafe_code, reason = "ends this process without running its exit handlers, as Windows does")]

use rustix::process::{Signal, pidfd_send_signal};
use wer_abi::Handle;
use wer_abi::handle::HandleKind;

use crate::error::Win32Error;
use crate::host_request;
use crate::object::borrow;

/// `GetProcessId`: the pid in this process's own pid namespace.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`] for no process handle; [`Win32Error::INVALID_PARAMETER`] when the process is gone
/// or cannot be seen from here.
pub fn process_id(process: Handle) -> Result<u32, Win32Error> {
    match process.kind() {
        Some(HandleKind::CurrentProcess) => Ok(std::process::id()),
        Some(HandleKind::Process { pidfd, .. }) => {
            let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{pidfd}"))
                .map_err(|_| Win32Error::INVALID_HANDLE)?;
            pid_of_fdinfo(&info)
        }
        _ => Err(Win32Error::INVALID_HANDLE),
    }
}

/// The `Pid:` line of a pidfd: -1 when it has been reaped, 0 when it is in a namespace that cannot be seen.
fn pid_of_fdinfo(info: &str) -> Result<u32, Win32Error> {
    let line = info.lines().find_map(|line| line.strip_prefix("Pid:")).ok_or(Win32Error::INVALID_HANDLE)?;
    line.trim().parse().ok().filter(|pid| *pid != 0).ok_or(Win32Error::INVALID_PARAMETER)
}

/// `OpenThread`: a handle of the thread that has this id now, of any process. It names the thread and gives no rights; it
/// is the id, so a handle of a thread that has ended names whichever gets its id.
///
/// # Errors
/// [`Win32Error::INVALID_PARAMETER`] when there is no such thread.
pub fn open_thread(thread_id: u32) -> Result<Handle, Win32Error> {
    // The kernel finds every thread there, and lists processes only.
    let is_there = thread_id != 0 && std::path::Path::new(&format!("/proc/{thread_id}/status")).exists();
    if is_there { Ok(Handle::thread(thread_id)) } else { Err(Win32Error::INVALID_PARAMETER) }
}

/// `GetThreadId`.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`] for no thread handle.
pub fn thread_id(thread: Handle) -> Result<u32, Win32Error> {
    match thread.kind() {
        Some(HandleKind::CurrentThread) => Ok(current_thread_id()),
        Some(HandleKind::Thread { tid }) => Ok(tid),
        _ => Err(Win32Error::INVALID_HANDLE),
    }
}

/// `GetCurrentThreadId`.
#[must_use]
pub fn current_thread_id() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned()
}

/// `TerminateProcess`.
///
/// On this process: ends it at once. On another: kills it (Linux keeps no exit code for it). Inside a module host the
/// crashed process is not touched from here: `werfault` is asked, answers success, and lets the process go to the end
/// that its signal has in store for it when the report is done.
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`], [`Win32Error::ACCESS_DENIED`].
pub fn terminate_process(process: Handle, exit_code: u32) -> Result<(), Win32Error> {
    match process.kind() {
        // SAFETY: takes a number, does not return.
        Some(HandleKind::CurrentProcess) => unsafe { libc::_exit(exit_code.cast_signed()) },
        Some(HandleKind::Process { pidfd, .. }) => match host_request::socket_for(process) {
            Some(socket) => host_request::terminate(socket, exit_code),
            None => Ok(pidfd_send_signal(borrow(pidfd), Signal::KILL)?),
        },
        _ => Err(Win32Error::INVALID_HANDLE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fdinfo_of_a_pidfd_is_read() {
        assert_eq!(pid_of_fdinfo("pos:\t0\nflags:\t02000002\nPid:\t4711\nNSpid:\t4711\n"), Ok(4711));
        assert_eq!(pid_of_fdinfo("Pid:\t-1\n"), Err(Win32Error::INVALID_PARAMETER));
        assert_eq!(pid_of_fdinfo("Pid:\t0\n"), Err(Win32Error::INVALID_PARAMETER));
        assert_eq!(pid_of_fdinfo("eventfd-count: 0\n"), Err(Win32Error::INVALID_HANDLE));
    }

    #[test]
    fn threads_have_ids() {
        assert_eq!(thread_id(Handle::thread(77)), Ok(77));
        assert_eq!(thread_id(Handle::CURRENT_THREAD), Ok(current_thread_id()));
        assert_eq!(thread_id(Handle::CURRENT_PROCESS), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(process_id(Handle::CURRENT_THREAD), Err(Win32Error::INVALID_HANDLE));
        let other = std::thread::spawn(current_thread_id).join().unwrap();
        assert_eq!(open_thread(current_thread_id()).and_then(thread_id), Ok(current_thread_id()));
        for gone in [other, 0, u32::MAX] {
            assert_eq!(open_thread(gone), Err(Win32Error::INVALID_PARAMETER));
        }
    }

    #[test]
    fn a_child_is_terminated_by_its_handle() {
        let turn = crate::named::nobody_starts_a_child();
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        drop(turn);
        let pid = rustix::process::Pid::from_child(&child);
        let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
        let handle = Handle::process(crate::object::into_number(pidfd).unwrap(), 0);
        assert_eq!(process_id(handle), Ok(child.id()));
        terminate_process(handle, 1).unwrap();
        let signaled = crate::wait_for_single_object(handle, crate::INFINITE);
        assert_eq!(signaled, Ok(crate::WaitResult::Signaled));
        child.wait().unwrap();
    }
}
