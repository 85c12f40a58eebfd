//! Linux: everything is done by the client of this project.

pub(crate) mod registration;
pub(crate) mod report;
pub(crate) mod store;

pub(crate) use wer_client::crash;

/// The crashed process, from inside a module host.
#[cfg(feature = "module")]
pub(crate) mod process {
    pub(crate) use wer_winbase::debug::output_debug_string;
    pub use wer_winbase::{PartialCopy, Win32Error};
    pub(crate) use wer_winbase::{process_id, read_process_memory, terminate_process};
}
