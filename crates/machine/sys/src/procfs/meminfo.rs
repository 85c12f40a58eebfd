//! `/proc/meminfo` and `/proc/vmstat`: memory of the machine.

use wer_snapshot::SystemMemory;

use super::{bytes_of_kilobytes, parse_decimal};

/// Parses `/proc/meminfo`; what is missing stays 0, page faults are not in it.
#[must_use]
pub fn parse_meminfo(text: &[u8]) -> SystemMemory {
    let mut memory = SystemMemory::default();
    let (mut cached, mut buffers) = (0, 0);
    for line in text.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (key, value) = line.split_at(colon);
        let Some(bytes) = value.get(1..).and_then(bytes_of_kilobytes) else { continue };
        match key {
            b"MemTotal" => memory.total_bytes = bytes,
            b"MemFree" => memory.free_bytes = bytes,
            b"MemAvailable" => memory.available_bytes = bytes,
            b"Cached" => cached = bytes,
            b"Buffers" => buffers = bytes,
            b"Dirty" => memory.dirty_bytes = bytes,
            b"Slab" => memory.slab_bytes = bytes,
            b"SReclaimable" => memory.slab_reclaimable_bytes = bytes,
            b"PageTables" => memory.page_table_bytes = bytes,
            b"SwapTotal" => memory.swap_total_bytes = bytes,
            b"SwapFree" => memory.swap_free_bytes = bytes,
            b"Committed_AS" => memory.committed_bytes = bytes,
            b"CommitLimit" => memory.commit_limit_bytes = bytes,
            _ => {}
        }
    }
    memory.cached_bytes = u64::saturating_add(cached, buffers);
    memory
}

/// Takes over the page faults and the pages read from disk since start from `/proc/vmstat`.
pub fn parse_vmstat(text: &[u8], page_bytes: u64, into: &mut SystemMemory) {
    for line in text.split(|byte| *byte == b'\n') {
        let Some(blank) = line.iter().position(|byte| *byte == b' ') else { continue };
        let (key, value) = line.split_at(blank);
        let Some(number) = value.get(1..).and_then(parse_decimal) else { continue };
        match key {
            b"pgfault" => into.page_fault_count = number,
            // The kernel counts kilobytes here, in spite of the name.
            b"pgpgin" => into.page_read_count = number.saturating_mul(1024) / page_bytes.max(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_files_are_understood() {
        let text = b"MemTotal:       100 kB\nMemFree:         40 kB\nMemAvailable:    60 kB\nBuffers:          2 kB\n\
            Cached:           5 kB\nSwapCached:       9 kB\nSwapTotal:       30 kB\nSwapFree:        20 kB\nDirty: 1 kB\n\
            Slab:             8 kB\nSReclaimable:     3 kB\nPageTables:       4 kB\nCommitLimit:    150 kB\n\
            Committed_AS:   120 kB\nHugePages_Total:   0\n";
        let mut memory = parse_meminfo(text);
        parse_vmstat(b"nr_free_pages 7\npgpgin 80\npgfault 1234\npgmajfault 5\n", 4096, &mut memory);
        let kib = 1024;
        let expected = SystemMemory {
            total_bytes: 100 * kib,
            free_bytes: 40 * kib,
            available_bytes: 60 * kib,
            cached_bytes: 7 * kib,
            dirty_bytes: kib,
            slab_bytes: 8 * kib,
            slab_reclaimable_bytes: 3 * kib,
            page_table_bytes: 4 * kib,
            swap_total_bytes: 30 * kib,
            swap_free_bytes: 20 * kib,
            committed_bytes: 120 * kib,
            commit_limit_bytes: 150 * kib,
            page_fault_count: 1234,
            page_read_count: 20,
        };
        assert_eq!(memory, expected);
    }

    proptest! {
        #[test]
        fn no_contents_make_them_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut memory = parse_meminfo(&text);
            parse_vmstat(&text, 0, &mut memory);
        }
    }
}
