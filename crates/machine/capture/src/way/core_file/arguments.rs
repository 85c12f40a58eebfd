//! The command line from the first stack: below the auxiliary vector lie the environment's pointers, below these the
//! arguments', and below these their number. (`NT_PRPSINFO` has only its first 79 bytes.)

use wer_snapshot::MemoryReader;
use wer_sys::limits::MAX_ARGUMENTS;

use super::limits::{ARGUMENTS_REACH_BYTES, AUXV_REACH_BYTES, MAX_ALL_ARGUMENTS_BYTES, MAX_ARGUMENT_BYTES};
use super::regions::auxv_value;
use crate::elf::{PAGE, read_text};

const AT_RANDOM: u64 = 25;

/// The arguments; `None` where the stack is not as the kernel made it.
pub(super) fn arguments(
    memory: &dyn MemoryReader,
    auxv: &[(u64, u64)],
    auxv_bytes: &[u8],
) -> Option<Vec<String>> {
    let vector = vector_address(memory, auxv, auxv_bytes)?;
    let words = words_below(memory, vector);
    // From the vector down: a zero, the environment, a zero, the arguments, their number.
    let mut down = words.iter().rev().copied();
    if down.next() != Some(0) {
        return None;
    }
    down.by_ref().find(|word| *word == 0)?;
    let mut pointers = Vec::new();
    loop {
        let word = down.next()?;
        if word == pointers.len() as u64 {
            break;
        }
        if pointers.len() == MAX_ARGUMENTS {
            return None;
        }
        pointers.push(word);
    }
    let mut left = MAX_ALL_ARGUMENTS_BYTES;
    let texts = pointers.iter().rev().map_while(|pointer| {
        let limit = left.min(MAX_ARGUMENT_BYTES);
        let text = read_text(memory, *pointer, limit);
        left -= text.len().min(limit);
        (limit > 0).then_some(text)
    });
    Some(texts.collect())
}

/// Where the auxiliary vector is: a little below the random bytes that the kernel put behind it.
fn vector_address(memory: &dyn MemoryReader, auxv: &[(u64, u64)], auxv_bytes: &[u8]) -> Option<u64> {
    const KEY_BYTES: usize = 64;
    let random = auxv_value(auxv, AT_RANDOM)?;
    let wanted = auxv_bytes.get(..KEY_BYTES)?;
    let from = random.checked_sub(AUXV_REACH_BYTES)? & !7;
    let bytes = memory.read_exact(from, usize::try_from(random - from).ok()?)?;
    let at = bytes.windows(KEY_BYTES).step_by(8).position(|window| window == wanted)?;
    from.checked_add(at as u64 * 8)
}

/// The words below an address, as far down as can be read.
fn words_below(memory: &dyn MemoryReader, address: u64) -> Vec<u64> {
    let lowest = address.saturating_sub(ARGUMENTS_REACH_BYTES);
    let mut bytes = Vec::new();
    let mut top = address;
    while top > lowest {
        let start = ((top - 1) & !(PAGE - 1)).max(lowest);
        let Some(page) = usize::try_from(top - start).ok().and_then(|size| memory.read_exact(start, size))
        else {
            break;
        };
        bytes.push(page);
        top = start;
    }
    let bytes: Vec<u8> = bytes.into_iter().rev().flatten().collect();
    let (_, words) = bytes.as_rchunks::<8>();
    words.iter().map(|word| u64::from_le_bytes(*word)).collect()
}
