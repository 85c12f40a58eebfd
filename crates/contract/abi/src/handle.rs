//! What a `HANDLE` is on Linux: a number that names descriptors of the process that holds it.
//!
//! A handle carries its own meaning, so any number of copies of the client library in one process agree on it
//! without sharing a table. Layout of the 64-bit value:
//!
//! | bits | meaning |
//! |---|---|
//! | 48..63 | 0 (user-space pointers have these clear, so a handle is never mistaken for a negative pseudo handle) |
//! | 32..47 | kind tag, [`HandleKind`] |
//! | 16..31 | process: descriptor of the pidfd; thread: high half of the thread id |
//! | 0..15 | process: descriptor of `/proc/PID/mem`; thread: low half of the thread id; event, file: its descriptor |
//!
//! `(HANDLE)-1` and `(HANDLE)-2` are the pseudo handles of the current process and thread, as on Windows.

/// An opaque `HANDLE`, pointer-sized. Zero is no handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Handle(pub usize);

const KIND_SHIFT: u32 = 32;
const PROCESS_TAG: usize = 0x5750;
const THREAD_TAG: usize = 0x5754;
const EVENT_TAG: usize = 0x5745;
const FILE_TAG: usize = 0x5746;

/// What a handle names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HandleKind {
    /// `(HANDLE)-1`.
    CurrentProcess,
    /// `(HANDLE)-2`.
    CurrentThread,
    /// Another process, by descriptors that this process holds.
    Process {
        /// Descriptor of the pidfd.
        pidfd: u16,
        /// Descriptor of `/proc/PID/mem`.
        mem_fd: u16,
    },
    /// A thread, by its id in the target's own pid namespace.
    Thread {
        /// The thread id.
        tid: u32,
    },
    /// An event, by the descriptor of its eventfd.
    Event {
        /// Descriptor of the eventfd.
        event_fd: u16,
    },
    /// A file.
    File {
        /// Its descriptor.
        file_fd: u16,
    },
}

impl Handle {
    /// No handle.
    pub const NULL: Self = Self(0);
    /// `GetCurrentProcess()`.
    pub const CURRENT_PROCESS: Self = Self(usize::MAX);
    /// `GetCurrentThread()`.
    pub const CURRENT_THREAD: Self = Self(usize::MAX - 1);

    /// A handle of another process.
    #[must_use]
    pub const fn process(pidfd: u16, mem_fd: u16) -> Self {
        Self(PROCESS_TAG << KIND_SHIFT | (pidfd as usize) << 16 | mem_fd as usize)
    }

    /// A handle of a thread.
    #[must_use]
    pub const fn thread(tid: u32) -> Self {
        Self(THREAD_TAG << KIND_SHIFT | tid as usize)
    }

    /// A handle of an event.
    #[must_use]
    pub const fn event(event_fd: u16) -> Self {
        Self(EVENT_TAG << KIND_SHIFT | event_fd as usize)
    }

    /// A handle of a file.
    #[must_use]
    pub const fn file(file_fd: u16) -> Self {
        Self(FILE_TAG << KIND_SHIFT | file_fd as usize)
    }

    /// What the handle names, or `None` for a number that is no handle.
    #[must_use]
    pub const fn kind(self) -> Option<HandleKind> {
        if self.0 == Self::CURRENT_PROCESS.0 {
            return Some(HandleKind::CurrentProcess);
        }
        if self.0 == Self::CURRENT_THREAD.0 {
            return Some(HandleKind::CurrentThread);
        }
        let low = (self.0 & 0xFFFF) as u16;
        let high = ((self.0 >> 16) & 0xFFFF) as u16;
        match self.0 >> KIND_SHIFT {
            PROCESS_TAG => Some(HandleKind::Process { pidfd: high, mem_fd: low }),
            THREAD_TAG => Some(HandleKind::Thread { tid: self.0 as u32 }),
            EVENT_TAG => Some(HandleKind::Event { event_fd: low }),
            FILE_TAG => Some(HandleKind::File { file_fd: low }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_tell_their_kind() {
        assert_eq!(Handle::process(7, 65_535).kind(), Some(HandleKind::Process { pidfd: 7, mem_fd: 65_535 }));
        assert_eq!(Handle::thread(u32::MAX).kind(), Some(HandleKind::Thread { tid: u32::MAX }));
        assert_eq!(Handle::file(3).kind(), Some(HandleKind::File { file_fd: 3 }));
        assert_eq!(Handle::CURRENT_PROCESS.kind(), Some(HandleKind::CurrentProcess));
        assert_eq!(Handle::NULL.kind(), None);
        assert_eq!(Handle(42).kind(), None);
    }
}
