//! The notes of a core: threads, signal, process, mapped files, vectors. They are read one by one from the file, so that
//! a hundred thousand threads take no more memory than those that are kept.

use std::fs::File;
use std::io::{BufReader, Read};

use wer_snapshot::XStateFeature;
use wer_sys::limits::{MAX_PATH_BYTES, MAX_REGIONS};

use super::limits::{MAX_FILE_NOTE_BYTES, MAX_NOTE_BYTES, MAX_NOTE_NAME_BYTES, MAX_XSTATE_FEATURES};
use super::part::Part;
use crate::bytes::{i32_at, u16_at, u32_at, u64_at};
use crate::core_notes::{CoreNotes, NT_AUXV, NT_PRSTATUS, add_note};
use crate::elf::Note;
use crate::limits::MAX_CORE_NOTES;

const NT_PRPSINFO: u32 = 3;
const NT_FILE: u32 = 0x4649_4c45;
/// The kernel's own table of what is where in an XSAVE area (Linux 6.12).
const NT_X86_XSAVE_LAYOUT: u32 = 0x205;

/// What all notes tell.
#[derive(Debug, Default)]
pub(super) struct CoreFileNotes {
    pub(super) core: CoreNotes,
    /// One for each of `core.threads`.
    pub(super) statuses: Vec<ThreadStatus>,
    pub(super) process: Option<ProcessNote>,
    /// By address, not overlapping; `None` = the core has no such note.
    pub(super) files: Option<Vec<MappedFile>>,
    pub(super) xstate: Vec<XStateFeature>,
    /// The auxiliary vector as it is.
    pub(super) auxv: Vec<u8>,
}

/// What `NT_PRSTATUS` tells beside registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ThreadStatus {
    /// The signal that the thread has met; 0 = none.
    pub(super) signal: i32,
    pub(super) user_time_ms: u64,
    pub(super) kernel_time_ms: u64,
}

/// `NT_PRPSINFO`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessNote {
    pub(super) nice: i32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) pid: u32,
    pub(super) parent_pid: u32,
    pub(super) name: String,
    /// At most 79 bytes of the command line, arguments parted by blanks.
    pub(super) arguments: String,
}

/// One mapping of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MappedFile {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Bytes from the file's beginning.
    pub(super) offset: u64,
    /// As the kernel printed it, with its " (deleted)" mark.
    pub(super) path: String,
}

/// Reads the note segments.
pub(super) fn read(file: &File, file_bytes: u64, segments: &[(u64, u64)]) -> CoreFileNotes {
    let mut notes = CoreFileNotes::default();
    let mut left = MAX_CORE_NOTES;
    for (offset, bytes) in segments {
        let wanted = offset.saturating_add(*bytes);
        let end = wanted.min(file_bytes);
        let mut reader = BufReader::with_capacity(256 << 10, Part::new(file, *offset, end));
        let mut at = *offset;
        loop {
            if left == 0 {
                notes.core.problems.push(format!("The core has more than {MAX_CORE_NOTES} notes."));
                return notes;
            }
            left -= 1;
            match read_note(&mut reader, end.saturating_sub(at), &mut notes) {
                Some(length) => at = at.saturating_add(length),
                None => break,
            }
        }
        if end < wanted {
            notes.core.problems.push("The core ends within its notes; threads may be missing.".into());
        }
    }
    notes
}

/// Reads one note of at most `left` bytes; its size, or `None` at the end.
fn read_note(reader: &mut BufReader<Part<'_>>, left: u64, into: &mut CoreFileNotes) -> Option<u64> {
    let mut head = [0; 12];
    reader.read_exact(&mut head).ok()?;
    let name_bytes = u64::from(u32_at(&head, 0)?);
    let data_bytes = u64::from(u32_at(&head, 4)?);
    let kind = u32_at(&head, 8)?;
    let data_at = (12 + name_bytes).next_multiple_of(4);
    let size = (data_at + data_bytes).next_multiple_of(4);
    if data_at + data_bytes > left {
        return None;
    }
    let limit = if kind == NT_FILE { MAX_FILE_NOTE_BYTES } else { MAX_NOTE_BYTES };
    if name_bytes > MAX_NOTE_NAME_BYTES as u64 || data_bytes > limit {
        if kind == NT_FILE {
            let problem = format!("The core's list of mapped files has {data_bytes} bytes; it is not read.");
            into.core.problems.push(problem);
        }
        reader.seek_relative(i64::try_from(size - 12).ok()?).ok()?;
        return Some(size);
    }
    let mut bytes = vec![0; usize::try_from(data_at - 12 + data_bytes).ok()?];
    reader.read_exact(&mut bytes).ok()?;
    reader.seek_relative(i64::try_from(size - data_at - data_bytes).ok()?).ok()?;
    let name = bytes.get(..usize::try_from(name_bytes).ok()?)?;
    let data = bytes.get(usize::try_from(data_at - 12).ok()?..)?;
    let note = Note { kind, name: name.strip_suffix(b"\0").unwrap_or(name), data };
    add(&note, into).then_some(size)
}

/// `false` = the rest need not be read.
fn add(note: &Note<'_>, into: &mut CoreFileNotes) -> bool {
    match (note.kind, note.name) {
        (NT_PRSTATUS, b"CORE") => {
            let before = into.core.threads.len();
            let go_on = add_note(note, &mut into.core);
            if into.core.threads.len() > before {
                into.statuses.push(thread_status(note.data));
            }
            return go_on;
        }
        (NT_PRPSINFO, b"CORE") if into.process.is_none() => into.process = process_note(note.data),
        (NT_FILE, b"CORE") if into.files.is_none() => {
            let (files, problem) = mapped_files(note.data);
            into.files = Some(files);
            into.core.problems.extend(problem);
        }
        (NT_AUXV, b"CORE") => {
            into.auxv = note.data.to_vec();
            return add_note(note, &mut into.core);
        }
        (NT_X86_XSAVE_LAYOUT, b"LINUX") => into.xstate = xsave_layout(note.data),
        _ => return add_note(note, &mut into.core),
    }
    true
}

fn thread_status(note: &[u8]) -> ThreadStatus {
    /// Offset of `pr_cursig`.
    const CURRENT_SIGNAL: usize = 12;
    /// Offsets of `pr_utime` and `pr_stime`.
    const TIMES: [usize; 2] = [48, 64];
    let [user_time_ms, kernel_time_ms] = TIMES.map(|at| {
        let microseconds = u64_at(note, at + 8).unwrap_or(0) / 1000;
        u64_at(note, at).unwrap_or(0).saturating_mul(1000).saturating_add(microseconds)
    });
    let said = i32_at(note, 0).unwrap_or(0);
    let current = u16_at(note, CURRENT_SIGNAL).map_or(0, i32::from);
    ThreadStatus { signal: if current != 0 { current } else { said }, user_time_ms, kernel_time_ms }
}

fn process_note(note: &[u8]) -> Option<ProcessNote> {
    let text = |from: usize, to: usize| {
        let bytes = note.get(from..to)?.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(bytes).trim_end().to_string())
    };
    Some(ProcessNote {
        nice: i32::from(note.get(3)?.cast_signed()),
        uid: u32_at(note, 16)?,
        gid: u32_at(note, 20)?,
        pid: u32_at(note, 24)?,
        parent_pid: u32_at(note, 28)?,
        name: text(40, 56)?,
        arguments: text(56, 136)?,
    })
}

/// The table: count and page size, then start, end and offset in pages of each, then the names.
fn mapped_files(note: &[u8]) -> (Vec<MappedFile>, Option<String>) {
    let (Some(count), Some(page)) = (u64_at(note, 0), u64_at(note, 8)) else {
        return (Vec::new(), Some("The core's list of mapped files is too short.".into()));
    };
    let entries = note.get(16..).unwrap_or_default();
    let names_at = usize::try_from(count).ok().and_then(|count| count.checked_mul(24));
    let Some(names) = names_at.and_then(|at| entries.get(at..)) else {
        return (Vec::new(), Some("The core's list of mapped files ends too early; it is not used.".into()));
    };
    let mut names = names.split(|byte| *byte == 0);
    let mut files: Vec<MappedFile> = Vec::new();
    let mut refused = names_at.map_or(0, |bytes| (bytes / 24).saturating_sub(MAX_REGIONS));
    let wanted = names_at.unwrap_or(0) / 24;
    for entry in entries.chunks_exact(24).take(wanted.min(MAX_REGIONS)) {
        let name = names.next().unwrap_or_default();
        let kept = name.get(..name.len().min(MAX_PATH_BYTES)).unwrap_or_default();
        let numbers = (u64_at(entry, 0), u64_at(entry, 8), u64_at(entry, 16));
        let (Some(start), Some(end), Some(pages)) = numbers else { break };
        match pages.checked_mul(page) {
            Some(offset) if start < end && offset.checked_add(end - start).is_some() => {
                files.push(MappedFile {
                    start,
                    end,
                    offset,
                    path: String::from_utf8_lossy(kept).into_owned(),
                });
            }
            _ => refused += 1,
        }
    }
    files.sort_by_key(|file| file.start);
    let before = files.len();
    let mut end = 0;
    files.retain(|file| {
        let fits = file.start >= end;
        end = end.max(if fits { file.end } else { 0 });
        fits
    });
    refused += before - files.len();
    let problem = (refused > 0).then(|| {
        format!("{refused} entries of the core's list of mapped files make no sense or are too many, and are left out.")
    });
    (files, problem)
}

fn xsave_layout(note: &[u8]) -> Vec<XStateFeature> {
    let features = note.chunks_exact(16).filter_map(|entry| {
        let (bit, size, offset) = (u32_at(entry, 0)?, u32_at(entry, 4)?, u32_at(entry, 8)?);
        (bit >= 2 && size > 0).then_some(XStateFeature { bit, offset, size })
    });
    features.take(MAX_XSTATE_FEATURES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_files_are_a_table_and_names() {
        let mut note = Vec::new();
        for word in [3u64, 4096, 0x5000, 0x6000, 2, 0x1000, 0x3000, 0, 0x2000, 0x2800, 7] {
            note.extend(word.to_le_bytes());
        }
        note.extend(b"/b\0/a (deleted)\0/overlaps\0");
        let (files, problem) = mapped_files(&note);
        let table: Vec<_> = files.iter().map(|file| (file.start, file.offset, file.path.as_str())).collect();
        assert_eq!(table, [(0x1000, 0, "/a (deleted)"), (0x5000, 0x2000, "/b")]);
        assert!(problem.is_some_and(|text| text.starts_with("1 entries")));
        note[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(mapped_files(&note).0.is_empty());
        assert!(mapped_files(b"").0.is_empty());
    }
}
