//! pidfds: names of processes that cannot be reused.
#![expect(unsafe_code, reason = "the ioctl PIDFD_GET_INFO has no safe wrapper")]

use std::io::Read;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags};

/// Opens a pidfd of the process that has this pid now.
///
/// # Errors
/// The kernel's: ESRCH when there is none.
pub fn open(pid: u32) -> rustix::io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(rustix::io::Errno::SRCH)?;
    rustix::process::pidfd_open(pid, PidfdFlags::empty())
}

/// Pid in our namespace of the process that a pidfd names; `None` when it was reaped, or is invisible from here.
#[must_use]
pub fn pid_of(handle: BorrowedFd<'_>) -> Option<u32> {
    let mut text = String::new();
    let file = std::fs::File::open(format!("/proc/self/fdinfo/{}", handle.as_raw_fd())).ok()?;
    file.take(4096).read_to_string(&mut text).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("Pid:"))?;
    value.trim().parse::<u32>().ok().filter(|pid| *pid > 0)
}

/// What the kernel tells about the core dump of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoredumpInfo {
    /// The dump is as an ordinary user's (`Some(true)`), or for root alone (`Some(false)`); `None` = not said.
    pub as_user: Option<bool>,
    /// Signal, on kernels that tell.
    pub signal: Option<i32>,
}

/// `struct pidfd_info` of `linux/pidfd.h`.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup_id: u64,
    ids: [u32; 11],
    exit_code: i32,
    coredump_mask: u32,
    coredump_signal: u32,
    supported_mask: u64,
}

const _: () = assert!(size_of::<PidfdInfo>() == 80);

const PIDFD_INFO_COREDUMP: u64 = 1 << 4;
const PIDFD_INFO_COREDUMP_SIGNAL: u64 = 1 << 6;
const PIDFD_COREDUMP_USER: u32 = 1 << 2;
const PIDFD_COREDUMP_ROOT: u32 = 1 << 3;
/// `_IOWR(0xFF, 11, struct pidfd_info)` for the size above.
const PIDFD_GET_INFO: libc::c_ulong = 3 << 30 | (80 << 16) | 0xFF << 8 | 11;

/// Asks the kernel about the core dump of a process (Linux 6.16 and later); empty elsewhere.
#[must_use]
pub fn coredump_info(handle: BorrowedFd<'_>) -> CoredumpInfo {
    let mut info =
        PidfdInfo { mask: PIDFD_INFO_COREDUMP | PIDFD_INFO_COREDUMP_SIGNAL, ..PidfdInfo::default() };
    let pointer = &raw mut info;
    // SAFETY: the request's number carries the size of `PidfdInfo`, beyond which the kernel does not write.
    let result = unsafe { libc::ioctl(handle.as_raw_fd(), PIDFD_GET_INFO, pointer) };
    if result != 0 || info.mask & PIDFD_INFO_COREDUMP == 0 {
        return CoredumpInfo::default();
    }
    let as_user = match info.coredump_mask & (PIDFD_COREDUMP_USER | PIDFD_COREDUMP_ROOT) {
        PIDFD_COREDUMP_USER => Some(true),
        PIDFD_COREDUMP_ROOT => Some(false),
        _ => None,
    };
    let signal = (info.mask & PIDFD_INFO_COREDUMP_SIGNAL != 0)
        .then(|| i32::try_from(info.coredump_signal).ok())
        .flatten()
        .filter(|signal| *signal > 0);
    CoredumpInfo { as_user, signal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn a_pidfd_tells_its_pid() {
        let handle = open(std::process::id()).expect("a pidfd of ours");
        assert_eq!(pid_of(handle.as_fd()), Some(std::process::id()));
        assert_eq!(coredump_info(handle.as_fd()).signal, None);
    }

    #[test]
    fn other_descriptors_name_nobody() {
        let null = std::fs::File::open("/dev/null").expect("/dev/null");
        assert_eq!(pid_of(null.as_fd()), None);
        assert_eq!(coredump_info(null.as_fd()), CoredumpInfo::default());
        assert!(open(u32::MAX).is_err() && open(0).is_err());
    }
}
