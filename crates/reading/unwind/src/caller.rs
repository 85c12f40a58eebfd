//! From one frame to its caller: by call frame information, by the return address of a call into nothing, by the
//! frame pointer, or by searching the stack, in this order.

use std::ops::ControlFlow;

use wer_dump::Dump;
use wer_model::FrameTrust;
use wer_symbols::LocalAndUploaded;

use crate::limits::{FIRST_CODE_ADDRESS, SCAN_WORDS_AFTER_CERTAIN, SCAN_WORDS_AFTER_GUESS};
use crate::walker::{KnownRegisters, Walker};

const WORD_BYTES: u64 = 8;
/// First address above the half of the address space that programs have.
const USER_END: u64 = 1 << 56;

/// A frame of a walk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) registers: KnownRegisters,
    pub(crate) trust: FrameTrust,
    /// The thread stands exactly at `rip`: it is the innermost frame, or a signal interrupted it there. In other
    /// frames `rip` lies behind the call.
    pub(crate) exact: bool,
    /// The kernel's way into a signal handler: what it interrupted is its caller.
    pub(crate) trampoline: bool,
}

impl Place {
    /// The address that says which instruction the frame is at: inside the call, where it made one.
    pub(crate) fn address(&self) -> Option<u64> {
        let rip = self.registers.rip()?;
        Some(if self.exact { rip } else { rip.saturating_sub(1) })
    }
}

/// Finds callers in one dump.
pub(crate) struct CallerSearch<'a> {
    pub(crate) dump: &'a Dump<'a>,
    pub(crate) symbols: &'a LocalAndUploaded,
}

impl CallerSearch<'_> {
    /// The caller of a frame; `None` at the end of the stack. `innermost`: the frame is the first of its thread.
    pub(crate) fn find(&self, callee: &Place, innermost: bool) -> Option<Place> {
        if let ControlFlow::Break(answer) = self.by_rules(callee, innermost) {
            return answer;
        }
        // Programs and threads start with a frame pointer of zero; without rules this is the end, and what lies above
        // are arguments and not frames.
        if callee.trust == FrameTrust::CallFrameInfo && callee.registers.rbp() == Some(0) {
            return None;
        }
        let found = self.by_call_into_nothing(callee);
        found.or_else(|| self.by_frame_pointer(callee)).or_else(|| self.by_scan(callee))
    }

    /// By call frame information: an answer, or none where no rule covers the frame or its rule leads nowhere.
    fn by_rules(&self, callee: &Place, innermost: bool) -> ControlFlow<Option<Place>> {
        let Some(address) = callee.address() else { return ControlFlow::Continue(()) };
        let Some(module) = self.dump.module_at(address) else { return ControlFlow::Continue(()) };
        let mut walker = Walker {
            callee: &callee.registers,
            caller: callee.registers.caller(0, 0),
            memory: self.dump.memory(),
            address,
            has_grand_callee: !innermost,
        };
        let (registers, exact) = match self.symbols.step(module, address, &walker) {
            Some(step) if step.outermost => return ControlFlow::Break(None),
            Some(step) => (callee.registers.after(&step), step.signal_frame),
            None => match self.symbols.uploaded_step(module, &mut walker) {
                Some(()) => (walker.caller, false),
                None => return ControlFlow::Continue(()),
            },
        };
        // A handler may run on a stack of its own, so only a step over a signal frame may go down.
        if registers.rip().is_none() || !exact && registers.rsp() <= callee.registers.rsp() {
            return ControlFlow::Continue(());
        }
        let trust = FrameTrust::CallFrameInfo;
        ControlFlow::Break(Some(Place { registers, trust, exact, trampoline: false }))
    }

    /// A call through a bad function pointer: the return address is on top of the stack.
    fn by_call_into_nothing(&self, callee: &Place) -> Option<Place> {
        if !callee.exact || self.dump.module_at(callee.registers.rip()?).is_some() {
            return None;
        }
        let rsp = callee.registers.rsp()?;
        let rip = self.dump.memory().u64_at(rsp).filter(|rip| self.returns_to(*rip))?;
        let registers = callee.registers.caller(rip, rsp.checked_add(WORD_BYTES)?);
        Some(Place { registers, trust: FrameTrust::Scan, exact: false, trampoline: false })
    }

    fn by_frame_pointer(&self, callee: &Place) -> Option<Place> {
        let (rsp, rbp) = (callee.registers.rsp()?, callee.registers.rbp()?);
        let caller_rsp = rbp.checked_add(2 * WORD_BYTES)?;
        if rbp < rsp {
            return None;
        }
        let memory = self.dump.memory();
        let caller_rbp = memory.u64_at(rbp)?;
        let rip = memory.u64_at(rbp.checked_add(WORD_BYTES)?)?;
        // Code without a module (made at run time) is believed only in a chain that goes on.
        let chained = caller_rbp > rbp && memory.u64_at(caller_rbp).is_some();
        let in_no_module =
            (FIRST_CODE_ADDRESS..USER_END).contains(&rip) && self.dump.module_at(rip).is_none();
        let believed = self.returns_to(rip) || in_no_module && chained;
        if !believed {
            return None;
        }
        let registers = callee.registers.caller(rip, caller_rsp).with_rbp(Some(caller_rbp));
        Some(Place { registers, trust: FrameTrust::FramePointer, exact: false, trampoline: false })
    }

    fn by_scan(&self, callee: &Place) -> Option<Place> {
        let rsp = callee.registers.rsp()?;
        let words = match callee.trust {
            FrameTrust::Context | FrameTrust::CallFrameInfo => SCAN_WORDS_AFTER_CERTAIN,
            _ => SCAN_WORDS_AFTER_GUESS,
        };
        for word in 0..words {
            let at = rsp.checked_add(word * WORD_BYTES)?;
            let rip = self.dump.memory().u64_at(at)?;
            if self.returns_to(rip) {
                let registers = callee.registers.caller(rip, at.checked_add(WORD_BYTES)?);
                return Some(Place { registers, trust: FrameTrust::Scan, exact: false, trampoline: false });
            }
        }
        None
    }

    /// A call in the code of a module may have left this return address.
    fn returns_to(&self, rip: u64) -> bool {
        let Some(address) = rip.checked_sub(1).filter(|address| *address >= FIRST_CODE_ADDRESS) else {
            return false;
        };
        self.dump.module_at(address).is_some_and(|module| self.symbols.may_be_code(module, address))
    }
}
