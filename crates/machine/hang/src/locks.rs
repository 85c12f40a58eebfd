//! `/proc/locks`: who holds the file locks that others wait for. Locks of open files (`F_OFD_SETLKW`) have no process
//! there: who has them open is in `fdinfo`.

use std::io::Read as _;

use rustix::fs::{AtFlags, major, minor, statat};
use wer_sys::Process;

use crate::chain::{Wait, WaitingOn};
use crate::descriptors::processes;
use crate::limits::{MAX_DESCRIPTORS, MAX_FDINFO_BYTES, MAX_LOCKS, MAX_LOCKS_BYTES, MAX_WAITED_ON};
use crate::thread::Found;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLock {
    /// Its number; those who wait for a lock have the number of that lock.
    pub number: u64,
    /// Whether this one waits.
    pub waits: bool,
    /// The process; `None` for a lock of an open file, or of a process that cannot be seen from here.
    pub pid: Option<u32>,
    /// It is a lock of an open file.
    pub of_open_file: bool,
    /// The file: major and minor number of its device, and inode.
    pub file: Option<(u32, u32, u64)>,
}

/// Parses `/proc/locks`; what cannot be understood is left out.
#[must_use]
pub fn parse_locks(text: &[u8]) -> Vec<FileLock> {
    text.split(|byte| *byte == b'\n').take(MAX_LOCKS).filter_map(line).collect()
}

/// `1: -> POSIX  ADVISORY  WRITE 678 08:01:123456 0 EOF`; the arrow (with one more blank per level) means waiting.
fn line(text: &[u8]) -> Option<FileLock> {
    let mut words = str::from_utf8(text).ok()?.split_ascii_whitespace().peekable();
    let number = words.next()?.strip_suffix(':')?.parse().ok()?;
    let waits = words.next_if_eq(&"->").is_some();
    let of_open_file = words.next()? == "OFDLCK";
    let pid = words.nth(2)?.parse().ok().filter(|pid| *pid != 0);
    let file = words.next().and_then(|word| {
        let mut parts = word.split(':');
        let mut hex = || u32::from_str_radix(parts.next()?, 16).ok();
        let (major, minor) = (hex()?, hex()?);
        Some((major, minor, parts.next()?.parse().ok()?))
    });
    Some(FileLock { number, waits, pid, of_open_file, file })
}

/// A thread in `flock`, or in `fcntl` with `F_SETLKW` or `F_OFD_SETLKW`, on descriptor `fd`.
pub(crate) fn of_wait(process: &Process, fd: u64, of_open_file: bool) -> Found {
    let mut text = Vec::new();
    let file = std::fs::File::open("/proc/locks");
    if file.and_then(|file| file.take(MAX_LOCKS_BYTES).read_to_end(&mut text)).is_err() {
        return Found { wait: Wait::FileLock, on: Vec::new(), unseen: true };
    }
    let file = file_of(process, fd);
    let is_ours = |lock: &&FileLock| {
        // One that waits for a lock of an open file has no process; its file tells.
        lock.waits
            && if of_open_file {
                lock.file == file && file.is_some()
            } else {
                lock.pid == Some(process.pid())
            }
    };
    let locks = parse_locks(&text);
    let held = held(&locks, is_ours);
    let mut pids: Vec<u32> = Vec::new();
    for lock in &held {
        match lock.pid.filter(|pid| Process::open(*pid).is_ok()) {
            Some(pid) => pids.push(pid),
            // The lock lives on in another process than the one that took it, or belongs to an open file.
            None => pids.extend(lock.file.map(openers).unwrap_or_default()),
        }
    }
    pids.retain(|pid| *pid != process.pid());
    pids.dedup();
    let unseen = pids.is_empty() && !held.is_empty();
    let on = pids.into_iter().map(|pid| WaitingOn { pid, tid: None }).collect();
    Found { wait: Wait::FileLock, on, unseen }
}

/// What those locks wait for that `is_ours` picks.
fn held(locks: &[FileLock], is_ours: impl Fn(&&FileLock) -> bool) -> Vec<FileLock> {
    let waited: Vec<u64> = locks.iter().filter(is_ours).map(|lock| lock.number).collect();
    let held = locks.iter().filter(|lock| !lock.waits && waited.contains(&lock.number));
    held.copied().collect()
}

fn file_of(process: &Process, fd: u64) -> Option<(u32, u32, u64)> {
    let name = format!("{}fd/{}", process.shared_place(), fd & u64::from(u32::MAX));
    let stat = statat(process.directory(), name, AtFlags::empty()).ok()?;
    Some((major(stat.st_dev), minor(stat.st_dev), stat.st_ino))
}

/// The processes that have a lock on this file by an open file of theirs.
fn openers(file: (u32, u32, u64)) -> Vec<u32> {
    let mut found = Vec::new();
    for pid in processes() {
        let Ok(process) = Process::open(pid) else { continue };
        let Ok((descriptors, _)) = process.descriptors(MAX_DESCRIPTORS) else { continue };
        let has_lock = |fd: &u32| {
            file_of(&process, u64::from(*fd)) == Some(file) && {
                let text =
                    process.read_limited(&format!("fdinfo/{fd}"), MAX_FDINFO_BYTES).unwrap_or_default();
                text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"lock:"))
            }
        };
        if descriptors.iter().any(has_lock) {
            found.push(pid);
        }
        if found.len() >= MAX_WAITED_ON {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_waiter_has_the_number_of_what_it_waits_for() {
        let text = b"1: POSIX  ADVISORY  WRITE 12 08:01:99 0 EOF\n1: -> POSIX  ADVISORY  WRITE 34 08:01:99 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 56 08:01:98 0 EOF\n3: OFDLCK ADVISORY  READ -1 08:01:7 0 EOF\nnonsense\n";
        let locks = parse_locks(text);
        assert_eq!(locks.len(), 4);
        let on = |pid: u32| held(&locks, |lock| lock.waits && lock.pid == Some(pid));
        assert_eq!(on(34).iter().map(|lock| lock.pid).collect::<Vec<_>>(), [Some(12)]);
        assert!(on(12).is_empty());
        assert_eq!((locks[0].file, locks[0].of_open_file), (Some((8, 1, 99)), false));
        assert_eq!((locks[3].pid, locks[3].of_open_file), (None, true));
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_locks(&text);
        }

        #[test]
        fn no_words_make_it_panic(text in "([0-9]{0,22}:? (-> )?[A-Z]* [A-Z]* [A-Z]* -?[0-9]{0,12} ?\n){0,4}") {
            let _ = held(&parse_locks(text.as_bytes()), |lock| lock.pid == Some(1));
        }
    }
}
