//! One safe interface over the parts of Linux that the stages on the crashed machine share: `/proc`, pidfds, another
//! process's memory, ptrace, acting with another user's rights, and files that survive power loss.
//!
//! It stands below every stage of `crates/machine` and knows none of them. The unsafe calls of the machine side (ptrace,
//! fork, `process_vm_readv`, raw socket options) are here and nowhere else. It must never trust what it reads: every
//! text of `/proc` contains bytes that a hostile process chose.

pub mod atomic_file;
pub mod beneath;
pub mod child;
pub mod forward;
pub mod inherited;
pub mod inject;
pub mod limits;
pub mod machine;
mod mapquery;
pub mod memory;
pub mod pagemap;
pub mod peer;
pub mod pidfd;
pub mod process;
pub mod procfs;
pub mod ptrace;
pub mod robust_list;
pub mod run_as;

pub use memory::{ProcessMemory, VmMemory};
pub use pagemap::PageMap;
pub use process::{Process, ProcessError, ProcessIdentity};
pub use run_as::{Credentials, RunAsError, as_user, file_as_user, open_as_user};
