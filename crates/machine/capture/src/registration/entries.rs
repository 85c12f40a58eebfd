//! Entries and modules of a block: each is used or left out for itself. What was overwritten is told by its check word,
//! and said.

use std::collections::HashSet;
use std::mem::{offset_of, size_of};

use wer_abi::limits::{
    WER_MAX_MEM_BLOCK_SIZE, WER_MAX_REGISTERED_ENTRIES, WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES,
};
use wer_abi::registration::{
    Entry, MODULE_CHECK_OFFSET, ModuleEntry, PAYLOAD_BYTES, RegistrationBlock, TextPayload, check_word, kind,
};
use wer_snapshot::{MemoryBlock, Registration, RegistrationKind, RuntimeExceptionModule};

use super::BlockReader;
use crate::bytes::{u16_at, u32_at, u64_at};
use crate::limits::MAX_REGISTRATION_READS;

/// What is said of an entry whose check word is another.
const OVERWRITTEN: &str = "was overwritten";

/// What a table of slots has.
pub(super) struct Found<T> {
    /// What can be used, in the order of registration.
    pub(super) usable: Vec<T>,
    /// Slots in use, those among them that are left out.
    pub(super) used: usize,
}

impl BlockReader<'_> {
    /// The entries. One whose bytes change while it is read is read again, a few times.
    pub(super) fn entries(&mut self) -> Found<Registration> {
        const BYTES: usize = size_of::<Entry>();
        let table = |reader: &Self| {
            reader.at(offset_of!(RegistrationBlock, entries), WER_MAX_REGISTERED_ENTRIES * BYTES)
        };
        let Some(mut before) = table(self) else {
            self.complain("The registered entries could not be read.".into());
            return Found { usable: Vec::new(), used: 0 };
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
        self.sorted_out(whole.into_iter().flatten(), |entry| entry.sequence)
    }

    /// The modules.
    pub(super) fn modules(&mut self) -> Found<RuntimeExceptionModule> {
        const BYTES: usize = size_of::<ModuleEntry>();
        let offset = offset_of!(RegistrationBlock, modules);
        let slots = (0..WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES).filter_map(|slot| {
            let Some(bytes) = self.stable(offset + slot * BYTES, BYTES) else {
                return Some(Err(format!("Runtime exception module slot {slot} could not be read whole.")));
            };
            module(&bytes, self.wants_checks)
        });
        let slots: Vec<_> = slots.collect();
        self.sorted_out(slots, |module| module.sequence)
    }

    /// Says what is left out, and orders the rest. A number that two have was given to one of them only.
    fn sorted_out<T>(
        &mut self,
        slots: impl IntoIterator<Item = Result<T, String>>,
        sequence: impl Fn(&T) -> u64,
    ) -> Found<T> {
        let mut found = Found { usable: Vec::new(), used: 0 };
        let mut known = HashSet::new();
        for slot in slots {
            found.used += 1;
            match slot {
                Ok(thing) if known.insert(sequence(&thing)) => found.usable.push(thing),
                Ok(thing) => {
                    let number = sequence(&thing);
                    self.complain(format!("Registration {number} is there twice; one of them is left out."));
                }
                Err(reason) => self.complain(reason),
            }
        }
        found.usable.sort_by_key(sequence);
        found
    }

    fn entry(&self, slot: usize, bytes: &[u8]) -> Option<Result<Registration, String>> {
        let sequence = u64_at(bytes, offset_of!(Entry, sequence)).filter(|sequence| *sequence != 0)?;
        let describe = |reason| format!("Registration {sequence} {reason}; it is left out.");
        let kind = self.checked_kind(slot, sequence, bytes).transpose()?;
        Some(kind.map(|kind| Registration { sequence, kind }).map_err(describe))
    }

    /// What an entry says, if its check word holds; nothing for one without a check word where only such are wanted.
    fn checked_kind(
        &self,
        slot: usize,
        sequence: u64,
        bytes: &[u8],
    ) -> Result<Option<RegistrationKind>, String> {
        let word = |offset| u32_at(bytes, offset).unwrap_or(0);
        let (size, flags) = (word(offset_of!(Entry, size)), word(offset_of!(Entry, flags)));
        let address = u64_at(bytes, offset_of!(Entry, address)).unwrap_or(0);
        let (entry_kind, check) = (word(offset_of!(Entry, kind)), word(offset_of!(Entry, check)));
        if check == 0 && self.wants_checks {
            return Ok(None);
        }
        let payload = match entry_kind {
            kind::FILE | kind::METADATA => self.payload(slot)?,
            _ => Vec::new(),
        };
        let (first, second) = texts(&payload)?;
        let numbers = [sequence, u64::from(entry_kind), u64::from(size), address, u64::from(flags)];
        if check != 0 && check_word(&numbers, &[first, second].concat()) != check {
            return Err(OVERWRITTEN.into());
        }
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok(Some(match entry_kind {
            kind::MEMORY_BLOCK => RegistrationKind::MemoryBlock(memory_block(address, size)?),
            kind::EXCLUDED_BLOCK => RegistrationKind::ExcludedMemoryBlock(excluded_block(address, size)?),
            kind::FILE => RegistrationKind::File { path: text(first), file_type: size, flags },
            kind::METADATA => RegistrationKind::Metadata { key: text(first), value: text(second) },
            kind::ADDITIONAL_PROCESS => {
                let pid = u32::try_from(address).map_err(|_| "names no process".to_string())?;
                RegistrationKind::AdditionalProcess { pid, tid: size }
            }
            other => return Err(format!("is of the unknown kind {other}")),
        }))
    }

    fn payload(&self, slot: usize) -> Result<Vec<u8>, String> {
        let offset = offset_of!(RegistrationBlock, payloads) + slot * PAYLOAD_BYTES;
        self.at(offset, PAYLOAD_BYTES).ok_or_else(|| "has a text that could not be read".into())
    }
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

fn module(bytes: &[u8], wants_checks: bool) -> Option<Result<RuntimeExceptionModule, String>> {
    let sequence = u64_at(bytes, offset_of!(ModuleEntry, sequence)).filter(|sequence| *sequence != 0)?;
    let context = u64_at(bytes, offset_of!(ModuleEntry, context)).unwrap_or(0);
    let payload = bytes.get(offset_of!(ModuleEntry, path)..).unwrap_or_default();
    let check = u32_at(payload, offset_of!(TextPayload, bytes) + MODULE_CHECK_OFFSET).unwrap_or(0);
    if check == 0 && wants_checks {
        return None;
    }
    let left_out = |reason: &str| format!("Runtime exception module {sequence} {reason}; it is left out.");
    let path = texts(payload).and_then(|(path, _)| match path {
        [] => Err("has no path".into()),
        path if check != 0 && check_word(&[sequence, context], path) != check => Err(OVERWRITTEN.into()),
        path => Ok(String::from_utf8_lossy(path).into_owned()),
    });
    Some(
        path.map(|path| RuntimeExceptionModule { sequence, path, context })
            .map_err(|reason: String| left_out(&reason)),
    )
}

/// Both strings of a text; none without one.
fn texts(payload: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let length = |offset| u16_at(payload, offset).map_or(0, usize::from);
    let first = length(offset_of!(TextPayload, first_bytes));
    let second = length(offset_of!(TextPayload, second_bytes));
    let bytes = payload.get(offset_of!(TextPayload, bytes)..).unwrap_or_default();
    match (bytes.get(..first), bytes.get(first..first + second)) {
        (Some(first), Some(second)) => Ok((first, second)),
        _ => Err(format!("has texts of {first} and {second} bytes")),
    }
}
