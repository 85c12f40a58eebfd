//! Memory use of the process and of the machine.

use std::fs::File;
use std::io::Read;

use wer_snapshot::{SystemMemory, VmCounters};
use wer_sys::procfs::{Stat, Status, parse_meminfo, parse_vmstat};

/// Bytes read of `/proc/meminfo` and `/proc/vmstat`.
const MAX_FILE_BYTES: u64 = 64 << 10;

pub(crate) fn of_process(stat: &Stat, status: &Status) -> VmCounters {
    let memory = status.memory;
    VmCounters {
        page_fault_count: stat.minor_faults.saturating_add(stat.major_faults),
        peak_virtual_bytes: memory.peak_virtual_bytes,
        virtual_bytes: memory.virtual_bytes,
        peak_resident_bytes: memory.peak_resident_bytes,
        resident_bytes: memory.resident_bytes,
        private_bytes: memory.private_bytes,
        locked_bytes: memory.locked_bytes,
        swap_bytes: memory.swap_bytes,
        page_table_bytes: memory.page_table_bytes,
    }
}

pub(crate) fn of_machine() -> SystemMemory {
    let mut memory = parse_meminfo(&read("/proc/meminfo"));
    parse_vmstat(&read("/proc/vmstat"), rustix::param::page_size() as u64, &mut memory);
    memory
}

fn read(path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        // What is missing stays 0, which readers know as unknown.
        let _ = file.take(MAX_FILE_BYTES).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory() {
        let memory = of_machine();
        assert!(memory.total_bytes >= memory.free_bytes && memory.free_bytes > 0);
        assert!(memory.commit_limit_bytes > 0 && memory.page_fault_count > 0);
    }
}
