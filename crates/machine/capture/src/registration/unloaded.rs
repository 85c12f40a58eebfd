//! Reads the list of modules that went away, which the registration block leads to.
//!
//! The list is the target's memory as the block is: every number is checked, nothing is locked, and an entry that is
//! being changed is left out.

use std::mem::{offset_of, size_of};

use wer_abi::registration::{
    UNLOADED_MAGIC, UNLOADED_PATH_BYTES, UNLOADED_SLOTS, UNLOADED_VERSION, UnloadedEntry, UnloadedList,
};
use wer_snapshot::{MemoryReader, UnloadedModule};

use crate::bytes::{u32_at, u64_at};

const ENTRY_BYTES: usize = size_of::<UnloadedEntry>();
const ENTRIES_OFFSET: usize = offset_of!(UnloadedList, entries);

/// The modules in the list at `address`, the last one first; none where `address` is 0.
///
/// # Errors
/// A sentence that says why there is no list of a known version.
pub(super) fn read(memory: &dyn MemoryReader, address: u64) -> Result<Vec<UnloadedModule>, String> {
    if address == 0 {
        return Ok(Vec::new());
    }
    let list = |what: &str| format!("The list of unloaded modules at {address:#x} {what}; it is not read.");
    let whole = || memory.read_exact(address, size_of::<UnloadedList>());
    let first = whole().ok_or_else(|| list("could not be read"))?;
    check(&first).map_err(|reason| list(&reason))?;
    // What has the same sequence in two readings one after the other is whole in the first.
    let second = whole().ok_or_else(|| list("could not be read"))?;
    let mut modules: Vec<(u64, UnloadedModule)> = (0..UNLOADED_SLOTS)
        .filter_map(|slot| {
            let at = ENTRIES_OFFSET + slot * ENTRY_BYTES;
            let (bytes, again) = (first.get(at..at + ENTRY_BYTES)?, second.get(at..at + ENTRY_BYTES)?);
            let sequence = u64_at(bytes, offset_of!(UnloadedEntry, sequence))?;
            let is_whole =
                sequence != 0 && u64_at(again, offset_of!(UnloadedEntry, sequence)) == Some(sequence);
            is_whole.then(|| module(bytes)).flatten().map(|module| (sequence, module))
        })
        .collect();
    modules.sort_by_key(|(sequence, _)| std::cmp::Reverse(*sequence));
    Ok(modules.into_iter().map(|(_, module)| module).collect())
}

fn check(list: &[u8]) -> Result<(), String> {
    let field = |offset| u32_at(list, offset).unwrap_or(0);
    if u64_at(list, offset_of!(UnloadedList, magic)) != Some(UNLOADED_MAGIC) {
        return Err("has no magic number".into());
    }
    let version = field(offset_of!(UnloadedList, version));
    if version != UNLOADED_VERSION {
        return Err(format!("has version {version}, and only version {UNLOADED_VERSION} can be read"));
    }
    let shape = [
        field(offset_of!(UnloadedList, header_bytes)) as usize,
        field(offset_of!(UnloadedList, entry_bytes)) as usize,
        field(offset_of!(UnloadedList, entry_count)) as usize,
    ];
    if shape != [ENTRIES_OFFSET, ENTRY_BYTES, UNLOADED_SLOTS] {
        return Err(format!("claims entries at {}, of {} bytes, {} of them", shape[0], shape[1], shape[2]));
    }
    Ok(())
}

/// An entry's module, if its numbers can be a module's.
fn module(entry: &[u8]) -> Option<UnloadedModule> {
    let base = u64_at(entry, offset_of!(UnloadedEntry, base))?;
    let size = u64_at(entry, offset_of!(UnloadedEntry, size))?;
    base.checked_add(size)?;
    let path_bytes = u32_at(entry, offset_of!(UnloadedEntry, path_bytes))? as usize;
    let path = entry.get(offset_of!(UnloadedEntry, path)..)?;
    let path = String::from_utf8_lossy(path.get(..path_bytes.min(UNLOADED_PATH_BYTES))?);
    // The beginning is missing.
    let cut = if path_bytes > UNLOADED_PATH_BYTES { "..." } else { "" };
    (base != 0 && size != 0).then(|| UnloadedModule { base, size, path: format!("{cut}{path}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a writer leaves, without its structs: offsets as the format's document has them.
    fn list(entries: &[(usize, u64, u64, u64, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; 0x1000 + 32_768];
        let mut put =
            |at: usize, value: &[u8]| bytes[0x1000 + at..0x1000 + at + value.len()].copy_from_slice(value);
        put(0, b"WERUNLOD");
        for (at, value) in [(8, 1_u32), (12, 512), (16, 504), (20, 64)] {
            put(at, &value.to_le_bytes());
        }
        for (slot, sequence, base, size, path) in entries {
            let at = 512 + slot * 504;
            for (offset, value) in [(0, sequence), (8, base), (16, size)] {
                put(at + offset, &value.to_le_bytes());
            }
            put(at + 32, &(path.len() as u32).to_le_bytes());
            put(at + 40, &path[path.len().saturating_sub(464)..]);
        }
        bytes
    }

    struct Bytes(Vec<u8>);

    impl MemoryReader for Bytes {
        fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
            let rest =
                usize::try_from(address).ok().and_then(|start| self.0.get(start..)).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            count
        }
    }

    fn read_list(bytes: Vec<u8>) -> Result<Vec<UnloadedModule>, String> {
        read(&Bytes(bytes), 0x1000)
    }

    #[test]
    fn modules_come_back_the_last_one_first() {
        let long = [&[b'd'; 500][..], b"/end.so"].concat();
        let entries: [(usize, u64, u64, u64, &[u8]); 5] = [
            (63, 64, 0x1000, 0x2000, b"/a.so"),
            (0, 65, 0x5000, 0x1000, &long),
            (1, 2, 0x9000, 0x1000, b"/b\xff\n.so"),
            (2, 0, 0x9000, 0x1000, b"/being written"),
            (3, 4, u64::MAX, 0x1000, b"/nonsense"),
        ];
        let modules = read_list(list(&entries)).unwrap();
        let seen: Vec<_> = modules.iter().map(|m| (m.base, m.size)).collect();
        assert_eq!(seen, [(0x5000, 0x1000), (0x1000, 0x2000), (0x9000, 0x1000)]);
        assert!(modules[0].path.starts_with("...ddd") && modules[0].path.ends_with("/end.so"));
        assert_eq!((modules[1].path.as_str(), modules[2].path.as_str()), ("/a.so", "/b\u{fffd}\n.so"));
    }

    #[test]
    fn what_is_no_list_is_refused_with_a_reason() {
        assert_eq!(read(&Bytes(Vec::new()), 0), Ok(Vec::new()));
        assert!(read(&Bytes(Vec::new()), 0x1000).unwrap_err().contains("could not be read"));
        for (at, reason) in [(0, "magic"), (8, "version"), (12, "claims"), (16, "claims"), (20, "claims")] {
            let mut bytes = list(&[]);
            bytes[0x1000 + at] ^= 2;
            let error = read_list(bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        assert!(read(&Bytes(list(&[])), u64::MAX - 5).is_err());
    }
}
