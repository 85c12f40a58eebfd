//! Stops the threads of a living process and lets them go.
//!
//! The kernel ties a traced thread to the thread that seized it, so each stop has an OS thread of its own: it
//! seizes, reads the registers, does what it is asked to meanwhile, waits for the word to let go, detaches, and ends. Its
//! end lets go even of threads that never stopped. A thread in job-control stop (state T) is left in it, and a signal
//! that was about to be delivered when we came is delivered when we go.

mod hold;
mod registers;
mod tracer;

use std::collections::BTreeMap;

use wer_snapshot::{FpuState, Registers};

pub(crate) use hold::{Hold, Ready, Wish};
pub(crate) use registers::RegisterReader;
pub(crate) use tracer::{Tracee, Tracer, after};

/// A thread as the stop found it.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoppedThread {
    pub(crate) registers: Option<Registers>,
    pub(crate) fpu: Option<FpuState>,
    /// Why there are no registers.
    pub(crate) problem: Option<String>,
}

/// What a stop found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopped {
    /// By thread id.
    pub(crate) threads: BTreeMap<u32, StoppedThread>,
    /// New threads kept appearing.
    pub(crate) unsettled: bool,
}
