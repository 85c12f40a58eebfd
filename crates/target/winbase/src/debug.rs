//! `OutputDebugString`: lines on standard error, which a module host of one's own passes on.

use std::io::Write;

/// `OutputDebugString`. Writes the text and, where it has none, a line end; failures are of no consequence.
pub fn output_debug_string(text: &str) {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(std::io::stderr().lock(), "{text}{end}");
}
