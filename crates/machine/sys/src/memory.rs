//! Another process's memory: through `/proc/PID/mem` (preferred: a descriptor, so it stays with its process) or
//! `process_vm_readv` (by number: for where `/proc` cannot be opened, and for long reads of a process that is held).
#![expect(unsafe_code, reason = "process_vm_readv has no safe wrapper")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use wer_snapshot::MemoryReader;

use crate::limits::{FAST_READ_BYTES, MAX_VECTORS};
use crate::pagemap::PageMap;

/// Memory of a process by an open `/proc/PID/mem`.
#[derive(Debug)]
pub struct ProcessMemory {
    file: OwnedFd,
    /// While the process is held: its number, for long reads.
    number: Option<VmMemory>,
    untouched: Option<Untouched>,
}

/// Where pages that were never touched are zeros.
#[derive(Debug)]
struct Untouched {
    pages: PageMap,
    /// Private anonymous mappings, rising, neighbours merged.
    anonymous: Vec<(u64, u64)>,
}

impl ProcessMemory {
    /// Takes an open `/proc/PID/mem`, wherever it came from.
    #[must_use]
    pub const fn from_fd(file: OwnedFd) -> Self {
        Self { file, number: None, untouched: None }
    }

    /// From now on long reads go by the process's number, which must name the process until [`Self::run_on`]: it is
    /// stopped, or the kernel holds it. Every such read is checked against the descriptor afterwards, which fails once
    /// the process has ended or has executed another program.
    pub fn hold_still(&mut self, pid: u32) {
        self.number = Some(VmMemory::new(pid));
    }

    /// From now on [`MemoryReader::untouched`] is answered for `anonymous`: the process's private anonymous mappings.
    pub fn know_untouched(&mut self, pages: PageMap, anonymous: impl Iterator<Item = (u64, u64)>) {
        let mut sorted: Vec<(u64, u64)> = anonymous.collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (start, end) in sorted {
            match merged.last_mut() {
                Some(last) if last.1 == start => last.1 = end,
                _ => merged.push((start, end)),
            }
        }
        self.untouched = Some(Untouched { pages, anonymous: merged });
    }

    /// The process goes on: its number and its pages are not to be relied on any more.
    pub fn run_on(&mut self) {
        (self.number, self.untouched) = (None, None);
    }

    /// A long read by number. What was read of anything but this process is wiped out.
    fn read_fast(&self, address: u64, buffer: &mut [u8]) -> Option<usize> {
        if buffer.len() < FAST_READ_BYTES {
            return None;
        }
        let count = self.number?.read(address, buffer);
        if count == 0 {
            return None;
        }
        // The descriptor keeps to the memory of the program that was running when it was opened.
        if !matches!(rustix::io::pread(&self.file, &mut [0], address), Ok(1)) {
            buffer.fill(0);
            return None;
        }
        Some(count)
    }

    /// Many short reads by number, in one call.
    fn read_many_fast(&self, ranges: &[(u64, usize)], buffer: &mut [u8]) -> Option<usize> {
        let count = self.number?.read_many(ranges, buffer);
        let (first, _) = ranges.first().filter(|_| count > 0)?;
        if !matches!(rustix::io::pread(&self.file, &mut [0], *first), Ok(1)) {
            buffer.fill(0);
            return None;
        }
        Some(count)
    }

    /// The descriptor; it can be handed to a confined process.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Writes all of `bytes` at `address`.
    ///
    /// # Errors
    /// The kernel's; `WriteZero` when only a part could be written.
    pub fn write_all(&self, address: u64, bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let offset = address.checked_add(done as u64).ok_or(io::ErrorKind::InvalidInput)?;
            match rustix::io::pwrite(&self.file, rest, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl MemoryReader for ProcessMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        read_in_parts(address, buffer, |at, rest| {
            if let Some(count) = self.read_fast(at, rest) {
                return Some(count);
            }
            match rustix::io::pread(&self.file, rest, at) {
                Ok(count) => Some(count),
                Err(rustix::io::Errno::INTR) => Some(0),
                Err(_) => None,
            }
        })
    }

    fn read_many(&self, ranges: &[(u64, usize)], buffer: &mut [u8]) -> usize {
        self.read_many_fast(ranges, buffer).unwrap_or_default()
    }

    fn untouched(&self, address: u64, limit: u64) -> u64 {
        let Some(Untouched { pages, anonymous }) = &self.untouched else { return 0 };
        let index = anonymous.partition_point(|(_, end)| *end <= address);
        match anonymous.get(index) {
            Some((start, end)) if *start <= address => pages.untouched(address, limit.min(end - address)),
            _ => 0,
        }
    }
}

/// Memory of a process by its number. The caller makes sure that the number still names it.
#[derive(Clone, Copy, Debug)]
pub struct VmMemory {
    pid: libc::pid_t,
}

impl VmMemory {
    /// Memory of the process with this pid.
    #[must_use]
    pub const fn new(pid: u32) -> Self {
        Self { pid: pid.cast_signed() }
    }
}

impl MemoryReader for VmMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        read_in_parts(address, buffer, |at, rest| {
            let remote = libc::iovec {
                iov_base: std::ptr::without_provenance_mut(usize::try_from(at).ok()?),
                iov_len: rest.len(),
            };
            let local = libc::iovec { iov_base: rest.as_mut_ptr().cast(), iov_len: rest.len() };
            // SAFETY: `local` covers exactly `rest`, which we borrow mutably; the kernel checks `remote`.
            let count =
                unsafe { libc::process_vm_readv(self.pid, &raw const local, 1, &raw const remote, 1, 0) };
            usize::try_from(count).ok().filter(|count| *count > 0)
        })
    }

    fn read_many(&self, ranges: &[(u64, usize)], buffer: &mut [u8]) -> usize {
        let remote: Vec<libc::iovec> = ranges
            .iter()
            .take(MAX_VECTORS)
            .map_while(|(address, bytes)| {
                let base = std::ptr::without_provenance_mut(usize::try_from(*address).ok()?);
                Some(libc::iovec { iov_base: base, iov_len: *bytes })
            })
            .collect();
        let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let vectors = remote.len() as libc::c_ulong;
        // SAFETY: `local` covers exactly `buffer`, which we borrow mutably; the kernel checks `remote`, of which there
        // are as many as we say.
        let count =
            unsafe { libc::process_vm_readv(self.pid, &raw const local, 1, remote.as_ptr(), vectors, 0) };
        usize::try_from(count).unwrap_or_default().min(buffer.len())
    }
}

/// Calls `part` until `buffer` is full or nothing more can be had: the kernel stops short at a page that is missing.
fn read_in_parts(
    address: u64,
    buffer: &mut [u8],
    mut part: impl FnMut(u64, &mut [u8]) -> Option<usize>,
) -> usize {
    /// Interrupted or empty reads in a row that are borne.
    const MAX_EMPTY: u32 = 16;
    let (mut done, mut empty) = (0, 0);
    while done < buffer.len() && empty < MAX_EMPTY {
        let Some(at) = address.checked_add(done as u64).filter(|at| *at <= i64::MAX as u64) else { break };
        let Some(rest) = buffer.get_mut(done..) else { break };
        match part(at, rest) {
            Some(0) => empty += 1,
            Some(count) => (done, empty) = (done + count, 0),
            None => break,
        }
    }
    done.min(buffer.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Process;
    use rustix::mm::{MapFlags, ProtFlags};

    /// Three pages of ours: `a`s, `b`s, and one that may not be read. Never unmapped.
    fn pages() -> u64 {
        let (read_write, private) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new anonymous mapping at an address of the kernel's choice disturbs nothing.
        let base = unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), 3 * 4096, read_write, private) }
            .expect("three pages");
        // SAFETY: the first two pages of the mapping above are ours and writable.
        let bytes = unsafe { std::slice::from_raw_parts_mut(base.cast::<u8>(), 2 * 4096) };
        bytes[..4096].fill(b'a');
        bytes[4096..].fill(b'b');
        let last = base.wrapping_byte_add(2 * 4096);
        // SAFETY: only the third page of the same mapping changes, and nobody refers to it.
        unsafe { rustix::mm::mprotect(last, 4096, rustix::mm::MprotectFlags::empty()) }.expect("a guard");
        // SAFETY: as above; the guard page goes away so that not even /proc/PID/mem can read it.
        unsafe { rustix::mm::munmap(last, 4096) }.expect("a hole");
        base as u64
    }

    #[test]
    fn both_ways_stop_at_the_first_page_that_is_missing() {
        let base = pages();
        let by_fd = Process::open(std::process::id()).expect("ours").memory(false).expect("our memory");
        let by_number = VmMemory::new(std::process::id());
        for memory in [&by_fd as &dyn MemoryReader, &by_number] {
            let mut buffer = vec![0; 3 * 4096];
            assert_eq!(memory.read(base + 4000, &mut buffer), 2 * 4096 - 4000);
            assert_eq!((buffer[95], buffer[96]), (b'a', b'b'));
            assert_eq!(memory.read(base + 2 * 4096, &mut buffer[..16]), 0);
            assert_eq!(memory.read(u64::MAX - 3, &mut buffer[..16]), 0);
            assert_eq!(memory.read_u64(base), Some(u64::from_le_bytes(*b"aaaaaaaa")));
            assert_eq!(memory.read_exact(base + 8190, 4), None);
        }
    }

    #[test]
    fn long_reads_go_by_number_and_give_the_same() {
        let (length, hole) = (64 << 20, 40 << 20);
        let (read_write, private) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new anonymous mapping at an address of the kernel's choice disturbs nothing.
        let base = unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), length, read_write, private) }
            .expect("a mapping");
        // SAFETY: the mapping above is ours and writable; it is never unmapped.
        let bytes = unsafe { std::slice::from_raw_parts_mut(base.cast::<u8>(), length) };
        bytes.iter_mut().step_by(61).enumerate().for_each(|(index, byte)| *byte = index as u8);
        // SAFETY: one page of the same mapping, to which nobody refers by now.
        unsafe {
            rustix::mm::mprotect(base.wrapping_byte_add(hole), 4096, rustix::mm::MprotectFlags::empty())
        }
        .expect("a page that only the descriptor can read");
        let me = Process::open(std::process::id()).expect("ours");
        let slow = me.memory(false).expect("our memory");
        let mut fast = me.memory(false).expect("our memory");
        fast.hold_still(std::process::id());
        let (mut one, mut other) = (vec![0; length], vec![1; length]);
        assert_eq!(slow.read(base as u64, &mut one), length);
        assert_eq!(fast.read(base as u64, &mut other), length);
        assert!(one == other);
    }

    #[test]
    fn a_number_that_names_another_gives_nothing() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().expect("cat");
        let process = Process::open(child.id()).expect("our child");
        let mut memory = process.memory(false).expect("its memory");
        child.kill().expect("our own child");
        child.wait().expect("its end");
        // As if its number had come to us.
        memory.hold_still(std::process::id());
        let ours = vec![7u8; 256 << 10];
        let mut buffer = vec![9; 128 << 10];
        assert_eq!(memory.read(ours.as_ptr() as u64, &mut buffer), 0);
        assert!(buffer.iter().all(|byte| *byte == 0), "nothing of ours is left in it");
    }

    #[test]
    fn untouched_pages_are_told_within_anonymous_memory_only() {
        let base = pages();
        let me = Process::open(std::process::id()).expect("ours");
        let mut memory = me.memory(false).expect("our memory");
        assert_eq!(memory.untouched(base, 4096), 0, "nothing is known");
        let map = |me: &Process| {
            PageMap::from_fd(me.open_file("pagemap", rustix::fs::OFlags::RDONLY).expect("a page map"))
        };
        let (read_write, private) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new anonymous mapping at an address of the kernel's choice disturbs nothing.
        let new = unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), 16 * 4096, read_write, private) }
            .expect("pages") as u64;
        memory.know_untouched(
            map(&me),
            [(base, base + 8192), (new, new + 8192), (new + 8192, new + 65536)].into_iter(),
        );
        assert_eq!(memory.untouched(base, 4096), 0, "touched");
        assert_eq!(memory.untouched(new, u64::MAX), 65536);
        assert_eq!(memory.untouched(new + 4096, 8192), 8192);
        assert_eq!(memory.untouched(new + 65536, 4096), 0, "not known to be anonymous");
        memory.run_on();
        assert_eq!(memory.untouched(new, 4096), 0, "it runs");
    }

    #[test]
    fn memory_can_be_written_by_its_descriptor() {
        let base = pages();
        let memory = Process::open(std::process::id()).expect("ours").memory(true).expect("our memory");
        memory.write_all(base + 8, b"written").expect("a write");
        assert_eq!(memory.read_exact(base + 7, 9).as_deref(), Some(&b"awrittena"[..]));
        assert!(memory.write_all(base + 2 * 4096, b"x").is_err());
    }
}
