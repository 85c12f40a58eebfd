//! Acting with another user's rights: a short-lived child that takes on the user's ids, gives up every capability, does
//! one piece of work and hands back bytes or one open file.
//!
//! Every path that a crashed process names is touched this way and no other (invariant 5). The child is forked from a
//! process that may have other threads: work given to it must not log, print or use locks that those threads may hold.
#![expect(unsafe_code, reason = "fork has no safe wrapper")]

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use rustix::process::{Gid, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::beneath::open_regular_beneath;
use crate::procfs::Status;

/// Whose rights to take on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

impl Credentials {
    /// The real user and groups of a process: never more than what the person who started it may do.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        Self { uid: status.uids[0], gid: status.gids[0], groups: status.groups.clone() }
    }
}

/// Why work with another user's rights gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunAsError {
    /// No child could be made, or talked to.
    #[error("no child process could be started for user {uid}: {source}")]
    Start {
        /// The user.
        uid: u32,
        /// The kernel's error.
        source: io::Error,
    },
    /// The rights could not be changed: only root can act for another user.
    #[error("the rights of user {uid} could not be taken on; run as root or as that user")]
    Rights {
        /// The user.
        uid: u32,
    },
    /// It took too long and was ended.
    #[error("the work for user {uid} was ended after {limit_ms} ms")]
    TimedOut {
        /// The user.
        uid: u32,
        /// The limit.
        limit_ms: u128,
    },
    /// It answered more than was allowed.
    #[error("the work for user {uid} answered more than {limit_bytes} bytes")]
    TooLong {
        /// The user.
        uid: u32,
        /// The limit.
        limit_bytes: usize,
    },
    /// It panicked or was killed.
    #[error("the work for user {uid} ended without an answer")]
    Died {
        /// The user.
        uid: u32,
    },
    /// The kernel refused to open the path for this user.
    #[error("user {uid} cannot open it: {source}")]
    Open {
        /// The user.
        uid: u32,
        /// The kernel's error.
        source: io::Error,
    },
}

/// Runs `work` in a child with the rights of `credentials` and returns its bytes.
///
/// # Errors
/// See [`RunAsError`]. After `deadline` the child is killed.
pub fn as_user(
    credentials: &Credentials,
    deadline: Duration,
    limit_bytes: usize,
    work: impl FnOnce() -> Vec<u8>,
) -> Result<Vec<u8>, RunAsError> {
    let uid = credentials.uid;
    let worker = Worker::start(credentials, |mut socket| {
        let answer = work();
        let _ = socket.write_all(&answer);
    })?;
    let until = Instant::now() + deadline;
    let mut answer = Vec::new();
    loop {
        worker.wait_readable(until, uid, deadline)?;
        let room = limit_bytes.saturating_sub(answer.len()) + 1;
        let mut chunk = vec![0; room.min(1 << 16)];
        match (&worker.socket).read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(RunAsError::Died { uid }),
        }
        if answer.len() > limit_bytes {
            return Err(RunAsError::TooLong { uid, limit_bytes });
        }
    }
    worker.finish(uid)?;
    Ok(answer)
}

/// Opens a regular file for reading with the rights of `credentials`: beneath `root`, following no link.
///
/// # Errors
/// See [`RunAsError`]; [`RunAsError::Open`] carries why the user may not.
pub fn open_as_user(
    credentials: &Credentials,
    root: BorrowedFd<'_>,
    path: &Path,
    deadline: Duration,
) -> Result<File, RunAsError> {
    file_as_user(credentials, deadline, || open_regular_beneath(root, path))
}

/// Runs `work` in a child with the rights of `credentials` and returns the file that it opened.
///
/// # Errors
/// See [`RunAsError`]; [`RunAsError::Open`] carries the error of `work` by its number, EINVAL where it has none.
pub fn file_as_user(
    credentials: &Credentials,
    deadline: Duration,
    work: impl FnOnce() -> io::Result<File>,
) -> Result<File, RunAsError> {
    let uid = credentials.uid;
    let worker = Worker::start(credentials, |socket| {
        let outcome = work();
        let code = match &outcome {
            Ok(_) => 0,
            Err(error) => error.raw_os_error().unwrap_or(libc::EINVAL),
        };
        let _ = send(&socket, code, outcome.as_ref().ok().map(AsFd::as_fd));
    })?;
    worker.wait_readable(Instant::now() + deadline, uid, deadline)?;
    let received = receive(&worker.socket);
    worker.finish(uid)?;
    match received {
        Some((0, Some(file))) => Ok(File::from(file)),
        Some((code, _)) if code != 0 => {
            Err(RunAsError::Open { uid, source: io::Error::from_raw_os_error(code) })
        }
        _ => Err(RunAsError::Died { uid }),
    }
}

fn send(socket: &UnixStream, code: i32, file: Option<BorrowedFd<'_>>) -> rustix::io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files: Vec<BorrowedFd<'_>> = file.into_iter().collect();
    if !files.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&files));
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(&code.to_ne_bytes())], &mut control, SendFlags::NOSIGNAL)
}

fn receive(socket: &UnixStream) -> Option<(i32, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut code = [0; 4];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message =
        rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut code)], &mut control, flags).ok()?;
    let file = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    (message.bytes == 4).then(|| (i32::from_ne_bytes(code), file))
}

/// The child's exit status when it could not take on the rights.
const EXIT_RIGHTS: i32 = 125;
/// The child's exit status when the work panicked.
const EXIT_PANIC: i32 = 124;

struct Worker {
    pid: libc::pid_t,
    socket: UnixStream,
    reaped: std::cell::Cell<bool>,
}

impl Worker {
    fn start(credentials: &Credentials, work: impl FnOnce(UnixStream)) -> Result<Self, RunAsError> {
        let uid = credentials.uid;
        let fail = |source| RunAsError::Start { uid, source };
        let (ours, theirs) = UnixStream::pair().map_err(fail)?;
        // SAFETY: the child runs `child` alone and leaves by `_exit`; glibc makes its allocator usable after fork.
        match unsafe { libc::fork() } {
            -1 => Err(fail(io::Error::last_os_error())),
            0 => {
                drop(ours);
                child(credentials, theirs, work)
            }
            pid => Ok(Self { pid, socket: ours, reaped: std::cell::Cell::new(false) }),
        }
    }

    fn wait_readable(&self, until: Instant, uid: u32, limit: Duration) -> Result<(), RunAsError> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            };
            let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&timeout)) {
                Ok(0) => return Err(RunAsError::TimedOut { uid, limit_ms: limit.as_millis() }),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(RunAsError::Start { uid, source: error.into() }),
            }
        }
    }

    fn finish(&self, uid: u32) -> Result<(), RunAsError> {
        match self.reap() {
            Some(0) => Ok(()),
            Some(EXIT_RIGHTS) => Err(RunAsError::Rights { uid }),
            _ => Err(RunAsError::Died { uid }),
        }
    }

    fn reap(&self) -> Option<i32> {
        self.reaped.set(true);
        let mut status = 0;
        loop {
            let pointer = &raw mut status;
            // SAFETY: `pid` is our child and was not reaped before; `pointer` leads to a live local.
            let result = unsafe { libc::waitpid(self.pid, pointer, 0) };
            if result == self.pid {
                return libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
            }
            if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return None;
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.reaped.get() {
            return;
        }
        // SAFETY: `pid` is our child; it was not reaped, so the number is still its own.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
        self.reap();
    }
}

fn child(credentials: &Credentials, socket: UnixStream, work: impl FnOnce(UnixStream)) -> ! {
    let code = if drop_rights(credentials).is_err() {
        EXIT_RIGHTS
    } else {
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(socket))) {
            Ok(()) => 0,
            Err(_) => EXIT_PANIC,
        }
    };
    // SAFETY: leaves at once, without running what belongs to the parent (exit handlers, destructors).
    unsafe { libc::_exit(code) }
}

/// Takes on ids and gives up every capability, also where the user is root.
fn drop_rights(credentials: &Credentials) -> rustix::io::Result<()> {
    let uid = Uid::from_raw(credentials.uid);
    let gid = Gid::from_raw(credentials.gid);
    if rustix::process::geteuid().is_root() {
        let groups: Vec<Gid> = credentials.groups.iter().map(|group| Gid::from_raw(*group)).collect();
        rustix::thread::set_thread_groups(&groups)?;
        rustix::thread::set_thread_res_gid(gid, gid, gid)?;
        rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    } else if rustix::process::getuid() != uid || rustix::process::geteuid() != uid {
        return Err(rustix::io::Errno::PERM);
    }
    rustix::thread::set_no_new_privs(true)?;
    let none = CapabilitySet::empty();
    rustix::thread::set_capabilities(
        None,
        CapabilitySets { effective: none, permitted: none, inheritable: none },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const LONG: Duration = Duration::from_secs(20);

    fn ourselves() -> Credentials {
        let me = crate::Process::open(std::process::id()).expect("ours");
        Credentials::of(&me.status().expect("status"))
    }

    fn nobody() -> Credentials {
        Credentials { uid: 65_534, gid: 65_534, groups: vec![] }
    }

    fn am_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    #[test]
    fn bytes_come_back_and_rights_are_gone() {
        let who = if am_root() { nobody() } else { ourselves() };
        let answer = as_user(&who, LONG, 1 << 16, || fs::read("/proc/self/status").unwrap_or_default());
        let answer = String::from_utf8(answer.expect("an answer")).expect("text");
        let line =
            |key: &str| answer.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_string();
        assert!(line("Uid").split_whitespace().skip(1).all(|uid| uid == who.uid.to_string()), "{answer}");
        assert_eq!(line("CapEff").split_whitespace().last(), Some("0000000000000000"));
        assert_eq!(line("CapPrm").split_whitespace().last(), Some("0000000000000000"));
        assert_eq!(line("NoNewPrivs").split_whitespace().last(), Some("1"));
    }

    #[test]
    fn a_file_of_another_user_stays_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        crate::atomic_file::write_atomically(&folder.path().join("secret"), 0o600, b"s").expect("a file");
        let root = File::open(folder.path()).expect("the folder");
        let opened = open_as_user(&ourselves(), root.as_fd(), Path::new("/secret"), LONG);
        let mut text = String::new();
        opened.expect("our own file").read_to_string(&mut text).expect("text");
        assert_eq!(text, "s");
        if am_root() {
            let refused = open_as_user(&nobody(), root.as_fd(), Path::new("secret"), LONG);
            assert!(matches!(refused, Err(RunAsError::Open { .. })), "{refused:?}");
        } else {
            println!("not root: acting for another user is only tried as far as its refusal");
            let root = Credentials { uid: 0, gid: 0, groups: vec![] };
            assert!(matches!(as_user(&root, LONG, 1, Vec::new), Err(RunAsError::Rights { .. })));
        }
    }

    #[test]
    fn limits_hold() {
        let who = ourselves();
        let long = as_user(&who, LONG, 10, || vec![0; 11]);
        assert!(matches!(long, Err(RunAsError::TooLong { .. })), "{long:?}");
        assert_eq!(as_user(&who, LONG, 10, || vec![7; 10]).expect("just enough"), [7; 10]);
        let slow = as_user(&who, Duration::from_millis(30), 10, || {
            let (one, _other) = UnixStream::pair().expect("a pair");
            let _ = (&one).read(&mut [0]);
            vec![]
        });
        assert!(matches!(slow, Err(RunAsError::TimedOut { .. })), "{slow:?}");
        let dead = as_user(&who, LONG, 10, || std::process::abort());
        assert!(matches!(dead, Err(RunAsError::Died { .. })), "{dead:?}");
    }
}
