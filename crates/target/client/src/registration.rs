//! What the application registers: memory blocks to include or to leave out, files, custom metadata, other processes,
//! runtime exception modules, flags, last words, and what happens after a crash (restart, recovery, a copy of the
//! dump), in the process's one registration block ([`wer_abi::registration`], `docs/formats/registration.md`).
//!
//! All functions may be called from any thread, and after a fork. A call made by a signal handler that interrupted
//! another one of these calls in the same thread answers [`Hresult::WER_E_INVALID_STATE`], as does one that cannot get
//! the block's lock within two seconds, and most calls of a process that is in recovery. After the first call of a process none makes a system call, unless it has to
//! wait for another thread.

mod additional_processes;
mod app_local_dump;
mod areas;
mod block;
mod creation;
mod entries;
mod files;
mod flags;
mod identity;
mod index;
mod last_words;
mod lock;
mod memory_blocks;
mod metadata;
mod modules;
pub(crate) mod recovery;
mod restart;
mod text;
pub(crate) mod unloaded;

pub use additional_processes::{register_additional_process, unregister_additional_process};
pub use app_local_dump::{register_app_local_dump, unregister_app_local_dump};
pub use block::block_address;
pub use files::{register_file, unregister_file};
pub use flags::{flags, flags_of_process, set_flags, set_max_hold_ms};
pub use last_words::{LastWordsSource, set_last_words};
pub use memory_blocks::{
    register_excluded_memory_block, register_memory_block, unregister_excluded_memory_block,
    unregister_memory_block,
};
pub use metadata::{register_custom_metadata, unregister_custom_metadata};
pub use modules::{register_runtime_exception_module, unregister_runtime_exception_module};
pub use recovery::{
    RecoveryCallback, application_recovery_callback, application_recovery_finished,
    application_recovery_in_progress, recovery_callback_of_process, register_application_recovery_callback,
    unregister_application_recovery_callback,
};
pub use restart::{
    RestartSettings, application_restart_settings, register_application_restart,
    register_application_restart_utf16, restart_settings_of_process, unregister_application_restart,
};

pub(crate) use block::{Block, block};

use wer_abi::Hresult;

/// What every function here answers.
pub type Result<T> = core::result::Result<T, Hresult>;
