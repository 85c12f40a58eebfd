//! The general purpose registers of an x86-64 thread, with their names in the dump format and in DWARF.

use minidump::format::CONTEXT_AMD64;

/// Register names in the order of the x86-64 DWARF numbering; 16 is the return address column, here `rip`.
const NAMES: [&str; Registers::COUNT] = [
    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15", "rip",
];

/// Values in the order of the DWARF numbering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers(pub [u64; Registers::COUNT]);

impl Registers {
    /// How many there are.
    pub const COUNT: usize = 17;
    /// DWARF number of `rbp`.
    pub const RBP: usize = 6;
    /// DWARF number of `rsp`.
    pub const RSP: usize = 7;
    /// DWARF number of the return address column.
    pub const RIP: usize = 16;

    /// The DWARF number of a register, by its lower-case name.
    #[must_use]
    pub fn number(name: &str) -> Option<usize> {
        NAMES.iter().position(|known| *known == name)
    }

    /// The name of a register, by its DWARF number.
    #[must_use]
    pub fn name(number: usize) -> Option<&'static str> {
        NAMES.get(number).copied()
    }

    /// The instruction pointer.
    #[must_use]
    pub const fn rip(&self) -> u64 {
        self.0[Self::RIP]
    }

    /// The stack pointer.
    #[must_use]
    pub const fn rsp(&self) -> u64 {
        self.0[Self::RSP]
    }
}

impl From<&CONTEXT_AMD64> for Registers {
    fn from(c: &CONTEXT_AMD64) -> Self {
        Self([
            c.rax, c.rdx, c.rcx, c.rbx, c.rsi, c.rdi, c.rbp, c.rsp, c.r8, c.r9, c.r10, c.r11, c.r12, c.r13,
            c.r14, c.r15, c.rip,
        ])
    }
}
