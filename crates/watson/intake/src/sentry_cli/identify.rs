//! What a debug file says about itself, as far as its begin does: kind, processor, ids. Pure: fixed offsets in the first
//! [`MAX_DEBUG_HEAD_BYTES`](crate::limits::MAX_DEBUG_HEAD_BYTES), each checked.

use watson_db::{DebugFile, DebugFileKind};

/// What a debug file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugFacts {
    /// As it is kept; `None`: it does not say.
    pub debug_id: Option<String>,
    /// As it is kept; empty = it does not say.
    pub code_id: String,
    /// Processor; empty = it does not say.
    pub arch: String,
}

/// Reads the begin of a file.
#[must_use]
pub fn identify(head: &[u8]) -> DebugFacts {
    match DebugFileKind::of(head) {
        DebugFileKind::Breakpad => breakpad(head).unwrap_or_default(),
        DebugFileKind::Elf => elf(head),
        DebugFileKind::Pe => pe(head).unwrap_or_default(),
        _ => DebugFacts::default(),
    }
}

/// The first line: `MODULE os cpu id name`.
fn breakpad(head: &[u8]) -> Option<DebugFacts> {
    let line = head.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let mut words = core::str::from_utf8(line).ok()?.split(' ');
    let (_module, _os, cpu, id) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let arch: String = cpu.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(16).collect();
    Some(DebugFacts { debug_id: DebugFile::plain_debug_id(id), code_id: String::new(), arch })
}

/// `e_machine`, and the note that has the build id, which linkers put before everything large.
fn elf(head: &[u8]) -> DebugFacts {
    let machine = u16_at(head, 18);
    let arch = match machine {
        Some(3) => "x86",
        Some(40) => "arm",
        Some(62) => "x86_64",
        Some(183) => "arm64",
        Some(243) => "riscv64",
        _ => "",
    };
    let build_id = build_id(head).unwrap_or_default();
    DebugFacts {
        debug_id: debug_id_of_build_id(build_id),
        code_id: build_id.iter().map(|byte| format!("{byte:02x}")).collect(),
        arch: arch.into(),
    }
}

/// A note's head: bytes of its name (4), bytes of the id, type 3, `GNU` and a zero.
fn build_id(head: &[u8]) -> Option<&[u8]> {
    const MAX_ID_BYTES: usize = 32;
    const NAME: &[u8] = b"\x03\0\0\0GNU\0";
    memchr::memmem::find_iter(head, NAME).find_map(|at| {
        let sizes = head.get(at.checked_sub(8)?..at)?;
        let (name_bytes, id_bytes) = (u32_at(sizes, 0)?, usize::try_from(u32_at(sizes, 4)?).ok()?);
        let begin = at + NAME.len();
        let plausible = name_bytes == 4 && (8..=MAX_ID_BYTES).contains(&id_bytes);
        head.get(begin..begin + id_bytes).filter(|_| plausible)
    })
}

/// Breakpad's rule: the first 16 bytes as a GUID, whose first three parts are little-endian.
fn debug_id_of_build_id(build_id: &[u8]) -> Option<String> {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let byte = |at: &usize| build_id.get(*at).copied().unwrap_or(0);
    let id: String = ORDER.iter().map(|at| format!("{:02X}", byte(at))).collect();
    (!build_id.is_empty()).then(|| format!("{id}0"))
}

/// `TimeDateStamp` and `SizeOfImage`, as symbol servers name programs.
fn pe(head: &[u8]) -> Option<DebugFacts> {
    let at = usize::try_from(u32_at(head, 0x3c)?).ok()?;
    let header = head.get(at..).filter(|header| header.starts_with(b"PE\0\0"))?;
    let arch = match u16_at(header, 4)? {
        0x14c => "x86",
        0x8664 => "x86_64",
        0xaa64 => "arm64",
        _ => "",
    };
    let code_id = format!("{:08x}{:x}", u32_at(header, 8)?, u32_at(header, 24 + 56)?);
    Some(DebugFacts { debug_id: None, code_id, arch: arch.into() })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_breakpad_and_symbol_servers_use() {
        let mut elf =
            [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 11], &62_u16.to_le_bytes(), &[0; 100]].concat();
        let id: Vec<u8> = (0..20).collect();
        elf.extend([b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0".as_slice(), &id].concat());
        let facts = identify(&elf);
        assert_eq!(facts.debug_id.as_deref(), Some("030201000504070608090A0B0C0D0E0F0"));
        assert_eq!(facts.code_id, "000102030405060708090a0b0c0d0e0f10111213");
        assert_eq!(facts.arch, "x86_64");
        for cut in 0..elf.len() {
            let _ = identify(&elf[..cut]);
        }
        let breakpad = identify(b"MODULE Linux x86_64 000102030405060708090A0B0C0D0E0F0 a b.so\n");
        assert_eq!(breakpad.debug_id.as_deref(), Some("000102030405060708090A0B0C0D0E0F0"));
        assert_eq!(breakpad.arch, "x86_64");
        let mut pe = b"MZ".to_vec();
        pe.resize(0x3c, 0);
        pe.extend(
            [0x40_u32.to_le_bytes().as_slice(), b"PE\0\0", &0x8664_u16.to_le_bytes(), &[0; 2]].concat(),
        );
        pe.extend(0x5ab3_8077_u32.to_le_bytes());
        pe.resize(0x40 + 24 + 56, 0);
        pe.extend(0x9000_u32.to_le_bytes());
        assert_eq!(identify(&pe).code_id, "5ab380779000");
    }

    #[test]
    fn lies_say_nothing() {
        let far = [b"MZ".as_slice(), &[0; 0x3a], &u32::MAX.to_le_bytes()].concat();
        assert_eq!(identify(&far), DebugFacts::default());
        let long = b"\x7fELF----------------\x04\0\0\0\xff\xff\xff\xff\x03\0\0\0GNU\0";
        assert_eq!(identify(long).code_id, "");
        assert_eq!(identify(b"MODULE x"), DebugFacts::default());
    }
}
