//! The ELF header and the program headers of a core: which bytes of the file are notes, and which are memory.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::error::CoreFileError;
use super::limits::{MAX_NOTE_SEGMENTS, MAX_SEGMENTS};
use super::part::Part;
use crate::bytes::{u16_at, u32_at, u64_at};
use crate::core_notes::{ELF_HEADER_BYTES, ET_CORE, PROGRAM_HEADER_BYTES, PT_NOTE};
use crate::elf::{PT_LOAD, ProgramHeader, parse_program_header};

const EM_X86_64: u16 = 62;
/// `e_phnum` when there are more program headers than it can say; section header 0 has their number.
const PN_XNUM: u16 = 0xffff;
/// Offset of `sh_info` in a section header.
const SECTION_INFO: u64 = 44;

/// What the headers tell.
#[derive(Debug, Default)]
pub(super) struct Headers {
    /// Note segments: first byte in the file, and bytes.
    pub(super) notes: Vec<(u64, u64)>,
    /// `PT_LOAD`s as they are.
    pub(super) loads: Vec<ProgramHeader>,
    /// What was wrong.
    pub(super) problems: Vec<String>,
}

/// Reads the headers of a core.
pub(super) fn read(file: &File, file_bytes: u64, path: &Path) -> Result<Headers, CoreFileError> {
    let mut header = [0; ELF_HEADER_BYTES];
    let mut count = 0;
    while count < header.len() {
        let rest = header.get_mut(count..).unwrap_or_default();
        match file.read_at(rest, count as u64) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(source) => return Err(CoreFileError::Read { path: path.into(), source }),
        }
    }
    check(header.get(..count).unwrap_or_default(), path)?;
    let table = u64_at(&header, 32).unwrap_or(0);
    let wanted = segment_count(file, &header)
        .map_err(|reason| CoreFileError::Damaged { path: path.into(), reason: reason.into() })?;
    let mut headers = Headers::default();
    if wanted > MAX_SEGMENTS {
        let problem = format!("The core has {wanted} segments; only the first {MAX_SEGMENTS} are read.");
        headers.problems.push(problem);
    }
    collect(file, file_bytes, table, wanted.min(MAX_SEGMENTS), &mut headers);
    if headers.notes.is_empty() && headers.loads.is_empty() {
        return Err(CoreFileError::Damaged { path: path.into(), reason: "it has no segments".into() });
    }
    Ok(headers)
}

/// Whether a header is that of a core that can be read.
fn check(header: &[u8], path: &Path) -> Result<(), CoreFileError> {
    let not_a_core = |what: &str| CoreFileError::NotACore { path: path.into(), what: what.into() };
    if header.is_empty() {
        return Err(not_a_core("it is empty"));
    }
    if !header.starts_with(b"\x7fELF") {
        return Err(not_a_core(what_it_is(header)));
    }
    let file_type = u16_at(header, 16).ok_or_else(|| not_a_core("it ends within its ELF header"))?;
    if header.get(5) == Some(&2) {
        return Err(CoreFileError::OtherArchitecture {
            path: path.into(),
            machine: "a big-endian processor".into(),
        });
    }
    if file_type != ET_CORE {
        return Err(not_a_core(match file_type {
            1 => "it is an object file",
            2 => "it is an executable",
            3 => "it is a shared library or an executable",
            _ => "it is an ELF file of another kind",
        }));
    }
    let machine = u16_at(header, 18).unwrap_or(0);
    if header.get(4) == Some(&1) && matches!(machine, 3 | EM_X86_64) {
        return Err(CoreFileError::ThirtyTwoBit { path: path.into() });
    }
    if machine != EM_X86_64 {
        return Err(CoreFileError::OtherArchitecture { path: path.into(), machine: machine_name(machine) });
    }
    if header.len() < ELF_HEADER_BYTES || usize::from(u16_at(header, 54).unwrap_or(0)) != PROGRAM_HEADER_BYTES
    {
        let reason = "its ELF header is cut or of another form".into();
        return Err(CoreFileError::Damaged { path: path.into(), reason });
    }
    Ok(())
}

fn what_it_is(header: &[u8]) -> &'static str {
    match header {
        [b'M', b'D', b'M', b'P', ..] => "it is a minidump",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "it is packed with xz; unpack it with `xz -d` first",
        [0x1f, 0x8b, ..] => "it is packed with gzip; unpack it with `gzip -d` first",
        [0x02, 0x21, 0x4c, 0x18, ..] => "it is an old form of lz4; unpack it with `lz4 -d` first",
        _ => "it does not begin as an ELF file",
    }
}

fn machine_name(machine: u16) -> String {
    match machine {
        3 => "x86".into(),
        20 | 21 => "POWER".into(),
        22 => "s390".into(),
        40 => "32-bit ARM".into(),
        183 => "ARM64".into(),
        243 => "RISC-V".into(),
        258 => "LoongArch".into(),
        other => format!("processor number {other}"),
    }
}

fn segment_count(file: &File, header: &[u8]) -> Result<u64, &'static str> {
    let count = u16_at(header, 56).unwrap_or(0);
    if count != PN_XNUM {
        return Ok(u64::from(count));
    }
    let mut info = [0; 4];
    let at = u64_at(header, 40).filter(|table| *table != 0).and_then(|table| table.checked_add(SECTION_INFO));
    let found = at.is_some_and(|at| file.read_exact_at(&mut info, at).is_ok());
    match u32_at(&info, 0) {
        Some(count) if found && count > 0 => Ok(u64::from(count)),
        _ => Err("it has more than 65,534 segments, and the place of their number is missing"),
    }
}

fn collect(file: &File, file_bytes: u64, table: u64, count: u64, into: &mut Headers) {
    let end = table.saturating_add(count * PROGRAM_HEADER_BYTES as u64).min(file_bytes);
    let mut reader = BufReader::with_capacity(64 << 10, Part::new(file, table, end));
    for index in 0..count {
        let mut bytes = [0; PROGRAM_HEADER_BYTES];
        if reader.read_exact(&mut bytes).is_err() {
            let missing = count - index;
            into.problems
                .push(format!("The core is cut: {missing} of its {count} program headers are missing."));
            return;
        }
        let Some(header) = parse_program_header(&bytes) else { return };
        match header.kind {
            PT_NOTE if into.notes.len() < MAX_NOTE_SEGMENTS => {
                into.notes.push((header.offset, header.file_bytes));
            }
            PT_LOAD => into.loads.push(header),
            _ => {}
        }
    }
}
