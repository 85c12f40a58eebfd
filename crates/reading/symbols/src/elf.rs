//! An ELF file or image: what it is, and where its sections lie. Nothing is copied; sections are read when asked for.

use std::collections::HashMap;

use gimli::SectionId;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{CompressionFormat, LittleEndian, Object, ObjectSection, elf};

use crate::bytes::{Section, SharedBytes};
use crate::identity::hex;
use crate::limits::MAX_DECOMPRESSED_BYTES;

/// Granularity of segment addresses in memory.
const PAGE_BYTES: u64 = 4096;
/// How much of a section Breakpad's stand-in for a build id covers.
const HASHED_CODE_BYTES: usize = 4096;

/// Where a section lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Address in the file's own address space.
    pub(crate) address: u64,
    offset: u64,
    size: u64,
    uncompressed_bytes: u64,
    format: CompressionFormat,
}

/// A parsed x86-64 ELF.
#[derive(Debug)]
pub(crate) struct ElfImage {
    pub(crate) bytes: SharedBytes,
    /// GNU build id; empty = none.
    pub(crate) build_id: Vec<u8>,
    /// Address of the first loaded page in the file's own address space.
    pub(crate) first_page: u64,
    /// Name and CRC-32 of the separate debug file.
    pub(crate) debug_link: Option<(Vec<u8>, u32)>,
    /// Path and build id of the supplementary debug file that several debug files share.
    pub(crate) debug_alt_link: Option<(Vec<u8>, Vec<u8>)>,
    sections: HashMap<Vec<u8>, Place>,
}

impl ElfImage {
    /// Parses the headers. `None` where it is no ELF of x86-64.
    pub(crate) fn parse(bytes: SharedBytes) -> Option<Self> {
        let file = ElfFile64::<LittleEndian>::parse(&*bytes).ok()?;
        if file.elf_header().e_machine.get(LittleEndian) != elf::EM_X86_64 {
            return None;
        }
        let mut sections = HashMap::new();
        for section in file.sections() {
            let (Ok(name), Ok(range)) = (section.name_bytes(), section.compressed_file_range()) else {
                continue;
            };
            let place = Place {
                address: section.address(),
                offset: range.offset,
                size: range.compressed_size,
                uncompressed_bytes: range.uncompressed_size,
                format: range.format,
            };
            sections.entry(name.to_vec()).or_insert(place);
        }
        let first = file
            .elf_program_headers()
            .iter()
            .filter(|header| header.p_type(LittleEndian) == elf::PT_LOAD)
            .map(|header| header.p_vaddr(LittleEndian))
            .min();
        let owned = |(name, crc): (&[u8], u32)| (name.to_vec(), crc);
        let build_id = file.build_id().ok().flatten().unwrap_or_default().to_vec();
        let debug_link = file.gnu_debuglink().ok().flatten().map(owned);
        let alt = file.gnu_debugaltlink().ok().flatten();
        let debug_alt_link = alt.map(|(path, id)| (path.to_vec(), id.to_vec()));
        let first_page = first.unwrap_or(0) & !(PAGE_BYTES - 1);
        Some(Self { bytes, build_id, first_page, debug_link, debug_alt_link, sections })
    }

    /// Where a section lies.
    pub(crate) fn place(&self, name: &str) -> Option<Place> {
        self.sections.get(name.as_bytes()).copied()
    }

    /// Whether the file has lines and inlined calls.
    pub(crate) fn has_debug_info(&self) -> bool {
        self.place(".debug_info").is_some_and(|place| place.size > 0)
    }

    /// A section's contents, decompressed; empty where it is absent, damaged or too large.
    pub(crate) fn section(&self, name: &str) -> Section {
        let Some(place) = self.place(name) else { return self.bytes.section(0, 0) };
        if place.format == CompressionFormat::None {
            return self.bytes.section(place.offset, place.size);
        }
        self.decompress(place).unwrap_or_else(|| self.bytes.section(0, 0))
    }

    /// A debug section by gimli's id.
    pub(crate) fn debug_section(&self, id: SectionId) -> Section {
        self.section(id.name())
    }

    fn decompress(&self, place: Place) -> Option<Section> {
        if place.uncompressed_bytes > MAX_DECOMPRESSED_BYTES {
            return None;
        }
        let start = usize::try_from(place.offset).ok()?;
        let data = self.bytes.get(start..)?.get(..usize::try_from(place.size).ok()?)?;
        let data = object::CompressedData {
            format: place.format,
            data,
            uncompressed_size: place.uncompressed_bytes,
        };
        let bytes = SharedBytes::copied(&data.decompress().ok()?);
        let size = bytes.len() as u64;
        Some(bytes.section(0, size))
    }

    /// Whether `id` is the stand-in that writers of Breakpad's kind make for a missing build id: the first page of a code
    /// section, its 16-byte words combined by exclusive or. They differ in which section is the first.
    pub(crate) fn has_code_hash(&self, id: &str) -> bool {
        [".text", ".init"].iter().any(|name| self.code_hash(name).is_some_and(|hash| hex(&hash) == id))
    }

    fn code_hash(&self, section: &str) -> Option<[u8; 16]> {
        let place = self.place(section)?;
        let text = self.bytes.get(usize::try_from(place.offset).ok()?..)?;
        let text = text.get(..usize::try_from(place.size).ok()?.min(HASHED_CODE_BYTES))?;
        let mut hash = [0; 16];
        for word in text.chunks(16) {
            hash.iter_mut().zip(word).for_each(|(sum, byte)| *sum ^= byte);
        }
        Some(hash)
    }
}
