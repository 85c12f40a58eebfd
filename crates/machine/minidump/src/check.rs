//! A strict checker of minidump files, as this crate writes them: sizes that match counts, everything inside the file,
//! aligned, terminated, and nothing on top of anything else. It shares no code with the writer, so that a wrong layout
//! cannot be wrong twice.
//!
//! Bytes come from anywhere: the checker never panics, and its work is bounded by the file's size.

mod bytes;
mod lists;
mod memory;
mod ours;
mod single;

use core::fmt;

use crate::limits::MAX_VIOLATIONS;
use bytes::Bytes;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where in the file.
    pub offset: u64,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {:#x}: {}", self.offset, self.message)
    }
}

/// Everything that is wrong with a file, at most [`MAX_VIOLATIONS`]; empty = nothing.
#[must_use]
pub fn check(file: &[u8]) -> Vec<Violation> {
    let mut checker = Checker::new(file);
    if let Some(streams) = checker.directory() {
        checker.streams(&streams);
        checker.overlaps();
    }
    checker.violations
}

/// A part of the file that one thing owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Extent {
    start: u64,
    end: u64,
    what: &'static str,
}

/// Where a stream lies.
#[derive(Clone, Copy, Debug)]
struct Stream {
    kind: u32,
    offset: u64,
    size: u64,
}

/// Memory of the process in the file.
#[derive(Clone, Copy, Debug)]
struct MemoryRun {
    address: u64,
    size: u64,
    offset: u64,
}

struct Checker<'a> {
    file: Bytes<'a>,
    extents: Vec<Extent>,
    memory: Vec<MemoryRun>,
    /// Thread ids with the offset of their context.
    threads: Vec<(u32, u64)>,
    violations: Vec<Violation>,
}

const HEADER_BYTES: u64 = 32;
const ENTRY_BYTES: u64 = 12;

impl<'a> Checker<'a> {
    fn new(file: &'a [u8]) -> Self {
        Self {
            file: Bytes::new(file),
            extents: Vec::new(),
            memory: Vec::new(),
            threads: Vec::new(),
            violations: Vec::new(),
        }
    }

    fn wrong(&mut self, offset: u64, message: impl FnOnce() -> String) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(Violation { offset, message: message() });
        }
    }

    /// Notes that `what` owns a part of the file; false when that part is not in the file.
    fn own(&mut self, offset: u64, size: u64, what: &'static str) -> bool {
        match offset.checked_add(size) {
            Some(end) if end <= self.file.len() => {
                if size > 0 {
                    self.extents.push(Extent { start: offset, end, what });
                }
                true
            }
            _ => {
                self.wrong(offset, || format!("{what} of {size} bytes reaches beyond the file"));
                false
            }
        }
    }

    fn aligned(&mut self, offset: u64, alignment: u64, what: &str) {
        if !offset.is_multiple_of(alignment) {
            self.wrong(offset, || format!("{what} is not at a multiple of {alignment}"));
        }
    }

    /// Header and directory.
    fn directory(&mut self) -> Option<Vec<Stream>> {
        if !self.own(0, HEADER_BYTES, "header") {
            return None;
        }
        if self.file.u32(0) != Some(0x504D_444D) {
            self.wrong(0, || "no MDMP signature".to_owned());
            return None;
        }
        if self.file.u32(4).map(|version| version & 0xFFFF) != Some(0xA793) {
            self.wrong(4, || "the version is not 0xA793".to_owned());
        }
        let count = u64::from(self.file.u32(8)?);
        let start = u64::from(self.file.u32(12)?);
        self.aligned(start, 4, "directory");
        if !self.own(start, count * ENTRY_BYTES, "directory") {
            return None;
        }
        Some((0..count).filter_map(|index| self.entry(start + index * ENTRY_BYTES)).collect())
    }

    fn entry(&mut self, at: u64) -> Option<Stream> {
        let kind = self.file.u32(at)?;
        let size = u64::from(self.file.u32(at + 4)?);
        let offset = u64::from(self.file.u32(at + 8)?);
        if kind == 0 {
            if size != 0 || offset != 0 {
                self.wrong(at, || "an unused directory entry names bytes".to_owned());
            }
            return None;
        }
        self.aligned(offset, 4, "stream");
        self.own(offset, size, "stream").then_some(Stream { kind, offset, size })
    }

    fn streams(&mut self, streams: &[Stream]) {
        let mut kinds: Vec<u32> = streams.iter().map(|stream| stream.kind).collect();
        kinds.sort_unstable();
        if let Some(pair) = kinds.windows(2).find(|pair| pair.first() == pair.last()) {
            self.wrong(0, || format!("two streams of type {:#x}", pair.first().unwrap_or(&0)));
        }
        if kinds.contains(&5) && kinds.contains(&9) {
            self.wrong(0, || "both a memory list and a 64-bit memory list".to_owned());
        }
        // Threads point into memory, the exception names a thread.
        let rank = |kind: u32| match kind {
            5 | 9 => 0,
            3 => 1,
            _ => 2,
        };
        let mut ordered = streams.to_vec();
        ordered.sort_by_key(|stream| rank(stream.kind));
        for stream in ordered {
            self.stream(stream);
        }
    }

    fn stream(&mut self, stream: Stream) {
        match stream.kind {
            3 => self.thread_list(stream),
            4 => self.module_list(stream),
            5 => self.memory_list(stream),
            6 => self.exception(stream),
            7 => self.system_info(stream),
            9 => self.memory64_list(stream),
            11 => self.comment(stream),
            15 => self.misc_info(stream),
            16 => self.memory_info_list(stream),
            17 => self.counted(stream, 12, 64, "thread info list"),
            24 => self.thread_names(stream),
            0x4767_000A => self.dso_debug(stream),
            0x5745_0001 => self.registered_blocks(stream),
            0x5745_0002 => self.wer_info(stream),
            _ => {}
        }
    }

    /// Only contexts are shared: the exception names the crashed thread's.
    fn overlaps(&mut self) {
        self.extents.sort_unstable();
        self.extents.dedup_by(|a, b| a == b && a.what == "context");
        let pairs: Vec<(Extent, Extent)> = self
            .extents
            .windows(2)
            .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
            .filter(|(first, second)| second.start < first.end)
            .take(MAX_VIOLATIONS)
            .collect();
        for (first, second) in pairs {
            self.wrong(second.start, || format!("{} lies on {}", second.what, first.what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    fn header(streams: u32) -> Vec<u8> {
        let mut file = b"MDMP\x93\xA7\0\0".to_vec();
        file.extend(streams.to_le_bytes());
        file.extend(32_u32.to_le_bytes());
        file.resize(32, 0);
        file
    }

    fn entry(file: &mut Vec<u8>, words: [u32; 3]) {
        words.iter().for_each(|word| file.extend(word.to_le_bytes()));
    }

    fn says(file: &[u8], part: &str) -> bool {
        check(file).iter().any(|violation| violation.message.contains(part))
    }

    #[test]
    fn an_empty_dump_is_right_and_no_dump_is_wrong() {
        assert_eq!(check(&header(0)), []);
        assert!(says(b"", "beyond the file"));
        assert!(says(&[0; 64], "signature"));
    }

    #[test]
    fn streams_must_lie_in_the_file_aligned_and_apart() {
        let mut file = header(2);
        entry(&mut file, [0x4767_0009, 4, 56]);
        entry(&mut file, [0x4767_0004, 4, 58]);
        file.resize(80, 0);
        assert!(says(&file, "multiple of 4") && says(&file, "lies on"));
        file.truncate(57);
        assert!(says(&file, "beyond the file"));
    }

    #[test]
    fn counts_must_match_sizes() {
        let mut file = header(1);
        entry(&mut file, [3, 8, 44]);
        file.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        assert!(says(&file, "thread list"));
    }

    #[test]
    fn streams_come_once() {
        let mut file = header(2);
        entry(&mut file, [24, 4, 56]);
        entry(&mut file, [24, 4, 60]);
        file.resize(64, 0);
        assert!(says(&file, "two streams"));
    }
}
