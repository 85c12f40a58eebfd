//! What a living process waits for, and on whom: the wait chain of a hang.
//!
//! It stands beside the capture: a stopped process says nothing of what it waited for, so the chain is looked at first.
//! Everything is read from `/proc`, the process's memory and `sock_diag`; nothing is stopped or changed. It must never
//! believe what it reads: an owner in memory counts only where it is a living thread, and every list has a limit.
//! Which waits are understood, and what cannot be known: `docs/hangs.md`.
//!
//! - [`look`]: the chains of one process.
//! - [`Chain`], [`Link`], [`Wait`]: what was found.

#![forbid(unsafe_code)]

mod call;
mod chain;
mod children;
mod descriptors;
mod ends;
mod futex;
pub mod limits;
mod locks;
mod number;
mod polled;
mod shared_lock;
mod sockets;
mod thread;
mod walk;

pub use call::{Call, parse_call};
pub use chain::{Chain, HangType, Link, Wait, WaitingOn};
pub use locks::{FileLock, parse_locks};
pub use polled::{Polled, parse_epoll, parse_poll, parse_select};
pub use sockets::parse_unix_peer;
pub use walk::{Hang, look};
