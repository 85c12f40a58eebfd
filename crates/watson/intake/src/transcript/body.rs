//! The body: what kind it is, and the parts of a form.

use serde_json::{Value, json};

use super::head::content_type;
use super::words::Redactor;
use crate::form::{FormEvent, FormScanner};
use crate::inflate::{Inflater, Packing};
use crate::limits::{MAX_RECORDED_BODY_BYTES, MAX_RECORDED_PARTS};

/// Bytes of a head whose classes are shown.
const HEAD_BYTES: usize = 32;

/// How known formats begin.
const MAGICS: [(&[u8], &str); 17] = [
    (b"MDMP", "minidump"),
    (b"PMDM", "minidump, big-endian"),
    (b"MSCF", "cab"),
    (b"MODULE ", "breakpad symbols"),
    (b"\x7fELF", "elf"),
    (b"MZ", "pe"),
    (b"Microsoft C/C++ MSF 7.00\r\n", "pdb"),
    (b"BSJB", "portable pdb"),
    (b"SYSB", "source bundle"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"<?xml", "xml"),
    (b"<\0?\0x\0m\0l\0", "xml, utf-16le"),
    (b"\xff\xfe<\0?\0x\0m\0l\0", "xml, utf-16le with a mark"),
];

/// The body without its `Content-Encoding`, as far as that goes.
pub(super) fn unpacked(body: &[u8], encoding: Option<&str>) -> (Vec<u8>, Value) {
    let Some(packing) = encoding.and_then(Packing::of_token) else { return (body.to_vec(), Value::Null) };
    let mut whole = Vec::new();
    let result = Inflater::new(packing, MAX_RECORDED_BODY_BYTES).and_then(|mut inflater| {
        let mut input = body;
        loop {
            let step = inflater.step(&mut input)?;
            if step.is_empty() {
                return inflater.end();
            }
            whole.extend_from_slice(step);
        }
    });
    let outcome = result.map_or_else(|error| error.reason(), |()| "whole");
    (whole, json!(outcome))
}

/// What kind of bytes these are; of a form, its parts.
pub(super) fn describe(body: &[u8], boundary: Option<&str>, redactor: &Redactor) -> Value {
    match boundary {
        Some(boundary) => json!({ "form": parts(body, boundary, redactor), "head": classes(body) }),
        None => kind(body),
    }
}

fn kind(bytes: &[u8]) -> Value {
    let magic = MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic));
    let hex = |magic: &[u8]| magic.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    json!({
        "bytes": bytes.len(),
        "kind": magic.map(|(_, name)| *name),
        "magic": magic.map(|(magic, _)| hex(magic)),
        "head": classes(bytes),
        "text": core::str::from_utf8(bytes).is_ok(),
    })
}

/// The classes of the first bytes: `t`ext, blan`k`, line `e`nd, `0`, `c`ontrol, `h`igh. Never the bytes.
fn classes(bytes: &[u8]) -> String {
    let class = |byte: &u8| match byte {
        0 => '0',
        b' ' | b'\t' => 'k',
        b'\r' | b'\n' => 'e',
        0x21..=0x7e => 't',
        0x80.. => 'h',
        _ => 'c',
    };
    bytes.iter().take(HEAD_BYTES).map(class).collect()
}

fn parts(body: &[u8], boundary: &str, redactor: &Redactor) -> Vec<Value> {
    let mut scanner = FormScanner::new(boundary.as_bytes());
    scanner.push(body);
    scanner.finish();
    let mut parts = Vec::new();
    let mut part: Option<(Value, Vec<u8>)> = None;
    loop {
        match scanner.next() {
            Ok(Some(FormEvent::Part(head))) => {
                let kind = head.content_type.as_deref().map(|kind| content_type(kind.as_bytes(), redactor));
                let name = json!({
                    "name": redactor.name(head.name.as_bytes()),
                    "file": head.file_name.as_deref().map(|name| file_name(name, redactor)),
                    "content_type": kind,
                });
                part = Some((name, Vec::new()));
            }
            Ok(Some(FormEvent::Data(data))) => {
                if let Some((_, bytes)) = &mut part {
                    bytes.extend_from_slice(&data);
                }
            }
            Ok(Some(FormEvent::PartEnd)) => {
                parts.extend(
                    part.take().map(|(head, bytes)| json!({ "head": head, "content": kind(&bytes) })),
                );
            }
            Ok(Some(FormEvent::End) | None) => return parts,
            Err(error) => {
                parts.push(json!({ "broken": error.reason() }));
                return parts;
            }
        }
        if parts.len() >= MAX_RECORDED_PARTS {
            return parts;
        }
    }
}

/// Length, hash, whether it has folders, and an ending of letters.
fn file_name(name: &str, redactor: &Redactor) -> Value {
    const ENDINGS: [&str; 12] =
        ["dmp", "mdmp", "txt", "log", "json", "xml", "zip", "cab", "gz", "sym", "png", "dump"];
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    json!({
        "name": redactor.hidden(name.as_bytes()),
        "folders": if name.contains('\\') { "backslash" } else if name.contains('/') { "slash" } else { "none" },
        "ending": ending.filter(|ending| ENDINGS.contains(&ending.as_str())),
    })
}
