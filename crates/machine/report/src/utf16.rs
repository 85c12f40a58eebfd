//! UTF-16LE with a byte order mark, as Windows writes its text files.

/// Encodes a text.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// Decodes UTF-16LE with or without its mark; `None` for an odd number of bytes. Unpaired surrogates become U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let units = units.iter().copied().map(u16::from_le_bytes);
    let text: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
