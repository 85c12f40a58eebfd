//! A request of an unknown client as a transcript that may be shown to others: its headers, sizes, and the structure of
//! its form, without what it says. Pure; `watson record` takes the request and writes the file.
//!
//! Shown is what is on a list, what is plainly a name (of a header, a field, a type), sizes, and the magics of known
//! formats. Everything else is left out: its length and a keyed hash stand for it, so that the same value is seen to be the
//! same in one recording, and nobody who guesses a value can check it.

mod body;
mod head;
mod words;

use serde_json::{Value, json};

pub use words::Redactor;

/// A request as it came.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// To the empty line, with it.
    pub head: &'a [u8],
    /// What is here of the body, chunks taken apart.
    pub body: &'a [u8],
    /// Bytes that the body had.
    pub body_bytes: u64,
    /// How the body ended, e.g. `content-length`.
    pub ended_by: &'static str,
}

/// The transcript of a request, as JSON.
#[must_use]
pub fn transcript(request: &Recorded<'_>, redactor: &Redactor) -> Value {
    let head = head::read(request.head, redactor);
    let (unpacked, packing) = body::unpacked(request.body, head.encoding.as_deref());
    json!({
        "request": head.line,
        "headers": head.fields,
        "head_bytes": request.head.len(),
        "line_ends": head.line_ends,
        "body": {
            "bytes": request.body_bytes,
            "ended_by": request.ended_by,
            "recorded_bytes": request.body.len(),
            "unpacked": packing,
            "content": body::describe(&unpacked, head.boundary.as_deref(), redactor),
        },
    })
}

#[cfg(test)]
#[path = "transcript/tests.rs"]
mod tests;
