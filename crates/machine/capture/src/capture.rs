//! A captured process: its snapshot, its memory, and the stop that keeps both true until it is released.

use std::mem::{offset_of, size_of};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use rustix::process::{Pid, Resource, Rlimit};
use wer_abi::registration::{CaptureState, Header};
use wer_snapshot::{MemoryReader, ProcessSnapshot};
use wer_sys::{Process, ProcessIdentity};

use crate::error::CaptureError;
use crate::registration::STORE_PATH_BYTES;
use crate::stop::Hold;
use crate::target::TargetMemory;
use crate::way::fork_snapshot::ForkedCopy;

/// A captured process. Its threads stand still until [`Capture::release`], or until this is dropped.
#[derive(Debug)]
pub struct Capture {
    /// What was captured.
    pub snapshot: ProcessSnapshot,
    process: Arc<Process>,
    memory: TargetMemory,
    held: Option<Held>,
}

/// What a capture keeps of its target.
#[derive(Debug)]
pub(crate) enum Held {
    /// Its threads stand.
    Stop(Hold),
    /// It runs; a copy of it stands.
    Copy(ForkedCopy),
}

impl Capture {
    pub(crate) const fn new(
        snapshot: ProcessSnapshot,
        process: Arc<Process>,
        memory: TargetMemory,
        held: Option<Held>,
    ) -> Self {
        Self { snapshot, process, memory, held }
    }

    /// The target's memory. After [`Self::release`] it changes under the reader, or goes.
    #[must_use]
    pub fn memory(&self) -> &dyn MemoryReader {
        &self.memory
    }

    /// A pidfd of the target, where the kernel gave one.
    #[must_use]
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.process.pidfd()
    }

    /// `/proc/PID/mem`, open; it keeps working in a process that has given up its rights. A fork snapshot has none: its
    /// memory is in several places.
    #[must_use]
    pub fn mem_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.memory {
            TargetMemory::File(memory) => Some(memory.fd()),
            TargetMemory::Number(_) | TargetMemory::Snapshot(_) => None,
        }
    }

    /// The directory `/proc/PID`, held since the capture began.
    #[must_use]
    pub fn proc_directory(&self) -> BorrowedFd<'_> {
        self.process.directory()
    }

    /// What names the target for good.
    #[must_use]
    pub fn identity(&self) -> ProcessIdentity {
        self.process.identity()
    }

    /// Lets the threads that this capture stopped go on. Threads that were stopped before stay so; a crashing thread
    /// goes on waiting for its own reply; a process whose core the kernel writes, or that is traced by
    /// [`crate::trace::supervise`], is let go by the kernel or the supervisor instead. A second call does nothing.
    pub fn release(&mut self) {
        self.memory.run_on();
        match self.held.take() {
            Some(Held::Stop(mut hold)) => hold.release(),
            Some(Held::Copy(mut copy)) => copy.release(),
            None => {}
        }
    }

    /// As [`Self::release`], but does not wait until the last thread goes on: that is so when this has been dropped.
    pub fn begin_release(&mut self) {
        self.memory.run_on();
        match &mut self.held {
            Some(Held::Stop(hold)) => hold.begin_release(),
            Some(Held::Copy(_)) | None => self.release(),
        }
    }

    /// Writes the progress of reporting into the target's registration block. `state` is one of
    /// `wer_abi::registration::capture_state`; it is written last. `Ok(false)`: the target has no block.
    ///
    /// # Errors
    /// [`CaptureError::CaptureState`] when the path is too long or the memory cannot be written.
    pub fn set_capture_state(
        &self,
        state: u32,
        report_id: [u8; 16],
        store_root: &Path,
    ) -> Result<bool, CaptureError> {
        let block = self.snapshot.registrations.block_address;
        if block == 0 {
            return Ok(false);
        }
        let fail = |reason: String| CaptureError::CaptureState { pid: self.identity().pid, reason };
        let path = store_root.as_os_str().as_bytes();
        let length = u32::try_from(path.len()).ok().filter(|_| path.len() <= STORE_PATH_BYTES);
        let length = length.ok_or_else(|| {
            fail(format!(
                "the store's path has {} bytes, the block has room for {STORE_PATH_BYTES}",
                path.len()
            ))
        })?;
        let Some(memory) = self.memory.of_process() else {
            return Err(fail("its memory could not be opened".into()));
        };
        let uid = rustix::process::geteuid().as_raw();
        let mut body = Vec::with_capacity(size_of::<CaptureState>());
        body.extend(uid.to_le_bytes());
        body.extend(report_id);
        body.extend(length.to_le_bytes());
        body.extend(0u32.to_le_bytes());
        body.extend(path);
        let at = block + offset_of!(Header, capture) as u64;
        memory
            .write_all(at + offset_of!(CaptureState, writer_uid) as u64, &body)
            .and_then(|()| memory.write_all(at, &state.to_le_bytes()))
            .map_err(|error| fail(error.to_string()))
            .map(|()| true)
    }

    /// Sets the target's soft `RLIMIT_CORE` to 1, at which the kernel gives no core to a pipe, so that a crash that is
    /// in the store already is not reported twice. Best effort: `false` when the kernel refuses.
    #[must_use]
    pub fn silence_kernel_path(&self) -> bool {
        let hard = self.process.read("limits").ok().and_then(|text| hard_core_limit(&text));
        let pid = i32::try_from(self.identity().pid).ok().and_then(Pid::from_raw);
        let limit = Rlimit { current: Some(1), maximum: hard.unwrap_or(None) };
        // The directory is held, so a process that still exists below it has this number.
        self.process.exists() && rustix::process::prlimit(pid, Resource::Core, limit).is_ok()
    }
}

/// The hard limit of core files: `Some(None)` = unlimited.
fn hard_core_limit(limits: &[u8]) -> Option<Option<u64>> {
    let text = String::from_utf8_lossy(limits);
    let line = text.lines().find_map(|line| line.strip_prefix("Max core file size"))?;
    match line.split_whitespace().nth(1)? {
        "unlimited" => Some(None),
        number => number.parse().ok().map(Some),
    }
}

const _: () = {
    assert!(offset_of!(CaptureState, writer_uid) == 4);
    assert!(offset_of!(CaptureState, report_id) == 8);
    assert!(offset_of!(CaptureState, store_path_bytes) == 24);
    assert!(offset_of!(CaptureState, store_path) == 32);
    assert!(size_of::<CaptureState>() == 32 + STORE_PATH_BYTES);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hard_limit_is_read() {
        let text = b"Limit  Soft Limit  Hard Limit  Units\nMax core file size        0   unlimited   bytes\n";
        assert_eq!(hard_core_limit(text), Some(None));
        assert_eq!(hard_core_limit(b"Max core file size  0  4096  bytes"), Some(Some(4096)));
        assert_eq!(hard_core_limit(b""), None);
    }
}
