//! Error reporting for Rust applications: register what matters, attach the crash handler, and a crash becomes a report.
//!
//! ```no_run
//! static STATUS: [u8; 64] = [0; 64];
//!
//! fn main() -> wer::Result<()> {
//!     wer::attach()?;
//!     wer::register_memory_block(&STATUS)?;
//!     wer::register_custom_metadata("Channel", "beta")?;
//!     wer::register_runtime_exception_module("/opt/app/handler.so", STATUS.as_ptr())?;
//!     Ok(())
//! }
//! ```
//!
//! It stands inside the application, at the start of the pipeline: registering writes memory that the reporting process
//! reads after a crash (`docs/formats/registration.md`). Limits and answers are those of the `Wer...` functions of
//! Windows. Must never do more in the application than that: no thread, no open descriptor, no output.

mod after_crash;
mod error;
mod memory;
#[cfg(feature = "module")]
pub mod module;
mod module_context;
mod os;
#[cfg(feature = "panic-words")]
mod panic_words;
mod report;
mod store;

pub use after_crash::{
    recovery_in_progress, register_recovery, register_restart, unregister_recovery, unregister_restart,
};
pub use error::{Error, Result};
pub use memory::{
    RegisteredMemory, register_excluded_memory_range, register_memory_block, register_memory_range,
    register_scoped_memory, unregister_excluded_memory_range, unregister_memory_block,
    unregister_memory_range,
};
pub use module_context::ModuleContext;
pub use os::crash::AttachOptions;
#[cfg(target_os = "linux")]
pub use os::crash::watchdog::{DEFAULT_TIMEOUT as DEFAULT_HANG_TIMEOUT, Watchdog};
pub use report::{
    Consent, DialogText, FileKind, Report, ReportDump, ReportInformation, ReportType, SubmitResult,
};
pub use store::{
    ReportMetadata, Store, StoreKind, add_excluded_application, purge_reports, remove_excluded_application,
};
pub use wer_abi::Hresult;
pub use wer_abi::flags;
#[cfg(feature = "module")]
pub use wer_macros::exception_module;

use os::{crash, registration};

/// What a registered file is (`WER_REGISTER_FILE_TYPE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// The user's own document: collected only if the server asks for that kind.
    UserDocument,
    /// Anything else.
    Other,
}

/// Attaches the crash handler to this process, and keeps panics as last words (feature `panic-words`).
///
/// Call it once, early, in `main`. Threads started by `std` have a small alternate stack, which is enough to report a
/// stack overflow in most cases; [`thread_attach`] makes sure.
///
/// # Errors
/// `E_OUTOFMEMORY`.
pub fn attach() -> Result<()> {
    attach_with(&AttachOptions::default())
}

/// [`attach`] with choices.
///
/// # Errors
/// `E_OUTOFMEMORY`.
pub fn attach_with(options: &AttachOptions<'_>) -> Result<()> {
    crash::attach(options)?;
    #[cfg(feature = "panic-words")]
    panic_words::install();
    Ok(())
}

/// Gives the calling thread an alternate stack on which a stack overflow can be reported.
///
/// # Errors
/// `E_OUTOFMEMORY`; `WER_E_INVALID_STATE` in a thread that is ending.
pub fn thread_attach() -> Result<()> {
    Ok(crash::thread_attach()?)
}

/// Says something that the report of a crash will carry, at most 4,096 bytes (the rest is cut). The last call counts;
/// an empty text takes it back.
///
/// # Errors
/// `E_OUTOFMEMORY`, `WER_E_INVALID_STATE`.
pub fn set_last_words(text: &str) -> Result<()> {
    Ok(registration::set_last_words(registration::LastWordsSource::Application, text)?)
}

/// Registers a file for reports (`WerRegisterFile`): an absolute path of at most 259 UTF-16 units, and
/// [`flags::WER_FILE_DELETE_WHEN_DONE`], [`flags::WER_FILE_ANONYMOUS_DATA`].
///
/// # Errors
/// `E_INVALIDARG`; `WER_E_INSUFFICIENT_BUFFER` when 512 things are registered.
pub fn register_file(path: &str, file_type: FileType, flags: u32) -> Result<()> {
    let file_type = match file_type {
        FileType::UserDocument => flags::WER_REG_FILE_TYPE_USER_DOCUMENT,
        FileType::Other => flags::WER_REG_FILE_TYPE_OTHER,
    };
    Ok(registration::register_file(path, file_type, flags)?)
}

/// Takes back [`register_file`].
///
/// # Errors
/// `E_INVALIDARG`, `WER_E_NOT_FOUND`.
pub fn unregister_file(path: &str) -> Result<()> {
    Ok(registration::unregister_file(path)?)
}

/// Registers a key and value that every report carries (`WerRegisterCustomMetadata`): an XML element name of at most 64
/// UTF-16 units, at most 128 printable ASCII characters, at most 8 keys. A key that is registered gets the new value.
///
/// # Errors
/// `E_INVALIDARG`, `WER_E_INSUFFICIENT_BUFFER`.
pub fn register_custom_metadata(key: &str, value: &str) -> Result<()> {
    Ok(registration::register_custom_metadata(key, value)?)
}

/// Takes back [`register_custom_metadata`].
///
/// # Errors
/// `E_INVALIDARG`, `WER_E_NOT_FOUND`.
pub fn unregister_custom_metadata(key: &str) -> Result<()> {
    Ok(registration::unregister_custom_metadata(key)?)
}

/// Registers a handler module (`WerRegisterRuntimeExceptionModule`), at most 16. The module gets `context`: the address
/// of something in this process, which it reads from outside, or just a number.
///
/// The file is not looked at before a crash, and is then loaded only if the settings allow it.
///
/// # Errors
/// `E_INVALIDARG` also when the same path is registered with the same context already; `WER_E_INSUFFICIENT_BUFFER`.
pub fn register_runtime_exception_module(path: &str, context: impl Into<ModuleContext>) -> Result<()> {
    Ok(registration::register_runtime_exception_module(path, context.into().0)?)
}

/// Takes back [`register_runtime_exception_module`]; path and context must both be the same.
///
/// # Errors
/// `E_INVALIDARG`, `WER_E_NOT_FOUND`.
pub fn unregister_runtime_exception_module(path: &str, context: impl Into<ModuleContext>) -> Result<()> {
    Ok(registration::unregister_runtime_exception_module(path, context.into().0)?)
}

/// Has a triage dump of another process made when this one crashes (`WerRegisterAdditionalProcess`), at most 4. Of the
/// thread named, more is kept; 0 = none.
///
/// # Errors
/// `E_INVALIDARG` for process 0; `WER_E_INSUFFICIENT_BUFFER`.
pub fn register_additional_process(process_id: u32, thread_id: u32) -> Result<()> {
    Ok(registration::register_additional_process(process_id, thread_id)?)
}

/// Takes back [`register_additional_process`].
///
/// # Errors
/// `WER_E_NOT_FOUND`.
pub fn unregister_additional_process(process_id: u32) -> Result<()> {
    Ok(registration::unregister_additional_process(process_id)?)
}

/// Has a copy of a crash's dump put into a folder of the application's own (`WerRegisterAppLocalDump`): a relative path of
/// at most 63 UTF-16 units.
///
/// # Errors
/// `E_INVALIDARG`; `WER_E_INVALID_STATE`.
pub fn register_app_local_dump(path: &str) -> Result<()> {
    Ok(registration::register_app_local_dump(path)?)
}

/// Takes back [`register_app_local_dump`].
///
/// # Errors
/// `E_OUTOFMEMORY`, `WER_E_INVALID_STATE`.
pub fn unregister_app_local_dump() -> Result<()> {
    Ok(registration::unregister_app_local_dump()?)
}

/// Replaces the fault-reporting flags (`WerSetFlags`): [`flags`]`::WER_FAULT_REPORTING_...`.
///
/// # Errors
/// `E_INVALIDARG` for an unknown bit.
pub fn set_flags(flags: u32) -> Result<()> {
    Ok(registration::set_flags(flags)?)
}

/// The fault-reporting flags (`WerGetFlags`).
///
/// # Errors
/// `E_OUTOFMEMORY`.
pub fn get_flags() -> Result<u32> {
    Ok(registration::flags()?)
}

/// Limits for how long a crash may hold this process (`WerSetMaxProcessHoldMilliseconds`); 0 = 30 s.
///
/// # Errors
/// `E_OUTOFMEMORY`.
pub fn set_max_process_hold_ms(milliseconds: u32) -> Result<()> {
    Ok(registration::set_max_hold_ms(milliseconds)?)
}
