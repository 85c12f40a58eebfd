//! What a process said before it died, read from outside.
//!
//! glibc keeps the text of its own aborts (a damaged heap, a smashed stack, a failed assertion) behind `__abort_msg`, a
//! variable of `libc.so.6` that debuggers read too. It is looked up in the symbol table in the target's memory.

use wer_abi::limits::MAX_LAST_WORDS_BYTES;
use wer_model::{LastWords, LastWordsSource};
use wer_snapshot::{MemoryReader, ModuleSnapshot};

use crate::bytes::u32_at;
use crate::elf::{Image, read_text};

/// glibc's abort message; `None` without glibc, or where it did not speak.
pub(crate) fn glibc_abort_message(
    memory: &dyn MemoryReader,
    modules: &[ModuleSnapshot],
) -> Option<LastWords> {
    let libc = modules
        .iter()
        .find(|module| module.soname.as_deref() == Some("libc.so.6") || module.file_name() == "libc.so.6")?;
    let variable = Image::read(memory, libc.base)?.dynamic_symbol("__abort_msg")?;
    let message = memory.read_u64(variable).filter(|pointer| *pointer != 0)?;
    // `struct abort_msg_s`: the bytes that were mapped for it, then the text.
    let mapped = u32_at(&memory.read_exact(message, 4)?, 0)? as usize;
    let limit = mapped.saturating_sub(4).min(MAX_LAST_WORDS_BYTES);
    let text = read_text(memory, message.checked_add(4)?, limit);
    let text = text.trim_end().to_string();
    (!text.is_empty()).then_some(LastWords { source: LastWordsSource::GlibcAbortMessage, text })
}
