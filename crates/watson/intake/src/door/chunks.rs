//! Follows a chunked body to its end, in pieces of any size. Stricter than the library, so that what it lets through ends
//! for both at the same byte: no blanks around sizes, CR LF everywhere, short extensions and trailers.

use super::DoorError;
use crate::limits::MAX_CHUNK_EXTRA_BYTES;

/// Where in the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// In a chunk's size; digits so far.
    #[default]
    Size,
    /// Behind a `;`.
    Extension,
    /// A CR has come; an LF must.
    SizeEnd,
    /// In a chunk's bytes.
    Data,
    /// Behind them.
    DataCr,
    DataLf,
    /// At the begin of a line behind the last chunk.
    Trailer,
    /// In such a line.
    TrailerLine,
    TrailerLf,
    /// The empty line's LF must come.
    LastLf,
    End,
}

/// A chunked body being followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    place: Place,
    digits: u32,
    size: u64,
    extra_bytes: usize,
}

/// Digits of a chunk's size; sizes fit in 60 bits.
const MAX_DIGITS: u32 = 15;

impl Chunks {
    /// How many of `bytes` belong to the body; `true` = it ends with them.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Result<(usize, bool), DoorError> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.place == Place::Data {
                let here = u64::try_from(bytes.len() - at).unwrap_or(u64::MAX).min(self.size);
                self.size -= here;
                at += usize::try_from(here).unwrap_or(bytes.len());
                if self.size == 0 {
                    self.place = Place::DataCr;
                }
                continue;
            }
            match self.step(*byte) {
                // What is good before it passes, however the bytes came.
                Err(_) if at > 0 => return Ok((at, false)),
                step => step?,
            }
            at += 1;
            if self.place == Place::End {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    fn step(&mut self, byte: u8) -> Result<(), DoorError> {
        self.place = match (self.place, byte) {
            (Place::Size, b'\r') if self.digits > 0 => Place::SizeEnd,
            (Place::Size, b';') if self.digits > 0 => Place::Extension,
            (Place::Size, digit) => {
                let digit = char::from(digit).to_digit(16).ok_or(DoorError::Chunk)?;
                self.digits += 1;
                if self.digits > MAX_DIGITS {
                    return Err(DoorError::Chunk);
                }
                self.size = self.size * 16 + u64::from(digit);
                Place::Size
            }
            (Place::Extension, b'\r') => Place::SizeEnd,
            (Place::Extension, byte) => self.extra(byte, Place::Extension)?,
            (Place::SizeEnd, b'\n') => {
                self.digits = 0;
                if self.size == 0 { Place::Trailer } else { Place::Data }
            }
            (Place::DataCr, b'\r') => Place::DataLf,
            (Place::DataLf, b'\n') => Place::Size,
            (Place::Trailer, b'\r') => Place::LastLf,
            // A line that goes on is a leniency, too.
            (Place::Trailer, b' ' | b'\t' | b':') => return Err(DoorError::Chunk),
            (Place::Trailer, byte) => self.extra(byte, Place::TrailerLine)?,
            (Place::TrailerLine, b'\r') => Place::TrailerLf,
            (Place::TrailerLine, byte) => self.extra(byte, Place::TrailerLine)?,
            (Place::TrailerLf, b'\n') => Place::Trailer,
            (Place::LastLf, b'\n') => Place::End,
            _ => return Err(DoorError::Chunk),
        };
        Ok(())
    }

    /// A byte of an extension or a trailer: no line end, and few of them in the whole body.
    fn extra(&mut self, byte: u8, place: Place) -> Result<Place, DoorError> {
        self.extra_bytes += 1;
        let plain = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
        if plain && self.extra_bytes <= MAX_CHUNK_EXTRA_BYTES { Ok(place) } else { Err(DoorError::Chunk) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(bytes: &[u8], step: usize) -> Result<(usize, bool), DoorError> {
        let mut chunks = Chunks::default();
        let mut at = 0;
        while at < bytes.len() {
            let (taken, end) = chunks.follow(&bytes[at..bytes.len().min(at + step)])?;
            at += taken;
            if end {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    #[test]
    fn a_body_ends_at_the_same_byte_however_it_comes() {
        let whole = b"5\r\nhello\r\nA;x=\"y\"\r\n0\r\n\r\n56789\r\n000\r\nX-Sum: 1\r\n\r\nGET / HTTP/1.1\r\n";
        let end = whole.len() - b"GET / HTTP/1.1\r\n".len();
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(follow(whole, step), Ok((end, true)), "{step}");
        }
        assert_eq!(follow(b"5\r\nhel", 2), Ok((6, false)));
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        for bad in [
            &b"5 \r\nhello\r\n"[..],
            b" 5\r\n",
            b"5\nhello",
            b"\r\n",
            b";x\r\n",
            b"0x5\r\n",
            b"-5\r\n",
            b"+5\r\n",
            b"1000000000000000\r\n",
            b"5\r\nhellox",
            b"5\r\nhello\n",
            b"5;a\nb\r\n",
            b"5;a\0\r\n",
            b"0\r\n folded\r\n\r\n",
            b"0\r\nX: \n\r\n",
            b"0\r\n\n",
        ] {
            assert_eq!(follow(bad, 3), Err(DoorError::Chunk), "{}", bad.escape_ascii());
        }
        let long = [&b"5;"[..], &vec![b'a'; MAX_CHUNK_EXTRA_BYTES + 1]].concat();
        assert_eq!(follow(&long, 100), Err(DoorError::Chunk));
    }
}
