//! Who is at the other end of a Unix socket.
#![expect(unsafe_code, reason = "SO_PEERPIDFD and SO_OOBINLINE on a Unix socket have no safe wrapper")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// `SO_PEERPIDFD` (Linux 6.5).
const SO_PEERPIDFD: libc::c_int = 77;

/// A pidfd of the process that connected.
///
/// # Errors
/// The kernel's: `ENOPROTOOPT` before Linux 6.5.
pub fn peer_pidfd(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut fd: libc::c_int = -1;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    let (value, size) = (&raw mut fd, &raw mut length);
    // SAFETY: `value` and `size` point to live locals of the sizes that they announce.
    let result =
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, SO_PEERPIDFD, value.cast(), size) };
    if result != 0 || fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes urgent bytes part of the ordinary stream, so that both kinds of kernel are read alike.
///
/// # Errors
/// The kernel's.
pub fn inline_urgent_bytes(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    let value = (&raw const on).cast();
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: `value` points to a live local of the size announced.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_OOBINLINE, value, size) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn the_other_end_of_a_pair_is_ourselves() {
        let (one, _other) = UnixStream::pair().expect("a pair");
        let handle = peer_pidfd(one.as_fd()).expect("a pidfd");
        assert_eq!(crate::pidfd::pid_of(handle.as_fd()), Some(std::process::id()));
        inline_urgent_bytes(one.as_fd()).expect("an option");
    }
}
