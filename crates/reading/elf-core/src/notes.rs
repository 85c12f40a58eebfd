//! The notes of the core, in the kernel's order: the first thread's status, the process, the signal, vectors, mapped files,
//! the first thread's other registers, then the other threads.

use wer_dump::{Dump, RawException, raw_exception, raw_threads};

use crate::limits::{MAX_AUXV_BYTES, MAX_STATUS_BYTES};
use crate::mappings::Mapping;
use crate::registers::{CoreRegisters, GENERAL_BYTES, XSaveLayout, registers, u32_at};

const NT_PRSTATUS: u32 = 1;
const NT_FPREGSET: u32 = 2;
const NT_PRPSINFO: u32 = 3;
const NT_AUXV: u32 = 6;
const NT_FILE: u32 = 0x4649_4c45;
const NT_SIGINFO: u32 = 0x5349_4749;
const NT_X86_XSTATE: u32 = 0x202;
const LINUX_PROC_STATUS: u32 = 0x4767_0004;
const LINUX_CMD_LINE: u32 = 0x4767_0006;
const LINUX_AUXV: u32 = 0x4767_0008;
const MISC_INFO: u32 = 15;
/// `MINIDUMP_MISC1_PROCESS_ID`.
const HAS_PROCESS_ID: u32 = 1;
/// The largest signal.
const MAX_SIGNAL: u32 = 64;
/// Page size in which `NT_FILE` counts offsets.
const PAGE: u64 = 4096;

/// The notes, and what they lack.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) bytes: Vec<u8>,
    pub(crate) threads: usize,
    /// Threads that the dump has no registers of.
    pub(crate) without_registers: usize,
}

impl Notes {
    fn add(&mut self, name: &[u8], kind: u32, data: &[u8]) {
        let (Ok(name_bytes), Ok(data_bytes)) = (u32::try_from(name.len() + 1), u32::try_from(data.len()))
        else {
            return;
        };
        for word in [name_bytes, data_bytes, kind] {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend(name);
        self.bytes.push(0);
        self.align();
        self.bytes.extend(data);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn add_float(&mut self, registers: Option<&CoreRegisters>) {
        let Some(registers) = registers else { return };
        if let Some(image) = &registers.fxsave {
            self.add(b"CORE", NT_FPREGSET, image);
        }
        if let Some(area) = &registers.xsave {
            self.add(b"LINUX", NT_X86_XSTATE, area);
        }
    }
}

/// Makes the notes.
pub(crate) fn notes(dump: &Dump<'_>, mappings: &[Mapping]) -> Notes {
    let layout = XSaveLayout::of(dump);
    let exception = raw_exception(dump);
    let signal = exception.as_ref().filter(|it| (1..=MAX_SIGNAL).contains(&it.code));
    let mut threads = raw_threads(dump);
    if let Some(crashed) = &exception {
        threads.sort_by_key(|thread| thread.id != crashed.thread_id);
    }
    let process = Process::of(dump, threads.first().map_or(0, |thread| thread.id));
    let mut notes = Notes { threads: threads.len(), ..Notes::default() };
    for (index, thread) in threads.iter().enumerate() {
        let own = exception.as_ref().filter(|it| index == 0 && it.thread_id == thread.id);
        let found = own
            .and_then(|crashed| registers(crashed.context, thread.teb, &layout))
            .or_else(|| registers(thread.context, thread.teb, &layout));
        notes.without_registers += usize::from(found.is_none());
        let number = signal.filter(|_| index == 0).map_or(0, |it| it.code);
        let code = signal.filter(|_| index == 0).map_or(0, |it| it.flags);
        notes.add(b"CORE", NT_PRSTATUS, &status(thread.id, &process, number, code, found.as_ref()));
        if index == 0 {
            notes.add(b"CORE", NT_PRPSINFO, &process.note());
            if let Some(signal) = signal {
                notes.add(b"CORE", NT_SIGINFO, &siginfo(signal));
            }
            if let Some(vector) = auxv(dump) {
                notes.add(b"CORE", NT_AUXV, &vector);
            }
            if let Some(files) = file_note(mappings) {
                notes.add(b"CORE", NT_FILE, &files);
            }
        }
        notes.add_float(found.as_ref());
    }
    notes
}

/// `struct elf_prstatus`.
fn status(tid: u32, process: &Process, signal: u32, code: u32, registers: Option<&CoreRegisters>) -> Vec<u8> {
    let mut note = Vec::with_capacity(336);
    for word in [signal, code, 0, signal] {
        note.extend(word.to_le_bytes());
    }
    note.extend([0; 16]);
    for word in [tid, process.parent_pid, 0, 0] {
        note.extend(word.to_le_bytes());
    }
    note.extend([0; 4 * 16]);
    note.extend(registers.map_or([0; GENERAL_BYTES], |registers| registers.general));
    let has_float = registers.is_some_and(|registers| registers.fxsave.is_some());
    note.extend(u32::from(has_float).to_le_bytes());
    note.extend([0; 4]);
    note
}

fn siginfo(signal: &RawException<'_>) -> [u8; 128] {
    let mut bytes = [0; 128];
    let words = [signal.code, 0, signal.flags, 0];
    for (into, word) in bytes.chunks_exact_mut(4).zip(words) {
        into.copy_from_slice(&word.to_le_bytes());
    }
    let [_, _, address, ..] = bytes.as_chunks_mut::<8>().0 else { return bytes };
    *address = signal.address.to_le_bytes();
    bytes
}

/// The vector with its end mark.
fn auxv(dump: &Dump<'_>) -> Option<Vec<u8>> {
    let stream = dump.raw_stream(LINUX_AUXV)?;
    let stream = stream.get(..MAX_AUXV_BYTES).unwrap_or(stream);
    let (pairs, _) = stream.as_chunks::<16>();
    let mut bytes: Vec<u8> =
        pairs.iter().take_while(|pair| !pair.starts_with(&[0; 8])).flatten().copied().collect();
    (!bytes.is_empty()).then(|| {
        bytes.extend([0; 16]);
        bytes
    })
}

/// Count and page size; start, end and offset in pages of each; the names.
fn file_note(mappings: &[Mapping]) -> Option<Vec<u8>> {
    let files: Vec<_> =
        mappings.iter().filter_map(|mapping| Some((mapping, mapping.file.as_ref()?))).collect();
    if files.is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    for word in [files.len() as u64, PAGE] {
        bytes.extend(word.to_le_bytes());
    }
    for (mapping, file) in &files {
        for word in [mapping.start, mapping.end, file.offset / PAGE] {
            bytes.extend(word.to_le_bytes());
        }
    }
    for (_, file) in &files {
        bytes.extend(&file.path);
        bytes.push(0);
    }
    Some(bytes)
}

/// What `NT_PRPSINFO` tells.
#[derive(Debug, Default)]
struct Process {
    pid: u32,
    parent_pid: u32,
    uid: u32,
    gid: u32,
    name: String,
    arguments: String,
}

impl Process {
    fn of(dump: &Dump<'_>, first_thread: u32) -> Self {
        let text = dump.raw_stream(LINUX_PROC_STATUS).unwrap_or_default();
        let text = String::from_utf8_lossy(text.get(..MAX_STATUS_BYTES).unwrap_or(text));
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let number = |name: &str| field(name)?.split_whitespace().next()?.parse::<u32>().ok();
        let command = dump.raw_stream(LINUX_CMD_LINE).unwrap_or_default();
        let arguments = command.get(..256).unwrap_or(command).split(|byte| *byte == 0);
        let arguments: Vec<_> = arguments.map(String::from_utf8_lossy).collect();
        let executable = arguments.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let main_name =
            || dump.threads.iter().find(|thread| Some(thread.id) == process_id(dump))?.name.clone();
        Self {
            pid: process_id(dump).unwrap_or(first_thread),
            parent_pid: number("PPid:").unwrap_or(0),
            uid: number("Uid:").unwrap_or(0),
            gid: number("Gid:").unwrap_or(0),
            name: field("Name:")
                .map(str::to_owned)
                .or_else(main_name)
                .unwrap_or_else(|| executable.to_owned()),
            arguments: arguments.join(" ").trim_end().to_owned(),
        }
    }

    /// `struct elf_prpsinfo`.
    fn note(&self) -> Vec<u8> {
        let mut note = vec![0, b'R', 0, 0, 0, 0, 0, 0];
        note.extend([0; 8]);
        for word in [self.uid, self.gid, self.pid, self.parent_pid, 0, 0] {
            note.extend(word.to_le_bytes());
        }
        for (text, room) in [(&self.name, 16), (&self.arguments, 80)] {
            let kept = text.as_bytes();
            let kept = kept.get(..room - 1).unwrap_or(kept);
            note.extend(kept);
            note.resize(note.len() + room - kept.len(), 0);
        }
        note
    }
}

fn process_id(dump: &Dump<'_>) -> Option<u32> {
    let info = dump.raw_stream(MISC_INFO)?;
    (u32_at(info, 4)? & HAS_PROCESS_ID != 0).then(|| u32_at(info, 8))?
}
