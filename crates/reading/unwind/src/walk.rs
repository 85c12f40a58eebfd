//! One thread's stack, as registers per frame.

use std::collections::HashSet;

use wer_dump::Registers;
use wer_model::FrameTrust;

use crate::caller::{CallerSearch, Place};
use crate::limits::FIRST_CODE_ADDRESS;

/// A walk's frames, innermost first, and whether it was cut.
pub(crate) struct Walk {
    pub(crate) places: Vec<Place>,
    pub(crate) cut: bool,
}

/// Walks from `registers` outwards, at most `limit` frames.
pub(crate) fn walk(search: &CallerSearch<'_>, registers: &Registers, limit: usize) -> Walk {
    let mut places = vec![Place {
        registers: registers.into(),
        trust: FrameTrust::Context,
        exact: true,
        trampoline: false,
    }];
    // Two frames with the same instruction and stack pointer mean a walk in circles.
    let mut seen = HashSet::from([(registers.rip(), registers.rsp())]);
    while let Some(callee) = places.last() {
        let Some(caller) = search.find(callee, places.len() == 1) else { break };
        let (Some(rip), Some(rsp)) = (caller.registers.rip(), caller.registers.rsp()) else { break };
        if rip < FIRST_CODE_ADDRESS && !caller.exact || !seen.insert((rip, rsp)) {
            break;
        }
        if places.len() >= limit {
            return Walk { places, cut: true };
        }
        if let Some(callee) = places.last_mut() {
            callee.trampoline = caller.exact;
        }
        places.push(caller);
    }
    Walk { places, cut: false }
}
