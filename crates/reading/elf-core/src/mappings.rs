//! The process's mappings as the dump has them: the text of `/proc/PID/maps` where it is there, else the memory info list
//! and the modules.

use minidump::Module;
use wer_dump::Dump;

use crate::limits::{MAX_MAPPINGS, MAX_PATH_BYTES};

const LINUX_MAPS: u32 = 0x4767_0009;
/// Committed memory.
const MEM_COMMIT: u32 = 0x1000;
pub(crate) const PF_X: u32 = 1;
pub(crate) const PF_W: u32 = 2;
pub(crate) const PF_R: u32 = 4;
/// Access of a mapping of which nothing is known.
pub(crate) const UNKNOWN_ACCESS: u32 = PF_R | PF_W;

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// `PF_*`.
    pub(crate) flags: u32,
    /// Its file.
    pub(crate) file: Option<MappedFile>,
}

/// The file of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MappedFile {
    pub(crate) path: Vec<u8>,
    pub(crate) offset: u64,
}

/// Mappings by address, not overlapping.
pub(crate) fn mappings(dump: &Dump<'_>) -> Vec<Mapping> {
    let text = dump.raw_stream(LINUX_MAPS).unwrap_or_default();
    let mut found: Vec<Mapping> =
        text.split(|byte| *byte == b'\n').take(MAX_MAPPINGS).filter_map(from_line).collect();
    if found.is_empty() {
        found = from_memory_info(dump);
    }
    sort(&mut found);
    found
}

fn sort(mappings: &mut Vec<Mapping>) {
    mappings.sort_by_key(|mapping| mapping.start);
    let mut end = 0;
    mappings.retain(|mapping| {
        let fits = mapping.start >= end && mapping.end > mapping.start;
        end = if fits { mapping.end } else { end };
        fits
    });
}

/// `7f0-7f1 r-xp 00001000 08:01 1234   /a/path`.
fn from_line(line: &[u8]) -> Option<Mapping> {
    let mut rest = line;
    let range = std::str::from_utf8(word(&mut rest)?).ok()?;
    let rights = word(&mut rest)?;
    let offset = u64::from_str_radix(std::str::from_utf8(word(&mut rest)?).ok()?, 16).ok()?;
    let (_device, _inode) = (word(&mut rest)?, word(&mut rest)?);
    let (start, end) = range.split_once('-')?;
    let path = rest.trim_ascii_start();
    let named = path.starts_with(b"/") && path.len() <= MAX_PATH_BYTES;
    let right =
        |index: usize, letter: u8, flag: u32| if rights.get(index) == Some(&letter) { flag } else { 0 };
    Some(Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        flags: right(0, b'r', PF_R) | right(1, b'w', PF_W) | right(2, b'x', PF_X),
        file: named.then(|| MappedFile { path: unescape(path), offset }),
    })
}

fn word<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let text = rest.trim_ascii_start();
    let (word, tail) = text.split_at(text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len()));
    *rest = tail;
    (!word.is_empty()).then_some(word)
}

/// A newline in a name is printed as `\012`, and a zero would end the name early.
fn unescape(path: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(path).replace("\\012", "\n").replace('\0', "").into_bytes()
}

fn from_memory_info(dump: &Dump<'_>) -> Vec<Mapping> {
    let committed = wer_dump::mappings(dump).into_iter().filter(|entry| entry.state == MEM_COMMIT);
    let mut found: Vec<Mapping> = committed
        .filter_map(|entry| {
            let (start, end) = (entry.start, entry.start.checked_add(entry.size)?);
            Some(Mapping { start, end, flags: access(entry.protection), file: None })
        })
        .collect();
    sort(&mut found);
    for module in dump.modules.iter().filter(|module| module.code_file().starts_with('/')) {
        add_module(module, &mut found);
    }
    found
}

/// Without the offset of each part, a module's file is only named where it begins.
fn add_module(module: &minidump::MinidumpModule, found: &mut [Mapping]) {
    let base = module.base_address();
    let file = Some(MappedFile { path: unescape(module.code_file().as_bytes()), offset: 0 });
    let index = found.partition_point(|mapping| mapping.start < base);
    if let Some(mapping) = found.get_mut(index).filter(|mapping| mapping.start == base) {
        mapping.file = file;
    }
}

/// `PAGE_*` of Windows as `PF_*`.
fn access(protection: u32) -> u32 {
    match protection & 0xff {
        0x02 => PF_R,
        0x04 | 0x08 => PF_R | PF_W,
        0x10 => PF_X,
        0x20 => PF_R | PF_X,
        0x40 | 0x80 => PF_R | PF_W | PF_X,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_mappings() {
        let line = b"7f0000001000-7f0000002000 r-xp 00001000 08:01 1234    /a b\\012c (deleted)";
        let found = from_line(line).expect("a mapping");
        assert_eq!((found.start, found.end, found.flags), (0x7f00_0000_1000, 0x7f00_0000_2000, PF_R | PF_X));
        let file = found.file.expect("a file");
        assert_eq!((file.path.as_slice(), file.offset), (&b"/a b\nc (deleted)"[..], 0x1000));
        assert_eq!(
            from_line(b"1000-2000 rw-p 00000000 00:00 0 [heap]").and_then(|mapping| mapping.file),
            None
        );
        for bad in [&b""[..], b"1000", b"1000-2000", b"x-y r--p 0 0 0", b"1000-2000 r--p zz 0:0 0"] {
            assert_eq!(from_line(bad), None);
        }
    }
}
