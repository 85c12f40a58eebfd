//! The binary contracts of the system: Windows' own constants and layouts (x64, as `werapi.h` and `winnt.h`
//! have them) and the two layouts of ours that cross a process boundary: the registration block and the hand-off
//! from a crashing process to `werfault`.
//!
//! Pure data: nothing here does I/O, allocates or depends on an operating system.

pub mod dump_options;
pub mod exception;
pub mod flags;
pub mod handle;
pub mod handoff;
pub mod hang_request;
pub mod hresult;
pub mod limits;
pub mod module_host;
pub mod registration;
pub mod report;
pub mod report_request;
pub mod store_requests;
mod words;

pub use exception::{Context, ExceptionPointers, ExceptionRecord, NtStatus, WerRuntimeExceptionInformation};
pub use handle::Handle;
pub use hresult::Hresult;
