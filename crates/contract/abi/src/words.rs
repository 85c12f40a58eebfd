//! Heads of messages: 32-bit words, little-endian.

/// The words as bytes; as many as fit.
pub(crate) fn words<const WORDS: usize, const BYTES: usize>(values: [u32; WORDS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (slot, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(values) {
        *slot = word.to_le_bytes();
    }
    bytes
}
