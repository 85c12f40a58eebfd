//! `libwerdbghelp.so`: `MiniDumpWriteDump` and `MiniDumpReadDumpStream`, as `include/minidumpapiset.h` declares them,
//! and the kernel32 calls that their callers need.
//!
//! Each export is: panic boundary, check pointers, copy what they lead to, call [`wer_dbghelp`], leave the HRESULT for
//! `GetLastError`. It stands in tools, in module hosts, and in applications that dump themselves. It must never let a
//! panic out, keep a pointer that it was given, or follow one that belongs to another process.

mod callbacks;
mod last_error;
mod module_host;
mod read_dump_stream;
mod write_dump;

use std::panic::{AssertUnwindSafe, catch_unwind};

use wer_abi::Hresult;
// For what it exports.
use wer_winbase_exports as _;

/// Runs an export's body; FALSE and a last error when it fails or panics.
fn answer(body: impl FnOnce() -> Result<(), Hresult>) -> i32 {
    // A panic leaves nothing of ours half done: what was being written is given up as it unwinds.
    match catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Hresult::E_UNEXPECTED)) {
        Ok(()) => 1,
        Err(error) => {
            last_error::set(error);
            0
        }
    }
}
