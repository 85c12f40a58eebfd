//! The few kernel32 calls that runtime exception modules use, over Linux descriptors.
//!
//! A `HANDLE` says by its own value which descriptors it names ([`wer_abi::handle`]), so nothing here keeps a table and
//! any number of copies of this crate in one process agree. `libwer.so` exports these under `WerWin` names, which
//! `include/wer_winbase.h` maps back; Rust modules use them through `wer::module`.
//!
//! Must never: touch a process by a bare number (pidfd and memory descriptor only), or end the crashed process from
//! inside a module host by itself (`werfault` is asked, [`wer_abi::module_host`]).

pub mod debug;
pub mod error;
pub mod event;
mod host_request;
pub mod memory;
pub mod object;
pub mod process;

pub use error::{Win32Error, last_error, set_last_error};
pub use event::{create_event, reset_event, set_event};
pub use memory::{PartialCopy, read_process_memory, write_process_memory};
pub use object::{INFINITE, WaitResult, close_handle, duplicate_handle, sleep, wait_for_single_object};
pub use process::{process_id, terminate_process, thread_id};
