//! What happened, as a caller of `MiniDumpWriteDump` says it: a thread, an exception record and a context, in our memory
//! or in the process's own. Whatever comes from the process is copied out first and never followed further.
//!
//! Dumps of Linux processes name a signal, so a record with an NTSTATUS becomes the signal that Linux would have had,
//! with the NTSTATUS beside it; a code of 1 to 64 is taken for a signal, with `si_code` in the flags and `si_addr` in the
//! address, as in dumps. Any other code is kept as it is.

mod thread;

use wer_abi::exception::AccessKind;
use wer_abi::{Context, ExceptionRecord, NtStatus};
use wer_snapshot::{
    ExceptionSnapshot, FpuState, MemoryReader, ProcessSnapshot, Registers, SignalInfo, ThreadSnapshot,
};

use crate::error::MinidumpError;

/// What happened, and where.
#[derive(Clone, Debug)]
pub enum ExceptionInformation {
    /// The values themselves.
    Values {
        /// The thread.
        thread_id: u32,
        /// What happened.
        record: Box<ExceptionRecord>,
        /// The thread's registers then; `None` = as captured.
        context: Option<Box<Context>>,
    },
    /// In the process's memory.
    Client {
        /// The thread.
        thread_id: u32,
        /// Address of its `EXCEPTION_POINTERS`.
        pointers: u64,
    },
}

/// What happened, with nothing left to be read.
pub(crate) struct Exception {
    thread_id: u32,
    record: ExceptionRecord,
    context: Option<Context>,
}

const RECORD_BYTES: usize = size_of::<ExceptionRecord>();
const CONTEXT_BYTES: usize = size_of::<Context>();

impl ExceptionInformation {
    /// Puts what happened into a snapshot, as a dump with this exception has it. `memory` is the process's, for what lies
    /// there.
    ///
    /// # Errors
    /// [`MinidumpError::Exception`]: it cannot be read, or the process has no such thread.
    pub fn apply_to(
        &self,
        memory: &dyn MemoryReader,
        snapshot: &mut ProcessSnapshot,
    ) -> Result<(), MinidumpError> {
        self.read(memory)?.apply(snapshot)
    }

    /// Reads what lies in the process's memory.
    pub(crate) fn read(&self, memory: &dyn MemoryReader) -> Result<Exception, MinidumpError> {
        let (thread_id, pointers) = match self {
            Self::Values { thread_id, record, context } => {
                let context = context.as_deref().copied();
                return Ok(Exception { thread_id: *thread_id, record: **record, context });
            }
            Self::Client { thread_id, pointers } => (*thread_id, *pointers),
        };
        let missing = |what: &str, at: u64| {
            MinidumpError::Exception(format!("its {what} at {at:#x} cannot be read in the process"))
        };
        let read = |what, at, bytes| memory.read_exact(at, bytes).ok_or_else(|| missing(what, at));
        let pair = read("EXCEPTION_POINTERS", pointers, 16)?;
        let (record_at, context_at) = (u64_at(&pair, 0), u64_at(&pair, 8));
        let record = record_of(&read("EXCEPTION_RECORD", record_at, RECORD_BYTES)?);
        let context = match context_at {
            0 => None,
            at => Some(context_of(&read("CONTEXT", at, CONTEXT_BYTES)?)),
        };
        Ok(Exception { thread_id, record, context })
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u16::from_le_bytes(*word))
}

fn record_of(bytes: &[u8]) -> ExceptionRecord {
    ExceptionRecord {
        code: u32_at(bytes, 0),
        flags: u32_at(bytes, 4),
        record: u64_at(bytes, 8),
        address: u64_at(bytes, 16),
        parameter_count: u32_at(bytes, 24),
        reserved: 0,
        information: std::array::from_fn(|i| u64_at(bytes, 32 + 8 * i)),
    }
}

fn context_of(bytes: &[u8]) -> Context {
    let mut context = Context::zeroed();
    context.context_flags = u32_at(bytes, 0x30);
    context.mx_csr = u32_at(bytes, 0x34);
    context.segments = std::array::from_fn(|i| u16_at(bytes, 0x38 + 2 * i));
    context.eflags = u32_at(bytes, 0x44);
    let general: [u64; 8] = std::array::from_fn(|i| u64_at(bytes, 0x78 + 8 * i));
    [context.rax, context.rcx, context.rdx, context.rbx] = [general[0], general[1], general[2], general[3]];
    [context.rsp, context.rbp, context.rsi, context.rdi] = [general[4], general[5], general[6], general[7]];
    context.r8_r15 = std::array::from_fn(|i| u64_at(bytes, 0xB8 + 8 * i));
    context.rip = u64_at(bytes, 0xF8);
    if let Some(image) = bytes.get(0x100..).and_then(|rest| rest.first_chunk()) {
        context.float_save = *image;
    }
    context
}

impl Exception {
    /// Puts it into the snapshot: the exception, the thread's registers, and the thread first.
    pub(crate) fn apply(&self, snapshot: &mut ProcessSnapshot) -> Result<(), MinidumpError> {
        let named = |thread: &ThreadSnapshot| thread.tid == self.thread_id;
        let inside = |thread: &ThreadSnapshot| thread.namespace_tid == self.thread_id;
        let threads = &mut snapshot.threads;
        let index = threads.iter().position(named).or_else(|| threads.iter().position(inside));
        let index = index.ok_or_else(|| {
            MinidumpError::Exception(format!("the process has no thread {}", self.thread_id))
        })?;
        let Some(head) = threads.get_mut(..=index) else { return Ok(()) };
        head.rotate_right(1);
        let Some(thread) = threads.first_mut() else { return Ok(()) };
        if let Some(context) = &self.context {
            set_registers(thread, context);
        }
        let (tid, registers) = (thread.tid, thread.registers);
        let is_mapped =
            |address| snapshot.regions.iter().any(|region| region.start <= address && address < region.end);
        let signal = signal_of(&self.record, is_mapped);
        snapshot.exception = Some(ExceptionSnapshot {
            tid,
            signal,
            status: status_of(&self.record),
            instruction: registers.map_or(self.record.address, |registers| registers.rip),
            access: access_of(&self.record),
        });
        Ok(())
    }
}

/// `CONTEXT_CONTROL`, `_INTEGER`, `_SEGMENTS`, `_FLOATING_POINT`.
const PARTS: [u32; 4] = [0x1, 0x2, 0x4, 0x8];

/// The parts of a context that its flags call valid; the others stay as they were captured.
fn set_registers(thread: &mut ThreadSnapshot, context: &Context) {
    let [control, integer, segments, floating_point] = PARTS.map(|part| context.context_flags & part != 0);
    let mut registers = thread.registers.unwrap_or_default();
    if control {
        (registers.rip, registers.rsp) = (context.rip, context.rsp);
        registers.eflags = context.eflags.into();
        [registers.cs, registers.ss] = [context.segments[0].into(), context.segments[5].into()];
    }
    if integer {
        set_integers(&mut registers, context);
    }
    if segments {
        let [_, ds, es, fs, gs, _] = context.segments.map(u64::from);
        [registers.ds, registers.es, registers.fs, registers.gs] = [ds, es, fs, gs];
    }
    if control || integer || segments {
        thread.registers = Some(registers);
    }
    if floating_point {
        thread.fpu = Some(FpuState { fxsave: Box::new(context.float_save), xsave: Vec::new() });
    }
}

fn set_integers(registers: &mut Registers, context: &Context) {
    [registers.rax, registers.rcx, registers.rdx, registers.rbx] =
        [context.rax, context.rcx, context.rdx, context.rbx];
    [registers.rbp, registers.rsi, registers.rdi] = [context.rbp, context.rsi, context.rdi];
    [
        registers.r8,
        registers.r9,
        registers.r10,
        registers.r11,
        registers.r12,
        registers.r13,
        registers.r14,
        registers.r15,
    ] = context.r8_r15;
}

/// Largest number of a signal.
const MAX_SIGNAL: u32 = 64;

const fn is_signal(code: u32) -> bool {
    code >= 1 && code <= MAX_SIGNAL
}

/// Signal and `si_code` of an exception; `si_code` 0 where Linux would have several.
const SIGNALS: [(NtStatus, i32, i32); 18] = [
    (NtStatus::IN_PAGE_ERROR, libc::SIGBUS, libc::BUS_ADRERR),
    (NtStatus::DATATYPE_MISALIGNMENT, libc::SIGBUS, libc::BUS_ADRALN),
    (NtStatus::ILLEGAL_INSTRUCTION, libc::SIGILL, 0),
    (NtStatus::PRIVILEGED_INSTRUCTION, libc::SIGILL, 5),
    (NtStatus::INTEGER_DIVIDE_BY_ZERO, libc::SIGFPE, 1),
    (NtStatus::INTEGER_OVERFLOW, libc::SIGFPE, 2),
    (NtStatus::FLOAT_DIVIDE_BY_ZERO, libc::SIGFPE, 3),
    (NtStatus::FLOAT_OVERFLOW, libc::SIGFPE, 4),
    (NtStatus::FLOAT_UNDERFLOW, libc::SIGFPE, 5),
    (NtStatus::FLOAT_INEXACT_RESULT, libc::SIGFPE, 6),
    (NtStatus::FLOAT_INVALID_OPERATION, libc::SIGFPE, 7),
    (NtStatus::BREAKPOINT, libc::SIGTRAP, libc::TRAP_BRKPT),
    (NtStatus::SINGLE_STEP, libc::SIGTRAP, libc::TRAP_TRACE),
    (NtStatus::INVALID_SYSTEM_SERVICE, libc::SIGSYS, 0),
    (NtStatus::HEAP_CORRUPTION, libc::SIGABRT, 0),
    (NtStatus::STACK_BUFFER_OVERRUN, libc::SIGABRT, 0),
    (NtStatus::ASSERTION_FAILURE, libc::SIGABRT, 0),
    (NtStatus::FATAL_APP_EXIT, libc::SIGABRT, 0),
];

fn signal_of(record: &ExceptionRecord, is_mapped: impl Fn(u64) -> bool) -> SignalInfo {
    let data_address = (record.parameter_count >= 2).then_some(record.information[1]);
    let status = NtStatus(record.code);
    let (number, code, address) = if is_signal(record.code) {
        (record.code.cast_signed(), record.flags.cast_signed(), record.address)
    } else if matches!(status, NtStatus::ACCESS_VIOLATION | NtStatus::STACK_OVERFLOW) {
        let address = data_address.unwrap_or(record.address);
        /// `SEGV_MAPERR` and `SEGV_ACCERR`.
        const CODES: [i32; 2] = [1, 2];
        (libc::SIGSEGV, CODES[usize::from(is_mapped(address))], address)
    } else {
        let known = SIGNALS.iter().find(|(known, ..)| *known == status);
        let address = if status == NtStatus::IN_PAGE_ERROR { data_address } else { None };
        let address = address.unwrap_or(record.address);
        known.map_or((record.code.cast_signed(), record.flags.cast_signed(), address), |known| {
            (known.1, known.2, address)
        })
    };
    SignalInfo { number, code, errno: 0, address }
}

fn status_of(record: &ExceptionRecord) -> NtStatus {
    if !is_signal(record.code) {
        return NtStatus(record.code);
    }
    let (number, code) = (record.code.cast_signed(), record.flags.cast_signed());
    let exact = SIGNALS.iter().find(|known| (known.1, known.2) == (number, code));
    match number {
        libc::SIGSEGV => NtStatus::ACCESS_VIOLATION,
        libc::SIGABRT => NtStatus::FATAL_APP_EXIT,
        _ => exact
            .or_else(|| SIGNALS.iter().find(|known| known.1 == number))
            .map_or(NtStatus::FATAL_APP_EXIT, |known| known.0),
    }
}

fn access_of(record: &ExceptionRecord) -> Option<AccessKind> {
    let status = NtStatus(record.code);
    let says = matches!(status, NtStatus::ACCESS_VIOLATION | NtStatus::IN_PAGE_ERROR);
    match record.information[0] {
        _ if !says || record.parameter_count == 0 => None,
        0 => Some(AccessKind::Read),
        1 => Some(AccessKind::Write),
        8 => Some(AccessKind::Execute),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(code: u32) -> ExceptionRecord {
        let mut record = ExceptionRecord { code, flags: 1, address: 0x1000, ..ExceptionRecord::default() };
        (record.parameter_count, record.information[0], record.information[1]) = (2, 1, 0x2000);
        record
    }

    fn told(code: u32, is_mapped: bool) -> (i32, i32, u64, u32) {
        let signal = signal_of(&record(code), |_| is_mapped);
        (signal.number, signal.code, signal.address, status_of(&record(code)).0)
    }

    #[test]
    fn windows_codes_become_signals_and_stay_beside_them() {
        assert_eq!(told(0xC000_0005, false), (11, 1, 0x2000, 0xC000_0005));
        assert_eq!(told(0xC000_0005, true), (11, 2, 0x2000, 0xC000_0005));
        assert_eq!(told(0xC000_0094, false), (8, 1, 0x1000, 0xC000_0094));
        assert_eq!(told(0xE06D_7363, false), (0xE06D_7363_u32.cast_signed(), 1, 0x1000, 0xE06D_7363));
        assert_eq!(access_of(&record(0xC000_0005)), Some(AccessKind::Write));
        assert_eq!(access_of(&record(0xC000_0094)), None);
    }

    #[test]
    fn signals_stay_signals() {
        assert_eq!(told(11, false), (11, 1, 0x1000, 0xC000_0005));
        assert_eq!(told(8, false), (8, 1, 0x1000, 0xC000_0094));
        assert_eq!(told(6, false), (6, 1, 0x1000, 0x4000_0015));
        assert_eq!(told(10, false), (10, 1, 0x1000, 0x4000_0015));
    }

    #[test]
    fn structures_are_read_where_windows_has_them() {
        let mut bytes = [0; CONTEXT_BYTES];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = (i / 8) as u8;
        }
        let context = context_of(&bytes);
        assert_eq!(context.rax & 0xFF, 0x78 / 8);
        assert_eq!(context.rdi & 0xFF, 0xB0 / 8);
        assert_eq!(context.r8_r15.map(|register| register & 0xFF), [23, 24, 25, 26, 27, 28, 29, 30]);
        assert_eq!((context.rip & 0xFF, context.float_save[0]), (31, 32));
    }
}
