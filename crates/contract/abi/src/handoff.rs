//! The hand-off from a crashing process to `werfault`: one fixed record down a pipe, single bytes back.
//!
//! The crashing thread starts `werfault --crash` with the descriptors below, writes a [`CrashRequest`] and waits for
//! [`reply::STORED`], end of file, or its deadline. When `werfault` is done with its memory and it has registered a
//! recovery callback, the reply is [`reply::RECOVER`] first: it runs the callback, writes [`RECOVERED`] behind its
//! request, and waits again. Nothing in it needs formatting, and `werfault` believes none of
//! it: it checks that the sender is the process it names and reads `siginfo` and `ucontext` from that process.

/// Descriptor from which `werfault --crash` reads the request.
pub const REQUEST_FD: i32 = 3;
/// Descriptor to which it writes its replies.
pub const REPLY_FD: i32 = 4;
/// First four bytes of a request.
pub const REQUEST_MAGIC: u32 = u32::from_le_bytes(*b"WERC");
/// Layout version.
pub const REQUEST_VERSION: u32 = 1;

/// What the crashing thread knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct CrashRequest {
    /// [`REQUEST_MAGIC`].
    pub magic: u32,
    /// [`REQUEST_VERSION`].
    pub version: u32,
    /// The crashing process, in its own pid namespace.
    pub pid: u32,
    /// The crashing thread, in its own pid namespace.
    pub tid: u32,
    /// The signal.
    pub signal: u32,
    /// Milliseconds that the thread will wait without a reply.
    pub deadline_ms: u32,
    /// Address of the `siginfo_t` in the crashing process.
    pub siginfo_address: u64,
    /// Address of the `ucontext_t` in the crashing process.
    pub ucontext_address: u64,
    /// Address of the registration block, 0 = none.
    pub registration_address: u64,
    /// The report's id.
    pub report_id: [u8; 16],
}

/// Bytes of a request on the pipe.
pub const REQUEST_BYTES: usize = size_of::<CrashRequest>();

/// What follows the request when the recovery callback is over, however it ended.
pub const RECOVERED: u8 = b'd';

/// Replies, one byte each.
pub mod reply {
    /// Still working; the waiting thread starts its deadline anew (up to its cap).
    pub const PROGRESS: u8 = b'p';
    /// The capture is over: run the recovery callback, say [`RECOVERED`](super::RECOVERED), wait for another reply.
    pub const RECOVER: u8 = b'r';
    /// The report is in the store: die now.
    pub const STORED: u8 = b's';
    /// Reporting failed, and the log says why: die now.
    pub const FAILED: u8 = b'f';
}

const _: () = assert!(REQUEST_BYTES == 64);
