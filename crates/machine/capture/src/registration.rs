//! Reads the registration block of a process from outside, without its help.
//!
//! The layout is `wer_abi::registration`; the rules for readers are documented there. The block belongs to the target:
//! every number is checked before it is used, and what makes no sense is left out with a soft error. It is never locked.

use std::mem::{offset_of, size_of};

use wer_abi::limits::{
    MAX_LAST_WORDS_BYTES, WER_MAX_MEM_BLOCK_SIZE, WER_MAX_REGISTERED_ENTRIES,
    WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES,
};
use wer_abi::registration::{
    CaptureState, Entry, Header, LastWordsArea, MAGIC, MAPPING_NAME, ModuleEntry, PAYLOAD_BYTES,
    RegistrationBlock, TextPayload, VERSION, kind,
};
use wer_model::{LastWords, LastWordsSource, SoftError, Stage};
use wer_snapshot::{
    MemoryBlock, MemoryReader, Region, RegionKind, Registration, RegistrationKind, Registrations,
    RuntimeExceptionModule, UnloadedModule,
};

use crate::bytes::{chunk, u16_at, u32_at, u64_at};
use crate::limits::{MAX_REGISTRATION_ERRORS, MAX_REGISTRATION_READS};

/// First byte of the last words that a Rust panic left.
const TAG_RUST_PANIC: u8 = 1;
/// First byte of the last words that an uncaught C++ exception left.
const TAG_CPP_EXCEPTION: u8 = 2;

mod areas;
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
/// A sentence that says why there is no block of a known version.
pub fn read_block(memory: &dyn MemoryReader, address: u64) -> Result<BlockContents, String> {
    let header = memory
        .read_exact(address, size_of::<Header>())
        .ok_or_else(|| format!("The registration block at {address:#x} could not be read."))?;
    let field32 = |offset| u32_at(&header, offset).unwrap_or(0);
    let field64 = |offset| u64_at(&header, offset).unwrap_or(0);
    if field64(offset_of!(Header, magic)) != MAGIC {
        return Err(format!("The registration block at {address:#x} has no magic number; it is not read."));
    }
    let version = field32(offset_of!(Header, version));
    if version != VERSION {
        return Err(format!(
            "The registration block at {address:#x} has version {version}; only version {VERSION} can be read."
        ));
    }
    let bytes = field64(offset_of!(Header, block_bytes));
    if bytes != size_of::<RegistrationBlock>() as u64 || address.checked_add(bytes).is_none() {
        return Err(format!(
            "The registration block at {address:#x} claims to have {bytes} bytes; it is not read."
        ));
    }
    let mut reader = BlockReader { memory, address, errors: Vec::new(), dropped: 0 };
    let last_words = reader.last_words();
    let mut registrations = Registrations {
        block_address: address,
        version,
        flags: field32(offset_of!(Header, flags)),
        max_hold_ms: field32(offset_of!(Header, max_hold_ms)),
        entries: reader.entries(),
        modules: reader.modules(),
        app_local_dump: reader.app_local_dump(),
        restart: reader.restart(),
        recovery: reader.recovery(),
        last_words: last_words.as_ref().map(|words| words.text.clone()),
        ..Registrations::default()
    };
    capture_state(&header, &mut registrations);
    let unloaded_modules = reader.unloaded_modules(field64(offset_of!(Header, unloaded)));
    Ok(BlockContents { registrations, last_words, unloaded_modules, soft_errors: reader.into_errors() })
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

    /// The entries in order. One whose bytes change while it is read is read again, a few times.
    fn entries(&mut self) -> Vec<Registration> {
        const BYTES: usize = size_of::<Entry>();
        let table = |reader: &Self| {
            reader.at(offset_of!(RegistrationBlock, entries), WER_MAX_REGISTERED_ENTRIES * BYTES)
        };
        let Some(mut before) = table(self) else {
            self.complain("The registered entries could not be read.".into());
            return Vec::new();
        };
        let mut whole: Vec<Option<Result<Registration, String>>> = vec![None; WER_MAX_REGISTERED_ENTRIES];
        let mut open: Vec<usize> = (0..WER_MAX_REGISTERED_ENTRIES).collect();
        for _ in 0..MAX_REGISTRATION_READS {
            for slot in &open {
                let bytes = before.get(slot * BYTES..).unwrap_or_default();
                if let Some(into) = whole.get_mut(*slot) {
                    *into = self.entry(*slot, bytes);
                }
            }
            let Some(after) = table(self) else { break };
            let same = |slot: &usize| {
                before.get(slot * BYTES..(slot + 1) * BYTES) == after.get(slot * BYTES..(slot + 1) * BYTES)
            };
            open.retain(|slot| !same(slot));
            before = after;
            if open.is_empty() {
                break;
            }
        }
        for slot in open {
            if let Some(into) = whole.get_mut(slot) {
                *into = Some(Err(format!(
                    "Registration slot {slot} kept changing while it was read; it is left out."
                )));
            }
        }
        let mut entries = Vec::new();
        for found in whole.into_iter().flatten() {
            match found {
                Ok(entry) => entries.push(entry),
                Err(reason) => self.complain(reason),
            }
        }
        entries.sort_by_key(|entry| entry.sequence);
        entries
    }

    fn entry(&self, slot: usize, bytes: &[u8]) -> Option<Result<Registration, String>> {
        let sequence = u64_at(bytes, offset_of!(Entry, sequence)).filter(|sequence| *sequence != 0)?;
        let kind = self.entry_kind(slot, bytes);
        let describe = |reason| format!("Registration {sequence} {reason}; it is left out.");
        Some(kind.map(|kind| Registration { sequence, kind }).map_err(describe))
    }

    fn entry_kind(&self, slot: usize, bytes: &[u8]) -> Result<RegistrationKind, String> {
        let size = u32_at(bytes, offset_of!(Entry, size)).unwrap_or(0);
        let address = u64_at(bytes, offset_of!(Entry, address)).unwrap_or(0);
        let flags = u32_at(bytes, offset_of!(Entry, flags)).unwrap_or(0);
        match u32_at(bytes, offset_of!(Entry, kind)).unwrap_or(0) {
            kind::MEMORY_BLOCK => memory_block(address, size).map(RegistrationKind::MemoryBlock),
            kind::EXCLUDED_BLOCK => excluded_block(address, size).map(RegistrationKind::ExcludedMemoryBlock),
            kind::FILE => {
                let (path, _) = self.payload(slot)?;
                Ok(RegistrationKind::File { path, file_type: size, flags })
            }
            kind::METADATA => {
                let (key, value) = self.payload(slot)?;
                Ok(RegistrationKind::Metadata { key, value })
            }
            kind::ADDITIONAL_PROCESS => {
                let pid = u32::try_from(address).map_err(|_| "names no process".to_string())?;
                Ok(RegistrationKind::AdditionalProcess { pid, tid: size })
            }
            other => Err(format!("is of the unknown kind {other}")),
        }
    }

    fn payload(&self, slot: usize) -> Result<(String, String), String> {
        let offset = offset_of!(RegistrationBlock, payloads) + slot * PAYLOAD_BYTES;
        let bytes = self.at(offset, PAYLOAD_BYTES).ok_or("has a text that could not be read")?;
        text_pair(&bytes)
    }

    fn modules(&mut self) -> Vec<RuntimeExceptionModule> {
        const BYTES: usize = size_of::<ModuleEntry>();
        let offset = offset_of!(RegistrationBlock, modules);
        let mut modules = Vec::new();
        for slot in 0..WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES {
            match self.stable(offset + slot * BYTES, BYTES).map(|bytes| module(&bytes)) {
                Some(None) => {}
                Some(Some(Ok(module))) => modules.push(module),
                Some(Some(Err(reason))) => self.complain(reason),
                None => {
                    self.complain(format!("Runtime exception module slot {slot} could not be read whole."))
                }
            }
        }
        modules.sort_by_key(|module| module.sequence);
        modules
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

fn memory_block(address: u64, size: u32) -> Result<MemoryBlock, String> {
    if size == 0 || size > WER_MAX_MEM_BLOCK_SIZE {
        return Err(format!("names a block of {size} bytes"));
    }
    excluded_block(address, size)
}

/// Excluded blocks have no limit of size.
fn excluded_block(address: u64, size: u32) -> Result<MemoryBlock, String> {
    match address.checked_add(u64::from(size)) {
        Some(_) if address != 0 => Ok(MemoryBlock { address, size }),
        _ => Err(format!("names a block at {address:#x}")),
    }
}

fn module(bytes: &[u8]) -> Option<Result<RuntimeExceptionModule, String>> {
    let sequence = u64_at(bytes, offset_of!(ModuleEntry, sequence)).filter(|sequence| *sequence != 0)?;
    let context = u64_at(bytes, offset_of!(ModuleEntry, context)).unwrap_or(0);
    let path = text_pair(bytes.get(offset_of!(ModuleEntry, path)..).unwrap_or_default());
    Some(match path {
        Ok((path, _)) if !path.is_empty() => Ok(RuntimeExceptionModule { sequence, path, context }),
        Ok(_) => Err(format!("Runtime exception module {sequence} has no path; it is left out.")),
        Err(reason) => Err(format!("Runtime exception module {sequence} {reason}; it is left out.")),
    })
}

fn text_pair(payload: &[u8]) -> Result<(String, String), String> {
    let length = |offset| u16_at(payload, offset).map_or(0, usize::from);
    let first = length(offset_of!(TextPayload, first_bytes));
    let second = length(offset_of!(TextPayload, second_bytes));
    let bytes = payload.get(offset_of!(TextPayload, bytes)..PAYLOAD_BYTES).unwrap_or_default();
    match (bytes.get(..first), bytes.get(first..first + second)) {
        (Some(first), Some(second)) => {
            Ok((String::from_utf8_lossy(first).into_owned(), String::from_utf8_lossy(second).into_owned()))
        }
        _ => Err(format!("has texts of {first} and {second} bytes")),
    }
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
