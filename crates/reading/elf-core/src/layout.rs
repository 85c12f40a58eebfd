//! Where everything is in the core: ELF header, program headers, the section header that counts them when there are too
//! many, notes, memory.

use crate::segments::Segment;

pub(crate) const HEADER_BYTES: u64 = 64;
const PROGRAM_HEADER_BYTES: u64 = 56;
const SECTION_HEADER_BYTES: u64 = 64;
const PAGE: u64 = 4096;
/// `e_phnum` when section header 0 has the number.
const PN_XNUM: u64 = 0xffff;
const ET_CORE: u16 = 4;
const EM_X86_64: u16 = 62;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const PF_R: u32 = 4;

/// The places, and the bytes of all headers.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) header: Vec<u8>,
    /// What follows the header: program headers, and the section header.
    pub(crate) tables: Vec<u8>,
    pub(crate) notes_at: u64,
    /// Where the bytes of each segment go.
    pub(crate) places: Vec<u64>,
    pub(crate) end: u64,
}

/// Lays a core out.
pub(crate) fn layout(segments: &[Segment], note_bytes: u64) -> Layout {
    let count = segments.len() as u64 + 1;
    let sections_at = HEADER_BYTES + count * PROGRAM_HEADER_BYTES;
    let is_extended = count >= PN_XNUM;
    let notes_at = sections_at + if is_extended { SECTION_HEADER_BYTES } else { 0 };
    let mut end = notes_at + note_bytes;
    let places: Vec<u64> = segments
        .iter()
        .map(|segment| {
            // The page that an address has in memory begins where a page of the file does.
            let place = end.next_multiple_of(PAGE).saturating_add(segment.start % PAGE);
            if segment.dump_offset.is_some() {
                end = place.saturating_add(segment.end - segment.start);
            }
            place
        })
        .collect();
    let mut tables = Vec::new();
    program_header(&mut tables, PT_NOTE, PF_R, [notes_at, 0, 0, note_bytes, 0, 4]);
    for (segment, place) in segments.iter().zip(&places) {
        let size = segment.end - segment.start;
        let stored = if segment.dump_offset.is_some() { size } else { 0 };
        let align = if segment.start.is_multiple_of(PAGE) { PAGE } else { 1 };
        program_header(&mut tables, PT_LOAD, segment.flags, [*place, segment.start, 0, stored, size, align]);
    }
    if is_extended {
        tables.extend(section_header(count));
    }
    let header = elf_header(count, is_extended.then_some(sections_at));
    Layout { header, tables, notes_at, places, end }
}

fn program_header(into: &mut Vec<u8>, kind: u32, flags: u32, words: [u64; 6]) {
    into.extend(kind.to_le_bytes());
    into.extend(flags.to_le_bytes());
    for word in words {
        into.extend(word.to_le_bytes());
    }
}

/// An empty section whose `sh_info` is the number of program headers.
fn section_header(count: u64) -> Vec<u8> {
    let mut bytes = vec![0; SECTION_HEADER_BYTES as usize];
    // `sh_size` is the number of sections where `e_shnum` has no room for it; the kernel writes it always.
    let fields = [(32, 1u64.to_le_bytes().to_vec()), (44, (count as u32).to_le_bytes().to_vec())];
    for (at, value) in fields {
        if let Some(into) = bytes.get_mut(at..at + value.len()) {
            into.copy_from_slice(&value);
        }
    }
    bytes
}

fn elf_header(count: u64, sections_at: Option<u64>) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(ET_CORE.to_le_bytes());
    bytes.extend(EM_X86_64.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    for word in [0, HEADER_BYTES, sections_at.unwrap_or(0)] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(0u32.to_le_bytes());
    let has_section = u16::from(sections_at.is_some());
    let halves = [
        HEADER_BYTES as u16,
        PROGRAM_HEADER_BYTES as u16,
        count.min(PN_XNUM) as u16,
        SECTION_HEADER_BYTES as u16 * has_section,
        has_section,
        0,
    ];
    for half in halves {
        bytes.extend(half.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(count: u64) -> Vec<Segment> {
        let one = |index| Segment {
            start: 0x1000 * index + 8,
            end: 0x1000 * index + 16,
            flags: 6,
            dump_offset: (index % 2 == 0).then_some(index),
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn places_are_as_in_memory_within_their_pages() {
        let found = layout(&segments(3), 100);
        assert_eq!((found.header.len(), found.tables.len()), (64, 4 * 56));
        assert_eq!(found.notes_at, 64 + 4 * 56);
        assert!(found.places.iter().all(|place| place % 0x1000 == 8));
        assert_eq!(found.end, found.places[2] + 8);
        assert_eq!(&found.header[56..58], &[4, 0]);
    }

    #[test]
    fn many_segments_are_counted_elsewhere() {
        for (count, is_extended) in [(65_533, false), (65_534, true), (70_000, true)] {
            let found = layout(&segments(count), 4);
            assert_eq!(found.header.get(56..58) == Some(&[0xff, 0xff]), is_extended, "{count}");
            let sections = u64::from_le_bytes(*found.header[40..].first_chunk().expect("a word"));
            assert_eq!(sections != 0, is_extended);
            if is_extended {
                let at = usize::try_from(sections).expect("small") - 64 + 44;
                assert_eq!(found.tables.get(at..at + 4), Some(&(count as u32 + 1).to_le_bytes()[..]));
            }
        }
    }
}
