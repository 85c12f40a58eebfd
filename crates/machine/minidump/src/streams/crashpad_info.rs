//! Crashpad's `MinidumpCrashpadInfo` with simple annotations, so that Crashpad's readers show the report's id and what the
//! application registered as metadata. There is no client id, and no module has annotations of its own.

use wer_model::ReportId;
use wer_snapshot::ProcessSnapshot;

use crate::flags::stream;
use crate::layout::{Layout, Location, Put, clamp_u32};
use crate::options::DumpOptions;

const VERSION: u32 = 1;
const STREAM_BYTES: usize = 64;
const UUID_BYTES: usize = 16;
/// What our own annotations are called; an application's keep their names.
const WRITER: &str = "wer.writer";
const CAPTURE_SOURCE: &str = "wer.capture_source";
const STATUS: &str = "wer.status";
const PROGRAM: &str = "wer.program";

pub(crate) fn write(layout: &mut Layout, snapshot: &ProcessSnapshot, options: &DumpOptions) {
    let annotations = write_annotations(layout, &annotations(snapshot, options));
    let mut info = Vec::with_capacity(STREAM_BYTES);
    info.put_u32(VERSION);
    match options.report_id {
        Some(id) => put_uuid(&mut info, id),
        None => info.put_zeros(UUID_BYTES),
    }
    info.put_zeros(UUID_BYTES);
    info.put_location(annotations);
    info.put_zeros(STREAM_BYTES - info.len());
    layout.stream(stream::CRASHPAD_INFO, &info);
}

fn annotations(snapshot: &ProcessSnapshot, options: &DumpOptions) -> Vec<(String, String)> {
    let owned = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut all = Vec::new();
    if !options.triage() {
        all.extend(snapshot.registrations.metadata().map(|(key, value)| owned(key, value)));
    }
    all.push(owned(WRITER, concat!("wer-minidump ", env!("CARGO_PKG_VERSION"))));
    all.push(owned(CAPTURE_SOURCE, snapshot.source.name()));
    if let Some(exception) = &snapshot.exception {
        all.push(owned(STATUS, &exception.status.to_string()));
    }
    let program = snapshot.process.executable.rsplit('/').next().unwrap_or_default();
    if !program.is_empty() {
        all.push(owned(PROGRAM, program));
    }
    all
}

/// A `MinidumpSimpleStringDictionary`: pairs of addresses of UTF-8 strings.
fn write_annotations(layout: &mut Layout, annotations: &[(String, String)]) -> Location {
    let mut dictionary = Vec::with_capacity(4 + 8 * annotations.len());
    dictionary.put_u32(clamp_u32(annotations.len()));
    for (key, value) in annotations {
        dictionary.put_u32(layout.utf8_string(key));
        dictionary.put_u32(layout.utf8_string(value));
    }
    layout.section(&dictionary)
}

/// As Windows keeps a GUID: its first three numbers in the machine's byte order.
fn put_uuid(info: &mut Vec<u8>, id: ReportId) {
    let [a, b, c, d, e, f, g, h, rest @ ..] = id.0;
    info.extend_from_slice(&[d, c, b, a, f, e, h, g]);
    info.extend_from_slice(&rest);
}
