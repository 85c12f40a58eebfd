//! `/proc/locks`: who holds the file locks that others wait for.

use crate::limits::MAX_LOCKS;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLock {
    /// Its number; those who wait for a lock have the number of that lock.
    pub number: u64,
    /// Whether this one waits.
    pub waits: bool,
    /// The process; `None` for a lock of an open file.
    pub pid: Option<u32>,
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
    let pid = words.nth(3)?;
    Some(FileLock { number, waits, pid: pid.parse().ok().filter(|pid| *pid != 0) })
}

/// The processes that hold what `pid` waits for.
pub(crate) fn holders(locks: &[FileLock], pid: u32) -> Vec<u32> {
    let waited: Vec<u64> =
        locks.iter().filter(|lock| lock.waits && lock.pid == Some(pid)).map(|lock| lock.number).collect();
    let held = locks.iter().filter(|lock| !lock.waits && waited.contains(&lock.number));
    held.filter_map(|lock| lock.pid).filter(|holder| *holder != pid).collect()
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
        assert_eq!(holders(&locks, 34), [12]);
        assert!(holders(&locks, 12).is_empty());
        assert_eq!(locks[3].pid, None);
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_locks(&text);
        }

        #[test]
        fn no_words_make_it_panic(text in "([0-9]{0,22}:? (-> )?[A-Z]* [A-Z]* [A-Z]* -?[0-9]{0,12} ?\n){0,4}") {
            let _ = holders(&parse_locks(text.as_bytes()), 1);
        }
    }
}
