//! A reader by hand: numbers at offsets, as the format's tables give them.

use std::io::{Read, Seek};

use wer_abi::flags::DumpType;
use wer_check::check;
use wer_minidump::{CopiedDump, DumpOptions, DumpSummary, plan, plan_registered};
use wer_snapshot::{MemoryReader, ProcessSnapshot};

/// A dump's bytes.
pub(crate) struct Raw(pub(crate) Vec<u8>);

impl Raw {
    pub(crate) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.0[at..at + 2].try_into().unwrap())
    }

    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap())
    }

    pub(crate) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap())
    }

    /// Offset and size of a stream.
    pub(crate) fn find(&self, kind: u32) -> Option<(usize, usize)> {
        let directory = self.u32(12) as usize;
        (0..self.u32(8) as usize)
            .map(|index| directory + 12 * index)
            .find(|at| self.u32(*at) == kind)
            .map(|at| (self.u32(at + 8) as usize, self.u32(at + 4) as usize))
    }

    pub(crate) fn stream(&self, kind: u32) -> (usize, usize) {
        self.find(kind).unwrap_or_else(|| panic!("no stream {kind:#x}"))
    }

    pub(crate) fn bytes(&self, kind: u32) -> &[u8] {
        let (at, size) = self.stream(kind);
        &self.0[at..at + size]
    }

    pub(crate) fn string(&self, at: usize) -> String {
        let units: Vec<u16> =
            (0..self.u32(at) as usize / 2).map(|index| self.u16(at + 4 + 2 * index)).collect();
        String::from_utf16(&units).unwrap()
    }

    /// Address, size and file offset of every piece of memory.
    pub(crate) fn memory_list(&self) -> Vec<(u64, u64, u64)> {
        if let Some((at, _)) = self.find(5) {
            let entry = |index: usize| at + 4 + 16 * index;
            return (0..self.u32(at) as usize)
                .map(entry)
                .map(|at| (self.u64(at), u64::from(self.u32(at + 8)), u64::from(self.u32(at + 12))))
                .collect();
        }
        let (at, _) = self.stream(9);
        let mut offset = self.u64(at + 8);
        let mut list = Vec::new();
        for index in 0..self.u64(at) as usize {
            let entry = at + 16 + 16 * index;
            list.push((self.u64(entry), self.u64(entry + 8), offset));
            offset += self.u64(entry + 8);
        }
        list
    }

    /// Memory of the process, from as many pieces as it takes.
    pub(crate) fn memory(&self, address: u64, size: u64) -> Option<Vec<u8>> {
        let list = self.memory_list();
        let mut bytes = Vec::new();
        let mut next = address;
        while next < address + size {
            let (start, length, offset) =
                *list.iter().find(|(start, length, _)| *start <= next && next < start + length)?;
            let end = (start + length).min(address + size);
            let from = (offset + (next - start)) as usize;
            bytes.extend_from_slice(&self.0[from..from + (end - next) as usize]);
            next = end;
        }
        Some(bytes)
    }

    pub(crate) fn holds(&self, needle: &[u8]) -> bool {
        self.0.windows(needle.len()).any(|window| window == needle)
    }
}

/// A finished dump: its bytes, checked, and its summary.
pub(crate) struct Dumped {
    pub(crate) raw: Raw,
    pub(crate) summary: DumpSummary,
}

fn finish(copied: CopiedDump, snapshot: &ProcessSnapshot, mut file: std::fs::File) -> Dumped {
    let summary = copied.write(snapshot, &file).unwrap();
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(check(&bytes), []);
    assert_eq!(summary.bytes, bytes.len() as u64);
    Dumped { raw: Raw(bytes), summary }
}

pub(crate) fn dump_with(
    snapshot: &ProcessSnapshot,
    memory: &dyn MemoryReader,
    options: &DumpOptions,
) -> Dumped {
    let file = tempfile::tempfile().unwrap();
    finish(plan(snapshot, memory, options).copy(memory, &file).unwrap(), snapshot, file)
}

pub(crate) fn dump(snapshot: &ProcessSnapshot, memory: &dyn MemoryReader, dump_type: DumpType) -> Dumped {
    dump_with(snapshot, memory, &DumpOptions::for_type(dump_type))
}

pub(crate) fn dump_registered(snapshot: &ProcessSnapshot, memory: &dyn MemoryReader) -> Dumped {
    let file = tempfile::tempfile().unwrap();
    let options = DumpOptions::for_type(DumpType::Mini);
    finish(plan_registered(snapshot, memory, &options).copy(memory, &file).unwrap(), snapshot, file)
}
