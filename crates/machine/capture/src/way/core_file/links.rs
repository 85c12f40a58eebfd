//! Mapped files where a core has no list of them: ELF images in its memory, named by the loader's own list.

use wer_snapshot::MemoryReader;

use super::limits::MAX_LINK_MAPS;
use super::memory::CoreMemory;
use super::notes::MappedFile;
use super::regions::{AT_SYSINFO_EHDR, auxv_value, is_image};
use crate::bytes::{u32_at, u64_at};
use crate::core_notes::PROGRAM_HEADER_BYTES;
use crate::elf::{Image, PAGE, PT_DYNAMIC, PT_LOAD, ProgramHeader, parse_program_header, read_text, value};
use crate::limits::{MAX_MODULES, MAX_PROGRAM_HEADERS};

const AT_PHDR: u64 = 3;
const AT_PHNUM: u64 = 5;
const AT_EXECFN: u64 = 31;
const DT_DEBUG: u64 = 21;
const PT_PHDR: u32 = 6;
const MAX_NAME_BYTES: usize = wer_sys::limits::MAX_PATH_BYTES;

/// Finds images and makes the list that the core lacks.
pub(super) fn mapped_files(memory: &CoreMemory, auxv: &[(u64, u64)]) -> Vec<MappedFile> {
    let links = link_maps(memory, auxv);
    let vdso = auxv_value(auxv, AT_SYSINFO_EHDR).unwrap_or(0);
    let executable_at = auxv_value(auxv, AT_PHDR).unwrap_or(0);
    let starts: Vec<u64> = memory.segments().iter().map(|segment| segment.start).collect();
    let mut files: Vec<MappedFile> = Vec::new();
    let mut images = 0;
    for base in starts {
        let covered = files.last().is_some_and(|last| base < last.end);
        if covered || base == vdso || !is_image(memory, base) {
            continue;
        }
        let Some(image) = Image::read(memory, base) else { continue };
        images += 1;
        if images > MAX_MODULES {
            break;
        }
        let own = |address: u64| address >= base && address - base < image.span();
        let link = links.iter().find(|link| own(link.dynamic)).filter(|link| !link.name.is_empty());
        let path = match link {
            Some(link) => link.name.clone(),
            None if own(executable_at) => executable_name(memory, auxv),
            None => image.soname().unwrap_or_else(|| format!("/unknown-{base:x}")),
        };
        add(&image, &path, &mut files);
    }
    files
}

fn executable_name(memory: &dyn MemoryReader, auxv: &[(u64, u64)]) -> String {
    let name = auxv_value(auxv, AT_EXECFN).map(|at| read_text(memory, at, MAX_NAME_BYTES));
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "/unknown-executable".into())
}

/// The mappings that the image's own headers ask for; only those that follow one another are believed.
fn add(image: &Image<'_>, path: &str, files: &mut Vec<MappedFile>) {
    for header in image.headers().iter().filter(|header| header.kind == PT_LOAD && header.file_bytes > 0) {
        let address = image.bias().wrapping_add(header.address);
        let into_page = address & (PAGE - 1);
        let (Some(start), Some(end)) = (
            address.checked_sub(into_page),
            address.checked_add(header.file_bytes).and_then(|end| end.checked_next_multiple_of(PAGE)),
        ) else {
            return;
        };
        let start = start.max(files.last().map_or(0, |last| last.end));
        let Some(offset) = header.offset.checked_sub(into_page) else { return };
        if start < end && offset.checked_add(end - start).is_some() {
            files.push(MappedFile { start, end, offset, path: path.into() });
        }
    }
}

struct LinkMap {
    name: String,
    /// Address of its dynamic section.
    dynamic: u64,
}

/// The loader's list, from the executable's program headers on.
fn link_maps(memory: &dyn MemoryReader, auxv: &[(u64, u64)]) -> Vec<LinkMap> {
    let mut links = Vec::new();
    let Some(mut next) = first_link(memory, auxv) else { return links };
    while next != 0 && links.len() < MAX_LINK_MAPS {
        let Some(link) = memory.read_exact(next, 32) else { break };
        let word = |at| u64_at(&link, at).unwrap_or(0);
        let name = read_text(memory, word(8), MAX_NAME_BYTES);
        links.push(LinkMap { name, dynamic: word(16) });
        next = word(24);
    }
    links
}

fn first_link(memory: &dyn MemoryReader, auxv: &[(u64, u64)]) -> Option<u64> {
    let at = auxv_value(auxv, AT_PHDR)?;
    let count = usize::try_from(auxv_value(auxv, AT_PHNUM)?).ok()?.min(MAX_PROGRAM_HEADERS);
    let bytes = memory.read_exact(at, count * PROGRAM_HEADER_BYTES)?;
    let headers: Vec<ProgramHeader> =
        bytes.chunks_exact(PROGRAM_HEADER_BYTES).filter_map(parse_program_header).collect();
    let bias =
        headers.iter().find(|header| header.kind == PT_PHDR).map_or(0, |own| at.wrapping_sub(own.address));
    let dynamic = headers.iter().find(|header| header.kind == PT_DYNAMIC)?;
    let length = usize::try_from(dynamic.memory_bytes.min(16 << 10)).ok()?;
    let bytes = memory.read_exact(bias.wrapping_add(dynamic.address), length)?;
    let pairs: Vec<(u64, u64)> =
        bytes.chunks_exact(16).filter_map(|pair| Some((u64_at(pair, 0)?, u64_at(pair, 8)?))).collect();
    let debug = value(&pairs, DT_DEBUG).filter(|at| *at != 0)?;
    let head = memory.read_exact(debug, 16)?;
    // `r_version` 0 = the loader has not come so far.
    u32_at(&head, 0).filter(|version| *version != 0)?;
    u64_at(&head, 8)
}
