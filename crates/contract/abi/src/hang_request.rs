//! What a program asks of `werfault --hang`: `docs/formats/hang-requests.md`. The answer is that of
//! [`store_requests`](crate::store_requests).

/// First word of a request.
pub const MAGIC: u32 = u32::from_le_bytes(*b"WERH");
/// Second word.
pub const VERSION: u32 = 1;
/// Bytes of a request before its text.
pub const REQUEST_BYTES: usize = 20;
/// UTF-16 units of a program's name, without the terminator.
pub const MAX_NAME_UNITS: usize = 127;
/// Bytes of a request's text: a name in UTF-8.
pub const MAX_TEXT_BYTES: usize = 3 * MAX_NAME_UNITS;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Operation {
    /// How long without an answer is a hang (`Hangs.TimeoutMilliseconds`). Payload: 4 bytes, milliseconds.
    Timeout = 1,
    /// A report of the asking process, whose thread of this number does not go on; the process runs on. Answered when it
    /// is stored. No payload.
    Own = 2,
    /// A report of the process that this thread belongs to, which is ended then. Answered when that has begun. The text is
    /// the program's name, empty = its own. No payload.
    Other = 3,
}

impl Operation {
    /// The operation of a number, if there is one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Timeout,
            2 => Self::Own,
            3 => Self::Other,
            _ => return None,
        })
    }
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HangRequest<'a> {
    /// What is asked.
    pub operation: Operation,
    /// Of which thread, as the asking process sees it; 0 where the operation has none.
    pub thread_id: u32,
    /// What the operation says; empty for those that say nothing of it.
    pub name: &'a str,
}

impl<'a> HangRequest<'a> {
    /// The words before the text.
    #[must_use]
    pub fn head(&self) -> [u8; REQUEST_BYTES] {
        let words = [MAGIC, VERSION, self.operation as u32, self.thread_id, self.name.len() as u32];
        let mut bytes = [0; REQUEST_BYTES];
        for (slot, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *slot = word.to_le_bytes();
        }
        bytes
    }

    /// A request, or `None` for bytes that are none of this version.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (head, text) = bytes.split_at_checked(REQUEST_BYTES)?;
        let words: &[[u8; 4]; 5] = head.as_chunks::<4>().0.try_into().ok()?;
        let [magic, version, operation, thread_id, length] = words.map(u32::from_le_bytes);
        let is_whole = magic == MAGIC && version == VERSION && length as usize == text.len();
        if !is_whole || text.len() > MAX_TEXT_BYTES {
            return None;
        }
        let operation = Operation::from_number(operation)?;
        Some(Self { operation, thread_id, name: core::str::from_utf8(text).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back_and_what_is_cut_or_unknown_is_refused() {
        let request = HangRequest { operation: Operation::Other, thread_id: 7, name: "é" };
        let bytes = [&request.head()[..], request.name.as_bytes()].concat();
        assert_eq!(HangRequest::decode(&bytes), Some(request));
        for end in 0..bytes.len() {
            assert_eq!(HangRequest::decode(&bytes[..end]), None, "{end} bytes");
        }
        for (place, value) in [(0, 0), (4, 2), (8, 0), (8, 4), (16, 3), (bytes.len() - 1, 0xFF)] {
            let mut other = bytes.clone();
            other[place] = value;
            assert_eq!(HangRequest::decode(&other), None, "byte {place}");
        }
        let long = "a".repeat(MAX_TEXT_BYTES + 1);
        let request = HangRequest { name: &long, ..request };
        assert_eq!(HangRequest::decode(&[&request.head()[..], long.as_bytes()].concat()), None);
    }
}
