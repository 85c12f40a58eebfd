//! What a host is to do: everything it knows of the crash, as values.

use serde::{Deserialize, Serialize};
use wer_snapshot::{ExceptionSnapshot, FpuState, Registers};

/// One module to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Full path of the module.
    pub path: String,
    /// The context that it was registered with.
    pub context: u64,
    /// A folder that the module may write to comes as the fourth descriptor.
    pub has_folder: bool,
    /// After a claim: go on to the signature and debugger callbacks.
    pub may_claim: bool,
    /// User to become.
    pub uid: u32,
    /// Group to become.
    pub gid: u32,
    /// `werfault`'s pid; the host ends with it.
    pub parent_pid: u32,
    /// The crashed thread.
    pub tid: u32,
    /// What happened.
    pub exception: JobException,
    /// The crashed thread's registers.
    pub registers: JobRegisters,
    /// The crashed thread's FXSAVE image, 512 bytes; empty = not known.
    pub fxsave: Vec<u8>,
    /// The report's id as a module sees it.
    pub report_id: String,
    /// The process will not survive.
    pub is_fatal: bool,
    /// Seconds of processor time that the host may use.
    pub cpu_seconds: u64,
}

/// The exception as its Windows record will have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobException {
    /// NTSTATUS.
    pub code: u32,
    /// The faulting instruction.
    pub address: u64,
    /// `ExceptionInformation`.
    pub information: Vec<u64>,
}

impl JobException {
    /// The record's values. A memory fault has the kind of access and the data address; an in-page error also its
    /// status, as on Windows. Where the access is not known there are no parameters.
    #[must_use]
    pub fn of(exception: &ExceptionSnapshot) -> Self {
        let mut information = Vec::new();
        if let Some(access) = exception.access {
            information.extend([access as u64, exception.signal.address]);
            if exception.status == wer_abi::NtStatus::IN_PAGE_ERROR {
                information.push(u64::from(exception.status.0));
            }
        }
        Self { code: exception.status.0, address: exception.instruction, information }
    }
}

/// The registers that an x64 `CONTEXT` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the registers' own names")]
pub struct JobRegisters {
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rbx: u64,
    pub rsp: u64,
    pub rbp: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub r8_r15: [u64; 8],
    pub rip: u64,
    pub eflags: u64,
    /// CS, DS, ES, FS, GS, SS.
    pub segments: [u64; 6],
}

impl From<&Registers> for JobRegisters {
    fn from(r: &Registers) -> Self {
        Self {
            rax: r.rax,
            rcx: r.rcx,
            rdx: r.rdx,
            rbx: r.rbx,
            rsp: r.rsp,
            rbp: r.rbp,
            rsi: r.rsi,
            rdi: r.rdi,
            r8_r15: [r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15],
            rip: r.rip,
            eflags: r.eflags,
            segments: [r.cs, r.ds, r.es, r.fs, r.gs, r.ss],
        }
    }
}

/// The FXSAVE image as the job carries it.
pub(crate) fn fxsave_of(fpu: Option<&FpuState>) -> Vec<u8> {
    fpu.map_or_else(Vec::new, |state| state.fxsave.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_abi::NtStatus;
    use wer_abi::exception::AccessKind;
    use wer_snapshot::SignalInfo;

    fn fault(status: NtStatus, access: Option<AccessKind>) -> JobException {
        let signal = SignalInfo { number: 11, code: 1, errno: 0, address: 0x10 };
        JobException::of(&ExceptionSnapshot { tid: 1, signal, status, instruction: 0x40_0000, access })
    }

    #[test]
    fn memory_faults_carry_access_and_address() {
        let write = fault(NtStatus::ACCESS_VIOLATION, Some(AccessKind::Write));
        assert_eq!((write.code, write.address), (0xC000_0005, 0x40_0000));
        assert_eq!(write.information, [1, 0x10]);
        let page = fault(NtStatus::IN_PAGE_ERROR, Some(AccessKind::Read));
        assert_eq!(page.information, [0, 0x10, 0xC000_0006]);
        assert!(fault(NtStatus::FATAL_APP_EXIT, None).information.is_empty());
    }
}
