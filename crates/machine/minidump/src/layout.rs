//! The part of the file before the memory, as it grows: sections at their addresses (RVAs), strings, the directory.

use crate::limits::MAX_STREAMS;

/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 32;
/// Bytes of a directory entry.
pub(crate) const DIRECTORY_ENTRY_BYTES: usize = 12;
/// "MDMP".
pub(crate) const SIGNATURE: u32 = 0x504D_444D;
/// Low word of the header's version.
pub(crate) const VERSION: u32 = 0xA793;

/// Where a section lies in the file (`MINIDUMP_LOCATION_DESCRIPTOR`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) size: u32,
    pub(crate) rva: u32,
}

/// Little-endian numbers at the end of a growing record.
pub(crate) trait Put {
    fn put_u16(&mut self, value: u16);
    fn put_u32(&mut self, value: u32);
    fn put_u64(&mut self, value: u64);
    fn put_location(&mut self, location: Location);
    fn put_zeros(&mut self, count: usize);
}

impl Put for Vec<u8> {
    fn put_u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_location(&mut self, location: Location) {
        self.put_u32(location.size);
        self.put_u32(location.rva);
    }

    fn put_zeros(&mut self, count: usize) {
        self.resize(self.len() + count, 0);
    }
}

/// A number as the format's 32 bits; what does not fit becomes the largest (the size check before writing refuses
/// such a file).
pub(crate) fn clamp_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Header, directory and streams.
pub(crate) struct Layout {
    bytes: Vec<u8>,
    directory: Vec<(u32, Location)>,
    /// Directory entries that there is room for.
    room: usize,
}

impl Layout {
    /// Room for our own streams and so many of the caller's.
    pub(crate) fn with_capacity(bytes: usize, user_streams: usize) -> Self {
        let room = MAX_STREAMS + user_streams;
        let mut layout = Self { bytes: Vec::with_capacity(bytes), directory: Vec::with_capacity(room), room };
        layout.bytes.put_zeros(HEADER_BYTES + room * DIRECTORY_ENTRY_BYTES);
        layout
    }

    /// Where the next section would begin.
    pub(crate) fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Fills up to a multiple of `alignment`, a power of two.
    pub(crate) fn align(&mut self, alignment: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), 0);
    }

    /// Appends a section at a multiple of 8.
    pub(crate) fn section(&mut self, section: &[u8]) -> Location {
        self.align(8);
        let rva = clamp_u32(self.bytes.len());
        self.bytes.extend_from_slice(section);
        Location { size: clamp_u32(section.len()), rva }
    }

    /// Appends a `MINIDUMP_STRING`: length in bytes, UTF-16, terminator.
    pub(crate) fn string(&mut self, text: &str) -> u32 {
        self.align(4);
        let start = self.bytes.len();
        self.bytes.put_u32(0);
        for unit in text.encode_utf16() {
            self.bytes.put_u16(unit);
        }
        let length = clamp_u32(self.bytes.len() - start - 4);
        if let Some(field) = self.bytes.get_mut(start..start + 4) {
            field.copy_from_slice(&length.to_le_bytes());
        }
        self.bytes.put_u16(0);
        clamp_u32(start)
    }

    /// Appends Crashpad's kind of string: length in bytes, UTF-8, terminator.
    pub(crate) fn utf8_string(&mut self, text: &str) -> u32 {
        let mut string = Vec::with_capacity(text.len() + 5);
        string.put_u32(clamp_u32(text.len()));
        string.extend_from_slice(text.as_bytes());
        string.push(0);
        self.align(4);
        let rva = clamp_u32(self.bytes.len());
        self.bytes.extend_from_slice(&string);
        rva
    }

    /// Appends a section and names it in the directory.
    pub(crate) fn stream(&mut self, stream_type: u32, section: &[u8]) {
        let location = self.section(section);
        self.directory.push((stream_type, location));
    }

    pub(crate) fn stream_count(&self) -> usize {
        self.directory.len()
    }

    /// The finished bytes, the header in front.
    pub(crate) fn finish(mut self, timestamp: u32, flags: u64) -> Vec<u8> {
        self.directory.sort_by_key(|(stream_type, _)| *stream_type);
        let mut directory = Vec::with_capacity(self.room * DIRECTORY_ENTRY_BYTES);
        for (stream_type, location) in self.directory.iter().take(self.room) {
            directory.put_u32(*stream_type);
            directory.put_location(*location);
        }
        if let Some(room) = self.bytes.get_mut(HEADER_BYTES..HEADER_BYTES + directory.len()) {
            room.copy_from_slice(&directory);
        }
        let mut header = [0; HEADER_BYTES];
        let words = [SIGNATURE, VERSION, clamp_u32(self.directory.len()), HEADER_BYTES as u32, 0, timestamp];
        for (room, word) in header.chunks_exact_mut(4).zip(words) {
            room.copy_from_slice(&word.to_le_bytes());
        }
        header[24..].copy_from_slice(&flags.to_le_bytes());
        if let Some(room) = self.bytes.get_mut(..HEADER_BYTES) {
            room.copy_from_slice(&header);
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_carry_their_length_without_terminator() {
        let mut layout = Layout::with_capacity(0, 0);
        let rva = layout.string("aé€😀") as usize;
        let bytes = layout.finish(0, 0);
        assert_eq!(bytes[rva..rva + 4], 10_u32.to_le_bytes());
        assert_eq!(bytes[rva + 14..rva + 16], [0, 0]);
        assert_eq!(bytes.len(), rva + 16);
    }

    #[test]
    fn the_directory_is_sorted() {
        let mut layout = Layout::with_capacity(0, 0);
        layout.stream(9, &[1]);
        layout.stream(3, &[2]);
        let bytes = layout.finish(7, 0x1_0000_0000);
        assert_eq!(bytes[32], 3);
        assert_eq!(bytes[44], 9);
        assert_eq!(bytes[..4], *b"MDMP");
        assert_eq!(bytes[8], 2);
        assert_eq!(bytes[28], 1);
    }
}
