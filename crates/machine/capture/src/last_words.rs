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

/// What glibc said, and behind it, on lines of its own, what the process itself had said before; the source is glibc's,
/// whose text tells what kind of abort it was.
pub(crate) fn joined(glibc: Option<LastWords>, own: Option<LastWords>) -> Option<LastWords> {
    let (glibc, own) = match (glibc, own) {
        (Some(glibc), Some(own)) => (glibc, own),
        (glibc, own) => return glibc.or(own),
    };
    let mut text = format!("{}\n{}", glibc.text, own.text);
    text.truncate(text.floor_char_boundary(MAX_LAST_WORDS_BYTES));
    Some(LastWords { source: glibc.source, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: LastWordsSource, text: &str) -> LastWords {
        LastWords { source, text: text.into() }
    }

    #[test]
    fn what_both_said_is_kept_within_the_limit() {
        let glibc = words(LastWordsSource::GlibcAbortMessage, "double free");
        let own = words(LastWordsSource::Application, "saving");
        assert_eq!(joined(Some(glibc.clone()), None), Some(glibc.clone()));
        assert_eq!(joined(None, Some(own.clone())), Some(own.clone()));
        assert_eq!(joined(None, None), None);
        let both = words(LastWordsSource::GlibcAbortMessage, "double free\nsaving");
        assert_eq!(joined(Some(glibc.clone()), Some(own)), Some(both));
        let long = words(LastWordsSource::Application, &"\u{e9}".repeat(MAX_LAST_WORDS_BYTES / 2));
        let cut = joined(Some(glibc), Some(long)).expect("words").text;
        assert_eq!(cut.len(), MAX_LAST_WORDS_BYTES);
        assert!(cut.starts_with("double free\n\u{e9}"));
    }
}
