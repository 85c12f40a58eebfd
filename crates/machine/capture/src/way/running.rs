//! On request, without a stop: what can be seen of a process that runs on. For reports that a program makes of itself,
//! which tell what they want to tell; nobody's threads shall stand for that.

use wer_snapshot::{CaptureSource, ProcessSnapshot};
use wer_sys::Process;

use crate::error::CaptureError;
use crate::refusal::explained;
use crate::target::Target;

/// Looks at a living process: its executable, modules, machine and registrations, as they are at some moment. There are no
/// threads in it.
///
/// # Errors
/// The process is gone, or may not be looked at.
pub fn running(pid: u32) -> Result<ProcessSnapshot, CaptureError> {
    let look =
        || Ok(Target::prepare(Process::open(pid)?)?.finish(CaptureSource::Running, Vec::new(), None, None));
    look().map(|capture: crate::Capture| capture.snapshot).map_err(explained)
}
