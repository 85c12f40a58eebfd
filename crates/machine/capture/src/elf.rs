//! The few facts that capture needs of an ELF image mapped in a target: its extent, build id, soname, and one symbol.
//!
//! Everything is read through a [`MemoryReader`] at the addresses where it is mapped; the image may be hostile.

use wer_snapshot::MemoryReader;

use crate::bytes::{chunk, u16_at, u32_at, u64_at};
use crate::limits::{
    MAX_BUILD_ID_BYTES, MAX_DYNAMIC_ENTRIES, MAX_HASH_CHAIN, MAX_MODULE_NOTE_BYTES, MAX_PROGRAM_HEADERS,
    MAX_SONAME_BYTES,
};

pub(crate) const PAGE: u64 = 4096;
const HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: usize = 56;
pub(crate) const PT_LOAD: u32 = 1;
pub(crate) const PT_DYNAMIC: u32 = 2;
const PT_NOTE: u32 = 4;
pub(crate) const PF_X: u32 = 1;
pub(crate) const NT_GNU_BUILD_ID: u32 = 3;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_SONAME: u64 = 14;
const DT_GNU_HASH: u64 = 0x6fff_fef5;

#[derive(Clone, Copy, Debug)]
pub(crate) struct ProgramHeader {
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    pub(crate) offset: u64,
    pub(crate) address: u64,
    pub(crate) file_bytes: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) align: u64,
}

pub(crate) fn parse_program_header(bytes: &[u8]) -> Option<ProgramHeader> {
    Some(ProgramHeader {
        kind: u32_at(bytes, 0)?,
        flags: u32_at(bytes, 4)?,
        offset: u64_at(bytes, 8)?,
        address: u64_at(bytes, 16)?,
        file_bytes: u64_at(bytes, 32)?,
        memory_bytes: u64_at(bytes, 40)?,
        align: u64_at(bytes, 48)?,
    })
}

/// An ELF image in memory.
pub(crate) struct Image<'a> {
    memory: &'a dyn MemoryReader,
    headers: Vec<ProgramHeader>,
    base: u64,
    bias: u64,
    span: u64,
}

impl<'a> Image<'a> {
    /// Reads the headers at `base`; `None` when there is no 64-bit ELF image.
    pub(crate) fn read(memory: &'a dyn MemoryReader, base: u64) -> Option<Self> {
        let mut page = [0; PAGE as usize];
        let length = memory.read(base, &mut page);
        let page = page.get(..length)?;
        let header = page.get(..HEADER_BYTES)?;
        if !header.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let table = u64_at(header, 32)?;
        let count = usize::from(u16_at(header, 56)?).min(MAX_PROGRAM_HEADERS);
        if usize::from(u16_at(header, 54)?) != PROGRAM_HEADER_BYTES {
            return None;
        }
        let bytes = at_or_read(page, memory, base, table, count * PROGRAM_HEADER_BYTES)?;
        let headers: Vec<_> =
            bytes.chunks_exact(PROGRAM_HEADER_BYTES).filter_map(parse_program_header).collect();
        let loads = || headers.iter().filter(|header| header.kind == PT_LOAD);
        let lowest = loads().map(|load| load.address).min()? & !(PAGE - 1);
        let highest = loads().map(|load| load.address.saturating_add(load.memory_bytes)).max()?;
        let span = highest.checked_sub(lowest)?;
        Some(Self { memory, bias: base.wrapping_sub(lowest), headers, base, span })
    }

    /// Its program headers as they are; addresses in them want [`Self::bias`].
    pub(crate) fn headers(&self) -> &[ProgramHeader] {
        &self.headers
    }

    /// What to add to an address in its headers.
    pub(crate) const fn bias(&self) -> u64 {
        self.bias
    }

    /// A note of its note segments, by owner and kind.
    pub(crate) fn note(&self, name: &[u8], kind: u32) -> Option<Vec<u8>> {
        let notes = self.headers.iter().filter(|header| header.kind == PT_NOTE);
        notes.into_iter().find_map(|header| {
            let length = usize::try_from(header.memory_bytes.min(MAX_MODULE_NOTE_BYTES)).ok()?;
            let bytes = self.memory.read_exact(self.bias.wrapping_add(header.address), length)?;
            let note =
                Notes::new(&bytes, header.align).find(|note| note.kind == kind && note.name == name)?;
            Some(note.data.to_vec())
        })
    }

    /// Bytes from its first to its last segment, as its headers have it.
    pub(crate) const fn span(&self) -> u64 {
        self.span
    }

    /// The GNU build id.
    pub(crate) fn build_id(&self) -> Option<Vec<u8>> {
        self.note(b"GNU", NT_GNU_BUILD_ID).filter(|id| (1..=MAX_BUILD_ID_BYTES).contains(&id.len()))
    }

    /// Where it has no build id: the first page of its first executable segment, folded by exclusive or into 16 bytes.
    pub(crate) fn synthetic_id(&self) -> Option<Vec<u8>> {
        let text = self.headers.iter().find(|header| header.kind == PT_LOAD && header.flags & PF_X != 0)?;
        let length = usize::try_from(text.file_bytes.min(PAGE)).ok().filter(|length| *length > 0)?;
        let bytes = self.memory.read_exact(self.bias.wrapping_add(text.address), length)?;
        let mut id = [0u8; 16];
        for part in bytes.chunks(16) {
            id.iter_mut().zip(part).for_each(|(into, byte)| *into ^= byte);
        }
        Some(id.to_vec())
    }

    /// `DT_SONAME`.
    pub(crate) fn soname(&self) -> Option<String> {
        let dynamic = self.dynamic()?;
        let at = self.address(value(&dynamic, DT_STRTAB)?).checked_add(value(&dynamic, DT_SONAME)?)?;
        let text = read_text(self.memory, at, MAX_SONAME_BYTES);
        (!text.is_empty()).then_some(text)
    }

    /// Address of a symbol of the dynamic table, by its GNU hash table; versions are not looked at.
    pub(crate) fn dynamic_symbol(&self, name: &str) -> Option<u64> {
        let dynamic = self.dynamic()?;
        let table = self.address(value(&dynamic, DT_GNU_HASH)?);
        let symbols = self.address(value(&dynamic, DT_SYMTAB)?);
        let strings = self.address(value(&dynamic, DT_STRTAB)?);
        let head = self.memory.read_exact(table, 16)?;
        let (buckets, first) = (u32_at(&head, 0).filter(|count| *count > 0)?, u32_at(&head, 4)?);
        let bloom_words = u64::from(u32_at(&head, 8)?);
        let bucket_table = table.checked_add(16 + bloom_words * 8)?;
        let chain_table = bucket_table.checked_add(u64::from(buckets) * 4)?;
        let hash = gnu_hash(name.as_bytes());
        let start = self.read_u32(bucket_table.checked_add(u64::from(hash % buckets) * 4)?)?;
        for index in (start >= first).then_some(start..start.saturating_add(MAX_HASH_CHAIN))? {
            let found = self.read_u32(chain_table.checked_add(u64::from(index - first) * 4)?)?;
            if found | 1 == hash | 1 {
                let symbol = self.memory.read_exact(symbols.checked_add(u64::from(index) * 24)?, 24)?;
                let at = strings.checked_add(u64::from(u32_at(&symbol, 0)?))?;
                if read_text(self.memory, at, name.len() + 1) == name {
                    return Some(self.bias.wrapping_add(u64_at(&symbol, 8)?));
                }
            }
            if found & 1 == 1 {
                break;
            }
        }
        None
    }

    fn dynamic(&self) -> Option<Vec<(u64, u64)>> {
        let header = self.headers.iter().find(|header| header.kind == PT_DYNAMIC)?;
        let limit = (MAX_DYNAMIC_ENTRIES * 16) as u64;
        let length = usize::try_from(header.memory_bytes.min(limit)).ok()?;
        let bytes = self.memory.read_exact(self.bias.wrapping_add(header.address), length)?;
        let pair = |entry: &[u8]| Some((u64_at(entry, 0)?, u64_at(entry, 8)?));
        Some(bytes.chunks_exact(16).filter_map(pair).take_while(|(tag, _)| *tag != 0).collect())
    }

    /// Pointers of the dynamic section: loaders may have relocated them in place, or not.
    const fn address(&self, pointer: u64) -> u64 {
        if pointer >= self.base && pointer - self.base < self.span {
            pointer
        } else {
            self.bias.wrapping_add(pointer)
        }
    }

    fn read_u32(&self, address: u64) -> Option<u32> {
        u32_at(&self.memory.read_exact(address, 4)?, 0)
    }
}

pub(crate) fn value(dynamic: &[(u64, u64)], tag: u64) -> Option<u64> {
    dynamic.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
}

fn at_or_read(
    page: &[u8],
    memory: &dyn MemoryReader,
    base: u64,
    offset: u64,
    length: usize,
) -> Option<Vec<u8>> {
    let start = usize::try_from(offset).ok()?;
    match page.get(start..start.checked_add(length)?) {
        Some(bytes) => Some(bytes.to_vec()),
        None => memory.read_exact(base.checked_add(offset)?, length),
    }
}

/// Text up to a zero or `limit` bytes.
pub(crate) fn read_text(memory: &dyn MemoryReader, address: u64, limit: usize) -> String {
    let mut bytes = vec![0; limit];
    let length = memory.read(address, &mut bytes);
    let text = bytes.get(..length).unwrap_or_default();
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

fn gnu_hash(name: &[u8]) -> u32 {
    name.iter().fold(5381, |hash: u32, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

/// One ELF note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note<'a> {
    pub(crate) kind: u32,
    /// Without its terminator.
    pub(crate) name: &'a [u8],
    pub(crate) data: &'a [u8],
}

/// The notes in the bytes of a note segment; ends at the first that does not fit.
pub(crate) struct Notes<'a> {
    rest: &'a [u8],
    align: usize,
}

impl<'a> Notes<'a> {
    pub(crate) const fn new(bytes: &'a [u8], align: u64) -> Self {
        Self { rest: bytes, align: if align == 8 { 8 } else { 4 } }
    }
}

impl<'a> Iterator for Notes<'a> {
    type Item = Note<'a>;

    fn next(&mut self) -> Option<Note<'a>> {
        let head = chunk::<12>(self.rest, 0)?;
        let name_bytes = usize::try_from(u32_at(&head, 0)?).ok()?;
        let data_bytes = usize::try_from(u32_at(&head, 4)?).ok()?;
        let data_start = 12usize.checked_add(name_bytes)?.checked_next_multiple_of(self.align)?;
        let data_end = data_start.checked_add(data_bytes)?;
        let name = self.rest.get(12..12 + name_bytes)?;
        let note = Note {
            kind: u32_at(&head, 8)?,
            name: name.strip_suffix(b"\0").unwrap_or(name),
            data: self.rest.get(data_start..data_end)?,
        };
        let next = data_end.checked_next_multiple_of(self.align)?;
        self.rest = self.rest.get(next..).unwrap_or_default();
        Some(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_memory::TestMemory;
    use proptest::prelude::*;
    use wer_sys::Process;

    #[test]
    fn our_own_libc_is_understood() {
        let me = Process::open(std::process::id()).expect("ours");
        let memory = me.memory(false).expect("our memory");
        let maps = me.maps().expect("maps");
        let libc = maps.regions.iter().find(|region| {
            matches!(&region.kind, wer_snapshot::RegionKind::File { path, .. } if path.ends_with("/libc.so.6"))
        });
        let image = Image::read(&memory, libc.expect("this test runs on glibc").start).expect("an image");
        assert_eq!(image.soname().as_deref(), Some("libc.so.6"));
        assert!(image.build_id().is_some_and(|id| id.len() >= 16));
        assert_eq!(image.synthetic_id().map(|id| id.len()), Some(16));
        assert_eq!(image.dynamic_symbol("getpid"), Some(libc::getpid as *const () as u64));
        assert!(image.dynamic_symbol("__abort_msg").is_some());
        assert_eq!(image.dynamic_symbol("no_such_symbol"), None);
    }

    #[test]
    fn notes_end_where_they_lie() {
        let mut bytes = Vec::new();
        for word in [4u32, 5, 3] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(b"GNU\0hello\0\0\0");
        bytes.extend([0xff; 12]);
        let notes: Vec<_> = Notes::new(&bytes, 4).collect();
        assert_eq!(notes, [Note { kind: 3, name: b"GNU", data: b"hello" }]);
    }

    proptest! {
        #[test]
        fn no_image_makes_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 64..600), headers in 0u16..8) {
            bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
            bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
            bytes[54..58].copy_from_slice(&[56, 0, headers as u8, 0]);
            for header in 0..usize::from(headers) {
                let at = 64 + header * 56;
                if let Some(kind) = bytes.get_mut(at..at + 4) {
                    kind.copy_from_slice(&(1 + header as u32 % 4).to_le_bytes());
                }
            }
            let memory = TestMemory::new([(0x1000, bytes)]);
            if let Some(image) = Image::read(&memory, 0x1000) {
                let _ = (image.build_id(), image.synthetic_id(), image.soname(), image.dynamic_symbol("x"));
            }
        }

        #[test]
        fn no_notes_make_them_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), align in 0u64..16) {
            prop_assert!(Notes::new(&bytes, align).count() <= bytes.len());
        }
    }
}
