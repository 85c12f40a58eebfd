//! Exceptions as Windows describes them to a handler module: record, x64 `CONTEXT`, and
//! `WER_RUNTIME_EXCEPTION_INFORMATION` (sizes and offsets as compiled on x64 Windows; asserted below).

use crate::Handle;

/// `si_code` of a SIGABRT that `RaiseException` has made; `si_errno` is then the exception code. Negative, because only
/// such codes may be queued, and none that Linux gives a meaning.
pub const RAISED_SIGNAL_CODE: i32 = -0x5745;

/// An `NTSTATUS`, the exception codes of the WER layer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct NtStatus(pub u32);

impl NtStatus {
    /// `STATUS_ACCESS_VIOLATION`.
    pub const ACCESS_VIOLATION: Self = Self(0xC000_0005);
    /// `STATUS_IN_PAGE_ERROR`: a mapped file could not be read (SIGBUS, `BUS_ADRERR`).
    pub const IN_PAGE_ERROR: Self = Self(0xC000_0006);
    /// `STATUS_ILLEGAL_INSTRUCTION`.
    pub const ILLEGAL_INSTRUCTION: Self = Self(0xC000_001D);
    /// `STATUS_FLOAT_DIVIDE_BY_ZERO`.
    pub const FLOAT_DIVIDE_BY_ZERO: Self = Self(0xC000_008E);
    /// `STATUS_FLOAT_INEXACT_RESULT`.
    pub const FLOAT_INEXACT_RESULT: Self = Self(0xC000_008F);
    /// `STATUS_FLOAT_INVALID_OPERATION`.
    pub const FLOAT_INVALID_OPERATION: Self = Self(0xC000_0090);
    /// `STATUS_FLOAT_OVERFLOW`.
    pub const FLOAT_OVERFLOW: Self = Self(0xC000_0091);
    /// `STATUS_FLOAT_UNDERFLOW`.
    pub const FLOAT_UNDERFLOW: Self = Self(0xC000_0093);
    /// `STATUS_INTEGER_DIVIDE_BY_ZERO`.
    pub const INTEGER_DIVIDE_BY_ZERO: Self = Self(0xC000_0094);
    /// `STATUS_INTEGER_OVERFLOW`.
    pub const INTEGER_OVERFLOW: Self = Self(0xC000_0095);
    /// `STATUS_PRIVILEGED_INSTRUCTION`.
    pub const PRIVILEGED_INSTRUCTION: Self = Self(0xC000_0096);
    /// `STATUS_STACK_OVERFLOW`.
    pub const STACK_OVERFLOW: Self = Self(0xC000_00FD);
    /// `STATUS_HEAP_CORRUPTION`.
    pub const HEAP_CORRUPTION: Self = Self(0xC000_0374);
    /// `STATUS_STACK_BUFFER_OVERRUN`.
    pub const STACK_BUFFER_OVERRUN: Self = Self(0xC000_0409);
    /// `STATUS_ASSERTION_FAILURE`.
    pub const ASSERTION_FAILURE: Self = Self(0xC000_0420);
    /// `STATUS_FATAL_APP_EXIT`: a plain `abort()`.
    pub const FATAL_APP_EXIT: Self = Self(0x4000_0015);
    /// `STATUS_BREAKPOINT`.
    pub const BREAKPOINT: Self = Self(0x8000_0003);
    /// `STATUS_SINGLE_STEP`.
    pub const SINGLE_STEP: Self = Self(0x8000_0004);
    /// `STATUS_DATATYPE_MISALIGNMENT` (SIGBUS, `BUS_ADRALN`).
    pub const DATATYPE_MISALIGNMENT: Self = Self(0x8000_0002);
    /// `STATUS_INVALID_SYSTEM_SERVICE` (SIGSYS).
    pub const INVALID_SYSTEM_SERVICE: Self = Self(0xC000_001C);
    /// The code of a thrown C++ object (`0xE06D7363`, "msc"): an uncaught C++ exception.
    pub const CPP_EXCEPTION: Self = Self(0xE06D_7363);

    /// Eight hex digits without `0x`, as parameter P7 of APPCRASH has it.
    #[must_use]
    pub fn hex(self) -> [u8; 8] {
        let mut out = [0; 8];
        for (i, digit) in out.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(self.0 >> (28 - 4 * i) & 0xF) as usize];
        }
        out
    }
}

impl core::fmt::Display for NtStatus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// How the faulting access touched memory; `ExceptionInformation[0]` of an access violation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum AccessKind {
    /// A read.
    Read = 0,
    /// A write.
    Write = 1,
    /// An instruction fetch (DEP).
    Execute = 8,
}

/// `EXCEPTION_MAXIMUM_PARAMETERS`.
pub const EXCEPTION_MAXIMUM_PARAMETERS: usize = 15;
/// `EXCEPTION_NONCONTINUABLE`.
pub const EXCEPTION_NONCONTINUABLE: u32 = 1;

/// `EXCEPTION_RECORD` (x64).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ExceptionRecord {
    /// NTSTATUS.
    pub code: u32,
    /// `EXCEPTION_NONCONTINUABLE` or 0.
    pub flags: u32,
    /// Address of a chained record in the target, or 0.
    pub record: u64,
    /// Address of the instruction that faulted.
    pub address: u64,
    /// How many of `information` count.
    pub parameter_count: u32,
    /// Padding.
    pub reserved: u32,
    /// For an access violation: access kind, then the data address.
    pub information: [u64; EXCEPTION_MAXIMUM_PARAMETERS],
}

/// `CONTEXT` of x64 Windows: 1232 bytes, 16-byte aligned. Minidumps carry it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Context {
    /// P1Home..P6Home: scratch.
    pub home: [u64; 6],
    /// Which parts are valid: [`Context::ALL`].
    pub context_flags: u32,
    /// MXCSR.
    pub mx_csr: u32,
    /// CS, DS, ES, FS, GS, SS.
    pub segments: [u16; 6],
    /// RFLAGS, low half.
    pub eflags: u32,
    /// DR0-DR3, DR6, DR7.
    pub debug: [u64; 6],
    /// RAX.
    pub rax: u64,
    /// RCX.
    pub rcx: u64,
    /// RDX.
    pub rdx: u64,
    /// RBX.
    pub rbx: u64,
    /// RSP.
    pub rsp: u64,
    /// RBP.
    pub rbp: u64,
    /// RSI.
    pub rsi: u64,
    /// RDI.
    pub rdi: u64,
    /// R8-R15.
    pub r8_r15: [u64; 8],
    /// RIP.
    pub rip: u64,
    /// The FXSAVE image.
    pub float_save: [u8; 512],
    /// Vector registers beyond FXSAVE (unused here).
    pub vector: [u128; 26],
    /// Vector control (unused here).
    pub vector_control: u64,
    /// Debug control and last-branch records (unused here).
    pub debug_control: [u64; 5],
}

impl Context {
    /// `CONTEXT_AMD64 | CONTROL | INTEGER | SEGMENTS | FLOATING_POINT`.
    pub const ALL: u32 = 0x0010_000F;

    /// All zero, with no part valid.
    #[must_use]
    pub const fn zeroed() -> Self {
        Self {
            home: [0; 6],
            context_flags: 0,
            mx_csr: 0,
            segments: [0; 6],
            eflags: 0,
            debug: [0; 6],
            rax: 0,
            rcx: 0,
            rdx: 0,
            rbx: 0,
            rsp: 0,
            rbp: 0,
            rsi: 0,
            rdi: 0,
            r8_r15: [0; 8],
            rip: 0,
            float_save: [0; 512],
            vector: [0; 26],
            vector_control: 0,
            debug_control: [0; 5],
        }
    }
}

/// `EXCEPTION_POINTERS`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ExceptionPointers {
    /// The record.
    pub record: *mut ExceptionRecord,
    /// The registers.
    pub context: *mut Context,
}

/// `WER_RUNTIME_EXCEPTION_INFORMATION`, what a runtime exception module is given.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct WerRuntimeExceptionInformation {
    /// Size of this structure, 1424.
    pub size: u32,
    /// The crashed process.
    pub process: Handle,
    /// The crashed thread.
    pub thread: Handle,
    /// What happened.
    pub exception_record: ExceptionRecord,
    /// The crashed thread's registers.
    pub context: Context,
    /// The report's id as a UTF-16 string with terminator.
    pub report_id: *const u16,
    /// TRUE when the process will not survive.
    pub is_fatal: i32,
    /// Reserved.
    pub reserved: u32,
}

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<ExceptionRecord>() == 152);
    assert!(size_of::<Context>() == 1232);
    assert!(offset_of!(Context, rax) == 0x78);
    assert!(offset_of!(Context, rip) == 0xF8);
    assert!(offset_of!(Context, float_save) == 0x100);
    assert!(offset_of!(Context, vector) == 0x300);
    assert!(size_of::<WerRuntimeExceptionInformation>() == 1424);
    assert!(offset_of!(WerRuntimeExceptionInformation, process) == 8);
    assert!(offset_of!(WerRuntimeExceptionInformation, exception_record) == 24);
    assert!(offset_of!(WerRuntimeExceptionInformation, context) == 176);
    assert!(offset_of!(WerRuntimeExceptionInformation, report_id) == 1408);
    assert!(offset_of!(WerRuntimeExceptionInformation, is_fatal) == 1416);
};
