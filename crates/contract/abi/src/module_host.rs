//! What a module host (`werfault --module-host`) and the copies of the client library inside it agree on.
//!
//! A module calls `TerminateProcess` through whichever copy of the client library it was linked with; that copy finds
//! the host's request socket by an environment variable and asks `werfault`, which alone acts on the crashed process.
//! One request is one packet of 16 bytes, four little-endian words: [`REQUEST_MAGIC`], operation, argument, 0.
//! The answer is one packet of 4 bytes: a Win32 error code, 0 = done.

/// Environment variable whose value is the number of the request socket's descriptor.
pub const REQUEST_VARIABLE: &str = "WER_MODULE_HOST_REQUESTS";
/// First word of a request.
pub const REQUEST_MAGIC: u32 = u32::from_le_bytes(*b"WERQ");
/// Bytes of a request.
pub const REQUEST_BYTES: usize = 16;
/// Bytes of an answer.
pub const ANSWER_BYTES: usize = 4;

/// `TerminateProcess` on the crashed process; the argument is the exit code.
pub const OPERATION_TERMINATE: u32 = 1;

/// A request as it goes through the socket.
#[must_use]
pub fn encode_request(operation: u32, argument: u32) -> [u8; REQUEST_BYTES] {
    let mut bytes = [0; REQUEST_BYTES];
    for (slot, word) in bytes.chunks_exact_mut(4).zip([REQUEST_MAGIC, operation, argument, 0]) {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// Operation and argument of a request, or `None` for bytes that are no request.
#[must_use]
pub fn decode_request(bytes: &[u8]) -> Option<(u32, u32)> {
    let bytes: &[u8; REQUEST_BYTES] = bytes.try_into().ok()?;
    let word = |index: usize| bytes.as_chunks::<4>().0.get(index).map(|word| u32::from_le_bytes(*word));
    (word(0)? == REQUEST_MAGIC && word(3)? == 0).then_some((word(1)?, word(2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back() {
        assert_eq!(decode_request(&encode_request(OPERATION_TERMINATE, 7)), Some((OPERATION_TERMINATE, 7)));
        assert_eq!(decode_request(&[0; REQUEST_BYTES]), None);
        assert_eq!(decode_request(b"WERQ"), None);
    }
}
