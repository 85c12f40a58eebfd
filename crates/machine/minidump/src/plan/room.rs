//! How many bytes everything before the memory can take at most. Needed before it is written: memory that does not fit
//! in ours goes straight to its place in the file while the process is stopped, and that place comes after everything
//! else. Too much room only leaves a hole in the file.

use wer_model::SoftError;
use wer_snapshot::{ProcessSnapshot, RegistrationKind};

use crate::context::{CONTEXT_BYTES, bytes_for, features};
use crate::flags;
use crate::limits::{MAX_SOFT_ERRORS, MAX_STREAMS, PAGE_BYTES};
use crate::plan::DumpPlan;

/// Header, system info, misc info, exception, counters, fixed parts and alignment of all streams.
const FIXED_BYTES: usize = 24 * 1024;
const DIRECTORY_ENTRY_BYTES: usize = 12;
/// Two thread records, name entry and info, memory descriptor, alignment; the context comes beside it.
const THREAD_BYTES: usize = 48 + 64 + 12 + 64 + 16 + 128;
/// Module record, BpEL signature, entry in the list of synthetic ids, alignment.
const MODULE_BYTES: usize = 108 + 4 + 32 + 32;
const UNLOADED_MODULE_BYTES: usize = 24;
const MEMORY_INFO_BYTES: usize = 48;
const MEMORY_DESCRIPTOR_BYTES: usize = 16;
const LINK_MAP_BYTES: usize = 20 + 16;
/// Both records of a descriptor.
const HANDLE_BYTES: usize = 40 + 64;
/// A registered block as an entry, or an excluded one as JSON.
const REGISTRATION_BYTES: usize = 96;
/// Longest soft error of this crate, with its stage.
const SOFT_ERROR_BYTES: usize = 512;
/// JSON writes a control character as six.
const JSON_GROWTH: usize = 6;

/// Where memory may begin: a multiple of the page size.
pub(super) fn room_bytes(snapshot: &ProcessSnapshot, plan: &DumpPlan) -> u64 {
    let options = &plan.known.options;
    let descriptors = plan.wanted.len() + wer_copy::limits::MAX_HOLES + 1;
    let context = context_bytes(snapshot, plan);
    let threads =
        snapshot.threads.iter().map(|thread| THREAD_BYTES + context + utf16(&thread.name)).sum::<usize>();
    let lists = threads
        + snapshot.modules.iter().map(|m| MODULE_BYTES + utf16(&m.path) + m.build_id.len()).sum::<usize>()
        + snapshot.unloaded_modules.iter().map(|m| UNLOADED_MODULE_BYTES + utf16(&m.path)).sum::<usize>()
        + snapshot.handles.iter().map(|h| HANDLE_BYTES + utf16(&h.name) + utf16(&h.peer)).sum::<usize>()
        + snapshot.regions.len() * MEMORY_INFO_BYTES
        + descriptors * MEMORY_DESCRIPTOR_BYTES;
    let dso = plan.known.dso.as_ref().map_or(0, |dso| {
        let names = dso.libraries.iter().map(|library| LINK_MAP_BYTES + utf16(&library.name));
        dso.dynamic.len() + names.sum::<usize>()
    });
    let user = options.user_streams.iter();
    let user = user.map(|stream| stream.bytes.len() + 8 + DIRECTORY_ENTRY_BYTES).sum::<usize>();
    let comments = [&options.comment, &options.comment_ansi].into_iter().flatten();
    let texts = comments.map(|text| utf16(text)).sum::<usize>() + utf16(&snapshot.system.uname);
    let total = FIXED_BYTES
        + MAX_STREAMS * DIRECTORY_ENTRY_BYTES
        + lists
        + linux_files(snapshot)
        + plan.known.environment.len()
        + dso
        + user
        + texts
        + token(snapshot)
        + json(snapshot);
    (total as u64).next_multiple_of(PAGE_BYTES)
}

/// Bytes of the largest context, with room for its alignment.
fn context_bytes(snapshot: &ProcessSnapshot, plan: &DumpPlan) -> usize {
    if !plan.known.options.has(flags::WITH_AVX_XSTATE_CONTEXT) {
        return CONTEXT_BYTES;
    }
    let ends = features(&snapshot.system).map(|feature| feature.offset as usize + feature.size as usize);
    bytes_for(ends.max().unwrap_or(0)).max(CONTEXT_BYTES) + 128
}

/// A `MINIDUMP_STRING` with its alignment; UTF-16 never has more units than UTF-8 has bytes.
const fn utf16(text: &str) -> usize {
    2 * text.len() + 16
}

fn linux_files(snapshot: &ProcessSnapshot) -> usize {
    let files = &snapshot.linux;
    let all = [
        &files.cpuinfo,
        &files.status,
        &files.lsb_release,
        &files.cmdline,
        &files.auxv,
        &files.maps,
        &files.limits,
    ];
    all.into_iter().map(|file| file.len() + 8).sum()
}

fn token(snapshot: &ProcessSnapshot) -> usize {
    snapshot.token.as_ref().map_or(0, |token| {
        let namespaces = token.namespaces.iter().map(|(kind, _)| kind.len() * JSON_GROWTH + 32);
        1024 + token.groups.len() * 12 + token.security_label.len() * JSON_GROWTH + namespaces.sum::<usize>()
    })
}

/// The WER info, and the metadata once more as annotations.
fn json(snapshot: &ProcessSnapshot) -> usize {
    let words = snapshot.last_words.as_ref().map_or(0, |words| words.text.len());
    let errors =
        snapshot.soft_errors.iter().map(|SoftError { message, .. }| message.len() + 16).sum::<usize>();
    let entries = snapshot.registrations.entries.iter().map(|entry| match &entry.kind {
        RegistrationKind::Metadata { key, value } => 2 * (key.len() + value.len()) + 64,
        _ => 0,
    });
    (words + errors + entries.sum::<usize>()) * JSON_GROWTH
        + snapshot.registrations.entries.len() * REGISTRATION_BYTES
        + snapshot.process.executable.len()
        + (MAX_SOFT_ERRORS + 1) * SOFT_ERROR_BYTES
}
