//! Mappings of a process, and reading its bytes.

/// Reads another process's memory, or a core's.
pub trait MemoryReader {
    /// Copies bytes from `address` on into `buffer`; returns how many of the first bytes could be read, 0 when not
    /// even the first. Never fails otherwise: memory of another process may go at any time.
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize;

    /// Copies ranges (address, bytes) one after the other into `buffer`, as far as it goes; returns how many of its first
    /// bytes could be filled. It ends early at the first byte that cannot be read, and may end early for other reasons:
    /// what is missing is to be asked for again by [`Self::read`].
    fn read_many(&self, ranges: &[(u64, usize)], buffer: &mut [u8]) -> usize {
        let mut done = 0;
        for (address, bytes) in ranges {
            let Some(part) = buffer.get_mut(done..).and_then(|rest| rest.get_mut(..*bytes)) else { break };
            let count = self.read(*address, part).min(*bytes);
            done += count;
            if count < *bytes {
                break;
            }
        }
        done
    }

    /// All of `length` bytes, or `None`.
    fn read_exact(&self, address: u64, length: usize) -> Option<Vec<u8>> {
        let mut buffer = vec![0; length];
        (self.read(address, &mut buffer) == length).then_some(buffer)
    }

    /// How many bytes from `address` on, at most up to `limit`, are zeros that need not be read: pages that were never
    /// touched, or holes of a core file. `address` is page aligned. 0 = unknown, which is always right; cheap to call.
    fn untouched(&self, address: u64, limit: u64) -> u64 {
        let _ = (address, limit);
        0
    }

    /// A little-endian `u64`.
    fn read_u64(&self, address: u64) -> Option<u64> {
        let mut buffer = [0; 8];
        (self.read(address, &mut buffer) == 8).then(|| u64::from_le_bytes(buffer))
    }
}

/// Protection bits of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Protection {
    /// Readable.
    pub read: bool,
    /// Writable.
    pub write: bool,
    /// Executable.
    pub execute: bool,
    /// Shared, not private.
    pub shared: bool,
}

/// What a mapping is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegionKind {
    /// Anonymous memory.
    Anonymous,
    /// `[heap]`.
    Heap,
    /// `[stack]` of the main thread.
    Stack,
    /// `[vdso]`.
    Vdso,
    /// `[vvar]`, `[vsyscall]` and other kernel pages that cannot be read.
    Kernel,
    /// A file, by its path as the kernel prints it, unescaped.
    File {
        /// The path, without the kernel's " (deleted)" mark.
        path: String,
        /// The file was deleted.
        deleted: bool,
    },
}

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u64,
    /// First address after it.
    pub end: u64,
    /// Protection.
    pub protection: Protection,
    /// Offset in the file.
    pub offset: u64,
    /// Device of the file, `major << 32 | minor`.
    pub device: u64,
    /// Inode of the file, 0 = none.
    pub inode: u64,
    /// What it is for.
    pub kind: RegionKind,
    /// What the process asked of it; all false where it was not looked at.
    pub marks: RegionMarks,
}

/// What a process, or the machine, asked of a mapping (`VmFlags` of `smaps`, or a core's program headers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RegionMarks {
    /// `MADV_DONTDUMP` (`dd`), or left out by the process's `coredump_filter`: its bytes are left out unless asked for.
    pub not_dumped: bool,
    /// `MADV_DONTFORK` (`dc`): a fork does not have it.
    pub not_forked: bool,
    /// `MADV_WIPEONFORK` (`wf`): a fork has zeros.
    pub wiped_on_fork: bool,
    /// Memory of a device (`io`, `pf`): reading it may have effects.
    pub device: bool,
}

impl Region {
    /// Bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.end - self.start
    }
}
