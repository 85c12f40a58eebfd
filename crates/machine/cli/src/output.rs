//! What goes to the person or the program that asked. Text of other processes and machines loses everything that could
//! steer a terminal; a reader that closes its pipe early is no error.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// Text without control characters and without characters that change the direction of writing; line ends and tabs stay
/// where `wer` itself wrote them.
pub(crate) fn clean(text: &str) -> String {
    text.split('\n').map(wer_unwind::escape).collect::<Vec<_>>().join("\n")
}

/// One value from outside: no line ends either.
pub(crate) fn clean_value(text: &str) -> String {
    wer_unwind::escape(text)
}

/// Prints text of our own making, in which every value from outside was cleaned.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Prints one JSON document.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// Whether an error is only that the reader of our output has left.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A FILETIME as a person reads it, UTC.
pub(crate) fn time_of(filetime: u64) -> String {
    let unix_ns = i128::from(wer_report::filetime::to_unix_ns(filetime));
    let second = 1_000_000_000;
    jiff::Timestamp::from_nanosecond(unix_ns - unix_ns % second)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered() {
        let hostile = "a\u{1b}[31mb\u{202e}c\rd";
        let clean = clean(hostile);
        assert!(!clean.contains(['\u{1b}', '\u{202e}', '\r']), "{clean:?}");
        assert!(clean.starts_with('a') && clean.ends_with('d'));
        assert!(!clean_value("a\nb").contains('\n'));
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(time_of(133_801_632_000_000_000), "2025-01-01T00:00:00Z");
    }
}
