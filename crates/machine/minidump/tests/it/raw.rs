//! A reader by hand: numbers at offsets, as the format's tables give them.

use std::io::{Read, Seek};

use wer_abi::flags::DumpType;
use wer_check::check;
use wer_copy::{Continue, Output};
use wer_minidump::{
    Callbacks, CopiedDump, DumpError, DumpOptions, DumpSummary, SharedCallbacks, plan, plan_registered,
    plan_with,
};
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

    /// Stream types in the order of the directory.
    pub(crate) fn kinds(&self) -> Vec<u32> {
        (0..self.u32(8) as usize).map(|index| self.u32(32 + 12 * index)).collect()
    }

    /// Offset of the entry in a list of fixed entries that begins with this word.
    pub(crate) fn entry(&self, kind: u32, header: usize, size: usize, word: u32) -> Option<usize> {
        let (at, bytes) = self.find(kind)?;
        (at + header..at + bytes).step_by(size).find(|at| self.u32(*at) == word)
    }

    pub(crate) fn threads(&self) -> Vec<u32> {
        let (at, _) = self.stream(3);
        (0..self.u32(at) as usize).map(|index| self.u32(at + 4 + 48 * index)).collect()
    }

    pub(crate) fn modules(&self) -> Vec<String> {
        let (at, _) = self.stream(4);
        let name = |index: usize| self.string(self.u32(at + 4 + 108 * index + 20) as usize);
        (0..self.u32(at) as usize).map(name).collect()
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
    assert_right(&bytes);
    assert_eq!(summary.bytes, bytes.len() as u64);
    Dumped { raw: Raw(bytes), summary }
}

/// The checker finds nothing but what the caller itself chose: to leave the exception's thread out.
fn assert_right(bytes: &[u8]) {
    let mut violations = check(bytes);
    violations.retain(|violation| !violation.message.contains("the exception's thread"));
    assert_eq!(violations, []);
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

/// A dump whose callbacks are asked, by way of a file, or through themselves.
pub(crate) fn dump_asking(
    snapshot: &ProcessSnapshot,
    memory: &dyn MemoryReader,
    options: &DumpOptions,
    callbacks: &mut dyn Callbacks,
) -> Result<Dumped, DumpError> {
    let file = tempfile::tempfile().unwrap();
    let made = ask(snapshot, memory, options, callbacks, &file);
    let mut bytes = Vec::new();
    (&file).rewind().unwrap();
    (&file).read_to_end(&mut bytes).unwrap();
    match made {
        Ok(summary) => {
            assert_right(&bytes);
            assert_eq!(summary.bytes, bytes.len() as u64);
            Ok(Dumped { raw: Raw(bytes), summary })
        }
        Err(error) => {
            assert!(!bytes.starts_with(b"MDMP"), "no file that looks whole: {error}");
            Err(error)
        }
    }
}

fn ask(
    snapshot: &ProcessSnapshot,
    memory: &dyn MemoryReader,
    options: &DumpOptions,
    callbacks: &mut dyn Callbacks,
    file: &std::fs::File,
) -> Result<DumpSummary, DumpError> {
    let shared = SharedCallbacks::new(callbacks);
    let plan = plan_with(snapshot, memory, options, &mut &shared)?;
    let mut io = shared.io();
    let mut output =
        if plan.writes_through_callbacks() { Output::custom(&mut io) } else { Output::file(file) };
    let copied = plan.copy_to(memory, &mut output, &mut |_, _| Continue::Yes, &mut &shared)?;
    copied.write_to(snapshot, &mut output, &mut &shared)
}
