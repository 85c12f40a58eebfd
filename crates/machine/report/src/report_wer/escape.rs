//! Values as one line can hold them, reversibly, and safe to print on a terminal.
//!
//! Control characters below U+0020 and U+007F become the pictures that Unicode has for them (U+2400 + n, U+2421), so a
//! newline reads as a newline's picture. Characters that would be misread (the pictures themselves), that move text
//! about (C1, line separators, directions) or that XML forbids become U+2410 and their number in hex within braces.
//! Files written by Windows hold none of these, so they are read as they are.

use std::fmt::Write;

/// Opens an escaped number: the picture of "data link escape".
const OPEN: char = '\u{2410}';
/// Longest number within braces: 10FFFF.
const MAX_DIGITS: usize = 6;

/// A value as one line.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{10}' => line.push_str("\u{2410}{10}"),
            '\0'..='\u{1f}' => line.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or(c)),
            '\u{7f}' => line.push('\u{2421}'),
            _ if is_misleading(c) => {
                // Writing into a String cannot fail.
                let _ = write!(line, "{OPEN}{{{:x}}}", u32::from(c));
            }
            _ => line.push(c),
        }
    }
    line
}

fn is_misleading(c: char) -> bool {
    matches!(
        c,
        '\u{2400}'..='\u{241f}' | '\u{2421}'
            | '\u{80}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// The value that a line holds. What is no escape stays as it is.
#[must_use]
pub fn unescape(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            OPEN => match number(rest.as_str()) {
                Some((escaped, after)) => {
                    text.push(escaped);
                    rest = after.chars();
                }
                None => text.push(OPEN),
            },
            '\u{2400}'..='\u{241f}' => text.push(char::from_u32(u32::from(c) - 0x2400).unwrap_or(c)),
            '\u{2421}' => text.push('\u{7f}'),
            _ => text.push(c),
        }
    }
    text
}

/// `{hex}` at the start, and what follows it.
fn number(text: &str) -> Option<(char, &str)> {
    let (digits, after) = text.strip_prefix('{')?.split_once('}')?;
    if digits.len() > MAX_DIGITS || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_can_be_read_and_undone() {
        for (text, line) in [
            ("plain C:\\new", "plain C:\\new"),
            ("a\r\nb\u{1b}[31m", "a\u{240d}\u{240a}b\u{241b}[31m"),
            ("\u{10}\u{2410}", "\u{2410}{10}\u{2410}{2410}"),
            ("\u{85}\u{202e}", "\u{2410}{85}\u{2410}{202e}"),
            ("\u{7f}\u{2421}", "\u{2421}\u{2410}{2421}"),
        ] {
            assert_eq!(escape(text), line);
            assert_eq!(unescape(line), text);
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for line in
            ["\u{2410}", "\u{2410}{", "\u{2410}{}", "\u{2410}{d800}", "\u{2410}{1234567}", "\u{2410}{+1}"]
        {
            assert_eq!(unescape(line), line, "{line}");
        }
    }
}
