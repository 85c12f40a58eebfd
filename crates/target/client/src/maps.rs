//! Reads `/proc/.../maps` line by line, without allocating, to find the registration block and to learn which file
//! this code was loaded from.
//!
//! Runs in ordinary calls only, never in the crash path.

use rustix::fs::{Mode, OFlags};
use rustix::path::Arg;

/// The calling thread's view. `/proc/self/maps` is empty once the main thread has left by `pthread_exit`.
pub(crate) const OWN_MAPS: &str = "/proc/thread-self/maps";

/// Bytes of a line that are looked at; longer lines (only their paths can be) are cut.
const LINE_BYTES: usize = 4096 + 128;
/// Bytes of `maps` that are read at most: about half a million mappings.
const MAX_MAPS_BYTES: usize = 64 << 20;

/// One line of `maps`.
pub(crate) struct Mapping<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// `rw-p` and the like.
    pub(crate) permissions: &'a [u8],
    /// Empty for anonymous memory.
    pub(crate) path: &'a [u8],
}

impl<'a> Mapping<'a> {
    /// `7f..-7f.. rw-p 00000000 00:01 77   /path`.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = line.splitn(6, |byte| *byte == b' ');
        let range = fields.next()?;
        let permissions = fields.next()?;
        let path = fields.nth(3).unwrap_or_default().trim_ascii_start();
        let dash = range.iter().position(|byte| *byte == b'-')?;
        let start = parse_hex(range.get(..dash)?)?;
        let end = parse_hex(range.get(dash + 1..)?)?;
        Some(Self { start, end, permissions, path })
    }
}

fn parse_hex(digits: &[u8]) -> Option<usize> {
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The first answer that `look` gives for a line of the file `maps`. Nothing when the file cannot be read.
pub(crate) fn find<T>(maps: impl Arg, mut look: impl FnMut(&Mapping<'_>) -> Option<T>) -> Option<T> {
    let file = rustix::fs::open(maps, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut line = Line::new();
    let mut chunk = [0; 4096];
    let mut total = 0;
    while total < MAX_MAPS_BYTES {
        let count = rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut chunk)).ok()?;
        total += count;
        for byte in chunk.get(..count)? {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            if let Some(found) = Mapping::parse(line.text()).as_ref().and_then(&mut look) {
                return Some(found);
            }
            line.length = 0;
        }
        if count == 0 {
            return None;
        }
    }
    None
}

/// A line being gathered.
struct Line {
    bytes: [u8; LINE_BYTES],
    length: usize,
}

impl Line {
    fn new() -> Self {
        Self { bytes: [0; LINE_BYTES], length: 0 }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn text(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let line = b"7f10-7f20 rw-p 00000000 00:01 77                         /memfd:a b (deleted)";
        let mapping = Mapping::parse(line).unwrap();
        assert_eq!((mapping.start, mapping.end), (0x7f10, 0x7f20));
        assert_eq!(mapping.permissions, b"rw-p");
        assert_eq!(mapping.path, b"/memfd:a b (deleted)");
        assert_eq!(Mapping::parse(b"10-20 ---p 0 0:0 0 ").unwrap().path, b"");
        assert_eq!(Mapping::parse(b"10-20 ---p 0 0:0 0").unwrap().path, b"");
        assert!(Mapping::parse(b"").is_none());
        assert!(Mapping::parse(b"zz-20 rw-p 0 0:0 0").is_none());
    }

    #[test]
    fn own_code_is_found_in_its_file() {
        let here = own_code_is_found_in_its_file as fn() as usize;
        let path = find(OWN_MAPS, |mapping| {
            (mapping.start..mapping.end).contains(&here).then(|| mapping.path.to_vec())
        });
        let exe = std::env::current_exe().unwrap();
        assert_eq!(path.unwrap(), std::os::unix::ffi::OsStrExt::as_bytes(exe.as_os_str()));
    }
}
