//! Which descriptors a `poll`, `select` or `epoll` is about.

use crate::limits::MAX_POLLED;

/// `POLLIN`, `EPOLLIN`.
const IN: u32 = 1;
/// `POLLOUT`, `EPOLLOUT`.
const OUT: u32 = 4;

/// One descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled {
    /// Its number.
    pub fd: u32,
    /// Whether it is waited for to be readable; else writable.
    pub reads: bool,
}

const fn polled(fd: u32, events: u32) -> Polled {
    Polled { fd, reads: events & IN != 0 || events & OUT == 0 }
}

/// Parses an array of `struct pollfd`; negative descriptors, which poll passes over, are left out.
#[must_use]
pub fn parse_poll(bytes: &[u8]) -> Vec<Polled> {
    let entries = bytes.as_chunks::<8>().0.iter().take(MAX_POLLED);
    let entries = entries.filter_map(|[a, b, c, d, low, high, ..]| {
        let fd = u32::try_from(i32::from_le_bytes([*a, *b, *c, *d])).ok()?;
        Some(polled(fd, u32::from(u16::from_le_bytes([*low, *high]))))
    });
    entries.collect()
}

/// Parses two `fd_set`s; one more descriptor than the limit at most.
#[must_use]
pub fn parse_select(count: u64, reads: &[u8], writes: &[u8]) -> Vec<Polled> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let of = |set: &[u8], reads: bool| -> Vec<Polled> {
        let bits = set.iter().enumerate().flat_map(|(at, byte)| {
            let bits = (0..8_u32).filter(move |bit| byte >> bit & 1 == 1);
            bits.filter_map(move |bit| Some(u32::try_from(at).ok()? * 8 + bit))
        });
        bits.filter(|fd| *fd < count).take(MAX_POLLED + 1).map(|fd| Polled { fd, reads }).collect()
    };
    let mut all = of(reads, true);
    all.extend(of(writes, false));
    all.truncate(MAX_POLLED + 1);
    all
}

/// Parses the `fdinfo` of an epoll descriptor: `tfd: 5 events: 19 ...`. What waits for nothing is left out; one more
/// descriptor than the limit at most.
#[must_use]
pub fn parse_epoll(text: &[u8]) -> Vec<Polled> {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace();
        let fd = (words.next()? == "tfd:").then(|| words.next())??.parse().ok()?;
        let events = (words.next()? == "events:").then(|| words.next())??;
        let events = u32::from_str_radix(events, 16).ok()?;
        (events & (IN | OUT) != 0).then_some(polled(fd, events))
    });
    lines.take(MAX_POLLED + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn reads(fd: u32) -> Polled {
        Polled { fd, reads: true }
    }

    const fn writes(fd: u32) -> Polled {
        Polled { fd, reads: false }
    }

    #[test]
    fn sets_of_descriptors_are_understood() {
        let poll = [5, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 6, 0, 0, 0, 4, 0, 0, 0];
        assert_eq!(parse_poll(&poll), [reads(5), writes(6)]);
        assert_eq!(parse_select(11, &[0b10, 0b1000], &[1]), [reads(1), writes(0)]);
        assert_eq!(parse_select(12, &[0b10, 0b1000], &[]), [reads(1), reads(11)]);
        let epoll = b"pos:\t0\ntfd:        5 events:       19 data: 5  pos:0 ino:61af sdev:7\n\
                      tfd: 6 events: 80000018 data: 0\ntfd: 7 events: 4 data: 0\ntfd: x events: 1\n";
        assert_eq!(parse_epoll(epoll), [reads(5), writes(7)]);
    }

    proptest! {
        #[test]
        fn no_contents_make_them_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), count: u64) {
            let _ = (parse_poll(&bytes), parse_select(count, &bytes, &bytes), parse_epoll(&bytes));
        }

        #[test]
        fn no_words_make_it_panic(text in "(tfd: ?-?[0-9]{0,12} events: ?[0-9a-f]{0,9} ?\n){0,4}") {
            let _ = parse_epoll(text.as_bytes());
        }
    }
}
