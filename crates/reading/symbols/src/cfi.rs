//! One step from a callee's registers to its caller's by the rules of `.eh_frame` or `.debug_frame`.

use gimli::{CfaRule, RegisterRule, UnwindSection, UnwindTableRow};
use minidump_unwind::FrameWalker;

use crate::bytes::Section;
use crate::expression::evaluate;

/// Register columns of x86-64 that are followed: 16 registers and the return address.
pub(crate) const COLUMNS: usize = 17;
const RSP: usize = 7;
const RIP: usize = 16;
/// Registers that a function must give back unchanged: `rbx`, `rbp`, `r12` to `r15`.
const CALLEE_SAVED: [usize; 6] = [3, 6, 12, 13, 14, 15];
/// Names of the columns, as [`FrameWalker`] knows them.
const NAMES: [&str; COLUMNS] = [
    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15", "rip",
];

/// What a step may ask of the frame that it starts from.
pub(crate) struct Callee<'a> {
    /// Value of a register, by DWARF number.
    pub(crate) register: &'a dyn Fn(usize) -> Option<u64>,
    /// The 64-bit number at an address.
    pub(crate) memory: &'a dyn Fn(u64) -> Option<u64>,
    /// Address in the process minus address in the file.
    pub(crate) bias: u64,
}

/// What became of one register in the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recovered {
    /// Not recoverable.
    #[default]
    Lost,
    /// As in the callee.
    Same,
    /// This value.
    Value(u64),
}

/// The caller, as the rules give it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Registers by DWARF number; 7 is `rsp`, 16 the return address.
    pub registers: [Recovered; COLUMNS],
    /// The callee is a signal trampoline: the caller was interrupted at exactly its `rip`, not behind a call.
    pub signal_frame: bool,
    /// The rules say that there is no caller: the callee is the first function of its thread.
    pub outermost: bool,
}

impl Step {
    /// The step that says that there is no caller.
    pub(crate) fn outermost() -> Self {
        Self { outermost: true, ..Self::default() }
    }

    /// Writes the caller into a walker of `minidump-unwind`. A thread's first function is given a return address of
    /// zero, by which that walker knows the end of a stack.
    pub(crate) fn apply(&self, walker: &mut dyn FrameWalker) -> Option<()> {
        if self.outermost {
            walker.set_cfa(walker.get_callee_register("rsp")?)?;
            return walker.set_ra(0);
        }
        for (name, recovered) in NAMES.iter().zip(self.registers).take(RIP) {
            match recovered {
                Recovered::Lost => walker.clear_caller_register(name),
                Recovered::Same => {
                    let value = walker.get_callee_register(name);
                    let _ = value.and_then(|value| walker.set_caller_register(name, value));
                }
                Recovered::Value(value) if *name == "rsp" => walker.set_cfa(value)?,
                Recovered::Value(value) => walker.set_caller_register(name, value)?,
            }
        }
        match self.registers[RIP] {
            Recovered::Value(address) => walker.set_ra(address),
            _ => None,
        }
    }
}

/// A register of a walker, by DWARF number.
pub(crate) fn walker_register(walker: &dyn FrameWalker, number: usize) -> Option<u64> {
    walker.get_callee_register(NAMES.get(number)?)
}

/// Applies one row of an unwind table. `return_column`: where the row keeps the return address.
pub(crate) fn step<S: UnwindSection<Section>>(
    section: &S,
    row: &UnwindTableRow<usize>,
    return_column: gimli::Register,
    callee: &Callee<'_>,
) -> Option<Step> {
    let cfa = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => {
            (callee.register)(usize::from(register.0))?.wrapping_add_signed(*offset)
        }
        CfaRule::Expression(expression) => evaluate(expression.get(section).ok()?, None, callee)?,
    };
    let mut caller = Step::default();
    for number in CALLEE_SAVED {
        caller.registers[number] = Recovered::Same;
    }
    caller.registers[RSP] = Recovered::Value(cfa);
    for (register, rule) in row.registers() {
        let number = if *register == return_column { RIP } else { usize::from(register.0) };
        if number == RIP && *rule == RegisterRule::Undefined {
            return Some(Step::outermost());
        }
        if let Some(slot) = caller.registers.get_mut(number) {
            *slot = recover(section, rule, cfa, callee);
        }
    }
    matches!(caller.registers[RIP], Recovered::Value(_)).then_some(caller)
}

fn recover<S: UnwindSection<Section>>(
    section: &S,
    rule: &RegisterRule<usize>,
    cfa: u64,
    callee: &Callee<'_>,
) -> Recovered {
    let value = match rule {
        RegisterRule::SameValue => return Recovered::Same,
        RegisterRule::Offset(offset) => (callee.memory)(cfa.wrapping_add_signed(*offset)),
        RegisterRule::ValOffset(offset) => Some(cfa.wrapping_add_signed(*offset)),
        RegisterRule::Register(register) => (callee.register)(usize::from(register.0)),
        RegisterRule::Expression(expression) => {
            let expression = expression.get(section).ok();
            expression.and_then(|code| evaluate(code, Some(cfa), callee)).and_then(callee.memory)
        }
        RegisterRule::ValExpression(expression) => {
            expression.get(section).ok().and_then(|code| evaluate(code, Some(cfa), callee))
        }
        RegisterRule::Constant(value) => Some(*value),
        _ => None,
    };
    value.map_or(Recovered::Lost, Recovered::Value)
}
