//! The loader's list of libraries, for Breakpad's DSO stream: auxiliary vector -> program headers -> dynamic section ->
//! `DT_DEBUG` -> `r_debug` -> `link_map` chain. Every pointer on the way is the process's own and may be anything, so
//! every step is bounded and a wrong one ends the walk.

use wer_copy::Range;
use wer_snapshot::{MemoryReader, ProcessInfo};

use crate::limits::{DYNAMIC_MAX_BYTES, LINK_MAP_NAME_MAX_BYTES, MAX_LINK_MAPS, MAX_PROGRAM_HEADERS};

const AT_PHDR: u64 = 3;
const AT_PHENT: u64 = 4;
const AT_PHNUM: u64 = 5;
const PROGRAM_HEADER_BYTES: u64 = 56;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_PHDR: u32 = 6;
const DYNAMIC_ENTRY_BYTES: usize = 16;
const DT_NULL: u64 = 0;
const DT_DEBUG: u64 = 21;
const R_DEBUG_BYTES: usize = 40;
const LINK_MAP_BYTES: usize = 40;

/// One library of the loader's list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LinkMap {
    /// Load bias.
    pub(crate) address: u64,
    /// Path; empty for the executable.
    pub(crate) name: String,
    /// Its dynamic section.
    pub(crate) dynamic: u64,
}

/// What the loader tells debuggers.
#[derive(Debug)]
pub(crate) struct DsoDebug {
    pub(crate) version: u32,
    pub(crate) breakpoint: u64,
    pub(crate) loader_base: u64,
    pub(crate) dynamic_address: u64,
    pub(crate) dynamic: Vec<u8>,
    pub(crate) libraries: Vec<LinkMap>,
    /// Where all of it was read, but for the names.
    pub(crate) ranges: Vec<Range>,
    /// Where the names were read.
    pub(crate) name_ranges: Vec<Range>,
}

/// The list, or `None` where there is none: static programs, a loader that has not run yet, a torn process.
pub(crate) fn read(process: &ProcessInfo, memory: &dyn MemoryReader) -> Option<DsoDebug> {
    let (dynamic_address, dynamic_size) = dynamic_section(process, memory)?;
    let mut dynamic = memory.read_exact(dynamic_address, dynamic_size.min(DYNAMIC_MAX_BYTES) as usize)?;
    let used = dynamic_length(&dynamic);
    dynamic.truncate(used);
    let r_debug = dynamic_value(&dynamic, DT_DEBUG).filter(|address| *address != 0)?;
    let head = memory.read_exact(r_debug, R_DEBUG_BYTES)?;
    let mut debug = DsoDebug {
        version: u32_at(&head, 0)?,
        breakpoint: u64_at(&head, 16)?,
        loader_base: u64_at(&head, 32)?,
        dynamic_address,
        libraries: Vec::new(),
        ranges: vec![of(dynamic_address, dynamic.len()), of(r_debug, R_DEBUG_BYTES)],
        name_ranges: Vec::new(),
        dynamic,
    };
    debug.add_libraries(memory, u64_at(&head, 8)?);
    Some(debug)
}

const fn of(address: u64, bytes: usize) -> Range {
    Range::new(address, address.saturating_add(bytes as u64))
}

/// Address and size of the executable's dynamic section.
fn dynamic_section(process: &ProcessInfo, memory: &dyn MemoryReader) -> Option<(u64, u64)> {
    let value = |key| process.auxv.iter().find(|(k, _)| *k == key).map(|(_, value)| *value);
    let table = value(AT_PHDR)?;
    let count = value(AT_PHNUM)?.min(MAX_PROGRAM_HEADERS);
    if value(AT_PHENT).is_some_and(|size| size != PROGRAM_HEADER_BYTES) || count == 0 {
        return None;
    }
    let headers = memory.read_exact(table, (count * PROGRAM_HEADER_BYTES) as usize)?;
    let mut bias = None;
    let mut dynamic = None;
    for header in headers.chunks_exact(PROGRAM_HEADER_BYTES as usize) {
        let address = u64_at(header, 16)?;
        match u32_at(header, 0)? {
            PT_PHDR => bias = Some(table.wrapping_sub(address)),
            PT_LOAD if u64_at(header, 8)? == 0 => {
                bias = bias.or(Some((table & !0xFFF).wrapping_sub(address)));
            }
            PT_DYNAMIC => dynamic = Some((address, u64_at(header, 40)?)),
            _ => {}
        }
    }
    let (address, size) = dynamic?;
    Some((address.wrapping_add(bias?), size))
}

/// Bytes up to and with the terminating entry.
fn dynamic_length(dynamic: &[u8]) -> usize {
    let entries = dynamic.chunks_exact(DYNAMIC_ENTRY_BYTES);
    let count = entries.len();
    let end = entries.into_iter().position(|entry| u64_at(entry, 0) == Some(DT_NULL));
    end.map_or(count, |index| index + 1) * DYNAMIC_ENTRY_BYTES
}

fn dynamic_value(dynamic: &[u8], tag: u64) -> Option<u64> {
    let mut entries = dynamic.chunks_exact(DYNAMIC_ENTRY_BYTES);
    entries.find(|entry| u64_at(entry, 0) == Some(tag)).and_then(|entry| u64_at(entry, 8))
}

impl DsoDebug {
    fn add_libraries(&mut self, memory: &dyn MemoryReader, first: u64) {
        let mut next = first;
        while next != 0 && self.libraries.len() < MAX_LINK_MAPS {
            let mut raw = [0; LINK_MAP_BYTES];
            if memory.read(next, &mut raw) != LINK_MAP_BYTES {
                break;
            }
            let field = |offset| u64_at(&raw, offset).unwrap_or_default();
            let name = name_at(memory, field(8));
            self.ranges.push(of(next, LINK_MAP_BYTES));
            self.name_ranges.push(of(field(8), if name.is_empty() { 0 } else { name.len() + 1 }));
            self.libraries.push(LinkMap { address: field(0), name, dynamic: field(16) });
            next = field(24);
        }
    }
}

fn name_at(memory: &dyn MemoryReader, address: u64) -> String {
    if address == 0 {
        return String::new();
    }
    let mut raw = [0; LINK_MAP_NAME_MAX_BYTES];
    let read = memory.read(address, &mut raw).min(raw.len());
    let name = raw.get(..read).unwrap_or_default();
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    String::from_utf8_lossy(name.get(..end).unwrap_or_default()).into_owned()
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..offset + 4)?.try_into().ok().map(u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..offset + 8)?.try_into().ok().map(u64::from_le_bytes)
}
