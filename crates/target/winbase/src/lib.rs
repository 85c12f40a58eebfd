//! The few kernel32 calls that runtime exception modules and callers of `MiniDumpWriteDump` use, over Linux
//! descriptors.
//!
//! A `HANDLE` says by its own value which descriptors it names ([`wer_abi::handle`]), so nothing here keeps a table and
//! any number of copies of this crate in one process agree. `libwer.so` and `libwerdbghelp.so` export these under
//! `WerWin` names, which `include/wer_winbase.h` maps back; Rust modules use them through `wer::module`.
//!
//! Must never: touch a process by a bare number (pidfd and memory descriptor only), or end the crashed process from
//! inside a module host by itself (`werfault` is asked, [`wer_abi::module_host`]).

pub mod clock;
pub mod debug;
pub mod error;
pub mod event;
pub mod file;
pub mod folder;
pub mod host_request;
pub mod library;
pub mod mapping;
pub mod memory;
mod named;
pub mod object;
pub mod open_process;
pub mod path;
pub mod position;
pub mod process;
pub mod raise;
pub mod registry;

pub use error::{Win32Error, last_error, set_last_error};
pub use event::{create_event, create_named_event, open_event, reset_event, set_event};
pub use file::{Creation, create_file, file_size, handle_from_descriptor, write_file};
pub use memory::{PartialCopy, read_process_memory, write_process_memory};
pub use object::{INFINITE, WaitResult, close_handle, duplicate_handle, sleep, wait_for_single_object};
pub use open_process::open_process;
pub use process::{process_id, terminate_process, thread_id};
