//! Text files of `/proc/PID`; the first byte chooses which.
#![no_main]

use wer_sys::procfs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, text)) = bytes.split_first() else { return };
    match kind % 7 {
        0 => assert!(procfs::parse_stat(text).is_none_or(|stat| stat.name.len() <= 3 * text.len())),
        1 => assert!(procfs::parse_status(text).is_none_or(|status| status.namespace_ids.len() <= 33)),
        2 => {
            let maps = procfs::parse_maps(text);
            assert!(maps.regions.is_sorted_by(|a, b| a.start < a.end && a.end <= b.start));
        }
        3 => assert!(procfs::parse_auxv(text).len() <= 64),
        4 => assert!(procfs::parse_cmdline(text).len() <= 4096),
        5 => assert!(!procfs::parse_limits(text).core_bytes.is_some_and(|_| text.is_empty())),
        _ => assert!(!procfs::parse_syscall(text).is_some_and(|_| text.is_empty())),
    }
});
