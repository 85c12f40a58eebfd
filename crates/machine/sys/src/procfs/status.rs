//! `/proc/PID/status`.

use super::{leading_number, parse_hex};
use crate::limits::{MAX_GROUPS, MAX_PID_NAMESPACES};

/// What the system uses of a `status` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// State letter.
    pub state: char,
    /// Process that the thread belongs to, in the namespace of the `/proc` mount.
    pub tgid: u32,
    /// Tracer, 0 = none.
    pub tracer_pid: u32,
    /// Real, effective, saved and file system user.
    pub uids: [u32; 4],
    /// Real, effective, saved and file system group.
    pub gids: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Process id in each pid namespace, outermost first.
    pub namespace_tgids: Vec<u32>,
    /// Thread id in each pid namespace, outermost first.
    pub namespace_ids: Vec<u32>,
    /// Threads.
    pub thread_count: u32,
    /// Blocked signals, bit `n - 1` for signal `n`.
    pub blocked: u64,
    /// Ignored signals.
    pub ignored: u64,
    /// Signals with a handler.
    pub caught: u64,
    /// The kernel is writing its core.
    pub dumping_core: bool,
    /// A thread of the kernel itself.
    pub kernel_thread: bool,
}

impl Status {
    /// Whether a signal would take its default action.
    #[must_use]
    pub const fn is_default(&self, signal: i32) -> bool {
        if signal < 1 || signal > 64 {
            return false;
        }
        (self.caught | self.ignored) >> (signal - 1) & 1 == 0
    }

    /// Process id in its own, innermost namespace.
    #[must_use]
    pub fn namespace_tgid(&self) -> u32 {
        self.namespace_tgids.last().copied().unwrap_or(self.tgid)
    }

    /// Thread id in its own, innermost namespace.
    #[must_use]
    pub fn namespace_id(&self) -> Option<u32> {
        self.namespace_ids.last().copied()
    }
}

/// Parses a `status` file; `None` when it has no `Tgid`.
///
/// The kernel escapes newlines in `Name`, so lines can be believed. A key counts the first time it appears.
#[must_use]
pub fn parse_status(text: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    let mut seen_tgid = false;
    for line in text.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (key, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        match key {
            b"State" => status.state = value.first().copied().map_or('?', char::from),
            b"Tgid" if !seen_tgid => {
                status.tgid = number(value)?;
                seen_tgid = true;
            }
            b"TracerPid" => status.tracer_pid = number(value).unwrap_or(0),
            b"Uid" => status.uids = four(value)?,
            b"Gid" => status.gids = four(value)?,
            b"Groups" => status.groups = numbers(value).take(MAX_GROUPS).collect(),
            b"NStgid" => status.namespace_tgids = numbers(value).take(MAX_PID_NAMESPACES).collect(),
            b"NSpid" => status.namespace_ids = numbers(value).take(MAX_PID_NAMESPACES).collect(),
            b"Threads" => status.thread_count = number(value).unwrap_or(0),
            b"SigBlk" => status.blocked = parse_hex(value).unwrap_or(0),
            b"SigIgn" => status.ignored = parse_hex(value).unwrap_or(0),
            b"SigCgt" => status.caught = parse_hex(value).unwrap_or(0),
            b"CoreDumping" => status.dumping_core = value == b"1",
            b"Kthread" => status.kernel_thread = value == b"1",
            _ => {}
        }
    }
    seen_tgid.then_some(status)
}

fn number(value: &[u8]) -> Option<u32> {
    leading_number(value).and_then(|number| u32::try_from(number).ok())
}

fn numbers(value: &[u8]) -> impl Iterator<Item = u32> + '_ {
    value.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).map_while(number)
}

fn four(value: &[u8]) -> Option<[u32; 4]> {
    let mut all = numbers(value);
    Some([all.next()?, all.next()?, all.next()?, all.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "Name:\tcat\nUmask:\t0022\nState:\tt (tracing stop)\nTgid:\t4711\nNgid:\t0\nPid:\t4712\n\
        PPid:\t1\nTracerPid:\t99\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\nGroups:\t24 25 \n\
        NStgid:\t4711\t12\nNSpid:\t4712\t13\nThreads:\t3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001000\n\
        SigCgt:\t0000000000000400\nCoreDumping:\t1\n";

    #[test]
    fn an_ordinary_file_is_understood() {
        let status = parse_status(TEXT.as_bytes()).expect("a status file");
        assert_eq!((status.state, status.tgid, status.tracer_pid), ('t', 4711, 99));
        assert_eq!((status.uids, status.gids), ([1000, 1001, 1002, 1003], [5, 6, 7, 8]));
        assert_eq!(status.groups, [24, 25]);
        assert_eq!((status.namespace_tgid(), status.namespace_id()), (12, Some(13)));
        assert!(status.dumping_core && !status.kernel_thread);
        assert!(!status.is_default(11), "signal 11 has a handler");
        assert!(!status.is_default(13), "signal 13 is ignored");
        assert!(status.is_default(6) && !status.is_default(0) && !status.is_default(65));
    }

    #[test]
    fn a_name_cannot_pose_as_another_line() {
        let text = TEXT.replacen("cat", "Tgid:\t1", 1);
        assert_eq!(parse_status(text.as_bytes()).map(|status| status.tgid), Some(4711));
    }

    #[test]
    fn what_is_no_status_file_is_refused() {
        assert_eq!(parse_status(b""), None);
        assert_eq!(parse_status(b"Name:\tx\nState:\tS\n"), None);
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse_status(&text);
        }
    }
}
