//! Modules from mappings: which ELF files are mapped where, and what identifies them.
//!
//! A module's identity is read from the target's memory first, so that a file which was replaced or deleted since cannot
//! lend a wrong one; `/proc/PID/map_files` helps where memory cannot be read. What was found out before the target was
//! stopped is kept in a [`ModuleCache`], so that the stop need not wait for it.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;
use wer_model::{SoftError, Stage};
use wer_snapshot::{MemoryReader, ModuleKind, ModuleSnapshot, Region, RegionKind};
use wer_sys::Process;

use crate::elf::Image;
use crate::limits::MAX_MODULES;

/// `AT_PHDR`: address of the executable's program headers.
const AT_PHDR: u64 = 3;
/// `AT_ENTRY`: address of its first instruction.
const AT_ENTRY: u64 = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct MappingKey {
    start: u64,
    device: u64,
    inode: u64,
    offset: u64,
}

#[derive(Clone, Debug)]
struct ElfFacts {
    span: u64,
    build_id: Vec<u8>,
    synthetic_id: bool,
    soname: Option<String>,
}

/// What is known of mappings; `None` = no ELF image starts there.
#[derive(Debug, Default)]
pub(crate) struct ModuleCache {
    facts: HashMap<MappingKey, Option<ElfFacts>>,
}

/// Finds the modules among mappings: the executable first, then by address. Without a process (a core file) there is
/// only memory to look at.
pub(crate) fn find_modules(
    process: Option<&Process>,
    memory: &dyn MemoryReader,
    regions: &[Region],
    auxv: &[(u64, u64)],
    cache: &mut ModuleCache,
    soft_errors: &mut Vec<SoftError>,
) -> Vec<ModuleSnapshot> {
    let mut modules = Vec::new();
    let mut rest = regions;
    while let Some((first, following)) = rest.split_first() {
        rest = following;
        let Some((path, deleted)) = module_name(first) else { continue };
        let Some(facts) = cache.facts_of(process, memory, first, regions) else { continue };
        let parts = following.iter().take_while(|region| belongs(first, facts.span, region)).count();
        let (own, other) = following.split_at(parts);
        rest = other;
        if modules.len() == MAX_MODULES {
            let message = format!("More than {MAX_MODULES} modules are mapped; the others are left out.");
            soft_errors.push(SoftError::new(Stage::Capture, message));
            break;
        }
        modules.push(module(first, own, path, deleted, facts));
    }
    executable_first(&mut modules, auxv);
    modules
}

fn module_name(region: &Region) -> Option<(&str, bool)> {
    match &region.kind {
        RegionKind::File { path, deleted } => Some((path, *deleted)),
        RegionKind::Vdso => Some(("linux-gate.so", false)),
        _ => None,
    }
}

/// Whether a mapping belongs to the module that starts with `first`: the same file within the image's extent. Mappings
/// of no file between them (a hole that the loader closed) are passed over.
fn belongs(first: &Region, span: u64, region: &Region) -> bool {
    let within = region.start - first.start < span;
    let same = region.device == first.device && region.inode == first.inode && region.kind == first.kind;
    let filler = region.kind == RegionKind::Anonymous;
    within && (same || filler)
}

fn module(first: &Region, own: &[Region], path: &str, deleted: bool, facts: &ElfFacts) -> ModuleSnapshot {
    let file_parts = || std::iter::once(first).chain(own.iter().filter(|part| part.kind == first.kind));
    let end = file_parts().map(|part| part.end).max().unwrap_or(first.end);
    let executable = file_parts().any(|part| part.protection.execute);
    let memfd = path.starts_with("/memfd:");
    let kind = match first.kind {
        RegionKind::Vdso => ModuleKind::Vdso,
        _ if executable && !memfd => ModuleKind::Library,
        _ => ModuleKind::Other,
    };
    let version = version_of(path.rsplit('/').next().unwrap_or(path))
        .or_else(|| facts.soname.as_deref().and_then(version_of));
    ModuleSnapshot {
        base: first.start,
        size: end - first.start,
        path: path.into(),
        deleted,
        build_id: facts.build_id.clone(),
        synthetic_id: facts.synthetic_id,
        soname: facts.soname.clone(),
        version,
        kind,
    }
}

fn executable_first(modules: &mut [ModuleSnapshot], auxv: &[(u64, u64)]) {
    let addresses = [AT_PHDR, AT_ENTRY]
        .into_iter()
        .filter_map(|key| auxv.iter().find(|(found, _)| *found == key).map(|(_, value)| *value));
    let found =
        addresses.into_iter().find_map(|address| modules.iter().position(|module| module.contains(address)));
    if let Some(index) = found {
        if let Some(executable) = modules.get_mut(index) {
            executable.kind = ModuleKind::Executable;
        }
        if let Some(until) = modules.get_mut(..=index) {
            until.rotate_right(1);
        }
    }
}

/// Version in a library's file name: after `.so.`, or between the last `-` and `.so`.
fn version_of(name: &str) -> Option<[u16; 4]> {
    let text = match name.split_once(".so.") {
        Some((_, version)) => version,
        None => name.strip_suffix(".so")?.rsplit_once('-')?.1,
    };
    let mut version = [0; 4];
    let mut parts = text.split('.');
    for (index, into) in version.iter_mut().enumerate() {
        match parts.next() {
            Some(part) => *into = part.parse().ok()?,
            None if index > 0 => break,
            None => return None,
        }
    }
    Some(version)
}

impl ModuleCache {
    fn facts_of(
        &mut self,
        process: Option<&Process>,
        memory: &dyn MemoryReader,
        region: &Region,
        regions: &[Region],
    ) -> Option<&ElfFacts> {
        let key = MappingKey {
            start: region.start,
            device: region.device,
            inode: region.inode,
            offset: region.offset,
        };
        self.facts.entry(key).or_insert_with(|| read_facts(process, memory, region, regions)).as_ref()
    }
}

fn read_facts(
    process: Option<&Process>,
    memory: &dyn MemoryReader,
    region: &Region,
    regions: &[Region],
) -> Option<ElfFacts> {
    let mut magic = [0; 4];
    if memory.read(region.start, &mut magic) == magic.len() {
        return if &magic == b"\x7fELF" { facts(memory, region.start) } else { None };
    }
    let file = MappedFile::open(process?, region, regions)?;
    facts(&file, region.start)
}

fn facts(memory: &dyn MemoryReader, base: u64) -> Option<ElfFacts> {
    let image = Image::read(memory, base)?;
    let own = image.build_id();
    let synthetic_id = own.is_none();
    let build_id = own.or_else(|| image.synthetic_id()).unwrap_or_default();
    Some(ElfFacts {
        span: image.span(),
        synthetic_id: synthetic_id && !build_id.is_empty(),
        build_id,
        soname: image.soname(),
    })
}

/// A mapped file, read at the addresses where it is mapped.
struct MappedFile<'a> {
    file: OwnedFd,
    parts: Vec<&'a Region>,
}

impl<'a> MappedFile<'a> {
    /// Opens the file itself, whatever has become of its name. The kernel allows that to privileged processes only.
    fn open(process: &Process, first: &Region, regions: &'a [Region]) -> Option<Self> {
        let name = format!("map_files/{:x}-{:x}", first.start, first.end);
        let file = process.open_file(&name, OFlags::RDONLY | OFlags::NONBLOCK).ok()?;
        let parts = regions
            .iter()
            .filter(|region| region.device == first.device && region.inode == first.inode)
            .collect();
        Some(Self { file, parts })
    }
}

impl MemoryReader for MappedFile<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let Some(part) = self.parts.iter().find(|part| (part.start..part.end).contains(&address)) else {
            return 0;
        };
        let length = usize::try_from(part.end - address).unwrap_or(usize::MAX).min(buffer.len());
        let Some(offset) = part.offset.checked_add(address - part.start) else { return 0 };
        let Some(wanted) = buffer.get_mut(..length) else { return 0 };
        rustix::io::pread(&self.file, wanted, offset).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_names() {
        let table = [
            ("libc.so.6", Some([6, 0, 0, 0])),
            ("libstdc++.so.6.0.30", Some([6, 0, 30, 0])),
            ("libx.so.1.2.3.4", Some([1, 2, 3, 4])),
            ("libpthread-2.36.so", Some([2, 36, 0, 0])),
            ("libx.so", None),
            ("libx.so.", None),
            ("libx.so.a", None),
            ("libx.so.99999", None),
            ("program", None),
        ];
        for (name, version) in table {
            assert_eq!(version_of(name), version, "{name}");
        }
    }

    #[test]
    fn our_own_modules_are_found_with_the_executable_first() {
        let me = Process::open(std::process::id()).expect("ours");
        let memory = me.memory(false).expect("our memory");
        let regions = me.maps().expect("maps").regions;
        let auxv = me.auxv().expect("auxv");
        let (mut cache, mut errors) = (ModuleCache::default(), Vec::new());
        let modules = find_modules(Some(&me), &memory, &regions, &auxv, &mut cache, &mut errors);
        assert!(errors.is_empty());
        let exe = std::env::current_exe().expect("a path");
        assert_eq!(modules[0].path, exe.to_string_lossy());
        assert_eq!(modules[0].kind, ModuleKind::Executable);
        assert!(modules[1..].is_sorted_by_key(|module| module.base));
        // By an address within it: other tests may have mapped its file a second time.
        let libc = modules.iter().find(|module| module.contains(libc::getpid as *const () as u64));
        let libc = libc.expect("this test runs on glibc");
        assert_eq!(libc.soname.as_deref(), Some("libc.so.6"));
        assert!(!libc.build_id.is_empty());
        assert_eq!(
            (libc.version, libc.kind, libc.synthetic_id),
            (Some([6, 0, 0, 0]), ModuleKind::Library, false)
        );
        let vdso = modules.iter().find(|module| module.kind == ModuleKind::Vdso).expect("a vdso");
        assert_eq!(vdso.path, "linux-gate.so");
        let again = find_modules(
            Some(&me),
            &crate::test_memory::TestMemory::default(),
            &regions,
            &auxv,
            &mut cache,
            &mut errors,
        );
        assert_eq!(again, modules, "the second time nothing is read");
    }
}
