//! A dump as `minidump-processor` reads it: the crashed thread and where it stood. That library is the peer's; none of
//! our reading code is used.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use minidump::{Minidump, Module};
use minidump_unwind::Symbolizer;
use minidump_unwind::symbols::string_symbol_supplier;

use crate::addresses::function_at;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFrame {
    /// Address of the instruction.
    pub instruction: u64,
    /// Its module, and the module's base.
    pub module: Option<(PathBuf, u64)>,
}

/// What the peer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Id of the crashed thread.
    pub crashed_thread: u32,
    /// Ids of all threads.
    pub threads: Vec<u32>,
    /// Innermost frame of the crashed thread.
    pub top: ReadFrame,
    /// Its function, by `addr2line`; empty = no name.
    pub function: String,
    /// The fault's address.
    pub crash_address: Option<u64>,
    /// Paths of the modules.
    pub modules: Vec<String>,
}

/// Reads a dump.
///
/// # Errors
/// It is no dump to the peer, or has no crashed thread.
pub fn read(path: &Path) -> Result<Reading> {
    let dump = Minidump::read_path(path).with_context(|| format!("{} is no minidump", path.display()))?;
    let symbolizer = Symbolizer::new(string_symbol_supplier(std::collections::HashMap::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let state = runtime
        .block_on(minidump_processor::process_minidump(&dump, &symbolizer))
        .with_context(|| format!("minidump-processor cannot read {}", path.display()))?;
    let index = state.requesting_thread.context("the dump names no crashed thread")?;
    let thread = state.threads.get(index).context("the crashed thread is not in the thread list")?;
    let frame = thread.frames.first().context("the crashed thread has no frame")?;
    let module = frame.module.as_ref();
    let module = module.map(|module| (PathBuf::from(module.code_file().as_ref()), module.base_address()));
    let function = match &module {
        Some((path, base)) if path.is_file() => function_at(path, *base, frame.instruction)?,
        _ => String::new(),
    };
    Ok(Reading {
        crashed_thread: thread.thread_id,
        threads: state.threads.iter().map(|thread| thread.thread_id).collect(),
        top: ReadFrame { instruction: frame.instruction, module },
        function,
        crash_address: state.exception_info.as_ref().map(|exception| exception.address.0),
        modules: state.modules.iter().map(|module| module.code_file().into_owned()).collect(),
    })
}
