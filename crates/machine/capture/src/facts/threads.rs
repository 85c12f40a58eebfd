//! Details of threads: when and where they began, on which processors they may run.
//!
//! glibc describes its own thread control block for debuggers: `_thread_db_pthread_start_routine`, three words of
//! `libc.so.6` (bits, count, offset), says where in it the function is that the thread was started with. Other C
//! libraries and static programs have no such description.

use wer_snapshot::{MemoryReader, ModuleSnapshot, Region};

use crate::bytes::u32_at;
use crate::elf::Image;
use crate::limits::MAX_CONTROL_BLOCK_BYTES;

/// Where in a thread's control block its start function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StartRoutine {
    offset: u64,
}

impl StartRoutine {
    /// Asks the target's glibc; `None` without one.
    pub(crate) fn of(memory: &dyn MemoryReader, modules: &[ModuleSnapshot]) -> Option<Self> {
        // Before glibc 2.34 threads were in a library of their own.
        let named = |soname: &str| modules.iter().find(|module| module.soname.as_deref() == Some(soname));
        ["libc.so.6", "libpthread.so.0"].into_iter().filter_map(named).find_map(|module| {
            let image = Image::read(memory, module.base)?;
            let at = image.dynamic_symbol("_thread_db_pthread_start_routine")?;
            parse(&memory.read_exact(at, 12)?)
        })
    }

    /// The function that a thread was started with; 0 = unknown. It must be code.
    pub(crate) fn read(self, memory: &dyn MemoryReader, fs_base: u64, regions: &[Region]) -> u64 {
        let found =
            fs_base.checked_add(self.offset).filter(|_| fs_base != 0).and_then(|at| memory.read_u64(at));
        found.filter(|address| is_code(regions, *address)).unwrap_or(0)
    }
}

fn parse(description: &[u8]) -> Option<StartRoutine> {
    let (bits, count) = (u32_at(description, 0)?, u32_at(description, 4)?);
    let offset = u64::from(u32_at(description, 8)?);
    (bits == 64 && count == 1 && offset < MAX_CONTROL_BLOCK_BYTES).then_some(StartRoutine { offset })
}

fn is_code(regions: &[Region], address: u64) -> bool {
    let index = regions.partition_point(|region| region.end <= address);
    regions.get(index).is_some_and(|region| region.start <= address && region.protection.execute)
}

/// Processors 0 to 63 on which a thread may run, a bit each; 0 = unknown.
pub(crate) fn affinity(tid: u32) -> u64 {
    let tid = i32::try_from(tid).ok().and_then(rustix::process::Pid::from_raw);
    let set = tid.and_then(|tid| rustix::thread::sched_getaffinity(Some(tid)).ok());
    set.map_or(0, |set| {
        (0..64).filter(|processor| set.is_set(*processor)).fold(0, |mask, bit| mask | 1 << bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_snapshot::{Protection, RegionKind, RegionMarks};

    #[test]
    fn only_a_description_of_one_pointer_is_believed() {
        let words = |bits: u32, count: u32, offset: u32| [bits, count, offset].map(u32::to_le_bytes).concat();
        assert_eq!(parse(&words(64, 1, 1600)), Some(StartRoutine { offset: 1600 }));
        assert_eq!(parse(&words(32, 1, 1600)), None);
        assert_eq!(parse(&words(64, 2, 1600)), None);
        assert_eq!(parse(&words(64, 1, u32::MAX)), None);
        assert_eq!(parse(&[0; 11]), None);
    }

    #[test]
    fn a_function_must_be_code() {
        let region = |start: u64, execute| Region {
            start,
            end: start + 0x1000,
            protection: Protection { read: true, execute, ..Protection::default() },
            offset: 0,
            device: 0,
            inode: 0,
            kind: RegionKind::Anonymous,
            marks: RegionMarks::default(),
        };
        let regions = [region(0x1000, false), region(0x2000, true)];
        assert!(is_code(&regions, 0x2000) && is_code(&regions, 0x2fff));
        assert!(![0, 0x1800, 0x3000, u64::MAX].iter().any(|address| is_code(&regions, *address)));
    }

    #[test]
    fn we_may_run_somewhere() {
        assert_ne!(affinity(std::process::id()), 0);
        assert_eq!(affinity(u32::MAX), 0);
    }
}
