//! What a dump means: stacks of every thread with names, as values. Made by `wer-unwind`, read by `wer-signature`,
//! `wer report show` and watson's pages. This is also the schema of an analysis child's answer.

use serde::{Deserialize, Serialize};

/// How a frame was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameTrust {
    /// The thread's own registers.
    Context,
    /// Call frame information.
    CallFrameInfo,
    /// The frame pointer chain.
    FramePointer,
    /// A scan of the stack: a guess.
    Scan,
    /// Inlined into the next frame.
    Inline,
    /// Anything else.
    Other,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Address of the instruction (call sites point into the call, not after it).
    pub instruction: u64,
    /// File name of the module, without its folders.
    pub module: Option<String>,
    /// Offset of the instruction from the module's base.
    pub module_offset: Option<u64>,
    /// Demangled function name.
    pub function: Option<String>,
    /// Offset of the instruction from the function's start.
    pub function_offset: Option<u64>,
    /// Source file.
    pub file: Option<String>,
    /// Source line, from 1.
    pub line: Option<u32>,
    /// How it was found.
    pub trust: FrameTrust,
}

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadStack {
    /// Thread id.
    pub id: u32,
    /// Its name.
    pub name: Option<String>,
    /// Innermost first.
    pub frames: Vec<Frame>,
}

/// One module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisModule {
    /// Full path.
    pub path: String,
    /// First address.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// Breakpad debug id: 32 hex digits of a GUID, then the age; empty = none.
    pub debug_id: String,
    /// Build id in hex; empty = none.
    pub code_id: String,
    /// Version; empty = none.
    pub version: String,
    /// Symbols were found for it.
    pub has_symbols: bool,
}

/// What one dump says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// E.g. "SIGSEGV / SEGV_MAPERR".
    pub crash_reason: Option<String>,
    /// Data address of the fault.
    pub crash_address: Option<u64>,
    /// Id of the crashed thread.
    pub crashing_thread: Option<u32>,
    /// Every thread, in the dump's order.
    pub threads: Vec<ThreadStack>,
    /// Every module, by address.
    pub modules: Vec<AnalysisModule>,
    /// What could not be read or named.
    pub notes: Vec<String>,
}

impl Analysis {
    /// The crashed thread's stack.
    #[must_use]
    pub fn crashing_stack(&self) -> Option<&ThreadStack> {
        let id = self.crashing_thread?;
        self.threads.iter().find(|thread| thread.id == id)
    }
}
