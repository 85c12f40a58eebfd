//! A process, held by its `/proc/PID` directory so that a reused pid cannot be mistaken for it.
//!
//! Everything is opened below the directory held here: once the process is gone, reads below it fail with ESRCH even
//! when its number names another process. A pidfd, where there is one, proves that it is the process meant.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, Mode, OFlags};

use crate::limits::{MAX_MAPS_BYTES, MAX_PROC_FILE_BYTES, MAX_SMAPS_BYTES, MAX_THREADS, PROC_READ_BYTES};
use wer_snapshot::Region;

use crate::mapquery;
use crate::memory::ProcessMemory;
use crate::pagemap::PageMap;
use crate::pidfd;
use crate::procfs::{
    BlockedCall, CoreAndStackLimits, Maps, Smaps, SmapsParser, Stat, Status, parse_auxv, parse_cmdline,
    parse_limits, parse_maps, parse_stat, parse_status, parse_syscall,
};

/// Why a process could not be held or read.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It ended.
    #[error("process {pid} is gone")]
    Gone {
        /// Which.
        pid: u32,
    },
    /// The kernel refuses.
    #[error(
        "process {pid} may not be read by this user; run as its user or as root ({what}: permission denied)"
    )]
    NotPermitted {
        /// Which.
        pid: u32,
        /// What was refused.
        what: String,
    },
    /// Another error of the kernel.
    #[error("process {pid}: {what} could not be read: {source}")]
    Io {
        /// Which.
        pid: u32,
        /// What was read.
        what: String,
        /// The kernel's error.
        source: io::Error,
    },
    /// A file of `/proc` has no sense.
    #[error("process {pid}: {what} could not be understood")]
    Malformed {
        /// Which.
        pid: u32,
        /// Which file.
        what: String,
    },
}

impl ProcessError {
    fn from_io(pid: u32, what: &str, source: io::Error) -> Self {
        match source.raw_os_error() {
            Some(libc::ENOENT | libc::ESRCH) => Self::Gone { pid },
            Some(libc::EACCES | libc::EPERM) => Self::NotPermitted { pid, what: what.into() },
            _ => Self::Io { pid, what: what.into(), source },
        }
    }
}

/// What names a process for good on this boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProcessIdentity {
    /// Pid in our namespace.
    pub pid: u32,
    /// Start, clock ticks after boot.
    pub start_ticks: u64,
}

/// A process held by its directory.
#[derive(Debug)]
pub struct Process {
    identity: ProcessIdentity,
    directory: OwnedFd,
    pidfd: Option<OwnedFd>,
    /// Where files about its memory are read: empty, or `task/TID/` when the main thread has ended before the others.
    memory_place: String,
}

impl Process {
    /// Holds the process that has this pid now. A pidfd is opened too, where the kernel allows it.
    ///
    /// # Errors
    /// [`ProcessError::Gone`] when there is none.
    pub fn open(pid: u32) -> Result<Self, ProcessError> {
        let handle = pidfd::open(pid).ok();
        Self::open_directory(pid, handle)
    }

    /// Holds the process that a pidfd names.
    ///
    /// # Errors
    /// [`ProcessError::Gone`] when it has ended and was reaped, or lies outside our pid namespace.
    pub fn from_pidfd(handle: OwnedFd) -> Result<Self, ProcessError> {
        let pid = pidfd::pid_of(handle.as_fd()).ok_or(ProcessError::Gone { pid: 0 })?;
        Self::open_directory(pid, Some(handle))
    }

    fn open_directory(pid: u32, handle: Option<OwnedFd>) -> Result<Self, ProcessError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(format!("/proc/{pid}"), flags, Mode::empty())
            .map_err(|error| ProcessError::from_io(pid, "its /proc directory", error.into()))?;
        // The directory was opened by number: it is the pidfd's process only if that one still has the number now.
        if handle.as_ref().is_some_and(|handle| pidfd::pid_of(handle.as_fd()) != Some(pid)) {
            return Err(ProcessError::Gone { pid });
        }
        let identity = ProcessIdentity { pid, start_ticks: 0 };
        let mut process = Self { identity, directory, pidfd: handle, memory_place: String::new() };
        let stat = process.stat()?;
        process.identity.start_ticks = stat.start_ticks;
        if stat.state == 'Z' {
            process.memory_place = process.place_beside_an_ended_main_thread();
        }
        Ok(process)
    }

    fn place_beside_an_ended_main_thread(&self) -> String {
        let lives = |tid: &u32| self.thread_stat(*tid).is_ok_and(|stat| !matches!(stat.state, 'Z' | 'X'));
        let living = self.thread_ids().unwrap_or_default().into_iter().find(lives);
        living.map(|tid| format!("task/{tid}/")).unwrap_or_default()
    }

    /// Pid in our namespace.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.identity.pid
    }

    /// What names it for good.
    #[must_use]
    pub const fn identity(&self) -> ProcessIdentity {
        self.identity
    }

    /// The pidfd, where there is one.
    #[must_use]
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// The directory `/proc/PID`.
    #[must_use]
    pub fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Whether it still exists (a zombie does).
    #[must_use]
    pub fn exists(&self) -> bool {
        self.stat().is_ok()
    }

    /// Reads a file below `/proc/PID`, cut at `limit` bytes.
    ///
    /// # Errors
    /// The kernel's, sorted into [`ProcessError`].
    pub fn read_limited(&self, name: &str, limit: usize) -> Result<Vec<u8>, ProcessError> {
        let fail = |error: rustix::io::Errno| ProcessError::from_io(self.pid(), name, error.into());
        let file = self.open_file(name, OFlags::RDONLY).map_err(fail)?;
        let mut bytes = Vec::with_capacity(PROC_READ_BYTES);
        while bytes.len() < limit {
            // Every read takes the kernel some time, and gives a page at most.
            bytes.reserve(PROC_READ_BYTES / 2);
            match rustix::io::read(&file, spare_capacity(&mut bytes)) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(fail(error)),
            }
        }
        bytes.truncate(limit);
        Ok(bytes)
    }

    /// Reads a small file below `/proc/PID`.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, ProcessError> {
        self.read_limited(name, MAX_PROC_FILE_BYTES)
    }

    /// Opens a file below `/proc/PID`; magic links such as `exe` and `map_files/A-B` lead to the file itself.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open_file(&self, name: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        rustix::fs::openat(&self.directory, name, flags | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())
    }

    /// Where a link below `/proc/PID` leads, as the kernel prints it; `None` when it cannot be read.
    #[must_use]
    pub fn link(&self, name: &str) -> Option<String> {
        let target = rustix::fs::readlinkat(&self.directory, name, Vec::new()).ok()?;
        Some(String::from_utf8_lossy(target.to_bytes()).into_owned())
    }

    fn parsed<T>(&self, name: &str, parse: fn(&[u8]) -> Option<T>) -> Result<T, ProcessError> {
        let bytes = self.read(name)?;
        parse(&bytes).ok_or_else(|| ProcessError::Malformed { pid: self.pid(), what: name.into() })
    }

    /// `stat`.
    ///
    /// # Errors
    /// As [`Self::read_limited`], or malformed.
    pub fn stat(&self) -> Result<Stat, ProcessError> {
        self.parsed("stat", parse_stat)
    }

    /// `status`.
    ///
    /// # Errors
    /// As [`Self::read_limited`], or malformed.
    pub fn status(&self) -> Result<Status, ProcessError> {
        self.parsed("status", parse_status)
    }

    /// `stat` of a thread.
    ///
    /// # Errors
    /// As [`Self::read_limited`], or malformed.
    pub fn thread_stat(&self, tid: u32) -> Result<Stat, ProcessError> {
        self.parsed(&format!("task/{tid}/stat"), parse_stat)
    }

    /// Name of a thread (`comm`), lossy; may hold any character. Half the price of its `stat`.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn thread_name(&self, tid: u32) -> Result<String, ProcessError> {
        let name = format!("task/{tid}/comm");
        let fail = |error: rustix::io::Errno| ProcessError::from_io(self.pid(), &name, error.into());
        // The kernel keeps 16 bytes of it, 64 of its own workers'.
        let mut bytes = [0; 128];
        let file = self.open_file(&name, OFlags::RDONLY).map_err(fail)?;
        let length = rustix::io::read(&file, &mut bytes).map_err(fail)?;
        let text = bytes.get(..length).unwrap_or_default();
        Ok(String::from_utf8_lossy(text.strip_suffix(b"\n").unwrap_or(text)).into_owned())
    }

    /// `status` of a thread.
    ///
    /// # Errors
    /// As [`Self::read_limited`], or malformed.
    pub fn thread_status(&self, tid: u32) -> Result<Status, ProcessError> {
        self.parsed(&format!("task/{tid}/status"), parse_status)
    }

    /// Where a waiting thread left user space; `None` when it runs or the kernel does not say.
    #[must_use]
    pub fn blocked_call(&self, tid: u32) -> Option<BlockedCall> {
        parse_syscall(&self.read(&format!("task/{tid}/syscall")).ok()?)
    }

    /// Thread ids in our namespace, rising; at most [`MAX_THREADS`].
    ///
    /// # Errors
    /// The kernel's, sorted into [`ProcessError`].
    pub fn thread_ids(&self) -> Result<Vec<u32>, ProcessError> {
        self.numbered("task", MAX_THREADS)
    }

    /// How many threads there are; much quicker than listing them.
    #[must_use]
    pub fn thread_count(&self) -> Option<usize> {
        let links = rustix::fs::statat(&self.directory, "task", AtFlags::empty()).ok()?.st_nlink;
        // The kernel counts a link for each thread, and the two that every folder has.
        usize::try_from(links).ok()?.checked_sub(2)
    }

    /// Entries of a folder below `/proc/PID` that are numbers, rising, at most `limit`.
    fn numbered(&self, name: &str, limit: usize) -> Result<Vec<u32>, ProcessError> {
        let fail = |error: rustix::io::Errno| ProcessError::from_io(self.pid(), name, error.into());
        let directory = self.open_file(name, OFlags::RDONLY | OFlags::DIRECTORY).map_err(fail)?;
        let mut numbers = Vec::new();
        // Two more entries are the folder itself and the one above it.
        for entry in rustix::fs::Dir::new(directory).map_err(fail)?.take(limit.saturating_add(2)) {
            let entry = entry.map_err(fail)?;
            numbers.extend(entry.file_name().to_str().ok().and_then(|name| name.parse::<u32>().ok()));
        }
        numbers.truncate(limit);
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Where files about what its threads share are: empty, or `task/TID/` of one that lives when the main thread does not.
    #[must_use]
    pub fn shared_place(&self) -> &str {
        &self.memory_place
    }

    /// Numbers of its open descriptors, rising, at most `limit`, and whether there are more.
    ///
    /// # Errors
    /// The kernel's, sorted into [`ProcessError`].
    pub fn descriptors(&self, limit: usize) -> Result<(Vec<u32>, bool), ProcessError> {
        let mut numbers = self.numbered(&format!("{}fd", self.memory_place), limit.saturating_add(1))?;
        let more = numbers.len() > limit;
        numbers.truncate(limit);
        Ok((numbers, more))
    }

    /// Its page map, for reading.
    ///
    /// # Errors
    /// The kernel's, sorted into [`ProcessError`].
    pub fn page_map(&self) -> Result<PageMap, ProcessError> {
        let file = self
            .open_file(&format!("{}pagemap", self.memory_place), OFlags::RDONLY)
            .map_err(|error| ProcessError::from_io(self.pid(), "its page map", error.into()))?;
        Ok(PageMap::from_fd(file))
    }

    /// `smaps`: mappings with their marks. The kernel walks all page tables for it.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn smaps(&self) -> Result<Smaps, ProcessError> {
        let name = format!("{}smaps", self.memory_place);
        let fail = |error: io::Error| ProcessError::from_io(self.pid(), "smaps", error);
        let file = self.open_file(&name, OFlags::RDONLY).map_err(|error| fail(error.into()))?;
        let mut file = File::from(file).take(MAX_SMAPS_BYTES);
        let (mut parser, mut piece) = (SmapsParser::default(), vec![0; 64 << 10]);
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(parser.finish()),
                Ok(count) => parser.push(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(fail(error)),
            }
        }
    }

    /// Reads a small file about its memory (`auxv`, `cmdline`), also when the main thread has ended before the others.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn read_of_memory(&self, name: &str) -> Result<Vec<u8>, ProcessError> {
        self.read(&format!("{}{name}", self.memory_place))
    }

    /// Path of the executable as the kernel prints it; `None` when it has none or may not be seen.
    #[must_use]
    pub fn executable(&self) -> Option<String> {
        self.link(&format!("{}exe", self.memory_place))
    }

    /// `maps`, byte for byte, cut at a limit.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn maps_text(&self) -> Result<Vec<u8>, ProcessError> {
        self.read_limited(&format!("{}maps", self.memory_place), MAX_MAPS_BYTES)
    }

    /// Mapped files alone, which is much quicker for a process with many other mappings; `None` where the kernel cannot
    /// say (before Linux 6.11), or there are too many.
    #[must_use]
    pub fn file_mappings(&self) -> Option<Vec<Region>> {
        let maps = self.open_file(&format!("{}maps", self.memory_place), OFlags::RDONLY).ok()?;
        mapquery::file_mappings(maps.as_fd())
    }

    /// `maps`.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn maps(&self) -> Result<Maps, ProcessError> {
        Ok(parse_maps(&self.maps_text()?))
    }

    /// `auxv`.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn auxv(&self) -> Result<Vec<(u64, u64)>, ProcessError> {
        Ok(parse_auxv(&self.read_of_memory("auxv")?))
    }

    /// `cmdline`.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn arguments(&self) -> Result<Vec<String>, ProcessError> {
        Ok(parse_cmdline(&self.read_of_memory("cmdline")?))
    }

    /// `limits`.
    ///
    /// # Errors
    /// As [`Self::read_limited`].
    pub fn limits(&self) -> Result<CoreAndStackLimits, ProcessError> {
        Ok(parse_limits(&self.read("limits")?))
    }

    /// Opens its memory: for writing too where `writable` is set.
    ///
    /// # Errors
    /// The kernel's, sorted into [`ProcessError`].
    pub fn memory(&self, writable: bool) -> Result<ProcessMemory, ProcessError> {
        let flags = if writable { OFlags::RDWR } else { OFlags::RDONLY };
        let file = self
            .open_file(&format!("{}mem", self.memory_place), flags)
            .map_err(|error| ProcessError::from_io(self.pid(), "its memory", error.into()))?;
        Ok(ProcessMemory::from_fd(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_can_read_ourselves() {
        let me = Process::open(std::process::id()).expect("our own process");
        assert_eq!(me.status().expect("status").tgid, std::process::id());
        let threads = me.thread_ids().expect("tasks");
        assert!(threads.contains(&std::process::id()));
        assert!(me.thread_stat(threads[0]).is_ok());
        assert!(me.maps().expect("maps").regions.len() > 5);
        assert!(me.auxv().expect("auxv").iter().any(|(key, _)| *key == libc::AT_PHDR));
        assert_eq!(me.arguments().expect("cmdline").first(), std::env::args().next().as_ref());
        assert!(me.executable().is_some_and(|exe| exe.contains("wer_sys")));
    }

    #[test]
    fn an_ended_process_is_gone_and_stays_itself() {
        let mut child = std::process::Command::new("true").spawn().expect("true");
        let held = Process::open(child.id()).expect("a child that nobody reaped");
        child.wait().expect("its end");
        assert!(!held.exists());
        assert!(matches!(held.status(), Err(ProcessError::Gone { .. })));
        assert!(matches!(Process::open(held.pid()), Err(ProcessError::Gone { .. })));
    }

    #[test]
    fn a_pidfd_leads_to_its_process() {
        let handle = pidfd::open(std::process::id()).expect("a pidfd of ours");
        let process = Process::from_pidfd(handle).expect("our process");
        assert_eq!(process.identity(), Process::open(std::process::id()).expect("ours").identity());
    }
}
