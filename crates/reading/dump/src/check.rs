//! Counts and sizes that the `minidump` crate would spend memory on, checked first. Every record that the crate copies
//! (names, CodeView records) can be pointed at many times, so their sum is limited too.

use crate::error::DumpError;
use crate::limits::{MAX_MODULES, MAX_RECORD_BYTES, MAX_RECORDS_TOTAL_BYTES, MAX_STREAMS, MAX_THREADS};
use crate::memory::{u32_in, u64_in};

/// Size of `MINIDUMP_MODULE`, and where its name and CodeView location are.
const MODULE_BYTES: usize = 108;
const MODULE_NAME_RVA: usize = 20;
const MODULE_CV_SIZE: usize = 76;
/// Size of `MINIDUMP_THREAD_NAME`, and where its name is.
const THREAD_NAME_BYTES: usize = 12;
const THREAD_NAME_RVA: usize = 4;

fn limit(what: &'static str, value: u64, limit: u64) -> Result<(), DumpError> {
    if value > limit { Err(DumpError::Limit { what, value, limit }) } else { Ok(()) }
}

/// The header: "MDMP", little endian, and a believable number of streams.
pub(crate) fn header(dump: &[u8]) -> Result<(), DumpError> {
    if !dump.starts_with(b"MDMP") {
        return Err(DumpError::NotADump);
    }
    limit("number of streams", u64::from(u32_in(dump, 8)), u64::from(MAX_STREAMS))
}

/// The thread list's count.
pub(crate) fn threads(stream: &[u8]) -> Result<(), DumpError> {
    limit("number of threads", u64::from(u32_in(stream, 0)), u64::from(MAX_THREADS))
}

/// The module list's count, and the sizes of the names and CodeView records that it points at.
pub(crate) fn modules(dump: &[u8], stream: &[u8]) -> Result<(), DumpError> {
    let count = u32_in(stream, 0);
    limit("number of modules", u64::from(count), u64::from(MAX_MODULES))?;
    let mut total = 0;
    for entry in entries(stream, count, MODULE_BYTES) {
        let name = u32_in(dump, u32_in(entry, MODULE_NAME_RVA) as usize);
        let codeview = u32_in(entry, MODULE_CV_SIZE);
        record("module name", name, &mut total)?;
        record("CodeView record", codeview, &mut total)?;
    }
    Ok(())
}

/// The thread name list's count and the sizes of its names.
pub(crate) fn thread_names(dump: &[u8], stream: &[u8]) -> Result<(), DumpError> {
    let count = u32_in(stream, 0);
    limit("number of thread names", u64::from(count), u64::from(MAX_THREADS))?;
    let mut total = 0;
    for entry in entries(stream, count, THREAD_NAME_BYTES) {
        let rva = usize::try_from(u64_in(entry, THREAD_NAME_RVA)).unwrap_or(usize::MAX);
        record("thread name", u32_in(dump, rva), &mut total)?;
    }
    Ok(())
}

fn record(what: &'static str, bytes: u32, total: &mut u64) -> Result<(), DumpError> {
    limit(what, u64::from(bytes), u64::from(MAX_RECORD_BYTES))?;
    *total += u64::from(bytes);
    limit("sum of names", *total, MAX_RECORDS_TOTAL_BYTES)
}

/// The entries after the count, with or without the 4 bytes of padding that some writers put between.
fn entries(stream: &[u8], count: u32, size: usize) -> impl Iterator<Item = &[u8]> {
    let padding = if stream.len() == 8 + count as usize * size { 8 } else { 4 };
    stream.get(padding..).unwrap_or(&[]).chunks_exact(size).take(count as usize)
}
