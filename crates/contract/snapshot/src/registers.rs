//! Threads and their registers (x86-64).

/// General registers in the order of the kernel's `user_regs_struct` (`NT_PRSTATUS`, `PTRACE_GETREGSET`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C)]
#[expect(missing_docs, reason = "the registers' own names")]
pub struct Registers {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub orig_rax: u64,
    pub rip: u64,
    pub cs: u64,
    pub eflags: u64,
    pub rsp: u64,
    pub ss: u64,
    pub fs_base: u64,
    pub gs_base: u64,
    pub ds: u64,
    pub es: u64,
    pub fs: u64,
    pub gs: u64,
}

const _: () = assert!(size_of::<Registers>() == 27 * 8);

/// Floating point and vector state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FpuState {
    /// The FXSAVE image.
    pub fxsave: Box<[u8; 512]>,
    /// The whole XSAVE area where it could be had (`NT_X86_XSTATE`); empty = not, or not asked for
    /// ([`crate::Facts::extended_registers`]).
    pub xsave: Vec<u8>,
}

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadSnapshot {
    /// Thread id in the namespace of whoever captured it.
    pub tid: u32,
    /// Thread id in the process's own namespace.
    pub namespace_tid: u32,
    /// `comm` of the thread.
    pub name: String,
    /// Registers at the fault, or where it was stopped; `None` = could not be had (a soft error says why).
    pub registers: Option<Registers>,
    /// Floating point state.
    pub fpu: Option<FpuState>,
    /// For a thread captured inside its signal handler on an alternate stack: the handler's stack pointer, so that
    /// both stacks can be kept.
    pub handler_stack_pointer: Option<u64>,
    /// Nice value as the kernel counts it.
    pub priority: i32,
    /// User time, milliseconds; 0 unless [`crate::Facts::thread_details`] are asked for.
    pub user_time_ms: u64,
    /// Kernel time, milliseconds; 0 unless [`crate::Facts::thread_details`] are asked for.
    pub kernel_time_ms: u64,
    /// What is only looked at when asked for.
    pub details: Option<ThreadDetails>,
}

/// What is told of a thread only when it is asked for ([`crate::Facts::thread_details`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ThreadDetails {
    /// Start, nanoseconds since 1970-01-01 UTC.
    pub create_time_unix_ns: u64,
    /// The function that the thread was started with (`AT_ENTRY` for the main thread); 0 = unknown.
    pub start_address: u64,
    /// Processors 0 to 63 on which it may run, a bit each.
    pub affinity: u64,
    /// State letter of `stat` before the process was stopped (`R`, `S`, `D`, `T`, ...); 0 = unknown.
    pub state: u8,
}
