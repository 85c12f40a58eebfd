//! Memory that a core left out because it is in a file: read from the file on disk, if that is still the same by its
//! build id. Only what cannot have been changed in memory is taken from it.
//!
//! The paths come from the core. Nothing but regular files is opened, nothing is written.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::{FileType, Mode, OFlags};
use wer_snapshot::{ModuleSnapshot, Region, RegionKind};

use super::limits::MAX_FILES;
use super::memory::{Backing, CoreMemory};
use crate::bytes::{u16_at, u64_at};
use crate::core_notes::{ELF_HEADER_BYTES, PROGRAM_HEADER_BYTES, PT_NOTE};
use crate::elf::{NT_GNU_BUILD_ID, Notes, PAGE, PT_LOAD, ProgramHeader, parse_program_header};
use crate::limits::{MAX_MODULE_NOTE_BYTES, MAX_PROGRAM_HEADERS};

const PF_W: u32 = 2;

/// A file that is what was mapped.
struct SameFile {
    file: Arc<File>,
    bytes: u64,
    /// First and last byte of the segments that nobody may write to.
    constant: Vec<(u64, u64)>,
}

/// Which files can stand in for which mappings; and the modules whose files could not.
pub(super) fn backings(
    memory: &CoreMemory,
    regions: &[Region],
    modules: &[ModuleSnapshot],
) -> (Vec<Backing>, Vec<String>) {
    let mut by_address: Vec<&ModuleSnapshot> = modules.iter().collect();
    by_address.sort_by_key(|module| module.base);
    let mut known: HashMap<&str, Option<SameFile>> = HashMap::new();
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for region in regions.iter().filter(|region| !region.protection.write) {
        let RegionKind::File { path, deleted: false } = &region.kind else { continue };
        if memory.has(region.start) && memory.has(region.end - 1) {
            continue;
        }
        let Some(module) = module_at(&by_address, region.start).filter(|module| module.path == *path) else {
            continue;
        };
        if known.len() == MAX_FILES && !known.contains_key(path.as_str()) {
            continue;
        }
        let same = known.entry(path).or_insert_with(|| {
            let same = same_file(path, module);
            if same.is_none() {
                missing.push(path.clone());
            }
            same
        });
        let Some(same) = same else { continue };
        let end = region.offset.saturating_add(region.end - region.start);
        if same.constant.iter().any(|(first, last)| *first <= region.offset && end <= *last) {
            found.push(Backing {
                start: region.start,
                end: region.end,
                offset: region.offset,
                file_bytes: same.bytes,
                file: Arc::clone(&same.file),
            });
        }
    }
    (found, missing)
}

/// The module that holds an address, among modules by address.
fn module_at<'a>(modules: &[&'a ModuleSnapshot], address: u64) -> Option<&'a ModuleSnapshot> {
    let after = modules.partition_point(|module| module.base <= address);
    modules.get(after.checked_sub(1)?).copied().filter(|module| module.contains(address))
}

fn same_file(path: &str, module: &ModuleSnapshot) -> Option<SameFile> {
    if module.synthetic_id || module.build_id.is_empty() {
        return None;
    }
    let file = open_regular(path)?;
    let bytes = file.metadata().ok()?.len();
    let headers = program_headers(&file)?;
    (build_id(&file, &headers)? == module.build_id).then(|| SameFile {
        file: Arc::new(file),
        bytes,
        constant: headers
            .iter()
            .filter(|header| header.kind == PT_LOAD && header.flags & PF_W == 0)
            .filter_map(|header| {
                let end = header.offset.checked_add(header.file_bytes)?.checked_next_multiple_of(PAGE)?;
                Some((header.offset & !(PAGE - 1), end))
            })
            .collect(),
    })
}

/// Looked at before it is opened: opening a device or a pipe may have effects.
fn open_regular(path: &str) -> Option<File> {
    if !path.starts_with('/') {
        return None;
    }
    let place = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&place).ok()?.st_mode);
    if kind != FileType::RegularFile {
        return None;
    }
    let name = format!("/proc/self/fd/{}", place.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(name, flags, Mode::empty()).ok().map(File::from)
}

fn program_headers(file: &File) -> Option<Vec<ProgramHeader>> {
    let mut header = [0; ELF_HEADER_BYTES];
    file.read_exact_at(&mut header, 0).ok()?;
    let sized = usize::from(u16_at(&header, 54)?) == PROGRAM_HEADER_BYTES;
    if !sized || !header.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let count = usize::from(u16_at(&header, 56)?).min(MAX_PROGRAM_HEADERS);
    let mut table = vec![0; count * PROGRAM_HEADER_BYTES];
    file.read_exact_at(&mut table, u64_at(&header, 32)?).ok()?;
    Some(table.chunks_exact(PROGRAM_HEADER_BYTES).filter_map(parse_program_header).collect())
}

fn build_id(file: &File, headers: &[ProgramHeader]) -> Option<Vec<u8>> {
    headers.iter().filter(|header| header.kind == PT_NOTE).find_map(|header| {
        let mut bytes = vec![0; usize::try_from(header.file_bytes.min(MAX_MODULE_NOTE_BYTES)).ok()?];
        file.read_exact_at(&mut bytes, header.offset).ok()?;
        let note = Notes::new(&bytes, header.align)
            .find(|note| note.kind == NT_GNU_BUILD_ID && note.name == b"GNU")?;
        Some(note.data.to_vec())
    })
}
