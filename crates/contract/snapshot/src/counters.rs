//! Memory use of the process and of the machine.

/// Memory use of a process (`/proc/PID/status` and `stat`). Bytes, unless a name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct VmCounters {
    /// Minor and major faults.
    pub page_fault_count: u64,
    /// Address space, at most so far and now.
    pub peak_virtual_bytes: u64,
    /// Address space now.
    pub virtual_bytes: u64,
    /// Resident set, at most so far.
    pub peak_resident_bytes: u64,
    /// Resident set now.
    pub resident_bytes: u64,
    /// Private writable memory (`VmData`).
    pub private_bytes: u64,
    /// Memory that cannot be paged out (`VmLck`).
    pub locked_bytes: u64,
    /// On swap.
    pub swap_bytes: u64,
    /// Page tables.
    pub page_table_bytes: u64,
}

/// Memory of the machine (`/proc/meminfo`, `/proc/vmstat`). Bytes, unless a name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SystemMemory {
    /// All.
    pub total_bytes: u64,
    /// Unused.
    pub free_bytes: u64,
    /// What new processes could have without swapping.
    pub available_bytes: u64,
    /// Page cache and buffers.
    pub cached_bytes: u64,
    /// Written and not yet on disk.
    pub dirty_bytes: u64,
    /// Kernel objects (`Slab`).
    pub slab_bytes: u64,
    /// Kernel objects that can be given back (`SReclaimable`).
    pub slab_reclaimable_bytes: u64,
    /// Page tables.
    pub page_table_bytes: u64,
    /// Swap.
    pub swap_total_bytes: u64,
    /// Unused swap.
    pub swap_free_bytes: u64,
    /// Promised (`Committed_AS`).
    pub committed_bytes: u64,
    /// Most that may be promised (`CommitLimit`).
    pub commit_limit_bytes: u64,
    /// Page faults since start.
    pub page_fault_count: u64,
    /// Pages read from disk since start.
    pub page_read_count: u64,
}
