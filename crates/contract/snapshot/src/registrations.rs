//! What a process registered, as read from its registration block.

use serde::{Deserialize, Serialize};

/// A registered memory block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryBlock {
    /// First address.
    pub address: u64,
    /// Bytes, at most 65,536.
    pub size: u32,
}

/// One registered thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum RegistrationKind {
    /// `WerRegisterMemoryBlock`.
    MemoryBlock(MemoryBlock),
    /// `WerRegisterExcludedMemoryBlock`.
    ExcludedMemoryBlock(MemoryBlock),
    /// `WerRegisterFile`.
    File {
        /// Full path.
        path: String,
        /// `WER_REGISTER_FILE_TYPE`.
        file_type: u32,
        /// `WER_FILE_*`.
        flags: u32,
    },
    /// `WerRegisterCustomMetadata`.
    Metadata {
        /// Key.
        key: String,
        /// Value.
        value: String,
    },
    /// `WerRegisterAdditionalProcess`.
    AdditionalProcess {
        /// Its pid.
        pid: u32,
        /// Thread to tell more about, 0 = none.
        tid: u32,
    },
}

/// One registered thing and its place in the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Order of registration, from 1, over entries and modules together.
    pub sequence: u64,
    /// What.
    #[serde(flatten)]
    pub kind: RegistrationKind,
}

/// A registered runtime exception module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeExceptionModule {
    /// Order of registration.
    pub sequence: u64,
    /// Path as registered.
    pub path: String,
    /// The context that it is called with: an address in the crashed process, or just a number.
    pub context: u64,
}

/// `RegisterApplicationRestart`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartRegistration {
    /// Arguments without the program's name; none: those that the process was started with.
    pub command_line: Option<String>,
    /// `RESTART_NO_...`.
    pub flags: u32,
    /// When it was registered, in milliseconds of `CLOCK_MONOTONIC`.
    pub registered_ms: u64,
}

/// `RegisterApplicationRecoveryCallback`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryRegistration {
    /// Address of the callback in the process.
    pub callback: u64,
    /// What it is called with.
    pub parameter: u64,
    /// Milliseconds within which it must tell its progress.
    pub ping_interval_ms: u32,
    /// As registered.
    pub flags: u32,
    /// What became of it: `wer_abi::registration::recovery_phase`.
    pub phase: u32,
    /// How often it told its progress.
    pub progress_count: u32,
}

/// All that a process registered; empty when it has no block.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Registrations {
    /// Address of the block, 0 = none.
    pub block_address: u64,
    /// Layout version of the block.
    pub version: u32,
    /// `WerSetFlags`.
    pub flags: u32,
    /// `WerSetMaxProcessHoldMilliseconds`, 0 = default.
    pub max_hold_ms: u32,
    /// In order of registration.
    pub entries: Vec<Registration>,
    /// In order of registration.
    pub modules: Vec<RuntimeExceptionModule>,
    /// `WerRegisterAppLocalDump`: where a copy of the dump goes, relative to the application's own folder.
    #[serde(default)]
    pub app_local_dump: Option<String>,
    /// How to start the application again.
    #[serde(default)]
    pub restart: Option<RestartRegistration>,
    /// What to call so that it can save its user's work.
    #[serde(default)]
    pub recovery: Option<RecoveryRegistration>,
    /// `WerSetLastWords`, if any.
    pub last_words: Option<String>,
    /// State of the embedded way: 0 none, 1 begun, 2 stored (`wer_abi::registration::capture_state`).
    pub capture_state: u32,
    /// Its report's id, 32 hex digits with hyphens; empty = none.
    pub capture_report_id: String,
    /// The store that its report goes to.
    pub capture_store_path: String,
    /// User that wrote the state.
    pub capture_writer_uid: u32,
}

impl Registrations {
    /// The registered memory blocks, in order.
    pub fn memory_blocks(&self) -> impl Iterator<Item = MemoryBlock> {
        self.entries.iter().filter_map(|entry| match entry.kind {
            RegistrationKind::MemoryBlock(block) => Some(block),
            _ => None,
        })
    }

    /// The excluded memory blocks, in order.
    pub fn excluded_blocks(&self) -> impl Iterator<Item = MemoryBlock> {
        self.entries.iter().filter_map(|entry| match entry.kind {
            RegistrationKind::ExcludedMemoryBlock(block) => Some(block),
            _ => None,
        })
    }

    /// The additional processes, in order: pid, and a thread to tell more about, 0 = none.
    pub fn additional_processes(&self) -> impl Iterator<Item = (u32, u32)> {
        self.entries.iter().filter_map(|entry| match entry.kind {
            RegistrationKind::AdditionalProcess { pid, tid } => Some((pid, tid)),
            _ => None,
        })
    }

    /// The custom metadata, in order.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.kind {
            RegistrationKind::Metadata { key, value } => Some((key.as_str(), value.as_str())),
            _ => None,
        })
    }
}
