//! A text for people as one value of a response can hold it: percent-encoded UTF-8, so that every script and line ends pass
//! through lines of Windows-1252. Ours: clients that do not know the key skip its line.

/// The text as it arrives: no control characters but line ends, no blanks at its ends, cut where its code would have more
/// characters than the limit.
pub(super) fn conformant(text: Option<&str>, limit_chars: usize) -> Option<String> {
    let shown: String = text?.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    let mut room_chars = limit_chars;
    let mut kept = String::new();
    for c in shown.trim().chars() {
        let Some(left_chars) = room_chars.checked_sub(code_chars(c)) else { break };
        room_chars = left_chars;
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    (!kept.is_empty()).then_some(kept)
}

fn code_chars(c: char) -> usize {
    if stands_for_itself(c) { 1 } else { 3 * c.len_utf8() }
}

fn stands_for_itself(c: char) -> bool {
    matches!(c, ' '..='~') && c != '%'
}

/// Printable ASCII but `%` stands for itself.
pub(super) fn encode(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stands_for_itself(char::from(byte)) {
            code.push(char::from(byte));
        } else {
            code.push('%');
            for digit in [byte >> 4, byte & 15] {
                code.extend(char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    code
}

/// `None`: what stands there is no such code, or too much of it.
pub(super) fn decode(code: &str, limit_chars: usize) -> Option<String> {
    if code.len() > limit_chars {
        return None;
    }
    let mut bytes = Vec::with_capacity(code.len());
    let mut rest = code.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            b' '..=b'~' => byte,
            _ => return None,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 900;

    #[test]
    fn every_script_passes() {
        for text in ["Update.\nThen 100 %41.", "\u{66f4}\u{65b0}", "caf\u{e9} \u{1f980}", "a"] {
            assert!(encode(text).bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text}");
            assert_eq!(decode(&encode(text), LIMIT).as_deref(), Some(text));
            assert_eq!(conformant(Some(text), LIMIT).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for bad in
            ["%", "%4", "%zz", "%+1", "%ff", "%ed%a0%80", "%c0%80", "\u{e9}", "a\n", &"a".repeat(LIMIT + 1)]
        {
            assert_eq!(decode(bad, LIMIT), None, "{bad:?}");
        }
    }

    #[test]
    fn control_characters_and_what_is_too_long_are_taken_out() {
        assert_eq!(conformant(Some(" \u{1b}[31m\r\0\u{9b}\n "), LIMIT).as_deref(), Some("[31m"));
        assert_eq!(conformant(Some("\n \t"), LIMIT), None);
        for (long, kept) in
            [("\u{66f4}", LIMIT / 9), ("a", LIMIT), ("%", LIMIT / 3), ("\u{1f980}", LIMIT / 12)]
        {
            let cut = conformant(Some(&long.repeat(LIMIT + 1)), LIMIT).unwrap_or_default();
            assert_eq!(cut, long.repeat(kept));
            assert!(encode(&cut).len() <= LIMIT);
        }
    }
}
