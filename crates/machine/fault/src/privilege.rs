//! Whose rights a crashed process really has.
//!
//! A program that runs with more rights than the person who started it (set-user-id, set-group-id, file capabilities)
//! must not be reported by the embedded way: that way trusts the environment, which is that person's, and would write
//! with the program's rights wherever it says. Such a program is reported by the kernel's way or not at all.

use rustix::fs::{AtFlags, statat};
use rustix::process::{getegid, geteuid, getgid, getuid};
use wer_capture::Capture;
use wer_sys::{Credentials, Process};

/// `AT_SECURE` of the auxiliary vector: 1 where the kernel gave the program more rights than its starter had.
const AT_SECURE: u64 = 23;

/// Whether we ourselves run with somebody else's rights.
pub(crate) fn are_ours_borrowed() -> bool {
    getuid() != geteuid() || getgid() != getegid()
}

/// Whether a process was given more rights than its starter had. One that is gone or cannot be looked at is not said to
/// be: its client has given us none of its environment if it was.
pub(crate) fn is_privileged(pid: u32) -> bool {
    Process::open(pid)
        .and_then(|process| process.auxv())
        .is_ok_and(|auxv| auxv.iter().any(|(key, value)| *key == AT_SECURE && *value != 0))
}

/// Whether the crashed user could have traced the process: only then is what it held for that user to read.
pub(crate) fn user_may_trace(capture: &Capture) -> bool {
    let is_secure = capture.snapshot.process.auxv.iter().any(|(key, value)| *key == AT_SECURE && *value != 0);
    let process = Process::open(capture.snapshot.process.pid).ok();
    let process = process.filter(|process| process.identity() == capture.identity());
    !is_secure && process.is_some_and(|process| may_trace(capture.snapshot.process.uid, &process))
}

/// Whether a user without capabilities may trace a process, by the kernel's own rule: all ids are that user's, the process
/// is dumpable, and it has no capability. Root may trace all that root runs.
pub(crate) fn may_trace(uid: u32, process: &Process) -> bool {
    let Ok(status) = process.status() else { return false };
    // The files below /proc/PID belong to root where the process is not dumpable.
    let owner = statat(process.directory(), "status", AtFlags::SYMLINK_NOFOLLOW).map(|stat| stat.st_uid);
    let has_own_rights = uid == 0 || status.capabilities.permitted == 0;
    let one_group = status.gids.iter().all(|gid| *gid == status.gids[0]);
    status.uids.iter().all(|other| *other == uid) && one_group && owner == Ok(uid) && has_own_rights
}

/// The real user of a captured process with all groups, for touching what the process names.
pub(crate) fn real_user_of(capture: &Capture) -> Credentials {
    let info = &capture.snapshot.process;
    let status = Process::open(info.pid)
        .ok()
        .filter(|process| process.identity() == capture.identity())
        .and_then(|process| process.status().ok());
    // Without the groups there are fewer rights, never more.
    let bare = || Credentials { uid: info.uid, gid: info.gid, groups: Vec::new() };
    status.map_or_else(bare, |status| Credentials::of(&status))
}
