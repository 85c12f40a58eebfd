//! Stream 22: the process's memory, in two revisions.

use crate::bytes::Bytes;
use crate::record::Record;
use crate::value::Value;

const SECOND_REVISION_BYTES: u64 = 152;
const FLAGS: &[(u64, &str)] = &[(1, "COUNTERS"), (2, "VIRTUALSIZE"), (4, "EX"), (8, "EX2"), (16, "JOB")];

pub(super) fn read(bytes: Bytes<'_>) -> Value {
    let second = bytes.len() >= SECOND_REVISION_BYTES;
    let mut record = Record::new(bytes).u16("revision", 0);
    if second {
        let mask = u64::from(bytes.u16(2).unwrap_or_default());
        record = record.with("flags", crate::record::mask_value(mask, FLAGS));
    }
    record = record.u32("page_faults", 4).u64s(
        8,
        &[
            "peak_working_set",
            "working_set",
            "quota_peak_paged_pool",
            "quota_paged_pool",
            "quota_peak_non_paged_pool",
            "quota_non_paged_pool",
            "pagefile",
            "peak_pagefile",
        ],
    );
    if !second {
        return record.u64("private", 72).done();
    }
    record
        .u64s(
            72,
            &[
                "peak_virtual_size",
                "virtual_size",
                "private",
                "private_working_set",
                "shared_commit",
                "job_shared_commit",
                "job_private_commit",
                "job_peak_private_commit",
                "job_private_commit_limit",
                "job_total_commit_limit",
            ],
        )
        .done()
}
