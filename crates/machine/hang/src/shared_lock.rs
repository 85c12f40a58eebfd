//! Who holds a lock in memory that several processes share: a thread of another process that has the same memory mapped.

use wer_snapshot::Region;
use wer_sys::Process;

use crate::chain::WaitingOn;

/// `FUTEX_PRIVATE_FLAG`: the waiter says that no other process is concerned.
const PRIVATE: u64 = 128;

/// The shared memory that a futex of this operation lies in.
pub(crate) fn memory_of(process: &Process, address: u64, operation: u64) -> Option<Region> {
    if operation & PRIVATE != 0 {
        return None;
    }
    let regions = process.maps().ok()?.regions;
    regions.into_iter().find(|it| (it.start..it.end).contains(&address) && it.protection.shared)
}

/// The thread that is named in such memory, if it is one of a process that has the memory too. Numbers are those of the
/// waiting process's namespace, which must be ours to be understood.
pub(crate) fn holder(process: &Process, memory: &Region, named: u32) -> Option<WaitingOn> {
    let own = Process::open(std::process::id()).ok()?;
    if named < 2 || own.link("ns/pid") != process.link("ns/pid") {
        return None;
    }
    let pid = Process::open(named).ok()?.status().ok()?.tgid;
    let other = Process::open(pid).ok().filter(|other| other.pid() != process.pid())?;
    let shares = |it: &Region| (it.device, it.inode) == (memory.device, memory.inode) && it.protection.shared;
    let has_it = memory.inode != 0 && other.maps().ok()?.regions.iter().any(shares);
    has_it.then_some(WaitingOn { pid, tid: Some(named) })
}
