//! Which part of a thread's stack is kept.
//!
//! From the page of the stack pointer (less the red zone) to the end of its mapping, up to a limit. A stack pointer may
//! lie in no stack at all: on overflow it is in the guard page or in the gap that the kernel keeps below a stack, and
//! the stack is the next mapping above.

use wer_copy::Range;
use wer_snapshot::{ProcessSnapshot, Region, RegionKind, ThreadSnapshot};

use crate::limits::{
    CRASHED_STACK_BASE_BYTES, CRASHED_STACK_MAX_BYTES, HANDLER_STACK_MAX_BYTES, PAGE_BYTES, RED_ZONE_BYTES,
    STACK_GUARD_SEARCH_BYTES, STACK_MAX_BYTES,
};
use crate::soft_errors::SoftErrors;

/// What is kept for one thread.
#[derive(Debug, Default)]
pub(super) struct KeptStack {
    /// The part from the stack pointer up; the thread's stack in the dump.
    pub(super) stack: Option<Range>,
    /// The other end of a stack that is larger than the limit.
    base: Option<Range>,
    /// The alternate stack on which its handler ran.
    handler: Option<Range>,
}

impl KeptStack {
    pub(super) fn parts(&self) -> impl Iterator<Item = Range> {
        [self.stack, self.base, self.handler].into_iter().flatten()
    }
}

pub(super) fn stack_of(
    snapshot: &ProcessSnapshot,
    thread: &ThreadSnapshot,
    crashed: bool,
    soft_errors: &mut SoftErrors,
) -> KeptStack {
    let mut kept = KeptStack::default();
    if let Some(pointer) = thread.handler_stack_pointer {
        kept.handler = used_part(snapshot, pointer, HANDLER_STACK_MAX_BYTES).map(|used| used.kept);
    }
    let Some(registers) = &thread.registers else {
        soft_errors
            .push(format!("Thread {} has no stack in the dump: its registers are not known.", thread.tid));
        return kept;
    };
    let limit = if crashed { CRASHED_STACK_MAX_BYTES } else { STACK_MAX_BYTES };
    let Some(used) = used_part(snapshot, registers.rsp, limit) else {
        let (tid, rsp) = (thread.tid, registers.rsp);
        soft_errors
            .push(format!("Thread {tid} has no stack in the dump: its stack pointer {rsp:#x} is in none."));
        return kept;
    };
    kept.stack = Some(used.kept);
    if crashed && used.kept.end < used.end {
        let base = used.end.saturating_sub(CRASHED_STACK_BASE_BYTES).max(used.kept.end);
        kept.base = Some(Range::new(base, used.end));
    }
    kept
}

/// The used part of a stack: what is kept of it, and where the stack ends.
struct UsedPart {
    kept: Range,
    end: u64,
}

fn used_part(snapshot: &ProcessSnapshot, pointer: u64, limit_bytes: u64) -> Option<UsedPart> {
    let region = stack_region(snapshot, pointer)?;
    let start = (pointer.saturating_sub(RED_ZONE_BYTES) & !(PAGE_BYTES - 1)).max(region.start);
    let end = region.end.min(start.saturating_add(limit_bytes));
    (start < end).then_some(UsedPart { kept: Range::new(start, end), end: region.end })
}

fn stack_region(snapshot: &ProcessSnapshot, pointer: u64) -> Option<&Region> {
    let index = snapshot.regions.partition_point(|region| region.end <= pointer);
    let above = snapshot.regions.get(index..)?;
    let reachable = |region: &&Region| region.start <= pointer.saturating_add(STACK_GUARD_SEARCH_BYTES);
    let mut candidates = above.iter().take_while(reachable);
    candidates.find(|region| {
        let holds_pointer = region.start <= pointer;
        let protection = region.protection;
        region.kind != RegionKind::Kernel && protection.read && (holds_pointer || protection.write)
    })
}
