//! The head of an ELF core as the kernel writes it into a pipe or socket: header, program headers, notes.
//!
//! Nothing behind the notes is read: while the rest waits, the kernel holds the crashed process. The stream is the
//! kernel's, but a handler can be fed by hand, so its numbers have limits like everybody's.

use std::io::{self, Read};

use wer_snapshot::{FpuState, Registers, SignalInfo};
use wer_sys::limits::MAX_XSAVE_BYTES;
use wer_sys::procfs::parse_auxv;
use wer_sys::ptrace::{SIGINFO_BYTES, registers_from_bytes};

use crate::bytes::{chunk, u16_at, u32_at, u64_at};
use crate::elf::{Note, Notes, PT_LOAD, ProgramHeader, parse_program_header};
use crate::limits::{
    MAX_CORE_LOADS, MAX_CORE_NOTE_BYTES, MAX_CORE_NOTES, MAX_CORE_SKIP_BYTES, MAX_CORE_THREADS,
};
use crate::signal_frame::parse_siginfo;

pub(crate) const ELF_HEADER_BYTES: usize = 64;
pub(crate) const PROGRAM_HEADER_BYTES: usize = 56;
pub(crate) const PT_NOTE: u32 = 4;
pub(crate) const ET_CORE: u16 = 4;
pub(crate) const NT_PRSTATUS: u32 = 1;
const NT_FPREGSET: u32 = 2;
pub(crate) const NT_AUXV: u32 = 6;
const NT_SIGINFO: u32 = 0x5349_4749;
const NT_X86_XSTATE: u32 = 0x202;
/// Offset of `pr_pid` in `struct elf_prstatus`.
const PRSTATUS_PID: usize = 32;
/// Offset of `pr_reg` in `struct elf_prstatus`.
const PRSTATUS_REGISTERS: usize = 112;

/// A thread as a core's notes have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreThread {
    /// Its id in its own, innermost pid namespace.
    pub namespace_tid: u32,
    /// General registers.
    pub registers: Registers,
    /// Floating point state.
    pub fpu: Option<FpuState>,
}

/// A mapping as a core's program headers have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreLoad {
    /// First address.
    pub start: u64,
    /// Bytes in memory.
    pub memory_bytes: u64,
    /// Bytes in the core; 0 = the kernel leaves it out.
    pub file_bytes: u64,
}

/// What a core's notes tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoreNotes {
    /// Threads; the crashed one first.
    pub threads: Vec<CoreThread>,
    /// The signal.
    pub signal: Option<SignalInfo>,
    /// The auxiliary vector.
    pub auxv: Vec<(u64, u64)>,
    /// The mappings, where the head of the core was read.
    pub loads: Vec<CoreLoad>,
    /// What was wrong; empty = nothing.
    pub problems: Vec<String>,
}

/// Reads a core up to the end of its notes.
pub fn read_core_notes(core: &mut dyn Read) -> CoreNotes {
    let mut notes = CoreNotes::default();
    match note_bytes(core, &mut notes.loads) {
        Ok((bytes, complete)) => {
            if !complete {
                notes.problems.push("The core ends within its notes; threads may be missing.".into());
            }
            collect(&bytes, &mut notes);
        }
        Err(problem) => notes.problems.push(problem),
    }
    notes
}

/// The bytes of the note segment, and whether all of them were there.
fn note_bytes(core: &mut dyn Read, loads: &mut Vec<CoreLoad>) -> Result<(Vec<u8>, bool), String> {
    let broken = |what: &str| format!("The core has no usable {what}; registers of its threads are missing.");
    let mut header = [0; ELF_HEADER_BYTES];
    core.read_exact(&mut header).map_err(|error| broken(&format!("header ({error})")))?;
    if !header.starts_with(b"\x7fELF\x02\x01") || u16_at(&header, 16) != Some(ET_CORE) {
        return Err(broken("ELF header"));
    }
    let table = u64_at(&header, 32).unwrap_or(0);
    let count = u16_at(&header, 56).unwrap_or(0);
    let mut position = ELF_HEADER_BYTES as u64;
    skip(core, &mut position, table).map_err(|error| broken(&format!("program headers ({error})")))?;
    let note = find_note(core, &mut position, count).ok_or_else(|| broken("note segment"))?;
    read_loads(core, &mut position, note.offset, loads)
        .map_err(|error| broken(&format!("program headers ({error})")))?;
    skip(core, &mut position, note.offset).map_err(|error| broken(&format!("notes ({error})")))?;
    let wanted = note.file_bytes.min(MAX_CORE_NOTE_BYTES);
    let mut bytes = Vec::new();
    core.take(wanted).read_to_end(&mut bytes).map_err(|error| broken(&format!("notes ({error})")))?;
    let complete = bytes.len() as u64 == note.file_bytes;
    Ok((bytes, complete))
}

fn find_note(core: &mut dyn Read, position: &mut u64, count: u16) -> Option<ProgramHeader> {
    for _ in 0..count {
        let mut bytes = [0; PROGRAM_HEADER_BYTES];
        core.read_exact(&mut bytes).ok()?;
        *position += PROGRAM_HEADER_BYTES as u64;
        let header = parse_program_header(&bytes)?;
        if header.kind == PT_NOTE {
            return Some(header);
        }
    }
    None
}

/// Reads the program headers behind the notes' own, which comes first. How many there are is told by where the notes
/// begin: the count in the ELF header ends at 65,535.
fn read_loads(
    core: &mut dyn Read,
    position: &mut u64,
    end: u64,
    loads: &mut Vec<CoreLoad>,
) -> io::Result<()> {
    const ONE: u64 = PROGRAM_HEADER_BYTES as u64;
    let count = end.saturating_sub(*position).min(MAX_CORE_SKIP_BYTES) / ONE;
    let mut core = io::BufReader::with_capacity(64 << 10, core.take(count * ONE));
    for _ in 0..count {
        let mut bytes = [0; PROGRAM_HEADER_BYTES];
        core.read_exact(&mut bytes)?;
        *position += ONE;
        let header = parse_program_header(&bytes).filter(|header| header.kind == PT_LOAD);
        if let Some(header) = header
            && loads.len() < MAX_CORE_LOADS
        {
            let (memory_bytes, file_bytes) = (header.memory_bytes, header.file_bytes);
            loads.push(CoreLoad { start: header.address, memory_bytes, file_bytes });
        }
    }
    Ok(())
}

fn skip(core: &mut dyn Read, position: &mut u64, to: u64) -> io::Result<()> {
    let distance = to.checked_sub(*position).filter(|distance| *distance <= MAX_CORE_SKIP_BYTES);
    let distance = distance.ok_or(io::ErrorKind::InvalidData)?;
    let passed = io::copy(&mut core.take(distance), &mut io::sink())?;
    *position = to;
    if passed == distance { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn collect(bytes: &[u8], into: &mut CoreNotes) {
    for note in Notes::new(bytes, 4).take(MAX_CORE_NOTES) {
        if !add_note(&note, into) {
            return;
        }
    }
}

/// Takes over what a note says; `false` = no more threads are kept, the rest need not be read.
pub(crate) fn add_note(note: &Note<'_>, into: &mut CoreNotes) -> bool {
    match (note.kind, note.name) {
        (NT_PRSTATUS, b"CORE") => match thread(note.data) {
            Some(_) if into.threads.len() == MAX_CORE_THREADS => {
                into.problems.push(format!("Only {MAX_CORE_THREADS} threads of the core are kept."));
                return false;
            }
            Some(thread) => into.threads.push(thread),
            None => add_once(&mut into.problems, "A thread's note in the core is too short."),
        },
        (NT_FPREGSET, b"CORE") => {
            if let (Some(thread), Some(image)) = (into.threads.last_mut(), chunk::<512>(note.data, 0)) {
                thread.fpu = Some(FpuState { fxsave: Box::new(image), xsave: Vec::new() });
            }
        }
        (NT_X86_XSTATE, b"LINUX") => add_xsave(into.threads.last_mut(), note.data),
        // A debugger's core has one for every thread; the first is the crashed one's.
        (NT_SIGINFO, b"CORE") if into.signal.is_none() => {
            into.signal = chunk::<SIGINFO_BYTES>(note.data, 0).map(|bytes| parse_siginfo(&bytes));
        }
        (NT_AUXV, b"CORE") => into.auxv = parse_auxv(note.data),
        _ => {}
    }
    true
}

fn add_once(problems: &mut Vec<String>, problem: &str) {
    if !problems.iter().any(|known| known == problem) {
        problems.push(problem.into());
    }
}

fn thread(note: &[u8]) -> Option<CoreThread> {
    Some(CoreThread {
        namespace_tid: u32_at(note, PRSTATUS_PID)?,
        registers: registers_from_bytes(&chunk(note, PRSTATUS_REGISTERS)?),
        fpu: None,
    })
}

fn add_xsave(thread: Option<&mut CoreThread>, area: &[u8]) {
    let (Some(thread), Some(image)) = (thread, chunk::<512>(area, 0)) else { return };
    if area.len() <= MAX_XSAVE_BYTES {
        let fxsave = thread.fpu.take().map_or_else(|| Box::new(image), |fpu| fpu.fxsave);
        thread.fpu = Some(FpuState { fxsave, xsave: area.to_vec() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn note(kind: u32, name: &[u8], data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [name.len() as u32 + 1, data.len() as u32, kind] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(name);
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn status(tid: u32, rip: u64) -> Vec<u8> {
        let mut data = vec![0; 336];
        data[PRSTATUS_PID..][..4].copy_from_slice(&tid.to_le_bytes());
        data[PRSTATUS_REGISTERS + 16 * 8..][..8].copy_from_slice(&rip.to_le_bytes());
        note(NT_PRSTATUS, b"CORE", &data)
    }

    fn core(notes: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 2 * 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[16..18].copy_from_slice(&ET_CORE.to_le_bytes());
        bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
        bytes[56..58].copy_from_slice(&2u16.to_le_bytes());
        bytes[64..68].copy_from_slice(&PT_NOTE.to_le_bytes());
        bytes[72..80].copy_from_slice(&176u64.to_le_bytes());
        bytes[96..104].copy_from_slice(&(notes.len() as u64).to_le_bytes());
        bytes.extend(notes);
        bytes.extend(b"memory");
        bytes
    }

    #[test]
    fn threads_signal_and_vectors_are_read_and_the_rest_is_left() {
        let mut siginfo = vec![0; 128];
        siginfo[0] = 11;
        siginfo[8] = 1;
        siginfo[16..18].copy_from_slice(&[0x34, 0x12]);
        let notes = [
            status(7, 0x1111),
            note(NT_SIGINFO, b"CORE", &siginfo),
            note(NT_AUXV, b"CORE", &[&3u64.to_le_bytes()[..], &64u64.to_le_bytes()[..]].concat()),
            note(NT_FPREGSET, b"CORE", &[5; 512]),
            note(NT_X86_XSTATE, b"LINUX", &[6; 832]),
            status(8, 0x2222),
        ]
        .concat();
        let bytes = core(&notes);
        let mut rest = bytes.as_slice();
        let found = read_core_notes(&mut rest);
        assert_eq!(rest, b"memory");
        assert_eq!((found.problems.len(), found.threads.len()), (0, 2));
        assert_eq!(found.signal.map(|signal| (signal.number, signal.address)), Some((11, 0x1234)));
        assert_eq!(found.auxv, [(3, 64)]);
        let first = &found.threads[0];
        assert_eq!((first.namespace_tid, first.registers.rip), (7, 0x1111));
        let fpu = first.fpu.as_ref().expect("an image");
        assert_eq!((fpu.fxsave[0], fpu.xsave.len()), (5, 832));
        assert!(found.threads[1].fpu.is_none());
    }

    #[test]
    fn a_core_that_is_cut_gives_what_it_has() {
        let bytes = core(&[status(7, 1), status(8, 2)].concat());
        let found = read_core_notes(&mut &bytes[..176 + 400]);
        assert_eq!((found.threads.len(), found.problems.len()), (1, 1));
        for length in [0, 10, 64, 100, 176] {
            let found = read_core_notes(&mut &bytes[..length]);
            assert!(found.threads.is_empty() && !found.problems.is_empty(), "{length}");
        }
    }

    #[test]
    fn lies_about_sizes_are_not_believed() {
        let mut bytes = core(&status(7, 1));
        bytes[96..104].copy_from_slice(&u64::MAX.to_le_bytes());
        let found = read_core_notes(&mut bytes.as_slice());
        assert_eq!(found.threads.len(), 1);
        assert_eq!(found.problems.len(), 1);
        bytes[72..80].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(read_core_notes(&mut bytes.as_slice()).threads.is_empty());
        bytes[72..80].copy_from_slice(&1u64.to_le_bytes());
        assert!(read_core_notes(&mut bytes.as_slice()).threads.is_empty());
    }

    proptest! {
        #[test]
        fn no_notes_make_it_panic(notes in proptest::collection::vec(any::<u8>(), 0..900)) {
            let _ = read_core_notes(&mut core(&notes).as_slice());
            let _ = read_core_notes(&mut notes.as_slice());
        }
    }
}
