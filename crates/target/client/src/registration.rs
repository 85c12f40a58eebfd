//! What the application registers: memory blocks, files, custom metadata, runtime exception modules, flags and last
//! words, in the process's one registration block ([`wer_abi::registration`], `docs/formats/registration.md`).
//!
//! All functions may be called from any thread, and after a fork. A call made by a signal handler that interrupted
//! another one of these calls in the same thread answers [`Hresult::WER_E_INVALID_STATE`], as does one that cannot get
//! the block's lock within two seconds. After the first call of a process none makes a system call, unless it has to
//! wait for another thread.

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
mod text;
pub(crate) mod unloaded;

pub use block::block_address;
pub use files::{register_file, unregister_file};
pub use flags::{flags, flags_of_process, set_flags, set_max_hold_ms};
pub use last_words::{LastWordsSource, set_last_words};
pub use memory_blocks::{register_memory_block, unregister_memory_block};
pub use metadata::{register_custom_metadata, unregister_custom_metadata};
pub use modules::{register_runtime_exception_module, unregister_runtime_exception_module};

pub(crate) use block::{Block, block};

use wer_abi::Hresult;

/// What every function here answers.
pub type Result<T> = core::result::Result<T, Hresult>;
