//! One dump from bytes to [`Analysis`].

use std::path::Path;

use minidump::system_info::Cpu;
use wer_dump::{Dump, DumpError, DumpFile, MinidumpModule, Module, Registers};
use wer_model::{Analysis, AnalysisModule, ThreadStack};
use wer_symbols::{LocalAndUploaded, SymbolConfig};

use crate::caller::CallerSearch;
use crate::limits::{MAX_FRAMES, MAX_IMAGE_BYTES, MAX_TOTAL_FRAMES};
use crate::naming::Naming;
use crate::walk::walk;

/// Why a dump has no analysis at all. What merely is missing becomes a note.
#[derive(Debug, thiserror::Error)]
pub enum UnwindError {
    /// The dump cannot be read.
    #[error(transparent)]
    Dump(#[from] DumpError),
}

/// Analyses a dump in memory.
///
/// # Errors
/// [`UnwindError`]: the bytes are no dump that can be read.
pub fn analyze(dump: &[u8], symbols: &SymbolConfig) -> Result<Analysis, UnwindError> {
    Ok(analyze_dump(&Dump::read(dump)?, symbols))
}

/// Analyses a dump file.
///
/// # Errors
/// [`UnwindError`]: the file cannot be read or is no dump.
pub fn analyze_file(path: &Path, symbols: &SymbolConfig) -> Result<Analysis, UnwindError> {
    let file = DumpFile::open(path)?;
    analyze(file.bytes(), symbols)
}

/// Analyses a dump that was read already.
#[must_use]
pub fn analyze_dump(dump: &Dump<'_>, symbols: &SymbolConfig) -> Analysis {
    let without_build_id = dump.info.iter().flat_map(|info| info.synthetic_modules.iter().copied());
    let symbols = LocalAndUploaded::new(symbols.clone(), without_build_id);
    add_images(dump, &symbols);
    let mut notes = dump.notes.clone();
    let threads = threads(dump, &symbols, &mut notes);
    let modules = dump.modules.iter().map(|module| describe(dump, &symbols, module)).collect();
    notes.extend(symbols.notes());
    if let Some(info) = &dump.info {
        notes.extend(info.soft_errors.iter().map(|error| error.message.clone()));
    }
    let exception = dump.exception.as_ref();
    Analysis {
        crash_reason: exception.map(|exception| exception.reason.clone()),
        crash_address: exception.and_then(|exception| exception.address),
        crashing_thread: exception.map(|exception| exception.thread_id),
        threads,
        modules,
        notes,
    }
}

/// Modules that no file stands for have their image in the dump's memory, if anywhere.
fn add_images(dump: &Dump<'_>, symbols: &LocalAndUploaded) {
    for module in dump.modules.iter().filter(|module| !module.code_file().starts_with('/')) {
        let size = module.size().min(MAX_IMAGE_BYTES) as usize;
        if dump.memory().at(module.base_address()).starts_with(b"\x7fELF") {
            symbols.add_image(module.base_address(), &dump.memory().read(module.base_address(), size));
        }
    }
}

fn threads(dump: &Dump<'_>, symbols: &LocalAndUploaded, notes: &mut Vec<String>) -> Vec<ThreadStack> {
    if dump.cpu != Cpu::X86_64 {
        notes.push(format!("Stacks of {} processes cannot be unwound; only x86-64 is supported.", dump.cpu));
    }
    let search = CallerSearch { dump, symbols };
    let mut naming = Naming::new(dump, symbols);
    let mut left = MAX_TOTAL_FRAMES;
    let mut stacks = Vec::with_capacity(dump.threads.len());
    for (id, name, registers) in threads_with_registers(dump) {
        let mut frames = Vec::new();
        if let Some(registers) = registers {
            let walk = walk(&search, registers, left.clamp(1, MAX_FRAMES));
            left = left.saturating_sub(walk.places.len());
            frames = walk.places.iter().flat_map(|place| naming.frames(place)).collect();
            if walk.cut || frames.len() > MAX_FRAMES {
                let shown = frames.len().min(MAX_FRAMES);
                notes.push(format!("The stack of thread {id} is longer than the {shown} frames shown."));
            }
            frames.truncate(MAX_FRAMES);
        } else {
            notes.push(format!("The dump holds no readable registers of thread {id}."));
        }
        stacks.push(ThreadStack { id, name, frames });
    }
    stacks
}

/// Every thread with the registers to start from: in the crashed one those at the exception, not those of its handler.
fn threads_with_registers<'d>(dump: &'d Dump<'_>) -> Vec<(u32, Option<String>, Option<&'d Registers>)> {
    let mut exception = dump.exception.as_ref();
    let mut threads = Vec::with_capacity(dump.threads.len() + 1);
    for thread in &dump.threads {
        let crashed = exception.take_if(|exception| exception.thread_id == thread.id);
        let registers =
            crashed.and_then(|exception| exception.registers.as_ref()).or(thread.registers.as_ref());
        threads.push((thread.id, thread.name.clone(), registers));
    }
    // A dump whose thread list is damaged still has the crashed thread.
    if let Some(exception) = exception.filter(|exception| exception.registers.is_some()) {
        threads.push((exception.thread_id, None, exception.registers.as_ref()));
    }
    threads
}

fn describe(dump: &Dump<'_>, symbols: &LocalAndUploaded, module: &MinidumpModule) -> AnalysisModule {
    let no_build_id =
        dump.info.as_ref().is_some_and(|info| info.synthetic_modules.contains(&module.base_address()));
    let debug_id = module.debug_identifier().filter(|_| !no_build_id);
    let code_id = module.code_identifier().filter(|_| !no_build_id);
    AnalysisModule {
        path: module.code_file().into_owned(),
        base: module.base_address(),
        size: module.size(),
        debug_id: debug_id.map(|id| id.breakpad().to_string()).unwrap_or_default(),
        code_id: code_id.map(|id| id.to_string()).unwrap_or_default(),
        version: module.version().map(|version| version.into_owned()).unwrap_or_default(),
        has_symbols: symbols.has_symbols(module),
    }
}
