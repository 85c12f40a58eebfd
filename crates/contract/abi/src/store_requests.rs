//! What a program asks of `werfault --store`, and the answers: `docs/formats/store-requests.md`.
//!
//! One request per child, over one socket ([`SOCKET_FD`]), of which the program shuts its half down after the request.

mod metadata;

pub use metadata::{Guid, METADATA_V1_BYTES, METADATA_V2_BYTES, METADATA_V3_BYTES, WerReportMetadata};
pub use metadata::{WerReportParameter, WerReportSignature};

/// The child's descriptor of the socket.
pub const SOCKET_FD: i32 = 3;
/// First word of a request, and of an answer.
pub const MAGIC: u32 = u32::from_le_bytes(*b"WERS");
/// Second word of both.
pub const VERSION: u32 = 1;
/// Bytes of a request before its text.
pub const REQUEST_BYTES: usize = 24;
/// Bytes of an answer before its payload.
pub const ANSWER_BYTES: usize = 16;
/// Bytes of a request's text: a key or a name, at most 4,095 bytes of a path.
pub const MAX_TEXT_BYTES: usize = 4095;
/// Bytes of an answer's payload: the keys of 20,000 reports, or the names of a report's files.
pub const MAX_PAYLOAD_BYTES: usize = 16 << 20;
/// UTF-16 units of a key, without its terminator.
pub const MAX_KEY_UNITS: usize = MAX_TEXT_BYTES;

/// `REPORT_STORE_TYPES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum StoreType {
    /// `E_STORE_USER_ARCHIVE`.
    UserArchive = 0,
    /// `E_STORE_USER_QUEUE`.
    UserQueue = 1,
    /// `E_STORE_MACHINE_ARCHIVE`.
    MachineArchive = 2,
    /// `E_STORE_MACHINE_QUEUE`.
    MachineQueue = 3,
}

impl StoreType {
    /// The type of a number, if there is one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::UserArchive),
            1 => Some(Self::UserQueue),
            2 => Some(Self::MachineArchive),
            3 => Some(Self::MachineQueue),
            _ => None,
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Operation {
    /// Whether the store can be used. No payload.
    Open = 1,
    /// The keys of its reports, oldest first. Payload: UTF-16, each with a terminator.
    Keys = 2,
    /// Facts of the report whose key is the text. Payload: [`WerReportMetadata`] with a null pointer, then the names of
    /// its files, UTF-16, each with a terminator, and one terminator more.
    Metadata = 3,
    /// Submits the report whose key is the text; the argument is `WER_SUBMIT_...`. Payload: a `WER_SUBMIT_RESULT`, 4 bytes.
    Upload = 4,
    /// How many reports it has. Payload: 4 bytes.
    Count = 5,
    /// Bytes that they take on the disk. Payload: 8 bytes.
    Size = 6,
    /// Deletes every report of the user's queue and archive. No payload.
    Purge = 7,
    /// No more reports of the program that the text names; the argument is 1 for all users, else 0. No payload.
    Exclude = 8,
    /// Takes that back.
    Include = 9,
}

impl Operation {
    /// The operation of a number, if there is one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Open,
            2 => Self::Keys,
            3 => Self::Metadata,
            4 => Self::Upload,
            5 => Self::Count,
            6 => Self::Size,
            7 => Self::Purge,
            8 => Self::Exclude,
            9 => Self::Include,
            _ => return None,
        })
    }
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreRequest<'a> {
    /// What is asked.
    pub operation: Operation,
    /// Of which store; purging and exclusion pass over it.
    pub store: StoreType,
    /// What the operation says.
    pub argument: u32,
    /// What the operation says; empty for those that say nothing of it.
    pub text: &'a str,
}

impl<'a> StoreRequest<'a> {
    /// The words before the text.
    #[must_use]
    pub fn head(&self) -> [u8; REQUEST_BYTES] {
        let length = self.text.len() as u32;
        crate::words::words([MAGIC, VERSION, self.operation as u32, self.store as u32, self.argument, length])
    }

    /// A request, or `None` for bytes that are none of this version.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (head, text) = bytes.split_at_checked(REQUEST_BYTES)?;
        let [magic, version, operation, store, argument, length] = *head.as_chunks::<4>().0 else {
            return None;
        };
        let [magic, version, operation, store, argument, length] =
            [magic, version, operation, store, argument, length].map(u32::from_le_bytes);
        let is_whole = magic == MAGIC && version == VERSION && length as usize == text.len();
        if !is_whole || text.len() > MAX_TEXT_BYTES {
            return None;
        }
        Some(Self {
            operation: Operation::from_number(operation)?,
            store: StoreType::from_number(store)?,
            argument,
            text: core::str::from_utf8(text).ok()?,
        })
    }
}

/// The words of an answer before its payload.
#[must_use]
pub fn answer_head(result: crate::Hresult, payload_bytes: u32) -> [u8; ANSWER_BYTES] {
    crate::words::words([MAGIC, VERSION, result.bits(), payload_bytes])
}

/// Result and payload of an answer, or `None` for bytes that are none of this version.
#[must_use]
pub fn decode_answer(bytes: &[u8]) -> Option<(crate::Hresult, &[u8])> {
    let (head, payload) = bytes.split_at_checked(ANSWER_BYTES)?;
    let [magic, version, result, length] = *head.as_chunks::<4>().0 else { return None };
    let [magic, version, result, length] = [magic, version, result, length].map(u32::from_le_bytes);
    let is_whole = magic == MAGIC && version == VERSION && length as usize == payload.len();
    is_whole.then_some((crate::Hresult::from_bits(result), payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hresult;

    #[test]
    fn requests_come_back() {
        let request = StoreRequest {
            operation: Operation::Upload,
            store: StoreType::MachineQueue,
            argument: 0x80,
            text: "kéy",
        };
        let bytes = [&request.head()[..], request.text.as_bytes()].concat();
        assert_eq!(StoreRequest::decode(&bytes), Some(request));
        assert_eq!(StoreRequest::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(StoreRequest::decode(&bytes[..5]), None);
        for (place, value) in [(0, 1), (4, 2), (8, 0), (8, 10), (12, 4)] {
            let mut other = bytes.clone();
            other[place] = value;
            assert_eq!(StoreRequest::decode(&other), None, "byte {place}");
        }
    }

    #[test]
    fn answers_come_back() {
        let bytes = [&answer_head(Hresult::E_FAIL, 3)[..], b"abc"].concat();
        assert_eq!(decode_answer(&bytes), Some((Hresult::E_FAIL, &b"abc"[..])));
        assert_eq!(decode_answer(&bytes[..18]), None);
        assert_eq!(decode_answer(b""), None);
    }
}
