//! Finds the two pieces of code that an injection needs in what the target has mapped already: nothing is written.
//!
//! `syscall; ret` and `pop rax; ret` (which is the end of any `pop r8; ret`) are in every C library, in every static
//! program, and in Go's runtime. They are looked for while the target runs, and looked at again while it stands.

use wer_snapshot::{MemoryReader, Region, RegionKind};

use super::landing::Pieces;
use super::limits::{COPY_STEP_BYTES, MAX_SEARCHED_BYTES};

const SYSTEM_CALL: &[u8] = &[0x0f, 0x05, 0xc3];
const POP_RAX: &[u8] = &[0x58, 0xc3];

/// Finds both, in the vdso first, then in files, in the order of `regions`; `None` when one is missing.
pub(crate) fn find(memory: &dyn MemoryReader, regions: &[Region]) -> Option<Pieces> {
    let is_code = |region: &&Region| region.protection.execute && region.protection.read;
    let code = regions.iter().filter(is_code).filter(|region| rank(region).is_some());
    let mut code: Vec<&Region> = code.collect();
    code.sort_by_key(|region| rank(region));
    let (mut system_call, mut pop_rax) = (None, None);
    let mut budget = MAX_SEARCHED_BYTES;
    for region in code {
        let mut at = region.start;
        while at < region.end && budget > 0 && (system_call.is_none() || pop_rax.is_none()) {
            let length = (region.end - at).min(COPY_STEP_BYTES as u64);
            let mut bytes = vec![0; usize::try_from(length).ok()?];
            let count = memory.read(at, &mut bytes);
            bytes.truncate(count);
            system_call = system_call.or_else(|| position(&bytes, SYSTEM_CALL).map(|offset| at + offset));
            pop_rax = pop_rax.or_else(|| position(&bytes, POP_RAX).map(|offset| at + offset));
            budget = budget.saturating_sub(length);
            at += length;
        }
    }
    Some(Pieces { system_call: system_call?, pop_rax: pop_rax? })
}

/// Whether both are still where they were found.
pub(crate) fn are_in_place(memory: &dyn MemoryReader, pieces: Pieces) -> bool {
    let is_at = |address, bytes: &[u8]| memory.read_exact(address, bytes.len()).as_deref() == Some(bytes);
    is_at(pieces.system_call, SYSTEM_CALL) && is_at(pieces.pop_rax, POP_RAX)
}

/// What is never unmapped comes first; memory that a program writes its code into does not count.
fn rank(region: &Region) -> Option<u8> {
    match &region.kind {
        RegionKind::Vdso => Some(0),
        RegionKind::File { path, .. } if path.contains("libc") || path.contains("ld-") => Some(1),
        RegionKind::File { .. } if !region.protection.write => Some(2),
        _ => None,
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<u64> {
    bytes.windows(wanted.len()).position(|window| window == wanted).map(|offset| offset as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_sys::Process;

    #[test]
    fn they_are_found_in_an_ordinary_process() {
        let process = Process::open(std::process::id()).expect("our own");
        let memory = process.memory(false).expect("our own");
        let regions = process.maps().expect("our own").regions;
        let pieces = find(&memory, &regions).expect("both pieces");
        assert!(are_in_place(&memory, pieces));
        assert!(!are_in_place(&memory, Pieces { system_call: pieces.pop_rax, ..pieces }));
        assert_eq!(find(&memory, &[]), None);
    }
}
