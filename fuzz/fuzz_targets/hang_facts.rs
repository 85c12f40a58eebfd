//! What a wait chain is made of: `syscall`, `/proc/locks`, the `fdinfo` of an epoll, the descriptors of a `poll` and a
//! `select` in the memory of a process, the answer of `sock_diag`, and
//! what is asked of `werfault --hang`. The first byte chooses which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_hang::limits::{MAX_LOCKS, MAX_POLLED};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind % 7 {
        0 => assert!(wer_hang::parse_call(rest).is_none_or(|_| rest.len() >= 19)),
        1 => {
            let locks = wer_hang::parse_locks(rest);
            assert!(locks.len() <= MAX_LOCKS && locks.iter().all(|lock| lock.pid != Some(0)));
        }
        2 => assert!(wer_hang::parse_epoll(rest).len() <= MAX_POLLED + 1),
        3 => assert!(wer_hang::parse_poll(rest).len() <= MAX_POLLED),
        4 => {
            let (reads, writes) = rest.split_at(rest.len() / 2);
            let polled = wer_hang::parse_select(100, reads, writes);
            assert!(polled.len() <= MAX_POLLED + 1 && polled.iter().all(|polled| polled.fd < 100));
        }
        5 => {
            let inode =
                rest.get(20..24).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes);
            assert_ne!(wer_hang::parse_unix_peer(rest, inode.into()), Some(0));
        }
        _ => {
            let Some(request) = wer_abi::hang_request::HangRequest::decode(rest) else { return };
            assert_eq!([&request.head()[..], request.name.as_bytes()].concat(), rest);
        }
    }
});
