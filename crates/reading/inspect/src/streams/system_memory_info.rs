//! Stream 21: the machine's memory, 492 bytes.

use crate::bytes::Bytes;
use crate::record::Record;
use crate::value::Value;

/// 32-bit counters of the last part, in their order.
const COUNTERS: [&str; 70] = [
    "io_read_operations",
    "io_write_operations",
    "io_other_operations",
    "available_pages",
    "committed_pages",
    "commit_limit",
    "peak_commitment",
    "page_faults",
    "copy_on_writes",
    "transitions",
    "cache_transitions",
    "demand_zeros",
    "page_reads",
    "page_read_ios",
    "cache_reads",
    "cache_ios",
    "dirty_pages_writes",
    "dirty_write_ios",
    "mapped_pages_writes",
    "mapped_write_ios",
    "paged_pool_pages",
    "non_paged_pool_pages",
    "paged_pool_allocs",
    "paged_pool_frees",
    "non_paged_pool_allocs",
    "non_paged_pool_frees",
    "free_system_ptes",
    "resident_system_code_page",
    "total_system_driver_pages",
    "total_system_code_pages",
    "non_paged_pool_lookaside_hits",
    "paged_pool_lookaside_hits",
    "available_paged_pool_pages",
    "resident_system_cache_page",
    "resident_paged_pool_page",
    "resident_system_driver_page",
    "cc_fast_read_no_wait",
    "cc_fast_read_wait",
    "cc_fast_read_resource_miss",
    "cc_fast_read_not_possible",
    "cc_fast_mdl_read_no_wait",
    "cc_fast_mdl_read_wait",
    "cc_fast_mdl_read_resource_miss",
    "cc_fast_mdl_read_not_possible",
    "cc_map_data_no_wait",
    "cc_map_data_wait",
    "cc_map_data_no_wait_miss",
    "cc_map_data_wait_miss",
    "cc_pin_mapped_data",
    "cc_pin_read_no_wait",
    "cc_pin_read_wait",
    "cc_pin_read_no_wait_miss",
    "cc_pin_read_wait_miss",
    "cc_copy_read_no_wait",
    "cc_copy_read_wait",
    "cc_copy_read_no_wait_miss",
    "cc_copy_read_wait_miss",
    "cc_mdl_read_no_wait",
    "cc_mdl_read_wait",
    "cc_mdl_read_no_wait_miss",
    "cc_mdl_read_wait_miss",
    "cc_read_ahead_ios",
    "cc_lazy_write_ios",
    "cc_lazy_write_pages",
    "cc_data_flushes",
    "cc_data_pages",
    "context_switches",
    "first_level_tb_fills",
    "second_level_tb_fills",
    "system_calls",
];

pub(super) fn read(bytes: Bytes<'_>) -> Value {
    Record::new(bytes)
        .u16("revision", 0)
        .maybe("flags", bytes.u16(2).map(|flags| Value::Hex(u64::from(flags))))
        .with("basic", basic(bytes.upto(4, 52)))
        .with("file_cache", file_cache(bytes.upto(56, 60)))
        .with("commitment", commitment(bytes.upto(116, 32)))
        .with("performance", performance(bytes.from(148)))
        .done()
}

fn basic(bytes: Bytes<'_>) -> Value {
    Record::new(bytes)
        .u32s(
            0,
            &[
                "timer_resolution_100ns",
                "page_size",
                "physical_pages",
                "lowest_physical_page",
                "highest_physical_page",
                "allocation_granularity",
            ],
        )
        .address("minimum_user_address", 24)
        .address("maximum_user_address", 32)
        .hex64("active_processors", 40)
        .u32("processors", 48)
        .done()
}

fn file_cache(bytes: Bytes<'_>) -> Value {
    Record::new(bytes)
        .u64s(0, &["current_size", "peak_size"])
        .u32("page_faults", 16)
        .u64s(
            20,
            &[
                "minimum_working_set",
                "maximum_working_set",
                "current_size_with_transition_pages",
                "peak_size_with_transition_pages",
            ],
        )
        .u32("transition_repurposes", 52)
        .hex32("flags", 56)
        .done()
}

fn commitment(bytes: Bytes<'_>) -> Value {
    Record::new(bytes)
        .u64s(0, &["available_pages", "committed_pages", "commit_limit", "peak_commitment"])
        .done()
}

fn performance(bytes: Bytes<'_>) -> Value {
    Record::new(bytes)
        .u64s(0, &["idle_process_time_100ns", "io_read_bytes", "io_write_bytes", "io_other_bytes"])
        .u32s(32, &COUNTERS)
        .u64s(
            312,
            &[
                "cc_total_dirty_pages",
                "cc_dirty_page_threshold",
                "resident_available_pages",
                "shared_committed_pages",
            ],
        )
        .done()
}
