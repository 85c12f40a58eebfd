//! Handles of reports: numbers that are looked up and never followed as pointers, so that one which is null, closed,
//! made up or another library's is refused.
//!
//! One lock serialises all threads; it is never held over a system call of ours. Not for signal handlers. The child of a
//! fork has its parent's reports, and begins without any where another thread was in here meanwhile.

use std::sync::MutexGuard;

use wer_abi::Hresult;

use super::{Report, Result};
use crate::ForkMutex;

/// Reports that may be open at once.
pub const MAX_OPEN: usize = 1024;
/// Marks numbers of ours: no address of x86-64 user space begins so.
const MARK: u64 = 0x5257 << 48;
/// Bits of a number below those of its process.
const PROCESS_SHIFT: u32 = 24;

struct Table {
    /// Kept in the order of their numbers.
    reports: Vec<(u64, Report)>,
    /// Never given out again, so that a closed handle stays closed.
    next: u64,
}

/// Numbers begin elsewhere in each process, so that none that a parent gave is another report's in its child.
static TABLE: ForkMutex<Table> = ForkMutex::new(|| Table {
    reports: Vec::new(),
    next: MARK + (u64::from(std::process::id()) << PROCESS_SHIFT) + 1,
});

/// A panic in here leaves whole reports only.
fn table() -> MutexGuard<'static, Table> {
    TABLE.lock()
}

/// Gives a report a handle.
///
/// # Errors
/// `E_OUTOFMEMORY` above [`MAX_OPEN`].
pub fn open(report: Report) -> Result<u64> {
    let mut table = table();
    if table.reports.len() >= MAX_OPEN {
        return Err(Hresult::E_OUTOFMEMORY);
    }
    let handle = table.next;
    table.next += 1;
    table.reports.push((handle, report));
    Ok(handle)
}

/// Calls `body` with the report of a handle.
///
/// # Errors
/// `E_HANDLE`; what `body` answers.
pub fn with<T>(handle: u64, body: impl FnOnce(&mut Report) -> Result<T>) -> Result<T> {
    let mut table = table();
    let place = table.reports.binary_search_by_key(&handle, |(handle, _)| *handle);
    let report = place.ok().and_then(|place| table.reports.get_mut(place)).ok_or(Hresult::E_HANDLE)?;
    body(&mut report.1)
}

/// Throws a report away.
///
/// # Errors
/// `E_INVALIDARG` for what is not the handle of an open report, as Windows answers here.
pub fn close(handle: u64) -> Result<()> {
    let mut table = table();
    let place = table.reports.binary_search_by_key(&handle, |(handle, _)| *handle);
    let report = table.reports.remove(place.map_err(|_| Hresult::E_INVALIDARG)?);
    drop(table);
    drop(report);
    Ok(())
}
