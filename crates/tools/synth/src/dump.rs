//! The dump: header, room for a directory, and sections behind it.

use crate::section::Section;

/// Entries that the directory has room for.
const DIRECTORY_ROOM: usize = 64;
const HEADER_BYTES: usize = 32;
const ENTRY_BYTES: usize = 12;

/// Where something lies in the dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
}

impl Place {
    /// As a location descriptor: size, then offset.
    #[must_use]
    pub fn descriptor(self) -> [u32; 2] {
        [self.size, self.offset]
    }

    /// The place as an index.
    #[must_use]
    pub fn at(self) -> usize {
        self.offset as usize
    }
}

/// A minidump in the making.
#[derive(Clone, Debug)]
pub struct Synth {
    bytes: Vec<u8>,
    directory: Vec<[u32; 3]>,
    time: u32,
    flags: u64,
}

impl Default for Synth {
    fn default() -> Self {
        Self::new()
    }
}

impl Synth {
    /// A dump without streams.
    #[must_use]
    pub fn new() -> Self {
        let bytes = vec![0; HEADER_BYTES + DIRECTORY_ROOM * ENTRY_BYTES];
        Self { bytes, directory: Vec::new(), time: 0, flags: 0 }
    }

    /// Sets the header's time.
    pub fn time(&mut self, seconds: u32) {
        self.time = seconds;
    }

    /// Sets the header's flags.
    pub fn flags(&mut self, flags: u64) {
        self.flags = flags;
    }

    /// Adds bytes that begin at a multiple of `alignment`.
    pub fn add(&mut self, section: Section, alignment: usize) -> Place {
        let start = self.bytes.len().next_multiple_of(alignment);
        self.bytes.resize(start, 0);
        let bytes = section.into_bytes();
        self.bytes.extend_from_slice(&bytes);
        Place { offset: number(start), size: number(bytes.len()) }
    }

    /// Adds a stream and names it in the directory.
    pub fn stream(&mut self, kind: u32, section: Section) -> Place {
        let place = self.add(section, 8);
        self.entry(kind, place);
        place
    }

    /// Names a place in the directory.
    pub fn entry(&mut self, kind: u32, place: Place) {
        assert!(self.directory.len() < DIRECTORY_ROOM, "the directory has room for {DIRECTORY_ROOM} streams");
        self.directory.push([kind, place.size, place.offset]);
    }

    /// Adds a string as the format has it (UTF-16) and gives its offset.
    pub fn string(&mut self, text: &str) -> u32 {
        let bytes = number(text.encode_utf16().count() * 2);
        self.add(Section::new().u32(bytes).utf16(text).u16(0), 4).offset
    }

    /// Adds a string as Crashpad has it (UTF-8) and gives its offset.
    pub fn utf8(&mut self, text: &str) -> u32 {
        self.add(Section::new().u32(number(text.len())).bytes(text.as_bytes()).u8(0), 4).offset
    }

    /// Sorts the directory by the streams' types.
    pub fn sort_directory(&mut self) {
        self.directory.sort_unstable();
    }

    /// The dump.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let header = Section::new()
            .bytes(b"MDMP")
            .u16(0xA793)
            .u16(0x1234)
            .u32(number(self.directory.len()))
            .u32(number(HEADER_BYTES))
            .u32(0)
            .u32(self.time)
            .u64(self.flags);
        let directory = self.directory.iter().fold(header, |section, entry| section.u32s(entry));
        let head = directory.into_bytes();
        let mut bytes = self.bytes;
        bytes[..head.len()].copy_from_slice(&head);
        bytes
    }
}

/// A size or offset as the format has it.
pub(crate) fn number(value: usize) -> u32 {
    u32::try_from(value).expect("a synthetic dump stays below 4 GiB")
}

/// Where the first stream of a type begins in a finished dump.
#[must_use]
pub fn stream_at(dump: &[u8], kind: u32) -> usize {
    let word = |at: usize| u32::from_le_bytes(dump[at..at + 4].try_into().expect("4 bytes"));
    let mut entries = (0..word(8) as usize).map(|index| HEADER_BYTES + index * ENTRY_BYTES);
    let entry = entries.find(|at| word(*at) == kind).expect("the dump has that stream");
    word(entry + 8) as usize
}

/// Overwrites a number of a finished dump, to make it wrong.
pub fn put_u32(dump: &mut [u8], offset: usize, value: u32) {
    dump[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
}
