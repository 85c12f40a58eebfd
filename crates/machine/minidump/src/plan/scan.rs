//! What stacks and registers point to: reads the beginning of each stack, within limits, the crashed thread's first.

use wer_copy::Range;
use wer_snapshot::{MemoryReader, ProcessSnapshot, ThreadSnapshot};

use crate::limits::{STACK_SCAN_MAX_BYTES, STACK_SCAN_TOTAL_BYTES};
use crate::plan::PlannedThread;
use crate::plan::lookup::ModuleLookup;

/// Calls `see` with each thread's words, a thread at a time.
pub(super) fn each_thread(
    snapshot: &ProcessSnapshot,
    threads: &[PlannedThread],
    crashed: usize,
    memory: &dyn MemoryReader,
    mut see: impl FnMut(&[u64]),
) {
    let mut left = STACK_SCAN_TOTAL_BYTES;
    let first = threads.iter().filter(|planned| planned.index == crashed);
    let ordered = first.chain(threads.iter().filter(|planned| planned.index != crashed));
    for planned in ordered {
        let Some(thread) = snapshot.threads.get(planned.index) else { continue };
        let mut words = register_words(thread);
        words.extend(stack_words(thread, planned.stack, memory, &mut left));
        words.sort_unstable();
        words.dedup();
        see(&words);
    }
}

fn register_words(thread: &ThreadSnapshot) -> Vec<u64> {
    let Some(r) = &thread.registers else { return Vec::new() };
    vec![
        r.rip, r.rsp, r.rbp, r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.r8, r.r9, r.r10, r.r11, r.r12,
        r.r13, r.r14, r.r15,
    ]
}

fn stack_words(
    thread: &ThreadSnapshot,
    stack: Option<Range>,
    memory: &dyn MemoryReader,
    left: &mut u64,
) -> Vec<u64> {
    let (Some(stack), Some(registers)) = (stack, &thread.registers) else { return Vec::new() };
    let start = (registers.rsp & !7).max(stack.start);
    let bytes = stack.end.saturating_sub(start).min(STACK_SCAN_MAX_BYTES).min(*left);
    *left -= bytes;
    let mut buffer = vec![0; bytes as usize];
    let read = memory.read(start, &mut buffer).min(buffer.len());
    let words = buffer.get(..read).unwrap_or_default().chunks_exact(8);
    words.filter_map(|word| word.try_into().ok().map(u64::from_le_bytes)).collect()
}

/// Which modules some word points into, by their index in the snapshot.
pub(super) fn referenced_modules(
    snapshot: &ProcessSnapshot,
    threads: &[PlannedThread],
    crashed: usize,
    memory: &dyn MemoryReader,
    modules: &ModuleLookup,
) -> Vec<bool> {
    let mut referenced = vec![false; snapshot.modules.len()];
    each_thread(snapshot, threads, crashed, memory, |words| {
        for index in words.iter().filter_map(|word| modules.at(*word)) {
            if let Some(mark) = referenced.get_mut(index) {
                *mark = true;
            }
        }
    });
    referenced
}
