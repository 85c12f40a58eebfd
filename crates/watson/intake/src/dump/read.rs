//! Reading the facts: header, directory, and four streams (`MINIDUMP_HEADER`, `..._MODULE_LIST`, `..._EXCEPTION_STREAM`,
//! `MINIDUMP_CRASHPAD_INFO`), little-endian at fixed offsets.

use std::io::{Read, Seek, SeekFrom};

use super::{DumpFacts, MAGICS, ModuleFacts};
use crate::limits::{MAX_DUMP_ANNOTATIONS, MAX_DUMP_MODULES, MAX_DUMP_STREAMS, MAX_DUMP_TEXT_BYTES};

const HEADER_BYTES: usize = 32;
const ENTRY_BYTES: usize = 12;
const MODULE_BYTES: usize = 108;
const MODULE_LIST: u32 = 4;
const EXCEPTION: u32 = 6;
const CRASHPAD_INFO: u32 = 0x4350_0001;
const FIXED_FILE_INFO: u32 = 0xFEEF_04BD;
/// `CodeView` records of ELF modules: a build id follows.
const BUILD_ID: &[u8] = b"BpEL";

/// A stream's place.
#[derive(Clone, Copy)]
struct Place {
    offset: u32,
    size: u32,
}

/// Reads what there is. `None`: no minidump.
#[must_use]
pub fn dump_facts(dump: &mut (impl Read + Seek)) -> Option<DumpFacts> {
    let header = bytes_at::<HEADER_BYTES>(dump, 0)?;
    if !MAGICS.iter().any(|magic| header.starts_with(*magic)) {
        return None;
    }
    let mut facts = DumpFacts { time_seconds: u32_at(&header, 20)?, ..DumpFacts::default() };
    let directory = directory(dump, &header).unwrap_or_default();
    let stream = |kind| directory.iter().find(|(found, _)| *found == kind).map(|(_, place)| *place);
    let exception = stream(EXCEPTION).and_then(|place| exception(dump, place));
    let modules = stream(MODULE_LIST).and_then(|place| modules(dump, place)).unwrap_or_default();
    facts.program = modules.first().and_then(|module| module_facts(dump, module));
    if let Some((code, address)) = exception {
        facts.exception_code = Some(code);
        let faulting = modules.iter().find(|module| holds(module, address));
        facts.fault_module = faulting.and_then(|module| module_facts(dump, module));
        let base = faulting.and_then(|module| u64_at(module, 0)).unwrap_or(0);
        facts.exception_offset = Some(address.wrapping_sub(base));
    }
    if let Some(place) = stream(CRASHPAD_INFO) {
        facts.crashpad_report = crashpad_report(dump, place);
        facts.annotations = annotations(dump, place).unwrap_or_default();
    }
    Some(facts)
}

fn directory(dump: &mut (impl Read + Seek), header: &[u8]) -> Option<Vec<(u32, Place)>> {
    let (count, offset) = (u32_at(header, 8)?, u32_at(header, 12)?);
    let count = (count as usize).min(MAX_DUMP_STREAMS);
    let bytes = vec_at(dump, offset, count.checked_mul(ENTRY_BYTES)?)?;
    let entry = |entry: &[u8]| {
        Some((u32_at(entry, 0)?, Place { size: u32_at(entry, 4)?, offset: u32_at(entry, 8)? }))
    };
    Some(bytes.chunks_exact(ENTRY_BYTES).filter_map(entry).collect())
}

/// Code and address.
fn exception(dump: &mut (impl Read + Seek), place: Place) -> Option<(u32, u64)> {
    let stream = bytes_at::<40>(dump, place.offset)?;
    Some((u32_at(&stream, 8)?, u64_at(&stream, 24)?))
}

fn modules(dump: &mut (impl Read + Seek), place: Place) -> Option<Vec<[u8; MODULE_BYTES]>> {
    let count = u32_at(&bytes_at::<4>(dump, place.offset)?, 0)? as usize;
    let count = count.min(MAX_DUMP_MODULES);
    // Some writers leave four bytes between the count and the list, so that it is aligned.
    let padded = place.size as usize == count * MODULE_BYTES + 8;
    let list = place.offset.checked_add(if padded { 8 } else { 4 })?;
    let bytes = vec_at(dump, list, count * MODULE_BYTES)?;
    Some(bytes.chunks_exact(MODULE_BYTES).filter_map(|module| module.try_into().ok()).collect())
}

fn holds(module: &[u8; MODULE_BYTES], address: u64) -> bool {
    let (Some(base), Some(size)) = (u64_at(module, 0), u32_at(module, 8)) else { return false };
    address.checked_sub(base).is_some_and(|offset| offset < u64::from(size))
}

fn module_facts(dump: &mut (impl Read + Seek), module: &[u8; MODULE_BYTES]) -> Option<ModuleFacts> {
    let path = utf16_at(dump, u32_at(module, 20)?)?;
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let version = if u32_at(module, 24)? == FIXED_FILE_INFO {
        let (high, low) = (u32_at(module, 32)?, u32_at(module, 36)?);
        format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff)
    } else {
        build_id(dump, module).unwrap_or_default()
    };
    Some(ModuleFacts { name, version, stamp: u32_at(module, 16)? })
}

fn build_id(dump: &mut (impl Read + Seek), module: &[u8; MODULE_BYTES]) -> Option<String> {
    let (size, offset) = (u32_at(module, 76)?, u32_at(module, 80)?);
    let record = vec_at(dump, offset, (size as usize).min(BUILD_ID.len() + 8))?;
    let id = record.strip_prefix(BUILD_ID)?;
    Some(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `report_id`: a UUID whose first three fields are little-endian.
fn crashpad_report(dump: &mut (impl Read + Seek), place: Place) -> Option<String> {
    let stream = bytes_at::<20>(dump, place.offset)?;
    let rest: String = stream.get(12..20)?.iter().map(|byte| format!("{byte:02x}")).collect();
    let (clock, node) = rest.split_at_checked(4)?;
    let (second, third) = (u16_at(&stream, 8)?, u16_at(&stream, 10)?);
    let first = u32_at(&stream, 4)?;
    let nil = stream.get(4..20)?.iter().all(|byte| *byte == 0);
    (!nil).then(|| format!("{first:08x}-{second:04x}-{third:04x}-{clock}-{node}"))
}

fn annotations(dump: &mut (impl Read + Seek), place: Place) -> Option<Vec<(String, String)>> {
    let stream = bytes_at::<44>(dump, place.offset)?;
    let dictionary = u32_at(&stream, 40)?;
    if u32_at(&stream, 36)? == 0 {
        return None;
    }
    let count = u32_at(&bytes_at::<4>(dump, dictionary)?, 0)? as usize;
    let entries = vec_at(dump, dictionary.checked_add(4)?, count.min(MAX_DUMP_ANNOTATIONS) * 8)?;
    let mut found = Vec::new();
    for entry in entries.chunks_exact(8) {
        let (key, value) = (u32_at(entry, 0)?, u32_at(entry, 4)?);
        found.push((utf8_at(dump, key)?, utf8_at(dump, value)?));
    }
    Some(found)
}

/// A length in bytes and UTF-16.
fn utf16_at(dump: &mut (impl Read + Seek), offset: u32) -> Option<String> {
    let bytes = text_at(dump, offset)?;
    let units = bytes.chunks_exact(2).filter_map(|unit| unit.try_into().ok().map(u16::from_le_bytes));
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// A length in bytes and UTF-8.
fn utf8_at(dump: &mut (impl Read + Seek), offset: u32) -> Option<String> {
    Some(String::from_utf8_lossy(&text_at(dump, offset)?).into_owned())
}

fn text_at(dump: &mut (impl Read + Seek), offset: u32) -> Option<Vec<u8>> {
    let length = u32_at(&bytes_at::<4>(dump, offset)?, 0)? as usize;
    if length > MAX_DUMP_TEXT_BYTES {
        return None;
    }
    vec_at(dump, offset.checked_add(4)?, length)
}

fn bytes_at<const N: usize>(dump: &mut (impl Read + Seek), offset: u32) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    dump.seek(SeekFrom::Start(u64::from(offset))).ok()?;
    dump.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// The callers' limits are small.
fn vec_at(dump: &mut (impl Read + Seek), offset: u32, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    dump.seek(SeekFrom::Start(u64::from(offset))).ok()?;
    dump.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}
