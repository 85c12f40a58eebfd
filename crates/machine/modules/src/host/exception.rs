//! `WER_RUNTIME_EXCEPTION_INFORMATION` as a module gets it, built from a job's values.

use wer_abi::exception::{EXCEPTION_MAXIMUM_PARAMETERS, EXCEPTION_NONCONTINUABLE};
use wer_abi::module_host::{MEMORY_DESCRIPTOR, PIDFD_DESCRIPTOR};
use wer_abi::{Context, ExceptionRecord, Handle, WerRuntimeExceptionInformation};

use crate::protocol::{Job, JobException, JobRegisters};

/// Offset of MXCSR in an FXSAVE image.
const MXCSR_OFFSET: usize = 24;
const FXSAVE_BYTES: usize = 512;

/// The structure and the string that it points to.
pub(super) struct ExceptionInformation {
    information: Box<WerRuntimeExceptionInformation>,
    /// Only kept alive; the structure points into it.
    _report_id: Box<[u16]>,
}

impl ExceptionInformation {
    pub(super) fn new(job: &Job) -> Self {
        let report_id: Box<[u16]> = job.report_id.encode_utf16().chain([0]).collect();
        let information = Box::new(WerRuntimeExceptionInformation {
            size: size_of::<WerRuntimeExceptionInformation>() as u32,
            process: Handle::process(PIDFD_DESCRIPTOR, MEMORY_DESCRIPTOR),
            thread: Handle::thread(job.tid),
            exception_record: record(&job.exception, job.is_fatal),
            context: context(&job.registers, &job.fxsave),
            report_id: report_id.as_ptr(),
            is_fatal: i32::from(job.is_fatal),
            reserved: 0,
        });
        Self { information, _report_id: report_id }
    }

    /// One address for all callbacks: a module may keep it between them.
    pub(super) fn as_mut_ptr(&mut self) -> *mut WerRuntimeExceptionInformation {
        &raw mut *self.information
    }
}

fn record(exception: &JobException, is_fatal: bool) -> ExceptionRecord {
    let mut information = [0; EXCEPTION_MAXIMUM_PARAMETERS];
    let mut parameter_count = 0;
    for (slot, value) in information.iter_mut().zip(&exception.information) {
        *slot = *value;
        parameter_count += 1;
    }
    ExceptionRecord {
        code: exception.code,
        flags: if is_fatal { EXCEPTION_NONCONTINUABLE } else { 0 },
        record: 0,
        address: exception.address,
        parameter_count,
        reserved: 0,
        information,
    }
}

/// A `CONTEXT` with all its parts; without an FXSAVE image it does not say that it has the floating point part.
fn context(registers: &JobRegisters, fxsave: &[u8]) -> Context {
    const FLOATING_POINT: u32 = 0x8;
    let mut context = Context {
        context_flags: Context::ALL & !FLOATING_POINT,
        segments: registers.segments.map(|selector| selector as u16),
        eflags: registers.eflags as u32,
        rax: registers.rax,
        rcx: registers.rcx,
        rdx: registers.rdx,
        rbx: registers.rbx,
        rsp: registers.rsp,
        rbp: registers.rbp,
        rsi: registers.rsi,
        rdi: registers.rdi,
        r8_r15: registers.r8_r15,
        rip: registers.rip,
        ..Context::zeroed()
    };
    if let Ok(image) = <[u8; FXSAVE_BYTES]>::try_from(fxsave) {
        context.context_flags = Context::ALL;
        context.float_save = image;
        if let Some(mxcsr) = image.get(MXCSR_OFFSET..).and_then(<[u8]>::first_chunk::<4>) {
            context.mx_csr = u32::from_le_bytes(*mxcsr);
        }
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_what_the_job_says() {
        let exception = JobException { code: 0xC000_0005, address: 0x1000, information: vec![1, 0] };
        let record = record(&exception, true);
        assert_eq!((record.code, record.address, record.flags), (0xC000_0005, 0x1000, 1));
        assert_eq!((record.parameter_count, record.information[..3].to_vec()), (2, vec![1, 0, 0]));
        let crowded = JobException { information: vec![7; 40], ..exception };
        assert_eq!(super::record(&crowded, false).parameter_count, 15);
    }

    #[test]
    fn the_context_claims_only_what_it_has() {
        let registers =
            JobRegisters { rip: 0x1234, segments: [0x33, 0, 0, 0, 0, 0x2B], ..Default::default() };
        let bare = context(&registers, &[]);
        assert_eq!((bare.context_flags, bare.rip, bare.segments[5]), (0x0010_0007, 0x1234, 0x2B));
        let mut image = vec![0; FXSAVE_BYTES];
        image[MXCSR_OFFSET] = 0x80;
        image[MXCSR_OFFSET + 1] = 0x1F;
        let full = context(&registers, &image);
        assert_eq!((full.context_flags, full.mx_csr), (Context::ALL, 0x1F80));
    }
}
