//! On request, of the process that asks: a child that it forked for this holds its threads, because no process can
//! trace itself. The thread that asks is not stopped: it waits for the child, does what the child asks it to, and told
//! its registers beforehand.

use std::os::fd::OwnedFd;

use wer_snapshot::{CaptureSource, Facts, FpuState, Registers};
use wer_sys::Process;

use super::live::{refuse_what_has_no_memory, why_not_to_stop};
use crate::capture::{Capture, Held};
use crate::error::CaptureError;
use crate::refusal::explained;
use crate::stop::{Hold, Ready, Wish};
use crate::target::{Target, ThreadState};

/// The thread that asked, as it was then.
#[derive(Clone, Debug)]
pub struct AskingThread {
    /// Its id, in our pid namespace.
    pub tid: u32,
    /// Its registers, of a frame that lasts until the capture is released.
    pub registers: Registers,
    /// Its floating point state.
    pub fpu: Option<FpuState>,
}

/// Captures the process that a pidfd names, of which we are a child, and keeps all its threads but the asking one
/// stopped until the capture is released.
///
/// # Errors
/// As [`crate::live()`].
pub fn own_process(pidfd: OwnedFd, asking: AskingThread, facts: &Facts) -> Result<Capture, CaptureError> {
    stop_and_look(pidfd, asking, facts).map_err(explained)
}

fn stop_and_look(pidfd: OwnedFd, asking: AskingThread, facts: &Facts) -> Result<Capture, CaptureError> {
    let process = Process::from_pidfd(pidfd)?;
    let ready = Ready::start(process.pid())?;
    refuse_what_has_no_memory(&process)?;
    let mut target = Target::prepare(process)?;
    let AskingThread { tid, registers, fpu } = asking;
    target.ask(facts);
    let known = target.look_ahead();
    let state = (tid, ThreadState { registers: Some(registers), fpu, handler_stack_pointer: None });
    if let Some(reason) = why_not_to_stop(&target) {
        target.complain(reason);
        let others = known.into_iter().filter(|other| *other != tid);
        let mut states: Vec<_> = others.map(|tid| (tid, ThreadState::default())).collect();
        states.push(state);
        states.sort_unstable_by_key(|(tid, _)| *tid);
        return Ok(target.finish(CaptureSource::OwnProcess, states, None, None));
    }
    let wish = Wish { skip: Some(tid), ..Wish::all(known, facts) };
    let (hold, stopped, maps) = Hold::stop(&target.process, wish, ready, target.look_at_maps())?;
    target.stand(maps);
    let mut states = target.states_of(stopped);
    states.push(state);
    states.sort_unstable_by_key(|(tid, _)| *tid);
    Ok(target.finish(CaptureSource::OwnProcess, states, None, Some(Held::Stop(hold))))
}
