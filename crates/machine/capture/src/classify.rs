//! From a Linux signal to Windows' exception code: a pure, total function.
//!
//! The WER layer speaks NTSTATUS, whatever the system; dumps keep the signal beside it. Nothing here reads anything.

use wer_abi::NtStatus;
use wer_abi::exception::{AccessKind, RAISED_SIGNAL_CODE};
use wer_model::{LastWords, LastWordsSource};
use wer_snapshot::{Region, RegionKind, SignalInfo};

use crate::limits::{STACK_GUARD_REACH_BYTES, STACK_PUSH_REACH_BYTES};

/// The kernel itself raised the signal, with no more to say (`si_code`).
pub const SI_KERNEL: i32 = 0x80;
/// A privileged instruction (`si_code` of SIGILL).
const ILL_PRVOPC: i32 = 5;
/// A privileged register (`si_code` of SIGILL).
const ILL_PRVREG: i32 = 6;
/// `trapno` of a page fault.
const TRAP_PAGE_FAULT: u64 = 14;
/// The page fault's error code: a write.
const FAULT_WRITE: u64 = 1 << 1;
/// The page fault's error code: an instruction fetch.
const FAULT_FETCH: u64 = 1 << 4;

/// What is known of a crash.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The signal.
    pub signal: SignalInfo,
    /// Instruction and stack pointer of the crashed thread, where its registers are known.
    pub registers: Option<(u64, u64)>,
    /// `trapno` and error code of the processor, where the signal's frame tells them.
    pub trap: Option<(u64, u64)>,
    /// Mappings, by address.
    pub regions: &'a [Region],
    /// What the process said.
    pub last_words: Option<&'a LastWords>,
}

/// What a crash is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classification {
    /// Windows' code.
    pub status: NtStatus,
    /// How memory was touched, for a memory fault where it is known.
    pub access: Option<AccessKind>,
}

/// Classifies a crash.
#[must_use]
pub fn classify(evidence: &Evidence<'_>) -> Classification {
    let code = evidence.signal.code;
    let status = match evidence.signal.number {
        libc::SIGSEGV if is_stack_overflow(evidence) => NtStatus::STACK_OVERFLOW,
        libc::SIGSEGV => NtStatus::ACCESS_VIOLATION,
        libc::SIGBUS if code == libc::BUS_ADRALN => NtStatus::DATATYPE_MISALIGNMENT,
        libc::SIGBUS => NtStatus::IN_PAGE_ERROR,
        libc::SIGILL if matches!(code, ILL_PRVOPC | ILL_PRVREG) => NtStatus::PRIVILEGED_INSTRUCTION,
        libc::SIGILL => NtStatus::ILLEGAL_INSTRUCTION,
        libc::SIGFPE => arithmetic(code),
        libc::SIGTRAP if code == libc::TRAP_TRACE => NtStatus::SINGLE_STEP,
        libc::SIGTRAP => NtStatus::BREAKPOINT,
        libc::SIGSYS => NtStatus::INVALID_SYSTEM_SERVICE,
        libc::SIGABRT if code == RAISED_SIGNAL_CODE => NtStatus(evidence.signal.errno.cast_unsigned()),
        libc::SIGABRT => abort(evidence.last_words),
        _ => NtStatus::FATAL_APP_EXIT,
    };
    let memory_fault = matches!(evidence.signal.number, libc::SIGSEGV | libc::SIGBUS);
    Classification { status, access: memory_fault.then(|| access(evidence)).flatten() }
}

/// Whether `si_addr` of this signal is the address of a fault.
#[must_use]
pub const fn has_fault_address(number: i32, code: i32) -> bool {
    code > 0
        && code != SI_KERNEL
        && matches!(number, libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE | libc::SIGTRAP)
}

const fn arithmetic(code: i32) -> NtStatus {
    match code {
        1 => NtStatus::INTEGER_DIVIDE_BY_ZERO,
        2 => NtStatus::INTEGER_OVERFLOW,
        3 => NtStatus::FLOAT_DIVIDE_BY_ZERO,
        4 => NtStatus::FLOAT_OVERFLOW,
        5 => NtStatus::FLOAT_UNDERFLOW,
        6 => NtStatus::FLOAT_INEXACT_RESULT,
        _ => NtStatus::FLOAT_INVALID_OPERATION,
    }
}

/// Tells aborts apart by what was said: glibc's own texts, and the kinds of last words.
fn abort(words: Option<&LastWords>) -> NtStatus {
    /// Beginnings and parts of glibc's messages about a damaged heap (malloc/malloc.c).
    const HEAP: [&str; 12] = [
        "malloc",
        "free():",
        "realloc()",
        "calloc()",
        "corrupted",
        "double free",
        "munmap_chunk()",
        "mremap_chunk()",
        "invalid fastbin",
        "unaligned tcache chunk",
        "invalid pointer",
        "invalid size",
    ];
    let Some(words) = words else { return NtStatus::FATAL_APP_EXIT };
    let text = words.text.as_str();
    match words.source {
        LastWordsSource::CppException => NtStatus::CPP_EXCEPTION,
        LastWordsSource::RustPanic | LastWordsSource::Application => NtStatus::FATAL_APP_EXIT,
        LastWordsSource::GlibcAbortMessage => {
            if text.contains("stack smashing detected") || text.contains("buffer overflow detected") {
                NtStatus::STACK_BUFFER_OVERRUN
            } else if text.contains("Assertion `") && text.contains("failed") {
                NtStatus::ASSERTION_FAILURE
            } else if HEAP.iter().any(|part| text.contains(part)) {
                NtStatus::HEAP_CORRUPTION
            } else {
                NtStatus::FATAL_APP_EXIT
            }
        }
    }
}

fn access(evidence: &Evidence<'_>) -> Option<AccessKind> {
    if !has_fault_address(evidence.signal.number, evidence.signal.code) {
        return None;
    }
    if let Some((TRAP_PAGE_FAULT, error)) = evidence.trap {
        return Some(if error & FAULT_FETCH != 0 {
            AccessKind::Execute
        } else if error & FAULT_WRITE != 0 {
            AccessKind::Write
        } else {
            AccessKind::Read
        });
    }
    let (instruction, _) = evidence.registers?;
    (instruction == evidence.signal.address).then_some(AccessKind::Execute)
}

/// A stack overflow touches what lies just below a stack, or a guard inside its lower end (`MADV_GUARD_INSTALL`), while
/// the stack pointer is at that end or has left it.
fn is_stack_overflow(evidence: &Evidence<'_>) -> bool {
    let SignalInfo { number, code, address, .. } = evidence.signal;
    let Some((_, stack_pointer)) = evidence.registers else { return false };
    if !has_fault_address(number, code) || access(evidence) == Some(AccessKind::Execute) {
        return false;
    }
    let Some(stack) = stack_at_or_above(evidence.regions, address) else { return false };
    let lower_end = stack.start.max(address);
    stack.start.abs_diff(address) <= STACK_GUARD_REACH_BYTES
        && address >= stack_pointer.saturating_sub(STACK_PUSH_REACH_BYTES)
        && stack_pointer <= lower_end.saturating_add(STACK_PUSH_REACH_BYTES)
}

/// The mapping at `address`, or the first above it with guard pages passed over, if it could be a stack.
fn stack_at_or_above(regions: &[Region], address: u64) -> Option<&Region> {
    let first = regions.partition_point(|region| region.end <= address);
    let usable =
        |region: &&Region| region.protection.read || region.protection.write || region.protection.execute;
    regions.get(first..)?.iter().find(usable).filter(|region| {
        region.protection.write
            && !region.protection.shared
            && matches!(region.kind, RegionKind::Stack | RegionKind::Anonymous)
    })
}

#[cfg(test)]
#[path = "classify/tests.rs"]
mod tests;
