//! Reads the registration block of a process from outside, without its help.
//!
//! The layout is `wer_abi::registration`; the rules for readers are documented there. The block belongs to the target:
//! every number is checked before it is used, and what makes no sense, or was overwritten, is left out with a soft error.
//! It is never locked.

use std::mem::{offset_of, size_of};

use wer_abi::flags::WER_FAULT_REPORTING_VALID;
use wer_abi::limits::MAX_LAST_WORDS_BYTES;
use wer_abi::registration::{
    CaptureState, Header, LastWordsArea, MAGIC, MAPPING_NAME, RegistrationBlock, VERSION,
};
use wer_model::{LastWords, LastWordsSource, SoftError, Stage};
use wer_snapshot::{MemoryReader, Region, RegionKind, Registrations, UnloadedModule};
use wer_sys::Process;

use crate::bytes::{chunk, u32_at, u64_at};
use crate::error::CaptureError;
use crate::limits::{MAX_REGISTRATION_ERRORS, MAX_REGISTRATION_READS};
use crate::refusal::explained;
use crate::way::live::refuse_what_has_no_memory;

/// First byte of the last words that a Rust panic left.
const TAG_RUST_PANIC: u8 = 1;
/// First byte of the last words that an uncaught C++ exception left.
const TAG_CPP_EXCEPTION: u8 = 2;

mod areas;
mod entries;
mod unloaded;

/// What a block told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockContents {
    /// The registrations.
    pub registrations: Registrations,
    /// The last words with their kind.
    pub last_words: Option<LastWords>,
    /// Modules that went away, the last one first.
    pub unloaded_modules: Vec<UnloadedModule>,
    /// What was left out.
    pub soft_errors: Vec<SoftError>,
}

/// Addresses where a block may be: the mappings that have its name, the address that a crash request names, and, where
/// memfd was refused, anonymous memory of its size that starts with its magic number.
pub(crate) fn candidates(memory: &dyn MemoryReader, regions: &[Region], hint: u64) -> Vec<u64> {
    /// Mappings of exactly this size are rare; more than these are not looked at.
    const MAX_ANONYMOUS: usize = 16;
    let name = format!("/memfd:{MAPPING_NAME}");
    let named = regions.iter().filter(|region| {
        region.offset == 0 && matches!(&region.kind, RegionKind::File { path, .. } if *path == name)
    });
    let anonymous = regions
        .iter()
        .filter(|region| {
            region.kind == RegionKind::Anonymous
                && region.protection.write
                && region.size() == size_of::<RegistrationBlock>() as u64
        })
        .take(MAX_ANONYMOUS)
        .filter(|region| memory.read_u64(region.start) == Some(MAGIC));
    let mut all: Vec<u64> = named.map(|region| region.start).collect();
    all.extend((hint != 0 && !all.contains(&hint)).then_some(hint));
    all.extend(anonymous.map(|region| region.start));
    all.truncate(MAX_ANONYMOUS);
    all
}

/// Reads the first whole block among `candidates`.
pub(crate) fn read_first(memory: &dyn MemoryReader, candidates: &[u64]) -> BlockContents {
    let mut refused = Vec::new();
    for address in candidates {
        match read_block(memory, *address) {
            Ok(contents) => return contents,
            Err(reason) => refused.push(SoftError::new(Stage::Registration, reason)),
        }
    }
    BlockContents { soft_errors: refused, ..BlockContents::default() }
}

/// Reads the block at `address`.
///
/// # Errors
/// A sentence that says why there is no block of a known version. A header that was overwritten is no reason, as long
/// as something with a check word that holds is behind it; then nothing else is used.
pub fn read_block(memory: &dyn MemoryReader, address: u64) -> Result<BlockContents, String> {
    let header = memory
        .read_exact(address, size_of::<Header>())
        .ok_or_else(|| format!("The registration block at {address:#x} could not be read."))?;
    let field32 = |offset| u32_at(&header, offset).unwrap_or(0);
    let field64 = |offset| u64_at(&header, offset).unwrap_or(0);
    let version = field32(offset_of!(Header, version));
    let strange = strange_header(address, &header);
    let mut reader =
        BlockReader { memory, address, wants_checks: strange.is_some(), errors: Vec::new(), dropped: 0 };
    let (entries, modules) = (reader.entries(), reader.modules());
    let (app_local_dump, restart, recovery) = (reader.app_local_dump(), reader.restart(), reader.recovery());
    if let Some(reason) = strange {
        let holds_anything = !entries.usable.is_empty() || !modules.usable.is_empty();
        if !holds_anything && app_local_dump.is_none() && restart.is_none() && recovery.is_none() {
            return Err(format!("{reason}; it is not read."));
        }
        reader.errors.insert(
            0,
            SoftError::new(
                Stage::Registration,
                format!("{reason}, but holds what was registered: its header was overwritten."),
            ),
        );
    }
    reader.complain_about_lost(&header, entries.used, modules.used);
    let last_words = reader.last_words();
    let mut registrations = Registrations {
        block_address: address,
        version,
        flags: reader.flags(field32(offset_of!(Header, flags))),
        max_hold_ms: field32(offset_of!(Header, max_hold_ms)),
        entries: entries.usable,
        modules: modules.usable,
        app_local_dump,
        restart,
        recovery,
        last_words: last_words.as_ref().map(|words| words.text.clone()),
        ..Registrations::default()
    };
    capture_state(&header, &mut registrations);
    let unloaded_modules = reader.unloaded_modules(field64(offset_of!(Header, unloaded)));
    Ok(BlockContents { registrations, last_words, unloaded_modules, soft_errors: reader.into_errors() })
}

/// Why a header is not that of a block of the version that we know, without an end.
fn strange_header(address: u64, header: &[u8]) -> Option<String> {
    let block = format!("The registration block at {address:#x}");
    if u64_at(header, offset_of!(Header, magic)) != Some(MAGIC) {
        return Some(format!("{block} has no magic number"));
    }
    let version = u32_at(header, offset_of!(Header, version)).unwrap_or(0);
    if version != VERSION {
        return Some(format!("{block} has version {version}, and only version {VERSION} can be read"));
    }
    let bytes = u64_at(header, offset_of!(Header, block_bytes)).unwrap_or(0);
    let is_possible = bytes == size_of::<RegistrationBlock>() as u64 && address.checked_add(bytes).is_some();
    (!is_possible).then(|| format!("{block} claims to have {bytes} bytes"))
}

/// What a living process has registered, and what in its block makes no sense. It is not stopped: it may run, stand,
/// crash, or not cooperate.
///
/// # Errors
/// When the process is gone or may not be read. Without a registration block the answer is empty.
pub fn of_process(pid: u32) -> Result<BlockContents, CaptureError> {
    let look = || {
        let process = Process::open(pid)?;
        refuse_what_has_no_memory(&process)?;
        let memory = process.memory(false)?;
        let regions = process.maps()?.regions;
        Ok(read_first(&memory, &candidates(&memory, &regions, 0)))
    };
    look().map_err(explained)
}

fn capture_state(header: &[u8], registrations: &mut Registrations) {
    let at = offset_of!(Header, capture);
    let state = u32_at(header, at + offset_of!(CaptureState, state)).unwrap_or(0);
    if state == 0 {
        return;
    }
    registrations.capture_state = state;
    registrations.capture_writer_uid = u32_at(header, at + offset_of!(CaptureState, writer_uid)).unwrap_or(0);
    if let Some(id) = chunk::<16>(header, at + offset_of!(CaptureState, report_id)) {
        registrations.capture_report_id = wer_model::ReportId(id).to_string();
    }
    let path = at + offset_of!(CaptureState, store_path);
    let length = u32_at(header, at + offset_of!(CaptureState, store_path_bytes)).unwrap_or(0) as usize;
    let text = header.get(path..).and_then(|rest| rest.get(..length.min(STORE_PATH_BYTES)));
    registrations.capture_store_path = String::from_utf8_lossy(text.unwrap_or_default()).into_owned();
}

/// Bytes of a store's path in a block.
pub(crate) const STORE_PATH_BYTES: usize = 480;

struct BlockReader<'a> {
    memory: &'a dyn MemoryReader,
    address: u64,
    /// Only what has a check word is used.
    wants_checks: bool,
    errors: Vec<SoftError>,
    dropped: usize,
}

impl BlockReader<'_> {
    fn at(&self, offset: usize, length: usize) -> Option<Vec<u8>> {
        self.memory.read_exact(self.address.checked_add(offset as u64)?, length)
    }

    fn complain(&mut self, message: String) {
        if self.errors.len() < MAX_REGISTRATION_ERRORS {
            self.errors.push(SoftError::new(Stage::Registration, message));
        } else {
            self.dropped += 1;
        }
    }

    fn into_errors(mut self) -> Vec<SoftError> {
        if self.dropped > 0 {
            let message = format!("{} more registrations could not be understood.", self.dropped);
            self.errors.push(SoftError::new(Stage::Registration, message));
        }
        self.errors
    }

    /// Bytes that were the same in two readings, one after the other.
    fn stable(&self, offset: usize, length: usize) -> Option<Vec<u8>> {
        let mut before = self.at(offset, length)?;
        for _ in 0..MAX_REGISTRATION_READS {
            let after = self.at(offset, length)?;
            if before == after {
                return Some(after);
            }
            before = after;
        }
        None
    }

    /// The flags, if they are such.
    fn flags(&mut self, flags: u32) -> u32 {
        if flags & !WER_FAULT_REPORTING_VALID == 0 {
            return flags;
        }
        self.complain(format!("The flags {flags:#x} are none; they were overwritten and are left out."));
        0
    }

    /// An entry whose sequence was overwritten with zeros looks like none. The counts of the writers tell, if nobody was
    /// writing while we read.
    fn complain_about_lost(&mut self, header: &[u8], entries: usize, modules: usize) {
        let counters = offset_of!(Header, lock)..offset_of!(Header, owner_pid);
        let after = self.at(counters.start, counters.len());
        let quiet =
            u64_at(header, offset_of!(Header, lock)) == Some(0) && header.get(counters) == after.as_deref();
        let count = |offset| u32_at(header, offset).unwrap_or(0) as usize;
        for (what, counted, seen) in [
            ("entries", count(offset_of!(Header, entry_count)), entries),
            ("runtime exception modules", count(offset_of!(Header, module_count)), modules),
        ] {
            if quiet && counted > seen {
                self.complain(format!(
                    "The block counts {counted} registered {what} and has {seen}: it was overwritten."
                ));
            }
        }
    }

    fn unloaded_modules(&mut self, address: u64) -> Vec<UnloadedModule> {
        let found = unloaded::read(self.memory, address);
        found.unwrap_or_else(|reason| {
            self.complain(reason);
            Vec::new()
        })
    }

    fn last_words(&mut self) -> Option<LastWords> {
        let offset = offset_of!(RegistrationBlock, last_words);
        let Some(area) = self.stable(offset, size_of::<LastWordsArea>()) else {
            self.complain(
                "The last words in the registration block kept changing; they are left out.".into(),
            );
            return None;
        };
        if u32_at(&area, offset_of!(LastWordsArea, sequence)).unwrap_or(0) % 2 == 1 {
            self.complain("The last words were being written; they are left out.".into());
            return None;
        }
        let length = u32_at(&area, offset_of!(LastWordsArea, length)).unwrap_or(0) as usize;
        if length > MAX_LAST_WORDS_BYTES {
            self.complain(format!("The last words claim to have {length} bytes: they were overwritten."));
        }
        let bytes = area.get(offset_of!(LastWordsArea, bytes)..)?;
        tagged_words(bytes.get(..length.min(MAX_LAST_WORDS_BYTES))?)
    }
}

fn tagged_words(bytes: &[u8]) -> Option<LastWords> {
    let (source, text) = match bytes.split_first()? {
        (&TAG_RUST_PANIC, rest) => (LastWordsSource::RustPanic, rest),
        (&TAG_CPP_EXCEPTION, rest) => (LastWordsSource::CppException, rest),
        _ => (LastWordsSource::Application, bytes),
    };
    Some(LastWords { source, text: String::from_utf8_lossy(text).into_owned() })
}

/// Reads a block from bytes, as a fuzzer gives them: address 0 of the block is the first byte.
#[must_use]
pub fn read_bytes(bytes: &[u8]) -> Option<BlockContents> {
    struct Bytes<'a>(&'a [u8]);
    impl MemoryReader for Bytes<'_> {
        fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
            let rest =
                usize::try_from(address).ok().and_then(|start| self.0.get(start..)).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            if let (Some(into), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                into.copy_from_slice(from);
            }
            count
        }
    }
    read_block(&Bytes(bytes), 0).ok()
}

#[cfg(test)]
#[path = "registration/tests.rs"]
mod tests;

#[cfg(test)]
#[path = "registration/areas_tests.rs"]
mod areas_tests;

#[cfg(test)]
#[path = "registration/wild_write_tests.rs"]
mod wild_write_tests;
