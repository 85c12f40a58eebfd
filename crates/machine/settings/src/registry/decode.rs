//! An export's bytes as text.

use super::RegistryError;

/// UTF-16LE with its mark, or UTF-8 with or without one.
pub(super) fn text(bytes: &[u8]) -> Result<String, RegistryError> {
    let text = match bytes {
        [0xFF, 0xFE, wide @ ..] => utf16(wide)?,
        // As some editors write it: no mark, and every second byte of the first line is zero.
        [_, 0, _, 0, ..] => utf16(bytes)?,
        [0xFE, 0xFF, ..] => {
            return Err(RegistryError::new(1, "the file is big-endian UTF-16; save it as UTF-8"));
        }
        [0xEF, 0xBB, 0xBF, narrow @ ..] => utf8(narrow)?,
        narrow => utf8(narrow)?,
    };
    match text.find('\0') {
        Some(at) => Err(RegistryError::new(line_of(&text, at), "there is a zero character")),
        None => Ok(text),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn utf8(bytes: &[u8]) -> Result<String, RegistryError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        RegistryError::new(line, "this is neither UTF-8 nor UTF-16; save the file as UTF-8")
    })
}

fn utf16(bytes: &[u8]) -> Result<String, RegistryError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for decoded in char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair))) {
        match decoded {
            Ok(character) => text.push(character),
            Err(_) => {
                return Err(RegistryError::new(
                    line_of(&text, text.len()),
                    "there is half a character (UTF-16)",
                ));
            }
        }
    }
    if odd.is_empty() {
        Ok(text)
    } else {
        Err(RegistryError::new(line_of(&text, text.len()), "the file ends within a character (UTF-16)"))
    }
}
