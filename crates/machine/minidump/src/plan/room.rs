//! How many bytes everything before the memory can take at most. Needed before it is written: memory that does not fit
//! in ours goes straight to its place in the file while the process is stopped, and that place comes after everything
//! else. Too much room only leaves a hole in the file.

use wer_model::SoftError;
use wer_snapshot::{ProcessSnapshot, RegistrationKind};

use crate::dso::DsoDebug;
use crate::limits::{MAX_SOFT_ERRORS, PAGE_BYTES};
use crate::options::DumpOptions;

/// Header, directory, system info, misc info, exception, fixed parts and alignment of all streams.
const FIXED_BYTES: usize = 16 * 1024;
/// Thread record, context, name entry and info, memory descriptor, alignment.
const THREAD_BYTES: usize = 48 + 1232 + 12 + 64 + 16 + 64;
/// Module record, BpEL signature, entry in the list of synthetic ids, alignment.
const MODULE_BYTES: usize = 108 + 4 + 32 + 32;
const MEMORY_INFO_BYTES: usize = 48;
const MEMORY_DESCRIPTOR_BYTES: usize = 16;
const LINK_MAP_BYTES: usize = 20 + 16;
/// A registered block as an entry, or an excluded one as JSON.
const REGISTRATION_BYTES: usize = 96;
/// Longest soft error of this crate, with its stage.
const SOFT_ERROR_BYTES: usize = 512;
/// JSON writes a control character as six.
const JSON_GROWTH: usize = 6;

/// Where memory may begin: a multiple of the page size.
pub(super) fn room_bytes(
    snapshot: &ProcessSnapshot,
    options: &DumpOptions,
    dso: Option<&DsoDebug>,
    memory_descriptors: usize,
) -> u64 {
    let lists = snapshot.threads.iter().map(|thread| THREAD_BYTES + utf16(&thread.name)).sum::<usize>()
        + snapshot.modules.iter().map(|m| MODULE_BYTES + utf16(&m.path) + m.build_id.len()).sum::<usize>()
        + snapshot.regions.len() * MEMORY_INFO_BYTES
        + memory_descriptors * MEMORY_DESCRIPTOR_BYTES;
    let dso = dso.map_or(0, |dso| {
        let names = dso.libraries.iter().map(|library| LINK_MAP_BYTES + utf16(&library.name));
        dso.dynamic.len() + names.sum::<usize>()
    });
    let texts = utf16(options.comment.as_deref().unwrap_or_default()) + utf16(&snapshot.system.uname);
    let total = FIXED_BYTES + lists + linux_files(snapshot) + dso + texts + json(snapshot);
    (total as u64).next_multiple_of(PAGE_BYTES)
}

/// A `MINIDUMP_STRING` with its alignment; UTF-16 never has more units than UTF-8 has bytes.
const fn utf16(text: &str) -> usize {
    2 * text.len() + 16
}

fn linux_files(snapshot: &ProcessSnapshot) -> usize {
    let files = &snapshot.linux;
    let all = [&files.cpuinfo, &files.status, &files.lsb_release, &files.cmdline, &files.auxv, &files.maps];
    all.into_iter().map(|file| file.len() + 8).sum()
}

fn json(snapshot: &ProcessSnapshot) -> usize {
    let words = snapshot.last_words.as_ref().map_or(0, |words| words.text.len());
    let errors =
        snapshot.soft_errors.iter().map(|SoftError { message, .. }| message.len() + 16).sum::<usize>();
    let entries = snapshot.registrations.entries.iter().map(|entry| match &entry.kind {
        RegistrationKind::Metadata { key, value } => key.len() + value.len() + 16,
        _ => 0,
    });
    (words + errors + entries.sum::<usize>()) * JSON_GROWTH
        + snapshot.registrations.entries.len() * REGISTRATION_BYTES
        + (MAX_SOFT_ERRORS + 1) * SOFT_ERROR_BYTES
}
