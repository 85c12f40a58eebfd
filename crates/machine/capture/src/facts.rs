//! What a snapshot holds only when it is asked for ([`Facts`]): descriptors, rights, memory use, details of threads,
//! marks of mappings. One file for each kind.
//!
//! It stands beside [`crate::target`], which asks here twice: before the stop for all that does not lie when the
//! process runs on a moment longer, and under the stop for the rest.

pub(crate) mod counters;
pub(crate) mod handles;
pub(crate) mod marks;
pub(crate) mod threads;
pub(crate) mod token;

use wer_model::{SoftError, Stage};
use wer_snapshot::{Facts, HandleSnapshot, SystemMemory, TokenSnapshot, VmCounters};
use wer_sys::Process;
use wer_sys::procfs::{Stat, Status};

/// What was found out before the stop.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) handles: Vec<HandleSnapshot>,
    pub(crate) token: Option<TokenSnapshot>,
    pub(crate) counters: Option<VmCounters>,
    pub(crate) system_memory: Option<SystemMemory>,
}

impl Gathered {
    /// Looks at a process that may run.
    pub(crate) fn before_the_stop(
        process: &Process,
        (stat, status): (&Stat, &Status),
        facts: &Facts,
        soft_errors: &mut Vec<SoftError>,
    ) -> Self {
        let mut gathered = Self::default();
        if facts.handles {
            gathered.handles = handles::all(process, soft_errors);
        }
        if facts.token {
            gathered.token = Some(token::token(process, status));
        }
        if facts.counters {
            gathered.counters = Some(counters::of_process(stat, status));
            gathered.system_memory = Some(counters::of_machine());
        }
        gathered
    }
}

fn complain(soft_errors: &mut Vec<SoftError>, message: String) {
    soft_errors.push(SoftError::new(Stage::Capture, message));
}
