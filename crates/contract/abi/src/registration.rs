//! The registration block: what an application has registered, readable from outside without its help.
//!
//! It is this system's `PEB.WerRegistrationData`. One per process: a `MAP_PRIVATE` mapping of a memfd named
//! [`MAPPING_NAME`], written by `wer-client`, read by `wer-capture` from `/proc/PID/mem` or a core.
//! The byte layout is documented in `docs/formats/registration.md`; version 1 is frozen by the assertions below.
//!
//! Rules that both sides rely on:
//! - `sequence` of an entry is 0 while the slot is free or being written, and is stored last (release). It comes
//!   from `next_sequence`, never repeats, and gives the order of registration. A reader that sees the same nonzero
//!   sequence before and after copying a slot and its payload holds a whole entry.
//! - The lock word serialises writers only. It holds `pid << 32 | tid` and is taken over when its holder is gone.
//!   Readers and the crash path never take it.
//! - A check word tells an entry that was registered from one that a wild write has changed; see [`check_word`].
//! - Everything here comes from another process: a reader checks every number before it uses it.

use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use crate::limits::{
    MAX_LAST_WORDS_BYTES, WER_MAX_REGISTERED_ENTRIES, WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES,
};

mod areas;
mod check;

pub use areas::{
    APP_LOCAL_DUMP_BYTES, AppLocalDumpArea, RecoveryArea, RestartArea, recovery_phase, restart_state,
};
pub use check::{check_word, check_word_of_units};

/// Name of the memfd; `/proc/PID/maps` shows `/memfd:wer-registration (deleted)`.
pub const MAPPING_NAME: &str = "wer-registration";
/// First eight bytes of the block.
pub const MAGIC: u64 = u64::from_le_bytes(*b"WERREGBK");
/// Layout version.
pub const VERSION: u32 = 1;
/// Bytes of one entry's payload.
pub const PAYLOAD_BYTES: usize = 1024;
/// Slots of the address index: a power of two, at most half full.
pub const INDEX_SLOTS: usize = 2048;

/// Kinds of an entry.
pub mod kind {
    /// `WerRegisterMemoryBlock`: `address`, `size`.
    pub const MEMORY_BLOCK: u32 = 1;
    /// `WerRegisterExcludedMemoryBlock`: `address`, `size`.
    pub const EXCLUDED_BLOCK: u32 = 2;
    /// `WerRegisterFile`: `size` is its type, `flags` its flags; payload is a [`super::TextPayload`] with the path.
    pub const FILE: u32 = 3;
    /// `WerRegisterCustomMetadata`: payload is a [`super::TextPayload`], key then value.
    pub const METADATA: u32 = 4;
    /// `WerRegisterAdditionalProcess`: `address` is the pid, `size` the thread id.
    pub const ADDITIONAL_PROCESS: u32 = 5;
}

/// States of [`CaptureState::state`].
pub mod capture_state {
    /// No crash was handled.
    pub const NONE: u32 = 0;
    /// A way has begun to report; `report_id` is set. Alone it proves nothing: the way may have failed.
    pub const BEGUN: u32 = 1;
    /// A report with `report_id` is in the store.
    pub const STORED: u32 = 2;
}

/// One registered thing, without its text.
#[derive(Debug)]
#[repr(C)]
pub struct Entry {
    /// 0 = free; otherwise the order of registration.
    pub sequence: AtomicU64,
    /// One of [`kind`].
    pub kind: AtomicU32,
    /// Bytes of a block; type of a file; thread id of an additional process.
    pub size: AtomicU32,
    /// Address of a block; pid of an additional process; a hash of the path or key otherwise, for writers only.
    pub address: AtomicU64,
    /// `WER_FILE_*` flags of a file.
    pub flags: AtomicU32,
    /// [`check_word`] of sequence, kind, size, address and flags, and of the text as far as it counts; 0 in entries of
    /// writers that do not know it.
    pub check: AtomicU32,
}

/// The text of an entry: two strings one after the other, UTF-8, no terminators.
#[derive(Debug)]
#[repr(C)]
pub struct TextPayload {
    /// Bytes of the first string (path, or metadata key).
    pub first_bytes: AtomicU16,
    /// Bytes of the second string (metadata value).
    pub second_bytes: AtomicU16,
    /// First, then second.
    pub bytes: [u8; PAYLOAD_BYTES - 4],
}

/// Where the path of a module has its check word, in the last four of its [`TextPayload::bytes`]: [`check_word`] of
/// sequence and context, and of the path; 0 where the writer does not know it. Paths do not reach so far.
pub const MODULE_CHECK_OFFSET: usize = PAYLOAD_BYTES - 8;

/// One runtime exception module.
#[derive(Debug)]
#[repr(C)]
pub struct ModuleEntry {
    /// 0 = free; otherwise the order of registration.
    pub sequence: AtomicU64,
    /// The context that the module is called with.
    pub context: AtomicU64,
    /// The path (first string).
    pub path: TextPayload,
}

/// Progress of reporting this process's crash by the embedded way.
#[derive(Debug)]
#[repr(C)]
pub struct CaptureState {
    /// One of [`capture_state`].
    pub state: AtomicU32,
    /// User id of the process that wrote `state`.
    pub writer_uid: AtomicU32,
    /// The report's id, 16 bytes in the order in which a GUID is printed.
    pub report_id: [u8; 16],
    /// Bytes of `store_path` that count.
    pub store_path_bytes: AtomicU32,
    /// 0.
    pub reserved: u32,
    /// Root of the store that the report goes to, UTF-8.
    pub store_path: [u8; 480],
}

/// What the process said before it died (`WerSetLastWords`).
#[derive(Debug)]
#[repr(C)]
pub struct LastWordsArea {
    /// Odd while being written, as a sequence lock.
    pub sequence: AtomicU32,
    /// Bytes that count.
    pub length: AtomicU32,
    /// UTF-8.
    pub bytes: [u8; MAX_LAST_WORDS_BYTES],
}

/// The first page of the block.
#[derive(Debug)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`], stored last when the block is made.
    pub magic: AtomicU64,
    /// [`VERSION`].
    pub version: AtomicU32,
    /// 0.
    pub reserved: u32,
    /// Bytes of the whole block.
    pub block_bytes: u64,
    /// `pid << 32 | tid` of the writer, 0 = free.
    pub lock: AtomicU64,
    /// The sequence that the next entry gets, starting at 1.
    pub next_sequence: AtomicU64,
    /// `WerSetFlags`.
    pub flags: AtomicU32,
    /// `WerSetMaxProcessHoldMilliseconds`; 0 = default.
    pub max_hold_ms: AtomicU32,
    /// Entries in use, all kinds.
    pub entry_count: AtomicU32,
    /// Metadata entries in use.
    pub metadata_count: AtomicU32,
    /// Additional processes in use.
    pub additional_process_count: AtomicU32,
    /// Modules in use.
    pub module_count: AtomicU32,
    /// Entries of `free_entries` that count: a stack of free slots.
    pub free_count: AtomicU32,
    /// Pid that made or inherited the block last; a fork's child differs.
    pub owner_pid: AtomicU32,
    /// See [`CaptureState`].
    pub capture: CaptureState,
    /// Address of the crash handler that a copy of the client installed, 0 = none. The other copies leave it to that
    /// one.
    pub handler: AtomicU64,
    /// Address of the process's [`UnloadedList`], 0 = nothing was seen to go away. Zero in blocks of writers that do
    /// not know it.
    pub unloaded: AtomicU64,
    /// See [`AppLocalDumpArea`]. This and what follows is zero in blocks of writers that do not know it.
    pub app_local_dump: AppLocalDumpArea,
    /// See [`RecoveryArea`].
    pub recovery: RecoveryArea,
    /// See [`RestartArea`].
    pub restart: RestartArea,
}

/// The whole block, version 1.
#[derive(Debug)]
#[repr(C, align(4096))]
pub struct RegistrationBlock {
    /// Header, padded to a page.
    pub header: Header,
    /// Padding.
    pub header_padding: [u8; 4096 - size_of::<Header>()],
    /// Entries, in no order; sort by `sequence`.
    pub entries: [Entry; WER_MAX_REGISTERED_ENTRIES],
    /// Writers' own: stack of free entry slots.
    pub free_entries: [AtomicU16; WER_MAX_REGISTERED_ENTRIES],
    /// Writers' own: open-addressed index of block addresses, slot number + 1, 0 = empty.
    pub address_index: [AtomicU16; INDEX_SLOTS],
    /// What the process said.
    pub last_words: LastWordsArea,
    /// Modules.
    pub modules: [ModuleEntry; WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES],
    /// Payload of the entry with the same number.
    pub payloads: [TextPayload; WER_MAX_REGISTERED_ENTRIES],
}

/// First eight bytes of an [`UnloadedList`].
pub const UNLOADED_MAGIC: u64 = u64::from_le_bytes(*b"WERUNLOD");
/// Layout version of an [`UnloadedList`].
pub const UNLOADED_VERSION: u32 = 1;
/// Modules that an [`UnloadedList`] remembers.
pub const UNLOADED_SLOTS: usize = 64;
/// Bytes of a path that an [`UnloadedList`] keeps: the last ones, since the file's name is at the end.
pub const UNLOADED_PATH_BYTES: usize = 464;

/// A module that went away.
#[derive(Debug)]
#[repr(C)]
pub struct UnloadedEntry {
    /// 0 = nothing here or being written; otherwise the how-manieth module that went away, from 1.
    pub sequence: AtomicU64,
    /// Its first address then.
    pub base: AtomicU64,
    /// Bytes then, from its first address to the end of its last segment.
    pub size: AtomicU64,
    /// The loader's count of modules unloaded (`dlpi_subs`) when it was seen to be gone.
    pub unloads: AtomicU64,
    /// Bytes of the whole path; more than [`UNLOADED_PATH_BYTES`]: only the last ones are here.
    pub path_bytes: AtomicU32,
    /// 0.
    pub reserved: u32,
    /// The path as the loader named it, any bytes, no terminator.
    pub path: [AtomicU8; UNLOADED_PATH_BYTES],
}

/// The modules that went away last: a ring. Mapped when the first one goes, never unmapped, written under the lock of
/// the block that has its address.
#[derive(Debug)]
#[repr(C)]
pub struct UnloadedList {
    /// [`UNLOADED_MAGIC`], stored last.
    pub magic: AtomicU64,
    /// [`UNLOADED_VERSION`].
    pub version: AtomicU32,
    /// Bytes of this header, where the entries begin.
    pub header_bytes: AtomicU32,
    /// Bytes of an entry.
    pub entry_bytes: AtomicU32,
    /// Entries of the ring.
    pub entry_count: AtomicU32,
    /// Modules that went away in all. Number `n`, from 0, is in slot `n % entry_count`.
    pub total: AtomicU64,
    /// 0.
    pub reserved: [u8; 480],
    /// The ring.
    pub entries: [UnloadedEntry; UNLOADED_SLOTS],
}

const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(Header, unloaded) == 592);
    assert!(offset_of!(Header, app_local_dump) == 600);
    assert!(offset_of!(Header, recovery) == 808);
    assert!(offset_of!(Header, restart) == 872);
    assert!(size_of::<Header>() == 2952);
    assert!(offset_of!(Entry, check) == 28);
    assert!(size_of::<UnloadedEntry>() == 504);
    assert!(offset_of!(UnloadedEntry, path) == 40);
    assert!(offset_of!(UnloadedList, entries) == 512);
    assert!(size_of::<UnloadedList>() == 32_768);
    assert!(size_of::<Entry>() == 32);
    assert!(size_of::<TextPayload>() == PAYLOAD_BYTES);
    assert!(size_of::<ModuleEntry>() == 1040);
    assert!(size_of::<CaptureState>() == 512);
    assert!(offset_of!(Header, lock) == 24);
    assert!(offset_of!(Header, capture) == 72);
    assert!(offset_of!(Header, handler) == 584);
    assert!(offset_of!(RegistrationBlock, entries) == 4096);
};
