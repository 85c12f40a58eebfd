//! Texts from a server or a report, made safe for a terminal and a log.

use crate::limits::{MAX_QUOTED_CHARS, MAX_SOLUTION_TEXT_CHARS};

/// The text without control characters and those that turn text around, cut at a limit.
pub(crate) fn printable(text: &str) -> String {
    let mut kept: String = text.chars().filter(|c| !is_harmful(*c)).take(MAX_QUOTED_CHARS).collect();
    if text.chars().filter(|c| !is_harmful(*c)).count() > MAX_QUOTED_CHARS {
        kept.push_str("...");
    }
    kept
}

/// A text of several lines, each without such characters, cut at a limit.
pub(crate) fn printable_lines(text: &str) -> String {
    let kept = text.chars().filter(|c| *c == '\n' || !is_harmful(*c)).take(MAX_SOLUTION_TEXT_CHARS);
    kept.collect::<String>().trim().to_owned()
}

fn is_harmful(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    c.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_pass() {
        assert_eq!(printable("a\u{1b}[31m\r\nb\u{9b}2J\u{202e}c"), "a[31mb2Jc");
        assert_eq!(printable_lines("a\u{1b}[31m\r\nb\u{9b}2J\u{202e}c\n"), "a[31m\nb2Jc");
        assert_eq!(printable(&"x".repeat(301)).len(), 303);
    }
}
