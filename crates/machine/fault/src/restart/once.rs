//! At most one restart of a program within a minute, however many of its processes crash.
//!
//! A file beside the queue has a line for each restart of the last minute: milliseconds since the machine was started,
//! a space, and a number made of the program's path. It is the user's own, and believed no further than that.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::time::{ClockId, clock_gettime};

use crate::limits::{MAX_RESTART_TIMES_BYTES, RESTART_PAUSE_MS};

/// Takes the right to start `program` now.
///
/// # Errors
/// Why not, in words that end a sentence: it was started again just before, or the file cannot be kept.
pub(super) fn claim(times: &Path, program: &[u8]) -> Result<(), String> {
    let now = clock_gettime(ClockId::Boottime);
    claim_at(times, program, now.tv_sec.unsigned_abs() * 1000 + now.tv_nsec.unsigned_abs() / 1_000_000)
}

fn claim_at(times: &Path, program: &[u8], now_ms: u64) -> Result<(), String> {
    let failed = |error: std::io::Error| {
        format!("the times of restarts in {} cannot be kept: {error}", times.display())
    };
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let open = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(flags)
        .mode(0o600)
        .open(times);
    let mut file = open.map_err(failed)?;
    // Held for some microseconds by others; two of them at the same time means that one is started.
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| "another process of it is being started again just now".to_string())?;
    let text = read(&mut file).map_err(failed)?;
    let key = key_of(program);
    let (text, is_new) = with_claim(&text, key, now_ms);
    if !is_new {
        return Err(format!("it was started again less than {} s ago", RESTART_PAUSE_MS / 1000));
    }
    file.rewind()
        .and_then(|()| file.set_len(0))
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(failed)
}

fn read(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_RESTART_TIMES_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn key_of(program: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(program);
    hasher.finish()
}

/// The lines that still count, with one more for `key`, and whether that one may be there. What is no line, and times
/// of the future (before the machine was started anew), are dropped.
fn with_claim(text: &str, key: u64, now_ms: u64) -> (String, bool) {
    let recent: Vec<(u64, u64)> = text
        .lines()
        .filter_map(|line| {
            let (time, key) = line.split_once(' ')?;
            Some((time.parse().ok()?, key.parse().ok()?))
        })
        .filter(|(time, _)| (now_ms.saturating_sub(RESTART_PAUSE_MS - 1)..=now_ms).contains(time))
        .collect();
    let is_new = recent.iter().all(|(_, known)| *known != key);
    let all = recent.into_iter().chain(is_new.then_some((now_ms, key)));
    (all.map(|(time, key)| format!("{time} {key}\n")).collect(), is_new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_passes_between_two_restarts_of_one_program() {
        let folder = tempfile::tempdir().expect("a folder");
        let times = folder.path().join("Restarts");
        assert_eq!(claim_at(&times, b"/a", 1_000_000), Ok(()));
        assert_eq!(claim_at(&times, b"/b", 1_000_001), Ok(()));
        let second = claim_at(&times, b"/a", 1_059_999);
        assert_eq!(second, Err("it was started again less than 60 s ago".into()));
        assert_eq!(claim_at(&times, b"/a", 1_060_000), Ok(()));
        // The machine was started anew.
        assert_eq!(claim_at(&times, b"/a", 5), Ok(()));
    }

    #[test]
    fn other_contents_and_kinds_of_files_do_no_harm() {
        let (text, is_new) = with_claim("x\n1 2 3\n\u{0}\n99999999999999999999 1\n-5 1\n", 1, 7);
        assert_eq!((text.as_str(), is_new), ("7 1\n", true));
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
        assert!(claim_at(&link, b"/a", 1).is_err());
        assert!(claim_at(folder.path(), b"/a", 1).is_err());
        let held = folder.path().join("held");
        let file = File::create(&held).expect("a file");
        flock(&file, FlockOperation::LockExclusive).expect("a lock");
        assert!(claim_at(&held, b"/a", 1).is_err());
    }
}
