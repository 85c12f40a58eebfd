//! What a module host (`werfault --module-host`) and the copies of the client library inside it agree on.
//!
//! A module calls `TerminateProcess`, `DuplicateHandle` and `MiniDumpWriteDump` through whichever copy of the client
//! library it was linked with; that copy finds the host's request socket by an environment variable and asks
//! `werfault`, which alone acts on the crashed process and may refuse.
//!
//! One request is one packet: four little-endian words ([`REQUEST_MAGIC`], operation, argument, bytes of the payload)
//! and the payload; a descriptor may go with it. The answer is one packet of 4 bytes, 0 = done: a Win32 error code, or for
//! a dump an HRESULT; a descriptor may come with it.

mod dump_order;

pub use dump_order::{DUMP_ORDER_BYTES, DumpOrder};

/// Environment variable whose value is the number of the request socket's descriptor.
pub const REQUEST_VARIABLE: &str = "WER_MODULE_HOST_REQUESTS";
/// Environment variable with the path of the one folder that the module may write to; its files join the report.
pub const FOLDER_VARIABLE: &str = "WER_MODULE_FOLDER";
/// First word of a request.
pub const REQUEST_MAGIC: u32 = u32::from_le_bytes(*b"WERQ");
/// Bytes of a request before its payload.
pub const REQUEST_BYTES: usize = 16;
/// Bytes of the longest request.
pub const MAX_REQUEST_BYTES: usize = REQUEST_BYTES + DUMP_ORDER_BYTES;
/// Bytes of an answer.
pub const ANSWER_BYTES: usize = 4;

/// Descriptor of the crashed process's pidfd in a host.
pub const PIDFD_DESCRIPTOR: u16 = 3;
/// Descriptor of the crashed process's memory in a host.
pub const MEMORY_DESCRIPTOR: u16 = 4;
/// Descriptor of the request socket in a host.
pub const REQUEST_DESCRIPTOR: u16 = 5;
/// Descriptor of the module's folder in a host that has one.
pub const FOLDER_DESCRIPTOR: u16 = 6;

/// `TerminateProcess` on the crashed process; the argument is the exit code.
pub const OPERATION_TERMINATE: u32 = 1;
/// A copy of one descriptor of the crashed process; the argument is its number there. The answer brings the copy.
pub const OPERATION_DUPLICATE: u32 = 2;
/// `MiniDumpWriteDump` of the crashed process into the file whose descriptor goes with the request; the argument is the
/// `MINIDUMP_TYPE`, the payload empty or a [`DumpOrder`].
pub const OPERATION_DUMP: u32 = 3;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// `OPERATION_...`, or what nobody knows.
    pub operation: u32,
    /// What the operation says.
    pub argument: u32,
    /// What the operation says.
    pub payload: &'a [u8],
}

/// The words of a request before a payload of `payload_bytes`.
#[must_use]
pub fn encode_request(operation: u32, argument: u32, payload_bytes: u32) -> [u8; REQUEST_BYTES] {
    let mut bytes = [0; REQUEST_BYTES];
    for (slot, word) in bytes.chunks_exact_mut(4).zip([REQUEST_MAGIC, operation, argument, payload_bytes]) {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// A request, or `None` for bytes that are none.
#[must_use]
pub fn decode_request(bytes: &[u8]) -> Option<Request<'_>> {
    let (head, payload) = bytes.split_at_checked(REQUEST_BYTES)?;
    let word = |index: usize| head.as_chunks::<4>().0.get(index).map(|word| u32::from_le_bytes(*word));
    let is_request = word(0)? == REQUEST_MAGIC && word(3)? as usize == payload.len();
    Some(Request { operation: word(1)?, argument: word(2)?, payload }).filter(|_| is_request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back() {
        let bytes = encode_request(OPERATION_TERMINATE, 7, 0);
        let request = Request { operation: OPERATION_TERMINATE, argument: 7, payload: &[] };
        assert_eq!(decode_request(&bytes), Some(request));
        assert_eq!(decode_request(&[0; REQUEST_BYTES]), None);
        assert_eq!(decode_request(b"WERQ"), None);
    }

    #[test]
    fn a_payload_has_the_length_that_its_request_says() {
        let with = |said: u32| [&encode_request(OPERATION_DUMP, 2, said)[..], b"abc"].concat();
        assert_eq!(decode_request(&with(3)).map(|request| request.payload.to_vec()), Some(b"abc".to_vec()));
        assert_eq!(decode_request(&with(2)), None);
        assert_eq!(decode_request(&with(u32::MAX)), None);
    }
}
