//! Registers of threads that stand still.

use wer_snapshot::FpuState;
use wer_sys::limits::MAX_XSAVE_BYTES;
use wer_sys::ptrace;

use super::StoppedThread;

/// Reads registers of one thread after the other.
pub(crate) struct RegisterReader {
    /// Where the kernel writes a whole XSAVE area; `None` = what SSE has is enough, which is read twice as fast.
    area: Option<Box<[u8; MAX_XSAVE_BYTES]>>,
}

impl RegisterReader {
    /// With registers beyond those of SSE, or without.
    pub(crate) fn new(extended: bool) -> Self {
        Self { area: extended.then(|| Box::new([0; MAX_XSAVE_BYTES])) }
    }

    /// With all registers.
    pub(crate) fn of_everything() -> Self {
        Self::new(true)
    }

    /// Registers of a thread that stands still.
    pub(crate) fn read(&mut self, tid: u32) -> StoppedThread {
        match ptrace::registers(tid) {
            Ok(registers) => {
                StoppedThread { registers: Some(registers), fpu: self.read_fpu(tid), problem: None }
            }
            Err(error) => StoppedThread {
                problem: Some(format!("The registers of thread {tid} could not be read: {error}.")),
                ..StoppedThread::default()
            },
        }
    }

    fn read_fpu(&mut self, tid: u32) -> Option<FpuState> {
        if let Some(area) = &mut self.area
            && let Ok(xsave) = ptrace::xsave(tid, area)
            && let Some(image) = xsave.first_chunk::<512>()
        {
            return Some(FpuState { fxsave: Box::new(*image), xsave });
        }
        let fxsave = ptrace::fxsave(tid).ok()?;
        Some(FpuState { fxsave, xsave: Vec::new() })
    }
}
