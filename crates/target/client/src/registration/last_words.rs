//! What the process says before it dies: a panic's message, an exception's text, or what the application wants said.
#![expect(unsafe_code, reason = "copies bytes into the block")]

use core::sync::atomic::{AtomicU32, Ordering};

use wer_abi::limits::MAX_LAST_WORDS_BYTES;
use wer_abi::registration::LastWordsArea;

use super::Result;
use super::areas::write_area;
use super::lock::WriteGuard;

/// Who says it. The block has it as the first byte of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWordsSource {
    /// The application itself: no mark.
    Application,
    /// A Rust panic: `\x01`.
    RustPanic,
    /// An uncaught C++ exception: `\x02`.
    CppException,
}

impl LastWordsSource {
    const fn mark(self) -> &'static [u8] {
        match self {
            Self::Application => b"",
            Self::RustPanic => b"\x01",
            Self::CppException => b"\x02",
        }
    }
}

/// Replaces the process's last words. What is longer than 4,096 bytes is cut at the end of a character, since the
/// beginning says more than nothing; an empty text takes them back. Marks at the start of `text` are dropped.
///
/// # Errors
/// [`wer_abi::Hresult::E_OUTOFMEMORY`] without a block; [`wer_abi::Hresult::WER_E_INVALID_STATE`] without the lock.
pub fn set_last_words(source: LastWordsSource, text: &str) -> Result<()> {
    let text = text.trim_start_matches(['\x01', '\x02']);
    let mark = if text.is_empty() { b"" } else { source.mark() };
    let end = text.floor_char_boundary(MAX_LAST_WORDS_BYTES - mark.len());
    let text = text.get(..end).unwrap_or_default().as_bytes();
    let guard = WriteGuard::take()?;
    let area = guard.block().last_words();
    let (sequence, length) = counters(area);
    write_area(sequence, || {
        write_bytes(area, mark, text);
        length.store((mark.len() + text.len()) as u32, Ordering::Relaxed);
    });
    Ok(())
}

fn counters(area: *mut LastWordsArea) -> (&'static AtomicU32, &'static AtomicU32) {
    // SAFETY: the area is part of the block, which is never unmapped.
    let sequence = unsafe { &(*area).sequence };
    // SAFETY: as above.
    let length = unsafe { &(*area).length };
    (sequence, length)
}

/// Both together are at most [`MAX_LAST_WORDS_BYTES`].
fn write_bytes(area: *mut LastWordsArea, mark: &[u8], text: &[u8]) {
    // SAFETY: computes an address in the block.
    let bytes = unsafe { &raw mut (*area).bytes };
    let bytes = bytes.cast::<u8>();
    // SAFETY: `mark` fits, and the caller holds the lock.
    unsafe { bytes.copy_from_nonoverlapping(mark.as_ptr(), mark.len()) };
    let rest = bytes.wrapping_add(mark.len());
    // SAFETY: `text` fits behind `mark`, and the caller holds the lock.
    unsafe { rest.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
}
