//! Dumps of real processes, made by `minidump-writer`, unwound and named; and dumps that are none.

#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/oracle.rs"]
mod oracle;
#[path = "it/program.rs"]
mod program;
#[path = "it/stacks.rs"]
mod stacks;
#[path = "it/symbols.rs"]
mod symbols;
