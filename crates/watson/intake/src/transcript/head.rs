//! The head of a request: its first line and its fields.

use serde_json::{Value, json};

use super::words::{Redactor, known};
use crate::form::boundary;
use crate::limits::{MAX_RECORDED_FIELDS, MAX_RECORDED_PARTS};

/// What the transcript says of a head, and what the body needs of it.
pub(super) struct Head {
    pub(super) line: Value,
    pub(super) fields: Vec<Value>,
    pub(super) line_ends: &'static str,
    pub(super) boundary: Option<String>,
    pub(super) encoding: Option<String>,
}

/// Fields whose values are lists of words.
const WORDS: [&str; 9] = [
    "accept",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-encoding",
    "expect",
    "te",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn read(head: &[u8], redactor: &Redactor) -> Head {
    let line_ends = match (head.contains(&b'\n'), head.windows(2).any(|two| two == b"\r\n")) {
        (true, true) => "crlf",
        (true, false) => "lf",
        _ => "none",
    };
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let line = request_line(lines.next().unwrap_or_default(), redactor);
    let mut read = Head { line, fields: Vec::new(), line_ends, boundary: None, encoding: None };
    for line in lines.take_while(|line| !line.is_empty()).take(MAX_RECORDED_FIELDS) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            read.fields.push(json!({ "malformed": redactor.hidden(line) }));
            continue;
        };
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        read.remember(name, value);
        read.fields.push(json!({ "name": redactor.name(name), "value": field_value(name, value, redactor) }));
    }
    read
}

impl Head {
    fn remember(&mut self, name: &[u8], value: &[u8]) {
        let Ok(value) = core::str::from_utf8(value) else { return };
        if name.eq_ignore_ascii_case(b"content-type") {
            self.boundary = boundary(value);
        }
        if name.eq_ignore_ascii_case(b"content-encoding") {
            self.encoding = Some(value.to_ascii_lowercase());
        }
    }
}

fn request_line(line: &[u8], redactor: &Redactor) -> Value {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let target = target.unwrap_or_default();
    let (path, query) = match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (target.get(..at).unwrap_or_default(), target.get(at + 1..)),
        None => (target, None),
    };
    let separators = |byte: &u8| matches!(byte, b'/' | b'\\');
    let parts: Vec<String> = path
        .split(separators)
        .take(MAX_RECORDED_PARTS)
        .map(|part| if part.is_empty() { String::new() } else { redactor.value(part) })
        .collect();
    json!({
        "method": redactor.name(method.unwrap_or_default()),
        "path": parts,
        "begins_with": if path.starts_with(b"/") { "slash" } else if path.starts_with(b"\\") { "backslash" } else { "other" },
        "query": query.map(|query| pairs(query, redactor)),
        "version": match version { Some(b"HTTP/1.1") => "HTTP/1.1", Some(b"HTTP/1.0") => "HTTP/1.0", _ => "other" },
    })
}

fn pairs(query: &[u8], redactor: &Redactor) -> Vec<Value> {
    let pair = |pair: &[u8]| match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => {
            let (name, value) = pair.split_at_checked(at).unwrap_or_default();
            json!({ "name": redactor.name(name), "value": redactor.hidden(value.get(1..).unwrap_or_default()) })
        }
        // A value without a name, for all we know.
        None => json!({ "name": redactor.value(pair) }),
    };
    query.split(|byte| *byte == b'&').take(MAX_RECORDED_PARTS).map(pair).collect()
}

fn field_value(name: &[u8], value: &[u8], redactor: &Redactor) -> Value {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    let number = core::str::from_utf8(value).ok().and_then(|value| value.parse::<u64>().ok());
    match number {
        Some(number) if is("content-length") => json!(number),
        _ if is("content-type") => content_type(value, redactor),
        _ if is("user-agent") => agent(value, redactor),
        _ if WORDS.iter().any(|known| is(known)) => {
            let words = value.split(|byte| *byte == b',').take(MAX_RECORDED_PARTS);
            json!(words.map(|word| redactor.value(word.trim_ascii())).collect::<Vec<_>>())
        }
        _ => json!(redactor.hidden(value)),
    }
}

/// Type and names of parameters; of a boundary its dashes and its length.
pub(super) fn content_type(value: &[u8], redactor: &Redactor) -> Value {
    let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let kind = parts.next().unwrap_or_default();
    let kind = known(kind).unwrap_or_else(|| {
        let halves = kind.split(|byte| *byte == b'/').take(2);
        halves.map(|half| redactor.name(half)).collect::<Vec<_>>().join("/")
    });
    let parameter = |text: &[u8]| {
        let at = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
        let (name, value) = text.split_at_checked(at).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default();
        let quoted = value.starts_with(b"\"");
        let bare = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        let dashes = bare.iter().take_while(|byte| **byte == b'-').count();
        json!({ "name": redactor.name(name), "quoted": quoted, "dashes": dashes, "bytes": bare.len() })
    };
    json!({ "type": kind, "parameters": parts.take(MAX_RECORDED_PARTS).map(parameter).collect::<Vec<_>>() })
}

/// Words of the form `Name/1.2`: a program's, not a person's.
fn agent(value: &[u8], redactor: &Redactor) -> Value {
    let shown = |word: &[u8]| {
        let (name, version) = word.split_at_checked(word.iter().position(|byte| *byte == b'/')?)?;
        let version = version.get(1..)?;
        let plain = !name.is_empty()
            && name.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'.' | b'_'))
            && version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
        plain.then(|| String::from_utf8_lossy(word).into_owned())
    };
    let words = value.split(|byte| *byte == b' ').take(MAX_RECORDED_PARTS);
    json!(words.map(|word| shown(word).unwrap_or_else(|| redactor.hidden(word))).collect::<Vec<_>>())
}
