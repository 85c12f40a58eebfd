//! Bytes to text and back: which encoding a body has, and which characters a text may hold.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::WireError;

/// Decodes a request body: by its byte order mark, else by where its zero bytes lie, else as UTF-8. The XML
/// declaration's `encoding` is not asked: it survives transcoding and then lies. Unpaired surrogates, which Windows
/// allows in names, become U+FFFD; wrong UTF-8 is refused.
pub(crate) fn decode_body(body: &[u8]) -> Result<String, WireError> {
    let (encoding, start) = Encoding::for_bom(body).unwrap_or_else(|| (guess_encoding(body), 0));
    let bytes = body.get(start..).unwrap_or_default();
    if encoding == UTF_8 {
        return core::str::from_utf8(bytes).map(str::to_owned).map_err(|_| WireError::Encoding("UTF-8"));
    }
    if bytes.len() % 2 != 0 {
        return Err(WireError::Encoding("UTF-16"));
    }
    Ok(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

fn guess_encoding(body: &[u8]) -> &'static Encoding {
    match body {
        [0, second, ..] if *second != 0 => UTF_16BE,
        [first, 0, ..] if *first != 0 => UTF_16LE,
        _ => UTF_8,
    }
}

/// UTF-16LE with its byte order mark.
pub(crate) fn encode_utf16le(text: &str) -> Vec<u8> {
    core::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// The text as an XML attribute can hold it: characters that XML 1.0 forbids become U+FFFD.
pub(crate) fn xml_safe(text: &str) -> String {
    text.chars().map(|c| if is_xml_char(c) { c } else { '\u{fffd}' }).collect()
}

fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// The text as one response value can hold it: Latin-1 without control characters (these bytes mean the same in
/// Windows-1252), nothing else, no blanks at its ends. What does not fit is left out, so no value can open a line.
pub(crate) fn line_safe(text: &str) -> String {
    let kept: String = text.chars().filter(|c| matches!(c, ' '..='~' | '\u{a1}'..='\u{ff}')).collect();
    kept.trim_matches(' ').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart_with_and_without_a_mark() {
        let le: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let with = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        for body in [
            le.clone(),
            be.clone(),
            b"<a/>".to_vec(),
            with(&[0xff, 0xfe], &le),
            with(&[0xfe, 0xff], &be),
            with(&[0xef, 0xbb, 0xbf], b"<a/>"),
        ] {
            assert_eq!(decode_body(&body).as_deref(), Ok("<a/>"));
        }
    }

    #[test]
    fn what_is_no_text_is_refused_or_marked() {
        assert_eq!(decode_body(&[0xff, 0xfe, b'<']), Err(WireError::Encoding("UTF-16")));
        assert_eq!(decode_body(b"<a \xe9"), Err(WireError::Encoding("UTF-8")));
        assert_eq!(decode_body(&[0xff, 0xfe, 0x00, 0xd8]).as_deref(), Ok("\u{fffd}"));
        assert_eq!(decode_body(b"").as_deref(), Ok(""));
    }

    #[test]
    fn values_cannot_open_a_line() {
        assert_eq!(line_safe(" a\r\nGetFile=/etc/passwd "), "aGetFile=/etc/passwd");
        assert_eq!(line_safe("\u{e9}\u{20ac}\u{85}\u{7f}\0"), "\u{e9}");
        assert_eq!(xml_safe("a\0\u{1b}b\u{ffff}"), "a\u{fffd}\u{fffd}b\u{fffd}");
    }
}
