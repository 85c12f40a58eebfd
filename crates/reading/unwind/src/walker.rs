//! Registers of a frame as far as they are known, and the face that they show to `wer-symbols`.

use wer_dump::{Memory, Registers};
use wer_symbols::Recovered;
use wer_symbols::{FrameWalker, Step};

/// Registers that a function must give back unchanged: `rbx`, `rbp`, `r12` to `r15`.
const CALLEE_SAVED: [usize; 6] = [3, Registers::RBP, 12, 13, 14, 15];

/// Registers by DWARF number; `None` = not recoverable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KnownRegisters([Option<u64>; Registers::COUNT]);

impl KnownRegisters {
    pub(crate) fn get(&self, number: usize) -> Option<u64> {
        self.0.get(number).copied().flatten()
    }

    pub(crate) fn rip(&self) -> Option<u64> {
        self.get(Registers::RIP)
    }

    pub(crate) fn rsp(&self) -> Option<u64> {
        self.get(Registers::RSP)
    }

    pub(crate) fn rbp(&self) -> Option<u64> {
        self.get(Registers::RBP)
    }

    /// What is left of these in a caller of which nothing but `rip` and `rsp` is found out.
    pub(crate) fn caller(&self, rip: u64, rsp: u64) -> Self {
        let mut caller = Self::default();
        for number in CALLEE_SAVED {
            caller.set(number, self.get(number));
        }
        caller.set(Registers::RIP, Some(rip));
        caller.set(Registers::RSP, Some(rsp));
        caller
    }

    pub(crate) fn with_rbp(mut self, rbp: Option<u64>) -> Self {
        self.set(Registers::RBP, rbp);
        self
    }

    /// The caller that call frame information gives.
    pub(crate) fn after(&self, step: &Step) -> Self {
        let mut caller = Self::default();
        for (number, recovered) in step.registers.iter().enumerate() {
            caller.set(
                number,
                match recovered {
                    Recovered::Lost => None,
                    Recovered::Same => self.get(number),
                    Recovered::Value(value) => Some(*value),
                },
            );
        }
        caller
    }

    fn set(&mut self, number: usize, value: Option<u64>) {
        if let Some(slot) = self.0.get_mut(number) {
            *slot = value;
        }
    }
}

impl From<&Registers> for KnownRegisters {
    fn from(registers: &Registers) -> Self {
        Self(registers.0.map(Some))
    }
}

/// One step's walker: reads the callee and the dump's memory, collects the caller.
pub(crate) struct Walker<'a> {
    pub(crate) callee: &'a KnownRegisters,
    pub(crate) caller: KnownRegisters,
    pub(crate) memory: &'a Memory<'a>,
    /// Address that decides which rules apply.
    pub(crate) address: u64,
    pub(crate) has_grand_callee: bool,
}

impl FrameWalker for Walker<'_> {
    fn get_instruction(&self) -> u64 {
        self.address
    }

    fn has_grand_callee(&self) -> bool {
        self.has_grand_callee
    }

    fn get_grand_callee_parameter_size(&self) -> u32 {
        0
    }

    fn get_register_at_address(&self, address: u64) -> Option<u64> {
        self.memory.u64_at(address)
    }

    fn get_callee_register(&self, name: &str) -> Option<u64> {
        self.callee.get(Registers::number(name)?)
    }

    fn set_caller_register(&mut self, name: &str, value: u64) -> Option<()> {
        self.caller.set(Registers::number(name)?, Some(value));
        Some(())
    }

    fn clear_caller_register(&mut self, name: &str) {
        if let Some(number) = Registers::number(name) {
            self.caller.set(number, None);
        }
    }

    fn set_cfa(&mut self, value: u64) -> Option<()> {
        self.caller.set(Registers::RSP, Some(value));
        Some(())
    }

    fn set_ra(&mut self, value: u64) -> Option<()> {
        self.caller.set(Registers::RIP, Some(value));
        Some(())
    }
}
